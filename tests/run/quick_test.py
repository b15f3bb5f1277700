"""`scripts/test.sh --quick`, whole: what a change touches is checked, built and run, and nothing else is."""
import shutil
import subprocess
import unittest

from throwaway import ROOT, RunTest

PRESETS = """
{ "version": 6, "configurePresets": [ { "name": "tests", "generator": "Ninja", "binaryDir": "${sourceDir}/build/tests" } ] }
"""
PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(small C)
enable_testing()
function(room_test name)
    cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    add_test(NAME ${name}.Case COMMAND ${name})
endfunction()
add_subdirectory(tests/base)
add_subdirectory(tests/net)
"""
GOOD, BAD = "int main(void) { return 0; }\n", "int main(void) { return 1; }\n"


class Quick(RunTest):
    """Two rooms; the test of `base` fails, so that a run that is green has not run it."""

    def setUp(self):
        super().setUp()
        shutil.copy(ROOT / "scripts/stages/quick.sh", self.tree.home / "scripts/stages")
        self.tree.write("CMakePresets.json", PRESETS)
        self.tree.write("CMakeLists.txt", PROJECT)
        for room, text in (("base", BAD), ("net", GOOD)):
            self.tree.write(f"tests/{room}/CMakeLists.txt", f"room_test({room}_test SOURCES {room}_test.c)\n")
            self.tree.write(f"tests/{room}/{room}_test.c", text)
            self.tree.write(f"src/{room}/own.cpp", "int a;\n")
        self.tree.write(".clang-format", "BasedOnStyle: LLVM\n")
        for check in ("layering", "contract"):
            self.tree.write(f"tests/{check}.py", "")
        self.tree.write("tests/run/self_test.py", "raise SystemExit('the test run is blind')\n")
        self.tree.write("docs/page.md", "a page\n")
        self.tree.write(".gitignore", "/build/\n/cache/\n__pycache__/\n")
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"], ["checkout", "-q", "-b", "change"]):
            subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false", *command],
                           cwd=self.tree.home, check=True, capture_output=True)

    def built(self):
        return {each.name for each in (self.tree.home / "build").rglob("*_test")}

    def test_a_change_to_one_room_builds_and_runs_the_tests_of_that_room(self):
        self.tree.write("src/net/own.cpp", "int b;\n")
        said = self.tree.run("--quick")
        self.verdict(said, 3 + 1, 0)  # format, arrows, contract; the case
        self.assertIn("rooms: net", said.text)
        self.assertEqual(self.built(), {"net_test"})
        self.assertRegex(said.text, r"quick +4 passed +0 failed +0:\d\d of ")

    def test_a_defect_in_it_is_red_and_says_how_to_run_it_alone(self):
        self.tree.write("tests/net/net_test.c", BAD)
        said = self.tree.run("--quick")
        self.verdict(said, 2, 1)
        self.assertEqual(said.named("FAILED")["net_test.Case"][1],
                         "ctest --test-dir build/tests --output-on-failure -R '^net_test\\.Case$'")

    def test_what_cannot_be_built_is_red(self):
        self.tree.write("tests/net/net_test.c", "int main(void) { return nothing_like_it; }\n")
        said = self.tree.run("--quick")
        self.verdict(said, 2, 1)
        self.assertIn("nothing_like_it", said.named("FAILED")["build of tests"][0])

    def test_nothing_changed_runs_no_case(self):
        said = self.tree.run("--quick")
        self.verdict(said, 2, 0)
        self.assertIn("rooms: none", said.text)
        self.assertEqual(self.built(), set())

    def test_format_shell_and_python_of_changed_files_are_checked(self):
        self.tree.write("src/net/own.cpp", "int    b  ;\n")
        self.tree.write("tools/wrong.sh", "#!/bin/bash\ncd $1\nfor each in $(ls); do echo $each; done\nif [ $x == ]; then\n")
        self.tree.write("tools/wrong.py", "def f(:\n")
        said = self.tree.run("--quick")
        self.assertEqual(set(said.named("FAILED")), {"clang-format has nothing to change", "shellcheck is content", "every Python script compiles"})

    def test_a_change_to_the_test_run_has_its_own_tests_run(self):
        records = self.tree.home / "scripts/lib/records.py"
        records.write_text(records.read_text() + "# changed\n")
        said = self.tree.run("--quick")
        self.assertEqual(set(said.named("FAILED")), {"the test run sees what it is for"})
        self.assertIn("the test run is blind", said.text)

    def test_what_led_to_no_test_is_named(self):
        self.tree.write("docs/page.md", "another page\n")
        self.assertIn("not looked at, a whole run does: docs/page.md", self.tree.run("--quick").text)


if __name__ == "__main__":
    unittest.main()
