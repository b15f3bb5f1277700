// The stand-ins for gardenlet and the resource manager, and what an extension sees of a Shoot.
#include "sandbox/gardener/gardenlet.hpp"

#include "falconer/falco/managed_resource.hpp"
#include "sandbox/gardener/resource_manager.hpp"
#include "sandbox/kube_api/store.hpp"
#include "support/actor_fixture.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace falconer::sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using testing::yaml;

const kube_type shoots{
    .group = "core.gardener.cloud", .version = "v1beta1", .kind = "Shoot", .plural = "shoots"
};
const kube_type extensions{
    .group   = "extensions.gardener.cloud",
    .version = "v1alpha1",
    .kind    = "Extension",
    .plural  = "extensions"
};
const kube_type secrets{.kind = "Secret", .plural = "secrets"};
const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};

/// Contract §7.2.
class GardenletTest : public test::actor_fixture {
protected:
    api_store        store{time};
    api_store        inside{time};
    resource_manager manager{time, store, [this](const std::string&) { return &inside; }};
    gardenlet        us{time, store, {}};

    const std::string space = "shoot--demo--a";
    const kube_key    key{"garden-demo", "a"};
    const kube_key    brought{space, "referenced-resources"};

    void SetUp() override {
        must(store.create(namespaces, {{}, "garden-demo"}, value::map(), {}));
        scope.spawn("resource manager", manager.run());
        scope.spawn("gardenlet", us.run());
        time.settle();
    }
    template <class T>
    static T must(result<T> done) {
        EXPECT_TRUE(done) << (done ? "" : done.error().detail);
        return done ? std::move(*done) : T{};
    }
    void add_source(const kube_type& type, const std::string& name, const std::string& parts) {
        must(store.create(type, {"garden-demo", name}, yaml(parts), {}));
        time.settle();
    }
    void add_shoot(const std::string& resources) {
        must(store.create(
            shoots, key,
            yaml(
                "{spec: {extensions: [{type: shoot-falco-service}], resources: " + resources + "}}"
            ),
            {}
        ));
        time.settle();
    }
    void change(const kube_type& type, const kube_key& which, const std::string& patch) {
        must(store.patch(type, which, api_patch_kind::merge, yaml(patch), {}));
        time.settle();
    }
    static std::string reference(const std::string& kind, const std::string& to) {
        return "{name: " + to + "-here, resourceRef: {apiVersion: v1, kind: " + kind +
               ", name: " + to + "}}";
    }
    std::vector<std::string> names(const kube_type& type) {
        std::vector<std::string> all;
        const auto page = must(store.list(type, {.namespace_name = space}, {.limit = 0}));
        for (const auto& each : page.items) all.emplace_back(each.text_at({"metadata", "name"}));
        return all;
    }
    bool is_asked() {
        return static_cast<bool>(store.get(extensions, {space, "shoot-falco-service"}));
    }
    std::string said(std::initializer_list<std::string_view> path) {
        return std::string(must(store.get(shoots, key)).text_at(path));
    }
};

TEST_F(GardenletTest, S7_2_WhatAShootRefersToIsCopiedByAManagedResourceOfClassSeed) {
    add_source(
        config_maps, "rules",
        "{metadata: {labels: {theirs: x}}, data: {a.yaml: b}, binaryData: {c: ZA==}}"
    );
    add_source(secrets, "target", "{type: Opaque, data: {host: aA==}}");
    add_shoot("[" + reference("ConfigMap", "rules") + ", " + reference("Secret", "target") + "]");
    const auto resource = must(store.get(falco::managed_resources, brought));
    EXPECT_EQ(resource.text_at({"spec", "class"}), "seed");
    EXPECT_TRUE(falco::state_of(resource).applied);
    const auto rules = must(store.get(config_maps, {space, "ref-rules"}));
    EXPECT_EQ(rules.text_at({"data", "a.yaml"}), "b");
    EXPECT_EQ(rules.text_at({"binaryData", "c"}), "ZA==");
    EXPECT_EQ(rules.text_at({"metadata", "labels", "theirs"}), "") << "labels are stripped";
    EXPECT_EQ(must(store.get(secrets, {space, "ref-target"})).text_at({"data", "host"}), "aA==");
    EXPECT_TRUE(is_asked());
}

TEST_F(GardenletTest, S7_2_ACopyFollowsItsSourceAndTheManagedResourceShowsIt) {
    add_source(config_maps, "rules", "{data: {a.yaml: b, old.yaml: c}}");
    add_shoot("[" + reference("ConfigMap", "rules") + "]");
    const auto before = falco::secrets_of(must(store.get(falco::managed_resources, brought)));
    change(config_maps, {"garden-demo", "rules"}, "data: {a.yaml: new, old.yaml: null}");
    const auto after = falco::secrets_of(must(store.get(falco::managed_resources, brought)));
    EXPECT_NE(after, before) << "by this an extension hears of it";
    const auto copy = must(store.get(config_maps, {space, "ref-rules"}));
    EXPECT_EQ(*copy.find("data"), yaml("a.yaml: new"));
    EXPECT_THAT(names(secrets), ElementsAre(after.at(0))) << "the old one has gone";
}

TEST_F(GardenletTest, S7_2_WhatIsNoLongerReferredToGoes) {
    add_source(config_maps, "rules", "{data: {a.yaml: b}}");
    add_source(config_maps, "others", "{data: {a.yaml: b}}");
    add_shoot(
        "[" + reference("ConfigMap", "rules") + ", " + reference("ConfigMap", "others") + "]"
    );
    EXPECT_THAT(names(config_maps), UnorderedElementsAre("ref-rules", "ref-others"));
    change(shoots, key, "spec: {resources: [" + reference("ConfigMap", "rules") + "]}");
    EXPECT_THAT(names(config_maps), ElementsAre("ref-rules"));
    change(shoots, key, "spec: {resources: null}");
    EXPECT_THAT(names(config_maps), IsEmpty());
    EXPECT_THAT(names(falco::managed_resources), IsEmpty());
    EXPECT_THAT(names(secrets), IsEmpty());
    EXPECT_TRUE(is_asked());
}

TEST_F(GardenletTest, S7_2_AMissingSourceFailsTheWholeFlowUntilItIsThere) {
    add_shoot("[" + reference("Secret", "target") + "]");
    EXPECT_FALSE(is_asked());
    EXPECT_EQ(said({"status", "lastOperation", "state"}), "Error");
    EXPECT_THAT(
        json_text(must(store.get(shoots, key))),
        HasSubstr("spec.resources refers to Secret garden-demo/target, which is not there")
    );
    add_source(secrets, "target", "{data: {host: aA==}}");
    EXPECT_TRUE(is_asked());
    EXPECT_EQ(must(store.get(shoots, key)).find_path({"status", "lastErrors"}), nullptr);
}

TEST_F(GardenletTest, ADeletedShootLeavesNoCopies) {
    add_source(config_maps, "rules", "{data: {a.yaml: b}}");
    add_shoot("[" + reference("ConfigMap", "rules") + "]");
    must(store.remove(shoots, key, {}));
    time.settle();
    EXPECT_FALSE(store.get(shoots, key));
    EXPECT_FALSE(store.get(namespaces, {{}, space}));
    EXPECT_THAT(names(config_maps), IsEmpty());
    EXPECT_THAT(names(secrets), IsEmpty());
    EXPECT_TRUE(store.get(config_maps, {"garden-demo", "rules"})) << "the owner's stays";
}

}  // namespace
}  // namespace falconer::sandbox
