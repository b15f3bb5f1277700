#include "store/rollups.hpp"
#include "pg_fixture.hpp"
#include "store/pg_event_store.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using part = event_texts::part;
using enum stored_as;

class RollupsTest : public test::pg_fixture {
protected:
    pg_connection::ptr              admin;
    std::unique_ptr<pg_event_store> store;
    metrics_registry                metrics;
    std::unique_ptr<rollups>        counting;

    void SetUp() override {
        pg_fixture::SetUp();
        admin     = open();
        auto done = await(migrate(*admin));
        ASSERT_TRUE(done) << done.error().detail;
        store = std::make_unique<pg_event_store>(
            loop.get_executor(), time,
            pg_event_store::options{.postgres = there, .insert_limit = 30s}
        );
        counting = make_rollups();
    }
    void TearDown() override {
        counting.reset();
        store.reset();
        admin.reset();
        pg_fixture::TearDown();
    }
    std::unique_ptr<rollups> make_rollups(int batches = 200) {
        return std::make_unique<rollups>(
            loop.get_executor(), time, metrics,
            rollup_options{.postgres = there, .batches = batches}
        );
    }
    falco_event event(
        std::string name, std::string_view rule, utc_time received, priority level = priority::error
    ) const {
        falco_event e;
        e.from     = std::make_shared<const cluster_identity>(cluster_identity{std::move(name)});
        e.id       = uuid::random();
        e.received = received;
        e.time     = event_time_of(received);
        e.level    = level;
        e.texts.put(part::rule, rule);
        e.texts.put(part::output_fields, R"({"a": 1})");
        return e;
    }
    static record_batch batch(std::vector<ingest_record> records, bool replayed = false) {
        record_batch b;
        b.id       = uuid::random();
        b.records  = std::move(records);
        b.replayed = replayed;
        return b;
    }
    std::vector<stored_as> insert(const record_batch& b) {
        auto how = await(store->insert(b));
        if (!how) throw std::runtime_error(how.error().detail);
        return std::move(*how);
    }
    void           quiet() { until_countable(*admin); }
    rollups::round counted() {
        auto now = await(counting->once());
        if (!now) throw std::runtime_error(now.error().detail);
        return *now;
    }
    /// "a r 3 2, b r 3 1": cluster, rule, priority and count of each minute, in this order.
    std::string minutes() {
        return ask(
            *admin,
            "SELECT coalesce(string_agg(concat_ws(' ', c.identity, t.value, r.priority, r.count), "
            "', ' ORDER BY r.minute, c.identity, t.value, r.priority), '') FROM falconer.rollup r "
            "JOIN falconer.cluster c ON c.id = r.cluster JOIN falconer.text t ON t.id = r.rule"
        );
    }
    std::string days() {
        return ask(
            *admin,
            "SELECT coalesce(string_agg(concat_ws(' ', c.identity, d.day, d.count), ', ' ORDER BY "
            "d.day, c.identity), '') FROM falconer.rollup_day d JOIN falconer.cluster c ON c.id = "
            "d.cluster"
        );
    }
    static std::string day_of(utc_time t) { return text_of(event_time_of(t)).substr(0, 10); }

    utc_time noon = std::chrono::floor<std::chrono::days>(time.utc()) - 12h;  // of yesterday
};

TEST_F(RollupsTest, EveryStoredEventIsCountedOnceByItsMinuteClusterRuleAndPriority) {
    insert(batch(
        {event("a", "r", noon), event("a", "r", noon + 59s), event("a", "r", noon + 60s),
         event("b", "r", noon), event("a", "q", noon), event("a", "r", noon, priority::emergency)}
    ));
    insert(batch({event("a", "r", noon)}));
    quiet();
    const auto now = counted();
    EXPECT_EQ(now.batches, 2u);
    EXPECT_EQ(now.events, 7u);
    EXPECT_EQ(minutes(), "a q 3 1, a r 0 1, a r 3 3, b r 3 1, a r 3 1");
    EXPECT_EQ(days(), "a " + day_of(noon) + " 6, b " + day_of(noon) + " 1");
    EXPECT_EQ(
        ask(*admin, "SELECT last FROM falconer.rollup_day ORDER BY count DESC LIMIT 1"),
        ask(*admin, "SELECT $1::timestamptz", {text_of(event_time_of(noon + 60s))})
    );
    EXPECT_EQ(counted().batches, 0u);
    EXPECT_EQ(minutes(), "a q 3 1, a r 0 1, a r 3 3, b r 3 1, a r 3 1");
}

