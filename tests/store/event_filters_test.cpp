// That a filter finds the same in the store as here, and that values are counted as they are.
#include "event_queries_fixture.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using test::part;
using test::team_a;
using test::team_b;

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

class EventFiltersTest : public test::event_queries_fixture {
protected:
    event_slice insert_by_chance(chance& dice);
};

event_slice EventFiltersTest::insert_by_chance(chance& dice) {
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
    auto all = page("", 500);
    EXPECT_EQ(all.events.size(), 150u);
    return all;
}

TEST_F(EventFiltersTest, AFilterFindsTheSameInTheStoreAndHere) {
    chance      dice(20261130);
    const auto  all   = insert_by_chance(dice);
    std::size_t found = 0;
    for (int round = 0; round < 300; ++round) {
        if (round == 150) count_all();  // from here on, some are looked for by their clusters
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

/// As a facet shows them.
std::vector<std::string> values_of(const std::string& field, const found_event& of) {
    const event_contents     contents(of);
    std::vector<std::string> all;
    const auto               add = [&](const std::optional<std::string>& text) {
        if (text) all.push_back(*text);
    };
    const auto text_of_item = [](const value& item) -> std::optional<std::string> {
        if (item.is_null() || item.is_list() || item.is_map()) return std::nullopt;
        return item.text() != nullptr ? *item.text() : json_text(item);
    };
    if (field == "rule") add(of.rule);
    if (field == "cluster") add(of.cluster.identity);
    if (field == "project") add(of.cluster.project);
    if (field == "shoot") add(of.cluster.name);
    if (field == "landscape") add(of.cluster.landscape);
    if (field == "host") add(of.hostname);
    if (field == "source") add(of.source);
    if (field == "output") add(of.output);
    if (field == "priority") add(std::string(name_of(of.level)));
    if (field == "tag")
        for (const auto& each : contents.tags()) add(each);
    const auto* is = contents.fields().find(field);
    if (is == nullptr) return all;
    if (is->is_list())
        for (const auto& each : is->items()) add(text_of_item(each));
    else
        add(text_of_item(*is));
    return all;
}

TEST_F(EventFiltersTest, ValuesAreCountedInTheStoreAsTheyAreHere) {
    chance     dice(20261201);
    const auto all = insert_by_chance(dice);
    // A time says nothing that the roll-ups know: every value is counted from the events.
    facet_search what{.search = search("received>-60d"), .limit = 100};
    what.fields = {"rule",   "cluster", "project",  "shoot", "landscape", "host",
                   "source", "output",  "priority", "tag",   "f",         "g[1]"};
    for (int counted = 0; counted < 2; ++counted) {
        for (const auto* filter :
             {"received>-60d", "received>-60d project:a", "received>-60d -cluster:a-seed"}) {
            what.search    = search(filter);
            const auto got = await(queries->facets(what));
            ASSERT_TRUE(got) << got.error().detail;
            for (std::size_t i = 0; i < what.fields.size(); ++i) {
                std::map<std::string, std::uint64_t> here;
                for (const auto& each : all.events) {
                    const event_contents contents(each);
                    if (!filter::matches(*what.search.what, contents.subject())) continue;
                    for (const auto& text : values_of(what.fields[i], each)) ++here[text];
                }
                const auto& facet = (*got)[i];
                EXPECT_TRUE(facet.exact);
                EXPECT_EQ(here, (std::map(facet.values.begin(), facet.values.end())))
                    << what.fields[i] << " of " << filter;
            }
        }
        count_all();
    }
}

}  // namespace
}  // namespace falconer::store
