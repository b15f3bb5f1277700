"""falconer render: what is delivered, judged as YAML by another reader.

Usage: render_command_test.py FALCONER, from the source tree's root.
"""
import base64
import copy
import gzip
import hashlib
import hmac
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

NOW = "2026-11-23T12:00:00Z"
EXAMPLES = pathlib.Path("config/examples")
PROFILE = EXAMPLES / "profile.yaml"
CLUSTER = yaml.safe_load((EXAMPLES / "cluster.yaml").read_text())
EXTENSION = yaml.safe_load((EXAMPLES / "extension.yaml").read_text())
NAMESPACE = "shoot--demo--first"
IDENTITY = CLUSTER["spec"]["shoot"]["status"]["clusterIdentity"]
VERSIONS = ["0.40.0", "0.41.3", "0.42.1", "0.43.0", "0.44.1"]
RULES_VERSIONS = ["3.2.0", "4.0.0", "5.0.0", "5.1.0"]
CONFIG_HEADER = {"apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration"}
SERVICE_HEADER = {"apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig"}
STANDARD = {
    "falco_rules.yaml": "- list: known_ptrace_binaries\n  items: []\n- rule: a\n",
    "falco-incubating_rules.yaml": "- macro: calico_node\n  condition: (never_true)\n",
    "falco-sandbox_rules.yaml": "- rule: c\n",
}


def run(*arguments, **environment):
    return subprocess.run([FALCONER, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})


def encoded(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def resource(name, kind, target):
    return {"name": name, "resourceRef": {"apiVersion": "v1", "kind": kind, "name": target}}


def secret(name, **fields):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE},
            "data": {key: encoded(text) for key, text in fields.items()}}


def config_map(name, data=None, packed=None):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NAMESPACE},
            "data": data or {}, "binaryData": {key: encoded(bytes_) for key, bytes_ in (packed or {}).items()}}


class Delivered:
    """The objects of one rendering."""

    def __init__(self, text):
        self.all = list(yaml.safe_load_all(text))

    def find(self, kind, name):
        found = [each for each in self.all if each["kind"] == kind and each["metadata"]["name"] == name]
        return found[0] if found else None

    def names(self, kind):
        return [each["metadata"]["name"] for each in self.all if each["kind"] == kind]

    def falco(self):
        return yaml.safe_load(self.find("ConfigMap", "falco")["data"]["falco.yaml"])

    def sidekick(self):
        return yaml.safe_load(base64.b64decode(self.find("Secret", "falcosidekick")["data"]["config.yaml"]))

    def pod(self, kind, name):
        return self.find(kind, name)["spec"]["template"]["spec"]

    def container(self, name="falco"):
        return next(each for each in self.pod("DaemonSet", "falco")["containers"] if each["name"] == name)


