// What each of the store's three roles may do, and what it may not.
#include "pg_fixture.hpp"
#include "store/pg_event_store.hpp"
#include "store/pg_quota_ledger.hpp"
#include "store/pg_sight_ledger.hpp"
#include "store/rollups.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using part = event_texts::part;

/// Roles belong to the whole server, and other tests run at the same time: the group roles are made
/// once and stay; the logins are this test's own.
class GrantsTest : public test::pg_fixture {
protected:
    pg_connection::ptr admin;
    std::string        writer, reader, owner;

    void SetUp() override {
        pg_fixture::SetUp();
        admin = open();
        for (const auto* role : {"falconer_writer", "falconer_reader"}) {
            const std::string name = role;
            ask(*admin,
                "DO $$ BEGIN CREATE ROLE " + name +
                    "; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$");
        }
        owner = login;
        ASSERT_EQ(ask(*admin, "ALTER DATABASE " + login + " OWNER TO " + owner), "");
        writer = make_login("_w", "falconer_writer");
        reader = make_login("_r", "falconer_reader");
        auto c = as(owner);
        auto v = await(migrate(*c));
        ASSERT_TRUE(v) << v.error().detail;
    }
    void TearDown() override {
        for (const auto& role : {writer, reader}) EXPECT_EQ(ask(*admin, "DROP ROLE " + role), "");
        admin.reset();
        pg_fixture::TearDown();
    }
    std::string make_login(const std::string& suffix, const std::string& group) {
        auto name = login + suffix;
        EXPECT_EQ(
            ask(*admin, "CREATE ROLE " + name + " LOGIN PASSWORD 'falcon' IN ROLE " + group), ""
        );
        return name;
    }
    pg_options options_of(const std::string& user) const {
        auto opt     = there;
        opt.user     = user;
        opt.password = "falcon";
        return opt;
    }
    pg_connection::ptr as(const std::string& user) {
        auto opened = open(options_of(user));
        if (!opened) throw std::runtime_error(opened.error().detail);
        return std::move(*opened);
    }
    static cluster_ref cluster() {
        return std::make_shared<const cluster_identity>(
            cluster_identity{"shoot--garden--a-5ad2ab3e-1c1e-4f3d-8a2b-0d0d8e0a6b11-live"}
        );
    }
    std::vector<stored_as> store_one_of_each() {
        falco_event e;
        e.from     = cluster();
        e.id       = uuid::random();
        e.received = time.utc();
        e.time     = event_time_of(e.received);
        e.texts.put(part::rule, "Terminal shell");
        e.texts.put(part::output_fields, R"({"a": 1})");
        e.set(event_flag::replaced_characters);
        e.texts.put(part::raw, "{}");
        quarantined_body body{cluster(), time.utc(), "nul", "a NUL", "{}"};
        event_tally      tally;
        tally.from   = cluster();
        tally.rule   = "Terminal shell";
        tally.minute = std::chrono::floor<std::chrono::minutes>(time.utc());
        pg_event_store store(
            loop.get_executor(), time, pg_event_store::options{options_of(writer), 30s}
        );
        std::vector<stored_as> how;
        for (int round = 0; round < 2; ++round) {  // the second tally adds to the first
            record_batch batch;
            batch.id      = uuid::random();
            batch.records = {e, body, tally};
            auto done     = await(store.insert(batch));
            if (!done) throw std::runtime_error(done.error().detail);
            how.insert(how.end(), done->begin(), done->end());
        }
        return how;
    }
    /// "" where the statement is refused for want of a privilege, else what came of it.
    std::string refused(pg_connection& c, std::string sql) {
        auto rows = await(c.query(std::move(sql), {}, 30s));
        if (rows) return "it was allowed";
        const bool denied = c.last_refusal() == "42501";
        return denied ? "" : rows.error().detail;
    }
};

