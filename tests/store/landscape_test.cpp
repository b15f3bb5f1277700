// The landscape's numbers in a real PostgreSQL: each event once, whatever happens to whoever
// counts.
#include "event_queries_fixture.hpp"
#include "store/pg_triage.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using hidden_events = triage_view::hidden_events;

class LandscapeTest : public test::event_queries_fixture {
protected:
    std::unique_ptr<pg_triage> desk;
    metrics_registry           metrics;

    void SetUp() override {
        event_queries_fixture::SetUp();
        desk = std::make_unique<pg_triage>(loop.get_executor(), time, *queries, there);
    }
    void TearDown() override {
        desk.reset();
        event_queries_fixture::TearDown();
    }
    template <class T>
    T must(task<result<T>> work) {
        auto got = await(std::move(work));
        if (!got) throw std::runtime_error(got.error().detail);
        return std::move(*got);
    }
    /// Somebody who starts anew: nothing keeps them from a round.
    rollups::round counted(int batches = 5000) {
        rollups counting(
            loop.get_executor(), time, metrics,
            rollup_options{.postgres = there, .landscape_batches = batches}
        );
        until_countable(*admin);
        return must(counting.once());
    }
    /// … and asks nobody whether everything can be counted.
    rollups::round tried() {
        rollups counting(loop.get_executor(), time, metrics, rollup_options{.postgres = there});
        return must(counting.once());
    }
    landscape_search question(
        std::string_view filter = "", readable_clusters who = {.everything = true},
        hidden_events hidden = hidden_events::without
    ) const {
        landscape_search it{.search = search(filter, std::move(who))};
        if (filter.empty()) it.search.what = nullptr;
        it.search.triage.hidden = hidden;
        it.search.triage.now    = time.utc();
        const auto day          = std::chrono::floor<std::chrono::days>(noon);
        it.search.when          = {.since = utc_time{day}, .until = utc_time{day + 2 * 24h}};
        return it;
    }
    landscape_counts ask_for(landscape_search what) {
        return must(queries->landscape(std::move(what)));
    }
    /// "all-hidden; rule=all-hidden …; project/name=all-hidden(rule=… ) …": what was counted.
    static std::string text(const landscape_counts& is) {
        const auto both = [](const landscape_count& each) {
            return std::to_string(each.all) + '-' + std::to_string(each.hidden);
        };
        std::string all = both(is.total) + ';';
        for (const auto& [name, rule] : is.rules) all += ' ' + name + '=' + both(rule.count);
        all += ';';
        for (const auto& [name, each] : is.clusters) {
            all += ' ' + each.name.project.value_or("") + '/' + each.name.name.value_or(name) +
                   '=' + both(each.count) + '(';
            for (const auto& [rule, count] : each.by_rule) all += rule + '=' + both(count) + ' ';
            if (all.back() == ' ') all.pop_back();
            all += ')';
        }
        return all;
    }
    /// What the three tables say, each summed up.
    std::string sums() {
        return ask(
            *admin,
            "SELECT concat_ws(' ', (SELECT sum(count) FROM falconer.landscape_cell), (SELECT "
            "sum(count) FROM falconer.landscape_rule), (SELECT sum(count) FROM "
            "falconer.landscape_cluster))"
        );
    }
    void some() {
        insert(
            {event(test::team_a, "one", noon), event(test::team_a, "one", noon + 1s),
             event(test::team_a, "two", noon + 2s), event(test::team_b, "one", noon + 24h),
             event("seed-x", "two", noon)}
        );
    }
    filter::node_ptr node(std::string_view filter) const {
        return std::get<filter::node_ptr>(filter::parse(filter, time.utc()));
    }
};

TEST_F(LandscapeTest, EventsAreCountedByDayClusterRuleAndPriorityOnce) {
    some();
    EXPECT_EQ(counted().landscape, 5u);
    EXPECT_EQ(counted().landscape, 0u);
    const auto is = ask_for(question());
    EXPECT_EQ(
        text(is),
        "5-0; one=3-0 two=2-0; /seed-x=1-0(two=1-0) a/web=3-0(one=2-0 two=1-0) "
        "b/db=1-0(one=1-0)"
    );
    EXPECT_EQ(is.clusters_with_events, 3u);
    EXPECT_EQ(is.projects.at("a").count.all, 3u);
    EXPECT_EQ(is.projects.at("").clusters, 1u);
    const auto day = std::chrono::floor<std::chrono::days>(noon);
    EXPECT_EQ(is.days.at(day)[static_cast<std::size_t>(priority::error)].all, 4u);
    EXPECT_EQ(is.days.at(day + std::chrono::days(1))[3].all, 1u);
    EXPECT_EQ(is.rules.at("one").first, day);
    EXPECT_EQ(is.rules.at("one").level, priority::error);
    EXPECT_EQ(is.oldest, day);
    EXPECT_EQ(is.days_missing, 0u);
    ASSERT_TRUE(is.counted);
    EXPECT_LT(time.utc() - *is.counted, 60s);
}

