// What a rule would have told.
#include "alerts/previewer.hpp"

#include "alert_samples.hpp"

#include <gmock/gmock.h>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using test::noon;

std::vector<found_event> at(std::initializer_list<std::chrono::seconds> times) {
    std::vector<found_event> events;
    for (const auto each : times) events.push_back(test::event({.received = noon + each}));
    return events;
}

alert_preview tried(std::string_view rule, const std::vector<found_event>& events) {
    return simulated(test::rule(rule), events, {}, noon - 24h, noon + 24h * 6);
}

TEST(Preview, SaysWhenItWouldHaveTold) {
    const auto found =
        tried("{name: a, filter: 'rule:Shell', receivers: [x, z]}", at({0s, 1s, 2s, 3h, 72h}));
    EXPECT_EQ(found.events, 5u);
    EXPECT_EQ(found.told, 3u) << "to each of the two";
    EXPECT_EQ(found.alerts, 3u);
    ASSERT_EQ(found.tellings.size(), 3u);
    EXPECT_EQ(found.tellings[0].at, noon + 72h + 10s) << "the latest first";
    EXPECT_EQ(found.tellings[2].at, noon + 10s);
}

TEST(Preview, CountsWithinTheWindowAndTellsOfTheEnd) {
    const auto found = tried(
        "{name: a, filter: 'rule:Shell', threshold: {count: 3, within: 1m}}",
        at({0s, 50s, 110s, 10min, 10min + 1s, 10min + 2s})
    );
    ASSERT_EQ(found.tellings.size(), 2u);
    EXPECT_TRUE(found.tellings[0].resolved);
    EXPECT_EQ(found.tellings[1].at, noon + 10min + 12s);
}

TEST(Preview, OfARuleThatIsDisabledIsTheSame) {
    const auto found = tried("{name: a, filter: 'rule:Shell', enabled: false}", at({0s}));
    EXPECT_EQ(found.told, 1u);
}

TEST(Preview, KeepsTheLatestOfManyAndCountsThemAll) {
    std::vector<found_event> events;
    for (int i = 0; i < 140; ++i)
        events.push_back(test::event({.received = noon + i * std::chrono::seconds{3600}}));
    const auto found = tried("{name: a, filter: 'rule:Shell', quiet: 1m, wait: 0s}", events);
    EXPECT_EQ(found.told, 140u);
    EXPECT_EQ(found.tellings.size(), most_previewed);
}

}  // namespace
}  // namespace falconer::alerts
