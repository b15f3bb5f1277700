"""docs/operations.md, "In the place of the Go extension": a control plane as the Go extension leaves it, Falconer in its place, the Go
extension back, Falconer once more. Each change of the program rolls the pods of a shoot once, because the two render differently; nothing
else does, and what is kept from one to the other – certificates, names, the Lease, tokens and their keys – is kept.

Seed, garden and shoot are the sandbox's API, then real ones; ManagedResources are carried out by the small resource manager of ours. The Go extension is
played by go_extension.py, which says what that shows and what not.
"""

import datetime
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

from paths import HERE
import tokens
import clusters_away_test as away
from go_extension import CERTIFICATES, FINALIZER, LEASE, PAIRS, GoExtension, decoded, now, stamp
from kube_http import Api
from kubernetes import Kubernetes
from rendering import example
from resource_manager import objects_in
from sandbox_api import SandboxApi
from shared_data import gardeners
from testbed import FALCONER, ROOT, Testbed, event, eventually

SPACE = "shoot--demo--a"
IDENTITY = f"{SPACE}-0a1b2c3d-1111-2222-3333-444455556666-local"
OWN_SPACE = "extension-falco"
EXTENSION = f"/apis/extensions.gardener.cloud/v1alpha1/namespaces/{SPACE}/extensions/shoot-falco-service"
RESOURCES = f"/apis/resources.gardener.cloud/v1alpha1/namespaces/{SPACE}/managedresources"
SECRETS = f"/api/v1/namespaces/{SPACE}/secrets"
WORKLOADS = {"falco": "/apis/apps/v1/namespaces/kube-system/daemonsets/falco",
             "falcosidekick": "/apis/apps/v1/namespaces/kube-system/deployments/falcosidekick"}
GO_KEYS = sorted(key for pair in PAIRS.values() for key in pair[:4])


def meaning(value):
    """Without what says nothing: a real server drops empty lists when it writes an object down."""
    if isinstance(value, dict):
        return {key: each for key, each in ((key, meaning(each)) for key, each in value.items()) if each not in ([], {}, None)}
    return [meaning(each) for each in value] if isinstance(value, list) else value


