// The store before the roles start.
#pragma once

#include "configuration.hpp"
#include "falconer/async.hpp"
#include "store/pg_connection.hpp"

#include <asio/any_io_executor.hpp>

namespace falconer::app {

/// Before the roles start: brings the schema up to date if told to, else checks that it is.
///
/// Errors : unavailable and the like  the store is away: no reason not to start
///          broken, conflict          as store::check_schema()
task<result<void>> prepare_store(
    asio::any_io_executor loop, time_source& time, const store_configuration& how
);

}  // namespace falconer::app
