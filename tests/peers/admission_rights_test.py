"""The admission webhook with nothing but its charts' rights, in both clusters: it serves, registers and renews itself, moves versions; and
the API server's audit log shows a use for each right, and no call without one."""

import json
import pathlib
import tempfile
import unittest
import urllib.request

import rights
from admission_deployment import NAME, RUNTIME, VIRTUAL, AdmissionDeployment
from kubernetes import Kubernetes, small_definitions
from rendering import example
from testbed import eventually, free_port

GARDEN = "/apis/core.gardener.cloud/v1beta1"
SHOOTS, SEEDS = f"{GARDEN}/namespaces/garden-demo/shoots", f"{GARDEN}/seeds"
SECRET = f"/api/v1/namespaces/garden/secrets/{NAME}-webhook"
REGISTRATIONS = [f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations/{NAME}" for kind in ("mutating", "validating")]
GONE = "0.39.0"  # in no profile, so it is left as soon as somebody asks


def with_falco(kind, name, version=None, **where):
    entry = {"type": "shoot-falco-service"}
    if version:
        entry["providerConfig"] = {"apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig", "falcoVersion": version,
                                   "autoUpdate": True, "destinations": [{"name": "stdout"}], "rules": {"standard": ["falco-rules"]}}
    return {"apiVersion": "core.gardener.cloud/v1beta1", "kind": kind, "metadata": {"name": name, **where},
            "spec": {"kubernetes": {"version": "1.33.5"}, "extensions": [entry]}}


class AdmissionRights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="falconer-rights.")
        cls.addClassCleanup(folder.cleanup)
        cls.home = pathlib.Path(folder.name)
        cls.server = Kubernetes(audit=True)
        cls.addClassCleanup(cls.server.close)
        cls.server.define(*small_definitions("core.gardener.cloud"))
        cls.deployment = AdmissionDeployment(cls.server, {"certificates": {
            "authorityLifetime": "40s", "lifetime": "40s", "overlap": "8s", "settle": "3s"}})
        cls.server.call("POST", "/api/v1/namespaces", {"metadata": {"name": "garden-demo", "labels": {"project.gardener.cloud/name": "demo"}}})
        cls.server.create({"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Project", "metadata": {"name": "demo"}, "spec": {"namespace": "garden-demo"}})
        cls.server.create(example("profile"))
        ports = [free_port() for _ in range(3)]
        cls.health = ports[1]
        log = open(cls.home / "log", "wb")
        cls.addClassCleanup(log.close)
        cls.process = cls.deployment.start(cls.home / "root", ports, f"127.0.0.1:{ports[0]}", log)
        cls.addClassCleanup(cls.process.wait)
        cls.addClassCleanup(cls.process.kill)

    def eventually(self, met, what):
        try:
            return eventually(met, 180, what)
        except AssertionError as why:
            raise AssertionError(f"{why}: {self.said()}") from None

    def said(self):
        """Its log, but for certificates and registrations, which are renewed all the time here."""
        lines = (self.home / "log").read_text().splitlines()
        return "\n".join(each for each in lines if '"level":"info"' not in each)[-4000:]

    def is_ready(self):
        self.assertIsNone(self.process.poll(), self.said())
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health}/readyz/admission", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def test_its_roles_grant_what_it_calls_and_nothing_more(self):
        self.eventually(self.is_ready, "it is ready")
        labels = {"extensions.extensions.gardener.cloud/shoot-falco-service": "true"}
        self.eventually(lambda: "providerConfig" in self.server.call(
            "POST", SHOOTS, with_falco("Shoot", "first", namespace="garden-demo", labels=labels), "?dryRun=All")["spec"]["extensions"][0], "it is called")
        self.registration_is_looked_after()
        self.versions_are_moved(labels)
        for account, user in ((VIRTUAL, "in the garden"), (RUNTIME, "in the runtime cluster")):
            allowed = rights.granted(self.deployment.roles[account], *account)
            asked = rights.called(self.server.audited(), "system:serviceaccount:{1}:{0}".format(*account))
            with self.subTest(account=user):
                self.assertGreater(len(asked), 5, "the audit log is not what it should be")
                self.assertEqual(rights.missing(allowed, asked), [], "called, but not granted")
                self.assertEqual(rights.idle(allowed, asked), [], "granted, but not called")
        # Who asks whether they suffice hears that they do.
        done = self.deployment.doctor(self.home / "root")
        self.assertRegex(done.stdout, r"(?m)^ok +webhook garden .* and may do all \d+ things", done.stdout + done.stderr)

    def registration_is_looked_after(self):
        for path in REGISTRATIONS:
            broken = self.server.call("GET", path)
            broken["webhooks"][0]["failurePolicy"] = "Ignore"
            self.server.call("PUT", path, broken)
            self.eventually(lambda path=path: self.server.call("GET", path)["webhooks"][0]["failurePolicy"] == "Fail", "drift is put right")
        before = self.server.call("GET", SECRET)["data"]["ca.crt"]
        self.eventually(lambda: self.server.call("GET", SECRET)["data"]["ca.crt"] != before, "its authority is renewed")

    def versions_are_moved(self, labels):
        """Of a Shoot and of a Seed; both had them before they were labelled, so nobody refused them."""
        self.server.create(with_falco("Shoot", "old", GONE, namespace="garden-demo"))
        self.server.create(with_falco("Seed", "old", GONE))
        for path in (f"{SHOOTS}/old", f"{SEEDS}/old"):
            self.server.call("PATCH", path, {"metadata": {"labels": labels, "annotations": {"gardener.cloud/operation": "maintain"}}})
            self.eventually(lambda path=path: self.server.call("GET", path)["spec"]["extensions"][0]["providerConfig"]["falcoVersion"] != GONE,
                            f"{path} is moved")
        self.eventually(lambda: [each for each in self.server.call("GET", "/api/v1/namespaces/garden-demo/events")["items"]
                                 if GONE in json.dumps(each)], "its owner is told")


if __name__ == "__main__":
    unittest.main(verbosity=2)
