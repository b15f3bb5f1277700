#include "ownership.hpp"

#include <utility>

namespace falconer::carrier {

ownership::verdict ownership::claim(
    const std::string& cluster, const std::string& seed, steady_time now
) {
    auto&      own   = heard_[seed];
    const auto found = owners_.find(cluster);
    if (found != owners_.end() && found->second == seed) return verdict::known;
    if (found != owners_.end()) {
        const auto& other = heard_[found->second];
        // Never heard of, it would be at the beginning of time, and a difference without end.
        const bool silent = other.at == steady_time::min() || now - other.at > opt_.abandoned;
        if (!silent) return verdict::foreign;
    }
    if (own.clusters >= opt_.clusters_each) return verdict::too_many;
    if (found != owners_.end()) {
        --heard_[found->second].clusters;
        found->second = seed;
    } else {
        owners_.emplace(cluster, seed);
    }
    ++own.clusters;
    return verdict::taken;
}

void ownership::release(const std::string& cluster, const std::string& seed) {
    const auto found = owners_.find(cluster);
    if (found == owners_.end() || found->second != seed) return;
    --heard_[seed].clusters;
    owners_.erase(found);
}

const std::string* ownership::owner_of(const std::string& cluster) const {
    const auto found = owners_.find(cluster);
    return found == owners_.end() ? nullptr : &found->second;
}

}  // namespace falconer::carrier
