"""falconer up: one command, a printed curl that works, a second start that finds its data, nothing left behind."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from testbed import FALCONER, eventually, free_port


class Up:
    """A `falconer up` on a folder, and what it has printed."""

    def __init__(self, data, *more):
        self.data, self.out = data, data.parent / "up.out"
        self.file = open(self.out, "wb")
        self.process = subprocess.Popen(
            [FALCONER, "up", "--data", data, "--listen", f"127.0.0.1:{free_port()}", *more], stdout=self.file, stderr=self.file)

    def said(self):
        return self.out.read_text(errors="replace")

    def wait_until_up(self):
        def up():
            assert self.process.poll() is None, self.said()
            return "and see it counted" in self.said()
        eventually(up, 90, "falconer is up")
        return self

    def end(self, how=signal.SIGINT):
        self.process.send_signal(how)
        code = self.process.wait(60)
        self.file.close()
        return code


def leftovers(folder):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in line:
                found.append(line.replace(b"\0", b" ").decode())
    return found


class UpTest(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-up."))
        os.chmod(self.home, 0o755)  # PostgreSQL's user passes through
        self.data = self.home / "data"
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def events(self, rule=None):
        where = f" where rule = '{rule}'" if rule else ""
        return int(subprocess.run(
            ["psql", "-XAtq", "-h", self.data / "run", "-U", "falconer_reader", "falconer", "-c", "select count(*) from falconer.events" + where],
            check=True, capture_output=True, text=True).stdout)

    def test_the_printed_curl_stores_an_event_and_a_second_start_finds_it(self):
        up = Up(self.data, "--shoots", "5", "--rate", "5").wait_until_up()
        curl = re.search(r"curl -i .*?\}\}'\n", up.said(), re.S).group(0)
        answer = subprocess.run(["bash", "-c", curl], capture_output=True, text=True).stdout
        self.assertIn("200 OK", answer)
        eventually(lambda: self.events() > 20, 30, "the fleet's events arrive")
        self.assertEqual(self.events("My first rule"), 1)
        status = subprocess.run([FALCONER, "db", "status", "--data", self.data], check=True, capture_output=True, text=True).stdout
        self.assertIn("clusters                6", status)
        doctor = subprocess.run([FALCONER, "doctor", "--data", self.data], capture_output=True, text=True)
        self.assertEqual(doctor.returncode, 0, doctor.stdout)
        self.assertEqual(up.end(), 0, up.said())
        self.assertEqual(leftovers(self.home), [])

        again = Up(self.data, "--shoots", "0").wait_until_up()
        self.assertEqual(self.events("My first rule"), 1)
        self.assertEqual(again.end(signal.SIGTERM), 0)

    def test_kill_9_of_falconer_and_then_of_its_postgresql_loses_no_acknowledged_event(self):
        log = self.home / "acknowledged"
        more = ("--shoots", "200", "--log-acknowledged", log)
        up = Up(self.data, *more).wait_until_up()
        eventually(lambda: log.exists() and log.read_bytes().count(b"\n") > 300, 60, "events are acknowledged")
        up.end(signal.SIGKILL)
        up = Up(self.data, *more).wait_until_up()
        before = log.read_bytes().count(b"\n")
        os.kill(int((self.data / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        eventually(lambda: log.read_bytes().count(b"\n") > before + 600, 60, "events go on")
        eventually(lambda: "starting it again" in up.said(), 30, "the end of PostgreSQL is noticed")
        self.assertEqual(up.end(), 0, up.said())

        up = Up(self.data, "--shoots", "0").wait_until_up()
        acknowledged = set(log.read_text().split())

        def stored():
            return set(subprocess.run(
                ["psql", "-XAtq", "-h", self.data / "run", "-U", "falconer_reader", "falconer", "-c", "select id from falconer.event"],
                check=True, capture_output=True, text=True).stdout.split())

        eventually(lambda: acknowledged <= stored(), 30, "every acknowledged event is stored")
        self.assertEqual(up.end(), 0)
        self.assertEqual(leftovers(self.home), [])

    def refusal(self):
        done = subprocess.run([FALCONER, "up", "--data", self.data, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_two_on_one_folder_are_one_too_many(self):
        up = Up(self.data, "--shoots", "0").wait_until_up()
        self.assertIn(f"pid {up.process.pid}", self.refusal())
        self.assertEqual(up.end(), 0)

    def test_a_folder_of_another_version_is_named(self):
        (self.data / "postgres").mkdir(parents=True, mode=0o700)
        (self.data / "postgres" / "PG_VERSION").write_text("9\n")
        self.assertIn("was made by PostgreSQL 9", self.refusal())

    @unittest.skipUnless(os.getuid() == 0, "only root can make a folder another user's")
    def test_a_folder_of_another_user_is_named(self):
        (self.data / "postgres").mkdir(parents=True, mode=0o700)
        os.chown(self.data / "postgres", 12345, 12345)
        self.assertIn("belongs to another user (uid 12345)", self.refusal())

    @unittest.skipUnless(os.getuid() == 0, "as an ordinary user nobody else has to pass through")
    def test_a_closed_door_on_the_way_is_named(self):
        os.chmod(self.home, 0o700)
        self.assertIn(f"may not pass through {self.home}", self.refusal())


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
