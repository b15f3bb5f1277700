#include "pg_fixture.hpp"

#include <asio/experimental/awaitable_operators.hpp>

namespace falconer::store {
namespace {

class MigrationsTest : public test::pg_fixture {};

task<std::pair<bool, bool>> both(pg_connection& a, pg_connection& b) {
    using namespace asio::experimental::awaitable_operators;
    auto one             = migrate(a);
    auto other           = migrate(b);
    auto [first, second] = co_await (std::move(one) && std::move(other));
    co_return std::pair{static_cast<bool>(first), static_cast<bool>(second)};
}

TEST_F(MigrationsTest, AnEmptyDatabaseGetsTheNewestSchemaAndKeepsItOnASecondRun) {
    auto c = open();
    for (int run = 0; run < 2; ++run) {
        auto at = await(migrate(*c));
        ASSERT_TRUE(at) << at.error().detail;
        EXPECT_EQ(*at, known_migrations().back().version);
    }
    EXPECT_EQ(
        ask(*c, "SELECT count(*) FROM falconer.schema_version"),
        std::to_string(known_migrations().size())
    );
}

TEST_F(MigrationsTest, TwoThatMigrateAtOnceBothSucceed) {
    auto a = open(), b = open();
    EXPECT_EQ(await(both(*a, *b)), std::pair(true, true));
    EXPECT_EQ(
        ask(*a, "SELECT count(*) FROM falconer.schema_version"),
        std::to_string(known_migrations().size())
    );
}

TEST_F(MigrationsTest, ANewerSchemaIsRefusedUnlessItSaysItIsCompatible) {
    auto c = open();
    ASSERT_TRUE(await(migrate(*c)));
    ask(*c, "INSERT INTO falconer.schema_version VALUES (999, 'later', '', 999)");
    EXPECT_EQ(await(migrate(*c)).error().code, errc::conflict);
    ask(*c, "UPDATE falconer.schema_version SET min_compatible = 1 WHERE version = 999");
    auto at = await(migrate(*c));
    ASSERT_TRUE(at) << at.error().detail;
    EXPECT_EQ(*at, 999);
}

TEST_F(MigrationsTest, AMigrationThatWasChangedAfterwardsIsNoticed) {
    auto c = open();
    ASSERT_TRUE(await(migrate(*c)));
    ask(*c, "UPDATE falconer.schema_version SET checksum = 'other' WHERE version = 1");
    EXPECT_EQ(await(migrate(*c)).error().code, errc::conflict);
}

/// A store as an older program has left it: with the first `version` migrations.
class OlderStoreTest : public MigrationsTest {
protected:
    pg_connection::ptr make(int version) {
        auto c = open();
        EXPECT_EQ(ask(*c, "CREATE SCHEMA falconer"), "");
        EXPECT_EQ(
            ask(*c,
                "CREATE TABLE falconer.schema_version (version int PRIMARY KEY, name text NOT "
                "NULL, "
                "checksum text NOT NULL, min_compatible int NOT NULL, applied timestamptz NOT NULL "
                "DEFAULT now())"),
            ""
        );
        for (const auto& each : known_migrations()) {
            if (each.version > version) break;
            auto done = await(c->run_script(std::string(each.sql), std::chrono::seconds(30)));
            EXPECT_TRUE(done) << done.error().detail;
            EXPECT_EQ(
                ask(*c,
                    "INSERT INTO falconer.schema_version VALUES ($1::int, $2, "
                    "encode(sha256(convert_to($3, 'UTF8')), 'hex'), 1)",
                    {std::to_string(each.version), std::string(each.name), std::string(each.sql)}),
                ""
            );
        }
        return c;
    }
};

TEST_F(OlderStoreTest, EventsOfBeforeThereWereBatchesStayAndTheirDaysAreToBeCounted) {
    auto c = make(5);
    ask(*c,
        "SELECT falconer.ensure_day((now() AT TIME ZONE 'UTC')::date + n) FROM generate_series(-2, "
        "3) n");
    const std::string old_insert =
        "INSERT INTO falconer.event (received, time, id, cluster, rule, priority, flags, "
        "time_nanos, output_fields) VALUES (now() - interval '1 day', now(), gen_random_uuid(), 1, "
        "1, 2, 0, 0, '{}')";
    ASSERT_EQ(ask(*c, old_insert), "");
    ask(*c, "SELECT falconer.begin_rewrite((now() AT TIME ZONE 'UTC')::date - 1)");  // and killed
    auto at = await(migrate(*c));
    ASSERT_TRUE(at) << at.error().detail;
    EXPECT_EQ(ask(*c, "SELECT count(*) FROM falconer.unrolled_day"), "6");
    EXPECT_EQ(ask(*c, old_insert), "");  // an older program beside this schema
    EXPECT_EQ(ask(*c, "SELECT events FROM falconer.roll_up_day()"), "0");
    EXPECT_EQ(ask(*c, "SELECT events FROM falconer.roll_up_day()"), "2");
    EXPECT_EQ(ask(*c, "SELECT sum(count) FROM falconer.rollup"), "2");
    EXPECT_EQ(ask(*c, "SELECT count(*) FROM falconer.event WHERE batch IS NULL"), "2");
}

TEST_F(OlderStoreTest, IdentitiesOfBeforeTheirUseWasNotedCountAsUsedAndAnOlderFalconerRetains) {
    auto c = make(7);
    ask(*c, "INSERT INTO falconer.cluster (digest, identity) VALUES ('a', 'a')");
    ASSERT_EQ(
        ask(*c, "SELECT falconer.ensure_day('2021-02-26'), falconer.ensure_day('2021-02-27')"), ""
    );
    const std::string event =
        "INSERT INTO falconer.event (received, time, id, cluster, rule, priority, flags, "
        "time_nanos, output_fields) VALUES ('2021-02-26T12:00Z', now(), gen_random_uuid(), 1, 1, "
        "2, "
        "0, 0, '{}')";
    ASSERT_EQ(ask(*c, event), "");
    auto at = await(migrate(*c));
    ASSERT_TRUE(at) << at.error().detail;
    EXPECT_EQ(
        ask(*c, "SELECT used >= (now() AT TIME ZONE 'UTC')::date - 1 FROM falconer.cluster"), "t"
    );
    ask(*c, "INSERT INTO falconer.cluster (digest, identity) VALUES ('b', 'b')");  // as it does
    // What a program of before this schema asks.
    EXPECT_EQ(
        ask(*c,
            "SELECT row(go, stay, hold) FROM falconer.survey_day('2021-02-26', '2021-03-10', 7)"),
        "({1},f,{})"
    );
    EXPECT_EQ(ask(*c, "SELECT falconer.drop_day('2021-02-26', '2021-03-10', 30)"), "f");
    EXPECT_EQ(ask(*c, "SELECT falconer.drop_day('2021-02-26', '2021-03-10', 7)"), "t");
    ask(*c, "SELECT falconer.begin_rewrite('2021-02-27')");
    EXPECT_EQ(ask(*c, "SELECT falconer.swap_day('2021-02-27', '2021-03-10', 7, '{1}')"), "t");
}

TEST_F(OlderStoreTest, ARevocationAtNoTimeIsMendedAndNoneComesAgain) {
    auto c = make(5);
    ASSERT_EQ(
        ask(*c,
            "INSERT INTO falconer.cluster_policy (identity, tokens_issued_before) VALUES "
            "('all', 'infinity'), ('none', '-infinity'), ('far', '20000-01-01'), ('null', NULL), "
            "('good', '2026-03-10T12:00:00Z')"),
        ""
    );
    ASSERT_TRUE(await(migrate(*c)));
    ask(*c, "SET TimeZone = 'UTC'");
    EXPECT_EQ(
        ask(*c,
            "SELECT string_agg(identity || ' ' || coalesce(tokens_issued_before::text, 'null'), "
            "', ' ORDER BY identity) FROM falconer.cluster_policy"),
        "all 9999-12-31 23:59:59+00, far 9999-12-31 23:59:59+00, good 2026-03-10 12:00:00+00, "
        "none 1970-01-01 00:00:00+00, null null"
    );
    for (const auto* wrong :
         {"infinity", "-infinity", "10000-01-01T00:00:00Z", "1969-12-31T23:59:59Z"}) {
        auto done = await(c->query(
            "INSERT INTO falconer.cluster_policy (identity, tokens_issued_before) VALUES ('new', "
            "$1::timestamptz)",
            {wrong}, std::chrono::seconds(30)
        ));
        EXPECT_FALSE(done) << wrong;
        EXPECT_EQ(c->last_refusal(), "23514") << wrong;
    }
}

}  // namespace
}  // namespace falconer::store
