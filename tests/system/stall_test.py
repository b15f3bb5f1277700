"""Promises 4 and 12: a database that stands still, or is locked, costs no sender an error."""

import contextlib
import os
import pathlib
import signal
import sys
import threading
import time
import unittest

from durability_test import Senders
from testbed import Testbed, event, eventually

SECONDS = float(os.environ.get("FALCONER_STALL_SECONDS", "6"))


def family_of(postmaster):
    """The postmaster and all its backends."""
    children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]


@contextlib.contextmanager
def standing_still(bed):
    """PostgreSQL's processes are stopped meanwhile. The postmaster first, so that no further one begins; one that has just
    ended by itself is none."""
    postmaster = bed.postmaster()
    os.kill(postmaster, signal.SIGSTOP)
    family = family_of(postmaster)
    try:
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM")


class Stall(unittest.TestCase):
    def look(self, bed, seconds):
        """Alive and ready all the time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.assertEqual(bed.get(bed.health_port, "/healthz")[0], 200)
            status, why = bed.get(bed.health_port, "/readyz/ingestor")
            self.assertEqual(status, 200, why)
            time.sleep(0.2)

    def check(self, bed, senders, stalled):
        senders.join()
        begun = time.monotonic()
        eventually(lambda: bed.metrics()["falconer_spool_pending_records"] == 0, 60, "the spool has been replayed")
        drained = time.monotonic() - begun
        stored = set(bed.psql("select id from falconer.event", "falconer").split())
        rows = bed.count("select count(*) from falconer.event")
        spooled = bed.metrics()['falconer_ingest_acknowledged_total{as="spooled"}']
        print(f"stalled={stalled:.1f}s drained={drained:.1f}s acknowledged={len(senders.acknowledged)} spooled={spooled:.0f} "
              f"peak={resident_mib(bed.process.pid):.0f}MiB", flush=True)
        self.assertEqual(senders.refused, [])
        self.assertEqual(senders.replayed, 0, "no connection was lost")
        self.assertEqual(senders.acknowledged - stored, set())
        self.assertEqual(rows, len(stored))
        self.assertGreater(spooled, 0)
        self.assertLess(drained, 2 * stalled)
        self.assertLess(resident_mib(bed.process.pid), 256)

    def test_a_database_that_stands_still(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            senders = Senders(bed, pause=0.01)  # some 1,500 events/s: a fleet, not a flood
            time.sleep(1)
            with standing_still(bed):
                self.look(bed, SECONDS)
            self.check(bed, senders, SECONDS)

    def test_a_table_that_is_locked(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            senders = Senders(bed, pause=0.01)  # some 1,500 events/s: a fleet, not a flood
            time.sleep(1)
            lock = threading.Thread(target=lambda: bed.psql(
                f"begin; lock table falconer.event in access exclusive mode; select pg_sleep({SECONDS}); commit", "falconer"))
            lock.start()
            self.look(bed, SECONDS)
            lock.join()
            self.check(bed, senders, SECONDS)

    def test_an_end_while_it_stands_still(self):
        """The settlement of quotas that hangs when the end is asked for is not joined by a second one."""
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            token = bed.token()
            self.assertEqual(bed.post(event(), token)[0], 200)
            time.sleep(1.5)  # settled once: its connection is open
            for wait in (1.2, 1.6, 2.4):
                with standing_still(bed):
                    self.assertEqual(bed.post(event(), token)[0], 200)
                    time.sleep(wait)
                    bed.process.send_signal(signal.SIGTERM)
                    time.sleep(0.6)
                self.assertEqual(bed.process.wait(30), 0, bed.tail())
                bed.start()


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
