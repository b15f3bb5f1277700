#include "falconer/falco/health.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The forms are those of Falco 0.40 to 0.44.
TEST(RulesRefused, NamesTheFileAndTheReason) {
    const auto is = rules_refused_in(
        "Error: /etc/falco/rules.d/mine.yaml: Invalid\n1 Errors:\nIn rules content: "
        "(/etc/falco/rules.d/mine.yaml:12:2)\n    rule 'x': (/etc/falco/rules.d/mine.yaml:12:2)\n"
        "------\nLOAD_ERR_COMPILE_CONDITION (Error compiling condition): filter_check called with "
        "nonexistent field foo.bar\n"
    );
    EXPECT_EQ(is.file, "mine.yaml");
    EXPECT_THAT(is.reason, HasSubstr("nonexistent field foo.bar"));
    EXPECT_TRUE(is.by_user);
}

TEST(RulesRefused, AStandardFileIsNobodysFaultHere) {
    for (const auto* name : {"falco_rules.yaml", "gardener_exceptions.yaml", "heartbeat_rule.yaml"})
        EXPECT_FALSE(rules_refused_in(
                         std::string("Error: /etc/falco/rules.d/") + name +
                         ": Invalid\nLOAD_ERR_VALIDATE (x): y"
        )
                         .by_user
        ) << name;
}

TEST(RulesRefused, ConfigMapsOfTheClusterAreItsOwners) {
    const auto is = rules_refused_in(
        "In rules content: (/etc/falco/shoot-custom-rules/team-a/x.yaml:0:0)\nLOAD_ERR_YAML_PARSE "
        "(Error parsing YAML): bad"
    );
    EXPECT_EQ(is.file, "team-a/x.yaml");
    EXPECT_TRUE(is.by_user);
}

TEST(RulesRefused, OtherLastWordsAreNone) {
    for (const auto* words : {"", "Error: cannot open /etc/falco/falco.yaml", "Killed"})
        EXPECT_EQ(rules_refused_in(words).reason, "") << words;
}

TEST(PodTroubles, OneStandsForAllWithTheSame) {
    const std::vector<value> pods(
        3, yaml("{metadata: {labels: {app.kubernetes.io/name: falco}}, status: {containerStatuses: "
                "[{name: falco, lastState: {terminated: {exitCode: 1, message: \"a\\nlast\"}}}]}}")
    );
    const auto found = troubles_of(pods, {});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].pods, 3u);
    EXPECT_EQ(found[0].is, pod_trouble_kind::crashes);
    EXPECT_EQ(found[0].text, "falco: last");
}

TEST(PodTroubles, ThoseThatAreReadyOrLeaveAreNone) {
    EXPECT_THAT(
        troubles_of(
            {yaml("{status: {conditions: [{type: Ready, status: 'True'}], containerStatuses: "
                  "[{name: "
                  "falco, lastState: {terminated: {exitCode: 1}}}]}}"),
             yaml("{metadata: {deletionTimestamp: x}}")},
            {}
        ),
        IsEmpty()
    );
}

TEST(PodTroubles, AMissingConfigMapOfTheClustersOwnerIsToldFromItsEvent) {
    const auto pod   = yaml("{metadata: {name: falco-1, labels: {app.kubernetes.io/name: falco}}}");
    const auto event = [](const std::string& message) {
        value made      = yaml("{reason: FailedMount, involvedObject: {name: falco-1}}");
        made["message"] = message;
        return made;
    };
    const auto mine = troubles_of(
        {pod}, {event("MountVolume.SetUp failed for volume \"shoot-custom-rules-mine\" : configmap "
                      "\"mine\" not found")}
    );
    ASSERT_EQ(mine.size(), 1u);
    EXPECT_EQ(mine[0].is, pod_trouble_kind::not_mounted);
    EXPECT_TRUE(mine[0].by_user);
    const auto ours = troubles_of(
        {pod},
        {event("MountVolume.SetUp failed for volume \"falco-yaml\" : configmap \"falco\" not found")
        }
    );
    EXPECT_FALSE(ours.at(0).by_user);
}

TEST(PodTroubles, ForeignShapesAreReadAsWhatIsLeft) {
    for (const auto* text :
         {"{}", "[]", "{status: 3}", "{status: {containerStatuses: x}}",
          "{status: {containerStatuses: [1, {lastState: {terminated: {exitCode: no}}}]}}",
          "{status: {containerStatuses: [{state: []}]}}", "{status: {conditions: {a: b}}}"})
        EXPECT_EQ(troubles_of({yaml(text)}, {yaml(text)}).at(0).is, pod_trouble_kind::not_ready)
            << text;
}

