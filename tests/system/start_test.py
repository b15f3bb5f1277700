"""What keeps falconer from starting is said in one sentence, with what to do: the clock, PostgreSQL, the disk. And what
`falconer doctor` says of it beforehand."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from testbed import FALCONER, Testbed, clock_off_by, clocks, event, eventually, needs_mounts


def run(*command, clock=None, seconds=300):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds,
                          env={**os.environ, **(clock or {})})


class Start(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-start."))
        os.chmod(self.home, 0o755)  # PostgreSQL's user passes through
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def sentence(self, done):
        """The one line that is said of it."""
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("falconer: "), done.stderr)
        return done.stderr

    def nothing_is_left_of(self, done):
        self.assertEqual(done.stdout, "")
        self.assertEqual(list(self.home.iterdir()), [])

    def up(self, data, *before, clock=None):
        return run(*before, FALCONER, "up", "--data", data, "--listen", "127.0.0.1:0", "--shoots", "0", clock=clock)

    def small_disk(self, size):
        disk = self.home / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        return disk

    @staticmethod
    def fill(disk):
        file = os.open(disk / "full", os.O_WRONLY | os.O_CREAT)
        with contextlib.suppress(OSError):
            while True:
                os.write(file, b"\0" * 4096)
        os.close(file)

    def test_a_clock_that_nobody_has_set(self):
        with Testbed() as bed:
            bed.migrate()
            early = run(FALCONER, "serve", "--config", bed.config, "--roles", "ingestor", clock=clocks.set_to("2019-12-31T12:00:00Z"))
            said = self.sentence(early)
            self.assertIn("the clock says 2019-12-31T", said)
            self.assertIn("set it first", said)
            doctor = run(FALCONER, "doctor", "--config", bed.config, clock=clocks.set_to("2019-12-31T12:00:00Z"))
            self.assertEqual(doctor.returncode, 1, doctor.stdout)
            self.assertIn("WRONG  clock         the clock says 2019-12-31T", doctor.stdout)

    def test_up_looks_at_the_clock_before_it_makes_anything(self):
        early = self.up(self.home / "data", clock=clocks.set_to("2019-12-31T12:00:00Z"))
        self.assertIn("the clock says 2019-12-31T", self.sentence(early))
        self.nothing_is_left_of(early)

    def test_a_clock_years_ahead_removes_no_event(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            self.assertEqual(bed.post(event(), bed.token())[0], 200)
            bed.terminate()
            bed.psql("delete from falconer.chore", "falconer")  # retention is due
            with clock_off_by(800):
                bed.start()
            eventually(lambda: "nothing is removed: our clock says" in bed.said(), what="retention is refused")
            self.assertEqual(bed.count("select count(*) from falconer.event"), 1)
            self.assertEqual(bed.terminate(), 0)
            retain = run(FALCONER, "db", "retain", "--config", bed.config, clock=clocks.off_by(800))
            self.assertEqual(retain.returncode, 1, retain.stdout)
            self.assertIn("set the one that is wrong", retain.stderr)

    @needs_mounts
    def test_postgresql_is_missing(self):
        hidden = 'mount -t tmpfs tmpfs /usr/lib/postgresql && exec "$@"'
        done = self.up(self.home / "data", "unshare", "--mount", "sh", "-c", hidden, "sh")
        said = self.sentence(done)
        self.assertIn("PostgreSQL 14 or newer is not installed", said)
        self.assertIn("install the package postgresql-15", said)
        self.nothing_is_left_of(done)

    def test_setpriv_is_missing(self):
        done = self.up(self.home / "data", "env", "PATH=" + str(self.home))
        said = self.sentence(done)
        self.assertIn("setpriv", said)
        self.assertIn("install the package util-linux", said)
        self.nothing_is_left_of(done)

    @unittest.skipUnless(os.getuid() == 0, "as an ordinary user nobody else has to pass through")
    def test_a_door_that_is_closed_to_postgresql(self):
        os.chmod(self.home, 0o700)
        done = self.up(self.home / "not" / "yet" / "data")
        self.assertIn(f"may not pass through {self.home}; choose another --data", self.sentence(done))
        self.nothing_is_left_of(done)

    @needs_mounts
    def test_a_disk_that_is_too_small_for_postgresql(self):
        said = self.sentence(self.up(self.small_disk("8m") / "data"))
        self.assertIn("No space left on device; make room there, or choose another --data", said)

    @needs_mounts
    def test_a_disk_that_is_full(self):
        disk = self.small_disk("1m")
        self.fill(disk)
        said = self.sentence(self.up(disk / "data"))
        self.assertIn("No space left on device", said)
        self.assertIn("choose another --data", said)

    def test_a_spool_that_cannot_be(self):
        with Testbed(extra={"ingestor": {"spool": {"directory": str(self.home / "not" / "mounted")}}}) as bed:
            bed.migrate()
            said = self.sentence(run(FALCONER, "serve", "--config", bed.config, "--roles", "ingestor"))
            self.assertIn("ingestor.spool.directory: cannot make the spool", said)
            self.assertIn("in one that is there", said)
            doctor = run(FALCONER, "doctor", "--config", bed.config)
            self.assertEqual(doctor.returncode, 1, doctor.stdout)
            self.assertIn("WRONG  spool", doctor.stdout)

    def test_the_doctor_names_everything_that_is_wrong(self):
        with Testbed() as bed:
            without = run(FALCONER, "doctor", "--config", bed.config)
            self.assertEqual(without.returncode, 1, without.stdout)
            self.assertIn("WRONG  schema        the store has no schema", without.stdout)
            bed.migrate()
            well = run(FALCONER, "doctor", "--config", bed.config)
            self.assertEqual(well.returncode, 0, well.stdout)
            for about in ("configuration", "keys", "spool", "descriptors", "ingest port", "store", "clock", "schema", "clusters"):
                self.assertIn(f"ok     {about} ", well.stdout)

            bed.psql("insert into falconer.schema_version values (999, 'later', '', 999)", "falconer")
            self.assertIn("WRONG  schema        the store has schema version 999", run(FALCONER, "doctor", "--config", bed.config).stdout)

            config = json.loads(bed.config.read_text())
            config["store"]["port"] = 1
            config["ingestor"]["keysFile"] = "/nowhere/keys"
            bed.config.write_text(json.dumps(config))
            sick = run(FALCONER, "doctor", "--config", bed.config)
            self.assertEqual(sick.returncode, 1, sick.stdout)
            self.assertIn("WRONG  keys          /nowhere/keys", sick.stdout)
            self.assertIn("WRONG  store         is away", sick.stdout)
            self.assertIn("2 things are wrong", sick.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
