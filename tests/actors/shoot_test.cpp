// A shoot's whole life, as gardenlet drives it.
#include "falconer/base64.hpp"
#include "support/seed_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::actors {
namespace {

using falco::managed_resources;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

const kube_key  falco_set{"kube-system", "falco"};
const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};

class ShootTest : public test::seed_world {};

TEST_F(ShootTest, S1_7_IsDeliveredAndGardenletIsContent) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    EXPECT_EQ(state(key), "Create Succeeded") << json_text(extension(key));
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_TRUE(is_there(shoot("shoot--p--a"), daemon_sets, falco_set));
    EXPECT_THAT(
        names(secrets, "shoot--p--a"),
        Contains("gardener-extension-shoot-falco-service-certificates")
    );
    const auto resource =
        must(seed.get(managed_resources, {"shoot--p--a", "extension-shoot-falco-service-shoot"}));
    EXPECT_TRUE(falco::state_of(resource).healthy) << json_text(resource);
}

TEST_F(ShootTest, S1_8_AResyncThatFindsNothingToDoWritesNothing) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    ASSERT_TRUE(gardenlet_is_content(key));
    pass(1min);  // until its health is told
    const auto version = seed.version();
    pass(3h);
    EXPECT_EQ(seed.version(), version);
    us->all.each([](const shoot_actor& each) { EXPECT_GE(each.counts().rounds, 3u); });
}

TEST_F(ShootTest, S1_8_AWallClockThatIsSetBackKeepsNobodyWaiting) {
    start_controller();
    add_shoot("a");
    settle();
    pass(10min);
    const auto rounds = [&] {
        std::uint64_t all = 0;
        us->all.each([&](const shoot_actor& each) { all += each.counts().rounds; });
        return all;
    };
    const auto before = rounds();
    time.step_wall_clock(-50min);
    pass(70min);
    EXPECT_GT(rounds(), before) << "an hour after the last one, by whichever clock";
}

TEST_F(ShootTest, S1_7_ARequestIsAnsweredEvenIfNothingChanges) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    const auto resources = names(managed_resources, "shoot--p--a");
    pass(10s);
    ask(key, "reconcile");
    settle();
    EXPECT_EQ(state(key), "Reconcile Succeeded");
    EXPECT_TRUE(gardenlet_is_content(key));
    EXPECT_EQ(names(managed_resources, "shoot--p--a"), resources);
}

TEST_F(ShootTest, S1_7_AClockThatIsFarAheadIsNamedInLastErrorUntilOursAgrees) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    value patch;
    patch["metadata"]["annotations"] = {
        {"gardener.cloud/operation", "reconcile"},
        {"gardener.cloud/timestamp", text_of(event_time_of(time.utc() + 25min))}
    };
    must(seed.patch(extensions, key, sandbox::api_patch_kind::merge, patch, {}));
    settle();
    EXPECT_EQ(state(key), "Reconcile Error");
    EXPECT_THAT(
        std::string(extension(key).text_at({"status", "lastError", "description"})),
        HasSubstr("one of the two clocks is wrong")
    );
    EXPECT_EQ(extension(key).find_path({"status", "lastError", "codes"}), nullptr);
    EXPECT_TRUE(is_there(shoot("shoot--p--a"), daemon_sets, falco_set)) << "the work is done";
    pass(40min);
    EXPECT_EQ(state(key), "Reconcile Succeeded");
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
}

TEST_F(ShootTest, S1_3_AGenerationAloneIsNoRequest) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    change(extensions, key, "spec: {providerConfig: {falcoVersion: 0.42.1}}");
    settle();
    EXPECT_EQ(state(key), "Create Succeeded");
    EXPECT_FALSE(gardenlet_is_content(key)) << "it has not asked yet";
    ask(key, "reconcile");
    settle();
    EXPECT_TRUE(gardenlet_is_content(key));
    const auto falco = must(shoot("shoot--p--a").get(daemon_sets, falco_set));
    EXPECT_THAT(json_text(falco), HasSubstr("falco:0.42.1"));
}

