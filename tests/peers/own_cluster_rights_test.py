"""The controller where it looks after the cluster that it runs in: a seed, and a garden's runtime cluster. Deployed as its rendered chart
says, with its rights and no others; what it called is compared with these in the end. What it does for shoots: life_cycle_test.py."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timezone

import charts
import rights
from chart_cases import keys
from kubernetes import HERE, Kubernetes, small_definitions
from rendering import example
from shared_data import gardeners
from testbed import FALCONER, ROOT, eventually, free_port

CRDS = ("extensions.gardener.cloud_extensions", "extensions.gardener.cloud_clusters", "resources.gardener.cloud_managedresources",
        "monitoring.coreos.com_scrapeconfigs")
EXTENSIONS = "/apis/extensions.gardener.cloud/v1alpha1/namespaces/garden/extensions"
RESOURCES = "/apis/resources.gardener.cloud/v1alpha1/namespaces/garden/managedresources"
DAEMON_SET = "/apis/apps/v1/namespaces/kube-system/daemonsets/falco"
DEPLOYMENT = "/apis/apps/v1/namespaces/kube-system/deployments/falcosidekick"
ACCOUNT = "gardener-extension-shoot-falco-service"
REFERENCES = [{"name": "my-rules", "resourceRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "rules"}}]
OWN_RULE = "- macro: own\n  condition: (evt.type = execve)\n"
OF_RIGHTS = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
SELDOM_USED = {
    ("", "secrets", "patch"): "a Secret that the Go extension's ManagedResource refers to is marked, so that it is collected one day",
    ("", "secrets", "update"): "certificates and tokens are renewed over those that are there, after months, or when two write at once",
}
# What else the controller of a seed may: it is for shoots, where life_cycle_test.py shows a use of it.
FOR_SHOOTS = {
    ("extensions.gardener.cloud", "clusters", "get"): "before the Cluster's watch has told of it",
    ("resources.gardener.cloud", "managedresources", "patch"): "what is delivered stays when a control plane moves to another seed",
}


def bound_to(account, namespace, name, *rules):
    """What the garden gives a controller of a seed."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": [
        {"apiGroups": [group], "resources": [resource], "verbs": verbs} for group, resource, verbs in rules]}
    return [role, {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
                   "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
                   "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]}]


class OwnClusterRights(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="falconer-own-cluster.")
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        definitions = [*gardeners(*CRDS), *small_definitions("core.gardener.cloud", "operator.gardener.cloud")]
        self.server = Kubernetes(audit=True)
        self.addCleanup(self.server.close)
        self.server.define(*definitions)
        self.server.call("POST", "/api/v1/namespaces", {"metadata": {"name": "garden"}})
        # The copy of what the Seed or the Garden refers to.
        self.server.call("POST", "/api/v1/namespaces/garden/configmaps", {"metadata": {"name": "ref-rules"}, "data": {"own.yaml": OWN_RULE}})

    def test_on_a_seed(self):
        self.server.create({"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Seed", "metadata": {"name": "my-seed"},
                            "spec": {"ingress": {"domain": "seed.example.com"}, "resources": REFERENCES}, "status": {"clusterIdentity": "seed-1"}})
        garden = charts.render(charts.ADMISSION_APPLICATION, charts.OPERATOR_ADMISSION_VIRTUAL)
        self.server.define(charts.one(garden, "CustomResourceDefinition"))
        self.server.create(example("profile"))
        # The seed is its own garden here. Seeds a controller may read as Gardener's authorizer of seeds decides.
        profiles = charts.one(garden, "ClusterRole", "extensions.gardener.cloud:extension-shoot-falco-service:falcoprofiles")
        space = "extension-shoot-falco-service-x"
        given = bound_to(ACCOUNT, space, "of-the-garden", ("core.gardener.cloud", "seeds", ["list", "watch"]),
                         *((rule["apiGroups"][0], rule["resources"][0], rule["verbs"]) for rule in profiles["rules"]))
        self.deploy(charts.GARDENLET, space, given)
        self.live("seed")
        self.judge(space, {**SELDOM_USED, **FOR_SHOOTS})

    def test_on_the_runtime_cluster(self):
        self.server.create({"apiVersion": "operator.gardener.cloud/v1alpha1", "kind": "Garden", "metadata": {"name": "local"}, "spec": {
            "virtualCluster": {"gardener": {"clusterIdentity": "garden-1"}}, "runtimeCluster": {"ingress": {"domains": [{"name": "runtime.example.com"}]}},
            "resources": REFERENCES}})
        space = "runtime-extension-shoot-falco-service"
        self.deploy(charts.merged(charts.OPERATOR_RUNTIME, {"falcoProfiles": {"falco": example("profile")["spec"]}}), space)
        self.live("garden")
        self.judge(space, SELDOM_USED)

    def deploy(self, values, space, given=()):
        """As gardenlet or gardener-operator do; `given`: rights that come from elsewhere."""
        ports = [free_port() for _ in range(5)]
        objects = charts.render(charts.CONTROLLER, charts.merged(values, {
            "usablePorts": ports, "controller": {"heartbeatInterval": "5s"}, "rules": {"directory": str(ROOT / "config/rules/demo")},
            "falco": {"centralStorage": {"enabled": True, "url": "https://ingest.example.com/v1/events", "tokenIssuerPrivateKey": keys()[0]}}}), namespace=space)
        self.server.call("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
        for each in objects:
            if each["kind"] == "CustomResourceDefinition":
                self.server.define(each)
        self.roles = [each for each in objects if each["kind"] in OF_RIGHTS] + list(given)
        for each in self.roles + [each for each in objects if each["kind"] == "FalcoProfile"]:
            self.server.create(each)
        arguments, around = charts.lay_out(charts.one(objects, "Deployment"), objects, self.home / "root")
        access = self.server.kubeconfig_of(space, ACCOUNT)
        self.config, self.around = arguments[arguments.index("--config") + 1], {**os.environ, **around, "KUBECONFIG": str(access)}
        self.start("falconer", FALCONER, *arguments, env=self.around)
        self.start("manager", sys.executable, HERE / "resource_manager.py", self.server.kubeconfig, self.server.kubeconfig, "--class", "seed")

    def start(self, name, *command, env=None):
        log = open(self.home / f"{name}.log", "wb")
        self.addCleanup(log.close)
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.home, env=env)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

    def eventually(self, met, what):
        try:
            return eventually(met, 180, what)
        except AssertionError as why:
            said = "".join((self.home / f"{name}.log").read_text()[-3000:] for name in ("falconer", "manager"))
            raise AssertionError(f"{why}: {json.dumps(self.extension(), indent=1)}\n{said}") from None

    # --- what gardenlet or gardener-operator do ------------------------------------------------

    def extension(self):
        return self.server.call("GET", f"{EXTENSIONS}/falco")

    def asked(self):
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"gardener.cloud/operation": "reconcile", "gardener.cloud/timestamp": now}

    def succeeded(self):
        is_ = self.extension()
        status = is_.get("status", {})
        return ("gardener.cloud/operation" not in is_["metadata"].get("annotations", {}) and status.get("observedGeneration") == is_["metadata"]["generation"]
                and status.get("lastOperation", {}).get("state") == "Succeeded")

    def live(self, of_class):
        made = example("extension")
        made["metadata"].update(name="falco", namespace="garden", annotations=self.asked())
        made["spec"]["class"] = of_class
        made["spec"]["providerConfig"].update(destinations=[{"name": "central"}], falcoVersion="0.43.0",
                                              rules={"standard": ["falco-rules"], "custom": [{"resourceName": "my-rules"}]})
        self.server.create(made)
        self.eventually(self.succeeded, "it is made")
        self.eventually(lambda: self.server.call("GET", DAEMON_SET), "it is delivered")
        # No kubelet brings its pods about: it is looked why.
        self.eventually(lambda: any(each["type"] == "SystemComponentsHealthy" and each["reason"] == "NoPods"
                                    for each in self.extension()["status"].get("conditions", [])), "it is said why it is not well")
        self.server.call("PATCH", f"{EXTENSIONS}/falco", {"metadata": {"annotations": self.asked()}, "spec": {"providerConfig": {"falcoVersion": "0.42.1"}}})
        self.eventually(self.succeeded, "it is changed")
        self.eventually(lambda: "falco:0.42.1" in json.dumps(self.server.call("GET", DAEMON_SET)), "the change is delivered")
        self.server.call("DELETE", f"{EXTENSIONS}/falco")
        self.eventually(self.is_gone, "it is gone")
        self.assertEqual(self.server.call("GET", RESOURCES)["items"], [])

    def is_gone(self):
        for path in (DAEMON_SET, DEPLOYMENT):  # nobody here collects garbage
            is_ = self.server.call("GET", path)
            if is_ and is_["metadata"].get("finalizers") == ["foregroundDeletion"]:
                self.server.call("PATCH", path, {"metadata": {"finalizers": None}})
        return self.extension() is None

    def judge(self, space, exceptions):
        allowed = rights.granted(self.roles, ACCOUNT, space)
        asked = rights.called(self.server.audited(), f"system:serviceaccount:{space}:{ACCOUNT}")
        self.assertGreater(len(asked), 20, "the audit log is not what it should be")
        self.assertEqual(rights.missing(allowed, asked), [], "called, but not granted")
        self.assertEqual(rights.idle(allowed, asked, exceptions), [], "granted, but not called")
        # Who asks whether they suffice hears that they do.
        done = subprocess.run([FALCONER, "doctor", "--config", self.config], capture_output=True, text=True, timeout=120, env=self.around)
        self.assertRegex(done.stdout, r"(?m)^ok +seed .* and may do all \d+ things", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
