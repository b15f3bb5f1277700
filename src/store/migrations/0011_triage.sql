-- What people think of events, beside them: events themselves never change. Nothing here is asked or written when an event is stored.

-- Who did what, when and why, of assessments and suppressions. Rows are added, and that is all: see append_only().
CREATE TABLE falconer.triage_action (
    seq         int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- in the order of their commits
    id          uuid NOT NULL UNIQUE,                -- the asker's: told twice, it is done once
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    who         text NOT NULL,                       -- as the console knows them
    login       text NOT NULL DEFAULT session_user,  -- of the database
    what        text NOT NULL CHECK (what IN ('assess', 'undo', 'suppress', 'change', 'lift')),
    state       int2,
    assignee    text,                                -- '': nobody
    expires     timestamptz,
    reason      text NOT NULL DEFAULT '',
    comment     text NOT NULL DEFAULT '',
    filter      text NOT NULL DEFAULT '',            -- '': chosen one by one
    events      int8 NOT NULL DEFAULT 0,
    projects    text[] NOT NULL DEFAULT '{}',        -- of the events, '' of those that are no shoot's
    undoes      uuid,
    suppression uuid
);
CREATE INDEX triage_action_suppression ON falconer.triage_action (suppression) WHERE suppression IS NOT NULL;
CREATE INDEX triage_action_undoes ON falconer.triage_action (undoes) WHERE undoes IS NOT NULL;

-- How an event stands now. state: 0 new, 1 acknowledged, 2 in progress, 3 true positive, 4 false positive, 5 suppressed; after `expires` it is new again.
-- Rule and priority are the event's: the roll-ups, which know these, are corrected by these rows.
CREATE TABLE falconer.assessment (
    id       uuid        NOT NULL,                   -- these three are the event's
    received timestamptz NOT NULL,
    cluster  int4        NOT NULL,
    rule     int4        NOT NULL,
    action   int8        NOT NULL,                   -- the latest
    why      int8        NOT NULL,                   -- which gave it its state
    expires  timestamptz,
    priority int2        NOT NULL,
    state    int2        NOT NULL CHECK (state BETWEEN 0 AND 5),
    assignee text,
    PRIMARY KEY (id, cluster, received)
);
CREATE INDEX assessment_received ON falconer.assessment (received);

-- How it stood after each action.
CREATE TABLE falconer.assessment_step (
    LIKE falconer.assessment INCLUDING CONSTRAINTS,
    PRIMARY KEY (id, cluster, received, action)
);
CREATE INDEX assessment_step_action ON falconer.assessment_step (action);
CREATE INDEX assessment_step_received ON falconer.assessment_step (received);

-- What is hidden from the standard view while it holds. Neither project nor clusters: everywhere.
CREATE TABLE falconer.suppression (
    id      uuid PRIMARY KEY,
    seq     int8 GENERATED ALWAYS AS IDENTITY UNIQUE,
    filter  text NOT NULL,
    project text,
    clusters text[],                                 -- identities
    reason  text NOT NULL,
    owner   text NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires timestamptz NOT NULL,
    lifted  timestamptz,
    CHECK (project IS NULL OR clusters IS NULL)
);
CREATE INDEX suppression_expires ON falconer.suppression (expires);

-- Whoever owns the tables can take this away, and with it the trust; whoever only writes cannot even try.
CREATE FUNCTION falconer.append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The steps of an event go with it.
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'assessment_step'
       AND current_setting('falconer.retaining', true) = 'on' THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'falconer.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON falconer.triage_action
    FOR EACH STATEMENT EXECUTE FUNCTION falconer.append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON falconer.assessment_step
    FOR EACH STATEMENT EXECUTE FUNCTION falconer.append_only();

-- One after the other, so that their numbers are in the order of their commits: who has seen a number has seen all before it.
CREATE FUNCTION falconer.triage_in_turn() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtext('falconer.triage'))
$$;

CREATE FUNCTION falconer.projects_of(these falconer.assessment[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT coalesce(c.project, '')), '{}')
    FROM (SELECT DISTINCT t.cluster FROM unnest(these) AS t) t JOIN falconer.cluster c ON c.id = t.cluster
$$;

