// Our client against an API server: a real kube-apiserver, or the sandbox. The same cases for both,
// so that the sandbox is no easier to please.
#include "falconer/async.hpp"
#include "falconer/steady_time_source.hpp"
#include "falconer/task_scope.hpp"
#include "k8s/kube_client.hpp"
#include "k8s/lease.hpp"
#include "support/actor_fixture.hpp"
#include "support/api_under_test.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace falconer::k8s {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
const kube_type deployments{.group = "apps", .kind = "Deployment", .plural = "deployments"};
const kube_type leases{.group = "coordination.k8s.io", .kind = "Lease", .plural = "leases"};

class KubeApiTest : public ::testing::Test {
protected:
    asio::io_context                      loop{1};
    steady_time_source                    time{loop.get_executor()};
    task_scope                            scope{loop.get_executor()};
    std::unique_ptr<test::api_under_test> server;
    kube_access                           access{};
    std::unique_ptr<kube_api>             api;
    std::string                           space;  // a namespace of this test's own

    void SetUp() override {
        server    = test::start_api(loop, time);
        auto read = read_kubeconfig_file(server->kubeconfig());
        ASSERT_TRUE(read) << read.error().detail;
        access    = *read;
        auto made = make_kube_client(loop.get_executor(), time, access, {});
        ASSERT_TRUE(made) << made.error().detail;
        api = std::move(*made);

        const std::string test = ::testing::UnitTest::GetInstance()->current_test_info()->name();
        for (const char c : test)
            if (c >= 'a' && c <= 'z') space += c;
        const auto fresh = call(api->create(
            namespaces, {"", space},
            yaml("{kind: Namespace, apiVersion: v1, metadata: {name: " + space + "}}"), {}
        ));
        ASSERT_TRUE(fresh) << fresh.error().detail;
    }
    void TearDown() override {
        test::run(loop, scope.stop());
        api.reset();
        if (server) server->stop();
    }

    template <class T>
    T call(task<T> work) {
        return test::run(loop, std::move(work));
    }
    kube_key at(const std::string& name) const { return {space, name}; }
    value    map_of(const std::string& name, const std::string& data = "{a: b}") const {
        return yaml(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: " + name + ", namespace: " + space +
            "}, data: " + data + "}"
        );
    }
    value create(const std::string& name) {
        auto made = call(api->create(config_maps, at(name), map_of(name), {}));
        EXPECT_TRUE(made) << made.error().detail;
        return made ? *made : value{};
    }
    errc code_of(const result<value>& got) {
        return got ? errc{} : static_cast<errc>(got.error().code.value());
    }
};

TEST_F(KubeApiTest, TellsItsVersion) {
    const auto version = call(api->server_version());
    ASSERT_TRUE(version) << version.error().detail;
    EXPECT_THAT(*version, HasSubstr("v"));
}

TEST_F(KubeApiTest, WhatWasCreatedIsThereOnce) {
    const auto made = create("a");
    EXPECT_NE(resource_version_of(made), "");
    const auto got = call(api->get(config_maps, at("a")));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->text_at({"data", "a"}), "b");
    EXPECT_EQ(
        code_of(call(api->create(config_maps, at("a"), map_of("a"), {}))), errc::already_exists
    );
    EXPECT_EQ(code_of(call(api->get(config_maps, at("b")))), errc::not_found);
    const kube_type unknown{.group = "nobody.example.com", .kind = "X", .plural = "xs"};
    EXPECT_EQ(code_of(call(api->get(unknown, at("b")))), errc::not_found);
}

TEST_F(KubeApiTest, AnOldVersionIsAConflict) {
    auto old           = create("a");
    auto fresh         = old;
    fresh["data"]["a"] = "c";
    ASSERT_TRUE(call(api->update(config_maps, at("a"), fresh, {})));
    EXPECT_EQ(code_of(call(api->update(config_maps, at("a"), fresh, {}))), errc::conflict);
    value patch;
    patch["metadata"]["resourceVersion"] = std::string(resource_version_of(old));
    patch["data"]["a"]                   = "d";
    EXPECT_EQ(code_of(call(api->merge_patch(config_maps, at("a"), patch, {}))), errc::conflict);
}

TEST_F(KubeApiTest, AMergePatchSetsAndTakesAway) {
    create("a");
    const auto set =
        call(api->merge_patch(config_maps, at("a"), yaml("data: {x: 'y', a: null}"), {}));
    ASSERT_TRUE(set) << set.error().detail;
    EXPECT_EQ(*set->find("data"), yaml("x: 'y'"));
}

