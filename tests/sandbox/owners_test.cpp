// Who owns which fields of an object, as a real server has it: the same cases are asked of one in
// tests/peers/odd_calls.py.
#include "sandbox/kube_api/owners.hpp"
#include "sandbox/kube_api/store.hpp"

#include "support/manual_time.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::sandbox {
namespace {

using ::falconer::testing::yaml;
using ::testing::HasSubstr;

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
const kube_type deployments{.group = "apps", .kind = "Deployment", .plural = "deployments"};
const kube_type extensions{
    .group   = "extensions.gardener.cloud",
    .version = "v1alpha1",
    .kind    = "Extension",
    .plural  = "extensions"
};

class OwnersTest : public ::testing::Test {
protected:
    asio::io_context  loop{1};
    test::manual_time time{loop};
    api_store         store{time};
    const kube_key    key{"default", "a"};

    result<value> apply(
        const kube_type& type, const char* text, const char* manager, bool force = false
    ) {
        return store.apply(type, key, yaml(text), {.manager = manager, .force = force});
    }
    void patch(const kube_type& type, const char* text, const char* manager) {
        const auto done = store.patch(type, key, api_patch_kind::merge, yaml(text), {}, manager);
        ASSERT_TRUE(done) << done.error().detail;
    }
    value data() { return *store.get(config_maps, key)->find("data"); }
};

TEST_F(OwnersTest, WhatWasWrittenInAnyWayIsSomebodys) {
    ASSERT_TRUE(store.create(config_maps, key, yaml("data: {x: '1', y: '1'}"), {}, "first"));
    EXPECT_TRUE(apply(config_maps, "data: {x: '1'}", "second")) << "the same is no conflict";
    const auto other = apply(config_maps, "data: {x: '2'}", "second");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, errc::conflict);
    EXPECT_EQ(
        other.error().detail, "Apply failed with 1 conflict: conflict with \"first\": .data.x"
    );
    EXPECT_EQ(data(), yaml("{x: '1', y: '1'}"));
    EXPECT_TRUE(apply(config_maps, "data: {x: '2'}", "second", true));
    EXPECT_TRUE(apply(config_maps, "data: {x: '3'}", "second")) << "it is only theirs now";
    EXPECT_TRUE(apply(config_maps, "data: {new: '1'}", "second")) << "nobody's is free";
    EXPECT_EQ(data(), yaml("{y: '1', new: '1'}")) << "what is no longer applied goes";
}

TEST_F(OwnersTest, WhoChangesWhatWasAppliedOwnsIt) {
    ASSERT_TRUE(apply(config_maps, "data: {x: '1', y: '1'}", "one"));
    patch(config_maps, "data: {x: '2'}", "two");
    EXPECT_FALSE(apply(config_maps, "data: {x: '1', y: '1'}", "one"));
    EXPECT_TRUE(apply(config_maps, "data: {x: '2', y: '1'}", "one"));
    patch(config_maps, "data: {x: null}", "two");
    EXPECT_TRUE(apply(config_maps, "data: {x: '4', y: '1'}", "one")) << "what has gone is free";
    EXPECT_EQ(data(), yaml("{x: '4', y: '1'}"));
}

TEST_F(OwnersTest, WritingTheSameOwnsNothing) {
    ASSERT_TRUE(apply(config_maps, "data: {x: '1'}", "one"));
    patch(config_maps, "data: {x: '1'}", "two");
    EXPECT_TRUE(apply(config_maps, "data: {x: '2'}", "one"));
}

TEST_F(OwnersTest, ItemsOfAListWithAKeyAreOwnedOneByOne) {
    const auto containers = [](const std::string& items) {
        return "spec: {template: {spec: {containers: [" + items + "]}}}";
    };
    const auto text = [&] {
        const auto is = store.get(deployments, key);
        return json_text(*is->find_path({"spec", "template", "spec", "containers"}));
    };
    ASSERT_TRUE(
        store.create(deployments, key, yaml(containers("{name: a, image: i1}")), {}, "first")
    );
    ASSERT_TRUE(apply(deployments, containers("{name: b, image: i2}").c_str(), "second"));
    EXPECT_EQ(text(), R"([{"name":"a","image":"i1"},{"name":"b","image":"i2"}])");
    const auto other = apply(deployments, containers("{name: a, image: i3}").c_str(), "second");
    ASSERT_FALSE(other);
    EXPECT_THAT(
        other.error().detail,
        HasSubstr("\"first\": .spec.template.spec.containers[name=\"a\"].image")
    );
    ASSERT_TRUE(apply(deployments, containers("{name: b, tty: true}").c_str(), "second"));
    EXPECT_EQ(text(), R"([{"name":"a","image":"i1"},{"name":"b","tty":true}])");
    ASSERT_TRUE(apply(deployments, containers("").c_str(), "third"));
    ASSERT_TRUE(apply(deployments, "metadata: {labels: {l: m}}", "second"));
    EXPECT_EQ(text(), R"([{"name":"a","image":"i1"}])") << "an item that nobody wants any more";
}

