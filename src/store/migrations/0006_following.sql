-- What follows the store: batches, what is counted from them, and the exact bytes of events that had
-- to be changed.
--
-- Receipt times are not monotone (spool, quarantine) and commits overtake each other, so whoever
-- follows the store goes by transactions: of the batches with xid < X all are visible or will never
-- be, where X is pg_snapshot_xmin(pg_current_snapshot()). A follower remembers the X it has got to
-- and next time takes what lies between. A transaction that writes for long, anybody's in this
-- server, holds all followers back as long.

-- A row per committed batch that holds events. The five arrays belong together, an element each for
-- every (minute of receipt, cluster, rule, priority) in it, without repetitions that were dropped.
CREATE TABLE falconer.batch (
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq        int8 GENERATED ALWAYS AS IDENTITY,  -- what event.batch says
    at         timestamptz NOT NULL DEFAULT now(),
    days       date[] NOT NULL,                    -- UTC days of receipt: the partitions it touched
    minutes    int4[] NOT NULL,                    -- since 1970
    clusters   int4[] NOT NULL,
    rules      int4[] NOT NULL,
    priorities int2[] NOT NULL,
    counts     int4[] NOT NULL,
    PRIMARY KEY (xid, seq)
);

-- Null: stored before this schema, or by an older Falconer beside it.
ALTER TABLE falconer.event ADD COLUMN batch int8;

-- How far a follower has got: all below xid is done. seq is the highest it has met on the way.
CREATE TABLE falconer.follower (
    name text PRIMARY KEY,
    xid  xid8 NOT NULL,
    seq  int8 NOT NULL DEFAULT 0,
    at   timestamptz NOT NULL DEFAULT now()
);
INSERT INTO falconer.follower (name, xid) VALUES ('rollup', '0');

-- Events counted, a few seconds late; test events and heartbeats as well, by their rules. By minutes
-- for facets, histograms and the rhythm of clusters: of one cluster by the key, of all by the minute.
CREATE TABLE falconer.rollup (
    minute   timestamptz NOT NULL,               -- of receipt
    count    int8 NOT NULL,
    cluster  int4 NOT NULL,
    rule     int4 NOT NULL,
    priority int2 NOT NULL,
    PRIMARY KEY (cluster, minute, rule, priority)
) WITH (fillfactor = 90);                        -- a minute under way is updated in its place
CREATE INDEX rollup_minute ON falconer.rollup USING brin (minute) WITH (autosummarize = on);

-- The same by UTC days of receipt, for whoever wants to know of a day or a year at once (db status,
-- doctor): a row per cluster. The loudest of the last 24 hours are among those of two days, and of
-- these few falconer.rollup tells the hours.
CREATE TABLE falconer.rollup_day (
    day     date NOT NULL,
    cluster int4 NOT NULL,
    last    timestamptz NOT NULL,                -- the latest minute
    count   int8 NOT NULL,
    PRIMARY KEY (day, cluster)
);

-- Days with events of no batch, which no roll-up has yet: of these days the roll-ups tell too little.
-- Each is counted as a whole when it is over, and leaves this table with that.
CREATE TABLE falconer.unrolled_day (day date PRIMARY KEY);

-- Bodies as they came, of events in which characters were replaced (flag 128). An event that was
-- beyond its cluster's bound has none.
CREATE TABLE falconer.raw (
    id       uuid NOT NULL,                      -- these three are the event's
    cluster  int4 NOT NULL,
    received timestamptz NOT NULL,
    body     bytea NOT NULL,
    PRIMARY KEY (id, cluster, received)
);
CREATE INDEX raw_received ON falconer.raw (received);

