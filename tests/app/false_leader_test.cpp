// Two processes of the role `controller` over real sockets, of which one only believes to lead:
// both write at once until its renew deadline, and then it has stopped.
#include "app/controller_role.hpp"
#include "falconer/falco/managed_resource.hpp"
#include "falconer/steady_time_source.hpp"
#include "support/actor_fixture.hpp"
#include "support/seed_over_sockets.hpp"
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

using namespace test::seed_types;

const kube_key  lease{"default", "extension-shoot-falco-service-leader-election"};
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
    test::seed_over_sockets      seed{loop, time, folder};
    local_api&                   api = seed.api;
    candidate                    false_one{}, true_one{};

    void SetUp() override {
        const auto started = seed.start();
        ASSERT_TRUE(started) << started.error().detail;
        api.server().plan_faults([this](const net::http_request& request) {
            return fault_of(request);
        });
        const auto added = seed.add_shoot(space, "a", seed.config_of("0.42.1"));
        ASSERT_TRUE(added) << added.error().detail;
        seed.deliver();
    }
    void TearDown() override {
        for (auto* each : {&false_one, &true_one}) {
            each->lease_hangs = false;
            if (each->role) test::run(loop, each->role->stop());
            if (each->stock) test::run(loop, each->stock->stop());
        }
        test::run(loop, seed.stop());
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

    void        want(const std::string& version) { ASSERT_TRUE(seed.want(space, version)); }
    bool        is_content(const std::string& version) { return seed.is_content(space, version); }
    std::string words() { return seed.words(space); }
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
    ASSERT_TRUE(api.store().remove(extensions, seed.extension_of(space), {}));
    EXPECT_TRUE(eventually([&] { return seed.is_gone(space); })) << words();
    EXPECT_THAT(names(falco::managed_resources), ::testing::IsEmpty());
    EXPECT_THAT(names(secrets), ::testing::IsEmpty());
}

}  // namespace
}  // namespace falconer::app
