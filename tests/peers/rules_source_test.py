"""Rules without a release: a running controller gets a version that its profile names from a real registry, and goes on
with what it has when the registry is away. The Kubernetes API is the sandbox's, of `falconer up`, whose own controller
looks after shoots; ours after the seed."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
from datetime import datetime, timezone

from registry import Registry
from kube_http import Api
from testbed import FALCONER, Testbed, eventually, free_port
from up_test import Up, leftovers

PROFILES = "/apis/falco.gardener.cloud/v1alpha1/falcoprofiles"
EXTENSIONS = "/apis/extensions.gardener.cloud/v1alpha1/namespaces/garden/extensions"
SEEDS = "/apis/core.gardener.cloud/v1beta1/seeds"


class RulesSource(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-source."))
        os.chmod(self.home, 0o755)
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.registry = Registry(self.home, "registry")
        self.addCleanup(self.registry.close)
        self.up = Up(self.home / "data", "--shoots", "0").wait_until_up()
        self.addCleanup(self.end_up)
        self.kubeconfig = self.home / "data/kubernetes/kubeconfig"
        self.api = Api(self.kubeconfig)
        self.falconer = None
        self.addCleanup(self.stop)
        self.make_seed()

    def end_up(self):
        self.up.end()
        self.assertEqual(leftovers(self.home / "data"), [])

    def make_seed(self):
        for name in ("garden", "extension-falco"):
            try:
                self.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
            except AssertionError as why:
                self.assertIn(": 409 ", str(why), "it may be there already")
        self.api.call("POST", SEEDS, {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Seed", "metadata": {"name": "test-seed"},
                                      "spec": {"ingress": {"domain": "d.example"}}})
        self.api.call("PATCH", f"{SEEDS}/test-seed/status", {"status": {"clusterIdentity": "test-seed-id"}})

    def offer(self, name, falco, rules):
        """A FalcoProfile with one more version: all that a landscape's operator does."""
        self.api.call("POST", PROFILES, {
            "apiVersion": "falco.gardener.cloud/v1alpha1", "kind": "FalcoProfile", "metadata": {"name": name},
            "spec": {"versions": {"falco": [{"version": falco, "rulesVersion": rules, "classification": "supported"}]},
                     "images": {"falco": [{"version": falco, "repository": "registry.example.com/falco", "tag": falco}]}}})

    def start(self):
        self.metrics = free_port()
        config = {
            "apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration",
            "controller": {"kubeconfig": str(self.kubeconfig), "seedName": "test-seed", "namespace": "extension-falco",
                           "extensionClasses": ["seed"], "leaderElection": False, "rules": str(self.home / "data/rules"),
                           "rulesSource": {"from": f"{self.registry.base}/falcosecurity/rules", "every": "1m",
                                           "cache": str(self.home / "cache"), "artifacts": ["falco-rules"]}},
            "metrics": {"listen": f"127.0.0.1:{self.metrics}"}, "health": {"listen": f"127.0.0.1:{free_port()}"}}
        (self.home / "falconer.yaml").write_text(json.dumps(config))
        self.log = open(self.home / "falconer.log", "ab")
        self.falconer = subprocess.Popen([FALCONER, "serve", "--config", self.home / "falconer.yaml", "--roles", "controller"],
                                         stdout=self.log, stderr=self.log)

    def stop(self):
        if self.falconer and self.falconer.poll() is None:
            self.falconer.kill()
            self.falconer.wait()
            self.log.close()

    def said(self):
        return (self.home / "falconer.log").read_text(errors="replace")[-4000:]

    def ask(self, version):
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        annotations = {"gardener.cloud/operation": "reconcile", "gardener.cloud/timestamp": now}
        spec = {"type": "shoot-falco-service", "class": "seed", "providerConfig": {
            "apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig", "falcoVersion": version,
            "destinations": [{"name": "stdout"}], "rules": {"standard": ["falco-rules"]}}}
        if self.api.call("GET", f"{EXTENSIONS}/shoot-falco-service") is None:
            self.api.call("POST", EXTENSIONS, {"apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Extension",
                                               "metadata": {"name": "shoot-falco-service", "annotations": annotations}, "spec": spec})
        else:
            self.api.call("PATCH", f"{EXTENSIONS}/shoot-falco-service", {"metadata": {"annotations": annotations}, "spec": spec})

    def status(self):
        return self.api.call("GET", f"{EXTENSIONS}/shoot-falco-service").get("status", {})

    def wait_for(self, state, saying=""):
        def there():
            is_ = self.status()
            return is_.get("lastOperation", {}).get("state") == state and saying in json.dumps(is_.get("lastError", ""))
        try:
            eventually(there, 180, f"the Extension is {state}")
        except AssertionError as why:
            raise AssertionError(f"{why}: {json.dumps(self.status(), indent=1)}\n{self.said()}") from None

    def missing(self):
        page = Testbed.get(self.metrics, "/metrics")[1]
        return next((line.split()[1] for line in page.splitlines() if line.startswith("falconer_rules_missing_versions ")), None)

    def test_new_rules_need_no_release_and_no_registry_once_they_are_here(self):
        self.start()
        # A version that nobody has is a sentence, and the shoot waits.
        self.offer("next", "0.99.0", "6.0.0")
        self.ask("0.99.0")
        self.wait_for("Error", "the rules of version 6.0.0")
        # It is published, and whoever waits goes on by himself.
        self.registry.push("falco-rules", "6.0.0", "- list: rules_of_version_six\n  items: []\n")
        self.wait_for("Succeeded")
        self.assertIn("rules_of_version_six", (self.home / "cache/6.0.0/falco_rules.yaml").read_text())
        eventually(lambda: self.missing() == "0", 180, "nothing is missing")

        # The registry is away, and we begin anew.
        self.registry.close()
        self.stop()
        self.start()
        self.offer("beyond", "0.99.1", "6.1.0")
        self.ask("0.99.1")
        self.wait_for("Error", "the rules of version 6.1.0")
        self.ask("0.99.0")
        self.wait_for("Succeeded")
        eventually(lambda: self.missing() == "1", 180, "6.1.0 is missing")
        self.assertIn("what is there stays in use version=6.1.0", self.said())

        # It comes back, and with it the version.
        self.registry.start()
        self.ask("0.99.1")
        self.registry.push("falco-rules", "6.1.0", "- list: rules_of_version_six_one\n  items: []\n")
        self.wait_for("Succeeded")
        self.assertIn("six_one", (self.home / "cache/6.1.0/falco_rules.yaml").read_text())


if __name__ == "__main__":
    unittest.main()
