// The controller against an API server that misbehaves, over real sockets: slow, contradicting,
// overloaded, broken, and with watches that end. Whatever it does, shoots come to the same end as
// with a good one.
#include "app/controller_role.hpp"
#include "falconer/falco/managed_resource.hpp"
#include "falconer/metrics.hpp"
#include "falconer/steady_time_source.hpp"
#include "support/actor_fixture.hpp"
#include "support/seed_over_sockets.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

using namespace test::seed_types;

struct misbehaviour {
    const char*               name;
    sandbox::api_fault        of_requests{};  // of every eleventh
    std::chrono::milliseconds watches{0};     // end after so long
};

class ApiFaultsTest : public ::testing::TestWithParam<misbehaviour> {
protected:
    static constexpr int shoots = 3;

    asio::io_context        loop{1};
    steady_time_source      time{loop.get_executor()};
    metrics_registry        metrics;
    test::temporary_folder  place{"falconer-faults"};
    test::seed_over_sockets seed{loop, time, place.path()};
    local_api&              api = seed.api;
    rules_stock stock{loop.get_executor(), time, metrics, {.folder = "config/rules/demo"}};
    std::unique_ptr<controller_role> controller{};
    int                              asked = 0, misbehaved = 0, watched = 0;
    std::mt19937                     chance{7};

    void SetUp() override {
        const auto started = seed.start();
        ASSERT_TRUE(started) << started.error().detail;
        for (int i = 0; i < shoots; ++i) {
            const auto added = seed.add_shoot(space_of(i), "s", seed.config_of("0.42.1"));
            ASSERT_TRUE(added) << added.error().detail;
        }
        seed.deliver();
        api.server().plan_faults([this](const net::http_request& request) {
            return fault_of(request);
        });

        controller_configuration how;
        how.kubeconfig      = api.kubeconfig_file();
        how.namespace_name  = "default";
        how.leader_election = false;
        ASSERT_TRUE(stock.start());
        controller = std::make_unique<controller_role>(
            loop.get_executor(), time, metrics, how, falco::operator_settings{}, stock,
            controller_role::neighbours{}
        );
        const auto begun = controller->start();
        ASSERT_TRUE(begun) << begun.error().detail;
    }
    void TearDown() override {
        if (controller) test::run(loop, controller->stop());
        test::run(loop, stock.stop());
        test::run(loop, seed.stop());
        controller.reset();
    }

    sandbox::api_fault fault_of(const net::http_request& request) {
        if (request.target.find("watch=") != std::string::npos) {
            watched += GetParam().watches.count() > 0;
            return {.ends = GetParam().watches};
        }
        ++asked;
        // By chance: rounds of eleven requests would meet the same fault again and again.
        if (std::uniform_int_distribution<>(0, 10)(chance) != 0) return {};
        ++misbehaved;
        return GetParam().of_requests;
    }

    static std::string space_of(int i) { return "shoot--p--s" + std::to_string(i); }

    template <class Condition>
    bool eventually(Condition met) {
        return test::eventually(loop, std::move(met), 90s, 20ms);  // pauses between tries grow
    }
    template <class Check>
    bool all_of_them(Check check) {
        return eventually([&] {
            for (int i = 0; i < shoots; ++i)
                if (!check(i)) return false;
            return true;
        });
    }
    std::size_t left_in(const kube_type& type, int i) {
        const auto page = api.store().list(type, {.namespace_name = space_of(i)}, {.limit = 0});
        return page ? page->items.size() : 0;
    }
    std::string words() {
        std::string all;
        for (int i = 0; i < shoots; ++i) all += seed.words(space_of(i)) + '\n';
        return all;
    }
};

TEST_P(ApiFaultsTest, ALifeComesToTheSameEnd) {
    EXPECT_TRUE(all_of_them([&](int i) { return seed.is_content(space_of(i), "0.42.1"); }))
        << words();

    for (int i = 0; i < shoots; ++i) ASSERT_TRUE(seed.want(space_of(i), "0.43.0"));
    EXPECT_TRUE(all_of_them([&](int i) { return seed.is_content(space_of(i), "0.43.0"); }))
        << words();

    for (int i = 0; i < shoots; ++i)
        ASSERT_TRUE(api.store().remove(extensions, seed.extension_of(space_of(i)), {}));
    EXPECT_TRUE(all_of_them([&](int i) { return seed.is_gone(space_of(i)); })) << words();
    for (int i = 0; i < shoots; ++i) {
        EXPECT_EQ(left_in(falco::managed_resources, i), 0u);
        EXPECT_EQ(left_in(secrets, i), 0u);
        EXPECT_FALSE(api.shoot(space_of(i)).get(daemon_sets, {"kube-system", "falco"}));
    }
    EXPECT_GT(misbehaved, 3) << "of " << asked << " requests";
    const int again = GetParam().watches.count() > 0 ? 15 : -1;
    EXPECT_TRUE(eventually([&] { return watched > again; })) << "watches that ended go on";
}

INSTANTIATE_TEST_SUITE_P(
    All, ApiFaultsTest,
    ::testing::Values(
        misbehaviour{"Latency", {.latency = 300ms}}, misbehaviour{"Conflict409", {.status = 409}},
        misbehaviour{"TooMany429", {.status = 429}}, misbehaviour{"Broken500", {.status = 500}},
        misbehaviour{"Broken500AfterTheWork", {.status = 500, .late = true}},
        misbehaviour{"DroppedWatches", {}, 300ms},
        misbehaviour{"AllAtOnce", {.latency = 50ms, .status = 500, .late = true}, 300ms}
    ),
    [](const auto& each) { return each.param.name; }
);

}  // namespace
}  // namespace falconer::app
