-- Incidents: what a rule has found in a workload of a cluster, as one thing, however often it happens. They are gathered from the
-- batches that are stored, as the roll-ups are; whoever stores events does nothing for them.

-- A follower is done with all of falconer.batch below (xid, within). since: of what was received before it knows nothing.
ALTER TABLE falconer.follower
    ADD COLUMN within int8 NOT NULL DEFAULT 0,
    ADD COLUMN since  timestamptz;

-- kind: 0 the node itself, 1 a pod, 2 a container of no pod, 3 all workloads for which the cluster has no room any more. The workload of
-- a pod is its name without what controllers add to it. The id says the same of the same in every store: see incident_id().
CREATE TABLE falconer.incident (
    id        uuid PRIMARY KEY,
    first     timestamptz NOT NULL,              -- of receipt, as the others
    last      timestamptz NOT NULL,
    count     int8 NOT NULL,
    cluster   int4 NOT NULL,
    rule      int4 NOT NULL,
    hour      int4 NOT NULL,                     -- of `last`, since 1970: an index of it changes once an hour
    kind      int2 NOT NULL CHECK (kind BETWEEN 0 AND 3),
    priority  int2 NOT NULL,                     -- the most urgent
    namespace text NOT NULL,
    workload  text NOT NULL
) WITH (fillfactor = 80);                        -- what goes on is updated in its place
CREATE INDEX incident_hour ON falconer.incident (hour);
CREATE INDEX incident_cluster ON falconer.incident (cluster, hour);
CREATE INDEX incident_rule ON falconer.incident (rule, hour);    -- the few of a rare one among millions

-- Events of an incident by hours since 1970, for 31 days.
CREATE TABLE falconer.incident_hours (
    incident uuid NOT NULL,
    count    int8 NOT NULL,
    hour     int4 NOT NULL,
    PRIMARY KEY (incident, hour)
) WITH (fillfactor = 80);

-- Which image has done what: `image` without its tag; '' is no image, the node itself.
CREATE TABLE falconer.sighting (
    first   timestamptz NOT NULL,
    last    timestamptz NOT NULL,
    count   int8 NOT NULL,
    rule    int4 NOT NULL,
    cluster int4 NOT NULL,
    image   text NOT NULL,
    PRIMARY KEY (rule, image, cluster)
) WITH (fillfactor = 80);
CREATE INDEX sighting_cluster ON falconer.sighting (cluster);

-- How an incident stands: 0 open, 1 acknowledged, 2 in progress, 3 resolved until it happens again, 4 ignored whatever happens. No row: open.
CREATE TABLE falconer.incident_standing (
    incident uuid NOT NULL,
    at       timestamptz NOT NULL,               -- since when it has that state
    action   int8 NOT NULL,                      -- the latest
    cluster  int4 NOT NULL,                      -- the incident's
    state    int2 NOT NULL CHECK (state BETWEEN 0 AND 4),
    assignee text,
    PRIMARY KEY (incident)
);
CREATE INDEX incident_standing_resolved ON falconer.incident_standing (incident) WHERE state = 3;

-- How it stood after each action.
CREATE TABLE falconer.incident_step (
    LIKE falconer.incident_standing INCLUDING CONSTRAINTS,
    PRIMARY KEY (incident, action)
);
CREATE INDEX incident_step_action ON falconer.incident_step (action);

ALTER TABLE falconer.triage_action DROP CONSTRAINT triage_action_what_check;
ALTER TABLE falconer.triage_action ADD CONSTRAINT triage_action_what_check
    CHECK (what IN ('assess', 'undo', 'suppress', 'change', 'lift', 'incident', 'reopen'));

-- As in 0011; the steps of an incident go with it, too.
CREATE OR REPLACE FUNCTION falconer.append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME IN ('assessment_step', 'incident_step')
       AND current_setting('falconer.retaining', true) = 'on' THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'falconer.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON falconer.incident_step
    FOR EACH STATEMENT EXECUTE FUNCTION falconer.append_only();