TEST_F(KubeApiTest, TwoManagersOfOneFieldConflictUnlessForced) {
    kube_apply mine{.manager = "mine"};
    ASSERT_TRUE(call(api->apply(config_maps, at("a"), map_of("a"), mine)));
    kube_apply theirs{.manager = "theirs"};
    EXPECT_EQ(
        code_of(call(api->apply(config_maps, at("a"), map_of("a", "{a: c}"), theirs))),
        errc::conflict
    );
    theirs.force   = true;
    const auto got = call(api->apply(config_maps, at("a"), map_of("a", "{a: c}"), theirs));
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->text_at({"data", "a"}), "c");
}

TEST_F(KubeApiTest, ADryRunLeavesNothing) {
    ASSERT_TRUE(call(api->create(config_maps, at("a"), map_of("a"), {.dry_run = true})));
    EXPECT_EQ(code_of(call(api->get(config_maps, at("a")))), errc::not_found);
}

TEST_F(KubeApiTest, WhatCannotBeIsMalformedWithTheServersWords) {
    const auto got = call(api->create(config_maps, at("a"), map_of("a", "{'not a key': b}"), {}));
    EXPECT_EQ(code_of(got), errc::malformed);
    EXPECT_THAT(got.error().detail, HasSubstr("not a key"));
}

TEST_F(KubeApiTest, WithoutAGoodTokenItIsDenied) {
    access.token = secret("nobody's");
    auto made    = make_kube_client(loop.get_executor(), time, access, {});
    ASSERT_TRUE(made);
    EXPECT_EQ(code_of(call((*made)->get(config_maps, at("a")))), errc::denied);
    access.ca     = "";
    auto stranger = make_kube_client(loop.get_executor(), time, access, {});
    ASSERT_TRUE(stranger);
    EXPECT_EQ(code_of(call((*stranger)->get(config_maps, at("a")))), errc::unavailable)
        << "a server that nobody vouches for";
}

TEST_F(KubeApiTest, ListsInPagesAndSaysWhenAPageIsNoMore) {
    for (const char* name : {"a", "b", "c", "d", "e"}) create(name);
    std::set<std::string> names;
    kube_page_request     page{.limit = 2};
    int                   pages = 0;
    do {
        auto got = call(api->list(config_maps, {.namespace_name = space}, page));
        ASSERT_TRUE(got) << got.error().detail;
        for (const auto& each : got->items) names.emplace(each.text_at({"metadata", "name"}));
        page.next = got->next;
        ++pages;
    } while (!page.next.empty());
    EXPECT_THAT(names, ElementsAre("a", "b", "c", "d", "e"));
    EXPECT_EQ(pages, 3);
    page.next = "nonsense";
    EXPECT_EQ(
        call(api->list(config_maps, {.namespace_name = space}, page)).error().code, errc::malformed
    );
}

TEST_F(KubeApiTest, SelectsByLabelAndField) {
    create("a");
    create("b");
    ASSERT_TRUE(call(api->merge_patch(config_maps, at("a"), yaml("metadata: {labels: {x: z}}"), {}))
    );
    for (const kube_selection& which :
         {kube_selection{.namespace_name = space, .labels = "x=z"},
          kube_selection{.namespace_name = space, .fields = "metadata.name=a"}}) {
        const auto got = call(api->list(config_maps, which, {}));
        ASSERT_TRUE(got) << got.error().detail;
        ASSERT_EQ(got->items.size(), 1u);
        EXPECT_EQ(key_of(got->items[0]), at("a"));
    }
}

TEST_F(KubeApiTest, RemovesOnlyWhatWasMeant) {
    const auto made = create("a");
    EXPECT_EQ(
        call(api->remove(config_maps, at("a"), {.uid = "00000000-0000-0000-0000-000000000000"}))
            .error()
            .code,
        errc::conflict
    );
    EXPECT_TRUE(call(
        api->remove(config_maps, at("a"), {.uid = std::string(made.text_at({"metadata", "uid"}))})
    ));
    EXPECT_EQ(call(api->remove(config_maps, at("a"), {})).error().code, errc::not_found);
}

TEST_F(KubeApiTest, AnObjectWithAFinalizerStaysUntilItIsTakenOff) {
    create("a");
    ASSERT_TRUE(call(api->merge_patch(
        config_maps, at("a"), yaml("metadata: {finalizers: [example.com/mine]}"), {}
    )));
    ASSERT_TRUE(call(api->remove(config_maps, at("a"), {})));
    const auto dying = call(api->get(config_maps, at("a")));
    ASSERT_TRUE(dying);
    EXPECT_NE(dying->text_at({"metadata", "deletionTimestamp"}), "");
    ASSERT_TRUE(
        call(api->merge_patch(config_maps, at("a"), yaml("metadata: {finalizers: null}"), {}))
    );
    EXPECT_EQ(code_of(call(api->get(config_maps, at("a")))), errc::not_found);
}

