// Tells in the metrics by how much our clock and a cluster's are apart.
#pragma once

#include "falconer/metrics.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace falconer::app {

/// For kube_client_options::skewed. Lifetime: `metrics` outlives what is returned.
inline std::function<void(std::chrono::seconds)> clock_gauge(
    metrics_registry& metrics, const std::string& role, const std::string& cluster
) {
    auto& skew = metrics.make_gauge(
        "falconer_clock_skew_seconds",
        "By how much our clock is ahead of an API server's, where that is worth telling",
        {{"role", role}, {"cluster", cluster}}
    );
    return [&skew](std::chrono::seconds apart) { skew.set(static_cast<double>(apart.count())); };
}

}  // namespace falconer::app
