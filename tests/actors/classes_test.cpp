// Extensions of the other classes: Falco for the seed itself, and for the garden's runtime cluster.
#include "falconer/base64.hpp"
#include "support/seed_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::actors {
namespace {

using falco::extension_class;
using falco::managed_resources;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

const kube_type seeds{
    .group      = "core.gardener.cloud",
    .version    = "v1beta1",
    .kind       = "Seed",
    .plural     = "seeds",
    .namespaced = false
};
const kube_type gardens{
    .group      = "operator.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "Garden",
    .plural     = "gardens",
    .namespaced = false
};
const kube_key falco_set{"kube-system", "falco"};
const kube_key of_seed{"garden", "shoot-falco-service"};
const kube_key of_garden{"garden", "garden-shoot-falco-service"};

class ClassesTest : public test::seed_world {
protected:
    void SetUp() override {
        seed_world::SetUp();
        must(seed.create(namespaces, {{}, "garden"}, value::map(), {}));
    }
    void begin(extension_class is) {
        classes = {extension_class::shoot, is};
        start_controller();
    }
    void know_the_seed() {
        must(seed.create(
            seeds, {{}, "local"},
            testing::yaml("{metadata: {name: local}, spec: {ingress: {domain: d.io}}, status: "
                          "{clusterIdentity: local-seed}}"),
            {}
        ));
        // An API server takes a status only as such.
        must(seed.patch(
            seeds, {{}, "local"}, sandbox::api_patch_kind::merge,
            testing::yaml("status: {clusterIdentity: local-seed}"), {.part = kube_part::status}
        ));
    }
    void know_the_garden() {
        must(seed.create(
            gardens, {{}, "local"},
            testing::yaml("{metadata: {name: local}, spec: {virtualCluster: {gardener: "
                          "{clusterIdentity: landscape}}}}"),
            {}
        ));
    }
    void add_extension(const std::string& is) {
        auto extension                       = test::example("extension.yaml");
        extension["metadata"]["namespace"]   = "garden";
        extension["metadata"]["annotations"] = request("reconcile");
        extension["spec"]["class"]           = is;
        extension["spec"]["providerConfig"]  = testing::yaml(
            "{apiVersion: falco.extensions.gardener.cloud/v1alpha1, kind: FalcoServiceConfig, "
             "destinations: [{name: stdout}]}"
        );
        const auto key                = is == "garden" ? of_garden : of_seed;
        extension["metadata"]["name"] = key.name;
        must(seed.create(extensions, key, extension, {}));
        settle();
    }
};

TEST_F(ClassesTest, ASeedGetsFalcoIntoItself) {
    seed_name = "local";
    know_the_seed();
    begin(extension_class::seed);
    add_extension("seed");
    EXPECT_TRUE(gardenlet_is_content(of_seed)) << json_text(extension(of_seed));
    const auto resource =
        must(seed.get(managed_resources, {"garden", "extension-shoot-falco-service-shoot"}));
    EXPECT_EQ(resource.text_at({"spec", "class"}), "seed");
    const auto falco = must(seed.get(daemon_sets, falco_set));
    EXPECT_THAT(json_text(falco), HasSubstr("gardener-system-900"));
    pass(15s);
    EXPECT_THAT(json_text(extension(of_seed)), HasSubstr("HealthCheckSuccessful"));

    must(seed.remove(extensions, of_seed, {}));
    settle();
    EXPECT_FALSE(is_there(seed, extensions, of_seed));
    EXPECT_FALSE(is_there(seed, daemon_sets, falco_set));
    EXPECT_THAT(names(secrets, "garden"), IsEmpty());
}

TEST_F(ClassesTest, ASeedHearsWhatBecomesOfItsEventsAndOfWhatItRefersTo) {
    seed_name = "local";
    know_the_seed();
    begin(extension_class::seed);
    add_extension("seed");
    pass(15s);
    us->all.tell(cluster_identity{"local-seed"}, quota_changed{true});
    pass(15s);
    EXPECT_THAT(json_text(extension(of_seed)), HasSubstr("EventQuotaExceeded"));

    const kube_key copies{"garden", "referenced-resources-local"};
    must(seed.create(managed_resources, copies, testing::yaml("spec: {secretRefs: []}"), {}));
    settle();
    std::uint64_t before = 0, after = 0;
    us->all.each([&](const shoot_actor& each) { before += each.counts().rounds; });
    change(managed_resources, copies, "spec: {secretRefs: [{name: other}]}");
    settle();
    us->all.each([&](const shoot_actor& each) { after += each.counts().rounds; });
    EXPECT_GT(after, before);
}

TEST_F(ClassesTest, BeforeTheGardenHasSpokenTheCauseIsTold) {
    seed_name = "local";
    begin(extension_class::seed);
    pass(15s);  // so long a start waits for the garden
    add_extension("seed");
    EXPECT_EQ(state(of_seed), "Create Error");
    EXPECT_THAT(
        std::string(extension(of_seed).text_at({"status", "lastError", "description"})),
        HasSubstr("the Seed is not known")
    );
    know_the_seed();
    pass(15s);
    EXPECT_TRUE(gardenlet_is_content(of_seed)) << json_text(extension(of_seed));
}

TEST_F(ClassesTest, TheGardensRuntimeClusterGetsFalcoWithoutSeedAndWithoutGardenApi) {
    seed.serve({.type = gardens, .singular = "garden"});
    know_the_garden();
    begin(extension_class::garden);
    add_extension("garden");
    EXPECT_TRUE(gardenlet_is_content(of_garden)) << json_text(extension(of_garden));
    const auto resource =
        must(seed.get(managed_resources, {"garden", "extension-shoot-falco-service-garden"}));
    EXPECT_EQ(resource.text_at({"spec", "class"}), "seed");
    EXPECT_THAT(
        json_text(must(seed.get(daemon_sets, falco_set))), HasSubstr("gardener-garden-system-200")
    );
    EXPECT_FALSE(is_there(seed, managed_resources, {"garden", "extension-shoot-falco-service-seed"})
    );
    pass(15s);
    EXPECT_THAT(json_text(extension(of_garden)), HasSubstr("HealthCheckSuccessful"));

    must(seed.remove(extensions, of_garden, {}));
    settle();
    EXPECT_FALSE(is_there(seed, extensions, of_garden));
    EXPECT_FALSE(is_there(seed, daemon_sets, falco_set));
    EXPECT_THAT(names(secrets, "garden"), IsEmpty());
}

TEST_F(ClassesTest, AGardenThatComesLaterIsWaitedFor) {
    seed.serve({.type = gardens, .singular = "garden"});
    begin(extension_class::garden);
    pass(15s);
    add_extension("garden");
    EXPECT_EQ(state(of_garden), "Create Error");
    EXPECT_THAT(
        std::string(extension(of_garden).text_at({"status", "lastError", "description"})),
        HasSubstr("there is no Garden in this cluster")
    );
    know_the_garden();
    pass(15s);
    EXPECT_TRUE(gardenlet_is_content(of_garden)) << json_text(extension(of_garden));
}

TEST_F(ClassesTest, ASeedThatIsAShootWithAFalcoOfItsOwnIsToldSo) {
    seed_name = "local";
    know_the_seed();
    must(seed.create(
        daemon_sets, falco_set,
        testing::yaml("metadata: {annotations: {resources.gardener.cloud/origin: "
                      "'id:shoot--garden--local/extension-shoot-falco-service-shoot'}}"),
        {}
    ));
    begin(extension_class::seed);
    add_extension("seed");
    EXPECT_EQ(state(of_seed), "Create Error");
    EXPECT_THAT(
        std::string(extension(of_seed).text_at({"status", "lastError", "description"})),
        HasSubstr("has a Falco already, delivered by ManagedResource id:shoot--garden--local/")
    );
    EXPECT_EQ(extension(of_seed).find_path({"status", "lastError", "codes"}), nullptr);

    change(
        daemon_sets, falco_set,
        "metadata: {annotations: {resources.gardener.cloud/origin: "
        "'id:garden/extension-shoot-falco-service-shoot'}}"
    );
    pass(15min);
    EXPECT_TRUE(gardenlet_is_content(of_seed)) << json_text(extension(of_seed));
}

TEST_F(ClassesTest, AShootBesideASeedIsNobodyElses) {
    seed_name = "local";
    know_the_seed();
    begin(extension_class::seed);
    const auto key = add_shoot("a");
    add_extension("seed");
    EXPECT_TRUE(gardenlet_is_content(key)) << json_text(extension(key));
    EXPECT_TRUE(gardenlet_is_content(of_seed));
    EXPECT_TRUE(is_there(shoot("shoot--p--a"), daemon_sets, falco_set));
    EXPECT_TRUE(is_there(seed, daemon_sets, falco_set));
}

/// Seed and garden in one process and one namespace, as a small landscape has it. Only one of them
/// may have a Falco in the cluster.
class ClassesTogetherTest : public ClassesTest {
protected:
    void SetUp() override {
        ClassesTest::SetUp();
        seed.serve({.type = gardens, .singular = "garden"});
        seed_name = "local";
        know_the_seed();
        know_the_garden();
        classes = {extension_class::shoot, extension_class::seed, extension_class::garden};
        start_controller();
        pass(15s);
        add_extension("seed");
        add_extension("garden");
        pass(30s);
    }
    std::string system_of(const kube_key& key) {
        for (const auto& each : falco::conditions_in(extension(key)))
            if (each.type == falco::system_condition) return each.status + ' ' + each.reason;
        return "none";
    }
    void say_unhealthy(const std::string& name) {
        auto status = *must(seed.get(managed_resources, {"garden", name})).find("status");
        for (std::size_t i = 0; i < status["conditions"].items().size(); ++i) {
            auto& each = status["conditions"].item(i);
            if (each.text_at({"type"}) == "ResourcesApplied") {
                each["status"]  = "False";
                each["reason"]  = "ApplyFailed";
                each["message"] = "it is refused";
            }
        }
        must(seed.patch(
            managed_resources, {"garden", name}, sandbox::api_patch_kind::merge,
            {{"status", status}}, {.part = kube_part::status}
        ));
        pass(15s);
    }
};

TEST_F(ClassesTogetherTest, EachIsJudgedByItsOwnDelivery) {
    ASSERT_TRUE(gardenlet_is_content(of_seed)) << json_text(extension(of_seed));
    EXPECT_EQ(system_of(of_seed), "True HealthCheckSuccessful");
    const auto of_other = system_of(of_garden);
    say_unhealthy("extension-shoot-falco-service-shoot");
    EXPECT_EQ(system_of(of_seed), "False DeliveryRefused");
    EXPECT_EQ(system_of(of_garden), of_other);
}

TEST_F(ClassesTogetherTest, WhatIsToldOfOneClusterIsNotTakenForTheOther) {
    us->all.tell(cluster_identity{"local-seed"}, quota_changed{true});
    pass(15s);
    EXPECT_THAT(json_text(extension(of_seed)), HasSubstr("EventQuotaExceeded"));
    EXPECT_THAT(json_text(extension(of_garden)), ::testing::Not(HasSubstr("EventQuotaExceeded")));
}

TEST_F(ClassesTest, AClassThatIsNotOursIsLeftAlone) {
    start_controller();
    add_extension("seed");
    EXPECT_EQ(state(of_seed), " ");
    EXPECT_EQ(extension(of_seed).find_path({"metadata", "finalizers"}), nullptr);
}

/// Authorities move in steps, each after all pods have rolled.
class RotationTest : public test::seed_world {
protected:
    kube_key key{};

