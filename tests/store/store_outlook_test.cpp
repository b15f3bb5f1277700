#include "store/store_watch.hpp"

#include <gtest/gtest.h>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

TEST(StoreOutlookTest, RoomIsJudgedByWhatIsLeftAndByHowLongItLasts) {
    const auto room = [](std::uint64_t bytes, std::optional<double> days_left) {
        store_outlook now;
        now.bytes     = bytes;
        now.capacity  = 1000;
        now.days_left = days_left;
        return now.room();
    };
    EXPECT_EQ(room(800, std::nullopt), store_room::ample);
    EXPECT_EQ(room(801, std::nullopt), store_room::low);
    EXPECT_EQ(room(100, 7.0), store_room::ample);
    EXPECT_EQ(room(100, 6.9), store_room::low);
    EXPECT_EQ(room(950, std::nullopt), store_room::low);
    EXPECT_EQ(room(951, std::nullopt), store_room::critical);
    EXPECT_EQ(room(2000, 0.0), store_room::critical);  // beyond what the operator gave
    EXPECT_EQ(store_outlook{}.room(), store_room::unknown);
}

TEST(StoreOutlookTest, GrowthNeedsAQuarterOfAnHourAndLooksBackADay) {
    growth_meter      meter;
    const steady_time start{};
    EXPECT_EQ(meter.bytes_per_hour(), std::nullopt);
    std::uint64_t bytes = 1'000'000;
    for (auto at = 0s; at < 15min; at += 30s) {
        meter.add(start + at, bytes += 10);
        EXPECT_EQ(meter.bytes_per_hour(), std::nullopt);
    }
    meter.add(start + 15min, bytes += 10);
    EXPECT_NEAR(meter.bytes_per_hour().value(), 1200, 1e-6);
    // Ten times as fast for two days: the slow beginning is forgotten.
    for (auto at = 15min + 30s; at <= 48h; at += 30s) meter.add(start + at, bytes += 100);
    EXPECT_NEAR(meter.bytes_per_hour().value(), 12000, 1e-6);
}

TEST(StoreOutlookTest, AStoreThatLosesByNightWhatItGainsByDayDoesNotGrow) {
    growth_meter      meter;
    const steady_time start{};
    for (auto at = 0min; at <= 72h; at += 1min)
        meter.add(start + at, 1'000'000 + 10 * static_cast<std::uint64_t>(at % 24h / 1min));
    EXPECT_NEAR(meter.bytes_per_hour().value(), 0, 3);
}

}  // namespace
}  // namespace falconer::store
