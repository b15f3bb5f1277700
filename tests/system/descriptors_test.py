"""Issue 11, C: few descriptors are enough for the store, the spool and the probes, whoever holds connections."""

import contextlib
import resource
import socket
import subprocess
import sys
import unittest

from stall_test import standing_still
from testbed import FALCONER, Testbed, event, eventually

WAITS = "for a store that has stood still to be found again"


class FewDescriptors(unittest.TestCase):
    def start(self, bed, limit):
        """As bed.start(), with a hard limit on open files."""
        bed.starts += 1
        bed.log = open(bed.home / f"falconer.{bed.starts}.log", "wb")
        bed.process = subprocess.Popen(
            [FALCONER, "serve", "--config", bed.config, "--roles", "ingestor"], stdout=bed.log, stderr=bed.log,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 32), limit)))

    def test_strangers_leave_descriptors_for_the_store_the_spool_and_probes(self):
        with contextlib.ExitStack() as ends, Testbed() as bed:
            bed.migrate()
            self.start(bed, 64)
            eventually(bed.alive, 60, "falconer is alive")
            self.assertIn("open files limit=64 ", bed.said())
            self.assertIn("fewer connections are taken than the configuration allows", bed.said())
            token = bed.token()
            for _ in range(60):
                ends.enter_context(socket.create_connection(("127.0.0.1", bed.port), timeout=60))
            self.assertEqual(bed.post(event(), token)[0], 200)
            bed.psql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'falconer'")
            for _ in range(20):
                ends.enter_context(socket.create_connection(("127.0.0.1", bed.port), timeout=60))
            for _ in range(5):  # a store that is connected anew
                self.assertEqual(bed.post(event(), token)[0], 200)
            eventually(lambda: bed.count("select count(*) from falconer.event") == 6, 60, "the store has all of them")
            with standing_still(bed):
                for _ in range(5):  # the spool
                    self.assertEqual(bed.post(event(), token)[0], 200)
                self.assertEqual(bed.get(bed.health_port, "/readyz")[0], 200)
            eventually(lambda: bed.count("select count(*) from falconer.event") == 11, 60, "the store has all of them")
            self.assertNotIn("Too many open files", bed.said())

    def test_with_too_few_descriptors_the_start_is_refused(self):
        with Testbed() as bed:
            bed.migrate()
            self.start(bed, 48)
            self.assertEqual(bed.process.wait(60), 1)
            self.assertIn("raise its limit (ulimit -n)", bed.said())


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