TEST_F(ShootTest, S1_3_RoundsOfOurOwnKeepToWhatWasAskedFor) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    change(extensions, key, "spec: {providerConfig: {falcoVersion: 0.42.1}}");
    change(clusters, {{}, "shoot--p--a"}, "spec: {seed: {spec: {ingress: {domain: other.io}}}}");
    pass(2h);
    auto profile = test::example("profile.yaml");
    for (std::size_t i = 0; i < profile["spec"]["images"]["falco"].items().size(); ++i)
        profile["spec"]["images"]["falco"].item(i)["repository"] = "mirror.example.com/falco";
    offer(profile);
    settle();
    const auto falco = [&] {
        return json_text(must(shoot("shoot--p--a").get(daemon_sets, falco_set)));
    };
    EXPECT_THAT(falco(), HasSubstr("mirror.example.com/falco:0.43.0"));
    EXPECT_EQ(state(key), "Create Succeeded");
    EXPECT_FALSE(gardenlet_is_content(key)) << "it has not asked yet";

    stop_controller();  // and with it goes what was asked for
    start_controller();
    pass(2h);
    EXPECT_THAT(falco(), HasSubstr("mirror.example.com/falco:0.43.0"));
    EXPECT_EQ(state(key), "Create Succeeded");
    ask(key, "reconcile");
    settle();
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_THAT(falco(), HasSubstr("mirror.example.com/falco:0.42.1"));
}

TEST_F(ShootTest, S1_3_AClusterAloneIsNoRequest) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    std::uint64_t before = 0, after = 0;
    us->all.each([&](const shoot_actor& each) { before += each.counts().rounds; });
    change(clusters, {{}, "shoot--p--a"}, "spec: {seed: {spec: {ingress: {domain: other.io}}}}");
    pass(1min);
    us->all.each([&](const shoot_actor& each) { after += each.counts().rounds; });
    EXPECT_EQ(after, before);
    EXPECT_TRUE(gardenlet_is_content(key));
}

TEST_F(ShootTest, S1_4_ALateRequestDoesNotGetLostBesideAnEarlierOne) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    // Asked again in the middle of the round: between its reading and its writing.
    int asked = 0;
    us->api.decide([&](const std::string& call) {
        if (call.starts_with("patch Extension") && asked++ == 0) {
            change(extensions, key, "spec: {providerConfig: {falcoVersion: 0.42.1}}");
            ask(key, "reconcile");
        }
        return sandbox::call_fate::goes_well;
    });
    ask(key, "reconcile");
    settle();
    pass(10s);
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_THAT(
        json_text(must(shoot("shoot--p--a").get(daemon_sets, falco_set))), HasSubstr("falco:0.42.1")
    );
}

TEST_F(ShootTest, S1_6_AUsersMistakeIsToldWithItsCodeAndNobodyElseSuffers) {
    start_controller();
    const auto bad = add_shoot(
        "bad",
        "{apiVersion: falco.extensions.gardener.cloud/v1alpha1, "
        "kind: FalcoServiceConfig, falcoVersoin: 1}"
    );
    const auto good = add_shoot("good");
    settle();
    EXPECT_TRUE(gardenlet_is_content(good));
    EXPECT_EQ(state(bad), "Create Error");
    const auto is = extension(bad);
    EXPECT_THAT(
        std::string(is.text_at({"status", "lastError", "description"})),
        HasSubstr("spec.providerConfig.falcoVersoin: unknown")
    );
    EXPECT_EQ(
        *is.find_path({"status", "lastError", "codes"}),
        testing::yaml("[ERR_CONFIGURATION_PROBLEM]")
    );
    pass(1min);
    const auto version = seed.version();
    pass(10min);
    EXPECT_EQ(seed.version(), version) << "the same error again is no news";

    change(extensions, bad, "spec: {providerConfig: {falcoVersoin: null}}");
    ask(bad, "reconcile");
    settle();
    EXPECT_TRUE(gardenlet_is_content(bad)) << json_text(extension(bad));
}

