#include "restore.hpp"

#include "backup_session.hpp"
#include "object_io.hpp"
#include "parts.hpp"
#include "schema_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience  = 60s;
constexpr auto long_work = std::chrono::hours{24 * 7};

constexpr auto landscapes =
    "SELECT DISTINCT landscape FROM falconer.cluster c WHERE landscape IS NOT NULL AND EXISTS "
    "(SELECT FROM falconer.event e WHERE e.cluster = c.id)";

constexpr auto has_decisions =
    "SELECT EXISTS (SELECT FROM falconer.event) OR EXISTS (SELECT FROM falconer.retention) OR "
    "EXISTS (SELECT FROM falconer.legal_hold) OR EXISTS (SELECT FROM falconer.cluster_policy) OR "
    "EXISTS (SELECT FROM falconer.triage_action)";

// Of the clusters that come, not of all that the backup knows. Committed before the events: whoever
// stores events of them meanwhile does not wait for us.
constexpr auto learn_clusters = R"(
INSERT INTO falconer.cluster (digest, identity, landscape, project, name, uid, first_seen)
SELECT sha256(convert_to(i.identity, 'UTF8')), i.identity, k.landscape, k.project, k.name, k.uid,
       coalesce(k.first_seen, now())
FROM (SELECT DISTINCT identity FROM incoming) i
LEFT JOIN known_cluster k ON k.identity = i.identity
WHERE NOT EXISTS (SELECT FROM falconer.cluster c
                  WHERE c.digest = sha256(convert_to(i.identity, 'UTF8')))
ORDER BY 1 ON CONFLICT DO NOTHING;
UPDATE falconer.cluster SET used = (now() AT TIME ZONE 'UTC')::date
WHERE used < (now() AT TIME ZONE 'UTC')::date AND id IN (
    SELECT c.id FROM falconer.cluster c JOIN (SELECT DISTINCT identity FROM incoming) i
    ON c.digest = sha256(convert_to(i.identity, 'UTF8')) ORDER BY c.id FOR NO KEY UPDATE OF c);
)";

/// The texts that `{}` selects: kind and value.
constexpr auto learn_texts = R"(
CREATE TEMP TABLE incoming_text ON COMMIT DROP AS
SELECT kind::int2, sha256(convert_to(value, 'UTF8')) AS digest, value
FROM ({}) AS t (kind, value) WHERE value IS NOT NULL;
INSERT INTO falconer.text (kind, digest, value)
SELECT i.kind, i.digest, i.value FROM incoming_text i
WHERE NOT EXISTS (SELECT FROM falconer.text t WHERE t.kind = i.kind AND t.digest = i.digest)
ORDER BY 1, 2 ON CONFLICT DO NOTHING;
UPDATE falconer.text SET used = (now() AT TIME ZONE 'UTC')::date
WHERE used < (now() AT TIME ZONE 'UTC')::date AND id IN (
    SELECT t.id FROM falconer.text t JOIN incoming_text i ON t.kind = i.kind AND t.digest = i.digest
    ORDER BY t.id FOR NO KEY UPDATE OF t);
)";

constexpr auto texts_of_events =
    "SELECT 1, rule FROM incoming UNION SELECT 2, source FROM incoming UNION SELECT 3, hostname "
    "FROM incoming UNION SELECT 4, tags FROM incoming";
constexpr auto texts_of_counts = "SELECT DISTINCT 1, rule FROM incoming";

