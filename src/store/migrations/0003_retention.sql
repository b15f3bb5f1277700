-- How long events stay, what may not go, and how a day goes.

-- The most particular row counts: project in landscape, project, landscape, everything.
CREATE TABLE falconer.retention (
    landscape text NOT NULL DEFAULT '',         -- '': any
    project   text NOT NULL DEFAULT '',         -- '': any
    keep_days int  NOT NULL CHECK (keep_days BETWEEN 1 AND 36500),
    PRIMARY KEY (landscape, project)
);

-- What a hold names stays, however old. Null: whichever. Days are UTC days of receipt, both included.
CREATE TABLE falconer.legal_hold (
    id        int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    landscape text,
    project   text,
    cluster   text,                             -- an identity, which need not be known yet
    since     date,
    until     date,
    reason    text NOT NULL,
    placed_by text NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now()
);

-- What is done once for all replicas, and when it was done last.
CREATE TABLE falconer.chore (
    name text PRIMARY KEY,
    done timestamptz NOT NULL
);

-- A cluster's period in days; `fallback` where the table says nothing.
CREATE FUNCTION falconer.period_of(landscape text, project text, fallback int) RETURNS int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((
        SELECT r.keep_days FROM falconer.retention r
        WHERE r.landscape IN ('', coalesce($1, '')) AND r.project IN ('', coalesce($2, ''))
        ORDER BY r.project <> '' DESC, r.landscape <> '' DESC LIMIT 1), fallback)
$$;

CREATE FUNCTION falconer.on_hold(landscape text, project text, cluster text, day date)
RETURNS bool LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM falconer.legal_hold h
        WHERE (h.landscape IS NULL OR h.landscape = $1) AND (h.project IS NULL OR h.project = $2)
          AND (h.cluster IS NULL OR h.cluster = $3)
          AND (h.since IS NULL OR h.since <= $4) AND (h.until IS NULL OR h.until >= $4))
$$;

-- Clusters whose records of a day are past their period, and whether a hold keeps them.
CREATE FUNCTION falconer.past_period(day date, today date, fallback int)
RETURNS TABLE (cluster int4, held bool)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.id, falconer.on_hold(c.landscape, c.project, c.identity, $1)
    FROM falconer.cluster c
    WHERE $1 < $2 - falconer.period_of(c.landscape, c.project, $3)
$$;

CREATE FUNCTION falconer.partition_of(day date) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'event_' || to_char(day, 'YYYYMMDD')
$$;

-- Has the day rows that must go, rows that must stay, rows that stay only because of a hold? One
-- look-up by index per cluster, whatever the planner thinks of a join.
CREATE FUNCTION falconer.survey_day(
    day date, today date, fallback int, OUT go int4[], OUT stay bool, OUT hold int4[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off AS $$  -- what is off costs so much in the planner's eyes that it would compile
BEGIN
    EXECUTE format($q$
        WITH past AS MATERIALIZED (SELECT * FROM falconer.past_period($1, $2, $3)),
        here AS MATERIALIZED (
            SELECT c.id, p.held FROM falconer.cluster c LEFT JOIN past p ON p.cluster = c.id
            WHERE EXISTS (SELECT FROM falconer.%I e WHERE e.cluster = c.id))
        SELECT coalesce(array_agg(id) FILTER (WHERE NOT held), '{}'),
               coalesce(bool_or(held IS NULL OR held), false),
               coalesce(array_agg(id) FILTER (WHERE held), '{}') FROM here
        $q$, falconer.partition_of(day)) INTO go, stay, hold USING day, today, fallback;
END $$;

-- Both of these lock the table and then the partition, as an insert does. Dropping or exchanging a
-- partition locks out all who use the table, so the caller sets lock_timeout and statement_timeout;
-- for somebody who uses only the old day (a vacuum, a report) all the others do not wait with us.

-- Drops the day unless a row must stay. False: one must.
CREATE FUNCTION falconer.drop_day(day date, today date, fallback int) RETURNS bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := falconer.partition_of(day);
BEGIN
    LOCK TABLE ONLY falconer.event IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('LOCK TABLE falconer.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part);
    IF (SELECT s.stay FROM falconer.survey_day(day, today, fallback) s) THEN RETURN false; END IF;
    EXECUTE format('DROP TABLE falconer.%I', part);
    RETURN true;
END $$;

-- What arrives for a day while its keepers are copied goes to the copy as well.
CREATE FUNCTION falconer.also_keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('INSERT INTO falconer.%I SELECT ($1).* ON CONFLICT DO NOTHING',
                   TG_TABLE_NAME || '_kept') USING NEW;
    RETURN NULL;
END $$;

-- An empty table beside the day's, ready to take its place. What an earlier attempt left goes.
CREATE FUNCTION falconer.begin_rewrite(day date) RETURNS void
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
    EXECUTE format('CREATE TRIGGER also_keep AFTER INSERT ON falconer.%I
                    FOR EACH ROW EXECUTE FUNCTION falconer.also_keep()', part);
END $$;

-- Gives a rewrite up; the day is as it was.
CREATE FUNCTION falconer.end_rewrite(day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := falconer.partition_of(day);
BEGIN
    IF EXISTS (SELECT FROM pg_trigger WHERE tgname = 'also_keep'
               AND tgrelid = to_regclass('falconer.' || part)) THEN
        EXECUTE format('DROP TRIGGER also_keep ON falconer.%I', part);
    END IF;
    IF to_regclass('falconer.' || part || '_kept') IS NOT NULL THEN
        EXECUTE format('DROP TABLE falconer.%I', part || '_kept');
    END IF;
END $$;

-- The copy, without the clusters in `gone`, takes the day's place. False: a row of these must stay
-- after all, because a hold or a longer period was set meanwhile.
CREATE FUNCTION falconer.swap_day(day date, today date, fallback int, gone int4[]) RETURNS bool
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
    EXECUTE format('ALTER TABLE falconer.event ATTACH PARTITION falconer.%I
                    FOR VALUES FROM (%L) TO (%L)', part, since, till);
    EXECUTE format('ALTER TABLE falconer.%I DROP CONSTRAINT day', part);
    RETURN true;
END $$;
