-- How clusters are seen: healthy, late, silent or blind, by which reason and since when; and how that has changed.
--
-- Nothing of this is done when an event is stored. One ingestor at a time looks once a minute at what is counted anyway (roll-ups,
-- tallies, quarantine), judges, and keeps what is new. The numbers of states and reasons are those of include/falconer/sight.hpp; a
-- reason's state is its number divided by ten.

CREATE TABLE falconer.sight (
    since       timestamptz,                     -- null, like the reason: not judged yet
    awake_since timestamptz NOT NULL,            -- since when something can be expected of it
    rests_since timestamptz,
    beat        timestamptz,                     -- the last heartbeat that proved itself
    event       timestamptz,                     -- received, as far as it is not in the roll-ups of these days
    learned     timestamptz NOT NULL,            -- when its rhythm was
    cluster     int4 PRIMARY KEY REFERENCES falconer.cluster ON DELETE CASCADE,
    gap         int4,                            -- seconds, see learn_rhythms; null: it has no rhythm
    reason      int2,
    rests       int2 NOT NULL DEFAULT 0          -- 0 no, 1 hibernated, 2 gone
) WITH (fillfactor = 80);
CREATE INDEX sight_learned ON falconer.sight (learned);

-- cluster null: of the landscape, where most clusters have fallen silent at once; then `clusters` says how many.
CREATE TABLE falconer.sight_change (
    id         int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    since      timestamptz NOT NULL,
    cluster    int4 REFERENCES falconer.cluster ON DELETE CASCADE,
    clusters   int4,
    reason     int2 NOT NULL,
    was_reason int2                              -- null: it had not been judged before
);
CREATE INDEX sight_change_cluster ON falconer.sight_change (cluster, id);
CREATE INDEX sight_change_at ON falconer.sight_change (at);

-- The one round that was the last. A long time since then, and nobody has looked.
CREATE TABLE falconer.sight_round (
    at              timestamptz NOT NULL,
    watched_since   timestamptz NOT NULL,
    outage_since    timestamptz,
    outage_clusters int4,
    one             bool PRIMARY KEY DEFAULT true CHECK (one)
);

-- Microseconds since 1970; 0: nothing.
CREATE FUNCTION falconer.instant_of(micros int8) RETURNS timestamptz
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT '1970-01-01 00:00:00+00'::timestamptz + nullif($1, 0) * interval '1 microsecond'
$$;

-- Looks at the rhythms of at most `most` clusters: those that nobody has looked at yet, and then those of which it is a day ago. The usual
-- gap is the second longest of the longest gaps of each of the last 14 days: a weekend is in it and one outage is not. Of fewer
-- than three days there is none. Who is late or silent now keeps the rhythm that he had. How many it were.
CREATE FUNCTION falconer.learn_rhythms(most int) RETURNS int4
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    which   record;
    longest int4;
    heard   timestamptz;
    done    int4 := 0;
BEGIN
    FOR which IN
        (SELECT c.id, c.first_seen FROM falconer.cluster c
         WHERE NOT EXISTS (SELECT FROM falconer.sight s WHERE s.cluster = c.id) ORDER BY c.id LIMIT most)
        UNION ALL
        (SELECT c.id, c.first_seen FROM falconer.sight s JOIN falconer.cluster c ON c.id = s.cluster
         WHERE s.learned < now() - interval '1 day' AND coalesce(s.reason, 0) / 10 NOT IN (1, 2) ORDER BY s.learned LIMIT most)
        LIMIT most
    LOOP
        SELECT CASE WHEN count(*) >= 3 THEN (array_agg(d.longest ORDER BY d.longest DESC))[2] END INTO longest
        FROM (SELECT (g.minute AT TIME ZONE 'UTC')::date AS day, max(g.gap) AS longest
              FROM (SELECT m.minute, extract(epoch FROM m.minute - lag(m.minute) OVER (ORDER BY m.minute))::int4 AS gap
                    FROM (SELECT DISTINCT r.minute FROM falconer.rollup r
                          WHERE r.cluster = which.id AND r.minute >= now() - interval '14 days') m) g
              WHERE g.gap IS NOT NULL GROUP BY 1) d;
        SELECT max(r.minute) INTO heard FROM falconer.rollup r WHERE r.cluster = which.id;
        INSERT INTO falconer.sight AS had (cluster, awake_since, event, gap, learned)
        VALUES (which.id, which.first_seen, heard, longest, now())
        ON CONFLICT (cluster) DO UPDATE
            SET gap = excluded.gap, learned = excluded.learned, event = greatest(had.event, excluded.event);
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;

-- Puts a round down: of each of the clusters `ids` the reason, since when, whether it rests, since when, since when it is awake, its last
-- heartbeat and event. How many changes that were. Changes are kept for 90 days.
CREATE FUNCTION falconer.keep_sights(
    watched int8, away int8, quiet int4, ids int4[], whys int2[], whens int8[], resting int2[], resting_from int8[], awake_from int8[],
    beats int8[], events int8[])
RETURNS int8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    had     falconer.sight_round;
    changes int8;
    wide    int8;
BEGIN
    INSERT INTO falconer.sight_change (cluster, reason, since, was_reason)
    SELECT u.cluster, u.reason, falconer.instant_of(u.since), s.reason
    FROM unnest(ids, whys, whens) AS u (cluster, reason, since) JOIN falconer.sight s ON s.cluster = u.cluster
    WHERE s.reason IS DISTINCT FROM u.reason AND (s.reason IS NOT NULL OR u.reason >= 10)
    ORDER BY u.cluster;
    GET DIAGNOSTICS changes = ROW_COUNT;

    UPDATE falconer.sight s
    SET reason = u.reason, since = falconer.instant_of(u.since), rests = u.rests, rests_since = falconer.instant_of(u.rests_since),
        awake_since = coalesce(falconer.instant_of(u.awake), s.awake_since), beat = greatest(s.beat, falconer.instant_of(u.beat)),
        event = greatest(s.event, falconer.instant_of(u.event))
    FROM unnest(ids, whys, whens, resting, resting_from, awake_from, beats, events)
        AS u (cluster, reason, since, rests, rests_since, awake, beat, event)
    WHERE s.cluster = u.cluster;

    SELECT * INTO had FROM falconer.sight_round;
    INSERT INTO falconer.sight_change (reason, since, clusters, was_reason)
    SELECT CASE WHEN away = 0 THEN 0 ELSE 13 END, CASE WHEN away = 0 THEN now() ELSE falconer.instant_of(away) END,
           nullif(quiet, 0), CASE WHEN had.outage_since IS NULL THEN 0 ELSE 13 END
    WHERE (away <> 0) <> (had.outage_since IS NOT NULL);
    GET DIAGNOSTICS wide = ROW_COUNT;
    INSERT INTO falconer.sight_round AS r (at, watched_since, outage_since, outage_clusters)
    VALUES (now(), falconer.instant_of(watched), falconer.instant_of(away), nullif(quiet, 0))
    ON CONFLICT (one) DO UPDATE SET at = excluded.at, watched_since = excluded.watched_since,
        outage_since = excluded.outage_since, outage_clusters = excluded.outage_clusters;

    DELETE FROM falconer.sight_change c
    WHERE c.id IN (SELECT o.id FROM falconer.sight_change o WHERE o.at < now() - interval '90 days' ORDER BY o.at LIMIT 1000);
    IF changes + wide > 0 THEN PERFORM pg_notify('falconer_sight', ''); END IF;
    RETURN changes + wide;
END $$;