-- Gathering begins with the latest days that have no more than ten million events together, six at the most: batches stay for seven.
INSERT INTO falconer.follower (name, xid, since)
SELECT 'incident', coalesce((SELECT b.xid FROM falconer.batch b WHERE b.at >= d.since ORDER BY b.xid LIMIT 1),
                            pg_snapshot_xmin(pg_current_snapshot())), d.since
FROM (SELECT coalesce(min(r.day)::timestamp AT TIME ZONE 'UTC', now()) AS since
      FROM (SELECT day, sum(sum(count)) OVER (ORDER BY day DESC) AS events FROM falconer.rollup_day
            WHERE day BETWEEN (now() AT TIME ZONE 'UTC')::date - 5 AND (now() AT TIME ZONE 'UTC')::date GROUP BY day) r
      WHERE r.events <= 10000000) d;

-- Of a text whose parts cannot run into one another. Without a search path of its own it becomes part of the statement that asks for many.
CREATE FUNCTION falconer.incident_id(identity text, rule text, kind int2, namespace text, workload text) RETURNS uuid
LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws(':',
        pg_catalog.length(identity), pg_catalog.length(rule), kind, pg_catalog.length(namespace), identity, rule, namespace, workload),
        'UTF8')), 1, 16), 'hex')::pg_catalog.uuid
$$;

