// Facets and histograms: from the roll-ups where these know, else from the events.
#include "event_rows.hpp"
#include "filter_sql.hpp"
#include "pg_event_queries.hpp"
#include "rolled.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using filter::field_kind;

constexpr auto             soon = 5s;
constexpr std::string_view names_of_priorities =
    "(ARRAY['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', "
    "'Debug'])";
constexpr std::size_t kept_values = 1000;  // of a field and a window

/// What a facet of roll-ups groups by, and the name it has in the end.
struct rolled_column {
    const char* number;
    const char* name;
    const char* join;
};

std::optional<rolled_column> rolled_column_of(field_kind which) {
    constexpr auto cluster = " JOIN falconer.cluster c ON c.id = g.number";
    switch (which) {
        case field_kind::rule:
            return rolled_column{"e.rule", "t.value", " JOIN falconer.text t ON t.id = g.number"};
        case field_kind::cluster: return rolled_column{"e.cluster", "c.identity", cluster};
        case field_kind::project: return rolled_column{"e.cluster", "c.project", cluster};
        case field_kind::shoot: return rolled_column{"e.cluster", "c.name", cluster};
        case field_kind::landscape: return rolled_column{"e.cluster", "c.landscape", cluster};
        case field_kind::priority: return rolled_column{"e.priority", "", ""};
        default: return std::nullopt;
    }
}

std::string begins_with(const std::string& text, const std::string& prefix, statement& into) {
    if (prefix.empty()) return text + " IS NOT NULL";
    return "starts_with(lower(" + text + " COLLATE \"C\"), " + into.value(filter::lowered(prefix)) +
           ")";
}

/// "SELECT number, text …": the values of one event's field.
std::string values_of(std::size_t number, const filter::field& which, statement& into) {
    const auto one = [&](const std::string& text) {
        return "SELECT " + std::to_string(number) + ", " + text;
    };
    const auto items = [&](const std::string& list) {
        return one("x.item #>> '{}'") + " FROM " + list +
               " AS x (item) WHERE jsonb_typeof(x.item) IN ('string', 'number', 'boolean')";
    };
    switch (which.which) {
        case field_kind::rule: return one("r.value");
        case field_kind::cluster: return one("c.identity");
        case field_kind::project: return one("c.project");
        case field_kind::shoot: return one("c.name");
        case field_kind::landscape: return one("c.landscape");
        case field_kind::host: return one("h.value");
        case field_kind::source: return one("coalesce(s.value, e.long_source)");
        case field_kind::output: return one("left(e.output, 256)");
        case field_kind::priority:
            return one(std::string(names_of_priorities) + "[e.priority + 1]");
        case field_kind::tag:
            return items("jsonb_array_elements(coalesce(t.value, e.long_tags)::jsonb)");
        case field_kind::workload:
            return one(
                "regexp_replace(e.output_fields ->> 'k8s.pod.name', '" +
                std::string(filter::workload_suffix) + "', '')"
            );
        default: break;
    }
    return items(
        "jsonb_path_query(e.output_fields -> " + into.value(which.name) + "::text, '$[*]')"
    );
}

facet top_of(
    std::string name, const std::map<std::string, std::uint64_t>& counts, std::size_t limit
) {
    facet it{.field = std::move(name)};
    it.values.assign(counts.begin(), counts.end());
    std::ranges::stable_sort(it.values, [](const auto& a, const auto& b) {
        return a.second > b.second;
    });
    it.more = it.values.size() > limit;
    it.values.resize(std::min(it.values.size(), limit));
    return it;
}

}  // namespace

task<result<std::vector<facet>>> pg_event_queries::facets(facet_search what) {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    const bool         rolled = is_rolled(what.search);
    std::vector<facet> all(what.fields.size());
    facet_search       others = what;
    others.fields.clear();
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < what.fields.size(); ++i) {
        if (!rolled || !rolled_column_of(filter::field_of(what.fields[i]).which)) {
            others.fields.push_back(what.fields[i]);
            places.push_back(i);
            continue;
        }
        facet_search one = what;
        one.fields       = {what.fields[i]};
        auto counted     = co_await count_rolled(**db, std::move(one));
        if (!counted) co_return std::move(counted).error().while_doing("counting values");
        all[i] = std::move(*counted);
    }
    if (!others.fields.empty()) {
        auto counted = co_await count_sample(**db, std::move(others));
        if (!counted) co_return std::move(counted).error().while_doing("counting values");
        for (std::size_t i = 0; i < places.size(); ++i) all[places[i]] = std::move((*counted)[i]);
    }
    co_return all;
}

task<result<facet>> pg_event_queries::count_rolled(pg_connection& db, facet_search what) {
    const auto        column = *rolled_column_of(filter::field_of(what.fields.front()).which);
    const std::string name =
        *column.name != '\0' ? column.name : std::string(names_of_priorities) + "[g.number + 1]";
    statement   ask;
    std::string sql = "SELECT " + name + ", sum(g.count)::int8 FROM (SELECT " + column.number +
                      " AS number, sum(e.count) AS count" + rolled_rows(what.search, ask) +
                      " GROUP BY 1) g" + column.join + " WHERE " +
                      begins_with(name, what.prefix, ask) +
                      " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT " + std::to_string(what.limit + 1);
    auto known = co_await ask.resolve(db, soon);
    if (!known) co_return std::move(known).error();
    auto values = ask.values();
    auto rows =
        co_await reader_pool::ask(db, std::move(sql), std::move(values), what.search.patience);
    if (!rows) co_return std::move(rows).error();
    facet it{.field = what.fields.front(), .exact = is_of_minutes(what.search.when)};
    for (int row = 0; row < rows->size(); ++row)
        it.values.emplace_back(
            rows->at(row, 0), static_cast<std::uint64_t>(number_of(rows->at(row, 1)))
        );
    it.more = it.values.size() > what.limit;
    it.values.resize(std::min(it.values.size(), what.limit));
    co_return it;
}