TEST_F(GrantsTest, TheWriterStoresEventsAndSettlesQuotas) {
    using enum stored_as;
    EXPECT_EQ(
        store_one_of_each(),
        (std::vector{committed, quarantined, counted, duplicate, quarantined, counted})
    );
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.events"), "1");
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.raw"), "1");
    EXPECT_EQ(ask(*admin, "SELECT sum(count) FROM falconer.tally"), "2");

    pg_quota_ledger::options opt;
    opt.postgres = options_of(writer);
    pg_quota_ledger ledger(loop.get_executor(), time, opt);
    quota_usage     usage;
    usage.cluster  = cluster();
    usage.ordinary = {.spent = 3, .per_day = 0, .burst = 10};
    for (const double left : {7.0, 4.0}) {
        auto settled = await(ledger.settle(uuid::random(), {&usage, 1}));
        ASSERT_TRUE(settled) << settled.error().detail;
        EXPECT_DOUBLE_EQ(settled->at(0).ordinary, left);
    }
}

TEST_F(GrantsTest, TheWriterNotesThatAClusterIsStillOfUseAndThatAnEventCameForAWatchedDay) {
    store_one_of_each();
    ask(*admin, "UPDATE falconer.cluster SET used = '2000-01-01'");
    ASSERT_EQ(
        ask(*admin,
            "SELECT falconer.watch_day((now() AT TIME ZONE 'UTC')::date + n) FROM "
            "generate_series(0, 1) n"),
        ""
    );
    store_one_of_each();
    EXPECT_EQ(ask(*admin, "SELECT used > '2000-01-01' FROM falconer.cluster"), "t");
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.late"), "1");
}

TEST_F(GrantsTest, TheWriterKeepsTheRollUps) {
    store_one_of_each();
    metrics_registry metrics;
    rollup_options   opt;
    opt.postgres = options_of(writer);
    rollups counting(loop.get_executor(), time, metrics, opt);
    until_countable(*admin);
    auto now = await(counting.once());
    ASSERT_TRUE(now) << now.error().detail;
    EXPECT_EQ(now->events, 1u);
    auto c = as(reader);
    EXPECT_EQ(ask(*c, "SELECT sum(count) FROM falconer.rollup"), "1");
    EXPECT_EQ(ask(*c, "SELECT sum(count) FROM falconer.rollup_day"), "1");
}

TEST_F(GrantsTest, TheWriterKeepsHowClustersAreSeenByFunctionsAndTheReaderOnlyReads) {
    store_one_of_each();
    pg_sight_ledger::options opt;
    opt.postgres = options_of(writer);
    pg_sight_ledger ledger(loop.get_executor(), time, opt);
    auto            looked = await(ledger.look());
    ASSERT_TRUE(looked) << looked.error().detail;
    ASSERT_TRUE(*looked);
    sight_round round{.watched_since = time.utc(), .clusters = std::move((*looked)->clusters)};
    ASSERT_EQ(round.clusters.size(), 1u);
    round.clusters[0].seen = sight{sight_reason::only_rubbish, time.utc()};
    auto kept              = await(ledger.keep(std::move(round)));
    ASSERT_TRUE(kept) << kept.error().detail;
    EXPECT_EQ(*kept, 1u);
    auto r = as(reader);
    EXPECT_EQ(ask(*r, "SELECT count(*) FROM falconer.sight_change"), "1");
    EXPECT_EQ(refused(*r, "SELECT falconer.learn_rhythms(1)"), "");
    auto w = as(writer);
    EXPECT_EQ(refused(*w, "DELETE FROM falconer.sight_change"), "");
}

