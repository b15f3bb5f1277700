"""`falconer doctor` and `falconer db status`: they look and touch nothing, and they answer however much the store holds."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from testbed import CLUSTER, FALCONER, Testbed, event, eventually, free_port

OTHER = "shoot--test--beta-0a1b2c3d-1111-2222-3333-444455556666-local"


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)


def snapshot(folder):
    """Everything that somebody could have changed there."""
    found = {}
    for place in [folder, *sorted(folder.rglob("*"))]:
        is_ = place.lstat()
        found[str(place)] = (is_.st_mode, is_.st_uid, is_.st_gid, is_.st_size, is_.st_mtime_ns, is_.st_ino)
    return found


class Peers(unittest.TestCase):
    """A seed's file: it is the ingestors that matter here."""

    def doctor(self, bed, peers):
        config = {"apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration", "controller": {"seedName": "one"},
                  "falco": {"centralStorage": {"tokenIssuerPrivateKeyFile": str(bed.key)}}, "peers": peers}
        file = bed.home / "seed.yaml"
        file.write_text(json.dumps(config))
        done = run(FALCONER, "doctor", "--config", file)
        return done.returncode, [line for line in done.stdout.splitlines() if " peers " in line or "peers." in line]

    def test_each_ingestor_is_asked_whether_it_answers_controllers(self):
        bed = self.enterContext(Testbed())
        bed.migrate()
        bed.start()
        here, nowhere = f"http://127.0.0.1:{bed.port}", f"http://127.0.0.1:{free_port()}"
        code, said = self.doctor(bed, {"ingestors": [here, nowhere]})
        self.assertEqual(code, 1)
        self.assertEqual(said[0], f"ok     peers         {here} answers controllers, those with a token")
        self.assertRegex(said[1], rf"^WRONG  peers         {nowhere}: ")
        self.assertEqual(len(said), 2)
        missing = self.doctor(bed, {"ingestors": [here], "tls": {"caFile": str(bed.home / "nothing.crt")}})[1]
        self.assertRegex(missing[0], r"^WRONG  peers .*nothing\.crt")
        bed.terminate()
        bed.extra = {"peers": {"answer": False}}
        bed.config = bed._write_config()
        bed.start()
        self.assertEqual(self.doctor(bed, {"ingestors": [here]})[1], [f"WRONG  peers         {here} answers no controllers: peers.answer is false there, or it is older"])
        bed.terminate()

    def test_what_the_configuration_lacks_for_it_is_said(self):
        bed = self.enterContext(Testbed())
        config = {"apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration", "controller": {"seedName": "one"},
                  "peers": {"ingestors": ["https://127.0.0.1:1"]}}
        file = bed.home / "seed.yaml"
        file.write_text(json.dumps(config))
        done = run(FALCONER, "doctor", "--config", file)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("falco.centralStorage.tokenIssuerPrivateKeyFile is needed", done.stdout)


class Alerts(unittest.TestCase):
    def test_the_files_of_receivers_are_looked_at_and_not_said(self):
        bed = self.enterContext(Testbed())
        bed.migrate()
        there, empty, missing = (bed.home / name for name in ("there", "empty", "missing"))
        there.write_text("whsec_c2VjcmV0\n")
        empty.write_text("")
        for file, said in (there, "ok     alerts        4 rules of the configuration, 1 receivers"), \
                (empty, f"WRONG  alerts        receiver 'on-call': {empty}: is empty"), (missing, f"WRONG  alerts        receiver 'on-call': {missing}: "):
            bed.extra = {"alerts": {"receivers": [{"name": "on-call", "webhook": {"url": "https://example.com", "secretFile": str(file)}}],
                                    "rules": [{"name": "all", "filter": "priority>=critical", "receivers": ["on-call"]}]}}
            done = run(FALCONER, "doctor", "--config", bed._write_config())
            line, = (each for each in done.stdout.splitlines() if " alerts " in each)
            self.assertTrue(line.startswith(said), line)
            self.assertEqual(done.returncode, 0 if file == there else 1)
            self.assertNotIn("whsec", done.stdout)


