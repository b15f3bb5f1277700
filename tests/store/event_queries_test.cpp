// The console's questions, asked of a real PostgreSQL.
#include "event_queries_fixture.hpp"

#include <set>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using test::part;
using test::team_a;
using test::team_b;

class EventQueriesTest : public test::event_queries_fixture {};

TEST_F(EventQueriesTest, ThePagesAreTheNewestFirstAndMissNothingWhateverArrivesMeanwhile) {
    std::vector<falco_event> some;
    for (int i = 0; i < 25; ++i)
        some.push_back(event(team_a, "r" + std::to_string(i), noon + i / 2 * 1s));
    some.push_back(event(team_a, "long-ago", noon - 40 * 24h));
    ask(*admin, "SELECT falconer.ensure_day(current_date - n) FROM generate_series(0, 60) n");
    insert(std::move(some));
    std::vector<std::string> seen;
    page_search              what;
    what.search = search();
    what.limit  = 7;
    for (int turn = 0; turn < 10; ++turn) {
        auto got = page(what);
        for (const auto& each : got.events) seen.push_back(each.at.text());
        insert({event(team_a, "newer", time.utc())});
        if (got.end) break;
        ASSERT_FALSE(got.events.empty());
        what.before = got.events.back().at;
    }
    EXPECT_EQ(seen.size(), 26u);
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 26u);
    EXPECT_EQ(rules_of(page("rule:long*")), "long-ago");
    EXPECT_TRUE(page("rule:nobody").end);
}

