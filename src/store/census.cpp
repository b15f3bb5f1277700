#include "census.hpp"

#include <charconv>
#include <string_view>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

/// The server gives up first: a limit of ours would cost the connection.
constexpr auto patience = 70s;

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// Roll-ups are a few seconds behind; what is committed since is in the batches. Both in one
// statement: nothing is counted twice or not at all.
constexpr std::string_view pending = R"(WITH pending AS MATERIALIZED (
    SELECT to_timestamp(u.minute * 60.0) AS minute, u.cluster, sum(u.count)::int8 AS count
    FROM falconer.batch b, unnest(b.minutes, b.clusters, b.counts) AS u (minute, cluster, count)
    WHERE b.xid >= (SELECT f.xid FROM falconer.follower f WHERE f.name = 'rollup') GROUP BY 1, 2))";

// A partition's name says its day; its bounds would have to be parsed.
constexpr std::string_view by_day = R"(, fresh AS (
    SELECT (minute AT TIME ZONE 'UTC')::date AS day, sum(count) AS events FROM pending GROUP BY 1
), rolled AS (
    SELECT day, sum(count) AS events FROM falconer.rollup_day GROUP BY 1
), there AS (
    SELECT to_date(substr(c.relname, 7), 'YYYYMMDD') AS day, c.reltuples::int8 AS believed
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$'
)
SELECT to_char(day, 'YYYY-MM-DD'),
       CASE WHEN u.day IS NULL THEN coalesce(r.events, 0) + coalesce(f.events, 0)
            ELSE greatest(believed, 0) END::int8,
       u.day IS NULL, day >= (now() AT TIME ZONE 'UTC')::date - 1
FROM there LEFT JOIN rolled r USING (day) LEFT JOIN fresh f USING (day)
LEFT JOIN falconer.unrolled_day u USING (day) ORDER BY 1)";

constexpr auto of_day = R"(
SELECT count(*) FROM falconer.event
WHERE received >= $1::timestamp AT TIME ZONE 'UTC'
  AND received < ($1::timestamp + interval '1 day') AT TIME ZONE 'UTC')";

// Of the last two days, by cluster.
constexpr std::string_view two_days = R"(, two_days AS MATERIALIZED (
    SELECT cluster, sum(count) AS events, max(last) AS last,
           coalesce(sum(count) FILTER (WHERE day = (now() AT TIME ZONE 'UTC')::date), 0) AS today
    FROM (SELECT day, cluster, count, last FROM falconer.rollup_day
          WHERE day >= (now() AT TIME ZONE 'UTC')::date - 1
          UNION ALL
          SELECT (minute AT TIME ZONE 'UTC')::date, cluster, count, minute FROM pending
          WHERE minute >= ((now() AT TIME ZONE 'UTC')::date - 1)::timestamp AT TIME ZONE 'UTC'
    ) AS each GROUP BY 1))";

// Whoever is among the loudest of the last 24 hours has in these two days at least as many as the
// tenth has today; only of these few the minutes are looked at.
constexpr std::string_view loudest = R"(, few AS MATERIALIZED (
    SELECT * FROM two_days WHERE events >= coalesce(
        (SELECT today FROM two_days ORDER BY today DESC OFFSET 9 LIMIT 1), 0)
    ORDER BY events DESC LIMIT 200
)
SELECT c.identity, h.events, to_char(few.last AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM few, falconer.cluster c, LATERAL (SELECT
    coalesce((SELECT sum(r.count) FROM falconer.rollup r
              WHERE r.cluster = few.cluster AND r.minute > now() - interval '1 day'), 0) +
    coalesce((SELECT sum(p.count) FROM pending p
              WHERE p.cluster = few.cluster AND p.minute > now() - interval '1 day'), 0)
    AS events) AS h
WHERE c.id = few.cluster AND h.events > 0 ORDER BY 2 DESC, 1 LIMIT 10)";

constexpr std::string_view heard_of =
    " SELECT count(*) FROM two_days WHERE last > now() - interval '1 day'";

// To the minute, as the roll-ups have it.
constexpr auto loudest_read = R"(
SELECT c.identity, count(*), to_char(date_trunc('minute', max(e.received)) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM falconer.event e JOIN falconer.cluster c ON c.id = e.cluster
WHERE e.received > now() - interval '1 day' GROUP BY c.identity ORDER BY 2 DESC, 1 LIMIT 10)";

std::string sql_of(std::string_view first, std::string_view second, std::string_view third = {}) {
    return std::string(first).append(second).append(third);
}

task<result<std::vector<loud_cluster>>> loud_clusters(pg_connection& db, std::string sql) {
    auto rows = co_await db.query(std::move(sql), {}, patience);
    if (!rows) co_return std::move(rows).error();
    std::vector<loud_cluster> all;
    for (int row = 0; row < rows->size(); ++row) {
        loud_cluster each;
        each.identity  = rows->at(row, 0);
        each.events    = number(rows->at(row, 1));
        each.last_seen = rows->at(row, 2);
        all.push_back(std::move(each));
    }
    co_return all;
}

}  // namespace

task<result<void>> be_quick(pg_connection& db, std::chrono::milliseconds limit) {
    pg_connection::params value{std::to_string(limit.count())};
    auto                  set = co_await db.query(
        "SELECT set_config('statement_timeout', $1, false)", std::move(value), patience
    );
    if (!set) co_return std::move(set).error();
    co_return result<void>{};
}

task<result<std::vector<day_events>>> events_by_day(pg_connection& db) {
    auto rows = co_await db.query(sql_of(pending, by_day), {}, patience);
    if (!rows) co_return std::move(rows).error();
    std::vector<day_events> all;
    for (int row = 0; row < rows->size(); ++row) {
        day_events each;
        each.day     = rows->at(row, 0);
        each.events  = number(rows->at(row, 1));
        each.counted = rows->at(row, 2) == "t";
        each.recent  = rows->at(row, 3) == "t";
        all.push_back(std::move(each));
    }
    co_return all;
}

task<result<std::int64_t>> count_day(pg_connection& db, std::string day) {
    pg_connection::params which{std::move(day)};
    auto                  rows = co_await db.query(of_day, std::move(which), patience);
    if (!rows) co_return std::move(rows).error();
    co_return number(rows->at(0, 0));
}

task<result<std::vector<loud_cluster>>> loudest_clusters(pg_connection& db) {
    return loud_clusters(db, sql_of(pending, two_days, loudest));
}

task<result<std::vector<loud_cluster>>> loudest_by_reading(pg_connection& db) {
    return loud_clusters(db, loudest_read);
}

task<result<std::optional<std::int64_t>>> clusters_heard_of(pg_connection& db) {
    return number_in_time(db, sql_of(pending, two_days, heard_of));
}

task<result<std::optional<std::int64_t>>> number_in_time(pg_connection& db, std::string sql) {
    auto rows = co_await db.query(std::move(sql), {}, patience);
    if (!rows && rows.error().code == errc::timed_out && db.usable())
        co_return std::optional<std::int64_t>{};
    if (!rows) co_return std::move(rows).error();
    co_return std::optional(number(rows->at(0, 0)));
}

}  // namespace falconer::store
