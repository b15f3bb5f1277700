"""falconer rules lint: what is printed, and with which exit code.

Usage: rules_command_test.py FALCONER, from the source tree's root.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

DEMO = "config/rules/demo/5.1.0/falco_rules.yaml"
SAMPLE = "tests/samples/rules/custom_rules.yaml"
SHARED = pathlib.Path("../shared/data/rules")
VERSIONS = {"3.2.0": "0.40.0", "4.0.0": "0.41.3", "5.0.0": "0.43.0", "5.1.0": "0.44.1"}


def lint(*arguments):
    return subprocess.run([FALCONER, "rules", "lint", *map(str, arguments)], capture_output=True, text=True, timeout=120)


class RulesLint(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, text, name="mine.yaml"):
        path = self.folder / name
        path.write_text(text)
        return path

    def test_good_files_say_nothing(self):
        done = lint("--falco-version", "0.44.1", "--with", DEMO, SAMPLE)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_problem_has_its_file_line_and_column(self):
        mine = self.write("- macro: m\n  condition: >\n    spawned_process\n    and proc.nmae = a\n")
        done = lint("--with", DEMO, mine)
        self.assertEqual(done.returncode, 0, "a macro that nobody uses breaks nothing")
        self.assertIn(f"{mine}:4:9: warning: source 'syscall' has no field 'proc.nmae'; did you mean 'proc.name'?", done.stdout)
        mine = self.write("- macro: m\n  condition: >\n    spawned_process\n    and containr\n")
        done = lint("--with", DEMO, mine)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{mine}:4:9: error: there is no macro 'containr'; did you mean 'container'?", done.stdout)

    def test_warnings_alone_are_exit_0(self):
        done = lint(self.write("- list: a\n  items: [b]\n"))
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^\S+mine\.yaml:1:3: warning: list 'a' is not used\n$")

    def test_of_files_given_with_only_errors_are_told(self):
        other = self.write("- list: unused\n  items: [b]\n- rule: r\n", "other.yaml")
        done = lint("--with", other, DEMO)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"^\S+other\.yaml:3:3: error: [^\n]+\n$")

    def test_several_files_are_loaded_before(self):
        first = self.write("- macro: one\n  condition: evt.type = open\n", "first.yaml")
        second = self.write("- macro: two\n  condition: one and proc.tty != 0\n", "second.yaml")
        mine = self.write("- rule: r\n  desc: d\n  condition: two\n  output: o\n  priority: INFO\n")
        done = lint("--with", first, "--with", second, mine)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual(lint("--with", second, mine).returncode, 1)

    def test_plugins_bring_fields_and_events(self):
        mine = self.write("- required_plugin_versions: [{name: json, version: 0.7.0}]\n- rule: r\n  desc: d\n"
                          "  condition: ka.verb = get and json.value[/a] = b\n  output: o\n  priority: INFO\n  source: k8s_audit\n")
        done = lint(mine)
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not come with the plug-in 'json', and it is not chosen", done.stdout)
        done = lint("--plugin", "json@0.7.3", "--plugin", "k8saudit@0.11.0=k8s_audit", mine)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_wrong_usage_is_exit_2(self):
        for arguments in ([], ["--falco-version", "newest", DEMO], [self.folder / "nowhere.yaml"], [self.folder],
                          ["--plugin", "json", DEMO], ["--plugin", "@1.0.0", DEMO], ["--plugin", "json@new", DEMO],
                          ["--with", self.folder / "nowhere.yaml", DEMO]):
            done = lint(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertNotEqual(done.stderr + done.stdout, "")

    def test_the_help_ends_with_an_example(self):
        done = lint("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("Example:\n  falconer rules lint", done.stdout)

    def test_all_standard_rules_at_once_and_quickly(self):
        if not SHARED.is_dir():
            self.assertNotEqual(os.environ.get("CI"), "true", "../shared with the standard rules is missing")
            self.skipTest("../shared with the standard rules is not there")
        for folder, version in VERSIONS.items():
            files = [SHARED / folder / name for name in ("falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml")]
            before = os.times().children_user
            done = lint("--falco-version", version, *files, "config/rules/gardener_exceptions.yaml")
            self.assertEqual(done.returncode, 0, done.stdout)
            for line in done.stdout.splitlines():  # what is true of them: unused things, a rule that waits for its list
                self.assertTrue(re.search("is not used|can never fire|is deprecated", line), line)
            took = os.times().children_user - before
            print(f"standard rules of {version}: {took:.2f} processor seconds")
            if os.environ.get("FALCONER_JUDGE_TIMES") == "1":  # a slow machine is no reason to be red
                self.assertLess(took, 2, "processor seconds")


if __name__ == "__main__":
    FALCONER = sys.argv.pop(1)
    unittest.main()
