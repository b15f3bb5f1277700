// Numbers of whole days, for pages about many clusters. Source: migrations/0013_landscape.sql
#include "event_rows.hpp"
#include "filter_sql.hpp"
#include "pg_event_queries.hpp"
#include "rolled.hpp"

#include <algorithm>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using hidden_events = triage_view::hidden_events;

constexpr auto soon = 5s;
/// For reading what no roll-up knows; the rest of the page takes less.
constexpr auto patience_with_hidden = 600ms;

template <class Part>
filter::node_ptr made(Part part) {
    return std::make_shared<const filter::node>(filter::node{std::move(part)});
}

/// Of all suppressions: those of which the counted cells can tell, and the others.
struct two_kinds {
    filter::node_ptr counted{}, others{};
};
two_kinds kinds_of(const filter::node_ptr& suppressions) {
    if (!suppressions) return {};
    const auto* any = std::get_if<filter::any_of>(&suppressions->is);
    if (any == nullptr)
        return is_rolled(*suppressions) ? two_kinds{suppressions, nullptr}
                                        : two_kinds{nullptr, suppressions};
    filter::any_of counted, others;
    for (const auto& each : any->of) (is_rolled(*each) ? counted : others).of.push_back(each);
    two_kinds both;
    if (!counted.of.empty()) both.counted = made(std::move(counted));
    if (!others.of.empty()) both.others = made(std::move(others));
    return both;
}

std::string day_of(const std::string& instant) {
    return "(" + instant + " AT TIME ZONE 'UTC')::date";
}

/// What a row `e` must be: its day, and whose it is.
struct scope {
    std::string days{}, mine{};
};
scope scope_of(const event_search& what, statement& into) {
    scope      it{.mine = condition_of(what.who, "e", into)};
    const auto day = [&](utc_time t) {
        return day_of(into.value(instant_text(t)) + "::timestamptz");
    };
    it.days = "true";
    if (what.when.since) it.days += " AND e.day >= " + day(*what.when.since);
    if (what.when.until) it.days += " AND e.day < " + day(*what.when.until);
    if (what.what) it.mine += " AND " + condition_of(*what.what, into);
    return it;
}

/// Rows (day, cluster, rule, priority, count) of what is hidden. `found`: where arrays of such are,
/// of what the cells cannot tell.
std::string hidden_rows(
    const triage_view& view, const filter::node_ptr& counted, const std::string& found,
    const scope& of, statement& into
) {
    const auto live = "(a.expires IS NULL OR a.expires > " + into.value(instant_text(view.now)) +
                      "::timestamptz)";
    const auto assessed = [&](const std::string& states, const char* count) {
        return "SELECT e.day, e.cluster, e.rule, e.priority, " + std::string(count) +
               "::int8 AS count FROM (SELECT " + day_of("a.received") +
               " AS day, a.cluster, a.rule, a.priority FROM falconer.assessment a WHERE a.state " +
               states + " AND " + live + ") e WHERE " + of.days + " AND " + of.mine;
    };
    auto sql = assessed("IN (4, 5)", "1");
    if (counted) {
        const auto suppressed = " AND " + condition_of(*counted, into);
        sql +=
            " UNION ALL SELECT e.day, e.cluster, e.rule, e.priority, e.count FROM "
            "falconer.landscape_cell e WHERE " +
            of.days + " AND " + of.mine + suppressed;
        // Who was assessed is counted above, or is no longer hidden.
        sql += " UNION ALL " + assessed("<> 0", "-1") + suppressed;
    }
    return sql + " UNION ALL SELECT f.day, f.cluster, f.rule, f.priority, f.count FROM unnest(" +
           found + ") AS f (day, cluster, rule, priority, count)";
}