/// What is new in the day gets batches of some {2} events: roll-ups count them, and who follows the
/// store hears of them. Minutes that follow one another are of one batch, so that its rows lie
/// close to each other, as its index needs it; and a minute is of one alone.
constexpr auto add_events = R"(
WITH minutes AS MATERIALIZED (
    SELECT m.minute, ((sum(m.n) OVER (ORDER BY m.minute))::int8 - m.n) / {2} AS part
    FROM (SELECT floor(extract(epoch FROM received) / 60)::int4 AS minute, count(*) AS n
          FROM incoming GROUP BY 1) m
), parts AS MATERIALIZED (
    SELECT p.part, nextval(pg_get_serial_sequence('falconer.batch', 'seq')) AS seq
    FROM (SELECT DISTINCT part FROM minutes ORDER BY part) p
), number AS MATERIALIZED (
    SELECT m.minute, p.seq FROM minutes m JOIN parts p ON p.part = m.part
), added AS (
    INSERT INTO falconer.event_{0} (received, time, id, cluster, rule, source, hostname, tags,
        priority, flags, time_nanos, output, output_fields, extra, batch, long_source, long_tags)
    SELECT i.received, i.time, i.id, c.id, r.id, s.id, h.id, t.id, i.priority, i.flags, i.time_nanos,
           i.output, i.output_fields, i.extra, n.seq, i.long_source, i.long_tags
    FROM incoming i
    JOIN number n ON n.minute = floor(extract(epoch FROM i.received) / 60)::int4
    JOIN falconer.cluster c ON c.digest = sha256(convert_to(i.identity, 'UTF8'))
    JOIN falconer.text r ON r.kind = 1 AND r.digest = sha256(convert_to(i.rule, 'UTF8'))
    LEFT JOIN falconer.text s ON s.kind = 2 AND s.digest = sha256(convert_to(i.source, 'UTF8'))
    LEFT JOIN falconer.text h ON h.kind = 3 AND h.digest = sha256(convert_to(i.hostname, 'UTF8'))
    LEFT JOIN falconer.text t ON t.kind = 4 AND t.digest = sha256(convert_to(i.tags, 'UTF8'))
    ON CONFLICT DO NOTHING RETURNING received, cluster, rule, priority, batch
), counted AS (
    SELECT batch, floor(extract(epoch FROM received) / 60)::int4 AS minute, cluster, rule,
           priority, count(*)::int4 AS n
    FROM added GROUP BY 1, 2, 3, 4, 5
), noted AS (
    INSERT INTO falconer.batch (seq, days, minutes, clusters, rules, priorities, counts)
    OVERRIDING SYSTEM VALUE
    SELECT batch, ARRAY['{1}'::date], array_agg(minute), array_agg(cluster), array_agg(rule),
           array_agg(priority), array_agg(n)
    FROM counted GROUP BY batch)
SELECT coalesce(sum(n), 0)::int8, (SELECT count(*) FROM incoming) FROM counted)";

constexpr auto is_past =
    "SELECT falconer.all_past($1::date, (now() AT TIME ZONE 'UTC')::date, $2::int)";

std::uint64_t number_of(std::string_view text) {
    std::uint64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

std::string literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += c;
    }
    return out += '\'';
}

bool has(const std::vector<std::string>& all, const std::string& one) {
    return std::ranges::find(all, one) != all.end();
}

class restore_run {
public:
    restore_run(pg_connection& db, vault& from, const backup_manifest& what, restore_options how)
        : db_(db), from_(from), what_(what), how_(std::move(how)) {}

    task<result<restore_report>> all();

private:
    task<result<void>>    check_whose();
    task<result<void>>    stage(backup_object object, std::string columns, std::string called);
    task<result<void>>    know_clusters();
    task<result<void>>    check_wanted();
    task<result<void>>    day(backup_day which);
    task<result<void>>    part(const backup_part& which, backup_object object);
    task<result<void>>    decide_on_decisions();
    task<result<void>>    parts(bool decisions);
    task<result<void>>    decisions_at_once();
    std::string           leave_out(bool has_receipt) const;
    task<result<pg_rows>> work(std::string sql);

    pg_connection&         db_;
    vault&                 from_;
    const backup_manifest& what_;
    restore_options        how_;
    restore_report         report_{};
    std::size_t            nth_ = 0, of_ = 0;
};

task<result<pg_rows>> restore_run::work(std::string sql) {
    co_return co_await db_.run_script(std::move(sql), long_work);
}

/// Somebody else's events are to be mixed with nobody's by mistake.
task<result<void>> restore_run::check_whose() {
    auto rows = co_await db_.query(landscapes, {}, long_work);
    if (!rows) co_return std::move(rows).error().while_doing("looking whose store it is");
    bool        common = rows->size() == 0 || what_.landscapes.empty() || how_.other_landscape;
    std::string theirs, ours;
    for (int row = 0; row < rows->size(); ++row) {
        const std::string name(rows->at(row, 0));
        common  = common || has(what_.landscapes, name);
        ours   += (ours.empty() ? "" : ", ") + name;
    }
    for (const auto& each : what_.landscapes) theirs += (theirs.empty() ? "" : ", ") + each;
    if (common) co_return result<void>{};
    co_return failure{
        errc::conflict, "the backup is of another landscape (" + theirs + ") than the store (" +
                            ours + "); --other-landscape puts it there all the same"
    };
}

