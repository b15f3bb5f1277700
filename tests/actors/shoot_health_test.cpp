// What gardenlet reads about a shoot's Falco in its Extension's conditions.
#include "support/seed_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::actors {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

const kube_type pods{.kind = "Pod", .plural = "pods"};
const kube_type resources = falco::managed_resources;

class ShootHealthTest : public test::seed_world {
protected:
    kube_key key{};

    void SetUp() override {
        seed_world::SetUp();
        key = add_shoot("a");
        start_controller();
        pass(15s);
        ASSERT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    }

    falco::health_condition condition(std::string_view type) {
        for (auto& each : falco::conditions_in(extension(key)))
            if (each.type == type) return each;
        return {};
    }
    falco::health_condition system() { return condition(falco::system_condition); }
    falco::health_condition observability() { return condition(falco::observability_condition); }

    /// The resource manager's word on what was delivered.
    void say_unhealthy(const std::string& name = "extension-shoot-falco-service-shoot") {
        auto resource = must(seed.get(resources, {"shoot--p--a", name}));
        auto status   = *resource.find("status");
        for (std::size_t i = 0; i < status["conditions"].items().size(); ++i) {
            auto& each = status["conditions"].item(i);
            if (each.text_at({"type"}) != "ResourcesHealthy") continue;
            each["status"]  = "False";
            each["reason"]  = "DaemonSetUnhealthy";
            each["message"] = "DaemonSet kube-system/falco is unhealthy";
        }
        must(seed.patch(
            resources, {"shoot--p--a", name}, sandbox::api_patch_kind::merge, {{"status", status}},
            {.part = kube_part::status}
        ));
    }
    void add_pod(const std::string& name, const std::string& app, const std::string& status) {
        value pod;
        pod["metadata"]["labels"]["app.kubernetes.io/name"] = app;
        must(shoot("shoot--p--a").create(pods, {"kube-system", name}, pod, {}));
        must(shoot("shoot--p--a")
                 .patch(
                     pods, {"kube-system", name}, sandbox::api_patch_kind::merge,
                     {{"status", testing::yaml(status)}}, {.part = kube_part::status}
                 ));
    }
    void forward(const shoot_message& what) {
        us->all.tell(cluster_identity{"shoot--p--a-uid-landscape"}, what);
        pass(15s);
    }
};

TEST_F(ShootHealthTest, S3_1_BothConditionsAreTrueWhenAllIsWell) {
    for (const auto& each : {system(), observability()}) {
        EXPECT_EQ(each.status, "True") << each.message;
        EXPECT_EQ(each.reason, "HealthCheckSuccessful");
    }
}

TEST_F(ShootHealthTest, S3_1_AFreshControllerWritesThemWithoutARequest) {
    stop_controller();
    change(extensions, key, "status: {conditions: null}");
    must(seed.patch(
        extensions, key, sandbox::api_patch_kind::merge, testing::yaml("status: {conditions: []}"),
        {.part = kube_part::status}
    ));
    const auto before = state(key);
    start_controller();
    pass(15s);
    EXPECT_EQ(system().status, "True");
    EXPECT_EQ(state(key), before);
}

TEST_F(ShootHealthTest, S3_1_NothingIsWrittenWhileNothingChanges) {
    const auto version = seed.version();
    pass(30min);
    EXPECT_EQ(seed.version(), version);
}

TEST_F(ShootHealthTest, S3_1_OthersConditionsStayAndAForeignWordOnOursIsCorrected) {
    must(seed.patch(
        extensions, key, sandbox::api_patch_kind::merge,
        testing::yaml("status: {conditions: [{type: ControlPlaneHealthy, status: 'False', reason: "
                      "Theirs, message: m}, {type: SystemComponentsHealthy, status: 'False', "
                      "reason: Wrong, message: m}]}"),
        {.part = kube_part::status}
    ));
    settle();
    pass(15s);
    EXPECT_EQ(system().status, "True");
    EXPECT_THAT(json_text(extension(key)), HasSubstr(R"("reason":"Theirs")"));
}

TEST_F(ShootHealthTest, AVersionThatHasToBeLeftIsSaidWhileAllIsWell) {
    const auto end_version = [&](const char* patch) {
        auto  profile = must(seed.get(profiles, {{}, "falco"}));
        auto& all     = profile["spec"]["versions"]["falco"];
        for (std::size_t i = 0; i < all.items().size(); ++i)
            if (patch == all.item(i).text_at({"version"}) || std::string_view(patch) == "all")
                all.item(i)["expirationDate"] = "2026-01-01T00:00:00Z";
        offer(profile);
        settle();
        pass(15s);
    };
    const auto runs =
        std::string(extension(key).text_at({"spec", "providerConfig", "falcoVersion"}));
    ASSERT_EQ(runs, "0.43.0");
    end_version("0.43.0");
    EXPECT_EQ(system().status, "True");
    EXPECT_EQ(
        system().message,
        "All health checks successful; version 0.43.0 expired at 2026-01-01T00:00:00Z; 0.42.1 is "
        "the newest supported version, and it moves there in its next maintenance window"
    );
    end_version("all");
    EXPECT_EQ(system().status, "True");
    EXPECT_THAT(system().message, HasSubstr("no supported version is left to move to"));
}

TEST_F(ShootHealthTest, S1_11_AHibernatedShootIsWell) {
    say_unhealthy();
    change(clusters, {{}, "shoot--p--a"}, "spec: {shoot: {spec: {hibernation: {enabled: true}}}}");
    pass(15s);
    EXPECT_EQ(system().status, "True");
    EXPECT_EQ(system().message, "Shoot is hibernated");
    change(clusters, {{}, "shoot--p--a"}, "spec: {shoot: {spec: {hibernation: {enabled: false}}}}");
    pass(15s);
    EXPECT_EQ(system().status, "False") << "awake, and not well";
}