TEST_F(LandscapeTest, EveryoneSeesWhatTheyMayReadAndNoMore) {
    some();
    counted();
    EXPECT_EQ(
        text(ask_for(question("", {.projects = {"a"}}))),
        "3-0; one=2-0 two=1-0; a/web=3-0(one=2-0 two=1-0)"
    );
    const auto none = ask_for(question("", {}));
    EXPECT_EQ(text(none), "0-0;;");
    EXPECT_TRUE(none.projects.empty());
    // Of a project of that name that began later they are another's.
    readable_clusters later{.projects = {"a"}};
    later.begun.emplace("a", time.utc() + 1h);
    EXPECT_EQ(text(ask_for(question("", std::move(later)))), "0-0;;");
    EXPECT_EQ(text(ask_for(question("project:b"))), "1-0; one=1-0; b/db=1-0(one=1-0)");
    EXPECT_EQ(text(ask_for(question("project:b", {.projects = {"a"}}))), "0-0;;");
    EXPECT_FALSE(await(queries->landscape(question("rule:one"))));
}

TEST_F(LandscapeTest, OnlySoManyOfTheNoisiestHaveARowOfTheirOwn) {
    some();
    counted();
    auto what     = question();
    what.clusters = 1;
    what.rules    = 1;
    what.projects = 1;
    const auto is = ask_for(std::move(what));
    EXPECT_EQ(text(is), "5-0; one=3-0; a/web=3-0(one=2-0)")
        << "nor have all the rules that somebody may make up";
    EXPECT_EQ(is.clusters_with_events, 3u);
    EXPECT_EQ(is.projects.size(), 1u);
}

TEST_F(LandscapeTest, WhatIsHiddenIsNotCountedAndCountable) {
    some();
    counted();
    // One event of a's rule "one" is a false positive; another of it was looked at, and shows
    // whatever suppresses it.
    page_search first;
    first.search    = search("rule:one project:a");
    const auto ones = page(std::move(first)).events;
    ASSERT_EQ(ones.size(), 2u);
    for (const auto& [at, state] :
         {std::pair{ones[0].at, triage_state::false_positive},
          std::pair{ones[1].at, triage_state::acknowledged}}) {
        assess_order order{.id = uuid::random(), .who = "alice", .state = state};
        order.events = {{.at = at}};
        order.reason = "because";
        order.now    = time.utc();
        EXPECT_EQ(must(desk->assess(std::move(order))).events, 1u);
    }
    EXPECT_EQ(
        text(ask_for(question())),
        "5-1; one=3-1 two=2-0; /seed-x=1-0(two=1-0) a/web=3-1(one=2-1 two=1-0) "
        "b/db=1-0(one=1-0)"
    );
    // Of one suppression the counts can tell, for the other one looks into events.
    for (const auto* how : {"rule:one", "proc.name:cat rule:one"}) {
        SCOPED_TRACE(how);
        filter::any_of any{{node(how)}};
        const auto suppressed = std::make_shared<const filter::node>(filter::node{std::move(any)});
        auto       what       = question();
        what.search.triage.suppressions = suppressed;
        EXPECT_EQ(
            text(ask_for(std::move(what))),
            "5-2; one=3-2 two=2-0; /seed-x=1-0(two=1-0) "
            "a/web=3-1(one=2-1 two=1-0)"
        );
        what                            = question("", {.everything = true}, hidden_events::only);
        what.search.triage.suppressions = suppressed;
        EXPECT_EQ(
            text(ask_for(std::move(what))), "5-2; one=3-2; a/web=3-1(one=2-1) b/db=1-1(one=1-1)"
        );
        what                            = question("", {.projects = {"b"}}, hidden_events::with);
        what.search.triage.suppressions = suppressed;
        EXPECT_EQ(text(ask_for(std::move(what))), "1-1; one=1-1; b/db=1-1(one=1-1)");
    }
}

