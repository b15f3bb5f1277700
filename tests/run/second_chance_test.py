"""A case that fails is run once more, alone, in the tiers that start servers, and nowhere else."""
import subprocess
import textwrap
import unittest

from throwaway import RunTest, Tree

ONCE = textwrap.dedent("""
    def once():
        # True the first time only, whatever process asks.
        try:
            (HERE / "was_here").touch(exist_ok=False)
            return True
        except FileExistsError:
            return False
""")


class SecondChance(RunTest):
    def test_a_case_that_fails_always_is_red(self):
        self.tree.python_stage("system", always="""
            class Always(unittest.TestCase):
                def test_fails(self):
                    print("what it had printed")
                    self.assertEqual(1, 2)
                def test_passes(self):
                    print("what nobody asks for")
            """)
        said = self.tree.run("system")
        self.verdict(said, 1, 1)
        why, command = said.named("FAILED")["always_test.py Always.test_fails"]
        self.assertIn("AssertionError: 1 != 2; once more: AssertionError: 1 != 2", why)
        self.assertEqual(said.text.count("    what it had printed"), 2)
        self.assertNotIn("what nobody asks for", said.text)
        self.assertEqual(said.named("unsteady"), {})
        self.assertEqual(command, "python3 tests/system/always_test.py Always.test_fails")
        alone = subprocess.run(["sh", "-c", command], cwd=self.tree.home, capture_output=True, text=True, check=False)
        self.assertEqual(alone.returncode, 1)
        self.assertIn("Ran 1 test", alone.stderr)

    def test_a_case_that_fails_once_is_green_and_named(self):
        for tier in ("system", "peers", "browser"):
            with self.subTest(tier), Tree() as tree:
                tree.python_stage(tier, once=ONCE + textwrap.dedent("""
                    class Once(unittest.TestCase):
                        def test_fails_once(self):
                            self.assertFalse(once(), "for the first time")
                        def test_passes(self):
                            pass
                    """))
                said = tree.run(tier)
                self.verdict(said, 2, 0)
                self.assertEqual(list(said.named("unsteady")), ["once_test.py Once.test_fails_once"], said.text)
                self.assertIn("for the first time", said.named("unsteady")["once_test.py Once.test_fails_once"][0])
                self.assertTrue(any(line.startswith("unsteady ") for line in said.lines))
                self.assertEqual(said.named("FAILED"), {})

    def test_it_runs_alone_and_after_all_others(self):
        self.tree.python_stage("system", first=ONCE + textwrap.dedent("""
            class First(unittest.TestCase):
                def test_once(self):
                    if once():
                        self.fail("for the first time")
                    self.assertTrue((HERE / "the_slow_one_is_through").exists())
            """), slow="""
            class Slow(unittest.TestCase):
                def test_waits_for_the_first_one(self):
                    end = time.monotonic() + 60
                    while not (HERE / "was_here").exists():
                        self.assertLess(time.monotonic(), end)
                        time.sleep(0.05)
                    (HERE / "the_slow_one_is_through").touch()
            """)
        said = self.tree.run("system")
        self.verdict(said, 2, 0)
        self.assertEqual(list(said.named("unsteady")), ["first_test.py First.test_once"])

    def test_cases_of_other_tiers_have_none(self):
        self.tree.python_stage("image", once=ONCE + textwrap.dedent("""
            class Once(unittest.TestCase):
                def test_fails_once(self):
                    self.assertFalse(once())
                def test_passes(self):
                    pass
            """))
        said = self.tree.run("image")
        self.verdict(said, 1, 1)
        self.assertEqual(list(said.named("FAILED")), ["once_test.py Once.test_fails_once"])
        self.assertEqual(said.named("unsteady"), {})

    def test_unit_tests_have_none(self):
        self.tree.stage("unit", "run_ctest tests")
        self.tree.write("build/tests/CTestTestfile.cmake", """
            add_test(Room.Passes "true")
            add_test(Room.FailsOnce/a+b "sh" "-c" "test -e was_here || { touch was_here; echo what it had printed; exit 1; }")
            add_test(postgres.start "true")
            add_test(postgres.stop "true")
            """)
        said = self.tree.run("unit")
        self.verdict(said, 1, 1)
        self.assertEqual(list(said.named("FAILED")), ["Room.FailsOnce/a+b"])
        self.assertIn("    what it had printed", said.text)
        self.assertEqual(said.named("unsteady"), {})
        command = said.named("FAILED")["Room.FailsOnce/a+b"][1]
        alone = subprocess.run(["sh", "-c", command], cwd=self.tree.home, capture_output=True, text=True, check=False)
        self.assertIn("100% tests passed, 0 tests failed out of 1", alone.stdout, command)

    def test_a_class_that_could_not_be_set_up_is_run_again_as_a_whole(self):
        self.tree.python_stage("system", once=ONCE + textwrap.dedent("""
            class Bed(unittest.TestCase):
                @classmethod
                def setUpClass(cls):
                    print("the bed is made")
                    if once():
                        raise OSError("no port")
                def test_one(self):
                    pass
                def test_two(self):
                    pass
            """), always="""
            class Bed(unittest.TestCase):
                @classmethod
                def setUpClass(cls):
                    raise OSError("never a port")
                def test_one(self):
                    pass
                def test_two(self):
                    pass
                def test_three(self):
                    pass
            class Other(unittest.TestCase):
                def test_one(self):
                    pass
            """)
        said = self.tree.run("system")
        self.verdict(said, 3, 3)
        self.assertEqual(list(said.named("unsteady")), ["once_test.py Bed (setUpClass)"])
        why, command = said.named("FAILED")["always_test.py Bed (setUpClass) (3 cases)"]
        self.assertIn("OSError: never a port", why)
        self.assertEqual(command, "python3 tests/system/always_test.py Bed")

    def test_a_case_that_fails_when_its_class_stands_at_last_is_red(self):
        self.tree.python_stage("system", once=ONCE + textwrap.dedent("""
            class Bed(unittest.TestCase):
                @classmethod
                def setUpClass(cls):
                    if once():
                        raise OSError("no port")
                def test_one(self):
                    self.fail("of its own")
                def test_two(self):
                    pass
            """))
        said = self.tree.run("system")
        self.verdict(said, 1, 1)
        self.assertEqual(list(said.named("FAILED")), ["once_test.py Bed.test_one"])


if __name__ == "__main__":
    unittest.main()
