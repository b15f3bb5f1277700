// What is asked of triage.
#include "filter_sql.hpp"
#include "incidents/incident_rows.hpp"
#include "pg_array.hpp"
#include "pg_triage.hpp"
#include "queries/event_rows.hpp"
#include "queries/rolled.hpp"

#include <algorithm>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 5s;

// Keys as arrays: ids, receipts, clusters.
constexpr std::string_view keys =
    "(SELECT u.id, u.received, c.id AS cluster, u.digest FROM unnest($1::uuid[], "
    "$2::timestamptz[], $3::text[]) AS u (id, received, digest) JOIN falconer.cluster c ON "
    "encode(substr(c.digest, 1, 8), 'hex') = u.digest) k";

constexpr std::string_view how_they_stand =
    " SELECT k.id, (extract(epoch FROM k.received) * 1000000)::int8, k.digest, a.action, a.state, "
    "a.assignee, (extract(epoch FROM a.expires) * 1000000)::int8, w.who, w.reason, w.comment, "
    "(extract(epoch FROM w.at) * 1000000)::int8 FROM ";

constexpr std::string_view action_columns =
    "SELECT a.seq, a.id, (extract(epoch FROM a.at) * 1000000)::int8, a.who, a.what, a.state, "
    "a.assignee, (extract(epoch FROM a.expires) * 1000000)::int8, a.reason, a.comment, a.filter, "
    "a.events, a.undoes, a.suppression, ";

pg_connection::params arrays_of(const std::vector<event_position>& all) {
    pg_array ids, receipts, clusters;
    for (const auto& each : all) {
        ids.add(each.id.text());
        receipts.add(instant_text(each.received));
        clusters.add(each.cluster);
    }
    return {ids.text(), receipts.text(), clusters.text()};
}

event_position place_of(const pg_rows& rows, int row) {
    return {
        micros_of(rows.at(row, 1)), uuid::parse(rows.at(row, 0)).value_or(uuid{}),
        std::string(rows.at(row, 2))
    };
}

std::optional<utc_time> maybe_time(const pg_rows& rows, int row, int column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return micros_of(rows.at(row, column));
}

std::optional<uuid> maybe_uuid(const pg_rows& rows, int row, int column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return uuid::parse(rows.at(row, column));
}

triage_state state_of(std::string_view number) {
    return static_cast<triage_state>(std::clamp<std::int64_t>(number_of(number), 0, 5));
}

triage_action action_of(const pg_rows& rows, int row) {
    triage_action it;
    it.seq = number_of(rows.at(row, 0));
    it.id  = uuid::parse(rows.at(row, 1)).value_or(uuid{});
    it.at  = micros_of(rows.at(row, 2));
    it.who = rows.at(row, 3);
    const auto kind =
        std::ranges::find(triage_action_names, rows.at(row, 4)) - triage_action_names.begin();
    it.what = static_cast<triage_action::kind>(kind);
    const bool of_incidents =
        it.what == triage_action::kind::incident || it.what == triage_action::kind::reopen;
    if (!rows.is_null(row, 5) && of_incidents)
        it.incidents = incident_state_of_number(rows.at(row, 5));
    else if (!rows.is_null(row, 5))
        it.state = state_of(rows.at(row, 5));
    it.assignee    = maybe(rows, row, 6);
    it.expires     = maybe_time(rows, row, 7);
    it.reason      = rows.at(row, 8);
    it.comment     = rows.at(row, 9);
    it.filter      = rows.at(row, 10);
    it.events      = static_cast<std::uint64_t>(number_of(rows.at(row, 11)));
    it.undoes      = maybe_uuid(rows, row, 12);
    it.suppression = maybe_uuid(rows, row, 13);
    it.undone_by   = maybe_uuid(rows, row, 14);
    return it;
}

std::vector<triage_action> actions_of(const pg_rows& rows) {
    std::vector<triage_action> all;
    for (int row = 0; row < rows.size(); ++row) all.push_back(action_of(rows, row));
    return all;
}

}  // namespace