TEST_F(GrantsTest, TheWriterAssessesAndSuppressesByFunctionsAndTheReaderOnlyReads) {
    store_one_of_each();
    auto       w    = as(writer);
    const auto call = [](const std::string& what) {
        return "SELECT events FROM falconer.assess('" + uuid::random().text() +
               "', 'alice', ARRAY(SELECT id FROM falconer.event), ARRAY(SELECT received FROM "
               "falconer.event), ARRAY(SELECT encode(substr(digest, 1, 8), 'hex') FROM "
               "falconer.cluster), NULL, 4::int2, NULL, NULL, '" +
               what + "', '', '', now())";
    };
    EXPECT_EQ(ask(*w, call("noise")), "1");
    const auto suppress = "SELECT falconer.suppress('" + uuid::random().text() + "', '" +
                          uuid::random().text() +
                          "', 'alice', 'rule:x', NULL, NULL, 'why', 'who', now() + '1 day', '')";
    EXPECT_EQ(ask(*w, suppress), "t");
    EXPECT_EQ(
        ask(*w, "SELECT string_agg(DISTINCT login, ',') FROM falconer.triage_action"), writer
    );
    auto r = as(reader);
    EXPECT_EQ(ask(*r, "SELECT count(*) FROM falconer.assessment"), "1");
    EXPECT_EQ(refused(*r, call("noise")), "");
    EXPECT_EQ(refused(*r, suppress), "");
}

TEST_F(GrantsTest, TheWriterFindsTheStoreReadyAndChangesNothingElse) {
    store_one_of_each();
    auto c  = as(writer);
    auto at = await(migrate(*c));
    ASSERT_TRUE(at) << at.error().detail;
    EXPECT_EQ(*at, known_migrations().back().version);

    const auto day = ask(*admin, "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')");
    for (const std::string& sql :
         {"DROP TABLE falconer.event_" + day,
          std::string("DROP TABLE falconer.event"),
          "ALTER TABLE falconer.event DETACH PARTITION falconer.event_" + day,
          "DELETE FROM falconer.event_" + day,
          "SELECT * FROM falconer.event_" + day,
          std::string("DELETE FROM falconer.event"),
          std::string("TRUNCATE falconer.event"),
          std::string("UPDATE falconer.event SET priority = 7"),
          std::string("DELETE FROM falconer.quarantine"),
          std::string("UPDATE falconer.quarantine SET body = ''"),
          std::string("UPDATE falconer.text SET value = ''"),
          std::string("UPDATE falconer.cluster SET identity = ''"),
          std::string("DELETE FROM falconer.cluster"),
          std::string("DELETE FROM falconer.raw"),
          std::string("UPDATE falconer.raw SET body = ''"),
          std::string("DELETE FROM falconer.batch"),
          std::string("UPDATE falconer.batch SET xid = '0'"),
          std::string("INSERT INTO falconer.rollup VALUES (now(), 1, 1, 1, 1)"),
          std::string("UPDATE falconer.rollup_day SET count = 0"),
          std::string("UPDATE falconer.follower SET xid = '0'"),
          std::string("SELECT falconer.add_up('SELECT')"),
          std::string("SELECT falconer.trim_rollups('2026-01-01', 1)"),
          std::string("DELETE FROM falconer.audit"),
          std::string("INSERT INTO falconer.audit DEFAULT VALUES"),
          std::string("UPDATE falconer.schema_version SET version = 1"),
          std::string("INSERT INTO falconer.schema_version VALUES (999, '', '', 1)"),
          std::string("INSERT INTO falconer.retention VALUES ('', '', 1)"),
          std::string("DELETE FROM falconer.legal_hold"),
          std::string("INSERT INTO falconer.triage_action (id, who, what) VALUES "
                      "(gen_random_uuid(), 'nobody', 'assess')"),
          std::string("UPDATE falconer.triage_action SET who = 'nobody'"),
          std::string("DELETE FROM falconer.triage_action"),
          std::string("TRUNCATE falconer.triage_action"),
          std::string("INSERT INTO falconer.assessment SELECT * FROM falconer.assessment"),
          std::string("UPDATE falconer.assessment SET state = 0"),
          std::string("DELETE FROM falconer.assessment"),
          std::string("UPDATE falconer.assessment_step SET state = 0"),
          std::string("DELETE FROM falconer.assessment_step"),
          std::string("UPDATE falconer.suppression SET reason = ''"),
          std::string("DELETE FROM falconer.suppression"),
          std::string("SELECT falconer.put_assessments('{}', 1)"),
          std::string("UPDATE falconer.incident SET count = 0"),
          std::string("DELETE FROM falconer.incident_step"),
          std::string("UPDATE falconer.incident_standing SET state = 4"),
          std::string("SELECT falconer.put_incidents('{}', 1)"),
          std::string("DELETE FROM falconer.alert_rule"),
          std::string("UPDATE falconer.alert_shard SET holder = NULL"),
          std::string("DELETE FROM falconer.alert_state"),
          std::string("DELETE FROM falconer.alert_notification"),
          std::string("UPDATE falconer.alert_silence SET until = now()"),
          std::string("DELETE FROM falconer.alert_change"),
          std::string("SELECT falconer.alerts_changed()"),
          std::string("UPDATE falconer.alert_delivery SET state = 1"),
          std::string("DELETE FROM falconer.alert_try"),
          std::string("UPDATE falconer.alert_deliverer SET holder = NULL"),
          std::string("SELECT falconer.drop_day('2026-01-01', '2026-03-01', 1)"),
          std::string("SELECT falconer.drop_day('2026-01-01', '2026-03-01', 1, '')"),
          std::string("SELECT falconer.exchange_day('2026-01-01', '2026-03-01', 1, '')"),
          std::string("SELECT falconer.watch_day('2026-01-01')"),
          std::string("SELECT falconer.forget_clusters('2026-01-01', 1, 0)"),
          std::string("INSERT INTO falconer.late VALUES ('2026-01-01')"),
          std::string("CREATE TABLE falconer.mine (a int)")})
        EXPECT_EQ(refused(*c, sql), "") << sql;
}

