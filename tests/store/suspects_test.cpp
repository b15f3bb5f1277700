// Which events of a batch the store is asked about, and that all of them are counted.
#include "event_store_fixture.hpp"
#include "store/batch_counts.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using test::noon;
using enum stored_as;

class SuspectsTest : public test::event_store_fixture {
protected:
    /// From a cluster whose clock is ahead: it may have come before midnight.
    falco_event ahead(std::string_view rule) const {
        auto e = event(rule);
        e.time = event_time_of(clock.today + 6min);
        return e;
    }
    /// Of the day's index of identities, by those who have stored until now.
    std::string look_ups() {
        store = make_store();  // a session reports its figures when it ends
        EXPECT_TRUE(answers(
            *admin,
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
            "current_database()",
            "0"
        ));
        return ask(
            *admin,
            "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'event_20260310_once'"
        );
    }
    std::vector<ingest_record> ordinary(int count) const {
        std::vector<ingest_record> all;
        for (int i = 0; i < count; ++i) all.emplace_back(event("ordinary"));
        return all;
    }
    /// Of all batches: events counted, and whether a place stands twice in one.
    std::string counted() {
        return ask(
            *admin,
            "SELECT sum(count) || ' ' || bool_or(twice) FROM (SELECT sum(c) AS count, count(*) > "
            "count(DISTINCT (m, cl, r, p)) AS twice FROM falconer.batch b, unnest(b.minutes, "
            "b.clusters, b.rules, b.priorities, b.counts) AS u (m, cl, r, p, c) GROUP BY b.seq) s"
        );
    }
};

TEST_F(SuspectsTest, OnlyWhatMayLieElsewhereIsLookedUp) {
    auto records = ordinary(50);
    records.insert(records.begin() + 20, ahead("ordinary"));
    records.emplace_back(ahead("ahead"));
    EXPECT_EQ(insert(batch(records)), verdicts(52, committed));
    EXPECT_EQ(look_ups(), "2");
    EXPECT_EQ(counted(), "52 false");
}

TEST_F(SuspectsTest, InTheFirstHourOfADayThoseThatSayTheyWereMadeThenAreAskedAbout) {
    clock.today  = noon - 11h - 30min;
    auto records = ordinary(1);
    auto late    = event("made before midnight");
    late.time    = event_time_of(clock.today - 1h);
    records.emplace_back(late);
    clock.today += 2h;
    for (auto& more : ordinary(10)) records.emplace_back(std::move(more));
    EXPECT_EQ(insert(batch(records)), verdicts(12, committed));
    EXPECT_EQ(look_ups(), "2");
}

TEST_F(SuspectsTest, WhatIsThereAlreadyIsFoundAmongThoseThatAreNotAskedAbout) {
    const auto suspect = ahead("ordinary");
    auto       spooled = batch({suspect});
    spooled.replayed   = true;
    EXPECT_EQ(insert(spooled), verdicts{committed});

    auto next       = ahead("ordinary");
    next.received  += 24h;
    next.time       = event_time_of(next.received + 6min);
    auto again      = suspect;
    again.received  = next.received;
    clock.today    += 24h;
    auto records    = ordinary(3);
    records.insert(records.begin(), next);
    records.insert(records.begin() + 2, again);
    EXPECT_EQ(
        insert(batch(records)), (verdicts{committed, committed, duplicate, committed, committed})
    );
    EXPECT_EQ(counted(), "5 false");
    EXPECT_EQ(count("event"), "5");
}

TEST_F(SuspectsTest, AfterARepetitionAllAreAskedAbout) {
    const auto once = event("once");
    EXPECT_EQ(insert(batch({once})), verdicts{committed});
    auto records = ordinary(4);
    records.emplace_back(ahead("ahead"));
    records.emplace_back(once);
    EXPECT_EQ(
        insert(batch(records)),
        (verdicts{committed, committed, committed, committed, committed, duplicate})
    );
    EXPECT_EQ(insert(batch({event("more"), once})), (verdicts{committed, duplicate}));
    EXPECT_EQ(counted(), "7 false");
    EXPECT_EQ(count("event"), "7");
}

TEST(BatchCounts, AreColumnsOrRows) {
    std::vector<event_place> places{{2, 7, 9, 1}, {1, 7, 9, 1}, {2, 7, 9, 1}};
    const std::string        columns =
        "'{1,2}'::int4[], '{7,7}'::int4[], '{9,9}'::int4[], '{1,1}'::int2[], '{1,2}'::int4[]";
    EXPECT_EQ(columns_of_counts(places), columns);
    EXPECT_EQ(rows_of_counts(places), "unnest(" + columns + ")");
}

TEST_F(SuspectsTest, WhatIsTheSameForManyIsSaidOnce) {
    std::vector<event_place> places;
    for (int i = 0; i < 16; ++i) places.push_back({29'000'000, i, 9, 7});
    const auto rows = rows_of_counts(places);
    EXPECT_EQ(
        rows,
        "unnest(array_fill(29000000::int4, '{16}'), "
        "'{0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}'::int4[], array_fill(9::int4, '{16}'), "
        "array_fill(7::int2, '{16}'), array_fill(1::int4, '{16}'))"
    );
    EXPECT_EQ(
        ask(*admin, "SELECT row(count(*), min(a), max(b), min(c), min(d), sum(e)) FROM " + rows +
                        " AS t (a, b, c, d, e)"),
        "(16,29000000,15,9,7,16)"
    );
}

}  // namespace
}  // namespace falconer::store
