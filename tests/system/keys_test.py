"""Promise 19: keys rotate without a restart."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import unittest

from testbed import CLUSTER, FALCONER, Testbed, event, eventually


class Keys(unittest.TestCase):
    def setUp(self):
        self.bed = self.enterContext(Testbed())
        self.bed.migrate()
        self.bed.start()
        self.new_key = self.bed.home / "new.pem"
        self.bed.run("token", "keygen", "--out", self.new_key)
        self.old, self.new = self.bed.token(), self.issue(self.new_key)

    def issue(self, key):
        return self.bed.run("token", "issue", "--key", key, "--cluster", CLUSTER).stdout.decode().strip()

    def file_of(self, *keys):
        return self.bed.run("token", "keys", *(each for key in keys for each in ("--key", key))).stdout

    def put(self, *keys):
        """As Kubernetes does it: a new file takes the old one's place."""
        young = pathlib.Path(str(self.bed.keys) + ".young")
        young.write_bytes(self.file_of(*keys))
        young.rename(self.bed.keys)

    def status(self, token):
        return self.bed.post(event(), token)[0]

    def test_under_load_nobody_with_a_good_token_hears_401(self):
        self.assertEqual(self.status(self.new), 401)
        over, seen, heard = threading.Event(), set(), [0]

        def post():
            while not over.is_set():
                seen.add(self.status(self.old))
                heard[0] += 1

        self.addCleanup(over.set)
        threads = [threading.Thread(target=post, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        self.put(self.bed.key, self.new_key)
        eventually(lambda: self.status(self.new) == 200, what="the new key is in force")
        before = heard[0]
        eventually(lambda: heard[0] > before + 20, what="the others go on")
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(seen, {200})

        self.put(self.new_key)
        eventually(lambda: self.status(self.old) == 401, what="the old key is out of force")
        self.assertEqual(self.status(self.new), 200)

    def test_a_broken_file_changes_nothing_and_is_said_once(self):
        self.bed.keys.write_text("key_1: [")
        self.bed.process.send_signal(signal.SIGHUP)
        eventually(lambda: "the keys are not read again" in self.bed.said(), what="it is said")
        self.assertEqual(self.status(self.old), 200)

    def test_sighup_reads_them_at_once(self):
        # Whoever looks at the file now and then does not see that it is another one: its length and time are the old ones.
        was, text = self.bed.keys.stat(), self.file_of(self.new_key)
        with self.bed.stopped():
            with open(self.bed.keys, "r+b") as same:
                same.write(text)
            os.utime(self.bed.keys, ns=(was.st_atime_ns, was.st_mtime_ns))
        is_now = self.bed.keys.stat()
        self.assertEqual((is_now.st_ino, is_now.st_size, is_now.st_mtime_ns), (was.st_ino, was.st_size, was.st_mtime_ns))
        self.assertEqual(self.status(self.new), 401)
        self.bed.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.status(self.new) == 200, what="SIGHUP was heard")


class Start(unittest.TestCase):
    """What is wrong at the start is said in one sentence, with what to do."""

    @classmethod
    def setUpClass(cls):
        cls.bed = cls.enterClassContext(Testbed())
        cls.bed.migrate()

    def serve(self, text=None, *more, code):
        path = self.bed.home / "other.yaml"
        path.write_text(text if text is not None else self.bed.config.read_text())
        done = subprocess.run([FALCONER, "serve", "--config", path, *more], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def test_every_problem_of_the_configuration_at_once(self):
        said = self.serve("kind: Configuration\nstore:\n  prot: 5432\ningestor:\n  listen: here\n", code=2)
        for expected in (":1: apiVersion", ":3: store.prot: unknown key; did you mean 'port'?", ":5: ingestor.listen", "keysFile: is needed"):
            self.assertIn(expected, said)

    def test_roles_that_are_not_there(self):
        self.assertIn("there is no role 'cook'", self.serve(None, "--roles", "cook", code=2))
        self.assertIn("console: is needed", self.serve(None, "--roles", "console", code=2))

    def test_a_controller_that_can_reach_no_cluster(self):
        said = self.serve(None, "--roles", "controller", code=1)
        self.assertIn("controller.kubeconfig: ", said)
        self.assertEqual(len(said.strip().splitlines()), 1, said)

    def test_a_keys_file_that_is_empty_or_of_the_wrong_kind(self):
        keys = self.bed.home / "bad-keys"
        text = self.bed.config.read_text().replace(str(self.bed.keys), str(keys))
        self.assertIn("No such file", self.serve(text, code=2))
        keys.write_text("")
        self.assertIn("is empty", self.serve(text, code=2))
        keys.write_bytes(self.bed.key.read_bytes())
        self.assertIn("private key", self.serve(text, code=2))

    def test_a_port_that_is_taken_and_a_spool_that_is_in_use(self):
        self.bed.start()
        self.addCleanup(self.bed.kill)
        said = self.serve(code=1)
        for key in ("ingestor.listen", "metrics.listen", "health.listen"):
            self.assertIn(f"{key} 127.0.0.1:", said)
        self.assertIn("are in use: other programs listen there", said)
        free = self.bed.config.read_text()
        for port in (self.bed.port, self.bed.metrics_port, self.bed.health_port):
            free = free.replace(f"127.0.0.1:{port}", "127.0.0.1:0")
        self.assertIn(str(self.bed.process.pid), self.serve(free, code=1))

    def test_a_store_without_a_schema(self):
        self.bed.psql("create database empty owner falconer")
        text = self.bed.config.read_text().replace('"database": "falconer"', '"database": "empty"')
        said = self.serve(text, code=1)
        self.assertIn("run 'falconer db migrate", said)
        self.assertEqual(said.count("\n"), 1)

    def test_a_store_that_is_newer_than_we_can_live_with(self):
        self.bed.psql("insert into falconer.schema_version values (999, 'later', '', 1)", "falconer")
        self.addCleanup(self.bed.psql, "delete from falconer.schema_version where version = 999", "falconer")
        self.bed.start()  # it says that we may stay
        self.bed.kill()
        self.bed.psql("update falconer.schema_version set min_compatible = 999 where version = 999", "falconer")
        said = self.serve(code=1)
        self.assertIn("schema version 999", said)
        self.assertIn("start the newer falconer", said)
        self.assertEqual(said.count("\n"), 1)

    def test_a_check_names_files_and_keys_together(self):
        config = json.loads(self.bed.config.read_text())
        config["store"].update(passwordFile="/nowhere/password", targetSessionAttrs="bogus")
        config["ingestor"]["keysFile"] = "/nowhere/keys"
        text = json.dumps(config, indent=1)
        said = self.serve(text, "--check", code=2)
        for key, what in (("store.passwordFile", "/nowhere/password"), ("store.targetSessionAttrs", "expected"),
                          ("ingestor.keysFile", "/nowhere/keys")):
            line = 1 + text[:text.index(f'"{key.split(".")[1]}"')].count("\n")
            self.assertIn(f"other.yaml:{line}: {key}: {what}", said)

    def test_a_check_that_finds_nothing(self):
        self.serve(None, "--check", code=0)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
