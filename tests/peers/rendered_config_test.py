"""The configurations that `falconer render` makes for Falco and Falcosidekick, for every version of the example profile: held against
the keys and types that the version knows (../shared/data), and handed to a sender, from which an event goes out with all that belongs
to it. A misspelt key makes each of them fail.

Without FALCOSIDEKICK=/path the sender is our own, which knows the webhook output alone (central, custom). Of the others it is then
shown that Falcosidekick knows their keys and that they say what they should, not that it delivers."""

import http.server
import json
import pathlib
import tempfile
import threading
import unittest

import jsonschema
import yaml

from rendering import DESTINATIONS, TOKEN, Rendering, example, falco_yaml, found, versions_of
from sender import REAL, Sender
from shared_data import falco_schema, falcosidekick_keys, rules_schema
from testbed import eventually

EVENT = json.dumps({"output": "Something", "priority": "Warning", "rule": "A rule", "time": "2026-11-23T12:00:00Z",
                    "output_fields": {"proc.name": "sh"}})
IDENTITY = example("cluster")["spec"]["shoot"]["status"]["clusterIdentity"]
GEP27 = {
    "gardener's rules": {"resources": "gardener", "gardener": {"useFalcoRules": True}},
    "falcoctl": {"resources": "falcoctl", "falcoctl": {
        "indexes": [{"name": "falcosecurity", "url": "https://falcosecurity.github.io/falcoctl/index.yaml"}], "allowedTypes": ["rulesfile"],
        "install": {"refs": ["falco-rules:5"], "resolveDeps": True}, "follow": {"refs": ["falco-rules:5"], "every": "6h"}}},
    "a webhook": {"resources": "gardener", "gardener": {"useFalcoRules": True}, "customWebhook": {
        "enabled": True, "address": "https://x.example/hook", "customHeaders": {"X-Mine": "yes"}, "checkCerts": True}}}
FALCOSIDEKICKS = (*versions_of("falcosidekick"), "2.35.1")  # the last is the Go extension's own build
GO = {"bool": bool, "int": int, "int64": int, "uint": int, "uint16": int, "uint64": int, "string": str, "time.Duration": str}


def problems_of_falco(config, version):
    """What the version's own schema says against a falco.yaml, a line each."""
    judge = jsonschema.Draft6Validator(falco_schema(version))
    return ["/".join(map(str, each.absolute_path)) + ": " + each.message for each in judge.iter_errors(config)]


def problems_of_falcosidekick(config, version):
    """Keys that the version does not know, and values of another type than its own."""
    known, wrong = falcosidekick_keys(version), []

    def look(value, path):
        kind = known.get(path)
        if kind == "map[string]string":
            if not isinstance(value, dict) or not all(isinstance(each, str) for pair in value.items() for each in pair):
                wrong.append(f"{path}: {value!r} is no {kind}")
        elif kind == "[]string":
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                wrong.append(f"{path}: {value!r} is no {kind}")
        elif kind == "bool" and value in ("true", "false"):
            pass  # viper, which reads it, takes them for the same
        elif kind:
            if type(value) is not GO.get(kind):
                wrong.append(f"{path}: {value!r} is no {kind}")
        elif isinstance(value, dict) and any(each.startswith(path + ".") for each in known):
            for name, inner in value.items():
                look(inner, f"{path}.{name.lower()}")
        else:
            wrong.append(f"{path}: unknown key")
    for name, value in config.items():
        look(value, name.lower())
    return wrong