class Landscape(unittest.TestCase):
    """A seed, which is its own garden, and a shoot on it, with nobody who looks after Falco yet."""

    maxDiff = None

    def cluster(self, name):
        """An API server, with a `kubeconfig`."""
        raise NotImplementedError

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-takeover."))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.key = self.home / "key.pem"
        self.key.write_bytes(tokens.openssl("genrsa", "-traditional", "2048"))
        self.seed, self.shoot = self.cluster("seed"), self.cluster("shoot")
        for name, of in (("shoot", []), ("seed", ["--class", "seed"])):
            self.start_resource_manager(name, *of)
        self.add_shoot()
        self.go = GoExtension(self.seed, self.home, SPACE, IDENTITY, self.key)
        self.us = None

    def start_resource_manager(self, name, *more):
        target = self.seed if more else self.shoot
        more = more or ("--namespace", SPACE)
        with open(self.home / f"manager-{name}.log", "wb") as log:
            process = subprocess.Popen([sys.executable, HERE / "resource_manager.py", self.seed.kubeconfig, target.kubeconfig, *more],
                                       stdout=log, stderr=log)
        self.addCleanup(lambda: process.kill() or process.wait())

    def add_shoot(self):
        shoot = {"metadata": {"name": "a", "namespace": "garden-demo"}, "spec": {"kubernetes": {"version": "1.33.5"}},
                 "status": {"technicalID": SPACE, "clusterIdentity": IDENTITY}}
        for made in ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN_SPACE}},
                     {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE, "labels": {"gardener.cloud/role": "shoot"}}},
                     {"apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Cluster", "metadata": {"name": SPACE}, "spec": {
                         "cloudProfile": {}, "seed": {"spec": {"ingress": {"domain": "i.example.com"}}}, "shoot": shoot}},
                     {"apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Extension", "metadata": {
                         "name": "shoot-falco-service", "namespace": SPACE}, "spec": {"type": "shoot-falco-service", "providerConfig": {
                             **away.SPEC, "falcoVersion": "0.42.1", "autoUpdate": False, "rules": {"standard": ["falco-rules"]},
                             "destinations": [{"name": "logging"}, {"name": "central"}]}}}):
            self.seed.create(made)
        if self.shoot.call("GET", "/api/v1/namespaces/kube-system") is None:
            self.shoot.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}})

    # --- who works -----------------------------------------------------------------------------

    def start(self, **controller):
        self.us = away.Process(self.home, "controller", {
            "falco": {"centralStorage": {"enabled": True, "url": "https://ingest.example.com/ingestor/api/v1/push",
                                         "tokenIssuerPrivateKeyFile": str(self.key)}},
            "controller": {"kubeconfig": str(self.seed.kubeconfig), "namespace": OWN_SPACE, "rules": str(ROOT / "config/rules/demo"),
                           **controller}})
        self.addCleanup(self.us.close)

    def leader(self):
        lease = self.seed.call("GET", f"/apis/coordination.k8s.io/v1/namespaces/{OWN_SPACE}/leases/{LEASE}")
        return lease["spec"].get("holderIdentity", "") if lease else ""

    def wait_until_we_lead(self):
        def leads():
            assert self.us.process.poll() is None, self.us.said()[-3000:]
            return self.leader() not in ("", self.go.me)
        eventually(leads, 120, "Falconer leads")

    def ask_us(self):
        """As gardenlet does, each day and at each change; waits for the answer, and until the shoot has what was delivered."""
        wish = away.GardenAway.wish()
        self.seed.call("PATCH", EXTENSION, {"metadata": {"annotations": wish}})

        def done():
            there = self.seed.call("GET", EXTENSION)
            last = there["status"].get("lastOperation", {})
            return ("gardener.cloud/operation" not in there["metadata"].get("annotations", {}) and last.get("state") == "Succeeded"
                    and there["status"]["observedGeneration"] == there["metadata"]["generation"])
        try:
            eventually(done, 120, "Falconer has reconciled")
        except AssertionError:
            print(self.seed.call("GET", EXTENSION), self.us.said()[-3000:], flush=True)
            raise
        self.wait_until_applied()

    def ask_go(self):
        kept = self.go.reconcile(EXTENSION)
        self.wait_until_applied()
        return kept

    def wait_until_applied(self):
        def applied():
            return all(each.get("status", {}).get("observedGeneration") == each["metadata"]["generation"]
                       and any(said["type"] == "ResourcesApplied" and said["status"] == "True" for said in each["status"]["conditions"])
                       for each in self.seed.call("GET", RESOURCES)["items"])
        try:
            eventually(applied, 120, "all is applied")
        except AssertionError:
            for log in self.home.glob("manager-*.log"):
                print(log.read_text()[-3000:], flush=True)
            raise

    # --- what there is -------------------------------------------------------------------------

    def workloads(self):
        return {name: self.shoot.call("GET", path) for name, path in WORKLOADS.items()}

    def delivered(self):
        """What the seed has for the shoot: the ManagedResources' Secrets."""
        return {each["metadata"]["name"]: [ref["name"] for ref in each["spec"]["secretRefs"]] for each in self.seed.call("GET", RESOURCES)["items"]}

    def kept(self):
        return decoded(self.seed.call("GET", f"{SECRETS}/{CERTIFICATES}"))

    def in_shoot(self, name):
        return decoded(self.shoot.call("GET", f"/api/v1/namespaces/kube-system/secrets/{name}"))

    def assert_rolled(self, before, after, times):
        """How often pods were replaced; in place: nothing was taken away and made anew."""
        for name, was in before.items():
            there = after[name]
            self.assertEqual(there["metadata"]["uid"], was["metadata"]["uid"], name)
            self.assertEqual(there["spec"]["selector"], was["spec"]["selector"], name)
            self.assertEqual(there["metadata"]["generation"] - was["metadata"]["generation"], times, name)
            self.assertEqual(there["spec"]["template"] != was["spec"]["template"], times > 0, name)

    def go_there_and_back_and_there_again(self):
        # As the Go extension leaves it.
        self.go.lead(OWN_SPACE)
        self.assertFalse(self.ask_go())
        of_go, go_has, certificates = self.workloads(), self.delivered(), self.kept()
        self.assertEqual(sorted(certificates), GO_KEYS)
        self.assertEqual(self.go.why_anew(certificates), "")

        # Beside it Falconer waits; in its place it leaves alone what nobody asks for.
        self.start()
        self.us.wait_until_ready("controller")
        self.go.lead(OWN_SPACE)
        self.assertEqual(self.leader(), self.go.me)
        self.assertEqual(self.delivered(), go_has)
        self.go.let_go(OWN_SPACE)
        self.wait_until_we_lead()
        self.us.wait_until_ready("controller")
        self.assertEqual(self.delivered(), go_has)
        self.assert_rolled(of_go, self.workloads(), 0)

        # gardenlet asks: one roll, in place, with the certificates that were there.
        self.ask_us()
        of_ours, we_have = self.workloads(), self.delivered()
        self.assertEqual(sorted(we_have), sorted(go_has), "the same ManagedResources")
        self.assert_rolled(of_go, of_ours, 1)
        self.assertEqual({key: self.kept()[key] for key in GO_KEYS}, certificates)
        client = self.in_shoot("falco-certs")
        self.assertEqual((client["client.crt"], client["client.key"]), (certificates["client.crt"], certificates["client.key"]))
        self.assertEqual(self.seed.call("GET", EXTENSION)["metadata"]["finalizers"], [FINALIZER])
        self.assertIsNotNone(self.seed.call("GET", f"{SECRETS}/shoot-access-falcosidekick"), "the same name, so that no token is lost")

        # Asked again, restarted, asked again: nothing.
        self.ask_us()
        self.us.close()
        self.start()
        self.wait_until_we_lead()
        self.ask_us()
        self.assertEqual(self.delivered(), we_have)
        self.assert_rolled(of_ours, self.workloads(), 0)

        # And back: it keeps what it finds, and its Falco is what it was.
        self.us.close()
        self.assertEqual(self.leader(), "", "whoever ends lets the Lease go")
        self.go.lead(OWN_SPACE)
        self.assertEqual(self.go.why_anew(self.kept()), "")
        self.assertTrue(self.ask_go(), "it has kept the certificates")
        back = self.workloads()
        self.assert_rolled(of_ours, back, 1)
        self.assertEqual(meaning(back["falco"]["spec"]), meaning(of_go["falco"]["spec"]), "nothing of Falconer's is left in it")
        self.assertEqual(self.kept(), certificates)
        self.assertEqual(sorted(self.delivered()), sorted(go_has))
        self.go.let_go(OWN_SPACE)

        # There again: what was kept serves on.
        self.start()
        self.wait_until_we_lead()
        self.ask_us()
        again = self.workloads()
        self.assert_rolled(back, again, 1)
        self.assertEqual({name: each["spec"]["template"] for name, each in again.items()},
                         {name: each["spec"]["template"] for name, each in of_ours.items()}, "the same certificates and the same token")
        self.assertEqual(self.delivered(), we_have)


