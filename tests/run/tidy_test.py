"""What the stage `tidy` remembers, and what it looks at first."""
import json
import subprocess
import sys
import textwrap
import unittest

from throwaway import ROOT, RunTest, Tree

sys.path.insert(0, str(ROOT / "scripts" / "lib"))
import tidy_key  # noqa: E402

FILES = {"src/net/socket.cpp": '#include "socket.hpp"\n#include <vector>\n',
         "src/net/socket.hpp": '#pragma once\n#include "falconer/clock.hpp"\n',
         "src/net/codec.cpp": "#if 0\n# include <falconer/clock.hpp>\n#endif\n",
         "src/base/alone.cpp": "int alone;\n",
         "include/falconer/clock.hpp": "#pragma once\n#include <chrono>\n",
         ".clang-tidy": "Checks: bugprone-*\n"}

# In place of the real one: an odd file is one with the word in it; each look is noted.
CLANG_TIDY = """\
    #!/bin/sh
    [ "$1" != --version ] || { echo 19; exit 0; }
    for file; do :; done
    echo "$file" >>"$LOOKED"
    ! grep -q odd "$file"
    """


def fill(tree, flags=""):
    for path, text in FILES.items():
        tree.write(path, text)
    describe(tree, flags)


def describe(tree, flags=""):
    home = tree.home.resolve()
    entries = [{"directory": f"{home}/build/fuzz", "file": f"{home}/{path}",
                "command": f"env CCACHE_BASEDIR={home} ccache clang++-19 -I{home}/src/net -isystem {home}/include {flags} "
                           f"-DPLACE=\\\"{home}\\\" -o x.o -c {home}/{path}"} for path in FILES if path.endswith(".cpp")]
    tree.write("build/fuzz/compile_commands.json", json.dumps(entries))


class Keys(RunTest):
    def setUp(self):
        super().setUp()
        fill(self.tree)

    def keys(self, tree=None, system=""):
        sources = tidy_key.Sources((tree or self.tree).home, "build/fuzz/compile_commands.json", system)
        return {path: sources.key(path) for path in sources.commands}

    def changed(self, before):
        after = self.keys()
        return {path for path in before if before[path] != after[path]}

    def test_another_folder_has_the_same_keys(self):
        with Tree() as other:
            fill(other)
            self.assertNotEqual(other.home, self.tree.home)
            self.assertEqual(self.keys(other), self.keys())
        self.assertEqual(len(set(self.keys().values())), 3)

    def test_a_changed_file_changes_its_own(self):
        before = self.keys()
        self.tree.write("src/base/alone.cpp", "int other;\n")
        self.assertEqual(self.changed(before), {"src/base/alone.cpp"})

    def test_a_changed_header_changes_those_of_all_who_include_it(self):
        before = self.keys()
        self.tree.write("include/falconer/clock.hpp", "#pragma once\nint changed;\n")
        self.assertEqual(self.changed(before), {"src/net/socket.cpp", "src/net/codec.cpp"}, "also through another, or left out")

    def test_a_header_that_hides_another_changes_them(self):
        before = self.keys()
        self.tree.write("src/net/falconer/clock.hpp", FILES["include/falconer/clock.hpp"] + "// mine\n")
        self.assertEqual(self.changed(before), {"src/net/socket.cpp", "src/net/codec.cpp"})

    def test_flags_settings_and_packages_change_all(self):
        before = self.keys()
        describe(self.tree, "-Wall")
        self.assertEqual(self.changed(before), set(before))
        describe(self.tree)
        self.assertEqual(self.changed(before), set())
        self.assertNotEqual(self.keys(system="newer"), before)
        self.tree.write(".clang-tidy", "Checks: performance-*\n")
        self.assertEqual(self.changed(before), set(before))

    def test_what_is_installed_has_one_name(self):
        self.assertEqual(tidy_key.installed(), tidy_key.installed())


