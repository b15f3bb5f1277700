// Is the store's schema one that this program can live with?
#pragma once

#include "pg_connection.hpp"

#include <asio/any_io_executor.hpp>

namespace falconer::store {

/// Whether the database can hold every text: its encoding is UTF-8.
/// Errors : broken, with what to do; and those of query().
task<result<void>> check_encoding(pg_connection& db);

/// Yields the version of the schema.
///
/// Errors : broken    missing or too old, or in a database of another encoding: says what to do
///          conflict  too new: it says itself that programs as old as this one cannot live with it
///          and those of query().
task<result<int>> check_schema(pg_connection& db);

/// Only whether it is too new; also an older one and none at all will do.
/// Errors: conflict, and those of query().
task<result<void>> check_not_too_new(pg_connection& db);

/// A connection for those who work on: another server may answer than the last time, restored or
/// migrated meanwhile, so each one is checked.
///
/// Errors : broken  the schema is not ours, for whichever reason
///          and those of pg_connection::open() and query().
task<result<pg_connection::ptr>> open_checked(
    asio::any_io_executor loop, time_source& time, pg_options opt
);

}  // namespace falconer::store
