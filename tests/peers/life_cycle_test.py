"""A shoot's whole life on a real seed: kube-apiserver and etcd, Gardener's own CRDs, and a second kube-apiserver as the shoot. Falconer
is the only program that is tested. The test itself is gardenlet, and says of DaemonSet and Deployment what kubelets would have brought
about. ManagedResources are carried out by a small resource manager of ours; GARDENER_RESOURCE_MANAGER=/path names Gardener's, which
then does it instead. Falconer has the rights that its chart gives it, and in the end the API server's audit log must show a use for each
of them."""

import base64
import functools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timezone

import yaml

import charts
import rights
from kubernetes import HERE, Kubernetes
from rendering import example
from shared_data import gardeners
from testbed import FALCONER, ROOT, eventually, free_port

CRDS = ["extensions.gardener.cloud_extensions", "extensions.gardener.cloud_clusters", "resources.gardener.cloud_managedresources",
        "monitoring.coreos.com_scrapeconfigs"]
REAL_MANAGER = os.environ.get("GARDENER_RESOURCE_MANAGER")
SPACE = "shoot--demo--first"
EXTENSION = f"/apis/extensions.gardener.cloud/v1alpha1/namespaces/{SPACE}/extensions"
RESOURCES = f"/apis/resources.gardener.cloud/v1alpha1/namespaces/{SPACE}/managedresources"
DAEMON_SET = "/apis/apps/v1/namespaces/kube-system/daemonsets/falco"
DEPLOYMENT = "/apis/apps/v1/namespaces/kube-system/deployments/falcosidekick"
OWN_SPACE = "extension-falco"
ACCOUNT = "gardener-extension-shoot-falco-service"
# Rights of the chart that no call here makes use of, and when they are used.
SELDOM_USED = {
    ("", "secrets", "patch"): "a Secret that the Go extension's ManagedResource refers to is marked, so that it is collected one day",
    ("", "secrets", "update"): "certificates and tokens are renewed over those that are there, after months, or when two write at once",
    **dict.fromkeys((("apps", "daemonsets", "get"), ("", "pods", "list"), ("", "events", "list")), "of a seed: own_cluster_rights_test.py"),
}
OWN_RULE = """- rule: Own rule
  desc: A shell in a container.
  condition: evt.type = execve and proc.name = bash
  output: A shell (user=%user.name)
  priority: WARNING
"""


def bound(role, account, namespace):
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": role["metadata"]["name"]},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role["metadata"]["name"]},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]}


class ResourceManager:
    def __init__(self, home, seed, target, resource_class=""):
        name = resource_class or "shoot"
        self.log = open(home / f"{name}.log", "wb")
        command = self.gardeners(home, seed, target, resource_class) if REAL_MANAGER else self.ours(seed, target, resource_class)
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=home)

    @staticmethod
    def ours(seed, target, resource_class):
        # As gardenlet deploys a shoot's: it looks at its own control plane's namespace alone.
        where = ["--class", resource_class] if resource_class else ["--namespace", SPACE]
        return [sys.executable, HERE / "resource_manager.py", seed.kubeconfig, target.kubeconfig, *where]

    @staticmethod
    def gardeners(home, seed, target, resource_class):
        name = resource_class or "shoot"
        config = {
            "apiVersion": "resourcemanager.config.gardener.cloud/v1alpha1", "kind": "ResourceManagerConfiguration",
            "sourceClientConnection": {"kubeconfig": str(seed.kubeconfig), "qps": 100, "burst": 130},
            "targetClientConnection": {"kubeconfig": str(target.kubeconfig), "qps": 100, "burst": 130},
            "leaderElection": {"leaderElect": False}, "logLevel": "info", "logFormat": "text",
            "server": {"webhooks": {"bindAddress": "127.0.0.1", "port": free_port(), "tls": {"serverCertDir": str(home)}},
                       "healthProbes": {"bindAddress": "127.0.0.1", "port": free_port()},
                       "metrics": {"bindAddress": "127.0.0.1", "port": free_port()}},
            "controllers": {"garbageCollector": {"enabled": True, "syncPeriod": "15s"},  # it accepts no less
                            "health": {"concurrentSyncs": 2, "syncPeriod": "15s"},
                            "managedResources": {"concurrentSyncs": 2, "syncPeriod": "15s",
                                                 "managedByLabelValue": "gardener"}}}
        if resource_class:
            config["controllers"]["resourceClass"] = resource_class
        else:
            config["sourceClientConnection"]["namespaces"] = [SPACE]
            config["controllers"]["tokenRequestor"] = {"enabled": True, "concurrentSyncs": 2}
        file = home / f"{name}.yaml"
        file.write_text(json.dumps(config))
        (home / "tls.crt").write_bytes((seed.home / "server.crt").read_bytes())
        (home / "tls.key").write_bytes((seed.home / "server.key").read_bytes())
        return [REAL_MANAGER, f"--config={file}"]

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def part(method):
    """Of a life: what comes before it and has not been lived in this process is lived first; after a failure nothing is."""
    @functools.wraps(method)
    def lived(self):
        life = type(self)
        names = unittest.defaultTestLoader.getTestCaseNames(life)
        self.assertNotIn(method.__name__, life.lived, "once is enough")
        for name in names[len(life.lived):names.index(method.__name__) + 1]:
            self.assertFalse(life.broken, "an earlier part of this life has failed")
            life.broken = True
            getattr(life, name).__wrapped__(self)
            life.broken = False
            life.lived.append(name)
    return lived


