-- Alerts: rules, what they have found, and what is to be told of it. Nothing of this is done when an event is stored: whoever evaluates
-- follows the batches, and where it has got to is written in the same transaction as what it has found.

-- Projects' rules; operators' own stand in the configuration. body: JSON, see value_of(alert_rule).
CREATE TABLE falconer.alert_rule (
    id         uuid PRIMARY KEY,
    version    int8 NOT NULL,                    -- from 1 on
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL,
    project    text NOT NULL CHECK (project <> ''),
    name       text NOT NULL,
    body       text NOT NULL,
    UNIQUE (project, name)
);

-- What is not told for a while. project '': anybody's alerts.
CREATE TABLE falconer.alert_silence (
    id      uuid PRIMARY KEY,
    since   timestamptz NOT NULL,
    until   timestamptz NOT NULL,                -- ended by hand: then
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by text NOT NULL,
    project text NOT NULL,
    filter  text NOT NULL,
    reason  text NOT NULL,
    CHECK (since <= until)
);
CREATE INDEX alert_silence_until ON falconer.alert_silence (until);

-- Who did what to rules and silences, and what they were from then on. Rows are added, and that is all.
CREATE TABLE falconer.alert_change (
    seq     int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id      uuid NOT NULL UNIQUE,                -- the asker's: told twice, it is done once
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    subject uuid NOT NULL,
    version int8 NOT NULL DEFAULT 0,             -- of a rule
    who     text NOT NULL,                       -- as the console knows them
    login   text NOT NULL DEFAULT session_user,  -- of the database
    what    text NOT NULL CHECK (what IN ('create', 'change', 'delete', 'silence', 'unsilence')),
    project text NOT NULL,
    body    text NOT NULL                        -- of a rule; a silence's filter and reason, as JSON
);
CREATE INDEX alert_change_subject ON falconer.alert_change (subject, seq);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON falconer.alert_change
    FOR EACH STATEMENT EXECUTE FUNCTION falconer.append_only();

-- A number that changes with rules and silences: who has read them knows by it whether to read them again.
CREATE TABLE falconer.alert_edition (edition int8 NOT NULL);
INSERT INTO falconer.alert_edition VALUES (1);

-- Who evaluates, and how far they have got: all of falconer.batch below (xid, within) is done. A holder that has not come again by `until`
-- has lost it to whoever comes next; `step` grows with everything that is put down, so that one who has lost it cannot put down anything.
CREATE TABLE falconer.alert_shard (
    shard  int4 PRIMARY KEY,
    xid    xid8 NOT NULL,
    within int8 NOT NULL DEFAULT 0,
    step   int8 NOT NULL DEFAULT 0,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    until  timestamptz NOT NULL DEFAULT '-infinity',
    holder uuid
) WITH (fillfactor = 50);
INSERT INTO falconer.alert_shard (shard, xid) VALUES (0, pg_snapshot_xmin(pg_current_snapshot()));

-- What evaluation must remember. kind: 0 an alert, 1 what a threshold has seen within its window, 2 alerts that are told together. body: JSON.
CREATE TABLE falconer.alert_state (
    id    uuid NOT NULL,
    rule  uuid NOT NULL,
    shard int4 NOT NULL,
    kind  int2 NOT NULL CHECK (kind BETWEEN 0 AND 2),
    body  text NOT NULL,
    PRIMARY KEY (shard, kind, id)
) WITH (fillfactor = 70);

-- What is to be told, put down together with the progress that made it: whoever delivers takes it from here. A telling that is put down again
-- has the same key. Deliveries, their tries and answers, are rows of others that refer to it. It goes after thirty days.
CREATE TABLE falconer.alert_notification (
    seq      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made     timestamptz NOT NULL DEFAULT clock_timestamp(),
    key      uuid NOT NULL UNIQUE,
    bundle   uuid NOT NULL,                      -- tellings about the same to the same receiver, in the order of seq
    receiver text NOT NULL,
    project  text NOT NULL,                      -- of its rule; '': the operators'
    body     text NOT NULL                       -- JSON, see json_of(notification)
);
CREATE INDEX alert_notification_made ON falconer.alert_notification (made);

