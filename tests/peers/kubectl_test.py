"""scripts/kubectl.sh: the machine's kubectl if it is new enough, else the one that is built here."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from kubernetes import build_kubectl
from testbed import ROOT

SCRIPT = ROOT / "scripts/kubectl.sh"


class Kubectl(unittest.TestCase):
    def named_beside(self, version, *args):
        """With a kubectl of that version on the machine; with none if it is empty."""
        with tempfile.TemporaryDirectory(prefix="falconer-kubectl.") as folder:
            own = pathlib.Path(folder) / "kubectl"
            if version:
                own.write_text('#!/bin/sh\necho \'{"clientVersion": {"gitVersion": "%s"}}\'\n' % version)
                own.chmod(0o755)
            # What the machine itself may have is not looked at.
            rest = [each for each in os.environ["PATH"].split(":") if not (pathlib.Path(each) / "kubectl").exists()]
            tools = pathlib.Path(folder) / "tools"
            tools.mkdir()
            for name in ("bash", "sed", "sort", "head", "dirname", "cat", "basename", "find", "xargs", "sha256sum", "cut", "env"):
                found = next((pathlib.Path(each) / name for each in os.environ["PATH"].split(":") if (pathlib.Path(each) / name).exists()), None)
                (tools / name).symlink_to(found)
            done = subprocess.run([SCRIPT, *args], capture_output=True, text=True, timeout=600,
                                  env={**os.environ, "PATH": ":".join([folder, *rest, str(tools)])})
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout.strip(), str(own)

    def test_the_machines_own_if_it_is_new_enough(self):
        for version in ("v1.30.0", "v1.33.4", "v1.34.1-eks-113cf36", "v2.0.0"):
            with self.subTest(version=version):
                named, own = self.named_beside(version)
                self.assertEqual(named, own)

    def test_else_the_one_that_is_built(self):
        built = build_kubectl()
        for version in ("v1.29.9", "v1.3.0", "nonsense", ""):
            with self.subTest(version=version):
                self.assertEqual(self.named_beside(version)[0], built)
        said, _ = self.named_beside("v1.29.9", "version", "--client")
        self.assertIn("v1.34.4", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
