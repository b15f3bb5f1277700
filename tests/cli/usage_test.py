"""What a wrong command line or configuration is answered: all of it at once, each with its place.

Usage: usage_test.py FALCONER, from the source tree's root.
"""
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

CONFIG = "apiVersion: falco.extensions.config.gardener.cloud/v1alpha1\nkind: Configuration\n"


class Usage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        self.file = self.home / "falconer.yaml"

    def said(self, *command, code=2):
        self.done = subprocess.run([FALCONER, *command], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                                   env={"PATH": os.environ["PATH"]})
        self.assertEqual(self.done.returncode, code, self.done.stdout + self.done.stderr)
        return self.done.stderr

    def check(self, text):
        self.file.write_text(text)
        return self.said("serve", "--config", self.file, "--roles", "ingestor", "--check").splitlines()

    def test_all_that_is_missing_is_named(self):
        for command, names in (("token issue", ["--key", "--cluster"]),
                               ("quarantine replay", ["one of id or --all", "one of --data or --config"]),
                               ("quarantine replay --data x", ["one of id or --all"]),
                               ("db policy", ["--cluster", "--daily-events", "one of --data or --config"]),
                               ("db hold place --data x", ["--reason", "one of --landscape or --project or --everything or --cluster"])):
            said = self.said(*command.split())
            words = " ".join(command.split()[:3 if "hold" in command else 2])
            self.assertEqual(said, "".join(f"falconer {words}: {name} is required\n" for name in names) +
                             "Run with --help for more information.\n")

    def test_a_number_and_all_of_them_are_not_asked_for_at_once(self):
        self.assertIn("excludes", self.said("quarantine", "replay", "--data", "x", "--all", "4"))

    def test_all_that_is_wrong_with_a_token_is_named(self):
        said = self.said("token", "issue", "--key", self.home / "none", "--cluster", "c", "--lifetime", "long", "--now", "soon")
        for part in ("--lifetime", "--now", "none: cannot be read"):
            self.assertIn(part, said)

    def test_an_empty_path_is_no_path(self):
        for command in (["up", "--data", ""], ["db", "status", "--data", ""], ["doctor", "--config", ""]):
            self.assertIn(f"{command[-2]}: is empty", self.said(*command))

    def test_what_is_not_yaml_is_said_once(self):
        self.assertEqual(len(self.check("store: [\n")), 1)

    def test_one_port_for_two_is_a_problem(self):
        said = self.check(CONFIG + "ingestor: {listen: '127.0.0.1:9090', keysFile: config}\nmetrics:\n  listen: ':9090'\n")
        self.assertTrue(any(f"{self.file}:5: metrics.listen: [::]:9090 clashes with ingestor.listen, 127.0.0.1:9090 ({self.file}:3)" in line
                            for line in said), said)

    def test_the_doctor_finds_the_same_port_twice(self):
        self.file.write_text(CONFIG + f"store: {{hosts: [{self.home}]}}\nmetrics: {{listen: '127.0.0.1:9091'}}\nhealth: {{listen: ':9091'}}\n")
        self.said("doctor", "--config", self.file)
        self.assertIn(f"WRONG  configuration {self.file}:5: health.listen: [::]:9091 clashes with metrics.listen", self.done.stdout)
        self.assertNotIn("is free", self.done.stdout)
        self.assertIn("WRONG  store         is away, and events would go to the spool: ", self.done.stdout)
        self.assertIn("No such file", self.done.stdout)
        self.assertEqual(self.done.stderr, "")

    def test_a_certificate_that_is_not_there_is_named_also_without_a_key(self):
        said = self.check(CONFIG + "ingestor:\n  tls:\n    certificateFile: /none/tls.crt\n")
        self.assertIn(f"{self.file}:5: ingestor.tls.keyFile: is needed for TLS", said)
        self.assertIn(f"{self.file}:5: ingestor.tls.certificateFile: /none/tls.crt cannot be read: No such file or directory", said)

    def test_all_ports_that_are_taken_are_named(self):
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
            places = ["127.0.0.1:%d" % each.getsockname()[1] for each in (one, other)]
            self.file.write_text(CONFIG + f"metrics: {{listen: '{places[0]}'}}\nhealth: {{listen: '{places[1]}'}}\ncontroller: {{}}\n")
            said = self.said("serve", "--config", self.file, "--roles", "controller", code=1)
        self.assertIn(f"falconer: metrics.listen {places[0]}, health.listen {places[1]} are in use: other programs listen there; "
                      "stop them, or choose another `listen`\n", said)


if __name__ == "__main__":
    FALCONER = sys.argv.pop(1)
    unittest.main(verbosity=2)
