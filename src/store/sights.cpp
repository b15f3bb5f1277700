#include "sights.hpp"

#include "queries/event_rows.hpp"

#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;

constexpr auto round_and_now = R"(
SELECT (extract(epoch FROM now()) * 1000000)::int8, (extract(epoch FROM r.at) * 1000000)::int8,
       (extract(epoch FROM r.outage_since) * 1000000)::int8, r.outage_clusters
FROM (SELECT 1) AS one LEFT JOIN falconer.sight_round r ON true)";

// What is older than the roll-ups of some days is in falconer.sight.
constexpr auto all_clusters = R"(
WITH heard AS (
    SELECT d.cluster, max(d.last) AS last FROM falconer.rollup_day d
    WHERE d.day >= (now() AT TIME ZONE 'UTC')::date - 2 GROUP BY 1
)
SELECT c.identity, s.reason, (extract(epoch FROM s.since) * 1000000)::int8,
       (extract(epoch FROM greatest(s.event, h.last)) * 1000000)::int8
FROM falconer.cluster c LEFT JOIN falconer.sight s ON s.cluster = c.id
LEFT JOIN heard h ON h.cluster = c.id
ORDER BY coalesce(s.reason, 0) / 10 DESC, c.identity COLLATE "C")";

constexpr auto all_changes = R"(
SELECT (extract(epoch FROM x.at) * 1000000)::int8, x.reason, (extract(epoch FROM x.since) * 1000000)::int8, x.was_reason
FROM falconer.sight_change x JOIN falconer.cluster c ON c.id = x.cluster
WHERE c.identity = $1 ORDER BY x.id DESC LIMIT $2::int)";

std::optional<utc_time> instant(const pg_rows& rows, int row, int column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return micros_of(rows.at(row, column));
}

std::optional<sight_reason> reason(const pg_rows& rows, int row, int column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return sight_reason_of(static_cast<int>(number_of(rows.at(row, column))));
}

}  // namespace

task<result<seen_landscape>> see_clusters(pg_connection& db) {
    seen_landscape all;
    auto           round = co_await db.query(round_and_now, {}, patience);
    if (!round) co_return std::move(round).error();
    all.now        = micros_of(round->at(0, 0));
    all.last_round = instant(*round, 0, 1);
    if (const auto since = instant(*round, 0, 2))
        all.outage = sight_outage{*since, static_cast<std::size_t>(number_of(round->at(0, 3)))};
    auto rows = co_await db.query(all_clusters, {}, patience);
    if (!rows) co_return std::move(rows).error();
    for (int row = 0; row < rows->size(); ++row) {
        seen_cluster each;
        each.identity = rows->at(row, 0);
        if (const auto why = reason(*rows, row, 1))
            each.seen = sight{*why, instant(*rows, row, 2).value_or(utc_time{})};
        each.last_event = instant(*rows, row, 3);
        all.clusters.push_back(std::move(each));
    }
    co_return all;
}

task<result<std::vector<seen_change>>> changes_of(
    pg_connection& db, std::string identity, int limit
) {
    pg_connection::params which{std::move(identity), std::to_string(limit)};
    auto                  rows = co_await db.query(all_changes, std::move(which), patience);
    if (!rows) co_return std::move(rows).error();
    std::vector<seen_change> all;
    for (int row = 0; row < rows->size(); ++row) {
        const auto why = reason(*rows, row, 1);
        if (!why) continue;  // of a newer Falconer
        seen_change each;
        each.at     = micros_of(rows->at(row, 0));
        each.became = {*why, micros_of(rows->at(row, 2))};
        each.was    = reason(*rows, row, 3);
        all.push_back(each);
    }
    co_return all;
}

}  // namespace falconer::store
