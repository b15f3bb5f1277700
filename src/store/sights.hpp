// How clusters are seen, for those who only read.
#pragma once

#include "falconer/sight.hpp"
#include "pg_connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace falconer::store {

struct seen_cluster {
    std::string             identity{};
    std::optional<sight>    seen{};        // nothing: not judged yet
    std::optional<utc_time> last_event{};  // by the minute
};
struct seen_landscape {
    std::vector<seen_cluster>   clusters{};  // those that want attention first, then by identity
    std::optional<sight_outage> outage{};
    std::optional<utc_time>     last_round{};  // when they were looked at; nothing: never
    utc_time                    now{};         // by the store's clock
};
/// Errors: those of query().
task<result<seen_landscape>> see_clusters(pg_connection& db);

struct seen_change {
    utc_time                    at{};
    sight                       became{};
    std::optional<sight_reason> was{};  // nothing: not judged before
};
/// Of one cluster, the newest first; of the last 90 days. Errors: those of query().
task<result<std::vector<seen_change>>> changes_of(
    pg_connection& db, std::string identity, int limit
);

}  // namespace falconer::store
