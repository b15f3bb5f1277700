#include "pg_sight_ledger.hpp"

#include "pg_array.hpp"
#include "queries/event_rows.hpp"
#include "schema_check.hpp"

#include <utility>

namespace falconer::store {
namespace {

constexpr auto take_lock = "SELECT pg_try_advisory_lock(7205759403792816)";

constexpr auto learn = "SELECT falconer.learn_rhythms($1::int)";

constexpr auto last_round = R"(
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8, (extract(epoch FROM r.at) * 1000000)::int8,
       (extract(epoch FROM r.watched_since) * 1000000)::int8,
       (extract(epoch FROM r.outage_since) * 1000000)::int8, r.outage_clusters
FROM (SELECT 1) AS one LEFT JOIN falconer.sight_round r ON true)";

// What is committed and not rolled up yet is in the batches. $1: the window, in minutes. Causes 1
// to 3: over quota, quarantine full, token refused.
constexpr auto signs_of_all = R"(
WITH pending AS MATERIALIZED (
    SELECT to_timestamp(u.minute * 60.0) AS minute, u.cluster, u.rule
    FROM falconer.batch b, unnest(b.minutes, b.clusters, b.rules) AS u (minute, cluster, rule)
    WHERE b.xid >= (SELECT f.xid FROM falconer.follower f WHERE f.name = 'rollup')
), heard AS (
    SELECT e.cluster, max(e.last) AS last
    FROM (SELECT d.cluster, d.last FROM falconer.rollup_day d
          WHERE d.day >= (now() AT TIME ZONE 'UTC')::date - 2
          UNION ALL SELECT p.cluster, p.minute FROM pending p) e GROUP BY 1
), lately AS (
    SELECT now() - $1::int * interval '1 minute' AS since
), minutes AS (
    SELECT t.cluster, t.cause::int AS kind, t.minute FROM falconer.tally t, lately
    WHERE t.minute >= lately.since AND t.cause IN (1, 2, 3)
    UNION ALL
    SELECT q.cluster, 2, date_trunc('minute', q.received) FROM falconer.quarantine q, lately
    WHERE q.received >= lately.since AND q.replayed IS NULL
    UNION ALL
    SELECT d.cluster, 0, d.minute
    FROM (SELECT r.cluster, r.rule, r.minute FROM falconer.rollup r, lately WHERE r.minute >= lately.since
          UNION ALL
          SELECT p.cluster, p.rule, p.minute FROM pending p, lately WHERE p.minute >= lately.since) d
    WHERE d.rule = (SELECT t.id FROM falconer.text t WHERE t.kind = 1
                    AND t.digest = sha256(convert_to('Falco internal: syscall event drop', 'UTF8')))
), troubles AS (
    SELECT m.cluster, m.kind, count(DISTINCT m.minute) AS n, (extract(epoch FROM min(m.minute)) * 1000000)::int8 AS first,
           (extract(epoch FROM max(m.minute)) * 1000000)::int8 AS last
    FROM minutes m GROUP BY 1, 2
)
SELECT s.cluster, c.identity, s.reason, (extract(epoch FROM s.since) * 1000000)::int8, s.rests,
       (extract(epoch FROM s.rests_since) * 1000000)::int8, (extract(epoch FROM s.awake_since) * 1000000)::int8,
       (extract(epoch FROM s.beat) * 1000000)::int8, (extract(epoch FROM greatest(s.event, h.last)) * 1000000)::int8, s.gap,
       t0.n, t0.first, t0.last, t1.n, t1.first, t1.last, t2.n, t2.first, t2.last, t3.n, t3.first, t3.last
FROM falconer.sight s JOIN falconer.cluster c ON c.id = s.cluster
LEFT JOIN heard h ON h.cluster = s.cluster
LEFT JOIN troubles t0 ON t0.cluster = s.cluster AND t0.kind = 0
LEFT JOIN troubles t1 ON t1.cluster = s.cluster AND t1.kind = 1
LEFT JOIN troubles t2 ON t2.cluster = s.cluster AND t2.kind = 2
LEFT JOIN troubles t3 ON t3.cluster = s.cluster AND t3.kind = 3
ORDER BY s.cluster)";

constexpr auto put_down =
    "SELECT falconer.keep_sights($1::int8, $2::int8, $3::int4, $4::int4[], $5::int2[], $6::int8[], "
    "$7::int2[], $8::int8[], $9::int8[], $10::int8[], $11::int8[])";

std::optional<utc_time> instant(const pg_rows& rows, int row, int column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return micros_of(rows.at(row, column));
}

std::int64_t micros(std::optional<utc_time> at) {
    if (!at) return 0;
    return std::chrono::floor<std::chrono::microseconds>(*at).time_since_epoch().count();
}

trouble_trail trail_of(const pg_rows& rows, int row, int column) {
    trouble_trail it;
    it.minutes = static_cast<unsigned>(number_of(rows.at(row, column)));
    it.first   = instant(rows, row, column + 1);
    it.last    = instant(rows, row, column + 2);
    return it;
}