/// What the page asks for, in rows of nine columns: what a row is of; day (since 1970); rule;
/// priority; count; hidden; number of clusters; and of a cluster its name.
std::string page_question(
    const landscape_search& what, const std::string& hidden, const scope& of, bool everything
) {
    const auto text = [](std::size_t n) { return std::to_string(n); };
    const auto both = [](const std::string& columns, const std::string& rows) {
        return "SELECT " + columns +
               ", sum(e.count)::int8 AS count, sum(e.hidden)::int8 AS hidden FROM (" + rows +
               ") e GROUP BY " + columns;
    };
    const std::string wanted = what.search.triage.hidden == hidden_events::with ? "count"
                               : what.search.triage.hidden == hidden_events::only
                                   ? "hidden"
                                   : "count - hidden";
    const auto        minus  = [](const std::string& columns) {
        return " UNION ALL SELECT " + columns + ", 0, count FROM h";
    };
    std::string sql =
        "WITH h (day, cluster, rule, priority, count) AS MATERIALIZED (" + hidden + ")";
    std::string cells = "falconer.landscape_cell e WHERE " + of.days;
    std::string clusters, rules;
    if (everything) {
        clusters = "falconer.landscape_cluster e WHERE " + of.days;
        rules    = "falconer.landscape_rule e WHERE " + of.days;
    } else {
        sql +=
            ", mine AS MATERIALIZED (SELECT e.day, e.cluster, e.rule, e.priority, e.count FROM " +
            cells + " AND " + of.mine + ")";
        cells = clusters = rules = "mine e WHERE true";
    }
    sql += ", r AS MATERIALIZED (" +
           both(
               "day, rule, priority",
               "SELECT e.day, e.rule, e.priority, e.count, 0::int8 AS hidden FROM " + rules +
                   minus("day, rule, priority")
           ) +
           "), c AS MATERIALIZED (" +
           both(
               "cluster",
               "SELECT e.cluster, e.count, 0::int8 AS hidden FROM " + clusters + minus("cluster")
           ) +
           "), loud AS MATERIALIZED (SELECT cluster, count, hidden FROM c WHERE " + wanted +
           " > 0 ORDER BY " + wanted + " DESC, cluster LIMIT " + text(what.clusters) +
           "), often AS MATERIALIZED (SELECT rule, min(priority) AS priority, sum(count)::int8 AS "
           "count, sum(hidden)::int8 AS hidden FROM r GROUP BY rule HAVING sum(" +
           wanted + ") > 0 ORDER BY sum(" + wanted + ") DESC, rule LIMIT " + text(what.rules) + ")";
    const std::string ever =
        everything ? "falconer.landscape_rule e" : "falconer.landscape_cell e WHERE " + of.mine;
    sql +=
        ", first AS MATERIALIZED (SELECT e.rule, min(e.day) AS day FROM " + ever + " GROUP BY 1)";
    const std::string nobody = ", NULL::text, NULL::text, NULL::text, NULL::text, NULL::int8";
    sql +=
        " SELECT 'day', day - date '1970-01-01', '', priority, sum(count)::int8, "
        "sum(hidden)::int8, 0::int8" +
        nobody + " FROM r GROUP BY day, priority";
    sql +=
        " UNION ALL SELECT 'rule', f.day - date '1970-01-01', t.value, o.priority, o.count, "
        "o.hidden, 0" +
        nobody +
        " FROM often o JOIN falconer.text t ON t.id = o.rule LEFT JOIN first f ON f.rule = o.rule";
    sql += " UNION ALL SELECT 'cluster', NULL, '', 0, o.count, o.hidden, 1, " +
           std::string(cluster_columns) +
           " FROM loud o JOIN falconer.cluster c ON c.id = o.cluster";
    sql +=
        " UNION ALL SELECT 'cell', NULL, t.value, 0, o.count, o.hidden, 0, c.identity, NULL, "
        "NULL, NULL, NULL FROM (" +
        both(
            "cluster, rule", "SELECT e.cluster, e.rule, e.count, 0::int8 AS hidden FROM " + cells +
                                 " AND e.cluster = ANY (ARRAY(SELECT cluster FROM loud)) AND "
                                 "e.rule = ANY (ARRAY(SELECT rule FROM often)) UNION ALL SELECT "
                                 "cluster, rule, 0, count FROM h WHERE cluster = ANY "
                                 "(ARRAY(SELECT cluster FROM loud)) AND rule = ANY "
                                 "(ARRAY(SELECT rule FROM often))"
        ) +
        ") o JOIN falconer.cluster c ON c.id = o.cluster JOIN falconer.text t ON t.id = o.rule";
    sql +=
        " UNION ALL (SELECT 'project', NULL, '', 0, sum(o.count)::int8, sum(o.hidden)::int8, "
        "count(*), NULL, NULL, c.project, NULL, NULL FROM c o JOIN falconer.cluster c ON c.id = "
        "o.cluster WHERE " +
        wanted + " > 0 GROUP BY c.project ORDER BY sum(" + wanted + ") DESC, c.project LIMIT " +
        text(what.projects) + ")";
    sql +=
        " UNION ALL SELECT 'all', (SELECT min(day) FROM falconer.landscape_rule) - date "
        "'1970-01-01', '', 0, coalesce(sum(count), 0)::int8, coalesce(sum(hidden), 0)::int8, "
        "count(*) FILTER (WHERE " +
        wanted + " > 0)" + nobody + " FROM c";
    sql +=
        " UNION ALL SELECT 'counted', (SELECT count(*) FROM falconer.landscape_stale)::int4, "
        "'', 0, (extract(epoch FROM f.at) * 1000000)::int8, 0, 0" +
        nobody + " FROM falconer.follower f WHERE f.name = 'landscape'";
    return sql;
}

std::uint64_t count_of(std::string_view text) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(number_of(text), 0));
}

std::chrono::sys_days day_at(const pg_rows& rows, int row) {
    return std::chrono::sys_days{std::chrono::days{number_of(rows.at(row, 1))}};
}

