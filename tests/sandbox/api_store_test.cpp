// What the cases of the real API server do not ask of the sandbox.
#include "sandbox/kube_api/store.hpp"

#include "sandbox/kube_api/patch.hpp"
#include "sandbox/kube_api/route.hpp"
#include "sandbox/kube_api/table.hpp"
#include "support/manual_time.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::sandbox {
namespace {

using ::falconer::testing::yaml;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
const kube_type secrets{.kind = "Secret", .plural = "secrets"};
const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
const kube_type extensions{
    .group   = "extensions.gardener.cloud",
    .version = "v1alpha1",
    .kind    = "Extension",
    .plural  = "extensions"
};

class ApiStoreTest : public ::testing::Test {
protected:
    asio::io_context  loop{1};
    test::manual_time time{loop};
    api_store         store{time};

    value create(const kube_type& type, const kube_key& key, const std::string& text = "{}") {
        auto made = store.create(type, key, yaml(text), {});
        EXPECT_TRUE(made) << made.error().detail;
        return made ? *made : value{};
    }
    errc code_of(const result<value>& got) {
        return got ? errc{} : static_cast<errc>(got.error().code.value());
    }
};

TEST_F(ApiStoreTest, WritingTheSameIsNoChange) {
    const auto made = create(config_maps, {"default", "a"}, "data: {x: '1'}");
    const auto same = store.patch(
        config_maps, {"default", "a"}, api_patch_kind::merge, yaml("data: {x: '1'}"), {}
    );
    EXPECT_EQ(resource_version_of(*same), resource_version_of(made));
}

/// As gardener-apiserver's plug-in ExtensionLabels does it, at every write and before any webhook.
TEST_F(ApiStoreTest, ShootsAreLabelledWithTheExtensionsThatTheyAskFor) {
    const kube_type shoots{
        .group = "core.gardener.cloud", .version = "v1beta1", .kind = "Shoot", .plural = "shoots"
    };
    const kube_key key{"default", "s"};
    const auto     made = create(shoots, key, R"(
metadata: {labels: {mine: x, extensions.extensions.gardener.cloud/stale: "true"}}
spec: {extensions: [{type: a}, {type: b, disabled: true}]}
)");
    EXPECT_EQ(
        *made.find_path({"metadata", "labels"}),
        yaml("{mine: x, extensions.extensions.gardener.cloud/a: 'true'}")
    );
    const auto off = store.patch(
        shoots, key, api_patch_kind::merge, yaml("spec: {extensions: [{type: b}]}"),
        {.dry_run = true}
    );
    EXPECT_EQ(
        *off->find_path({"metadata", "labels"}),
        yaml("{mine: x, extensions.extensions.gardener.cloud/b: 'true'}")
    ) << "a rehearsal shows it, too";
    EXPECT_EQ(create(config_maps, {"default", "c"}).find_path({"metadata", "labels"}), nullptr);
}

TEST_F(ApiStoreTest, TheGenerationCountsWhatIsWantedAndNothingElse) {
    const kube_key key{"default", "e"};
    create(extensions, key, "spec: {type: x}");
    const auto generation = [&](const char* patch, kube_part part = kube_part::whole) {
        const auto is =
            store.patch(extensions, key, api_patch_kind::merge, yaml(patch), {.part = part});
        return *is->find_path({"metadata", "generation"})->integer();
    };
    EXPECT_EQ(generation("metadata: {labels: {a: b}}"), 1);
    EXPECT_EQ(generation("status: {observedGeneration: 1}", kube_part::status), 1);
    EXPECT_EQ(generation("status: {observedGeneration: 9}"), 1) << "dropped on this path";
    EXPECT_EQ(generation("spec: {type: y}"), 2);
    EXPECT_EQ(
        store.get(extensions, key)->find_path({"status", "observedGeneration"})->integer(), 1
    );
}

TEST_F(ApiStoreTest, AnImmutableSecretCanBeDeletedAndNothingElse) {
    const kube_key key{"default", "s"};
    const auto     made = create(secrets, key, "{immutable: true, stringData: {a: b}}");
    EXPECT_EQ(made.text_at({"data", "a"}), "Yg==");
    EXPECT_EQ(
        code_of(store.patch(secrets, key, api_patch_kind::merge, yaml("data: {a: Yw==}"), {})),
        errc::malformed
    );
    EXPECT_TRUE(
        store.patch(secrets, key, api_patch_kind::merge, yaml("metadata: {labels: {c: d}}"), {})
    );
    EXPECT_TRUE(store.remove(secrets, key, {}));
}

TEST_F(ApiStoreTest, ANamespaceTakesEverythingWithItAndWaitsForFinalizers) {
    create(namespaces, {{}, "n"});
    create(config_maps, {"n", "a"});
    create(config_maps, {"n", "held"}, "metadata: {finalizers: [e.com/x]}");
    EXPECT_TRUE(store.remove(namespaces, {{}, "n"}, {}));
    EXPECT_EQ(code_of(store.get(config_maps, {"n", "a"})), errc::not_found);
    EXPECT_TRUE(store.get(namespaces, {{}, "n"}));
    EXPECT_EQ(code_of(store.create(config_maps, {"n", "b"}, yaml("{}"), {})), errc::denied);
    EXPECT_TRUE(store.patch(
        config_maps, {"n", "held"}, api_patch_kind::merge, yaml("metadata: {finalizers: null}"), {}
    ));
    EXPECT_EQ(code_of(store.get(namespaces, {{}, "n"})), errc::not_found);
}

TEST_F(ApiStoreTest, WhatIsTooLongAgoIsExpired) {
    api_store  small(time, {.history = 3});
    const auto from = small.version();
    for (int i = 0; i < 5; ++i)
        (void)small.create(config_maps, {"default", "c" + std::to_string(i)}, yaml("{}"), {});
    EXPECT_EQ(small.since(from).error().code, errc::expired);
    EXPECT_THAT(*small.since(small.version() - 3), SizeIs(3));
    EXPECT_THAT(*small.since(small.version()), IsEmpty());
    small.forget_history();
    EXPECT_EQ(small.since(small.version() - 1).error().code, errc::expired);
}

TEST_F(ApiStoreTest, WhatHasHappenedTakesNoMoreThanItMay) {
    constexpr std::size_t large = 30'000;
    api_store             small(time, {.history_bytes = 4 * large});
    const kube_key        key{"default", "c"};
    ASSERT_TRUE(small.create(config_maps, key, value::map(), {}));
    for (int i = 0; i < 10; ++i) {
        const value what{{"data", {{"x", std::string(large, static_cast<char>('a' + i))}}}};
        ASSERT_TRUE(small.patch(config_maps, key, api_patch_kind::merge, what, {}));
    }
    EXPECT_THAT(*small.since(small.version() - 3), SizeIs(3));
    EXPECT_EQ(small.since(small.version() - 5).error().code, errc::expired);
}

/// A webhook's patch may say so.
TEST_F(ApiStoreTest, WhatNamesItselfTwiceTakesNobodysPlace) {
    create(config_maps, {"default", "a"});
    create(config_maps, {"default", "c"});
    const auto twice = parse_json(R"({"metadata":{"name":"a","name":"z"},"data":{"x":"1"}})");
    ASSERT_TRUE(twice);
    EXPECT_EQ(code_of(store.update(config_maps, {"default", "a"}, *twice, {})), errc::broken);
    EXPECT_EQ(
        code_of(store.create(
            config_maps, {"default", "b"}, *parse_json(R"({"metadata":{"name":"b","name":"z"}})"),
            {}
        )),
        errc::broken
    );
    EXPECT_TRUE(store.get(config_maps, {"default", "a"}));
    EXPECT_TRUE(store.get(config_maps, {"default", "c"}));
    EXPECT_FALSE(store.get(config_maps, {"default", "z"}));
}

TEST_F(ApiStoreTest, ACrdBringsItsTypeAndTakesItAway) {
    const kube_type crds{
        .group      = "apiextensions.k8s.io",
        .kind       = "CustomResourceDefinition",
        .plural     = "customresourcedefinitions",
        .namespaced = false
    };
    const kube_type things{.group = "e.com", .kind = "Thing", .plural = "things"};
    EXPECT_EQ(code_of(store.create(things, {"default", "t"}, yaml("{}"), {})), errc::not_found);
    create(
        crds, {{}, "things.e.com"},
        "spec: {group: e.com, scope: Namespaced, names: {plural: things, kind: Thing}, "
        "versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: "
        "object}}}, {name: v2, served: false, schema: {openAPIV3Schema: {type: object}}}]}"
    );
    EXPECT_TRUE(store.create(things, {"default", "t"}, yaml("{}"), {}));
    EXPECT_NE(store.types().find("e.com", "v1", "things"), nullptr);
    EXPECT_EQ(store.types().find("e.com", "v2", "things"), nullptr);
    EXPECT_TRUE(store.remove(crds, {{}, "things.e.com"}, {}));
    EXPECT_EQ(store.types().find("e.com", "v1", "things"), nullptr);
}

TEST_F(ApiStoreTest, WhatIsNoLongerAppliedGoesUnlessSomebodyElseAppliesIt) {
    const kube_key key{"default", "a"};
    const auto     apply = [&](const char* manager, const char* text) {
        return store.apply(config_maps, key, yaml(text), {.manager = manager});
    };
    ASSERT_TRUE(apply("me", "data: {x: '1', y: '2'}"));
    ASSERT_TRUE(apply("you", "data: {y: '2', z: '3'}"));
    EXPECT_EQ(*apply("me", "data: {x: '1'}")->find("data"), yaml("{x: '1', y: '2', z: '3'}"));
    EXPECT_EQ(*apply("you", "data: {z: '3'}")->find("data"), yaml("{x: '1', z: '3'}"));
}

TEST(ApiPatchTest, JsonPatchesDoAllTheirOperations) {
    const auto patched = [](const char* is, const char* patch) {
        auto done = json_patched(yaml(is), yaml(patch));
        return done ? json_text(*done) : done.error().detail;
    };
    EXPECT_EQ(patched("a: [1, 3]", "[{op: add, path: /a/1, value: 2}]"), R"({"a":[1,2,3]})");
    EXPECT_EQ(patched("a: [1]", "[{op: add, path: /a/-, value: 2}]"), R"({"a":[1,2]})");
    EXPECT_EQ(patched("{a/b: 1}", "[{op: replace, path: /a~1b, value: 2}]"), R"({"a/b":2})");
    EXPECT_EQ(patched("{a: 1}", "[{op: move, from: /a, path: /b}]"), R"({"b":1})");
    EXPECT_EQ(patched("{a: 1}", "[{op: copy, from: /a, path: /b}]"), R"({"a":1,"b":1})");
    EXPECT_EQ(
        patched("{a: 1}", "[{op: test, path: /a, value: 2}]"), "test /a: it is another value"
    );
    EXPECT_EQ(patched("{a: 1}", "[{op: remove, path: /b}]"), "remove /b: there is no such place");
    EXPECT_EQ(
        patched("{a: [1]}", "[{op: add, path: /a/7, value: 2}]"), "add /a/7: there is no such place"
    );
    EXPECT_EQ(patched("{a: 1}", "[{op: eat, path: /a}]"), "eat /a: no such operation");
    EXPECT_EQ(patched("{a: 1}", "{op: add}"), "a JSON patch is a list of operations");
}

/// Small patches, the objects of which would have no end.
TEST(ApiPatchTest, JsonPatchesMakeNothingThatIsWithoutBounds) {
    auto doubling = value::list();
    for (int i = 0; i < 60; ++i)
        doubling.push_back({{"op", "copy"}, {"from", "/a"}, {"path", "/a/" + std::to_string(i)}});
    const auto large = json_patched(yaml("a: {text: something}"), doubling);
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, errc::malformed);
    EXPECT_THAT(large.error().detail, ::testing::HasSubstr("exceeding the limit 3145728"));

