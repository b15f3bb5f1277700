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
constexpr std::size_t kept_values   = 1000;  // of a field and a window
constexpr std::size_t longest_value = 1024;  // bytes; longer ones are not listed

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

/// Of a field in `m`, the sample: its columns there, and "SELECT number, text, count …" of its
/// values. What repeats is counted before it is looked up or taken apart.
struct counted_field {
    std::string columns{};
    std::string counts{};
};

counted_field counted(std::size_t number, const filter::field& which, statement& into) {
    const auto        n   = std::to_string(number);
    const std::string key = "f" + n;
    const auto        of  = [&](const std::string& column, const std::string& text,
                        const std::string& join = "") {
        return counted_field{
            column + " AS " + key, "SELECT " + n + ", " + text + ", g.count FROM (SELECT m." + key +
                                       ", count(*) AS count FROM m GROUP BY 1 OFFSET 0) g" + join
        };
    };
    const auto dictionary = [&](const std::string& column) {
        return of(column, "t.value", " JOIN falconer.text t ON t.id = g." + key);
    };
    const auto cluster = [&](const std::string& name) {
        return of("e.cluster", "c." + name, " JOIN falconer.cluster c ON c.id = g." + key);
    };
    const auto items = [&](const std::string& list) {
        return ", " + list +
               " AS x (item) WHERE jsonb_typeof(x.item) IN ('string', 'number', 'boolean')";
    };
    // Either the number of a text or, where that is too long for the dictionary, the text itself.
    const auto numbered_or = [&](const std::string& column, const std::string& text,
                                 const std::string& rest) {
        return counted_field{
            "e." + column + " AS " + key + ", e.long_" + column + " AS " + key + "l",
            "SELECT " + n + ", " + text + ", g.count FROM (SELECT m." + key + ", m." + key +
                "l AS long, count(*) AS count FROM m GROUP BY 1, 2 OFFSET 0) g LEFT JOIN "
                "falconer.text t ON "
                "t.id = g." +
                key + rest
        };
    };
    switch (which.which) {
        case field_kind::rule: return dictionary("e.rule");
        case field_kind::host: return dictionary("e.hostname");
        case field_kind::cluster: return cluster("identity");
        case field_kind::project: return cluster("project");
        case field_kind::shoot: return cluster("name");
        case field_kind::landscape: return cluster("landscape");
        case field_kind::source: return numbered_or("source", "coalesce(t.value, g.long)", "");
        case field_kind::tag:
            return numbered_or(
                "tags", "x.item #>> '{}'",
                items("jsonb_array_elements(coalesce(t.value, g.long)::jsonb)")
            );
        case field_kind::output: return of("left(e.output, 256)", "g." + key);
        case field_kind::priority:
            return of("e.priority", std::string(names_of_priorities) + "[g." + key + " + 1]");
        case field_kind::workload:
            return of(
                "e.output_fields ->> 'k8s.pod.name'",
                "regexp_replace(g." + key + ", '" + std::string(filter::workload_suffix) + "', '')"
            );
        default: break;
    }
    // As texts: 17 and 17.0 are one number and two values.
    return of(
        "(e.output_fields -> " + into.value(which.name) + "::text)::text", "x.item #>> '{}'",
        items("jsonb_path_query(g." + key + "::jsonb, '$[*]')")
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
                      " GROUP BY 1 HAVING sum(g.count) > 0 ORDER BY 2 DESC, 1 LIMIT " +
                      std::to_string(what.limit + 1);
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
    auto of     = co_await prepare(db, std::move(search), opt_.sample);
    if (!of) co_return std::move(of).error();
    const auto  rest  = of->ask.value("");
    const auto  place = of->ask.values().size();
    std::string columns, each;
    for (std::size_t i = 0; i < what.fields.size(); ++i) {
        const auto field  = counted(i, filter::field_of(what.fields[i]), of->ask);
        columns          += ", " + field.columns;
        each             += (i == 0 ? "" : " UNION ALL ") + field.counts;
    }
    // A thousand values of a megabyte each are nobody's list.
    const auto begins = begins_with("f.text", what.prefix, of->ask) +
                        " AND octet_length(f.text) <= " + std::to_string(longest_value);
    const auto sql = [&] {
        return "WITH m AS MATERIALIZED (SELECT e.received" + columns + of->rows() +
               " ORDER BY e.received DESC LIMIT " + rest +
               "::int8), counted AS (SELECT f.number, f.text, sum(f.count)::int8 AS count, "
               "row_number() OVER (PARTITION BY f.number ORDER BY sum(f.count) DESC, f.text) AS "
               "rank FROM (" +
               each + ") AS f (number, text, count) WHERE " + begins +
               " GROUP BY 1, 2) SELECT -1, '', count(*) FROM m UNION ALL SELECT number, text, "
               "count FROM counted WHERE rank <= " +
               std::to_string(kept_values);
    };
    std::vector<std::map<std::string, std::uint64_t>> counts(what.fields.size());
    std::size_t                                       seen = 0;
    while (!of->walk.done() && seen < opt_.sample && left_of(*of) > 0ms) {
        of->ask.set(place, std::to_string(opt_.sample - seen));
        auto text = sql();
        auto rows = co_await look(db, *of, std::move(text));
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
        of->went();
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
               " GROUP BY 1, 2 HAVING sum(e.count) > 0";
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
    auto of     = co_await prepare(db, std::move(search), SIZE_MAX);
    if (!of) co_return std::move(of).error();
    const auto step = of->ask.value(std::to_string(what.step.count())) + "::int8";
    const auto sql  = [&] {
        return "SELECT floor(extract(epoch FROM e.received))::int8 / " + step + " * " + step +
               ", e.priority, count(*)" + of->rows() + " GROUP BY 1, 2";
    };
    time_histogram it;
    while (!of->walk.done() && left_of(*of) > 0ms) {
        auto text = sql();
        auto rows = co_await look(db, *of, std::move(text));
        if (!rows) co_return std::move(rows).error();
        if (!*rows) continue;
        for (int row = 0; row < (*rows)->size(); ++row) add_row(it, **rows, row);
        of->went();
    }
    it.exact = of->walk.done();
    if (!it.exact) it.reached = of->walk.reached();
    co_return it;
}

}  // namespace falconer::store
