"""Promises 4 and 12: a database that stands still, or is locked, costs no sender an error."""

import contextlib
import os
import pathlib
import signal
import sys
import time
import unittest

from durability_test import Senders
from testbed import IMPATIENT, LATENCIES, Testbed, event, eventually

ALONE = "measures the memory that falconer takes at most"
SECONDS = float(os.environ.get("FALCONER_STALL_SECONDS", "6"))
SPOOLED = 'falconer_ingest_acknowledged_total{as="spooled"}'


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


def settled_peak_mib(pid):
    """MiB, when it has read what it will read: it has not grown for three seconds."""
    seen = [resident_mib(pid)]

    def settled():
        time.sleep(0.5)
        seen.append(resident_mib(pid))
        return len(seen) > 6 and seen[-7] == seen[-1]

    eventually(settled, what="it does not grow any more")
    return seen[-1]


class Stall(unittest.TestCase):
    def look(self, bed):
        """Alive and ready all the time: for so long, and until the spool has been of use."""
        begun = time.monotonic()

        def has_stalled():
            self.assertEqual(bed.get(bed.health_port, "/healthz")[0], 200)
            status, why = bed.get(bed.health_port, "/readyz/ingestor")
            self.assertEqual(status, 200, why)
            time.sleep(0.2)
            return time.monotonic() > begun + SECONDS and bed.metrics()[SPOOLED] > 0

        eventually(has_stalled, SECONDS + 60, "events go to the spool")
        return time.monotonic() - begun

    def check(self, bed, senders, stalled):
        senders.join()
        begun = time.monotonic()
        bed.nothing_pending()
        drained = time.monotonic() - begun
        stored = set(bed.psql("select id from falconer.event", "falconer").split())
        rows = bed.count("select count(*) from falconer.event")
        spooled = bed.metrics()[SPOOLED]
        print(f"stalled={stalled:.1f}s drained={drained:.1f}s acknowledged={len(senders.acknowledged)} spooled={spooled:.0f} "
              f"peak={resident_mib(bed.process.pid):.0f}MiB", flush=True)
        self.assertEqual(senders.refused, [])
        self.assertEqual(senders.replayed, 0, "no connection was lost")
        self.assertEqual(senders.acknowledged - stored, set())
        self.assertEqual(rows, len(stored))
        self.assertGreater(spooled, 0)
        if LATENCIES:
            self.assertLess(drained, 2 * stalled)
        self.assertLess(resident_mib(bed.process.pid), 256)

    def test_a_database_that_stands_still(self):
        with Testbed(extra=IMPATIENT) as bed:
            bed.migrate()
            bed.start()
            senders = Senders(bed, pause=0.01)  # some 1,500 events/s: a fleet, not a flood
            senders.go_on(100)
            with standing_still(bed):
                stalled = self.look(bed)
            self.check(bed, senders, stalled)

    def test_a_table_that_is_locked(self):
        with Testbed(extra=IMPATIENT) as bed:
            bed.migrate()
            bed.start()
            senders = Senders(bed, pause=0.01)  # some 1,500 events/s: a fleet, not a flood
            senders.go_on(100)
            with bed.session() as holder:
                holder.stdin.write("begin; lock table falconer.event in access exclusive mode;\n")
                holder.stdin.flush()
                stalled = self.look(bed)
            self.check(bed, senders, stalled)

    def test_an_end_while_it_stands_still(self):
        """The settlement of quotas that hangs when the end is asked for is not joined by a second one."""
        with Testbed(extra=IMPATIENT) as bed:
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
                self.assertEqual(bed.process.wait(120), 0, bed.tail())
                bed.start()


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
