#include "pg_event_queries.hpp"

#include "event_rows.hpp"
#include "filter_sql.hpp"
#include "pg_bytes.hpp"
#include "rolled.hpp"

#include <algorithm>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

/// For what is found by an index.
constexpr auto soon = 5s;

constexpr std::string_view earliest_partition =
    "SELECT (extract(epoch FROM coalesce(min(to_date(substr(c.relname, 7), 'YYYYMMDD')), "
    "now()::date)) "
    "* 1000000)::int8 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    R"(WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$')";

constexpr std::string_view newest_first = " ORDER BY e.received DESC, e.id DESC, c.digest DESC";

utc_time latest(std::optional<utc_time> a, std::optional<utc_time> b, utc_time otherwise) {
    return std::max(a.value_or(otherwise), b.value_or(otherwise));
}

std::optional<utc_time> earliest(std::optional<utc_time> a, std::optional<utc_time> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

pg_event_queries::pg_event_queries(asio::any_io_executor loop, time_source& time, options opt)
    : time_(time), opt_(std::move(opt)), pool_(std::move(loop), time, opt_.pool) {}

/// The first day that has a place for events; their receipt is no earlier.
task<result<utc_time>> pg_event_queries::oldest_day(pg_connection& db) {
    auto rows = co_await reader_pool::ask(db, std::string(earliest_partition), {}, soon);
    if (!rows) co_return std::move(rows).error();
    co_return micros_of(rows->at(0, 0));
}

std::string pg_event_queries::prepared::rows() const {
    // OFFSET 0 is a fence: nobody walks the index of receipts for the order outside.
    if (by_cluster)
        return " FROM (SELECT e.* FROM falconer.event e WHERE " + condition +
               " OFFSET 0) e WHERE true";
    return " FROM falconer.event e WHERE " + condition;
}

/// By receipt one reads what others have received meanwhile; by the index of clusters all that
/// there is of them in the span, whatever its order. The roll-ups tell how much either is, a few
/// seconds late. PostgreSQL, who knows no single cluster's share, takes the former for a cluster
/// that has hardly anything, and reads it all.
task<result<void>> pg_event_queries::choose_way(
    pg_connection& db, const event_search& what, prepared& of, std::size_t need
) {
    constexpr double at_random = 3, most = 200'000;  // a row here and there; rows
    const auto       clusters = of_clusters(what.what);
    if (!clusters && what.who.everything) co_return result<void>{};
    statement  ask;
    const auto since = std::chrono::floor<std::chrono::days>(of.walk.oldest());
    const auto from  = ask.value(instant_text(since)),
               till  = ask.value(instant_text(of.walk.reached()));
    auto these       = condition_of(what.who, "e", ask);
    if (clusters) these += " AND " + condition_of(*clusters, ask);
    auto known = co_await ask.resolve(db, soon);
    if (!known) co_return std::move(known).error();
    auto sql = "SELECT coalesce(sum(e.count) FILTER (WHERE " + these +
               "), 0)::int8, coalesce(sum(e.count), 0)::int8, count(DISTINCT e.day) FROM "
               "falconer.rollup_day e WHERE e.day >= (" +
               from + "::timestamptz AT TIME ZONE 'UTC')::date AND e.day <= (" + till +
               "::timestamptz AT TIME ZONE 'UTC')::date";
    auto values = ask.values();
    auto rows   = co_await reader_pool::ask(db, std::move(sql), std::move(values), 500ms);
    // Not known in time: then it is a store of many clusters and days.
    if (!rows && rows.error().code == errc::timed_out && db.usable()) co_return result<void>{};
    if (!rows) co_return std::move(rows).error();
    const auto theirs = static_cast<double>(number_of(rows->at(0, 0)));
    const auto days   = static_cast<double>(std::max<std::int64_t>(number_of(rows->at(0, 2)), 1));
    const auto span =
        std::chrono::duration<double, std::ratio<86'400>>(of.walk.reached() - of.walk.oldest());
    const auto all = static_cast<double>(number_of(rows->at(0, 1))) *
                     std::min(1.0, span / std::chrono::days(1) / days);
    const auto passed = all * std::min(1.0, static_cast<double>(need) / std::max(theirs, 1.0));
    of.by_cluster     = theirs <= most && theirs * at_random < passed;
    if (of.by_cluster) of.walk.at_once();
    co_return result<void>{};
}

task<result<pg_event_queries::prepared>> pg_event_queries::prepare(
    pg_connection& db, event_search what, std::size_t need
) {
    const auto end    = time_.now() + what.patience;
    auto       oldest = co_await oldest_day(db);
    if (!oldest) co_return std::move(oldest).error();
    receipt_span inner;
    if (what.what) inner = span_of(*what.what);
    prepared it{
        .walk = window_walk(
            latest(what.when.since, inner.since, *oldest), earliest(what.when.until, inner.until),
            time_.utc()
        ),
        .end = end
    };
    it.ask.value("");
    it.ask.value("");
    it.condition = "e.received >= $1::timestamptz AND e.received < $2::timestamptz AND " +
                   condition_of(what.who, "e", it.ask);
    if (what.what) it.condition += " AND " + condition_of(*what.what, it.ask);
    auto known = co_await it.ask.resolve(db, what.patience + soon);
    if (!known) co_return std::move(known).error();
    auto chosen = co_await choose_way(db, what, it, need);
    if (!chosen) co_return std::move(chosen).error();
    co_return std::move(it);
}

std::chrono::milliseconds pg_event_queries::left_of(const prepared& of) const {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(of.end - time_.now()), 0ms);
}

task<result<std::optional<pg_rows>>> pg_event_queries::look(
    pg_connection& db, prepared& of, std::string sql
) {
    const auto window = of.walk.next();
    of.ask.set(1, instant_text(window.from));
    of.ask.set(2, window.open ? "infinity" : instant_text(window.before));
    // Half of what is left: should it take too long, something smaller still has a chance.
    const auto time   = [&] { return std::max(left_of(of) / 2, 50ms); };
    const auto limit  = time();
    const auto began  = time_.now();
    auto       values = of.ask.values();
    auto       rows   = co_await reader_pool::ask(db, std::move(sql), std::move(values), limit);
    if (rows) {
        of.share = std::chrono::duration<double>(time_.now() - began) / time();
        std::optional<pg_rows> got(std::move(*rows));
        co_return std::move(got);
    }
    if (rows.error().code != errc::timed_out || !db.usable()) co_return std::move(rows).error();
    if (std::exchange(of.by_cluster, false))  // there is more of them than was known
        of.walk.in_windows();
    else if (!of.walk.shrink())
        of.end = time_.now();
    co_return std::optional<pg_rows>{};
}

task<result<event_slice>> pg_event_queries::page(page_search what) {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    auto got = co_await walk_pages(**db, std::move(what));
    if (!got) co_return std::move(got).error().while_doing("searching events");
    co_return std::move(*got);
}

task<result<event_slice>> pg_event_queries::walk_pages(pg_connection& db, page_search what) {
    auto search = what.search;
    if (what.before) search.when.until = earliest(search.when.until, what.before->received + 1us);
    // Of what else is asked for few fit: it takes more to find as many.
    const auto need = search.what && !is_of_clusters(*search.what) ? 50 * what.limit : what.limit;
    auto       of   = co_await prepare(db, std::move(search), need);
    if (!of) co_return std::move(of).error();
    std::string behind;
    if (what.before)
        behind =
            " AND (e.received, e.id, encode(substr(c.digest, 1, 8), 'hex') COLLATE \"C\") < (" +
            of->ask.value(instant_text(what.before->received)) + "::timestamptz, " +
            of->ask.value(what.before->id.text()) + "::uuid, " +
            of->ask.value(what.before->cluster) + ")";
    const auto rest       = of->ask.value("");
    const auto rest_place = of->ask.values().size();
    const auto room       = of->ask.value("");
    const auto room_place = of->ask.values().size();
    const auto columns    = event_columns(what.whole_output ? "e.output" : "left(e.output, 1024)");
    const auto sql        = [&] {
        const auto newest = "SELECT e.*, c.digest AS named FROM (SELECT e.*" + of->rows() +
                            ") e JOIN falconer.cluster c ON c.id = e.cluster WHERE true" + behind +
                            std::string(newest_first) + " LIMIT " + rest + "::int8";
        return "SELECT " + columns + ", e.looked FROM " +
               events_counted(newest, "e.received DESC, e.id DESC, e.named DESC") +
               std::string(event_joins) + " WHERE " + is_within(room) + std::string(newest_first);
    };
    event_slice slice;
    const auto  most  = std::min(opt_.bytes, what.bytes);
    std::size_t bytes = 0;
    bool        full  = false;  // there are more in the window, but they would be too much
    while (!full && !of->walk.done() && slice.events.size() < what.limit && left_of(*of) > 0ms) {
        of->ask.set(rest_place, std::to_string(what.limit - slice.events.size()));
        of->ask.set(room_place, std::to_string(most - bytes));
        auto text = sql();
        auto rows = co_await look(db, *of, std::move(text));
        if (!rows) co_return std::move(rows).error();
        if (!*rows) continue;
        for (int row = 0; row < (*rows)->size(); ++row) {
            slice.events.push_back(event_of(**rows, row));
            slice.events.back().store  = opt_.name;
            bytes                     += size_of(slice.events.back());
        }
        full = looked_at(**rows) > static_cast<std::uint64_t>((*rows)->size());
        if (!full && slice.events.size() < what.limit) of->went();
        full = full || bytes >= most;
    }
    slice.reached = of->walk.reached();
    slice.end     = of->walk.done();
    if (!slice.events.empty() && (full || slice.events.size() >= what.limit)) {
        slice.reached = slice.events.back().at.received;
        slice.end     = false;
    }
    co_return slice;
}

task<result<std::vector<found_event>>> pg_event_queries::find(
    uuid id, std::optional<event_position> at, readable_clusters who
) {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    statement   ask;
    std::string where =
        "e.id = " + ask.value(id.text()) + "::uuid AND " + condition_of(who, "e", ask);
    if (at)
        where +=
            " AND e.received = " + ask.value(instant_text(at->received)) +
            "::timestamptz AND encode(substr(c.digest, 1, 8), 'hex') = " + ask.value(at->cluster);
    auto known = co_await ask.resolve(**db, soon);
    if (!known) co_return std::move(known).error();
    auto values = ask.values();
    auto sql = "SELECT " + event_columns() + " FROM falconer.event e" + std::string(event_joins) +
               " WHERE " + where + std::string(newest_first) + " LIMIT 20";
    auto rows = co_await reader_pool::ask(**db, std::move(sql), std::move(values), soon);
    if (!rows) co_return std::move(rows).error().while_doing("looking for an event");
    std::vector<found_event> all;
    for (int row = 0; row < rows->size(); ++row) {
        all.push_back(event_of(*rows, row));
        all.back().store = opt_.name;
    }
    co_return all;
}

task<result<std::optional<std::string>>> pg_event_queries::raw(event_position at) {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    pg_connection::params values{at.id.text(), instant_text(at.received), at.cluster};
    auto                  rows = co_await reader_pool::ask(
        **db,
        "SELECT encode(w.body, 'hex') FROM falconer.raw w JOIN falconer.cluster c ON c.id = "
                         "w.cluster "
                         "WHERE w.id = $1::uuid AND w.received = $2::timestamptz "
                         "AND encode(substr(c.digest, 1, 8), 'hex') = $3",
        std::move(values), soon
    );
    if (!rows) co_return std::move(rows).error().while_doing("reading an event's bytes");
    std::optional<std::string> body;
    if (rows->size() > 0) body = from_hex(rows->at(0, 0));
    co_return body;
}

}  // namespace falconer::store