-- As in 0001, and batches are found by an index that costs an insert next to nothing.
CREATE OR REPLACE FUNCTION falconer.ensure_day(day date) RETURNS void
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
    EXECUTE format('CREATE INDEX ON falconer.%I USING brin (batch) WITH (autosummarize = on)', part);
    EXECUTE format('ALTER TABLE falconer.event ATTACH PARTITION falconer.%I
                    FOR VALUES FROM (%L) TO (%L)', part, since, till);
    EXECUTE format('ALTER TABLE falconer.%I DROP CONSTRAINT day', part);
END $$;

-- As in 0003, with the index of batches.
CREATE OR REPLACE FUNCTION falconer.begin_rewrite(day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part  text := falconer.partition_of(day);
    kept  text := part || '_kept';
    since timestamptz := day::timestamp AT TIME ZONE 'UTC';
    till  timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    PERFORM falconer.end_rewrite(day);
    EXECUTE format('CREATE TABLE falconer.%I (LIKE falconer.event INCLUDING STORAGE,
                    CONSTRAINT day CHECK (received >= %L AND received < %L))', kept, since, till);
    EXECUTE format('CREATE UNIQUE INDEX %I ON falconer.%I (id, cluster)', kept || '_once', kept);
    EXECUTE format('CREATE INDEX %I ON falconer.%I (cluster, time DESC)',
                   kept || '_cluster_time_idx', kept);
    EXECUTE format('CREATE INDEX %I ON falconer.%I USING brin (batch) WITH (autosummarize = on)',
                   kept || '_batch_idx', kept);
    EXECUTE format('CREATE TRIGGER also_keep AFTER INSERT ON falconer.%I
                    FOR EACH ROW EXECUTE FUNCTION falconer.also_keep()', part);
END $$;

-- As in 0003, with the index of batches.
CREATE OR REPLACE FUNCTION falconer.swap_day(day date, today date, fallback int, gone int4[]) RETURNS bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part  text := falconer.partition_of(day);
    kept  text := part || '_kept';
    since timestamptz := day::timestamp AT TIME ZONE 'UTC';
    till  timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    LOCK TABLE ONLY falconer.event IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('LOCK TABLE falconer.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part);
    IF EXISTS (SELECT unnest(gone) EXCEPT
               SELECT p.cluster FROM falconer.past_period(day, today, fallback) p WHERE NOT p.held)
    THEN RETURN false; END IF;
    EXECUTE format('DROP TABLE falconer.%I', part);
    EXECUTE format('ALTER TABLE falconer.%I RENAME TO %I', kept, part);
    EXECUTE format('ALTER INDEX falconer.%I RENAME TO %I', kept || '_once', part || '_once');
    EXECUTE format('ALTER INDEX falconer.%I RENAME TO %I', kept || '_cluster_time_idx',
                   part || '_cluster_time_idx');
    EXECUTE format('ALTER INDEX falconer.%I RENAME TO %I', kept || '_batch_idx',
                   part || '_batch_idx');
    EXECUTE format('ALTER TABLE falconer.event ATTACH PARTITION falconer.%I
                    FOR VALUES FROM (%L) TO (%L)', part, since, till);
    EXECUTE format('ALTER TABLE falconer.%I DROP CONSTRAINT day', part);
    RETURN true;
END $$;

-- Days that are there already. Batches will hardly come to the older ones; a rewrite that was broken
-- off has a copy without the new column.
DO $each$
DECLARE
    part text;
    day  date;
BEGIN
    FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$'
    LOOP
        day := to_date(substr(part, 7), 'YYYYMMDD');
        INSERT INTO falconer.unrolled_day VALUES (day);
        PERFORM falconer.end_rewrite(day);
        CONTINUE WHEN day < (now() AT TIME ZONE 'UTC')::date;
        EXECUTE format('CREATE INDEX ON falconer.%I USING brin (batch) WITH (autosummarize = on)',
                       part);
    END LOOP;
END $each$;

-- Adds up what `source` selects: minute, cluster, rule, priority, count. How many events that were.
CREATE FUNCTION falconer.add_up(source text) RETURNS int8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    events int8;
BEGIN
    EXECUTE 'WITH counted AS MATERIALIZED (' || source || '), minutes AS (
        INSERT INTO falconer.rollup AS had (minute, cluster, rule, priority, count)
        SELECT minute, cluster, rule, priority, count FROM counted ORDER BY 2, 1, 3, 4
        ON CONFLICT (cluster, minute, rule, priority) DO UPDATE SET count = had.count + excluded.count
    ), days AS (
        INSERT INTO falconer.rollup_day AS had (day, cluster, last, count)
        SELECT (minute AT TIME ZONE ''UTC'')::date, cluster, max(minute), sum(count) FROM counted
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (day, cluster) DO UPDATE
            SET last = greatest(had.last, excluded.last), count = had.count + excluded.count
    ) SELECT coalesce(sum(count), 0) FROM counted' INTO events;
    RETURN events;
END $$;

CREATE FUNCTION falconer.add_up_batches(since xid8, till xid8) RETURNS int8
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT falconer.add_up(format($q$
        SELECT to_timestamp(u.minute * 60.0) AS minute, u.cluster, u.rule, u.priority,
               sum(u.count)::int8 AS count
        FROM falconer.batch b,
             unnest(b.minutes, b.clusters, b.rules, b.priorities, b.counts)
                 AS u (minute, cluster, rule, priority, count)
        WHERE b.xid >= %L AND b.xid < %L GROUP BY 1, 2, 3, 4$q$, since, till))
$$;

-- A store that was restored into another server has batches with that one's transactions. Those the
-- roll-ups have not seen are counted; then all become older than any transaction. Where to go on.
CREATE FUNCTION falconer.adopt_batches(had falconer.follower) RETURNS xid8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    till xid8 := pg_snapshot_xmin(pg_current_snapshot());
BEGIN
    UPDATE falconer.batch b
    SET xid = CASE WHEN b.xid >= had.xid OR b.seq > had.seq THEN '1' ELSE '0' END::xid8;
    PERFORM falconer.add_up_batches('1', '2');
    UPDATE falconer.batch SET xid = '0' WHERE xid = '1';
    UPDATE falconer.follower SET xid = till WHERE name = 'rollup';
    RETURN till;
END $$;

-- Brings the roll-ups up to date, at most `most` batches at a time; safe to call whenever, by
-- whomever: where it has got to is committed together with what it has counted. batches: null where
-- another one is at it. behind: seconds since the oldest batch that was left was begun.
CREATE FUNCTION falconer.roll_up(
    most int, OUT batches int8, OUT events int8, OUT more bool, OUT behind float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    had  falconer.follower;
    till xid8;
    cut  xid8;
    top  int8;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7205759403792797) THEN RETURN; END IF;
    SELECT * INTO STRICT had FROM falconer.follower f WHERE f.name = 'rollup';
    IF had.xid > pg_snapshot_xmax(pg_current_snapshot()) THEN
        had.xid := falconer.adopt_batches(had);
    END IF;
    till := pg_snapshot_xmin(pg_current_snapshot());
    SELECT b.xid INTO cut FROM falconer.batch b WHERE b.xid >= had.xid AND b.xid < till
    ORDER BY b.xid, b.seq OFFSET most LIMIT 1;
    more := cut > had.xid;
    IF more THEN till := cut; ELSE more := false; END IF;

    SELECT count(*), max(b.seq) INTO batches, top FROM falconer.batch b
    WHERE b.xid >= had.xid AND b.xid < till;
    events := 0;
    IF batches > 0 THEN
        events := falconer.add_up_batches(had.xid, till);
        UPDATE falconer.follower f SET xid = till, seq = greatest(f.seq, top), at = clock_timestamp()
        WHERE f.name = 'rollup';
    END IF;
    SELECT extract(epoch FROM clock_timestamp() - b.at) INTO behind FROM falconer.batch b
    WHERE b.xid >= till ORDER BY b.xid, b.seq LIMIT 1;
    behind := coalesce(greatest(behind, 0), 0);

    -- Who has not come for a batch in a week looks at the days themselves.
    IF (SELECT b.at < now() - interval '7 days' FROM falconer.batch b ORDER BY b.xid, b.seq LIMIT 1)
    THEN
        DELETE FROM falconer.batch b
        USING (SELECT o.xid, o.seq FROM falconer.batch o ORDER BY o.xid, o.seq LIMIT 2 * most) old
        WHERE b.xid = old.xid AND b.seq = old.seq AND b.xid < till
          AND b.at < now() - interval '7 days';
    END IF;
END $$;

-- Counts the oldest day of falconer.unrolled_day that is over. Null: there is none, or another one is
-- at it. It takes as long as reading the day.
CREATE FUNCTION falconer.roll_up_day(OUT day date, OUT events int8)
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
    END IF;
    DELETE FROM falconer.unrolled_day u WHERE u.day = roll_up_day.day;
END $$;

-- Removes the roll-ups of the oldest day that has some past their cluster's period and not on hold.
-- How many; null: there are none.
CREATE FUNCTION falconer.trim_rollups(today date, fallback int) RETURNS int8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old  date;
    gone int4[];
    rows int8;
BEGIN
    WITH owner AS MATERIALIZED (
        SELECT c.*, falconer.period_of(c.landscape, c.project, fallback) AS keep
        FROM falconer.cluster c)
    SELECT d.day, array_agg(d.cluster) INTO old, gone
    FROM falconer.rollup_day d JOIN owner o ON o.id = d.cluster
    WHERE d.day < today - o.keep
      AND NOT falconer.on_hold(o.landscape, o.project, o.identity, d.day)
    GROUP BY d.day ORDER BY d.day LIMIT 1;
    IF old IS NULL THEN RETURN NULL; END IF;
    DELETE FROM falconer.rollup WHERE cluster = ANY (gone)
        AND minute >= old::timestamp AT TIME ZONE 'UTC'
        AND minute < (old + 1)::timestamp AT TIME ZONE 'UTC';
    GET DIAGNOSTICS rows = ROW_COUNT;
    DELETE FROM falconer.rollup_day WHERE day = old AND cluster = ANY (gone);
    RETURN rows;
END $$;

-- As in 0005: roll-ups refer to rules, too.
CREATE OR REPLACE FUNCTION falconer.texts_needed_since(today date, fallback int) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT least(today - greatest(fallback, 30),
        (SELECT min(to_date(substr(c.relname, 7), 'YYYYMMDD'))
         FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$'),
        (SELECT (min(minute) AT TIME ZONE 'UTC')::date FROM falconer.tally),
        (SELECT min(day) FROM falconer.rollup_day)) - 2
$$;

-- A time by which tokens are refused is one that every clock of ours can tell.
UPDATE falconer.cluster_policy
SET tokens_issued_before = CASE WHEN tokens_issued_before < '1970-01-01T00:00:00Z'
                                THEN '1970-01-01T00:00:00Z'
                                ELSE '9999-12-31T23:59:59Z' END::timestamptz
WHERE NOT tokens_issued_before BETWEEN '1970-01-01T00:00:00Z' AND '9999-12-31T23:59:59Z';
ALTER TABLE falconer.cluster_policy ADD CONSTRAINT tokens_issued_before_is_a_time
    CHECK (tokens_issued_before BETWEEN '1970-01-01T00:00:00Z' AND '9999-12-31T23:59:59.999999Z');