TEST_F(RollupsTest, AnEventKnowsItsBatchAndTheBatchItsDays) {
    insert(batch({event("a", "r", noon), event("a", "r", noon - 24h)}));
    insert(batch({event("a", "r", noon)}));
    EXPECT_EQ(
        ask(*admin,
            "SELECT string_agg(concat_ws(' ', b.days, (SELECT count(*) FROM falconer.event e WHERE "
            "e.batch = b.seq)), '; ' ORDER BY b.seq) FROM falconer.batch b"),
        '{' + day_of(noon - 24h) + ',' + day_of(noon) + "} 2; {" + day_of(noon) + "} 1"
    );
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.event WHERE batch IS NULL"), "0");
}

TEST_F(RollupsTest, WhatIsThereAlreadyIsNotCountedAgain) {
    const auto one = event("a", "r", noon), two = event("a", "r", noon),
               three = event("b", "q", noon);
    EXPECT_EQ(insert(batch({one, one})), (std::vector{committed, duplicate}));
    // Refused by the day's index, then asked about; and one that asks at once.
    EXPECT_EQ(insert(batch({one, two})), (std::vector{duplicate, committed}));
    EXPECT_EQ(
        insert(batch({one, two, three}, true)), (std::vector{duplicate, duplicate, committed})
    );
    EXPECT_EQ(insert(batch({one, three}, true)), (std::vector{duplicate, duplicate}));
    quiet();
    EXPECT_EQ(counted().events, 3u);
    EXPECT_EQ(minutes(), "a r 3 2, b q 3 1");
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.event WHERE batch IS NULL"), "0");
}

TEST_F(RollupsTest, ABatchThatIsRefusedLeavesNoTrace) {
    auto poison = event("a", "r", noon);
    poison.texts.put(part::output_fields, R"({"a": 1)");
    EXPECT_FALSE(await(store->insert(batch({event("a", "r", noon), poison}))));
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.batch"), "0");
    EXPECT_EQ(counted().batches, 0u);
    quarantined_body aside{poison.from, noon, "store", "poison", "{}"};
    EXPECT_EQ(insert(batch({aside})), std::vector{quarantined});
    EXPECT_EQ(
        ask(*admin, "SELECT count(*) FROM falconer.batch"), "0"
    );  // there is nothing to follow
}

TEST_F(RollupsTest, ABatchThatAnOlderTransactionMayStillOvertakeWaitsAndIsNotLost) {
    auto slow = open();
    ASSERT_TRUE(await(slow->run_script("BEGIN; SELECT pg_current_xact_id()", 30s)));
    insert(batch({event("a", "r", noon)}));
    EXPECT_EQ(counted().batches, 0u);
    ASSERT_TRUE(await(slow->run_script(
        "INSERT INTO falconer.batch (days, minutes, clusters, rules, priorities, counts) SELECT "
        "days, minutes, clusters, rules, priorities, '{5}' FROM falconer.batch; COMMIT",
        30s
    )));
    quiet();
    EXPECT_EQ(counted().batches, 2u);
    EXPECT_EQ(minutes(), "a r 3 6");
}

TEST_F(RollupsTest, HoweverFewBatchesFitIntoATransactionAllAreCounted) {
    for (int i = 0; i < 5; ++i) insert(batch({event("a", "r", noon)}));
    counting = make_rollups(2);
    quiet();
    EXPECT_EQ(counted().batches, 5u);
    EXPECT_EQ(minutes(), "a r 3 5");
}

TEST_F(RollupsTest, ATransactionOfMoreBatchesThanFitIntoAStepIsAStepOfItsOwn) {
    insert(batch({event("a", "r", noon)}));
    ASSERT_TRUE(await(admin->run_script(  // as a day is restored
        "INSERT INTO falconer.batch (days, minutes, clusters, rules, priorities, counts) SELECT "
        "days, minutes, clusters, rules, priorities, counts FROM falconer.batch, "
        "generate_series(1, 5)",
        30s
    )));
    for (int i = 0; i < 3; ++i) insert(batch({event("a", "r", noon)}));
    counting = make_rollups(2);
    quiet();
    EXPECT_EQ(counted().batches, 9u);
    EXPECT_EQ(minutes(), "a r 3 9");
}

