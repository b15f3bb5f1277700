// What stores keep outlives them.
#include "sandbox/kube_api/archive.hpp"

#include "support/manual_time.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::sandbox {
namespace {

using ::falconer::testing::yaml;
using ::testing::HasSubstr;

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
const kube_type secrets{.kind = "Secret", .plural = "secrets"};
const kube_type crds{
    .group      = "apiextensions.k8s.io",
    .version    = "v1",
    .kind       = "CustomResourceDefinition",
    .plural     = "customresourcedefinitions",
    .namespaced = false
};
const kube_type birds{
    .group = "zoo.io", .version = "v1", .kind = "Bird", .plural = "birds", .namespaced = true
};

class ApiArchiveTest : public ::testing::Test {
protected:
    asio::io_context  loop{1};
    test::manual_time time{loop};
    api_store         store{time};

    static std::string text_of(api_contents what) {
        archive_writer from(std::move(what));
        std::string    all;
        for (auto text = from.next(); !text.empty(); text = from.next()) all += text;
        return all;
    }
    std::string text() const { return text_of({{"", store.whole()}}); }
    value       create(const kube_type& type, const kube_key& key, const std::string& object) {
        auto made = store.create(type, key, yaml(object), {});
        EXPECT_TRUE(made) << made.error().detail;
        return made ? *made : value{};
    }
    /// Another store that goes on with what was written.
    std::unique_ptr<api_store> another(const std::string& written) {
        auto made = std::make_unique<api_store>(time);
        auto read = read_archive(written);
        EXPECT_TRUE(read) << read.error().detail;
        if (read) made->take_over(std::move(read->at("")));
        return made;
    }
};

TEST_F(ApiArchiveTest, ObjectsAndWhatTheirTypesAreSurvive) {
    create(crds, {{}, "birds.zoo.io"}, R"(
spec:
  group: zoo.io
  scope: Namespaced
  names: {kind: Bird, plural: birds, singular: bird}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
)");
    const auto secret = create(secrets, {"default", "s"}, "data: {a: \"\", b: AAE=}");
    const auto bird   = create(birds, {"default", "b"}, "{n: 1.50, t: \"tab\\there\\nö\"}");
    const auto next   = another(text());
    EXPECT_EQ(next->size(), store.size());
    EXPECT_EQ(*next->get(secrets, {"default", "s"}), secret);
    EXPECT_EQ(*next->get(birds, {"default", "b"}), bird);
    EXPECT_TRUE(next->create(birds, {"default", "c"}, value::map(), {})) << "the CRD is known";
    EXPECT_FALSE(next->remove(birds, {"default", "x"}, {}));
}

TEST_F(ApiArchiveTest, VersionsGoOnWellAboveThoseThatWereTold) {
    const auto written = text();
    const auto later   = create(config_maps, {"default", "later"}, "{}");  // and then the end
    const auto next    = another(written);
    const auto made    = next->create(config_maps, {"default", "a"}, value::map(), {});
    EXPECT_GT(
        std::stoull(std::string(resource_version_of(*made))),
        std::stoull(std::string(resource_version_of(later))) + 1'000
    );
    EXPECT_FALSE(next->since(1)) << "a watch of the time before begins anew";
}

/// As what an older Falconer has written down: of some built-in types it did not count the wishes.
TEST_F(ApiArchiveTest, WhatHasNoGenerationGetsOneWithItsFirstChange) {
    const kube_type classes{
        .group      = "scheduling.k8s.io",
        .version    = "v1",
        .kind       = "PriorityClass",
        .plural     = "priorityclasses",
        .namespaced = false
    };
    create(classes, {{}, "high"}, "value: 7");
    auto       written = text();
    const auto counted = std::string(R"("generation":1,)");
    const auto at      = written.find(counted);
    ASSERT_NE(at, written.npos);
    const auto next = another(written.erase(at, counted.size()));
    ASSERT_EQ(next->get(classes, {{}, "high"})->find_path({"metadata", "generation"}), nullptr);
    const auto done = next->patch(
        classes, {{}, "high"}, api_patch_kind::merge, yaml("description: important"), {}
    );
    ASSERT_TRUE(done) << done.error().detail;
    EXPECT_EQ(done->find_path({"metadata", "generation"})->integer(), 1);
}

TEST_F(ApiArchiveTest, WhoAppliedWhatIsRemembered) {
    const kube_key key{"default", "a"};
    ASSERT_TRUE(store.apply(config_maps, key, yaml("data: {x: '1', y: '1'}"), {.manager = "one"}));
    const auto next = another(text());
    const auto other =
        next->apply(config_maps, key, yaml("data: {x: '2'}"), {.manager = "another"});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, errc::conflict);
    ASSERT_TRUE(next->apply(config_maps, key, yaml("data: {x: '1'}"), {.manager = "one"}));
    EXPECT_EQ(next->get(config_maps, key)->find_path({"data", "y"}), nullptr);
}

TEST_F(ApiArchiveTest, SeveralStoresAndManyPiecesAreOneFile) {
    api_store other(time);
    for (int i = 0; i < 40; ++i)
        create(
            config_maps, {"default", "a" + std::to_string(i)},
            "data: {x: " + std::string(20'000, 'x') + "}"
        );
    const auto written = text_of({{"", store.whole()}, {"/shoots/x", other.whole()}});
    const auto read    = read_archive(written);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->size(), 2u);
    EXPECT_EQ(read->at("").objects.size(), store.size());
    EXPECT_EQ(read->at("/shoots/x").objects.size(), other.size());
}

/// Cut at any byte, or with any line gone: it is found, and told with its place.
TEST_F(ApiArchiveTest, DamageIsFound) {
    create(config_maps, {"default", "a"}, "data: {x: 'y'}");
    const auto whole = text();
    ASSERT_TRUE(read_archive(whole));
    for (std::size_t i = 0; i < whole.size(); ++i) {
        const auto read = read_archive(std::string_view(whole).substr(0, i));
        ASSERT_FALSE(read) << i;
        EXPECT_THAT(read.error().detail, HasSubstr("line ")) << i;
    }
    for (std::size_t at = 0; at < whole.size(); at = whole.find('\n', at) + 1) {
        auto less = whole;
        less.erase(at, whole.find('\n', at) + 1 - at);
        EXPECT_FALSE(read_archive(less)) << at;
    }
    EXPECT_FALSE(read_archive("{\"archive\":\"falconer sandbox\",\"format\":2}\n"));
    EXPECT_FALSE(read_archive(whole + "{}\n"));
    EXPECT_FALSE(read_archive(std::string(100, '\0')));
}

}  // namespace
}  // namespace falconer::sandbox
