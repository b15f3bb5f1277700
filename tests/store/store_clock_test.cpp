#include "store/store_clock.hpp"

#include <gtest/gtest.h>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr utc_time noon{std::chrono::sys_days{std::chrono::year{2021} / 3 / 10} + 12h};

TEST(StoreClockTest, WhatTheAnswerTookIsNobodysFault) {
    for (const auto theirs : {noon, noon + 10s, noon + 20s})
        EXPECT_EQ(compare_clocks(noon, 20s, theirs).ahead, 0s);
    EXPECT_EQ(compare_clocks(noon, 20s, noon - 1us).ahead, 1us);
    EXPECT_EQ(compare_clocks(noon, 20s, noon + 20s + 1us).ahead, -1us);
}

TEST(StoreClockTest, FiveMinutesEitherWayAreForgiven) {
    EXPECT_TRUE(compare_clocks(noon, 0s, noon - 5min).agree());
    EXPECT_TRUE(compare_clocks(noon, 0s, noon + 5min).agree());
    EXPECT_FALSE(compare_clocks(noon, 0s, noon - 5min - 1us).agree());
    EXPECT_FALSE(compare_clocks(noon, 0s, noon + 5min + 1us).agree());
}

TEST(StoreClockTest, TheEarlierOfTheTwoCounts) {
    EXPECT_EQ(compare_clocks(noon, 1s, noon - 1h).earlier(), noon - 1h);
    EXPECT_EQ(compare_clocks(noon, 1s, noon + 1h).earlier(), noon);
    EXPECT_EQ(
        compare_clocks(noon + 400 * 24h, 1s, noon).text(),
        "our clock says 2022-04-14T12:00:00Z, the store's 2021-03-10T12:00:00Z"
    );
}

TEST(StoreClockTest, HowFarTheyAreApartIsAMetric) {
    metrics_registry metrics;
    clock_watch      watch(metrics);
    const auto       exposes = [&](const std::string& value) {
        return metrics.expose().find("\nfalconer_store_clock_ahead_seconds " + value + "\n") !=
               std::string::npos;
    };
    watch.take(compare_clocks(noon + 400s, 0s, noon), steady_time{});
    EXPECT_TRUE(exposes("400")) << metrics.expose();
    watch.take(compare_clocks(noon, 0s, noon + 400s), steady_time{});
    EXPECT_TRUE(exposes("-400")) << metrics.expose();
    watch.take(compare_clocks(noon, 0s, noon), steady_time{});
    EXPECT_TRUE(exposes("0")) << metrics.expose();
}

}  // namespace
}  // namespace falconer::store
