// From Falconer back to the Go extension, and forth again: names, certificates and finalizer are
// the same, so whoever writes last is delivered, and what the other one made is garbage that is
// marked.
#include "falconer/base64.hpp"
#include "falconer/falco/extension_protocol.hpp"
#include "support/seed_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace falconer::actors {
namespace {

using falco::managed_resources;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

constexpr auto* space = "shoot--p--a";
const kube_key  falco_set{"kube-system", "falco"};
const kube_key  of_shoot{space, "extension-shoot-falco-service-shoot"};
const kube_key  certificates{space, "gardener-extension-shoot-falco-service-certificates"};
const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};

class WayBackTest : public test::seed_world {
protected:
    /// As the Go extension leaves it: one Secret under a fixed name, and nothing but it is referred
    /// to. Source: facts of its behaviour, §5.
    void go_extension_reconciles() {
        const kube_key its{space, "managedresource-extension-shoot-falco-service-shoot"};
        value          made;
        made["data"]["config.yaml"] = encode_base64(
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: falco, namespace: "
            "kube-system}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: "
            "{a: b}}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-go, namespace: "
            "kube-system}\n"
        );
        if (is_there(seed, secrets, its)) must(seed.remove(secrets, its, {}));
        must(seed.create(secrets, its, made, {}));
        auto resource = must(seed.get(managed_resources, of_shoot));
        auto refs     = value::list();
        refs.push_back(value{{"name", its.name}});
        resource["spec"]["secretRefs"] = std::move(refs);
        must(seed.update(managed_resources, of_shoot, std::move(resource), {}));
        settle();
    }
    std::vector<std::string> config_maps_in_shoot() {
        std::vector<std::string> all;
        const auto               page =
            must(shoot(space).list(config_maps, {.namespace_name = "kube-system"}, {.limit = 0}));
        for (const auto& each : page.items) all.emplace_back(each.text_at({"metadata", "name"}));
        return all;
    }
    /// Secrets that nobody refers to and nobody would collect.
    std::vector<std::string> left_for_good() {
        const auto used = falco::secrets_of(must(seed.get(managed_resources, of_shoot)));
        std::vector<std::string> all;
        for (const auto& name : names(secrets, space)) {
            const auto is = must(seed.get(secrets, {space, name}));
            const auto marked =
                is.text_at(
                    {"metadata", "labels", "resources.gardener.cloud/garbage-collectable-reference"}
                ) == "true";
            if (!marked && std::ranges::find(used, name) == used.end()) all.push_back(name);
        }
        return all;
    }
    value data_of(const kube_key& secret) {
        const auto is = must(seed.get(secrets, secret));
        return *is.find("data");
    }
    std::string uid_of_falco() {
        const auto is = must(shoot(space).get(daemon_sets, falco_set));
        return std::string(is.text_at({"metadata", "uid"}));
    }
};

TEST_F(WayBackTest, S2_6_TheGoExtensionGoesOnInItsPlaceAndFalconerAfterIt) {
    start_controller();
    const auto key = add_shoot("a");
    settle();
    ASSERT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    const auto uid   = uid_of_falco();
    const auto pairs = data_of(certificates);
    ASSERT_FALSE(config_maps_in_shoot().empty());
    stop_controller();

    go_extension_reconciles();
    EXPECT_EQ(uid_of_falco(), uid) << "changed in its place, not made anew";
    EXPECT_THAT(config_maps_in_shoot(), ElementsAre("of-go")) << "nothing of ours stays";
    EXPECT_EQ(data_of(certificates), pairs);
    // Three of fixed names, which are found again; the last one is Gardener's, for whoever is
    // there.
    EXPECT_THAT(
        left_for_good(), ElementsAre(
                             certificates.name, "gardener-extension-shoot-falco-service-tokens",
                             "shoot-access-falcosidekick"
                         )
    );
    const auto        is         = extension(key);
    const auto* const finalizers = is.find_path({"metadata", "finalizers"});
    ASSERT_NE(finalizers, nullptr);
    const auto held = finalizers->items();
    ASSERT_EQ(held.size(), 1u);
    EXPECT_EQ(*held.front().text(), falco::extension_finalizer) << "which is the Go extension's";

    start_controller();
    ask(key, "reconcile");
    settle();
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_EQ(uid_of_falco(), uid);
    EXPECT_EQ(data_of(certificates), pairs);
    EXPECT_EQ(std::ranges::count(config_maps_in_shoot(), "of-go"), 0);
}

}  // namespace
}  // namespace falconer::actors