class Takeover(Landscape):
    """In the sandbox."""

    def cluster(self, name):
        (self.home / name).mkdir()
        made = SandboxApi(self.home / name)
        self.addCleanup(made.close)
        api = Api(made.kubeconfig)
        api.kubeconfig = made.kubeconfig
        return api

    def test_there_and_back_and_there_again(self):
        self.go_there_and_back_and_there_again()

    def test_after_a_while_it_is_in_its_place_without_being_asked(self):
        self.ask_go()
        # Rounds come an hour after the last one; a minute is the shortest that can be had, and most of it has passed.
        self.seed.call("PATCH", f"{EXTENSION}/status", {"status": {"lastOperation": {"lastUpdateTime": stamp(now() - datetime.timedelta(seconds=45))}}})
        of_go, extension = self.workloads(), self.seed.call("GET", EXTENSION)
        self.start(resync="1m")
        eventually(lambda: self.workloads()["falco"]["spec"]["template"] != of_go["falco"]["spec"]["template"], 180, "a round of its own")
        self.wait_until_applied()
        self.assert_rolled(of_go, self.workloads(), 1)
        later = self.seed.call("GET", EXTENSION)
        self.assertEqual(later["status"]["lastOperation"], extension["status"]["lastOperation"], "which gardenlet has not asked for")

    def test_what_was_delivered_is_all_that_there_is(self):
        """What the Go extension made and Falconer does not goes; and the other way round."""
        self.go.lead(OWN_SPACE)
        self.ask_go()
        self.go.let_go(OWN_SPACE)
        self.start()
        self.wait_until_we_lead()
        self.ask_us()
        self.assertEqual(self.in_the_shoot(), self.in_the_secrets())
        self.us.close()
        self.go.lead(OWN_SPACE)
        self.ask_go()
        self.assertEqual(self.in_the_shoot(), self.in_the_secrets())

    def in_the_shoot(self):
        found = set()
        for path in ("/api/v1/namespaces/kube-system/configmaps", "/api/v1/namespaces/kube-system/secrets", "/api/v1/namespaces/kube-system/services",
                     "/apis/networking.k8s.io/v1/namespaces/kube-system/networkpolicies", "/apis/policy/v1/namespaces/kube-system/poddisruptionbudgets",
                     "/apis/apps/v1/namespaces/kube-system/daemonsets", "/apis/apps/v1/namespaces/kube-system/deployments",
                     "/apis/rbac.authorization.k8s.io/v1/clusterroles", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"):
            for each in (self.shoot.call("GET", path) or {"items": []})["items"]:
                if each["metadata"].get("labels", {}).get("resources.gardener.cloud/managed-by") == "gardener":
                    found.add((path.rpartition("/")[2], each["metadata"]["name"]))
        return found

    def in_the_secrets(self):
        made = set()
        for name in self.delivered()["extension-shoot-falco-service-shoot"]:
            for each in objects_in(self.seed.call("GET", f"{SECRETS}/{name}")):
                kind = each["kind"].lower()
                made.add((kind[:-1] + "ies" if kind.endswith("y") else kind + "s", each["metadata"]["name"]))
        return made


class OnRealServers(Landscape):
    """Two kube-apiservers, with Gardener's own CRDs: what they would not let be changed in place cannot have been."""

    def cluster(self, name):
        api = Kubernetes()
        self.addCleanup(api.close)
        if name == "seed":
            api.define(*gardeners("extensions.gardener.cloud_extensions", "extensions.gardener.cloud_clusters",
                                  "resources.gardener.cloud_managedresources", "monitoring.coreos.com_scrapeconfigs"),
                       *yaml.safe_load_all((ROOT / "config/crds/falcoprofiles.yaml").read_text()))
            api.create(example("profile"))
        return api

    def test_there_and_back_and_there_again(self):
        self.go_there_and_back_and_there_again()


class Registration(away.Clusters):
    """The webhook's."""

    def test_that_of_the_go_admission_is_taken_over_in_place(self):
        stale = "Z28="
        for path in away.REGISTRATIONS:
            kind = "Mutating" if "mutating" in path else "Validating"
            name, where = ("mutator", "mutate") if kind == "Mutating" else ("validator", "validate")
            self.garden.ask("POST", path.rpartition("/")[0], {
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": f"{kind}WebhookConfiguration", "metadata": {"name": away.NAME}, "webhooks": [{
                    "name": f"{name}.admission-shoot-falco-service.extensions.gardener.cloud", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                    "failurePolicy": "Ignore", "clientConfig": {"url": f"https://127.0.0.1:1/webhooks/{where}", "caBundle": stale},
                    "rules": [{"apiGroups": ["core.gardener.cloud"], "apiVersions": ["v1beta1"], "operations": ["CREATE", "UPDATE"],
                               "resources": ["shoots", "seeds"]}]}]})
        were = {path: self.garden.ask("GET", path) for path in away.REGISTRATIONS}
        self.start("admission", self.admission(kubeconfig=str(self.through))).wait_until_ready("admission")
        self.reviews_are_answered()
        for path, was in were.items():
            there = self.garden.ask("GET", path)
            self.assertEqual(there["metadata"]["uid"], was["metadata"]["uid"])
            self.assertEqual([each["name"] for each in there["webhooks"]], [each["name"] for each in was["webhooks"]], "its own webhook is the same one")
            self.assertNotEqual(there["webhooks"][0]["clientConfig"]["caBundle"], stale)
            self.assertEqual(there["webhooks"][0]["failurePolicy"], "Fail")


class Events(unittest.TestCase):
    """The tokens and their keys, there and back."""

    def test_tokens_of_both_are_good_by_the_keys_file_of_the_go_ingestor(self):
        with Testbed() as bed:
            tokens.write_keys_file(bed.key, bed.keys)
            bed.migrate()
            bed.start()
            for token in (tokens.token(bed.key, IDENTITY), bed.token(IDENTITY)):
                self.assertEqual(bed.post(event(IDENTITY), token, "/ingestor/api/v1/push")[0], 200)
            bed.nothing_pending()
            eventually(lambda: bed.count("select count(*) from falconer.event") == 2, what="both are stored")

    def test_a_key_of_ours_is_one_that_the_go_extension_reads(self):
        with tempfile.TemporaryDirectory(prefix="falconer-takeover.") as folder:
            key = pathlib.Path(folder) / "key.pem"
            key.write_bytes(subprocess.run([FALCONER, "token", "keygen"], check=True, capture_output=True).stdout)
            GoExtension(None, pathlib.Path(folder), SPACE, IDENTITY, key)
            self.assertIn(b"RSA key ok", tokens.openssl("rsa", "-in", str(key), "-check", "-noout"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