task<result<std::vector<facet>>> pg_event_queries::count_sample(
    pg_connection& db, facet_search what
) {
    auto search = what.search;
    auto of     = co_await prepare(db, std::move(search));
    if (!of) co_return std::move(of).error();
    const auto  rest  = of->ask.value("");
    const auto  place = of->ask.values().size();
    std::string each;
    for (std::size_t i = 0; i < what.fields.size(); ++i)
        each +=
            (i == 0 ? "" : " UNION ALL ") + values_of(i, filter::field_of(what.fields[i]), of->ask);
    const auto sql = "WITH m AS MATERIALIZED (SELECT e.* FROM falconer.event e WHERE " +
                     of->condition + " ORDER BY e.received DESC LIMIT " + rest +
                     "::int8), counted AS (SELECT f.number, f.text, count(*) "
                     "AS count, row_number() OVER (PARTITION BY f.number ORDER BY count(*) DESC, "
                     "f.text) AS rank FROM m e" +
                     std::string(event_joins) + " CROSS JOIN LATERAL (" + each +
                     ") AS f (number, text) WHERE " + begins_with("f.text", what.prefix, of->ask) +
                     " GROUP BY 1, 2) SELECT -1, '', count(*) FROM m "
                     "UNION ALL SELECT number, text, count FROM counted WHERE rank <= " +
                     std::to_string(kept_values);
    std::vector<std::map<std::string, std::uint64_t>> counts(what.fields.size());
    std::size_t                                       seen = 0;
    while (!of->walk.done() && seen < opt_.sample && left_of(*of) > 0ms) {
        of->ask.set(place, std::to_string(opt_.sample - seen));
        auto rows = co_await look(db, *of, sql);
        if (!rows) co_return std::move(rows).error();
        if (!*rows) continue;
        for (int row = 0; row < (*rows)->size(); ++row) {
            const auto number = number_of((*rows)->at(row, 0));
            const auto count  = static_cast<std::uint64_t>(number_of((*rows)->at(row, 2)));
            if (number < 0)
                seen += count;
            else
                counts[static_cast<std::size_t>(number)][std::string((*rows)->at(row, 1))] += count;
        }
        of->walk.went();
    }
    std::vector<facet> all;
    for (std::size_t i = 0; i < what.fields.size(); ++i) {
        all.push_back(top_of(what.fields[i], counts[i], what.limit));
        all.back().exact = of->walk.done() && seen < opt_.sample;
    }
    co_return all;
}

task<result<time_histogram>> pg_event_queries::histogram(histogram_search what) {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    const bool             rolled = is_rolled(what.search) && what.step % 60s == 0s;
    result<time_histogram> got{time_histogram{}};
    if (rolled)
        got = co_await histogram_rolled(**db, std::move(what));
    else
        got = co_await histogram_read(**db, std::move(what));
    if (!got) co_return std::move(got).error().while_doing("counting events");
    co_return std::move(*got);
}

namespace {

void add_row(time_histogram& into, const pg_rows& rows, int row) {
    const auto level = static_cast<std::size_t>(number_of(rows.at(row, 1)));
    into.buckets[number_of(rows.at(row, 0))].by_priority[level % 8] +=
        static_cast<std::uint64_t>(number_of(rows.at(row, 2)));
}

}  // namespace

task<result<time_histogram>> pg_event_queries::histogram_rolled(
    pg_connection& db, histogram_search what
) {
    statement  ask;
    const auto step = ask.value(std::to_string(what.step.count())) + "::int8";
    auto       sql  = "SELECT (extract(epoch FROM e.minute)::int8 / " + step + ") * " + step +
               ", e.priority, sum(e.count)::int8" + rolled_rows(what.search, ask) +
               " GROUP BY 1, 2";
    auto known = co_await ask.resolve(db, soon);
    if (!known) co_return std::move(known).error();
    auto values = ask.values();
    auto rows =
        co_await reader_pool::ask(db, std::move(sql), std::move(values), what.search.patience);
    if (!rows) co_return std::move(rows).error();
    time_histogram it{.exact = is_of_minutes(what.search.when)};
    for (int row = 0; row < rows->size(); ++row) add_row(it, *rows, row);
    co_return it;
}

task<result<time_histogram>> pg_event_queries::histogram_read(
    pg_connection& db, histogram_search what
) {
    auto search = what.search;
    auto of     = co_await prepare(db, std::move(search));
    if (!of) co_return std::move(of).error();
    const auto step = of->ask.value(std::to_string(what.step.count())) + "::int8";
    const auto sql = "SELECT floor(extract(epoch FROM e.received))::int8 / " + step + " * " + step +
                     ", e.priority, count(*) FROM falconer.event e WHERE " + of->condition +
                     " GROUP BY 1, 2";
    time_histogram it;
    while (!of->walk.done() && left_of(*of) > 0ms) {
        auto rows = co_await look(db, *of, sql);
        if (!rows) co_return std::move(rows).error();
        if (!*rows) continue;
        for (int row = 0; row < (*rows)->size(); ++row) add_row(it, **rows, row);
        of->walk.went();
    }
    it.exact = of->walk.done();
    if (!it.exact) it.reached = of->walk.reached();
    co_return it;
}

}  // namespace falconer::store
