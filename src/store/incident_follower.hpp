// Incidents, gathered from the batches that have been stored.
#pragma once

#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "pg_connection.hpp"

#include <cstdint>
#include <optional>

namespace falconer::store {

struct incident_options {
    pg_options                postgres{};  // the writer will do
    std::chrono::milliseconds interval{std::chrono::seconds{10}};
    std::chrono::milliseconds longest_pause{std::chrono::minutes{1}};  // between failures
    std::int64_t              events = 50'000;                         // in one transaction, about
    /// It rests so many times as long as it has worked: the store is there for others first.
    int rest = 4;
};

/// Every replica may run one: the store lets only one of them gather at a time, and remembers how
/// far it has got. Source: migrations/0012_incidents.sql
/// Threading: the loop thread.
class incident_follower {
public:
    incident_follower(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
        incident_options opt
    );

    /// Round after round until cancelled. A store that cannot be reached is no end.
    task<void> run();

    struct round {
        std::uint64_t batches = 0, events = 0, reopened = 0;  // now
        bool          elsewhere = false;                      // another one is at it
        bool          more      = false;                      // there are further batches
    };
    /// Gathers all that nobody can overtake any more.
    /// Errors : those of pg_connection::open() and query(). What was gathered until then stays.
    task<result<round>> once();

private:
    task<result<round>> some();

    asio::any_io_executor loop_;
    time_source&          time_;
    incident_options      opt_;
    counter&              events_;
    counter&              failures_;
    gauge&                behind_;
    pg_connection::ptr    connection_;
    log_gate              gate_;
};

}  // namespace falconer::store
