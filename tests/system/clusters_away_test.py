"""Roles that work with several clusters: what is kept where, and what goes on while one of them is away. Each cluster is the sandbox's API
in a process of its own; the way to it can be shut."""

import atexit
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from door import Door
from sandbox_api import SandboxApi
from testbed import FALCONER, ROOT, eventually, free_port

NAME = "gardener-extension-admission-shoot-falco-service"
REGISTRATIONS = [f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations/{NAME}" for kind in ("mutating", "validating")]
SECRET = f"/api/v1/namespaces/garden/secrets/{NAME}-webhook"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/garden/leases/falconer-admission"
SHOOTS = "/apis/core.gardener.cloud/v1beta1/namespaces/garden-demo/shoots"
SPACE = "shoot--demo--a"
EXTENSIONS = f"/apis/extensions.gardener.cloud/v1alpha1/namespaces/{SPACE}/extensions"
DELIVERED = f"/apis/resources.gardener.cloud/v1alpha1/namespaces/{SPACE}/managedresources/extension-shoot-falco-service-shoot"
SPEC = {"apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig"}


def shoot(fields=None):
    return {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot", "metadata": {"name": "x", "namespace": "garden-demo"},
            "spec": {"extensions": [{"type": "shoot-falco-service", "providerConfig": {**SPEC, **(fields or {})}}]}}


class Process:
    """A falconer with these roles."""

    def __init__(self, home, roles, config, **environment):
        self.health, number = free_port(), sum(1 for _ in home.glob("*.log"))
        file = home / f"falconer.{number}.yaml"
        file.write_text(json.dumps({
            "apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration",
            "health": {"listen": f"127.0.0.1:{self.health}"}, "metrics": {"listen": f"127.0.0.1:{free_port()}"}, **config}))
        self.log = home / f"falconer.{number}.log"
        clean = {k: v for k, v in os.environ.items() if not k.endswith("KUBECONFIG") and not k.startswith("SOURCE_")}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([FALCONER, "serve", "--config", file, "--roles", roles], stdout=log, stderr=log, cwd=ROOT,
                                            env={**clean, **environment})
        atexit.register(self.process.kill)  # of a test that is interrupted; once it has ended: nothing

    def readiness(self, role):
        """Its reasons not to be ready; None: it does not answer (yet)."""
        assert self.process.poll() is None, self.said()[-3000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health}/readyz/{role}", timeout=30) as answer:
                return json.load(answer)["roles"][role]["reasons"]
        except urllib.error.HTTPError as why:
            return json.load(why)["roles"][role]["reasons"]
        except OSError:
            return None

    def wait_until_ready(self, *roles):
        for role in roles:
            try:
                eventually(lambda role=role: self.readiness(role) == [], 180, f"{role} is ready")
            except AssertionError:
                print(self.said()[-3000:], flush=True)
                raise
        return self

    def said(self):
        return self.log.read_text(errors="replace")

    def close(self, seconds=60):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Clusters(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-clusters."))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.garden, self.other = self.cluster("garden"), self.cluster("other")
        self.way = Door(self.garden.port)
        self.addCleanup(self.way.shut)
        self.through = self.garden.kubeconfig_through(self.way.port, self.home / "garden.kubeconfig")
        for cluster, name in ((self.garden, "garden"), (self.garden, "garden-demo"), (self.other, "garden")):
            cluster.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def cluster(self, name):
        (self.home / name).mkdir()
        made = SandboxApi(self.home / name)
        self.addCleanup(made.close)
        return made

    def start(self, roles, config, **environment):
        made = Process(self.home, roles, config, **environment)
        self.addCleanup(made.close)
        return made

    @staticmethod
    def admission(**more):
        return {"admission": {"namespace": "garden", "mode": "url", "listen": f"127.0.0.1:{free_port()}", "leaderElection": False,
                              "certificates": {"settle": "1s"}, "drain": {"accept": "0s", "idle": "0s", "limit": "5s"}, **more}}

    def review(self, fields=None):
        """What the garden makes of a new Shoot, or its refusal."""
        try:
            made = self.garden.ask("POST", SHOOTS + "?dryRun=All", shoot(fields))
            return made["spec"]["extensions"][0]["providerConfig"].get("falcoVersion", "not looked at")
        except AssertionError as why:
            return str(why)

    def reviews_are_answered(self):
        eventually(lambda: self.review() == "0.43.0", 180, "the garden calls the webhook")
        self.assertIn("spec.extensions[0].providerConfig.falcoVersion: no profile offers '9.9.9'", self.review({"falcoVersion": "9.9.9"}))


class SourceAndTarget(Clusters):
    """Shoots are reviewed, and webhooks registered, in the garden; the keys and the lease are where the webhook runs."""

    def check(self, *replicas):
        for each in replicas:
            each.wait_until_ready("admission")
        self.reviews_are_answered()
        for path in REGISTRATIONS:
            self.assertTrue(self.garden.ask("GET", path)["webhooks"][0]["clientConfig"]["caBundle"])
            self.assertIsNone(self.other.ask("GET", path))
        self.assertTrue(self.other.ask("GET", SECRET)["data"]["ca.crt"])
        self.assertIsNone(self.garden.ask("GET", SECRET), "no key leaves the cluster where the webhook runs")

    def test_each_cluster_has_its_part(self):
        with_source = {"kubeconfig": str(self.through), "sourceKubeconfig": str(self.other.kubeconfig), "leaderElection": True}
        first = self.start("admission", self.admission(**with_source))
        self.check(first)
        eventually(lambda: (self.other.ask("GET", LEASE) or {}).get("spec", {}).get("holderIdentity"), 120, "it leads")
        self.assertIsNone(self.garden.ask("GET", LEASE))
        authority = self.other.ask("GET", SECRET)["data"]["ca.crt"]
        # A second one finds the keys of the first.
        self.check(first, self.start("admission", self.admission(**with_source)))
        self.assertEqual(self.other.ask("GET", SECRET)["data"]["ca.crt"], authority)

    def test_as_gardener_tells_a_pod(self):
        config = self.admission()
        del config["admission"]["namespace"]
        self.check(self.start("admission", config, GARDEN_KUBECONFIG=str(self.through), SOURCE_CLUSTER="enabled",
                              SOURCE_KUBECONFIG=str(self.other.kubeconfig), WEBHOOK_CONFIG_NAMESPACE="garden"))

    def test_a_source_that_cannot_be_read_is_named(self):
        config = self.admission(kubeconfig=str(self.through), sourceKubeconfig=str(self.home / "nowhere"))
        made = self.start("admission", config)
        self.assertEqual(made.process.wait(120), 1, made.said())
        self.assertIn("admission.sourceKubeconfig", made.said())
        self.assertIn(str(self.home / "nowhere"), made.said())

    def test_while_the_source_is_away_reviews_go_on(self):
        way = Door(self.other.port)
        self.addCleanup(way.shut)
        source = self.other.kubeconfig_through(way.port, self.home / "source.kubeconfig")
        us = self.start("admission", self.admission(kubeconfig=str(self.through), sourceKubeconfig=str(source))).wait_until_ready("admission")
        self.reviews_are_answered()
        way.shut()
        self.garden.ask("DELETE", REGISTRATIONS[0])  # whereupon it looks at all of it
        eventually(lambda: "the webhook is not looked after" in us.said(), 120, "it says so")
        self.assertEqual(us.readiness("admission"), [])
        self.assertIn("spec.extensions[0].providerConfig.falcoVersion: no profile offers '9.9.9'", self.review({"falcoVersion": "9.9.9"}))
        way.open()
        eventually(lambda: self.garden.ask("GET", REGISTRATIONS[0]), 180, "it is registered again")
        self.reviews_are_answered()


class GardenAway(Clusters):
    def setUp(self):
        super().setUp()
        for path, made in (
                ("/api/v1/namespaces", {"metadata": {"name": SPACE, "labels": {"gardener.cloud/role": "shoot"}}}),
                ("/apis/extensions.gardener.cloud/v1alpha1/clusters", {"metadata": {"name": SPACE}, "spec": {
                    "cloudProfile": {}, "seed": {"spec": {"ingress": {"domain": "i.example.com"}}},
                    "shoot": {"metadata": {"name": "a"}, "spec": {}, "status": {"technicalID": SPACE, "clusterIdentity": SPACE + "-uid"}}}}),
                (EXTENSIONS, {"metadata": {"name": "shoot-falco-service", "annotations": self.wish()}, "spec": {
                    "type": "shoot-falco-service", "providerConfig": {**SPEC, "falcoVersion": "0.42.1", "destinations": [{"name": "logging"}]}}})):
            kind = {"namespaces": "Namespace", "clusters": "Cluster", "extensions": "Extension"}[path.rpartition("/")[2]]
            version = "v1" if kind == "Namespace" else "extensions.gardener.cloud/v1alpha1"
            self.other.ask("POST", path, {"apiVersion": version, "kind": kind, **made})
        self.config = {**self.admission(kubeconfig=str(self.through)),
                       "controller": {"kubeconfig": str(self.other.kubeconfig), "gardenKubeconfig": str(self.through), "namespace": "default",
                                      "rules": str(ROOT / "config/rules/demo"), "leaderElection": False}}

    @staticmethod
    def wish():
        now = time.time_ns()
        return {"gardener.cloud/operation": "reconcile", "gardener.cloud/timestamp":
                time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9)) + f".{now % 10**9:09d}Z"}

    def want(self, version):
        self.other.ask("PATCH", f"{EXTENSIONS}/shoot-falco-service",
                       {"metadata": {"annotations": self.wish()}, "spec": {"providerConfig": {"falcoVersion": version}}})

    def extension(self):
        return self.other.ask("GET", f"{EXTENSIONS}/shoot-falco-service")

    def is_content(self):
        now = self.extension()
        status = now.get("status", {})
        return (status.get("lastOperation", {}).get("state") == "Succeeded" and "lastError" not in status
                and status.get("observedGeneration") == now["metadata"]["generation"]
                and "gardener.cloud/operation" not in now["metadata"].get("annotations", {}))

    def test_what_is_known_of_it_stays_in_use_until_it_comes_back(self):
        us = self.start("controller,admission", self.config).wait_until_ready("controller", "admission")
        eventually(self.is_content, 120, "it is delivered")
        self.reviews_are_answered()

        # Our way to the garden is cut; the garden still finds the way to us.
        self.way.shut()
        for what in ("namespaces", "projects", "falcoprofiles"):
            eventually(lambda what=what: f"has trouble watching what={what}" in us.said(), 120, f"it says that {what} are not heard of")
        self.assertEqual((us.readiness("controller"), us.readiness("admission")), ([], []))
        self.reviews_are_answered()
        before = self.other.ask("GET", DELIVERED)["spec"]
        self.want("0.43.0")
        eventually(self.is_content, 120, "what is asked for is delivered, by the profile that is known")
        self.assertNotEqual(self.other.ask("GET", DELIVERED)["spec"], before)

        # Meanwhile the landscape goes on.
        profile = self.garden.ask("GET", "/apis/falco.gardener.cloud/v1alpha1/falcoprofiles/falco")
        profile["spec"]["versions"]["falco"] = [each for each in profile["spec"]["versions"]["falco"] if each["version"] != "0.42.1"]
        self.garden.ask("PUT", "/apis/falco.gardener.cloud/v1alpha1/falcoprofiles/falco", profile)
        self.assertEqual(self.review({"falcoVersion": "0.42.1"}), "0.42.1", "nobody has told us")

        self.way.open()
        eventually(lambda: "no profile offers '0.42.1'" in self.review({"falcoVersion": "0.42.1"}), 180, "it has heard of it")
        for what in ("namespaces", "projects", "falcoprofiles"):
            eventually(lambda what=what: f"goes on watching what={what}" in us.said(), 120, f"it says that {what} are heard of again")
        self.assertEqual((us.readiness("controller"), us.readiness("admission")), ([], []))

    def test_who_starts_without_it_says_so_and_takes_nothing_away(self):
        us = self.start("controller,admission", self.config).wait_until_ready("controller", "admission")
        eventually(self.is_content, 120, "it is delivered")
        self.reviews_are_answered()
        us.close()
        self.way.shut()
        before = self.other.ask("GET", DELIVERED)["spec"]

        us = self.start("controller,admission", self.config)
        eventually(lambda: any(each.startswith("falcoprofiles have not all been read: ") for each in us.readiness("admission") or []), 120,
                   "the webhook says what it waits for")
        # failurePolicy is Fail: nothing is let in that nobody has looked at.
        self.assertIn("failed calling webhook", self.review())
        self.want("0.43.0")

        def complaint():
            return self.extension()["status"].get("lastError", {})
        eventually(complaint, 180, "its owner is told")
        self.assertIn("no FalcoProfile has been read: the garden has not been reached (yet)", complaint()["description"])
        self.assertNotIn("codes", complaint(), "it is nobody's mistake")
        self.assertEqual(self.other.ask("GET", DELIVERED)["spec"], before, "what is delivered stays")
        eventually(lambda: us.readiness("controller") == [], 120, "the controller looks after the seed all the same")

        self.way.open()
        us.wait_until_ready("admission")
        self.reviews_are_answered()
        eventually(self.is_content, 180, "it goes on by itself")
        self.assertNotEqual(self.other.ask("GET", DELIVERED)["spec"], before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
