"""Promise of the split: controller, ingestor and console as one process, as three, and each of them twice, at the real store and a
Kubernetes API in a process of its own. What an operator decides about a cluster's tokens goes from the store to an ingestor, from there to
the controller, and as a new token into the cluster, whoever is killed with -9 on the way; no event that was acknowledged is lost or doubled,
no object is lost, and nobody is flooded when all are there again."""

import base64
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import unittest
import uuid

from clusters_away_test import SPEC, Process
from killed_controller_test import KilledController
from sandbox_api import SandboxApi
from testbed import FALCONER, ROOT, Testbed, event, eventually, free_port

sys.path.insert(0, str(ROOT / "tests" / "support"))
import tokens  # noqa: E402

SPACES = [f"shoot--split--{name}" for name in ("a", "b", "c")]
SEED = "split-seed"


def identity_of(space):
    return space + "-uid"


def issued_at(token):
    """Seconds since 1970."""
    claims = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["iat"]


class Landscape:
    """The processes of a split. `parts`: a name for each, and its roles."""

    def __init__(self, case, parts):
        self.bed = case.enterContext(Testbed())
        self.bed.migrate()
        self.home = self.bed.home / "split"
        self.home.mkdir()
        self.api = SandboxApi(self.home)
        case.addCleanup(self.api.close)
        self.secret = self.home / "heartbeat.secret"
        self.secret.write_text("0123456789abcdef0123456789abcdef\n")
        self.users = self.home / "users.yaml"
        self.users.write_text(json.dumps({"users": [{"name": "operator", "password": "open sesame", "everything": True}]}))
        self.parts = parts
        self.ports = {name: free_port() for name, roles in parts.items() if "ingestor" in roles}
        self.running = {}
        case.addCleanup(self.kill_all)
        for name in parts:
            self.start(name)

    def config_of(self, name):
        roles, base = self.parts[name], json.loads(self.bed.config.read_text())
        config = {"store": base["store"], "heartbeat": {"secretFile": str(self.secret)}, "falco": {"centralStorage": {
            "enabled": True, "url": "https://ingest.example.com/ingestor/api/v1/push", "tokenIssuerPrivateKeyFile": str(self.bed.key)}}}
        if "ingestor" in roles:
            config["ingestor"] = {**base["ingestor"], "listen": f"127.0.0.1:{self.ports[name]}", "spool": {
                "directory": str(self.home / f"spool-{name}"), "capacity": "64Mi"}}
        if "controller" in roles:
            config["controller"] = {
                "kubeconfig": str(self.api.kubeconfig), "namespace": "default", "rules": str(ROOT / "config/rules/demo"), "seedName": SEED,
                "leaderElection": sum("controller" in each for each in self.parts.values()) > 1}
            if "ingestor" not in roles:
                config["peers"] = {"ingestors": [f"http://127.0.0.1:{port}" for port in self.ports.values()]}
        if "console" in roles:
            config["console"] = {"listen": f"127.0.0.1:{free_port()}", "demoUsersFile": str(self.users)}
        return config

    def start(self, name):
        self.running[name] = Process(self.home, self.parts[name], self.config_of(name))

    def ready(self):
        for name, roles in self.parts.items():
            self.running[name].wait_until_ready(*roles.split(","))

    def kill(self, name):
        self.running[name].process.kill()
        self.running[name].process.wait()

    def kill_all(self):
        for name in self.running:
            self.kill(name)

    def metrics(self, name):
        """Of one process, summed over labels' values."""
        config = json.loads((self.home / f"{self.running[name].log.stem}.yaml").read_text())
        found = {}
        for line in Testbed.get(int(config["metrics"]["listen"].rpartition(":")[2]), "/metrics")[1].splitlines():
            if line and not line.startswith("#"):
                key, value = line.rsplit(" ", 1)
                key = re.sub(r"\{.*\}", "", key)
                found[key] = found.get(key, 0) + float(value)
        return found

    # --- clusters ------------------------------------------------------------------------------------

    def add(self, space):
        self.api.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": space, "labels": {"gardener.cloud/role": "shoot"}}})
        self.api.ask("POST", "/apis/extensions.gardener.cloud/v1alpha1/clusters", {
            "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Cluster", "metadata": {"name": space}, "spec": {
                "seed": {"spec": {"ingress": {"domain": "i.example.com"}}},
                "shoot": {"metadata": {"name": space[-1]}, "spec": {}, "status": {"technicalID": space, "clusterIdentity": identity_of(space)}}}})
        self.api.ask("POST", f"/apis/extensions.gardener.cloud/v1alpha1/namespaces/{space}/extensions", {
            "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Extension", "metadata": {
                "name": "shoot-falco-service", "annotations": KilledController.wish("reconcile")}, "spec": {
                    "type": "shoot-falco-service", "providerConfig": {**SPEC, "falcoVersion": "0.43.0", "heartbeatEvent": True,
                                                                      "destinations": [{"name": "central"}]}}})

    def token_of(self, space):
        """None: there is none (yet)."""
        kept = self.api.ask("GET", f"/api/v1/namespaces/{space}/secrets/gardener-extension-shoot-falco-service-tokens")
        data = (kept or {}).get("data", {}).get("central.jwt")
        return base64.b64decode(data).decode() if data else None

    def objects(self):
        return {space: self.api.names(f"/apis/resources.gardener.cloud/v1alpha1/namespaces/{space}/managedresources") for space in SPACES}

    def revoke(self, space):
        subprocess.run([FALCONER, "token", "revoke", "--cluster", identity_of(space), "--config", self.bed.config], check=True, capture_output=True)

    def post(self, space, token, port):
        """The event's uuid, or the answer's status."""
        who, self.bed.port = str(uuid.uuid4()), port
        status = self.bed.post(event(identity_of(space), who), token)[0]
        return who if status == 200 else status