TEST_F(RollupsTest, WhoeverIsStoppedHalfWayIsFollowedByAnotherWhoGoesOn) {
    insert(batch({event("a", "r", noon)}));
    quiet();
    EXPECT_EQ(counted().batches, 1u);
    insert(batch({event("a", "r", noon)}));
    quiet();
    // Counted, but not committed.
    auto killed = open();
    ASSERT_TRUE(await(killed->run_script("BEGIN; SELECT falconer.roll_up(100)", 30s)));
    EXPECT_TRUE(counted().elsewhere);
    killed->close();
    auto other = make_rollups();
    for (const auto end = time.now() + 30s;;) {  // until the server has heard of it
        auto now = await(other->once());
        ASSERT_TRUE(now) << now.error().detail;
        if (!now->elsewhere) {
            EXPECT_EQ(now->batches, 1u);
            break;
        }
        ASSERT_LT(time.now(), end);
    }
    EXPECT_EQ(minutes(), "a r 3 2");
}

TEST_F(RollupsTest, AConnectionThatIsLostIsOpenedAnew) {
    insert(batch({event("a", "r", noon)}));
    quiet();
    EXPECT_EQ(counted().batches, 1u);
    insert(batch({event("a", "r", noon)}));
    quiet();
    const std::string others =
        "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    ask(*admin, "SELECT count(pg_terminate_backend(pid)) " + others);
    const auto end = time.now() + 30s;
    while (ask(*admin, "SELECT count(*) " + others) != "0") ASSERT_LT(time.now(), end);
    EXPECT_FALSE(await(counting->once()));
    EXPECT_EQ(counted().batches, 1u);
    EXPECT_EQ(minutes(), "a r 3 2");
}

TEST_F(RollupsTest, BatchesAreForgottenAfterAWeekButNeverUncounted) {
    insert(batch({event("a", "r", noon)}));
    quiet();
    counted();
    insert(batch({event("a", "r", noon)}));
    ask(*admin, "UPDATE falconer.batch SET at = now() - interval '8 days'");
    quiet();
    auto slow = open();
    ASSERT_TRUE(await(slow->run_script("BEGIN; SELECT pg_current_xact_id()", 30s)));
    insert(batch({event("a", "r", noon)}));
    ask(*admin, "UPDATE falconer.batch SET at = now() - interval '8 days'");
    EXPECT_EQ(counted().batches, 1u);
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.batch"), "1");
    ASSERT_TRUE(await(slow->run_script("COMMIT", 30s)));
    quiet();
    EXPECT_EQ(counted().batches, 1u);
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.batch"), "0");
    EXPECT_EQ(minutes(), "a r 3 3");
}

TEST_F(RollupsTest, ADayFromBeforeThereWereBatchesIsCountedWhenItIsOver) {
    insert(batch({event("a", "r", noon), event("a", "r", noon)}));
    insert(batch({event("a", "r", time.utc())}));
    quiet();
    counted();
    ask(*admin, "UPDATE falconer.event SET batch = NULL");
    ask(*admin, "DELETE FROM falconer.rollup");
    ask(*admin, "DELETE FROM falconer.rollup_day");
    const auto today = day_of(time.utc() + 10min);  // should midnight pass meanwhile
    ask(*admin, "INSERT INTO falconer.unrolled_day VALUES ($1), ($2), ('2000-01-01')",
        {day_of(noon), today});
    counting = make_rollups();
    EXPECT_EQ(counted().day, "2000-01-01");  // has long been dropped
    const auto now = counted();
    EXPECT_EQ(now.day, day_of(noon));
    EXPECT_EQ(now.events, 2u);
    EXPECT_EQ(counted().day, "");
    EXPECT_EQ(minutes(), "a r 3 2");
    EXPECT_EQ(days(), "a " + day_of(noon) + " 2");
    EXPECT_EQ(ask(*admin, "SELECT day FROM falconer.unrolled_day"), today);
}

TEST_F(RollupsTest, AStoreRestoredIntoAnotherServerGoesOnWhereItWas) {
    insert(batch({event("a", "r", noon)}));
    quiet();
    counted();
    insert(batch({event("b", "r", noon)}));  // in the backup, not counted
    // The other server was further on.
    ask(*admin, "UPDATE falconer.follower SET xid = '90000000000'");
    ask(*admin, "UPDATE falconer.batch SET xid = '89999999999'");
    ask(*admin,
        "UPDATE falconer.batch SET xid = '90000000001' WHERE seq = (SELECT max(seq) FROM "
        "falconer.batch)");
    insert(batch({event("c", "r", noon)}));  // by the new server, before anybody counts
    EXPECT_EQ(counted().batches, 0u);
    EXPECT_EQ(minutes(), "a r 3 1, b r 3 1, c r 3 1");
    insert(batch({event("c", "r", noon)}));
    quiet();
    EXPECT_EQ(counted().batches, 1u);
    EXPECT_EQ(minutes(), "a r 3 1, b r 3 1, c r 3 2");
}

}  // namespace
}  // namespace falconer::store
