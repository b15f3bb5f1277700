"""Promise 21 with the real program: the controller is killed with -9 between any two of its writes to an API in another process, in the
middle of create, update, delete, migrate and restore at once, and started again. The same objects remain, nothing is orphaned, and what
the dead one had asked for last may come long after that."""

import pathlib
import re
import shutil
import signal
import tempfile
import time
import unittest

from clusters_away_test import SPEC, Process
from sandbox_api import SandboxApi
from testbed import ROOT, eventually
from toll import Toll

OPERATIONS = ("create", "update", "delete", "migrate", "restore")
KEPT = {f"gardener-extension-shoot-falco-service-{what}" for what in ("certificates", "tokens")}
COLLECTABLE = "resources.gardener.cloud/garbage-collectable-reference"


def space_of(operation, number):
    return f"shoot--killed--{operation}-{number}"


class KilledController(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-killed."))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.api = SandboxApi(self.home)
        self.addCleanup(self.api.close)
        (self.home / "toll").mkdir()
        self.toll = Toll(self.api, self.home / "toll")
        self.addCleanup(self.toll.close)
        self.start()
        self.addCleanup(lambda: self.us.process.kill() or self.us.process.wait())

    def start(self):
        self.us = Process(self.home, "controller", {"controller": {
            "kubeconfig": str(self.toll.kubeconfig), "namespace": "default", "rules": str(ROOT / "config/rules/demo"), "leaderElection": False}})

    # --- gardenlet -----------------------------------------------------------------------------------

    @staticmethod
    def wish(operation):
        now = time.time_ns()
        return {"gardener.cloud/operation": operation, "gardener.cloud/timestamp":
                time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9)) + f".{now % 10**9:09d}Z"}

    @staticmethod
    def extension_of(space):
        return f"/apis/extensions.gardener.cloud/v1alpha1/namespaces/{space}/extensions/shoot-falco-service"

    def add(self, space):
        self.api.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": space, "labels": {"gardener.cloud/role": "shoot"}}})
        self.api.ask("POST", "/apis/extensions.gardener.cloud/v1alpha1/clusters", {
            "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Cluster", "metadata": {"name": space}, "spec": {
                "seed": {"spec": {"ingress": {"domain": "i.example.com"}}},
                "shoot": {"metadata": {"name": "a"}, "spec": {}, "status": {"technicalID": space, "clusterIdentity": space + "-uid"}}}})
        self.api.ask("POST", self.extension_of(space).rpartition("/")[0], {
            "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Extension", "metadata": {
                "name": "shoot-falco-service", "annotations": self.wish("reconcile")}, "spec": {
                    "type": "shoot-falco-service", "providerConfig": {**SPEC, "falcoVersion": "0.42.1", "destinations": [{"name": "logging"}]}}})

    def want(self, space, operation, **spec):
        self.api.ask("PATCH", self.extension_of(space), {"metadata": {"annotations": self.wish(operation)}, "spec": spec})

    def begin(self, operation, space):
        if operation == "create":
            self.add(space)
        elif operation == "update":
            self.want(space, "reconcile", providerConfig={"falcoVersion": "0.43.0", "heartbeatEvent": True})
        elif operation == "delete":
            self.api.ask("DELETE", self.extension_of(space))
        else:
            self.want(space, operation)

    def prepare(self, numbers):
        """As it is before each operation."""
        spaces = {operation: [space_of(operation, number) for number in numbers] for operation in OPERATIONS if operation != "create"}
        for each in sum(spaces.values(), []):
            self.add(each)
        for each in sum(spaces.values(), []):
            self.wait_for("create", each)
        for each in spaces["restore"]:
            self.want(each, "migrate")
        for each in spaces["restore"]:
            self.wait_for("migrate", each)

    def is_done(self, operation, space):
        now = self.api.ask("GET", self.extension_of(space))
        if now is None or operation == "delete":
            return now is None and operation == "delete"
        status = now.get("status", {})
        last = status.get("lastOperation", {})
        kind = {"create": ("Create", "Reconcile"), "update": ("Reconcile", "Create"), "migrate": ("Migrate",), "restore": ("Restore",)}[operation]
        return (last.get("state") == "Succeeded" and last["type"] in kind and "lastError" not in status
                and "gardener.cloud/operation" not in now["metadata"].get("annotations", {})
                and status.get("observedGeneration") == now["metadata"]["generation"])

    def wait_for(self, operation, space):
        try:
            eventually(lambda: self.is_done(operation, space), 180, f"{operation} of {space}")
        except AssertionError:
            print(self.api.ask("GET", self.extension_of(space)), self.us.said()[-3000:], flush=True)
            raise

    # --- what is left --------------------------------------------------------------------------------

    def left(self, space):
        """Without what is random in it. Raises if something is lost or orphaned."""
        root = f"/apis/resources.gardener.cloud/v1alpha1/namespaces/{space}/managedresources"
        resources = self.api.ask("GET", root)["items"]
        secrets = {each["metadata"]["name"]: each for each in self.api.ask("GET", f"/api/v1/namespaces/{space}/secrets")["items"]}
        referred = [each["name"] for resource in resources for each in resource["spec"]["secretRefs"]]
        self.assertEqual([each for each in referred if each not in secrets], [], f"lost in {space}")
        orphans = [name for name, each in secrets.items() if name not in referred and name not in KEPT
                   and each["metadata"].get("labels", {}).get(COLLECTABLE) != "true"]
        self.assertEqual(orphans, [], f"orphaned in {space}")
        extension = self.api.ask("GET", self.extension_of(space)) or {"metadata": {}}
        last = extension.get("status", {}).get("lastOperation", {})
        return {
            "extension": (last.get("state"), extension.get("status", {}).get("observedGeneration"), extension["metadata"].get("finalizers")),
            "resources": sorted((each["metadata"]["name"], each["spec"].get("keepObjects"), len(each["spec"]["secretRefs"])) for each in resources),
            "secrets": sorted({re.sub("-[0-9a-f]{8}$", "", each) for each in referred} | (KEPT & secrets.keys())),
        }

    def test_it_converges_wherever_it_is_killed(self):
        begun = time.monotonic()
        # Once without harm: what is left, and after how many writes.
        self.prepare([0])
        self.toll.allow({space_of(operation, 0): None for operation in OPERATIONS})
        for operation in OPERATIONS:
            self.begin(operation, space_of(operation, 0))
        for operation in OPERATIONS:
            self.wait_for(operation, space_of(operation, 0))
        good = {operation: self.left(space_of(operation, 0)) for operation in OPERATIONS}
        writes = {operation: self.toll.written[space_of(operation, 0)] for operation in OPERATIONS}
        self.assertTrue(all(each >= 4 for each in writes.values()), writes)
        self.assertEqual(good["delete"]["secrets"], [])

        numbers = range(1, max(writes.values()) + 1)
        self.prepare(numbers)
        late = 0
        for number in numbers:
            spaces = {operation: space_of(operation, number) for operation in OPERATIONS if number <= writes[operation]}
            self.toll.allow({space: number - 1 for space in spaces.values()})
            for operation, space in spaces.items():
                self.begin(operation, space)
            for operation, space in spaces.items():
                eventually(lambda o=operation, s=space: self.toll.is_held(s) or self.is_done(o, s), 180, f"write {number} of {operation}")
            self.us.process.send_signal(signal.SIGKILL)
            self.us.process.wait()
            asked = self.toll.let_go()
            self.start()
            for operation, space in spaces.items():
                self.wait_for(operation, space)
                with self.subTest(operation=operation, killed_before_write=number):
                    self.assertEqual(self.left(space), good[operation])
            for each in asked:
                late += self.toll.deliver(each) < 300
            for operation, space in spaces.items():
                with self.subTest(operation=operation, write_that_came_late=number):
                    self.wait_for(operation, space)
                    self.assertEqual(self.left(space), good[operation])
        print(f"killed {len(numbers)} times in {sum(writes.values())} places, {late} late writes were taken, "
              f"{time.monotonic() - begun:.0f} s: writes of {writes}", flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
