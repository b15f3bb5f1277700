// The console's questions, asked of a real PostgreSQL; and that a filter finds the same there as
// here.
#include "pg_fixture.hpp"
#include "store/filter_sql.hpp"
#include "store/pg_event_queries.hpp"
#include "store/pg_event_store.hpp"
#include "store/rollups.hpp"

#include <algorithm>
#include <random>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using part = event_texts::part;

constexpr auto team_a = "shoot--a--web-11111111-2222-4333-8444-555555555555-live";
constexpr auto team_b = "shoot--b--db-66666666-7777-4888-8999-aaaaaaaaaaaa-live";

class EventQueriesTest : public test::pg_fixture {
protected:
    pg_connection::ptr                admin;
    std::unique_ptr<pg_event_store>   store;
    std::unique_ptr<pg_event_queries> queries;
    utc_time noon = std::chrono::floor<std::chrono::days>(time.utc()) - 12h;  // of yesterday

    void SetUp() override {
        pg_fixture::SetUp();
        admin     = open();
        auto done = await(migrate(*admin));
        ASSERT_TRUE(done) << done.error().detail;
        store = std::make_unique<pg_event_store>(
            loop.get_executor(), time,
            pg_event_store::options{.postgres = there, .insert_limit = 30s}
        );
        make_queries({});
    }
    void make_queries(pg_event_queries::options opt) {
        opt.pool.postgres = there;
        queries = std::make_unique<pg_event_queries>(loop.get_executor(), time, std::move(opt));
    }
    void TearDown() override {
        queries.reset();
        store.reset();
        admin.reset();
        pg_fixture::TearDown();
    }
    falco_event event(std::string cluster, std::string_view rule, utc_time received) const {
        falco_event e;
        e.from     = std::make_shared<const cluster_identity>(cluster_identity{std::move(cluster)});
        e.id       = uuid::random();
        e.received = received;
        e.time     = event_time_of(received);
        e.level    = priority::error;
        e.texts.put(part::rule, rule);
        e.texts.put(
            part::output_fields, R"({"proc.name": "cat", "evt.time": 1794788426779200001})"
        );
        return e;
    }
    void insert(std::vector<falco_event> events) {
        record_batch b;
        b.id = uuid::random();
        for (auto& each : events) b.records.emplace_back(std::move(each));
        auto how = await(store->insert(b));
        ASSERT_TRUE(how) << how.error().detail;
    }
    event_search search(std::string_view filter = "", readable_clusters who = {.everything = true})
        const {
        event_search it{.who = std::move(who), .patience = 30s};
        it.what = std::get<filter::node_ptr>(filter::parse(filter, time.utc()));
        return it;
    }
    event_slice page(std::string_view filter = "", std::size_t limit = 50) {
        page_search what;
        what.search = search(filter);
        what.limit  = limit;
        return page(std::move(what));
    }
    event_slice page(page_search what) {
        auto got = await(queries->page(std::move(what)));
        if (!got) throw std::runtime_error(got.error().detail);
        return std::move(*got);
    }
    static std::string rules_of(const event_slice& of) {
        std::string all;
        for (const auto& each : of.events) all += (all.empty() ? "" : " ") + each.rule;
        return all;
    }
};

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
        metrics_registry metrics;
        rollups counting(loop.get_executor(), time, metrics, rollup_options{.postgres = there});
        until_countable(*admin);
        const auto now = await(counting.once());
        ASSERT_TRUE(now) << now.error().detail;
        if (rolled_up == 0) {
            EXPECT_GT(now->events, 0u);
        }
    }
    EXPECT_NE(counts(""), "");
}

