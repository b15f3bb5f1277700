// Assessments in a real PostgreSQL: what is hidden, what is counted, and what nobody can change.
#include "event_queries_fixture.hpp"
#include "store/pg_triage.hpp"
#include "store/retention.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using hidden_events = triage_view::hidden_events;

class TriageTest : public test::event_queries_fixture {
protected:
    std::unique_ptr<pg_triage> desk;

    void SetUp() override {
        event_queries_fixture::SetUp();
        desk = std::make_unique<pg_triage>(loop.get_executor(), time, *queries, there);
        insert(
            {event(test::team_a, "one", noon + 3s), event(test::team_a, "two", noon + 2s),
             event(test::team_b, "one", noon + 1s), event(test::team_b, "two", noon)}
        );
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
    std::vector<event_position> all(std::string_view filter = "") {
        std::vector<event_position> places;
        for (const auto& each : page(filter).events) places.push_back(each.at);
        return places;
    }
    assess_order order(
        const std::vector<event_position>& events, std::optional<triage_state> state,
        std::string who = "alice"
    ) {
        assess_order it{.id = uuid::random(), .who = std::move(who), .state = state};
        for (const auto& each : events) it.events.push_back({.at = each});
        it.reason = "because";
        it.now    = time.utc();
        return it;
    }
    triage_outcome assess(assess_order what) { return must(desk->assess(std::move(what))); }
    event_search   view(
          hidden_events hidden, std::string_view filter = "", std::string_view suppressed = ""
      ) {
        auto it          = search(filter);
        it.triage.hidden = hidden;
        it.triage.now    = time.utc();
        if (!suppressed.empty())
            it.triage.suppressions =
                std::get<filter::node_ptr>(filter::parse(suppressed, time.utc()));
        return it;
    }
    std::string rules(event_search what) {
        page_search ask;
        ask.search = std::move(what);
        return rules_of(page(std::move(ask)));
    }
    /// By the roll-ups where these know, else by the events: "rule=count …", and the histogram's
    /// sum.
    std::string counts(event_search what) {
        facet_search ask;
        ask.search         = what;
        ask.fields         = {"rule"};
        auto        facets = must(queries->facets(std::move(ask)));
        std::string text;
        for (const auto& [name, count] : facets.front().values)
            text += name + '=' + std::to_string(count) + ' ';
        histogram_search how;
        how.search         = what;
        auto          made = must(queries->histogram(std::move(how)));
        std::uint64_t sum  = 0;
        for (const auto& [begin, bucket] : made.buckets)
            for (const auto each : bucket.by_priority) sum += each;
        std::uint64_t by_cluster = 0;
        for (const auto& [name, count] : must(desk->count(what)).by_cluster) by_cluster += count;
        return text + std::to_string(sum) + '/' + std::to_string(by_cluster);
    }
};

TEST_F(TriageTest, AnAssessmentSaysHowAnEventStandsAndLeavesItAsItIs) {
    const auto before =
        ask(*admin, "SELECT md5(string_agg(e::text, ',' ORDER BY e.id)) FROM falconer.event e");
    auto what     = order(all("rule:one"), triage_state::in_progress);
    what.assignee = "bob";
    what.comment  = "mine, 'now' \"grün\" {}";
    EXPECT_EQ(assess(what).events, 2u);
    const auto stand = must(desk->standing(all()));
    ASSERT_EQ(stand.size(), 2u);
    const auto& one = stand.at(all("rule:one").front());
    EXPECT_EQ(one.state, triage_state::in_progress);
    EXPECT_EQ(one.assignee, "bob");
    EXPECT_EQ(one.who, "alice");
    EXPECT_EQ(one.comment, "mine, 'now' \"grün\" {}");
    auto mine          = view(hidden_events::with);
    mine.triage.states = 1 << 2;
    EXPECT_EQ(rules(mine), "one one");
    mine.triage.states = 1;
    EXPECT_EQ(rules(mine), "two two");
    mine.triage.states = 0b101;
    EXPECT_EQ(rules(mine), "one two one two");
    mine.triage.states   = 0;
    mine.triage.assignee = "bob";
    EXPECT_EQ(rules(mine), "one one");
    mine.triage.assignee = "carl";
    EXPECT_EQ(rules(mine), "");
    EXPECT_EQ(
        ask(*admin, "SELECT md5(string_agg(e::text, ',' ORDER BY e.id)) FROM falconer.event e"),
        before
    );
}

TEST_F(TriageTest, WhatHidesIsHiddenCountedAndComesBackWhenItExpires) {
    count_all();
    auto what    = order(all("rule:one cluster:*--a--*"), triage_state::false_positive);
    what.expires = time.utc() + 1h;
    assess(what);
    auto without = view(hidden_events::without), only = view(hidden_events::only);
    for (const bool rolled : {true, false}) {
        // Roll-ups know nothing of processes.
        const auto filter = rolled ? "" : "process:cat";
        without.what = only.what = search(filter).what;
        EXPECT_EQ(rules(without), "two one two");
        EXPECT_EQ(rules(only), "one");
        EXPECT_EQ(counts(without), "two=2 one=1 3/3") << rolled;
        EXPECT_EQ(counts(only), "one=1 1/1") << rolled;
        EXPECT_EQ(counts(view(hidden_events::with, filter)), "one=2 two=2 4/4") << rolled;
    }
    // The clock that counts is the asker's.
    without.triage.now = *what.expires - 1us;
    EXPECT_EQ(rules(without), "two one two");
    without.triage.now = *what.expires;
    EXPECT_EQ(rules(without), "one two one two");
    EXPECT_EQ(counts(without), "one=2 two=2 4/4");
}

TEST_F(TriageTest, WhatASuppressionFindsIsHiddenUnlessSomebodyThoughtOtherwise) {
    count_all();
    for (const auto* suppressed : {"rule:one", "rule:one process:cat"}) {
        const auto without = view(hidden_events::without, "", suppressed),
                   only    = view(hidden_events::only, "", suppressed);
        EXPECT_EQ(rules(without), "two two") << suppressed;
        EXPECT_EQ(counts(without), "two=2 2/2") << suppressed;
        EXPECT_EQ(counts(only), "one=2 2/2") << suppressed;
    }
    assess(order(all("rule:one cluster:*--a--*"), triage_state::true_positive));
    assess(order(all("rule:one cluster:*--b--*"), triage_state::suppressed));
    assess(order(all("rule:two cluster:*--b--*"), triage_state::suppressed));
    for (const auto* suppressed : {"rule:one", "rule:one process:cat"}) {
        const auto without = view(hidden_events::without, "", suppressed),
                   only    = view(hidden_events::only, "", suppressed);
        EXPECT_EQ(rules(without), "one two") << suppressed;
        EXPECT_EQ(counts(without), "one=1 two=1 2/2") << suppressed;
        EXPECT_EQ(rules(only), "one two") << suppressed;
        EXPECT_EQ(counts(only), "one=1 two=1 2/2") << suppressed;
    }
}

TEST_F(TriageTest, TenThousandAreAssessedInOneActionAndItIsUndone) {
    std::vector<falco_event> many;
    for (int i = 0; i < 10'050; ++i)
        many.push_back(event(test::team_a, "many", noon + 1h + i * 1ms));
    insert(std::move(many));
    auto found = must(desk->places(search("rule:many"), 10'000));
    ASSERT_EQ(found.places.size(), 10'000u);
    EXPECT_TRUE(found.more);
    const auto first = order({found.places.front()}, triage_state::acknowledged, "bob");
    assess(first);
    const auto bulk = order(found.places, triage_state::false_positive);
    EXPECT_EQ(assess(bulk).events, 10'000u);
    EXPECT_EQ(assess(bulk).events, 10'000u) << "told twice, it is done once";
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.triage_action"), "2");
    EXPECT_EQ(counts(view(hidden_events::only, "process:cat")), "many=10000 10000/10000");
    assess(order({found.places.back()}, triage_state::true_positive, "carl"));
    const auto undo = uuid::random();
    for (int i = 0; i < 2; ++i) {
        const auto done = must(desk->undo(undo, bulk.id, "alice", "a mistake"));
        EXPECT_EQ(done.events, 9'999u);
        EXPECT_EQ(done.passed, 1u);
    }
    const auto stand = must(desk->standing(found.places));
    EXPECT_EQ(stand.at(found.places.front()).state, triage_state::acknowledged);
    EXPECT_EQ(stand.at(found.places.front()).who, "bob");
    EXPECT_EQ(stand.at(found.places.back()).state, triage_state::true_positive);
    EXPECT_EQ(stand.at(found.places[1]).state, triage_state::fresh);
    EXPECT_EQ(counts(view(hidden_events::only, "process:cat")), "0/0");
    // And an undo is undone.
    EXPECT_EQ(must(desk->undo(uuid::random(), undo, "alice", "")).events, 9'999u);
    EXPECT_EQ(counts(view(hidden_events::only, "process:cat")), "many=9999 9999/9999");
    EXPECT_EQ(must(desk->history(found.places[1])).size(), 3u);
}

TEST_F(TriageTest, WhoeverComesSecondIsToldAndChangesNothing) {
    auto mine   = order(all("rule:one"), triage_state::acknowledged),
         theirs = order(all(), triage_state::false_positive, "bob");
    for (auto& each : mine.events) each.seen = 0;
    for (auto& each : theirs.events) each.seen = 0;
    assess(mine);
    auto late = await(desk->assess(theirs));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, make_error_code(errc::conflict));
    EXPECT_NE(late.error().detail.find("alice has assessed 2"), std::string::npos)
        << late.error().detail;
    EXPECT_EQ(must(desk->standing(all())).size(), 2u);
    for (auto& each : theirs.events) {
        const auto stand = must(desk->standing({each.at}));
        each.seen        = stand.empty() ? 0 : stand.begin()->second.action;
    }
    EXPECT_EQ(assess(theirs).events, 4u);
}

TEST_F(TriageTest, TwoAtOnceComeOneAfterTheOther) {
    pg_triage  other(loop.get_executor(), time, *queries, there);
    const auto places = all();
    auto       mine   = order(places, triage_state::acknowledged),
         theirs       = order(places, triage_state::true_positive, "bob");
    for (auto& each : mine.events) each.seen = 0;
    for (auto& each : theirs.events) each.seen = 0;
    std::optional<result<triage_outcome>> a, b;
    asio::co_spawn(loop, falconer::test::keep_in(a, desk->assess(mine)), [](std::exception_ptr) {});
    asio::co_spawn(loop, falconer::test::keep_in(b, other.assess(theirs)), [](std::exception_ptr) {
    });
    loop.restart();
    while (!a || !b) loop.run_one();
    EXPECT_NE(static_cast<bool>(*a), static_cast<bool>(*b)) << "one of them was first";
    const auto stand = must(desk->standing(places));
    EXPECT_EQ(stand.size(), 4u);
    for (const auto& [at, each] : stand) EXPECT_EQ(each.who, *a ? "alice" : "bob");
}

TEST_F(TriageTest, AnAssigneeIsChangedWithoutTheStateAndTheHistoryHasBoth) {
    const auto one = all("rule:one cluster:*--a--*");
    assess(order(one, triage_state::acknowledged));
    auto give     = order(one, std::nullopt, "bob");
    give.assignee = "carl";
    assess(give);
    auto take     = order(one, std::nullopt, "carl");
    take.assignee = "";
    take.comment  = "not me";
    assess(take);
    const auto is = must(desk->standing(one)).begin()->second;
    EXPECT_EQ(is.state, triage_state::acknowledged);
    EXPECT_EQ(is.assignee, std::nullopt);
    EXPECT_EQ(is.who, "alice") << "who gave it its state";
    const auto story = must(desk->history(one.front()));
    ASSERT_EQ(story.size(), 3u);
    EXPECT_EQ(story[1].who, "bob");
    EXPECT_EQ(story[1].assignee, "carl");
    EXPECT_EQ(story[1].state, triage_state::acknowledged);
    EXPECT_EQ(story[2].comment, "not me");
}

TEST_F(TriageTest, OnlyWhatIsThereAndTheirsIsSeen) {
    const auto                  places = all();
    std::vector<event_position> asked  = places;
    asked.push_back({noon, uuid::random(), places.front().cluster});
    asked.push_back({noon + 1us, places.back().id, places.back().cluster});
    EXPECT_EQ(must(desk->visible(asked, {.everything = true})).size(), 4u);
    EXPECT_EQ(must(desk->visible(asked, {.projects = {"a"}})).size(), 2u);
    EXPECT_EQ(must(desk->visible(asked, {})).size(), 0u);
    EXPECT_EQ(assess(order({asked.back()}, triage_state::acknowledged)).events, 0u);
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.triage_action"), "0");
    assess(order(places, triage_state::acknowledged));
    assess(order(all("cluster:*--a--*"), triage_state::acknowledged, "bob"));
    EXPECT_EQ(must(desk->actions({.who = {.everything = true}})).size(), 2u);
    const auto theirs = must(desk->actions({.who = {.projects = {"a", "x"}}}));
    ASSERT_EQ(theirs.size(), 1u);
    EXPECT_EQ(theirs.front().who, "bob");
    EXPECT_EQ(must(desk->actions({.who = {.projects = {"b"}}})).size(), 0u);
    auto none = await(desk->undo(uuid::random(), uuid::random(), "alice", ""));
    EXPECT_EQ(none.error().code, make_error_code(errc::not_found));
}

TEST_F(TriageTest, ANameOfAProjectAloneMakesNobodysActionsTheirs) {
    assess(order(all("cluster:*--a--*"), triage_state::acknowledged));
    suppression what{.id = uuid::random(), .filter = "rule:one", .project = "a", .reason = "noise"};
    what.owner = what.made_by = "alice";
    what.expires              = time.utc() + 1h;
    ASSERT_TRUE(await(desk->suppress(what, uuid::random(), "")));
    const auto seen_by = [&](readable_clusters who) {
        return must(desk->actions({.who = std::move(who)})).size();
    };
    const utc_time before{}, later = time.utc() + 24h * 365 * 100;
    EXPECT_EQ(seen_by({.projects = {"a"}, .begun = {{"a", before}}}), 2u);
    EXPECT_EQ(seen_by({.projects = {"a"}, .begun = {{"a", later}}}), 0u)
        << "it was done to a project that had this name before";
    EXPECT_EQ(seen_by({.projects = {"a"}, .landscape = "canary"}), 1u)
        << "of events it is known whose they are; of suppressions the console knows";
    EXPECT_EQ(seen_by({.projects = {"a"}, .landscape = "live"}), 2u);
    EXPECT_EQ(seen_by({}), 0u);
}

TEST_F(TriageTest, WhatWasDoneCannotBeChangedByAnybody) {
    assess(order(all(), triage_state::acknowledged));
    for (const auto* sql :
         {"UPDATE falconer.triage_action SET who = 'nobody'", "DELETE FROM falconer.triage_action",
          "TRUNCATE falconer.triage_action", "UPDATE falconer.assessment_step SET state = 0",
          "DELETE FROM falconer.assessment_step", "TRUNCATE falconer.assessment_step"})
        EXPECT_NE(ask(*admin, sql).find("append-only"), std::string::npos) << sql;
    EXPECT_EQ(ask(*admin, "SELECT who FROM falconer.triage_action"), "alice");
}

TEST_F(TriageTest, AssessmentsGoWithTheDayOfTheirEvents) {
    insert(
        {event(test::team_a, "old", noon - 24h * 10), event(test::team_b, "old", noon - 24h * 10)}
    );
    assess(order(all("rule:old"), triage_state::false_positive));
    assess(order(all("rule:one"), triage_state::false_positive));
    ask(*admin, "INSERT INTO falconer.retention VALUES ('', 'b', 30)");
    ASSERT_TRUE(await(retain(*admin, time, time.utc(), {.keep = std::chrono::days{5}})));
    EXPECT_EQ(rules(view(hidden_events::only)), "one one old");
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.assessment"), "3");
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.assessment_step"), "3");
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.triage_action"), "2")
        << "what was done stays";
}

TEST_F(TriageTest, ASuppressionIsMadeChangedAndLiftedAndLeavesItsTraces) {
    suppression what{
        .id       = uuid::random(),
        .filter   = "rule:one",
        .clusters = {test::team_a, "x"},
        .reason   = "noise",
        .owner    = "team",
        .made_by  = "alice",
        .expires  = time.utc() + 1h
    };
    ASSERT_TRUE(await(desk->suppress(what, uuid::random(), "")));
    auto twice = await(desk->suppress(what, uuid::random(), ""));
    EXPECT_EQ(twice.error().code, make_error_code(errc::already_exists));
    auto now = must(desk->suppressions(time.utc()));
    ASSERT_EQ(now.size(), 1u);
    EXPECT_EQ(now.front().clusters, what.clusters);
    EXPECT_EQ(now.front().filter, "rule:one");
    EXPECT_EQ(must(desk->suppressions(time.utc() + 1h)).size(), 0u);
    ASSERT_TRUE(await(desk->change(
        {.id      = what.id,
         .action  = uuid::random(),
         .who     = "bob",
         .why     = "longer",
         .owner   = "bob",
         .expires = time.utc() + 3h}
    )));
    EXPECT_EQ(must(desk->suppressions(time.utc() + 2h)).front().owner, "bob");
    ASSERT_TRUE(await(desk->change(
        {.id = what.id, .action = uuid::random(), .who = "carl", .why = "mended", .lift = true}
    )));
    EXPECT_EQ(must(desk->suppressions(time.utc())).size(), 0u);
    ASSERT_EQ(must(desk->suppressions(std::nullopt)).size(), 1u);
    auto gone =
        await(desk->change({.id = what.id, .action = uuid::random(), .who = "carl", .lift = true}));
    EXPECT_EQ(gone.error().code, make_error_code(errc::not_found));
    const auto story = must(desk->actions({.who = {.everything = true}, .suppression = what.id}));
    ASSERT_EQ(story.size(), 3u);
    EXPECT_EQ(name_of(story[0].what), "lift");
    EXPECT_EQ(story[0].reason, "mended");
    EXPECT_EQ(story[1].who, "bob");
    EXPECT_EQ(name_of(story[2].what), "suppress");
    EXPECT_EQ(must(desk->actions({.who = {.projects = {"a"}}})).size(), 0u)
        << "nobody knows whose 'x' is";
}

}  // namespace
}  // namespace falconer::store
