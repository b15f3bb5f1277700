#include "descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace falconer::app {
namespace {

/// The loop and its signals, listeners, the store's connections and those that replace them, the
/// spool's segments and folder, keys and certificates that are read again; twice what was counted.
constexpr std::size_t for_ourselves = 40;

/// With less nobody is served.
constexpr std::size_t fewest_connections = 8;

}  // namespace

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::uint64_t descriptor_limit() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

result<descriptor_plan> plan_descriptors(std::uint64_t limit, const descriptor_wishes& wishes) {
    descriptor_plan plan{.limit = limit};
    plan.probes = static_cast<std::size_t>(std::clamp<std::uint64_t>(limit / 16, 4, 64));
    plan.kept   = for_ourselves + wishes.kubernetes;

    const auto taken  = plan.kept + 2 * plan.probes;
    const auto needed = taken + (wishes.ingest > 0 ? fewest_connections : 0) +
                        (wishes.admission > 0 ? fewest_connections : 0);
    if (limit < needed)
        return failure{
            errc::overloaded, "this process may have " + std::to_string(limit) +
                                  " files and connections open, and needs " +
                                  std::to_string(needed) + " at least: raise its limit (ulimit -n)"
        };
    const auto left = limit - taken;
    // An API server opens few, and one that is kept out stops its cluster.
    const auto of_admission =
        wishes.ingest > 0 ? std::max<std::uint64_t>(left / 4, fewest_connections) : left;
    plan.admission =
        static_cast<std::size_t>(std::min<std::uint64_t>(wishes.admission, of_admission));
    plan.ingest =
        static_cast<std::size_t>(std::min<std::uint64_t>(wishes.ingest, left - plan.admission));
    return plan;
}

}  // namespace falconer::app
