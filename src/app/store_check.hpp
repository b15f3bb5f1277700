// Is the store's schema ours?
#pragma once

#include "configuration.hpp"
#include "falconer/async.hpp"
#include "store/pg_connection.hpp"

#include <asio/any_io_executor.hpp>

namespace falconer::app {

/// Whether this program can live with the schema that is there; yields its version.
///
/// Errors : broken    missing or too old: says what to do
///          conflict  too new
///          and those of query().
task<result<int>> check_schema(store::pg_connection& db);

/// Before the roles start: brings the schema up to date if told to, else checks that it is.
///
/// Errors : unavailable and the like  the store is away: no reason not to start
///          broken, conflict          as check_schema()
task<result<void>> prepare_store(
    asio::any_io_executor loop, time_source& time, const store_configuration& how
);

}  // namespace falconer::app
