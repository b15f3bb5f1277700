-- A transaction may hold more batches than fit into one step of counting: a day that is restored has one for each of its minutes. It is a
-- step of its own. Before, the step in front of it was found empty, and again, and nothing was counted any more.
CREATE OR REPLACE FUNCTION falconer.roll_up(
    most int, OUT batches int8, OUT events int8, OUT more bool, OUT behind float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    had  falconer.follower;
    till xid8;
    cut  xid8;
    top  int8;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7205759403792797) THEN RETURN; END IF;
    SELECT * INTO STRICT had FROM falconer.follower f WHERE f.name = 'rollup';
    IF had.xid > pg_snapshot_xmax(pg_current_snapshot()) THEN
        had.xid := falconer.adopt_batches(had);
    END IF;
    till := pg_snapshot_xmin(pg_current_snapshot());
    SELECT b.xid INTO cut FROM falconer.batch b WHERE b.xid >= had.xid AND b.xid < till
    ORDER BY b.xid, b.seq OFFSET most LIMIT 1;
    IF cut = (SELECT b.xid FROM falconer.batch b WHERE b.xid >= had.xid AND b.xid < till ORDER BY b.xid, b.seq LIMIT 1) THEN
        SELECT b.xid INTO cut FROM falconer.batch b WHERE b.xid > cut AND b.xid < till ORDER BY b.xid, b.seq LIMIT 1;
    END IF;
    more := cut IS NOT NULL;
    IF more THEN till := cut; END IF;

    SELECT count(*), max(b.seq) INTO batches, top FROM falconer.batch b
    WHERE b.xid >= had.xid AND b.xid < till;
    events := 0;
    IF batches > 0 THEN
        events := falconer.add_up_batches(had.xid, till);
        UPDATE falconer.follower f SET xid = till, seq = greatest(f.seq, top), at = clock_timestamp()
        WHERE f.name = 'rollup';
    END IF;
    SELECT extract(epoch FROM clock_timestamp() - b.at) INTO behind FROM falconer.batch b
    WHERE b.xid >= till ORDER BY b.xid, b.seq LIMIT 1;
    behind := coalesce(greatest(behind, 0), 0);

    -- Who has not come for a batch in a week looks at the days themselves.
    IF (SELECT b.at < now() - interval '7 days' FROM falconer.batch b ORDER BY b.xid, b.seq LIMIT 1)
    THEN
        DELETE FROM falconer.batch b
        USING (SELECT o.xid, o.seq FROM falconer.batch o ORDER BY o.xid, o.seq LIMIT 2 * most) old
        WHERE b.xid = old.xid AND b.seq = old.seq AND b.xid < till
          AND b.at < now() - interval '7 days';
    END IF;
END $$;
