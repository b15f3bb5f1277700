// What people decide about keeping: periods, legal holds, and the trace that such decisions leave.
#pragma once

#include "falconer/result.hpp"
#include "falconer/task.hpp"
#include "falconer/time_source.hpp"
#include "pg_connection.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace falconer::store {

/// Who decides, and why. Goes into the audit with whatever the connection changes from then on.
/// Errors: those of query().
task<result<void>> decide_as(pg_connection& store, std::string who, std::string reason);

/// Days of receipt that events stay. The most particular period counts: project in landscape,
/// project, landscape, everything; without any, the configuration's. Empty: any.
struct retention_period {
    std::string       landscape{}, project{};
    std::chrono::days days{0};
};
/// Sets or changes it. The next retention goes by it.
task<result<void>> set_period(pg_connection& store, retention_period period);
/// Errors: not_found.
task<result<void>> remove_period(pg_connection& store, std::string landscape, std::string project);
task<result<std::vector<retention_period>>> list_periods(pg_connection& store);

/// What may not go, however old. Empty: whichever. Days, "2026-11-20", are UTC days of receipt,
/// both included.
struct legal_hold {
    std::int32_t id = 0;
    std::string  landscape{}, project{}, cluster{};
    std::string  since{}, until{};
    std::string  reason{}, placed_by{};
    std::string  placed_at{};  // RFC 3339
};
/// Yields its number. `id`, `placed_at` are the store's to give.
/// Errors: malformed, when a day is none or the last lies before the first.
task<result<std::int32_t>> place_hold(pg_connection& store, legal_hold hold);
/// Errors: not_found.
task<result<legal_hold>>              lift_hold(pg_connection& store, std::int32_t id);
task<result<std::vector<legal_hold>>> list_holds(pg_connection& store);

/// A change of periods, holds or policies of clusters, by whatever way it was made.
struct audit_entry {
    std::string at{};  // RFC 3339
    std::string who{}, login{};
    std::string what{};             // the table
    std::string done{};             // INSERT, UPDATE, DELETE, TRUNCATE
    std::string before{}, after{};  // the row as JSON, where there was one
    std::string reason{};
};
/// The newest first.
task<result<std::vector<audit_entry>>> read_audit(pg_connection& store, int most);

}  // namespace falconer::store
