// Leases held: leader election, and a heartbeat. Source: client-go's leaderelection; Gardener's
// docs/extensions/heartbeat.md.
#pragma once

#include "falconer/ports/kube_api.hpp"
#include "falconer/time_source.hpp"
#include "lease.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace falconer::k8s {

/// One candidate for one lease.
/// Threading: the loop thread only.
class leader {
public:
    leader(time_source& time, kube_api& api, kube_key lease, lease_options how)
        : time_(time), api_(api), key_(std::move(lease)), how_(std::move(how)) {}

    /// Returns when the lease is ours. Trouble is told to the log and waited out.
    task<void> acquire();
    /// Renews it; returns when it can no longer be believed to be ours: at renew_deadline after the
    /// last renewal was begun, however long the server takes to answer.
    task<void> hold();
    /// From then on somebody else may lead.
    steady_time over() const { return renewed_ + how_.duration; }
    /// Gives it back, as well as that can be done.
    task<void> release();

    bool               leads() const noexcept { return leads_; }
    const std::string& seen_holder() const noexcept { return view_.holder(); }

private:
    task<result<bool>> claim();
    task<void>         pause(steady_time at_most = never);

    time_source&  time_;
    kube_api&     api_;
    kube_key      key_;
    lease_options how_;
    lease_view    view_{};
    value         lease_{};
    steady_time   renewed_{};  // when the last renewal that succeeded was begun
    bool          leads_ = false;
};

/// Renews a lease every so often, for as long as `is_alive` says so: whoever reads it trusts what
/// we tell.
task<void> keep_heartbeat(
    time_source& time, kube_api& api, kube_key lease, lease_options how, std::chrono::seconds every,
    std::function<bool()> is_alive
);

}  // namespace falconer::k8s
