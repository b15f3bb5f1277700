#include "parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace falconer::store {
namespace {

constexpr auto assessed_columns =
    "received timestamptz, identity text, id uuid, rule text, action uuid, why uuid, expires "
    "timestamptz, priority int2, state int2, assignee text";

constexpr backup_part all[] = {
    {.name    = clusters_part,
     .rows    = "SELECT identity, landscape, project, name, uid, first_seen FROM falconer.cluster",
     .columns = "identity text, landscape text, project text, name text, uid text, "
                "first_seen timestamptz",
     .comes_back = nullptr,
     .decisions  = false},
    {.name = "quarantine",
     .rows = "SELECT q.received, c.identity, q.about, q.reason, q.digest, q.body, q.replayed FROM "
             "falconer.quarantine q JOIN falconer.cluster c ON c.id = q.cluster",
     .columns = "received timestamptz, identity text, about text, reason text, digest bytea, "
                "body bytea, replayed timestamptz",
     .comes_back =
         "INSERT INTO falconer.quarantine (received, cluster, about, reason, digest, body, "
         "replayed) SELECT i.received, c.id, i.about, i.reason, i.digest, i.body, i.replayed FROM "
         "incoming i JOIN falconer.cluster c ON c.identity = i.identity "
         "ON CONFLICT (cluster, digest, received) DO NOTHING",
     .decisions = false,
     .received  = "q.received",
     .cluster   = "q.cluster"},
    {.name       = "raw",
     .rows       = "SELECT r.received, c.identity, r.id, r.body FROM falconer.raw r JOIN "
                   "falconer.cluster c ON c.id = r.cluster",
     .columns    = "received timestamptz, identity text, id uuid, body bytea",
     .comes_back = "INSERT INTO falconer.raw (id, cluster, received, body) SELECT i.id, c.id, "
                   "i.received, i.body FROM incoming i JOIN falconer.cluster c ON c.identity = "
                   "i.identity ON CONFLICT DO NOTHING",
     .decisions  = false,
     .received   = "r.received",
     .cluster    = "r.cluster"},
    {.name    = "tally",
     .rows    = "SELECT t.minute, c.identity, r.value, t.cause, t.priority, t.count FROM "
                "falconer.tally t JOIN falconer.cluster c ON c.id = t.cluster LEFT JOIN falconer.text "
                "r ON r.id = t.rule",
     .columns = "received timestamptz, identity text, rule text, cause int2, priority int2, "
                "count int8",
     // Counts of one minute are the same ones, or some of them: the higher has them all.
     .comes_back =
         "INSERT INTO falconer.tally AS had (minute, cluster, rule, cause, priority, count) SELECT "
         "i.received, c.id, r.id, i.cause, i.priority, i.count FROM incoming i JOIN "
         "falconer.cluster c ON c.identity = i.identity LEFT JOIN falconer.text r ON r.kind = 1 "
         "AND "
         "r.digest = sha256(convert_to(i.rule, 'UTF8')) ON CONFLICT (minute, cluster, "
         "coalesce(rule, 0), cause, priority) DO UPDATE SET count = excluded.count WHERE had.count "
         "< excluded.count",
     .decisions = false,
     .received  = "t.minute",
     .cluster   = "t.cluster",
     .rules     = true},
    {.name    = "assessment",
     .rows    = "SELECT a.received, c.identity, a.id, r.value, w.id, y.id, a.expires, a.priority, "
                "a.state, a.assignee FROM falconer.assessment a JOIN falconer.cluster c ON c.id = "
                "a.cluster JOIN falconer.text r ON r.id = a.rule JOIN falconer.triage_action w "
                "ON w.seq = a.action JOIN falconer.triage_action y ON y.seq = a.why",
     .columns = assessed_columns,
     .comes_back =
         "INSERT INTO falconer.assessment (id, received, cluster, rule, action, why, expires, "
         "priority, state, assignee) SELECT i.id, i.received, c.id, r.id, w.seq, y.seq, "
         "i.expires, i.priority, i.state, i.assignee FROM incoming i JOIN "
         "falconer.cluster c ON c.identity = i.identity JOIN falconer.text r ON r.kind = "
         "1 AND r.digest = sha256(convert_to(i.rule, 'UTF8')) JOIN falconer.triage_action "
         "w ON w.id = i.action JOIN falconer.triage_action y ON y.id = i.why ON CONFLICT "
         "DO NOTHING",
     .decisions = false,
     .received  = "a.received",
     .cluster   = "a.cluster",
     .rules     = true},
    {.name = "assessment-step",
     .rows =
         "SELECT a.received, c.identity, a.id, r.value, w.id, y.id, a.expires, a.priority, "
         "a.state, a.assignee FROM falconer.assessment_step a JOIN falconer.cluster c ON c.id = "
         "a.cluster JOIN falconer.text r ON r.id = a.rule JOIN falconer.triage_action w "
         "ON w.seq = a.action JOIN falconer.triage_action y ON y.seq = a.why",
     .columns = assessed_columns,
     .comes_back =
         "INSERT INTO falconer.assessment_step (id, received, cluster, rule, action, why, expires, "
         "priority, state, assignee) SELECT i.id, i.received, c.id, r.id, w.seq, y.seq, "
         "i.expires, i.priority, i.state, i.assignee FROM incoming i JOIN "
         "falconer.cluster c ON c.identity = i.identity JOIN falconer.text r ON r.kind = "
         "1 AND r.digest = sha256(convert_to(i.rule, 'UTF8')) JOIN falconer.triage_action "
         "w ON w.id = i.action JOIN falconer.triage_action y ON y.id = i.why ON CONFLICT "
         "DO NOTHING",
     .decisions = false,
     .received  = "a.received",
     .cluster   = "a.cluster",
     .rules     = true},
    {.name    = "incident-step",
     .rows    = "SELECT s.at AS received, c.identity, s.incident, w.id, s.state, s.assignee FROM "
                "falconer.incident_step s JOIN falconer.cluster c ON c.id = s.cluster JOIN "
                "falconer.triage_action w ON w.seq = s.action",
     .columns = "received timestamptz, identity text, incident uuid, action uuid, state int2, "
                "assignee text",
     // What was counted is counted anew from the events; how it stands is what the last step says.
     .comes_back =
         "INSERT INTO falconer.incident_standing AS had (incident, at, action, cluster, state, "
         "assignee) SELECT DISTINCT ON (i.incident) i.incident, i.received, w.seq, c.id, i.state, "
         "i.assignee "
         "FROM incoming i JOIN falconer.cluster c ON c.identity = i.identity JOIN "
         "falconer.triage_action w ON w.id = i.action ORDER BY i.incident, w.seq DESC ON CONFLICT "
         "(incident) DO UPDATE SET at = excluded.at, action = excluded.action, cluster = "
         "excluded.cluster, state = excluded.state, assignee = excluded.assignee WHERE had.action "
         "< excluded.action; INSERT INTO falconer.incident_step (incident, at, action, cluster, "
         "state, "
         "assignee) SELECT i.incident, i.received, w.seq, c.id, i.state, i.assignee FROM incoming "
         "i "
         "JOIN falconer.cluster c ON c.identity = i.identity JOIN falconer.triage_action w ON w.id "
         "= i.action ON CONFLICT DO NOTHING",
     .decisions = false,
     .received  = "s.at",
     .cluster   = "s.cluster"},
    {.name    = "triage-action",
     .rows    = "SELECT seq, id, at, who, login, what, state, assignee, expires, reason, comment, "
                "filter, events, projects, undoes, suppression FROM falconer.triage_action ORDER BY "
                "seq",
     .columns = "seq int8, id uuid, at timestamptz, who text, login text, what text, state int2, "
                "assignee text, expires timestamptz, reason text, comment text, filter text, "
                "events int8, projects text[], undoes uuid, suppression uuid",
     .comes_back =
         "INSERT INTO falconer.triage_action (seq, id, at, who, login, what, state, assignee, "
         "expires, reason, comment, filter, events, projects, undoes, suppression) OVERRIDING "
         "SYSTEM VALUE SELECT * FROM incoming; SELECT setval(pg_get_serial_sequence("
         "'falconer.triage_action', 'seq'), coalesce(max(seq), 0) + 1, false) FROM "
         "falconer.triage_action",
     .decisions = true},
    {.name    = "suppression",
     .rows    = "SELECT id, filter, project, clusters, reason, owner, made_by, made_at, expires, "
                "lifted FROM falconer.suppression ORDER BY seq",
     .columns = "id uuid, filter text, project text, clusters text[], reason text, owner text, "
                "made_by text, made_at timestamptz, expires timestamptz, lifted timestamptz",
     .comes_back = "INSERT INTO falconer.suppression (id, filter, project, clusters, reason, "
                   "owner, made_by, made_at, expires, lifted) SELECT * FROM incoming ON CONFLICT "
                   "DO NOTHING",
     .decisions  = true},
    {.name       = "alert-rule",
     .rows       = "SELECT id, version, changed_at, changed_by, project, name, body FROM "
                   "falconer.alert_rule",
     .columns    = "id uuid, version int8, changed_at timestamptz, changed_by text, project text, "
                   "name text, body text",
     .comes_back = "INSERT INTO falconer.alert_rule (id, version, changed_at, changed_by, project, "
                   "name, body) SELECT * FROM incoming ON CONFLICT DO NOTHING",
     .decisions  = true},
    {.name    = "alert-silence",
     .rows    = "SELECT id, since, until, made_at, made_by, project, filter, reason FROM "
                "falconer.alert_silence",
     .columns = "id uuid, since timestamptz, until timestamptz, made_at timestamptz, made_by text, "
                "project text, filter text, reason text",
     .comes_back = "INSERT INTO falconer.alert_silence (id, since, until, made_at, made_by, "
                   "project, filter, reason) SELECT * FROM incoming ON CONFLICT DO NOTHING",
     .decisions  = true},
    {.name    = "alert-change",
     .rows    = "SELECT id, at, subject, version, who, login, what, project, body FROM "
                "falconer.alert_change ORDER BY seq",
     .columns = "id uuid, at timestamptz, subject uuid, version int8, who text, login text, what "
                "text, project text, body text",
     .comes_back = "INSERT INTO falconer.alert_change (id, at, subject, version, who, login, what, "
                   "project, body) SELECT * FROM incoming ON CONFLICT DO NOTHING",
     .decisions  = true},
    {.name       = "retention",
     .rows       = "SELECT landscape, project, keep_days FROM falconer.retention",
     .columns    = "landscape text, project text, keep_days int",
     .comes_back = "INSERT INTO falconer.retention SELECT * FROM incoming ON CONFLICT DO NOTHING",
     .decisions  = true},
    {.name = "legal-hold",
     .rows = "SELECT landscape, project, cluster, since, until, reason, placed_by, placed_at FROM "
             "falconer.legal_hold",
     .columns = "landscape text, project text, cluster text, since date, until date, reason text, "
                "placed_by text, placed_at timestamptz",
     .comes_back = "INSERT INTO falconer.legal_hold (landscape, project, cluster, since, until, "
                   "reason, placed_by, placed_at) SELECT * FROM incoming",
     .decisions  = true},
    {.name = "cluster-policy",
     .rows = "SELECT identity, daily_events, tokens_issued_before, reason, changed_by, changed_at "
             "FROM falconer.cluster_policy",
     .columns = "identity text, daily_events int8, tokens_issued_before timestamptz, reason text, "
                "changed_by text, changed_at timestamptz",
     .comes_back =
         "INSERT INTO falconer.cluster_policy (identity, daily_events, "
         "tokens_issued_before, reason, changed_by, changed_at) SELECT * FROM incoming ON "
         "CONFLICT DO NOTHING",
     .decisions = true},
    {.name = "audit",
     .rows =
         "SELECT at, who, login, what, done, before, after, reason FROM falconer.audit ORDER BY "
         "id",
     .columns = "at timestamptz, who text, login text, what text, done text, before jsonb, after "
                "jsonb, reason text",
     // Without any other decision and event nobody sees that it has come before.
     .comes_back = "INSERT INTO falconer.audit (at, who, login, what, done, before, after, reason) "
                   "SELECT * FROM incoming i WHERE NOT EXISTS (SELECT FROM falconer.audit a WHERE "
                   "a.at = i.at AND a.who = i.who AND a.login = i.login AND a.what = i.what AND "
                   "a.done = i.done AND a.before IS NOT DISTINCT FROM i.before AND a.after IS NOT "
                   "DISTINCT FROM i.after) ORDER BY i.at",
     .decisions  = true},
};

constexpr auto rows = R"(
SELECT e.received, e.time, e.time_nanos, e.id, coalesce(c.identity, 'unknown cluster ' || e.cluster),
       coalesce(r.value, 'unknown rule ' || e.rule), s.value, h.value, t.value, e.priority, e.flags,
       e.output, e.output_fields, e.extra, e.long_source, e.long_tags
FROM falconer.event e
LEFT JOIN falconer.cluster c ON c.id = e.cluster
LEFT JOIN falconer.text r ON r.id = e.rule
LEFT JOIN falconer.text s ON s.id = e.source
LEFT JOIN falconer.text h ON h.id = e.hostname
LEFT JOIN falconer.text t ON t.id = e.tags)";

