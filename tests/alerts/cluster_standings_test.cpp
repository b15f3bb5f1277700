// How clusters are seen, as alerts.
#include "alerts/cluster_standings.hpp"
#include "alert_samples.hpp"
#include "alerts/cluster_rules.hpp"

#include <gmock/gmock.h>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ClusterStandings : public ::testing::Test {
protected:
    engine        rules;
    seen_clusters seen;
    utc_time      now = test::noon;

    void SetUp() override { put(cluster_rules({"on-call"})); }
    void put(std::vector<alert_rule> these) {
        for (auto& each : these)
            if (each.project.empty()) each.id = operators_rule_id(each.name);
        rules.put(std::move(these), now, test::no_zones);
    }
    void see(const std::string& shoot, sight_reason why, const std::string& project = "team") {
        const auto event = test::event({.project = project, .shoot = shoot});
        seen.unwell.push_back({event.cluster, {why, now - 1min}});
    }
    /// What is told after a minute.
    std::vector<notification> round() {
        for (const auto& each : standings_of(rules, seen, now)) rules.stand(each, now);
        now += 1min;
        rules.advance(now);
        return rules.tell(now);
    }
};

TEST_F(ClusterStandings, WhatFallsSilentIsToldAndWhatComesBackIsResolved) {
    see("a", sight_reason::events_silent);
    auto told = round();
    ASSERT_THAT(told, SizeIs(1));
    ASSERT_THAT(told[0].alerts, SizeIs(1));
    EXPECT_EQ(told[0].receiver, "on-call");
    EXPECT_EQ(told[0].alerts[0].rule, silent_rule);
    EXPECT_EQ(told[0].alerts[0].labels.at("shoot"), "a");
    EXPECT_NE(told[0].alerts[0].summary.find("is silent"), std::string::npos);
    EXPECT_THAT(round(), IsEmpty()) << "told once";
    seen.unwell.clear();
    round();
    now  += 10min;
    told  = rules.tell(now);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_TRUE(told[0].resolved);
}

TEST_F(ClusterStandings, AThousandAtOnceAreOneOutageOfOurs) {
    for (int i = 0; i < 1000; ++i) see("a" + std::to_string(i), sight_reason::ingest_outage);
    seen.outage     = sight_outage{now - 1min, 1000};
    const auto told = round();
    ASSERT_THAT(told, SizeIs(1));
    ASSERT_THAT(told[0].alerts, SizeIs(1));
    EXPECT_EQ(told[0].alerts[0].rule, outage_rule);
    EXPECT_EQ(told[0].alerts[0].summary, "1000 clusters have fallen silent at once");
    EXPECT_EQ(told[0].level, severity::critical);
}

TEST_F(ClusterStandings, WhoIsSilentBeforeAnOutageHasNotComeBackByIt) {
    see("a", sight_reason::events_silent);
    ASSERT_THAT(round(), SizeIs(1));
    seen.unwell.clear();
    for (const auto* each : {"a", "b", "c"}) see(each, sight_reason::ingest_outage);
    seen.outage     = sight_outage{now, 3};
    const auto told = round();
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].alerts.at(0).rule, outage_rule);
    seen = {};
    see("a", sight_reason::events_silent);
    now              += 10min;
    const auto after  = round();
    ASSERT_THAT(after, SizeIs(1)) << "that the outage is over, and nothing of a, which goes on";
    EXPECT_EQ(after[0].alerts.at(0).rule, outage_rule);
    EXPECT_TRUE(after[0].resolved);
    seen.unwell.clear();
    now             += 10min;
    const auto back  = round();
    ASSERT_THAT(back, SizeIs(1));
    EXPECT_EQ(back[0].alerts.at(0).rule, silent_rule);
    EXPECT_TRUE(back[0].resolved);
}

TEST_F(ClusterStandings, ARuleOfLateClustersDoesNotTellOfEachInAnOutage) {
    auto late = test::rule("{name: late, clusters: {states: [late]}, receivers: [x]}");
    put({late});
    see("a", sight_reason::ingest_outage);
    EXPECT_THAT(round(), IsEmpty());
    see("b", sight_reason::events_late);
    EXPECT_THAT(round(), SizeIs(1));
}

TEST_F(
    ClusterStandings, AProjectsRuleTellsOfItsOwnClustersThatItsFilterFindsAndThatHaveBeenSoForSoLong
) {
    auto mine = test::rule(
        "{name: mine, clusters: {states: [silent], for: 10m}, filter: 'shoot:prod*', groupBy: "
        "[shoot], receivers: [x]}",
        "team"
    );
    put({mine});
    see("prod", sight_reason::events_silent);
    see("dev", sight_reason::events_silent);
    see("prod", sight_reason::events_silent, "other");
    EXPECT_THAT(round(), IsEmpty()) << "not yet";
    now             += 10min;
    const auto told  = round();
    ASSERT_THAT(told, SizeIs(1));
    ASSERT_THAT(told[0].alerts, SizeIs(1));
    EXPECT_THAT(
        told[0].alerts[0].labels,
        ElementsAre(std::pair<const std::string, std::string>{"shoot", "prod"})
    );
}

TEST_F(ClusterStandings, WhoeverTakesOverKnowsWhatStoodAndEndsIt) {
    see("a", sight_reason::tokens_refused);
    ASSERT_THAT(round(), SizeIs(1));
    const auto rows = rules.rows();
    engine     other;
    auto       ours = cluster_rules({"on-call"});
    for (auto& each : ours) each.id = operators_rule_id(each.name);
    other.put(std::move(ours), now, test::no_zones);
    other.load(rows);
    const auto now_seen = standings_of(other, {}, now);
    ASSERT_THAT(now_seen, SizeIs(1));
    EXPECT_TRUE(now_seen[0].ended);
    EXPECT_EQ(now_seen[0].labels.at("shoot"), "a");
}

}  // namespace
}  // namespace falconer::alerts
