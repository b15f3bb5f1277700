// Two processes of the role `controller` over real sockets, of which one only believes to lead:
// both write at once until its renew deadline, and then it has stopped.
#include "app/controller_role.hpp"
#include "app/local_api.hpp"
#include "falconer/event.hpp"
#include "falconer/falco/managed_resource.hpp"
#include "falconer/steady_time_source.hpp"
#include "sandbox/fleet/demo_files.hpp"
#include "sandbox/gardener/resource_manager.hpp"
#include "support/actor_fixture.hpp"
#include "support/temporary_folder.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

const kube_type extensions{
    .group   = "extensions.gardener.cloud",
    .version = "v1alpha1",
    .kind    = "Extension",
    .plural  = "extensions"
};
const kube_type clusters{
    .group      = "extensions.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "Cluster",
    .plural     = "clusters",
    .namespaced = false
};
const kube_type profiles{
    .group      = "falco.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "FalcoProfile",
    .plural     = "falcoprofiles",
    .namespaced = false
};
const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
const kube_type secrets{.kind = "Secret", .plural = "secrets"};
const kube_type leases{.group = "coordination.k8s.io", .kind = "Lease", .plural = "leases"};
const kube_type daemon_sets{.group = "apps", .kind = "DaemonSet", .plural = "daemonsets"};

const kube_key  lease{"default", "extension-shoot-falco-service-leader-election"};
const kube_key  shoot{"shoot--p--a", "shoot-falco-service"};
constexpr auto* space = "shoot--p--a";

class FalseLeaderTest : public ::testing::Test {
protected:
    /// A process, as far as it matters here.
    struct candidate {
        metrics_registry                 metrics{};
        std::optional<rules_stock>       stock{};
        std::unique_ptr<controller_role> role{};
        std::string                      token{};
        std::vector<bool>                lost{};  // each time: whether it had stopped in time
        int                              writes      = 0;
        bool                             lease_hangs = false;
    };
    asio::io_context             loop{1};
    steady_time_source           time{loop.get_executor()};
    test::temporary_folder       place{"falconer-false-leader"};
    const std::filesystem::path& folder = place.path();
    local_api                    api{loop.get_executor(), time, {.folder = folder}};
    sandbox::resource_manager    manager{time, api.store(), [this](const std::string& of) {
                                          return &api.shoot(of);
                                      }};
    task_scope                   scope{loop.get_executor()};
    candidate                    false_one{}, true_one{};

    void SetUp() override {
        const auto started = api.start();
        ASSERT_TRUE(started) << started.error().detail;
        api.server().plan_faults([this](const net::http_request& request) {
            return fault_of(request);
        });
        const auto profile = parse_yaml(sandbox::demo_file("examples/profile.yaml"));
        ASSERT_TRUE(api.store().create(profiles, {}, *profile, {}));
        value ns;
        ns["metadata"]["labels"]["gardener.cloud/role"] = "shoot";
        ASSERT_TRUE(api.store().create(namespaces, {{}, space}, ns, {}));
        const auto cluster = testing::yaml(
            "spec: {seed: {spec: {ingress: {domain: i.example.com}}}, shoot: {metadata: {name: a}, "
            "spec: {}, status: {technicalID: shoot--p--a, clusterIdentity: shoot--p--a-uid}}}"
        );
        ASSERT_TRUE(api.store().create(clusters, {{}, space}, cluster, {}));
        auto extension = testing::yaml(
            "spec: {type: shoot-falco-service, providerConfig: {apiVersion: "
            "falco.extensions.gardener.cloud/v1alpha1, kind: FalcoServiceConfig, falcoVersion: "
            "0.42.1, destinations: [{name: logging}]}}"
        );
        extension["metadata"]["annotations"] = request();
        ASSERT_TRUE(api.store().create(extensions, shoot, extension, {}));
        scope.spawn("resource manager", manager.run());
    }
    void TearDown() override {
        for (auto* each : {&false_one, &true_one}) {
            each->lease_hangs = false;
            if (each->role) test::run(loop, each->role->stop());
            if (each->stock) test::run(loop, each->stock->stop());
        }
        test::run(loop, scope.stop());
        test::run(loop, api.stop());
    }

    /// Each asks with a token of its own, so that they can be told apart.
    void begin(candidate& one, const std::string& name) {
        one.token = name + "-token";
        api.server().know(secret(one.token), {name, {"system:masters", "system:authenticated"}});
        auto config                              = testing::yaml(api.kubeconfig());
        config["users"].item(0)["user"]["token"] = one.token;
        const auto file                          = folder / (name + ".kubeconfig");
        std::ofstream(file) << json_text(config);
        controller_configuration how;
        how.kubeconfig     = file;
        how.namespace_name = "default";
        one.stock.emplace(
            loop.get_executor(), time, one.metrics,
            rules_stock_options{.folder = "config/rules/demo"}
        );
        ASSERT_TRUE(one.stock->start());
        one.role = std::make_unique<controller_role>(
            loop.get_executor(), time, one.metrics, how, falco::operator_settings{}, *one.stock,
            controller_role::neighbours{
                .lost = [&one](bool stopped) { one.lost.push_back(stopped); }
            }
        );
        const auto begun = one.role->start();
        ASSERT_TRUE(begun) << begun.error().detail;
    }
    sandbox::api_fault fault_of(const net::http_request& request) {
        const auto who = request.headers.find("Authorization").value_or("");
        for (auto* each : {&false_one, &true_one}) {
            if (each->token.empty() || who != "Bearer " + each->token) continue;
            const bool of_lease = request.target.find("/leases") != std::string::npos;
            if (of_lease)
                return each->lease_hangs ? sandbox::api_fault{.latency = 1h} : sandbox::api_fault{};
            each->writes += request.method != "GET";
            if (request.target.find("watch=") != std::string::npos) return {};
            return {.latency = each == &false_one ? 40ms : 10ms};  // they come between each other
        }
        return {};
    }

