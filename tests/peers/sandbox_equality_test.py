"""Two stand-ins for Gardener's resource manager held to each other: the sandbox's, in `falconer up`, and ours on real API servers.
What the first has applied, the second applies too, strictly; the same objects are listed and look the same."""

import copy
import os
import pathlib
import shutil
import tempfile
import unittest

from kube_http import Api
from kubernetes import Kubernetes
from resource_manager import ResourceManager, objects_in
from shared_data import gardeners
from testbed import eventually
from up_test import Up, leftovers

SPACE = "shoot--demo--first"
RESOURCES = f"/apis/resources.gardener.cloud/v1alpha1/namespaces/{SPACE}/managedresources"
CRDS = ("resources.gardener.cloud_managedresources", "monitoring.coreos.com_scrapeconfigs")
SERVERS_OWN = ("uid", "creationTimestamp", "resourceVersion", "generation", "managedFields", "selfLink")


def differences(small, large, path=""):
    """What of the small one the large one does not have: the latter may have more, such as a server's defaults."""
    if isinstance(small, dict) and isinstance(large, dict):
        return [each for key, value in small.items() for each in
                (differences(value, large[key], f"{path}.{key}") if key in large else [f"{path}.{key} is missing"])]
    if isinstance(small, list) and isinstance(large, list) and len(small) == len(large):
        return [each for n, (one, other) in enumerate(zip(small, large)) for each in differences(one, other, f"{path}[{n}]")]
    return [] if small == large else [f"{path}: {small!r} and {large!r}"]


def bare(made):
    made = copy.deepcopy(made)
    made.pop("status", None)
    for key in SERVERS_OWN:
        made["metadata"].pop(key, None)
    return made


class SandboxEquality(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        definitions = gardeners(*CRDS)
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-equality."))
        os.chmod(cls.home, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.up = Up(cls.home / "data", "--shoots", "1")
        cls.addClassCleanup(cls.end_up)
        cls.up.wait_until_up()
        cls.sandbox = Api(cls.home / "data/kubernetes/kubeconfig")
        cls.sandbox_shoot = Api(cls.home / "data/kubernetes/kubeconfig")
        cls.sandbox_shoot.server += f"/shoots/{SPACE}"
        eventually(cls.is_applied, 180, "the first shoot has what it is to have")
        cls.seed = Kubernetes()
        cls.addClassCleanup(cls.seed.close)
        cls.shoot = Kubernetes()
        cls.addClassCleanup(cls.shoot.close)
        cls.seed.define(*definitions)
        cls.seed.call("POST", "/api/v1/namespaces", {"metadata": {"name": SPACE}})

    @classmethod
    def end_up(cls):
        code = cls.up.end()
        assert code == 0, cls.up.said()
        assert leftovers(cls.home) == [], leftovers(cls.home)

    @classmethod
    def is_applied(cls):
        all_of_them = cls.resources(cls.sandbox)
        return len(all_of_them) > 1 and all(
            any(c["type"] == "ResourcesApplied" and c["status"] == "True" for c in each.get("status", {}).get("conditions", []))
            and each["status"]["observedGeneration"] == each["metadata"]["generation"] for each in all_of_them.values())

    @staticmethod
    def resources(api):
        return {each["metadata"]["name"]: each for each in api.call("GET", RESOURCES)["items"]}

    def test_both_list_the_same_objects_and_make_the_same_of_them(self):
        theirs = self.resources(self.sandbox)
        for each in theirs.values():
            for ref in each["spec"]["secretRefs"]:
                secret = bare(self.sandbox.call("GET", f"/api/v1/namespaces/{SPACE}/secrets/{ref['name']}"))
                self.assertTrue(objects_in(secret))
                self.seed.create({"apiVersion": "v1", "kind": "Secret", **secret})
            made = bare(each)
            made["metadata"].pop("finalizers")
            made["metadata"].pop("ownerReferences", None)
            self.seed.create(made)
        ResourceManager(self.seed, self.shoot, "", SPACE).look()
        ResourceManager(self.seed, self.seed, "seed", SPACE).look()

        ours, judged = self.resources(self.seed), 0
        self.assertEqual(ours.keys(), theirs.keys())
        for name, one in theirs.items():
            other = ours[name]
            with self.subTest(resource=name):
                self.assertEqual(one["metadata"]["finalizers"], other["metadata"]["finalizers"])
                self.assertEqual([each["type"] for each in one["status"]["conditions"]], [each["type"] for each in other["status"]["conditions"]])
                applied = [next((c["status"], c["reason"]) for c in each["status"]["conditions"] if c["type"] == "ResourcesApplied") for each in (one, other)]
                self.assertEqual(applied, [("True", "ApplySucceeded")] * 2, other["status"])
                self.assertEqual(one["status"]["resources"], other["status"]["resources"])
            is_of_seed = one["spec"].get("class") == "seed"
            sandbox, real = (self.sandbox, self.seed) if is_of_seed else (self.sandbox_shoot, self.shoot)
            for each in other["status"]["resources"]:
                with self.subTest(kind=each["kind"], name=each["name"]):
                    place = f"{real.path_of(each)}/{each['name']}"
                    self.assertEqual(differences(bare(sandbox.call("GET", place)), real.call("GET", place)), [])
                    judged += 1
        self.assertGreater(judged, 15)

    def test_a_difference_would_be_seen(self):
        self.assertEqual(differences({"a": [{"b": 1}], "c": "x"}, {"a": [{"b": 1, "d": 2}], "c": "x", "e": 3}), [])
        self.assertEqual(differences({"a": [{"b": 1}], "c": "x", "f": {}}, {"a": [{"b": 2}], "c": "x"}), [".a[0].b: 1 and 2", ".f is missing"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
