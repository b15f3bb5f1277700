"""What is counted is what is stored: minute by minute, whoever is killed meanwhile, and however many count."""

import os
import signal
import sys
import unittest

from testbed import CLUSTER, Testbed, event, eventually

WAITS = "for minutes to be counted"

STORED = ("select date_trunc('minute', received), cluster, rule, priority, count(*) from falconer.event group by 1, 2, 3, 4")
COUNTED = "select minute, cluster, rule, priority, count from falconer.rollup"
OF_DAYS = "select (received at time zone 'UTC')::date, cluster, count(*) from falconer.event group by 1, 2"
COUNTED_DAYS = "select day, cluster, count from falconer.rollup_day"


class RollUps(unittest.TestCase):
    def differ(self, bed, one, other):
        return bed.count(f"select count(*) from (({one} except {other}) union all ({other} except {one})) d")

    def assert_counted(self, bed, events):
        self.assertEqual(bed.count("select count(*) from falconer.event"), events)
        eventually(lambda: self.differ(bed, STORED, COUNTED) == 0, 60, "the minutes are counted")
        self.assertEqual(self.differ(bed, OF_DAYS, COUNTED_DAYS), 0)

    def test_events_are_counted_once_whatever_is_killed(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            tokens = {each: bed.token(each) for each in (CLUSTER, CLUSTER.replace("alpha", "beta"))}
            sent = []

            def send(number):
                for n in range(number):
                    whose = list(tokens)[n % 2]
                    sent.append((event(whose, rule=f"rule {n % 3}"), tokens[whose]))
                    self.assertEqual(bed.post(*sent[-1])[0], 200)

            send(40)
            self.assert_counted(bed, 40)
            for _ in range(3):
                send(40)
                bed.kill()
                bed.start()
            self.assert_counted(bed, 160)
            send(20)
            os.kill(bed.postmaster(), signal.SIGKILL)
            bed.restart_postgres()
            for body, token in sent:  # all of it once more
                self.assertEqual(bed.post(body, token)[0], 200)
            eventually(lambda: bed.metrics()["falconer_spool_pending_records"] == 0, 60, "nothing is spooled")
            self.assert_counted(bed, 180)
            self.assertEqual(bed.count("select count(*) from falconer.event where batch is null"), 0)
            self.assertGreater(bed.metrics()["falconer_rollup_batches_total"], 0)

    def test_what_keeps_it_from_counting_is_said_and_nobody_else_minds(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            token = bed.token()
            self.assertEqual(bed.post(event(), token)[0], 200)
            self.assert_counted(bed, 1)
            bed.psql("alter table falconer.follower rename to elsewhere", "falconer")
            self.assertEqual(bed.post(event(), token)[0], 200)
            eventually(lambda: bed.metrics()["falconer_rollup_failures_total"] > 0, 60, "it fails")
            self.assertIn("events are not counted; those stored wait for it", bed.tail())
            self.assertEqual(bed.post(event(), token)[0], 200)  # nobody else minds
            self.assertEqual(bed.metrics()['falconer_ingest_acknowledged_total{as="committed"}'], 3)
            bed.psql("alter table falconer.elsewhere rename to follower", "falconer")
            self.assert_counted(bed, 3)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
