"""Our Kubernetes client against a real kube-apiserver: the cases are in kube_api_test.cpp; each of them is one test here."""

import os
import re
import subprocess
import unittest

from kubernetes import Kubernetes
from testbed import BUILD

PROGRAM = BUILD / "kube_api_test"


def cases():
    """Of the program itself; without it the whole file fails, as it should."""
    listed = subprocess.run([PROGRAM, "--gtest_list_tests"], capture_output=True, text=True, check=True).stdout
    suite = None
    for line in listed.splitlines():
        if re.match(r"\S+\.$", line):
            suite = line
        elif line.startswith("  ") and suite:
            yield suite + line.strip()


class KubeApiServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kubernetes = Kubernetes()
        cls.addClassCleanup(cls.kubernetes.close)

    def run_case(self, case):
        done = subprocess.run([PROGRAM, f"--gtest_filter={case}", "--gtest_brief=1"], capture_output=True, text=True,
                              timeout=120, env={**os.environ, "KUBECONFIG": str(self.kubernetes.kubeconfig)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("1 test from", done.stdout)


for each in cases():
    setattr(KubeApiServer, "test_" + each.replace(".", "_"), lambda self, case=each: self.run_case(case))


if __name__ == "__main__":
    unittest.main(verbosity=2)