TEST_F(EventQueriesTest, AnEventComesBackWithAllItsValuesExactly) {
    auto e  = event(team_a, "Größe", noon + 1us);
    e.time  = {1'794'788'426, 123'456'789};
    e.level = priority::emergency;
    e.set(event_flag::sampled);
    e.texts.put(part::output, "an output");
    e.texts.put(part::source, "syscall");
    e.texts.put(part::hostname, "node");
    e.texts.put(part::tags, R"(["b","a"])");
    e.texts.put(part::extra, R"({"more": [1.50]})");
    insert({e});
    const auto got = page();
    ASSERT_EQ(got.events.size(), 1u);
    const auto& found = got.events.front();
    EXPECT_EQ(found.at.id, e.id);
    EXPECT_EQ(found.at.received, noon + 1us);
    EXPECT_EQ(found.time, e.time);
    EXPECT_EQ(found.level, priority::emergency);
    EXPECT_TRUE(found.has(event_flag::sampled));
    EXPECT_EQ(found.rule, "Größe");
    EXPECT_EQ(found.cluster.identity, team_a);
    EXPECT_EQ(found.cluster.project, "a");
    EXPECT_EQ(found.cluster.name, "web");
    EXPECT_EQ(found.output, "an output");
    EXPECT_EQ(found.tags, R"(["b","a"])");
    EXPECT_EQ(found.extra, R"({"more": [1.50]})");
    EXPECT_NE(found.output_fields.find("1794788426779200001"), std::string::npos);
    const auto again = await(queries->find(e.id, found.at, {.everything = true}));
    ASSERT_TRUE(again);
    ASSERT_EQ(again->size(), 1u);
    EXPECT_EQ(again->front().at, found.at);
    EXPECT_EQ(await(queries->find(e.id, std::nullopt, {.projects = {"a"}}))->size(), 1u);
    EXPECT_EQ(await(queries->find(e.id, std::nullopt, {.projects = {"b"}}))->size(), 0u);
    EXPECT_EQ(event_position::parse(found.at.text()), found.at);
}

TEST_F(EventQueriesTest, NobodySeesWhatIsNotTheirs) {
    insert(
        {event(team_a, "mine", noon), event(team_b, "theirs", noon),
         event("a-seed", "the garden's", noon)}
    );
    page_search what;
    what.search = search("", {.projects = {"a"}});
    EXPECT_EQ(rules_of(page(what)), "mine");
    what.search = search("-rule:mine", {.projects = {"a"}});
    EXPECT_EQ(rules_of(page(what)), "");
    what.search = search("", {});
    EXPECT_EQ(rules_of(page(what)), "");
    facet_search facets{.search = search("", {.projects = {"b"}}), .fields = {"rule", "process"}};
    const auto   counted = await(queries->facets(facets));
    ASSERT_TRUE(counted) << counted.error().detail;
    ASSERT_EQ((*counted)[0].values.size(), 1u);
    EXPECT_EQ((*counted)[0].values[0], (std::pair<std::string, std::uint64_t>("theirs", 1)));
    EXPECT_EQ((*counted)[1].values[0], (std::pair<std::string, std::uint64_t>("cat", 1)));
    histogram_search over{.search = search("", {.projects = {"b"}})};
    const auto       when = await(queries->histogram(over));
    ASSERT_TRUE(when) << when.error().detail;
    ASSERT_EQ(when->buckets.size(), 1u);
    EXPECT_EQ(when->buckets.begin()->second.by_priority[3], 1u);
    EXPECT_EQ(await(queries->clusters({.who = {.projects = {"b"}}}))->size(), 1u);
    EXPECT_EQ(await(queries->field_names({.projects = {"c"}}))->size(), 0u);
    EXPECT_EQ(await(queries->field_names({.projects = {"b"}}))->size(), 2u);
}

TEST_F(EventQueriesTest, RollUpsAndEventsCountTheSame) {
    std::vector<falco_event> some;
    for (int i = 0; i < 40; ++i) {
        some.push_back(
            event(i % 3 == 0 ? team_a : team_b, "r" + std::to_string(i % 4), noon + i * 20s)
        );
        some.back().level = static_cast<priority>(i % 8);
    }
    insert(std::move(some));
    const auto counts = [&](std::string_view filter) {
        facet_search what{
            .search = search(filter), .fields = {"rule", "priority", "cluster", "project"}
        };
        auto got = await(queries->facets(what));
        if (!got) throw std::runtime_error(got.error().detail);
        std::string all;
        for (const auto& each : *got)
            for (const auto& [value, count] : each.values)
                all += value + ' ' + std::to_string(count) + ';';
        return all;
    };
    const auto buckets = [&](std::string_view filter) {
        histogram_search what{.search = search(filter), .step = 60s};
        auto             got = await(queries->histogram(what));
        if (!got) throw std::runtime_error(got.error().detail);
        EXPECT_TRUE(got->exact);
        std::string all;
        for (const auto& [begin, bucket] : got->buckets)
            for (const auto each : bucket.by_priority) all += std::to_string(each) + ' ';
        return all;
    };
    for (int rolled_up = 0; rolled_up < 2; ++rolled_up) {
        // With a word that all have the events themselves are counted.
        EXPECT_EQ(counts("priority>=error"), counts("priority>=error process:cat"));
        EXPECT_EQ(counts("project:a -rule:r1"), counts("project:a -rule:r1 process:cat"));
        EXPECT_EQ(buckets(""), buckets("process:cat"));
        EXPECT_EQ(buckets("rule:(r1 OR r2)"), buckets("rule:(r1 OR r2) process:cat"));
        count_all();
    }
    EXPECT_NE(counts(""), "");
}

TEST_F(EventQueriesTest, WhoeverFollowsTheStoreHearsOfEveryEventOnceWheneverItWasReceived) {
    auto place = await(queries->position());
    ASSERT_TRUE(place) << place.error().detail;
    insert({event(team_a, "now", time.utc()), event(team_a, "from the spool", noon)});
    insert({event(team_b, "then", time.utc())});
    until_countable(*admin);
    const auto            begin = *place;
    std::set<std::string> heard;
    std::size_t           times = 0;
    for (int turn = 0; turn < 3; ++turn) {
        auto got = await(queries->follow(*place, {}));
        ASSERT_TRUE(got) << got.error().detail;
        EXPECT_EQ(got->skipped, 0u);
        for (const auto& each : got->events) heard.insert(each.rule), ++times;
        *place = got->position;
    }
    EXPECT_EQ(heard, (std::set<std::string>{"now", "from the spool", "then"}));
    EXPECT_EQ(times, 3u);
    // Up to a place that another one has got to, and not further; from behind it: nothing.
    insert({event(team_a, "later", time.utc())});
    until_countable(*admin);
    const auto behind = await(queries->follow(*place, {}));
    ASSERT_TRUE(behind) << behind.error().detail;
    EXPECT_EQ(behind->events.size(), 1u);
    const auto until = await(queries->follow(begin, *place));
    ASSERT_TRUE(until) << until.error().detail;
    EXPECT_EQ(until->events.size(), 3u);
    EXPECT_EQ(until->position, *place);
    const auto back = await(queries->follow(behind->position, *place));
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(back->events.size(), 0u);
    EXPECT_EQ(back->position, behind->position);
    EXPECT_EQ(await(queries->follow("x", {})).error().code, make_error_code(errc::malformed));
    EXPECT_EQ(await(queries->follow("5.5", {})).error().code, make_error_code(errc::expired));
    EXPECT_EQ(
        await(queries->follow("9000000000000000000.9000000000", {})).error().code,
        make_error_code(errc::expired)
    );
}

TEST_F(EventQueriesTest, OfLargeEventsAPageHasFewAndNoneIsPassedOver) {
    make_queries({.bytes = 10'000});
    const auto               large = R"({"x": ")" + std::string(3000, 'y') + "\"}";
    std::vector<falco_event> some;
    for (int i = 0; i < 12; ++i) {
        // Some at the same moment, one that is too large by itself, and small ones between them.
        some.push_back(event(i % 2 == 0 ? team_a : team_b, "r", noon - (i / 3) * 40s));
        if (i % 4 != 3) some.back().texts.put(part::output_fields, large);
        if (i == 5)
            some.back().texts.put(
                part::output_fields, R"({"x": ")" + std::string(20'000, 'z') + "\"}"
            );
    }
    insert(std::move(some));
    page_search what;
    what.search = search();
    std::set<std::string> seen;
    std::size_t           times = 0, pages = 0;
    for (bool end = false; !end && pages < 20; ++pages) {
        const auto  got   = page(what);
        std::size_t bytes = 0;
        for (const auto& each : got.events) {
            if (&each != &got.events.back()) bytes += each.output_fields.size();
            seen.insert(each.at.text());
            ++times;
        }
        EXPECT_LT(bytes, 10'000u);
        end = got.end;
        if (!end) what.before = got.events.back().at;
    }
    EXPECT_EQ(seen.size(), 12u);
    EXPECT_EQ(times, 12u);
    EXPECT_GE(pages, 3u);
}

TEST_F(EventQueriesTest, WhoFollowsIsToldOfLargeEventsAFewAndHowManyMoreThereWere) {
    make_queries({.bytes = 10'000});
    auto place = await(queries->position());
    ASSERT_TRUE(place) << place.error().detail;
    std::vector<falco_event> some;
    for (int i = 0; i < 9; ++i) {
        some.push_back(event(team_a, "r" + std::to_string(i), time.utc()));
        some.back().texts.put(part::output_fields, R"({"x": ")" + std::string(3000, 'y') + "\"}");
    }
    insert(std::move(some));
    until_countable(*admin);
    const auto got = await(queries->follow(*place, {}));
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->events.size(), 4u);
    EXPECT_EQ(got->skipped, 5u);
}

TEST_F(EventQueriesTest, WhoComesFromFarBehindIsToldHowMuchTheyMissedOrThatItIsTooMuch) {
    auto place = await(queries->position());
    ASSERT_TRUE(place) << place.error().detail;
    const auto batches = [&](int many) {
        auto added = await(admin->query(
            "INSERT INTO falconer.batch (days, minutes, clusters, rules, priorities, counts) "
            "SELECT '{}', '{29000000}', '{1}', '{1}', '{1}', '{2}' FROM generate_series(1, " +
                std::to_string(many) + ")",
            {}, 30s
        ));
        ASSERT_TRUE(added) << added.error().detail;
        until_countable(*admin);
    };
    batches(1200);
    const auto got = await(queries->follow(*place, {}));
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->skipped, 2400u);
    batches(100'000);
    EXPECT_EQ(await(queries->follow(*place, {})).error().code, make_error_code(errc::expired));
    EXPECT_TRUE(await(queries->follow(got->position, got->position)));
}

TEST_F(EventQueriesTest, ValuesThatNobodyCanReadAreNotListed) {
    auto long_one = event(team_a, "r", noon), short_one = event(team_a, "r", noon);
    long_one.texts.put(
        part::output_fields,
        R"({")" + std::string(300, 'n') + R"(": 1, "x": ")" + std::string(2000, 'y') + "\"}"
    );
    short_one.texts.put(part::output_fields, R"({"x": "z"})");
    insert({std::move(long_one), std::move(short_one)});
    const auto got = await(queries->facets({.search = search(), .fields = {"x"}}));
    ASSERT_TRUE(got) << got.error().detail;
    ASSERT_EQ(got->front().values.size(), 1u);
    EXPECT_EQ(got->front().values[0].first, "z");
    EXPECT_EQ(*await(queries->field_names({.everything = true})), std::vector<std::string>{"x"});
}

TEST_F(EventQueriesTest, ASearchThatTakesTooLongSaysHowFarItGot) {
    insert({event(team_a, "r", noon)});
    page_search what;
    what.search          = search();
    what.search.patience = 1ms;
    const auto got       = page(what);
    EXPECT_FALSE(got.end);
    EXPECT_GT(got.reached, noon);
}

TEST_F(EventQueriesTest, ClustersAndTheirQuarantineAreTold) {
    insert({event(team_a, "r", time.utc()), event(team_b, "r", noon)});
    record_batch b;
    b.id = uuid::random();
    b.records.emplace_back(
        quarantined_body{event(team_a, "r", noon).from, time.utc(), "rule", "no rule", "{\xff"}
    );
    ASSERT_TRUE(await(store->insert(b)));
    const auto all = await(queries->clusters({.who = {.everything = true}}));
    ASSERT_TRUE(all) << all.error().detail;
    ASSERT_EQ(all->size(), 2u);
    EXPECT_EQ((*all)[0].name.name, "web");
    EXPECT_EQ((*all)[0].quarantined, 1u);
    EXPECT_EQ((*all)[1].quarantined, 0u);
    cluster_search next{.who = {.everything = true}};
    next.before = cluster_position{*(*all)[0].last_event, (*all)[0].name.identity};
    EXPECT_EQ(await(queries->clusters(next))->size(), 1u);
    EXPECT_EQ(
        await(queries->clusters({.who = {.everything = true}, .text = "--WEB-"}))->size(), 1u
    );
    const auto aside = await(queries->aside({.who = {.projects = {"a"}}}));
    ASSERT_TRUE(aside) << aside.error().detail;
    ASSERT_EQ(aside->size(), 1u);
    const auto one = await(queries->aside_one(aside->front().id, {.projects = {"a"}}));
    ASSERT_TRUE(one) << one.error().detail;
    EXPECT_EQ(one->body, "{\xff");
    EXPECT_EQ(
        await(queries->aside_one(aside->front().id, {.projects = {"b"}})).error().code,
        make_error_code(errc::not_found)
    );
    EXPECT_EQ(await(queries->aside({.who = {.projects = {"b"}}}))->size(), 0u);
}

/// A question about clusters that have little is answered from their index, whatever else there is.
TEST_F(EventQueriesTest, AClusterWithHardlyAnythingIsFoundAmongMany) {
    ask(*admin, "SELECT falconer.ensure_day(current_date - n) FROM generate_series(0, 12) n");
    std::vector<falco_event> some;
    for (int i = 0; i < 1500; ++i)
        some.push_back(event(team_b, "r" + std::to_string(i % 3), noon - i * 10min));
    for (int i = 0; i < 5; ++i)
        some.push_back(event(team_a, "q" + std::to_string(i), noon - i * 48h));
    some.push_back(event("a-seed", "seed's", noon));
    insert(std::move(some));
    for (int counted = 0; counted < 2; ++counted) {
        std::string all;
        page_search what;
        what.search = search("project:a");
        what.limit  = 2;
        for (int turn = 0; turn < 4; ++turn) {
            const auto got  = page(what);
            all            += rules_of(got) + (got.end ? "." : ", ");
            if (got.end) break;
            what.before = got.events.back().at;
        }
        EXPECT_EQ(all, "q0 q1, q2 q3, q4.");
        EXPECT_EQ(rules_of(page("project:a rule:(q1 OR q3 OR r1)")), "q1 q3");
        EXPECT_EQ(rules_of(page("(project:a OR cluster:a-seed) -rule:q*")), "seed's");
        EXPECT_EQ(rules_of(page("project:a -project:a")), "");
        auto member = page_search{.search = search("", {.projects = {"a"}})};
        EXPECT_EQ(rules_of(page(std::move(member))), "q0 q1 q2 q3 q4");
        const auto facets =
            await(queries->facets({.search = search("project:a process:cat"), .fields = {"rule"}}));
        ASSERT_TRUE(facets) << facets.error().detail;
        EXPECT_EQ(facets->front().values.size(), 5u);
        EXPECT_TRUE(facets->front().exact);
        const auto over =
            await(queries->histogram({.search = search("project:a process:cat"), .step = 60s}));
        ASSERT_TRUE(over) << over.error().detail;
        EXPECT_EQ(over->buckets.size(), 5u);
        count_all();  // only now it is known that they have little
    }
    // What the roll-ups do not know yet is found all the same.
    insert({event(team_a, "newest", noon + 1s)});
    EXPECT_EQ(rules_of(page("project:a", 2)), "newest q0");
}

}  // namespace
}  // namespace falconer::store
