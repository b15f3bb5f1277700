// The questions of falco-event-provider's read API, asked of one store.
#include "event_rows.hpp"
#include "filter_sql.hpp"
#include "pg_array.hpp"
#include "pg_event_queries.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto soon = 5s;

/// As provider_number_of().
constexpr std::string_view number =
    "('x' || substr(e.id::text, 1, 8) || substr(e.id::text, 10, 4))::bit(48)::int8";
constexpr std::string_view fields_of_groups[] = {
    "evt.type", "proc.name", "proc.cmdline", "container.name"
};
constexpr std::size_t kept_numbers = 100;  // of a group
constexpr std::size_t most_groups  = 20'000;
constexpr std::size_t longest_text = 4096;  // characters, of what groups are made by

/// Clusters n that a search is about.
std::string clusters_of(const event_search& what, statement& into) {
    return "(SELECT e.cluster FROM (SELECT c.id AS cluster FROM falconer.cluster c) e WHERE " +
           condition_of(what.who, "e", into) +
           (what.what ? " AND " + condition_of(*what.what, into) : "") + ") n";
}

/// The first and the last UUID that have a number.
std::pair<uuid, uuid> ends_of(std::int64_t is) {
    std::pair<uuid, uuid> ends;
    ends.second.bytes.fill(0xFF);
    for (int i = 0; i < 6; ++i)
        ends.first.bytes.at(static_cast<std::size_t>(i)) =
            ends.second.bytes.at(static_cast<std::size_t>(i)) =
                static_cast<std::uint8_t>(is >> (8 * (5 - i)) & 0xFF);
    return ends;
}

/// "FROM …" of rows e: the events of those clusters that may be meant, before anything else is
/// asked of them. By each cluster's index of times, or by the index of UUIDs.
std::string candidates(const provider_search& what, const std::string& order, statement& into) {
    const auto  clusters = clusters_of(what.search, into);
    std::string when;
    const auto  bound = [&](const std::optional<utc_time>& t, const char* sign) {
        if (t)
            when += std::string(" AND e.time ") + sign + " " + into.value(instant_text(*t)) +
                    "::timestamptz";
    };
    bound(what.from, ">=");
    bound(what.to, "<=");
    const auto& turn = what.oldest_first ? what.from : what.to;
    if (what.number && turn)
        when += " AND (e.time <> " + into.value(instant_text(*turn)) + "::timestamptz OR " +
                std::string(number) + (what.oldest_first ? " >= " : " <= ") +
                into.value(std::to_string(*what.number)) + "::int8)";
    if (what.more) when += " AND " + condition_of(*what.more, into);
    const auto limit = " LIMIT " + std::to_string(what.limit);
    if (what.numbers.empty())
        return " FROM " + clusters +
               " CROSS JOIN LATERAL (SELECT e.* FROM falconer.event e WHERE "
               "e.cluster = n.cluster" +
               when + order + limit + ") e";
    pg_array first, last;
    for (const auto each : what.numbers) {
        const auto ends = ends_of(each);
        first.add(ends.first.text());
        last.add(ends.second.text());
    }
    return " FROM unnest(" + into.value(first.text()) + "::uuid[], " + into.value(last.text()) +
           "::uuid[]) AS i (low, high) CROSS JOIN LATERAL (SELECT e.* FROM falconer.event e WHERE "
           "e.id >= i.low AND e.id <= i.high AND e.cluster IN (SELECT n.cluster FROM " +
           clusters + ")" + when + ") e";
}

std::string text_of_field(std::string_view name) {
    return "left(e.output_fields ->> '" + std::string(name) + "', " + std::to_string(longest_text) +
           ")";
}

}  // namespace