TEST_F(ShootTest, S1_6_ARequestThatFailsAsTheOneBeforeIsAnsweredAllTheSame) {
    start_controller();
    const auto bad = add_shoot(
        "bad",
        "{apiVersion: falco.extensions.gardener.cloud/v1alpha1, "
        "kind: FalcoServiceConfig, falcoVersoin: 1}"
    );
    settle();
    const std::string first(extension(bad).text_at({"status", "lastOperation", "lastUpdateTime"}));
    pass(5s);
    ask(bad, "reconcile");
    settle();
    EXPECT_EQ(state(bad), "Create Error");
    EXPECT_NE(extension(bad).text_at({"status", "lastOperation", "lastUpdateTime"}), first);
}

TEST_F(ShootTest, S1_6_WhatNobodyAskedForFailsInTheConditionsOnly) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    pass(1min);
    must(seed.remove(clusters, {{}, "shoot--p--a"}, {}));
    pass(2h);
    EXPECT_EQ(state(key), "Create Succeeded");
    EXPECT_EQ(extension(key).find_path({"status", "lastError"}), nullptr);
    EXPECT_THAT(
        json_text(*extension(key).find_path({"status", "conditions"})),
        HasSubstr("there is no Cluster shoot--p--a (yet)")
    );
}

/// Two watches tell in no order: the Extension may be heard of before its Cluster.
TEST_F(ShootTest, S1_6_AMistakeIsProvenAgainstTheNewestCluster) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    const auto old = us->facts.clusters.at("shoot--p--a");
    must(seed.create(
        config_maps, {"shoot--p--a", "ref-rules"},
        testing::yaml("data: {my.yaml: '- {list: y, items: [y]}'}"), {}
    ));
    change(
        clusters, {{}, "shoot--p--a"},
        "spec: {shoot: {spec: {resources: [{name: mine, resourceRef: {apiVersion: v1, kind: "
        "ConfigMap, name: rules}}]}}}"
    );
    settle();
    us->facts.clusters["shoot--p--a"] = old;
    bool erred                        = false;
    us->api.decide([&](const std::string&) {
        erred = erred || state(key) == "Reconcile Error";
        return sandbox::call_fate::goes_well;
    });
    change(
        extensions, key,
        "spec: {providerConfig: {rules: {standard: [falco-rules], custom: [{resourceName: mine}]}}}"
    );
    ask(key, "reconcile");
    pass(30s);
    EXPECT_FALSE(erred) << "with its code the whole shoot would have failed";
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
}

TEST_F(ShootTest, S1_8_TriesOfOurOwnThatFailAlikeWriteNothing) {
    rules = std::make_shared<falco::rule_catalogue>();
    start_controller();
    const auto key = add_shoot("a");
    settle();
    EXPECT_EQ(state(key), "Create Error");
    pass(30s);
    const auto version = seed.version();
    pass(10min);
    EXPECT_EQ(seed.version(), version);
    EXPECT_EQ(state(key), "Create Error");
}

TEST_F(ShootTest, AMissingReferenceIsNamedAndTriedAgain) {
    start_controller();
    change(profiles, {{}, "falco"}, "{}");
    const auto key = add_shoot(
        "a",
        "{apiVersion: falco.extensions.gardener.cloud/v1alpha1, kind: FalcoServiceConfig, "
        "rules: {standard: [falco-rules], custom: [{resourceName: mine}]}}"
    );
    change(
        clusters, {{}, "shoot--p--a"},
        "spec: {shoot: {spec: {resources: [{name: mine, resourceRef: {apiVersion: v1, kind: "
        "ConfigMap, name: rules}}]}}}"
    );
    settle();
    pass(5s);
    EXPECT_EQ(state(key), "Create Error");
    EXPECT_THAT(
        std::string(extension(key).text_at({"status", "lastError", "description"})),
        HasSubstr("ref-rules")
    );
    must(seed.create(
        config_maps, {"shoot--p--a", "ref-rules"},
        testing::yaml("data: {my.yaml: '- {list: y, items: [y]}'}"), {}
    ));
    pass(15min);
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_TRUE(is_there(shoot("shoot--p--a"), config_maps, {"kube-system", "falco-custom-rules"}));
}

