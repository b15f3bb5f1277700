"""Test processes: what becomes of those that crash, hang, leave something running, or must be alone."""
import pathlib
import unittest

from throwaway import RunTest


class TestProcesses(RunTest):
    def test_one_that_ends_without_a_word_is_red_and_the_others_of_its_file_run(self):
        endings = {"nothing": ("os._exit(0)", "ended early"), "status": ("os._exit(3)", "status 3"),
                   "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"), "aborted": ("os.abort()", "SIGABRT")}
        self.tree.python_stage("system", **{name: f"""
            class Crash(unittest.TestCase):
                def test_a(self):
                    pass
                def test_b(self):
                    print("before it ended")
                    {last_word}
                def test_c(self):
                    pass
            """ for name, (last_word, _) in endings.items()})
        said = self.tree.run("system")
        self.verdict(said, 2 * len(endings), len(endings))
        self.assertEqual(len(said.named("FAILED")), len(endings))
        for name, (_, why) in endings.items():
            self.assertIn(why, said.named("FAILED")[f"{name}_test.py Crash.test_b"][0])
        self.assertEqual(said.text.count("    before it ended"), 2 * len(endings))

    def test_one_that_ends_outside_its_cases_is_red(self):
        self.tree.python_stage("image", before="os._exit(0)", between="""
            class Between(unittest.TestCase):
                @classmethod
                def tearDownClass(cls):
                    os._exit(0)
                def test_a(self):
                    pass
            class Never(unittest.TestCase):
                def test_a(self):
                    pass
                def test_b(self):
                    pass
            """, after="""
            import atexit
            class After(unittest.TestCase):
                def test_a(self):
                    atexit.register(os._exit, 5)
            """)
        said = self.tree.run("image")
        self.verdict(said, 2, 4)
        self.assertEqual(set(said.named("FAILED")), {
            "before_test.py (process)", "between_test.py (process) (2 cases)", "after_test.py (process)"})

    def test_a_file_that_does_not_end_is_ended(self):
        self.tree.python_stage("image", hang="""
            class Hang(unittest.TestCase):
                def test_a(self):
                    pass
                def test_b(self):
                    self.waits_for_nothing()
                def test_c(self):
                    pass
                def waits_for_nothing(self):
                    subprocess.run(["sleep", "1000"])
            """)
        said = self.tree.run("image", FALCONER_FILE_SECONDS="10")
        self.verdict(said, 2, 1)
        self.assertIn("still running after 10 s", said.named("FAILED")["hang_test.py Hang.test_b"][0])
        self.assertIn("in waits_for_nothing", said.text, "its traceback")
        self.assertIn("also ended: sleep 1000", said.text)

    def test_what_outlives_its_file_is_named_and_ended(self):
        self.tree.python_stage("image", **{how: f"""
            class Leaves(unittest.TestCase):
                def test_a(self):
                    left = subprocess.Popen(["sleep", "1000"], {options})
                    (HERE / "{how}").write_text(str(left.pid))
                    left.returncode = 0  # no warning
            """ for how, options in (("plain", ""), ("own_session", "start_new_session=True"), ("own_environment", "env={}"))})
        said = self.tree.run("image")
        self.verdict(said, 3, 3)
        for how in ("plain", "own_session", "own_environment"):
            why, _ = said.named("FAILED")[f"{how}_test.py (processes)"]
            pid = int((self.tree.home / "tests" / "image" / how).read_text())
            self.assertIn(f"left running: sleep 1000 (pid {pid})", why)
            self.assertFalse(pathlib.Path(f"/proc/{pid}").exists() and "Z" not in state(pid), how)

    def test_files_run_beside_each_other_except_those_that_must_not(self):
        both = """
            class Both(unittest.TestCase):
                def test_the_other_one_runs_too(self):
                    (HERE / "{mine}.runs").touch()
                    end = time.monotonic() + 60
                    while not (HERE / "{other}.runs").exists():
                        self.assertLess(time.monotonic(), end)
                        time.sleep(0.05)
                    (HERE / "{mine}.done").touch()
            """
        alone = """
            ALONE = "it measures"
            class Alone(unittest.TestCase):
                def test_nobody_else_runs(self):
                    (HERE / "{mine}.alone").touch(exist_ok=False)
                    self.assertEqual(sorted(each.name for each in HERE.glob("*.done")), ["a.done", "b.done"])
                    self.assertEqual(sorted(each.name for each in HERE.glob("*.alone")), ["{mine}.alone"])
                    (HERE / "{mine}.alone").unlink()
            """
        self.tree.python_stage("image", a=both.format(mine="a", other="b"), b=both.format(mine="b", other="a"),
                               **{name: alone.format(mine=name) for name in ("aa", "c")})
        said = self.tree.run("image")
        self.verdict(said, 4, 0)
        self.assertIn("alone, because it measures: aa_test.py", said.text)

    def test_what_only_waits_takes_no_workers_place(self):
        meets = """
            class Meets(unittest.TestCase):
                def test_{mine}_is_there_when_{other}_is(self):
                    (HERE / "{mine}.runs").touch()
                    end = time.monotonic() + 60
                    while not (HERE / "{other}.runs").exists():
                        self.assertLess(time.monotonic(), end)
                        time.sleep(0.05)
            """
        worker = """
            class Worker(unittest.TestCase):
                def test_no_other_worker_runs(self):
                    (HERE / "worker").touch(exist_ok=False)
                    (HERE / "worker").unlink()
            """
        waits = '\n            WAITS = "for the others"'
        self.tree.python_stage("image", a=meets.format(mine="a", other="b"), b=waits + meets.format(mine="b", other="a"),
                               c=worker, d=worker)
        self.verdict(self.tree.run("image", FALCONER_JOBS="1"), 4, 0)

    def test_two_folders_are_run_as_one(self):
        meets = """
            class Meets(unittest.TestCase):
                def test_the_other_folders_runs_too(self):
                    (HERE.parent / "{mine}.runs").touch()
                    end = time.monotonic() + 60
                    while not (HERE.parent / "{other}.runs").exists():
                        self.assertLess(time.monotonic(), end)
                        time.sleep(0.05)
            """
        self.tree.python_stage("load", b=meets.format(mine="b", other="a"))
        self.tree.python_stage("image", a=meets.format(mine="a", other="b"))
        self.tree.stage("image", "run_python_tests tests/image tests/load")
        said = self.tree.run("image")
        self.verdict(said, 2, 0)
        self.assertIn("image, load: 2 passed", said.text)
        for folder, stem in (("image", "a"), ("load", "b")):
            self.assertIn(f"{stem}_test.py", (self.tree.home / "cache" / "falconer" / "times" / f"{folder}.json").read_text())
            self.assertTrue((self.tree.home / "build" / "test-logs" / folder / f"{stem}_test.log").exists())


def state(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


if __name__ == "__main__":
    unittest.main()
