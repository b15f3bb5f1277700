"""Everything that `falconer render` writes, for every version of the example profile and every destination, through the
validation of a real API server, created and by server-side apply: unknown fields are errors there."""

import json
import pathlib
import tempfile
import unittest

import yaml

from kubernetes import Kubernetes
from rendering import DESTINATIONS, Rendering, example, found, versions_of
from shared_data import gardeners
from testbed import ROOT

CRDS = ("extensions.gardener.cloud_extensions", "extensions.gardener.cloud_clusters", "resources.gardener.cloud_managedresources",
        "monitoring.coreos.com_scrapeconfigs")


class ServerValidation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        definitions = [*gardeners(*CRDS), *yaml.safe_load_all((ROOT / "config/crds/falcoprofiles.yaml").read_text())]
        folder = tempfile.TemporaryDirectory(prefix="falconer-validation.")
        cls.addClassCleanup(folder.cleanup)
        cls.rendering = Rendering(pathlib.Path(folder.name))
        cls.api = Kubernetes()
        cls.addClassCleanup(cls.api.close)
        cls.api.define(*definitions)
        for name in ("shoot--demo--first", "garden"):
            cls.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    def test_every_version_and_destination(self):
        count, judged = 0, set()
        for version in versions_of("falco"):
            for destination in DESTINATIONS:
                for one in self.rendering.objects(destination, falco=version):
                    count += 1
                    text = json.dumps(one)
                    if text in judged:
                        continue  # of another destination, to the letter
                    judged.add(text)
                    with self.subTest(version=version, destination=destination, kind=one["kind"], name=one["metadata"]["name"]):
                        self.assertEqual(self.api.refusal(one), "")
        self.assertGreater(count, 300)

    def test_every_version_on_a_seed(self):
        for version in versions_of("falco"):
            for destination in ("stdout", "central"):
                for one in self.rendering.objects(destination, falco=version, of_seed=True):
                    with self.subTest(version=version, destination=destination, kind=one["kind"], name=one["metadata"]["name"]):
                        self.assertEqual(self.api.refusal(one), "")

    def test_a_misspelt_field_is_noticed(self):
        one = found(self.rendering.objects("central"), "DaemonSet", "falco")
        one["spec"]["template"]["spec"]["containers"][0]["volumeMount"] = []
        self.assertRegex(self.api.refusal(one), r'unknown field \\"spec\.template\.spec\.containers\[0\]\.volumeMount')
        with self.assertRaisesRegex(AssertionError, "volumeMount: field not declared in schema"):
            self.api.apply(one, "&dryRun=All")

    def test_our_example_profile_is_accepted_and_wrong_ones_are_not(self):
        profile = example("profile")
        self.assertEqual(self.api.refusal(profile), "")
        for change in ({"classification": "unsupported"}, {"version": "v0.43.0"}, {"expirationDate": "tomorrow"}):
            wrong = json.loads(json.dumps(profile))
            wrong["spec"]["versions"]["falco"][0].update(change)
            self.assertIn("spec.versions.falco[0]", self.api.refusal(wrong), change)


if __name__ == "__main__":
    unittest.main(verbosity=2)