TEST_F(GrantsTest, TheReaderReadsThroughTheViewsDaysMadeLaterIncludedAndWritesNothing) {
    store_one_of_each();  // its day was made by the writer, after the privileges were granted
    auto c = as(reader);
    EXPECT_EQ(ask(*c, "SELECT rule FROM falconer.events"), "Terminal shell");
    EXPECT_EQ(ask(*c, "SELECT count(*) FROM falconer.event"), "1");
    EXPECT_EQ(ask(*c, "SELECT sum(events) FROM falconer.events_per_day"), "1");
    for (const auto* sql :
         {"INSERT INTO falconer.event SELECT * FROM falconer.event",
          "INSERT INTO falconer.cluster (digest, identity) VALUES ('', '')",
          "DELETE FROM falconer.event", "UPDATE falconer.tally SET count = 0",
          "SELECT falconer.ensure_day('2026-03-01')", "CREATE TABLE falconer.mine (a int)"})
        EXPECT_EQ(refused(*c, sql), "") << sql;
}

TEST_F(GrantsTest, SomebodyWithoutAGroupSeesNothing) {
    ASSERT_EQ(ask(*admin, "REVOKE falconer_reader FROM " + reader), "");
    auto c = as(reader);
    for (const auto* sql :
         {"SELECT * FROM falconer.event", "SELECT * FROM falconer.events",
          "SELECT * FROM falconer.schema_version", "SELECT falconer.ensure_day('2026-03-01')"})
        EXPECT_EQ(refused(*c, sql), "") << sql;
}

TEST_F(GrantsTest, WhatSomebodyGrantedByHandIsTakenBackByTheNextMigration) {
    ASSERT_EQ(ask(*admin, "GRANT DELETE ON falconer.event TO falconer_writer"), "");
    ASSERT_EQ(ask(*admin, "GRANT SELECT ON falconer.event TO PUBLIC"), "");
    ASSERT_EQ(ask(*admin, "GRANT USAGE ON SCHEMA falconer TO PUBLIC"), "");
    auto c = as(owner);
    ASSERT_TRUE(await(migrate(*c)));
    auto w = as(writer);
    EXPECT_EQ(refused(*w, "DELETE FROM falconer.event"), "");
    ASSERT_EQ(ask(*admin, "REVOKE falconer_reader FROM " + reader), "");
    auto r = as(reader);
    EXPECT_EQ(refused(*r, "SELECT * FROM falconer.event"), "");
}

}  // namespace
}  // namespace falconer::store
