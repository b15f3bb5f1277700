// What the landscape does to shoots whose owners have done nothing: versions and destinations that
// go, a garden that is away, neighbours whose clusters do not answer.
#include "support/seed_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::actors {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

const kube_key falco_set{"kube-system", "falco"};
const kube_key falco_resource{"shoot--p--a", "extension-shoot-falco-service-shoot"};

class LandscapeTest : public test::seed_world {
protected:
    std::string error_of(const kube_key& key) {
        return std::string(extension(key).text_at({"status", "lastError", "description"}));
    }
    bool has_codes(const kube_key& key) {
        return extension(key).find_path({"status", "lastError", "codes"}) != nullptr;
    }
    falco::health_condition condition(const kube_key& key, std::string_view type) {
        for (auto& each : falco::conditions_in(extension(key)))
            if (each.type == type) return each;
        return {};
    }
    /// The example's profile without one version.
    void withdraw(const std::string& version) {
        auto  profile = test::example("profile.yaml");
        auto& list    = profile["spec"]["versions"]["falco"];
        auto  kept    = value::list();
        for (const auto& each : list.items())
            if (each.text_at({"version"}) != version) kept.push_back(each);
        list = std::move(kept);
        offer(profile);
        settle();
    }
};

TEST_F(LandscapeTest, AVersionThatIsWithdrawnIsNoMistakeOfTheUsers) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    const auto before = must(shoot("shoot--p--a").get(daemon_sets, falco_set));
    withdraw("0.43.0");
    ask(key, "reconcile");
    settle();
    EXPECT_EQ(state(key), "Reconcile Error");
    EXPECT_THAT(error_of(key), HasSubstr("spec.providerConfig.falcoVersion: no profile offers"));
    EXPECT_FALSE(has_codes(key)) << "with one the whole shoot would fail at once";
    EXPECT_EQ(must(shoot("shoot--p--a").get(daemon_sets, falco_set)), before);

    offer(test::example("profile.yaml"));
    settle();
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
}

TEST_F(LandscapeTest, ADestinationThatIsNoLongerOfferedIsNoMistakeOfTheUsers) {
    start_controller();
    const auto key = add_shoot(
        "a",
        "{apiVersion: falco.extensions.gardener.cloud/v1alpha1, kind: FalcoServiceConfig, "
        "destinations: [{name: central}]}"
    );
    settle();
    EXPECT_THAT(error_of(key), HasSubstr("central is not offered in this landscape"));
    EXPECT_FALSE(has_codes(key));
}

TEST_F(LandscapeTest, AGlobalDefaultThatHasGoneIsLeftOutAndTold) {
    start_controller();
    const auto key = add_shoot(
        "a",
        "{apiVersion: falco.extensions.gardener.cloud/v1alpha1, kind: FalcoServiceConfig, "
        "destinations: [{name: stdout}, {name: landscape-logs}]}"
    );
    settle();
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    pass(15s);
    const auto is = condition(key, falco::observability_condition);
    EXPECT_EQ(is.reason, "DestinationLeftOut");
    EXPECT_THAT(is.message, HasSubstr("landscape-logs"));
}

TEST_F(LandscapeTest, AForcedMoveThatIsDueIsToldWhileAllIsWell) {
    start_controller();
    const auto key = add_shoot("a");
    pass(15s);
    EXPECT_EQ(condition(key, falco::system_condition).message, "All health checks successful");
    auto profile = test::example("profile.yaml");
    for (std::size_t i = 0; i < profile["spec"]["versions"]["falco"].items().size(); ++i) {
        auto& each = profile["spec"]["versions"]["falco"].item(i);
        if (each.text_at({"version"}) == "0.43.0") each["expirationDate"] = "1970-01-01T00:00:00Z";
        if (each.text_at({"version"}) == "0.44.1") each["classification"] = "supported";
    }
    offer(profile);
    pass(15s);
    const auto is = condition(key, falco::system_condition);
    EXPECT_EQ(is.status, "True") << is.message;
    EXPECT_THAT(is.message, HasSubstr("moves there in its next maintenance window"));
}

