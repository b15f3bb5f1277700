#include "falconer/falco/managed_resource.hpp"

#include "falconer/base64.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

const cluster_facts a_shoot{.control_plane = "shoot--p--s"};

std::vector<value> some_objects() {
    return {
        yaml("{kind: ConfigMap, metadata: {name: falco}, data: {falco.yaml: 'a: b'}}"),
        yaml("{kind: Secret, metadata: {name: certs}}")
    };
}

TEST(ManagedResource, S2_6_OfAShootIsTheOneThatTheGoExtensionMade) {
    const auto to      = target_resource(a_shoot);
    const auto bundles = bundle(to, some_objects());
    ASSERT_THAT(bundles, SizeIs(1));
    EXPECT_THAT(
        bundles[0].secret, StartsWith("managedresource-extension-shoot-falco-service-shoot-")
    );
    const auto made = managed_resource(to, bundles, {});
    EXPECT_EQ(made.text_at({"metadata", "name"}), "extension-shoot-falco-service-shoot");
    EXPECT_EQ(made.text_at({"metadata", "labels", "origin"}), "extension-shoot-falco-service");
    EXPECT_EQ(made.text_at({"spec", "injectLabels", "shoot.gardener.cloud/no-cleanup"}), "true");
    EXPECT_EQ(made.find_path({"spec", "class"}), nullptr) << "absent: into the shoot";
    EXPECT_THAT(secrets_of(made), ElementsAre(bundles[0].secret));
}

TEST(ManagedResource, S2_2_ReferencesItsSecretSoThatNobodyCollectsIt) {
    // Source: contract §2.2, the annotation's key is made of the Secret's name.
    const managed_resource_name to{
        .name = "x", .namespace_name = "n", .secret_prefix = "managedresource-x"
    };
    const auto made = managed_resource(
        to, {{.secret = "managedresource-x-5e6f7a8b", .text = ""}},
        yaml("metadata: {annotations: {reference.resources.gardener.cloud/secret-01234567: old, "
             "somebody: elses}}\nspec: {equivalences: [[a]]}")
    );
    const auto* notes = made.find_path({"metadata", "annotations"});
    ASSERT_THAT(notes->entries(), SizeIs(2)) << json_text(*notes);
    EXPECT_EQ(notes->text_at({"somebody"}), "elses");
    // printf managedresource-x-5e6f7a8b | sha256sum
    EXPECT_EQ(
        notes->text_at({"reference.resources.gardener.cloud/secret-68c69cfc"}),
        "managedresource-x-5e6f7a8b"
    );
    EXPECT_EQ(made.find_path({"spec", "equivalences"}), nullptr) << "spec is ours as a whole";
}

TEST(ManagedResource, IsEqualToItselfWhenNothingIsToBeDone) {
    const auto to                         = target_resource(a_shoot);
    auto       there                      = managed_resource(to, bundle(to, some_objects()), {});
    there["metadata"]["resourceVersion"]  = "17";
    there["status"]["observedGeneration"] = 1;
    EXPECT_EQ(managed_resource(to, bundle(to, some_objects()), there), there);
    auto other                     = some_objects();
    other[0]["data"]["falco.yaml"] = "a: c";
    EXPECT_NE(managed_resource(to, bundle(to, other), there), there);
}

TEST(ManagedResource, S2_2_ASecretGivesItsObjectsBack) {
    const auto to      = target_resource(a_shoot);
    const auto bundles = bundle(to, some_objects());
    const auto secret  = secret_of(to, bundles[0]);
    ASSERT_TRUE(secret) << secret.error().detail;
    EXPECT_EQ(secret->find("immutable")->boolean(), true);
    EXPECT_EQ(
        secret->text_at(
            {"metadata", "labels", "resources.gardener.cloud/garbage-collectable-reference"}
        ),
        "true"
    );
    const auto read = objects_in(*secret);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(*read, some_objects());
}

TEST(ManagedResource, ReadsWhatTheGoExtensionWrote) {
    value secret;
    secret["data"]["config.yaml"] = encode_base64("---\na: 1\n---\nb: 2\n");
    const auto read               = objects_in(secret);
    ASSERT_TRUE(read);
    EXPECT_THAT(*read, ElementsAre(yaml("a: 1"), yaml("b: 2")));
    secret["data"]["config.yaml.br"] = encode_base64("not brotli");
    EXPECT_THAT(objects_in(secret).error().detail, HasSubstr("config.yaml.br"));
}

std::vector<value> read_back(const std::vector<object_bundle>& bundles) {
    std::vector<value> back;
    for (const auto& each : bundles) {
        const auto secret = secret_of(target_resource(a_shoot), each);
        EXPECT_TRUE(secret);
        const auto read = objects_in(*secret);
        EXPECT_TRUE(read);
        back.insert(back.end(), read->begin(), read->end());
    }
    return back;
}

