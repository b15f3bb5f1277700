"""Our client's informer against a real kube-apiserver: how much 5,000 Extensions take, how long a list of them, how many events a core can hear.
`watch_churn.py --real` runs it."""

import concurrent.futures
import json
import pathlib
import subprocess
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "tests/peers")]
from kubernetes import Kubernetes  # noqa: E402
from shared_data import gardeners  # noqa: E402

EXTENSIONS = "/apis/extensions.gardener.cloud/v1alpha1/namespaces/{}/extensions"
SPACES = 50


class Informer:
    def __init__(self, build, kubeconfig):
        self.process = subprocess.Popen([build / "kube_probe", "hold", kubeconfig], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def figures(self, line=""):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def wait_for(self, met, limit=600):
        begun = time.monotonic()
        while time.monotonic() - begun < limit:
            now = self.figures()
            if met(now):
                return now
            time.sleep(0.1)
        raise SystemExit(f"not within {limit} s: {now}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


def extension(space, name):
    return {"apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Extension", "metadata": {"name": name, "namespace": space}, "spec": {
        "type": "shoot-falco-service", "class": "shoot", "providerConfig": {
            "apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig", "falcoVersion": "0.42.1", "autoUpdate": True,
            "rules": {"standard": ["falco-rules"]}, "destinations": [{"name": "central"}]}}}


def measure(build, shoots, churn):
    """Lines of (what, measured, unit, wanted)."""
    server = Kubernetes()
    try:
        server.define(*gardeners("extensions.gardener.cloud_extensions"))
        spaces = [f"shoot--load--{number}" for number in range(SPACES)]
        for space in spaces:
            server.call("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            places = [(spaces[number % SPACES], f"e{number}") for number in range(shoots)]
            list(pool.map(lambda at: server.call("POST", EXTENSIONS.format(at[0]), extension(*at)), places))
            informer = Informer(build, server.kubeconfig)
            try:
                held = informer.wait_for(lambda now: now["objects"] == shoots)
                informer.figures("again")
                again = informer.wait_for(lambda now: now["objects"] == shoots)
                before = informer.figures()

                def change(number):
                    space, name = places[number % shoots]
                    status = {"status": {"lastOperation": {"description": f"round {number}", "lastUpdateTime": "2026-11-23T12:00:00Z", "progress": number % 100,
                                                           "state": "Processing", "type": "Reconcile"}, "observedGeneration": 1}}
                    server.call("PATCH", f"{EXTENSIONS.format(space)}/{name}/status", status)
                list(pool.map(change, range(churn)))
                after = informer.wait_for(lambda now: now["events"] >= before["events"] + churn)
            finally:
                informer.close()
        used = after["cpu"] - before["cpu"]
        return [
            (f"{shoots} Extensions held, beyond the empty process", (held["kib"] - held["empty_kib"]) / 1024, "MiB", 40),
            ("… at its peak", (held["peak_kib"] - held["empty_kib"]) / 1024, "MiB", None),
            (f"a list of {shoots} once more", again["list_ms"] / 1000, "s", 1),
            (f"events a core can hear ({churn} were)", churn / used, "/s", 10_000),
        ]
    finally:
        server.close()


def show(rows):
    for what, measured, unit, wanted in rows:
        bound = "" if wanted is None else f"   ({'at least' if unit == '/s' else 'at most'} {wanted:,})"
        print(f"  {what:52} {measured:10,.1f} {unit}{bound}")
