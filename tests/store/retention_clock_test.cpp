// By whose clock things are old.
#include "retention_fixture.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using test::RetentionTest;
using test::whenever;

/// Days of the server's own calendar: fresh ones, kept for a week, and one that is old. None is so
/// near to its end that a midnight would change it.
class RetentionClockTest : public RetentionTest {
protected:
    std::string young, old, empty, to_come;

    void SetUp() override {
        RetentionTest::SetUp();
        ask(*store, "UPDATE falconer.text SET used = DEFAULT");
        young   = day(-4);
        old     = day(-10);
        empty   = day(-3);
        to_come = day(2);
        for (const auto& each : {young, old, empty, to_come}) make_days(each, each);
        for (const auto& each : {young, old}) put("cluster-a", each + "T10:00:00Z");
    }
    std::string day(int from_today) {
        return ask(
            *store, "SELECT (now() AT TIME ZONE 'UTC')::date + $1::int",
            {std::to_string(from_today)}
        );
    }
    bool there(const std::string& which) {
        return ask(*store,
                   "SELECT to_regclass('falconer.' || falconer.partition_of($1::date)) IS NOT NULL",
                   {which}) == "t";
    }
    /// "t", "f", or what was wrong.
    std::string call(const std::string& sql) { return ask(*store, "SELECT falconer." + sql); }
};

TEST_F(RetentionClockTest, NoClockOfOursMakesADayOlderThanTheStoresDoes) {
    const auto now = std::chrono::system_clock::now() + days{30'000};
    EXPECT_EQ(retained({.keep = days{7}}, now).rows_removed, 1u);
    EXPECT_FALSE(there(old));
    for (const auto& each : {young, empty, to_come}) EXPECT_TRUE(there(each)) << each;
}

TEST_F(RetentionClockTest, OursIsTheEarlierOneAndNothingIsOldByIt) {
    EXPECT_EQ(
        retained({.keep = days{7}}, std::chrono::system_clock::now() - days{5}).rows_removed, 0u
    );
    EXPECT_TRUE(there(old));
}

TEST_F(RetentionClockTest, MoreThanFiveMinutesApartRemovesNothing) {
    for (const auto apart : {6min, -6min}) {
        auto refused =
            await(retain(*store, time, std::chrono::system_clock::now() + apart, {.keep = days{7}})
            );
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, errc::broken);
        EXPECT_THAT(refused.error().detail, ::testing::HasSubstr("nothing is removed: our clock"));
        EXPECT_TRUE(there(old));
    }
    const auto nearly = std::chrono::system_clock::now() + 4min;
    auto       done   = await(retain(*store, time, nearly, {.keep = days{7}, .hold_limit = 30s}));
    ASSERT_TRUE(done) << done.error().detail;
    EXPECT_FALSE(there(old));
}

TEST_F(RetentionClockTest, WhoeverAsksTheStoresFunctionsForAnotherDateGetsNoYoungDay) {
    const std::string today = "'2099-01-01', 7";
    for (const auto& each : {young, empty, to_come}) {
        const auto stamp = call("keeping_stamp()");
        EXPECT_EQ(call("drop_day('" + each + "', " + today + ")"), "f") << each;
        EXPECT_EQ(call("drop_day('" + each + "', " + today + ", '" + stamp + "')"), "f") << each;
        ask(*store, "SELECT falconer.begin_rewrite($1::date)", {each});
        EXPECT_EQ(call("swap_day('" + each + "', " + today + ", '{1}')"), "f") << each;
        EXPECT_EQ(call("exchange_day('" + each + "', " + today + ", '" + stamp + "')"), "f");
        EXPECT_TRUE(there(each));
        EXPECT_EQ(
            ask(*store, "SELECT go FROM falconer.survey_day($1::date, '2099-01-01', 7)", {each}),
            "{}"
        );
        EXPECT_EQ(
            ask(*store, "SELECT count(*) FROM falconer.past_period($1::date, '2099-01-01', 7)",
                {each}),
            "0"
        );
        EXPECT_EQ(call("end_rewrite('" + each + "')"), "");
    }
    EXPECT_EQ(call("drop_day('" + to_come + "', '2099-01-01', -100)"), "f") << "a period of none";
    EXPECT_EQ(call("drop_day('" + old + "', " + today + ")"), "t");
}

TEST_F(RetentionClockTest, NeitherRollUpsNorTextsNorIdentitiesGoByAnotherDate) {
    ask(*store, "DELETE FROM falconer.event");
    for (const auto& each : {young, old})
        ask(*store,
            "INSERT INTO falconer.rollup_day (day, cluster, last, count) VALUES ($1::date, 1, "
            "now(), "
            "1)",
            {each});
    EXPECT_EQ(call("trim_rollups('2099-01-01', 7)"), "0");
    EXPECT_EQ(call("trim_rollups('2099-01-01', 7)"), "");
    EXPECT_EQ(ask(*store, "SELECT day FROM falconer.rollup_day"), young);
    ask(*store, "DELETE FROM falconer.rollup_day");
    EXPECT_EQ(
        ask(*store,
            "SELECT falconer.texts_needed_since('2099-01-01', 7) <= (now() AT TIME ZONE "
            "'UTC')::date - 30"),
        "t"
    );
    EXPECT_EQ(ask(*store, "SELECT gone FROM falconer.forget_clusters('2099-01-01', 100, 0)"), "0");
}

}  // namespace
}  // namespace falconer::store
