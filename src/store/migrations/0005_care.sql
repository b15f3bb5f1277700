-- What people decide about the store leaves a trace, and texts that nothing refers to may go.

-- The UTC day on which somebody last asked for its number: no event or tally from later has it.
ALTER TABLE falconer.text
    ADD COLUMN used date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date;

CREATE TABLE falconer.audit (
    id     int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    who    text NOT NULL,                       -- as the command was told; else the login
    login  text NOT NULL,
    what   text NOT NULL,                       -- the table
    done   text NOT NULL,                       -- INSERT, UPDATE, DELETE, TRUNCATE
    before jsonb,
    after  jsonb,
    reason text
);

CREATE FUNCTION falconer.note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO falconer.audit (who, login, what, done, before, after, reason)
    VALUES (coalesce(nullif(current_setting('falconer.who', true), ''), session_user),
            session_user, TG_TABLE_NAME, TG_OP,
            CASE WHEN TG_OP IN ('UPDATE', 'DELETE') THEN to_jsonb(OLD) END,
            CASE WHEN TG_OP IN ('UPDATE', 'INSERT') THEN to_jsonb(NEW) END,
            nullif(current_setting('falconer.reason', true), ''));
    RETURN NULL;
END $$;

DO $each$
DECLARE
    which text;
BEGIN
    FOREACH which IN ARRAY ARRAY['retention', 'legal_hold', 'cluster_policy'] LOOP
        EXECUTE format('CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON falconer.%I
                        FOR EACH ROW EXECUTE FUNCTION falconer.note_change()', which);
        EXECUTE format('CREATE TRIGGER note_truncate AFTER TRUNCATE ON falconer.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION falconer.note_change()', which);
    END LOOP;
END $each$;

-- Texts last asked for before this day are in no row. Partitions of days yet to come count as well,
-- harmlessly; the 30 days are for a Falconer that knows nothing of `used` and runs beside this one.
CREATE FUNCTION falconer.texts_needed_since(today date, fallback int) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT least(today - greatest(fallback, 30),
        (SELECT min(to_date(substr(c.relname, 7), 'YYYYMMDD'))
         FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$'),
        (SELECT (min(minute) AT TIME ZONE 'UTC')::date FROM falconer.tally)) - 2
$$;