TEST_F(ShootTest, S2_1_WhatSomebodyTakesAwayIsDeliveredAnewAtOnce) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    const kube_key target{"shoot--p--a", "extension-shoot-falco-service-shoot"};
    ASSERT_TRUE(is_there(seed, managed_resources, target));
    must(seed.remove(managed_resources, target, {}));
    pass(2s);
    EXPECT_TRUE(is_there(seed, managed_resources, target));
    EXPECT_TRUE(is_there(shoot("shoot--p--a"), daemon_sets, falco_set));
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
}

TEST_F(ShootTest, S2_1_WhatIsBeingTakenAwayIsNotTakenForDelivered) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    const kube_key target{"shoot--p--a", "extension-shoot-falco-service-shoot"};
    change(managed_resources, target, "metadata: {finalizers: [example.com/holds-it]}");
    must(seed.remove(managed_resources, target, {}));
    settle();
    ask(key, "reconcile");
    pass(30s);
    EXPECT_EQ(state(key), "Reconcile Error");
    EXPECT_THAT(
        std::string(extension(key).text_at({"status", "lastError", "description"})),
        HasSubstr("is being deleted; it is made anew afterwards")
    );
    change(managed_resources, target, "metadata: {finalizers: null}");
    pass(2s);
    EXPECT_TRUE(is_there(seed, managed_resources, target));
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
}

TEST_F(ShootTest, AClusterThatStaysAwayIsTold) {
    start_controller();
    const auto key     = add_shoot("a");
    const auto cluster = must(seed.get(clusters, {{}, "shoot--p--a"}));
    must(seed.remove(clusters, {{}, "shoot--p--a"}, {}));
    settle();
    ask(key, "reconcile");
    pass(2min);
    EXPECT_THAT(
        std::string(extension(key).text_at({"status", "lastError", "description"})),
        HasSubstr("there is no Cluster shoot--p--a (yet)")
    );
    EXPECT_THAT(
        json_text(*extension(key).find_path({"status", "conditions"})),
        HasSubstr("there is no Cluster")
    );
    auto again = cluster;
    again.find("metadata")->erase("resourceVersion");
    again.find("metadata")->erase("uid");
    must(seed.create(clusters, {{}, "shoot--p--a"}, again, {}));
    pass(2min);
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
}

TEST_F(ShootTest, S1_9_DeletionTakesEverythingAway) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    ASSERT_TRUE(gardenlet_is_content(key));
    must(seed.remove(extensions, key, {}));
    settle();
    pass(30s);
    EXPECT_EQ(state(key), "gone");
    EXPECT_THAT(names(managed_resources, "shoot--p--a"), IsEmpty());
    EXPECT_THAT(names(secrets, "shoot--p--a"), IsEmpty());
    EXPECT_FALSE(is_there(shoot("shoot--p--a"), daemon_sets, falco_set));
    EXPECT_EQ(us->all.size(), 0u);
}

TEST_F(ShootTest, S1_9_DeletionTakesTheSecretsOfOldReleasesToo) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    for (const auto* of_old :
         {"managedresource-extension-shoot-falco-service-shoot",
          "extension-shoot-falco-service-seed"})
        must(seed.create(secrets, {"shoot--p--a", of_old}, testing::yaml("data: {}"), {}));
    must(seed.remove(extensions, key, {}));
    pass(30s);
    EXPECT_EQ(state(key), "gone");
    EXPECT_THAT(names(secrets, "shoot--p--a"), IsEmpty());
}

TEST_F(ShootTest, S2_5_ADeletionThatHangsIsToldAndGoesOn) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    manager_works = false;
    must(seed.remove(extensions, key, {}));
    settle();
    EXPECT_EQ(state(key), "Delete Processing");
    pass(3min);
    EXPECT_EQ(state(key), "Delete Error");
    EXPECT_THAT(
        std::string(extension(key).text_at({"status", "lastError", "description"})),
        HasSubstr("extension-shoot-falco-service-shoot is still there")
    );
    manager_works = true;
    pass(15min);
    EXPECT_EQ(state(key), "gone");
}

