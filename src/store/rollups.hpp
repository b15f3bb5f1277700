// Counts by minute and by day, kept from the batches that have been stored.
#pragma once

#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "pg_connection.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace falconer::store {

struct rollup_options {
    pg_options                postgres{};  // the writer will do
    std::chrono::milliseconds interval{std::chrono::seconds{5}};
    std::chrono::milliseconds longest_pause{std::chrono::minutes{1}};  // between failures
    std::chrono::milliseconds day_look{std::chrono::minutes{10}};   // for days still to be counted
    std::chrono::milliseconds day_limit{std::chrono::hours{1}};     // for counting one
    int                       batches = 200;                        // in one transaction
    std::chrono::milliseconds landscape{std::chrono::seconds{30}};  // between its rounds
    int                       landscape_batches = 5000;             // of one of its transactions
};

/// Every replica may run one: the store lets only one of them count at a time, and remembers how
/// far it has got. Source: migrations/0006_following.sql, 0010_lighter.sql,
/// 0013_landscape.sql
/// Threading: the loop thread.
class rollups {
public:
    rollups(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics, rollup_options opt
    );

    /// Round after round until cancelled. A store that cannot be reached is no end.
    task<void> run();

    struct round {
        std::uint64_t batches = 0, events = 0;  // counted now
        bool          elsewhere = false;        // another one is at it
        std::string   day{};          // a day of before there were batches, counted as a whole now
        std::uint64_t landscape = 0;  // events that the landscape's numbers have got now
        std::string   recounted{};    // a day of these, counted anew as a whole
    };
    /// Counts all batches that nobody can overtake any more; then perhaps a day.
    /// Errors : those of pg_connection::open() and query(). What was counted until then stays.
    task<result<round>> once();

private:
    task<result<void>> connect();
    task<result<bool>> some_batches(round& now);  // true: there are more
    task<result<void>> one_day(round& now);
    task<result<void>> landscape(round& now);

    asio::any_io_executor      loop_;
    time_source&               time_;
    rollup_options             opt_;
    counter&                   batches_;
    counter&                   failures_;
    gauge&                     behind_;
    pg_connection::ptr         connection_;
    std::optional<steady_time> next_day_look_;   // nothing: at once
    std::optional<steady_time> next_landscape_;  // nothing: at once
    log_gate                   gate_;
};

}  // namespace falconer::store
