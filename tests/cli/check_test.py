"""`falconer serve --check` finds what a start, or worse an event, would stumble over: all of it at once.

Usage: check_test.py FALCONER, from the source tree's root.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CONFIG = "apiVersion: falco.extensions.config.gardener.cloud/v1alpha1\nkind: Configuration\n"
PORTS = "metrics: {listen: '127.0.0.1:0'}\nhealth: {listen: '127.0.0.1:0'}\n"


class Check(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        self.file = self.home / "falconer.yaml"
        key = subprocess.run([FALCONER, "token", "keygen"], check=True, capture_output=True).stdout
        (self.home / "key.pem").write_bytes(key)
        self.keys = self.home / "keys.yaml"
        self.keys.write_bytes(subprocess.run([FALCONER, "token", "keys", "--key", self.home / "key.pem"], check=True, capture_output=True).stdout)

    def check(self, text, *, command=("serve", "--roles", "ingestor", "--check"), code=2):
        self.file.write_text(CONFIG + text)
        done = subprocess.run([FALCONER, *command, "--config", self.file], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def ingestor(self, more=""):
        return f"ingestor:\n  keysFile: {self.keys}\n  listen: '127.0.0.1:0'\n  spool: {{directory: {self.home / 'spool'}}}\n{more}" + PORTS

    def test_nothing_is_wrong_with_a_good_one(self):
        self.assertEqual(self.check(self.ingestor(), code=0), "")
        self.assertFalse((self.home / "spool").exists(), "and nothing is made")

    def test_everything_at_once(self):
        said = self.check("\n".join((
            "store:", "  hosts: [one, two]", "  targetSessionAttrs: any", f"  passwordFile: {self.home}", "  tls: {mode: verify-full}", f"  dataFolder: {self.home / 'none'}",
            "ingestor:", f"  keysFile: {self.home}", "  issuer: ''", "  audience: ' '", "  tokenProfiles: [central, peripheral]",
            "  listen: '127.0.0.1:9090'", f"  spool: {{directory: {self.home / 'not' / 'there'}}}",
            "  drain: {accept: 10s, idle: 95s, limit: 60s}", "metrics: {listen: '127.0.0.1:9090'}", "health: {listen: ':9090'}", "")))
        for line in (
                "6: store.passwordFile: {home} cannot be read: Is a directory",
                "7: store.tls.caFile: is needed for mode verify-full: whom to trust",
                "5: store.targetSessionAttrs: with several hosts read-write is needed",
                "8: store.dataFolder: {home}/none: ",
                "10: ingestor.keysFile: {home}: Is a directory",
                "11: ingestor.issuer: is needed",
                "12: ingestor.audience: is needed",
                "13: ingestor.tokenProfiles: expected central or cluster-identity, found 'peripheral'",
                "ingestor.spool.directory: cannot make the spool {home}/not/there: No such file or directory",
                "ingestor.drain.limit: is 1m, shorter than accept and idle together",
                "17: metrics.listen: 127.0.0.1:9090 clashes with ingestor.listen",
                "18: health.listen: [::]:9090 clashes with ingestor.listen",
                "18: health.listen: [::]:9090 clashes with metrics.listen"):
            self.assertIn(line.format(home=self.home), said)

    def test_files_of_tls_that_are_directories(self):
        said = self.check(self.ingestor(f"  tls: {{certificateFile: {self.home}, keyFile: {self.home}, clientCAFile: {self.home}, "
                                        "clientCertificates: require}\n"))
        for key in ("certificateFile", "keyFile", "clientCAFile"):
            self.assertIn(f"ingestor.tls.{key}: {self.home} cannot be read: Is a directory", said)

    def test_a_pipe_where_a_file_should_be_keeps_nobody_waiting(self):
        os.mkfifo(self.home / "pipe")
        said = self.check(f"store: {{passwordFile: {self.home / 'pipe'}}}\n" + self.ingestor())
        self.assertIn("pipe cannot be read: Not a regular file", said)

    def test_the_secret_of_heartbeats_is_read_and_long_enough(self):
        self.assertEqual(self.check(self.ingestor() + f"heartbeat: {{secretFile: {self.keys}}}\n", code=0), "")
        (self.home / "short").write_text("too short\n")
        for file, why in ((self.home, "Is a directory"), (self.home / "none", "No such file"), (self.home / "short", "expected 32 bytes at least, found 9")):
            said = self.check(self.ingestor() + f"heartbeat:\n  secretFile: {file}\n")
            self.assertIn(f"heartbeat.secretFile: {file}: {why}", said)

    def test_one_host_may_be_any(self):
        self.assertEqual(self.check("store: {hosts: [one]}\n" + self.ingestor(), code=0), "")
        self.assertEqual(self.check("store: {hosts: [one, two], targetSessionAttrs: read-write}\n" + self.ingestor(), code=0), "")

    def test_the_doctor_survives_directories_too(self):
        self.file.write_text(
            CONFIG + f"store: {{hosts: [{self.home}], passwordFile: {self.home}}}\ningestor:\n  keysFile: {self.home}\n"
            f"  tls: {{certificateFile: {self.home}, keyFile: {self.home}}}\n  listen: '127.0.0.1:0'\n" + PORTS)
        said = subprocess.run([FALCONER, "doctor", "--config", self.file], capture_output=True, text=True, timeout=60)
        self.assertEqual(said.returncode, 1, said.stdout + said.stderr)
        self.assertIn(f"WRONG  keys          {self.home}: Is a directory", said.stdout)
        self.assertIn(f"WRONG  certificate   certificate {self.home} cannot be read: Is a directory", said.stdout)
        self.assertIn("WRONG  store         is away", said.stdout)


if __name__ == "__main__":
    FALCONER = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2, argv=sys.argv)
