// How clusters are seen, in a real PostgreSQL: what is known of them, and what is kept.
#include "store/pg_sight_ledger.hpp"
#include "event_queries_fixture.hpp"
#include "store/sights.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using enum sight_reason;
using test::team_a;
using test::team_b;

class SightLedgerTest : public test::event_queries_fixture {
protected:
    std::unique_ptr<pg_sight_ledger> ledger;
    utc_time                         now = std::chrono::floor<std::chrono::minutes>(time.utc());

    void SetUp() override {
        event_queries_fixture::SetUp();
        ledger = make();
    }
    void TearDown() override {
        ledger.reset();
        event_queries_fixture::TearDown();
    }
    std::unique_ptr<pg_sight_ledger> make() {
        pg_sight_ledger::options opt;
        opt.postgres = there;
        return std::make_unique<pg_sight_ledger>(loop.get_executor(), time, std::move(opt));
    }
    template <class T>
    T must(task<result<T>> work) {
        auto got = await(std::move(work));
        if (!got) throw std::runtime_error(got.error().detail);
        return std::move(*got);
    }
    sight_records look() {
        auto all = must(ledger->look());
        if (!all) throw std::runtime_error("another one judges");
        return std::move(*all);
    }
    sight_record one(const std::string& identity) {
        for (auto& each : look().clusters)
            if (each.identity == identity) return each;
        throw std::runtime_error("nothing of " + identity);
    }
    std::uint64_t keep(sight_record what, sight_reason why, std::optional<sight_outage> out = {}) {
        sight_round round{.watched_since = now - 5h, .outage = out};
        what.seen = sight{why, now - 1h};
        round.clusters.push_back(std::move(what));
        return must(ledger->keep(std::move(round)));
    }
    void insert_aside(const std::string& cluster, utc_time at, ingest_record what) {
        auto from = std::make_shared<const cluster_identity>(cluster_identity{cluster});
        if (auto* body = std::get_if<quarantined_body>(&what)) {
            body->from     = from;
            body->received = at;
        } else if (auto* tally = std::get_if<event_tally>(&what)) {
            tally->from   = from;
            tally->minute = at;
        }
        record_batch b;
        b.id = uuid::random();
        b.records.push_back(std::move(what));
        auto how = await(store->insert(b));
        ASSERT_TRUE(how) << how.error().detail;
    }
};

TEST_F(SightLedgerTest, TheLastEventIsKnownWhetherItIsCountedOrNot) {
    insert({event(team_a, "r", now - 20min), event(team_b, "r", now - 30min)});
    EXPECT_EQ(one(team_a).signs.event, now - 20min) << "it is in a batch";
    count_all();
    EXPECT_EQ(one(team_a).signs.event, now - 20min) << "it is in the roll-ups";
    EXPECT_EQ(one(team_b).signs.event, now - 30min);
    EXPECT_FALSE(one(team_a).seen);
    EXPECT_EQ(one(team_a).signs.beats_expected, false);
}

TEST_F(SightLedgerTest, TheUsualGapIsTheSecondLongestOfItsDays) {
    std::vector<falco_event> all;
    const auto               day = std::chrono::floor<std::chrono::days>(now) - 24h * 5;
    // Each day an event at midnight, one ten minutes later, and one that closes the day.
    for (int i = 0; i < 5; ++i)
        for (const auto at : {0min, 10min, 1439min})
            // On the third day there is an outage: all but the first are missing.
            if (i != 2 || at == 0min) all.push_back(event(team_a, "r", day + 24h * i + at));
    insert(std::move(all));
    insert({event(team_b, "r", now - 1h)});
    count_all();
    EXPECT_EQ(one(team_a).signs.gap, std::chrono::seconds(1429min));
    EXPECT_FALSE(one(team_b).signs.gap) << "nothing is known of its days";
}

TEST_F(SightLedgerTest, TroublesAreCountedByTheirMinutes) {
    insert({event(team_a, "r", now - 40min)});
    insert(
        {event(team_a, "Falco internal: syscall event drop", now - 6min),
         event(team_a, "Falco internal: syscall event drop", now - 6min + 30s),
         event(team_a, "Falco internal: syscall event drop", now - 4min)}
    );
    insert_aside(
        team_a, now - 9min,
        quarantined_body{.from = {}, .about = "time", .reason = "x", .body = "1"}
    );
    insert_aside(
        team_a, now - 8min,
        event_tally{.from = {}, .why = event_tally::cause::quarantine_full, .count = 7}
    );
    insert_aside(
        team_a, now - 3min,
        event_tally{.from = {}, .why = event_tally::cause::token_refused, .count = 9}
    );
    insert_aside(
        team_a, now - 2min,
        event_tally{.from = {}, .why = event_tally::cause::over_quota, .rule = "r", .count = 9}
    );
    insert_aside(
        team_a, now - 50min,
        event_tally{.from = {}, .why = event_tally::cause::token_refused, .count = 1}
    );
    for (const bool counted : {false, true}) {
        if (counted) count_all();
        const auto is = one(team_a).signs;
        EXPECT_EQ(is.drops.minutes, 2u) << counted;
        EXPECT_EQ(is.drops.first, now - 6min);
        EXPECT_EQ(is.drops.last, now - 4min);
        EXPECT_EQ(is.rubbish.minutes, 2u);
        EXPECT_EQ(is.rubbish.first, now - 9min);
        EXPECT_EQ(is.refused.minutes, 1u) << "one is long past";
        EXPECT_EQ(is.refused.last, now - 3min);
        EXPECT_EQ(is.quota.minutes, 1u);
    }
}

