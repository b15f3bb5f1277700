-- Retention for many thousands of clusters, by the server's clock, and identities that may go.

-- The day that a cluster's number was last asked for, as falconer.text has one since 0005.
ALTER TABLE falconer.cluster
    ADD COLUMN used date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date;

-- What refers to a cluster is found without reading all of it.
CREATE INDEX tally_cluster ON falconer.tally (cluster);

-- Whoever asks, and whatever his clock says: no day is older than this server's clock tells.
CREATE FUNCTION falconer.at_most_today(today date) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT least($1, (now() AT TIME ZONE 'UTC')::date)
$$;

-- As period_of, of all clusters at once: its time does not grow with their product.
CREATE FUNCTION falconer.periods(fallback int)
RETURNS TABLE (cluster int4, landscape text, project text, identity text, keep_days int)
LANGUAGE sql STABLE ROWS 10000 SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.id, c.landscape, c.project, c.identity,
           coalesce(o.keep_days, p.keep_days, l.keep_days, e.keep_days, $1)
    FROM falconer.cluster c
    LEFT JOIN falconer.retention o ON o.landscape = c.landscape AND o.project = c.project
                                  AND o.landscape <> '' AND o.project <> ''
    LEFT JOIN falconer.retention p ON p.landscape = '' AND p.project = c.project AND p.project <> ''
    LEFT JOIN falconer.retention l ON l.landscape = c.landscape AND l.project = ''
                                  AND l.landscape <> ''
    LEFT JOIN falconer.retention e ON e.landscape = '' AND e.project = ''
$$;

-- As in 0003.
CREATE OR REPLACE FUNCTION falconer.past_period(day date, today date, fallback int)
RETURNS TABLE (cluster int4, held bool)
LANGUAGE sql STABLE ROWS 10000 SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.cluster, EXISTS (
        SELECT FROM falconer.legal_hold h
        WHERE (h.landscape IS NULL OR h.landscape = p.landscape)
          AND (h.project IS NULL OR h.project = p.project)
          AND (h.cluster IS NULL OR h.cluster = p.identity)
          AND (h.since IS NULL OR h.since <= $1) AND (h.until IS NULL OR h.until >= $1))
    FROM falconer.periods($3) p
    WHERE $1 < (SELECT falconer.at_most_today($2)) - p.keep_days
$$;

-- The clusters that have events in a partition: one step along its index for each of them, whatever
-- the planner thinks of the day, and however many clusters there have ever been.
CREATE FUNCTION falconer.clusters_in(part text) RETURNS SETOF int4
LANGUAGE plpgsql STABLE ROWS 10000 SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET jit = off AS $$  -- what is off costs so much in the planner's eyes that it would compile
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH RECURSIVE here AS (
            (SELECT e.cluster FROM falconer.%1$I e ORDER BY e.cluster LIMIT 1)
            UNION ALL
            SELECT (SELECT e.cluster FROM falconer.%1$I e WHERE e.cluster > h.cluster
                    ORDER BY e.cluster LIMIT 1)
            FROM here h WHERE h.cluster IS NOT NULL)
        SELECT h.cluster FROM here h WHERE h.cluster IS NOT NULL$q$, part);
END $$;

-- Another one after each change of periods and holds.
CREATE FUNCTION falconer.keeping_stamp() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(concat(
        (SELECT string_agg(r::text, ';' ORDER BY r.landscape, r.project) FROM falconer.retention r),
        '#', (SELECT string_agg(h::text, ';' ORDER BY h.id) FROM falconer.legal_hold h)),
        'UTF8')), 'hex')
$$;

-- Is the day past all periods and named by no hold, so that nobody's record of it may stay?
CREATE FUNCTION falconer.all_past(day date, today date, fallback int) RETURNS bool
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 < falconer.at_most_today($2) - (
            SELECT greatest(max(r.keep_days), CASE WHEN count(*) FILTER (
                       WHERE r.landscape = '' AND r.project = '') = 0 THEN $3 END)
            FROM falconer.retention r)
        AND NOT EXISTS (
            SELECT FROM falconer.legal_hold h
            WHERE (h.since IS NULL OR h.since <= $1) AND (h.until IS NULL OR h.until >= $1))
$$;

-- Is the day within the shortest period, so that none of it may go, not even if it is empty?
CREATE FUNCTION falconer.too_young(day date, today date, fallback int) RETURNS bool
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 >= falconer.at_most_today($2)
                 - (SELECT least(greatest($3, 1), min(keep_days)) FROM falconer.retention)
$$;

