"""A small tree with this project's test run in it and stages and tests of its own, which is gone afterwards:
the test run is judged by what it makes of known defects."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Tree:
    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-run."))
        shutil.copytree(ROOT / "scripts" / "lib", self.home / "scripts" / "lib", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "scripts" / "test.sh", self.home / "scripts")
        self.write("scripts/lib/packages.sh", "#!/bin/sh\n").chmod(0o755)  # nothing is installed
        self.write("scripts/lib/named_skips", "")
        (self.home / "scripts" / "stages").mkdir()

    def write(self, path, text):
        path = self.home / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def stage(self, name, text):
        self.write(f"scripts/stages/{name}.sh", '. "$(dirname "$0")/../lib/stage.sh"\n' + textwrap.dedent(text))

    def python_stage(self, name, **files):
        """A stage that runs these test files, as the stages system and peers do."""
        self.stage(name, f"run_python_tests tests/{name}")
        for stem, text in files.items():
            self.write(f"tests/{name}/{stem}_test.py", "import os, pathlib, signal, subprocess, sys, time, unittest\n"
                       + "HERE = pathlib.Path(__file__).parent\n" + textwrap.dedent(text)
                       + "\nif __name__ == '__main__':\n    unittest.main()\n")

    def environment(self, **more):
        """The caller's, without what is said to a run."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FALCONER_") and name != "CI"}
        return {**kept, "XDG_CACHE_HOME": str(self.home / "cache"), "FALCONER_GRACE_SECONDS": "1", **more}

    def run(self, *stages, **environment):
        return Said(subprocess.run(["bash", self.home / "scripts" / "test.sh", *stages], cwd=self.home, text=True,
                                   env=self.environment(**environment), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False))

    def close(self):
        shutil.rmtree(self.home)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Said:
    """What a run printed, and its verdict."""

    def __init__(self, done):
        self.text, self.status = done.stdout, done.returncode
        self.lines = self.text.splitlines()
        self.last = self.lines[-1] if self.lines else ""
        at = max((i for i, line in enumerate(self.lines) if line.startswith("time of budget")), default=0)
        self.screen = self.lines[at:]

    def named(self, word):
        """What the last screen says of it: {name: (why, command)}; names without the stage."""
        found = {}
        for line, after in zip(self.screen, self.screen[1:] + [""]):
            match = re.match(rf" *{word} +(?:\w+: )?(.*?)(?:: (.*))?$", line)
            if match:
                found[match[1]] = (match[2] or "", after.strip())
        return found


class RunTest(unittest.TestCase):
    def setUp(self):
        self.tree = Tree()
        self.addCleanup(self.tree.close)

    def verdict(self, said, passed, failed):
        self.assertEqual(said.last, f"{passed} passed, {failed} failed", said.text)
        self.assertEqual(said.status, 1 if failed or not passed else 0, said.text)
