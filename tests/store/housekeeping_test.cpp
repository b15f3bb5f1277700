#include "store/housekeeping.hpp"
#include "falconer/task_scope.hpp"
#include "pg_fixture.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr utc_time midnight{std::chrono::sys_days{std::chrono::year{2021} / 3 / 10}};

/// Waits in real time; the date is the test's.
class calendar final : public time_source {
public:
    explicit calendar(time_source& real) : real_(real) {}
    steady_time           now() const noexcept override { return real_.now(); }
    utc_time              utc() const noexcept override { return today; }
    std::unique_ptr<bell> make_bell() override { return real_.make_bell(); }

    utc_time today = midnight + 1h;

private:
    time_source& real_;
};

class HousekeepingTest : public test::pg_fixture {
protected:
    calendar           clock{time};
    metrics_registry   metrics;
    pg_connection::ptr admin;

    void SetUp() override {
        pg_fixture::SetUp();
        admin = open();
        ASSERT_TRUE(await(migrate(*admin)));
    }
    void TearDown() override {
        admin.reset();
        pg_fixture::TearDown();
    }
    /// By default the tests' date need not be the server's.
    housekeeping make(std::chrono::minutes apart = std::chrono::hours{24 * 365 * 100}) {
        housekeeping_options opt;
        opt.postgres               = there;
        opt.retention.keep         = std::chrono::days{7};
        opt.retention.clocks_apart = apart;
        opt.retention.hold_limit   = 30s;  // a slow machine is no failure here
        return {loop.get_executor(), clock, metrics, opt};
    }
    static housekeeping::round good(result<housekeeping::round> now) {
        if (!now) throw std::runtime_error(now.error().detail);
        return *now;
    }
    std::string partitions() {
        return ask(
            *admin,
            "SELECT string_agg(substr(inhrelid::regclass::text, 20), ' ' ORDER BY 1) FROM "
            "pg_inherits WHERE inhparent = 'falconer.event'::regclass"
        );
    }
};

TEST_F(HousekeepingTest, MakesTheNextDaysAndRetainsOnceADay) {
    ask(*admin, "SELECT falconer.ensure_day('2021-03-02'), falconer.ensure_day('2021-03-03')");
    auto keeper = make();
    auto first  = good(await(keeper.once()));
    ASSERT_TRUE(first.retained);
    EXPECT_EQ(first.retained->days_dropped, 1);
    EXPECT_EQ(first.next, midnight + 24h + 30min);
    EXPECT_EQ(partitions(), "0303 0310 0311 0312");

    clock.today = midnight + 23h;
    EXPECT_FALSE(good(await(keeper.once())).retained);
    clock.today = midnight + 24h;
    EXPECT_FALSE(good(await(keeper.once())).retained);
    EXPECT_EQ(partitions(), "0303 0310 0311 0312 0313");
    clock.today = midnight + 24h + 30min;
    EXPECT_TRUE(good(await(keeper.once())).retained);
    EXPECT_EQ(partitions(), "0310 0311 0312 0313");
    EXPECT_NE(metrics.expose().find("falconer_retention_days_total 2"), std::string::npos);
}

TEST_F(HousekeepingTest, WhatOneReplicaDidTheOtherDoesNotDoAgain) {
    auto one = make(), other = make();
    EXPECT_TRUE(good(await(one.once())).retained);
    const auto second = good(await(other.once()));
    EXPECT_FALSE(second.retained);
    EXPECT_EQ(second.next, midnight + 24h + 30min);
}

TEST_F(HousekeepingTest, WhileOneIsAtItTheOtherMakesDaysAndLooksAgainLater) {
    ask(*admin, "SELECT pg_advisory_lock(7205759403792796)");
    auto       keeper = make();
    const auto now    = good(await(keeper.once()));
    EXPECT_FALSE(now.retained);
    EXPECT_EQ(now.next, clock.today + 5min);
    EXPECT_EQ(partitions(), "0310 0311 0312");
    ask(*admin, "SELECT pg_advisory_unlock(7205759403792796)");
    EXPECT_TRUE(good(await(keeper.once())).retained);
}

