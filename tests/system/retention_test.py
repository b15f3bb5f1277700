"""Retention from outside: no wrong clock deletes the store, and many thousand clusters do not keep it from ending."""

import subprocess
import sys
import threading
import unittest

from testbed import CLUSTER, FALCONER, Testbed, clock_off_by, event, eventually

DAY = 86_400
TODAY = "(now() at time zone 'utc')::date"
INSERT = ("insert into falconer.event (received, time, id, cluster, rule, priority, flags, time_nanos, output_fields) "
          "select d, d, gen_random_uuid(), c.id, 1, 2, 0, 0, '{}' ")


def falconer(bed, *args):
    return subprocess.run([FALCONER, *args, "--config", bed.config], capture_output=True, text=True, timeout=600)


# So many days ago; no midnight that comes makes one of them old that was young.
OLD, YOUNG = list(range(20, 34)), list(range(4))


def days_of_events(bed, today=TODAY):
    """Old ones and young ones for a period of 7 days, with an event each."""
    days = f"unnest('{{{','.join(map(str, OLD + YOUNG))}}}'::int[]) n"
    bed.psql(f"select falconer.ensure_day({today} - n) from {days}", "falconer")
    bed.psql("insert into falconer.cluster (digest, identity) values ('one', 'one');" + INSERT + f"from falconer.cluster c, {days}, "
             f"lateral (select ({today} - n + time '12:00') at time zone 'utc' as d) d", "falconer")


def partitions(bed):
    return bed.psql("select string_agg(inhrelid::regclass::text, ' ' order by 1) from pg_inherits "
                    "where inhparent = 'falconer.event'::regclass", "falconer").split()


class WrongClocks(unittest.TestCase):
    def assert_refused(self, bed, ahead):
        """The running falconer has looked, and has left everything as it was."""
        eventually(lambda: bed.metrics()["falconer_retention_refused_total"] > 0, what="retention is refused")
        difference = lambda: bed.metrics()["falconer_store_clock_ahead_seconds"]  # noqa: E731
        eventually(lambda: abs(difference() - ahead) < 3600, what="the difference is a metric")
        eventually(lambda: "the clocks disagree" in bed.said(), what="it is said")
        self.assertIn("nothing is removed: our clock says", bed.said())
        self.assertEqual(bed.count("select count(*) from falconer.event"), len(OLD + YOUNG))
        self.assertEqual(bed.count("select count(*) from falconer.chore"), 0)
        self.assertEqual(bed.metrics()["falconer_retention_days_total"], 0)

    def test_a_replica_whose_clock_is_off_by_400_days_removes_nothing_and_is_in_nobodys_way(self):
        with Testbed(extra={"store": {"retentionDays": 7}}) as bed:
            bed.migrate()
            days_of_events(bed)
            before = set(partitions(bed))
            for days in (400, -400):
                with self.subTest(days=days):
                    with clock_off_by(days):
                        bed.start()
                        doctor = falconer(bed, "doctor")
                        retain = falconer(bed, "db", "retain")
                    self.assert_refused(bed, days * DAY)
                    self.assertLessEqual(before, set(partitions(bed)))
                    self.assertEqual(doctor.returncode, 1, doctor.stdout)
                    self.assertRegex(doctor.stdout, "(?m)^WRONG  clock         our clock says .* nothing is removed by its date")
                    self.assertEqual(retain.returncode, 1, retain.stdout)
                    self.assertIn("set the one that is wrong", retain.stderr)
                    if days < 0:  # a good one beside it
                        good = falconer(bed, "db", "retain")
                        self.assertEqual(good.returncode, 0, good.stderr)
                        self.assertIn(f"days dropped {len(OLD)}\n", good.stdout)
                        self.assertEqual(bed.count("select count(*) from falconer.event"), len(YOUNG))
                    self.assertEqual(bed.terminate(), 0)

    def test_if_the_stores_clock_is_the_wrong_one_nothing_is_removed_either(self):
        with clock_off_by(400):
            bed = self.enterContext(Testbed(extra={"store": {"retentionDays": 7}}))
        bed.migrate()
        days_of_events(bed, f"({TODAY} - 400)")
        bed.start()
        self.assert_refused(bed, -400 * DAY)
        self.assertEqual(bed.terminate(), 0)

    def test_a_retention_that_is_noted_in_the_future_stops_nobody(self):
        with Testbed(extra={"store": {"retentionDays": 7}}) as bed:
            bed.migrate()
            days_of_events(bed)
            bed.psql("insert into falconer.chore values ('retain', now() + interval '400 days')", "falconer")
            self.assertRegex(falconer(bed, "doctor").stdout, "(?m)^look   retention     is noted as done in the future")
            bed.start()
            eventually(lambda: bed.metrics()["falconer_retention_days_total"] > 0, what="old days go")
            eventually(lambda: bed.count("select count(*) from falconer.chore where done < now()") == 1, what="it is noted anew")
            self.assertEqual(bed.count("select count(*) from falconer.event"), len(YOUNG))
            self.assertRegex(falconer(bed, "doctor").stdout, "(?m)^ok     retention     was done last at ")


