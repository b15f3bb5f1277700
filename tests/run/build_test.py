"""A build that fails names its first error, not all that it printed."""
import unittest

from throwaway import RunTest

PRESETS = """
{ "version": 6, "configurePresets": [ { "name": "small", "generator": "Ninja", "binaryDir": "${sourceDir}/build/small" } ] }
"""
PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(small C)
add_library(one OBJECT one.c)
add_library(two OBJECT two.c)
add_executable(program program.c)
"""
LONG = "int deep(void);\n" * 500


class Build(RunTest):
    def setUp(self):
        super().setUp()
        self.tree.write("CMakePresets.json", PRESETS)
        self.tree.write("CMakeLists.txt", PROJECT)
        for name in ("one", "two"):
            self.tree.write(f"{name}.c", f"int {name}(void) {{ return 1; }}\n")
        self.tree.write("program.c", "int main(void) { return 0; }\n")

    def build(self, targets=""):
        self.tree.stage("build", f"scripts/lib/build.sh small {targets}\ncount 1 0")
        return self.tree.run("build")

    def test_what_was_asked_for_is_built(self):
        said = self.build("one two")
        self.verdict(said, 1, 0)
        built = {each.name for each in (self.tree.home / "build/small").rglob("*.o")}
        self.assertEqual(built, {"one.c.o", "two.c.o"})
        self.verdict(self.build(), 1, 0)
        self.assertTrue((self.tree.home / "build/small/program").exists())

    def test_a_compilers_first_error(self):
        self.tree.write("two.c", LONG + "int two(void) {\n    return one_that_is_not_there;\n}\nint three(void) { return neither_this; }\n")
        said = self.build()
        self.verdict(said, 0, 1)
        why, command = said.named("FAILED")["build of small"]
        self.assertRegex(why, r"two\.c:502:12: error: .one_that_is_not_there. undeclared")
        self.assertEqual(command, "scripts/lib/build.sh small")
        self.assertIn("build/small/build.log", said.text)
        self.assertIn("    return one_that_is_not_there;", said.text)
        self.assertLess(len(said.lines), 60)

    def test_a_linkers_first_error(self):
        self.tree.write("program.c", "int elsewhere(void);\nint main(void) { return elsewhere(); }\n")
        said = self.build("program")
        self.verdict(said, 0, 1)
        why, command = said.named("FAILED")["build of small"]
        self.assertRegex(why, "undefined (reference|symbol)")
        self.assertIn("elsewhere", why)
        self.assertEqual(command, "scripts/lib/build.sh small program")

    def test_cmakes_first_error(self):
        self.tree.write("CMakeLists.txt", PROJECT + 'message(FATAL_ERROR "a library is missing")\n')
        said = self.build()
        self.verdict(said, 0, 1)
        self.assertIn("a library is missing", said.named("FAILED")["build of small"][0])

    def test_a_target_that_is_not_there(self):
        said = self.build("nothing_like_it")
        self.verdict(said, 0, 1)
        self.assertIn("unknown target 'nothing_like_it'", said.named("FAILED")["build of small"][0])


if __name__ == "__main__":
    unittest.main()
