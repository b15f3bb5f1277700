#include "admission/config_map_watch.hpp"

#include "sandbox/kube_api/store_api.hpp"
#include "support/actor_fixture.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace falconer::admissions {
namespace {

using falco::sight;
using ::testing::SizeIs;

class ConfigMapWatchTest : public test::actor_fixture {
protected:
    sandbox::api_store store{time};
    sandbox::store_api api{time, store};
    config_map_watch   watch{api, {.packed = 1000, .of_a_space = 600, .unpacked = 700}};

    void SetUp() override {
        actor_fixture::SetUp();
        tell(kube_event::what::init_begin, {});
        tell(kube_event::what::init_done, {});
    }
    void tell(kube_event::what kind, value object) {
        watch.heard({.kind = kind, .object = std::move(object)});
    }
    static value config_map(const kube_key& key, std::size_t size, const char* file = "a.yaml") {
        value made;
        made["metadata"]["namespace"] = key.namespace_name;
        made["metadata"]["name"]      = key.name;
        made["data"][file]            = "- " + std::string(size - 2 - 6, 'x');  // with its name
        return made;
    }
    void apply(const kube_key& key, std::size_t size) {
        tell(kube_event::what::applied, config_map(key, size));
    }
    void remove(const kube_key& key) { tell(kube_event::what::deleted, config_map(key, 100)); }

    const kube_key one{"garden-a", "one"}, two{"garden-a", "two"}, other{"garden-b", "other"};
};

TEST_F(ConfigMapWatchTest, NothingIsUnpackedBeforeAReviewNamesIt) {
    apply(one, 400);
    EXPECT_EQ(watch.packed_bytes(), 400U);
    EXPECT_EQ(watch.unpacked_bytes(), 0U);
    const auto seen = watch.find(one);
    ASSERT_EQ(seen.is, sight::known);
    EXPECT_THAT(seen.files->files, SizeIs(1));
    EXPECT_EQ(watch.unpacked_bytes(), 400U);
}

TEST_F(ConfigMapWatchTest, WhatIsNamedAgainIsUnpackedOnceUnlessItHasChanged) {
    apply(one, 400);
    const auto first = watch.find(one);
    apply(one, 400);
    EXPECT_EQ(watch.find(one).files, first.files) << "somebody has touched it, nothing more";
    apply(one, 300);
    EXPECT_EQ(watch.unpacked_bytes(), 0U);
    EXPECT_NE(watch.find(one).files, first.files);
    EXPECT_THAT(first.files->files, SizeIs(1)) << "who holds the old one may go on reading";
    remove(one);
    EXPECT_EQ(watch.find(one).is, sight::absent);
    EXPECT_EQ(watch.packed_bytes(), 0U);
    EXPECT_EQ(watch.unpacked_bytes(), 0U);
}

TEST_F(ConfigMapWatchTest, UnpackedOnesHaveTheirLimitAndTheOldestGoes) {
    apply(one, 400);
    apply(other, 400);
    const auto first = watch.find(one);
    static_cast<void>(watch.find(other));
    EXPECT_EQ(watch.unpacked_bytes(), 400U);
    EXPECT_NE(watch.find(one).files, first.files) << "unpacked anew";
}

TEST_F(ConfigMapWatchTest, ACrowdIsNotKeptAndCannotBeSeen) {
    apply(one, 400);
    apply(two, 300);
    EXPECT_EQ(watch.find(two).is, sight::cannot_be_seen) << "more than a namespace may take";
    EXPECT_EQ(watch.packed_bytes(), 400U);
    apply(other, 400);
    EXPECT_EQ(watch.find(other).is, sight::known) << "which costs its neighbours nothing";
    apply({"garden-c", "x"}, 300);
    EXPECT_EQ(watch.find({"garden-c", "x"}).is, sight::cannot_be_seen) << "more than all may take";
    remove(one);
    apply(two, 300);
    EXPECT_EQ(watch.find(two).is, sight::known) << "there is room again";
}

TEST_F(ConfigMapWatchTest, OfOthersOnlyTheNameIsKept) {
    tell(kube_event::what::applied, config_map(one, 400, "ca.crt"));
    EXPECT_EQ(watch.packed_bytes(), 0U);
    const auto seen = watch.find(one);
    EXPECT_EQ(seen.is, sight::known);
    EXPECT_THAT(seen.files->problems, SizeIs(1)) << "it holds no rule file";
}

TEST_F(ConfigMapWatchTest, WhatIsGoneAfterABreakIsForgotten) {
    apply(one, 400);
    static_cast<void>(watch.find(one));
    tell(kube_event::what::init_begin, {});
    tell(kube_event::what::init_done, {});
    EXPECT_EQ(watch.packed_bytes(), 0U);
    EXPECT_EQ(watch.unpacked_bytes(), 0U);
    EXPECT_EQ(watch.find(one).is, sight::absent);
}

}  // namespace
}  // namespace falconer::admissions
