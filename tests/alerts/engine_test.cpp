// From events to what is told, by a clock that the test moves.
#include "alert_samples.hpp"

#include <gmock/gmock.h>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using test::noon;
using test::rule;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Engine : public ::testing::Test {
protected:
    std::unique_ptr<engine>               it  = std::make_unique<engine>();
    utc_time                              now = noon;
    std::map<change_list::key, alert_row> kept;  // as the store has it
    std::vector<alert_rule>               rules;
    std::vector<silence>                  silences;
    std::map<uuid, int>                   keys;  // how often each was told

    void use(std::vector<alert_rule> these) {
        rules = std::move(these);
        it->put(rules, now, test::no_zones);
    }
    void hush(std::string what, std::chrono::seconds for_so_long, std::string project = {}) {
        silence one;
        one.id      = uuid::random();
        one.project = std::move(project);
        one.what    = std::move(what);
        one.from    = now;
        one.until   = now + for_so_long;
        silences.push_back(std::move(one));
        it->put(silences, now);
    }
    void take(test::event_sample of = {}) {
        if (of.received == noon) of.received = now;
        const auto event = test::event(of);
        it->take(test::cell_of(event), event, now);
    }
    /// One round; what it has found is kept, as the store would.
    std::vector<notification> round() {
        it->advance(now);
        auto told = it->tell(now);
        for (auto& row : it->rows()) {
            const change_list::key key{row.is, row.id};
            if (row.body)
                kept[key] = row;
            else
                kept.erase(key);
        }
        for (const auto& each : told) EXPECT_EQ(++keys[each.key], 1) << each.title;
        return told;
    }
    /// A round each second; all that was told on the way.
    std::vector<notification> pass(std::chrono::seconds time) {
        std::vector<notification> told;
        for (const auto end = now + time; now < end;) {
            now += std::min<utc_time::duration>(end - now, time > 2h ? 30s : 1s);
            for (auto& each : round()) told.push_back(std::move(each));
        }
        return told;
    }
    /// Another process goes on with what was kept.
    void restart() {
        it = std::make_unique<engine>();
        it->put(rules, now, test::no_zones);
        it->put(silences, now);
        std::vector<alert_row> rows;
        for (const auto& [key, row] : kept) rows.push_back(row);
        it->load(rows);
    }
};

constexpr auto shells =
    "{name: Shells, filter: 'rule:Shell', groupBy: [workload], receivers: [on-call]}";

TEST_F(Engine, TellsOfAnEventWhenTheWaitIsOver) {
    use({rule(shells)});
    take();
    EXPECT_THAT(pass(9s), IsEmpty());
    const auto told = pass(1s);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].receiver, "on-call");
    EXPECT_EQ(told[0].number, 1);
    EXPECT_FALSE(told[0].resolved);
    EXPECT_EQ(told[0].title, "Shells: workload=web");
    ASSERT_THAT(told[0].alerts, SizeIs(1));
    EXPECT_EQ(told[0].alerts[0].labels.at("workload"), "web");
    EXPECT_EQ(told[0].alerts[0].count, 1u);
    ASSERT_THAT(told[0].alerts[0].events, SizeIs(1));
    EXPECT_THAT(told[0].alerts[0].events[0].output, HasSubstr("web-0"));
}

TEST_F(Engine, TellsAtOnceWhereThereIsNoWait) {
    use({rule("{name: a, filter: 'rule:Shell', receivers: [x], wait: 0s}")});
    take();
    EXPECT_THAT(round(), SizeIs(1));
}

TEST_F(Engine, BundlesWhatComesWithinTheWaitAndLaterWithinTheInterval) {
    use({rule(shells)});
    take({.pod = "web-0"});
    take({.pod = "db-0"});
    take({.pod = "db-1"});
    auto told = pass(10s);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_THAT(told[0].alerts, SizeIs(2));
    EXPECT_EQ(told[0].title, "Shells: 2 alerts");
    take({.pod = "cache-0"});
    EXPECT_THAT(pass(4min), IsEmpty()) << "the interval is five minutes";
    told = pass(1min);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].number, 2);
    EXPECT_THAT(told[0].alerts, SizeIs(3)) << "with those that go on";
    EXPECT_EQ(told[0].alerts[0].labels.at("workload"), "cache") << "what is new comes first";
}