TEST_F(ShootTest, S1_9_ForceDeletionDoesNotWaitForTheShoot) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    asleep.insert("shoot--p--a");  // its API server is no more
    change(
        clusters, {{}, "shoot--p--a"},
        "spec: {shoot: {metadata: {annotations: {confirmation.gardener.cloud/force-deletion: "
        "'true'}}}}"
    );
    must(seed.remove(extensions, key, {}));
    pass(20s);
    EXPECT_EQ(state(key), "gone");
}

TEST_F(ShootTest, S1_9_AMigrationLeavesTheShootAsItIs) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    const auto before = must(shoot("shoot--p--a").get(daemon_sets, falco_set));
    ask(key, "migrate");
    pass(20s);
    EXPECT_EQ(state(key), "Migrate Succeeded");
    const auto is = extension(key);
    EXPECT_EQ(is.find_path({"metadata", "annotations", "gardener.cloud/operation"}), nullptr);
    EXPECT_TRUE(
        is.find_path({"metadata", "finalizers"}) == nullptr ||
        is.find_path({"metadata", "finalizers"})->items().empty()
    );
    EXPECT_THAT(names(managed_resources, "shoot--p--a"), IsEmpty());
    EXPECT_EQ(must(shoot("shoot--p--a").get(daemon_sets, falco_set)), before);
    const auto left = names(secrets, "shoot--p--a");
    EXPECT_THAT(left, Contains("gardener-extension-shoot-falco-service-certificates"));

    // The other seed, with what gardenlet carries over.
    change(
        extensions, key,
        "{metadata: {annotations: {gardener.cloud/operation: wait-for-state}}, spec: {}}"
    );
    const auto waiting = seed.version();
    pass(1min);
    EXPECT_EQ(seed.version(), waiting) << "nothing at all before the state has come";
    ask(key, "restore");
    settle();
    EXPECT_EQ(state(key), "Restore Succeeded");
    EXPECT_EQ(
        extension(key).find_path({"metadata", "annotations", "gardener.cloud/operation"}), nullptr
    );
    const auto after = must(shoot("shoot--p--a").get(daemon_sets, falco_set));
    EXPECT_EQ(*after.find("spec"), *before.find("spec")) << "no pod rolls";
}

TEST_F(ShootTest, S1_8_ARestoreThatCannotSucceedIsNotTriedWithoutAPause) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    ask(key, "migrate");
    pass(20s);
    change(extensions, key, "spec: {providerConfig: {falcoVersoin: 1}}");
    ask(key, "restore");
    pass(30s);
    EXPECT_EQ(state(key), "Restore Error");
    us->all.each([](const shoot_actor& each) { EXPECT_LT(each.counts().rounds, 20u); });
    change(extensions, key, "spec: {providerConfig: {falcoVersoin: null}}");
    pass(1min);
    EXPECT_EQ(state(key), "Restore Succeeded");
}

TEST_F(ShootTest, S1_11_AFailedShootIsLeftAloneUntilItIsRetried) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    change(
        clusters, {{}, "shoot--p--a"}, "spec: {shoot: {status: {lastOperation: {state: Failed}}}}"
    );
    ask(key, "reconcile");
    pass(1min);
    EXPECT_EQ(
        extension(key).text_at({"metadata", "annotations", "gardener.cloud/operation"}), "reconcile"
    );
    change(
        clusters, {{}, "shoot--p--a"},
        "spec: {shoot: {status: {lastOperation: {state: Processing}}}}"
    );
    settle();
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
}