-- Takes a shard that nobody has, or keeps one's own, for so long from now. A place of another server, as after a restore, leads nowhere: then
-- it goes on from here, and `lost` says so.
CREATE FUNCTION falconer.hold_alerts(
    which int, me uuid, lease interval, OUT ours bool, OUT xid text, OUT within int8, OUT step int8, OUT edition int8, OUT lost bool)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    had falconer.alert_shard;
BEGIN
    ours := false;
    lost := false;
    SELECT e.edition INTO edition FROM falconer.alert_edition e;
    SELECT s.* INTO had FROM falconer.alert_shard s WHERE s.shard = which FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR had.holder <> me AND had.until > clock_timestamp() THEN RETURN; END IF;
    ours := true;
    lost := had.xid > pg_snapshot_xmax(pg_current_snapshot());
    IF lost THEN
        had.xid := pg_snapshot_xmin(pg_current_snapshot());
        had.within := 0;
    END IF;
    UPDATE falconer.alert_shard s
    SET holder = me, until = clock_timestamp() + lease, xid = had.xid, within = had.within,
        step = s.step + CASE WHEN s.holder = me THEN 0 ELSE 1 END
    WHERE s.shard = which RETURNING s.xid::text, s.within, s.step INTO hold_alerts.xid, hold_alerts.within, hold_alerts.step;
END $$;

CREATE FUNCTION falconer.release_alerts(which int, me uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE falconer.alert_shard SET until = '-infinity' WHERE shard = which AND holder = me
$$;

-- All of it, or nothing: false where the shard is not ours any more, or stands elsewhere. Of `bodies` an empty one means that the row goes.
CREATE FUNCTION falconer.put_alerts(
    which int, me uuid, from_step int8, to_xid xid8, to_within int8, kinds int2[], ids uuid[], rules uuid[], bodies text[],
    keys uuid[], bundles uuid[], receivers text[], projects text[], tellings text[]) RETURNS bool
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE falconer.alert_shard s SET xid = to_xid, within = to_within, step = s.step + 1, at = clock_timestamp()
    WHERE s.shard = which AND s.holder = me AND s.step = from_step;
    IF NOT FOUND THEN RETURN false; END IF;
    DELETE FROM falconer.alert_state a USING unnest(kinds, ids, bodies) AS u (kind, id, body)
    WHERE a.shard = which AND a.kind = u.kind AND a.id = u.id AND u.body = '';
    INSERT INTO falconer.alert_state AS had (shard, kind, id, rule, body)
    SELECT which, u.kind, u.id, u.rule, u.body FROM unnest(kinds, ids, rules, bodies) AS u (kind, id, rule, body) WHERE u.body <> ''
    ON CONFLICT (shard, kind, id) DO UPDATE SET rule = excluded.rule, body = excluded.body;
    IF cardinality(keys) > 0 THEN
        INSERT INTO falconer.alert_notification (key, bundle, receiver, project, body)
        SELECT u.key, u.bundle, u.receiver, u.project, u.body
        FROM unnest(keys, bundles, receivers, projects, tellings) WITH ORDINALITY AS u (key, bundle, receiver, project, body, place)
        ORDER BY u.place
        ON CONFLICT (key) DO NOTHING;
        DELETE FROM falconer.alert_notification WHERE seq IN (
            SELECT n.seq FROM falconer.alert_notification n WHERE n.made < clock_timestamp() - interval '30 days' ORDER BY n.made LIMIT 200);
        PERFORM pg_notify('falconer_alert_notification', '');
    END IF;
    RETURN true;
END $$;

CREATE FUNCTION falconer.alerts_changed() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE falconer.alert_edition SET edition = edition + 1;
    SELECT pg_notify('falconer_alert_edition', '')
$$;

-- Makes a rule (seen 0) or changes the one that was seen in that version. Yields its new version; 0: it is not what was seen, or the name is
-- taken; -1: the project has 200. Told twice, it is done once.
CREATE FUNCTION falconer.write_alert_rule(
    action uuid, by_whom text, rule uuid, of_project text, called text, says text, seen int8) RETURNS int8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made int8;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('falconer.alert_rule'));
    SELECT c.version INTO made FROM falconer.alert_change c WHERE c.id = action;
    IF FOUND THEN RETURN made; END IF;
    IF EXISTS (SELECT FROM falconer.alert_rule r WHERE r.project = of_project AND r.name = called AND r.id <> rule) THEN RETURN 0; END IF;
    IF seen = 0 THEN
        IF (SELECT count(*) FROM falconer.alert_rule r WHERE r.project = of_project) >= 200 THEN RETURN -1; END IF;
        -- A rule that was deleted, and comes again, goes on counting.
        INSERT INTO falconer.alert_rule (id, version, changed_by, project, name, body)
        SELECT rule, coalesce(max(c.version), 0) + 1, by_whom, of_project, called, says FROM falconer.alert_change c WHERE c.subject = rule
        ON CONFLICT (id) DO NOTHING RETURNING version INTO made;
    ELSE
        UPDATE falconer.alert_rule r
        SET version = r.version + 1, changed_by = by_whom, changed_at = clock_timestamp(), name = called, body = says
        WHERE r.id = rule AND r.version = seen AND r.project = of_project RETURNING r.version INTO made;
    END IF;
    IF made IS NULL THEN RETURN 0; END IF;
    INSERT INTO falconer.alert_change (id, subject, version, who, what, project, body)
    VALUES (action, rule, made, by_whom, CASE seen WHEN 0 THEN 'create' ELSE 'change' END, of_project, says);
    PERFORM falconer.alerts_changed();
    RETURN made;
