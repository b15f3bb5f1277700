"""The admission webhook as the charts have it called, by a Service: a real kube-apiserver finds the replicas by the Service's EndpointSlices and
believes what they present by Falconer's own authority. Two replicas are called at once, of which one may be of an older version, as in a rolling
update: FALCONER_PREVIOUS names its program (else both are of this one).

An endpoint cannot be a loopback address, so the replicas listen on one that this machine has beside. Not shown: a cluster's network (kube-proxy);
this server goes to the endpoints itself, by --enable-aggregator-routing."""

import base64
import contextlib
import copy
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.request

import yaml

from admission_test import NAME, REGISTRATIONS, SECRET, SHOOTS, Reviews, shoot
from charts import ADMISSION_RUNTIME, one, render
from kubernetes import Kubernetes, small_definitions
from review_table_test import MORE, creations, updates
from testbed import FALCONER, ROOT, eventually, free_port

PREVIOUS = pathlib.Path(os.environ.get("FALCONER_PREVIOUS", FALCONER))
SERVER_NAME = f"{NAME}.garden.svc"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/garden/endpointslices"


def own_address():
    """One of this machine's that is no loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


class Replica:
    """Falconer as the chart's Deployment starts it."""

    def __init__(self, program, home, server, name):
        self.name, self.address = name, own_address()
        self.port, self.health, self.metrics = free_port(), free_port(), free_port()
        deployment = one(render(ADMISSION_RUNTIME), "Deployment")
        said = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        ours = ("--config=", "--webhook-config-server-port=")  # where its configuration is, and what it listens on
        config = home / f"{name}.yaml"
        config.write_text(json.dumps({
            "apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration",
            "admission": {"listen": f"{self.address}:{self.port}", "drain": {"accept": "5s", "idle": "2s", "limit": "10s"},
                          "certificates": {"settle": "3s"}},
            "health": {"listen": f"127.0.0.1:{self.health}"}, "metrics": {"listen": f"127.0.0.1:{self.metrics}"}}))
        self.log = home / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [program, *(each for each in said if not each.startswith(ours)), f"--config={config}"], stdout=log, stderr=log,
                env={**os.environ, "GARDEN_KUBECONFIG": str(server.kubeconfig), "LEADER_ELECTION_NAMESPACE": "garden"})

    def is_ready(self):
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.health}/readyz/admission", timeout=5) as answer:
            return answer.status == 200
        return False

    def slice(self):
        """What a cluster makes of a pod that is ready."""
        return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                "metadata": {"name": f"{NAME}-{self.name}", "labels": {"kubernetes.io/service-name": NAME}},
                "ports": [{"name": "webhook", "port": self.port, "protocol": "TCP"}],
                "endpoints": [{"addresses": [self.address], "conditions": {"ready": True}}]}

    def answered(self):
        """How many reviews."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=60) as answer:
            return sum(float(line.split()[-1]) for line in answer.read().decode().splitlines()
                       if line.startswith("falconer_admission_reviews_total{"))

    def review(self, path, request, bundle, name=SERVER_NAME):
        """Its answer to one review, as an API server asks."""
        context = ssl.create_default_context(cadata=bundle)
        with socket.create_connection((self.address, self.port), 60) as plain, context.wrap_socket(plain, server_hostname=name) as secure:
            connection = http.client.HTTPConnection(name)
            connection.sock = secure
            connection.request("POST", path + "?timeout=10s", json.dumps(
                {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, text
            response = json.loads(text)["response"]
        if "patch" in response:
            response["patch"] = json.loads(base64.b64decode(response["patch"]))
        return response

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def kill(self):
        self.process.kill()
        self.process.wait()


def requests():
    """(name, request): of the table of review_table_test, what an API server would ask of each."""
    def request(name, made, old=None):
        made = copy.deepcopy(made)
        made["metadata"]["name"] = name
        kind = {"group": "core.gardener.cloud", "version": "v1beta1", "kind": made["kind"]}
        asked = {"uid": f"u-{name}", "kind": kind, "requestKind": kind, "operation": "UPDATE" if old else "CREATE", "name": name,
                 "resource": {"group": "core.gardener.cloud", "version": "v1beta1", "resource": f"{made['kind'].lower()}s"},
                 "userInfo": {"username": "somebody"}, "object": made}
        if "namespace" in made["metadata"]:
            asked["namespace"] = made["metadata"]["namespace"]
        if old:
            asked["oldObject"] = old
        return name, asked

    for name, made in sorted(creations().items()):
        yield request(name, made)
    for name, (old, change) in sorted(updates().items()):
        old["metadata"]["name"] = name
        made = copy.deepcopy(old)
        change(made)
        yield request(name, made, old)


class ByService(unittest.TestCase):
    """In the order of their names: the last one takes the old version away."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="falconer-admission.")
        cls.addClassCleanup(folder.cleanup)
        home = pathlib.Path(folder.name)
        cls.server = Kubernetes(more=("--enable-aggregator-routing=true",))
        cls.addClassCleanup(cls.server.close)
        cls.server.define(*small_definitions("core.gardener.cloud"), *yaml.safe_load_all((ROOT / "config/crds/falcoprofiles.yaml").read_text()))
        garden = (ROOT / "config/examples/reviews/garden.yaml").read_text() + "\n---\n" + MORE
        for each in [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "garden"}}, *yaml.safe_load_all(garden),
                     yaml.safe_load((ROOT / "config/examples/profile.yaml").read_text())]:
            cls.server.create(each)
        service = one(render(ADMISSION_RUNTIME), "Service")  # as the chart has it, type, ports and all
        cls.server.create(service)
        cls.replicas = []
        cls.addClassCleanup(lambda: [each.kill() for each in cls.replicas])
        for program, name in ((PREVIOUS, "old"), (FALCONER, "new")):
            cls.replicas.append(Replica(program, home, cls.server, name))
        cls.old, cls.new = cls.replicas
        for each in cls.replicas:
            eventually(each.is_ready, 180, f"the {each.name} one is ready")
            cls.server.call("POST", SLICES, each.slice())
        eventually(lambda: "providerConfig" in cls.server.call("POST", SHOOTS, shoot("first"), ask="?dryRun=All")["spec"]["extensions"][0], 180,
                   "the API server calls us")

    def bundle(self, path=REGISTRATIONS[0]):
        return base64.b64decode(self.server.call("GET", path)["webhooks"][0]["clientConfig"]["caBundle"]).decode()

    def test_1_the_registration_names_the_charts_service_and_the_server_finds_its_way(self):
        service = one(render(ADMISSION_RUNTIME), "Service")
        for path, where in zip(REGISTRATIONS, ("/webhooks/mutate", "/webhooks/validate")):
            client = self.server.call("GET", path)["webhooks"][0]["clientConfig"]
            self.assertEqual(client["service"], {"namespace": service["metadata"]["namespace"], "name": service["metadata"]["name"],
                                                 "path": where, "port": next(each["port"] for each in service["spec"]["ports"]
                                                                             if each["name"] == "webhook")})
            self.assertNotIn("url", client)
        before = [each.answered() for each in self.replicas]
        made = self.server.call("POST", SHOOTS, shoot("minimal"))
        self.assertEqual(made["spec"]["extensions"][0]["providerConfig"]["falcoVersion"], "0.43.0")
        with self.assertRaisesRegex(AssertionError, "denied the request: .*falcoVersoin"):
            self.server.call("POST", SHOOTS, shoot("misspelt", {"falcoVersoin": "0.43.0"}))
        self.assertGreaterEqual(sum(each.answered() for each in self.replicas) - sum(before), 3)

    def test_2_what_is_presented_is_the_services_and_of_an_authority_of_our_own(self):
        self.assertEqual(base64.b64decode(self.server.call("GET", SECRET)["data"]["ca.crt"]).decode().strip().splitlines()[-1],
                         self.bundle().strip().splitlines()[-1])
        request = dict(requests())["complete"]
        for each in self.replicas:
            for name in (NAME, f"{NAME}.garden", SERVER_NAME):
                self.assertTrue(each.review("/webhooks/validate", request, self.bundle(), name)["allowed"])
            with self.assertRaises(ssl.SSLCertVerificationError):
                each.review("/webhooks/validate", request, self.bundle(), f"{NAME}.elsewhere.svc")
            with self.assertRaises(ssl.SSLCertVerificationError):
                each.review("/webhooks/validate", request, (self.server.home / "ca.crt").read_text())

    def test_3_an_old_and_a_new_one_say_the_same_of_everything(self):
        refused = patched = 0
        for name, request in requests():
            for path in ("/webhooks/mutate", "/webhooks/validate"):
                with self.subTest(name, path=path):
                    bundle = self.bundle()
                    old, new = (each.review(path, request, bundle) for each in self.replicas)
                    self.assertEqual(new, old)
                    refused += not new["allowed"]
                    patched += "patch" in new
        print(f"{refused} refused, {patched} changed, by both; the old one is {'another program' if PREVIOUS != FALCONER else 'the same program'}")
        self.assertGreater(refused, 20)
        self.assertGreater(patched, 8)

    def test_4_two_versions_do_not_write_against_each_other(self):
        # The one that leads repairs what is wrong; the other, of whatever version, leaves it.
        def versions():
            return [self.server.call("GET", path)["metadata"]["generation"] for path in REGISTRATIONS]
        before, end = versions(), time.monotonic() + 8
        reviews = Reviews(self.server)
        while time.monotonic() < end:
            self.assertEqual(versions(), before)
            time.sleep(0.5)
        reviews.end()
        self.assertEqual(reviews.failed, [])

    def test_5_the_old_one_leaves_while_reviews_go_on_and_none_is_lost(self):
        reviews = Reviews(self.server)
        reviews.more(20)
        self.server.call("DELETE", f"{SLICES}/{NAME}-old")
        self.old.end()
        self.replicas.remove(self.old)
        before = self.new.answered()
        reviews.more(40)
        reviews.end()
        self.assertEqual(reviews.failed, [], self.new.log.read_text()[-3000:])
        self.assertGreaterEqual(self.new.answered() - before, 40)
        self.assertTrue(self.new.review("/webhooks/validate", dict(requests())["complete"], self.bundle())["allowed"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
