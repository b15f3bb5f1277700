-- What the overview of clusters shows beside events: bodies kept aside, losses, quotas. Run after the events are
-- there (made.plan, made.cluster: console_events.sql).
INSERT INTO falconer.quarantine (received, cluster, about, reason, digest, body)
SELECT p.until - make_interval(secs => n * 600), c.id, 'event', 'time: expected RFC 3339', sha256(body), body
FROM made.plan p, generate_series(1, 1000) AS n, LATERAL (SELECT convert_to('{"rule": "x", "time": "' || n || '"}', 'UTF8') AS body) b, made.cluster c
WHERE c.no = made.pick(n, p.seed + 40, p.clusters / 4 + 1);

INSERT INTO falconer.tally (minute, cluster, rule, cause, priority, count)
SELECT date_trunc('minute', p.until) - make_interval(mins => n), c.id, (SELECT min(id) FROM falconer.text WHERE kind = 1), 1, 5, 100 + n
FROM made.plan p, generate_series(1, 1440) AS n, made.cluster c WHERE c.no = n % 5;

INSERT INTO falconer.quota_state (cluster, ordinary, urgent, at)
SELECT c.id, 10000 * made.chance(c.no, p.seed + 41), 10000, p.until FROM made.plan p, made.cluster c;