END $$;

-- False: it is not what was seen, or not there.
CREATE FUNCTION falconer.drop_alert_rule(action uuid, by_whom text, rule uuid, of_project text, seen int8) RETURNS bool
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('falconer.alert_rule'));
    IF EXISTS (SELECT FROM falconer.alert_change c WHERE c.id = action) THEN RETURN true; END IF;
    DELETE FROM falconer.alert_rule r WHERE r.id = rule AND r.version = seen AND r.project = of_project RETURNING r.body INTO said;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO falconer.alert_change (id, subject, version, who, what, project, body)
    VALUES (action, rule, seen + 1, by_whom, 'delete', of_project, said);
    PERFORM falconer.alerts_changed();
    RETURN true;
END $$;

CREATE FUNCTION falconer.silence_alerts(
    action uuid, by_whom text, silence uuid, of_project text, which text, why text, from_time timestamptz, to_time timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO falconer.alert_change (id, subject, who, what, project, body)
    VALUES (action, silence, by_whom, 'silence', of_project,
            json_build_object('filter', which, 'reason', why, 'since', from_time, 'until', to_time)::text)
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF;
    INSERT INTO falconer.alert_silence (id, since, until, made_by, project, filter, reason)
    VALUES (silence, from_time, to_time, by_whom, of_project, which, why);
    PERFORM falconer.alerts_changed();
END $$;

-- False: it is not there, or over.
CREATE FUNCTION falconer.unsilence_alerts(action uuid, by_whom text, silence uuid, of_project text) RETURNS bool
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM falconer.alert_change c WHERE c.id = action) THEN RETURN true; END IF;
    UPDATE falconer.alert_silence s SET until = greatest(s.since, clock_timestamp())
    WHERE s.id = silence AND s.project = of_project AND s.until > clock_timestamp();
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO falconer.alert_change (id, subject, who, what, project, body) VALUES (action, silence, by_whom, 'unsilence', of_project, '{}');
    PERFORM falconer.alerts_changed();
    RETURN true;
END $$;
