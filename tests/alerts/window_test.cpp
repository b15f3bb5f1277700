// What a threshold has seen.
#include "alerts/window.hpp"

#include <gtest/gtest.h>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using kind = threshold::kind;

const utc_time noon = std::chrono::sys_days{std::chrono::year{2026} / 3 / 10} + 12h;

threshold count(std::uint64_t n, std::chrono::seconds window) {
    return {kind::count, n, {}, window};
}

TEST(EventWindow, HasEnoughWithTheLastOfThem) {
    event_window window(count(3, 60s));
    EXPECT_FALSE(window.add(noon, ""));
    EXPECT_FALSE(window.add(noon + 30s, ""));
    EXPECT_TRUE(window.add(noon + 59s, ""));
    EXPECT_TRUE(window.is_enough(noon + 59s));
    EXPECT_FALSE(window.is_enough(noon + 60s)) << "the first has left it";
}

TEST(EventWindow, DoesNotCountWhatIsOlder) {
    event_window window(count(3, 60s));
    EXPECT_FALSE(window.add(noon, ""));
    EXPECT_FALSE(window.add(noon + 60s, ""));
    EXPECT_FALSE(window.add(noon + 119s, ""));
}

TEST(EventWindow, CountsALateOneWhereItWasReceived) {
    event_window window(count(3, 60s));
    EXPECT_FALSE(window.add(noon, ""));
    EXPECT_FALSE(window.add(noon + 20s, ""));
    EXPECT_FALSE(window.add(noon + 100s, ""));
    EXPECT_TRUE(window.add(noon + 10s, "")) << "three within a minute, a while ago";
}

TEST(EventWindow, TellsValuesApart) {
    event_window window({kind::distinct, 3, {}, 60s});
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(window.add(noon, i % 2 == 0 ? "a" : "b"));
    EXPECT_TRUE(window.add(noon + 1s, "c"));
    EXPECT_FALSE(window.is_enough(noon + 61s));
}

TEST(EventWindow, RemembersForALongTimeWhatItHasSeen) {
    event_window window({kind::first_seen, 1, {}, 24h * 7});
    EXPECT_TRUE(window.add(noon, "a"));
    EXPECT_FALSE(window.add(noon + 24h, "a"));
    EXPECT_TRUE(window.add(noon + 24h, "b"));
    EXPECT_FALSE(window.add(noon + 24h * 7, "a")) << "a day ago it was there";
    EXPECT_TRUE(window.add(noon + 24h * 16, "a"));
}

TEST(EventWindow, FindsNothingNewWhileItLearns) {
    event_window window({kind::first_seen, 1, {}, 24h * 7});
    window.learn_until(noon + 24h);
    EXPECT_FALSE(window.add(noon, "a"));
    EXPECT_FALSE(window.add(noon + 25h, "a"));
    EXPECT_TRUE(window.add(noon + 25h, "b"));
}

TEST(EventWindow, ComesBackAsItWas) {
    for (const auto& of :
         {count(3, 60s), count(3, 24h), threshold{kind::distinct, 3, {}, 60s},
          threshold{kind::first_seen, 1, {}, 24h}}) {
        event_window first(of), second(of);
        (void)first.add(noon, "a");
        (void)first.add(noon + 1s, "b");
        second.put(first.value_of());
        EXPECT_EQ(json_text(second.value_of()), json_text(first.value_of()));
        EXPECT_EQ(first.add(noon + 2s, "c"), second.add(noon + 2s, "c"));
    }
}

TEST(EventWindow, BeginsAnewWhenItsRuleHasAnother) {
    event_window first(count(2, 1h)), second(count(2, 10h));
    (void)first.add(noon, "");
    second.put(first.value_of());
    EXPECT_FALSE(second.add(noon, ""));
}

TEST(EventWindow, ForgetsWhatNobodyCanReach) {
    event_window window(count(3, 60s));
    (void)window.add(noon, "");
    EXPECT_FALSE(window.prune(noon + 90s));
    EXPECT_TRUE(window.prune(noon + 300s));
}

}  // namespace
}  // namespace falconer::alerts