-- Of a suppression's scope. One for everywhere is everybody's.
CREATE FUNCTION falconer.projects_in(of_project text, of_clusters text[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN of_project IS NOT NULL THEN ARRAY[of_project] WHEN of_clusters IS NULL THEN '{}'::text[]
           ELSE ARRAY(SELECT DISTINCT coalesce(c.project, '') FROM unnest(of_clusters) AS u (identity)
                      LEFT JOIN falconer.cluster c ON c.identity = u.identity) END
$$;

-- Puts the rows down as they shall stand. A `why` of 0 means the action itself.
CREATE FUNCTION falconer.put_assessments(these falconer.assessment[], number int8) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    WITH new AS MATERIALIZED (
        SELECT t.id, t.received, t.cluster, t.rule, number AS action,
               CASE t.why WHEN 0 THEN number ELSE t.why END AS why, t.expires, t.priority, t.state, t.assignee
        FROM unnest(these) AS t
    ), steps AS (
        INSERT INTO falconer.assessment_step (id, received, cluster, rule, action, why, expires, priority, state, assignee)
        SELECT * FROM new
    )
    INSERT INTO falconer.assessment AS had (id, received, cluster, rule, action, why, expires, priority, state, assignee)
    SELECT * FROM new
    ON CONFLICT (id, cluster, received) DO UPDATE
        SET action = excluded.action, why = excluded.why, expires = excluded.expires, state = excluded.state,
            assignee = excluded.assignee
$$;

-- Assesses the events of these keys; those that are not there (any more) are passed over. `seen`: the action that the asker believes to be
-- an event's latest, 0 none, null: whichever. Is one of them another, nothing is done, and it says of how many and by whom.
-- to_state null: as it stands; to_assignee null: as it is, '': nobody.
CREATE FUNCTION falconer.assess(
    action uuid, by_whom text, ids uuid[], receipts timestamptz[], digests text[], seen int8[],
    to_state int2, to_assignee text, until timestamptz, why text, said text, asked text, as_of timestamptz,
    OUT events int8, OUT changed int8, OUT changed_by text, OUT changed_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    these  falconer.assessment[];
    number int8;
BEGIN
    PERFORM falconer.triage_in_turn();
    changed := 0;
    SELECT a.events INTO events FROM falconer.triage_action a WHERE a.id = action;
    IF FOUND THEN RETURN; END IF;  -- the answer was lost on its way

    SELECT count(*), (array_agg(w.who ORDER BY w.seq DESC))[1], max(w.at) INTO changed, changed_by, changed_at
    FROM unnest(ids, receipts, digests, seen) AS k (id, received, digest, seen)
    JOIN falconer.cluster c ON encode(substr(c.digest, 1, 8), 'hex') = k.digest
    JOIN falconer.assessment h ON h.id = k.id AND h.cluster = c.id AND h.received = k.received
    LEFT JOIN falconer.triage_action w ON w.seq = h.action
    WHERE k.seen IS NOT NULL AND h.action <> k.seen;
    IF changed > 0 THEN RETURN; END IF;

    -- OFFSET 0: event by event, by their index in the one day that it can be in.
    SELECT array_agg(ROW(k.id, k.received, k.cluster, e.rule, 0,
               CASE WHEN to_state IS NULL AND h.live THEN h.why ELSE 0 END,
               CASE WHEN to_state IS NOT NULL THEN until WHEN h.live THEN h.expires END, e.priority,
               coalesce(to_state, CASE WHEN h.live THEN h.state ELSE 0 END),
               CASE WHEN to_assignee IS NULL THEN h.assignee ELSE nullif(to_assignee, '') END)::falconer.assessment)
    INTO these
    FROM (SELECT DISTINCT u.id, u.received, c.id AS cluster FROM unnest(ids, receipts, digests) AS u (id, received, digest)
          JOIN falconer.cluster c ON encode(substr(c.digest, 1, 8), 'hex') = u.digest) k
    CROSS JOIN LATERAL (
        SELECT e.rule, e.priority FROM falconer.event e
        WHERE e.received = k.received AND e.id = k.id AND e.cluster = k.cluster OFFSET 0) e
    LEFT JOIN LATERAL (
        SELECT a.*, a.expires IS NULL OR a.expires > as_of AS live FROM falconer.assessment a
        WHERE a.id = k.id AND a.cluster = k.cluster AND a.received = k.received OFFSET 0) h ON true;

    events := coalesce(cardinality(these), 0);
    IF events = 0 THEN RETURN; END IF;
    INSERT INTO falconer.triage_action (id, who, what, state, assignee, expires, reason, comment, filter, events, projects)
    VALUES (action, by_whom, 'assess', to_state, to_assignee, CASE WHEN to_state IS NOT NULL THEN until END, why, said, asked,
            events, falconer.projects_of(these))
    RETURNING triage_action.seq INTO number;
    PERFORM falconer.put_assessments(these, number);
END $$;

-- Gives the events of an action back the standing they had before it. Those that somebody has assessed since stay as they are; passed: so many.
CREATE FUNCTION falconer.undo_assess(
    action uuid, of_action uuid, by_whom text, why text, OUT events int8, OUT passed int8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    these  falconer.assessment[];
    undone int8;
    number int8;
BEGIN
    PERFORM falconer.triage_in_turn();
    SELECT a.seq, a.events INTO undone, passed FROM falconer.triage_action a
    WHERE a.id = of_action AND a.what IN ('assess', 'undo');
    IF NOT FOUND THEN RETURN; END IF;
    SELECT a.events INTO events FROM falconer.triage_action a WHERE a.id = action;
    IF FOUND THEN
        passed := passed - events;
        RETURN;
    END IF;
    SELECT array_agg(ROW(s.id, s.received, s.cluster, s.rule, 0, coalesce(b.why, 0), b.expires, s.priority,
                         coalesce(b.state, 0), b.assignee)::falconer.assessment)
    INTO these
    FROM falconer.assessment_step s
    JOIN falconer.assessment h ON h.id = s.id AND h.cluster = s.cluster AND h.received = s.received AND h.action = undone
    LEFT JOIN LATERAL (
        SELECT p.* FROM falconer.assessment_step p
        WHERE p.id = s.id AND p.cluster = s.cluster AND p.received = s.received AND p.action < undone
        ORDER BY p.action DESC LIMIT 1) b ON true
    WHERE s.action = undone;
    events := coalesce(cardinality(these), 0);
    passed := passed - events;
    IF events = 0 THEN RETURN; END IF;
    INSERT INTO falconer.triage_action (id, who, what, reason, events, projects, undoes)
    VALUES (action, by_whom, 'undo', why, events, falconer.projects_of(these), of_action)
    RETURNING triage_action.seq INTO number;
    PERFORM falconer.put_assessments(these, number);
END $$;

-- Once by its id. False: it is there already.
CREATE FUNCTION falconer.suppress(
    action uuid, suppression uuid, by_whom text, what_filter text, of_project text, of_clusters text[],
    why text, whose text, until timestamptz, said text) RETURNS bool
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM falconer.triage_in_turn();
    IF EXISTS (SELECT FROM falconer.suppression s WHERE s.id = suppression) THEN RETURN false; END IF;
    INSERT INTO falconer.suppression (id, filter, project, clusters, reason, owner, made_by, expires)
    VALUES (suppression, what_filter, of_project, of_clusters, why, whose, by_whom, until);
    INSERT INTO falconer.triage_action (id, who, what, expires, assignee, reason, comment, filter, projects, suppression)
    VALUES (action, by_whom, 'suppress', until, whose, why, said, what_filter,
            falconer.projects_in(of_project, of_clusters), suppression);
    RETURN true;
END $$;

-- Another end, owner or reason (null: as it is), or none at all any more. False: it has been lifted, or there is none.
CREATE FUNCTION falconer.change_suppression(
    action uuid, suppression uuid, by_whom text, to_owner text, until timestamptz, to_reason text, lift bool, why text)
RETURNS bool
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_now falconer.suppression;
BEGIN
    PERFORM falconer.triage_in_turn();
    IF EXISTS (SELECT FROM falconer.triage_action a WHERE a.id = action) THEN RETURN true; END IF;
    UPDATE falconer.suppression s
    SET owner = coalesce(to_owner, s.owner), expires = coalesce(until, s.expires), reason = coalesce(to_reason, s.reason),
        lifted = CASE WHEN lift THEN clock_timestamp() END
    WHERE s.id = suppression AND s.lifted IS NULL RETURNING s.* INTO is_now;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO falconer.triage_action (id, who, what, expires, assignee, reason, filter, projects, suppression)
    VALUES (action, by_whom, CASE WHEN lift THEN 'lift' ELSE 'change' END, is_now.expires, is_now.owner, why, is_now.filter,
            falconer.projects_in(is_now.project, is_now.clusters), suppression);
    RETURN true;
END $$;
