"""What probes are told: alive before the store has been asked, and not ready while nothing is taken in."""

import json
import socket
import subprocess
import sys
import unittest

from stall_test import standing_still
from testbed import Testbed, event, eventually, needs_mounts

NEITHER = "neither the store nor the spool takes anything"


class Alive(unittest.TestCase):
    def test_the_health_port_answers_while_the_store_keeps_us_waiting(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing
            port = silent.getsockname()[1]
            with Testbed(extra={"store": {"hosts": ["127.0.0.1"], "port": port, "connectTimeout": "60s"}}) as bed:
                bed.start(wait=False)

                def alive():
                    self.assertIsNone(bed.process.poll(), bed.tail())
                    try:
                        return bed.get(bed.health_port, "/healthz")[0] == 200
                    except OSError:
                        return False

                eventually(alive, 30, "it says that it is alive")
                for path in ("/readyz", "/readyz/ingestor"):
                    status, body = bed.get(bed.health_port, path)
                    self.assertEqual(status, 503)
                    self.assertEqual(json.loads(body)["roles"]["ingestor"]["reasons"], ["starting"])
                self.assertEqual(bed.get(bed.metrics_port, "/metrics")[0], 200)
                with self.assertRaises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", bed.port), timeout=10)
                self.assertEqual(bed.terminate(), 0)


class Ready(unittest.TestCase):
    def setUp(self):
        self.bed = self.enterContext(Testbed(extra={"ingestor": {"hold": "1s"}}))
        self.bed.migrate()
        self.bed.start()
        self.token = self.bed.token()
        self.spool = self.bed.home / "spool"
        self.elsewhere = self.bed.home / "elsewhere"

    def ready(self):
        status, body = self.bed.get(self.bed.health_port, "/readyz")
        return status, json.loads(body)["roles"]["ingestor"]["reasons"]

    def take_both_away(self):
        """Until a sender has found out."""
        self.spool.rename(self.elsewhere)
        self.assertEqual(self.ready(), (200, []), "the store takes events")

    def test_not_while_neither_store_nor_spool_takes_anything_and_again_by_itself(self):
        with standing_still(self.bed):
            self.take_both_away()
            self.assertEqual(self.bed.post(event(), self.token)[0], 503)
            self.assertEqual(self.ready(), (503, [NEITHER]))
            probes = self.bed.metrics()["falconer_ingest_turned_away_total"]
            self.elsewhere.rename(self.spool)
            eventually(lambda: self.ready() == (200, []), 60, "ready again, though nobody has sent anything")
            self.assertEqual(self.bed.metrics()["falconer_ingest_turned_away_total"], probes)
            self.assertEqual(self.bed.post(event(), self.token)[0], 200, "the spool has it")

    def test_a_store_that_is_back_is_enough(self):
        with standing_still(self.bed):
            self.take_both_away()
            self.assertEqual(self.bed.post(event(), self.token)[0], 503)
            self.assertEqual(self.ready(), (503, [NEITHER]))
        eventually(lambda: self.ready() == (200, []), 60, "ready again, though nobody has sent anything")
        self.assertFalse(self.spool.exists())
        eventually(lambda: self.bed.post(event(), self.token)[0] == 200, 60, "the store has it")

    @needs_mounts
    def test_a_full_disk_under_the_spool(self):
        self.bed.terminate()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", self.spool], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.spool])
        (self.spool / "full").write_bytes(b"")
        self.bed.start()
        with open(self.spool / "full", "wb", buffering=0) as full:
            try:
                while full.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        with standing_still(self.bed):
            self.assertEqual(self.bed.post(event(), self.token)[0], 503)
            self.assertEqual(self.ready(), (503, [NEITHER]))
            (self.spool / "full").unlink()
            eventually(lambda: self.ready() == (200, []), 60, "ready again, though nobody has sent anything")


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
