// What the store holds, from what is counted on the way in: an answer takes no longer where there
// is more of it.
#pragma once

#include "pg_connection.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer::store {

/// So long a question may take; one that takes longer is given up (timed_out) and leaves the
/// connection usable. Errors: those of query().
task<result<void>> be_quick(pg_connection& db, std::chrono::milliseconds limit);

struct day_events {
    std::string  day{};  // 2026-11-23, a UTC day of receipt
    std::int64_t events  = 0;
    bool         counted = true;  // false: it holds events that nobody has counted yet (from before
                                  // batches); `events` is what PostgreSQL believes, 0: nothing
    bool recent = false;          // today, yesterday, or still to come
};
/// The days that have a partition, the oldest first. Errors: those of query().
task<result<std::vector<day_events>>> events_by_day(pg_connection& db);
/// Reads them all, however long that takes. Errors: those of query().
task<result<std::int64_t>> count_day(pg_connection& db, std::string day);

struct loud_cluster {
    std::string  identity{};
    std::int64_t events = 0;   // in the last 24 h, by the minute
    std::string  last_seen{};  // 2026-11-23T12:00:00Z, by the minute
};
/// Ten of them. Without events that nobody has counted yet. Errors: those of query().
task<result<std::vector<loud_cluster>>> loudest_clusters(pg_connection& db);
/// The same by reading the events.
task<result<std::vector<loud_cluster>>> loudest_by_reading(pg_connection& db);

/// A number that one row says, or nothing: it would have taken longer than be_quick() allows.
/// Errors: those of query(), but for that one.
task<result<std::optional<std::int64_t>>> number_in_time(pg_connection& db, std::string sql);

/// Clusters with events in the last 24 h; as loudest_clusters() and number_in_time().
task<result<std::optional<std::int64_t>>> clusters_heard_of(pg_connection& db);

}  // namespace falconer::store
