-- Events by UTC day of receipt, and the dictionaries of what repeats in them.

CREATE TABLE falconer.cluster (
    id         int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest     bytea NOT NULL UNIQUE,          -- sha256 of identity: identities may be long
    identity   text NOT NULL,
    landscape  text, project text, name text, uid text,  -- where the identity looks like a shoot's
    first_seen timestamptz NOT NULL DEFAULT now()
);

-- kind: 1 rule, 2 source, 3 hostname, 4 tags (a JSON array as it was sent)
CREATE TABLE falconer.text (
    id     int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind   int2  NOT NULL,
    digest bytea NOT NULL,
    value  text  NOT NULL,
    UNIQUE (kind, digest)
);

-- Columns from wide to narrow: no padding between them.
CREATE TABLE falconer.event (
    received      timestamptz NOT NULL,
    time          timestamptz NOT NULL,
    id            uuid        NOT NULL,
    cluster       int4        NOT NULL,
    rule          int4        NOT NULL,
    source        int4,
    hostname      int4,
    tags          int4,
    priority      int2        NOT NULL,
    flags         int2        NOT NULL,
    time_nanos    int2        NOT NULL,         -- below the microsecond, 0 to 999
    output        text,
    output_fields jsonb       NOT NULL,
    extra         jsonb
) PARTITION BY RANGE (received);

CREATE INDEX event_cluster_time ON falconer.event (cluster, time DESC);

-- A partition is built beside the table and then attached: CREATE ... PARTITION OF would lock out
-- every insert, ATTACH does not.
CREATE FUNCTION falconer.ensure_day(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part  text := 'event_' || to_char(day, 'YYYYMMDD');
    since timestamptz := day::timestamp AT TIME ZONE 'UTC';
    till  timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass('falconer.' || part) IS NOT NULL THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('falconer.ensure_day'));
    -- to_regclass would still answer from what this session believed before it waited.
    IF EXISTS (SELECT FROM pg_class WHERE relname = part
               AND relnamespace = 'falconer'::regnamespace) THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE falconer.%I (LIKE falconer.event INCLUDING STORAGE,
                    CONSTRAINT day CHECK (received >= %L AND received < %L))', part, since, till);
    EXECUTE format('CREATE UNIQUE INDEX %I ON falconer.%I (id, cluster)', part || '_once', part);
    EXECUTE format('ALTER TABLE falconer.event ATTACH PARTITION falconer.%I
                    FOR VALUES FROM (%L) TO (%L)', part, since, till);
    EXECUTE format('ALTER TABLE falconer.%I DROP CONSTRAINT day', part);
END $$;

CREATE VIEW falconer.events AS
SELECT e.received, e.time, e.time_nanos, e.id, c.identity AS cluster, c.landscape, c.project,
       c.name AS shoot, r.value AS rule,
       (ARRAY['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational',
              'Debug'])[e.priority + 1] AS priority,
       s.value AS source, h.value AS hostname, t.value::jsonb AS tags, e.flags, e.output,
       e.output_fields, e.extra
FROM falconer.event e
JOIN falconer.cluster c ON c.id = e.cluster
JOIN falconer.text r ON r.id = e.rule
LEFT JOIN falconer.text s ON s.id = e.source
LEFT JOIN falconer.text h ON h.id = e.hostname
LEFT JOIN falconer.text t ON t.id = e.tags;

CREATE VIEW falconer.events_per_day AS
SELECT (received AT TIME ZONE 'UTC')::date AS day, cluster, count(*) AS events
FROM falconer.event GROUP BY 1, 2;
