-- The landscape at a glance: events counted by UTC days of receipt, so that a page about thousands of clusters reads little.
--
-- Nothing of this is done when an event is stored. A follower of its own comes behind the roll-ups, every half a minute, and adds up the
-- batches that these have counted since; its place in falconer.follower is written in the same transaction, so each event counts once.

CREATE TABLE falconer.landscape_cell (
    count    int8 NOT NULL,
    day      date NOT NULL,
    cluster  int4 NOT NULL,
    rule     int4 NOT NULL,
    priority int2 NOT NULL,
    PRIMARY KEY (cluster, day, rule, priority)
) WITH (fillfactor = 90);                        -- today's are updated in their place
CREATE INDEX landscape_cell_day ON falconer.landscape_cell USING brin (day) WITH (autosummarize = on);

-- The same of all clusters together, and of all rules together.
CREATE TABLE falconer.landscape_rule (
    count    int8 NOT NULL,
    day      date NOT NULL,
    rule     int4 NOT NULL,
    priority int2 NOT NULL,
    PRIMARY KEY (day, rule, priority)
) WITH (fillfactor = 90);
CREATE TABLE falconer.landscape_cluster (
    count   int8 NOT NULL,
    day     date NOT NULL,
    cluster int4 NOT NULL,
    PRIMARY KEY (day, cluster)
) WITH (fillfactor = 90);

-- Days that must be counted anew from falconer.rollup, each as a whole: those of before this schema, and those that a follower who was
-- away for too long has missed.
CREATE TABLE falconer.landscape_stale (day date PRIMARY KEY);

-- Adds what `source` selects: day, cluster, rule, priority, count. How many events that were.
CREATE FUNCTION falconer.add_to_landscape(source text) RETURNS int8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    events int8;
BEGIN
    EXECUTE 'WITH counted AS MATERIALIZED (' || source || '), cells AS (
        INSERT INTO falconer.landscape_cell AS had (day, cluster, rule, priority, count)
        SELECT day, cluster, rule, priority, count FROM counted ORDER BY 2, 1, 3, 4
        ON CONFLICT (cluster, day, rule, priority) DO UPDATE SET count = had.count + excluded.count
    ), rules AS (
        INSERT INTO falconer.landscape_rule AS had (day, rule, priority, count)
        SELECT day, rule, priority, sum(count) FROM counted GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (day, rule, priority) DO UPDATE SET count = had.count + excluded.count
    ), clusters AS (
        INSERT INTO falconer.landscape_cluster AS had (day, cluster, count)
        SELECT day, cluster, sum(count) FROM counted GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (day, cluster) DO UPDATE SET count = had.count + excluded.count
    ) SELECT coalesce(sum(count), 0) FROM counted' INTO events;
    RETURN events;
END $$;

-- Comes up with the roll-ups, at most `most` batches at a time. events: null where another one counts. What the roll-ups have lost
-- meanwhile, because it is past its time, is not counted any more. Whoever holds the lock of the
-- roll-ups is the only one who counts anything, so their place does not change meanwhile.
CREATE FUNCTION falconer.follow_rollups(most int, OUT events int8, OUT more bool)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    had  falconer.follower;
    far  falconer.follower;
    till xid8;
    cut  xid8;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7205759403792797) THEN RETURN; END IF;
    SELECT * INTO STRICT far FROM falconer.follower f WHERE f.name = 'rollup';
    SELECT * INTO STRICT had FROM falconer.follower f WHERE f.name = 'landscape';
    events := 0;
    more := false;
    till := far.xid;
    -- Of a store that lies in another server now the transactions are others; and batches are kept for a week.
    IF had.xid > far.xid OR had.at < clock_timestamp() - interval '6 days' THEN
        INSERT INTO falconer.landscape_stale SELECT DISTINCT d.day FROM falconer.rollup_day d
        ON CONFLICT DO NOTHING;
    ELSE
        SELECT b.xid INTO cut FROM falconer.batch b WHERE b.xid >= had.xid AND b.xid < till
        ORDER BY b.xid, b.seq OFFSET most LIMIT 1;
        IF cut > had.xid THEN
            till := cut;
            more := true;
        END IF;
        events := falconer.add_to_landscape(format($q$
            SELECT date '1970-01-01' + g.day AS day, g.cluster, g.rule, g.priority, g.count
            FROM (SELECT u.minute / 1440 AS day, u.cluster, u.rule, u.priority, sum(u.count)::int8 AS count
                  FROM (SELECT unnest(b.minutes) AS minute, unnest(b.clusters) AS cluster,
                               unnest(b.rules) AS rule, unnest(b.priorities) AS priority,
                               unnest(b.counts) AS count
                        FROM falconer.batch b WHERE b.xid >= %L AND b.xid < %L) u
                  GROUP BY 1, 2, 3, 4) g
            WHERE EXISTS (SELECT FROM falconer.rollup_day d
                          WHERE d.day = date '1970-01-01' + g.day AND d.cluster = g.cluster)$q$, had.xid, till));
    END IF;
    UPDATE falconer.follower f SET xid = till, seq = far.seq, at = clock_timestamp() WHERE f.name = 'landscape';
END $$;