TEST_F(OwnersTest, FinalizersAreOwnedOneByOneAlsoOfCustomTypes) {
    ASSERT_TRUE(store.create(
        extensions, key, yaml("{metadata: {finalizers: [e.com/other]}, spec: {type: x}}"), {}
    ));
    const auto finalizers = [&] {
        return json_text(*store.get(extensions, key)->find_path({"metadata", "finalizers"}));
    };
    ASSERT_TRUE(apply(extensions, "metadata: {finalizers: [e.com/mine]}", "me"));
    EXPECT_EQ(finalizers(), R"(["e.com/other","e.com/mine"])");
    ASSERT_TRUE(apply(extensions, "metadata: {labels: {a: b}}", "me"));
    EXPECT_EQ(finalizers(), R"(["e.com/other"])");
}

TEST_F(OwnersTest, AStatusIsOwnedApart) {
    ASSERT_TRUE(apply(extensions, "spec: {type: x}", "me"));
    const auto done = store.apply(
        extensions, key, yaml("status: {observedGeneration: 1}"),
        {.manager = "me", .part = kube_part::status}
    );
    ASSERT_TRUE(done) << done.error().detail;
    ASSERT_TRUE(apply(extensions, "spec: {type: x}", "me"));
    EXPECT_NE(store.get(extensions, key)->find("status"), nullptr);
    EXPECT_EQ(store.get(extensions, key)->text_at({"spec", "type"}), "x");
}

/// As kubectl does it, which writes managedFields for that.
TEST_F(OwnersTest, WhatKubectlAppliedByItselfItMayApplyByTheServer) {
    ASSERT_TRUE(store.create(
        config_maps, key, yaml("data: {x: '1', y: '1'}"), {}, "kubectl-client-side-apply"
    ));
    const auto same = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '2'}";
    EXPECT_FALSE(apply(config_maps, same, "other"));
    const auto done = apply(config_maps, same, "kubectl");
    ASSERT_TRUE(done) << done.error().detail;
    EXPECT_EQ(json_text(*done->find("data")), R"({"x":"2"})");
}

TEST_F(OwnersTest, ItIsWrittenDownAndReadAgain) {
    field_owners is;
    is.wrote({}, yaml("{data: {a/b: x, '~': y}, spec: {}}"), {.manager = "a b"}, true);
    (void)is.apply({}, yaml("data: {z: x}"), {.manager = "c", .applies = true}, false, true);
    const auto text = json_text(is.as_value());
    EXPECT_EQ(text, R"({"write a b":["/data/a~1b","/data/~0","/spec"],"apply c":["/data/z"]})");
    EXPECT_EQ(json_text(field_owners::of(is.as_value()).as_value()), text);
    EXPECT_TRUE(field_owners::of(yaml("{x: y, 'write z': 1, 'apply z': [1, x]}")).empty());
}

TEST_F(OwnersTest, ObjectsWithTheSameFieldsShareWhatIsKnownOfThem) {
    field_sets sets;
    const auto kept = [&](const char* manager, const field_sets::fields& fields) {
        return sets.the_same_as({{{.manager = manager}, field_sets::packed(fields)}});
    };
    const auto one = kept("m", {"/a", "/b"}), two = kept("m", {"/b", "/a"});
    EXPECT_EQ(one->front().second, two->front().second);
    EXPECT_EQ(kept("m", {"/a", "/b"}), two);
    EXPECT_EQ(kept("other", {"/a", "/b"})->front().second, one->front().second);
    EXPECT_NE(kept("other", {"/a", "/b"}), two);
    EXPECT_NE(kept("m", {"/a"})->front().second, one->front().second);
}

TEST_F(OwnersTest, WhatIsKnownOfFieldsTakesNoMoreThanTheirNames) {
    field_sets::fields all;
    std::size_t        size = 0;
    for (int i = 0; i < 1000; ++i) {
        all.insert("/data/key-" + std::to_string(i) + ".yaml");
        size += all.rbegin()->size() + 10;
    }
    const auto packed = field_sets::packed(all);
    EXPECT_LE(packed->capacity(), size / 2);
    EXPECT_EQ(field_sets::unpacked(packed), all);
    EXPECT_TRUE(field_sets::unpacked(field_sets::packed({})).empty());
}

TEST_F(OwnersTest, AKeyMayHaveSeveralLines) {
    const value          was{{"data", {{"a\nb", "x"}, {"c", "y"}}}};
    field_owners         is;
    const auto           config = value{{"data", {{"a\nb", "x"}}}};
    field_owners::writer me{.manager = "me", .applies = true};
    ASSERT_TRUE(is.apply(was, config, me, false, true));
    EXPECT_EQ(json_text(is.as_value()), R"({"apply me":["/data/a~2b"]})");
    const auto left = is.apply(was, {{"data", value::map()}}, me, false, true);
    ASSERT_TRUE(left);
    EXPECT_EQ(json_text(*left), R"({"data":{"c":"y"}})") << "what is no longer applied goes";
}

}  // namespace
}  // namespace falconer::sandbox