class Render(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.shared.name)
        for version in RULES_VERSIONS:
            (folder / "rules" / version).mkdir(parents=True)
            for name, text in STANDARD.items():
                (folder / "rules" / version / name).write_text(f"# {version}\n{text}")
        cls.rules = folder / "rules"
        key = run("token", "keygen")
        cls.key = folder / "key.pem"
        cls.key.write_text(key.stdout)
        keys = run("token", "keys", "--key", cls.key)
        cls.keys = folder / "keys.yaml"
        cls.keys.write_text(keys.stdout)

    @classmethod
    def tearDownClass(cls):
        cls.shared.cleanup()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.written = itertools.count()
        self.config = None
        self.objects = []
        self.cluster = copy.deepcopy(CLUSTER)
        self.extension = copy.deepcopy(EXTENSION)

    def write(self, *objects):
        path = self.folder / f"{next(self.written)}.yaml"
        path.write_text(yaml.safe_dump_all(objects))
        return path

    def central(self, **more):
        self.config = {**CONFIG_HEADER, "falco": {
            "centralStorage": {"enabled": True, "url": "https://ingest.example.com/push",
                               "tokenIssuerPrivateKeyFile": str(self.key)}, **more}}

    def refer(self, *resources):
        self.cluster["spec"]["shoot"]["spec"]["resources"] = list(resources)

    def render(self, service=None, *more, profile=PROFILE, now=NOW):
        if service is not None:
            self.extension["spec"]["providerConfig"] = {**SERVICE_HEADER, **service}
        arguments = ["--extension", self.write(self.extension), "--cluster", self.write(self.cluster),
                     "--profile", profile, "--rules", self.rules, "--now", now, *more]
        if self.config:
            arguments += ["--config", self.write(self.config)]
        if self.objects:
            arguments += ["--objects", self.write(*self.objects)]
        return run("render", *arguments)

    def good(self, service=None, *more, **how):
        done = self.render(service, *more, **how)
        self.assertEqual(done.returncode, 0, done.stderr)
        return Delivered(done.stdout)

    def problems(self, service=None, *more, **how):
        done = self.render(service, *more, **how)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        return done.stderr.splitlines()

    def refused(self, service, *pieces):
        lines = self.problems(service)
        for piece in pieces:
            self.assertTrue(any(piece in line for line in lines), (piece, lines))
        self.assertEqual(len(lines), len(pieces), lines)

    # --- the same bytes ---

    def test_the_same_input_gives_the_same_bytes(self):
        self.central()
        service = {"heartbeatEvent": True, "destinations": [{"name": "central"}, {"name": "logging"}]}
        first = self.render(service)
        self.assertEqual(first.returncode, 0, first.stderr)
        kept = [each for each in yaml.safe_load_all(first.stdout) if each["metadata"].get("namespace") == NAMESPACE
                and each["metadata"]["name"].startswith("gardener-extension-")]
        self.assertEqual(len(kept), 2)
        self.objects = kept
        for now in (NOW, NOW, "2026-11-25T12:00:00Z"):
            again = self.render(service, now=now)
            self.assertEqual(again.stdout, first.stdout, now)
        self.assertNotEqual(self.render(service, now="2026-11-29T12:00:00Z").stdout, first.stdout, "a token is due")

    def test_the_examples_twice(self):
        command = ["render", "--extension", EXAMPLES / "extension.yaml", "--cluster", EXAMPLES / "cluster.yaml", "--profile",
                   PROFILE, "--rules", "config/rules/demo", "--objects", EXAMPLES / "control-plane.yaml", "--now", NOW]
        first, second = run(*command), run(*command)
        self.assertEqual((first.returncode, first.stderr), (0, ""))
        self.assertEqual(second.stdout, first.stdout)
        kept = list(yaml.safe_load_all((EXAMPLES / "control-plane.yaml").read_text()))
        self.assertEqual(list(yaml.safe_load_all(first.stdout))[-2:], kept, "nothing had to be made anew")

    def test_every_example_of_a_shoot_or_seed_twice(self):
        """As gardenlet would hand it over; what the webhooks refuse is refused here, too, twice with the same words."""
        self.objects = list(yaml.safe_load_all((EXAMPLES / "control-plane.yaml").read_text()))
        for each in yaml.safe_load_all((EXAMPLES / "reviews/garden.yaml").read_text()):
            if each["kind"] in ("ConfigMap", "Secret"):
                name = "ref-" + each["metadata"]["name"]
                self.objects.append({**each, "metadata": {"name": name, "namespace": NAMESPACE}})
        outcomes = {}
        for path in sorted([EXAMPLES / "shoot.yaml", *EXAMPLES.glob("reviews/*.yaml")]):
            for example in yaml.safe_load_all(path.read_text()):
                if example["kind"] not in ("Shoot", "Seed"):
                    continue
                entry = next(each for each in example["spec"]["extensions"] if each["type"] == "shoot-falco-service")
                self.extension, self.cluster = copy.deepcopy(EXTENSION), copy.deepcopy(CLUSTER)
                self.extension["spec"]["providerConfig"] = entry.get("providerConfig")
                self.refer(*example["spec"].get("resources", []))
                if example["kind"] == "Seed":
                    self.extension["spec"]["class"] = "seed"
                    self.cluster = {**example, "status": {"clusterIdentity": "seed"}}
                first, second = self.render(), self.render()
                said = re.sub(r"\S+/\d+\.yaml", "FILE", first.stderr)
                self.assertEqual((second.returncode, second.stdout, re.sub(r"\S+/\d+\.yaml", "FILE", second.stderr)),
                                 (first.returncode, first.stdout, said), path)
                self.assertEqual(first.returncode == 0, first.stdout != "", path)
                self.assertEqual(first.returncode in (0, 1), True, path)
                outcomes[path.name] = first.returncode
        self.assertGreaterEqual(len(outcomes), 13)
        self.assertEqual(outcomes["minimal.yaml"], 0)
        self.assertEqual(outcomes["everything-at-once.yaml"], 1)

    def test_a_hibernated_cluster_renders_the_same(self):
        awake = self.good({"destinations": [{"name": "stdout"}]})
        self.cluster["spec"]["shoot"]["spec"]["hibernation"] = {"enabled": True}
        self.cluster["spec"]["shoot"]["status"]["isHibernated"] = True
        self.assertEqual(self.good({"destinations": [{"name": "stdout"}]}).all, awake.all)

    def test_targets_are_parts_of_all(self):
        parts = {target: self.good(None, "--target", target) for target in ("shoot", "seed", "all")}
        names = {target: [(each["kind"], each["metadata"]["name"]) for each in part.all]
                 for target, part in parts.items()}
        self.assertEqual(names["all"][: len(names["shoot"])], names["shoot"])
        self.assertEqual(names["seed"], [("Secret", "shoot-access-falcosidekick"), ("ScrapeConfig", "shoot-falco")])
        self.assertEqual(names["all"], names["shoot"] + names["seed"] + [
            ("Secret", "gardener-extension-shoot-falco-service-certificates"),
            ("Secret", "gardener-extension-shoot-falco-service-tokens")])

    # --- every version ---

    def test_every_version_of_the_profile_with_its_gates(self):
        profile = yaml.safe_load(PROFILE.read_text())
        by_version = {each["version"]: each for each in profile["spec"]["versions"]["falco"]}
        self.assertEqual(list(by_version), VERSIONS)
        for version in VERSIONS:
            with self.subTest(version=version):
                got = self.good({"falcoVersion": version, "destinations": [{"name": "stdout"}],
                                 "rules": {"standard": ["falco-rules", "falco-incubating-rules",
                                                        "falco-sandbox-rules"]}})
                number = tuple(map(int, version.split(".")))
                container = got.container()
                self.assertEqual(container["image"], f"docker.io/falcosecurity/falco:{version}")
                self.assertEqual("-pk" in container["args"], number < (0, 42, 0))
                self.assertIn({"name": "FALCO_VERSION", "value": version}, container["env"])
                plugins = got.falco()["load_plugins"]
                self.assertEqual(plugins, [] if number < (0, 41, 0) else ["container"])
                self.assertEqual({"grpc", "grpc_output"} & got.falco().keys(), {"grpc", "grpc_output"} if number < (0, 44, 0) else set())
                rules = got.find("ConfigMap", "falco-rules")["data"]["falco_rules.yaml"]
                self.assertTrue(rules.startswith(f"# {by_version[version]['rulesVersion']}\n"))
                self.assertEqual(got.falco()["rules_files"], [
                    "/etc/falco/rules.d/falco_rules.yaml", "/etc/falco/rules.d/falco-incubating_rules.yaml",
                    "/etc/falco/rules.d/falco-sandbox_rules.yaml", "/etc/falco/rules.d/gardener_exceptions.yaml"])
                sources = [each["configMap"]["name"] for volume in got.pod("DaemonSet", "falco")["volumes"]
                           if volume["name"] == "rules-volume" for each in volume["projected"]["sources"]]
                self.assertEqual(sources, ["falco-rules", "falco-incubating-rules", "falco-sandbox-rules",
                                           "falco-gardener-rules"])

    def test_the_first_versions_that_know_no_containers_by_themselves(self):
        profile = yaml.safe_load(PROFILE.read_text())
        versions, images = profile["spec"]["versions"]["falco"], profile["spec"]["images"]["falco"]
        for version in ("0.41.0", "0.41.1", "0.41.2"):
            versions.append({"version": version, "classification": "deprecated", "rulesVersion": "4.0.0"})
            images.append({"version": version, "repository": "docker.io/falcosecurity/falco", "tag": version})
            got = self.good({"falcoVersion": version, "destinations": [{"name": "stdout"}]}, profile=self.write(profile))
            self.assertEqual(got.falco()["load_plugins"], ["container"], version)
            sockets = [each["name"] for each in got.pod("DaemonSet", "falco")["volumes"] if "socket" in each["name"]]
            self.assertEqual(sockets, ["container-engine-socket-2" if version == "0.41.2" else "containerd-socket"])

    def test_the_go_extensions_names_of_rules_are_understood(self):
        profile = yaml.safe_load(PROFILE.read_text())
        names = {"0.42.1": "5.0.0", "0.43.0": "5.0.0", "0.44.0": "5.1.0"}
        for number, (name, meant) in enumerate(names.items()):
            profile["spec"]["versions"]["falco"][number]["rulesVersion"] = name
        offered = [each["version"] for each in profile["spec"]["versions"]["falco"]]
        path = self.write(profile)
        for version, (name, meant) in zip(offered, names.items()):
            service = {"falcoVersion": version, "destinations": [{"name": "stdout"}]}
            with self.subTest(name=name):
                got = self.good(service, profile=path, now="2026-01-01T00:00:00Z")
                rules = got.find("ConfigMap", "falco-rules")["data"]["falco_rules.yaml"]
                self.assertTrue(rules.startswith(f"# {meant}\n"))
        # Who has a set of that very name means it.
        own = self.rules / "0.43.0"
        own.mkdir()
        self.addCleanup(shutil.rmtree, own)
        (own / "falco_rules.yaml").write_text("# its own\n" + STANDARD["falco_rules.yaml"])
        got = self.good({"falcoVersion": offered[1], "destinations": [{"name": "stdout"}]}, profile=path, now="2026-01-01T00:00:00Z")
        self.assertTrue(got.find("ConfigMap", "falco-rules")["data"]["falco_rules.yaml"].startswith("# its own\n"))

    def test_every_object_says_where_it_belongs(self):
        self.central()
        got = self.good({"heartbeatEvent": True, "destinations": [{"name": "central"}, {"name": "logging"}]})
        cluster_wide = {"ClusterRole", "ClusterRoleBinding"}
        seen = set()
        for each in got.all:
            place = (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
            self.assertNotIn(place, seen)
            seen.add(place)
            self.assertEqual(each["kind"] in cluster_wide, "namespace" not in each["metadata"], place)
        for kind, name in (("DaemonSet", "falco"), ("Deployment", "falcosidekick")):
            pod = got.pod(kind, name)
            volumes = {volume["name"] for volume in pod["volumes"]}
            mounts = {mount["name"] for part in pod.get("initContainers", []) + pod["containers"]
                      for mount in part.get("volumeMounts", [])}
            self.assertEqual(volumes, mounts, "every volume is mounted, every mount has its volume")
            for part in pod.get("initContainers", []) + pod["containers"]:
                self.assertIn("image", part)

    def test_in_place_takeover_keeps_the_selectors(self):
        got = self.good(None)
        for kind, name in (("DaemonSet", "falco"), ("Deployment", "falcosidekick")):
            self.assertEqual(got.find(kind, name)["spec"]["selector"]["matchLabels"],
                             {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": "falco"})
        self.assertEqual(got.find("Service", "falcosidekick")["spec"]["selector"],
                         {"app.kubernetes.io/name": "falcosidekick", "app.kubernetes.io/instance": "falco"})

    def test_ipv6(self):
        self.assertEqual(self.good(None).falco()["webserver"]["listen_address"], "0.0.0.0")
        self.cluster["spec"]["shoot"]["spec"]["networking"]["ipFamilies"] = ["IPv6"]
        self.assertEqual(self.good(None).falco()["webserver"]["listen_address"], "::")

    def test_checksums_follow_what_they_stand_for_and_nothing_else(self):
        def annotations(**service):
            got = self.good({"destinations": [{"name": "stdout"}], **service})
            return got.find("DaemonSet", "falco")["spec"]["template"]["metadata"]["annotations"]

        plain = annotations()
        self.assertEqual(annotations(), plain)
        self.assertEqual(annotations(autoUpdate=False), plain)
        more = annotations(rules={"standard": ["falco-rules", "falco-sandbox-rules"]})
        changed = {key for key in plain.keys() | more.keys() if plain.get(key) != more.get(key)}
        self.assertEqual(changed, {"checksum/config", "checksum/falcoSandboxRules"})

    # --- options ---

    def test_placement_and_resources(self):
        mine = {"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute"}
        got = self.good({"nodeSelector": {"disk": "ssd"}, "tolerations": [mine],
                         "falcoConfig": {"resources": {"requests": {"cpu": "200m"}, "limits": {"memory": "2Gi"}}}})
        for kind, name in (("DaemonSet", "falco"), ("Deployment", "falcosidekick")):
            self.assertEqual(got.pod(kind, name)["nodeSelector"], {"disk": "ssd"})
            self.assertIn(mine, got.pod(kind, name)["tolerations"])
        self.assertEqual(got.pod("DaemonSet", "falco")["tolerations"][0]["key"],
                         "node.gardener.cloud/critical-components-not-ready")
        self.assertEqual(got.container()["resources"],
                         {"requests": {"cpu": "200m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}})

    def test_a_mirror_serves_every_image(self):
        self.config = {**CONFIG_HEADER, "falco": {"registryMirror": "mirror.example.com:5000/all",
                                                  "agentImage": "falconer:1"}}
        got = self.good({"heartbeatEvent": True})
        images = {part["image"] for kind, name in (("DaemonSet", "falco"), ("Deployment", "falcosidekick"))
                  for part in got.pod(kind, name).get("initContainers", []) + got.pod(kind, name)["containers"]}
        self.assertEqual(images, {"mirror.example.com:5000/all/falcosecurity/falco:0.43.0",
                                  "mirror.example.com:5000/all/falcosecurity/falcosidekick:2.34.0",
                                  "mirror.example.com:5000/all/falconer:1"})

    def test_an_overwritten_image_vector(self):
        vector = self.folder / "images_overwrite.yaml"
        where = {"IMAGEVECTOR_OVERWRITE": str(vector)}
        arguments = ["render", "--extension", EXAMPLES / "extension.yaml", "--cluster", EXAMPLES / "cluster.yaml", "--profile", PROFILE,
                     "--rules", self.rules, "--now", NOW]

        def configure(*more):
            done = run(*arguments, *more, **where)
            self.assertEqual(done.returncode, 0, done.stderr)
            return Delivered(done.stdout).pod("Deployment", "falcosidekick")["initContainers"][0]["image"], done.stderr
        vector.write_text("images:\n- {name: falconer, repository: mirror.example.com/falconer, tag: 'sha256:ab'}\n- {name: falco, repository: x}\n")
        image, said = configure()
        self.assertEqual(image, "mirror.example.com/falconer@sha256:ab")
        self.assertIn("warning: IMAGEVECTOR_OVERWRITE: images[1]: falco has no effect", said)
        config = self.write({**CONFIG_HEADER, "falco": {"agentImage": "falconer:1"}})
        self.assertEqual(configure("--config", config)[0], "falconer:1", "what the configuration names stays")
        for text, said in (("images: 7\n", f"{vector}:1: images: expected a list, found 7"), ("a: [\n", f"{vector}: line 2: not YAML"),
                           (None, f"{vector}: No such file or directory")):
            vector.write_text(text) if text else vector.unlink()
            done = run(*arguments, **where)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"IMAGEVECTOR_OVERWRITE: {said}", done.stderr)

    def test_heartbeat(self):
        without, with_ = self.good({}), self.good({"heartbeatEvent": True})
        self.assertIsNone(without.find("ConfigMap", "falco-heartbeat-rule"))
        rules = yaml.safe_load(with_.find("ConfigMap", "falco-heartbeat-rule")["data"]["heartbeat_rule.yaml"])
        self.assertEqual(rules[0]["rule"], "Detect Falco Heartbeat")
        self.assertIn("/etc/falco/rules.d/heartbeat_rule.yaml", with_.falco()["rules_files"])
        self.assertEqual(with_.container("falco-heartbeat")["args"][:2], ["agent", "heartbeat"])
        self.assertEqual(len(base64.b64decode(base64.b64decode(
            with_.find("Secret", "falco-heartbeat")["data"]["key"]))), 32)

    def test_the_heartbeats_key_is_made_of_the_landscapes_secret(self):
        secret = self.folder / "heartbeat.secret"
        secret.write_text("a landscape secret of 32 bytes!!\n")
        self.config = {**CONFIG_HEADER, "heartbeat": {"secretFile": str(secret)}}
        key = self.good({"heartbeatEvent": True}).find("Secret", "falco-heartbeat")["data"]["key"]
        # RFC 5869: without salt, and one block.
        extracted = hmac.new(bytes(32), secret.read_bytes().rstrip(), hashlib.sha256).digest()
        expanded = hmac.new(extracted, IDENTITY.encode() + b"\x01", hashlib.sha256).digest()
        self.assertEqual(base64.b64decode(base64.b64decode(key)), expanded)

    # --- destinations ---

    def test_stdout_alone_needs_no_falcosidekick(self):
        got = self.good({"destinations": [{"name": "stdout"}]})
        self.assertTrue(got.falco()["stdout_output"]["enabled"])
        self.assertFalse(got.falco()["http_output"]["enabled"])
        self.assertEqual(got.names("Deployment"), [])
        self.assertEqual(got.names("ScrapeConfig"), [])
        self.assertEqual(got.find("Secret", "falco-certs")["data"]["client.key"], "")

    def test_all_disabled_is_allowed(self):
        got = self.good({"destinations": [{"name": "logging", "enabled": False}]})
        self.assertFalse(got.falco()["stdout_output"]["enabled"])
        self.assertEqual(got.names("Deployment"), [])

    def test_logging_and_otlp_together_get_one_role_for_both(self):
        got = self.good({"destinations": [{"name": "logging"}, {"name": "otlp"}]})
        config = got.sidekick()
        self.assertEqual(config["loki"], {
            "hostport": "https://v-demo--first.ingress.local.example.com", "endpoint": "/vali/api/v1/push",
            "format": "json", "checkcert": False, "customheaders": {"Authorization": "Bearer SA_TOKEN"}})
        self.assertEqual(config["otlp"]["logs"]["headers"], "Authorization=Bearer SA_TOKEN")
        self.assertEqual(config["otlp"]["logs"]["endpoint"],
                         "https://otc-demo--first.ingress.local.example.com"
                         "/opentelemetry.proto.collector.logs.v1.LogsService/Export")
        role = got.find("ClusterRole", "extensions.gardener.cloud:shoot-falco-service:falcosidekick")
        self.assertEqual(role["rules"], [{"nonResourceURLs": [
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export", "/vali/api/v1/push"], "verbs": ["create"]}])
        self.assertEqual(config["customfields"], {"cluster_id": IDENTITY})

    def test_without_a_seed_nothing_is_sent_to_half_a_host(self):
        del self.cluster["spec"]["seed"]
        self.refused({"destinations": [{"name": "logging"}, {"name": "otlp"}]},
                     "spec.providerConfig.destinations[0].name: logging is reached below the seed's ingress domain, and the "
                     "Cluster names none (spec.seed.spec.ingress.domain)",
                     "spec.providerConfig.destinations[1].name: otlp is reached below")
        self.good({"destinations": [{"name": "stdout"}, {"name": "logging", "enabled": False}]})
        self.config = {**CONFIG_HEADER, "falco": {"globalDefaultDestinations": [
            {"name": "landscape", "falcosidekickOutput": {"key": "loki", "value": {
                "hostport": "https://logs.<<.SeedIngressDomain>>"}}}]}}
        done = self.render({"destinations": [{"name": "stdout"}, {"name": "landscape"}]})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: destination landscape is left out: it is reached below the seed's ingress domain", done.stderr)

    def test_central_gets_a_token_that_its_receiver_accepts(self):
        self.central()
        got = self.good({"destinations": [{"name": "central"}]}, now=self.now())
        webhook = got.sidekick()["webhook"]
        self.assertEqual(webhook["address"], "https://ingest.example.com/push")
        self.assertIn("Idempotency-Key", webhook["customheaders"])
        token = webhook["customheaders"]["Authorization"].removeprefix("Bearer ")
        verified = subprocess.run([FALCONER, "token", "verify", "--keys", self.keys], input=token,
                                  capture_output=True, text=True, timeout=60)
        self.assertEqual(verified.returncode, 0, verified.stderr)
        self.assertIn(IDENTITY, verified.stdout)
        self.assertIsNone(got.find("Secret", "shoot-access-falcosidekick"), "nobody presents that token")
        self.assertNotIn("sa-token", json.dumps(got.pod("Deployment", "falcosidekick")))
        self.assertEqual(got.names("ClusterRole"), [])

    def test_no_private_key_is_in_a_configuration(self):
        self.central()
        got = self.good({"destinations": [{"name": "central"}, {"name": "logging"}]})
        self.assertNotIn("PRIVATE KEY", yaml.safe_dump(got.sidekick()) + yaml.safe_dump(got.falco()))

    @staticmethod
    def now():
        return subprocess.run(["date", "-u", "+%Y-%m-%dT%H:%M:%SZ"], capture_output=True, text=True).stdout.strip()

    def test_secrets_of_the_user(self):
        self.refer(resource("hook", "Secret", "my-hook"), resource("search", "Secret", "my-search"),
                   resource("sp", "Secret", "my-splunk"))
        self.objects = [
            secret("ref-my-hook", address="https://h/", method="PUT", customheaders="X-A: b\n", checkcerts="false"),
            secret("ref-my-search", hostport="https://os:9200", username="u", password="p", checkcert="T",
                   numberofshards="3", minimumpriority="Warning", flattenfields="true"),
            secret("ref-my-splunk", host="https://s:8088", token="t\n"),
        ]
        config = self.good({"destinations": [
            {"name": "custom", "resourceSecretName": "hook"}, {"name": "opensearch", "resourceSecretName": "search"},
            {"name": "splunk", "resourceSecretName": "sp"}]}).sidekick()
        self.assertEqual(config["webhook"], {"address": "https://h/", "method": "PUT", "checkcert": False,
                                             "customheaders": {"X-A": "b"}})
        self.assertEqual(config["elasticsearch"], {
            "hostport": "https://os:9200", "index": "falco", "suffix": "daily", "username": "u", "password": "p",
            "checkcert": True, "minimumpriority": "warning", "numberofshards": 3, "flattenfields": True})
        self.assertEqual(config["splunk"], {"host": "https://s:8088", "token": "t", "checkcert": True})

    def test_every_problem_of_the_secrets_is_named_and_no_secret_is_shown(self):
        self.refer(resource("hook", "Secret", "a"), resource("search", "Secret", "b"), resource("sp", "Secret", "c"))
        self.objects = [secret("ref-a", checkcerts="hunter2", customheaders="- hunter2"),
                        secret("ref-b", hostport="h", numberofshards="hunter2", minimumpriority="hunter2")]
        destinations = [{"name": "custom", "resourceSecretName": "hook"},
                        {"name": "opensearch", "resourceSecretName": "search"},
                        {"name": "splunk", "resourceSecretName": "sp"}]
        self.refused({"destinations": destinations}, "custom: address is missing",
                     "custom: checkcert must be true or false", "custom: customheaders must be YAML",
                     "Secret ref-b: opensearch: hostport must be a URL", "opensearch: numberofshards must be a number", "opensearch: minimumpriority must be one of debug",
                     "spec.providerConfig.destinations[2].resourceSecretName: Secret ref-c is not in")
        self.assertNotIn("hunter2", "\n".join(self.problems({"destinations": destinations})))

    def test_global_defaults(self):
        self.config = {**CONFIG_HEADER, "falco": {"globalDefaultDestinations": [
            {"name": "landscape", "falcosidekickOutput": {"key": "loki", "value": {
                "hostport": "https://logs.<< .SeedIngressDomain >>",
                "customheaders": {"Authorization": "Bearer <<.ServiceAccountToken>>"}}}},
            {"name": "texts", "falcosidekickOutput": {"key": "kafka", "value": "hostport: <<.SeedIngressDomain>>\n"}},
            {"name": "broken", "falcosidekickOutput": {"key": "slack", "value": {"url": "<<if .X>>"}}},
            {"name": "tokenless", "falcosidekickOutput": {"key": "gcp", "value": {"t": "<<.ClusterIdentityToken>>"}}},
        ]}}
        done = self.render({"destinations": [{"name": name} for name in
                                             ("landscape", "texts", "broken", "tokenless")]})
        self.assertEqual(done.returncode, 0, done.stderr)
        got = Delivered(done.stdout)
        self.assertEqual(got.sidekick()["loki"]["hostport"], "https://logs.ingress.local.example.com")
        self.assertEqual(got.sidekick()["kafka"], {"hostport": "ingress.local.example.com"})
        self.assertNotIn("slack", got.sidekick())
        self.assertEqual(got.find("ClusterRole", "extensions.gardener.cloud:shoot-falco-service:falcosidekick")
                         ["rules"][0]["nonResourceURLs"], ["/vali/api/v1/push"])
        self.assertIn("warning: destination broken is left out: <<if .X>> is no variable", done.stderr)
        self.assertIn("warning: destination tokenless is left out", done.stderr)

    def test_a_destination_that_the_landscape_has_no_longer_is_left_out(self):
        for names, left in ((["retired", "stdout"], False), (["retired"], True)):
            done = self.render({"destinations": [{"name": name} for name in names]})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("warning: destination retired is left out: the landscape has no such destination", done.stderr)
            sidekick = any(each["metadata"]["name"] == "falcosidekick" for each in Delivered(done.stdout).all)
            self.assertEqual(sidekick, left, "where it was the last one, the default takes its place")

    def test_an_identity_token_of_its_own_key(self):
        other = self.folder / "other.pem"
        other.write_text(run("token", "keygen").stdout)
        self.central(clusterIdentityToken={"tokenIssuerPrivateKeyFile": str(other)}, globalDefaultDestinations=[
            {"name": "mine", "falcosidekickOutput": {"key": "kafka", "value": {"t": "<<.ClusterIdentityToken>>"}}}])
        config = self.good({"destinations": [{"name": "central"}, {"name": "mine"}]}).sidekick()
        header, claims, _ = config["kafka"]["t"].split(".")
        self.assertEqual(json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"], IDENTITY)
        central = config["webhook"]["customheaders"]["Authorization"].removeprefix("Bearer ")
        self.assertNotEqual(header, central.split(".")[0], "signed by another key")

    def test_destinations_that_cannot_be(self):
        self.refer(resource("hook", "Secret", "a"))
        self.objects = [secret("ref-a", address="https://h/")]
        self.central()
        for destinations, *pieces in (
            ([None, {"name": "stdout"}], "destinations[0].name: is needed"),
            ([{"name": "central"}, {"name": "custom", "resourceSecretName": "hook"}],
             "custom and central both need Falcosidekick's output webhook"),
            ([{"name": "logging"}, {"name": "logging"}], "'logging' is there twice"),
            ([{"name": "splunk"}], "resourceSecretName: is needed by splunk"),
            ([{"name": "splunk", "resourceSecretName": "no"}], "spec.resources has no v1 Secret named 'no'"),
            ([{"name": "nowhere", "resourceSecretName": "hook"}],
             "there is no destination 'nowhere' here; there are: stdout, logging, otlp"),
        ):
            with self.subTest(destinations=destinations):
                self.refused({"destinations": destinations}, *pieces)
        self.config = None
        self.refused({"destinations": [{"name": "central"}]}, "central is not offered in this landscape")

    # --- rules ---

    def test_custom_rules_keep_the_users_order(self):
        self.refer(resource("b", "ConfigMap", "bees"), resource("a", "ConfigMap", "ants"))
        self.objects = [config_map("ref-bees", {"z.yaml": "- {list: z, items: [z]}\n", "a.yaml": "- {list: a, items: [a]}\n"}),
                        config_map("ref-ants", {"m.yaml": "- {list: m, items: [m]}\n"},
                                   {"p.yaml.gz": gzip.compress(b"- {list: p, items: [p]}\n")})]
        got = self.good({"destinations": [{"name": "stdout"}], "rules": {"standard": ["falco-rules"], "custom": [
            {"resourceName": "b"}, {"shootConfigMap": "theirs"}, {"resourceName": "a"}]}})
        self.assertEqual(got.falco()["rules_files"][2:], [
            "/etc/falco/rules.d/a.yaml", "/etc/falco/rules.d/z.yaml", "/etc/falco/shoot-custom-rules/theirs",
            "/etc/falco/rules.d/m.yaml", "/etc/falco/rules.d/p.yaml"])
        self.assertEqual(got.find("ConfigMap", "falco-custom-rules")["data"]["p.yaml"], "- {list: p, items: [p]}\n")
        volumes = {each["name"]: each for each in got.pod("DaemonSet", "falco")["volumes"]}
        self.assertEqual(volumes["shoot-custom-rules-theirs"]["projected"]["sources"],
                         [{"configMap": {"name": "theirs"}}])

    def test_large_custom_rules_are_spread_over_config_maps(self):
        self.refer(resource("a", "ConfigMap", "a"), resource("b", "ConfigMap", "b"))
        large = "# " + "x" * 600_000 + "\n- {rule: a, desc: a, condition: evt.type = open, output: a, priority: INFO}\n"
        self.objects = [config_map("ref-a", {"a.yaml": large}), config_map("ref-b", {"b.yaml": large})]
        got = self.good({"rules": {"custom": [{"resourceName": "a"}, {"resourceName": "b"}]}})
        self.assertEqual(got.names("ConfigMap"), ["falco", "falco-custom-rules", "falco-custom-rules-1"])

    def test_custom_rules_that_cannot_be(self):
        self.refer(resource("x", "ConfigMap", "x"), resource("z", "ConfigMap", "z"), resource("s", "Secret", "s"))
        bomb = gzip.compress(b"- a\n" * 300_000)
        lies = bytearray(gzip.compress(b"- rule: a\n"))
        lies[-4:] = (5).to_bytes(4, "little")
        for data, packed, *pieces in (
            ({"a.yml": "- a\n"}, {}, "rule file a.yml: its name does not end in .yaml"),
            ({"a.yaml": "a: [\n"}, {}, "rule file a.yaml: line 2: not YAML"),
            ({"a.yaml": "# not yet\n"}, {}, "rule file a.yaml: holds no rule, macro or list"),
            ({}, {"a.yaml": b""}, "rule file a.yaml: its name does not end in .yaml.gz"),
            ({"..a.yaml": "- a\n"}, {}, "rule file ..a.yaml: no volume can hold a file of that name"),
            ({"a/b.yaml": "- a\n"}, {}, "rule file a/b.yaml: no volume can hold a file of that name"),
            ({}, {"a.yaml.gz": gzip.compress(b"\xff- a\n")}, "rule file a.yaml.gz: line 1: not UTF-8"),
            ({}, {"a.yaml.gz": b"plain"}, "rule file a.yaml.gz: failed to decompress: it is not gzip"),
            ({}, {"a.yaml.gz": bomb}, "uncompressed it has more than 1048576 bytes"),
            ({}, {"a.yaml.gz": bytes(lies)}, "its length is not the one in its trailer"),
            ({}, {"a.yaml.gz": gzip.compress(b"- a\n") + b"more"}, "failed to decompress: 4 bytes follow the compressed data"),
            ({}, {"a.yaml.gz": gzip.compress(b"- rule: a\n")[:-5]}, "failed to decompress: the data is cut short"),
            ({"a.yaml": "- a\n"}, {"a.yaml.gz": gzip.compress(b"- a\n")}, "rule file a.yaml is there twice"),
            ({f"{i}.yaml": "- a\n" for i in range(11)}, {}, "holds 11 rule files, more than 10"),
            ({"falco_rules.yaml": "- a\n"}, {}, "rule file falco_rules.yaml is named like a standard one"),
            ({}, {}, "holds no rule file"),
        ):
            with self.subTest(piece=pieces[0]):
                self.objects = [config_map("ref-x", data, packed)]
                lines = self.problems({"rules": {"custom": [{"resourceName": "x"}]}})
                self.assertIn(pieces[0], "\n".join(lines))
                self.assertTrue(all("spec.providerConfig.rules.custom[0].resourceName" in line for line in lines))
        self.objects = [config_map("ref-x", {"a.yaml": "- list: a\n  items: [a]\n"})]
        self.refused({"rules": {"standard": [], "custom": [{"resourceName": "x"}]}},
                     "a.yaml:1:1: error: there is no rule in any of the files: Falco would see nothing")
        self.objects = [config_map("ref-x", {"a.yaml": "- a\n"}), config_map("ref-z", {"a.yaml": "- a\n"})]
        self.refused({"rules": {"custom": [{"resourceName": "x"}, {"resourceName": "z"}]}},
                     "rules.custom[1].resourceName: rule file a.yaml is there twice")
        self.refused({"rules": {"custom": [{"resourceName": "s"}, {"resourceName": "x", "shootConfigMap": "x"}, {},
                                           {"shootConfigMap": "a.b"}, {"shootConfigMap": "x" * 45},
                                           {"resourceName": "x"}, {"resourceName": "x"}]}},
                     "custom[0].resourceName: spec.resources has no v1 ConfigMap named 's'",
                     "custom[1]: exactly one of", "custom[2]: exactly one of", "custom[3].shootConfigMap: a volume",
                     "custom[4].shootConfigMap: a volume", "custom[6].resourceName: 'x' is there twice")
        self.objects = []
        self.refused({"rules": {"custom": [{"resourceName": "x"}]}},
                     "ConfigMap ref-x is not in the control plane's namespace")

    def test_custom_rules_that_falco_refuses(self):
        self.refer(resource("x", "ConfigMap", "x"), resource("z", "ConfigMap", "z"))
        good = "- macro: mine\n  condition: proc.name = a\n"
        broken = good + "- rule: b\n  desc: b\n  condition: evt.type = open and\n    mien\n  output: b\n  priority: WARN\n"
        self.objects = [config_map("ref-x", {"a.yaml": good}), config_map("ref-z", {"b.yaml": broken})]
        rules = {"standard": ["falco-rules"], "custom": [{"resourceName": "x"}, {"resourceName": "z"}]}
        at = "spec.providerConfig.rules.custom[1].resourceName: ConfigMap ref-z: b.yaml:"
        self.refused({"rules": rules}, at + "6:5: error: there is no macro 'mien'; did you mean 'mine'?",
                     at + "8:13: error: there is no priority 'WARN'")
        # What a ConfigMap of the cluster itself defines, nobody sees here.
        self.objects = [config_map("ref-z", {"b.yaml": broken.replace("WARN", "INFO")})]
        rules = {"standard": ["falco-rules"], "custom": [{"shootConfigMap": "theirs"}, {"resourceName": "z"}]}
        self.good({"rules": rules})

    def test_rules_that_are_not_there_are_a_problem(self):
        (self.rules / "5.0.0").rename(self.rules / "gone")
        try:
            self.refused({}, "the rules of version 5.0.0, which Falco 0.43.0 comes with, are not there")
        finally:
            (self.rules / "gone").rename(self.rules / "5.0.0")
        self.refused({"rules": {"standard": ["falco-rule", "falco-rules", "falco-rules"]}},
                     "there are no standard rules 'falco-rule'; did you mean 'falco-rules'?",
                     "'falco-rules' is there twice")
        self.refused({"rules": {"standard": []}}, "Falco without any rules sees nothing")

    def test_exceptions_only_where_they_apply(self):
        got = self.good({"rules": {"standard": ["falco-incubating-rules"]}})
        text = got.find("ConfigMap", "falco-gardener-rules")["data"]["gardener_exceptions.yaml"]
        self.assertEqual([next(iter(each.items())) for each in yaml.safe_load(text)], [("macro", "calico_node")])
        got = self.good({"rules": {"standard": ["falco-sandbox-rules"]}})
        self.assertIsNone(got.find("ConfigMap", "falco-gardener-rules"))

    def test_our_own_detections_come_first_when_they_are_chosen(self):
        text = pathlib.Path("config/rules/gardener_detections.yaml").read_text()
        for version in VERSIONS:
            with self.subTest(version=version):
                got = self.good({"falcoVersion": version, "destinations": [{"name": "stdout"}], "heartbeatEvent": True,
                                 "rules": {"standard": ["falco-rules", "gardener-detections"]}})
                self.assertEqual(got.find("ConfigMap", "falco-gardener-detections")["data"], {"gardener_detections.yaml": text})
                self.assertEqual(got.falco()["rules_files"], ["/etc/falco/rules.d/" + name for name in (
                    "gardener_detections.yaml", "falco_rules.yaml", "gardener_exceptions.yaml", "heartbeat_rule.yaml")])
                self.assertIn("checksum/gardenerDetections", got.find("DaemonSet", "falco")["spec"]["template"]["metadata"]["annotations"])
        # They stand alone, where the version's own are not there either.
        got = self.good({"rules": {"standard": ["gardener-detections"]}})
        self.assertEqual(got.falco()["rules_files"], ["/etc/falco/rules.d/gardener_detections.yaml"])
        self.assertIsNone(got.find("ConfigMap", "falco-rules"))
        # Off unless they are chosen, and a user's file cannot take their name.
        self.assertIsNone(self.good({}).find("ConfigMap", "falco-gardener-detections"))
        self.refer(resource("x", "ConfigMap", "x"))
        self.objects = [config_map("ref-x", {"gardener_detections.yaml": "- {list: a, items: [a]}\n"})]
        self.refused({"rules": {"standard": ["falco-rules"], "custom": [{"resourceName": "x"}]}},
                     "rule file gardener_detections.yaml is named like a standard one")

    # --- plug-ins ---

    def with_plugins(self, plugins, version="0.43.0", **more):
        """Both dialects, which must mean the same. What the current one renders."""
        ours = self.good({"falcoVersion": version, "rules": {"standard": ["falco-rules"]}, "plugins": plugins, "destinations": [{"name": "logging"}]},
                         "--profile", EXAMPLES / "plugins-profile.yaml", "--target", "shoot", **more)
        theirs = self.good({"falcoVersion": version, "resources": "gardener", "gardener": {"useFalcoRules": True, "plugins": plugins}},
                           "--profile", EXAMPLES / "plugins-profile.yaml", "--target", "shoot", **more)
        self.assertEqual(theirs.falco(), ours.falco())
        self.assertEqual(theirs.pod("DaemonSet", "falco").get("initContainers"), ours.pod("DaemonSet", "falco").get("initContainers"))
        return ours

    def test_plugins_that_are_chosen_are_loaded_in_that_order(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                got = self.with_plugins([{"name": "json"}], version, now="2026-01-01T00:00:00Z")
                falco = got.falco()
                container = [] if version == "0.40.0" else ["container"]
                self.assertEqual(falco["load_plugins"], [*container, "json"])
                self.assertEqual(falco["plugins"][-1], {"name": "json", "library_path": "libjson.so"})
                self.assertNotIn("initContainers", got.pod("DaemonSet", "falco"), "Falco's own image has it")
        self.assertEqual(self.good({}).falco()["load_plugins"], ["container"], "none unless it is chosen")

    def test_libraries_come_from_an_image_or_an_artifact_by_digest(self):
        profile = {each["name"]: each for each in yaml.safe_load((EXAMPLES / "plugins-profile.yaml").read_text())["spec"]["plugins"]}
        got = self.with_plugins([{"name": "k8saudit", "initConfig": {"maxEventSize": 4096}},
                                 {"name": "k8smeta", "initConfig": {"collectorHostname": "collector.kube-system.svc", "collectorPort": 45000}}])
        falco, pod = got.falco(), got.pod("DaemonSet", "falco")
        self.assertEqual(falco["load_plugins"], ["container", "k8saudit", "k8smeta"])
        self.assertEqual(falco["plugins"][1], {
            "name": "k8saudit", "library_path": "/usr/share/falconer/plugins/libk8saudit.so", "init_config": {"maxEventSize": 4096},
            "open_params": "http://:9765/k8s-audit"})
        self.assertEqual(falco["plugins"][2]["init_config"], {
            "nodeName": "${FALCO_K8S_NODE_NAME}", "collectorHostname": "collector.kube-system.svc", "collectorPort": 45000})
        copies, fetches = pod["initContainers"]
        for each in (copies, fetches):
            self.assertEqual([(mount["mountPath"], mount.get("readOnly", False)) for mount in each["volumeMounts"] if mount["name"] == "falco-plugins"],
                             [("/falco-plugins", False)], "they fill it")
        image = profile["k8saudit"]["image"]
        self.assertEqual(copies["image"], f"{image['repository']}@{image['tag']}")
        self.assertEqual(copies["command"], ["cp", "/plugins/libk8saudit.so", "/falco-plugins/libk8saudit.so"])
        self.assertEqual(fetches["image"], "docker.io/falcosecurity/falcoctl:0.11.4")
        config = yaml.safe_load(got.find("ConfigMap", "falco-plugins")["data"]["falcoctl.yaml"])
        self.assertEqual(config["artifact"]["install"], {"refs": [profile["k8smeta"]["artifact"]], "resolveDeps": False, "pluginsDir": "/falco-plugins"})
        self.assertEqual((config["indexes"], config["artifact"]["allowedTypes"]), ([], ["plugin"]))
        mounts = {each["name"]: each for each in got.container()["volumeMounts"]}
        self.assertEqual(mounts["falco-plugins"], {"name": "falco-plugins", "mountPath": "/usr/share/falconer/plugins", "readOnly": True})
        names = {each["name"] for each in pod["volumes"]}
        used = {each["name"] for container in [*pod["containers"], *pod["initContainers"]] for each in container.get("volumeMounts", [])}
        self.assertEqual(used - names, set())
        labels = got.find("DaemonSet", "falco")["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(labels["networking.gardener.cloud/to-public-networks"], "allowed")
        # A mirror stands in for the registries of both.
        self.config = {**CONFIG_HEADER, "falco": {"registryMirror": "mirror.example.com"}}
        again = json.dumps(self.with_plugins([{"name": "k8saudit"}, {"name": "k8smeta", "initConfig": {"collectorHostname": "c"}}]).all)
        self.assertNotIn("registry.example.com", again)
        self.assertIn("mirror.example.com", again)

    def test_a_plugin_that_is_not_offered_is_refused(self):
        for service in ({"plugins": [{"name": "json"}]}, {"resources": "gardener", "gardener": {"useFalcoRules": True, "plugins": [{"name": "json"}]}}):
            self.refused({"falcoVersion": "0.43.0", **service}, "no profile offers a plug-in 'json'; none is")

    def test_rules_are_read_with_the_plugins_that_are_chosen(self):
        self.refer(resource("x", "ConfigMap", "x"))
        self.objects = [config_map("ref-x", {"a.yaml": "- rule: r\n  desc: d\n  condition: ka.verb = get and jevt.value[/a] = b\n  output: o\n"
                                                       "  priority: INFO\n  source: k8s_audit\n"})]
        service = {"rules": {"custom": [{"resourceName": "x"}]}}
        extra = ("--profile", EXAMPLES / "plugins-profile.yaml")
        self.good({**service, "plugins": [{"name": "k8saudit"}, {"name": "json"}]}, *extra)
        done = self.render({**service, "plugins": [{"name": "k8saudit"}]}, *extra)
        self.assertEqual(done.returncode, 1)
        self.assertIn("'jevt.value' is a field of the plug-in 'json', which is not loaded", done.stderr)

    # --- GEP-27's dialect ---

    def test_gep27_means_the_same(self):
        self.refer(resource("x", "ConfigMap", "x"))
        self.objects = [config_map("ref-x", {"a.yaml": "- {list: a, items: [a]}\n"})]
        ours = self.good({"falcoVersion": "0.43.0", "destinations": [{"name": "logging"}], "rules": {
            "standard": ["falco-rules", "falco-sandbox-rules", "gardener-detections"], "custom": [{"resourceName": "x"}]}}, "--target", "shoot")
        theirs = self.good({"falcoVersion": "0.43.0", "resources": "gardener", "gardener": {
            "useFalcoRules": True, "useFalcoSandboxRules": True, "useGardenerDetections": True, "ruleRefs": [{"ref": "x"}]}}, "--target", "shoot")

        def compared(got):
            return [each for each in got.all if "certs" not in each["metadata"]["name"]
                    and each["kind"] not in ("DaemonSet", "Deployment")]
        self.assertEqual(compared(theirs), compared(ours))

    def test_gep27_problems_name_its_own_fields(self):
        self.refer(resource("x", "ConfigMap", "x"))
        self.objects = [config_map("ref-x", {"a.yml": "- a\n"})]
        self.refused({"gardener": {"ruleRefs": [{"ref": "x"}]}},
                     "spec.providerConfig.gardener.ruleRefs[0].ref: ConfigMap ref-x: rule file a.yml")

    def test_falcoctl_mode_turns_our_rules_off(self):
        got = self.good({"resources": "falcoctl", "falcoctl": {
            "indexes": [{"name": "falcosecurity", "url": "https://falcosecurity.github.io/falcoctl/index.yaml"}],
            "install": {"refs": ["falco-rules:5"]}, "follow": {"refs": ["falco-rules:5"], "every": "12h"}}})
        self.assertEqual(got.falco()["rules_files"], ["/etc/falco/falcoctl"])
        self.assertIsNone(got.find("ConfigMap", "falco-rules"))
        config = yaml.safe_load(got.find("ConfigMap", "falco-falcoctl")["data"]["falcoctl.yaml"])
        self.assertEqual(config["artifact"]["install"]["refs"], ["falco-rules:5"])
        self.assertEqual(config["artifact"]["follow"]["every"], "12h")
        self.assertEqual(config["artifact"]["allowedTypes"], ["rulesfile"])
        self.assertEqual(got.pod("DaemonSet", "falco")["initContainers"][0]["args"][:2], ["artifact", "install"])

    def test_falcoctl_may_write_where_it_writes(self):
        """It unpacks in /tmp, and keeps indexes in its home: root's, in its image. Else it ends before it has fetched anything."""
        follows = self.good({"resources": "falcoctl", "falcoctl": {"install": {"refs": ["falco-rules:5"]}, "follow": {"refs": ["falco-rules:5"]}}})
        pod = follows.pod("DaemonSet", "falco")
        by_mode = [*pod["initContainers"], next(each for each in pod["containers"] if each["name"] == "falcoctl-artifact-follow")]
        plugins = self.with_plugins([{"name": "k8smeta", "initConfig": {"collectorHostname": "c"}}]).pod("DaemonSet", "falco")
        for each in [*by_mode, *plugins["initContainers"]]:
            with self.subTest(each["name"]):
                self.assertTrue(each["securityContext"]["readOnlyRootFilesystem"])
                writable = {mount["mountPath"] for mount in each["volumeMounts"] if not mount.get("readOnly")}
                home = {of["name"]: of["value"] for of in each.get("env", [])}["HOME"]
                self.assertLessEqual({"/tmp", home.rstrip("/") + "/.config"}, writable)

    def test_falcoctl_without_a_follower_and_with_its_own_index(self):
        got = self.good({"resources": "falcoctl", "falcoctl": {"install": {"refs": ["falco-rules:5"]}}})
        config = yaml.safe_load(got.find("ConfigMap", "falco-falcoctl")["data"]["falcoctl.yaml"])
        self.assertNotIn("indexes", config, "an empty list would take Falco's own away")
        self.assertNotIn("falcoctl-artifact-follow", [each["name"] for each in got.pod("DaemonSet", "falco")["containers"]])

    def test_falcoctl_with_nothing_to_install_is_refused(self):
        self.refused({"resources": "falcoctl"}, "spec.providerConfig.falcoctl.install.refs: is needed")

    def test_falcoctl_is_told_nothing_that_it_refuses(self):
        self.refused({"resources": "falcoctl", "falcoctl": {
            "allowedTypes": ["rulesfile", "rulefile"], "install": {"refs": ["a b"]}, "follow": {"refs": [""]}}},
                     "falcoctl.allowedTypes[1]: there are no artifacts of type 'rulefile'; did you mean 'rulesfile'?",
                     "falcoctl.install.refs[0]: expected an artifact", "falcoctl.follow.refs[0]: expected an artifact")
        self.refused({"resources": "falcoctl", "falcoctl": {"install": {"refs": ["a"]}, "follow": {"every": "0s"}}},
                     "falcoctl.follow.every: expected a duration such as 6h, of a minute at least, found '0s'")

    def test_a_custom_webhook_replaces_the_default_destination(self):
        hook = {"enabled": True, "address": "https://h/", "customHeaders": {"X-A": "b"}, "checkCerts": False}
        config = self.good({"gardener": {"useFalcoRules": True}, "customWebhook": hook}).sidekick()
        self.assertEqual(config["webhook"], {"address": "https://h/", "method": "POST", "checkcert": False,
                                             "customheaders": {"X-A": "b"}})
        self.assertNotIn("loki", config)
        self.refused({"gardener": {"useFalcoRules": True}, "customWebhook": {"enabled": True}},
                     "customWebhook.address: must be a URL")
        self.refused({"gardener": {"useFalcoRules": True}, "customWebhook": dict(hook, address="https://h:0/", customHeaders={"X A": "b"})},
                     "customWebhook.address: names a port that is none", "customWebhook.customHeaders.X A: its name must be")

    # --- seeds, and bad input ---

    def test_a_bare_seed(self):
        seed = {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Seed", "metadata": {"name": "s1"},
                "spec": {"ingress": {"domain": "i.example.com"}}, "status": {"clusterIdentity": "seed-s1"}}
        self.cluster = seed
        self.extension["metadata"]["namespace"] = "garden"
        self.extension["spec"]["class"] = "seed"
        self.central()
        got = self.good({"destinations": [{"name": "central"}]})
        self.assertEqual(got.sidekick()["customfields"], {"cluster_id": "seed-s1"})
        self.assertEqual(got.pod("DaemonSet", "falco")["priorityClassName"], "gardener-system-900")
        self.assertEqual(got.names("ScrapeConfig"), [])
        labels = got.find("DaemonSet", "falco")["spec"]["template"]["metadata"]["labels"]
        self.assertFalse(any(key.startswith("networking.") for key in labels))
        self.refused({"destinations": [{"name": "logging"}]}, "there is no destination 'logging' here")
        del self.extension["spec"]["providerConfig"]
        self.config = None
        self.assertTrue(self.good().falco()["stdout_output"]["enabled"], "a seed's own default")

    def test_a_garden(self):
        self.cluster = {"apiVersion": "operator.gardener.cloud/v1alpha1", "kind": "Garden", "metadata": {"name": "local"}, "spec": {
            "runtimeCluster": {"ingress": {"domains": [{"name": "runtime.example.com"}]}},
            "virtualCluster": {"gardener": {"clusterIdentity": "landscape-1"}}}}
        self.extension["metadata"] = {"name": "garden-shoot-falco-service", "namespace": "garden"}
        self.extension["spec"]["class"] = "garden"
        self.central()
        got = self.good({"destinations": [{"name": "central"}]})
        self.assertEqual(got.sidekick()["customfields"], {"cluster_id": "landscape-1"})
        self.assertEqual(got.pod("DaemonSet", "falco")["priorityClassName"], "gardener-garden-system-200")
        self.assertEqual(got.names("ScrapeConfig"), [])
        self.assertTrue(all(each["metadata"].get("namespace") in (None, "kube-system", "garden") for each in got.all))
        self.refused({"destinations": [{"name": "logging"}]}, "there is no destination 'logging' here")
        del self.cluster["spec"]["virtualCluster"]
        self.assertIn("garden.spec.virtualCluster.gardener.clusterIdentity: is needed", self.problems()[0])

    def test_nothing_said_is_the_defaults(self):
        del self.extension["spec"]["providerConfig"]
        got = self.good()
        self.assertEqual(got.container()["image"], "docker.io/falcosecurity/falco:0.43.0")
        self.assertIn("loki", got.sidekick())
        self.central()
        self.assertIn("webhook", self.good().sidekick())

    def test_resources_are_checked_as_they_will_be(self):
        for resources, *pieces in (
            ({"limits": {"memory": "256Mi"}}, "memory request 512Mi (the default) is greater than its limit 256Mi"),
            ({"requests": {"memory": "2Gi"}}, "memory request 2Gi is greater than its limit 1Gi (the default)"),
            ({"requests": {"cpu": "1"}, "limits": {"cpu": "500m"}}, "cpu request 1 is greater than its limit 500m"),
            ({"requests": {"cpu": "-1", "memory": "1Ki"}}, "requests.cpu: must be more than 0",
             "requests.memory: must be between 1Mi and 1Ti"),
            ({"requests": {"cpu": "fast", "memory": "1Zi"}}, "requests.cpu: expected a quantity",
             "requests.memory: expected a quantity"),
        ):
            with self.subTest(resources=resources):
                self.refused({"falcoConfig": {"resources": resources}}, *pieces)
        self.good({"falcoConfig": {"resources": {"requests": {"cpu": "0.5"}, "limits": {"cpu": "500m"}}}})

    def test_problems_are_named_all_at_once_with_their_lines(self):
        extension = self.folder / "extension.yaml"
        extension.write_text(pathlib.Path(EXAMPLES / "extension.yaml").read_text() + "    extra: 1\n    autoUpdate: x\n")
        done = run("render", "--extension", extension, "--cluster", EXAMPLES / "cluster.yaml", "--profile", PROFILE)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr.splitlines(), [
            f"{extension}:21: spec.providerConfig.extra: unknown field",
            f"{extension}:22: spec.providerConfig.autoUpdate: the same key again"])

    def test_missing_and_foreign_files(self):
        cluster = self.write({"kind": "Cluster", "metadata": {"name": "x"}, "spec": {}})
        done = run("render", "--extension", EXAMPLES / "extension.yaml", "--cluster", cluster, "--profile", PROFILE)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("cluster.spec.shoot: is needed", done.stderr)
        done = run("render", "--extension", EXAMPLES / "cluster.yaml", "--cluster", "/nowhere", "--profile", PROFILE,
                   "--rules", "/nowhere", "--config", "/nowhere", "--now", "soon")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        for piece in ("--now", "kind: expected Extension, found 'Cluster'", "/nowhere: No such file"):
            self.assertIn(piece, done.stderr)
        self.assertEqual(run("render").returncode, 2)

    def test_a_half_written_secret_is_made_anew_and_a_foreign_one_is_said(self):
        name = "gardener-extension-shoot-falco-service-certificates"
        self.objects = [secret(name, **{"server.crt": "nonsense", "mine": "kept"})]
        got = self.good({})
        kept = got.find("Secret", name)["data"]
        self.assertEqual(base64.b64decode(kept["mine"]), b"kept")
        self.assertIn(b"BEGIN CERTIFICATE", base64.b64decode(kept["server.crt"]))
        self.objects[0]["data"]["server.crt"] = "*"
        self.refused({}, f"Secret {name}: server.crt is not base64")


if __name__ == "__main__":
    FALCONER = sys.argv.pop(1)
    unittest.main()
