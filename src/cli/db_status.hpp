// What the store holds, for people and for programs.
#pragma once

#include "falconer/async.hpp"
#include "store/pg_connection.hpp"

namespace falconer::cli {

enum class status_format { text, json };
/// exact: counts the events of every day. estimated: those of the last two days, and for older ones
/// what PostgreSQL believes, marked with ~.
enum class status_counting { estimated, exact };

/// Prints to standard output. Errors: those of query().
task<result<void>> print_status(
    store::pg_connection& db, status_format format, status_counting counting
);

}  // namespace falconer::cli
