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

# Of the whole tree, but for what is made or brought: build folders and packages.
PAGES = sorted(page for page in ROOT.rglob("*.md") if not {"build", "node_modules", ".git", "dist"} & set(page.relative_to(ROOT).parts))
FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<body>.*?)^ *```$", re.M | re.S)
MARK = re.compile(r"<!-- (?P<what>run|shoot|object|shown by: (?P<file>\S+)|not run: (?P<why>.+?)) -->\s*$")
SPAN = re.compile(r"`([^`\n]+)`")
NOW = "2026-11-27T12:00:00Z"
PROFILE = "config/examples/profile.yaml"
PLUGINS = "config/examples/plugins-profile.yaml"


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


def spans(page):
    """What stands in the page's text as code."""
    return SPAN.findall(FENCE.sub("", page.read_text()))


def heading_anchors(page):
    """As GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+?) *$", FENCE.sub("", page.read_text()), re.M)}


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

    def test_every_page_is_looked_at_and_every_block_is_fenced(self):
        """A block that is only indented would be looked at by nobody."""
        seen = {page.relative_to(ROOT).as_posix() for page in PAGES}
        self.assertLessEqual({"README.md", "docs/operations.md", "charts/README.md", "load-tests/README.md", "web/README.md", "config/manifests/README.md"}, seen)
        for page in PAGES:
            above = before = ""
            for number, line in enumerate(FENCE.sub(lambda found: "\n" * found[0].count("\n"), page.read_text()).splitlines(), 1):
                in_list = re.match(r" *([-*+]|\d+\.) ", above) or above.startswith("  ")
                with self.subTest(page=page.name, line=number):
                    self.assertFalse(line.startswith("    ") and not before.strip() and not in_list, line)
                before, above = line, line if line.strip() else above

    def test_figures_for_sizing_are_measured_ones(self):
        """Each in the column "measured" stands in the results of the load tests, perhaps rounded."""
        def numbers(text):
            return [float(each.replace(",", "")) for each in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]
        results = numbers((ROOT / "load-tests/README.md").read_text().partition("## Results")[2])
        # Of disks, and of how much that is for one event: ten million of them need 20 GB there.
        told = numbers((ROOT / "load-tests/README.md").read_text().partition("## Results")[0]) + [2, 1.4, 99, 100]
        part = re.search(r"^## Sizing\n(.*?)^## ", (ROOT / "docs/operations.md").read_text(), re.M | re.S)[1]
        rows = [line.split("|")[2] for line in part.splitlines() if line.startswith("| ") and not line.startswith("| what")]
        self.assertGreater(len(rows), 7)
        for row in rows:
            for figure in numbers(row):
                with self.subTest(row=row, figure=figure):
                    self.assertTrue(any(abs(figure - each) <= 0.06 * each for each in results + told), figure)

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
        done = subprocess.run([FALCONER, "review", "--phase", phase, "--profile", PROFILE, "--profile", PLUGINS, "--objects", garden, "--now", NOW],
                              input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["response"]

    def test_every_command_that_the_text_names_is_one(self):
        asked = set()
        for page in PAGES:
            for span in spans(page):
                words = re.match(r"falconer((?: [a-z][a-z-]*)+)(?= |$)", span)
                if not words or words[1] in asked:
                    continue
                asked.add(words[1])
                with self.subTest(page=page.name, command=span):
                    done = subprocess.run([FALCONER, *words[1].split(), "--help"], capture_output=True, text=True, timeout=60)
                    self.assertIn(f"Usage: falconer{words[1]} ", done.stdout + done.stderr)
        self.assertGreater(len(asked), 20)

    def test_every_metric_that_the_text_names_is_told(self):
        told = set()
        for source in (ROOT / "src").rglob("*.[ch]pp"):
            told.update(re.findall(r'"(falconer_\w+)"', source.read_text()))
        named = 0
        for page in PAGES:
            for metric in re.findall(r"`(falconer_[a-z_]+[a-z])(?:\{[^`]*\})?`", page.read_text()):
                named += 1
                with self.subTest(page=page.name, metric=metric):
                    self.assertIn(metric, told)
        self.assertGreater(named, 40)

    def test_every_alert_has_its_section_in_the_runbook(self):
        alerts = set()
        for template in (ROOT / "charts").rglob("*.yaml"):
            alerts.update(re.findall(r"^ *- alert: *(\S+)", template.read_text(), re.M))
        self.assertGreater(len(alerts), 10)
        part = re.search(r"^## Alerts\n(.*?)^## ", (ROOT / "docs/runbook.md").read_text(), re.M | re.S)[1]
        sections = dict(re.findall(r"^### (\S+)\n(.*?)(?=^### |\Z)", part, re.M | re.S))
        self.assertEqual(set(sections), alerts)
        for name, text in sections.items():
            with self.subTest(name):
                self.assertEqual(re.findall(r"^- \*\*(\w+)\*\* \S", text, re.M), ["Means", "Look", "Do"])

    def test_every_link_between_pages_leads_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text())):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                with self.subTest(page=page.name, link=target):
                    file = (page.parent / path) if path else page
                    self.assertTrue(file.exists(), path)
                    if anchor and file.suffix == ".md":
                        self.assertIn(anchor, heading_anchors(file))

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
