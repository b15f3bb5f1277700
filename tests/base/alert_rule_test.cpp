// Alert rules as people write them.
#include "falconer/alerts/rule_text.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const utc_time now = std::chrono::sys_days{std::chrono::year{2026} / 3 / 10};

alert_rule good(std::string_view text) {
    field_problems problems;
    auto           rule = rule_of(testing::yaml(text), "rule", now, problems);
    for (const auto& each : problems) ADD_FAILURE() << each.text() << " in\n" << text;
    return rule;
}

std::vector<std::string> problems_of(std::string_view text) {
    field_problems problems;
    (void)rule_of(testing::yaml(text), "rule", now, problems);
    std::vector<std::string> texts;
    for (const auto& each : problems) texts.push_back(each.text());
    return texts;
}

constexpr auto whole = R"(
name: Critical in production
enabled: false
description: what on-call wants to know
owner: team-a
runbook: https://example.com/runbooks/critical
filter: 'priority:critical project:prod'
threshold: {distinct: pod, atLeast: 3, within: 10m}
testEvents: true
groupBy: [workload, cluster]
bundleBy: [cluster]
severity: critical
receivers: [on-call, chat]
wait: 0s
interval: 1m
repeat: 2h
quiet: 20m
tellResolved: false
calendar:
  zone: Europe/Berlin
  only: [{days: [mon, fri]}]
  mute: [{from: "22:00", till: "06:30"}]
  unless: Emergency
inhibitedBy: [{rules: [Cluster is silent], equal: [cluster]}]
)";

TEST(AlertRule, IsReadWithAllThatItCanSay) {
    const auto rule = good(whole);
    EXPECT_EQ(rule.name, "Critical in production");
    EXPECT_FALSE(rule.enabled);
    EXPECT_EQ(rule.when.how, threshold::kind::distinct);
    EXPECT_EQ(rule.when.at_least, 3u);
    EXPECT_EQ(rule.when.of.name, "k8s.pod.name");
    EXPECT_EQ(rule.when.window, 10min);
    EXPECT_THAT(rule.group_by, ElementsAre("workload", "cluster"));
    EXPECT_THAT(rule.bundle_by, ElementsAre("cluster"));
    EXPECT_EQ(rule.level, severity::critical);
    EXPECT_EQ(rule.wait, 0s);
    EXPECT_EQ(rule.repeat, 2h);
    EXPECT_FALSE(rule.tell_resolved);
    EXPECT_EQ(rule.times.only.at(0).days, 0b0010001);
    EXPECT_EQ(rule.times.mute.at(0).from, 22h);
    EXPECT_EQ(rule.times.mute.at(0).till, 6h + 30min);
    EXPECT_EQ(rule.times.unless, priority::emergency);
    EXPECT_THAT(rule.inhibited_by.at(0).equal, ElementsAre("cluster"));
}

TEST(AlertRule, IsWrittenAsItIsRead) {
    for (const std::string_view text :
         {std::string_view(whole), std::string_view("name: a\nfilter: 'rule:x'\n"),
          std::string_view("name: a\nfilter: ''\nclusters: {states: [silent, blind], for: 10m}\n"),
          std::string_view("name: a\nfilter: 'tag:x'\nthreshold: {count: 5, within: 90s}\n"),
          std::string_view("name: a\nfilter: 'tag:x'\nthreshold: {firstSeen: image, within: 168h}\n"
          )}) {
        const auto rule  = good(text);
        const auto again = good(yaml_text(value_of(rule)));
        EXPECT_EQ(again, rule) << yaml_text(value_of(rule));
    }
}

TEST(AlertRule, ThatCountsTellsWhenItIsOverUnlessItSaysOtherwise) {
    EXPECT_FALSE(good("name: a\nfilter: 'rule:x'\n").tell_resolved);
    EXPECT_TRUE(good("name: a\nfilter: 'rule:x'\nthreshold: {count: 2, within: 1m}\n").tell_resolved
    );
    EXPECT_TRUE(good("name: a\nclusters: {states: [silent]}\n").tell_resolved);
}

TEST(AlertRule, SaysAllThatIsWrongWithItAtOnce) {
    EXPECT_THAT(
        problems_of(R"(
filter: 'priority:loud'
threshold: {count: 1, within: 2s}
groupBy: [a, a]
bundleBy: [b]
severity: loud
wait: 1.5s
repeat: 1m
runbook: ftp://x
calendar: {zone: ../etc, mute: [{from: "24:00", days: [today]}], unless: loud}
inhibitedBy: [{equal: [c]}]
receiver: [x]
)"),
        ::testing::UnorderedElementsAre(
            HasSubstr("rule.name: is needed"), HasSubstr("rule.filter: column"),
            HasSubstr("rule.threshold.count: expected a number from 2"),
            HasSubstr("rule.groupBy: 'a' again"), HasSubstr("rule.bundleBy: 'b' is not in groupBy"),
            HasSubstr("rule.severity: expected one of critical"),
            HasSubstr("rule.wait: expected whole seconds"),
            HasSubstr("rule.repeat: is shorter than interval"),
            HasSubstr("rule.runbook: expected an address"),
            HasSubstr("rule.calendar.zone: expected a time zone"),
            HasSubstr("rule.calendar.mute[0].days: 'today' is none"),
            HasSubstr("rule.calendar.mute[0].from: the day is over"),
            HasSubstr("rule.calendar.unless: expected one of Falco's"),
            HasSubstr("rule.inhibitedBy[0].rules: is needed"),
            HasSubstr("rule.inhibitedBy[0].equal: 'c' is not in groupBy"),
            HasSubstr("rule.receiver: unknown field; did you mean 'receivers'?")
        )
    );
}

TEST(AlertRule, CannotAskForTimesWhichItsCalendarKnows) {
    EXPECT_THAT(
        problems_of("name: a\nfilter: 'rule:x (tag:y OR -time:2026-01-01)'\n"),
        ElementsAre(HasSubstr("rule.filter: time and received have no place here"))
    );
}

TEST(AlertRule, OfClustersHasNoThreshold) {
    EXPECT_THAT(
        problems_of("name: a\nclusters: {states: [healthy]}\nthreshold: {count: 2, within: 1m}\n"),
        ::testing::UnorderedElementsAre(
            HasSubstr("rule.clusters.states: 'healthy' is none of late, silent, blind"),
            HasSubstr("rule.threshold: is of events")
        )
    );
}

TEST(AlertRules, OfOneOwnerHaveNamesOfTheirOwn) {
    field_problems problems;
    const auto     rules = rules_of(
        testing::yaml("[{name: a, filter: 'rule:x'}, {name: a, filter: 'rule:y'}]"), "alerts.rules",
        now, problems
    );
    EXPECT_EQ(rules.size(), 2u);
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems[0].text(), "alerts.rules[1].name: 'a' again");
}

TEST(OperatorsRule, HasTheSameIdInEachProcess) {
    EXPECT_EQ(operators_rule_id("a"), operators_rule_id("a"));
    EXPECT_NE(operators_rule_id("a"), operators_rule_id("b"));
}

}  // namespace
}  // namespace falconer::alerts
