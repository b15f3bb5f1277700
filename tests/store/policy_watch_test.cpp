#include "store/policy_watch.hpp"

#include "pg_fixture.hpp"

#include <gmock/gmock.h>
#include <asio/co_spawn.hpp>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

/// Writes down what it is told: "a budget 5", "a revoked", "a accepted".
class notebook final : public post_office {
public:
    void tell(const cluster_identity& to, const cluster_message& what) override {
        if (const auto* budget = std::get_if<budget_changed>(&what))
            lines.push_back(
                to.text + " budget " +
                (budget->events_per_day ? std::to_string(*budget->events_per_day) : "default")
            );
        if (const auto* revoked = std::get_if<tokens_revoked>(&what)) {
            lines.push_back(to.text + (revoked->issued_before ? " revoked" : " accepted"));
            before = revoked->issued_before;
        }
    }
    std::vector<std::string> lines;
    std::optional<utc_time>  before;
};

class PolicyWatchTest : public test::pg_fixture {
protected:
    pg_connection::ptr          admin;
    notebook                    told;
    std::optional<policy_watch> watch;
    std::optional<task_scope>   scope;

    void SetUp() override {
        pg_fixture::SetUp();
        admin     = open();
        auto done = await(migrate(*admin));
        ASSERT_TRUE(done) << done.error().detail;
    }
    void TearDown() override {
        if (scope) await(scope->stop());
        watch.reset();
        admin.reset();
        pg_fixture::TearDown();
    }
    void start() {
        policy_watch::options opt;
        opt.postgres = there;
        opt.pause    = 20ms;
        watch.emplace(loop.get_executor(), time, told, std::move(opt));
        scope.emplace(loop.get_executor());
        scope->spawn("watch", watch->run());
    }
    /// Runs the loop until that much has been told.
    void hear(std::size_t lines) {
        EXPECT_TRUE(falconer::test::eventually(loop, [&] { return told.lines.size() >= lines; }));
    }
    void budget(const std::string& cluster, std::optional<std::uint64_t> events) {
        auto done = await(set_daily_events(*admin, cluster, events));
        ASSERT_TRUE(done) << done.error().detail;
    }
    void revoke(const std::string& cluster, std::optional<utc_time> before) {
        auto done = await(set_tokens_issued_before(*admin, cluster, before, "test"));
        ASSERT_TRUE(done) << done.error().detail;
    }
};

TEST_F(PolicyWatchTest, TellsWhatIsThereAndWhatChanges) {
    const utc_time when{std::chrono::sys_days{std::chrono::year{2026} / 5 / 1} + 123us};
    budget("a", 5);
    revoke("b", when);
    start();
    hear(2);
    EXPECT_THAT(told.lines, ElementsAre("a budget 5", "b revoked"));
    EXPECT_EQ(told.before, when);
    told.lines.clear();

    budget("a", 7);
    hear(1);
    revoke("b", std::nullopt);
    hear(2);
    budget("a", std::nullopt);
    hear(3);
    EXPECT_THAT(told.lines, ElementsAre("a budget 7", "b accepted", "a budget default"));
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.cluster_policy"), "0")
        << "a row that says nothing is no row";
}

TEST_F(PolicyWatchTest, HearsAfterItsConnectionWasLostWhatItMissed) {
    budget("a", 5);
    start();
    hear(1);
    told.lines.clear();
    // Both at once: between them it might look, and then not again.
    ASSERT_TRUE(await(admin->run_script(
        "ALTER TABLE falconer.cluster_policy DISABLE TRIGGER tell; "
        "DELETE FROM falconer.cluster_policy; "
        "INSERT INTO falconer.cluster_policy (identity, daily_events) VALUES ('b', 3)",
        30s
    )));
    ask(*admin,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid()");
    hear(2);
    EXPECT_THAT(told.lines, ElementsAre("a budget default", "b budget 3"));
}

}  // namespace
}  // namespace falconer::store