    value request() const {
        return {
            {"gardener.cloud/operation", "reconcile"},
            {"gardener.cloud/timestamp", text_of(event_time_of(time.utc()))}
        };
    }
    void want(const std::string& version) {
        value patch = testing::yaml("spec: {providerConfig: {falcoVersion: " + version + "}}");
        patch["metadata"]["annotations"] = request();
        ASSERT_TRUE(api.store().patch(extensions, shoot, sandbox::api_patch_kind::merge, patch, {})
        );
    }
    bool is_content(const std::string& version) {
        const auto is  = api.store().get(extensions, shoot);
        const auto pod = api.shoot(space).get(daemon_sets, {"kube-system", "falco"});
        if (!is || !pod) return false;
        const auto* const seen = is->find_path({"status", "observedGeneration"});
        return seen != nullptr && *seen == *is->find_path({"metadata", "generation"}) &&
               is->text_at({"status", "lastOperation", "state"}) == "Succeeded" &&
               is->find_path({"status", "lastError"}) == nullptr &&
               is->text_at({"metadata", "annotations", "gardener.cloud/operation"}).empty() &&
               json_text(*pod).find("falco:" + version) != std::string::npos;
    }
    std::string words() { return json_text(*api.store().get(extensions, shoot)); }
    std::string holder() {
        const auto is = api.store().get(leases, lease);
        return is ? std::string(is->text_at({"spec", "holderIdentity"})) : "";
    }
    std::vector<std::string> names(const kube_type& type) {
        std::vector<std::string> all;
        const auto page = api.store().list(type, {.namespace_name = space}, {.limit = 0});
        for (const auto& each : page->items) all.emplace_back(each.text_at({"metadata", "name"}));
        return all;
    }
    template <class Condition>
    bool eventually(Condition met) {
        return test::eventually(loop, std::move(met), 90s, 20ms);
    }
};

TEST_F(FalseLeaderTest, BothWriteUntilItsRenewDeadlineAndWhatLeadsHasTheLastWord) {
    begin(false_one, "false");
    ASSERT_TRUE(eventually([&] { return is_content("0.42.1"); })) << words();
    const auto first = holder();
    ASSERT_FALSE(first.empty());

    // Somebody deletes the lease; the way to it hangs for whoever held it, and only for him.
    false_one.lease_hangs = true;
    ASSERT_TRUE(api.store().remove(leases, lease, {}));
    begin(true_one, "true");
    ASSERT_TRUE(eventually([&] { return !holder().empty() && holder() != first; }));
    const std::string versions[]{"0.43.0", "0.42.1"};
    std::string       wanted;
    int               wishes = 0, both = 0;
    while (false_one.lost.empty() && wishes < 200) {
        const int before[]{false_one.writes, true_one.writes};
        want(wanted = versions[wishes++ % 2]);
        ASSERT_TRUE(eventually([&] { return !false_one.lost.empty() || is_content(wanted); }))
            << words();
        both += false_one.writes > before[0] && true_one.writes > before[1];
    }
    EXPECT_GT(both, 0) << "of " << wishes << " wishes; the test tests nothing";
    EXPECT_THAT(false_one.lost, ElementsAre(true))
        << "it has stopped before somebody else may lead";

    // From now on only one of them writes.
    ASSERT_TRUE(eventually([&] { return is_content(wanted); })) << words();
    const int left = false_one.writes;
    for (const auto* version : {"0.43.0", "0.42.1", "0.43.0"}) {
        want(version);
        ASSERT_TRUE(eventually([&] { return is_content(version); })) << words();
    }
    EXPECT_EQ(false_one.writes, left);
    EXPECT_TRUE(true_one.lost.empty());

    // Nothing is doubled, and all that is referred to is there.
    const auto resources = names(falco::managed_resources);
    EXPECT_EQ(resources.size(), std::set<std::string>(resources.begin(), resources.end()).size());
    for (const auto& each : resources) {
        const auto resource = api.store().get(falco::managed_resources, {space, each});
        for (const auto& name : falco::secrets_of(*resource))
            EXPECT_TRUE(api.store().get(secrets, {space, name})) << name;
    }
    // And its end takes all of it.
    ASSERT_TRUE(api.store().remove(extensions, shoot, {}));
    EXPECT_TRUE(eventually([&] { return !api.store().get(extensions, shoot); })) << words();
    EXPECT_THAT(names(falco::managed_resources), ::testing::IsEmpty());
    EXPECT_THAT(names(secrets), ::testing::IsEmpty());
}

}  // namespace
}  // namespace falconer::app