class RenderedKeys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="falconer-keys.")
        cls.addClassCleanup(folder.cleanup)
        cls.rendering = Rendering(pathlib.Path(folder.name))

    def test_every_falco_knows_the_keys_of_its_configuration(self):
        for version in versions_of("falco"):
            for destination in DESTINATIONS:
                with self.subTest(falco=version, destination=destination):
                    config = falco_yaml(self.rendering.objects(destination, falco=version))
                    self.assertEqual(problems_of_falco(config, version), [])

    def test_every_falco_of_a_seed_knows_them_too(self):
        for version in versions_of("falco"):
            with self.subTest(falco=version):
                config = falco_yaml(self.rendering.objects("central", falco=version, of_seed=True))
                self.assertEqual(problems_of_falco(config, version), [])

    def test_every_falco_knows_them_in_the_dialect_of_the_proposal_too(self):
        for version in versions_of("falco"):
            for name, config in GEP27.items():
                with self.subTest(falco=version, config=name):
                    objects = self.rendering.objects(provider_config={"falcoVersion": version, **config})
                    self.assertEqual(problems_of_falco(falco_yaml(objects), version), [])

    def test_every_falco_knows_how_plugins_are_configured(self):
        chosen = {"json": {}, "k8saudit": {"maxEventSize": 4096}, "k8smeta": {"collectorHostname": "c", "collectorPort": 45000}}
        for version in versions_of("falco"):
            offered = [each["name"] for each in example("plugins-profile")["spec"]["plugins"]
                       if tuple(map(int, each.get("sinceFalco", "0.0.0").split("."))) <= tuple(map(int, version.split(".")))]
            plugins = [{"name": each, **({"initConfig": chosen[each]} if chosen[each] else {})} for each in offered]
            for config in ({"rules": {"standard": ["falco-rules"]}, "plugins": plugins},
                           {"resources": "gardener", "gardener": {"useFalcoRules": True, "plugins": plugins}}):
                with self.subTest(falco=version, config=config):
                    rendered = falco_yaml(self.rendering.objects(provider_config={"falcoVersion": version, **config}, plugins=True))
                    self.assertEqual(rendered["load_plugins"][-len(offered):], offered)
                    self.assertEqual(problems_of_falco(rendered, version), [])
                    rendered["plugins"][-1]["libary_path"] = "x"
                    self.assertNotEqual(problems_of_falco(rendered, version), [])

    def test_our_own_rules_satisfy_the_schema_of_every_falco(self):
        for version in versions_of("falco"):
            objects = self.rendering.objects(provider_config={"falcoVersion": version, "heartbeatEvent": True, "rules": {
                "standard": ["falco-rules", "gardener-detections"]}})
            files = {name: text for each in objects if each["kind"] == "ConfigMap" for name, text in each["data"].items()}
            judge = jsonschema.Draft6Validator(rules_schema(version))
            for name in ("gardener_detections.yaml", "heartbeat_rule.yaml"):
                with self.subTest(falco=version, file=name):
                    self.assertEqual([each.message for each in judge.iter_errors(yaml.safe_load(files[name]))], [])

    def test_a_misspelt_key_of_falco_is_found_out(self):
        def misspell(config):
            config["http_outputs"] = config.pop("http_output")

        def misspell_within(config):
            config["engine"]["modern_ebpf"]["buf_size_presett"] = 4

        def misuse(config):
            config["webserver"]["listen_port"] = "many"
        for version in versions_of("falco"):
            for spoil, place in ((misspell, "http_outputs"), (misspell_within, "buf_size_presett"), (misuse, "listen_port")):
                config = falco_yaml(self.rendering.objects("central", falco=version))
                spoil(config)
                with self.subTest(falco=version, place=place):
                    self.assertRegex("\n".join(problems_of_falco(config, version)), place)

    def test_every_falcosidekick_knows_the_keys_of_its_configuration(self):
        for version in FALCOSIDEKICKS:
            for destination in DESTINATIONS:
                objects = self.rendering.objects(destination, falcosidekick=version)
                # Falco's own output needs none.
                if destination == "stdout":
                    self.assertIsNone(found(objects, "Secret", "falcosidekick"))
                    continue
                with self.subTest(falcosidekick=version, destination=destination):
                    self.assertIn(f"falcosidekick:{version}", json.dumps(found(objects, "Deployment", "falcosidekick")))
                    self.assertEqual(problems_of_falcosidekick(self.rendering.final(objects), version), [])
            with self.subTest(falcosidekick=version, config="the proposal's webhook"):
                objects = self.rendering.objects(falcosidekick=version, provider_config={"falcoVersion": "0.43.0", **GEP27["a webhook"]})
                self.assertEqual(problems_of_falcosidekick(self.rendering.final(objects), version), [])

    def test_a_misspelt_key_of_falcosidekick_is_found_out(self):
        for version in FALCOSIDEKICKS:
            config = self.rendering.final(self.rendering.objects("custom", falcosidekick=version))
            config["webhook"]["adress"] = config["webhook"].pop("address")
            config["webhooks"] = {"address": "x"}
            config["tlsserver"]["notlsport"] = "none"
            config["customfields"]["a"] = 1
            said = problems_of_falcosidekick(config, version)
            self.assertEqual(sorted(each.split(":")[0] for each in said), ["customfields", "tlsserver.notlsport", "webhook.adress", "webhooks"], said)


