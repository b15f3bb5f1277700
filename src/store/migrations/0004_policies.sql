-- What operators decide about single clusters. Ingestors hear of changes by NOTIFY.

CREATE TABLE falconer.cluster_policy (
    identity             text PRIMARY KEY,
    daily_events         int8 CHECK (daily_events > 0),  -- null: the landscape's default
    tokens_issued_before timestamptz,                    -- tokens from before then are refused
    reason               text        NOT NULL DEFAULT '',
    changed_by           text        NOT NULL DEFAULT session_user,
    changed_at           timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION falconer.tell_policy() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('falconer_policy', '');
    RETURN NULL;
END $$;

CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON falconer.cluster_policy
    FOR EACH STATEMENT EXECUTE FUNCTION falconer.tell_policy();