TEST_F(KubeApiTest, AStatusIsWrittenApart) {
    const auto deployment = yaml(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: " + space +
        "}\nspec:\n  replicas: 2\n  selector: {matchLabels: {a: b}}\n  template:\n"
        "    metadata: {labels: {a: b}}\n    spec: {containers: [{name: c, image: i}]}\n"
    );
    ASSERT_TRUE(call(api->create(deployments, at("d"), deployment, {})));
    const auto got = call(api->merge_patch(
        deployments, at("d"), yaml("spec: {replicas: 9}\nstatus: {observedGeneration: 1}"),
        {.part = kube_part::status}
    ));
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->find_path({"spec", "replicas"})->integer(), 2);
    EXPECT_EQ(got->find_path({"status", "observedGeneration"})->integer(), 1);
}

TEST_F(KubeApiTest, ALeaseIsClaimedRenewedAndGivenBack) {
    const auto key  = at("leader");
    auto       ours = claimed_lease({}, key, {.identity = "me"}, time.utc());
    auto       made = call(api->create(leases, key, ours, {}));
    ASSERT_TRUE(made) << made.error().detail;
    auto renewed = claimed_lease(*made, key, {.identity = "me"}, time.utc());
    auto kept    = call(api->update(leases, key, renewed, {}));
    ASSERT_TRUE(kept) << kept.error().detail;
    EXPECT_EQ(code_of(call(api->update(leases, key, renewed, {}))), errc::conflict)
        << "somebody was faster";
    auto given = call(api->update(leases, key, released_lease(*kept, time.utc()), {}));
    ASSERT_TRUE(given) << given.error().detail;
    lease_view view;
    view.seen(*given, time.now());
    EXPECT_TRUE(view.is_free(time.now()));
}

class ear final : public kube_listener {
public:
    std::vector<std::string> words{}, troubles{};
    std::size_t              enough = 0;
    std::unique_ptr<bell>    rings;

    explicit ear(time_source& time) : rings(time.make_bell()) {}
    void heard(kube_event event) override {
        constexpr const char* names[] = {"begin", "there", "done", "applied", "deleted"};
        std::string           said    = names[static_cast<int>(event.kind)];
        const auto            name    = event.object.text_at({"metadata", "name"});
        if (name == "kube-root-ca.crt") return;
        if (!name.empty()) said += ' ' + std::string(name);
        words.push_back(said);
        if (words.size() >= enough) rings->ring();
    }
    void       troubled(const failure& why) override { troubles.push_back(why.detail); }
    task<void> hears(std::size_t count, time_source& time) {
        enough         = count;
        const auto end = time.now() + 20s;
        while (words.size() < count && time.now() < end) co_await rings->wait_until(end);
    }
};

TEST_F(KubeApiTest, FollowsWhatHappens) {
    create("a");
    ear listens(time);
    scope.spawn("follow", api->follow(config_maps, {.namespace_name = space}, listens));
    test::run(loop, listens.hears(3, time));
    create("b");
    EXPECT_TRUE(call(api->merge_patch(config_maps, at("a"), yaml("data: {a: c}"), {})));
    EXPECT_TRUE(call(api->remove(config_maps, at("b"), {})));
    test::run(loop, listens.hears(6, time));
    EXPECT_THAT(
        listens.words,
        ElementsAre("begin", "there a", "done", "applied b", "applied a", "deleted b")
    );
    EXPECT_THAT(listens.troubles, ElementsAre());
    test::run(loop, scope.stop());
}

TEST_F(KubeApiTest, AWatchThatTheServerEndsGoesOnWithoutALoss) {
    kube_client_options short_watches;
    short_watches.watch = 1s;
    auto made           = make_kube_client(loop.get_executor(), time, access, short_watches);
    ASSERT_TRUE(made);
    ear listens(time);
    scope.spawn("follow", (*made)->follow(config_maps, {.namespace_name = space}, listens));
    test::run(loop, listens.hears(2, time));
    for (int i = 0; i < 4; ++i) {
        create("c" + std::to_string(i));
        const auto pause = time.make_bell();
        call([](bell& sleep, time_source& clock) -> task<wake> {
            co_return co_await sleep.wait_until(clock.now() + 700ms);
        }(*pause, time));
    }
    test::run(loop, listens.hears(6, time));
    EXPECT_THAT(
        listens.words,
        ElementsAre("begin", "done", "applied c0", "applied c1", "applied c2", "applied c3")
    );
    EXPECT_THAT(listens.troubles, ElementsAre());
    test::run(loop, scope.stop());
}

}  // namespace
}  // namespace falconer::k8s
