// How clusters fare, what was kept aside, and which names there are.
#include "event_rows.hpp"
#include "filter_sql.hpp"
#include "pg_bytes.hpp"
#include "pg_event_queries.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;

// Of each cluster of the page, by indexes that begin with the cluster.
constexpr std::string_view of_the_page = R"(
SELECT (extract(epoch FROM p.first_seen) * 1000000)::int8, (extract(epoch FROM p.last) * 1000000)::int8,
       (SELECT coalesce(sum(u.count), 0) FROM falconer.rollup u
        WHERE u.cluster = p.id AND u.minute >= now() - interval '24 hours')::int8,
       (SELECT y.daily_events FROM falconer.cluster_policy y WHERE y.identity = p.identity),
       (SELECT q.ordinary FROM falconer.quota_state q WHERE q.cluster = p.id),
       EXISTS (SELECT FROM lost l WHERE l.cluster = p.id AND l.cause = 1 AND l.lately),
       (SELECT count(*) FROM falconer.quarantine k WHERE k.cluster = p.id AND k.replayed IS NULL),
       (SELECT coalesce(sum(l.count), 0) FROM lost l WHERE l.cluster = p.id AND l.cause = 1)::int8,
       (SELECT coalesce(sum(l.count), 0) FROM lost l WHERE l.cluster = p.id AND l.cause = 2)::int8,
       (SELECT coalesce(sum(l.count), 0) FROM lost l WHERE l.cluster = p.id AND l.cause = 3)::int8,
       (SELECT coalesce(sum(l.count), 0) FROM lost l WHERE l.cluster = p.id AND l.cause = 4)::int8,
       p.identity, p.landscape, p.project, p.name, (extract(epoch FROM p.first_seen) * 1000000)::int8,
       s.reason, (extract(epoch FROM s.since) * 1000000)::int8
FROM page p LEFT JOIN falconer.sight s ON s.cluster = p.id ORDER BY p.last DESC, p.identity COLLATE "C" DESC)";

constexpr std::string_view aside_columns =
    "q.id, (extract(epoch FROM q.received) * 1000000)::int8, q.about, q.reason, "
    "octet_length(q.body), "
    "(extract(epoch FROM q.replayed) * 1000000)::int8, encode(substr(c.digest, 1, 8), 'hex'), ";

std::string aside_question(std::string_view more) {
    return "SELECT " + std::string(aside_columns) + std::string(cluster_columns) +
           std::string(more) +
           " FROM falconer.quarantine q JOIN falconer.cluster c ON c.id = q.cluster WHERE ";
}

aside_body aside_of(const pg_rows& rows, int row) {
    aside_body it;
    it.id       = number_of(rows.at(row, 0));
    it.received = micros_of(rows.at(row, 1));
    it.about    = rows.at(row, 2);
    it.reason   = rows.at(row, 3);
    it.size     = static_cast<std::uint64_t>(number_of(rows.at(row, 4)));
    if (!rows.is_null(row, 5)) it.replayed = micros_of(rows.at(row, 5));
    it.digest  = rows.at(row, 6);
    it.cluster = cluster_of(rows, row, 7);
    return it;
}

cluster_state state_of(const pg_rows& rows, int row) {
    const auto count = [&](int column) {
        return static_cast<std::uint64_t>(number_of(rows.at(row, column)));
    };
    cluster_state it;
    it.first_seen = micros_of(rows.at(row, 0));
    if (const auto last = micros_of(rows.at(row, 1)); last != utc_time{}) it.last_event = last;
    it.events_24h = count(2);
    if (!rows.is_null(row, 3)) it.daily_events = number_of(rows.at(row, 3));
    if (!rows.is_null(row, 4)) it.quota_left = std::stod(std::string(rows.at(row, 4)));
    it.over_quota  = rows.at(row, 5) == "t";
    it.quarantined = count(6);
    for (int cause = 0; cause < 4; ++cause)
        it.lost[static_cast<std::size_t>(cause)] = count(7 + cause);
    it.name = cluster_of(rows, row, 11);
    if (!rows.is_null(row, 16) && !rows.is_null(row, 17))
        if (const auto why = sight_reason_of(static_cast<int>(number_of(rows.at(row, 16)))))
            it.seen = sight{*why, micros_of(rows.at(row, 17))};
    return it;
}

}  // namespace

task<result<utc_time>> pg_event_queries::oldest() {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    co_return co_await oldest_day(**db);
}

