-- Deliveries: how each telling stands with its receiver, and every try to tell it. They go with their telling.

-- state: 0 waiting, 1 delivered, 2 given up: a dead letter, until somebody has it tried anew.
CREATE TABLE falconer.alert_delivery (
    notification int8 PRIMARY KEY REFERENCES falconer.alert_notification (seq) ON DELETE CASCADE,
    due          timestamptz NOT NULL,
    since        timestamptz NOT NULL,           -- it was put in, the last time
    settled      timestamptz,
    bundle       uuid NOT NULL,                  -- these three as of the telling
    tries        int4 NOT NULL DEFAULT 0,        -- since then
    state        int2 NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2),
    receiver     text NOT NULL,
    project      text NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX alert_delivery_waiting ON falconer.alert_delivery (project, receiver, bundle, notification) WHERE state = 0;
CREATE INDEX alert_delivery_dead ON falconer.alert_delivery (project, notification) WHERE state = 2;

-- outcome: 0 it will be tried again, 1 delivered, 2 given up, 3 put in again by `who`.
CREATE TABLE falconer.alert_try (
    notification int8 NOT NULL REFERENCES falconer.alert_notification (seq) ON DELETE CASCADE,
    number       int4 NOT NULL,                  -- from 1 on
    took         int4 NOT NULL,                  -- ms
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome      int2 NOT NULL CHECK (outcome BETWEEN 0 AND 3),
    said         text NOT NULL,
    who          text,
    PRIMARY KEY (notification, number)
);

-- Who delivers. One that has not come again by `until` has lost it to whoever comes next.
CREATE TABLE falconer.alert_deliverer (
    lone   bool PRIMARY KEY DEFAULT true CHECK (lone),
    until  timestamptz NOT NULL DEFAULT '-infinity',
    holder uuid
);
INSERT INTO falconer.alert_deliverer DEFAULT VALUES;

CREATE FUNCTION falconer.await_delivery() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO falconer.alert_delivery (notification, due, since, bundle, receiver, project)
    VALUES (NEW.seq, clock_timestamp(), clock_timestamp(), NEW.bundle, NEW.receiver, NEW.project);
    RETURN NULL;
END $$;
CREATE TRIGGER await_delivery AFTER INSERT ON falconer.alert_notification
    FOR EACH ROW EXECUTE FUNCTION falconer.await_delivery();
INSERT INTO falconer.alert_delivery (notification, due, since, bundle, receiver, project)
SELECT n.seq, clock_timestamp(), clock_timestamp(), n.bundle, n.receiver, n.project FROM falconer.alert_notification n;

CREATE FUNCTION falconer.hold_deliveries(me uuid, lease interval) RETURNS bool
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM falconer.alert_deliverer d
    WHERE d.holder IS NOT DISTINCT FROM me OR d.until <= clock_timestamp() FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE falconer.alert_deliverer SET holder = me, until = clock_timestamp() + lease;
    RETURN true;
END $$;

CREATE FUNCTION falconer.release_deliveries(me uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE falconer.alert_deliverer SET until = '-infinity' WHERE holder = me
$$;

-- Writes down a try of what waits. What was told was told: whoever told it may have lost the right to deliver meanwhile.
CREATE FUNCTION falconer.put_delivery(which int8, how int2, says text, ms int4, again_in interval) RETURNS bool
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE falconer.alert_delivery d
    SET tries = d.tries + 1, state = how, due = clock_timestamp() + again_in,
        settled = CASE how WHEN 0 THEN NULL ELSE clock_timestamp() END
    WHERE d.notification = which AND d.state = 0;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO falconer.alert_try (notification, number, took, outcome, said)
    SELECT which, coalesce(max(t.number), 0) + 1, ms, how, says FROM falconer.alert_try t WHERE t.notification = which;
    RETURN true;
END $$;

-- A dead letter is tried anew. False: it is none, or not of that project. Done twice, it is done once.
CREATE FUNCTION falconer.replay_delivery(which int8, of_project text, by_whom text) RETURNS bool
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE falconer.alert_delivery d
    SET state = 0, tries = 0, due = clock_timestamp(), since = clock_timestamp(), settled = NULL
    WHERE d.notification = which AND d.project = of_project AND d.state = 2;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO falconer.alert_try (notification, number, took, outcome, said, who)
    SELECT which, coalesce(max(t.number), 0) + 1, 0, 3, '', by_whom FROM falconer.alert_try t WHERE t.notification = which;
    RETURN true;
END $$;
