"""Everything that `falconer render` writes, for every version of the example profile and every destination, through the
validation of a real API server: unknown fields are errors there."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import yaml

from kubernetes import HERE, Kubernetes
from life_cycle_test import CRDS, EXAMPLES, GARDENER, example
from rendered_config_test import secret
from testbed import FALCONER, ROOT

PROFILE = example("profile")
DESTINATIONS = ("stdout", "logging", "otlp", "central", "custom", "opensearch", "splunk")


class ServerValidation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="falconer-validation.")
        cls.addClassCleanup(folder.cleanup)
        cls.home = pathlib.Path(folder.name)
        cls.api = Kubernetes()
        cls.addClassCleanup(cls.api.close)
        module = subprocess.run([ROOT / "scripts/lib/go-module.sh", HERE / "gardener-resource-manager", GARDENER],
                                check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        files = [pathlib.Path(module) / "example" / each for each in CRDS] + [ROOT / "config/crds/falcoprofiles.yaml"]
        cls.api.define(*(yaml.safe_load(file.read_text()) for file in files))
        cls.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "shoot--demo--first"}})
        key = subprocess.run([FALCONER, "token", "keygen"], capture_output=True, text=True, check=True).stdout
        (cls.home / "key.pem").write_text(key)

    def rendered(self, version, destination):
        def write(name, *objects):
            (self.home / name).write_text(yaml.safe_dump_all(objects))
            return self.home / name

        extension = example("extension")
        entry = {"name": destination}
        if destination in ("custom", "opensearch", "splunk"):
            entry["resourceSecretName"] = "mine"
        extension["spec"]["providerConfig"].update(
            falcoVersion=version, destinations=[entry], rules={"standard": ["falco-rules"], "custom": [{"shootConfigMap": "x"}]},
            nodeSelector={"a": "b"}, tolerations=[{"operator": "Exists"}])
        cluster = example("cluster")
        cluster["spec"]["shoot"]["spec"]["resources"] = [
            {"name": "mine", "resourceRef": {"apiVersion": "v1", "kind": "Secret", "name": "mine"}}]
        objects = secret("ref-mine", address="https://x.example/hook", hostport="https://x.example", host="https://x.example", token="t",
                         index="events", suffix="none", checkcert="true")
        config = {"apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration",
                  "falco": {"centralStorage": {"enabled": True, "url": "https://x.example/central",
                                               "tokenIssuerPrivateKeyFile": str(self.home / "key.pem")}}}
        done = subprocess.run(
            [FALCONER, "render", "--extension", write("e.yaml", extension), "--cluster", write("c.yaml", cluster),
             "--profile", EXAMPLES / "profile.yaml", "--objects", write("o.yaml", objects), "--config",
             write("f.yaml", config), "--rules", ROOT / "config/rules/demo", "--target", "all", "--now", "2026-06-01T00:00:00Z"],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [each for each in yaml.safe_load_all(done.stdout) if each]

    def test_every_version_and_destination(self):
        count = 0
        for version in [each["version"] for each in PROFILE["spec"]["versions"]["falco"]]:
            for destination in DESTINATIONS:
                for one in self.rendered(version, destination):
                    count += 1
                    with self.subTest(version=version, destination=destination, kind=one["kind"], name=one["metadata"]["name"]):
                        self.assertEqual(self.api.refusal(one), "")
        self.assertGreater(count, 300)

    def test_a_misspelt_field_is_noticed(self):
        one = next(each for each in self.rendered("0.43.0", "central") if each["kind"] == "DaemonSet")
        one["spec"]["template"]["spec"]["containers"][0]["volumeMount"] = []
        self.assertRegex(self.api.refusal(one), r'unknown field \\"spec\.template\.spec\.containers\[0\]\.volumeMount')

    def test_our_example_profile_is_accepted_and_wrong_ones_are_not(self):
        self.assertEqual(self.api.refusal(PROFILE), "")
        for change in ({"classification": "unsupported"}, {"version": "v0.43.0"}, {"expirationDate": "tomorrow"}):
            wrong = json.loads(json.dumps(PROFILE))
            wrong["spec"]["versions"]["falco"][0].update(change)
            self.assertIn("spec.versions.falco[0]", self.api.refusal(wrong), change)


if __name__ == "__main__":
    unittest.main(verbosity=2)