TEST_F(Engine, TellsOfEachBundleByItself) {
    use(
        {rule("{name: a, filter: 'rule:Shell', groupBy: [workload, cluster], bundleBy: [cluster], "
              "receivers: [x]}")}
    );
    take({.shoot = "a"});
    take({.shoot = "b"});
    take({.shoot = "b", .pod = "db-0"});
    const auto told = pass(10s);
    ASSERT_THAT(told, SizeIs(2));
    EXPECT_EQ(told[0].alerts.size() + told[1].alerts.size(), 3u);
    EXPECT_NE(told[0].key, told[1].key);
    EXPECT_NE(told[0].labels.at("cluster"), told[1].labels.at("cluster"));
}

TEST_F(Engine, RepeatsWhatGoesOnAndThenFallsSilent) {
    use({rule("{name: a, filter: 'rule:Shell', receivers: [x], repeat: 1h, quiet: 30m}")});
    take();
    EXPECT_THAT(pass(1min), SizeIs(1));
    for (int i = 0; i < 6; ++i) {
        take();
        EXPECT_THAT(pass(9min + 50s), IsEmpty());
    }
    const auto told = pass(2min);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_TRUE(told[0].repeated);
    EXPECT_EQ(told[0].alerts[0].count, 7u);
    EXPECT_THAT(pass(12h), IsEmpty()) << "it is over, and nobody asked to be told of that";
    EXPECT_THAT(kept, IsEmpty());
}

TEST_F(Engine, TellsThatAThresholdIsReachedAndThatItIsOver) {
    use({rule("{name: a, filter: 'rule:Shell', threshold: {count: 3, within: 1m}, receivers: [x]}")}
    );
    take();
    take();
    EXPECT_THAT(pass(30s), IsEmpty());
    take();
    auto told = pass(10s);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_FALSE(told[0].resolved);
    told = pass(10min);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_TRUE(told[0].resolved);
    ASSERT_TRUE(told[0].alerts[0].ended);
    EXPECT_EQ(told[0].title, "a: 1 alert resolved");
    EXPECT_THAT(pass(24h), IsEmpty());
    EXPECT_THAT(kept, IsEmpty()) << "nothing is left behind";
}

TEST_F(Engine, CountsLateEventsByTheirReceiptAndSaysSo) {
    use({rule("{name: a, filter: 'rule:Shell', threshold: {count: 2, within: 1m}, receivers: [x]}")}
    );
    for (int i = 0; i < 2; ++i) {
        auto event = test::event({.received = noon - 2h});
        event.time = event_time_of(noon - 3h);
        it->take(test::cell_of(event), event, now);
    }
    const auto told = pass(10s);
    ASSERT_THAT(told, SizeIs(1)) << "there were enough, though their window is over";
    EXPECT_FALSE(told[0].resolved) << "what nobody knows of cannot be over";
    EXPECT_EQ(told[0].alerts[0].started, noon - 2h);
    EXPECT_TRUE(told[0].alerts[0].events[0].late);
    const auto over = pass(10min);
    ASSERT_THAT(over, SizeIs(1));
    EXPECT_TRUE(over[0].resolved);
}

TEST_F(Engine, PassesOverTestEventsUnlessARuleWantsThem) {
    use(
        {rule("{name: a, filter: 'rule:Shell', receivers: [x]}"),
         rule("{name: b, filter: 'rule:Shell', receivers: [x], testEvents: true}")}
    );
    take({.test = true});
    const auto told = pass(10s);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].alerts[0].rule, "b");
}

