"""falconer versions plan: the table of docs/versions.md, and what it says of profiles that are wrong.

Usage: versions_command_test.py FALCONER, from the source tree's root.
"""
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROFILE = "config/examples/profile.yaml"
OTHER = """\
apiVersion: falco.gardener.cloud/v1alpha1
kind: FalcoProfile
metadata: {name: %s}
spec:
  versions:
    falco:
    - {version: 0.43.0, rulesVersion: %s, classification: %s}
"""


def plan(*arguments):
    return subprocess.run(
        [FALCONER, "versions", "plan", *arguments], capture_output=True, text=True, timeout=60
    )


def table():
    for line in pathlib.Path("docs/versions.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[0][0].isdigit():
            yield cells


class VersionsPlan(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def test_the_ten_examples_of_the_documentation(self):
        rows = list(table())
        self.assertEqual(len(rows), 10)
        for current, automatically, now, action, target, _ in rows:
            with self.subTest(current=current, automatically=automatically, now=now):
                done = plan(
                    "--profile", PROFILE, "--current", current, f"--auto-update={automatically}", "--now", now
                )
                self.assertEqual((done.returncode, done.stderr), (0, ""), done)
                answer = json.loads(done.stdout)
                self.assertEqual((answer["action"], answer["target"] or ""), (action, target))
                self.assertTrue(answer["reason"])
                self.assertEqual(done.stdout.count("\n"), 1)

    def test_the_order_of_profiles_does_not_matter(self):
        files = [
            self.write("a.yaml", OTHER % ("a", "1.0.0", "deprecated")),
            self.write("b.yaml", OTHER % ("b", "2.0.0", "supported")),
            PROFILE,
        ]
        answers = set()
        for order in itertools.permutations(files):
            arguments = [word for file in order for word in ("--profile", file)]
            done = plan(*arguments, "--current", "0.41.3", "--now", "2026-11-23T12:00:00Z")
            self.assertIn("warning: falco 0.43.0: FalcoProfiles disagree about classification (", done.stderr)
            answers.add((done.returncode, done.stdout, done.stderr))
        self.assertEqual(len(answers), 1)
        self.assertEqual(json.loads(answers.pop()[1])["target"], "0.42.1")

    def test_several_documents_and_lists_are_read(self):
        both = OTHER % ("a", "1.0.0", "supported") + "---\n# nothing\n---\n" + pathlib.Path(PROFILE).read_text()
        self.assertEqual(plan("--profile", self.write("both.yaml", both), "--current", "0.43.0").returncode, 0)
        items = [{"apiVersion": "falco.gardener.cloud/v1alpha1", "kind": "FalcoProfile", "metadata": {"name": "x"},
                  "spec": {"versions": {"falco": [
                      {"version": "9.0.0", "rulesVersion": "1.0.0", "classification": "supported"}]}}}]
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        done = plan("--profile", self.write("list.json", listed), "--current", "1.0.0")
        self.assertEqual(json.loads(done.stdout)["target"], "9.0.0")

    def test_every_problem_of_every_file_is_named_with_its_line(self):
        bad = self.write("bad.yaml", OTHER % ("a", "v1", "unsupported"))
        torn = self.write("torn.yaml", "a: [\n")
        done = plan("--profile", bad, "--profile", torn, "--profile", "/nowhere", "--current", "1.0.0", "--now", "soon")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 5, lines)
        self.assertIn("--now", lines[0])
        self.assertIn(f"{bad}:7: spec.versions.falco[0].classification: expected preview", lines[1])
        self.assertIn(f"{bad}:7: spec.versions.falco[0].rulesVersion: expected a version", lines[2])
        self.assertIn(f"{torn}: line ", lines[3])
        self.assertIn("/nowhere: No such file", lines[4])

    def test_wrong_usage(self):
        for arguments in ([], ["--current", "1.0.0"], ["--profile", PROFILE],
                          ["--profile", PROFILE, "--current", ""],
                          ["--profile", PROFILE, "--current", "1.0.0", "--auto-update=perhaps"]):
            with self.subTest(arguments=arguments):
                done = plan(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertTrue(done.stderr)


if __name__ == "__main__":
    FALCONER = sys.argv.pop(1)
    unittest.main()