TEST_F(ShootHealthTest, S3_1_NobodyWritesConditionsOfWhatIsBeingTakenAway) {
    manager_works = false;
    must(seed.remove(extensions, key, {}));
    settle();
    say_unhealthy();
    pass(1min);
    EXPECT_EQ(system().status, "True");
}

TEST_F(ShootHealthTest, S1_4_BeforeTheStateHasComeNothingIsWritten) {
    const auto other = add_shoot("b");
    change(
        extensions, other, "metadata: {annotations: {gardener.cloud/operation: wait-for-state}}"
    );
    const auto version = seed.version();
    pass(1min);
    EXPECT_EQ(seed.version(), version);
}

TEST_F(ShootHealthTest, RulesOfTheUsersThatFalcoRefusesAreTheUsersToMend) {
    add_pod("falco-1", "falco", R"(
containerStatuses:
- name: falco
  state: {waiting: {reason: CrashLoopBackOff}}
  lastState:
    terminated:
      exitCode: 1
      message: |
        Wed Nov 24 10:00:00 2026: Loading rules from:
        Error: /etc/falco/rules.d/mine.yaml: Invalid
        1 Errors:
        In rules content: (/etc/falco/rules.d/mine.yaml:0:0)
        LOAD_ERR_VALIDATE (Error validating rule/macro/list/exception object): Undefined macro 'x'
)");
    say_unhealthy();
    pass(15s);
    const auto is = system();
    EXPECT_EQ(is.status, "False");
    EXPECT_EQ(is.reason, "RulesRefused");
    EXPECT_THAT(is.message, HasSubstr("mine.yaml: LOAD_ERR_VALIDATE"));
    EXPECT_THAT(is.codes, ElementsAre("ERR_CONFIGURATION_PROBLEM"));
    EXPECT_EQ(observability().status, "True") << observability().message;
}

TEST_F(ShootHealthTest, FalcosidekicksTroubleIsObservabilitys) {
    add_pod("falcosidekick-1", "falcosidekick", R"(
containerStatuses:
- {name: falcosidekick, image: "x/falcosidekick:1", state: {waiting: {reason: ImagePullBackOff, message: not found}}}
)");
    say_unhealthy();
    pass(15s);
    EXPECT_EQ(system().status, "True") << system().message;
    EXPECT_EQ(observability().reason, "ImageNotPulled");
    EXPECT_THAT(observability().codes, IsEmpty());
}

TEST_F(ShootHealthTest, ItIsLookedAtAgainUntilItIsWell) {
    add_pod("falco-1", "falco", "{containerStatuses: [{name: falco, ready: false}]}");
    say_unhealthy();
    pass(15s);
    EXPECT_EQ(system().reason, "PodsNotReady");
    must(shoot("shoot--p--a")
             .patch(
                 pods, {"kube-system", "falco-1"}, sandbox::api_patch_kind::merge,
                 testing::yaml(
                     "status: {containerStatuses: [{name: falco, state: {terminated: {exitCode: 3, "
                     "message: 'cannot open the probe'}}}]}"
                 ),
                 {.part = kube_part::status}
             ));
    pass(45s);  // nothing on the seed has changed
    EXPECT_EQ(system().reason, "PodsCrash");
    EXPECT_THAT(system().message, HasSubstr("cannot open the probe"));
}

TEST_F(ShootHealthTest, AnApiOfTheShootThatIsAwayIsSaid) {
    asleep.insert("shoot--p--a");
    say_unhealthy();
    pass(15s);
    EXPECT_EQ(system().status, "False");
    EXPECT_EQ(system().reason, "DeliveryUnhealthy");
    EXPECT_THAT(system().message, HasSubstr("could not be seen"));
}

TEST_F(ShootHealthTest, WhatTheIngestorSaysIsTold) {
    forward(quota_changed{true});
    EXPECT_EQ(observability().reason, "EventQuotaExceeded");
    forward(quota_changed{false});
    EXPECT_EQ(observability().status, "True");
    forward(heartbeat_changed{time.utc() - 3h});
    EXPECT_EQ(observability().reason, "HeartbeatSilent");
    forward(heartbeat_changed{});
    EXPECT_EQ(observability().status, "True");
    using enum sight_reason;
    const auto seen = [&](sight_reason why) {
        forward(sight_changed{static_cast<std::uint64_t>(why), time.utc() - 1h});
        return observability().reason;
    };
    EXPECT_EQ(seen(tokens_refused), "TokensRefused");
    EXPECT_EQ(seen(falco_drops), "FalcoDropsEvents");
    EXPECT_EQ(seen(events_silent), "EventsSilent");
    EXPECT_THAT(observability().message, HasSubstr("since "));
    forward(sight_changed{});
    EXPECT_EQ(observability().status, "True");
    forward(sight_changed{999, time.utc()});
    EXPECT_EQ(observability().status, "True") << "of a newer ingestor";
}

TEST_F(ShootHealthTest, AMistakeOfTheUsersIsInTheConditionToo) {
    change(extensions, key, "spec: {providerConfig: {falcoVersoin: 1}}");
    ask(key, "reconcile");
    pass(15s);
    EXPECT_EQ(system().reason, "ConfigurationProblem");
    EXPECT_THAT(system().codes, ElementsAre("ERR_CONFIGURATION_PROBLEM"));
    change(extensions, key, "spec: {providerConfig: {falcoVersoin: null}}");
    ask(key, "reconcile");
    pass(15s);
    EXPECT_EQ(system().status, "True") << system().message;
}

}  // namespace
}  // namespace falconer::actors