class Split(unittest.TestCase):
    def circle(self, parts):
        all_of_it = Landscape(self, parts)
        all_of_it.ready()
        for space in SPACES:
            all_of_it.add(space)
        for space in SPACES:
            eventually(lambda space=space: all_of_it.token_of(space), 180, f"{space} has a token")
        remote = [name for name, roles in parts.items() if roles == "ingestor"]
        for name in remote:
            eventually(lambda name=name: all_of_it.metrics(name).get("falconer_peer_messages_total", 0) >= 2 * len(SPACES), 120,
                       f"{name} has been told of every cluster")
        before, acknowledged = all_of_it.objects(), []
        self.post_from_all(all_of_it, acknowledged)
        for name in parts:
            with self.subTest(killed=name):
                self.revoked_while_one_is_dead(all_of_it, name, acknowledged)
        self.assertEqual(all_of_it.objects(), before)
        for name in remote:
            self.assertLess(all_of_it.metrics(name).get("falconer_peer_messages_total", 0), 1000, "no flood")
        self.all_is_stored_once(all_of_it, acknowledged)

    def post_from_all(self, all_of_it, acknowledged):
        for port in all_of_it.ports.values():
            for space in SPACES:
                who = eventually(lambda space=space, port=port: isinstance(
                    got := all_of_it.post(space, all_of_it.token_of(space), port), str) and got, 120, f"{space} posts to {port}")
                acknowledged.append(who)

    def revoked_while_one_is_dead(self, all_of_it, name, acknowledged):
        """The token of a cluster is refused, and its next one comes by itself."""
        space = SPACES[len(acknowledged) % len(SPACES)]
        old = all_of_it.token_of(space)
        # What is refused is what was issued in an earlier second: tokens know no smaller ones.
        eventually(lambda: time.time() >= issued_at(old) + 1, 30, "a second has passed")
        all_of_it.kill(name)
        all_of_it.revoke(space)
        all_of_it.start(name)
        fresh = eventually(lambda: (now := all_of_it.token_of(space)) != old and now, 240, f"{space} gets another token after {name} was killed")
        all_of_it.ready()
        for port in all_of_it.ports.values():
            eventually(lambda port=port: all_of_it.post(space, old, port) == 401, 120, f"{port} refuses the old token")
            acknowledged.append(eventually(lambda port=port: isinstance(got := all_of_it.post(space, fresh, port), str) and got, 120,
                                           f"{port} takes the new token"))
        self.post_from_all(all_of_it, acknowledged)

    def all_is_stored_once(self, all_of_it, acknowledged):
        wanted = "', '".join(acknowledged)
        eventually(lambda: all_of_it.bed.count(f"select count(*) from falconer.event where id in ('{wanted}')") == len(acknowledged), 120,
                   "every event that was acknowledged is stored, once")

    def test_one_process(self):
        self.circle({"everything": "controller,ingestor,console"})

    def test_a_process_for_each_role(self):
        self.circle({"controller": "controller", "ingestor": "ingestor", "console": "console"})

    def test_each_role_twice(self):
        self.circle({f"{role}-{number}": role for number in (1, 2) for role in ("controller", "ingestor", "console")})