TEST_F(LandscapeTest, ProfilesThatContradictGiveOneVerdictInWhateverOrderTheyCome) {
    start_controller();
    const auto key = add_shoot("a");
    pass(15s);
    const auto well = condition(key, falco::system_condition).message;
    EXPECT_EQ(well, "All health checks successful");
    const auto before = must(shoot("shoot--p--a").get(daemon_sets, falco_set));

    // "falco" says that 0.43.0 is supported for ever, this one that it has ended.
    auto strict                = test::example("profile.yaml");
    strict["metadata"]["name"] = "a-strict";
    for (std::size_t i = 0; i < strict["spec"]["versions"]["falco"].items().size(); ++i) {
        auto& each = strict["spec"]["versions"]["falco"].item(i);
        if (each.text_at({"version"}) != "0.43.0") continue;
        each["classification"] = "deprecated";
        each["expirationDate"] = "1970-01-01T00:00:00Z";
    }
    must(seed.create(profiles, {{}, "a-strict"}, strict, {}));
    pass(15s);
    const auto said = condition(key, falco::system_condition).message;
    EXPECT_THAT(
        said, HasSubstr("version 0.43.0 expired at 1970-01-01T00:00:00Z (FalcoProfiles "
                        "disagree; a-strict: 1970-01-01T00:00:00Z, falco: never)")
    );
    EXPECT_TRUE(gardenlet_is_content(key)) << "it is no mistake of its owner's";

    must(seed.remove(profiles, {{}, "a-strict"}, {}));
    pass(15s);
    EXPECT_EQ(condition(key, falco::system_condition).message, well);

    must(seed.remove(profiles, {{}, "falco"}, {}));
    must(seed.create(profiles, {{}, "a-strict"}, strict, {}));
    pass(15s);
    must(seed.create(profiles, {{}, "falco"}, test::example("profile.yaml"), {}));
    pass(15s);
    EXPECT_EQ(condition(key, falco::system_condition).message, said);
    ask(key, "reconcile");
    settle();
    pass(15s);
    EXPECT_EQ(condition(key, falco::system_condition).message, said);
    EXPECT_EQ(must(shoot("shoot--p--a").get(daemon_sets, falco_set)), before);
    const auto is = extension(key);
    pass(1min);
    EXPECT_EQ(extension(key), is) << "nobody changes their mind";
}

TEST_F(LandscapeTest, WithoutAGardenTheCauseIsToldUntilItIsThere) {
    bool away = true;
    us        = std::make_unique<controller>(*this);
    us->api.decide([&](const std::string& call) {
        return away && call == "follow FalcoProfile" ? sandbox::call_fate::fails
                                                     : sandbox::call_fate::goes_well;
    });
    const auto key = add_shoot("a");
    pass(1min);
    EXPECT_EQ(state(key), "Create Error");
    EXPECT_THAT(error_of(key), HasSubstr("the garden has not been reached"));
    EXPECT_FALSE(has_codes(key));
    away = false;
    pass(15s);
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
}

TEST_F(LandscapeTest, S7_2_WhatIsReferredToIsListedForAMigration) {
    start_controller();
    const auto key = add_shoot(
        "a",
        "{apiVersion: falco.extensions.gardener.cloud/v1alpha1, kind: FalcoServiceConfig, "
        "rules: {standard: [falco-rules], custom: [{resourceName: mine}]}, "
        "destinations: [{name: stdout}]}"
    );
    change(
        clusters, {{}, "shoot--p--a"},
        "spec: {shoot: {spec: {resources: [{name: mine, resourceRef: {apiVersion: v1, kind: "
        "ConfigMap, name: rules}}]}}}"
    );
    must(seed.create(
        {.kind = "ConfigMap", .plural = "configmaps"}, {"shoot--p--a", "ref-rules"},
        testing::yaml("data: {my.yaml: '- rule: y'}"), {}
    ));
    settle();
    pass(5s);
    ASSERT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_EQ(
        *extension(key).find_path({"status", "resources"}),
        testing::yaml("[{name: mine, resourceRef: {apiVersion: v1, kind: ConfigMap, name: "
                      "ref-rules}}]")
    );
    change(
        extensions, key, "spec: {providerConfig: {rules: {custom: null, standard: [falco-rules]}}}"
    );
    ask(key, "reconcile");
    settle();
    EXPECT_EQ(extension(key).find_path({"status", "resources"}), nullptr);
}

/// More neighbours than there are places for rounds, none of whose clusters answers.
TEST_F(LandscapeTest, ClustersThatDoNotAnswerDelayNobody) {
    start_controller();
    for (int i = 0; i < 40; ++i) {
        const auto name = "mute" + std::to_string(i);
        add_shoot(name);
        mute.insert("shoot--p--" + name);
    }
    settle();
    manager_works = false;
    for (const auto& space : mute) {
        const kube_key of{space, falco_resource.name};
        auto           status = *must(seed.get(falco::managed_resources, of)).find("status");
        for (std::size_t i = 0; i < status["conditions"].items().size(); ++i)
            if (status["conditions"].item(i).text_at({"type"}) == "ResourcesHealthy")
                status["conditions"].item(i)["status"] = "False";
        must(seed.patch(
            falco::managed_resources, of, sandbox::api_patch_kind::merge, {{"status", status}},
            {.part = kube_part::status}
        ));
    }
    pass(12s);  // now all of them are being looked at
    const auto key = add_shoot("well");
    settle();
    EXPECT_EQ(state(key), "Create Succeeded") << "without a moment's passing";
    pass(20s);
    const auto is = condition({"shoot--p--mute7", key.name}, falco::system_condition);
    EXPECT_THAT(is.message, HasSubstr("does not answer"));
}

}  // namespace
}  // namespace falconer::actors
