#include "pg_alert_store.hpp"

#include "alerts/alert_rows.hpp"
#include "falconer/log.hpp"
#include "filter_sql.hpp"
#include "pg_array.hpp"
#include "queries/event_rows.hpp"
#include "schema_check.hpp"

#include <set>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;

constexpr auto hold_call =
    "SELECT ours, xid, within, step, edition, lost FROM falconer.hold_alerts($1::int4, $2::uuid, "
    "make_interval(secs => $3::float8))";

/// Batches that nobody can overtake any more, about so many events; one there is always.
constexpr auto next_batches = R"(
WITH next AS MATERIALIZED (
    SELECT b.xid, b.seq, b.at, b.minutes, (SELECT sum(n) FROM unnest(b.counts) n) AS events FROM falconer.batch b
    WHERE (b.xid, b.seq) >= ($1::xid8, $2::int8) AND b.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY b.xid, b.seq LIMIT 1001),
sized AS (
    SELECT n.*, row_number() OVER (ORDER BY n.xid, n.seq) AS place,
           coalesce(sum(n.events) OVER (ORDER BY n.xid, n.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS ahead
    FROM next n),
taken AS MATERIALIZED (SELECT * FROM sized WHERE ahead < $3::int8 AND place <= 1000)
SELECT coalesce(array_agg(t.seq ORDER BY t.place), '{}'), (array_agg(t.xid ORDER BY t.place DESC))[1],
       (array_agg(t.seq ORDER BY t.place DESC))[1], min((SELECT min(m) FROM unnest(t.minutes) m)),
       max((SELECT max(m) FROM unnest(t.minutes) m)), coalesce(sum(t.events), 0)::int8,
       count(*) < (SELECT count(*) FROM next),
       greatest(extract(epoch FROM clock_timestamp() - min(t.at)), 0)::int8
FROM taken t)";

constexpr auto cells_of = R"(
SELECT DISTINCT u.cluster, u.rule, u.priority
FROM falconer.batch b, unnest(b.clusters, b.rules, b.priorities) AS u (cluster, rule, priority)
WHERE (b.xid, b.seq) >= ($1::xid8, $2::int8) AND b.xid <= $3::xid8 AND b.seq = ANY ($4::int8[]))";

/// "{1,2,3}", as PostgreSQL writes it.
std::vector<std::int64_t> numbers_of(std::string_view array) {
    std::vector<std::int64_t> all;
    array = array.substr(1, array.size() - 2);
    while (!array.empty()) {
        const auto comma = array.find(',');
        all.push_back(number_of(array.substr(0, comma)));
        if (comma == array.npos) break;
        array.remove_prefix(comma + 1);
    }
    return all;
}

/// Three arrays of the same length.
struct cell_arrays {
    pg_array clusters{}, rules{}, levels{};

    explicit cell_arrays(const std::vector<alerts::event_cell>& of) {
        for (const auto& each : of) {
            clusters.add(each.cluster);
            rules.add(each.rule);
            levels.add(static_cast<int>(each.level));
        }
    }
};

}  // namespace

pg_alert_store::pg_alert_store(asio::any_io_executor loop, time_source& time, options opt)
    : loop_(std::move(loop)), time_(time), opt_(std::move(opt)) {
    opt_.postgres.statement_timeout = patience;
}

task<result<pg_rows>> pg_alert_store::ask(
    std::string sql, pg_connection::params values, const char* doing
) {
    if (!connection_ || !connection_->usable()) {
        auto opened = co_await open_checked(loop_, time_, opt_.postgres);
        if (!opened) co_return std::move(opened).error().while_doing(doing);
        connection_    = std::move(*opened);
        auto listening = co_await connection_->query("LISTEN falconer_alert_edition", {}, patience);
        if (!listening) co_return std::move(listening).error().while_doing(doing);
    }
    auto rows = co_await connection_->query(std::move(sql), std::move(values), patience);
    if (!rows) co_return std::move(rows).error().while_doing(doing);
    co_return std::move(*rows);
}

