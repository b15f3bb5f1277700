// A process of the role `controller` alone, over real sockets: what it tells others of itself by
// its leases.
#include "app/local_api.hpp"
#include "app/server.hpp"
#include "falconer/steady_time_source.hpp"
#include "support/actor_fixture.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

const kube_type leases{.group = "coordination.k8s.io", .kind = "Lease", .plural = "leases"};

class LeadershipTest : public ::testing::Test {
protected:
    asio::io_context             loop{1};
    steady_time_source           time{loop.get_executor()};
    test::temporary_folder       place{"falconer-leads"};
    const std::filesystem::path& folder = place.path();
    local_api                    api{loop.get_executor(), time, {.folder = folder}};
    task_scope                   scope{loop.get_executor()};
    std::unique_ptr<server>      us{};
    std::optional<std::string>   ended{};
    sandbox::api_fault           of_watches{.ends = 1s}, of_leases{};

    void SetUp() override {
        const auto started = api.start();
        ASSERT_TRUE(started) << started.error().detail;
        api.server().plan_faults([this](const net::http_request& request) {
            if (request.target.find("watch=") != std::string::npos) return of_watches;
            const bool elects = request.target.find("leader-election") != std::string::npos;
            return elects ? of_leases : sandbox::api_fault{};
        });
        configuration how;
        how.controller.kubeconfig     = api.kubeconfig_file();
        how.controller.namespace_name = "default";
        how.controller.rules          = "config/rules/demo";
        how.controller.heartbeat      = 1s;
        how.metrics = how.health = {asio::ip::address_v4::loopback(), 0};
        us                       = std::make_unique<server>(
            loop.get_executor(), time, how, std::set<std::string>{"controller"}
        );
        const auto begun = test::run<result<void>>(loop, us->start());
        ASSERT_TRUE(begun) << begun.error().detail;
        scope.spawn("ended", [](LeadershipTest& in) -> task<void> {
            in.ended = co_await in.us->ended();
        }(*this));
    }
    void TearDown() override {
        test::run(loop, us->stop());
        test::run(loop, scope.stop());
        test::run(loop, api.stop());
        us.reset();
    }
    std::string renewed() {
        const auto is = api.store().get(leases, {"default", "gardener-extension-heartbeat"});
        return is ? std::string(is->text_at({"spec", "renewTime"})) : "";
    }
    template <class Condition>
    bool eventually(Condition met, std::chrono::seconds within = test::patience) {
        return test::eventually(loop, std::move(met), within, 20ms);
    }
};

TEST_F(LeadershipTest, S3_3_TheHeartbeatGoesOnWithWatchesThatHaveNothingToTell) {
    ASSERT_TRUE(eventually([&] { return !renewed().empty(); }));
    of_watches        = {.status = 500};  // they end, and are not taken up again for a while
    const auto silent = [&] {
        const auto before = renewed();
        return !eventually([&] { return renewed() != before; }, 3s);
    };
    const auto late = time.now() + test::patience;  // watches that are open end first
    bool       fell = false;
    while (!fell && time.now() < late) fell = silent();
    EXPECT_TRUE(fell) << "nothing is heard, so nothing is promised";
    of_watches        = {};
    const auto before = renewed();
    EXPECT_TRUE(eventually([&] { return renewed() != before; }));
    EXPECT_FALSE(ended);
}

TEST_F(LeadershipTest, WhoIsNothingButAControllerEndsWithItsLease) {
    ASSERT_TRUE(eventually([&] { return !renewed().empty(); }));
    of_leases = {.status = 500};
    EXPECT_TRUE(eventually([&] { return ended.has_value(); }));
    EXPECT_EQ(ended.value_or(""), "somebody else may lead, and there is no other role");
}

}  // namespace
}  // namespace falconer::app
