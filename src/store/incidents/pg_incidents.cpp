#include "pg_incidents.hpp"

#include "filter_sql.hpp"
#include "incidents/incident_rows.hpp"
#include "pg_array.hpp"
#include "queries/event_rows.hpp"

#include <algorithm>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 5s, to_write = 30s;

/// Parameters are never null here; an empty one stands for it where it can be none.
constexpr auto act_call =
    "SELECT incidents, changed, changed_by, (extract(epoch FROM changed_at) * 1000000)::int8 FROM "
    "falconer.act_on_incidents($1::uuid, $2, $3::uuid[], $4::int8[], nullif($5, '')::int2, CASE "
    "WHEN $6 = 'to' THEN $7 END, $8, $9)";

// The asker's cluster first, then the one that was the first.
constexpr auto sightings =
    ", (extract(epoch FROM s.first) * 1000000)::int8, (extract(epoch FROM s.last) * "
    "1000000)::int8, s.count, count(*) OVER () FROM falconer.sighting s JOIN falconer.cluster c ON "
    "c.id = s.cluster JOIN falconer.text r ON r.id = s.rule WHERE r.kind = 1 AND r.digest = "
    "sha256(convert_to($1, 'UTF8')) AND s.image = left($2, 256) AND ";

constexpr auto known_since =
    "SELECT (extract(epoch FROM f.since) * 1000000)::int8 FROM falconer.follower f WHERE f.name = "
    "'incident'";

std::string hour_text(utc_time t) {
    return std::to_string(std::chrono::floor<std::chrono::hours>(t.time_since_epoch()).count());
}

std::string states_of(std::uint8_t mask) {
    std::string any;
    for (int state = 0; state < 5; ++state)
        if ((mask >> state & 1) != 0) any += (any.empty() ? "" : ", ") + std::to_string(state);
    return any.empty() ? "-1" : any;
}

}  // namespace

pg_incidents::pg_incidents(
    asio::any_io_executor loop, time_source& time, pg_event_queries& reads, pg_options writer
)
    : reads_(reads), writer_(std::move(loop), time, std::move(writer), to_write) {}

