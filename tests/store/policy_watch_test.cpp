#include "store/policy_watch.hpp"

#include "pg_fixture.hpp"

#include <gmock/gmock.h>
#include <asio/co_spawn.hpp>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

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
    /// What counts then, or the failure.
    std::string revoke(const std::string& cluster, std::optional<event_time> before) {
        auto done = await(refuse_tokens(*admin, cluster, before, "test"));
        return done ? *done : done.error().detail;
    }
    void lift(const std::string& cluster) {
        auto done = await(accept_tokens(*admin, cluster, "test"));
        ASSERT_TRUE(done) << done.error().detail;
    }
    /// As a store has it whose table took anything.
    void take_anything() {
        ask(*admin, R"(DO $$ DECLARE c record; BEGIN
            FOR c IN SELECT conname FROM pg_constraint
                WHERE conrelid = 'falconer.cluster_policy'::regclass AND contype = 'c'
            LOOP EXECUTE format('ALTER TABLE falconer.cluster_policy DROP CONSTRAINT %I', c.conname);
            END LOOP; END $$)");
    }
};

TEST_F(PolicyWatchTest, TellsWhatIsThereAndWhatChanges) {
    const utc_time when{std::chrono::sys_days{std::chrono::year{2026} / 5 / 1}};
    budget("a", 5);
    EXPECT_EQ(revoke("b", event_time_of(when + 123us)), "2026-05-01T00:00:00Z");
    start();
    hear(2);
    EXPECT_THAT(told.lines, ElementsAre("a budget 5", "b revoked"));
    EXPECT_EQ(told.before, when);
    told.lines.clear();

    budget("a", 7);
    hear(1);
    lift("b");
    hear(2);
    budget("a", std::nullopt);
    hear(3);
    EXPECT_THAT(told.lines, ElementsAre("a budget 7", "b accepted", "a budget default"));
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.cluster_policy"), "0")
        << "a row that says nothing is no row";
}

TEST_F(PolicyWatchTest, ATimeBeyondWhatOurClockCanHoldIsTheLastItCan) {
    EXPECT_EQ(revoke("a", event_time{253'402'300'799, 0}), "9999-12-31T23:59:59Z");
    start();
    hear(1);
    ASSERT_THAT(told.lines, ElementsAre("a revoked"));
    EXPECT_GE(told.before, utc_time{std::chrono::sys_days{std::chrono::year{2262} / 1 / 1}});
    EXPECT_THAT(watch->faults(), IsEmpty());
}

TEST_F(PolicyWatchTest, NowIsTheSecondOfTheStoresClock) {
    const auto before = ask(*admin, "SELECT date_trunc('second', clock_timestamp())::text");
    revoke("a", std::nullopt);
    EXPECT_EQ(
        ask(*admin,
            "SELECT tokens_issued_before BETWEEN $1::timestamptz AND clock_timestamp() AND "
            "tokens_issued_before = date_trunc('second', tokens_issued_before) FROM "
            "falconer.cluster_policy",
            {before}),
        "t"
    ) << "a token that is issued in this very second is a new one";
}

TEST_F(PolicyWatchTest, ATokenOfTheVerySecondIsGoodAlsoUnderAnOldRow) {
    ask(*admin,
        "INSERT INTO falconer.cluster_policy (identity, tokens_issued_before) VALUES ('a', "
        "'2026-05-01 00:00:00.4+00')");
    start();
    hear(1);
    EXPECT_EQ(told.before, utc_time{std::chrono::sys_days{std::chrono::year{2026} / 5 / 1}});
}

TEST_F(PolicyWatchTest, AWrongRowHarmsOnlyItselfAndIsNamed) {
    take_anything();
    ask(*admin,
        "INSERT INTO falconer.cluster_policy (identity, tokens_issued_before) VALUES ('ever', "
        "'infinity'), ('late', '294000-01-01'), ('never', '-infinity'), ('good', '2026-05-01')");
    ask(*admin,
        "INSERT INTO falconer.cluster_policy (identity, daily_events) VALUES ('less', -5), "
        "('some', 5)");
    start();
    hear(5);
    EXPECT_THAT(
        told.lines,
        ElementsAre(
            "ever revoked", "good revoked", "late revoked", "never revoked", "some budget 5"
        )
    );
    EXPECT_THAT(
        watch->faults(),
        UnorderedElementsAre(
            Pair("ever", HasSubstr("tokens_issued_before is 'infinity'")),
            Pair("late", HasSubstr("294000")), Pair("never", HasSubstr("'-infinity'")),
            Pair("less", HasSubstr("daily_events is -5"))
        )
    );
    told.lines.clear();
    ask(*admin, "DELETE FROM falconer.cluster_policy WHERE identity <> 'good'");
    hear(4);
    EXPECT_THAT(
        told.lines,
        ElementsAre("ever accepted", "late accepted", "never accepted", "some budget default")
    );
    EXPECT_THAT(watch->faults(), IsEmpty());
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
