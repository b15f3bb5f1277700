// A day that changes between the look at it and its end.
#include "retention_fixture.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using test::RetentionTest;

/// The 26th, of which nothing must stay; that is no matter of course, because b is kept for long.
class RetentionChangesTest : public RetentionTest {
protected:
    void SetUp() override {
        RetentionTest::SetUp();
        keep("live", "b", 3'650);
        put("cluster-a", "2021-02-26T10:00:00Z");
    }
    std::string call(const std::string& sql) { return ask(*store, "SELECT falconer." + sql); }
    std::string stamp() { return call("keeping_stamp()"); }
    std::string drop(const std::string& stamp) {
        return call("drop_day('2021-02-26', '2021-03-10', 7, '" + stamp + "')");
    }
    std::string look(const std::string& what) {
        return ask(
            *store, "SELECT " + what + " FROM falconer.survey_day('2021-02-26', '2021-03-10', 7)"
        );
    }
    std::string triggers() {
        return ask(
            *store,
            "SELECT count(*) FROM pg_trigger WHERE tgname IN ('note_late', 'also_keep') AND "
            "tgrelid "
            "::regclass::text ~ 'event_'"
        );
    }
};

TEST_F(RetentionChangesTest, AsItWasWhenItWasLookedAtItGoes) {
    call("watch_day('2021-02-26')");
    EXPECT_EQ(look("stay"), "f");
    EXPECT_EQ(look("sure"), "f");
    EXPECT_EQ(drop(stamp()), "t");
    EXPECT_EQ(events(), "");
}

TEST_F(RetentionChangesTest, AnEventThatComesBetweenLookAndDropKeepsTheDayForAnotherLook) {
    call("watch_day('2021-02-26')");
    const auto seen = look("stamp");
    put("cluster-b", "2021-02-26T11:00:00Z");
    put("cluster-b", "2021-02-26T12:00:00Z");
    EXPECT_EQ(drop(seen), "f");
    EXPECT_EQ(look("stay"), "t");
    EXPECT_EQ(retained().rows_removed, 1u);
    EXPECT_EQ(events(), "b 02-26, b 02-26");
    EXPECT_EQ(triggers(), "0");
    EXPECT_EQ(ask(*store, "SELECT count(*) FROM falconer.late"), "0");
}

TEST_F(RetentionChangesTest, WhoeverIsAboutToCommitIsWaitedForBeforeTheLook) {
    auto writer = open();
    ASSERT_TRUE(
        await(writer->run_script("BEGIN; " + event_at("cluster-b", "2021-02-26T11:00:00Z"), 30s))
    );
    auto watch = store->run_script(
        "SET LOCAL lock_timeout = 50; SELECT falconer.watch_day('2021-02-26')", 30s
    );
    EXPECT_FALSE(await(std::move(watch)));
    EXPECT_EQ(store->last_refusal(), "55P03");
    ASSERT_TRUE(await(writer->run_script("COMMIT", 30s)));
    call("watch_day('2021-02-26')");
    EXPECT_EQ(look("stay"), "t");
}

TEST_F(RetentionChangesTest, APeriodOrAHoldThatComesBetweenKeepsTheDayForAnotherLook) {
    call("watch_day('2021-02-26')");
    auto seen = look("stamp");
    keep("live", "a", 30);
    EXPECT_EQ(drop(seen), "f");
    ask(*store, "DELETE FROM falconer.retention WHERE project = 'a'");
    EXPECT_EQ(look("stamp"), seen);
    hold("cluster, since", "'cluster-a', '2021-02-26'");
    EXPECT_EQ(drop(seen), "f");
    EXPECT_EQ(look("hold"), "{1}");

    ask(*store, "SELECT falconer.begin_rewrite('2021-02-26')");
    EXPECT_EQ(call("exchange_day('2021-02-26', '2021-03-10', 7, '" + seen + "')"), "f");
    EXPECT_EQ(retained().rows_removed, 0u);
    EXPECT_EQ(events(), "a 02-26");
}

TEST_F(RetentionChangesTest, NobodyDropsWithoutAWatchWhatMightStay) {
    EXPECT_EQ(drop(stamp()), "f");
    ask(*store, "DELETE FROM falconer.retention");
    EXPECT_EQ(look("sure"), "t");
    hold("since, until", "'2021-02-27', '2021-02-28'");
    EXPECT_EQ(look("sure"), "t") << "a hold of other days";
    EXPECT_EQ(drop(""), "t") << "nobody's record of it may stay, whatever has come";
}

TEST_F(RetentionChangesTest, WhatSomebodyLeftHalfWayIsClearedUpWhateverComesOfTheDay) {
    call("watch_day('2021-03-05')");
    put("cluster-b", "2021-03-05T10:00:00Z");
    hold("project", "'a'");
    ask(*store, "SELECT falconer.begin_rewrite('2021-02-26')");
    EXPECT_EQ(triggers(), "2");
    EXPECT_EQ(ask(*store, "SELECT count(*) FROM falconer.late"), "1");
    EXPECT_EQ(retained().rows_removed, 0u);
    EXPECT_EQ(triggers(), "0");
    EXPECT_EQ(ask(*store, "SELECT count(*) FROM falconer.late"), "0");
    EXPECT_EQ(ask(*store, "SELECT to_regclass('falconer.event_20210226_kept') IS NULL"), "t");
    EXPECT_EQ(events(), "a 02-26, b 03-05");
}

TEST_F(RetentionChangesTest, EventsOfAClusterThatNobodyKnowsGoWithTheCommonPeriod) {
    const std::string orphan =
        "INSERT INTO falconer.event SELECT received, time, gen_random_uuid(), 4711, rule, source, "
        "hostname, tags, priority, flags, time_nanos, output, output_fields, extra FROM "
        "falconer.event LIMIT 1";
    ASSERT_EQ(ask(*store, orphan), "");
    put("cluster-b", "2021-02-26T11:00:00Z");
    EXPECT_EQ(retained().rows_removed, 2u);
    EXPECT_EQ(events(), "b 02-26");
    EXPECT_EQ(ask(*store, "SELECT count(*) FROM falconer.event"), "1");
}

}  // namespace
}  // namespace falconer::store
