#include "store/housekeeping.hpp"

#include <gtest/gtest.h>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr utc_time midnight{std::chrono::sys_days{std::chrono::year{2026} / 3 / 10}};

TEST(HousekeepingScheduleTest, RetentionIsDueOncePerDayHalfAnHourAfterMidnight) {
    const housekeeping_options opt;
    const auto                 due = midnight + 30min;
    EXPECT_EQ(next_due(due - 1us, due - 24h, opt), due);      // done yesterday in time
    EXPECT_EQ(next_due(due, due - 24h, opt), due);            // now
    EXPECT_EQ(next_due(due + 7h, due - 24h, opt), due + 7h);  // missed today: at once
    EXPECT_EQ(next_due(due, due, opt), due + 24h);
    EXPECT_EQ(next_due(midnight + 23h, due + 5min, opt), due + 24h);
    EXPECT_EQ(next_due(midnight + 24h, due + 5min, opt), due + 24h);
}

TEST(HousekeepingScheduleTest, WhatWasNeverDoneOrMissedYesterdayIsDueAtOnce) {
    const housekeeping_options opt;
    EXPECT_EQ(next_due(midnight, std::nullopt, opt), midnight);
    EXPECT_EQ(next_due(midnight, midnight - 23h - 31min, opt), midnight);
    EXPECT_EQ(next_due(midnight, midnight - 23h - 30min, opt), midnight + 30min);
}

TEST(HousekeepingScheduleTest, WhatWasDoneInTheFutureWasNeverDone) {
    const housekeeping_options opt;
    const auto                 due = midnight + 30min;
    EXPECT_EQ(next_due(due + 7h, due + 24h * 400, opt), due + 7h);
    EXPECT_EQ(next_due(due + 7h, due + 7h + clocks_may_differ + 1us, opt), due + 7h);
    EXPECT_EQ(next_due(due + 7h, due + 7h + clocks_may_differ, opt), due + 24h);
    EXPECT_EQ(next_due(due - 1min, due, opt), due) << "by a clock that goes before ours";
}

TEST(HousekeepingScheduleTest, TheTimeOfDayIsTheOperators) {
    housekeeping_options opt;
    opt.retain_at = 23h + 59min;
    EXPECT_EQ(next_due(midnight, midnight - 1min, opt), midnight + 23h + 59min);
    opt.retain_at = 0min;
    EXPECT_EQ(next_due(midnight, midnight - 1min, opt), midnight);
    EXPECT_EQ(next_due(midnight, midnight, opt), midnight + 24h);
}

TEST(HousekeepingScheduleTest, AYearOfHourlyLooksRetainsOncePerDay) {
    const housekeeping_options opt;
    std::optional<utc_time>    done;
    int                        times = 0;
    for (auto now = midnight; now < midnight + std::chrono::days{365}; now += 1h) {
        if (next_due(now, done, opt) > now) continue;
        done = now;
        ++times;
    }
    EXPECT_EQ(times, 366);  // at the start, which was never before, and each day
}

}  // namespace
}  // namespace falconer::store
