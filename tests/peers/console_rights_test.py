"""The console as its rendered chart deploys it, asking a real kube-apiserver as the garden with the rights of its account there: somebody
signs in, somebody else is refused; what it called is compared with its rights. It needs no store for that."""

import http.client
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import urllib.request

import charts
import rights
from admission_deployment import OF_RIGHTS
from kubernetes import Kubernetes, small_definitions
from testbed import FALCONER, eventually, free_port

SPACE, ACCOUNT = "extension-falco", "falconer-console"


class ConsoleRights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="falconer-console-rights.")
        cls.addClassCleanup(folder.cleanup)
        cls.home = pathlib.Path(folder.name)
        cls.garden = Kubernetes(audit=True)
        cls.addClassCleanup(cls.garden.close)
        cls.garden.define(*small_definitions("core.gardener.cloud"))
        for name in (SPACE, "garden-demo"):
            cls.garden.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        cls.garden.create({"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Project", "metadata": {"name": "demo"}, "spec": {"namespace": "garden-demo"}})
        cls.prepare_people()
        objects = charts.render(charts.ADMISSION_APPLICATION, charts.merged(charts.OPERATOR_ADMISSION_VIRTUAL, {"console": {"enabled": True}}), namespace=SPACE)
        cls.roles = [each for each in objects if each["kind"] in OF_RIGHTS and each["metadata"]["name"].endswith("console")]
        for each in cls.roles:
            cls.garden.create(each)
        cls.start()

    @classmethod
    def prepare_people(cls):
        """Whoever may read the project's shoots, and whoever may read none."""
        cls.garden.call("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/garden-demo/roles", {"metadata": {"name": "viewer"}, "rules": [
            {"apiGroups": ["core.gardener.cloud"], "resources": ["shoots"], "verbs": ["get"]}]})
        cls.garden.call("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/garden-demo/rolebindings", {
            "metadata": {"name": "viewer"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "viewer"},
            "subjects": [{"kind": "ServiceAccount", "name": "member", "namespace": "garden-demo"}]})
        for name in ("member", "stranger"):
            cls.garden.call("POST", "/api/v1/namespaces/garden-demo/serviceaccounts", {"metadata": {"name": name}})

    @classmethod
    def start(cls):
        cls.port, health, metrics = (free_port() for _ in range(3))
        objects = charts.render(charts.EVENTS, {
            "store": {"config": {"hosts": ["127.0.0.1"], "port": free_port()}}, "ingestor": {"enabled": False}, "healthPort": health, "metricsPort": metrics,
            "console": {"enabled": True, "replicaCount": 1, "port": cls.port, "gardenKubeconfigSecret": "garden"}}, namespace="falconer")
        kubeconfig = cls.garden.kubeconfig_of(SPACE, ACCOUNT)
        others = {("Secret", "garden"): {"kubeconfig": kubeconfig.read_text(), "ca.crt": (cls.garden.home / "ca.crt").read_text()}}
        arguments, around = charts.lay_out(charts.one(objects, "Deployment"), objects, cls.home / "root", others)
        log = open(cls.home / "log", "wb")
        cls.addClassCleanup(log.close)
        cls.process = subprocess.Popen([FALCONER, *arguments], stdout=log, stderr=log, env={**os.environ, **around})
        cls.addClassCleanup(cls.process.wait)
        cls.addClassCleanup(cls.process.kill)
        cls.ready = f"http://127.0.0.1:{health}/readyz/console"

    def said(self):
        return (self.home / "log").read_text()[-4000:]

    def is_ready(self):
        self.assertIsNone(self.process.poll(), self.said())
        try:
            with urllib.request.urlopen(self.ready, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def token_of(self, name):
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        return self.garden.call("POST", f"/api/v1/namespaces/garden-demo/serviceaccounts/{name}/token", asked)["status"]["token"]

    def sign_in(self, token):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", "/api/v1/session", json.dumps({"token": token}), {"X-Requested-With": "falconer", "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def test_its_account_grants_what_it_calls_and_nothing_more(self):
        eventually(self.is_ready, 180, "it is ready")
        status, text = self.sign_in(self.token_of("member"))
        self.assertEqual(status, 200, text + self.said())
        self.assertIn("system:serviceaccount:garden-demo:member", text)
        self.assertIn("demo", text)
        self.assertNotIn(self.sign_in("not.a.token")[0], (200, 503), self.said())
        allowed = rights.granted(self.roles, ACCOUNT, SPACE)
        asked = rights.called(self.garden.audited(), f"system:serviceaccount:{SPACE}:{ACCOUNT}")
        self.assertGreater(len(asked), 3, "the audit log is not what it should be")
        self.assertEqual(rights.missing(allowed, asked), [], "called, but not granted")
        self.assertEqual(rights.idle(allowed, asked), [], "granted, but not called")


if __name__ == "__main__":
    unittest.main(verbosity=2)