task<result<std::vector<cluster_state>>> pg_event_queries::clusters(cluster_search what) {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    statement   ask;
    std::string page =
        "WITH heard AS (SELECT d.cluster, max(d.last) AS last FROM (SELECT cluster, last FROM "
        "falconer.rollup_day UNION ALL SELECT u.cluster, to_timestamp(u.minute * 60.0) FROM "
        "falconer.batch b, "
        "unnest(b.minutes, b.clusters) AS u (minute, cluster) WHERE b.xid >= (SELECT f.xid FROM "
        "falconer.follower f WHERE f.name = 'rollup')) d GROUP BY 1), page AS MATERIALIZED (SELECT "
        "e.* FROM "
        "(SELECT c.*, c.id AS cluster, coalesce(h.last, 'epoch'::timestamptz) AS last FROM "
        "falconer.cluster c "
        "LEFT JOIN heard h ON h.cluster = c.id) e WHERE " +
        condition_of(what.who, "e", ask);
    if (!what.text.empty())
        page += " AND strpos(lower(e.identity COLLATE \"C\"), " +
                ask.value(filter::lowered(what.text)) + ") > 0";
    if (what.before)
        page += " AND (e.last, e.identity COLLATE \"C\") < (" +
                ask.value(instant_text(what.before->last)) + "::timestamptz, " +
                ask.value(what.before->identity) + ")";
    page += " ORDER BY e.last DESC, e.identity COLLATE \"C\" DESC LIMIT " +
            std::to_string(what.limit) +
            "), lost AS MATERIALIZED (SELECT y.cluster, y.cause, y.count, y.minute >= now() - "
            "interval '1 hour' "
            "AS lately FROM falconer.tally y WHERE y.minute >= now() - interval '24 hours' AND "
            "y.cluster IN "
            "(SELECT id FROM page))";
    auto known = co_await ask.resolve(**db, patience);
    if (!known) co_return std::move(known).error();
    auto values  = ask.values();
    page        += of_the_page;
    auto rows    = co_await reader_pool::ask(**db, std::move(page), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing("looking at clusters");
    std::vector<cluster_state> all;
    for (int row = 0; row < rows->size(); ++row) all.push_back(state_of(*rows, row));
    co_return all;
}

task<result<std::vector<aside_body>>> pg_event_queries::aside(aside_search what) {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    statement   ask;
    std::string sql = aside_question("") + condition_of(what.who, "q", ask);
    if (!what.cluster.empty()) sql += " AND c.identity = " + ask.value(what.cluster);
    if (what.since)
        sql += " AND q.received >= " + ask.value(instant_text(*what.since)) + "::timestamptz";
    if (what.before) sql += " AND q.id < " + ask.value(std::to_string(*what.before)) + "::int8";
    if (!what.replayed_too) sql += " AND q.replayed IS NULL";
    sql        += " ORDER BY q.id DESC LIMIT " + std::to_string(what.limit);
    auto known  = co_await ask.resolve(**db, patience);
    if (!known) co_return std::move(known).error();
    auto values = ask.values();
    auto rows   = co_await reader_pool::ask(**db, std::move(sql), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing("listing the quarantine");
    std::vector<aside_body> all;
    for (int row = 0; row < rows->size(); ++row) all.push_back(aside_of(*rows, row));
    co_return all;
}

task<result<aside_body>> pg_event_queries::aside_one(std::int64_t id, readable_clusters who) {
    auto db = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    statement   ask;
    std::string sql = aside_question(", encode(q.body, 'hex')") + condition_of(who, "q", ask) +
                      " AND q.id = " + ask.value(std::to_string(id)) + "::int8";
    auto known = co_await ask.resolve(**db, patience);
    if (!known) co_return std::move(known).error();
    auto values = ask.values();
    auto rows   = co_await reader_pool::ask(**db, std::move(sql), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing("reading the quarantine");
    if (rows->size() == 0)
        co_return failure{errc::not_found, "there is no quarantined body " + std::to_string(id)};
    auto it = aside_of(*rows, 0);
    it.body = from_hex(rows->at(0, rows->columns() - 1));
    co_return it;
}

task<result<std::vector<std::string>>> pg_event_queries::field_names(readable_clusters who) {
    constexpr int enough = 300;  // events
    auto          db     = co_await pool_.borrow();
    if (!db) co_return std::move(db).error();
    event_search search;
    search.who = std::move(who);
    auto of    = co_await prepare(**db, std::move(search), enough);
    if (!of) co_return std::move(of).error();
    const auto sql = [&] {
        return "WITH m AS MATERIALIZED (SELECT e.output_fields" + of->rows() +
               " ORDER BY e.received DESC LIMIT " + std::to_string(enough) +
               ") SELECT DISTINCT k, (SELECT count(*) FROM m) FROM m, "
               "jsonb_object_keys(m.output_fields) k WHERE octet_length(k) <= 256 LIMIT 1000";
    };
    std::set<std::string> names;
    std::int64_t          seen = 0;
    while (!of->walk.done() && seen < enough && left_of(*of) > 0ms) {
        auto text = sql();
        auto rows = co_await look(**db, *of, std::move(text));
        if (!rows) co_return std::move(rows).error().while_doing("looking for names of fields");
        if (!*rows) continue;
        for (int row = 0; row < (*rows)->size(); ++row) names.emplace((*rows)->at(row, 0));
        if ((*rows)->size() > 0) seen += number_of((*rows)->at(0, 1));
        of->went();
    }
    co_return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace falconer::store