void add_row(landscape_counts& into, const pg_rows& rows, int row) {
    const auto            kind  = rows.at(row, 0);
    const auto            level = static_cast<std::size_t>(number_of(rows.at(row, 3))) % 8;
    const landscape_count count{count_of(rows.at(row, 4)), count_of(rows.at(row, 5))};
    constexpr int         name = 7;  // of the cluster
    if (kind == "day") {
        into.days[day_at(rows, row)][level] += count;
    } else if (kind == "rule") {
        auto& rule = into.rules[std::string(rows.at(row, 2))];
        rule       = {.count = count, .level = static_cast<priority>(level)};
        if (!rows.is_null(row, 1)) rule.first = day_at(rows, row);
    } else if (kind == "cluster") {
        auto& cluster = into.clusters[std::string(rows.at(row, name))];
        cluster.name  = cluster_of(rows, row, name);
        cluster.count = count;
    } else if (kind == "cell") {
        into.clusters[std::string(rows.at(row, name))].by_rule[std::string(rows.at(row, 2))] =
            count;
    } else if (kind == "project") {
        into.projects[maybe(rows, row, name + 2).value_or("")] = {count_of(rows.at(row, 6)), count};
    } else if (kind == "all") {
        if (!rows.is_null(row, 1)) into.oldest = day_at(rows, row);
        into.total                = count;
        into.clusters_with_events = count_of(rows.at(row, 6));
    } else if (kind == "counted") {
        into.days_missing = count_of(rows.at(row, 1));
        into.counted      = micros_of(rows.at(row, 4));
    }
}

}  // namespace

/// Events that these suppressions find and of which nobody has thought anything. The newest first,
/// and as far as there is time.
task<result<pg_event_queries::hidden_cells>> pg_event_queries::find_hidden(
    pg_connection& db, event_search what
) {
    hidden_cells all;
    auto         of = co_await prepare(db, std::move(what), SIZE_MAX);
    if (!of) co_return std::move(of).error();
    const auto sql = [&] {
        return "SELECT " + day_of("e.received") +
               "::text, e.cluster, e.rule, e.priority, count(*)" + of->rows() +
               " GROUP BY 1, 2, 3, 4";
    };
    const auto add = [](std::string& list, std::string_view is) {
        list.insert(list.size() - 1, (list.size() > 2 ? "," : "") + std::string(is));
    };
    while (!of->walk.done() && left_of(*of) > 0ms) {
        auto text = sql();
        auto rows = co_await look(db, *of, std::move(text));
        if (!rows) co_return std::move(rows).error();
        if (!*rows) continue;
        for (int row = 0; row < (*rows)->size(); ++row) {
            add(all.days, (*rows)->at(row, 0));
            add(all.clusters, (*rows)->at(row, 1));
            add(all.rules, (*rows)->at(row, 2));
            add(all.priorities, (*rows)->at(row, 3));
            add(all.counts, (*rows)->at(row, 4));
        }
        of->went();
    }
    all.exact = of->walk.done();
    if (!all.exact) all.reached = of->walk.reached();
    co_return all;
}

task<result<landscape_counts>> pg_event_queries::landscape(landscape_search what) {
    auto& search = what.search;
    if (search.what && !is_of_clusters(*search.what))
        co_return failure{errc::broken, "the landscape is asked for something else than clusters"};
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    const auto   kinds = kinds_of(search.triage.suppressions);
    hidden_cells found;
    if (kinds.others) {
        event_search   others = search;
        filter::all_of all{{kinds.others}};
        if (search.what) all.of.push_back(search.what);
        if (kinds.counted) all.of.push_back(made(filter::none_of{kinds.counted}));
        others.what   = made(std::move(all));
        others.triage = triage_view{.states = 1, .now = search.triage.now};
        others.patience =
            std::min<std::chrono::milliseconds>(search.patience, patience_with_hidden);
        auto got = co_await find_hidden(**db, std::move(others));
        if (!got) co_return std::move(got).error().while_doing("counting what is hidden");
        found = std::move(*got);
    }
    statement  ask;
    const auto of     = scope_of(search, ask);
    const auto arrays = ask.value(found.days) + "::date[], " + ask.value(found.clusters) +
                        "::int4[], " + ask.value(found.rules) + "::int4[], " +
                        ask.value(found.priorities) + "::int2[], " + ask.value(found.counts) +
                        "::int8[]";
    const auto hidden     = hidden_rows(search.triage, kinds.counted, arrays, of, ask);
    const bool everything = search.who.everything && !search.what;
    auto       sql        = page_question(what, hidden, of, everything);
    auto       known      = co_await ask.resolve(**db, soon);
    if (!known) co_return std::move(known).error();
    auto values = ask.values();
    auto rows = co_await reader_pool::ask(**db, std::move(sql), std::move(values), search.patience);
    if (!rows) co_return std::move(rows).error().while_doing("counting the landscape");
    landscape_counts all{.hidden_exact = found.exact, .reached = found.reached};
    for (int row = 0; row < rows->size(); ++row) add_row(all, *rows, row);
    co_return all;
}

}  // namespace falconer::store