TEST_F(EventQueriesTest, WhoeverFollowsTheStoreHearsOfEveryEventOnceWheneverItWasReceived) {
    auto place = await(queries->position());
    ASSERT_TRUE(place) << place.error().detail;
    insert({event(team_a, "now", time.utc()), event(team_a, "from the spool", noon)});
    insert({event(team_b, "then", time.utc())});
    until_countable(*admin);
    std::set<std::string> heard;
    std::size_t           times = 0;
    for (int turn = 0; turn < 3; ++turn) {
        auto got = await(queries->follow(*place));
        ASSERT_TRUE(got) << got.error().detail;
        EXPECT_EQ(got->skipped, 0u);
        for (const auto& each : got->events) heard.insert(each.rule), ++times;
        *place = got->position;
    }
    EXPECT_EQ(heard, (std::set<std::string>{"now", "from the spool", "then"}));
    EXPECT_EQ(times, 3u);
    EXPECT_EQ(await(queries->follow("x")).error().code, make_error_code(errc::malformed));
    EXPECT_EQ(await(queries->follow("5.5")).error().code, make_error_code(errc::expired));
    EXPECT_EQ(
        await(queries->follow("9000000000000000000.9000000000")).error().code,
        make_error_code(errc::expired)
    );
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

/// Filters and events by chance, of few and awkward pieces, so that they meet.
class chance {
public:
    explicit chance(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t most) {
        return std::uniform_int_distribution<std::size_t>(0, most - 1)(random_);
    }
    const char* of(std::initializer_list<const char*> all) {
        return all.begin()[below(all.size())];
    }

    std::string text() {
        return of(
            {"a", "A", "ab", "b a", "Ä", "100%", "a_b", "\\\\", "\\\"q\\\"", "x\\ny", "", "17",
             "-3.50", "true", "web-7d9fc8b5d4-x2x7z", "db-0", "1e3"}
        );
    }
    std::string scalar() {
        switch (below(5)) {
            case 0: return of({"17", "17.0", "-3.5", "1794788426779200001", "1e3", "0.10", "-0"});
            case 1: return of({"true", "false"});
            case 2: return "null";
            default: return '"' + text() + '"';
        }
    }
    std::string json_value() {
        if (below(5) == 0) return "[" + scalar() + ", " + scalar() + ", [\"a\"]]";
        if (below(9) == 0) return R"({"a": "ab"})";
        return scalar();
    }
    std::string fields() {
        return "{\"f\": " + json_value() + ", \"k8s.pod.name\": " + json_value() +
               ", \"g[1]\": " + json_value() + "}";
    }
    std::string word() {
        return of(
            {"a", "AB", "\"b a\"", "ä", "Ä", "100%", "a_b", "a*b", "?", "\\\\", "\"\\\"q\\\"\"",
             "17", "tru?", "*%*", "\"\\\\\"", "web", "node", "-50", "*"}
        );
    }
    std::string test() {
        switch (below(14)) {
            case 0: return std::string("f:") + word();
            case 1: return std::string("g[1]:") + word();
            case 2:
                return std::string("f") + of({">", ">=", "<", "<="}) +
                       of({"17", "-3.5", "1000", "0.1", "1794788426779200000", "0"});
            case 3: return std::string("f:") + of({"0..20", "..17", "17..", "-4..0"});
            case 4:
                return std::string(
                           of({"rule", "host", "source", "tag", "output", "workload", "project",
                               "shoot", "cluster", "landscape"})
                       ) +
                       ':' + word();
            case 5:
                return std::string("priority") +
                       of({":error", ">=notice", "<error", ">critical", "<=debug"});
            case 6: return std::string("flag:") + of({"sampled", "test", "past"});
            case 7:
                return std::string(
                           of({"f", "g[1]", "source", "host", "output", "tag", "workload",
                               "project", "k8s.pod.name"})
                       ) +
                       ":*";
            case 8:
                return std::string("time") +
                       of({">=2026-11-16", "<2026-11-16T00:20:26.779200001Z", ":2026-11-16T00:20",
                           ">2026-11-16T00:20:26.7792Z"});
            case 9: return std::string("received") + of({">-30h", "<-30h", ":-1d..now"});
            case 10: return std::string("f:(") + word() + " OR " + word() + ")";
            default: return word();
        }
    }
    std::string filter(int depth = 0) {
        switch (below(depth > 3 ? 1 : 5)) {
            case 1: return filter(depth + 1) + " " + filter(depth + 1);
            case 2: return "(" + filter(depth + 1) + " OR " + filter(depth + 1) + ")";
            case 3: return "-(" + filter(depth + 1) + ")";
            default: return test();
        }
    }

private:
    std::mt19937 random_;
};

TEST_F(EventQueriesTest, AFilterFindsTheSameInTheStoreAndHere) {
    chance                   dice(20261130);
    std::vector<falco_event> some;
    const auto               json = [](const std::string& text) { return '"' + text + '"'; };
    const auto bare = [](const std::string& text) { return *parse_json('"' + text + '"')->text(); };
    for (int i = 0; i < 150; ++i) {
        auto e = event(
            dice.below(3) == 0   ? "a-seed"
            : dice.below(2) == 0 ? team_a
                                 : team_b,
            "r", noon - dice.below(100) * 1h
        );
        e.level   = static_cast<priority>(dice.below(8));
        e.flags   = static_cast<std::uint16_t>(dice.below(256));
        e.time    = {1'794'788'426, static_cast<std::uint32_t>(779'200'000 + dice.below(3))};
        auto rule = bare(dice.text());
        e.texts.put(part::rule, rule.empty() ? "r" : rule);
        if (dice.below(2) == 0) e.texts.put(part::output, bare(dice.text()));
        if (dice.below(2) == 0)
            e.texts.put(
                part::source, dice.below(4) == 0 ? std::string(300, 'a') : bare(dice.text())
            );
        if (dice.below(2) == 0) e.texts.put(part::hostname, dice.of({"node", "NODE-1"}));
        if (dice.below(2) == 0)
            e.texts.put(
                part::tags, "[" + json(dice.text()) + ", " +
                                json(dice.below(4) == 0 ? std::string(300, 'b') : dice.text()) + "]"
            );
        e.texts.put(part::output_fields, dice.fields());
        some.push_back(std::move(e));
    }
    ask(*admin, "SELECT falconer.ensure_day(current_date - n) FROM generate_series(0, 10) n");
    insert(std::move(some));
    const auto all = page("", 500);
    ASSERT_EQ(all.events.size(), 150u);
    std::size_t found = 0;
    for (int round = 0; round < 200; ++round) {
        const auto text   = dice.filter();
        const auto parsed = filter::parse(text, time.utc());
        ASSERT_TRUE(std::holds_alternative<filter::node_ptr>(parsed)) << text;
        const auto&           what = *std::get<filter::node_ptr>(parsed);
        std::set<std::string> here, there_found;
        for (const auto& each : all.events) {
            const event_contents contents(each);
            if (filter::matches(what, contents.subject())) here.insert(each.at.text());
        }
        page_search ask_for;
        ask_for.search      = search();
        ask_for.search.what = std::get<filter::node_ptr>(parsed);
        ask_for.limit       = 500;
        for (const auto& each : page(ask_for).events) there_found.insert(each.at.text());
        ASSERT_EQ(here, there_found) << text;
        found += here.size();
    }
    EXPECT_GT(found, 1500u);
}

}  // namespace
}  // namespace falconer::store