class OddPeers(unittest.TestCase):
    """Whoever asks an ingestor and should not, or not so: refused with a reason, counted, nobody else harmed."""

    @classmethod
    def setUpClass(cls):
        cls.bed = cls.enterClassContext(Testbed())
        cls.bed.migrate()
        cls.bed.start()
        cls.number = 0

    def token(self, who="controller:one", **changes):
        return tokens.token(self.bed.key, who, **{"audience": "falconer-peers", "lifetime": 300, **changes})

    def ask(self, body, token, path="/peer/v1/tell"):
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        status, said = self.bed.post(text, token, path, {"Content-Type": "application/json"})
        return status, json.loads(said) if said.startswith("{") else said

    def told(self, *messages, reign="r", began=1, number=None):
        type(self).number += 1
        return {"version": 1, "reign": reign, "began": began, "number": number or self.number, "after": 0, "upto": 0, "messages": list(messages)}

    def refused(self, reason):
        return self.bed.metrics().get(f'falconer_peer_requests_refused_total{{reason="{reason}"}}', 0)

    def tearDown(self):
        # Everybody else goes on.
        self.assertEqual(self.ask(self.told(reign="good", began=2**47), self.token("controller:good"))[0], 200)
        self.assertEqual(self.bed.post(event(), self.bed.token())[0], 200)

    def test_tokens(self):
        before = self.refused("token")
        other = self.bed.home / "other"
        wrong = {
            "a cluster's": self.bed.token(), "for somebody else": self.token(audience="falco-db"), "of no controller": self.token("shoot--a--b"),
            "an old one": self.token(lifetime=-3600), "rubbish": "rubbish",
            "another landscape's": tokens.token(tokens.make_keys(other), "controller:one", audience="falconer-peers")}
        for name, token in wrong.items():
            with self.subTest(name):
                self.assertIn(self.ask(self.told(), token)[0], (401, 403))
        self.assertEqual(self.refused("token") - before, len(wrong))
        self.assertEqual(self.bed.post(event(), self.token())[0], 401, "a controller's token takes in no events")

    def test_rubbish(self):
        for each in ("", "{", "[]", "{}", b"\xff\xfe", '{"version": 2}', "[" * 5000, json.dumps({"version": 1, "reign": "r", "messages": 5})):
            with self.subTest(each[:20]):
                self.assertEqual(self.ask(each, self.token())[0], 400)
        self.assertEqual(self.ask(b"x" * 3_000_000, self.token())[0], 413)

    def test_replays_and_reigns_that_have_ended(self):
        token = self.token("controller:replayed")
        once = self.told(reign="first", began=5)
        self.assertEqual(self.ask(once, token)[0], 200)
        self.assertEqual(self.ask(once, token)[0], 409)
        self.assertGreaterEqual(self.refused("replayed"), 1)
        self.assertEqual(self.ask(self.told(reign="second", began=6), token)[0], 200)
        status, said = self.ask(self.told(reign="first", began=5), token)
        self.assertEqual((status, said["newest"]), (409, 6))

    def test_another_seeds_cluster(self):
        gone = {"to": "of-one", "kind": "cluster_gone"}
        mine = {"to": "of-one", "kind": "heartbeat_expected", "key": "a2V5"}
        self.assertEqual(self.ask(self.told(mine), self.token("controller:one"))[1]["refused"], [])
        said = self.ask(self.told(mine, gone), self.token("controller:two"))[1]
        self.assertEqual({(each["to"], each["why"]) for each in said["refused"]}, {("of-one", "foreign")})

    def test_messages_of_another_release(self):
        said = self.ask(self.told({"to": "of-later", "kind": "colour_changed", "colour": {"is": [1]}},
                                  {"to": "of-later", "kind": "cluster_gone", "colour": 5}), self.token("controller:later"))[1]
        self.assertEqual((said["unknown"], said["refused"]), (["colour_changed"], []))

    def test_silence(self):
        silent = [socket.create_connection(("127.0.0.1", self.bed.port)) for _ in range(20)]
        try:
            for each in silent[:10]:
                each.sendall(b"POST /peer/v1/hear HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n"
                             b"Authorization: Bearer " + self.token("controller:silent").encode() + b"\r\n\r\n{")
            self.assertEqual(self.ask(self.told(reign="s", began=9), self.token("controller:heard"))[0], 200)
        finally:
            for each in silent:
                each.close()


if __name__ == "__main__":
    pathlib.Path(FALCONER).stat()
    unittest.main(verbosity=2)
