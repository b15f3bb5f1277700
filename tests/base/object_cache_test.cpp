#include "falconer/object_cache.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using what = kube_event::what;

value object(const std::string& name, const std::string& spec, int version = 1) {
    return yaml(
        "metadata: {namespace: ns, name: " + name + ", resourceVersion: '" +
        std::to_string(version) + "'}\nspec: " + spec +
        "\nstatus: {noise: " + std::to_string(version) + "}\n"
    );
}

class ObjectCacheTest : public ::testing::Test {
protected:
    object_cache cache{[](value whole) {
        auto kept = value::map();
        if (const auto* spec = whole.find("spec")) kept["spec"] = *spec;
        return kept;
    }};

    /// "+a", "-a", "a" (changed).
    std::vector<std::string> take(what kind, value of = {}) {
        std::vector<std::string> all;
        for (const auto& each : cache.take({kind, std::move(of)}))
            all.push_back((each.before ? each.after ? "" : "-" : "+") + each.key.name);
        return all;
    }
};

TEST_F(ObjectCacheTest, KnowsWhatIsThereOnceAllHasBeenTold) {
    take(what::init_begin);
    EXPECT_THAT(take(what::init_applied, object("a", "1")), ElementsAre("+a"));
    EXPECT_FALSE(cache.synced());
    EXPECT_THAT(take(what::init_done), IsEmpty());
    EXPECT_TRUE(cache.synced());
    EXPECT_EQ(*cache.find({"ns", "a"}), yaml("spec: 1")) << "reduced";
    EXPECT_EQ(cache.find({"other", "a"}), nullptr);
}

TEST_F(ObjectCacheTest, WhatMattersToNobodyIsNoChange) {
    take(what::applied, object("a", "1"));
    EXPECT_THAT(take(what::applied, object("a", "1", 2)), IsEmpty());
    EXPECT_THAT(take(what::applied, object("a", "2", 3)), ElementsAre("a"));
    EXPECT_THAT(take(what::deleted, object("a", "2", 4)), ElementsAre("-a"));
    EXPECT_THAT(take(what::deleted, object("a", "2", 4)), IsEmpty());
}

TEST_F(ObjectCacheTest, ALostThreadIsMendedByTheNextList) {
    take(what::init_begin);
    for (const char* name : {"a", "b", "c"}) take(what::init_applied, object(name, "1"));
    take(what::init_done);
    // b was deleted and c changed while nobody listened.
    take(what::init_begin);
    EXPECT_THAT(take(what::init_applied, object("a", "1")), IsEmpty());
    EXPECT_THAT(take(what::init_applied, object("c", "2")), ElementsAre("c"));
    EXPECT_THAT(take(what::init_applied, object("d", "1")), ElementsAre("+d"));
    EXPECT_THAT(take(what::init_done), ElementsAre("-b"));
    EXPECT_EQ(cache.size(), 3u);
}

TEST_F(ObjectCacheTest, AListThatWasBrokenOffForgetsNothing) {
    take(what::init_begin);
    take(what::init_applied, object("a", "1"));
    take(what::init_applied, object("b", "1"));
    take(what::init_done);
    take(what::init_begin);  // and then the pages expired
    take(what::init_applied, object("a", "1"));
    take(what::init_begin);
    EXPECT_THAT(take(what::init_applied, object("b", "1")), IsEmpty());
    EXPECT_THAT(take(what::init_done), ElementsAre("-a"));
}

}  // namespace
}  // namespace falconer