class Looks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = cls.enterClassContext(Testbed())
        cls.bed.migrate()

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-doctor."))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def examine(self, spool, code):
        config = json.loads(self.bed.config.read_text())
        config["ingestor"]["spool"]["directory"] = str(spool)
        file = self.bed.home / "other.yaml"
        file.write_text(json.dumps(config))
        before = snapshot(self.home)
        done = run(FALCONER, "doctor", "--config", file)
        self.assertEqual(done.returncode, code, done.stdout)
        checked = run(FALCONER, "serve", "--check", "--roles", "ingestor", "--config", file)
        self.assertEqual(checked.returncode, 2 if code else 0, checked.stderr)
        self.assertEqual(snapshot(self.home), before)
        return done.stdout + checked.stderr

    def test_a_spool_that_is_not_there_yet(self):
        self.assertIn("ok     spool         " + str(self.home / "spool") + " is not there yet; serve makes it", self.examine(self.home / "spool", 0))

    def test_a_folder_for_everybody(self):
        self.home.chmod(0o1777)
        said = self.examine(self.home, 1)
        self.assertIn("is a folder for everybody", said)
        self.assertIn("ingestor.spool.directory: spool", said)

    @unittest.skipUnless(os.getuid() == 0, "only root can make folders of others")
    def test_another_users_spool_is_a_good_one(self):
        spool = self.home / "spool"
        spool.mkdir(0o700)
        (spool / "spool.lock").write_text("1\n")
        for place in (spool, spool / "spool.lock"):
            os.chown(place, 12345, 12345)
        self.assertIn("belongs to user 12345, as whom serve must run then", self.examine(spool, 0))

    @unittest.skipUnless(os.getuid() == 0, "only root can make what fsGroup makes")
    def test_the_root_of_a_volume(self):
        """As Kubernetes leaves it for a pod with an fsGroup; the program runs as somebody of that group."""
        volume = self.home / "volume"
        volume.mkdir()
        os.chown(volume, 0, 23456)
        volume.chmod(0o2770)
        self.home.chmod(0o755)
        self.bed.home.chmod(0o755)
        self.addCleanup(self.bed.home.chmod, 0o700)
        config = json.loads(self.bed.config.read_text())
        config["ingestor"]["spool"]["directory"] = str(volume)
        file = self.home / "other.yaml"
        file.write_text(json.dumps(config))
        somebody = ["setpriv", "--reuid=12345", "--regid=12345", "--groups=23456"]
        done = run(*somebody, FALCONER, "doctor", "--config", file)
        self.assertIn(f"ok     spool         {volume} can be written to", done.stdout)
        with open(self.home / "log", "wb") as log:
            process = subprocess.Popen([*somebody, FALCONER, "serve", "--config", file, "--roles", "ingestor"], stdout=log, stderr=log)
        try:
            def taken():
                self.assertIsNone(process.poll(), (self.home / "log").read_text())
                with contextlib.suppress(OSError):
                    return self.bed.post(event(), self.bed.token())[0] == 200
            eventually(taken, 30, "events are taken in")
            self.assertEqual((volume / "spool.lock").stat().st_uid, 12345)
            self.assertEqual(volume.stat().st_mode & 0o7777, 0o2770)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = cls.enterClassContext(Testbed())
        cls.bed.migrate()
        cls.bed.start()

    def status(self, *args):
        done = run(FALCONER, "db", "status", "--config", self.bed.config, *args)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def counted(self):
        return sum(each["events"] for each in json.loads(self.status("--json"))["days"])

    @contextlib.contextmanager
    def nobody_can_read_events(self):
        """Whoever wanted to count them one by one would wait for ever."""
        command = ["psql", "-X", "-h", self.bed.pg["host"], "-p", self.bed.pg["port"], "-U", "postgres", "-d", "falconer"]
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        try:
            holder.stdin.write("begin; lock table falconer.event in access exclusive mode;\n")
            holder.stdin.flush()
            eventually(lambda: self.bed.count("select count(*) from pg_locks where relation = 'falconer.event'::regclass and granted and "
                                              "mode = 'AccessExclusiveLock'"), 30, "they are locked")
            yield
        finally:
            holder.communicate("rollback;\n", 60)

    def test_what_is_stored_is_counted_at_once_and_without_reading_it(self):
        token, others = self.bed.token(), self.bed.token(OTHER)
        before = self.counted()
        for _ in range(5):
            self.assertEqual(self.bed.post(event(), token)[0], 200)
        self.assertEqual(self.bed.post(event(OTHER), others)[0], 200)
        self.assertEqual(self.counted(), before + 6, "no roll-up has to be waited for")
        with self.nobody_can_read_events():
            now = json.loads(self.status("--json"))
            self.assertEqual(sum(each["events"] for each in now["days"]), before + 6)
            self.assertFalse(any(each["estimated"] for each in now["days"]))
            loudest = {each["cluster"]: each["events"] for each in now["loudest"]}
            self.assertGreaterEqual(loudest[CLUSTER], 5)
            self.assertGreaterEqual(loudest[OTHER], 1)
            doctor = run(FALCONER, "doctor", "--config", self.bed.config).stdout
            self.assertRegex(doctor, "(?m)^ok     clusters      2 known, 2 heard of in the last 24 h; the database has [0-9]+ MiB$")
        eventually(lambda: self.bed.count("select coalesce(sum(count), 0) from falconer.rollup_day") == before + 6, 60, "rolled up")
        self.assertEqual(self.counted(), before + 6, "and still the same")
        self.assertEqual(self.status("--exact"), self.status())

    def test_an_answer_that_takes_too_long_is_left_out_and_the_others_are_given(self):
        """The quarantine is locked: whoever asks it gets no answer."""
        command = ["psql", "-X", "-h", self.bed.pg["host"], "-p", self.bed.pg["port"], "-U", "postgres", "-d", "falconer"]
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(holder.communicate, "rollback;\n", 60)
        holder.stdin.write("begin; lock table falconer.quarantine in access exclusive mode;\n")
        holder.stdin.flush()
        eventually(lambda: self.bed.count("select count(*) from pg_locks where relation = 'falconer.quarantine'::regclass and granted and "
                                          "mode = 'AccessExclusiveLock'"), 30, "it is locked")
        said = self.status()
        self.assertIn("in quarantine           not counted in time; --exact counts it\n", said)
        self.assertLess(said.index("schema version"), said.index("in quarantine"))
        self.assertIn("\nrefused tokens ", said)
        self.assertIsNone(json.loads(self.status("--json"))["quarantined"])
        doctor = run(FALCONER, "doctor", "--config", self.bed.config)
        self.assertIn("look   quarantine    not counted within a second", doctor.stdout)
        self.assertIn("ok     clusters ", doctor.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