std::string condition(
    const char* received, const char* cluster, const std::string& day, const std::string& clusters
) {
    auto sql = fmt::format(
        " WHERE {0} >= '{1}Z' AND {0} < '{1}Z'::timestamptz + interval '1 day'", received, day
    );
    if (!clusters.empty()) sql += fmt::format(" AND {} = ANY ('{}'::int4[])", cluster, clusters);
    return sql;
}

}  // namespace

const char* const columns_of_day =
    "received timestamptz, time timestamptz, time_nanos int2, id uuid, identity text, rule text, "
    "source text, hostname text, tags text, priority int2, flags int2, output text, output_fields "
    "jsonb, extra jsonb, long_source text, long_tags text";

std::span<const backup_part> backup_parts() {
    return all;
}

const backup_part* find_part(std::string_view name) {
    name = name.substr(0, name.find('@'));
    const auto which =
        std::ranges::find_if(all, [&](const auto& each) { return name == each.name; });
    return which == std::end(all) ? nullptr : which;
}

std::string rows_of_day(const std::string& day, const std::string& clusters) {
    return std::string(rows) + condition("e.received", "e.cluster", day, clusters);
}

std::string rows_of_day(
    const backup_part& part, const std::string& day, const std::string& clusters
) {
    return std::string(part.rows) + condition(part.received, part.cluster, day, clusters);
}

std::string clusters_of_day(const std::string& day, const std::string& clusters) {
    return std::string(find_part(clusters_part)->rows) +
           " WHERE id IN (SELECT e.cluster FROM falconer.event e" +
           condition("e.received", "e.cluster", day, clusters) +
           " UNION SELECT q.cluster FROM falconer.quarantine q" +
           condition("q.received", "q.cluster", day, clusters) +
           " UNION SELECT t.cluster FROM falconer.tally t" +
           condition("t.minute", "t.cluster", day, clusters) + ")";
}

}  // namespace falconer::store
