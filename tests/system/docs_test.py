"""Every block of the documentation is true: commands run, shoots are accepted, objects are read.

A fenced block is preceded by a comment that says how it is known to be true:

    <!-- run -->            its commands run here, one after the other, in a folder with falconer.yaml; all succeed,
                            and the lines between them are what they print (… stands for anything)
    <!-- shoot -->          the spec of a Shoot: its defaults are filled and it is accepted
    <!-- object -->         an object of the garden that the page's shoots may name; a ConfigMap's files lie in the folder
    <!-- shown by: FILE --> a test that does it; the file is there
    <!-- not run: why -->   nobody can do it here

Blocks of `text` are no claims.
"""
import base64
import json
import os
import pathlib
import re
import subprocess
import unittest

import yaml
from testbed import BUILD, FALCONER, ROOT, Testbed

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "config").rglob("*.md"))]
FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<body>.*?)^ *```$", re.M | re.S)
MARK = re.compile(r"<!-- (?P<what>run|shoot|object|shown by: (?P<file>\S+)|not run: (?P<why>.+?)) -->\s*$")
NOW = "2026-11-27T12:00:00Z"
PROFILE = "config/examples/profile.yaml"


def blocks(page):
    """(line, kind, mark or None, text) of every block that claims something."""
    text = page.read_text()
    for found in FENCE.finditer(text):
        kind = found["kind"]
        if kind == "text":
            continue
        indent = len(found["indent"])
        body = "".join(line[indent:] if line.strip() else line for line in found["body"].splitlines(True))
        yield (text.count("\n", 0, found.start()) + 1, kind, MARK.search(text[: found.start()]), body)


def commands(body):
    """[command, what it prints] of a block; a command goes on after a backslash."""
    done = []
    for line in body.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            done.append([line[2:], []])
        elif done and line.strip():
            done[-1][1].append(line)
    return done


def is_like(wanted, line):
    return re.fullmatch(".*".join(map(re.escape, wanted.rstrip().split("…"))), line.rstrip()) is not None


class Documentation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = cls.enterClassContext(Testbed())
        cls.bed.migrate()
        (cls.bed.home / "config").symlink_to(ROOT / "config")

    def test_every_block_says_how_it_is_known_to_be_true(self):
        for page in PAGES:
            for line, kind, mark, _ in blocks(page):
                with self.subTest(page=page.name, line=line, kind=kind):
                    self.assertIsNotNone(mark, "no comment in front of the block says how it is known to be true")
                    if mark["file"]:
                        self.assertTrue((ROOT / mark["file"]).exists(), mark["file"])

    def test_commands_do_what_the_page_says(self):
        environment = {**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}"}
        ran = 0
        for page in PAGES:
            for name, text in self.files_of(page).items():
                (self.bed.home / name).write_text(text)
            for line, _, mark, body in blocks(page):
                if not mark or mark["what"] != "run":
                    continue
                self.assertTrue(commands(body), f"{page.name}:{line} has no command")
                for command, wanted in commands(body):
                    with self.subTest(page=page.name, line=line, command=command):
                        done = subprocess.run(["bash", "-c", command], cwd=self.bed.home, env=environment, timeout=300,
                                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
                        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                        printed = (done.stdout + done.stderr).splitlines()
                        for each in wanted:
                            self.assertTrue(any(is_like(each, said) for said in printed), (each, printed))
                        ran += 1
        self.assertGreater(ran, 8)

    @staticmethod
    def files_of(page):
        files = {}
        for _, _, mark, body in blocks(page):
            if mark and mark["what"] == "object":
                files.update(yaml.safe_load(body).get("data", {}))
        return files

    def garden(self, page):
        objects = [{"apiVersion": "v1", "kind": "Namespace",
                    "metadata": {"name": "garden-demo", "labels": {"project.gardener.cloud/name": "demo"}}},
                   {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Project", "metadata": {"name": "demo"},
                    "spec": {"namespace": "garden-demo"}}]
        objects += [yaml.safe_load(body) for _, _, mark, body in blocks(page) if mark and mark["what"] == "object"]
        path = self.bed.home / "garden.yaml"
        path.write_text(yaml.safe_dump_all(objects))
        return path

    def review(self, phase, shoot, garden):
        asked = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                 "request": {"uid": "1", "operation": "CREATE", "namespace": "garden-demo", "name": "mine",
                             "kind": {"group": "core.gardener.cloud", "version": "v1beta1", "kind": "Shoot"},
                             "resource": {"group": "core.gardener.cloud", "version": "v1beta1", "resource": "shoots"},
                             "object": shoot}}
        done = subprocess.run([FALCONER, "review", "--phase", phase, "--profile", PROFILE, "--objects", garden, "--now", NOW],
                              input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["response"]

    def test_every_shoot_is_accepted_as_it_stands(self):
        seen = 0
        for page in PAGES:
            for line, _, mark, body in blocks(page):
                if not mark or mark["what"] != "shoot":
                    continue
                shoot = {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot",
                         "metadata": {"name": "mine", "namespace": "garden-demo"}, **yaml.safe_load(body)}
                with self.subTest(page=page.name, line=line):
                    garden = self.garden(page)
                    filled = self.review("mutate", shoot, garden)
                    self.assertTrue(filled["allowed"], filled)
                    whole = apply_patch(shoot, filled.get("patch"))
                    answer = self.review("validate", whole, garden)
                    self.assertTrue(answer["allowed"], answer)
                    self.assertNotIn("warnings", answer)
                seen += 1
        self.assertGreater(seen, 3)


def apply_patch(document, patch):
    """RFC 6902's add and replace, as far as an admission webhook writes them."""
    document = json.loads(json.dumps(document))
    for step in json.loads(base64.b64decode(patch)) if patch else []:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
        at = document
        for part in way:
            at = at[int(part)] if isinstance(at, list) else at[part]
        assert step["op"] in ("add", "replace"), step
        if isinstance(at, list):
            if step["op"] == "add":
                at.insert(len(at) if last == "-" else int(last), step["value"])
            else:
                at[int(last)] = step["value"]
        else:
            at[last] = step["value"]
    return document


if __name__ == "__main__":
    unittest.main()