class Stage(RunTest):
    def setUp(self):
        super().setUp()
        self.looked = self.tree.home / "looked"

    def prepare(self, tree):
        fill(tree)
        tree.write("scripts/stages/tidy.sh", (ROOT / "scripts/stages/tidy.sh").read_text())
        for name, text in (("cmake", "#!/bin/sh\n"), ("clang-tidy-19", CLANG_TIDY)):
            tree.write(f"bin/{name}", textwrap.dedent(text)).chmod(0o755)
        tree.write(".gitignore", "/build/\n/bin/\n/cache/\n/looked\n__pycache__/\n")
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
            subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false", *command],
                           cwd=tree.home, check=True, capture_output=True)

    def tidy(self, tree=None, **more):
        """What was looked at, in this order."""
        tree = tree or self.tree
        self.looked.write_text("")
        environment = tree.environment(LOOKED=str(self.looked), FALCONER_JOBS="1", **more)
        environment |= {"PATH": f"{tree.home}/bin:{environment['PATH']}", "XDG_CACHE_HOME": str(self.tree.home / "cache")}
        self.said = subprocess.run(["bash", "scripts/stages/tidy.sh"], cwd=tree.home, env=environment, text=True, check=False,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return self.looked.read_text().split()

    def test_what_one_tree_found_clean_no_other_looks_at(self):
        self.prepare(self.tree)
        self.assertEqual(sorted(self.tidy()), ["src/base/alone.cpp", "src/net/codec.cpp", "src/net/socket.cpp"])
        self.assertEqual(self.said.returncode, 0, self.said.stdout)
        with Tree() as other:
            self.prepare(other)
            self.assertEqual(self.tidy(other), [])
            self.assertIn("3 files (5 changed), 3 of them known to be clean", self.said.stdout)
            other.write("src/net/codec.cpp", "int codec;\n")
            self.assertEqual(self.tidy(other), ["src/net/codec.cpp"])

    def test_what_was_never_looked_at_is_first_then_what_waits_longest(self):
        self.prepare(self.tree)
        marks = self.tree.home / "cache/falconer/tidy/of"
        self.tidy()
        for path in FILES:
            if path.endswith(".cpp"):
                self.tree.write(path, f"int changed_{len(path)};\n")
        (marks / "src+net+codec.cpp").unlink()
        (marks / "src+net+socket.cpp").touch()
        self.assertEqual(self.tidy(), ["src/net/codec.cpp", "src/base/alone.cpp", "src/net/socket.cpp"])

    def test_what_there_was_no_time_for_is_told_and_stays_unknown(self):
        self.prepare(self.tree)
        self.assertEqual(self.tidy(FALCONER_TIDY_SECONDS="-1"), [])
        self.assertIn("out of time, 3 files not looked at", self.said.stdout)
        self.assertEqual(len(self.tidy()), 3)

    def test_what_is_wrong_stays_wrong_and_is_first(self):
        self.prepare(self.tree)
        self.tree.write("src/net/socket.cpp", "int odd;\n")
        self.tidy()
        self.assertEqual(self.said.returncode, 1)
        self.assertIn("FAILED  src/net/socket.cpp", self.said.stdout)
        self.tree.write("src/base/alone.cpp", "int changed;\n")
        self.assertEqual(self.tidy(), ["src/net/socket.cpp", "src/base/alone.cpp"])
        self.assertEqual(self.said.returncode, 1)

    def test_a_header_is_looked_at_through_a_changed_file_or_another(self):
        self.prepare(self.tree)
        self.tidy()
        subprocess.run(["git", "branch", "base"], cwd=self.tree.home, check=True)
        self.tree.write("include/falconer/clock.hpp", "#pragma once\nint clock;\n")
        self.assertEqual(self.tidy(FALCONER_TIDY_BASE="base"), ["src/net/codec.cpp"])
        self.tree.write("src/net/socket.cpp", FILES["src/net/socket.cpp"] + "int more;\n")
        self.assertEqual(self.tidy(FALCONER_TIDY_BASE="base"), ["src/net/socket.cpp"])
        self.tree.write("src/net/unused.hpp", "#pragma once\n")
        self.assertEqual(self.tidy(FALCONER_TIDY_BASE="base"), [])


if __name__ == "__main__":
    sys.exit(unittest.main())
