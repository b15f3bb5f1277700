"""`falconer render` with everything that a destination can need, for tests that look at what comes of it."""

import base64
import copy
import subprocess

import yaml

import paths  # noqa: F401
from testbed import FALCONER, ROOT

EXAMPLES = ROOT / "config/examples"
DESTINATIONS = ("stdout", "logging", "otlp", "central", "custom", "opensearch", "splunk")
WITH_SECRET = ("custom", "opensearch", "splunk")
SEED = {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Seed", "metadata": {"name": "s1"},
        "spec": {"ingress": {"domain": "i.example.com"}}, "status": {"clusterIdentity": "seed-s1"}}
TOKEN = "aa.bb.cc"  # what the agent puts in


def example(name):
    return yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())


def versions_of(program):
    return [each["version"] for each in example("profile")["spec"]["versions"][program]]


def secret(name, **fields):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
            "data": {key: base64.b64encode(text.encode()).decode() for key, text in fields.items()}}


class Rendering:
    """`home`: a folder of the test's own."""

    def __init__(self, home):
        self.home = home
        key = subprocess.run([FALCONER, "token", "keygen"], capture_output=True, text=True, check=True).stdout
        (home / "key.pem").write_text(key)

    def write(self, name, *objects):
        (self.home / name).write_text(yaml.safe_dump_all(objects))
        return self.home / name

    def objects(self, *destinations, falco="0.43.0", falcosidekick=None, at="https://x.example", provider_config=None,
                of_seed=False, plugins=False):
        """All objects for a shoot or a seed. `falcosidekick`: the only version on offer. `at`: where the destinations' addresses lead to."""
        extension = example("extension")
        entries = [{"name": each, **({"resourceSecretName": "mine"} if each in WITH_SECRET else {})} for each in destinations]
        extension["spec"]["providerConfig"].update(
            falcoVersion=falco, destinations=entries, rules={"standard": ["falco-rules"], "custom": [{"shootConfigMap": "x"}]},
            nodeSelector={"a": "b"}, tolerations=[{"operator": "Exists"}])
        if provider_config:
            extension["spec"]["providerConfig"] = {**{key: extension["spec"]["providerConfig"][key] for key in ("apiVersion", "kind")}, **provider_config}
        cluster = example("cluster")
        cluster["spec"]["shoot"]["spec"]["resources"] = [{"name": "mine", "resourceRef": {"apiVersion": "v1", "kind": "Secret", "name": "mine"}}]
        if of_seed:
            cluster = SEED
            extension["metadata"]["namespace"], extension["spec"]["class"] = "garden", "seed"
            del extension["spec"]["providerConfig"]["rules"]["custom"]
        mine = secret("ref-mine", address=f"{at}/hook", customheaders="X-Mine: yes please", hostport=at, host=at, token="t", index="events",
                      suffix="none", checkcert="true")
        profile = example("profile")
        if falcosidekick:
            profile["spec"]["versions"]["falcosidekick"] = [{"version": falcosidekick, "classification": "supported"}]
            profile["spec"]["images"]["falcosidekick"] = [{
                "version": falcosidekick, "repository": "docker.io/falcosecurity/falcosidekick", "tag": falcosidekick}]
        config = {"apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration",
                  "falco": {"centralStorage": {"enabled": True, "url": f"{at}/central",
                                               "tokenIssuerPrivateKeyFile": str(self.home / "key.pem")}}}
        done = subprocess.run(
            [FALCONER, "render", "--extension", self.write("e.yaml", extension), "--cluster", self.write("c.yaml", cluster),
             "--profile", self.write("p.yaml", profile, *([example("plugins-profile")] if plugins else [])), "--objects", self.write("o.yaml", mine), "--config", self.write("f.yaml", config),
             "--rules", ROOT / "config/rules/demo", "--target", "all", "--now", "2026-06-01T00:00:00Z"],
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [each for each in yaml.load_all(done.stdout, yaml.CSafeLoader) if each]

    def final(self, objects):
        """Falcosidekick's configuration as it is in the pod, after the agent has put the token in."""
        (self.home / "template.yaml").write_bytes(base64.b64decode(found(objects, "Secret", "falcosidekick")["data"]["config.yaml"]))
        (self.home / "token").write_text(TOKEN)
        subprocess.run([FALCONER, "agent", "configure", "--template", self.home / "template.yaml", "--token-file", self.home / "token",
                        "--to", self.home / "config.yaml"], check=True, capture_output=True)
        return yaml.safe_load((self.home / "config.yaml").read_text())


def found(objects, kind, name):
    """The object of that name. None: there is none."""
    return copy.deepcopy(next((each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)), None))


def falco_yaml(objects):
    return yaml.safe_load(found(objects, "ConfigMap", "falco")["data"]["falco.yaml"])