sight_record record_of(const pg_rows& rows, int row) {
    sight_record it;
    it.cluster  = static_cast<std::int32_t>(number_of(rows.at(row, 0)));
    it.identity = rows.at(row, 1);
    if (!rows.is_null(row, 2)) {
        // One that a newer Falconer knows: it is judged anew.
        const auto why = sight_reason_of(static_cast<int>(number_of(rows.at(row, 2))));
        if (why) it.seen = sight{*why, instant(rows, row, 3).value_or(utc_time{})};
    }
    auto&      is    = it.signs;
    const auto rests = number_of(rows.at(row, 4));
    if (rests == 1 || rests == 2) is.rests = static_cast<cluster_signs::rest_kind>(rests);
    is.rests_since = instant(rows, row, 5).value_or(utc_time{});
    is.awake_since = instant(rows, row, 6).value_or(utc_time{});
    is.beat        = instant(rows, row, 7);
    is.event       = instant(rows, row, 8);
    if (!rows.is_null(row, 9)) is.gap = std::chrono::seconds{number_of(rows.at(row, 9))};
    is.drops   = trail_of(rows, row, 10);
    is.quota   = trail_of(rows, row, 13);
    is.rubbish = trail_of(rows, row, 16);
    is.refused = trail_of(rows, row, 19);
    return it;
}

}  // namespace

pg_sight_ledger::pg_sight_ledger(asio::any_io_executor loop, time_source& time, options opt)
    : loop_(std::move(loop)), time_(time), opt_(std::move(opt)) {
    opt_.postgres.statement_timeout = opt_.limit;
}

/// Whether it is we who judge.
task<result<bool>> pg_sight_ledger::hold() {
    if (!connection_ || !connection_->usable()) {
        ours_       = false;
        auto opened = co_await open_checked(loop_, time_, opt_.postgres);
        if (!opened) co_return std::move(opened).error();
        connection_ = std::move(*opened);
    }
    // A session may take it as often as it likes; once is enough.
    if (ours_) co_return true;
    auto rows = co_await connection_->query(take_lock, {}, opt_.limit);
    if (!rows) co_return std::move(rows).error();
    ours_ = rows->at(0, 0) == "t";
    co_return ours_;
}

task<result<void>> pg_sight_ledger::read_round(sight_records& into) {
    auto rows = co_await connection_->query(last_round, {}, opt_.limit);
    if (!rows) co_return std::move(rows).error();
    into.now           = micros_of(rows->at(0, 0));
    into.last_round    = instant(*rows, 0, 1);
    into.watched_since = instant(*rows, 0, 2).value_or(into.now);
    if (const auto since = instant(*rows, 0, 3))
        into.outage = sight_outage{*since, static_cast<std::size_t>(number_of(rows->at(0, 4)))};
    co_return result<void>{};
}

task<result<void>> pg_sight_ledger::read_clusters(sight_records& into) {
    pg_connection::params window{std::to_string(opt_.window.count())};
    auto rows = co_await connection_->query(signs_of_all, std::move(window), opt_.limit);
    if (!rows) co_return std::move(rows).error();
    into.clusters.reserve(static_cast<std::size_t>(rows->size()));
    for (int row = 0; row < rows->size(); ++row) into.clusters.push_back(record_of(*rows, row));
    co_return result<void>{};
}

task<result<std::optional<sight_records>>> pg_sight_ledger::look() {
    auto mine = co_await hold();
    if (!mine) co_return std::move(mine).error();
    if (!*mine) co_return std::optional<sight_records>{};
    pg_connection::params most{std::to_string(opt_.learn)};
    auto                  learned = co_await connection_->query(learn, std::move(most), opt_.limit);
    if (!learned) co_return std::move(learned).error().while_doing("learning clusters' rhythms");
    sight_records all;
    auto          round = co_await read_round(all);
    if (!round) co_return std::move(round).error().while_doing("looking at clusters");
    auto clusters = co_await read_clusters(all);
    if (!clusters) co_return std::move(clusters).error().while_doing("looking at clusters");
    co_return std::optional<sight_records>(std::move(all));
}

task<result<std::uint64_t>> pg_sight_ledger::keep(sight_round what) {
    // Whoever has lost his session has lost the lock with it.
    if (!ours_ || !connection_ || !connection_->usable())
        co_return failure{errc::conflict, "another replica may judge clusters now"};
    pg_array ids, whys, whens, resting, resting_from, awake_from, beats, events;
    for (const auto& each : what.clusters) {
        if (!each.seen) continue;
        ids.add(each.cluster);
        whys.add(static_cast<int>(each.seen->why));
        whens.add(micros(each.seen->since));
        resting.add(static_cast<int>(each.signs.rests));
        const bool rests = each.signs.rests != cluster_signs::rest_kind::none;
        resting_from.add(rests ? micros(each.signs.rests_since) : 0);
        awake_from.add(micros(each.signs.awake_since));
        beats.add(micros(each.signs.beat));
        events.add(micros(each.signs.event));
    }
    const auto            quiet = what.outage ? what.outage->clusters : 0;
    const auto            since = what.outage ? micros(what.outage->since) : 0;
    pg_connection::params values{
        std::to_string(micros(what.watched_since)),
        std::to_string(since),
        std::to_string(quiet),
        ids.text(),
        whys.text(),
        whens.text(),
        resting.text(),
        resting_from.text(),
        awake_from.text(),
        beats.text(),
        events.text()
    };
    auto rows = co_await connection_->query(put_down, std::move(values), opt_.limit);
    if (!rows) co_return std::move(rows).error().while_doing("keeping how clusters are seen");
    co_return static_cast<std::uint64_t>(number_of(rows->at(0, 0)));
}

}  // namespace falconer::store
