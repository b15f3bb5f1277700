#include "retention_fixture.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using test::now;
using test::RetentionTest;
using test::whenever;

TEST_F(RetentionTest, DropsTheDaysBeforeThePeriodAndNoOther) {
    EXPECT_EQ(retained(), (retention_report{.days_dropped = 6}));
    EXPECT_EQ(partitions(), "9 falconer.event_20210303");
    EXPECT_EQ(retained(), retention_report{});
}

TEST_F(RetentionTest, ALockedDayIsLeftForLaterTheOthersAreNotAndItSaysSo) {
    auto other = open();
    ASSERT_TRUE(await(other->run_script("BEGIN; SELECT FROM falconer.event_20210226", 30s)));
    const retention_options week{
        .keep = days{7}, .clocks_apart = whenever, .lock_limit = 50ms, .hold_limit = 30s, .tries = 2
    };
    auto gone = await(retain(*store, time, now, week));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, errc::overloaded) << gone.error().detail;
    EXPECT_EQ(partitions(), "10 falconer.event_20210226");
    ask(*other, "COMMIT");
    EXPECT_TRUE(await(retain(*store, time, now, week)));
    EXPECT_EQ(partitions(), "9 falconer.event_20210303");
}

TEST_F(RetentionTest, AClockThatIsFarFromTheStoresRemovesNothing) {
    put("cluster-a", "2021-03-05T10:00:00Z");
    const auto ahead   = std::chrono::system_clock::now() + days{800};
    auto       refused = await(retain(*store, time, ahead, {}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::broken);
    EXPECT_THAT(refused.error().detail, ::testing::HasSubstr("nothing is removed: our clock says"));
    EXPECT_EQ(events(), "a 03-05");
    EXPECT_TRUE(await(retain(*store, time, std::chrono::system_clock::now(), {.keep = days{36'500}})
    ));
    EXPECT_EQ(events(), "a 03-05");
}

TEST_F(RetentionTest, AnEventGoesByTheUtcDayOfItsReceiptToTheMicrosecond) {
    put("cluster-a", "2021-03-02T23:59:59.999999Z");
    put("cluster-a", "2021-03-03T00:00:00Z");
    const retention_options week{.keep = days{7}};
    const auto              midnight = std::chrono::floor<days>(now);
    EXPECT_EQ(retained(week, midnight - 1us).rows_removed, 0u);
    EXPECT_EQ(events(), "a 03-02, a 03-03");
    EXPECT_EQ(retained(week, midnight).rows_removed, 1u);
    EXPECT_EQ(events(), "a 03-03");
    EXPECT_EQ(retained(week, midnight + 24h - 1us).rows_removed, 0u);
    EXPECT_EQ(retained(week, midnight + 24h).rows_removed, 1u);
    EXPECT_EQ(events(), "");
}

TEST_F(RetentionTest, ExactBytesGoWithTheirEvents) {
    for (const auto* day : {"2021-02-26", "2021-03-02", "2021-03-03"})
        ask(*store,
            "INSERT INTO falconer.raw SELECT gen_random_uuid(), id, $1::timestamptz, '' FROM "
            "falconer.cluster",
            {std::string(day) + "T23:59:59Z"});
    keep("live", "b", 9);
    hold("project, landscape", "'a', 'canary'");
    // By cluster: b has 9 days, c is held.
    EXPECT_EQ(retained({.keep = days{7}, .dry_run = true}).aside_removed, 5u);
    EXPECT_EQ(retained().aside_removed, 5u);
    EXPECT_EQ(
        ask(*store,
            "SELECT string_agg(cluster || ' ' || to_char(received AT TIME ZONE 'UTC', 'MM-DD'), "
            "', ' ORDER BY cluster, received) FROM falconer.raw"),
        "1 03-03, 2 03-02, 2 03-03, 3 02-26, 3 03-02, 3 03-03, 4 03-03"
    );
}

TEST_F(RetentionTest, RollUpsGoADayAfterTheEventsOfTheirClusterUnlessAHoldKeepsThem) {
    ask(*store,
        "INSERT INTO falconer.rollup (minute, cluster, rule, priority, count) SELECT d + interval "
        "'23 hours 59 minutes', c, 1, 2, 3 FROM generate_series('2021-02-25T00:00Z'::timestamptz, "
        "'2021-03-10T00:00Z', '1 day') d, generate_series(1, 4) c");
    ask(*store,
        "INSERT INTO falconer.rollup_day (day, cluster, last, count) SELECT (minute AT TIME ZONE "
        "'UTC')::date, cluster, minute, count FROM falconer.rollup");
    keep("live", "b", 9);
    hold("project, landscape, until", "'a', 'canary', '2021-02-26'");
    // The first day that is left of each.
    const std::string left =
        "SELECT string_agg(to_char(first, 'MM-DD'), ' ' ORDER BY cluster) FROM (SELECT cluster, "
        "min(day) AS first FROM falconer.rollup_day GROUP BY 1) f";
    retained();
    EXPECT_EQ(ask(*store, left), "03-02 02-28 02-25 03-02");
    EXPECT_EQ(ask(*store, "SELECT count(*) FROM falconer.rollup_day WHERE cluster = 3"), "11");
    EXPECT_EQ(
        ask(*store,
            "SELECT count(*) FROM falconer.rollup r FULL JOIN falconer.rollup_day d ON d.cluster = "
            "r.cluster AND d.day = (r.minute AT TIME ZONE 'UTC')::date WHERE r.cluster IS NULL OR "
            "d.cluster IS NULL"),
        "0"
    );
    retained();
    EXPECT_EQ(ask(*store, left), "03-02 02-28 02-25 03-02");
    retained({.keep = days{7}}, now + 24h);
    EXPECT_EQ(ask(*store, left), "03-03 03-01 02-25 03-03");
}

TEST_F(RetentionTest, ATextGoesWhenNothingCanReferToItAnyMore) {
    const auto texts = [&] {
        return ask(*store, "SELECT string_agg(value, ',' ORDER BY value) FROM falconer.text");
    };
    put("cluster-a", "2021-03-05T10:00:00Z");  // its rule, of a later day, stays
    ask(*store,
        "INSERT INTO falconer.text (kind, digest, value, used) VALUES "
        "(1, 'x', 'of january', '2021-01-15'), (3, 'y', 'of february', '2021-02-20')");
    const retention_options week{.keep = days{7}};
    EXPECT_EQ(retained(week).texts_removed, 1u) << "30 days are for an older Falconer beside";
    EXPECT_EQ(texts(), "of february,rule");

    make_days("2021-02-10", "2021-02-10");  // as if a hold kept it
    hold("cluster", "'cluster-a'");
    put("cluster-a", "2021-02-10T10:00:00Z");
    const auto later = now + days{60};
    EXPECT_EQ(retained(week, later).texts_removed, 0u);
    ask(*store, "DELETE FROM falconer.legal_hold");
    EXPECT_EQ(retained(week, later).texts_removed, 1u);
    EXPECT_EQ(texts(), "rule");
}

TEST_F(RetentionTest, ATextThatATallyNamesStays) {
    ask(*store,
        "INSERT INTO falconer.text (kind, digest, value, used) VALUES "
        "(1, 'x', 'of january', '2021-01-15')");
    ask(*store,
        "INSERT INTO falconer.tally (minute, cluster, rule, cause, priority, count) "
        "SELECT '2021-01-15T10:00:00Z', 1, id, 1, 2, 5 FROM falconer.text WHERE digest = 'x'");
    hold("cluster", "'cluster-a'");
    EXPECT_EQ(retained().texts_removed, 0u);
}

TEST_F(RetentionTest, AMidnightOfTheServersOwnTimeZoneIsNone) {
    ASSERT_EQ(ask(*store, "SET timezone = 'Pacific/Auckland'"), "");
    put("cluster-a", "2021-03-02T23:59:59.999999Z");
    put("cluster-a", "2021-03-03T00:00:00Z");
    keep("", "b", 1);  // else the days would be dropped without a look at the rows
    put("cluster-b", "2021-03-03T00:00:00Z");
    EXPECT_EQ(retained().rows_removed, 2u);
    EXPECT_EQ(events(), "a 03-03");
}

TEST_F(RetentionTest, AProjectsOwnPeriodIsShorterOrLongerThanTheDefault) {
    for (const auto* cluster : {"cluster-a", "cluster-b", "cluster-c", "seed"}) {
        for (const auto* day : {"2021-02-26", "2021-03-02", "2021-03-03", "2021-03-07"})
            put(cluster, std::string(day) + "T10:00:00Z");
    }
    keep("", "a", 9);        // until 03-01
    keep("live", "a", 3);    // until 03-07, and goes before the line above
    keep("canary", "", 30);  // project a of canary has a period of its own
    const auto report = retained();
    // 02-26: nobody's; 03-02: c stays; 03-03: a goes
    EXPECT_EQ(report.rows_removed, 4u + 3u + 1u);
    EXPECT_EQ(report.rows_kept, 1u + 3u);
    EXPECT_EQ(report.days_rewritten, 2);
    EXPECT_EQ(events(), "c 03-02, b 03-03, c 03-03,  03-03, a 03-07, b 03-07, c 03-07,  03-07");
    EXPECT_EQ(retained(), retention_report{});
}

TEST_F(RetentionTest, AHoldKeepsWhatItNamesForTheDaysItNamesAndNoMore) {
    for (const auto* cluster : {"cluster-a", "cluster-b"}) {
        for (const auto* day : {"2021-02-25", "2021-02-26", "2021-02-27", "2021-02-28"})
            put(cluster, std::string(day) + "T10:00:00Z");
    }
    hold("project, since, until", "'a', '2021-02-26', '2021-02-27'");
    hold("cluster, since", "'cluster-b', '2021-02-27'");
    hold("project, landscape", "'b', 'canary'");  // nobody
    auto report = retained();
    EXPECT_EQ(
        report, (retention_report{
                    .days_dropped   = 3 /* 02-25, 03-01, 03-02 */,
                    .days_rewritten = 2,
                    .days_on_hold   = 3,
                    .rows_removed   = 4,
                    .rows_kept      = 2,
                    .rows_on_hold   = 2
                })
    );
    EXPECT_EQ(events(), "a 02-26, a 02-27, b 02-27, b 02-28");
    EXPECT_EQ(retained(), (retention_report{.days_on_hold = 3}));

    ask(*store, "DELETE FROM falconer.legal_hold");
    EXPECT_EQ(retained().rows_removed, 4u);
    EXPECT_EQ(events(), "");
}

TEST_F(RetentionTest, AHoldOnEverythingKeepsEverything) {
    put("cluster-a", "2021-02-25T10:00:00Z");
    put("seed", "2021-02-26T10:00:00Z");
    hold("since", "NULL");
    EXPECT_EQ(retained().rows_removed, 0u);
    EXPECT_EQ(events(), "a 02-25,  02-26");
}

TEST_F(RetentionTest, ADryRunSaysWhatARunWouldDoAndDoesNothing) {
    for (const auto* cluster : {"cluster-a", "cluster-b"}) put(cluster, "2021-02-26T10:00:00Z");
    hold("project", "'a'");
    ask(*store, "INSERT INTO falconer.tally VALUES ('2021-02-26T10:00:00Z', 2, NULL, 2, 7, 5)");
    const auto before = events() + partitions();
    const auto would  = retained({.keep = days{7}, .dry_run = true});
    EXPECT_EQ(events() + partitions(), before);
    EXPECT_EQ(ask(*store, "SELECT count(*) FROM falconer.tally"), "1");
    EXPECT_EQ(retained(), would);
    EXPECT_EQ(would.rows_removed, 1u);
    EXPECT_EQ(would.aside_removed, 1u);
}

TEST_F(RetentionTest, ARewrittenDayIsADayLikeAnyOther) {
    put("cluster-a", "2021-02-26T10:00:00Z");
    put("cluster-b", "2021-02-26T10:00:00Z");
    hold("project", "'a'");
    ASSERT_EQ(retained().days_rewritten, 1);
    // One row per id and cluster, found by index; the same shape as a day that was never touched.
    EXPECT_EQ(
        ask(*store, "INSERT INTO falconer.event SELECT * FROM falconer.event WHERE cluster = 1")
            .substr(0, 5),
        "23505"
    );
    constexpr auto shape =
        "SELECT string_agg(replace(indexdef, $1, ''), ';' ORDER BY indexname) || (SELECT count(*) "
        "FROM pg_constraint WHERE conrelid = ('falconer.' || $1)::regclass) || (SELECT count(*) "
        "FROM pg_trigger WHERE tgrelid = ('falconer.' || $1)::regclass) FROM pg_indexes WHERE "
        "schemaname = 'falconer' AND tablename = $1";
    EXPECT_EQ(ask(*store, shape, {"event_20210226"}), ask(*store, shape, {"event_20210305"}));
    EXPECT_EQ(ask(*store, "SELECT count(*) FROM pg_class WHERE relname ~ '_kept'"), "0");
    put("cluster-b", "2021-02-26T11:00:00Z");  // late, from somebody's spool
    EXPECT_EQ(retained().rows_removed, 1u);
    EXPECT_EQ(events(), "a 02-26");
}

TEST_F(RetentionTest, ARewriteThatWasInterruptedIsClearedUpByTheNextRun) {
    put("cluster-a", "2021-02-26T10:00:00Z");
    put("cluster-b", "2021-02-26T10:00:00Z");
    hold("project", "'a'");
    ask(*store, "SELECT falconer.begin_rewrite('2021-02-26')");
    put("cluster-a", "2021-02-26T11:00:00Z");
    EXPECT_EQ(ask(*store, "SELECT count(*) FROM falconer.event_20210226_kept"), "1");
    EXPECT_EQ(retained().rows_kept, 2u);
    EXPECT_EQ(events(), "a 02-26, a 02-26");
}

TEST_F(RetentionTest, WhatArrivesForADayWhileItIsRewrittenIsKept) {
    put("cluster-a", "2021-02-26T10:00:00Z");
    put("cluster-b", "2021-02-26T10:00:00Z");
    hold("project", "'a'");
    ask(*store, "SELECT falconer.begin_rewrite('2021-02-26')");
    ask(*store,
        "INSERT INTO falconer.event_20210226_kept SELECT * FROM falconer.event_20210226 "
        "WHERE cluster <> 2");
    auto writer = open();
    ASSERT_TRUE(
        await(writer->run_script("BEGIN; " + event_at("cluster-a", "2021-02-26T11:00:00Z"), 30s))
    );
    ASSERT_TRUE(await(writer->run_script("COMMIT", 30s)));
    EXPECT_EQ(ask(*store, "SELECT falconer.swap_day('2021-02-26', '2021-03-10', 7, '{2}')"), "t");
    EXPECT_EQ(events(), "a 02-26, a 02-26");
}

TEST_F(RetentionTest, AHoldThatComesBetweenCopyAndExchangeStillCounts) {
    put("cluster-a", "2021-02-26T10:00:00Z");
    put("cluster-b", "2021-02-26T10:00:00Z");
    hold("project", "'a'");
    ask(*store, "SELECT falconer.begin_rewrite('2021-02-26')");
    hold("project", "'b'");
    EXPECT_EQ(ask(*store, "SELECT falconer.swap_day('2021-02-26', '2021-03-10', 7, '{2}')"), "f");
    EXPECT_EQ(ask(*store, "SELECT falconer.drop_day('2021-02-26', '2021-03-10', 7)"), "f");
    EXPECT_EQ(retained().rows_removed, 0u);
    EXPECT_EQ(events(), "a 02-26, b 02-26");
}

TEST_F(RetentionTest, OnlyOneAtATimeRetains) {
    auto other = open();
    ask(*other, "SELECT pg_advisory_lock(7205759403792795)");
    const retention_options a_year{.clocks_apart = whenever, .hold_limit = 30s};
    auto                    refused = await(retain(*store, time, now, a_year));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::conflict);
    ask(*other, "SELECT pg_advisory_unlock(7205759403792795)");
    EXPECT_TRUE(await(retain(*store, time, now, a_year)));
    EXPECT_EQ(ask(*other, "SELECT pg_try_advisory_lock(7205759403792795)"), "t");
}

TEST_F(RetentionTest, BodiesAndTalliesGoWithTheirClustersPeriodInChunks) {
    ask(*store,
        "INSERT INTO falconer.quarantine (received, cluster, about, reason, digest, body) SELECT "
        "t::timestamptz, c, 'nul', 'a NUL', 'd', '' FROM generate_series(1, 3) c, "
        "unnest('{2021-03-02T23:59:59.999999Z, 2021-03-03T00:00:00Z}'::text[]) t");
    ask(*store,
        "INSERT INTO falconer.tally SELECT t::timestamptz, c, NULL, 2, 7, 5 FROM "
        "generate_series(1, 3) c, unnest('{2021-03-02T23:59:00Z, 2021-03-03T00:00:00Z}'::text[]) "
        "t");
    ask(*store,
        "INSERT INTO falconer.applied_batch SELECT gen_random_uuid(), t::timestamptz FROM "
        "unnest('{2021-03-02T23:59:59.999999Z, 2021-03-03T00:00:00Z}'::text[]) t");
    hold("cluster", "'cluster-a'");
    keep("canary", "", 6);
    EXPECT_EQ(retained({.keep = days{7}, .chunk = 1}).aside_removed, 2u * (1 + 2));
    for (const auto* table : {"quarantine", "tally"}) {
        EXPECT_EQ(
            ask(*store, "SELECT string_agg(cluster::text, '' ORDER BY cluster) FROM falconer." +
                            std::string(table)),
            "112"
        );
    }
    EXPECT_EQ(ask(*store, "SELECT count(*) FROM falconer.applied_batch"), "1");
}

}  // namespace
}  // namespace falconer::store