-- As in 0003, with the stamp of the periods and holds that it went by, and whether nobody's record may
-- stay at all. Asked while no table is locked. Events of an unknown cluster have the fallback's period.
DROP FUNCTION falconer.survey_day(date, date, int);
CREATE FUNCTION falconer.survey_day(
    day date, today date, fallback int,
    OUT go int4[], OUT stay bool, OUT hold int4[], OUT stamp text, OUT sure bool)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off AS $$  -- in which a wrong guess of the planner's is a product
DECLARE
    at_most date := falconer.at_most_today(today);
BEGIN
    stamp := falconer.keeping_stamp();
    sure  := falconer.all_past(day, today, fallback);
    WITH here AS MATERIALIZED (
        SELECT id, day < at_most - coalesce(p.keep_days, fallback) AS past, EXISTS (
                   SELECT FROM falconer.legal_hold h
                   WHERE (h.landscape IS NULL OR h.landscape = p.landscape)
                     AND (h.project IS NULL OR h.project = p.project)
                     AND (h.cluster IS NULL OR h.cluster = p.identity)
                     AND (h.since IS NULL OR h.since <= day)
                     AND (h.until IS NULL OR h.until >= day)) AS held
        FROM falconer.clusters_in(falconer.partition_of(day)) AS id
        LEFT JOIN falconer.periods(fallback) p ON p.cluster = id)
    SELECT coalesce(array_agg(id) FILTER (WHERE past AND NOT held), '{}'),
           coalesce(bool_or(NOT past OR held), false),
           coalesce(array_agg(id) FILTER (WHERE past AND held), '{}')
    INTO go, stay, hold FROM here;
END $$;

-- A row by each transaction that has put an event into a day that was watched.
CREATE TABLE falconer.late (day date NOT NULL);

CREATE FUNCTION falconer.note_late() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    which date := to_date(substr(TG_TABLE_NAME, 7), 'YYYYMMDD');
BEGIN
    INSERT INTO falconer.late
    SELECT which WHERE NOT EXISTS (SELECT FROM falconer.late l WHERE l.day = which);
    RETURN NULL;
END $$;

