"""One table of objects, asked of `falconer review` offline, of the sandbox's API and of a real kube-apiserver with Falconer's webhook
registered: the same are changed in the same way and refused with the same sentences, and whoever writes reads the same warnings.

Left out: Secrets, which only `falconer review` can be shown, and ConfigMaps that do not exist, of which only the webhook knows that. The
definitions of Shoot, Seed and Project in the real server are ours (crds/README.md)."""

import atexit
import base64
import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.request

import yaml

from kube_http import Api
from kubernetes import Kubernetes, small_definitions
from sandbox_api import SandboxApi
from testbed import FALCONER, ROOT, eventually, free_port

EXAMPLES = ROOT / "config/examples/reviews"
RULES = ROOT / "config/rules/demo"
PROFILE = ROOT / "config/examples/profile.yaml"
LABEL = {"extensions.extensions.gardener.cloud/shoot-falco-service": "true"}
SANE = {"falcoVersion": "0.43.0", "autoUpdate": True, "rules": {"standard": ["falco-rules"]}, "destinations": [{"name": "logging"}]}
# What the garden has besides config/examples/reviews/garden.yaml.
MORE = """
apiVersion: v1
kind: Namespace
metadata: {name: garden-declines, annotations: {falco.gardener.cloud/enabled: "true", falco.gardener.cloud/skip-default-destinations: "true"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: good-rules, namespace: garden-demo}
data: {own.yaml: "- list: mine\\n  items: [a]\\n"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: wrong-rules, namespace: garden-demo}
data: {own.yaml: "- rule: mine\\n  desc: x\\n  condition: nobody_knows_this\\n  output: x\\n  priority: INFO\\n"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: taken-name, namespace: garden-demo}
data: {falco_rules.yaml: "- list: mine\\n  items: [a]\\n"}
"""


def config(fields):
    return {"apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig", **fields}


def thing(kind, entry, **spec):
    return {"apiVersion": "core.gardener.cloud/v1beta1", "kind": kind, "metadata": {"name": "x", "labels": dict(LABEL)},
            "spec": {"extensions": [{"type": "other"}] + ([entry] if entry else []), **spec}}


def shoot(fields=None, namespace="garden-demo", entry=None, **spec):
    made = thing("Shoot", {"type": "shoot-falco-service", **({} if fields is None else {"providerConfig": config(fields)}), **(entry or {})}, **spec)
    made["metadata"]["namespace"] = namespace
    return made


def seed(fields=None, **spec):
    return thing("Seed", {"type": "shoot-falco-service", **({} if fields is None else {"providerConfig": config(fields)})}, **spec)


def refers(name, kind="ConfigMap", version="v1"):
    return {"resources": [{"name": "own", "resourceRef": {"apiVersion": version, "kind": kind, "name": name}}]}


