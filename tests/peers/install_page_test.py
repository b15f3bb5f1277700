"""docs/operations.md, "Install in a landscape", word by word: its commands make every Secret and ConfigMap that the examples name, in the
namespace they are looked for and with the keys that are read; its values are taken by the charts and by Falconer.

The clusters are not there: kubectl and helm are programs that note what they are called with."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

import charts
from chart_cases import SPACE, STORE_VALUES, keys
from charts import ADMISSION_APPLICATION, ADMISSION_RUNTIME, CONTROLLER, EVENTS, merged, one, pod_of, render, workloads
from testbed import FALCONER, ROOT

NOTED = """#!/usr/bin/env python3
import json, os, sys
with open(os.environ["NOTES"], "a") as notes:
    notes.write(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]) + "\\n")
"""
MADE_BY_CLOUDNATIVE_PG = {"falconer-store-ca"}


def blocks(kind):
    """The page's blocks of a kind that this test shows."""
    page = (ROOT / "docs/operations.md").read_text()
    return re.findall(rf"<!-- shown by: tests/peers/install_page_test.py -->\n```{kind}\n(.*?)```", page, re.S)


def option(call, name):
    """What an option is given, as often as it is given, in the form --name=value."""
    return [each.split("=", 1)[1] for each in call if each.startswith(f"--{name}=")]


def made_by(calls, home):
    """(kind, name) → its keys, of what kubectl is told to make in the namespace falconer."""
    made = {}
    for call in calls:
        if call[:4] != ["kubectl", "-n", "falconer", "create"]:
            continue
        kind, *rest = call[4:]
        name = rest[0] if kind == "configmap" else rest[1]
        if rest[0] == "tls":
            found = {"tls.crt", "tls.key"}
            files = option(call, "cert") + option(call, "key")
        else:
            given = option(call, "from-file")
            found = {each.split("=")[0] for each in option(call, "from-literal") + given}
            files = [each.split("=")[-1] for each in given]
        for file in files:
            assert (home / file).exists(), f"{call}: no {file}"
        made["ConfigMap" if kind == "configmap" else "Secret", name] = found
    return made


class InstallPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="falconer-install.")
        cls.addClassCleanup(folder.cleanup)
        cls.home = pathlib.Path(folder.name)
        tools = cls.home / "bin"
        tools.mkdir()
        for name in ("kubectl", "helm"):
            (tools / name).write_text(NOTED)
            (tools / name).chmod(0o755)
        (tools / "falconer").symlink_to(pathlib.Path(FALCONER).resolve())
        (cls.home / "config").symlink_to(ROOT / "config")
        (cls.home / "charts").symlink_to(ROOT / "charts")
        # What the page says is there already.
        for name in ("events.crt", "events.key", "console.crt", "console.key", "console.kubeconfig"):
            (cls.home / name).write_text("x")
        notes = cls.home / "notes"
        around = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "NOTES": str(notes)}
        lines = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(lines)], cwd=cls.home, env=around, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        cls.calls = [json.loads(line) for line in notes.read_text().splitlines()]

    def test_whatever_the_examples_name_is_made_with_the_keys_that_are_read(self):
        made = made_by(self.calls, self.home)
        needed = {}
        for workload in workloads(render(EVENTS, STORE_VALUES, namespace="falconer")):
            for volume in pod_of(workload)["spec"]["volumes"]:
                for kind, source, name in (("Secret", "secret", "secretName"), ("ConfigMap", "configMap", "name")):
                    if source in volume:
                        held = volume[source]
                        needed.setdefault((kind, held[name]), set()).update(each["key"] for each in held.get("items", []))
        own = {(each["kind"], each["metadata"]["name"]) for each in render(EVENTS, STORE_VALUES, namespace="falconer")}
        # Read whole, by these names.
        needed["Secret", "falconer-garden"].add("kubeconfig")
        needed["ConfigMap", "falconer-cluster-keys"].add("keys.yaml")
        for name in ("falconer-tls", "falconer-console-tls"):
            needed["Secret", name] |= {"tls.crt", "tls.key"}
        for name, wanted in needed.items():
            if name not in own and name[1] not in MADE_BY_CLOUDNATIVE_PG:
                with self.subTest(name=name):
                    self.assertIn(name, made, "nobody is told to make it")
                    self.assertLessEqual(wanted, made[name])
        self.assertEqual(made.keys() - needed.keys(), set(), "made, and used by nobody")

    def test_the_stores_roles_have_their_secrets(self):
        cluster = yaml.safe_load((ROOT / "config/examples/cloudnative-pg.yaml").read_text())
        secrets = {cluster["spec"]["bootstrap"]["initdb"]["owner"]: cluster["spec"]["bootstrap"]["initdb"]["secret"]["name"]}
        secrets.update({each["name"]: each["passwordSecret"]["name"] for each in cluster["spec"]["managed"]["roles"]})
        for role, name in secrets.items():
            call = next(each for each in self.calls if each[4:7] == ["secret", "generic", name])
            self.assertIn(f"username={role}", option(call, "from-literal"))

    def test_what_is_applied_is_of_the_namespace_that_is_named(self):
        applied = 0
        for call in self.calls:
            if "apply" in call:
                file = call[call.index("-f") + 1]
                for each in yaml.safe_load_all((self.home / file).read_text()):
                    applied += 1
                    named = call[call.index("-n") + 1] if "-n" in call else None
                    self.assertEqual(each["metadata"].get("namespace"), named, f"kubectl refuses {file}")
        self.assertGreaterEqual(applied, 4)

    def test_its_values_are_taken_by_charts_and_program(self):
        (block,) = blocks("yaml")
        deployment = yaml.safe_load(block)
        extension, admission = deployment["extension"]["values"], deployment["admission"]["values"]
        self.assertEqual(extension["falco"]["centralStorage"]["tokenIssuerPrivateKey"], "TOKENS.PEM")
        extension["falco"]["centralStorage"]["tokenIssuerPrivateKey"] = keys()[0]
        account = one(render(ADMISSION_APPLICATION, merged(charts.OPERATOR_ADMISSION_VIRTUAL, admission)), "ServiceAccount", "falconer-console")
        self.assertEqual(account["kind"], "ServiceAccount")
        for chart, values, space in ((CONTROLLER, merged(charts.GARDENLET, extension), SPACE),
                                     (ADMISSION_RUNTIME, merged(charts.OPERATOR_ADMISSION_RUNTIME, admission), "garden")):
            objects = render(chart, values, namespace=space)
            arguments, around = charts.lay_out(workloads(objects)[0], objects, self.home / chart)
            done = subprocess.run([FALCONER, *arguments, "--check"], capture_output=True, text=True, env={**os.environ, "SEED_NAME": "my-seed", **around})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_both_admission_charts_are_given_the_same_values(self):
        known = {}
        for chart in (ADMISSION_RUNTIME, ADMISSION_APPLICATION):
            known[chart] = set(json.loads((charts.CHARTS / chart / "values.schema.json").read_text())["properties"])
        self.assertEqual(known[ADMISSION_RUNTIME], known[ADMISSION_APPLICATION])
        together = {"restrictedUsage": True, "replicaCount": 3, "console": {"enabled": True}, "readConfigMaps": False}
        for chart in known:
            render(chart, together)
            with self.assertRaisesRegex(AssertionError, "restrictedUsege"):
                render(chart, merged(together, {"restrictedUsege": True}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
