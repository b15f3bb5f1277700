#include "sandbox/fleet/live_line.hpp"

#include <gtest/gtest.h>

namespace falconer::sandbox {
namespace {

const live_figures calm{
    .events = 12'345, .per_second = 20.4, .p50_ms = 1.24, .p99_ms = 3.96, .clusters = 200
};

TEST(LiveLineTest, SaysHowItGoes) {
    EXPECT_EQ(
        live_line(calm, 120),
        "12,345 events  |  20/s  |  answers 1.2 ms (p99 4.0)  |  200 clusters  |  none lost"
    );
}

TEST(LiveLineTest, TroubleComesBeforeLeisure) {
    auto now       = calm;
    now.store_away = true;
    now.spooled    = 1'000'000;
    now.lost       = 7;
    EXPECT_EQ(
        live_line(now, 200),
        "12,345 events  |  20/s  |  STORE AWAY  |  1,000,000 in the spool  |  answers 1.2 ms (p99 "
        "4.0)  |  200 clusters  |  7 NOT TAKEN"
    );
}

TEST(LiveLineTest, NeverWraps) {
    for (std::size_t width = 0; width < 130; ++width)
        EXPECT_LE(live_line(calm, width).size(), width);
    EXPECT_EQ(live_line(calm, 25), "12,345 events  |  20/s");
    EXPECT_EQ(live_line(calm, 5), "");
}

}  // namespace
}  // namespace falconer::sandbox