task<result<alerts::alert_hold>> pg_alert_store::hold(
    int shard, uuid me, std::chrono::milliseconds lease
) {
    pg_connection::params values{
        std::to_string(shard), me.text(),
        std::to_string(std::chrono::duration<double>(lease).count())
    };
    auto rows = co_await ask(hold_call, std::move(values), "holding a shard of alerts");
    if (!rows) co_return std::move(rows).error();
    alerts::alert_hold hold;
    hold.ours    = rows->at(0, 0) == "t";
    hold.edition = number_of(rows->at(0, 4));
    hold.lost    = rows->at(0, 5) == "t";
    if (!hold.ours) co_return hold;
    hold.progress.xid    = rows->at(0, 1);
    hold.progress.within = number_of(rows->at(0, 2));
    hold.progress.step   = number_of(rows->at(0, 3));
    co_return hold;
}

task<result<void>> pg_alert_store::release(int shard, uuid me) {
    pg_connection::params values{std::to_string(shard), me.text()};
    auto                  done = co_await ask(
        "SELECT falconer.release_alerts($1::int4, $2::uuid)", std::move(values),
        "releasing a shard of alerts"
    );
    if (!done) co_return std::move(done).error();
    co_return result<void>{};
}

task<result<std::vector<alerts::alert_rule>>> pg_alert_store::rules() {
    const auto sql = "SELECT " + std::string(rule_columns) +
                     " FROM falconer.alert_rule r ORDER BY r.project, r.name";
    auto rows = co_await ask(sql, {}, "reading alert rules");
    if (!rows) co_return std::move(rows).error();
    std::vector<alerts::alert_rule> all;
    for (int row = 0; row < rows->size(); ++row) {
        auto kept = rule_of(*rows, row, time_.utc());
        // Written by a program that knows more, or less.
        if (!kept.problem.empty()) {
            log_of("alerts").error(
                "a stored rule is not understood, nobody is told by it rule={} problem=\"{}\"",
                kept.rule.id.text(), kept.problem
            );
            continue;
        }
        all.push_back(std::move(kept.rule));
    }
    co_return all;
}

task<result<std::vector<alerts::silence>>> pg_alert_store::silences() {
    const auto sql =
        "SELECT " + std::string(silence_columns) +
        " FROM falconer.alert_silence s WHERE s.until > now() ORDER BY s.made_at, s.id";
    auto rows = co_await ask(sql, {}, "reading silences");
    if (!rows) co_return std::move(rows).error();
    std::vector<alerts::silence> all;
    for (int row = 0; row < rows->size(); ++row) all.push_back(silence_of(*rows, row));
    co_return all;
}

task<result<std::vector<alerts::alert_row>>> pg_alert_store::rows(int shard) {
    pg_connection::params values{std::to_string(shard)};
    auto                  found = co_await ask(
        "SELECT kind, id, rule, body FROM falconer.alert_state WHERE shard = $1::int4",
        std::move(values), "reading alerts"
    );
    if (!found) co_return std::move(found).error();
    std::vector<alerts::alert_row> all;
    for (int row = 0; row < found->size(); ++row) {
        alerts::alert_row one;
        one.is   = static_cast<alerts::alert_row::kind>(number_of(found->at(row, 0)));
        one.id   = uuid::parse(found->at(row, 1)).value_or(uuid{});
        one.rule = uuid::parse(found->at(row, 2)).value_or(uuid{});
        one.body = std::string(found->at(row, 3));
        all.push_back(std::move(one));
    }
    co_return all;
}

task<result<alerts::seen_clusters>> pg_alert_store::clusters() {
    const auto sql = "SELECT s.reason, (extract(epoch FROM s.since) * 1000000)::int8, " +
                     std::string(cluster_columns) +
                     " FROM falconer.sight s JOIN falconer.cluster c ON c.id = s.cluster "
                     "WHERE s.reason >= 10 ORDER BY s.since, s.cluster";
    auto rows = co_await ask(sql, {}, "reading how clusters are seen");
    if (!rows) co_return std::move(rows).error();
    alerts::seen_clusters all;
    for (int row = 0; row < rows->size(); ++row) {
        const auto why = sight_reason_of(static_cast<int>(number_of(rows->at(row, 0))));
        if (!why) continue;  // of a program that knows more
        all.unwell.push_back({cluster_of(*rows, row, 2), {*why, micros_of(rows->at(row, 1))}});
    }
    auto outage = co_await ask(
        "SELECT (extract(epoch FROM r.outage_since) * 1000000)::int8, coalesce(r.outage_clusters, "
        "0) FROM "
        "falconer.sight_round r WHERE r.outage_since IS NOT NULL",
        {}, "reading how clusters are seen"
    );
    if (!outage) co_return std::move(outage).error();
    if (outage->size() > 0)
        all.outage = sight_outage{
            micros_of(outage->at(0, 0)), static_cast<std::size_t>(number_of(outage->at(0, 1)))
        };
    co_return all;
}

