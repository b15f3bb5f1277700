#!/usr/bin/env python3
"""The admission webhook under reviews: what it takes to answer one, how many it answers, and its memory.

    admission.py BUILD [--rate 200] [--seconds 20] [--connections 8] [--kib 60]

First reviews come at a fixed rate, whatever the answers take (a latency counts from when its review was due), then as fast
as they are answered. Half of them are mutated, half validated; every answer is checked. The garden's API is another process.
BUILD holds `falconer` and `seed_api`.
"""

import argparse
import base64
import http.client
import itertools
import json
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from watch_churn import Seed, free_port

CONFIG = {"apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig"}
GOOD = {**CONFIG, "falcoVersion": "0.43.0", "autoUpdate": True, "rules": {"standard": ["falco-rules"]}, "destinations": [{"name": "stdout"}]}
SECRET = "gardener-extension-admission-shoot-falco-service-webhook"


class Garden:
    """What the webhook looks at, and where it keeps its authority."""

    def __init__(self, kubeconfig):
        text = pathlib.Path(kubeconfig).read_text()
        said = {key: re.search(rf"{key}: \"?([^\s\"]+)", text).group(1) for key in ("certificate-authority-data", "server", "token")}
        self.server, self.token = said["server"], said["token"]
        self.trust = ssl.create_default_context(cadata=base64.b64decode(said["certificate-authority-data"]).decode())

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.server + path, None if body is None else json.dumps(body).encode(), method=method, headers={
            "Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30, context=self.trust) as answer:
            return json.load(answer)

    def add(self, path, body):
        try:
            self.call("POST", path, body)
        except urllib.error.HTTPError as why:
            if why.code != 409:  # it is there already
                raise


def review(config, kib):
    """A Shoot of about so many KiB."""
    worker = {"name": "worker", "machine": {"type": "m5.large", "image": {"name": "gardenlinux", "version": "1.2.3"}}, "minimum": 1,
              "maximum": 3, "zones": ["a", "b", "c"], "volume": {"size": "50Gi", "type": "gp3"}, "labels": {"a": "b", "c": "d"}}
    entry = {"type": "shoot-falco-service", **({} if config is None else {"providerConfig": config})}
    shoot = {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot", "metadata": {"name": "load", "namespace": "garden-demo"},
             "spec": {"extensions": [entry], "provider": {"type": "local", "workers": [worker] * max(1, kib * 1024 // len(json.dumps(worker)))}}}
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": "garden-demo", "name": "load", "object": shoot,
        "kind": {"group": "core.gardener.cloud", "version": "v1beta1", "kind": "Shoot"}}}).encode()


class Webhook:
    def __init__(self, build, home, garden, kubeconfig):
        self.port, self.health = free_port(), free_port()
        (home / "falconer.yaml").write_text(f"""
apiVersion: falco.extensions.config.gardener.cloud/v1alpha1
kind: Configuration
admission: {{kubeconfig: {kubeconfig}, namespace: garden, mode: url, listen: "127.0.0.1:{self.port}", leaderElection: false}}
metrics: {{listen: "127.0.0.1:{free_port()}"}}
health: {{listen: "127.0.0.1:{self.health}"}}
logging: {{level: warn}}
""")
        self.process = subprocess.Popen([build / "falconer", "serve", "--config", home / "falconer.yaml", "--roles", "admission"])
        end = time.monotonic() + 60
        while not self.is_ready():
            assert self.process.poll() is None, "falconer has ended"
            assert time.monotonic() < end, "not ready within a minute"
            time.sleep(0.1)
        secret = garden.call("GET", f"/api/v1/namespaces/garden/secrets/{SECRET}")
        self.trust = ssl.create_default_context(cadata=base64.b64decode(secret["data"]["ca.crt"]).decode())

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health}/readyz/admission", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def memory(self):
        """MiB: now, and the most there were."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return [int(re.search(rf"{key}:\s+(\d+)", status).group(1)) / 1024 for key in ("VmRSS", "VmHWM")]

    def close(self):
        self.process.terminate()
        self.process.wait(60)


class Senders:
    """On so many connections at once; None as rate: as fast as answers come."""

    def __init__(self, webhook, bodies, connections, rate, seconds):
        self.webhook, self.bodies, self.rate = webhook, bodies, rate
        self.numbers, self.turn, self.took, self.wrong = itertools.count(), threading.Lock(), [], []
        self.begun = time.monotonic()
        self.end = self.begun + seconds
        threads = [threading.Thread(target=self.send) for _ in range(connections)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.seconds = time.monotonic() - self.begun

    def send(self):
        connection = http.client.HTTPSConnection("127.0.0.1", self.webhook.port, timeout=30, context=self.webhook.trust)
        took, wrong = [], []
        while True:
            with self.turn:
                number = next(self.numbers)
            due = self.begun + number / self.rate if self.rate else time.monotonic()
            if due >= self.end:
                break
            time.sleep(max(0, due - time.monotonic()))
            path, body, wants_patch = self.bodies[number % len(self.bodies)]
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            took.append(time.monotonic() - due)
            said = json.loads(text)["response"] if answer.status == 200 else {}
            if not said.get("allowed") or ("patch" in said) != wants_patch:
                wrong.append(text[:300].decode())
        connection.close()
        with self.turn:
            self.took += took
            self.wrong += wrong


def said_of(name, done, webhook):
    took = sorted(done.took)
    at = lambda share: 1000 * took[min(len(took) - 1, int(share * len(took)))]
    now, most = webhook.memory()
    print(f"{name}: {len(took)} reviews, {len(took) / done.seconds:,.0f}/s, p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms, slowest {at(1):.1f} ms, "
          f"{len(done.wrong)} wrong; {now:.0f} MiB, at most {most:.0f}", flush=True)
    if done.wrong:
        raise SystemExit("a wrong answer: " + done.wrong[0])


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("build", type=pathlib.Path)
    words.add_argument("--rate", type=float, default=200)
    words.add_argument("--seconds", type=float, default=20)
    words.add_argument("--connections", type=int, default=8)
    words.add_argument("--kib", type=int, default=60)
    said = words.parse_args()
    home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-admission."))
    seed, webhook = Seed(said.build.resolve(), home), None
    try:
        garden = Garden(seed.kubeconfig)
        for name in ("garden", "garden-demo"):
            garden.add("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        webhook = Webhook(said.build.resolve(), home, garden, seed.kubeconfig)
        bodies = [("/webhooks/mutate", review(None, said.kib), True), ("/webhooks/validate", review(GOOD, said.kib), False)]
        Senders(webhook, bodies, said.connections, None, 1)  # until everything has been touched once
        said_of(f"at {said.rate:g}/s", Senders(webhook, bodies, said.connections, said.rate, said.seconds), webhook)
        said_of("at most", Senders(webhook, bodies, said.connections, None, said.seconds), webhook)
    finally:
        if webhook:
            webhook.close()
        seed.close()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