/// The object's rows in the table `incoming`, which nobody else sees.
task<result<void>> restore_run::stage(
    backup_object object, std::string columns, std::string called
) {
    object_source in(from_, std::move(object));
    const auto    next = [&] {
        auto piece = in.next();
        if (piece && how_.show) how_.show({called, nth_, of_, in.rows(), 0});
        return piece;
    };
    auto sql = "DROP TABLE IF EXISTS pg_temp.incoming; CREATE TEMP TABLE incoming (" + columns +
               "); COPY pg_temp.incoming FROM STDIN";
    auto taken = co_await db_.copy_from(std::move(sql), next, long_work);
    if (!taken) co_return std::move(taken).error().while_doing("reading " + called);
    co_return result<void>{};
}

task<result<void>> restore_run::know_clusters() {
    const std::string columns(find_part(clusters_part)->columns);
    auto begin = "DROP TABLE IF EXISTS pg_temp.known_cluster; CREATE TEMP TABLE known_cluster (" +
                 columns + ")";
    auto made = co_await work(std::move(begin));
    if (!made) co_return std::move(made).error();
    for (const auto& [name, object] : what_.parts) {
        if (find_part(name) != find_part(clusters_part)) continue;
        auto staged = co_await stage(object, columns, clusters_part);
        if (!staged) co_return std::move(staged).error();
        std::string keep =
            "INSERT INTO known_cluster SELECT * FROM incoming; ANALYZE known_cluster";
        auto kept = co_await work(std::move(keep));
        if (!kept) co_return std::move(kept).error();
    }
    co_return result<void>{};
}

/// Of a name that is spelled wrongly there is nothing, which is no restore.
task<result<void>> restore_run::check_wanted() {
    std::string sql = "SELECT EXISTS (SELECT FROM known_cluster WHERE true", called;
    if (!how_.cluster.empty()) {
        sql    += " AND identity = " + literal(how_.cluster);
        called += " cluster " + how_.cluster;
    }
    if (!how_.project.empty()) {
        sql    += " AND project = " + literal(how_.project);
        called += std::string(called.empty() ? " cluster" : "") + " of project " + how_.project;
    }
    if (called.empty()) co_return result<void>{};
    sql       += ")";
    auto rows  = co_await work(std::move(sql));
    if (!rows) co_return std::move(rows).error().while_doing("looking what the backup knows");
    if (rows->at(0, 0) == "t") co_return result<void>{};
    co_return failure{errc::not_found, "the backup knows no" + called};
}

/// Removes from `incoming` what nobody has asked for.
std::string restore_run::leave_out(bool has_receipt) const {
    std::string wanted = "true";
    if (!how_.cluster.empty()) wanted += " AND identity = " + literal(how_.cluster);
    if (!how_.project.empty())
        wanted += " AND identity IN (SELECT identity FROM known_cluster WHERE project = " +
                  literal(how_.project) + ")";
    if (has_receipt && !how_.days.empty()) {
        wanted += " AND (received AT TIME ZONE 'UTC')::date IN (";
        for (std::size_t i = 0; i < how_.days.size(); ++i)
            wanted += (i == 0 ? "" : ", ") + literal(how_.days[i]);
        wanted += ")";
    }
    if (wanted == "true") return "ANALYZE incoming;";
    return "DELETE FROM incoming WHERE NOT (" + wanted + "); ANALYZE incoming;";
}

