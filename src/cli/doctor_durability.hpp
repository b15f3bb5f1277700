// What `falconer doctor` says of the servers of a store: what they keep, and how far replicas are.
#pragma once

#include "doctor_report.hpp"

#include "falconer/async.hpp"
#include "store/pg_connection.hpp"

#include <asio/any_io_executor.hpp>

#include <optional>

namespace falconer::cli {

/// The logins of one store that doctor looks with.
struct store_logins {
    store::pg_options                reader{};
    store::pg_options                writer{};
    std::optional<store::pg_options> replica{};  // the reader's, where replicas are named
};

/// Whether what was acknowledged could be lost, as the one who writes sees it. A writer who cannot
/// connect is told of.
task<void> look_at_durability(
    asio::any_io_executor loop, time_source& time, store::pg_options writer, doctor_report& out
);

/// How far the server is that people read from. `primary` is asked, too.
task<void> look_at_replica(
    asio::any_io_executor loop, time_source& time, store::pg_options replica,
    store::pg_connection& primary, doctor_report& out
);

}  // namespace falconer::cli
