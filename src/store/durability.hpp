// Whether the store keeps what it has taken.
#pragma once

#include "pg_connection.hpp"

#include <string>
#include <vector>

namespace falconer::store {

/// Settings of a session that writes events. Source:
/// https://www.postgresql.org/docs/15/runtime-config-wal.html
struct durability_settings {
    std::string synchronous_commit = "on";
    std::string synchronous_standby_names{};
    bool        fsync         = true;
    bool        several_hosts = false;  // a standby is to take over
};

/// Why an event could be lost that was acknowledged, a sentence each. Pure.
std::vector<std::string> risks_of(const durability_settings& how);

/// Asks a connection of the one who writes events: settings may be his own.
/// Errors: those of query().
task<result<std::vector<std::string>>> find_risks(pg_connection& db, const pg_options& how);

/// The same on a connection of its own; into the options' memory, which says what has changed. A
/// store that does not answer has no news.
task<void> look_for_risks(asio::any_io_executor loop, time_source& time, pg_options writer);

}  // namespace falconer::store