class ManyClusters(unittest.TestCase):
    def test_ten_thousand_clusters_and_fifty_thousand_identities(self):
        with Testbed() as bed:
            bed.migrate()
            self.fill(bed)
            sender, failed = self.sender(bed)
            bed.start()  # retention was never done: it begins at once
            sender.start()
            try:
                done = "falconer_retention_done_timestamp_seconds"
                eventually(lambda: bed.metrics()[done] > 0 or "housekeeping failed" in bed.said(), 300, "retention ends")
            finally:
                self.stop.set()
                sender.join()
            self.assertNotIn("housekeeping failed", bed.said())
            self.assertEqual(failed, [])
            # One day dropped, one exchanged for what a longer period and a hold keep.
            self.assertEqual(bed.metrics()["falconer_retention_days_total"], 2)
            self.assertEqual(bed.metrics()["falconer_retention_events_removed_total"], 10_000 + 9_500)
            self.assertEqual(bed.count(f"select count(*) from falconer.event where received < {TODAY} - 300"), 500)
            self.assertEqual(bed.count("select count(*) from falconer.cluster where identity like 'many-%'"), 10_000)
            eventually(lambda: "identities_removed=40000" in bed.said(), what="it says so")

    def fill(self, bed):
        bed.psql("insert into falconer.cluster (digest, identity, landscape, project, used) select sha256(convert_to(n::text, 'UTF8')), "
                 f"'many-' || n, 'live', 'p' || n % 200, {TODAY} - 60 from generate_series(1, 50000) n", "falconer")
        bed.psql(f"select falconer.ensure_day({TODAY} - n) from unnest('{{420, 380, 1}}'::int[]) n", "falconer")
        bed.psql(INSERT + f"from falconer.cluster c, lateral (select ({TODAY} - n + time '12:00') at time zone 'utc' as d from "
                 "unnest('{420, 380, 1}'::int[]) n) d where c.identity like 'many-%' and substr(c.identity, 6)::int % 5 = 0", "falconer")
        # p199 has no events: but for it all days would go as a matter of course.
        bed.psql("insert into falconer.retention values ('', 'p199', 3650), ('', 'p10', 400)", "falconer")
        bed.psql(f"insert into falconer.legal_hold (project, since, until, reason, placed_by) values ('p20', {TODAY} - 380, "
                 f"{TODAY} - 380, 'case 7', 'legal')", "falconer")

    def sender(self, bed):
        """Posts one event after another until told to stop; whatever is not answered 200 is noted."""
        self.stop, failed, token = threading.Event(), [], bed.token()

        def send():
            while not self.stop.is_set():
                answer = bed.post(event(CLUSTER), token)
                if answer[0] != 200:
                    failed.append(answer)

        return threading.Thread(target=send), failed


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