TEST_F(Engine, ARuleOfAProjectHearsOfItsOwnClustersOnly) {
    use({rule(shells, "other")});
    take({.project = "team"});
    EXPECT_THAT(pass(1min), IsEmpty());
    take({.project = "other"});
    EXPECT_THAT(pass(1min), SizeIs(1));
}

TEST_F(Engine, ASilenceHoldsBackUntilItEnds) {
    use({rule("{name: a, filter: 'rule:Shell', receivers: [x], quiet: 2h}")});
    hush("workload:web", 1h);
    take();
    EXPECT_THAT(pass(59min), IsEmpty());
    const auto told = pass(3min);
    ASSERT_THAT(told, SizeIs(1)) << "it still goes on";
    EXPECT_EQ(told[0].number, 1);
}

TEST_F(Engine, WhatIsOverBeforeASilenceEndsIsNotTold) {
    use({rule("{name: a, filter: 'rule:Shell', receivers: [x], quiet: 10m}")});
    hush("workload:web", 1h);
    take();
    EXPECT_THAT(pass(2h), IsEmpty());
    EXPECT_THAT(kept, IsEmpty());
}

TEST_F(Engine, ASilenceOfAProjectHushesThatProjectsRulesOnly) {
    use({rule(shells, "team"), rule(shells)});
    hush("", 1h, "team");
    take();
    const auto told = pass(1min);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].project, "");
}

TEST_F(Engine, AnAlertInhibitsAnotherOfTheSameCluster) {
    use(
        {rule("{name: down, filter: 'rule:Down', groupBy: [cluster], receivers: [x]}"),
         rule(
             "{name: shell, filter: 'rule:Shell', groupBy: [cluster], receivers: [z], inhibitedBy: "
             "[{rules: [down], equal: [cluster]}]}"
         )}
    );
    take({.shoot = "a", .rule = "Down"});
    take({.shoot = "a"});
    take({.shoot = "b"});
    const auto               told = pass(10s);
    std::vector<std::string> to;
    for (const auto& each : told)
        to.push_back(each.receiver + each.alerts.at(0).labels.at("cluster"));
    EXPECT_THAT(
        to, ::testing::UnorderedElementsAre("xshoot--team--a-uid-live", "zshoot--team--b-uid-live")
    );
}

TEST_F(Engine, AtNightOnlyWhatIsMostUrgentIsTold) {
    use(
        {rule("{name: a, filter: 'rule:Shell', groupBy: [workload], bundleBy: [workload], "
              "receivers: [x], calendar: {mute: [{from: '11:00', till: '13:00'}], unless: "
              "Emergency}, quiet: 3h}")}
    );
    take({.pod = "web-0"});
    take({.pod = "db-0", .level = priority::emergency});
    auto told = pass(10s);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].labels.at("workload"), "db");
    EXPECT_THAT(pass(59min), IsEmpty());
    told = pass(3min);
    ASSERT_THAT(told, SizeIs(1)) << "the night is over, and it goes on";
    EXPECT_EQ(told[0].labels.at("workload"), "web");
}

TEST_F(Engine, AnotherProcessGoesOnWhereThisOneStood) {
    use(
        {rule(shells),
         rule("{name: b, filter: 'rule:Shell', threshold: {count: 4, within: 10m}, receivers: [z], "
              "wait: 0s}")}
    );
    take();
    take();
    (void)round();
    restart();
    take();
    EXPECT_THAT(round(), IsEmpty());
    restart();
    take();
    auto told = round();
    ASSERT_THAT(told, SizeIs(1)) << "the fourth of ten minutes";
    EXPECT_EQ(told[0].receiver, "z");
    EXPECT_EQ(told[0].alerts[0].count, 1u) << "counted from the one that made it an alert";
    restart();
    told = pass(10s);
    ASSERT_THAT(told, SizeIs(1)) << "the wait goes on, too";
    EXPECT_EQ(told[0].receiver, "on-call");
    EXPECT_EQ(told[0].alerts[0].count, 4u);
    restart();
    EXPECT_THAT(pass(1min), IsEmpty()) << "told is told";
}

