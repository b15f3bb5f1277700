// Custom rules on their way to a node: only what Falco accepts gets there.
#include "support/seed_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::actors {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const kube_key  falco_set{"kube-system", "falco"};
const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};

/// A shoot with custom rules from the garden; what is delivered of them, and what is said of it.
class ShootRulesTest : public test::seed_world {
protected:
    const kube_key copy{"shoot--p--a", "ref-rules"};
    kube_key       key{};

    void begin_with(
        const std::string& text,
        const std::string& asked = "{standard: [falco-rules], custom: [{resourceName: mine}]}"
    ) {
        start_controller();
        change(profiles, {{}, "falco"}, "{}");
        key = add_shoot(
            "a",
            "{apiVersion: falco.extensions.gardener.cloud/v1alpha1, kind: FalcoServiceConfig, "
            "rules: " +
                asked + '}'
        );
        must(seed.create(config_maps, copy, value{{"data", {{"my.yaml", text}}}}, {}));
        change(
            clusters, {{}, "shoot--p--a"},
            "spec: {shoot: {spec: {resources: [{name: mine, resourceRef: {apiVersion: v1, kind: "
            "ConfigMap, name: rules}}]}}}"
        );
        settle();
        ask(key, "reconcile");
        pass(30s);
    }
    void change_to(const std::string& text) {
        must(seed.patch(
            config_maps, copy, sandbox::api_patch_kind::merge, value{{"data", {{"my.yaml", text}}}},
            {}
        ));
        ask(key, "reconcile");
        pass(30s);
    }
    std::string delivered() {
        const auto is =
            shoot("shoot--p--a").get(config_maps, {"kube-system", "falco-custom-rules"});
        return is ? std::string(is->text_at({"data", "my.yaml"})) : "nothing";
    }
    /// Another change comes through, and the good rules with it.
    void expect_that_the_rest_goes_on(const std::string& with) {
        change(extensions, key, "spec: {providerConfig: {heartbeatEvent: false}}");
        ask(key, "reconcile");
        pass(30s);
        EXPECT_FALSE(
            is_there(shoot("shoot--p--a"), config_maps, {"kube-system", "falco-heartbeat-rule"})
        );
        EXPECT_EQ(delivered(), with);
    }
    falco::health_condition condition() {
        for (auto& each : falco::conditions_in(extension(key)))
            if (each.type == falco::system_condition) return each;
        return {};
    }
};

constexpr auto good_rules = "- {list: mine, items: [a]}\n";
constexpr auto broken_rules =
    "- {list: mine, items: [a]}\n- macro: m\n  condition: proc.nmae = a or\n";

TEST_F(ShootRulesTest, BrokenRulesNeverReachANodeAndTheLastGoodOnesStay) {
    begin_with(good_rules);
    ASSERT_EQ(delivered(), good_rules);
    EXPECT_EQ(condition().status, "True") << condition().message;

    change_to(broken_rules);
    EXPECT_EQ(delivered(), good_rules);
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_EQ(condition().status, "False");
    EXPECT_EQ(condition().reason, "CustomRulesInvalid");
    EXPECT_THAT(condition().codes, Contains("ERR_CONFIGURATION_PROBLEM"));
    EXPECT_THAT(condition().message, HasSubstr("ConfigMap ref-rules: my.yaml:3:"));

    const auto version = seed.version();
    pass(10min);
    EXPECT_EQ(seed.version(), version) << "nothing changes, so nothing is written";

    expect_that_the_rest_goes_on(good_rules);

    change_to("- {list: mine, items: [a, b]}\n");
    EXPECT_EQ(delivered(), "- {list: mine, items: [a, b]}\n");
    EXPECT_EQ(condition().status, "True") << condition().message;
}

