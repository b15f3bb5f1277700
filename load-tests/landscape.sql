-- A month of a landscape of 10,000 clusters in 500 projects, as batches that were stored: the followers count them as they count any other.
-- Every cluster has a dozen of 60 rules each day; a few are a hundred times as loud as the others. psql -v days=30 -v clusters=10000
INSERT INTO falconer.text (kind, digest, value)
SELECT 1, sha256(convert_to('Rule ' || r, 'UTF8')), 'Rule ' || r FROM generate_series(1, 60) r
ON CONFLICT DO NOTHING;

INSERT INTO falconer.cluster (identity, digest, landscape, project, name, first_seen)
SELECT i.identity, sha256(convert_to(i.identity, 'UTF8')), 'live', i.project, i.name, now() - interval '90 days'
FROM (SELECT format('shoot--p%s--c%s-%s-live', n % 500, n, md5(n::text)::uuid) AS identity,
             'p' || n % 500 AS project, 'c' || n AS name
      FROM generate_series(1, :clusters) n) i
ON CONFLICT DO NOTHING;

INSERT INTO falconer.batch (days, minutes, clusters, rules, priorities, counts)
SELECT ARRAY[day], array_agg(minute), array_agg(cluster), array_agg(rule), array_agg(priority), array_agg(count)
FROM (SELECT d.day, ((d.day - date '1970-01-01') * 1440 + (c.id * 7 + r.n * 113) % 1440)::int4 AS minute,
             c.id AS cluster, t.id AS rule, (2 + t.id % 5)::int2 AS priority,
             (1 + (c.id * 31 + r.n * 17 + d.n * 7) % 40)::int4 * CASE WHEN c.id % 997 = 3 THEN 100 ELSE 1 END AS count
      FROM (SELECT ((now() AT TIME ZONE 'UTC')::date - n)::date AS day, n FROM generate_series(0, :days - 1) n) d,
           falconer.cluster c,
           LATERAL (SELECT k AS n FROM generate_series(0, 11) k) r,
           LATERAL (SELECT x.id FROM falconer.text x WHERE x.kind = 1 AND x.value = 'Rule ' || 1 + (c.id * 5 + r.n * r.n) % 60) t
     ) e
GROUP BY day ORDER BY day;
