// Following the store by its batches. Why by transactions: migrations/0006_following.sql.
#include "event_rows.hpp"
#include "filter_sql.hpp"
#include "pg_array.hpp"
#include "pg_event_queries.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto          patience  = 10s;
constexpr std::uint64_t most_news = 1000;                  // events at a time
constexpr auto          kept      = std::chrono::days(6);  // batches are, for a day more
constexpr std::int64_t  most_rest = 100'000;               // batches before the newest thousand
/// An event is usually received so long before its batch begins, at the most.
constexpr auto usual_wait = 10s;

/// The newest batches, a row each, and what is in those before them. Whoever comes from a place of
/// days ago has millions behind them: so many are counted, not fetched, and no more than
/// `most_rest`.
constexpr std::string_view new_batches = R"(
WITH s AS MATERIALIZED (
    SELECT CASE WHEN t.till IS NULL THEN pg_snapshot_xmin(pg_current_snapshot())
                ELSE greatest($1::xid8, t.till) END AS x,
           greatest($1::xid8, t.till) > pg_snapshot_xmax(pg_current_snapshot()) AS other
    FROM (SELECT nullif($2, '')::xid8 AS till) t),
newest AS MATERIALIZED (
    SELECT b.* FROM falconer.batch b WHERE b.xid >= $1::xid8 AND b.xid < (SELECT x FROM s)
    ORDER BY b.xid DESC, b.seq DESC LIMIT 1000),
rest AS MATERIALIZED (
    SELECT count(*) AS batches, coalesce(sum(r.events), 0)::int8 AS events
    FROM (SELECT (SELECT sum(n) FROM unnest(b.counts) n) AS events FROM falconer.batch b
          WHERE b.xid >= $1::xid8 AND b.xid < (SELECT x FROM s)
          ORDER BY b.xid DESC, b.seq DESC OFFSET 1000 LIMIT $3::int8) r)
SELECT s.x::text, b.seq, (SELECT sum(n) FROM unnest(b.counts) n)::int8,
       (extract(epoch FROM b.at) * 1000000)::int8,
       (SELECT min(m) FROM unnest(b.minutes) m), (SELECT max(m) FROM unnest(b.minutes) m),
       s.other, rest.events, rest.batches
FROM s CROSS JOIN rest LEFT JOIN newest b ON true ORDER BY b.xid DESC, b.seq DESC)";

/// "XID.SECONDS": how far, and when that was.
std::string place_text(std::string_view xid, utc_time now) {
    return std::string(xid) + '.' +
           std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
}

struct place {
    std::string xid{};
    utc_time    at{};
};

std::optional<place> place_of(std::string_view text) {
    const auto point = text.find('.');
    if (point == text.npos || point == 0 || point > 19) return std::nullopt;
    const auto xid = text.substr(0, point), rest = text.substr(point + 1);
    if (xid.find_first_not_of("0123456789") != xid.npos) return std::nullopt;
    std::int64_t seconds   = 0;
    const auto [at, wrong] = std::from_chars(rest.data(), rest.data() + rest.size(), seconds);
    if (wrong != std::errc{} || at != rest.data() + rest.size() || seconds < 0 ||
        seconds > 9'000'000'000)
        return std::nullopt;
    return place{std::string(xid), utc_time{std::chrono::seconds{seconds}}};
}

/// Batches that are told, and when their events may have been received.
struct told {
    pg_array      seqs{};
    std::uint64_t events = 0, skipped = 0;
    utc_time      since = utc_time::max(), usual = utc_time::max(), until = utc_time::min();
};

told newest_of(const pg_rows& rows) {
    told it;
    it.skipped = static_cast<std::uint64_t>(number_of(rows.at(0, 7)));
    for (int row = 0; row < rows.size(); ++row) {
        if (rows.is_null(row, 1)) continue;
        const auto count = static_cast<std::uint64_t>(number_of(rows.at(row, 2)));
        if (it.events >= most_news) {
            it.skipped += count;
            continue;
        }
        const auto minute = [&](int column) {
            return utc_time{std::chrono::minutes{number_of(rows.at(row, column))}};
        };
        it.seqs.add(number_of(rows.at(row, 1)));
        it.events += count;
        it.usual = std::min(it.usual, std::max(micros_of(rows.at(row, 3)) - usual_wait, minute(4)));
        it.since = std::min(it.since, minute(4));
        it.until = std::max(it.until, minute(5) + 1min);
    }
    return it;
}

}  // namespace

task<result<std::string>> pg_event_queries::position() {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    auto rows = co_await reader_pool::ask(
        **db, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text", {}, patience
    );
    if (!rows) co_return std::move(rows).error().while_doing("looking where the store is");
    co_return place_text(rows->at(0, 0), time_.utc());
}

task<result<news>> pg_event_queries::follow(
    std::string position, std::optional<std::string> until
) {
    const auto from = place_of(position), till = place_of(until.value_or(position));
    if (!from || !till) co_return failure{errc::malformed, "no position in a store"};
    if (from->at + kept < time_.utc()) co_return failure{errc::expired, "too long ago"};
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    pg_connection::params values{
        from->xid, until ? till->xid : std::string(), std::to_string(most_rest)
    };
    auto batches =
        co_await reader_pool::ask(**db, std::string(new_batches), std::move(values), patience);
    if (!batches) co_return std::move(batches).error().while_doing("following the store");
    if (batches->at(0, 6) == "t") co_return failure{errc::expired, "of another server"};
    if (number_of(batches->at(0, 8)) >= most_rest)
        co_return failure{errc::expired, "too much has come since"};
    const auto which = newest_of(*batches);
    news       it{.position = place_text(batches->at(0, 0), time_.utc()), .skipped = which.skipped};
    if (until) it.position = batches->at(0, 0) == till->xid ? *until : position;
    // Hardly any event waited for long; if the counts say that some did, they are looked for.
    for (const auto since : {which.usual, which.since}) {
        if (which.events == 0) break;
        pg_connection::params ask{
            which.seqs.text(), instant_text(since), instant_text(which.until),
            std::to_string(opt_.bytes)
        };
        const auto newest =
            "SELECT e.* FROM falconer.event e WHERE e.batch = ANY ($1::int8[]) AND e.received >= "
            "$2::timestamptz AND e.received < $3::timestamptz ORDER BY e.received DESC LIMIT " +
            std::to_string(most_news);
        auto sql = "SELECT " + event_columns("left(e.output, 1024)") + ", e.looked FROM " +
                   events_counted(newest, "e.received DESC, e.id DESC") + std::string(event_joins) +
                   " WHERE " + is_within("$4") + " ORDER BY e.received, e.id";
        auto rows = co_await reader_pool::ask(**db, std::move(sql), std::move(ask), patience);
        if (!rows) co_return std::move(rows).error().while_doing("following the store");
        it.events.clear();
        for (int row = 0; row < rows->size(); ++row) {
            it.events.push_back(event_of(*rows, row));
            it.events.back().store = opt_.name;
        }
        if (looked_at(*rows) >= std::min(which.events, most_news)) break;
    }
    it.skipped += which.events - std::min<std::uint64_t>(which.events, it.events.size());
    co_return it;
}

}  // namespace falconer::store
