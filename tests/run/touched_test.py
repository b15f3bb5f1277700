"""What `scripts/test.sh --quick` takes to be touched by a change."""
import subprocess
import sys
import unittest

from throwaway import RunTest

ROOMS = {"base": "room_test(base_test LINKS base SOURCES base_test.cpp)\n",
         "net": "room_test(net_test LINKS net SOURCES net_test.cpp)\n# room_test(old_test LINKS net)\nroom_test(tls_test LINKS net)\n",
         "fuzz": "fuzz_target(http LINKS net)\n"}


class Touched(RunTest):
    def setUp(self):
        super().setUp()
        for room, listing in ROOMS.items():
            self.tree.write(f"tests/{room}/CMakeLists.txt", listing)
            self.tree.write(f"tests/{room}/{room}_test.cpp", '#include "own.hpp"\n')
            self.tree.write(f"src/{room}/own.cpp", '#include "own.hpp"\n')
        self.tree.write("include/falconer/clock.hpp", "#pragma once\n")
        self.tree.write("include/falconer/timer.hpp", '#include "falconer/clock.hpp"\n')
        self.tree.write("src/net/socket.hpp", '#include <falconer/timer.hpp>\n')
        self.tree.write("tests/support/loop.hpp", "#pragma once\n")
        self.tree.write("tests/base/base_test.cpp", '#include "support/loop.hpp"\n')
        self.tree.write("docs/page.md", "a page\n")
        self.tree.write(".gitignore", "/build/\n__pycache__/\n")
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.commit()
        self.git("checkout", "-q", "-b", "change")

    def git(self, *command):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false", *command],
                       cwd=self.tree.home, check=True, capture_output=True)

    def commit(self):
        self.git("commit", "-q", "-a", "-m", "more")

    def ask(self, *arguments):
        done = subprocess.run([sys.executable, self.tree.home / "scripts/lib/touched.py", *arguments], cwd=self.tree.home,
                              env=self.tree.environment(), capture_output=True, text=True, check=True)
        return done.stdout

    def touched(self):
        found = {"file": [], "room": [], "target": [], "aside": []}
        for line in self.ask().splitlines():
            kind, what = line.split(" ", 1)
            found[kind].append(what)
        return found

    def test_nothing(self):
        self.assertEqual(self.touched(), {"file": [], "room": [], "target": [], "aside": []})

    def test_a_file_of_a_room_committed_or_not(self):
        self.tree.write("src/net/own.cpp", "int changed;\n")
        self.commit()
        self.tree.write("src/base/new.cpp", "int added;\n")
        found = self.touched()
        self.assertEqual(found["file"], ["src/base/new.cpp", "src/net/own.cpp"])
        self.assertEqual(found["room"], ["base", "net"])
        self.assertEqual(found["target"], ["base_test", "net_test", "tls_test"])

    def test_what_main_has_meanwhile_is_not_the_change(self):
        self.tree.write("src/net/own.cpp", "int changed;\n")
        self.commit()
        self.git("checkout", "-q", "main")
        self.tree.write("src/base/own.cpp", "int theirs;\n")
        self.commit()
        self.git("checkout", "-q", "change")
        self.assertEqual(self.touched()["room"], ["net"])

    def test_a_file_that_is_gone(self):
        (self.tree.home / "src/net/own.cpp").unlink()
        self.assertEqual(self.touched()["file"], [])
        self.assertEqual(self.touched()["room"], ["net"])

    def test_a_door_touches_who_includes_it_also_through_another(self):
        self.tree.write("include/falconer/clock.hpp", "#pragma once\nint now();\n")
        self.assertEqual(self.touched()["room"], ["net"])

    def test_what_tests_share(self):
        self.tree.write("tests/support/loop.hpp", "#pragma once\nint turn();\n")
        self.assertEqual(self.touched()["room"], ["base"])

    def test_fuzz_targets_are_replayed(self):
        self.tree.write("tests/fuzz/fuzz_test.cpp", "int other;\n")
        self.assertEqual(self.touched()["target"], ["http_replay"])

    def test_what_leads_to_no_test_is_named(self):
        self.tree.write("docs/page.md", "another page\n")
        self.tree.write("scripts/x.sh", "#!/bin/sh\n")
        found = self.touched()
        self.assertEqual(found["aside"], ["docs/page.md"])
        self.assertEqual(found["file"], ["docs/page.md", "scripts/x.sh"])
        self.assertEqual(found["room"], [])

    def test_the_cases_of_programs_are_run_and_their_fixtures_with_them(self):
        self.tree.write("build/tests/CTestTestfile.cmake", """
            add_test(Base.A "sh" "-c" "true" "base_test")
            add_test(postgres.start "touch" "started")
            add_test(postgres.stop "true")
            add_test(Net.A "sh" "-c" "test -e started" "/somewhere/net_test")
            add_test(Tls.A "sh" "-c" "false" "/somewhere/tls_test")
            set_tests_properties(postgres.start PROPERTIES FIXTURES_SETUP postgres)
            set_tests_properties(postgres.stop PROPERTIES FIXTURES_CLEANUP postgres)
            set_tests_properties(Net.A PROPERTIES FIXTURES_REQUIRED postgres)
            """)
        chosen = self.ask("cases", "build/tests", "net_test").strip()
        self.assertEqual(chosen, "0,0,0,4")
        self.tree.stage("some", f"run_ctest tests -I {chosen}")
        self.verdict(self.tree.run("some"), 1, 0)


if __name__ == "__main__":
    unittest.main()
