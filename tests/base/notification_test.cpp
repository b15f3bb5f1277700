// Notifications on their way through the store.
#include "falconer/alerts/notification.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;

const utc_time noon = std::chrono::sys_days{std::chrono::year{2026} / 3 / 10} + 12h;

notification sample() {
    notification what;
    what.key      = *uuid::parse("d324e50f-d14c-4b05-8d63-ed15b6873b17");
    what.group    = uuid::random();
    what.number   = 3;
    what.receiver = "on-call";
    what.project  = "team";
    what.labels   = {{"cluster", "a\"b\\\n"}, {"workload", ""}};
    what.level    = severity::critical;
    what.repeated = true;
    what.title    = "Shell: \xF0\x9F\xA6\x85";
    what.made     = noon + 123us;
    what.left_out = 7;
    told_alert alert;
    alert.id          = uuid::random();
    alert.rule        = "Shell";
    alert.rule_id     = uuid::random();
    alert.level       = severity::critical;
    alert.labels      = what.labels;
    alert.summary     = "one line";
    alert.runbook     = "https://example.com/";
    alert.started     = noon - 1h;
    alert.ended       = noon;
    alert.last        = noon - 1s;
    alert.count       = 12'345;
    alert.most_urgent = priority::alert;
    alert_event event;
    event.at      = {noon - 1s, uuid::random(), "0123456789abcdef"};
    event.time    = {1'794'788'426, 779'200'001};
    event.level   = priority::alert;
    event.cluster = {"shoot--team--a-uid-live", "live", "team", "a", std::nullopt};
    event.rule    = "Terminal shell in container";
    event.output  = "<script>";
    event.late    = true;
    alert.events.push_back(event);
    what.alerts.push_back(alert);
    return what;
}

TEST(Notification, ComesBackAsItWas) {
    const auto json = json_of(sample());
    const auto back = notification_of(json);
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(back->key, sample().key);
    EXPECT_EQ(back->number, 3);
    EXPECT_EQ(back->labels, sample().labels);
    EXPECT_TRUE(back->repeated);
    EXPECT_EQ(back->made, sample().made);
    EXPECT_EQ(back->left_out, 7u);
    ASSERT_EQ(back->alerts.size(), 1u);
    EXPECT_EQ(back->alerts[0].ended, noon);
    EXPECT_EQ(back->alerts[0].count, 12'345u);
    ASSERT_EQ(back->alerts[0].events.size(), 1u);
    EXPECT_EQ(back->alerts[0].events[0].time, (event_time{1'794'788'426, 779'200'001}));
    EXPECT_EQ(back->alerts[0].events[0].cluster.name, "a");
    EXPECT_TRUE(back->alerts[0].events[0].late);
    EXPECT_EQ(json_of(*back), json) << "the same telling has the same bytes";
}

TEST(Notification, ThatIsNoneIsMalformed) {
    for (const auto* text :
         {"", "[]", "{}", R"({"version": 2, "key": "d324e50f-d14c-4b05-8d63-ed15b6873b17"})",
          R"({"version": 1, "receiver": "x"})"}) {
        const auto back = notification_of(text);
        ASSERT_FALSE(back) << text;
        EXPECT_EQ(back.error().code, errc::malformed) << text;
    }
}

}  // namespace
}  // namespace falconer::alerts
