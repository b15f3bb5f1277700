"""Events that the console is measured with are what an ingestor would have stored."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "load-tests")]

from console_store import Psql, fill  # noqa: E402
from testbed import Testbed  # noqa: E402

EVENTS = 4_000
WHAT_THERE_IS = ("SELECT md5(string_agg(e::text, '' ORDER BY e.received, e.id)) FROM (SELECT received, time, time_nanos, id, cluster, rule, priority, "
                 "source, hostname, tags, output, output_fields, extra FROM falconer.events) e")


class MadeEvents(unittest.TestCase):
    def made(self, seed, until=None):
        bed = Testbed()
        self.addCleanup(bed.close)
        bed.migrate()
        psql = Psql(bed.pg["host"], bed.pg["port"])
        fill(psql, EVENTS, days=2.6, clusters=20, seed=seed, until=until, note=lambda text: None)
        return psql

    def test_dictionaries_batches_and_counts_fit(self):
        psql = self.made(1)
        self.assertEqual(psql("SELECT count(*), count(DISTINCT id), max(received) - min(received) BETWEEN '2.5 days' AND '2.6 days' FROM falconer.events"), f"{EVENTS}|{EVENTS}|t")
        # What the roll-ups say is what there is, to the minute.
        counted = "SELECT date_trunc('minute', received) AS minute, cluster, rule, priority, count(*) FROM falconer.event GROUP BY 1, 2, 3, 4"
        rolled = "SELECT minute, cluster, rule, priority, count FROM falconer.rollup"
        self.assertEqual(psql(f"(({counted}) EXCEPT {rolled}) UNION ALL ({rolled} EXCEPT ({counted}))"), "")
        self.assertEqual(psql("SELECT sum(count) FROM falconer.rollup_day"), str(EVENTS))
        # Each event has its batch, and each batch is behind whoever counts.
        self.assertEqual(psql("SELECT count(*) FROM falconer.event e LEFT JOIN falconer.batch b ON b.seq = e.batch WHERE b.seq IS NULL"), "0")
        self.assertEqual(psql("SELECT count(*) FROM falconer.batch b, falconer.follower f WHERE f.name = 'rollup' AND b.xid >= f.xid"), "0")
        self.assertEqual(psql("SELECT nextval(pg_get_serial_sequence('falconer.batch', 'seq')) > max(batch) FROM falconer.event"), "t")
        self.assertEqual(psql("SELECT count(*) FROM falconer.event WHERE strpos(output, 'in-the-haystack-1') > 0 AND strpos(output_fields::text, 'in-the-haystack-1') > 0"), "1")
        self.assertEqual(psql("SELECT count(*) FROM falconer.events WHERE project = 'quiet'"), "5")
        self.assertEqual(psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'made'"), "0")

    def test_a_seed_makes_the_same_again_and_another_others(self):
        first, again, other = (self.made(seed, "2026-11-20T17:30:00Z")(WHAT_THERE_IS) for seed in (7, 7, 8))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)


if __name__ == "__main__":
    unittest.main(verbosity=2)