class LifeCycle(unittest.TestCase):
    """In the order of their names: one life. Each can be run alone, and lives what comes before it."""

    broken = False  # what comes after would only repeat it
    lived = []

    @classmethod
    def setUpClass(cls):
        cls.definitions = gardeners(*CRDS)
        folder = tempfile.TemporaryDirectory(prefix="falconer-life.")
        cls.addClassCleanup(folder.cleanup)
        cls.home = pathlib.Path(folder.name)
        cls.seed = Kubernetes(audit=True)
        cls.addClassCleanup(cls.seed.close)
        cls.shoot = Kubernetes()
        cls.addClassCleanup(cls.shoot.close)
        cls.prepare_seed()
        for manager in (ResourceManager(cls.home, cls.seed, cls.shoot),
                        ResourceManager(cls.home, cls.seed, cls.seed, "seed")):
            cls.addClassCleanup(manager.close)
        cls.start_falconer()
        cls.addClassCleanup(cls.stop_falconer)

    @classmethod
    def prepare_seed(cls):
        # Upstream's protection against deletion asks for a policy that only a landscape has.
        cls.seed.define(*cls.definitions, *yaml.safe_load_all((ROOT / "config/crds/falcoprofiles.yaml").read_text()))
        for name, labels in ((SPACE, {"gardener.cloud/role": "shoot"}), ("garden", {}), (OWN_SPACE, {})):
            cls.seed.call("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        cls.seed.call("POST", "/apis/falco.gardener.cloud/v1alpha1/falcoprofiles", example("profile"))
        access = yaml.safe_load(cls.shoot.kubeconfig.read_text())
        authority = (cls.shoot.home / "ca.crt").read_bytes()
        access["clusters"][0]["cluster"].pop("certificate-authority")
        access["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(authority).decode()
        cls.seed.call("POST", f"/api/v1/namespaces/{SPACE}/secrets", {
            "metadata": {"name": "gardener-internal"},
            "data": {"kubeconfig": base64.b64encode(json.dumps(access).encode()).decode()}})
        cls.seed.call("POST", "/apis/extensions.gardener.cloud/v1alpha1/clusters", cls.cluster())
        # gardenlet's copy of what the shoot refers to.
        cls.seed.call("POST", f"/api/v1/namespaces/{SPACE}/configmaps", {"metadata": {"name": "ref-rules"}, "data": {"own.yaml": OWN_RULE}})
        cls.give_rights()

    @classmethod
    def give_rights(cls):
        """Those of the charts. The seed is its own garden here, so it also has what Gardener binds in the garden."""
        chart = charts.render(charts.CONTROLLER, charts.GARDENLET, namespace=OWN_SPACE)
        garden = charts.render(charts.ADMISSION_APPLICATION, charts.merged(
            charts.OPERATOR_ADMISSION_VIRTUAL, {"falcoProfiles": {"readableByUsers": False}}))
        profiles = charts.one(garden, "ClusterRole", "extensions.gardener.cloud:extension-shoot-falco-service:falcoprofiles")
        kinds = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
        cls.roles = [each for each in chart if each["kind"] in kinds] + [profiles, bound(profiles, ACCOUNT, OWN_SPACE)]
        for each in cls.roles:
            cls.seed.create(each)
        cls.access = cls.seed.kubeconfig_of(OWN_SPACE, ACCOUNT)

    @classmethod
    def cluster(cls):
        made = example("cluster")
        made["spec"]["cloudProfile"] = {}
        made["spec"]["shoot"]["spec"]["resources"] = [
            {"name": "my-rules", "resourceRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "rules"}}]
        return made

    @classmethod
    def start_falconer(cls):
        key = subprocess.run([FALCONER, "token", "keygen"], capture_output=True, text=True, check=True).stdout
        (cls.home / "key.pem").write_text(key)
        config = {
            "apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration",
            "falco": {"centralStorage": {"enabled": True, "url": "https://ingest.example.com/v1/events",
                                         "tokenIssuerPrivateKeyFile": str(cls.home / "key.pem")}},
            "controller": {"kubeconfig": str(cls.access), "namespace": OWN_SPACE,
                           "rules": str(ROOT / "config/rules/demo"), "heartbeatInterval": "5s"},
            "metrics": {"listen": f"127.0.0.1:{free_port()}"}, "health": {"listen": f"127.0.0.1:{free_port()}"}}
        (cls.home / "falconer.yaml").write_text(json.dumps(config))
        cls.falconer_log = open(cls.home / "falconer.log", "ab")
        cls.falconer = subprocess.Popen([FALCONER, "serve", "--config", cls.home / "falconer.yaml", "--roles", "controller"],
                                        stdout=cls.falconer_log, stderr=cls.falconer_log)

    @classmethod
    def stop_falconer(cls):
        cls.falconer.kill()
        cls.falconer.wait()
        cls.falconer_log.close()

    # --- what gardenlet does -------------------------------------------------------------------

    def ask(self, operation, **patch):
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        annotations = {"gardener.cloud/operation": operation, "gardener.cloud/timestamp": now}
        return self.seed.call("PATCH", f"{EXTENSION}/shoot-falco-service",
                              {"metadata": {"annotations": annotations}, **patch})

    def extension(self):
        return self.seed.call("GET", f"{EXTENSION}/shoot-falco-service")

    def said(self):
        self.falconer_log.flush()
        return (self.home / "falconer.log").read_text()[-3000:] + (self.home / "shoot.log").read_text()[-3000:]

    def wait_for_success(self, kind):
        """Source: contract §1.7."""
        def content():
            is_ = self.extension()
            status = is_.get("status", {})
            return ("gardener.cloud/operation" not in is_["metadata"].get("annotations", {})
                    and status.get("observedGeneration") == is_["metadata"]["generation"]
                    and not status.get("lastError")
                    and status.get("lastOperation", {}).get("state") == "Succeeded"
                    and status["lastOperation"]["type"] == kind)
        try:
            eventually(content, 180, f"{kind} succeeds")
        except AssertionError as why:
            raise AssertionError(f"{why}: {json.dumps(self.extension(), indent=1)}\n{self.said()}") from None

    def wait_for_applied(self, name="extension-shoot-falco-service-shoot"):
        def applied():
            is_ = self.seed.call("GET", f"{RESOURCES}/{name}")
            status = is_.get("status", {})
            self.last = status
            return status.get("observedGeneration") == is_["metadata"]["generation"] and any(
                c["type"] == "ResourcesApplied" and c["status"] == "True" for c in status.get("conditions", []))
        try:
            eventually(applied, 180, f"{name} is applied")
        except AssertionError as why:
            raise AssertionError(f"{why}: {json.dumps(self.last, indent=1)}\n{self.said()}") from None

    def play_nodes(self):
        """One node, and every pod on it is ready."""
        daemons = {"desiredNumberScheduled": 1, "currentNumberScheduled": 1, "numberReady": 1, "numberAvailable": 1,
                   "updatedNumberScheduled": 1, "numberMisscheduled": 0}
        pods = {"replicas": 2, "readyReplicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "conditions": [
            {"type": kind, "status": "True", "reason": "x", "message": ""} for kind in ("Available", "Progressing")]}
        for path, status in ((DAEMON_SET, daemons), (DEPLOYMENT, pods)):
            is_ = self.shoot.call("GET", path)
            if is_ is None:
                continue
            status["observedGeneration"] = is_["metadata"]["generation"]
            self.shoot.call("PATCH", path + "/status", {"status": status})

    def play_garbage_collector(self):
        """Who is deleted in the foreground goes when its pods have gone; there are none."""
        for path in (DAEMON_SET, DEPLOYMENT):
            is_ = self.shoot.call("GET", path)
            if is_ and is_["metadata"].get("finalizers") == ["foregroundDeletion"]:
                self.shoot.call("PATCH", path, {"metadata": {"finalizers": None}})

    def condition(self, kind):
        return next((c for c in self.extension().get("status", {}).get("conditions", []) if c["type"] == kind), {})

    def falco_image(self):
        return self.shoot.call("GET", DAEMON_SET)["spec"]["template"]["spec"]["containers"][0]["image"]

    # --- its life ------------------------------------------------------------------------------

    @part
    def test_1_it_is_created_and_its_objects_are_in_the_shoot(self):
        made = example("extension")
        made["spec"]["providerConfig"]["destinations"] = [{"name": "central"}]
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        made["metadata"]["annotations"] = {"gardener.cloud/operation": "reconcile", "gardener.cloud/timestamp": now}
        self.seed.call("POST", EXTENSION, made)
        self.wait_for_success("Create")
        self.wait_for_applied()
        self.assertIn("falco:0.43.0", self.falco_image())
        for path in ("secrets/falco-certs", "secrets/falcosidekick", "configmaps/falco", "services/falcosidekick"):
            self.assertIsNotNone(self.shoot.call("GET", f"/api/v1/namespaces/kube-system/{path}"), path)
        labels = self.shoot.call("GET", DAEMON_SET)["metadata"]["labels"]
        self.assertEqual(labels["resources.gardener.cloud/managed-by"], "gardener")
        self.assertEqual(labels["shoot.gardener.cloud/no-cleanup"], "true")

    @part
    def test_2_its_health_is_told_as_gardenlet_reads_it(self):
        eventually(lambda: self.condition("SystemComponentsHealthy").get("status") == "False", 180,
                   "without nodes it is not well: " + json.dumps(self.extension().get("status")))
        self.play_nodes()
        for kind in ("SystemComponentsHealthy", "ObservabilityComponentsHealthy"):
            try:
                eventually(lambda kind=kind: self.condition(kind).get("status") == "True", 180, f"{kind} is True")
            except AssertionError as why:
                resource = self.seed.call("GET", f"{RESOURCES}/extension-shoot-falco-service-shoot")
                raise AssertionError(f"{why}: {self.condition(kind)} {json.dumps(resource['status'], indent=1)}") from None

    @part
    def test_3_the_heartbeat_is_there_for_gardenlet(self):
        lease = self.seed.call("GET", f"/apis/coordination.k8s.io/v1/namespaces/{OWN_SPACE}/leases/gardener-extension-heartbeat")
        self.assertRegex(lease["spec"]["renewTime"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertEqual(lease["spec"]["holderIdentity"], "gardener-extension-shoot-falco-service")

    @part
    def test_4_another_version_rolls_out_with_a_secret_of_its_own(self):
        before = set(self.secrets())
        rules = {"standard": ["falco-rules"], "custom": [{"resourceName": "my-rules"}]}
        self.ask("reconcile", spec={"providerConfig": {"falcoVersion": "0.42.1", "rules": rules}})
        self.wait_for_success("Reconcile")
        self.wait_for_applied()
        eventually(lambda: "falco:0.42.1" in self.falco_image(), 180, "the new version is in the shoot")
        self.play_nodes()
        kept = set(self.secrets())
        self.assertTrue(kept - before, "no new content has a Secret of its own")

    @part
    def test_5_asked_again_nothing_is_written_twice(self):
        was = self.seed.call("GET", f"{RESOURCES}/extension-shoot-falco-service-shoot")
        pods = self.shoot.call("GET", DAEMON_SET)["metadata"]["generation"]
        self.ask("reconcile")
        self.wait_for_success("Reconcile")
        now = self.seed.call("GET", f"{RESOURCES}/extension-shoot-falco-service-shoot")
        self.assertEqual(was["metadata"]["generation"], now["metadata"]["generation"])
        self.assertEqual(was["spec"], now["spec"])
        self.assertEqual(self.shoot.call("GET", DAEMON_SET)["metadata"]["generation"], pods)

    @part
    def test_6_a_mistake_is_refused_with_its_place_and_what_is_there_stays(self):
        self.ask("reconcile", spec={"providerConfig": {"falcoVersoin": "1"}})
        eventually(lambda: self.extension()["status"]["lastOperation"]["state"] == "Error", 180, "it is an error")
        error = self.extension()["status"]["lastError"]
        self.assertIn("spec.providerConfig.falcoVersoin", error["description"])
        self.assertEqual(error["codes"], ["ERR_CONFIGURATION_PROBLEM"])
        self.assertIn("falco:0.42.1", self.falco_image())
        self.ask("reconcile", spec={"providerConfig": {"falcoVersoin": None}})
        self.wait_for_success("Reconcile")

    @part
    def test_7_killed_and_started_again_it_goes_on(self):
        self.ask("reconcile", spec={"providerConfig": {"falcoVersion": "0.43.0"}})
        self.stop_falconer()
        self.start_falconer()
        self.wait_for_success("Reconcile")
        eventually(lambda: "falco:0.43.0" in self.falco_image(), 180, "the version asked for is there")
        self.play_nodes()

    @part
    def test_8_it_is_migrated_and_restored_and_no_pod_rolls(self):
        self.play_nodes()
        pods = self.shoot.call("GET", DAEMON_SET)["metadata"]["generation"]
        self.ask("migrate")
        self.wait_for_success("Migrate")
        self.assertEqual(self.extension()["metadata"].get("finalizers", []), [])
        eventually(lambda: self.seed.call("GET", f"{RESOURCES}/extension-shoot-falco-service-shoot") is None, 180, "handed over")
        self.assertIsNotNone(self.shoot.call("GET", DAEMON_SET), "its objects stay")
        self.ask("restore")
        self.wait_for_success("Restore")
        self.wait_for_applied()
        self.assertEqual(self.shoot.call("GET", DAEMON_SET)["metadata"]["generation"], pods)

    @part
    def test_9_it_is_deleted_and_nothing_is_left(self):
        self.play_nodes()
        self.seed.call("DELETE", f"{EXTENSION}/shoot-falco-service")
        def gone():
            self.play_garbage_collector()
            return self.extension() is None
        try:
            eventually(gone, 180, "it is gone")
        except AssertionError as why:
            resources = self.seed.call("GET", RESOURCES)
            raise AssertionError(f"{why}: {json.dumps(self.extension())}\n{json.dumps(resources, indent=1)}\n{self.said()}") from None
        for path in (DAEMON_SET, DEPLOYMENT, "/api/v1/namespaces/kube-system/secrets/falco-certs",
                     "/api/v1/namespaces/kube-system/configmaps/falco"):
            self.assertIsNone(self.shoot.call("GET", path), path)
        self.assertEqual(self.seed.call("GET", RESOURCES)["items"], [])
        eventually(lambda: self.secrets() == ["gardener-internal"], 180, f"only Gardener's own Secret is left, not {self.secrets()}")

    @part
    def test_a_its_role_grants_what_it_calls_and_nothing_more(self):
        allowed = rights.granted(self.roles, ACCOUNT, OWN_SPACE)
        asked = rights.called(self.seed.audited(), f"system:serviceaccount:{OWN_SPACE}:{ACCOUNT}")
        self.assertGreater(len(asked), 20, "the audit log is not what it should be")
        self.assertEqual(rights.missing(allowed, asked), [], "called, but not granted")
        self.assertEqual(rights.idle(allowed, asked, SELDOM_USED), [], "granted, but not called")

    def secrets(self):
        return sorted(each["metadata"]["name"] for each in
                      self.seed.call("GET", f"/api/v1/namespaces/{SPACE}/secrets")["items"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