TEST_F(SightLedgerTest, WhatIsKeptComesBackAndChangesAreRemembered) {
    insert({event(team_a, "r", now - 20min)});
    auto is              = one(team_a);
    is.signs.rests       = cluster_signs::rest_kind::hibernated;
    is.signs.rests_since = now - 2h;
    is.signs.beat        = now - 3h;
    EXPECT_EQ(keep(is, well), 0u) << "to be well at first is no change";
    const auto back = one(team_a);
    EXPECT_EQ(back.seen, (sight{well, now - 1h}));
    EXPECT_EQ(back.signs.rests, cluster_signs::rest_kind::hibernated);
    EXPECT_EQ(back.signs.rests_since, now - 2h);
    EXPECT_EQ(back.signs.beat, now - 3h);
    EXPECT_EQ(back.signs.event, now - 20min);

    EXPECT_EQ(keep(back, events_silent), 1u);
    EXPECT_EQ(keep(back, events_silent), 0u);
    EXPECT_EQ(keep(back, only_rubbish), 1u);
    const auto all = must(changes_of(*admin, team_a, 10));
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].became, (sight{only_rubbish, now - 1h}));
    EXPECT_EQ(all[0].was, events_silent);
    EXPECT_EQ(all[1].was, well);

    const auto seen = must(see_clusters(*admin));
    ASSERT_EQ(seen.clusters.size(), 1u);
    EXPECT_EQ(seen.clusters[0].seen->why, only_rubbish);
    EXPECT_TRUE(seen.last_round);
    EXPECT_FALSE(seen.outage);
    const auto listed = must(queries->clusters({.who = {.everything = true}}));
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0].seen, (sight{only_rubbish, now - 1h}));
}

TEST_F(SightLedgerTest, AnOutageIsOneChangeOfTheLandscape) {
    insert({event(team_a, "r", now - 20min)});
    const auto         is = one(team_a);
    const sight_outage out{now - 1h, 1000};
    EXPECT_EQ(keep(is, ingest_outage, out), 2u);
    EXPECT_EQ(look().outage, out);
    EXPECT_EQ(keep(is, ingest_outage, sight_outage{now - 1h, 1200}), 0u);
    EXPECT_EQ(look().outage->clusters, 1200u);
    EXPECT_EQ(keep(is, well), 2u);
    EXPECT_FALSE(look().outage);
    EXPECT_EQ(look().watched_since, now - 5h);
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.sight_change WHERE cluster IS NULL"), "2");
}

TEST_F(SightLedgerTest, OneReplicaJudgesAndAnotherTakesItsPlace) {
    look();
    auto second = make();
    EXPECT_FALSE(must(second->look()));
    ledger.reset();
    const auto end = time.now() + falconer::test::patience;
    while (!must(second->look())) ASSERT_LT(time.now(), end) << "the lock is not given back";
    ledger = std::move(second);
    look();
}

TEST_F(SightLedgerTest, WhoHasNotLookedKeepsNothing) {
    auto kept = await(ledger->keep({}));
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code, errc::conflict);
}

TEST_F(SightLedgerTest, AThousandChangesAreOneStatement) {
    ask(*admin,
        "INSERT INTO falconer.cluster (digest, identity) SELECT sha256(i::text::bytea), 'c' || i "
        "FROM generate_series(1, 1000) i");
    while (look().clusters.size() < 1000) {
    }
    sight_round round{.watched_since = now};
    for (auto& each : look().clusters) {
        each.seen = sight{events_silent, now - 2h};
        round.clusters.push_back(std::move(each));
    }
    EXPECT_EQ(must(ledger->keep(std::move(round))), 1000u);
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.sight_change"), "1000");
}

TEST_F(SightLedgerTest, AClusterThatIsForgottenLeavesNothing) {
    insert({event(team_a, "r", now - 20min)});
    keep(one(team_a), events_silent);
    ask(*admin, "DELETE FROM falconer.event");
    ASSERT_EQ(ask(*admin, "DELETE FROM falconer.cluster RETURNING 'gone'"), "gone");
    EXPECT_EQ(
        ask(*admin,
            "SELECT (SELECT count(*) FROM falconer.sight) + (SELECT count(*) FROM "
            "falconer.sight_change)"),
        "0"
    );
}

}  // namespace
}  // namespace falconer::store