-- As in 0003, and ends a watch.
CREATE OR REPLACE FUNCTION falconer.end_rewrite(day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := falconer.partition_of(day);
    name text;
BEGIN
    FOR name IN SELECT tgname FROM pg_trigger WHERE tgname IN ('also_keep', 'note_late')
        AND tgrelid = to_regclass('falconer.' || part)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON falconer.%I', name, part);
    END LOOP;
    IF to_regclass('falconer.' || part || '_kept') IS NOT NULL THEN
        EXECUTE format('DROP TABLE falconer.%I', part || '_kept');
    END IF;
    DELETE FROM falconer.late l WHERE l.day = end_rewrite.day;
END $$;

-- From its commit on no event comes to the day without a trace; those before are there to be seen.
-- It locks the day alone. end_rewrite ends it.
CREATE FUNCTION falconer.watch_day(day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM falconer.end_rewrite(day);
    EXECUTE format('CREATE TRIGGER note_late AFTER INSERT ON falconer.%I
                    FOR EACH ROW EXECUTE FUNCTION falconer.note_late()', falconer.partition_of(day));
END $$;

CREATE FUNCTION falconer.lock_day(day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE ONLY falconer.event IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('LOCK TABLE falconer.%I IN ACCESS EXCLUSIVE MODE NOWAIT',
                   falconer.partition_of(day));
END $$;

-- Drops the day if all is as it was when it was looked at, which took place under a watch, with this
-- stamp, and found nothing that must stay; or if nothing may stay, whatever has come. False: look
-- again. What is asked while everybody waits takes no longer for more clusters or events.
CREATE FUNCTION falconer.drop_day(day date, today date, fallback int, stamp text) RETURNS bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := falconer.partition_of(day);
BEGIN
    IF falconer.too_young(day, today, fallback) THEN RETURN false; END IF;
    PERFORM falconer.lock_day(day);
    IF NOT falconer.all_past(day, today, fallback) AND (
        stamp IS DISTINCT FROM falconer.keeping_stamp()
        OR EXISTS (SELECT FROM falconer.late l WHERE l.day = drop_day.day)
        OR NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'note_late'
                       AND tgrelid = to_regclass('falconer.' || part)))
    THEN RETURN false; END IF;
    EXECUTE format('DROP TABLE falconer.%I', part);
    DELETE FROM falconer.late l WHERE l.day = drop_day.day;
    RETURN true;
END $$;

-- As in 0003, of an older Falconer beside.
CREATE OR REPLACE FUNCTION falconer.drop_day(day date, today date, fallback int) RETURNS bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF falconer.too_young(day, today, fallback) THEN RETURN false; END IF;
    PERFORM falconer.lock_day(day);
    IF (SELECT s.stay FROM falconer.survey_day(day, today, fallback) s) THEN RETURN false; END IF;
    EXECUTE format('DROP TABLE falconer.%I', falconer.partition_of(day));
    RETURN true;
END $$;

-- The index of batches has the name that PostgreSQL gave it.
CREATE FUNCTION falconer.exchange_day(day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part  text := falconer.partition_of(day);
    kept  text := part || '_kept';
    brin  text := (SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                   JOIN pg_am a ON a.oid = i.relam
                   WHERE x.indrelid = to_regclass('falconer.' || kept) AND a.amname = 'brin');
    since timestamptz := day::timestamp AT TIME ZONE 'UTC';
    till  timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    EXECUTE format('DROP TABLE falconer.%I', part);
    EXECUTE format('ALTER TABLE falconer.%I RENAME TO %I', kept, part);
    EXECUTE format('ALTER INDEX falconer.%I RENAME TO %I', kept || '_once', part || '_once');
    EXECUTE format('ALTER INDEX falconer.%I RENAME TO %I', kept || '_cluster_time_idx',
                   part || '_cluster_time_idx');
    IF brin IS NOT NULL THEN
        EXECUTE format('ALTER INDEX falconer.%I RENAME TO %I', brin, part || '_batch_idx');
    END IF;
    EXECUTE format('ALTER TABLE falconer.event ATTACH PARTITION falconer.%I
                    FOR VALUES FROM (%L) TO (%L)', part, since, till);
    EXECUTE format('ALTER TABLE falconer.%I DROP CONSTRAINT day', part);
END $$;

-- The copy takes the day's place if periods and holds are those that it was made by. False: they are
-- not. What came meanwhile is in the copy.
CREATE FUNCTION falconer.exchange_day(day date, today date, fallback int, stamp text) RETURNS bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF falconer.too_young(day, today, fallback) THEN RETURN false; END IF;
    PERFORM falconer.lock_day(day);
    IF stamp IS DISTINCT FROM falconer.keeping_stamp() THEN RETURN false; END IF;
    PERFORM falconer.exchange_day(day);
    RETURN true;
END $$;

-- As in 0003, of an older Falconer beside.
CREATE OR REPLACE FUNCTION falconer.swap_day(day date, today date, fallback int, gone int4[])
RETURNS bool LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF falconer.too_young(day, today, fallback) THEN RETURN false; END IF;
    PERFORM falconer.lock_day(day);
    IF EXISTS (SELECT unnest(gone) EXCEPT
               SELECT p.cluster FROM falconer.past_period(day, today, fallback) p WHERE NOT p.held)
    THEN RETURN false; END IF;
    PERFORM falconer.exchange_day(day);
    RETURN true;
END $$;

-- As in 0006; those of nobody go with the fallback's period.
CREATE OR REPLACE FUNCTION falconer.trim_rollups(today date, fallback int) RETURNS int8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
    at_most date := falconer.at_most_today(today);
    old     date;
    gone    int4[];
    rows    int8;
BEGIN
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
    RETURN rows;
END $$;

-- As in 0006.
CREATE OR REPLACE FUNCTION falconer.texts_needed_since(today date, fallback int) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT least(falconer.at_most_today(today) - greatest(fallback, 30),
        (SELECT min(to_date(substr(c.relname, 7), 'YYYYMMDD'))
         FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$'),
        (SELECT (min(minute) AT TIME ZONE 'UTC')::date FROM falconer.tally),
        (SELECT min(day) FROM falconer.rollup_day)) - 2
$$;

-- Those of `clusters` that no event has. A look-up by index per cluster and day, whatever the planner
-- thinks of a join.
CREATE FUNCTION falconer.without_events(clusters int4[]) RETURNS int4[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
SET enable_nestloop = on SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET jit = off AS $$
    SELECT coalesce(array_agg(u.cluster), '{}') FROM unnest($1) AS u (cluster)
    WHERE NOT EXISTS (SELECT FROM falconer.event e WHERE e.cluster = u.cluster)
$$;

-- Removes, of the next `most` identities that nobody has asked for in 30 days, those that nothing
-- refers to; a quota that nobody has drawn on for so long is a full one, and is nothing. last: where to
-- go on, null at the end. The 30 days are for a Falconer that knows nothing of `used` and runs beside
-- this one. What is dear to ask is asked last and of few.
CREATE FUNCTION falconer.forget_clusters(
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
