"""falconer up with a real kubectl: shoots applied, changed, misspelt and deleted, as their owners do it."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from kubernetes import build_kubectl
from testbed import ROOT, eventually
from up_test import Up, leftovers

SHOOT = """
apiVersion: core.gardener.cloud/v1beta1
kind: Shoot
metadata: {name: %s, namespace: garden-demo}
spec:
  kubernetes: {version: 1.33.5}
  extensions:
  - type: shoot-falco-service
    providerConfig:
      apiVersion: falco.extensions.gardener.cloud/v1alpha1
      kind: FalcoServiceConfig
%s"""
CURRENT = "      falcoVersion: 0.42.1\n      destinations: [{name: central}]\n"
GEP27 = "      falcoVersion: 0.42.1\n      resources: gardener\n      gardener: {useFalcoRules: true}\n"


def shoot_identity(of):
    return of.get("-n", "garden-demo", "shoot", "minimal")["status"]["clusterIdentity"]


class SandboxKubectl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = build_kubectl()
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-kubectl."))
        os.chmod(cls.home, 0o755)
        cls.data = cls.home / "data"
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.up = Up(cls.data, "--shoots", "2", "--rate", "5").wait_until_up()

    @classmethod
    def tearDownClass(cls):
        code = cls.up.end()
        assert code == 0, cls.up.said()
        assert leftovers(cls.home) == [], leftovers(cls.home)

    def kubectl(self, *args, text=None, fails=False):
        environment = {"KUBECONFIG": str(self.data / "kubernetes" / "kubeconfig"), "HOME": str(self.home),
                       "PATH": os.environ["PATH"]}
        done = subprocess.run([self.program, *args], input=text, capture_output=True, text=True, timeout=180,
                              env={**environment, **getattr(self, "more", {})})
        self.assertEqual(done.returncode != 0, fails, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def get(self, *args):
        return json.loads(self.kubectl("get", "-o", "json", *args))

    def shoot_state(self, name):
        return self.get("-n", "garden-demo", "shoot", name)["status"].get("lastOperation", {}).get("state")

    def clusters_stored(self):
        return subprocess.run(["psql", "-XAtq", "-h", self.data / "run", "-U", "falconer_reader", "falconer", "-c",
                               "select distinct cluster from falconer.events"],
                              check=True, capture_output=True, text=True).stdout

    def test_what_is_there_is_seen_as_tables(self):
        eventually(lambda: self.shoot_state("first") == "Succeeded", 180, "the first shoot is done")
        seen = self.kubectl("get", "shoots,extensions,managedresources", "-A")
        self.assertIn("LAST OPERATION", seen)
        self.assertRegex(seen, r"garden-demo +shoot.core.gardener.cloud/first +Succeeded")
        self.assertRegex(seen, r"shoot--demo--first +managedresource\S+/extension-shoot-falco-service-shoot +True +True +False")

    def test_waits_and_watches_end_when_what_they_wait_for_has_come(self):
        waited = self.kubectl("-n", "garden-demo", "wait", "shoot/first", "--for=jsonpath={.status.lastOperation.state}=Succeeded", "--timeout=50s")
        self.assertIn("condition met", waited)
        command = [self.program, "-n", "default", "get", "configmaps", "-w", "--no-headers"]
        environment = {"KUBECONFIG": str(self.data / "kubernetes" / "kubeconfig"), "HOME": str(self.home), "PATH": os.environ["PATH"]}
        out = open(self.home / "watched", "wb")
        self.addCleanup(out.close)
        watching = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)

        def seen():
            return [line.split()[0] for line in (self.home / "watched").read_text().splitlines()]
        config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: watched-%s, namespace: default}\n"
        # What there is comes first, and when the watch itself has begun nobody says: so until it has told one.
        number = 0
        def told():
            nonlocal number
            number += 1
            self.kubectl("apply", "-f", "-", text=config % number)
            return any(name.startswith("watched-") for name in seen())
        eventually(told, 60, "the watch tells what was made")
        self.kubectl("-n", "default", "annotate", "configmap", f"watched-{number}", "a=b")
        eventually(lambda: seen().count(f"watched-{number}") >= 2, 60, f"… and what was changed: {seen()}")
        for each in range(1, number + 1):
            self.kubectl("-n", "default", "delete", "configmap", f"watched-{each}")

    def test_a_shoot_lives_from_apply_to_delete_in_either_dialect(self):
        for name, config in (("a", CURRENT), ("b", GEP27)):
            self.kubectl("apply", "-f", "-", text=SHOOT % (name, config))
            eventually(lambda: self.shoot_state(name) == "Succeeded", 180, "it is delivered")
            space = f"shoot--demo--{name}"
            identity = self.get("-n", "garden-demo", "shoot", name)["status"]["clusterIdentity"]
            eventually(lambda: identity in self.clusters_stored(), 180, "its events are stored")

            self.more = {"EDITOR": "sed -i s/0.42.1/0.43.0/"}
            self.kubectl("-n", "garden-demo", "edit", "shoot", name)
            inside = [f"--server={self.server()}/shoots/{space}", "-n", "kube-system"]
            eventually(lambda: "falco:0.43.0" in self.kubectl(*inside, "get", "daemonset", "falco", "-o", "yaml"), 180,
                       "the version has moved")

            self.kubectl("-n", "garden-demo", "delete", "shoot", name, "--timeout=170s")
            left = self.kubectl("get", "namespaces,extensions,managedresources,secrets", "-A")
            self.assertNotIn(space, left)
            self.assertNotIn(space, self.kubectl("get", "clusters.extensions.gardener.cloud"))

    def server(self):
        return json.loads(self.kubectl("config", "view", "-o", "json"))["clusters"][0]["cluster"]["server"]

    def test_a_misspelt_field_is_refused_with_its_place_before_anything_is_written(self):
        wrong = CURRENT.replace("falcoVersion", "falcoVersoin")
        said = self.kubectl("apply", "-f", "-", text=SHOOT % ("wrong", wrong), fails=True)
        self.assertIn("spec.extensions[0].providerConfig.falcoVersoin: unknown field; did you mean 'falcoVersion'?", said)
        self.assertIn("NotFound", self.kubectl("-n", "garden-demo", "get", "shoot", "wrong", fails=True))
        self.kubectl("apply", "-f", "-", text=SHOOT % ("wrong", CURRENT))
        eventually(lambda: self.shoot_state("wrong") == "Succeeded", 180, "it is mended")
        patch = '[{"op": "replace", "path": "/spec/extensions/0/providerConfig/falcoVersion", "value": "9.9.9"}]'
        said = self.kubectl("-n", "garden-demo", "patch", "shoot", "wrong", "--type", "json", "-p", patch, fails=True)
        self.assertIn("spec.extensions[0].providerConfig.falcoVersion", said)
        self.assertIn("9.9.9", said)
        self.kubectl("-n", "garden-demo", "delete", "shoot", "wrong", "--timeout=170s")

    def test_the_minimal_shoot_gets_its_defaults_written_back_and_its_events_are_stored(self):
        minimal = (SHOOT % ("minimal", "")).split("    providerConfig:")[0]
        self.kubectl("apply", "-f", "-", text=minimal)
        shoot = self.get("-n", "garden-demo", "shoot", "minimal")
        self.assertEqual(shoot["metadata"]["labels"], {"extensions.extensions.gardener.cloud/shoot-falco-service": "true"})
        config = shoot["spec"]["extensions"][0]["providerConfig"]
        self.assertEqual((config["falcoVersion"], config["autoUpdate"]), ("0.43.0", True))
        self.assertEqual([each["name"] for each in config["destinations"]], ["central"])
        eventually(lambda: self.shoot_state("minimal") == "Succeeded", 180, "it is delivered")
        eventually(lambda: shoot_identity(self) in self.clusters_stored(), 180, "its events are stored")
        # The same file once more takes the config away and gets it back: nothing has changed.
        self.kubectl("apply", "-f", "-", text=minimal)
        again = self.get("-n", "garden-demo", "shoot", "minimal")
        self.assertEqual((again["spec"], again["metadata"]["generation"]), (shoot["spec"], shoot["metadata"]["generation"]))

        # Switched off it is asked about once more, and then no longer.
        off = minimal.replace("- type: shoot-falco-service", "- type: shoot-falco-service\n    disabled: true")
        self.kubectl("apply", "-f", "-", text=off)
        self.assertEqual(self.get("-n", "garden-demo", "shoot", "minimal")["metadata"].get("labels", {}), {})
        self.kubectl("-n", "garden-demo", "delete", "shoot", "minimal", "--timeout=170s")

    def test_faults_are_ordered_and_taken_away_again(self):
        orders = ROOT / "config/examples/sandbox-faults.yaml"
        self.kubectl("apply", "-f", orders)
        self.kubectl("-n", "kube-system", "delete", "configmap", "sandbox-faults")
        every = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sandbox-faults", "namespace": "kube-system"},
                            "data": {"status": "500", "methods": "GET", "path": "/namespaces/default/configmaps"}})
        self.kubectl("apply", "-f", "-", text=every)
        self.assertIn("as was planned", self.kubectl("-n", "default", "get", "configmaps", fails=True))
        self.kubectl("-n", "default", "get", "secrets")
        self.kubectl("-n", "kube-system", "delete", "configmap", "sandbox-faults")
        self.kubectl("-n", "default", "get", "configmaps")

    def test_objects_of_all_kinds_are_applied_patched_labelled_and_conflicts_told(self):
        crd = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: things, singular: thing, kind: Thing, shortNames: [tg]}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    additionalPrinterColumns: [{name: Size, type: string, jsonPath: .spec.size}]
"""
        self.kubectl("apply", "-f", "-", text=crd)
        thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t, namespace: default}\nspec: {size: %s}\n"
        self.kubectl("apply", "-f", "-", text=thing % "large")
        self.assertRegex(self.kubectl("get", "tg"), r"t +large")
        self.kubectl("label", "thing", "t", "a=b")
        self.kubectl("patch", "thing", "t", "--type", "json", "-p", '[{"op": "remove", "path": "/metadata/labels/a"}]')
        self.assertIn("No resources found", self.kubectl("get", "things", "-l", "a=b"))
        config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: default}\ndata: {a: b}\n"
        for more in ((), ("--server-side",)):
            self.kubectl("apply", *more, "-f", "-", text=config)
        old = self.kubectl("get", "cm", "c", "-o", "yaml")
        self.kubectl("annotate", "cm", "c", "x=y")
        self.assertIn("the object has been modified", self.kubectl("replace", "-f", "-", text=old, fails=True))
        self.kubectl("delete", "cm/c", "thing/t", "crd/things.example.com")
        self.kubectl("create", "configmap", "x", "--from-literal=a=b")
        self.kubectl("delete", "cm/x")
        self.assertIn("kubectl apply -f", self.kubectl("create", "deployment", "x", "--image=y", fails=True))
        self.kubectl("create", "serviceaccount", "robot")
        token = self.kubectl("create", "token", "robot", "--duration", "20m").strip()
        self.assertIn("system:serviceaccount:default:robot", self.kubectl("auth", "whoami", "--token", token))


if __name__ == "__main__":
    unittest.main(verbosity=2)
