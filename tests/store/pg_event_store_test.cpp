#include "store/pg_event_store.hpp"
#include "event_store_fixture.hpp"
#include "store/raw.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using part = event_texts::part;
using enum stored_as;

using test::noon;

class PgEventStoreTest : public test::event_store_fixture {
protected:
    /// And the store has noticed.
    void lose_connections() {
        ask(*admin,
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = "
            "current_database() AND pid <> pg_backend_pid()");
        EXPECT_FALSE(await(store->insert(batch({}))));
    }
};

TEST_F(PgEventStoreTest, WhatIsStoredReadsBackAsItWas) {
    auto e = event("Terminal shell", R"({"n": 9223372036854775807, "s": "it's \"ü\""})");
    e.time = {253'402'300'799, 123'456'789};  // the last second of year 9999
    e.set(event_flag::future);
    e.texts.put(part::source, "syscall");
    e.texts.put(part::hostname, "node-1");
    e.texts.put(part::tags, R"(["a","b"])");
    e.texts.put(part::output, "a shell was spawned");
    e.texts.put(part::extra, R"({"x": null})");
    EXPECT_EQ(insert(batch({e})), verdicts{committed});
    EXPECT_EQ(
        ask(*admin,
            "SELECT row(rule, priority, source, hostname, tags, flags, output, extra, "
            "project, shoot) FROM falconer.events WHERE id = $1",
            {e.id.text()}),
        R"(("Terminal shell",Critical,syscall,node-1,"[""a"", ""b""]",2,"a shell was spawned",)"
        R"("{""x"": null}",garden,a))"
    );
    EXPECT_EQ(
        ask(*admin, "SELECT output_fields->>'n' FROM falconer.events"), "9223372036854775807"
    );
    EXPECT_EQ(ask(*admin, "SELECT output_fields->>'s' FROM falconer.events"), "it's \"ü\"");
    EXPECT_EQ(
        ask(*admin,
            "SELECT to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || "
            "time_nanos FROM falconer.events"),
        "9999-12-31 23:59:59.123456789"
    );
}

TEST_F(PgEventStoreTest, LongTextsArePackedByLz4WhereTheServerCan) {
    const auto can =
        ask(*admin,
            "SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = "
            "'default_toast_compression'");
    EXPECT_EQ(
        insert(batch({event("long", R"({"a": ")" + std::string(20'000, 'a') + "\"}")})),
        verdicts{committed}
    );
    EXPECT_EQ(
        ask(*admin, "SELECT pg_column_compression(output_fields) FROM falconer.event"),
        can == "t" ? "lz4" : "pglz"
    );
}

TEST_F(PgEventStoreTest, AnEmptyBatchSaysWhetherTheStoreAnswers) {
    EXPECT_EQ(insert(batch({})), verdicts{});
    there.settings = " -c default_transaction_read_only=on";
    auto reader    = make_store();
    EXPECT_EQ(await(reader->insert(batch({}))).error().code, errc::unavailable);
}

TEST_F(PgEventStoreTest, AnEventOfTheYear1970IsKeptByItsReceipt) {
    auto e = event("old");
    e.time = {0, 0};
    EXPECT_EQ(insert(batch({e})), verdicts{committed});
    EXPECT_EQ(count("event_20260310"), "1");
}

TEST_F(PgEventStoreTest, BatchesOfTalliesThatWillNotComeAgainAreForgotten) {
    const event_tally tally{
        cluster("c"), event_tally::cause::over_quota, "r", priority::notice, noon, 5
    };
    std::vector<uuid> before;
    for (int i = 0; i < 5; ++i) {
        auto next = batch({tally});
        next.done = std::exchange(before, {next.id});
        EXPECT_EQ(insert(next), verdicts{counted});
        EXPECT_EQ(insert(next), verdicts{counted}) << "once more, after an unclear end";
    }
    EXPECT_EQ(ask(*admin, "SELECT sum(count) FROM falconer.tally"), "25");
    EXPECT_EQ(count("applied_batch"), "1");
}

TEST_F(PgEventStoreTest, LongSourcesAndTagsStayWithTheirEvent) {
    const auto all = [](std::string_view one) {
        return R"(["short", ")" + std::string(one) + "\"]";
    };
    std::vector<ingest_record> events;
    for (const std::size_t length : {256U, 257U, 700'000U}) {
        auto e = event("rule");
        e.texts.put(part::source, std::string(length, 's'));
        e.texts.put(part::tags, all(std::string(length, 't')));
        events.emplace_back(std::move(e));
    }
    auto wide = event("rule");  // characters count, not bytes
    wide.texts.put(part::source, "x");
    std::string umlauts;
    for (int i = 0; i < 256; ++i) umlauts += "ü";
    wide.texts.put(part::tags, all(umlauts));
    auto padded = event("rule");
    padded.texts.put(part::tags, "[" + std::string(20'000, ' ') + R"("a"])");
    events.insert(events.end(), {wide, padded, event("rule")});
    EXPECT_EQ(insert(batch(events)), verdicts(6, committed));
    EXPECT_EQ(insert(batch({event("rule")})), verdicts{committed}) << "a batch without any";
    EXPECT_EQ(
        ask(*admin,
            "SELECT string_agg(coalesce(length(source), 0) || ':' || "
            "coalesce(length(tags->>1), 0), ' ' ORDER BY length(source), length(tags->>1)) "
            "FROM falconer.events"),
        "1:256 256:256 257:257 700000:700000 0:0 0:0 0:0"
    );
    EXPECT_EQ(ask(*admin, "SELECT max(length(value)) FROM falconer.text"), "269");
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.text WHERE kind IN (2, 4)"), "4");
}

TEST_F(PgEventStoreTest, ADuplicateIsRecognisedWhereverItStands) {
    const auto a = event("a"), b = event("b"), c = event("c");
    EXPECT_EQ(insert(batch({a, a, b})), (verdicts{committed, duplicate, committed}));
    EXPECT_EQ(insert(batch({a, c, b})), (verdicts{duplicate, committed, duplicate}));
    EXPECT_EQ(insert(batch({a, b, c})), (verdicts{duplicate, duplicate, duplicate}));
    EXPECT_EQ(count("event"), "3");
}

TEST_F(PgEventStoreTest, ATextIsAskedForAnewEachDayAndMayHaveGoneMeanwhile) {
    insert(batch({event("a"), event("b")}));
    ask(*admin, "UPDATE falconer.text SET used = '2000-01-01' WHERE value = 'a'");
    insert(batch({event("a")}));
    const auto rested = [&] {
        return ask(*admin, "SELECT count(*) FROM falconer.text WHERE used = '2000-01-01'");
    };
    EXPECT_EQ(rested(), "1") << "the same day: its number is known";

    ask(*admin, "DELETE FROM falconer.event");
    ask(*admin, "DELETE FROM falconer.text WHERE value = 'b'");
    clock.today += 24h;
    EXPECT_EQ(insert(batch({event("a"), event("b")})), (verdicts{committed, committed}));
    EXPECT_EQ(rested(), "0");
    EXPECT_EQ(
        ask(*admin, "SELECT string_agg(rule, ',' ORDER BY rule) FROM falconer.events"), "a,b"
    );
}

TEST_F(PgEventStoreTest, AClusterIsAskedForAnewEachDayAndMayHaveGoneMeanwhile) {
    auto other = event("a");
    other.from = cluster("seed-1");
    insert(batch({event("a"), other}));
    ask(*admin, "UPDATE falconer.cluster SET used = '2000-01-01' WHERE identity <> 'seed-1'");
    insert(batch({event("a")}));
    const auto rested = [&] {
        return ask(*admin, "SELECT count(*) FROM falconer.cluster WHERE used = '2000-01-01'");
    };
    EXPECT_EQ(rested(), "1") << "the same day: its number is known";

    ask(*admin, "DELETE FROM falconer.event");
    ask(*admin, "DELETE FROM falconer.cluster WHERE identity = 'seed-1'");
    clock.today += 24h;
    // Who only refers to a cluster, in a transaction that lasts, is in nobody's way.
    auto referrer = open();
    ASSERT_TRUE(await(referrer->run_script("BEGIN; SELECT FROM falconer.cluster FOR KEY SHARE", 30s)
    ));
    auto again = event("b");
    again.from = cluster("seed-1");
    EXPECT_EQ(insert(batch({event("a"), again})), (verdicts{committed, committed}));
    EXPECT_EQ(rested(), "0");
    EXPECT_EQ(
        ask(*admin, "SELECT string_agg(left(cluster, 6), ',' ORDER BY rule) FROM falconer.events"),
        "shoot-,seed-1"
    );
}

task<void> insert_and_tell(event_store& into, record_batch what, bool& stored) {
    auto done = co_await into.insert(what);
    stored    = static_cast<bool>(done);
}

TEST_F(PgEventStoreTest, ATextThatIsJustBeingRemovedIsMadeAnew) {
    insert(batch({event("a")}));
    ask(*admin, "DELETE FROM falconer.event");
    ask(*admin, "UPDATE falconer.text SET used = '2000-01-01'");
    clock.today  += 24h;
    auto remover  = open();
    ASSERT_TRUE(await(remover->run_script("BEGIN; DELETE FROM falconer.text", 30s)));
    bool stored = false;
    asio::co_spawn(loop, insert_and_tell(*store, batch({event("a")}), stored), asio::detached);
    EXPECT_TRUE(answers(*admin, waiting_for_locks, "1")) << "it waits for the one who removes";
    EXPECT_FALSE(stored);
    ask(*remover, "COMMIT");
    EXPECT_TRUE(falconer::test::eventually(loop, [&] { return stored; }));
    EXPECT_EQ(ask(*admin, "SELECT count(*) || rule FROM falconer.events GROUP BY rule"), "1a");
}

TEST_F(PgEventStoreTest, TheSameUuidFromAnotherClusterIsAnotherEvent) {
    const auto a = event("a");
    auto       b = a;
    b.from       = cluster("seed-1");
    EXPECT_EQ(insert(batch({a, b})), (verdicts{committed, committed}));
}

TEST_F(PgEventStoreTest, ADuplicateIsRecognisedAcrossMidnightInBothDirections) {
    auto late      = event("late");
    late.received  = noon + 11h + 59min + 59s + 999ms;
    auto early     = late;
    early.id       = uuid::random();
    early.received = noon + 12h;  // the first instant of the next day
    EXPECT_EQ(insert(batch({late, early})), (verdicts{committed, committed}));
    EXPECT_EQ(count("event_20260310") + count("event_20260311"), "11");

    clock.today   = noon + 35h;
    late.received = late.received + 24h;
    EXPECT_EQ(insert(batch({late})), verdicts{duplicate}) << "24 h later";
    early.received   = noon + 1h;
    auto spooled     = batch({early});
    spooled.replayed = true;
    EXPECT_EQ(insert(spooled), verdicts{duplicate}) << "received earlier, stored later";
    EXPECT_EQ(count("event"), "2");
}

TEST_F(PgEventStoreTest, ABatchWithMoreTextsThanAreRememberedIsStored) {
    store            = make_store(30s, 300);
    const auto texts = [&](int from, int to) {
        std::vector<ingest_record> all;
        for (int i = from; i < to; ++i)
            all.emplace_back(event(std::string(60, static_cast<char>('a' + i))));
        return batch(all);
    };
    EXPECT_EQ(insert(texts(0, 10)), verdicts(10, committed));
    EXPECT_EQ(insert(texts(5, 20)), verdicts(15, committed)) << "five of them known before";
    EXPECT_EQ(insert(texts(0, 20)), verdicts(20, committed));
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.text WHERE kind = 1"), "20");
}

TEST_F(PgEventStoreTest, AnEventMadeBeforeMidnightIsRecognisedAfterIt) {
    auto e     = event("late");
    e.time     = event_time_of(noon + 11h + 59min);
    e.received = noon + 11h + 59min + 30s;
    EXPECT_EQ(insert(batch({e})), verdicts{committed});
    e.received = noon + 12h + 30s;
    EXPECT_EQ(insert(batch({e})), verdicts{duplicate});

    auto ahead     = event("of a clock that is almost an hour ahead");
    ahead.time     = event_time_of(noon + 12h + 58min);
    ahead.received = noon + 11h + 59min;
    EXPECT_EQ(insert(batch({ahead})), verdicts{committed});
    ahead.received = noon + 15h;
    EXPECT_EQ(insert(batch({ahead})), verdicts{duplicate});
}

TEST_F(PgEventStoreTest, NothingIsLookedUpWhileNothingRepeats) {
    const auto look_ups = [&] {
        store = make_store();  // a session reports its figures when it ends
        while (ask(*admin,
                   "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                   "AND datname = current_database()") != "0") {
        }
        return ask(
            *admin,
            "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'event_20260310_once'"
        );
    };
    const auto a = event("a");
    EXPECT_EQ(insert(batch({a, event("b")})), (verdicts{committed, committed}));
    EXPECT_EQ(insert(batch({event("c")})), verdicts{committed});
    EXPECT_EQ(look_ups(), "0");

    EXPECT_EQ(insert(batch({a, event("d")})), (verdicts{duplicate, committed}));
    EXPECT_NE(look_ups(), "0") << "or this test sees nothing";
}

TEST_F(PgEventStoreTest, AClockThatJumpsMakesNoPartitionsBeyondTheWindow) {
    const auto before = noon;
    for (const auto jump : {-20 * 365, -10 * 365, 10 * 365, 20 * 365}) {
        auto e     = event("jump");
        e.received = before + std::chrono::days{jump};
        EXPECT_EQ(insert(batch({e})), verdicts{committed});
    }
    // today and three days ahead, and the oldest that is allowed
    EXPECT_EQ(
        ask(*admin,
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'falconer.event'::regclass"),
        "5"
    );
}

TEST_F(PgEventStoreTest, FieldsMeanWhatTheSenderSaidInWhicheverOrderTheyTravel) {
    for (const auto* fields :
         {R"({"proc.name":"sh","a":1,"evt.type":"x","b":[{"z":1,"y":2}]})",
          R"({ "bb" : 1 , "a" : 2, "bb" : 3, "a" : null })", R"({"b":1,"\u0061":2,"a":3})",
          R"({"b":1,"a":3,"\u0061":2})", R"({"é":"ü","zz":"\"},{","z":12345678901234567890.5})"}) {
        const auto e = event("r", fields);
        EXPECT_EQ(insert(batch({e, event("r", R"({"a":1})")})), verdicts(2, committed));
        EXPECT_EQ(
            ask(*admin, "SELECT output_fields = $2::jsonb FROM falconer.event WHERE id = $1::uuid",
                {e.id.text(), fields}),
            "t"
        ) << fields;
    }
}

TEST_F(PgEventStoreTest, APoisonRowStoresNothingAndLeavesTheStoreUsable) {
    for (const auto* poison : {R"({"a": "\udc00"})", R"({"a": 1e400000})", "not json"}) {
        const auto good = event("good");
        auto       how  = await(store->insert(batch({good, event("bad", poison)})));
        ASSERT_FALSE(how) << poison;
        EXPECT_EQ(how.error().code, errc::malformed) << how.error().detail;
        EXPECT_EQ(count("event"), "0");
    }
    EXPECT_EQ(insert(batch({event("good")})), verdicts{committed});
}

TEST_F(PgEventStoreTest, QuarantineAndTalliesAreStoredWithTheEventsOrNotAtAll) {
    const quarantined_body aside{
        cluster("c"), noon, "rule", "it's too long", std::string("\0'\xff\\", 4)
    };
    const event_tally tally{
        cluster("c"), event_tally::cause::over_quota, "r", priority::notice, noon, 5
    };
    EXPECT_FALSE(await(store->insert(batch({aside, tally, event("bad", "not json")}))));
    EXPECT_EQ(count("quarantine") + count("tally") + count("applied_batch"), "000");

    EXPECT_EQ(
        insert(batch({aside, tally, event("good")})), (verdicts{quarantined, counted, committed})
    );
    EXPECT_EQ(
        ask(*admin, "SELECT encode(body, 'hex') || reason FROM falconer.quarantine"),
        "0027ff5cit's too long"
    );
}

TEST_F(PgEventStoreTest, ABatchStoredAgainCountsItsTalliesAndBodiesOnce) {
    const quarantined_body aside{cluster("c"), noon, "rule", "long", "{}"};
    event_tally tally{cluster("c"), event_tally::cause::over_quota, "r", priority::notice, noon, 5};
    event_tally full{
        cluster("c"), event_tally::cause::quarantine_full, "", priority::debug, noon, 2
    };
    const auto first = batch({aside, tally, tally, full});
    insert(first);
    insert(first);
    EXPECT_EQ(
        ask(*admin, "SELECT string_agg(count::text, ' ' ORDER BY cause) FROM falconer.tally"),
        "10 2"
    );
    EXPECT_EQ(count("quarantine"), "1");
    insert(batch({tally, full}));
    EXPECT_EQ(
        ask(*admin, "SELECT string_agg(count::text, ' ' ORDER BY cause) FROM falconer.tally"),
        "15 4"
    );
}

task<std::size_t> committed_by_both(event_store& a, event_store& b, const record_batch& same) {
    using namespace asio::experimental::awaitable_operators;
    auto one             = a.insert(same);
    auto other           = b.insert(same);
    auto [first, second] = co_await (std::move(one) && std::move(other));
    if (!first) throw std::runtime_error(first.error().detail);
    if (!second) throw std::runtime_error(second.error().detail);
    co_return static_cast<std::size_t>(
        std::ranges::count(*first, committed) + std::ranges::count(*second, committed)
    );
}

TEST_F(PgEventStoreTest, ReplicasThatStoreTheSameNewTextsAndEventsAtOnceStoreThemOnce) {
    auto other = make_store();
    for (int round = 0; round < 20; ++round) {
        std::vector<ingest_record> records;
        for (int i = 0; i < 20; ++i)
            records.emplace_back(event("rule " + std::to_string(round) + '/' + std::to_string(i)));
        const auto same = batch(std::move(records));
        EXPECT_EQ(await(committed_by_both(*store, *other, same)), 20u);
    }
    EXPECT_EQ(count("event"), "400");
    EXPECT_EQ(count("text"), "400");
}

TEST_F(PgEventStoreTest, ALockedTableCostsTheLimitAndNothingElse) {
    insert(batch({event("before")}));
    auto       impatient = make_store(1s);
    const auto warm      = batch({event("warm")});
    const auto late      = time.now() + falconer::test::patience;
    while (!await(impatient->insert(warm))) ASSERT_LT(time.now(), late);  // it has no patience
    ASSERT_TRUE(await(admin->run_script("BEGIN; LOCK TABLE falconer.event IN EXCLUSIVE MODE", 30s))
    );
    const auto e   = batch({event("during")});
    auto       how = await(impatient->insert(e));
    ASSERT_FALSE(how);
    EXPECT_EQ(how.error().code, errc::timed_out) << how.error().detail;
    ask(*admin, "COMMIT");
    EXPECT_FALSE(insert(e).empty());
    EXPECT_EQ(count("event"), "3");
}

TEST_F(PgEventStoreTest, ALostConnectionIsReplacedByTheNextInsert) {
    insert(batch({event("before")}));
    ask(*admin,
        "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid()");
    const auto e   = batch({event("after")});
    auto       how = await(store->insert(e));
    ASSERT_FALSE(how);
    EXPECT_EQ(how.error().code, errc::unavailable) << how.error().detail;
    EXPECT_EQ(insert(e), verdicts{committed});
}

TEST_F(PgEventStoreTest, WhatTheDictionaryKnowsOutlivesItsConnection) {
    insert(batch({event("known")}));
    lose_connections();
    // Nobody can look anything up any more; whoever need not, can go on.
    ask(*admin, "ALTER TABLE falconer.text RENAME COLUMN digest TO hidden");
    ask(*admin, "ALTER TABLE falconer.cluster RENAME COLUMN digest TO hidden");
    EXPECT_EQ(insert(batch({event("known")})), verdicts{committed});
    EXPECT_FALSE(await(store->insert(batch({event("unknown")}))));
    EXPECT_EQ(ask(*admin, "SELECT count(DISTINCT rule) FROM falconer.event"), "1");
}

TEST_F(PgEventStoreTest, NumbersOfOtherTablesAreNotBelieved) {
    const auto stored_with = [this](const falco_event& e) {
        return ask(
            *admin, "SELECT rule || ' of ' || cluster FROM falconer.events WHERE id = $1",
            {e.id.text()}
        );
    };
    auto other = event("another");
    other.from = cluster("another");
    // A restore into the same database; and one that gives the old tables with fewer rows.
    for (const auto* restore :
         {"TRUNCATE falconer.text, falconer.cluster RESTART IDENTITY CASCADE",
          "DELETE FROM falconer.text; DELETE FROM falconer.cluster; SELECT "
          "setval(pg_get_serial_sequence('falconer.text', 'id'), 1, false), "
          "setval(pg_get_serial_sequence('falconer.cluster', 'id'), 1, false)"}) {
        insert(batch({event("first")}));
        lose_connections();
        ASSERT_TRUE(await(admin->run_script(restore, 30s))) << restore;
        auto       replica = make_store();
        const auto e       = event("first");
        if (std::string_view(restore).starts_with("TRUNCATE")) {
            other.id = uuid::random();
            ASSERT_TRUE(await(replica->insert(batch({other}))));
        }
        EXPECT_EQ(insert(batch({e})), verdicts{committed});
        EXPECT_EQ(stored_with(e), "first of " + e.from->text) << restore;
    }
}

TEST_F(PgEventStoreTest, AStatementHasAsMuchTimeAsTheBatch) {
    there.statement_timeout = 100ms;
    store                   = make_store();
    insert(batch({event("warm")}));
    ASSERT_TRUE(await(admin->run_script(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
        "pg_sleep(0.5); "
        "RETURN NULL; END $$; CREATE TRIGGER slow BEFORE INSERT ON falconer.event FOR EACH "
        "STATEMENT "
        "EXECUTE FUNCTION slow()",
        30s
    )));
    EXPECT_EQ(insert(batch({event("slow")})), verdicts{committed});
}

TEST_F(PgEventStoreTest, ADayWhosePartitionWasDroppedGetsANewOne) {
    insert(batch({event("before")}));
    ask(*admin, "DROP TABLE falconer.event_20260310");
    EXPECT_EQ(insert(batch({event("after")})), verdicts{committed});
    EXPECT_EQ(count("event_20260310"), "1");
}

TEST_F(PgEventStoreTest, AFullDiskIsWorthAnotherTryAndLosesNothing) {
    insert(batch({event("first")}));
    // What the server says when it cannot extend a file.
    ASSERT_TRUE(await(admin->run_script(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'could not extend file' USING ERRCODE = '53100'; END $$; CREATE TRIGGER full_disk BEFORE "
        "INSERT ON falconer.event FOR EACH ROW EXECUTE FUNCTION full_disk()",
        30s
    )));
    const auto b   = batch({event("second"), event("third")});
    auto       how = await(store->insert(b));
    ASSERT_FALSE(how);
    EXPECT_EQ(how.error().code, errc::overloaded);
    EXPECT_TRUE(worth_retrying(how.error()));
    EXPECT_EQ(count("event"), "1");

    ASSERT_EQ(ask(*admin, "DROP TRIGGER full_disk ON falconer.event"), "");
    EXPECT_EQ(insert(b), (verdicts{committed, committed}));
    EXPECT_EQ(count("event"), "3");
}

TEST_F(PgEventStoreTest, ExactBytesAreKeptBesideTheirEventAndOnlyOnce) {
    auto              odd  = event("r", R"({"a": "\ufffd"})");
    const std::string body = R"({"it's": "a \u0000", "b": "\\"})";
    odd.set(event_flag::replaced_characters);
    odd.texts.put(part::raw, body);
    // The store knows microseconds; both rows are cut to the same.
    odd.received = std::chrono::floor<std::chrono::microseconds>(odd.received) + 700ns;
    auto bare    = event("r");  // beyond its cluster's bound
    bare.set(event_flag::replaced_characters);
    EXPECT_EQ(insert(batch({odd, bare, odd})), (verdicts{committed, committed, duplicate}));
    EXPECT_EQ(insert(batch({odd})), verdicts{duplicate});
    auto again     = batch({odd});
    again.replayed = true;
    EXPECT_EQ(insert(again), verdicts{duplicate});
    auto& late     = std::get<falco_event>(again.records[0]);
    late.received += 5h;
    EXPECT_EQ(insert(again), verdicts{duplicate});
    EXPECT_EQ(count("raw"), "1");

    auto kept = await(read_raw(*admin, odd.id, ""));
    ASSERT_TRUE(kept) << kept.error().detail;
    ASSERT_EQ(kept->size(), 1u);
    EXPECT_EQ(kept->at(0).body, body);
    EXPECT_EQ(kept->at(0).cluster, odd.from->text);
    EXPECT_EQ(kept->at(0).received, std::chrono::floor<std::chrono::microseconds>(odd.received));
    EXPECT_TRUE(await(read_raw(*admin, odd.id, "another"))->empty());
    auto without = await(read_raw(*admin, bare.id, bare.from->text));
    ASSERT_TRUE(without) << without.error().detail;
    ASSERT_EQ(without->size(), 1u);
    EXPECT_TRUE(without->at(0).replaced);
    EXPECT_FALSE(without->at(0).body);
}

TEST_F(PgEventStoreTest, OfAnEventThatIsRefusedNoBytesAreLeft) {
    auto odd = event("r", R"({"a": 1)");  // not JSON
    odd.set(event_flag::replaced_characters);
    odd.texts.put(part::raw, "{}");
    EXPECT_FALSE(await(store->insert(batch({odd}))));
    EXPECT_EQ(count("raw"), "0");
}

}  // namespace
}  // namespace falconer::store