task<result<alerts::new_batches>> pg_alert_store::look(
    alerts::alert_progress from, std::size_t events
) {
    pg_connection::params where{from.xid, std::to_string(from.within), std::to_string(events)};
    auto head = co_await ask(next_batches, std::move(where), "following the store for alerts");
    if (!head) co_return std::move(head).error();
    alerts::new_batches it;
    it.till = from;
    it.seqs = numbers_of(head->at(0, 0));
    if (it.seqs.empty()) co_return it;
    it.till.xid    = head->at(0, 1);
    it.till.within = number_of(head->at(0, 2)) + 1;
    it.events      = static_cast<std::uint64_t>(number_of(head->at(0, 5)));
    it.more        = head->at(0, 6) == "t";
    it.behind      = std::chrono::seconds(number_of(head->at(0, 7)));
    it.since       = utc_time{std::chrono::minutes{number_of(head->at(0, 3))}};
    it.until       = utc_time{std::chrono::minutes{number_of(head->at(0, 4)) + 1}};
    pg_connection::params which{
        from.xid, std::to_string(from.within), it.till.xid, std::string(head->at(0, 0))
    };
    auto cells = co_await ask(cells_of, std::move(which), "following the store for alerts");
    if (!cells) co_return std::move(cells).error();
    for (int row = 0; row < cells->size(); ++row) {
        alerts::event_cell cell;
        cell.cluster = static_cast<std::int32_t>(number_of(cells->at(row, 0)));
        cell.rule    = static_cast<std::int32_t>(number_of(cells->at(row, 1)));
        cell.level   = static_cast<priority>(number_of(cells->at(row, 2)));
        it.cells.push_back(cell);
    }
    co_return it;
}

task<result<alerts::new_batches>> pg_alert_store::pass_over(alerts::alert_progress from) {
    pg_connection::params where{from.xid, std::to_string(from.within)};
    auto                  last = co_await ask(
        "SELECT b.xid, b.seq FROM falconer.batch b WHERE (b.xid, b.seq) >= ($1::xid8, $2::int8) "
                         "AND b.xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY b.xid DESC, b.seq DESC LIMIT "
                         "1",
        std::move(where), "following the store for alerts"
    );
    if (!last) co_return std::move(last).error();
    alerts::new_batches it;
    it.till = from;
    if (last->size() == 0) co_return it;
    it.till.xid    = last->at(0, 0);
    it.till.within = number_of(last->at(0, 1)) + 1;
    co_return it;
}

task<result<std::vector<alerts::cell_name>>> pg_alert_store::names(
    std::vector<alerts::event_cell> of
) {
    const cell_arrays     these(of);
    pg_connection::params values{these.clusters.text(), these.rules.text(), these.levels.text()};
    const auto            sql =
        "SELECT u.cluster, u.rule, u.priority, r.value, " + std::string(cluster_columns) +
        " FROM unnest($1::int4[], $2::int4[], $3::int2[]) AS u (cluster, rule, priority) JOIN "
        "falconer.cluster c ON c.id = u.cluster JOIN falconer.text r ON r.id = u.rule";
    auto rows = co_await ask(sql, std::move(values), "reading names for alerts");
    if (!rows) co_return std::move(rows).error();
    std::vector<alerts::cell_name> all;
    for (int row = 0; row < rows->size(); ++row) {
        alerts::cell_name one;
        one.cell.cluster = static_cast<std::int32_t>(number_of(rows->at(row, 0)));
        one.cell.rule    = static_cast<std::int32_t>(number_of(rows->at(row, 1)));
        one.cell.level   = static_cast<priority>(number_of(rows->at(row, 2)));
        one.rule         = rows->at(row, 3);
        one.cluster      = cluster_of(*rows, row, 4);
        all.push_back(std::move(one));
    }
    co_return all;
}

