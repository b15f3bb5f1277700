#include "lease.hpp"

#include "falconer/event.hpp"

#include <cstdio>

namespace falconer::k8s {

std::string micro_time(utc_time at) {
    const auto whole  = std::chrono::floor<std::chrono::seconds>(at);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(at - whole).count();
    auto       text   = text_of(event_time_of(utc_time(whole)));  // "…:00Z"
    char       digits[24];
    std::snprintf(digits, sizeof digits, ".%06lldZ", static_cast<long long>(micros));
    text.pop_back();
    return text + digits;
}

void lease_view::seen(const value& lease, steady_time now) {
    const std::string holder(lease.text_at({"spec", "holderIdentity"}));
    const std::string renewed(lease.text_at({"spec", "renewTime"}));
    if (holder != holder_ || renewed != renewed_) since_ = now;
    holder_              = holder;
    renewed_             = renewed;
    const auto* duration = lease.find_path({"spec", "leaseDurationSeconds"});
    duration_ = std::chrono::seconds(duration == nullptr ? 0 : duration->integer().value_or(0));
}

bool lease_view::is_free(steady_time now) const {
    return holder_.empty() || now - since_ >= duration_;
}

value claimed_lease(
    const value& from, const kube_key& key, const lease_options& how, utc_time now
) {
    value lease = from;
    if (from.is_null()) {
        lease = {
            {"apiVersion", "coordination.k8s.io/v1"},
            {"kind", "Lease"},
            {"metadata", {{"namespace", key.namespace_name}, {"name", key.name}}},
        };
    }
    auto&      spec = lease["spec"];
    const bool ours = spec.text_at({"holderIdentity"}) == how.identity;
    if (!ours) {
        const auto* moves        = from.find_path({"spec", "leaseTransitions"});
        const auto  count        = moves == nullptr ? 0 : moves->integer().value_or(0);
        spec["leaseTransitions"] = from.is_null() ? std::int64_t{0} : count + 1;
        spec["acquireTime"]      = micro_time(now);
    }
    spec["holderIdentity"]       = how.identity;
    spec["leaseDurationSeconds"] = std::int64_t{how.duration.count()};
    spec["renewTime"]            = micro_time(now);
    return lease;
}

value released_lease(const value& from, utc_time now) {
    value lease                           = from;
    lease["spec"]["holderIdentity"]       = "";
    lease["spec"]["leaseDurationSeconds"] = 1;
    lease["spec"]["renewTime"]            = micro_time(now);
    return lease;
}

}  // namespace falconer::k8s
