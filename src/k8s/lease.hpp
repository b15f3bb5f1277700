// Leases: who leads, as plain decisions. Source: coordination.k8s.io/v1; client-go's
// leaderelection.
#pragma once

#include "falconer/kube_object.hpp"
#include "falconer/time_source.hpp"
#include "falconer/value.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace falconer::k8s {

struct lease_options {
    std::string          identity{};  // of this process; no two have the same
    std::chrono::seconds duration{15};
    std::chrono::seconds renew_deadline{10};  // then we no longer believe that we lead
    std::chrono::seconds retry{2};
};

/// What was last seen of the lease, and since when by our own clock: other clocks are not compared
/// with ours.
class lease_view {
public:
    /// What stands in the lease now; null: there is none.
    void seen(const value& lease, steady_time now);

    bool held_by(const std::string& identity) const { return holder_ == identity; }
    /// Nobody holds it, or its holder has not renewed it for its duration.
    bool is_free(steady_time now) const;

    const std::string& holder() const noexcept { return holder_; }

private:
    std::string          holder_{}, renewed_{};
    std::chrono::seconds duration_{0};
    steady_time          since_{};
};

/// The lease as it is to be written: taken over or renewed. `from`: as it was read; null: none.
value claimed_lease(const value& from, const kube_key& key, const lease_options& how, utc_time now);
/// Given back, so that the next one need not wait.
value released_lease(const value& from, utc_time now);

/// "2026-11-23T12:00:00.000000Z": exactly six digits. Source: meta/v1, MicroTime.
std::string micro_time(utc_time at);

}  // namespace falconer::k8s