TEST_F(ShootRulesTest, AFileThatIsNotEvenYamlStopsNothingElse) {
    begin_with(good_rules);
    change_to("- {list: mine,\n");
    EXPECT_EQ(delivered(), good_rules);
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_EQ(condition().reason, "CustomRulesInvalid");
    EXPECT_THAT(condition().codes, Contains("ERR_CONFIGURATION_PROBLEM"));
    EXPECT_THAT(
        condition().message, HasSubstr("ConfigMap ref-rules: rule file my.yaml: line 2: not YAML")
    );
    expect_that_the_rest_goes_on(good_rules);
}

TEST_F(ShootRulesTest, WithoutGoodOnesNothingOfBrokenRulesIsDelivered) {
    begin_with(broken_rules);
    EXPECT_TRUE(is_there(shoot("shoot--p--a"), daemon_sets, falco_set));
    EXPECT_EQ(delivered(), "nothing");
    EXPECT_EQ(condition().reason, "CustomRulesInvalid") << json_text(extension(key));
}

/// Falco ends right after it starts where it is told to load nothing.
class LonelyRulesTest : public ShootRulesTest {
protected:
    static constexpr auto only_custom = "{custom: [{resourceName: mine}]}";
    static constexpr auto one_rule =
        "- {rule: mine, desc: d, condition: evt.type = open, output: o, priority: NOTICE}\n";

    void expect_an_error_of_the_user(const std::string& naming) {
        const auto is = extension(key);
        EXPECT_EQ(is.text_at({"status", "lastOperation", "state"}), "Error") << json_text(is);
        EXPECT_THAT(is.text_at({"status", "lastError", "description"}), HasSubstr(naming));
        ASSERT_NE(is.find_path({"status", "lastError", "codes"}), nullptr) << json_text(is);
        EXPECT_THAT(
            json_text(*is.find_path({"status", "lastError", "codes"})),
            HasSubstr("ERR_CONFIGURATION_PROBLEM")
        );
    }
};

TEST_F(LonelyRulesTest, WhatIsNoYamlIsNotReplacedByNoRulesAtAll) {
    begin_with("{: [", only_custom);
    expect_an_error_of_the_user("ConfigMap ref-rules: rule file my.yaml: line 1");
    EXPECT_FALSE(is_there(shoot("shoot--p--a"), daemon_sets, falco_set));
    change_to(one_rule);
    EXPECT_EQ(delivered(), one_rule);
}

TEST_F(LonelyRulesTest, WhatFalcoRefusesIsNotReplacedByNoRulesAtAll) {
    begin_with(broken_rules, only_custom);
    expect_an_error_of_the_user("ConfigMap ref-rules: my.yaml:3:");
    EXPECT_FALSE(is_there(shoot("shoot--p--a"), daemon_sets, falco_set));
}

TEST_F(LonelyRulesTest, FilesThatHoldNothingAreNoRules) {
    for (const auto* blank : {"", "# later\n", "---\n---\n", "[]\n"}) {
        SCOPED_TRACE(blank);
        if (key.name.empty())
            begin_with(blank, only_custom);
        else
            change_to(blank);
        expect_an_error_of_the_user(
            "ConfigMap ref-rules: rule file my.yaml: holds no rule, macro or list"
        );
        EXPECT_FALSE(is_there(shoot("shoot--p--a"), daemon_sets, falco_set));
    }
}

TEST_F(LonelyRulesTest, WhatIsDeliveredStays) {
    begin_with(one_rule, only_custom);
    ASSERT_EQ(delivered(), one_rule);
    for (const auto* bad : {"{: [", broken_rules, ""}) {
        change_to(bad);
        EXPECT_EQ(delivered(), one_rule) << bad;
        EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
        EXPECT_EQ(condition().reason, "CustomRulesInvalid") << bad;
        EXPECT_THAT(condition().message, HasSubstr("ConfigMap ref-rules: ")) << bad;
    }
    change_to(broken_rules);
    expect_that_the_rest_goes_on(one_rule);
    change_to(one_rule);
    EXPECT_EQ(condition().status, "True") << condition().message;
}

}  // namespace
}  // namespace falconer::actors
