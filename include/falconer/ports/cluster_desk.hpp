// What the ingest endpoint asks of a cluster's actor. Nothing here suspends.
#pragma once

#include "falconer/event.hpp"
#include "falconer/time_source.hpp"

#include <memory>
#include <optional>
#include <variant>

namespace falconer {

class cluster_desk {
public:
    virtual ~cluster_desk() = default;

    virtual const cluster_ref& name() const noexcept = 0;

    /// Whether a token issued then (nothing: it does not say) has been revoked.
    virtual bool token_is_revoked(std::optional<utc_time> issued) const noexcept = 0;

    /// The cluster presented a token that was its own once. Counted, and stored as a tally in time.
    virtual void note_refused_token() noexcept = 0;

    /// Takes a place in the cluster's hard rate. How long the request has to wait for its turn, or
    /// nothing: the queue is longer than anybody is held. A place taken is never given back.
    virtual std::optional<steady_time::duration> take_turn(steady_time now) noexcept = 0;

    /// The daily quota: the event itself, to be stored (perhaps as a sample), or only its tally.
    virtual ingest_record admit(falco_event event) = 0;

    /// Quarantine is bounded: the body itself, or only its tally.
    virtual ingest_record set_aside(quarantined_body body) = 0;
};

class cluster_desks {
public:
    virtual ~cluster_desks() = default;

    /// The cluster's desk, opened when there is none. Call it only with an identity that a valid
    /// token carries. Keep it no longer than a request lasts.
    virtual std::shared_ptr<cluster_desk> desk_of(const cluster_ref& cluster) = 0;
};

}  // namespace falconer