-- Counts the events of these batches into incidents and sightings; test events and heartbeats (flag 16) are none. spans: when they were
-- received, as a condition of `e`. A cluster has room for 2,000 incidents and, beyond them, one for each rule; and for 5,000 sightings: names
-- are the senders'. `suffix` is what controllers add to names. How many events there were.
CREATE FUNCTION falconer.count_incidents(seqs int8[], spans text, suffix text) RETURNS int8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    events int8;
BEGIN
    EXECUTE format($q$
        WITH raw AS MATERIALIZED (
            SELECT e.cluster, e.rule, nullif(e.output_fields ->> 'k8s.ns.name', '<NA>') AS namespace,
                   nullif(e.output_fields ->> 'k8s.pod.name', '<NA>') AS pod, nullif(e.output_fields ->> 'container.name', '<NA>') AS container,
                   coalesce(e.output_fields ->> 'container.id', 'host') NOT IN ('', 'host', '<NA>') AS contained,
                   nullif(e.output_fields ->> 'container.image.repository', '<NA>') AS image, floor(date_part('epoch', e.received) / 3600)::int4 AS hour,
                   count(*) AS n, min(e.received) AS first, max(e.received) AS last, min(e.priority) AS priority
            FROM falconer.event e
            WHERE e.batch = ANY ($1) AND e.batch BETWEEN %s AND %s AND (%s) AND e.flags & 16 = 0
            GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
        ), named AS (
            SELECT r.cluster, r.rule, k.kind, CASE k.kind WHEN 1 THEN left(coalesce(r.namespace, ''), 63) ELSE '' END AS namespace,
                   CASE k.kind WHEN 1 THEN left(regexp_replace(left(r.pod, 253), $2, ''), 253)
                               WHEN 2 THEN left(coalesce(nullif(r.container, 'host'), ''), 253) ELSE '' END AS workload,
                   left(coalesce(r.image, ''), 256) AS image, r.hour, r.n, r.first, r.last, r.priority
            FROM raw r CROSS JOIN LATERAL (
                SELECT CASE WHEN r.pod <> '' THEN 1 WHEN r.contained OR nullif(r.container, 'host') <> '' THEN 2 ELSE 0 END::int2 AS kind) k
        ), groups AS MATERIALIZED (
            SELECT g.*, falconer.incident_id(c.identity, t.value, g.kind, g.namespace, g.workload) AS id
            FROM (SELECT cluster, rule, kind, namespace, workload, hour, sum(n)::int8 AS n, min(first) AS first, max(last) AS last,
                         min(priority) AS priority FROM named GROUP BY 1, 2, 3, 4, 5, 6) g
            JOIN falconer.cluster c ON c.id = g.cluster JOIN falconer.text t ON t.id = g.rule
        ), fresh AS (
            SELECT g.id, g.cluster, g.rule, row_number() OVER (PARTITION BY g.cluster ORDER BY min(g.first), g.id) AS rank
            FROM groups g WHERE NOT EXISTS (SELECT FROM falconer.incident i WHERE i.id = g.id) GROUP BY g.id, g.cluster, g.rule
        ), excess AS (
            SELECT f.id, falconer.incident_id(c.identity, t.value, 3::int2, '', '') AS others FROM fresh f JOIN (
                SELECT d.cluster, (SELECT count(*) FROM falconer.incident i WHERE i.cluster = d.cluster) AS had
                FROM (SELECT DISTINCT cluster FROM fresh) d) r ON r.cluster = f.cluster
            JOIN falconer.cluster c ON c.id = f.cluster JOIN falconer.text t ON t.id = f.rule WHERE r.had + f.rank > 2000
        ), placed AS MATERIALIZED (
            SELECT coalesce(x.others, g.id) AS id, g.cluster, g.rule,
                   CASE WHEN x.id IS NULL THEN g.kind ELSE 3 END::int2 AS kind, CASE WHEN x.id IS NULL THEN g.namespace ELSE '' END AS namespace,
                   CASE WHEN x.id IS NULL THEN g.workload ELSE '' END AS workload, g.hour, g.n, g.first, g.last, g.priority
            FROM groups g LEFT JOIN excess x ON x.id = g.id
        ), incidents AS (
            INSERT INTO falconer.incident AS had (id, first, last, count, cluster, rule, hour, kind, priority, namespace, workload)
            SELECT id, min(first), max(last), sum(n)::int8, cluster, rule, max(hour), kind, min(priority), namespace, workload
            FROM placed GROUP BY id, cluster, rule, kind, namespace, workload
            ON CONFLICT (id) DO UPDATE
                SET first = least(had.first, excluded.first), last = greatest(had.last, excluded.last), count = had.count + excluded.count,
                    cluster = excluded.cluster, rule = excluded.rule, hour = greatest(had.hour, excluded.hour),
                    priority = least(had.priority, excluded.priority)
        ), hours AS (
            INSERT INTO falconer.incident_hours AS had (incident, hour, count)
            SELECT id, hour, sum(n)::int8 FROM placed GROUP BY 1, 2
            ON CONFLICT (incident, hour) DO UPDATE SET count = had.count + excluded.count
        ), images AS MATERIALIZED (
            SELECT rule, image, cluster, min(first) AS first, max(last) AS last, sum(n)::int8 AS n FROM named GROUP BY 1, 2, 3
        ), unseen AS (
            SELECT m.rule, m.image, m.cluster, row_number() OVER (PARTITION BY m.cluster ORDER BY m.first, m.rule, m.image) AS rank
            FROM images m WHERE NOT EXISTS (
                SELECT FROM falconer.sighting s WHERE s.rule = m.rule AND s.image = m.image AND s.cluster = m.cluster)
        ), beyond AS (
            SELECT u.rule, u.image, u.cluster FROM unseen u JOIN (
                SELECT d.cluster, (SELECT count(*) FROM falconer.sighting s WHERE s.cluster = d.cluster) AS had
                FROM (SELECT DISTINCT cluster FROM unseen) d) r ON r.cluster = u.cluster WHERE r.had + u.rank > 5000
        ), sightings AS (
            INSERT INTO falconer.sighting AS had (rule, image, cluster, first, last, count)
            SELECT m.rule, m.image, m.cluster, m.first, m.last, m.n FROM images m
            WHERE NOT EXISTS (SELECT FROM beyond b WHERE b.rule = m.rule AND b.image = m.image AND b.cluster = m.cluster)
            ON CONFLICT (rule, image, cluster) DO UPDATE
                SET first = least(had.first, excluded.first), last = greatest(had.last, excluded.last), count = had.count + excluded.count
        ) SELECT coalesce(sum(n), 0)::int8 FROM placed$q$,
        (SELECT min(u) FROM unnest(seqs) u), (SELECT max(u) FROM unnest(seqs) u), spans)
    INTO events USING seqs, suffix;
    RETURN events;
