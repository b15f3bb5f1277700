-- Who may do what, said anew after every migration. Roles that do not exist are passed over.
-- Partitions get no grants: privileges are asked of the table they belong to.
DO $grants$
DECLARE
    which record;
    who   text;
BEGIN
    IF NOT (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'falconer')
    THEN RETURN; END IF;  -- a writer that looks whether the store is ready

    REVOKE ALL ON SCHEMA falconer FROM PUBLIC;
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA falconer FROM PUBLIC;
    FOR who IN SELECT rolname FROM pg_roles WHERE rolname IN ('falconer_writer', 'falconer_reader')
    LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA falconer FROM %I', who);
        EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA falconer FROM %I', who);
        EXECUTE format('GRANT USAGE ON SCHEMA falconer TO %I', who);
    END LOOP;

    FOR which IN SELECT relname FROM pg_class
        WHERE relnamespace = 'falconer'::regnamespace AND relkind IN ('r', 'p', 'v')
          AND NOT relispartition AND relname !~ '^event_\d'
    LOOP
        EXECUTE format('REVOKE ALL ON falconer.%I FROM PUBLIC', which.relname);
        FOR who IN SELECT rolname FROM pg_roles
            WHERE rolname IN ('falconer_writer', 'falconer_reader')
        LOOP
            EXECUTE format('REVOKE ALL ON falconer.%I FROM %I', which.relname, who);
            EXECUTE format('GRANT SELECT ON falconer.%I TO %I', which.relname, who);
        END LOOP;
    END LOOP;

    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'falconer_writer') THEN
        GRANT INSERT ON falconer.event, falconer.cluster, falconer.text, falconer.quarantine,
                        falconer.tally, falconer.applied_batch, falconer.quota_state,
                        falconer.batch, falconer.raw
              TO falconer_writer;
        GRANT UPDATE (count) ON falconer.tally TO falconer_writer;
        GRANT UPDATE (used) ON falconer.cluster, falconer.text TO falconer_writer;
        GRANT UPDATE (replayed) ON falconer.quarantine TO falconer_writer;
        GRANT DELETE ON falconer.applied_batch TO falconer_writer;
        GRANT UPDATE (ordinary, urgent, at, sample_day, samples) ON falconer.quota_state
              TO falconer_writer;
        GRANT EXECUTE ON FUNCTION falconer.ensure_day(date), falconer.roll_up(int),
                                  falconer.roll_up_day(), falconer.gather_incidents(int8, text)
              TO falconer_writer;
        GRANT EXECUTE ON FUNCTION falconer.follow_rollups(int), falconer.recount_landscape_day()
              TO falconer_writer;
        GRANT EXECUTE ON FUNCTION falconer.learn_rhythms(int),
            falconer.keep_sights(int8, int8, int4, int4[], int2[], int8[], int2[], int8[], int8[], int8[], int8[])
              TO falconer_writer;
        -- No table of these: what is done leaves its row in falconer.triage_action.
        GRANT EXECUTE ON FUNCTION
            falconer.assess(uuid, text, uuid[], timestamptz[], text[], int8[], int2, text, timestamptz, text, text, text,
                            timestamptz),
            falconer.undo_assess(uuid, uuid, text, text),
            falconer.suppress(uuid, uuid, text, text, text, text[], text, text, timestamptz, text),
            falconer.change_suppression(uuid, uuid, text, text, timestamptz, text, bool, text),
            falconer.act_on_incidents(uuid, text, uuid[], int8[], int2, text, text, text)
            TO falconer_writer;
        -- Rules and silences leave theirs in falconer.alert_change.
        GRANT EXECUTE ON FUNCTION
            falconer.hold_alerts(int, uuid, interval), falconer.release_alerts(int, uuid),
            falconer.put_alerts(int, uuid, int8, xid8, int8, int2[], uuid[], uuid[], text[], uuid[], uuid[], text[], text[], text[]),
            falconer.write_alert_rule(uuid, text, uuid, text, text, text, int8),
            falconer.drop_alert_rule(uuid, text, uuid, text, int8),
            falconer.silence_alerts(uuid, text, uuid, text, text, text, timestamptz, timestamptz),
            falconer.unsilence_alerts(uuid, text, uuid, text)
            TO falconer_writer;
        -- Deliveries leave theirs in falconer.alert_try.
        GRANT EXECUTE ON FUNCTION
            falconer.hold_deliveries(uuid, interval), falconer.release_deliveries(uuid),
            falconer.put_delivery(int8, int2, text, int4, interval), falconer.replay_delivery(int8, text, text)
            TO falconer_writer;
    END IF;
END $grants$
