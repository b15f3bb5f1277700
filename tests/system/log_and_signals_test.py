"""Issue 11, D: who reads the log, and who sends signals, does not decide whether falconer lives."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import unittest

from testbed import FALCONER, Testbed, event, eventually


def start(bed, stderr):
    """As bed.start(), with a log that goes elsewhere."""
    bed.starts += 1
    bed.log = open(bed.home / f"falconer.{bed.starts}.log", "wb")
    bed.process = subprocess.Popen(
        [FALCONER, "serve", "--config", bed.config, "--roles", "ingestor"], stdout=bed.log, stderr=stderr)


class LogReader(unittest.TestCase):
    def setUp(self):
        self.read_end, self.write_end = os.pipe()
        self.bed = self.enterContext(Testbed())
        self.bed.migrate()
        self.token = self.bed.token()

    def close_ends(self):
        for end in (self.read_end, self.write_end):
            with contextlib.suppress(OSError):
                os.close(end)

    def works(self):
        self.assertEqual(self.bed.post(event(), self.token)[0], 200)
        self.assertEqual(self.bed.get(self.bed.health_port, "/healthz")[0], 200)
        self.bed.process.send_signal(signal.SIGHUP)  # it has something to say
        self.assertEqual(self.bed.post(event(), self.token)[0], 200)

    def test_a_reader_that_goes_away_ends_nothing(self):
        self.addCleanup(self.close_ends)
        start(self.bed, self.write_end)
        os.close(self.write_end)
        eventually(self.bed.alive, 60, "falconer is alive")
        os.close(self.read_end)
        self.works()
        eventually(lambda: self.bed.metrics()["falconer_log_dropped_total"] >= 1, 30, "what nobody reads is counted")
        self.assertEqual(self.bed.terminate(), 0)

    def test_a_reader_that_stands_still_is_not_waited_for(self):
        self.addCleanup(self.close_ends)
        os.set_blocking(self.write_end, False)
        full = 0
        with contextlib.suppress(BlockingIOError):  # not one more line has room
            while True:
                full += os.write(self.write_end, b"\n" * 4096)
        os.set_blocking(self.write_end, True)
        start(self.bed, self.write_end)
        os.close(self.write_end)
        eventually(self.bed.alive, 60, "falconer is alive")
        self.works()
        with open(self.read_end, "rb", closefd=False) as reader:  # and now it reads
            self.assertEqual(len(reader.read(full)), full)
            said = b""
            while b"SIGHUP: reading again" not in said:
                said += reader.readline()
            self.assertIn(b"taking events in", said, "nothing was lost")
            self.assertEqual(self.bed.terminate(), 0)
            self.assertIn(b"stopped", reader.read())


class Hangups(unittest.TestCase):
    STORM = 3000

    def test_a_storm_of_hangups_does_not_keep_the_end_waiting(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            for _ in range(self.STORM):
                bed.process.send_signal(signal.SIGHUP)
            self.assertEqual(bed.post(event(), bed.token())[0], 200)
            self.assertEqual(bed.terminate(120), 0)
            reloads = pathlib.Path(bed.log.name).read_text().count("SIGHUP: reading again")
            self.assertGreaterEqual(reloads, 1)
            self.assertLess(reloads, self.STORM / 10)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
