#include "alerts/delivery/pace.hpp"

#include <gtest/gtest.h>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using outcome = delivery_answer::outcome;

constexpr steady_time start{1h};

TEST(RetryPauseTest, DoublesUpToAQuarterOfAnHourAndIsSpread) {
    EXPECT_EQ(retry_pause(1, 1, {}), 5s);
    EXPECT_EQ(retry_pause(1, 0, {}), 2500ms);
    EXPECT_EQ(retry_pause(2, 1, {}), 10s);
    EXPECT_EQ(retry_pause(5, 1, {}), 80s);
    EXPECT_EQ(retry_pause(9, 1, {}), 15min);
    EXPECT_EQ(retry_pause(1'000'000, 1, {}), 15min);
    EXPECT_EQ(retry_pause(0, 1, {}), 5s);
    EXPECT_EQ(retry_pause(1, 7, {}), 5s);
}

TEST(RetryPauseTest, IsNoShorterThanTheReceiverWishes) {
    EXPECT_EQ(retry_pause(1, 0, 1h), 1h);
    EXPECT_EQ(retry_pause(9, 1, 1s), 15min);
}

TEST(ReceiverPaceTest, LetsABurstThroughAndThenSoManyAMinute) {
    receiver_pace pace({.per_minute = 60, .burst = 3}, start);
    for (int i = 0; i < 3; ++i) {
        EXPECT_LE(pace.ready_at(start), start);
        pace.begun(start);
        pace.ended(outcome::delivered, {}, start);
    }
    EXPECT_EQ(pace.ready_at(start), start + 1s);
    EXPECT_GT(pace.ready_at(start + 500ms), start + 500ms);
    EXPECT_LE(pace.ready_at(start + 1100ms), start + 1100ms);
    EXPECT_LE(pace.ready_at(start + 1h), start + 1h);
}

TEST(ReceiverPaceTest, LeavesAReceiverAloneThatFailsOnEnd) {
    receiver_pace pace({.burst = 1000, .failures = 3, .rest = 30s, .longest_rest = 100s}, start);
    pace.ended(outcome::again, {}, start);
    pace.ended(outcome::again, {}, start);
    EXPECT_EQ(pace.breaker(), receiver_pace::state::closed);
    EXPECT_LE(pace.ready_at(start), start);
    pace.ended(outcome::again, {}, start);
    EXPECT_EQ(pace.breaker(), receiver_pace::state::open);
    EXPECT_EQ(pace.ready_at(start), start + 30s);
    auto now = start + 30s;
    EXPECT_LE(pace.ready_at(now), now) << "one is let through";
    pace.ended(outcome::again, {}, now);
    EXPECT_EQ(pace.ready_at(now), now + 60s);
    now += 60s;
    pace.ended(outcome::again, {}, now);
    EXPECT_EQ(pace.ready_at(now), now + 100s);
    now += 100s;
    pace.ended(outcome::delivered, {}, now);
    EXPECT_EQ(pace.breaker(), receiver_pace::state::closed);
    EXPECT_LE(pace.ready_at(now), now);
}

TEST(ReceiverPaceTest, ARefusalIsAnAnswer) {
    receiver_pace pace({.burst = 1000, .failures = 2}, start);
    for (int i = 0; i < 10; ++i) pace.ended(outcome::never, {}, start);
    EXPECT_EQ(pace.breaker(), receiver_pace::state::closed);
    pace.ended(outcome::again, {}, start);
    pace.ended(outcome::never, {}, start);
    pace.ended(outcome::again, {}, start);
    EXPECT_EQ(pace.breaker(), receiver_pace::state::closed) << "not on end";
}

TEST(ReceiverPaceTest, WaitsAsLongAsTheReceiverWishes) {
    receiver_pace pace({}, start);
    pace.ended(outcome::again, 120s, start);
    EXPECT_EQ(pace.ready_at(start), start + 120s);
    pace.ended(outcome::again, 10s, start);
    EXPECT_EQ(pace.ready_at(start), start + 120s) << "a shorter wish takes nothing back";
}

}  // namespace
}  // namespace falconer::alerts