/// What one process has told and could not put down, another tells with the same key.
TEST_F(Engine, TheSameRoundAgainGivesTheSameKey) {
    use({rule(shells)});
    take();
    (void)round();
    now              += 10s;
    const auto first  = it->tell(now);
    restart();
    const auto second = it->tell(now);
    ASSERT_THAT(first, SizeIs(1));
    ASSERT_THAT(second, SizeIs(1));
    EXPECT_EQ(first[0].key, second[0].key);
    EXPECT_EQ(json_of(first[0]), json_of(second[0]));
}

TEST_F(Engine, KeysAreNeverUsedAgain) {
    use({rule("{name: a, filter: 'rule:Shell', receivers: [x], quiet: 1m}")});
    for (int i = 0; i < 5; ++i) {
        take();
        EXPECT_THAT(pass(1h), SizeIs(1));
        EXPECT_THAT(kept, IsEmpty());
    }
    EXPECT_THAT(keys, SizeIs(5));
}

TEST_F(Engine, ARuleThatIsGoneLeavesNothing) {
    use({rule(shells)});
    take();
    (void)round();
    EXPECT_FALSE(kept.empty());
    use({});
    EXPECT_THAT(pass(1min), IsEmpty());
    EXPECT_THAT(kept, IsEmpty());
    // As one that starts without it.
    use({rule(shells)});
    take();
    (void)round();
    rules.clear();
    restart();
    EXPECT_THAT(pass(1min), IsEmpty());
    EXPECT_THAT(kept, IsEmpty());
}

TEST_F(Engine, AThousandClustersAtOnceAreOneNotification) {
    use({rule("{name: silent, clusters: {states: [silent]}, groupBy: [cluster], receivers: [x]}")});
    for (int i = 0; i < 1000; ++i) {
        alert_standing as;
        as.rule            = rules[0].id;
        as.labels          = {{"cluster", "shoot--team--s" + std::to_string(i) + "-uid-live"}};
        as.summary         = "silent since noon";
        as.since           = noon;
        as.cluster.project = "team";
        it->stand(as, now);
        it->stand(as, now);  // told twice is told once
    }
    auto told = pass(1min);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_THAT(told[0].alerts, SizeIs(most_told_alerts));
    EXPECT_EQ(told[0].left_out, 1000u - most_told_alerts);
    EXPECT_THAT(pass(1h), IsEmpty()) << "it stands until somebody says that it does not";
    for (int i = 0; i < 1000; ++i) {
        alert_standing as;
        as.rule   = rules[0].id;
        as.labels = {{"cluster", "shoot--team--s" + std::to_string(i) + "-uid-live"}};
        as.ended  = now;
        it->stand(as, now);
    }
    told = pass(10min);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_TRUE(told[0].resolved);
    EXPECT_THAT(pass(1h), IsEmpty());
    EXPECT_THAT(kept, IsEmpty());
}

TEST_F(Engine, BeyondAThousandAlertsOfARuleTheRestIsOne) {
    use({rule("{name: a, filter: 'rule:Shell', groupBy: [pod], receivers: [x]}")});
    for (int i = 0; i < 1500; ++i) take({.pod = "p" + std::to_string(i)});
    EXPECT_EQ(it->book().size(), 1001u);
    const auto told = pass(10s);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].alerts.size() + told[0].left_out, 1001u);
}

TEST_F(Engine, WithoutReceiversNothingIsToldAndNothingStays) {
    use({rule("{name: a, filter: 'rule:Shell', quiet: 1m}")});
    take();
    (void)round();
    EXPECT_EQ(it->book().size(), 1u) << "the page shows it";
    EXPECT_THAT(pass(10min), IsEmpty());
    EXPECT_EQ(it->book().size(), 0u);
}

}  // namespace
}  // namespace falconer::alerts
