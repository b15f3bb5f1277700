// The demo fleet's events: what the Falcos of one cluster would tell, made up.
#pragma once

#include "falconer/ids.hpp"
#include "falconer/log.hpp"
#include "falconer/time_source.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace falconer::sandbox {

/// Request bodies as Falcosidekick's webhook output writes them. A cluster's nodes and workloads
/// follow from its identity; everything else from the seed: the same identity, seed and times give
/// the same bytes.
class event_generator {
public:
    event_generator(cluster_identity cluster, std::uint64_t seed);

    /// From now on its heartbeats prove themselves with this.
    void beat_with(secret key) { key_ = std::move(key); }

    /// The next event, of that time: about 1.0 to 1.4 KB, one newline at the end.
    std::string next(utc_time now);

private:
    struct workload {
        std::string name_space, pod, container, container_id, image, tag;
    };

    std::uint64_t      random(std::uint64_t below);
    const std::string& node();
    const workload&    pod();

    cluster_identity         cluster_;
    std::mt19937_64          random_;
    std::vector<std::string> nodes_;
    std::vector<workload>    pods_;
    secret                   key_{};
};

}  // namespace falconer::sandbox