task<result<pg_rows>> pg_triage::read(
    std::string sql, pg_connection::params values, std::string_view doing
) {
    const std::string what(doing);
    auto              db = co_await reads_.pool_.borrow();
    if (!db) co_return std::move(db).error();
    auto rows = co_await reader_pool::ask(**db, std::move(sql), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing(what);
    co_return std::move(*rows);
}

task<result<assessments>> pg_triage::standing(std::vector<event_position> of) {
    assessments all;
    if (of.empty()) co_return all;
    auto sql = std::string(how_they_stand) + std::string(keys) +
               " JOIN falconer.assessment a ON a.id = k.id AND a.cluster = k.cluster AND "
               "a.received = k.received LEFT JOIN falconer.triage_action w ON w.seq = a.why";
    auto values = arrays_of(of);
    auto rows   = co_await read(std::move(sql), std::move(values), "reading assessments");
    if (!rows) co_return std::move(rows).error();
    for (int row = 0; row < rows->size(); ++row) {
        assessment it;
        it.action   = number_of(rows->at(row, 3));
        it.state    = state_of(rows->at(row, 4));
        it.assignee = maybe(*rows, row, 5);
        it.expires  = maybe_time(*rows, row, 6);
        it.who      = rows->at(row, 7);
        it.reason   = rows->at(row, 8);
        it.comment  = rows->at(row, 9);
        it.at       = maybe_time(*rows, row, 10);
        all.emplace(place_of(*rows, row), std::move(it));
    }
    co_return all;
}

task<result<std::vector<event_position>>> pg_triage::visible(
    std::vector<event_position> of, readable_clusters who
) {
    std::vector<event_position> all;
    if (of.empty()) co_return all;
    auto db = co_await reads_.pool_.borrow();
    if (!db) co_return std::move(db).error();
    statement ask;
    for (auto& each : arrays_of(of)) ask.value(std::move(each));
    auto sql = "SELECT k.id, (extract(epoch FROM k.received) * 1000000)::int8, k.digest FROM " +
               std::string(keys) +
               " CROSS JOIN LATERAL (SELECT e.cluster FROM falconer.event e WHERE e.received = "
               "k.received AND e.id = k.id AND e.cluster = k.cluster OFFSET 0) e WHERE " +
               condition_of(who, "e", ask);
    auto known = co_await ask.resolve(**db, patience);
    if (!known) co_return std::move(known).error();
    auto values = ask.values();
    auto rows   = co_await reader_pool::ask(**db, std::move(sql), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing("looking for events");
    for (int row = 0; row < rows->size(); ++row) all.push_back(place_of(*rows, row));
    co_return all;
}

task<result<found_places>> pg_triage::places(event_search what, std::size_t limit) {
    auto db = co_await reads_.pool_.borrow();
    if (!db) co_return std::move(db).error();
    auto of = co_await reads_.prepare(**db, std::move(what), limit);
    if (!of) co_return std::move(of).error().while_doing("looking for events");
    const auto rest  = of->ask.value("");
    const auto place = of->ask.values().size();
    const auto sql   = [&] {
        return "SELECT e.id, (extract(epoch FROM e.received) * 1000000)::int8, "
                 "encode(substr(c.digest, 1, 8), 'hex') FROM (SELECT e.id, e.received, e.cluster" +
               of->rows() + " ORDER BY e.received DESC, e.id DESC LIMIT " + rest +
               "::int8) e JOIN falconer.cluster c ON c.id = e.cluster";
    };
    found_places it;
    while (!of->walk.done() && it.places.size() <= limit && reads_.left_of(*of) > 0ms) {
        of->ask.set(place, std::to_string(limit + 1 - it.places.size()));
        auto text = sql();
        auto rows = co_await reads_.look(**db, *of, std::move(text));
        if (!rows) co_return std::move(rows).error().while_doing("looking for events");
        if (!*rows) continue;
        for (int row = 0; row < (*rows)->size(); ++row) it.places.push_back(place_of(**rows, row));
        if (it.places.size() <= limit) of->went();
    }
    std::ranges::sort(it.places, std::greater{});
    it.more = it.places.size() > limit;
    if (it.more) it.places.resize(limit);
    it.complete = it.more || of->walk.done();
    co_return it;
}

task<result<cluster_counts>> pg_triage::count(event_search what) {
    auto db = co_await reads_.pool_.borrow();
    if (!db) co_return std::move(db).error();
    const bool             rolled = is_rolled(what) && is_of_minutes(what.when);
    result<cluster_counts> got{cluster_counts{}};
    if (rolled)
        got = co_await count_rolled(**db, std::move(what));
    else
        got = co_await count_read(**db, std::move(what));
    if (!got) co_return std::move(got).error().while_doing("counting events");
    co_return std::move(*got);
}

task<result<cluster_counts>> pg_triage::count_rolled(pg_connection& db, event_search what) {
    statement ask;
    auto sql = "SELECT c.identity, g.count FROM (SELECT e.cluster, sum(e.count)::int8 AS count" +
               rolled_rows(what, ask) +
               " GROUP BY 1 HAVING sum(e.count) > 0) g JOIN falconer.cluster c ON c.id = g.cluster";
    auto known = co_await ask.resolve(db, patience);
    if (!known) co_return std::move(known).error();
    auto values = ask.values();
    auto rows   = co_await reader_pool::ask(db, std::move(sql), std::move(values), what.patience);
    if (!rows) co_return std::move(rows).error();
    cluster_counts it;
    for (int row = 0; row < rows->size(); ++row)
        it.by_cluster[std::string(rows->at(row, 0))] +=
            static_cast<std::uint64_t>(number_of(rows->at(row, 1)));
    co_return it;
}

task<result<cluster_counts>> pg_triage::count_read(pg_connection& db, event_search what) {
    auto of = co_await reads_.prepare(db, std::move(what), SIZE_MAX);
    if (!of) co_return std::move(of).error();
    const auto sql = [&] {
        return "SELECT c.identity, g.count FROM (SELECT e.cluster, count(*) AS count" + of->rows() +
               " GROUP BY 1) g JOIN falconer.cluster c ON c.id = g.cluster";
    };
    cluster_counts it;
    while (!of->walk.done() && reads_.left_of(*of) > 0ms) {
        auto text = sql();
        auto rows = co_await reads_.look(db, *of, std::move(text));
        if (!rows) co_return std::move(rows).error();
        if (!*rows) continue;
        for (int row = 0; row < (*rows)->size(); ++row)
            it.by_cluster[std::string((*rows)->at(row, 0))] +=
                static_cast<std::uint64_t>(number_of((*rows)->at(row, 1)));
        of->went();
    }
    it.exact = of->walk.done();
    if (!it.exact) it.reached = of->walk.reached();
    co_return it;
}

task<result<std::vector<triage_action>>> pg_triage::history(event_position of) {
    auto sql = std::string(action_columns) +
               "NULL, s.state, s.assignee, (extract(epoch FROM s.expires) * 1000000)::int8 FROM " +
               std::string(keys) +
               " JOIN falconer.assessment_step s ON s.id = k.id AND s.cluster = k.cluster AND "
               "s.received = k.received JOIN falconer.triage_action a ON a.seq = s.action ORDER BY "
               "a.seq";
    std::vector<event_position> one{std::move(of)};
    auto                        values = arrays_of(one);
    auto rows = co_await read(std::move(sql), std::move(values), "reading an event's history");
    if (!rows) co_return std::move(rows).error();
    auto all = actions_of(*rows);
    for (int row = 0; row < rows->size(); ++row) {
        auto& it    = all[static_cast<std::size_t>(row)];
        it.state    = state_of(rows->at(row, 15));
        it.assignee = maybe(*rows, row, 16);
        it.expires  = maybe_time(*rows, row, 17);
    }
    co_return all;
}

/// That all that an action was about is somebody's to see. Its projects' names are not enough: a
/// project of an earlier time, or of another landscape, may have had one of them.
std::string pg_triage::is_theirs(const readable_clusters& who, statement& ask) {
    if (who.everything) return "true";
    if (is_nobodys(who)) return "false";
    pg_array names, begun;
    for (const auto& each : who.projects) {
        const auto at = who.begun.find(each);
        names.add(each);
        begun.add(at == who.begun.end() ? "-infinity" : instant_text(at->second));
    }
    const auto theirs = ask.value(names.text()) + "::text[]";
    return "a.projects <@ " + theirs + " AND NOT EXISTS (SELECT FROM unnest(" + theirs + ", " +
           ask.value(begun.text()) +
           "::timestamptz[]) AS p (name, begun) WHERE p.name = ANY (a.projects) AND a.at < "
           "p.begun) AND NOT EXISTS (SELECT FROM falconer.assessment_step s WHERE s.action = a.seq "
           "AND NOT " +
           condition_of(who, "s", ask) +
           ") AND NOT EXISTS (SELECT FROM falconer.incident_step s WHERE s.action = a.seq AND "
           "NOT " +
           condition_of(who, "s", ask) + ")";
}

task<result<std::vector<triage_action>>> pg_triage::actions(action_search what) {
    auto db = co_await reads_.pool_.borrow();
    if (!db) co_return std::move(db).error();
    statement ask;
    auto      where = is_theirs(what.who, ask);
    if (what.id) where += " AND a.id = " + ask.value(what.id->text()) + "::uuid";
    if (what.suppression)
        where += " AND a.suppression = " + ask.value(what.suppression->text()) + "::uuid";
    if (what.before)
        where += " AND a.at < " + ask.value(instant_text(*what.before)) + "::timestamptz";
    auto sql =
        std::string(action_columns) +
        "(SELECT u.id FROM falconer.triage_action u WHERE u.undoes = a.id ORDER BY u.seq DESC "
        "LIMIT 1) FROM falconer.triage_action a WHERE " +
        where + " ORDER BY a.seq DESC LIMIT " + std::to_string(what.limit);
    auto known = co_await ask.resolve(**db, patience);
    if (!known) co_return std::move(known).error().while_doing("reading what was done");
    auto values = ask.values();
    auto rows   = co_await reader_pool::ask(**db, std::move(sql), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing("reading what was done");
    co_return actions_of(*rows);
}

task<result<std::vector<suppression>>> pg_triage::suppressions(std::optional<utc_time> holding) {
    std::string sql =
        "SELECT s.id, s.filter, coalesce(s.project, ''), coalesce(array_to_json(s.clusters)::text, "
        "'[]'), s.reason, s.owner, s.made_by, (extract(epoch FROM s.made_at) * 1000000)::int8, "
        "(extract(epoch FROM s.expires) * 1000000)::int8, (extract(epoch FROM s.lifted) * "
        "1000000)::int8 FROM falconer.suppression s";
    pg_connection::params values;
    if (holding) {
        sql += " WHERE s.lifted IS NULL AND s.expires > $1::timestamptz";
        values.push_back(instant_text(*holding));
    }
    sql       += " ORDER BY s.seq DESC LIMIT 1000";
    auto rows  = co_await read(std::move(sql), std::move(values), "reading suppressions");
    if (!rows) co_return std::move(rows).error();
    std::vector<suppression> all;
    for (int row = 0; row < rows->size(); ++row) {
        suppression it;
        it.id           = uuid::parse(rows->at(row, 0)).value_or(uuid{});
        it.filter       = rows->at(row, 1);
        it.project      = rows->at(row, 2);
        const auto list = parse_json(rows->at(row, 3));
        if (list)
            for (const auto& each : list->items())
                if (const auto* text = each.text()) it.clusters.push_back(*text);
        it.reason  = rows->at(row, 4);
        it.owner   = rows->at(row, 5);
        it.made_by = rows->at(row, 6);
        it.made    = micros_of(rows->at(row, 7));
        it.expires = micros_of(rows->at(row, 8));
        it.lifted  = maybe_time(*rows, row, 9);
        all.push_back(std::move(it));
    }
    co_return all;
}

}  // namespace falconer::store
