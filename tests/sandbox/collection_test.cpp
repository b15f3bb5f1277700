// What hangs on an owner, where its deletion waits for it.
#include "sandbox/kube_api/store.hpp"
#include "support/manual_time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace falconer::sandbox {
namespace {

using dependents = kube_removal::dependents;

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};

class CollectionTest : public ::testing::Test {
protected:
    asio::io_context  loop{1};
    test::manual_time time{loop};
    api_store         store{time};

    /// Owned by those, whose deletion waits for it.
    value make(const std::string& name, const std::vector<std::string>& owners = {}) {
        value object = value::map();
        for (const auto& each : owners)
            object["metadata"]["ownerReferences"].push_back(
                {{"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"name", each},
                 {"uid", get(each).text_at({"metadata", "uid"})},
                 {"blockOwnerDeletion", true}}
            );
        auto made = store.create(config_maps, {"default", name}, object, {});
        EXPECT_TRUE(made) << made.error().detail;
        return made ? *made : value{};
    }
    value get(const std::string& name) {
        const auto is = store.get(config_maps, {"default", name});
        return is ? *is : value{};
    }
    bool  is_there(const std::string& name) { return !get(name).is_null(); }
    value remove(const std::string& name, dependents then) {
        auto done = store.remove(config_maps, {"default", name}, {.then = then});
        EXPECT_TRUE(done) << done.error().detail;
        return done ? *done : value{};
    }
    void patch(const std::string& name, const value& what) {
        const auto done =
            store.patch(config_maps, {"default", name}, api_patch_kind::merge, what, {});
        EXPECT_TRUE(done) << done.error().detail;
    }
};

TEST_F(CollectionTest, InTheForegroundDependentsGoFirst) {
    make("owner");
    make("child", {"owner"});
    make("grandchild", {"child"});
    make("other");
    const auto told = remove("owner", dependents::foreground);
    EXPECT_EQ(json_text(*told.find_path({"metadata", "finalizers"})), R"(["foregroundDeletion"])");
    EXPECT_FALSE(told.text_at({"metadata", "deletionTimestamp"}).empty());
    for (const auto* name : {"owner", "child", "grandchild"}) EXPECT_FALSE(is_there(name)) << name;
    EXPECT_TRUE(is_there("other"));
}

TEST_F(CollectionTest, AnOwnerWaitsForThoseThatAreKept) {
    make("owner");
    make("child", {"owner"});
    patch("child", {{"metadata", {{"finalizers", value::list_type{"a.b/c"}}}}});
    remove("owner", dependents::foreground);
    EXPECT_TRUE(is_there("owner"));
    EXPECT_FALSE(get("child").text_at({"metadata", "deletionTimestamp"}).empty());
    patch("child", {{"metadata", {{"finalizers", value{}}}}});
    EXPECT_FALSE(is_there("child"));
    EXPECT_FALSE(is_there("owner"));
}

/// As long as nobody's stack is.
TEST_F(CollectionTest, ALongChainOfOwnersGoesAsAShortOne) {
    constexpr int links = 2'000;
    std::string   uid;
    for (int i = 0; i < links; ++i) {
        auto object = value::map();
        if (i > 0)
            object["metadata"]["ownerReferences"].push_back(
                {{"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"name", "m" + std::to_string(i - 1)},
                 {"uid", uid},
                 {"blockOwnerDeletion", true}}
            );
        const auto made =
            store.create(config_maps, {"default", "m" + std::to_string(i)}, object, {});
        ASSERT_TRUE(made) << made.error().detail;
        uid = made->text_at({"metadata", "uid"});
    }
    const auto before = store.size();
    remove("m0", dependents::foreground);
    EXPECT_EQ(store.size(), before - links);
}

TEST_F(CollectionTest, WhatWasGoingBeforeItsOwnerIsNotKeptByThat) {
    make("owner");
    make("child", {"owner"});
    patch("child", {{"metadata", {{"finalizers", value::list_type{"a.b/c"}}}}});
    remove("child", dependents::by_default);
    remove("owner", dependents::foreground);
    EXPECT_TRUE(is_there("owner"));
    EXPECT_EQ(json_text(*get("child").find_path({"metadata", "finalizers"})), R"(["a.b/c"])");
    patch("child", {{"metadata", {{"finalizers", value{}}}}});
    EXPECT_FALSE(is_there("child"));
    EXPECT_FALSE(is_there("owner"));
}

TEST_F(CollectionTest, OwnersOfEachOtherGoTogether) {
    make("one");
    make("other", {"one"});
    const auto uid = std::string(get("other").text_at({"metadata", "uid"}));
    value      back;
    back["metadata"]["ownerReferences"].push_back(
        {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"name", "other"}, {"uid", uid}}
    );
    patch("one", back);
    remove("one", dependents::foreground);
    EXPECT_FALSE(is_there("one"));
    EXPECT_FALSE(is_there("other"));
}

TEST_F(CollectionTest, WhoHasAnotherOwnerStays) {
    make("owner");
    make("second");
    make("child", {"owner", "second"});
    remove("owner", dependents::foreground);
    EXPECT_FALSE(is_there("owner"));
    const auto child = get("child");
    EXPECT_EQ(child.find_path({"metadata", "ownerReferences"})->items().size(), 1U);
}

TEST_F(CollectionTest, OrphansLoseTheirOwnerAndNothingElse) {
    make("owner");
    make("child", {"owner"});
    const auto told = remove("owner", dependents::orphan);
    EXPECT_EQ(json_text(*told.find_path({"metadata", "finalizers"})), R"(["orphan"])");
    EXPECT_FALSE(is_there("owner"));
    ASSERT_TRUE(is_there("child"));
    EXPECT_EQ(get("child").find_path({"metadata", "ownerReferences"}), nullptr);
}

TEST_F(CollectionTest, InTheBackgroundNothingIsCollected) {
    make("owner");
    make("child", {"owner"});
    remove("owner", dependents::background);
    EXPECT_FALSE(is_there("owner"));
    EXPECT_TRUE(is_there("child"));
}

TEST_F(CollectionTest, WhoWaitsMayBeToldNotToWait) {
    make("owner");
    make("child", {"owner"});
    patch("child", {{"metadata", {{"finalizers", value::list_type{"a.b/c"}}}}});
    remove("owner", dependents::foreground);
    remove("owner", dependents::background);
    EXPECT_FALSE(is_there("owner"));
    EXPECT_TRUE(is_there("child"));
}

TEST_F(CollectionTest, ADryRunSaysWhatWouldBe) {
    make("owner");
    const auto would =
        store.removable(config_maps, {"default", "owner"}, {.then = dependents::foreground});
    ASSERT_TRUE(would) << would.error().detail;
    EXPECT_EQ(
        json_text(*would->find_path({"metadata", "finalizers"})), R"(["foregroundDeletion"])"
    );
    EXPECT_EQ(get("owner").find_path({"metadata", "finalizers"}), nullptr);
}

}  // namespace
}  // namespace falconer::sandbox
