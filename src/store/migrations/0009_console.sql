-- What the console asks: the newest events first, by their receipt. Receipts come nearly in order, so the index grows at its end, which
-- costs the ingestor least of all indexes.

-- As in 0006, with the index of receipts.
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
    EXECUTE format('CREATE INDEX ON falconer.%I (received)', part);
    EXECUTE format('ALTER TABLE falconer.event ATTACH PARTITION falconer.%I
                    FOR VALUES FROM (%L) TO (%L)', part, since, till);
    EXECUTE format('ALTER TABLE falconer.%I DROP CONSTRAINT day', part);
END $$;

-- As in 0006, with the index of receipts.
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
    EXECUTE format('CREATE INDEX ON falconer.%I USING brin (batch) WITH (autosummarize = on)', kept);
    EXECUTE format('CREATE INDEX ON falconer.%I (received)', kept);
    EXECUTE format('CREATE TRIGGER also_keep AFTER INSERT ON falconer.%I
                    FOR EACH ROW EXECUTE FUNCTION falconer.also_keep()', part);
END $$;

-- As in 0008: the indices of the copy get the names of the day's, whichever it has.
CREATE OR REPLACE FUNCTION falconer.exchange_day(day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part  text := falconer.partition_of(day);
    kept  text := part || '_kept';
    since timestamptz := day::timestamp AT TIME ZONE 'UTC';
    till  timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
    name  text;
BEGIN
    EXECUTE format('DROP TABLE falconer.%I', part);
    EXECUTE format('ALTER TABLE falconer.%I RENAME TO %I', kept, part);
    FOR name IN SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
        WHERE x.indrelid = to_regclass('falconer.' || part) AND starts_with(i.relname, kept)
    LOOP
        EXECUTE format('ALTER INDEX falconer.%I RENAME TO %I', name, part || substr(name, length(kept) + 1));
    END LOOP;
    EXECUTE format('ALTER TABLE falconer.event ATTACH PARTITION falconer.%I
                    FOR VALUES FROM (%L) TO (%L)', part, since, till);
    EXECUTE format('ALTER TABLE falconer.%I DROP CONSTRAINT day', part);
END $$;

-- Days that are there already: today's and those to come. Searches in older ones read more; a rewrite that was broken off begins anew.
DO $each$
DECLARE
    part text;
    day  date;
BEGIN
    FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$'
    LOOP
        day := to_date(substr(part, 7), 'YYYYMMDD');
        PERFORM falconer.end_rewrite(day);
        CONTINUE WHEN day < (now() AT TIME ZONE 'UTC')::date;
        EXECUTE format('CREATE INDEX ON falconer.%I (received)', part);
    END LOOP;
END $each$;