class Receiver:
    """Of any destination: notes what comes."""

    def __init__(self):
        self.requests = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                receiver.requests.append((self.path, dict(self.headers.items()), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class RenderedDelivery(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="falconer-rendered.")
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.rendering = Rendering(self.home)

    def configuration(self, destination):
        return self.rendering.final(self.rendering.objects(destination, at=self.receiver.url))

    def start(self, config):
        # Where it takes Falco's events is the cluster's business: its certificates lie nowhere here.
        sender = Sender(self.home, {key: value for key, value in config.items() if key != "tlsserver"})
        self.addCleanup(sender.close)
        sender.feed(EVENT)
        return sender

    def delivered(self, config):
        sender = self.start(config)
        eventually(lambda: self.receiver.requests, 180, "something arrives")
        return self.receiver.requests[0], sender

    def test_central(self):
        (path, headers, body), _ = self.delivered(self.configuration("central"))
        self.assertEqual(path, "/central")
        self.assertEqual(headers["Authorization"].count("."), 2, "a token")
        self.assertEqual(json.loads(body)["output_fields"], {"proc.name": "sh", "cluster_id": IDENTITY})

    def test_custom(self):
        (path, headers, body), _ = self.delivered(self.configuration("custom"))
        self.assertEqual((path, headers["X-Mine"]), ("/hook", "yes please"))
        self.assertEqual(json.loads(body)["rule"], "A rule")

    def test_the_webhook_of_the_proposal(self):
        hook = {**GEP27["a webhook"]["customWebhook"], "address": self.receiver.url + "/proposal"}
        config = self.rendering.final(self.rendering.objects(provider_config={
            "falcoVersion": "0.43.0", **GEP27["a webhook"], "customWebhook": hook}))
        (path, headers, body), _ = self.delivered(config)
        self.assertEqual((path, headers["X-Mine"]), ("/proposal", "yes"))
        self.assertEqual(json.loads(body)["output_fields"]["cluster_id"], IDENTITY)

    def test_opensearch(self):
        config = self.configuration("opensearch")
        self.assertEqual({key: config["elasticsearch"][key] for key in ("hostport", "index", "suffix")},
                         {"hostport": self.receiver.url, "index": "events", "suffix": "none"})
        self.assertEqual(config["customfields"], {"cluster_id": IDENTITY})
        if REAL:
            (path, _, body), _ = self.delivered(config)
            self.assertEqual(path.split("/")[1], "events")
            self.assertEqual(json.loads(body)["output_fields"]["cluster_id"], IDENTITY)

    def test_logging(self):
        config = self.configuration("logging")
        self.assertEqual(config["loki"]["customheaders"], {"Authorization": f"Bearer {TOKEN}"})
        if REAL:
            config["loki"]["hostport"] = self.receiver.url  # its own name is known nowhere here
            (_, _, body), _ = self.delivered(config)
            self.assertIn("A rule", body.decode())

    def test_what_is_misspelt_does_not_arrive(self):
        config = self.configuration("custom")
        config["webhook"]["adress"] = config["webhook"].pop("address")
        sender = self.start(config)
        if REAL:  # an output without an address is not enabled
            eventually(lambda: "Enabled Outputs" in sender.said(), 180, "it says which outputs it has")
            self.assertNotIn("Webhook", sender.said().split("Enabled Outputs")[1].splitlines()[0])
        else:
            eventually(lambda: sender.outputs("error") == 1, 180, "it cannot be posted")
        self.assertEqual(self.receiver.requests, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