task<result<std::vector<incident>>> pg_incidents::read(std::string sql, statement ask) {
    auto db = co_await reads_.pool_.borrow();
    if (!db) co_return std::move(db).error();
    auto known = co_await ask.resolve(**db, patience);
    if (!known) co_return std::move(known).error().while_doing("reading incidents");
    auto values = ask.values();
    auto rows   = co_await reader_pool::ask(**db, std::move(sql), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing("reading incidents");
    std::vector<incident> all;
    for (int row = 0; row < rows->size(); ++row) all.push_back(incident_of(*rows, row));
    co_return all;
}

task<result<std::vector<incident>>> pg_incidents::incidents(incident_search what) {
    statement   ask;
    std::string where = condition_of(what.who, "i", ask);
    // Who does not ask for open ones asks for rows of which there are few.
    const bool with_open = (what.states & 1U) != 0;
    if (what.states != 0)
        where += std::string(" AND ") + (with_open ? "coalesce(s.state, 0)" : "s.state") + " IN (" +
                 states_of(what.states) + ")";
    if (what.assignee) where += " AND s.assignee = " + ask.value(*what.assignee);
    if (what.since)
        where += " AND i.hour >= " + ask.value(hour_text(*what.since)) +
                 "::int4 AND i.last >= " + ask.value(instant_text(*what.since)) + "::timestamptz";
    if (what.before)
        where += " AND i.hour <= " + ask.value(hour_text(what.before->last)) +
                 "::int4 AND (i.last, i.id) < (" + ask.value(instant_text(what.before->last)) +
                 "::timestamptz, " + ask.value(what.before->id.text()) + "::uuid)";
    if (what.but) where += " AND i.id <> " + ask.value(what.but->text()) + "::uuid";
    if (what.what) where += " AND " + condition_of(*what.what, ask);
    const auto rows =
        "SELECT i.* FROM falconer.incident i LEFT JOIN falconer.incident_standing s "
        "ON s.incident = i.id" +
        std::string(what.what ? as_event : "") + " WHERE " + where +
        " ORDER BY i.hour DESC, i.last DESC, i.id DESC LIMIT " + std::to_string(what.limit);
    auto sql = incidents_of(rows, ask.value(hour_text(what.hours_from)));
    co_return co_await read(std::move(sql), std::move(ask));
}

task<result<std::vector<incident>>> pg_incidents::find(
    std::vector<uuid> ids, readable_clusters who, utc_time hours_from
) {
    statement ask;
    pg_array  which;
    for (const auto& each : ids) which.add(each.text());
    const auto these = ask.value(which.text());
    const auto rows  = "SELECT i.* FROM falconer.incident i WHERE i.id = ANY (" + these +
                      "::uuid[]) AND " + condition_of(who, "i", ask);
    auto sql = incidents_of(rows, ask.value(hour_text(hours_from)));
    co_return co_await read(std::move(sql), std::move(ask));
}

task<result<std::vector<triage_action>>> pg_incidents::story(uuid id) {
    auto db = co_await reads_.pool_.borrow();
    if (!db) co_return std::move(db).error();
    pg_connection::params values{id.text()};
    auto                  rows = co_await reader_pool::ask(
        **db,
        "SELECT a.seq, a.id, (extract(epoch FROM a.at) * 1000000)::int8, a.who, a.what, t.state, "
                         "a.assignee, a.reason, a.comment FROM falconer.incident_step t JOIN "
                         "falconer.triage_action a ON a.seq = t.action WHERE t.incident = $1::uuid ORDER BY "
                         "a.seq DESC LIMIT 500",
        std::move(values), patience
    );
    if (!rows) co_return std::move(rows).error().while_doing("reading an incident's story");
    std::vector<triage_action> all;
    for (int row = rows->size() - 1; row >= 0; --row) {
        triage_action it;
        it.seq       = number_of(rows->at(row, 0));
        it.id        = uuid::parse(rows->at(row, 1)).value_or(uuid{});
        it.at        = micros_of(rows->at(row, 2));
        it.who       = rows->at(row, 3);
        it.what      = rows->at(row, 4) == name_of(triage_action::kind::reopen)
                           ? triage_action::kind::reopen
                           : triage_action::kind::incident;
        it.incidents = incident_state_of_number(rows->at(row, 5));
        it.assignee  = maybe(*rows, row, 6);
        it.reason    = rows->at(row, 7);
        it.comment   = rows->at(row, 8);
        all.push_back(std::move(it));
    }
    co_return all;
}

task<result<std::uint64_t>> pg_incidents::act(incident_order what) {
    pg_array    ids;
    std::string seen = "{";  // may hold nulls
    for (const auto& each : what.incidents) {
        ids.add(each.id.text());
        if (seen.size() > 1) seen += ',';
        seen += each.seen ? std::to_string(*each.seen) : "NULL";
    }
    seen += '}';
    pg_connection::params values{what.id.text(), what.who, ids.text(), seen};
    values.push_back(what.state ? std::to_string(static_cast<int>(*what.state)) : "");
    values.emplace_back(what.assignee ? "to" : "");
    values.push_back(what.assignee.value_or(""));
    values.push_back(what.reason);
    values.push_back(what.comment);
    auto rows = co_await writer_.write(act_call, std::move(values));
    if (!rows) co_return std::move(rows).error().while_doing("changing incidents");
    if (number_of(rows->at(0, 1)) > 0)
        co_return failure{
            errc::conflict, std::string(rows->at(0, 2)) + " has changed " +
                                std::string(rows->at(0, 1)) + " of them meanwhile, the last at " +
                                instant_text(micros_of(rows->at(0, 3)))
        };
    co_return static_cast<std::uint64_t>(number_of(rows->at(0, 0)));
}

task<result<image_history>> pg_incidents::first_seen(
    std::string rule, std::string image, std::string cluster, readable_clusters who
) {
    auto db = co_await reads_.pool_.borrow();
    if (!db) co_return std::move(db).error();
    auto since = co_await reader_pool::ask(**db, std::string(known_since), {}, patience);
    if (!since)
        co_return std::move(since).error().while_doing("looking since when images are known");
    image_history it;
    if (since->size() > 0) it.since = micros_of(since->at(0, 0));
    statement ask;
    ask.value(std::move(rule));
    ask.value(std::move(image));
    auto sql = "SELECT " + std::string(cluster_columns) + sightings + condition_of(who, "s", ask) +
               " ORDER BY c.identity = " + ask.value(cluster) +
               " DESC, s.first, c.identity LIMIT 2";
    auto known = co_await ask.resolve(**db, patience);
    if (!known) co_return std::move(known).error().while_doing("looking when an image did that");
    auto values = ask.values();
    auto rows   = co_await reader_pool::ask(**db, std::move(sql), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing("looking when an image did that");
    for (int row = 0; row < rows->size(); ++row) {
        image_history::sighting one;
        one.cluster = cluster_of(*rows, row, 0);
        one.first   = micros_of(rows->at(row, 5));
        one.last    = micros_of(rows->at(row, 6));
        one.count   = static_cast<std::uint64_t>(number_of(rows->at(row, 7)));
        it.clusters = static_cast<std::uint64_t>(number_of(rows->at(row, 8)));
        if (one.cluster.identity == cluster) it.here = one;
        if (!it.earliest || one.first < it.earliest->first) it.earliest = std::move(one);
    }
    co_return it;
}

}  // namespace falconer::store
