// What the store holds, for people and for programs.
#pragma once

#include "falconer/async.hpp"
#include "store/pg_connection.hpp"

namespace falconer::cli {

enum class status_format { text, json };
/// exact: counts everything anew, however long that takes. estimated: what was counted on the way
/// in; what nobody has counted, and would take more than a second, as PostgreSQL believes, with a
/// ~.
enum class status_counting { estimated, exact };

/// Prints to standard output, each line when it is known. Errors: those of query().
task<result<void>> print_status(
    store::pg_connection& db, status_format format, status_counting counting
);

}  // namespace falconer::cli
