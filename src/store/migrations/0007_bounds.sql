-- What bounds what is kept: a daily budget of samples, and texts that are too long for the
-- dictionary stay with their event.

ALTER TABLE falconer.quota_state
    ADD COLUMN sample_day date NOT NULL DEFAULT '1970-01-01',  -- UTC
    ADD COLUMN samples    int8 NOT NULL DEFAULT 0;             -- stored on it, by all replicas

-- Instead of the number, and of more than 256 characters; tags: if one of them is.
ALTER TABLE falconer.event ADD COLUMN long_source text, ADD COLUMN long_tags text;

-- A rewrite that was broken off has a copy without the new columns.
DO $each$
DECLARE
    part text;
BEGIN
    FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$'
    LOOP
        PERFORM falconer.end_rewrite(to_date(substr(part, 7), 'YYYYMMDD'));
    END LOOP;
END $each$;

CREATE OR REPLACE VIEW falconer.events AS
SELECT e.received, e.time, e.time_nanos, e.id, c.identity AS cluster, c.landscape, c.project,
       c.name AS shoot, r.value AS rule,
       (ARRAY['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational',
              'Debug'])[e.priority + 1] AS priority,
       coalesce(s.value, e.long_source) AS source, h.value AS hostname,
       coalesce(t.value, e.long_tags)::jsonb AS tags, e.flags, e.output, e.output_fields, e.extra
FROM falconer.event e
JOIN falconer.cluster c ON c.id = e.cluster
JOIN falconer.text r ON r.id = e.rule
LEFT JOIN falconer.text s ON s.id = e.source
LEFT JOIN falconer.text h ON h.id = e.hostname
LEFT JOIN falconer.text t ON t.id = e.tags;