TEST_F(ShootTest, S1_11_ASleepingShootIsPreparedAndGetsItWhenItWakes) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    asleep.insert("shoot--p--a");
    change(
        clusters, {{}, "shoot--p--a"},
        "spec: {shoot: {spec: {hibernation: {enabled: true}}, status: {isHibernated: true}}}"
    );
    change(extensions, key, "spec: {providerConfig: {falcoVersion: 0.42.1}}");
    ask(key, "reconcile");
    settle();
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    const auto falco = [&] {
        return json_text(must(shoot("shoot--p--a").get(daemon_sets, falco_set)));
    };
    EXPECT_THAT(falco(), HasSubstr("falco:0.43.0"));
    asleep.clear();
    change(
        clusters, {{}, "shoot--p--a"},
        "spec: {shoot: {spec: {hibernation: {enabled: false}}, status: {isHibernated: false}}}"
    );
    settle();
    EXPECT_THAT(falco(), HasSubstr("falco:0.42.1"));
}

TEST_F(ShootTest, ANewProfileReachesAllWithoutARequest) {
    start_controller();
    const auto a = add_shoot("a"), b = add_shoot("b");
    settle();
    const auto before = must(shoot("shoot--p--a").get(daemon_sets, falco_set));
    auto       patch  = test::example("profile.yaml");
    for (std::size_t i = 0; i < patch["spec"]["images"]["falco"].items().size(); ++i)
        patch["spec"]["images"]["falco"].item(i)["repository"] = "mirror.example.com/falco";
    offer(patch);
    settle();
    for (const auto* space : {"shoot--p--a", "shoot--p--b"})
        EXPECT_THAT(
            json_text(must(shoot(space).get(daemon_sets, falco_set))),
            HasSubstr("mirror.example.com/falco")
        );
    EXPECT_EQ(state(a), "Create Succeeded") << "nobody asked, so nothing is said";
    EXPECT_TRUE(gardenlet_is_content(b));
}

TEST_F(ShootTest, S2_6_WhatTheGoExtensionDeliveredIsTakenOverInItsPlace) {
    const auto key = add_shoot("a");
    // Its objects, in the form of an old release: one Secret under a fixed name, uncompressed.
    const std::string manifest =
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: falco, namespace: kube-system}\n"
        "spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}}\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-old, namespace: kube-system}\n";
    value old;
    old["data"]["config.yaml"] = encode_base64(manifest);
    const std::string name     = "managedresource-extension-shoot-falco-service-shoot";
    must(seed.create(secrets, {"shoot--p--a", name}, old, {}));
    const kube_key of_shoot{"shoot--p--a", "extension-shoot-falco-service-shoot"};
    must(seed.create(
        managed_resources, of_shoot,
        testing::yaml(
            "{metadata: {labels: {origin: extension-shoot-falco-service, theirs: x}}, spec: "
            "{secretRefs: [{name: " +
            name + "}]}}"
        ),
        {}
    ));
    settle();
    const auto before = must(shoot("shoot--p--a").get(daemon_sets, falco_set));
    start_controller();
    settle();
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    const auto after = must(shoot("shoot--p--a").get(daemon_sets, falco_set));
    EXPECT_EQ(after.text_at({"metadata", "uid"}), before.text_at({"metadata", "uid"}));
    EXPECT_FALSE(is_there(shoot("shoot--p--a"), config_maps, {"kube-system", "of-old"}));
    const auto resource = must(seed.get(managed_resources, of_shoot));
    EXPECT_EQ(resource.text_at({"metadata", "labels", "theirs"}), "x");
    EXPECT_EQ(json_text(resource).find('"' + name + '"'), std::string::npos);
    EXPECT_EQ(
        must(seed.get(secrets, {"shoot--p--a", name}))
            .text_at(
                {"metadata", "labels", "resources.gardener.cloud/garbage-collectable-reference"}
            ),
        "true"
    );
}

/// The Go extension takes the annotation off before it says that it is at it.
TEST_F(ShootTest, S1_8_AStarterLooksAgainAtWhatNobodyAnswered) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    stop_controller();
    pass(5s);
    ask(key, "reconcile");
    change(extensions, key, "metadata: {annotations: {gardener.cloud/operation: null}}");
    settle();
    EXPECT_EQ(state(key), "Create Succeeded");
    start_controller();
    EXPECT_EQ(state(key), "Reconcile Succeeded");
}

