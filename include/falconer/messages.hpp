// Everything actors tell each other. A message is a line here, and its receiver does not compile
// until it handles it.
#pragma once

#include "falconer/ids.hpp"
#include "falconer/log.hpp"
#include "falconer/time_source.hpp"

#include <cstdint>
#include <optional>
#include <variant>

namespace falconer {

/// To a cluster: tokens issued before then are refused, whatever their signature says.
struct tokens_revoked {
    std::optional<utc_time> issued_before{};  // nothing: the revocation is lifted
};

/// To a cluster: its own daily budget. Source: the store's table of policies.
struct budget_changed {
    std::optional<std::uint64_t> events_per_day{};  // nothing: the landscape's default
};

/// To a cluster: what is left of its budget after all replicas have settled.
struct quota_settled {
    double        ordinary_left  = 0;  // events; below zero: overdrawn
    double        urgent_left    = 0;
    std::uint64_t samples        = 0;  // of today (UTC), all replicas'
    std::uint64_t ordinary_spent = 0;  // of ours, as reported to the settlement
    std::uint64_t urgent_spent   = 0;
    std::uint64_t samples_spent  = 0;
};

/// To a cluster: tokens issued then are on their way to it. Those of two generations before are
/// accepted no longer: nobody who was given the ones between can still hold them.
struct token_rotated {
    utc_time issued{};
};

/// To a cluster: with what its heartbeats prove who they are.
struct heartbeat_expected {
    std::optional<secret> key{};  // nothing: it sends none, or it sleeps
    /// It is hibernated, and nothing at all is expected of it. Nothing: who says so cannot tell.
    std::optional<bool> asleep{};
};

/// To a cluster: its controller looks after it.
struct cluster_known {};

/// To a cluster: its controller looks after it no longer: it is being deleted, or moves to another
/// seed. Its tokens and its budget stay what they are, and no heartbeat is missed.
struct cluster_gone {};

/// To a cluster: a heartbeat of its proved itself then, to somebody else who takes in events.
struct heartbeat_seen {
    utc_time at{};
};

/// To a cluster: an event of its was not stored for want of budget then, by somebody else.
struct budget_spent {
    utc_time at{};
};

/// Facts overwrite: of each kind only the newest counts. Each has its form for the wire in
/// messages_wire.cpp.
using cluster_message = std::variant<
    tokens_revoked, budget_changed, quota_settled, token_rotated, heartbeat_expected, cluster_known,
    cluster_gone, heartbeat_seen, budget_spent>;

/// To a shoot: gardenlet asks for something, or it is being deleted.
struct work_asked {};
/// To a shoot: what Gardener knows of its cluster has changed.
struct cluster_changed {};
/// To a shoot: a copy of something that its owner refers to has changed.
struct reference_changed {};
/// To a shoot: its ManagedResources have.
struct delivery_changed {};
struct delivery_lost {};  // somebody takes it away, or has
/// To a shoot: other versions are offered, other rules, or the operator has decided otherwise.
struct releases_changed {};

/// To a shoot: tokens of its cluster issued before then are refused; it needs another.
struct tokens_refused {
    utc_time issued_before{};
};
/// To a shoot: its cluster has spent its daily budget of events, or has one again.
struct quota_changed {
    bool spent = false;
};
/// To a shoot: no heartbeat of its cluster has come since then; nothing: they come.
struct heartbeat_changed {
    std::optional<utc_time> silent_since{};
};
/// To a shoot: what is wrong with how its cluster is seen, beyond heartbeat and budget: the number
/// of a sight_reason, and since when. Nothing: nothing is.
struct sight_changed {
    std::optional<std::uint64_t> reason{};
    std::optional<utc_time>      since{};
};

/// The first five say what happened, not what is now: a shoot looks for itself. The others are told
/// again and again for as long as they hold.
using shoot_message = std::variant<
    work_asked, cluster_changed, reference_changed, delivery_changed, delivery_lost,
    releases_changed, tokens_refused, quota_changed, heartbeat_changed, sight_changed>;

/// Carries messages to actors by name. In one process that is a function call on the loop, between
/// processes it is the carrier (src/carrier).
class post_office {
public:
    virtual ~post_office() = default;

    /// Never suspends. To a cluster nobody has heard of: kept where it is a standing order (all but
    /// a settlement), dropped otherwise.
    virtual void tell(const cluster_identity& to, const cluster_message& what) = 0;
};

class shoot_office {
public:
    virtual ~shoot_office() = default;

    /// Never suspends. To the shoot whose cluster this is. Nobody there: dropped.
    virtual void tell(const cluster_identity& to, const shoot_message& what) = 0;
};

}  // namespace falconer
