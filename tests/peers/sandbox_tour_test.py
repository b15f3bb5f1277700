"""The tour of docs/sandbox.md: each of its commands is run by a real kubectl on `falconer up`, and says what the page says it does."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from kubernetes import build_kubectl
from testbed import ROOT
from up_test import Up, leftovers

PAGE = ROOT / "docs/sandbox.md"


def tour():
    """(command, what it prints), in the page's order."""
    begin = "<!-- shown by: tests/peers/sandbox_tour_test.py -->\n```console\n"
    text = PAGE.read_text().split(begin)[1].split("```")[0]
    steps = []
    for line in text.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    return steps


def bare(lines):
    """Ages differ, and with them the width of columns."""
    said = [re.sub(r" +", " ", line).strip() for line in lines]
    return [re.sub(r"\b\d+s\b", "AGE", line) for line in said if line]


class SandboxTour(unittest.TestCase):
    maxDiff = None

    def test_each_command_says_what_the_page_says(self):
        home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-tour."))
        os.chmod(home, 0o755)
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        up = Up(home / "data", "--shoots", "1").wait_until_up()
        try:
            (home / "kubectl").symlink_to(build_kubectl())
            environment = {"KUBECONFIG": str(home / "data/kubernetes/kubeconfig"), "HOME": str(home), "PATH": f"{home}:{os.environ['PATH']}"}
            steps = tour()
            self.assertGreaterEqual(len(steps), 10)
            for command, expected in steps:
                with self.subTest(command=command):
                    done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180, env=environment)
                    self.assertEqual(bare(done.stdout.splitlines()), bare(expected))
        finally:
            code = up.end()
        self.assertEqual(code, 0, up.said())
        self.assertEqual(leftovers(home), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
