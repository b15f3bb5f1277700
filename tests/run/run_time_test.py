"""load-tests/test_run_time.sh: two runs in one fresh clone, the first with nothing, the second with one file changed."""
import shutil
import subprocess
import unittest

from throwaway import ROOT, RunTest

# In place of .ci/run: what it finds, and its last screen.
RUN = """\
    #!/usr/bin/env bash
    cd "$(dirname "$0")/.."
    mkdir -p "$XDG_CACHE_HOME"
    touch "$XDG_CACHE_HOME/$FALCONER_BUDGET"
    echo slowest
    echo "screen of $FALCONER_BUDGET, changed $(git diff --name-only | wc -l), cached $(ls "$XDG_CACHE_HOME" | wc -l), in $PWD"
    [ ! -e red ]
    """


class RunTime(RunTest):
    def measured(self, **files):
        self.tree.write(".ci/run", RUN)
        self.tree.write("src/a.cpp", "int a;\n")
        for name, text in files.items():
            self.tree.write(name, text)
        (self.tree.home / "load-tests").mkdir()
        shutil.copy(ROOT / "load-tests" / "test_run_time.sh", self.tree.home / "load-tests")
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
            subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false", *command],
                           cwd=self.tree.home, check=True, capture_output=True)
        temporary = self.tree.home / "temporary"
        temporary.mkdir()
        done = subprocess.run(["bash", "load-tests/test_run_time.sh", "src/a.cpp"], cwd=self.tree.home, text=True, check=False,
                              env=self.tree.environment(TMPDIR=str(temporary)), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(list(temporary.iterdir()), [], "the clone is gone")
        self.assertEqual((self.tree.home / "src/a.cpp").read_text(), "int a;\n", "and this tree as it was")
        return done

    def test_a_cold_and_a_warm_run(self):
        done = self.measured()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("screen of cold, changed 0, cached 1,", done.stdout)
        self.assertIn("screen of warm, changed 1, cached 2,", done.stdout)
        self.assertRegex(done.stdout.splitlines()[-2], r"^\| \S+ \| \w+ \| \d+ cores \| cold \| \d+:\d\d \|$")
        self.assertRegex(done.stdout.splitlines()[-1], r"\| warm \| \d+:\d\d \|$")

    def test_a_red_run_is_told(self):
        done = self.measured(red="yes\n")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"==== cold, \d+ s, exit 1")


if __name__ == "__main__":
    unittest.main()
