// Retention where there are many clusters, and what becomes of those that are gone.
#include "retention_fixture.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <optional>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using test::now;
using test::RetentionTest;
using test::whenever;

class RetentionClustersTest : public RetentionTest {
protected:
    /// Nobody has asked for it since a day of 2020.
    void silent(const std::string& identity) {
        EXPECT_EQ(
            ask(*store,
                "INSERT INTO falconer.cluster (digest, identity, landscape, project, used) VALUES "
                "(sha256(convert_to($1, 'UTF8')), $1, 'live', 'old', '2020-12-31')",
                {identity}),
            ""
        );
    }
    std::string identities() {
        return ask(
            *store,
            "SELECT coalesce(string_agg(identity, ' ' ORDER BY identity), '') FROM "
            "falconer.cluster "
            "WHERE project = 'old'"
        );
    }
};

TEST_F(RetentionClustersTest, TenThousandOfFiftyThousandAreLookedAtWithTheLimitsThatHoldOutside) {
    EXPECT_EQ(
        ask(*store,
            "INSERT INTO falconer.cluster (digest, identity, landscape, project, used) SELECT "
            "sha256(convert_to(n::text, 'UTF8')), 'many-' || n, 'live', 'p' || n % 200, "
            "'2020-12-31' FROM generate_series(1, 50000) n"),
        ""
    );
    EXPECT_EQ(
        ask(*store,
            "INSERT INTO falconer.event (received, time, id, cluster, rule, priority, flags, "
            "time_nanos, output_fields) SELECT d + interval '10 hours', d, gen_random_uuid(), "
            "c.id, "
            "1, 2, 0, 0, '{}' FROM falconer.cluster c, unnest('{2021-02-25Z, 2021-02-26Z, "
            "2021-02-27Z, 2021-03-08Z}'::timestamptz[]) d WHERE c.identity ~ '^many-' AND "
            "substr(c.identity, 6)::int % 5 = 0"),
        ""
    );
    keep("", "p10", 12);      // 02-26 and 02-27 are copied but for the others
    keep("", "p199", 3'650);  // has no event, so 02-25 is dropped, but not as a matter of course
    hold("project, since, until", "'p20', '2021-02-27', '2021-02-27'");
    auto report = await(retain(*store, time, now, {.keep = days{7}, .clocks_apart = whenever}));
    ASSERT_TRUE(report) << report.error().detail;
    report->texts_removed = 0;
    EXPECT_EQ(
        *report, (retention_report{
                     .days_dropped     = 1 + 3 /* without events */,
                     .days_rewritten   = 2,
                     .days_on_hold     = 1,
                     .rows_removed     = 10'000 + 9'750 + 9'500,
                     .rows_kept        = 250 + 500,
                     .rows_on_hold     = 250,
                     .clusters_removed = 40'000
                 })
    );
    EXPECT_EQ(
        ask(*store, "SELECT count(*) FROM falconer.cluster WHERE identity ~ '^many-'"), "10000"
    );
    EXPECT_EQ(ask(*store, "SELECT count(*) FROM falconer.event"), "10750");
}

TEST_F(RetentionClustersTest, PeriodsOfAllAreThoseOfEach) {
    ask(*store,
        "INSERT INTO falconer.cluster (digest, identity, landscape, project) SELECT "
        "sha256(convert_to(l || p, 'UTF8')), l || p, nullif(l, '-'), nullif(p, '-') FROM "
        "unnest('{-,live,canary,other}'::text[]) l, unnest('{-,a,b,other}'::text[]) p");
    const auto different = [&] {
        return ask(
            *store,
            "SELECT count(*) FROM falconer.cluster c LEFT JOIN falconer.periods(7) p ON p.cluster "
            "= "
            "c.id WHERE p.keep_days IS DISTINCT FROM falconer.period_of(c.landscape, c.project, 7)"
        );
    };
    EXPECT_EQ(different(), "0");
    int period = 10;
    for (const auto* landscape : {"live", "", "canary"}) {
        for (const auto* project : {"a", "b", ""}) {
            keep(landscape, project, ++period);
            EXPECT_EQ(different(), "0") << landscape << ' ' << project;
        }
    }
    EXPECT_EQ(
        ask(*store, "SELECT count(*) = count(DISTINCT cluster) FROM falconer.periods(7)"), "t"
    );
}

TEST_F(RetentionClustersTest, AnIdentityGoesWhenNothingRefersToItAnyMore) {
    for (const auto* each :
         {"batch", "event", "hold", "nothing", "policy", "quarantine", "quota", "quota-of-old",
          "raw", "rollup", "tally"})
        silent(each);
    const auto refer = [&](const std::string& whose, const std::string& sql) {
        EXPECT_EQ(
            ask(*store, sql + " FROM falconer.cluster c WHERE c.identity = '" + whose + "'"), ""
        ) << whose;
    };
    put("event", "2021-03-08T10:00:00Z");
    hold("cluster", "'hold'");
    refer("policy", "INSERT INTO falconer.cluster_policy (identity) SELECT c.identity");
    refer(
        "quarantine",
        "INSERT INTO falconer.quarantine (received, cluster, about, reason, digest, "
        "body) SELECT '2021-03-08Z', c.id, 'nul', 'a NUL', 'd', ''"
    );
    refer("tally", "INSERT INTO falconer.tally SELECT '2021-03-08Z', c.id, NULL, 2, 7, 5");
    refer("quota", "INSERT INTO falconer.quota_state SELECT c.id, 1, 1");
    refer("quota-of-old", "INSERT INTO falconer.quota_state SELECT c.id, 1, 1, '2021-01-01Z'");
    refer("raw", "INSERT INTO falconer.raw SELECT gen_random_uuid(), c.id, '2021-03-08Z', ''");
    refer(
        "rollup",
        "INSERT INTO falconer.rollup_day (day, cluster, last, count) SELECT "
        "'2021-03-08', c.id, '2021-03-08Z', 1"
    );
    refer(
        "batch",
        "INSERT INTO falconer.batch (days, minutes, clusters, rules, priorities, counts) "
        "SELECT '{2021-03-08}', '{1}', ARRAY[c.id], '{1}', '{1}', '{1}'"
    );
    EXPECT_EQ(retained({.keep = days{7}, .dry_run = true}).clusters_removed, 0u);
    EXPECT_EQ(retained().clusters_removed, 2u);
    EXPECT_EQ(identities(), "batch event hold policy quarantine quota raw rollup tally");
    EXPECT_EQ(retained({.keep = days{7}, .chunk = 1}).clusters_removed, 0u);
    EXPECT_EQ(
        ask(*store, "SELECT count(*) FROM falconer.cluster WHERE project IS DISTINCT FROM 'old'"),
        "4"
    ) << "who was asked for lately stays";
}

TEST_F(RetentionClustersTest, AnIdentityThatIsAskedForAgainMeanwhileStays) {
    silent("comes-back");
    auto ingestor = open();
    ASSERT_TRUE(await(ingestor->run_script(
        "BEGIN; UPDATE falconer.cluster SET used = '2021-03-10' WHERE identity = 'comes-back'", 30s
    )));
    std::optional<result<pg_rows>> done;
    asio::co_spawn(
        loop,
        falconer::test::keep_in(
            done, store->run_script("SELECT falconer.forget_clusters('2021-03-10', 100, 0)", 30s)
        ),
        asio::detached
    );
    auto watcher = open();
    EXPECT_TRUE(answers(*watcher, waiting_for_locks, "1"));
    ASSERT_TRUE(await(ingestor->run_script("COMMIT", 30s)));
    ASSERT_TRUE(falconer::test::eventually(loop, [&] { return done.has_value(); }));
    ASSERT_TRUE(*done) << done->error().detail;
    EXPECT_EQ(identities(), "comes-back");
}

TEST_F(RetentionClustersTest, RollUpsOfNobodyGoWithTheCommonPeriod) {
    ask(*store,
        "INSERT INTO falconer.rollup_day (day, cluster, last, count) SELECT d, 4711, d, 1 FROM "
        "unnest('{2021-03-01, 2021-03-08}'::date[]) d");
    retained();
    EXPECT_EQ(
        ask(*store, "SELECT string_agg(day::text, ' ') FROM falconer.rollup_day"), "2021-03-08"
    );
}

}  // namespace
}  // namespace falconer::store
