"""falconer render against tests/cli/golden: a few small files that somebody has read through.

    objects.txt          which objects there are, for six clusters
    falco-versions.diff  what changes in falco.yaml from one version of Falco to the next
    daemonset.yaml       Falco's DaemonSet with everything that a user can ask for
    falcosidekick.yaml   Falcosidekick's configuration with all destinations that go together

Usage: golden_test.py FALCONER [--write], from the source tree's root. --write writes them anew, to be read again.
"""
import base64
import copy
import difflib
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

GOLDEN = pathlib.Path("tests/cli/golden")
EXAMPLES = pathlib.Path("config/examples")
CLUSTER, EXTENSION, PROFILE = (yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text()) for name in ("cluster", "extension", "profile"))
SERVICE = {"apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig", "falcoVersion": "0.44.1"}
SEED = {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Seed", "metadata": {"name": "s1"},
        "spec": {"ingress": {"domain": "i.example.com"}}, "status": {"clusterIdentity": "seed-s1"}}
EVERYTHING = {
    "heartbeatEvent": True, "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "spot", "operator": "Exists"}],
    "falcoConfig": {"resources": {"limits": {"memory": "2Gi"}}},
    "rules": {"standard": ["falco-rules"], "custom": [{"resourceName": "mine"}, {"shootConfigMap": "theirs"}]},
    "destinations": [{"name": each, **({"resourceSecretName": "secret"} if each in ("opensearch", "splunk") else {})}
                     for each in ("stdout", "logging", "otlp", "central", "opensearch", "splunk", "landscape")]}
FALCOCTL = {"resources": "falcoctl", "falcoctl": {"install": {"refs": ["falco-rules:5"]}, "follow": {"refs": ["falco-rules:5"]}}}


def encoded(text):
    return base64.b64encode(text.encode()).decode()


REFERRED = [
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ref-mine"}, "data": {"mine.yaml": "- list: mine\n  items: [a]\n"}},
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ref-secret"}, "data": {
        key: encoded(text) for key, text in {"hostport": "https://search.example.com", "host": "https://splunk.example.com", "token": "t"}.items()}}]


class Golden(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        key = subprocess.run([FALCONER, "token", "keygen"], capture_output=True, text=True, check=True).stdout
        (self.folder / "key.pem").write_text(key)

    def write(self, name, *objects):
        (self.folder / name).write_text(yaml.safe_dump_all(objects))
        return self.folder / name

    def render(self, service, seed=False):
        extension, cluster = copy.deepcopy(EXTENSION), copy.deepcopy(CLUSTER)
        extension["spec"]["providerConfig"] = {**SERVICE, **service}
        cluster["spec"]["shoot"]["spec"]["resources"] = [
            {"name": name, "resourceRef": {"apiVersion": "v1", "kind": kind, "name": name}} for name, kind in (("mine", "ConfigMap"), ("secret", "Secret"))]
        if seed:
            extension["metadata"]["namespace"], extension["spec"]["class"], cluster = "garden", "seed", SEED
        config = {"apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration", "falco": {
            "centralStorage": {"enabled": True, "url": "https://ingest.example.com/push", "tokenIssuerPrivateKeyFile": str(self.folder / "key.pem")},
            "globalDefaultDestinations": [{"name": "landscape", "falcosidekickOutput": {
                "key": "kafka", "value": {"hostport": "kafka.<<.SeedIngressDomain>>:9092", "topic": "falco"}}}]}}
        done = subprocess.run(
            [FALCONER, "render", "--extension", self.write("e.yaml", extension), "--cluster", self.write("c.yaml", cluster), "--profile",
             EXAMPLES / "profile.yaml", "--objects", self.write("o.yaml", *REFERRED), "--config", self.write("f.yaml", config),
             "--rules", "config/rules/demo", "--now", "2026-11-23T12:00:00Z"], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split("---\n")[1:]

    def falco_yaml(self, version):
        for text in self.render({"falcoVersion": version, "destinations": [{"name": "logging"}]}):
            if (one := yaml.safe_load(text))["kind"] == "ConfigMap" and one["metadata"]["name"] == "falco":
                return one["data"]["falco.yaml"]

    def golden(self, name, text):
        text = re.sub(r"\b[0-9a-f]{64}\b", "SHA-256", re.sub(r"eyJ[\w.-]+", "TOKEN", text))
        text = re.sub(r"(gardener/falconer):[\w.]+", r"\1:VERSION", text)
        if WRITE:
            (GOLDEN / name).write_text(text)
        self.assertEqual(text, (GOLDEN / name).read_text(), f"if this is meant: golden_test.py FALCONER --write, and read {name}")

    def test_objects(self):
        clusters = {
            "a shoot, stdout": self.render({"destinations": [{"name": "stdout"}]}),
            "a shoot, logging": self.render({"destinations": [{"name": "logging"}]}),
            "a shoot, central": self.render({"destinations": [{"name": "central"}]}),
            "a shoot, everything": self.render(EVERYTHING),
            "a shoot, falcoctl": self.render(FALCOCTL),
            "a seed, central": self.render({"destinations": [{"name": "central"}]}, seed=True)}
        text = ""
        for title, objects in clusters.items():
            text += f"{title}\n"
            for one in map(yaml.safe_load, objects):
                text += f"  {one['kind']} {'/'.join(filter(None, (one['metadata'].get('namespace'), one['metadata']['name'])))}\n"
        self.golden("objects.txt", text)

    def test_versions(self):
        versions = [each["version"] for each in PROFILE["spec"]["versions"]["falco"]]
        texts = {version: self.falco_yaml(version).splitlines(keepends=True) for version in versions}
        text = ""
        for before, after in zip(versions, versions[1:]):
            text += "".join(difflib.unified_diff(texts[before], texts[after], before, after, n=0)) or f"--- {before}\n+++ {after}\n"
        self.golden("falco-versions.diff", text)

    def test_everything(self):
        objects = {(one["kind"], one["metadata"]["name"]): (one, text) for text in self.render(EVERYTHING) for one in [yaml.safe_load(text)]}
        self.golden("daemonset.yaml", objects["DaemonSet", "falco"][1])
        self.golden("falcosidekick.yaml", base64.b64decode(objects["Secret", "falcosidekick"][0]["data"]["config.yaml"]).decode())


if __name__ == "__main__":
    FALCONER = sys.argv.pop(1)
    WRITE = "--write" in sys.argv and not sys.argv.remove("--write")
    unittest.main()