task<result<void>> restore_run::day(backup_day which) {
    auto staged = co_await stage(which.events, columns_of_day, which.day);
    if (!staged) co_return std::move(staged).error();
    const auto doing = "restoring " + which.day;
    auto learn = leave_out(false) + learn_clusters + fmt::format(learn_texts, texts_of_events);
    auto known = co_await work(std::move(learn));
    if (!known) co_return std::move(known).error().while_doing(doing);
    pg_connection::params one{which.day};
    auto                  made =
        co_await db_.query("SELECT falconer.ensure_day($1::date)", std::move(one), patience);
    if (!made) co_return std::move(made).error().while_doing(doing);
    auto part = which.day;
    std::erase(part, '-');
    auto add   = fmt::format(add_events, part, which.day, std::max(how_.batch, 1));
    auto added = co_await work(std::move(add));
    if (!added) co_return std::move(added).error().while_doing(doing);
    const auto fresh       = number_of(added->at(0, 0));
    report_.restored      += fresh;
    report_.there_already += number_of(added->at(0, 1)) - fresh;
    ++report_.days;
    pg_connection::params period{which.day, std::to_string(how_.keep.count())};
    auto                  past = co_await db_.query(is_past, std::move(period), patience);
    if (!past) co_return std::move(past).error().while_doing(doing);
    if (past->at(0, 0) == "t") report_.past.push_back(which.day);
    co_return result<void>{};
}

task<result<void>> restore_run::part(const backup_part& which, backup_object object) {
    const std::string name(which.name);
    auto              staged = co_await stage(std::move(object), which.columns, name);
    if (!staged) co_return std::move(staged).error();
    std::string sql;
    if (!which.decisions) {
        sql = leave_out(true) + learn_clusters;
        if (which.rules) sql += fmt::format(learn_texts, texts_of_counts);
    }
    sql        += "SELECT 1";
    auto known  = co_await work(std::move(sql));
    if (!known) co_return std::move(known).error().while_doing("restoring " + name);
    std::string bring(which.comes_back);
    auto        back = co_await work(std::move(bring));
    if (!back) co_return std::move(back).error().while_doing("restoring " + name);
    if (!which.decisions) report_.beside += back->affected();
    co_return result<void>{};
}

task<result<void>> restore_run::decide_on_decisions() {
    if (!how_.everything()) co_return result<void>{};
    auto rows = co_await db_.query(has_decisions, {}, long_work);
    if (!rows) co_return std::move(rows).error().while_doing("looking whether the store is empty");
    report_.decisions = rows->at(0, 0) == "f";
    co_return result<void>{};
}

task<result<void>> restore_run::parts(bool decisions) {
    for (const auto& [name, object] : what_.parts) {
        const auto* which = find_part(name);
        if (which == nullptr || which->comes_back == nullptr) continue;
        if (which->decisions != decisions) continue;
        ++nth_;
        auto done = co_await part(*which, object);
        if (!done) co_return std::move(done).error();
    }
    co_return result<void>{};
}

/// Half of them would keep the next call from bringing the rest.
task<result<void>> restore_run::decisions_at_once() {
    std::string begin = "BEGIN", end = "COMMIT";
    auto        begun = co_await work(std::move(begin));
    if (!begun) co_return std::move(begun).error();
    auto done = co_await parts(true);
    if (!done) co_return done;
    auto ended = co_await work(std::move(end));
    if (!ended) co_return std::move(ended).error().while_doing("restoring what was decided");
    co_return result<void>{};
}

task<result<restore_report>> restore_run::all() {
    auto done = co_await check_whose();
    if (done) done = co_await decide_on_decisions();
    of_ = what_.days.size() + what_.parts.size();
    if (done) done = co_await know_clusters();
    if (done) done = co_await check_wanted();
    // Holds and periods first: retention shall not take what they keep.
    if (done && report_.decisions) done = co_await decisions_at_once();
    if (done) done = co_await parts(false);
    for (const auto& each : what_.days) {
        ++nth_;
        if (!done || (!how_.days.empty() && !has(how_.days, each.day))) continue;
        done = co_await day(each);
    }
    if (!done) co_return std::move(done).error();
    co_return std::move(report_);
}

}  // namespace

task<result<restore_report>> restore_backup(
    asio::any_io_executor loop, time_source& time, pg_options into, vault& from,
    const backup_manifest& what, restore_options how
) {
    into.settings          += backup_session;
    into.statement_timeout  = 0ms;  // none
    auto opened             = co_await open_checked(std::move(loop), time, std::move(into));
    if (!opened) co_return std::move(opened).error();
    restore_run run(**opened, from, what, std::move(how));
    co_return co_await run.all();
}

}  // namespace falconer::store