TEST(PodTroubles, LastWordsAreShortAndOfOneLine) {
    const auto pod = value{
        {"status",
         {{"containerStatuses",
           value::list_type{value{
               {"name", "falco"},
               {"state", {{"terminated", {{"exitCode", 1}, {"message", std::string(5'000, 'x')}}}}}
           }}}}}
    };
    EXPECT_LT(troubles_of({pod}, {}).at(0).text.size(), 500u);
}

managed_resource_state fine() {
    return {.applied = true, .healthy = true};
}

TEST(Health, OfSeveralCausesTheFirstNamesTheReasonAndAllAreInTheMessage) {
    health_facts facts;
    facts.target     = fine();
    facts.left_out   = {"destination a is left out: x", "destination b is left out: y"};
    facts.over_quota = true;
    const auto is    = judge(facts).at(1);
    EXPECT_EQ(is.status, "False");
    EXPECT_EQ(is.reason, "DestinationLeftOut");
    EXPECT_THAT(is.message, HasSubstr("destination b"));
    EXPECT_THAT(is.message, HasSubstr("budget"));
    EXPECT_EQ(judge(facts).at(0).status, "True");
}

TEST(Health, WhatIsOnItsWayIsProgressingAndWhatIsRefusedIsFalse) {
    health_facts facts;
    EXPECT_EQ(judge(facts).at(0).status, "Progressing");
    facts.target = managed_resource_state{.progressing = true};
    EXPECT_EQ(judge(facts).at(0).status, "Progressing");
    facts.target = managed_resource_state{.reason = "ApplyFailed", .message = "no such kind"};
    EXPECT_EQ(judge(facts).at(0).reason, "DeliveryRefused");
    EXPECT_THAT(judge(facts).at(0).message, HasSubstr("no such kind"));
}

/// Nothing says how a cluster's events fare before there is a Falco.
TEST(Health, WhileNothingHasBeenDeliveredEventsAreNotWell) {
    health_facts facts;
    EXPECT_EQ(judge(facts).at(1).status, "Progressing");
    EXPECT_EQ(judge(facts).at(1).reason, "DeliveryProgressing");
    facts.trouble = "no rules of that version";
    EXPECT_EQ(judge(facts).at(1).status, "Unknown");
    facts.left_out = {"destination a is left out: x"};
    EXPECT_EQ(judge(facts).at(1).status, "False");
    EXPECT_EQ(judge(facts).at(1).reason, "DestinationLeftOut");
    facts        = {};
    facts.target = fine();
    EXPECT_EQ(judge(facts).at(1).status, "True") << "without anything beside the control plane";
    facts            = {};
    facts.hibernated = true;
    EXPECT_EQ(judge(facts).at(1).status, "True");
}

TEST(Health, FalseWinsOverProgressing) {
    health_facts facts;
    facts.trouble = "no rules of that version";
    facts.target  = managed_resource_state{.progressing = true};
    EXPECT_EQ(judge(facts).at(0).status, "False");
    EXPECT_EQ(judge(facts).at(0).reason, "ReconcileFailed");
}

constexpr utc_time noon{
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + std::chrono::hours(12)
};

TEST(Health, S3_1_TransitionTimesMoveWithTheStatusAlone) {
    const auto extension = yaml(
        "{metadata: {resourceVersion: '7'}, status: {conditions: [{type: SystemComponentsHealthy, "
        "status: 'True', reason: a, message: m, lastTransitionTime: '2026-01-01T00:00:00Z', "
        "lastUpdateTime: '2026-01-01T00:00:00Z'}]}}"
    );
    health_condition is{.type = std::string(system_condition), .reason = "b", .message = "m"};
    const auto       other_reason = conditions_patch(extension, {is}, noon);
    ASSERT_TRUE(other_reason);
    const auto& written = other_reason->find_path({"status", "conditions"})->items().at(0);
    EXPECT_EQ(written.text_at({"lastTransitionTime"}), "2026-01-01T00:00:00Z");
    EXPECT_EQ(written.text_at({"lastUpdateTime"}), "2026-11-24T12:00:00Z");
    EXPECT_EQ(other_reason->text_at({"metadata", "resourceVersion"}), "7");

    is.status            = "False";
    const auto other_one = conditions_patch(extension, {is}, noon);
    EXPECT_EQ(
        other_one->find_path({"status", "conditions"})
            ->items()
            .at(0)
            .text_at({"lastTransitionTime"}),
        "2026-11-24T12:00:00Z"
    );
}

TEST(Health, S3_1_WhatIsSaidAlreadyIsNotSaidAgain) {
    auto       extension = yaml("{metadata: {resourceVersion: '7'}}");
    const auto are       = judge({});
    extension["status"]  = *conditions_patch(extension, are, noon)->find("status");
    EXPECT_FALSE(conditions_patch(extension, are, noon + std::chrono::hours(1)));
}

}  // namespace
}  // namespace falconer::falco