TEST_F(HousekeepingTest, AFailureIsNotTakenForDone) {
    ask(*admin, "SELECT pg_advisory_lock(7205759403792795)");  // that of retain() itself
    auto keeper  = make();
    auto refused = await(keeper.once());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::conflict);
    ask(*admin, "SELECT pg_advisory_unlock(7205759403792795)");
    EXPECT_TRUE(good(await(keeper.once())).retained);
}

TEST_F(HousekeepingTest, ALostConnectionIsOpenedAnew) {
    auto keeper = make();
    EXPECT_TRUE(good(await(keeper.once())).retained);
    ask(*admin,
        "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid()");
    EXPECT_FALSE(await(keeper.once()));
    EXPECT_FALSE(good(await(keeper.once())).retained);
}

TEST_F(HousekeepingTest, AWrongClockRemovesNothingNotesNothingAndMakesTheDaysOfTheStores) {
    ask(*admin,
        "SELECT falconer.ensure_day((now() AT TIME ZONE 'UTC')::date - d) FROM generate_series(0, "
        "33) d");
    const auto strangers =
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'falconer.event'::regclass AND "
        "to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') NOT BETWEEN now() - interval '36 "
        "days' AND now() + interval '4 days'";
    auto keeper = make(clocks_may_differ);
    for (const auto apart : {std::chrono::days{400}, std::chrono::days{-400}}) {
        clock.today        = std::chrono::system_clock::now() + apart;
        const auto refused = await(keeper.once());
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, errc::broken);
        EXPECT_THAT(refused.error().detail, ::testing::HasSubstr("set the one that is wrong"));
        EXPECT_EQ(ask(*admin, strangers), "0");
        EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.chore"), "0");
        EXPECT_EQ(
            ask(*admin,
                "SELECT to_regclass('falconer.' || falconer.partition_of((now() AT TIME "
                "ZONE 'UTC')::date + 1)) IS NOT NULL"),
            "t"
        );
    }
    EXPECT_NE(metrics.expose().find("falconer_retention_refused_total 2"), std::string::npos);
    clock.today = std::chrono::system_clock::now() + 2min;
    EXPECT_GE(good(await(keeper.once())).retained.value().days_dropped, 26);
}

TEST_F(HousekeepingTest, WhatIsNotedInTheFutureCountsAsNeverAndIsMended) {
    clock.today = std::chrono::system_clock::now();
    auto keeper = make(clocks_may_differ);
    for (const auto* wrong :
         {"now() + interval '400 days'", "now() + interval '1 hour'", "'infinity'", "'-infinity'",
          "'294000-01-01Z'"}) {
        ask(*admin, std::string("INSERT INTO falconer.chore VALUES ('retain', ") + wrong +
                        ") ON CONFLICT (name) DO UPDATE SET done = excluded.done");
        EXPECT_TRUE(good(await(keeper.once())).retained) << wrong;
        EXPECT_EQ(
            ask(*admin,
                "SELECT count(*) FROM falconer.chore WHERE done BETWEEN now() - interval "
                "'10 minutes' AND now() + interval '1 minute'"),
            "1"
        ) << wrong;
        EXPECT_FALSE(good(await(keeper.once())).retained) << wrong;
    }
}

TEST_F(HousekeepingTest, RunsUntilItIsStopped) {
    auto       keeper = make();
    task_scope scope{loop.get_executor()};
    scope.spawn("housekeeping", keeper.run());
    EXPECT_TRUE(falconer::test::eventually(loop, [&] {
        return metrics.expose().find("done_timestamp_seconds 0\n") == std::string::npos;
    }));
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.chore WHERE name = 'retain'"), "1");
    await(scope.stop());
    EXPECT_EQ(scope.size(), 0u);
}

}  // namespace
}  // namespace falconer::store
