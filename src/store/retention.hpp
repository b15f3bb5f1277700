// What is too old goes: days of events as whole partitions, the rest row by row.
#pragma once

#include "pg_connection.hpp"

namespace falconer::store {

struct retention_options {
    std::chrono::days         keep{365};
    std::chrono::milliseconds lock_limit{300};  // inserts wait no longer than this behind a drop
    int                       tries = 50;       // per partition, with a pause between them
};

/// Drops every day that ended more than `keep` before `now`. Yields how many partitions went.
/// Errors : overloaded  a partition stayed locked by others; those dropped stay dropped
///          and those of query().
task<result<int>> retain(
    pg_connection& store, time_source& time, utc_time now, retention_options opt
);

}  // namespace falconer::store
