#include "admission/garden_watch.hpp"

#include "sandbox/kube_api/store_api.hpp"
#include "support/actor_fixture.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::admissions {
namespace {

using falco::sight;
using sandbox::call_fate;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
const kube_type projects{
    .group      = "core.gardener.cloud",
    .version    = "v1beta1",
    .kind       = "Project",
    .plural     = "projects",
    .namespaced = false
};
const kube_type profiles{
    .group      = "falco.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "FalcoProfile",
    .plural     = "falcoprofiles",
    .namespaced = false
};

class GardenWatchTest : public test::actor_fixture {
protected:
    sandbox::api_store store{time};
    sandbox::store_api api{time, store};
    garden_watch       watch{loop.get_executor(), api};

    void add(const kube_type& type, kube_key key, const char* text) {
        EXPECT_TRUE(store.create(type, std::move(key), yaml_of(text), {}));
    }
    static value yaml_of(const char* text) { return testing::yaml(text); }
    void         begin() {
        watch.start();
        time.settle();
    }
    void TearDown() override {
        const auto ended = start(finished(watch.stop()));
        time.settle();
        EXPECT_TRUE(ended->has_value());
        actor_fixture::TearDown();
    }
    static task<bool> finished(task<void> work) {
        co_await std::move(work);
        co_return true;
    }
};

TEST_F(GardenWatchTest, ProjectsAreFoundByTheirNamespaceAndByItsLabel) {
    add(namespaces, {{}, "garden-a"},
        "metadata: {annotations: {falco.gardener.cloud/enabled: 'true', other: x}}");
    add(namespaces, {{}, "odd"}, "metadata: {labels: {project.gardener.cloud/name: b}}");
    add(projects, {{}, "a"}, "spec: {namespace: garden-a, owner: {name: somebody}}");
    add(projects, {{}, "b"}, "{}");
    EXPECT_THAT(watch.missing(), SizeIs(3)) << "before anything was read";
    begin();
    EXPECT_THAT(watch.missing(), IsEmpty());
    EXPECT_EQ(watch.project_of("garden-a")->text_at({"metadata", "name"}), "a");
    EXPECT_EQ(watch.project_of("odd")->text_at({"metadata", "name"}), "b");
    EXPECT_EQ(watch.project_of("nowhere"), nullptr);
    EXPECT_EQ(
        *watch.namespace_named("garden-a"),
        yaml_of("metadata: {name: garden-a, annotations: {falco.gardener.cloud/enabled: 'true'}}")
    ) << "what nobody asks for is not kept";
    EXPECT_EQ(watch.project_of("garden-a")->find_path({"spec", "owner"}), nullptr);

    EXPECT_TRUE(store.remove(projects, {{}, "a"}, {}));
    time.settle();
    EXPECT_EQ(watch.project_of("garden-a"), nullptr);
}

TEST_F(GardenWatchTest, VersionsAreThoseOfAllProfilesAndFollowThem) {
    const auto* profile = R"(
spec:
  images:
    falco: [{version: 0.42.1, repository: a, tag: b}]
  versions:
    falco: [{version: 0.42.1, classification: supported, rulesVersion: 5.0.0}]
)";
    begin();
    EXPECT_THAT(watch.offered().falco, IsEmpty());
    const auto before = watch.releases();
    int        told   = 0;
    watch.when_offered([&] { ++told; });
    add(profiles, {{}, "one"}, profile);
    time.settle();
    EXPECT_THAT(watch.offered().falco, SizeIs(1));
    EXPECT_EQ(told, 1);
    EXPECT_THAT(before->falco, IsEmpty()) << "whoever holds the old ones may go on reading";
    EXPECT_TRUE(store.remove(profiles, {{}, "one"}, {}));
    time.settle();
    EXPECT_THAT(watch.offered().falco, IsEmpty());
}

TEST_F(GardenWatchTest, RulesAreReadWhenAReviewNamesThem) {
    add(namespaces, {{}, "garden-a"}, "{}");
    add(config_maps, {"garden-a", "rules"}, "data: {b.yaml: '- macro: x', a.yaml: '- macro: y'}");
    add(config_maps, {"garden-a", "other"}, "data: {notes: hello}");
    begin();
    const auto rules = watch.custom_rules("garden-a", "rules");
    ASSERT_EQ(rules.is, sight::known);
    ASSERT_THAT(rules.files->files, SizeIs(2));
    EXPECT_EQ(rules.files->files[0].name, "a.yaml");
    const auto other = watch.custom_rules("garden-a", "other");
    EXPECT_EQ(other.is, sight::known);
    EXPECT_THAT(other.files->files, IsEmpty());
    EXPECT_THAT(other.files->problems, ::testing::Not(IsEmpty()));
    EXPECT_EQ(watch.custom_rules("garden-a", "none").is, sight::absent);
    EXPECT_EQ(watch.secret("garden-a", "any").is, sight::cannot_be_seen);

    EXPECT_TRUE(store.remove(config_maps, {"garden-a", "rules"}, {}));
    time.settle();
    EXPECT_EQ(watch.custom_rules("garden-a", "rules").is, sight::absent);
}

/// A garden that lets us see nothing but what reviews need.
class without_config_maps final : public kube_api {
public:
    explicit without_config_maps(kube_api& of) : of_(of) {}
    task<result<value>> get(kube_type type, kube_key key) override { return of_.get(type, key); }
    task<result<kube_page>> list(kube_type type, kube_selection which, kube_page_request page)
        override {
        return of_.list(type, which, page);
    }
    task<result<value>> create(kube_type t, kube_key k, value o, kube_write h) override {
        return of_.create(t, k, std::move(o), h);
    }
    task<result<value>> update(kube_type t, kube_key k, value o, kube_write h) override {
        return of_.update(t, k, std::move(o), h);
    }
    task<result<value>> merge_patch(kube_type t, kube_key k, value o, kube_write h) override {
        return of_.merge_patch(t, k, std::move(o), h);
    }
    task<result<value>> apply(kube_type t, kube_key k, value o, kube_apply h) override {
        return of_.apply(t, k, std::move(o), h);
    }
    task<result<void>> remove(kube_type t, kube_key k, kube_removal h) override {
        return of_.remove(t, k, h);
    }
    task<void> follow(kube_type type, kube_selection which, kube_listener& to) override {
        if (type.plural == refused)
            to.troubled(failure{errc::denied, refused + " is forbidden"});
        else
            co_await of_.follow(type, which, to);
    }
    task<result<std::string>> server_version() override { return of_.server_version(); }

    std::string refused = "configmaps";

private:
    kube_api& of_;
};

TEST_F(GardenWatchTest, WithoutPermissionRulesCannotBeSeenAndReviewsGoOn) {
    without_config_maps narrow{api};
    garden_watch        other{loop.get_executor(), narrow};
    other.start();
    time.settle();
    EXPECT_THAT(other.missing(), IsEmpty());
    EXPECT_EQ(other.custom_rules("garden-a", "rules").is, sight::cannot_be_seen);
    const auto ended = start(finished(other.stop()));
    time.settle();
    EXPECT_TRUE(ended->has_value());
}

TEST_F(GardenWatchTest, WithoutProjectsThereAreNoReviewsAndItIsSaidWhy) {
    without_config_maps narrow{api};
    narrow.refused = "projects";
    garden_watch other{loop.get_executor(), narrow};
    other.start();
    time.settle();
    EXPECT_THAT(other.missing(), Contains(HasSubstr("projects is forbidden")));
    const auto ended = start(finished(other.stop()));
    time.settle();
    EXPECT_TRUE(ended->has_value());
}

}  // namespace
}  // namespace falconer::admissions