END $$;

-- Puts the rows down as they shall stand after the action.
CREATE FUNCTION falconer.put_incidents(these falconer.incident_standing[], number int8) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    WITH steps AS (
        INSERT INTO falconer.incident_step (incident, at, action, cluster, state, assignee)
        SELECT t.incident, t.at, number, t.cluster, t.state, t.assignee FROM unnest(these) AS t
    )
    INSERT INTO falconer.incident_standing AS had (incident, at, action, cluster, state, assignee)
    SELECT t.incident, t.at, number, t.cluster, t.state, t.assignee FROM unnest(these) AS t
    ON CONFLICT (incident) DO UPDATE
        SET at = excluded.at, action = excluded.action, cluster = excluded.cluster, state = excluded.state, assignee = excluded.assignee
$$;

-- What was resolved and has happened since is open again; an action for each, because they may be of several projects. How many.
CREATE FUNCTION falconer.reopen_incidents() RETURNS int8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    each   falconer.incident_standing;
    number int8;
    opened int8 := 0;
BEGIN
    IF NOT EXISTS (SELECT FROM falconer.incident_standing s JOIN falconer.incident i ON i.id = s.incident
                   WHERE s.state = 3 AND i.last > s.at) THEN RETURN 0; END IF;
    PERFORM falconer.triage_in_turn();
    FOR each IN SELECT s.* FROM falconer.incident_standing s JOIN falconer.incident i ON i.id = s.incident
                WHERE s.state = 3 AND i.last > s.at
    LOOP
        INSERT INTO falconer.triage_action (id, who, what, state, reason, projects)
        SELECT gen_random_uuid(), 'falconer', 'reopen', 0, 'it has happened again', ARRAY[coalesce(c.project, '')]
        FROM falconer.cluster c WHERE c.id = each.cluster
        RETURNING seq INTO number;
        CONTINUE WHEN number IS NULL;
        each.state := 0;
        each.at    := clock_timestamp();
        PERFORM falconer.put_incidents(ARRAY[each], number);
        opened := opened + 1;
    END LOOP;
    RETURN opened;
END $$;

-- As in 0006, of two followers: a batch that incidents have not seen gets the transaction 1, where these go on.
CREATE OR REPLACE FUNCTION falconer.adopt_batches(had falconer.follower) RETURNS xid8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    till   xid8 := pg_snapshot_xmin(pg_current_snapshot());
    behind falconer.follower;
BEGIN
    PERFORM pg_advisory_xact_lock(7205759403792798);  -- whoever gathers incidents never waits for us
    SELECT * INTO STRICT behind FROM falconer.follower f WHERE f.name = 'incident';
    UPDATE falconer.batch b
    SET xid = (CASE WHEN b.xid >= had.xid OR b.seq > had.seq THEN 1 ELSE 0 END
             + CASE WHEN b.xid > behind.xid OR b.xid = behind.xid AND b.seq >= behind.within OR b.seq > behind.seq
                    THEN 2 ELSE 0 END)::text::xid8;
    PERFORM falconer.add_up_batches('1', '2');
    PERFORM falconer.add_up_batches('3', '4');
    UPDATE falconer.batch SET xid = CASE WHEN xid >= '2' THEN '1' ELSE '0' END::xid8 WHERE xid > '0';
    UPDATE falconer.follower SET xid = till WHERE name = 'rollup';
    UPDATE falconer.follower SET xid = '1', within = 0 WHERE name = 'incident';
    UPDATE falconer.follower SET xid = '18446744073709551615' WHERE name = 'landscape';  -- has lost its place, see 0013
    RETURN till;
END $$;

