"""What is a success, what is none, and what the last screen says of it."""
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

from throwaway import RunTest


class Verdicts(RunTest):
    def test_what_else_is_no_success(self):
        self.tree.python_stage("image", cannot_be_read="raise KeyError('no module')", no_case="pass", parts="""
            class Parts(unittest.TestCase):
                def test_one_of_many(self):
                    for part in range(5):
                        with self.subTest(part=part):
                            self.assertNotEqual(part, 3)
                @unittest.expectedFailure
                def test_unexpectedly(self):
                    pass
                @unittest.expectedFailure
                def test_expectedly(self):
                    self.fail()
                @classmethod
                def tearDownClass(cls):
                    raise OSError("it does not go")
            """)
        said = self.tree.run("image")
        self.verdict(said, 1, 5)
        self.assertEqual(set(said.named("FAILED")), {
            "cannot_be_read_test.py (import)", "no_case_test.py (file)", "parts_test.py Parts.test_one_of_many",
            "parts_test.py Parts.test_unexpectedly", "parts_test.py Parts (tearDownClass)"})
        self.assertIn("in (part=3):", said.text)

    def test_a_skip_is_a_failure_unless_it_is_named_and_never_a_success(self):
        self.tree.python_stage("system", skip="""
            class Skip(unittest.TestCase):
                @unittest.skip("no rights")
                def test_named(self):
                    pass
                @unittest.skip("no mood")
                def test_not_named(self):
                    pass
                def test_passes(self):
                    pass
            """)
        self.tree.write("scripts/lib/named_skips", "skip_test.py Skip.test_named  # why\n")
        said = self.tree.run("system")
        self.verdict(said, 1, 1)
        self.assertEqual(said.named("skipped"), {"skip_test.py Skip.test_named": ("no rights", said.named("skipped")["skip_test.py Skip.test_named"][1])})
        self.assertIn("no mood", said.named("FAILED")["skip_test.py Skip.test_not_named"][0])
        self.assertNotIn("once more, alone", said.text)
        self.verdict(self.tree.run("system", CI="true"), 1, 2)

    def test_only_skipped_is_no_success(self):
        self.tree.python_stage("system", skip="""
            @unittest.skip("no rights")
            class Skip(unittest.TestCase):
                def test_a(self):
                    pass
            """)
        self.tree.write("scripts/lib/named_skips", "skip_test.py Skip.*\n")
        self.verdict(self.tree.run("system"), 0, 0)

    def test_a_skipped_unit_test_is_a_failure_unless_it_is_named(self):
        self.tree.stage("unit", "run_ctest tests")
        self.tree.write("build/tests/CTestTestfile.cmake", """
            add_test(Room.Passes "true")
            add_test(Room.Skips "sh" "-c" "exit 77")
            set_tests_properties(Room.Skips PROPERTIES SKIP_RETURN_CODE 77)
            add_test(Room.IsNotThere "/nowhere/room_test")
            """)
        said = self.tree.run("unit")
        self.verdict(said, 1, 2)
        self.tree.write("scripts/lib/named_skips", "Room.*\n")
        self.assertEqual(list(self.tree.run("unit").named("skipped")), ["Room.Skips"])

    def test_the_last_line_is_the_sum_of_all_stages(self):
        self.tree.stage("one", """
            check "true is true" true
            check "false is true" sh -c 'echo what false says; false'
            count 40 0
            exit "$stage_failed"
            """)
        self.tree.stage("two", "count 2 3\nexit 1")
        self.tree.stage("broken", "count 5 0\nscripts/lib/nothing_like_it.sh\n")
        self.tree.python_stage("system", good="""
            class Good(unittest.TestCase):
                def test_a(self):
                    pass
                def test_b(self):
                    pass
            """)
        said = self.tree.run("one", "two", "broken", "system")
        self.verdict(said, 1 + 40 + 2 + 5 + 2, 1 + 3 + 1)
        self.assertIn("what false says", said.text)
        self.assertEqual(set(said.named("FAILED")), {"false is true", "cases without names (3 cases)", "stage broken"})
        self.assertIn("'echo what false says; false'".replace(" ", r"\ ").replace("'", "").replace(";", r"\;"),
                      said.named("FAILED")["false is true"][1])
        rows = {line.split()[0]: line.split()[1:5] for line in said.screen if " passed " in line and line.count(":")}
        self.assertEqual(rows["one"], ["41", "passed", "1", "failed"])
        self.assertEqual(rows["system"], ["2", "passed", "0", "failed"])

    def test_a_run_of_nothing_is_no_success(self):
        self.tree.stage("nothing", "exit 0")
        self.verdict(self.tree.run("nothing"), 0, 0)
        self.tree.python_stage("empty")
        (self.tree.home / "tests" / "empty").mkdir(parents=True)
        self.verdict(self.tree.run("empty"), 0, 1)

    def test_a_stage_over_its_budget_is_told_so_and_stays_green(self):
        self.tree.stage("slow", "sleep 2.2; count 1 0")
        self.tree.write("scripts/lib/budgets", "slow 1 600\n")
        said = self.tree.run("slow", FALCONER_BUDGET="warm")
        self.verdict(said, 1, 0)
        self.assertRegex(said.text, r"slow +1 passed +0 failed +0:0\d of 0:01   over its budget by 0:0\d")
        self.assertNotIn("over its budget", self.tree.run("slow", FALCONER_BUDGET="cold").text)

    def test_who_is_interrupted_says_how_far_it_came(self):
        self.tree.stage("done", "count 3 0")
        self.tree.python_stage("system", waits="""
            class Waits(unittest.TestCase):
                def test_for_nothing(self):
                    subprocess.Popen(["sleep", "1000"])
                    (HERE / "waits").write_text(str(os.getpid()))
                    time.sleep(1000)
            """)
        self.tree.stage("never", "count 100 0")
        log = self.tree.home / "log"
        with open(log, "wb") as out, subprocess.Popen(
                ["bash", self.tree.home / "scripts/test.sh", "done", "system", "never"], stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, env=self.tree.environment(), start_new_session=True) as run:
            end = time.monotonic() + 60
            while not (self.tree.home / "tests/system/waits").exists():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
            os.killpg(run.pid, signal.SIGTERM)  # as `timeout` does
        self.assertNotEqual(run.returncode, 0)
        lines = log.read_text().splitlines()
        self.assertEqual(lines[-1], "3 passed, 2 failed")
        self.assertIn("FAILED  test: the run: it was interrupted", lines)
        waiting = pathlib.Path("/proc", (self.tree.home / "tests/system/waits").read_text())
        end = time.monotonic() + 60
        while waiting.exists():  # a stage outlives its run by the moment that it takes to end what it had started
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def test_however_much_is_wrong_it_is_one_screen(self):
        lines = [f"unit\tfailed\t1\t1\tSuite{n % 3}.Case{n}\tctest --test-dir build/tests --output-on-failure -R '^Suite{n % 3}\\.Case{n}$'\tit fell\n"
                 for n in range(120)]
        lines += [f"system\tfailed\t1\t1\ta_test.py A.test_{n}\tFALCONER_BUILD=b python3 tests/system/a_test.py A.test_{n}\twhy\n" for n in range(50)]
        lines += [f"checks\tfailed\t1\t1\tcheck {n} is made\tcheck {n}\t\n" for n in range(30)]
        book = self.tree.write("book", "".join(lines))
        stages = self.tree.write("stages", "unit 9 1\nsystem 9 1\nchecks 9 1\n")
        shown = subprocess.run([sys.executable, self.tree.home / "scripts/lib/last_screen.py", book, stages, "warm"], cwd=self.tree.home,
                               capture_output=True, text=True, check=False).stdout.splitlines()
        self.assertLess(len(shown), 55, shown)
        self.assertEqual(shown[-1], "0 passed, 200 failed")
        at = shown.index("FAILED  system: a_test.py (50 cases): why")
        self.assertEqual(shown[at + 1].strip(), "FALCONER_BUILD=b python3 tests/system/a_test.py")
        at = shown.index("FAILED  unit: Suite0 (40 cases): it fell")
        self.assertEqual(shown[at + 1].strip(), r"ctest --test-dir build/tests --output-on-failure -R '^Suite0\.'")
        self.assertIn("FAILED  and 22 cases more", shown)
        named = (self.tree.home / "build/test-logs/failed").read_text()
        self.assertEqual(named.count("FAILED  "), 200)
        self.assertIn("FAILED  checks: check 29 is made\n        check 29\n", named)

    def test_the_slowest_cases_are_named(self):
        book = self.tree.write("book", "".join(f"s\tpassed\t1\t{n}\tcase {n}\t\t\n" for n in range(30)))
        stages = self.tree.write("stages", "s 435 0\n")
        shown = subprocess.run([sys.executable, self.tree.home / "scripts/lib/last_screen.py", book, stages, "warm"],
                               capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertEqual([line.split("case ")[1] for line in shown if "case " in line], [str(n) for n in range(29, 14, -1)])


if __name__ == "__main__":
    unittest.main()