def creations():
    """name → the object that is new."""
    cases = {path.stem: yaml.safe_load(path.read_text()) for path in EXAMPLES.glob("*.yaml")
             if path.stem not in ("garden", "landscape")}
    own = {**SANE, "rules": {"standard": ["falco-rules"], "custom": [{"resourceName": "own"}]}}
    cases |= {
        "no-config": shoot(), "empty-config": shoot({}), "null-config": shoot(entry={"providerConfig": None}),
        "complete": shoot(SANE), "disabled": shoot({"nonsense": 1}, entry={"disabled": True}),
        "disabled-by-a-word": shoot(SANE, entry={"disabled": "yes"}),
        "declines": shoot({}, "garden-declines"), "stranger": shoot({}, "garden-strangers"), "no-central": shoot({}, "garden-other"),
        "central-disabled": shoot({**SANE, "destinations": [{"name": "central", "enabled": False}, {"name": "logging"}]}, "garden-other"),
        "global-first": shoot({"destinations": [{"name": "audit", "enabled": False}]}),
        "unknown-destination": shoot({**SANE, "destinations": [{"name": "loging"}]}),
        "twice": shoot({**SANE, "destinations": [{"name": "logging"}, {"name": "logging"}]}),
        "config-is-a-list": shoot(entry={"providerConfig": []}), "config-is-a-word": shoot(entry={"providerConfig": "x"}),
        "other-kind": shoot(entry={"providerConfig": {"apiVersion": "v1", "kind": "Secret"}}),
        "types": shoot({"falcoVersion": 1, "autoUpdate": "yes", "rules": [], "destinations": {"name": "x"}}),
        "unordered": shoot({"zeta": 1, "alpha": 2, "destinations": [{"what": 1, "name": "x", "also": 2}], "nodeSelector": {"z z": "", "a a": ""}}),
        "no-rules": shoot({**SANE, "rules": {"standard": []}}),
        "tolerations": shoot({**SANE, "tolerations": [{"operator": "Sometimes"}]}),
        "selector": shoot({**SANE, "nodeSelector": {"not a label": "x"}}),
        "resources": shoot({**SANE, "falcoConfig": {"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}}}),
        "good-rules": shoot(own, **refers("good-rules")), "wrong-rules": shoot(own, **refers("wrong-rules")),
        "taken-name": shoot(own, **refers("taken-name")), "rules-of-a-secret": shoot(own, **refers("good-rules", "Secret")),
        "rules-of-v2": shoot(own, **refers("good-rules", version="v2")), "rules-unreferenced": shoot(own),
        "gep": shoot({"resources": "gardener"}), "gep-empty-webhook": shoot({"customWebhook": {"enabled": True}}),
        "gep-falcoctl": shoot({"resources": "falcoctl", "falcoctl": {"install": {"refs": ["falco-rules:5"]}}}),
        "gep-no-central": shoot({"resources": "gardener"}, "garden-other"), "both": shoot({**SANE, "resources": "gardener"}),
        "seed": seed(), "seed-bare": thing("Seed", None), "seed-wrong": seed({**SANE, "falcoVersion": "9.9.9"}),
        "seed-logging": seed(SANE), "seed-otlp": seed({**SANE, "destinations": [{"name": "otlp"}]}),
        "many-lines": shoot({**SANE, "destinations": [{"name": f"d{i}"} for i in range(80)]}),
        "odd-names": shoot({**SANE, "destinations": [{"name": 'a "b" \\ ü'}, {"name": "x\ny"}]}),
    }
    return cases


def updates():
    """name → the object as it stood before the webhook was there, and what is made of it."""
    def with_config(fields, purpose=None):
        def change(made):
            if fields is not None:
                made["spec"]["extensions"][-1]["providerConfig"] = config(fields)
            if purpose:
                made["spec"]["purpose"] = purpose
        return change

    def annotated(made):
        made["metadata"]["annotations"] = {"a": "b"}

    def without(made):
        made["spec"]["extensions"] = []
    stale = {**SANE, "destinations": [{"name": "logging"}, {"name": "retired"}]}
    return {
        "annotated": (shoot(SANE), annotated), "annotated-broken": (shoot({"nonsense": 1}), annotated),
        "annotated-stale": (shoot(stale), annotated), "purpose": (shoot(SANE), with_config(None, "testing")),
        "purpose-stale": (shoot(stale), with_config(None, "testing")),
        "only-stale": (shoot({**SANE, "destinations": [{"name": "retired"}]}), with_config(None, "testing")),
        "purpose-broken": (shoot({"nonsense": 1}), with_config(None, "testing")),
        "repaired": (shoot({"nonsense": 1}), with_config(SANE)), "emptied": (shoot(SANE), with_config({})),
        "to-unknown-version": (shoot(SANE), with_config({**SANE, "falcoVersion": "9.9.9"})),
        "keeps-its-old-version": (shoot({**SANE, "falcoVersion": "0.1.0"}), with_config({**SANE, "falcoVersion": "0.1.0"}, "testing")),
        "decides-beforehand": (shoot(SANE), with_config({**SANE, "destinations": [{"name": "logging"}, {"name": "audit", "enabled": False}]})),
        "to-the-other-form": (shoot(SANE), with_config({"falcoVersion": "0.43.0", "resources": "gardener"})),
        "first-use-by-a-stranger": (shoot(namespace="garden-strangers", entry={"type": "third"}),
                                    lambda made: made["spec"]["extensions"].append({"type": "shoot-falco-service"})),
        "goes-on-in-a-strangers-place": (shoot(SANE, "garden-strangers"), with_config(None, "testing")),
        "taken-out": (shoot(SANE), without), "seed-purpose": (seed({**SANE, "destinations": [{"name": "stdout"}]}), with_config(None, "testing")),
        "seed-stale": (seed({**SANE, "destinations": [{"name": "retired"}]}), with_config(None, "testing")),
        "leaves": (shoot(SANE), with_config({"nonsense": 1})),
        "rules-broke-later": (shoot({**SANE, "rules": {"custom": [{"resourceName": "own"}]}}, **refers("wrong-rules")), with_config(None, "testing")),
    }


def patched(made, patch):
    """With the few kinds of changes that there are."""
    made = copy.deepcopy(made)
    for each in patch:
        at = made["spec"]
        if each["path"] == "/spec/extensions":
            at["extensions"] = each["value"]
        elif each["path"] == "/spec/extensions/-":
            at["extensions"].append(each["value"])
        else:
            index = re.fullmatch(r"/spec/extensions/(\d+)/providerConfig", each["path"]).group(1)
            at["extensions"][int(index)]["providerConfig"] = each["value"]
    return made


class Table:
    """The cases. A subclass says which API server: cls.begin() sets cls.api and cls.kubeconfig."""

    not_here = set()

    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-reviews."))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.begin()
        for each in [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "garden"}}, *cls.garden()]:
            cls.api.create(each)
        # What stands there already was never looked at.
        cls.stood = {}
        for name, (before, _) in updates().items():
            before["metadata"]["name"] = name
            if name == "leaves":
                before["metadata"]["finalizers"] = ["example.com/stays"]
            cls.api.create(before)
            if name == "leaves":
                cls.api.call("DELETE", cls.path(before))
            cls.stood[name] = cls.api.call("GET", cls.path(before))
        cls.serve()

    @staticmethod
    def garden():
        text = (EXAMPLES / "garden.yaml").read_text() + "\n---\n" + MORE
        return [each for each in yaml.safe_load_all(text) if each["kind"] != "Secret"]

    @classmethod
    def path(cls, made):
        return f"{cls.api.path_of(made)}/{made['metadata']['name']}"

    @classmethod
    def serve(cls):
        key = cls.home / "key.pem"
        key.write_bytes(subprocess.run([FALCONER, "token", "keygen"], check=True, capture_output=True).stdout)
        port, cls.health = free_port(), free_port()
        landscape = yaml.safe_load((EXAMPLES / "landscape.yaml").read_text())
        landscape["falco"]["centralStorage"]["tokenIssuerPrivateKeyFile"] = str(key)
        cls.config = cls.home / "falconer.yaml"
        cls.config.write_text(json.dumps({
            **landscape, "health": {"listen": f"127.0.0.1:{cls.health}"}, "metrics": {"listen": f"127.0.0.1:{free_port()}"},
            "admission": {"kubeconfig": str(cls.kubeconfig), "namespace": "garden", "mode": "url", "listen": f"127.0.0.1:{port}",
                          "leaderElection": False, "rules": str(RULES), "restrictedUsage": True, "restrictedCentralizedLogging": True,
                          "drain": {"accept": "0s", "idle": "0s", "limit": "5s"}}}))
        (cls.home / "objects.yaml").write_text(yaml.safe_dump_all(cls.garden()))
        with open(cls.home / "log", "wb") as log:
            cls.process = subprocess.Popen([FALCONER, "serve", "--config", cls.config, "--roles", "admission"], stdout=log, stderr=log,
                                           env={k: v for k, v in os.environ.items() if k != "RESTRICTED_USAGE"})
        cls.addClassCleanup(cls.stop)
        atexit.register(cls.process.kill)  # of a test that is interrupted
        eventually(cls.is_ready, 180, "it is ready")
        probe = shoot({})
        probe["metadata"]["name"] = "probe"
        eventually(lambda: "autoUpdate" in cls.api.call("POST", cls.api.path_of(probe), probe, "?dryRun=All")
                   ["spec"]["extensions"][1]["providerConfig"], 180, "the API server calls the webhook")

    @classmethod
    def stop(cls):
        cls.process.terminate()
        cls.process.wait(60)

    @classmethod
    def is_ready(cls):
        assert cls.process.poll() is None, (cls.home / "log").read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{cls.health}/readyz/admission", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def offline(self, made, old=None):
        """(the object as it would be written, or the sentences of its refusal; the warnings)"""
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "u-1", "operation": "UPDATE" if old else "CREATE", "object": made, "oldObject": old,
            "kind": {"group": "core.gardener.cloud", "version": "v1beta1", "kind": made["kind"]}}}
        done = subprocess.run(
            [FALCONER, "review", "--phase", "validate", "--after-mutation", "--profile", PROFILE, "--config", self.config, "--objects",
             self.home / "objects.yaml", "--rules", RULES, "--restricted-usage", "--restricted-centralized-logging"],
            input=json.dumps(review), capture_output=True, text=True, timeout=60,
            env={k: v for k, v in os.environ.items() if k != "RESTRICTED_USAGE"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        response = json.loads(done.stdout)["response"]
        warnings = response.get("warnings", [])
        if not response["allowed"]:
            return (response["status"]["code"], response["status"]["message"]), warnings
        return patched(made, json.loads(base64.b64decode(response.get("patch", "W10=")))), warnings

    def live(self, made, old=None):
        """The same of the API server. A refusal is the webhook's own words, without whose they are."""
        target = self.path(made) if old else self.api.path_of(made)
        status, fields, text = self.api._exchange("PUT" if old else "POST", target, json.dumps(made).encode(), {
            "Authorization": f"Bearer {self.api._token}", "Content-Type": "application/json"})
        answer = json.loads(text)
        warnings = [re.sub(r"\\(.)", r"\1", re.fullmatch(r'299 - "(.*)"', each).group(1)) for each in fields.get_all("Warning", [])]
        warnings = [each.encode("latin-1").decode() for each in warnings if each.startswith("spec.extensions")]
        if status < 300:
            return answer, warnings
        said = re.fullmatch(r'admission webhook "(mutator|validator)\.admission-shoot-falco-service\.extensions\.gardener\.cloud" '
                            r"denied the request: (.*)", answer["message"], re.DOTALL)
        self.assertTrue(said, answer)
        return (status, said.group(2)), warnings

    def compare(self, made, old=None):
        """Whether it was refused, and whether it was changed."""
        (expected, warnings), (is_so, said) = self.offline(made, old), self.live(made, old)
        if isinstance(expected, tuple):
            self.assertEqual(is_so, expected)
            return True, False
        self.assertIsInstance(is_so, dict, is_so)
        self.assertEqual(is_so["spec"], expected["spec"])
        self.assertEqual(said, warnings)
        return False, expected["spec"] != made["spec"]

    def test_what_is_new(self):
        seen = []
        for name, made in sorted(creations().items()):
            if name in self.not_here:
                continue
            with self.subTest(name):
                made["metadata"]["name"] = name
                made["metadata"].setdefault("labels", dict(LABEL))
                seen.append(self.compare(made))
        refused, changed = (sum(each[i] for each in seen) for i in (0, 1))
        print(f"{len(seen)} new objects: {refused} refused, {changed} changed")
        self.assertGreater(refused, 20)
        self.assertGreater(changed, 8)

    def test_what_is_changed(self):
        seen = []
        for name, (_, change) in sorted(updates().items()):
            with self.subTest(name):
                made = copy.deepcopy(self.stood[name])
                change(made)
                seen.append(self.compare(made, self.stood[name]))
        refused, changed = (sum(each[i] for each in seen) for i in (0, 1))
        print(f"{len(seen)} changed objects: {refused} refused, {changed} changed further")
        self.assertGreaterEqual(refused, 3)
        self.assertGreater(changed, 3)


class ReviewsOfTheRealServer(Table, unittest.TestCase):
    @classmethod
    def begin(cls):
        cls.api = Kubernetes()
        cls.addClassCleanup(cls.api.close)
        cls.kubeconfig = cls.api.kubeconfig
        cls.api.define(*small_definitions("core.gardener.cloud"), *yaml.safe_load_all((ROOT / "config/crds/falcoprofiles.yaml").read_text()))
        cls.api.create(yaml.safe_load(PROFILE.read_text()))


class ReviewsOfTheSandbox(Table, unittest.TestCase):
    # It labels as Gardener does, by what an object asks for; that all seeds use an extension is said by a ControllerRegistration, and
    # there is none.
    not_here = {"seed-bare"}

    @classmethod
    def begin(cls):
        sandbox = SandboxApi(cls.home)
        cls.addClassCleanup(sandbox.close)
        cls.kubeconfig = sandbox.kubeconfig
        cls.api = Api(sandbox.kubeconfig)


if __name__ == "__main__":
    unittest.main(verbosity=2)
