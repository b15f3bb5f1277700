// How far the server that people read from is behind the one that events are written to.
#pragma once

#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "pg_connection.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace falconer::store {

struct replica_lag {
    bool                         is_replica = false;  // else it is the primary itself
    std::optional<std::uint64_t> bytes{};    // of the log; nothing: the primary could not be asked
    std::chrono::milliseconds    at_most{};  // what was written before that is here

    /// "a replica, at most 3 s behind (1024 bytes of its log)".
    std::string text() const;
};

/// `primary`: null where it cannot be reached. It is asked first, so what is found to be there was
/// there then. Errors: those of query() on `read_from`.
task<result<replica_lag>> measure_lag(pg_connection* primary, pg_connection& read_from);

struct replica_watch_options {
    pg_options                read_from{};
    pg_options                primary{};
    std::chrono::milliseconds interval{std::chrono::seconds{10}};
    std::chrono::milliseconds too_far{std::chrono::minutes{1}};
};

/// Gauge falconer_store_replica_behind_seconds; warnings where it is too far.
/// Threading: the loop thread.
class replica_watch {
public:
    replica_watch(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
        replica_watch_options opt
    );

    /// Measures now and then until cancelled. A store that cannot be reached is no end.
    task<void> run();

    /// Measures once. Errors: those of pg_connection::open() and query(), of whom is read from.
    task<result<replica_lag>> measure();

private:
    task<result<void>> connect(pg_connection::ptr& into, const pg_options& opt);

    asio::any_io_executor loop_;
    time_source&          time_;
    replica_watch_options opt_;
    gauge&                behind_;
    log_gate              gate_{std::chrono::minutes{5}};
    pg_connection::ptr    read_from_, primary_;
};

}  // namespace falconer::store
