// The store's clock beside ours: what is removed by its date must not go by a wrong one.
#pragma once

#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "pg_connection.hpp"

#include <algorithm>
#include <chrono>
#include <string>

namespace falconer::store {

/// Farther apart than this one of the two is wrong.
inline constexpr std::chrono::minutes clocks_may_differ{5};

/// Both clocks, read at the same time.
struct clock_pair {
    utc_time ours{}, theirs{};
    /// Ours minus theirs. What the answer took is not counted: its moment lies somewhere within.
    utc_time::duration ahead{};

    /// By which nothing is older than by either.
    utc_time earlier() const noexcept { return std::min(ours, theirs); }
    bool     agree(utc_time::duration apart = clocks_may_differ) const noexcept {
        return std::chrono::abs(ahead) <= apart;
    }
    /// "our clock says 2028-01-04T12:00:00Z, the store's 2026-11-30T12:00:00Z"
    std::string text() const;
};

/// The store's clock as it stood while it was asked, between `ours` and `took` later. Pure.
clock_pair compare_clocks(utc_time ours, utc_time::duration took, utc_time theirs) noexcept;

/// Asks the store what time it is; `ours` is our clock just now.
/// Errors : those of query().
task<result<clock_pair>> read_clocks(pg_connection& store, time_source& time, utc_time ours);

/// Gauge falconer_store_clock_ahead_seconds, and an error in the log while the clocks disagree.
/// Threading: the loop thread.
class clock_watch {
public:
    explicit clock_watch(metrics_registry& metrics);

    /// `now`: for how often the same is said.
    void take(const clock_pair& clocks, steady_time now);

private:
    gauge&   ahead_;
    log_gate gate_{std::chrono::minutes{1}};
    bool     agreed_ = true;
};

}  // namespace falconer::store
