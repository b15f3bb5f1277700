// Watches the store fill up and its clock beside ours, and says so while there is time to act.
#pragma once

#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "pg_connection.hpp"
#include "store_clock.hpp"

#include <deque>
#include <optional>

namespace falconer::store {

enum class store_room { unknown, ample, low, critical };

/// What one measurement tells.
struct store_outlook {
    std::uint64_t                bytes = 0;   // the database
    std::optional<std::uint64_t> capacity{};  // what it can grow to
    std::optional<double>        bytes_per_hour{};
    std::optional<double>        days_left{};  // nothing: unknown, or it does not grow

    /// low: less than a fifth or than 7 days left; critical: less than a twentieth.
    store_room room() const;
};

/// Growth from measurements of the last 24 hours. Pure. What retention takes away counts: a store
/// that gains by day and loses by night does not grow.
class growth_meter {
public:
    void add(steady_time when, std::uint64_t bytes);
    /// Nothing before a quarter of an hour of measurements.
    std::optional<double> bytes_per_hour() const;

private:
    struct sample {
        steady_time   when;
        std::uint64_t bytes = 0;
    };
    std::deque<sample> kept_;  // apart by 5 minutes at least, but for the newest
};

struct store_watch_options {
    pg_options                postgres{};
    std::chrono::milliseconds interval{std::chrono::seconds{30}};
    std::chrono::milliseconds query_limit{std::chrono::seconds{10}};
    /// What the operator gave the database. 0: not known.
    std::uint64_t capacity_bytes = 0;
    /// The server's data folder, where it is on this machine: what is free there counts too.
    std::string data_folder{};
};

/// Gauges falconer_store_bytes, falconer_store_capacity_bytes (0: unknown),
/// falconer_store_days_left
/// (+Inf: unknown, or it does not grow); warnings when room is low, errors when it is critical; and
/// what clock_watch has.
/// Threading: the loop thread.
class store_watch {
public:
    store_watch(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
        store_watch_options opt
    );

    /// Measures now and then until cancelled. A store that cannot be reached is no end.
    task<void> run();

    /// Measures once. Errors : those of pg_connection::open() and query().
    task<result<store_outlook>> measure();

    /// By the last measurement.
    const store_outlook& last() const noexcept { return last_; }

private:
    std::optional<std::uint64_t> capacity(std::uint64_t bytes) const;
    void                         say();

    asio::any_io_executor loop_;
    time_source&          time_;
    store_watch_options   opt_;
    gauge&                bytes_;
    gauge&                capacity_;
    gauge&                days_left_;
    growth_meter          growth_;
    store_outlook         last_{};
    clock_watch           clocks_;
    log_gate              room_gate_{std::chrono::minutes{10}};
    log_gate              trouble_gate_{std::chrono::minutes{5}};
    store_room            said_ = store_room::unknown;
    pg_connection::ptr    connection_;
};

}  // namespace falconer::store
