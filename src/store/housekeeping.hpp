// The store's daily care: tomorrow's partitions before tomorrow, retention once a day for all
// replicas.
#pragma once

#include "falconer/metrics.hpp"
#include "retention.hpp"

#include <optional>

namespace falconer::store {

struct housekeeping_options {
    /// The tables' owner. Somebody with less can still make days.
    pg_options                postgres{};
    retention_options         retention{};
    int                       days_ahead = 2;
    std::chrono::milliseconds interval{std::chrono::hours{1}};
    std::chrono::milliseconds retry{std::chrono::minutes{5}};  // after a failure
    /// After midnight UTC.
    std::chrono::minutes retain_at{30};
};

/// Whether `done` lies in the future, by more than clocks may differ: somebody's clock was wrong,
/// and it tells nothing. Pure.
bool is_to_come(utc_time done, utc_time now) noexcept;

/// When retention is due, if it was done last at `done` (nothing, or in the future: never). At once
/// where a day was missed. Pure.
utc_time next_due(
    utc_time now, std::optional<utc_time> done, const housekeeping_options& opt
) noexcept;

/// Makes the partitions of today and the next `ahead` days, so that no insert has to at midnight.
/// Errors : those of query().
task<result<void>> make_days_ahead(pg_connection& store, utc_time now, int ahead);

/// Every replica may run one: the store remembers when it was done, and lets only one do it. It
/// goes by the earlier of our clock and the store's, and does nothing while these disagree.
/// Threading: the loop thread.
class housekeeping {
public:
    housekeeping(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
        housekeeping_options opt
    );

    /// Round after round until cancelled. A store that cannot be reached is no end.
    task<void> run();

    struct round {
        std::optional<retention_report> retained{};  // nothing: not due, or another does it
        utc_time                        now{};       // what it went by
        utc_time                        next{};      // retention's next time
    };
    /// Errors : broken  our clock and the store's are too far apart
    ///          and those of pg_connection::open(), make_days_ahead() and retain().
    task<result<round>> once();

private:
    task<result<void>>                    connect();
    task<result<utc_time>>                begin_round();
    task<result<std::optional<utc_time>>> last_done(utc_time now);
    task<result<round>>                   retain_if_due(utc_time now);
    void                                  complain(const failure& why);

    asio::any_io_executor loop_;
    time_source&          time_;
    housekeeping_options  opt_;
    counter&              days_;
    counter&              rows_;
    counter&              refused_;
    gauge&                done_;
    pg_connection::ptr    connection_;
};

}  // namespace falconer::store