-- Counts the newest stale day anew. Null: there is none, or it is not the time for it.
CREATE FUNCTION falconer.recount_landscape_day(OUT day date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(7205759403792797) THEN RETURN; END IF;
    IF NOT EXISTS (SELECT FROM falconer.landscape_stale) THEN RETURN; END IF;
    -- What the roll-ups know of a day must be what has been added here so far.
    IF (SELECT count(DISTINCT f.xid) FROM falconer.follower f WHERE f.name IN ('rollup', 'landscape')) > 1
    THEN RETURN; END IF;
    SELECT max(s.day) INTO day FROM falconer.landscape_stale s;
    DELETE FROM falconer.landscape_cell c WHERE c.day = recount_landscape_day.day;
    DELETE FROM falconer.landscape_rule c WHERE c.day = recount_landscape_day.day;
    DELETE FROM falconer.landscape_cluster c WHERE c.day = recount_landscape_day.day;
    PERFORM falconer.add_to_landscape(format($q$
        SELECT %L::date AS day, r.cluster, r.rule, r.priority, sum(r.count)::int8 AS count
        FROM falconer.rollup r
        WHERE r.minute >= %L::timestamp AT TIME ZONE 'UTC' AND r.minute < (%L::date + 1)::timestamp AT TIME ZONE 'UTC'
        GROUP BY 2, 3, 4$q$, day, day, day));
    DELETE FROM falconer.landscape_stale s WHERE s.day = recount_landscape_day.day;
END $$;

-- As in 0006; the landscape counts such a day with the next round.
CREATE OR REPLACE FUNCTION falconer.roll_up_day(OUT day date, OUT events int8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(7205759403792797) THEN RETURN; END IF;
    SELECT min(u.day) INTO day FROM falconer.unrolled_day u
    WHERE u.day < (now() AT TIME ZONE 'UTC')::date;
    IF day IS NULL THEN RETURN; END IF;
    events := 0;
    IF to_regclass('falconer.' || falconer.partition_of(day)) IS NOT NULL THEN
        events := falconer.add_up(format($q$
            SELECT date_trunc('minute', received) AS minute, cluster, rule, priority,
                   count(*) AS count
            FROM falconer.%I WHERE batch IS NULL GROUP BY 1, 2, 3, 4$q$,
            falconer.partition_of(day)));
        INSERT INTO falconer.landscape_stale VALUES (day) ON CONFLICT DO NOTHING;
    END IF;
    DELETE FROM falconer.unrolled_day u WHERE u.day = roll_up_day.day;
END $$;

-- As in 0008, and what the landscape counts of them goes with them; nobody counts meanwhile.
CREATE OR REPLACE FUNCTION falconer.trim_rollups(today date, fallback int) RETURNS int8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
    at_most date := falconer.at_most_today(today);
    old     date;
    gone    int4[];
    rows    int8;
BEGIN
    PERFORM pg_advisory_xact_lock(7205759403792797);
    SELECT d.day, array_agg(d.cluster) INTO old, gone
    FROM falconer.rollup_day d LEFT JOIN falconer.periods(fallback) p ON p.cluster = d.cluster
    WHERE d.day < at_most - coalesce(p.keep_days, fallback)
      AND NOT EXISTS (
        SELECT FROM falconer.legal_hold h
        WHERE (h.landscape IS NULL OR h.landscape = p.landscape)
          AND (h.project IS NULL OR h.project = p.project)
          AND (h.cluster IS NULL OR h.cluster = p.identity)
          AND (h.since IS NULL OR h.since <= d.day) AND (h.until IS NULL OR h.until >= d.day))
    GROUP BY d.day ORDER BY d.day LIMIT 1;
    IF old IS NULL THEN RETURN NULL; END IF;
    DELETE FROM falconer.rollup WHERE cluster = ANY (gone)
        AND minute >= old::timestamp AT TIME ZONE 'UTC'
        AND minute < (old + 1)::timestamp AT TIME ZONE 'UTC';
    GET DIAGNOSTICS rows = ROW_COUNT;
    DELETE FROM falconer.rollup_day WHERE day = old AND cluster = ANY (gone);
    DELETE FROM falconer.landscape_cluster WHERE day = old AND cluster = ANY (gone);
    WITH cells AS (
        DELETE FROM falconer.landscape_cell WHERE day = old AND cluster = ANY (gone)
        RETURNING rule, priority, count
    ), fewer AS (SELECT rule, priority, sum(count) AS count FROM cells GROUP BY 1, 2)
    UPDATE falconer.landscape_rule r SET count = r.count - f.count FROM fewer f
    WHERE r.day = old AND r.rule = f.rule AND r.priority = f.priority;
    DELETE FROM falconer.landscape_rule r WHERE r.day = old AND r.count <= 0;
    RETURN rows;
END $$;

-- What there is already is counted day by day, the newest first. From here on it goes where the roll-ups are now.
DO $begin$
BEGIN
    PERFORM pg_advisory_xact_lock(7205759403792797);
    INSERT INTO falconer.follower (name, xid, seq)
    SELECT 'landscape', f.xid, f.seq FROM falconer.follower f WHERE f.name = 'rollup';
    INSERT INTO falconer.landscape_stale SELECT DISTINCT d.day FROM falconer.rollup_day d;
END $begin$;