TEST_F(LandscapeTest, BothKindsOfSuppressionsHideAnEventOnce) {
    some();
    counted();
    filter::any_of any{{node("rule:one"), node("proc.name:cat project:a")}};
    auto           what = question();
    what.search.triage.suppressions =
        std::make_shared<const filter::node>(filter::node{std::move(any)});
    const auto is = ask_for(std::move(what));
    EXPECT_EQ(is.total.hidden, 4u);
    EXPECT_TRUE(is.hidden_exact);
}

TEST_F(LandscapeTest, HoweverFewBatchesFitIntoATransactionAllAreCounted) {
    for (int i = 0; i < 5; ++i) some();
    EXPECT_EQ(counted(2).landscape, 25u);
    EXPECT_EQ(sums(), "25 25 25");
}

TEST_F(LandscapeTest, WhoeverIsStoppedHalfWayIsFollowedByAnotherWhoGoesOn) {
    some();
    until_countable(*admin);
    auto killed = open();
    // Counted, but not committed.
    ASSERT_TRUE(await(killed->run_script(
        "BEGIN; SELECT falconer.roll_up(100); SELECT falconer.follow_rollups(100)", 30s
    )));
    EXPECT_TRUE(tried().elsewhere);
    EXPECT_EQ(sums(), "");
    killed->close();
    for (const auto end = time.now() + 30s; tried().elsewhere;) ASSERT_LT(time.now(), end);
    EXPECT_EQ(sums(), "5 5 5");
}

TEST_F(LandscapeTest, DaysOfBeforeAndThoseThatWereMissedAreCountedAnew) {
    some();
    counted();
    ask(*admin, "DELETE FROM falconer.landscape_cell");
    ask(*admin, "UPDATE falconer.landscape_rule SET count = 77");
    ask(*admin,
        "UPDATE falconer.follower SET at = now() - interval '8 days' WHERE name = 'landscape'");
    // While there are such days the page says so.
    some();
    EXPECT_EQ(counted().recounted, ask(*admin, "SELECT max(day) FROM falconer.rollup_day"));
    EXPECT_EQ(ask_for(question()).days_missing, 1u);
    EXPECT_EQ(counted().recounted, ask(*admin, "SELECT min(day) FROM falconer.rollup_day"));
    EXPECT_EQ(counted().recounted, "");
    EXPECT_EQ(sums(), "10 10 10");
    EXPECT_EQ(ask_for(question()).days_missing, 0u);
}

TEST_F(LandscapeTest, AStoreRestoredIntoAnotherServerIsCountedAnew) {
    some();
    counted();
    ask(*admin, "UPDATE falconer.follower SET xid = '90000000000'");
    ask(*admin, "UPDATE falconer.batch SET xid = '89999999999'");
    some();
    while (!counted().recounted.empty()) {
    }
    EXPECT_EQ(sums(), "10 10 10");
}

TEST_F(LandscapeTest, InAnotherServerNothingIsMissedThatTheRollUpsAloneHadCounted) {
    some();
    counted();
    some();
    until_countable(*admin);
    ask(*admin, "SELECT falconer.roll_up(100)");
    // The roll-ups were further on there than this server is; the landscape was not.
    ask(*admin,
        "UPDATE falconer.batch SET xid = '89999999999' WHERE seq = (SELECT max(seq) FROM "
        "falconer.batch)");
    ask(*admin, "UPDATE falconer.follower SET xid = '90000000000' WHERE name <> 'landscape'");
    some();
    while (!counted().recounted.empty()) {
    }
    EXPECT_EQ(sums(), "15 15 15");
}

TEST_F(LandscapeTest, WhatIsPastItsTimeGoesFromTheNumbersToo) {
    some();
    counted();
    EXPECT_EQ(sums(), "5 5 5");
    // The first day is past its time, the second is not.
    const auto second = text_of(event_time_of(noon + 24h)).substr(0, 10);
    EXPECT_NE(ask(*admin, "SELECT falconer.trim_rollups($1::date, 0)", {second}), "");
    EXPECT_EQ(sums(), "1 1 1");
    EXPECT_EQ(ask(*admin, "SELECT falconer.trim_rollups($1::date, 0)", {second}), "");
}

}  // namespace
}  // namespace falconer::store