// --- promise 21 ---------------------------------------------------------------------------------

/// What a life leaves behind, without what is random in it.
struct traces {
    std::vector<std::string> seed, shoot;
    friend bool              operator==(const traces&, const traces&) = default;
};

class ShootKilledTest : public ShootTest, public ::testing::WithParamInterface<std::string> {
protected:
    /// Kills at the call `at` of the operation, `how`; starts again. The number of calls.
    int live(const std::string& operation, int at, sandbox::call_fate how) {
        const auto name = "k" + std::to_string(lives_++);
        key_            = {"shoot--p--" + name, "shoot-falco-service"};
        us              = std::make_unique<controller>(*this);
        if (operation != "create") {
            add_shoot(name);
            settle();
            EXPECT_TRUE(gardenlet_is_content(key_)) << operation;
            if (operation != "update_within_the_second") pass(2s);
        }
        if (operation == "restore") {
            ask(key_, "migrate");
            pass(15s);
            EXPECT_EQ(state(key_), "Migrate Succeeded");
        }
        int calls = 0;
        us->api.decide([&, mine = key_.namespace_name](const std::string& call) {
            if (call.find(mine) == std::string::npos) return sandbox::call_fate::goes_well;
            return calls++ == at ? how : sandbox::call_fate::goes_well;
        });
        if (operation == "create") add_shoot(name);
        if (operation.starts_with("update")) {
            change(extensions, key_, "spec: {providerConfig: {falcoVersion: 0.42.1}}");
            ask(key_, "reconcile");
        }
        if (operation == "migrate" || operation == "restore") ask(key_, operation);
        if (operation == "delete") must(seed.remove(extensions, key_, {}));
        settle();
        pass(7s);
        stop_controller();
        start_controller();
        pass(20s);
        stop_controller();
        return calls;
    }
    traces left() {
        traces      is;
        const auto& space = key_.namespace_name;
        const auto  plain = [&](std::string text) {
            for (auto found = text.find(space); found != std::string::npos;
                 found      = text.find(space))
                text.replace(found, space.size(), "SPACE");
            return text;
        };
        for (const auto& type : {extensions, managed_resources})
            for (const auto& each : names(type, space))
                is.seed.push_back(type.kind + " " + each + " " + state(key_));
        for (const auto& each : names(secrets, space))  // the end of a name is its content's
            is.seed.push_back("Secret " + each.substr(0, each.size() - 8));
        std::sort(is.seed.begin(), is.seed.end());
        if (shoots.contains(space))
            for (const auto& type : shoot(space).types().all()) {
                const auto page = must(shoot(space).list(type.type, {}, {.limit = 0}));
                for (const auto& each : page.items)
                    is.shoot.push_back(plain(type.type.kind + " " + key_of(each).text()));
            }
        return is;
    }

private:
    int      lives_ = 0;
    kube_key key_{};
};

TEST_P(ShootKilledTest, S1_6_ConvergesWhereverItIsKilled) {
    const auto& operation = GetParam();
    const int   calls     = live(operation, -1, sandbox::call_fate::goes_well);
    const auto  well      = left();
    EXPECT_GT(calls, 5);
    for (int at = 0; at < calls; ++at)
        for (const auto how :
             {sandbox::call_fate::kills_before, sandbox::call_fate::kills_after,
              sandbox::call_fate::is_lost, sandbox::call_fate::fails}) {
            live(operation, at, how);
            ASSERT_EQ(left(), well)
                << "call " << at << " of " << calls << ", fate " << static_cast<int>(how);
        }
}

INSTANTIATE_TEST_SUITE_P(
    All, ShootKilledTest,
    ::testing::Values(
        "create", "update", "update_within_the_second", "delete", "migrate", "restore"
    ),
    [](const auto& each) { return each.param; }
);

}  // namespace
}  // namespace falconer::actors