    for (const auto* op : {"add", "replace"}) {
        auto        deeper = value::list();
        std::string path;
        for (int i = 0; i < 10'000; ++i) {
            path += "/a";
            deeper.push_back({{"op", op}, {"path", path}, {"value", value::map()}});
            if (path.size() > 1'000) break;
        }
        const auto deep = json_patched(value::map(), deeper);
        ASSERT_FALSE(deep) << op;
        EXPECT_THAT(deep.error().detail, ::testing::HasSubstr("more than 100 levels"));
    }
    const auto whole = json_patched(
        yaml("{a: {b: 1}}"),
        yaml("[{op: copy, from: '', path: /a/c}, {op: move, from: /a/c, path: /d}]")
    );
    ASSERT_TRUE(whole) << whole.error().detail;
    EXPECT_EQ(json_text(*whole), R"({"a":{"b":1},"d":{"a":{"b":1}}})");
}

TEST(ApiPatchTest, StrategicPatchesMergeListsByTheirKeys) {
    const auto is = yaml(
        "spec: {containers: [{name: a, image: '1'}, {name: b, image: '1'}], args: [x]}\n"
        "metadata: {finalizers: [one]}"
    );
    EXPECT_EQ(
        strategic_merge_patched(
            is, yaml("spec:\n  $setElementOrder/containers: [{name: a}, {name: c}]\n"
                     "  containers: [{name: a, image: '2'}, {name: b, $patch: delete}, {name: c}]\n"
                     "  args: [y]\nmetadata: {finalizers: [two]}")
        ),
        yaml("spec: {containers: [{name: a, image: '2'}, {name: c}], args: [y]}\n"
             "metadata: {finalizers: [one, two]}")
    );
    EXPECT_EQ(
        strategic_merge_patched(
            is, yaml("metadata: {$deleteFromPrimitiveList/finalizers: [one], finalizers: []}")
        )
            .find_path({"metadata", "finalizers"})
            ->items()
            .size(),
        0u
    );
}

TEST(ApiPatchTest, StrategicPatchesSayInWhichOrderListsAreToBe) {
    // As Helm and kubectl write it: a port has got another number, a container's volumes another
    // order.
    const auto ports = [](const char* order, const char* patch) {
        const auto done = strategic_merge_patched(
            yaml("{ports: [{containerPort: 1}, {containerPort: 2}, {containerPort: 3}]}"),
            yaml(std::string("{$setElementOrder/ports: ") + order + patch + "}")
        );
        std::string all;
        for (const auto& each : done.find("ports")->items())
            all += std::to_string(*each.find("containerPort")->integer());
        return all;
    };
    const auto* const moved = ", ports: [{containerPort: 9}, {$patch: delete, containerPort: 1}]";
    EXPECT_EQ(ports("[{containerPort: 9}, {containerPort: 2}, {containerPort: 3}]", moved), "923");
    EXPECT_EQ(ports("[{containerPort: 3}, {containerPort: 1}]", ""), "231");
    EXPECT_EQ(
        ports("[{containerPort: 2}, {containerPort: 9}]", ", ports: [{containerPort: 9}]"), "1293"
    );
    EXPECT_EQ(
        json_text(strategic_merge_patched(
            yaml("metadata: {finalizers: [a, b]}"),
            yaml("metadata: {$setElementOrder/finalizers: [c, b], finalizers: [c]}")
        )),
        R"({"metadata":{"finalizers":["c","a","b"]}})"
    );
    // Only the order: nothing else is said of the list.
    EXPECT_EQ(
        json_text(strategic_merge_patched(
            yaml("{volumes: [{name: a}, {name: b}]}"),
            yaml("{$setElementOrder/volumes: [{name: b}, {name: a}]}")
        )),
        R"({"volumes":[{"name":"b"},{"name":"a"}]})"
    );
}

TEST(ApiSelectorTest, KnowsAllOperators) {
    const auto object  = yaml("metadata: {name: 'n', labels: {a: b, empty: ''}}");
    const auto matches = [&](const char* labels, const char* fields = "") {
        const auto made = api_selector::parse(labels, fields);
        return made && made->matches(object);
    };
    EXPECT_TRUE(matches(""));
    EXPECT_TRUE(matches("a=b,a==b, a in (x, b),!c,c!=d,c notin (d),empty,empty="));
    EXPECT_FALSE(matches("a!=b"));
    EXPECT_FALSE(matches("a notin (b)"));
    EXPECT_FALSE(matches("c"));
    EXPECT_FALSE(matches("!a"));
    EXPECT_TRUE(matches("", "metadata.name=n,metadata.namespace="));
    EXPECT_FALSE(matches("", "metadata.name!=n"));
    EXPECT_FALSE(api_selector::parse("a in b)", ""));
    EXPECT_FALSE(api_selector::parse("=b", ""));
}

TEST(ApiTableTest, FollowsAPathThroughAList) {
    const auto object =
        yaml("status: {conditions: [{type: A, status: 'no'}, {type: B, status: 'yes'}], n: 3}");
    EXPECT_EQ(text_at_path(object, R"(.status.conditions[?(@.type=="B")].status)"), "yes");
    EXPECT_EQ(text_at_path(object, ".status.n"), "3");
    EXPECT_EQ(text_at_path(object, ".status.conditions[?(@.type==\"C\")].status"), "");
    EXPECT_EQ(text_at_path(yaml("{a: {b.c/d: x}}"), R"(.a.b\.c/d)"), "x");
}

TEST(ApiRouteTest, ReadsWhatIsAskedFor) {
    const auto route = parse_route(
        "/apis/apps/v1/namespaces/n/daemonsets/falco/status?labelSelector=a%3Db%2Cc&watch=1"
    );
    ASSERT_TRUE(route);
    EXPECT_EQ(route->group, "apps");
    EXPECT_EQ(route->namespace_name, "n");
    EXPECT_EQ(route->plural, "daemonsets");
    EXPECT_EQ(route->name, "falco");
    EXPECT_EQ(route->part, "status");
    EXPECT_EQ(route->asked("labelSelector"), "a=b,c");
    EXPECT_TRUE(route->is_asked("watch"));
    EXPECT_EQ(parse_route("/api/v1/namespaces/n")->plural, "namespaces");
    EXPECT_EQ(parse_route("/api/v1/namespaces/n")->name, "n");
    EXPECT_EQ(parse_route("/apis/apps/v1")->kind, api_route::what::document);
    EXPECT_EQ(parse_route("/api/v1/a/b/c/d/e")->part, "c/d/e") << "what nobody serves";
    EXPECT_FALSE(parse_route("/api/v1/pods?a=%4"));
}

}  // namespace
}  // namespace falconer::sandbox
