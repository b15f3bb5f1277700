"""A version of rules that nobody had when `falconer up` was started reaches a shoot of it without a restart: from a folder, as it
lies in a landscape without a network. From a registry: tests/peers/rules_source_test.py."""

import json
import os
import pathlib
import shutil
import tempfile
import unittest
import urllib.error

from testbed import eventually
from up_test import INSIDE, MINE, Kubernetes, Up, leftovers

PROFILE = {"apiVersion": "falco.gardener.cloud/v1alpha1", "kind": "FalcoProfile", "metadata": {"name": "next"},
           "spec": {"versions": {"falco": [{"version": "0.99.0", "rulesVersion": "6.0.0", "classification": "preview"}]},
                    "images": {"falco": [{"version": "0.99.0", "repository": "registry.example.com/falco", "tag": "0.99.0"}]}}}
RULES = "- list: rules_of_version_six\n  items: []\n- rule: Six\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n"


class UpRules(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-up-rules."))
        os.chmod(self.home, 0o755)  # PostgreSQL's user passes through
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.source = self.home / "brought"
        self.source.mkdir()

    def try_it(self, *more):
        up = Up(self.home / "data", "--shoots", "1", "--rules-from", self.source, *more).wait_until_up()
        api = Kubernetes(self.home / "data")
        api.ask("/apis/falco.gardener.cloud/v1alpha1/falcoprofiles", PROFILE)
        shoot = json.loads(json.dumps(MINE))
        shoot["spec"]["extensions"][0]["providerConfig"] = {
            "apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig", "falcoVersion": "0.99.0",
            "rules": {"standard": ["falco-rules", "gardener-detections"]}, "destinations": [{"name": "stdout"}]}

        def made():
            try:
                return api.ask("/apis/core.gardener.cloud/v1beta1/namespaces/garden-demo/shoots", shoot)
            except urllib.error.HTTPError as why:
                why.close()  # the webhook has not heard of the profile yet
                return None
        eventually(made, 120, "the shoot is let in")

        def waits():
            return "the rules of version 6.0.0" in json.dumps(api.shoot("mine").get("status", {}))
        eventually(waits, 180, "the shoot waits for rules that are nowhere")

        # Somebody brings them: whole or not at all.
        (self.home / "coming").mkdir()
        (self.home / "coming/falco_rules.yaml").write_text(RULES)
        (self.home / "coming").rename(self.source / "6.0.0")
        eventually(lambda: api.is_done("mine"), 240, "the shoot goes on by itself")
        self.assertEqual(api.ask(INSIDE + "/falco-rules")["data"]["falco_rules.yaml"], RULES)
        self.assertIn("Shell in a control plane pod", api.ask(INSIDE + "/falco-gardener-detections")["data"]["gardener_detections.yaml"])
        kept = self.home / "data/pulled-rules/controller/6.0.0"
        self.assertEqual((kept / "falco_rules.yaml").read_text(), RULES)
        self.assertEqual(up.end(), 0)
        self.assertEqual(leftovers(self.home / "data"), [])

    def test_rules_that_are_brought_while_it_runs_reach_a_shoot(self):
        self.try_it()

    def test_the_same_where_each_role_is_a_process(self):
        self.try_it("--split")


if __name__ == "__main__":
    unittest.main()