    std::string trust() {
        return std::string(must(shoot("shoot--p--a").get(secrets, {"kube-system", "falco-certs"}))
                               .text_at({"data", "server.ca.crt"}));
    }
    std::size_t authorities() {
        const auto  pem   = *decode_base64(trust());
        std::size_t count = 0;
        for (auto at = pem.find("BEGIN"); at != pem.npos; at = pem.find("BEGIN", at + 1)) ++count;
        return count;
    }
};

TEST_F(RotationTest, FollowsTheClustersOwnAndNoStepComesBeforeThePodsHaveRolled) {
    start_controller();
    key = add_shoot("a");
    settle();
    ASSERT_EQ(authorities(), 1u);
    const auto first = trust();
    pass(10min);
    const auto now = text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(time.utc())));
    manager_works  = false;  // nobody rolls anything
    change(
        clusters, {{}, "shoot--p--a"},
        "spec: {shoot: {status: {credentials: {rotation: {certificateAuthorities: "
        "{lastInitiationTime: '" +
            now + "'}}}}}}"
    );
    pass(2h);
    EXPECT_EQ(trust(), first);
    manager_works = true;
    settle();
    pass(10min);
    EXPECT_EQ(authorities(), 1u) << "the old one has gone in the end";
    EXPECT_NE(trust(), first);
    const auto version = seed.version();
    pass(3h);
    EXPECT_EQ(seed.version(), version) << "and that is all";
}

}  // namespace
}  // namespace falconer::actors