-- Brings incidents up to date with batches of some `most` events; safe to call whenever, by whomever: where it has got to is committed
-- together with what it has counted. batches: null where another one is at it. behind: seconds since the oldest batch that was left was begun.
CREATE FUNCTION falconer.gather_incidents(
    most int8, suffix text, OUT batches int8, OUT events int8, OUT reopened int8, OUT more bool, OUT behind float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    had   falconer.follower;
    rolls falconer.follower;
    till  xid8;
    last  xid8;
    top   int8;
    seqs  int8[];
    spans text;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7205759403792798) THEN RETURN; END IF;
    SELECT * INTO STRICT had FROM falconer.follower f WHERE f.name = 'incident';
    IF had.xid > pg_snapshot_xmax(pg_current_snapshot()) THEN
        IF NOT pg_try_advisory_xact_lock(7205759403792797) THEN RETURN; END IF;
        SELECT * INTO STRICT rolls FROM falconer.follower f WHERE f.name = 'rollup';
        PERFORM falconer.adopt_batches(rolls);
        SELECT * INTO STRICT had FROM falconer.follower f WHERE f.name = 'incident';
    END IF;
    till := pg_snapshot_xmin(pg_current_snapshot());
    events := 0;
    reopened := 0;
    WITH next AS MATERIALIZED (
        SELECT b.xid, b.seq, (SELECT sum(n) FROM unnest(b.counts) n) AS events FROM falconer.batch b
        WHERE (b.xid, b.seq) >= (had.xid, had.within) AND b.xid < till ORDER BY b.xid, b.seq LIMIT 2000
    ), sized AS (
        SELECT n.*, sum(n.events) OVER (ORDER BY n.xid, n.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ahead FROM next n
    )
    SELECT count(*), array_agg(s.seq ORDER BY s.xid, s.seq), max(s.seq), (array_agg(s.xid ORDER BY s.xid DESC, s.seq DESC))[1]
    INTO batches, seqs, top, last FROM sized s WHERE coalesce(s.ahead, 0) < most;

    IF batches > 0 THEN
        -- Minutes that follow one another, as one span; many of them, as one altogether.
        WITH minutes AS MATERIALIZED (
            SELECT DISTINCT u.minute FROM falconer.batch b, unnest(b.minutes) AS u (minute)
            WHERE b.xid >= had.xid AND b.xid <= last AND b.seq = ANY (seqs)
        ), islands AS MATERIALIZED (
            SELECT min(i.minute) AS low, max(i.minute) AS high
            FROM (SELECT m.minute, m.minute - row_number() OVER (ORDER BY m.minute) AS island FROM minutes m) i GROUP BY i.island
        )
        SELECT string_agg(format('e.received >= %L AND e.received < %L', to_timestamp(60::float8 * s.low),
                                 to_timestamp(60::float8 * (s.high + 1))), ' OR ') INTO spans
        FROM (SELECT low, high FROM islands WHERE (SELECT count(*) FROM islands) <= 32
              UNION ALL
              SELECT min(low), max(high) FROM islands HAVING count(*) > 32) s;
        events := falconer.count_incidents(seqs, coalesce(spans, 'false'), suffix);
        UPDATE falconer.follower f
        SET xid = last, within = seqs[array_upper(seqs, 1)] + 1, seq = greatest(f.seq, top), at = clock_timestamp()
        WHERE f.name = 'incident' RETURNING f.* INTO had;
    END IF;
    SELECT extract(epoch FROM clock_timestamp() - b.at) INTO behind FROM falconer.batch b
    WHERE (b.xid, b.seq) >= (had.xid, had.within) ORDER BY b.xid, b.seq LIMIT 1;
    behind := coalesce(greatest(behind, 0), 0);
    more := EXISTS (SELECT FROM falconer.batch b WHERE (b.xid, b.seq) >= (had.xid, had.within) AND b.xid < till);
    reopened := falconer.reopen_incidents();
END $$;

-- What somebody makes of incidents; those that are not there are passed over. `seen`: the action that the asker believes to be the latest,
-- 0 none, null: whichever. Is one of them another, nothing is done, and it says of how many and by whom. to_state null: as it stands;
-- to_assignee null: as it is, '': nobody.
CREATE FUNCTION falconer.act_on_incidents(
    action uuid, by_whom text, which uuid[], seen int8[], to_state int2, to_assignee text, why text, said text,
    OUT incidents int8, OUT changed int8, OUT changed_by text, OUT changed_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    these  falconer.incident_standing[];
    number int8;
BEGIN
    PERFORM falconer.triage_in_turn();
    changed := 0;
    SELECT a.seq INTO number FROM falconer.triage_action a WHERE a.id = action;
    IF FOUND THEN  -- the answer was lost on its way
        SELECT count(*) INTO incidents FROM falconer.incident_step s WHERE s.action = number;
        RETURN;
    END IF;

    SELECT count(*), (array_agg(w.who ORDER BY w.seq DESC))[1], max(w.at) INTO changed, changed_by, changed_at
    FROM unnest(which, seen) AS k (id, seen) JOIN falconer.incident_standing h ON h.incident = k.id
    LEFT JOIN falconer.triage_action w ON w.seq = h.action
    WHERE k.seen IS NOT NULL AND h.action <> k.seen;
    IF changed > 0 THEN RETURN; END IF;

    SELECT array_agg(ROW(i.id, CASE WHEN to_state IS NULL AND h.at IS NOT NULL THEN h.at ELSE clock_timestamp() END, 0, i.cluster,
               coalesce(to_state, h.state, 0),
               CASE WHEN to_assignee IS NULL THEN h.assignee ELSE nullif(to_assignee, '') END)::falconer.incident_standing)
    INTO these
    FROM (SELECT DISTINCT u.id FROM unnest(which) AS u (id)) k
    JOIN falconer.incident i ON i.id = k.id LEFT JOIN falconer.incident_standing h ON h.incident = i.id;

    incidents := coalesce(cardinality(these), 0);
    IF incidents = 0 THEN RETURN; END IF;
    INSERT INTO falconer.triage_action (id, who, what, state, assignee, reason, comment, projects)
    SELECT act_on_incidents.action, by_whom, 'incident', to_state, to_assignee, why, said, array_agg(DISTINCT coalesce(c.project, ''))
    FROM unnest(these) AS t JOIN falconer.cluster c ON c.id = t.cluster
    RETURNING triage_action.seq INTO number;
    PERFORM falconer.put_incidents(these, number);
END $$;

-- Removes, up to `most` at a time, incidents and sightings whose last event is past its cluster's period and kept by no hold, with all that
-- belongs to them; and hours of before 31 days. How many rows went.
CREATE FUNCTION falconer.trim_incidents(today date, fallback int, most int8) RETURNS int8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
    at_most date := falconer.at_most_today(today);
    these   uuid[];
    rows    int8;
    gone    int8;
BEGIN
    PERFORM pg_advisory_xact_lock(7205759403792798);
    SELECT array_agg(o.id) INTO these FROM (
        SELECT i.id FROM falconer.incident i LEFT JOIN falconer.periods(fallback) p ON p.cluster = i.cluster
        WHERE i.last < (at_most - coalesce(p.keep_days, fallback))::timestamp AT TIME ZONE 'UTC'
          AND NOT EXISTS (
            SELECT FROM falconer.legal_hold h
            WHERE (h.landscape IS NULL OR h.landscape = p.landscape)
              AND (h.project IS NULL OR h.project = p.project)
              AND (h.cluster IS NULL OR h.cluster = p.identity)
              AND (h.since IS NULL OR h.since <= (i.last AT TIME ZONE 'UTC')::date)
              AND (h.until IS NULL OR h.until >= (i.first AT TIME ZONE 'UTC')::date)) LIMIT most) o;
    DELETE FROM falconer.incident_step WHERE incident = ANY (these);
    DELETE FROM falconer.incident_standing WHERE incident = ANY (these);
    DELETE FROM falconer.incident_hours WHERE incident = ANY (these);
    DELETE FROM falconer.incident WHERE id = ANY (these);
    rows := coalesce(cardinality(these), 0);
    DELETE FROM falconer.sighting WHERE ctid = ANY (ARRAY(
        SELECT s.ctid FROM falconer.sighting s LEFT JOIN falconer.periods(fallback) p ON p.cluster = s.cluster
        WHERE s.last < (at_most - coalesce(p.keep_days, fallback))::timestamp AT TIME ZONE 'UTC'
          AND NOT EXISTS (
            SELECT FROM falconer.legal_hold h
            WHERE (h.landscape IS NULL OR h.landscape = p.landscape)
              AND (h.project IS NULL OR h.project = p.project)
              AND (h.cluster IS NULL OR h.cluster = p.identity)
              AND (h.since IS NULL OR h.since <= (s.last AT TIME ZONE 'UTC')::date)
              AND (h.until IS NULL OR h.until >= (s.first AT TIME ZONE 'UTC')::date)) LIMIT most));
    GET DIAGNOSTICS gone = ROW_COUNT;
    rows := rows + gone;
    DELETE FROM falconer.incident_hours WHERE ctid = ANY (ARRAY(
        SELECT o.ctid FROM falconer.incident_hours o
        WHERE o.hour < extract(epoch FROM (at_most - 31)::timestamp AT TIME ZONE 'UTC')::int8 / 3600 LIMIT most));
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN rows + gone;
END $$;

-- As in 0008: incidents refer to rules, too.
CREATE OR REPLACE FUNCTION falconer.texts_needed_since(today date, fallback int) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT least(falconer.at_most_today(today) - greatest(fallback, 30),
        (SELECT min(to_date(substr(c.relname, 7), 'YYYYMMDD'))
         FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$'),
        (SELECT (min(minute) AT TIME ZONE 'UTC')::date FROM falconer.tally),
        (SELECT min(day) FROM falconer.rollup_day),
        (SELECT (to_timestamp(3600::float8 * min(hour)) AT TIME ZONE 'UTC')::date FROM falconer.incident),
        (SELECT (min(last) AT TIME ZONE 'UTC')::date FROM falconer.sighting)) - 2
$$;

-- As in 0008: incidents refer to clusters, too.
CREATE OR REPLACE FUNCTION falconer.forget_clusters(
    today date, most int, after int4, OUT gone int8, OUT last int4)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    since date := falconer.at_most_today(today) - 30;
    these int4[];
BEGIN
    gone := 0;
    SELECT array_agg(c.id), max(c.id) INTO these, last
    FROM (SELECT id FROM falconer.cluster WHERE id > after AND used < since
          ORDER BY id LIMIT most) c;
    IF last IS NULL THEN RETURN; END IF;
    these := ARRAY(
        SELECT unnest(these)
        EXCEPT SELECT d.cluster FROM falconer.rollup_day d);
    these := ARRAY(
        SELECT unnest(these)
        EXCEPT SELECT i.cluster FROM falconer.incident i
        EXCEPT SELECT s.cluster FROM falconer.sighting s
        EXCEPT SELECT r.cluster FROM falconer.raw r
        EXCEPT SELECT q.cluster FROM falconer.quarantine q
        EXCEPT SELECT t.cluster FROM falconer.tally t
        EXCEPT SELECT unnest(b.clusters) FROM falconer.batch b  -- not in the roll-ups yet
               WHERE b.xid >= (SELECT f.xid FROM falconer.follower f WHERE f.name = 'rollup')
        EXCEPT SELECT c.id FROM falconer.cluster c
               WHERE c.identity IN (SELECT p.identity FROM falconer.cluster_policy p
                                    UNION ALL SELECT h.cluster FROM falconer.legal_hold h));
    these := falconer.without_events(these);
    DELETE FROM falconer.quota_state q
    WHERE q.cluster = ANY (these) AND q.at < since::timestamp AT TIME ZONE 'UTC';
    DELETE FROM falconer.cluster c
    WHERE c.id = ANY (these) AND c.used < since
      AND NOT EXISTS (SELECT FROM falconer.quota_state q WHERE q.cluster = c.id);
    GET DIAGNOSTICS gone = ROW_COUNT;
END $$;