task<result<alerts::event_portion>> pg_alert_store::events(
    alerts::new_batches in, std::vector<alerts::event_cell> of,
    std::optional<alerts::event_mark> after
) {
    const cell_arrays these(of);
    pg_array          seqs;
    for (const auto each : in.seqs) seqs.add(each);
    pg_connection::params values{
        seqs.text(),
        instant_text(in.since),
        instant_text(in.until),
        these.clusters.text(),
        these.rules.text(),
        these.levels.text(),
        std::to_string(opt_.bytes),
        std::to_string(opt_.events),
    };
    std::string rows_sql =
        "SELECT e.* FROM falconer.event e JOIN unnest($4::int4[], $5::int4[], $6::int2[]) AS w "
        "(cluster, rule, priority) ON w.cluster = e.cluster AND w.rule = e.rule AND w.priority = "
        "e.priority WHERE e.batch = ANY ($1::int8[]) AND e.received >= $2::timestamptz AND "
        "e.received < $3::timestamptz";
    if (after) {
        rows_sql += " AND (e.received, e.id, e.cluster) > ($9::timestamptz, $10::uuid, $11::int4)";
        values.push_back(instant_text(after->received));
        values.push_back(after->id.text());
        values.push_back(std::to_string(after->cluster));
    }
    rows_sql += " ORDER BY e.received, e.id, e.cluster LIMIT $8::int8";
    const auto sql =
        "SELECT " + event_columns("left(e.output, 1024)") + ", e.cluster, e.rule, e.looked FROM " +
        events_counted(rows_sql, "e.received, e.id, e.cluster") + std::string(event_joins) +
        " WHERE " + is_within("$7") + " ORDER BY e.received, e.id, e.cluster";
    auto rows = co_await ask(sql, std::move(values), "reading events for alerts");
    if (!rows) co_return std::move(rows).error();
    alerts::event_portion all;
    const int             at = rows->columns() - 3;
    for (int row = 0; row < rows->size(); ++row) {
        alerts::cell_event one;
        one.event        = event_of(*rows, row);
        one.cell.cluster = static_cast<std::int32_t>(number_of(rows->at(row, at)));
        one.cell.rule    = static_cast<std::int32_t>(number_of(rows->at(row, at + 1)));
        one.cell.level   = one.event.level;
        all.events.push_back(std::move(one));
    }
    const auto looked = looked_at(*rows);
    if (!all.events.empty() && (looked > all.events.size() || looked >= opt_.events)) {
        const auto& last = all.events.back();
        all.next = alerts::event_mark{last.event.at.received, last.event.at.id, last.cell.cluster};
    }
    co_return all;
}

task<result<bool>> pg_alert_store::put(
    int shard, uuid me, alerts::alert_progress from, alerts::alert_progress till,
    std::vector<alerts::alert_row> rows, std::vector<alerts::notification> tell
) {
    pg_array kinds, ids, rules, bodies, keys, bundles, receivers, projects, tellings;
    for (const auto& each : rows) {
        kinds.add(static_cast<int>(each.is));
        ids.add(std::string_view(each.id.text()));
        rules.add(std::string_view(each.rule.text()));
        bodies.add(std::string_view(each.body ? *each.body : std::string()));
    }
    for (const auto& each : tell) {
        keys.add(std::string_view(each.key.text()));
        bundles.add(std::string_view(each.group.text()));
        receivers.add(std::string_view(each.receiver));
        projects.add(std::string_view(each.project));
        tellings.add(std::string_view(alerts::json_of(each)));
    }
    pg_connection::params values{
        std::to_string(shard),
        me.text(),
        std::to_string(from.step),
        till.xid,
        std::to_string(till.within),
        kinds.text(),
        ids.text(),
        rules.text(),
        bodies.text(),
        keys.text(),
        bundles.text(),
        receivers.text(),
        projects.text(),
        tellings.text(),
    };
    auto done = co_await ask(
        "SELECT falconer.put_alerts($1::int4, $2::uuid, $3::int8, $4::xid8, $5::int8, $6::int2[], "
        "$7::uuid[], $8::uuid[], $9::text[], $10::uuid[], $11::uuid[], $12::text[], $13::text[], "
        "$14::text[])",
        std::move(values), "putting alerts down"
    );
    if (!done) co_return std::move(done).error();
    co_return done->at(0, 0) == "t";
}

task<result<void>> pg_alert_store::wait(std::chrono::milliseconds most) {
    if (!connection_ || !connection_->usable())
        co_return failure{errc::unavailable, "no connection to the store"};
    auto told = co_await connection_->next_notice(most);
    if (told || told.error().code == errc::timed_out) co_return result<void>{};
    co_return std::move(told).error();
}

}  // namespace falconer::store
