// What `falconer doctor` says of the store's clock, and of what goes by it.
#pragma once

#include "doctor_report.hpp"

#include "falconer/async.hpp"
#include "store/pg_connection.hpp"

namespace falconer::cli {

/// Now, to the second.
std::string now_text(time_source& time);

/// Whether the store answers, and how its clock stands to ours.
/// Errors: those of query(), which have not been said.
task<result<void>> look_at_clocks(store::pg_connection& db, time_source& time, doctor_report& out);

/// When retention was done last, of a store that has our schema. Errors: as above.
task<result<void>> look_at_retention(store::pg_connection& db, doctor_report& out);

}  // namespace falconer::cli
