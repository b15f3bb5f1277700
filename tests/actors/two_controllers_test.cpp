// Two controllers of which one only believes to lead, writing at once: nothing is doubled or lost,
// and what the one that leads has answered stays the last word.
#include "support/seed_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace falconer::actors {
namespace {

using falco::managed_resources;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class TwoControllersTest : public test::seed_world {
protected:
    const kube_key falco_set{"kube-system", "falco"};

    std::unique_ptr<controller> false_leader{};

    void TearDown() override {
        stop_controller(false_leader);
        seed_world::TearDown();
    }
    /// It has worked alone up to now, and does not know of the other one.
    void start_false_leader() {
        false_leader = std::make_unique<controller>(*this);
        settle();
    }
    void want(const kube_key& key, const std::string& version) {
        change(extensions, key, "spec: {providerConfig: {falcoVersion: " + version + "}}");
        ask(key, "reconcile");
    }
    std::string falco_of(const std::string& space) {
        return json_text(must(shoot(space).get(daemon_sets, falco_set)));
    }
    /// Holds the false leader's first call of that name for so long, and counts all of that name.
    void hold(const std::string& call, steady_time::duration there) {
        false_leader->slow.take([this, call, there](const std::string& now) {
            if (now.find(call) == std::string::npos) return test::slow_api::delay{};
            return held_++ == 0 ? test::slow_api::delay{.there = there} : test::slow_api::delay{};
        });
    }
    int held() const { return held_; }

    /// All that is referred to is there, and what is there and nobody refers to will be collected.
    void expect_nothing_lost_or_doubled(const std::string& space) {
        std::vector<std::string> referred;
        for (const auto& name : names(managed_resources, space)) {
            const auto resource = must(seed.get(managed_resources, {space, name}));
            for (const auto& each : falco::secrets_of(resource)) {
                EXPECT_TRUE(is_there(seed, secrets, {space, each})) << each;
                referred.push_back(each);
            }
        }
        EXPECT_EQ(names(managed_resources, space).size(), 2u);
        const std::string kept = "gardener-extension-shoot-falco-service-";  // certificates, tokens
        for (const auto& each : names(secrets, space)) {
            if (each.starts_with(kept) || each == "shoot-access-falcosidekick" ||
                std::ranges::find(referred, each) != referred.end())
                continue;
            const auto secret = must(seed.get(secrets, {space, each}));
            EXPECT_EQ(secret.text_at({"metadata", "labels", falco::collectable_label}), "true")
                << each;
        }
        const auto target =
            must(seed.get(managed_resources, {space, "extension-shoot-falco-service-shoot"}));
        EXPECT_TRUE(falco::state_of(target).healthy) << json_text(target);
    }

private:
    int held_ = 0;
};

TEST_F(TwoControllersTest, AWordThatComesTooLateDoesNotTakeBackALaterAnswer) {
    start_false_leader();
    const auto key = add_shoot("a");
    settle();
    pass(5s);
    want(key, "0.42.1");
    hold("patch Extension shoot--p--a/shoot-falco-service status", 20s);
    // Its words are on the way when the other one begins to lead.
    settle();
    ASSERT_GT(held(), 0);
    start_controller();
    pass(5s);
    want(key, "0.43.0");
    pass(5s);
    ASSERT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    pass(20s);
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_THAT(falco_of("shoot--p--a"), HasSubstr("falco:0.43.0"));
    stop_controller(false_leader);
    pass(1min);
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_THAT(falco_of("shoot--p--a"), HasSubstr("falco:0.43.0"));
    expect_nothing_lost_or_doubled("shoot--p--a");
}

TEST_F(TwoControllersTest, AnErrorThatComesTooLateDoesNotEither) {
    start_false_leader();
    const auto key = add_shoot("a");
    settle();
    pass(5s);
    int words = 0;
    false_leader->slow.take([&words](const std::string& call) {
        // The second word of its round: the first says that it is at it.
        const bool is_late = call.ends_with(" status") && ++words == 2;
        return test::slow_api::delay{.there = is_late ? 20s : 0s};
    });
    change(extensions, key, "spec: {providerConfig: {falcoVersoin: 1}}");
    ask(key, "reconcile");
    settle();
    ASSERT_EQ(words, 2);
    start_controller();
    change(extensions, key, "spec: {providerConfig: {falcoVersoin: null}}");
    ask(key, "reconcile");
    pass(5s);
    ASSERT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    pass(20s);
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
}

TEST_F(TwoControllersTest, WhatIsDeliveredTooLateIsDeliveredAnewByTheOneThatLeads) {
    start_false_leader();
    const auto key = add_shoot("a");
    settle();
    pass(5s);
    want(key, "0.42.1");
    // It has read the Extension, reads what is delivered when the other one has been at work, and
    // does not hear what became of its own write.
    int looked = 0;
    false_leader->slow.take([&looked](const std::string& call) {
        const std::string target =
            " ManagedResource shoot--p--a/extension-shoot-falco-service-shoot";
        if (call == "get" + target && looked++ == 0) return test::slow_api::delay{.there = 20s};
        if (call == "update" + target) return test::slow_api::delay{.back = 1h};
        return test::slow_api::delay{};
    });
    settle();
    ASSERT_EQ(looked, 1);
    start_controller();
    pass(5s);
    want(key, "0.43.0");
    pass(5s);
    ASSERT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    ASSERT_THAT(falco_of("shoot--p--a"), HasSubstr("falco:0.43.0"));
    pass(10s);
    EXPECT_THAT(falco_of("shoot--p--a"), HasSubstr("falco:0.42.1")) << "the test tests nothing";
    stop_controller(false_leader);
    pass(1min);
    EXPECT_THAT(falco_of("shoot--p--a"), HasSubstr("falco:0.43.0"));
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    expect_nothing_lost_or_doubled("shoot--p--a");
    const auto version = seed.version();
    pass(30min);
    EXPECT_EQ(seed.version(), version) << "and that is the end of it";
}

TEST_F(TwoControllersTest, WhoeverIsNotTheFirstToMakeASecretSaysNothingOfIt) {
    start_false_leader();
    start_controller();
    false_leader->slow.take([](const std::string& call) {
        return test::slow_api::delay{.there = call.starts_with("create Secret") ? 300ms : 0ms};
    });
    bool       erred = false;
    const auto look  = [&](const std::string&) {
        for (const auto& each : names(extensions, "shoot--p--a"))
            erred = erred || state({"shoot--p--a", each}).ends_with("Error");
        return sandbox::call_fate::goes_well;
    };
    us->api.decide(look);
    false_leader->api.decide(look);
    const auto key = add_shoot("a");
    pass(30s);
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_FALSE(erred);
    expect_nothing_lost_or_doubled("shoot--p--a");
}

/// Whole lives, with calls that come between each other's in a thousand ways.
class TwoControllersAtOnceTest : public TwoControllersTest,
                                 public ::testing::WithParamInterface<unsigned> {};

TEST_P(TwoControllersAtOnceTest, WholeLivesConverge) {
    std::mt19937 chance{GetParam()};
    const auto   between = [&](int least, int most) {
        return std::uniform_int_distribution<>(least, most)(chance);
    };
    const auto somehow = [&](const std::string&) {
        return test::slow_api::delay{
            .there = std::chrono::milliseconds(between(0, 900)),
            .back  = std::chrono::milliseconds(between(0, 300)),
        };
    };
    start_false_leader();
    start_controller();
    false_leader->slow.take(somehow);
    us->slow.take(somehow);
    std::vector<kube_key> keys;
    for (const auto* name : {"a", "b", "c"}) keys.push_back(add_shoot(name));
    std::string wanted;
    for (int round = 0; round < 4; ++round) {
        pass(std::chrono::seconds(between(0, 8)));
        wanted = round % 2 == 0 ? "0.42.1" : "0.43.0";
        for (const auto& each : keys) want(each, wanted);
    }
    // When its lease is over it stops, wherever it is.
    pass(std::chrono::seconds(between(0, 10)));
    stop_controller(false_leader);
    us->slow.take({});
    pass(2min);
    for (const auto& each : keys) {
        EXPECT_TRUE(gardenlet_is_content(each)) << json_text(extension(each));
        EXPECT_THAT(falco_of(each.namespace_name), HasSubstr("falco:" + wanted));
        expect_nothing_lost_or_doubled(each.namespace_name);
    }
    const auto version = seed.version();
    pass(10min);
    EXPECT_EQ(seed.version(), version) << "nobody goes on writing";

    // And their ends, one of them in a migration.
    start_false_leader();
    false_leader->slow.take(somehow);
    us->slow.take(somehow);
    ask(keys[0], "migrate");
    must(seed.remove(extensions, keys[1], {}));
    must(seed.remove(extensions, keys[2], {}));
    pass(std::chrono::seconds(between(0, 10)));
    stop_controller(false_leader);
    us->slow.take({});
    pass(2min);
    EXPECT_EQ(state(keys[0]), "Migrate Succeeded") << json_text(extension(keys[0]));
    EXPECT_THAT(names(managed_resources, keys[0].namespace_name), IsEmpty());
    EXPECT_TRUE(is_there(shoot(keys[0].namespace_name), daemon_sets, falco_set));
    for (const auto& each : {keys[1], keys[2]}) {
        EXPECT_EQ(state(each), "gone");
        EXPECT_THAT(names(managed_resources, each.namespace_name), IsEmpty());
        EXPECT_THAT(names(secrets, each.namespace_name), IsEmpty());
    }
}

INSTANTIATE_TEST_SUITE_P(Chances, TwoControllersAtOnceTest, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace falconer::actors