task<result<provider_page>> pg_event_queries::provider_events(provider_search what) {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    const std::string way   = what.oldest_first ? " ASC" : " DESC";
    const auto        named = std::string(number);
    const auto        order = " ORDER BY e.time" + way + ", " + named + way;
    statement         ask;
    const auto        newest = "SELECT e.*" + candidates(what, order, ask) + order + " LIMIT " +
                        std::to_string(what.limit);
    const auto room = ask.value(std::to_string(std::min(opt_.bytes * 4, what.bytes)));
    auto       sql  = "SELECT " + event_columns() + ", " + named + ", e.looked FROM " +
               events_counted(newest, "e.time" + way + ", " + named + way) +
               std::string(event_joins) + " WHERE " + is_within(room) + order;
    auto known = co_await ask.resolve(**db, soon);
    if (!known) co_return std::move(known).error();
    auto values = ask.values();
    auto rows =
        co_await reader_pool::ask(**db, std::move(sql), std::move(values), what.search.patience);
    if (!rows) co_return std::move(rows).error().while_doing("pulling events");
    provider_page page;
    for (int row = 0; row < rows->size(); ++row) {
        page.events.push_back({number_of(rows->at(row, rows->columns() - 2)), event_of(*rows, row)}
        );
        page.events.back().event.store = opt_.name;
    }
    page.cut = looked_at(*rows) > static_cast<std::uint64_t>(rows->size());
    co_return page;
}

task<result<provider_groups>> pg_event_queries::provider_groups_of(event_search what) {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    auto of = co_await prepare(**db, std::move(what), SIZE_MAX);
    if (!of) co_return std::move(of).error();
    std::string fields;
    for (std::size_t i = 0; i < std::size(fields_of_groups); ++i)
        fields += ", " + text_of_field(fields_of_groups[i]) + " AS f" + std::to_string(i);
    // What repeats is counted before its names are looked up.
    const auto sql = [&] {
        return "SELECT c.name, t.value, g.f0, g.f1, g.f2, g.f3, g.count, "
               "array_to_string(g.numbers, ',') FROM (SELECT e.cluster, e.rule" +
               fields + ", count(*) AS count, (array_agg(" + std::string(number) +
               " ORDER BY e.received DESC))[1:" + std::to_string(kept_numbers) + "] AS numbers" +
               of->rows() + " GROUP BY e.cluster, e.rule, f0, f1, f2, f3 LIMIT " +
               std::to_string(most_groups + 1) +
               ") g JOIN falconer.cluster c ON c.id = g.cluster JOIN falconer.text t ON t.id = "
               "g.rule";
    };
    std::map<provider_group::key, provider_group> all;
    while (!of->walk.done() && all.size() <= most_groups && left_of(*of) > 0ms) {
        auto text = sql();
        auto rows = co_await look(**db, *of, std::move(text));
        if (!rows) co_return std::move(rows).error().while_doing("grouping events");
        if (!*rows) continue;
        for (int row = 0; row < (*rows)->size(); ++row) {
            provider_group::key key{(*rows)->at(row, 0),   (*rows)->at(row, 1),
                                    maybe(**rows, row, 2), maybe(**rows, row, 3),
                                    maybe(**rows, row, 4), maybe(**rows, row, 5)};
            auto&               group  = all[key];
            group.of                   = std::move(key);
            group.count               += static_cast<std::uint64_t>(number_of((*rows)->at(row, 6)));
            auto list                  = (*rows)->at(row, 7);
            while (!list.empty() && group.numbers.size() < kept_numbers) {
                const auto end = std::min(list.find(','), list.size());
                group.numbers.push_back(number_of(list.substr(0, end)));
                list.remove_prefix(std::min(end + 1, list.size()));
            }
        }
        of->went();
    }
    provider_groups found{.complete = of->walk.done() && all.size() <= most_groups};
    for (auto& [key, group] : all) found.groups.push_back(std::move(group));
    co_return found;
}

task<result<std::vector<provider_count>>> pg_event_queries::provider_counts(std::string landscape) {
    constexpr auto patience = 30s;
    auto           db       = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    pg_connection::params values{std::move(landscape)};
    auto                  rows = co_await reader_pool::ask(
        **db,
        "SELECT c.project, c.name, e.priority, sum(e.count)::int8 FROM (SELECT cluster, priority, "
                         "sum(count) AS count FROM falconer.landscape_cell GROUP BY 1, 2) e JOIN falconer.cluster c "
                         "ON c.id = e.cluster WHERE c.landscape = $1 GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3",
        std::move(values), patience
    );
    if (!rows) co_return std::move(rows).error().while_doing("counting events of clusters");
    std::vector<provider_count> all;
    for (int row = 0; row < rows->size(); ++row)
        all.push_back(
            {.project = std::string(rows->at(row, 0)),
             .cluster = std::string(rows->at(row, 1)),
             .level   = static_cast<priority>(number_of(rows->at(row, 2))),
             .count   = static_cast<std::uint64_t>(number_of(rows->at(row, 3)))}
        );
    co_return all;
}

}  // namespace falconer::store
