"""The sandbox and a Kubernetes library that is not ours: Debian's python3-kubernetes lists, watches and patches while faults are ordered. It hears no
other exception than the ordered ones, and no change is lost. The same program runs against a real kube-apiserver, without faults."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from kubernetes import Kubernetes
from paths import HERE
from testbed import ROOT
from up_test import Up, leftovers

# The library and what it imports; YAML is there already.
PACKAGES = ("kubernetes", "dateutil", "six", "certifi", "google-auth", "cachetools", "pyasn1", "pyasn1-modules", "rsa", "requests", "requests-oauthlib", "oauthlib",
            "websocket", "urllib3", "charset-normalizer", "chardet", "idna")
PATCHES = 150
FAULTS = [
    {"status": "500", "share": "30"},
    {"status": "409", "share": "30", "methods": "PATCH"},
    {"status": "429", "share": "20"},
    {"status": "500", "share": "30", "late": "true"},
    {"half": "true", "share": "30"},
    {"watches": "300ms"},
    {"latency": "20ms", "share": "50"},
]


def library():
    """The folders that Python has to look in."""
    bring = [subprocess.run([ROOT / "scripts/lib/unpacked.sh", f"python3-{each}"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip() for each in PACKAGES]
    return ":".join(f"{each}/usr/lib/python3/dist-packages" for each in bring)


class SandboxPython(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = library()
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-python."))
        os.chmod(cls.home, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.up = Up(cls.home / "data", "--shoots", "1")
        cls.addClassCleanup(cls.end_up)
        cls.up.wait_until_up()

    @classmethod
    def end_up(cls):
        code = cls.up.end()
        assert code == 0, cls.up.said()
        assert leftovers(cls.home) == [], leftovers(cls.home)

    def run_program(self, kubeconfig, faults):
        command = [sys.executable, HERE / "python-client/program.py", kubeconfig, str(PATCHES), json.dumps(faults)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": self.library}, cwd=self.home)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(said["unforeseen"], [])
        self.assertEqual((said["patches"], said["seen_last"]), (PATCHES, True), said)
        return said

    def test_a_real_server_is_well_served_by_this_program(self):
        kubernetes = Kubernetes()
        self.addCleanup(kubernetes.close)
        self.run_program(kubernetes.kubeconfig, {})

    def test_faults_are_all_that_it_hears_and_no_change_is_lost(self):
        for faults in ({}, *FAULTS):
            with self.subTest(faults=faults):
                said = self.run_program(self.home / "data/kubernetes/kubeconfig", faults)
                print(f"  {json.dumps(faults):60} {said['faults']} failures, {said['seen']} of {PATCHES + 1} states seen")
                if "status" in faults or "half" in faults:
                    self.assertGreater(said["faults"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