TEST(ManagedResource, S2_1_SpreadsMuchContentOverSeveralSecrets) {
    std::vector<value> objects;
    for (int i = 0; i < 200; ++i)
        objects.push_back(
            {{"name", i}, {"data", std::string(10'000, static_cast<char>('a' + i % 26))}}
        );
    const auto bundles = bundle(target_resource(a_shoot), objects);
    EXPECT_THAT(bundles, SizeIs(3));
    EXPECT_EQ(read_back(bundles), objects);
}

value large(const std::string& kind, char of) {
    return {
        {"kind", kind},
        {"metadata", {{"name", "large"}}},
        {"data", {{"a", std::string(20'000, of)}}}
    };
}

TEST(ManagedResource, S14_LargePartsHaveASecretOfTheirOwnNamedAfterTheirContent) {
    auto objects = some_objects();
    objects.insert(objects.begin() + 1, large("ConfigMap", 'a'));
    const auto bundles = bundle(target_resource(a_shoot), objects);
    ASSERT_THAT(bundles, SizeIs(2));
    const auto& own = bundles[0].shared_as.empty() ? bundles[1] : bundles[0];
    const auto& few = bundles[0].shared_as.empty() ? bundles[0] : bundles[1];
    EXPECT_THAT(own.shared_as, SizeIs(64));
    EXPECT_TRUE(is_content_addressed(target_resource(a_shoot), own.secret));
    EXPECT_EQ(own.secret.substr(own.secret.size() - 8), own.shared_as.substr(0, 8));
    EXPECT_EQ(read_back({own}), std::vector<value>{objects[1]});
    EXPECT_EQ(read_back({few}), some_objects());
    // A new token leaves it as it is.
    objects[2]["data"]["token"] = "new";
    const auto after            = bundle(target_resource(a_shoot), objects);
    const auto names            = secrets_of(managed_resource(target_resource(a_shoot), after, {}));
    EXPECT_THAT(names, ::testing::Contains(own.secret));
    EXPECT_THAT(names, ::testing::Not(::testing::Contains(few.secret)));
}

TEST(ManagedResource, WhatManyHaveIsCompressedOncePerContent) {
    compressed_parts parts;
    const auto       of = [&](const char* space, const value& object) {
        managed_resource_name to   = target_resource({.control_plane = space});
        const auto            made = secret_of(to, bundle(to, {object}).at(0), parts);
        EXPECT_TRUE(made);
        EXPECT_EQ(made->text_at({"metadata", "namespace"}), space);
        EXPECT_EQ(*objects_in(*made), std::vector<value>{object});
    };
    for (const auto* space : {"a", "b", "c"}) of(space, large("ConfigMap", 'a'));
    EXPECT_EQ(parts.made(), 1u);
    of("d", large("ConfigMap", 'b'));
    EXPECT_EQ(parts.made(), 2u);
    of("a", large("Secret", 'a'));
    of("a", some_objects()[0]);
    EXPECT_EQ(parts.made(), 2u) << "neither keys nor what is small are kept";
}

TEST(ManagedResource, CompressedPartsStayWithinTheirRoom) {
    std::string noise;  // what hardly compresses
    for (unsigned i = 0, at = 1; i < 3000; ++i) {
        at     = at * 1664525 + 1013904223;
        noise += static_cast<char>(at >> 24);
    }
    compressed_parts parts(10'000);
    for (const auto* each : {"a", "b", "a", "c", "a"}) (void)parts.of(each, noise + each);
    EXPECT_EQ(parts.made(), 3u);
    EXPECT_LE(parts.bytes(), 10'000u);
    (void)parts.of("b", noise + "b");
    EXPECT_EQ(parts.made(), 4u) << "the one that nobody asked for has made room";
    EXPECT_THAT(*compressed_parts(10).of("a", noise), ::testing::Not(::testing::IsEmpty()));
}

TEST(ManagedResource, ClassesDoNotShareNames) {
    const auto seed   = target_resource({.is = extension_class::seed, .control_plane = "garden"});
    const auto garden = target_resource({.is = extension_class::garden, .control_plane = "garden"});
    EXPECT_NE(seed.name, garden.name);
    EXPECT_EQ(seed.resource_class, "seed");
    EXPECT_EQ(garden.resource_class, "seed");
    EXPECT_EQ(seed_resource(a_shoot).resource_class, "seed");
}

TEST(ManagedResource, S2_4_IsHealthyOnlyInItsPresentGeneration) {
    auto is = yaml(
        "metadata: {generation: 2}\n"
        "status:\n  observedGeneration: 2\n  conditions:\n"
        "  - {type: ResourcesApplied, status: 'True'}\n"
        "  - {type: ResourcesHealthy, status: 'False', reason: DaemonSetUnhealthy, message: no}\n"
        "  - {type: ResourcesProgressing, status: 'False'}\n"
    );
    auto state = state_of(is);
    EXPECT_TRUE(state.applied);
    EXPECT_FALSE(state.healthy);
    EXPECT_FALSE(state.progressing);
    EXPECT_EQ(state.reason, "DaemonSetUnhealthy");
    is["metadata"]["generation"] = 3;
    state                        = state_of(is);
    EXPECT_FALSE(state.applied);
    EXPECT_TRUE(state.progressing);
}

}  // namespace
}  // namespace falconer::falco
