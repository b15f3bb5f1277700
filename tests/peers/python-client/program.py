"""A program as others write it, with Debian's python3-kubernetes: it patches an object again and again, watches it meanwhile, and prints as JSON what
it saw and which exceptions it did not expect. Run by sandbox_python_test.py: program.py KUBECONFIG PATCHES FAULTS"""

import json
import sys
import threading
import time

import urllib3
from kubernetes import client, config, watch

SPACE, NAME = "default", "python-client"
EXPECTED = {409, 410, 429, 500}  # what was ordered, and what a watch that begins too late is told


class Program:
    def __init__(self, patches):
        self.api, self.patches = client.CoreV1Api(), patches
        self.seen, self.faults, self.unforeseen, self.over = set(), 0, [], threading.Event()

    def tried(self, what):
        """What it gives; None: it failed as a real server's client has to expect."""
        try:
            return what()
        except client.ApiException as why:
            if why.status not in EXPECTED:
                self.unforeseen.append(f"{why.status} {why.reason}: {why.body}")
        except urllib3.exceptions.HTTPError:
            pass  # a connection that was cut
        except Exception as why:  # noqa: BLE001  (that is what is looked for)
            self.unforeseen.append(f"{type(why).__name__}: {why}")
        self.faults += 1
        time.sleep(0.02)
        return None

    def until_done(self, what):
        while (done := self.tried(what)) is None:
            assert not self.over.is_set(), self.unforeseen
        return done

    def remember(self, item):
        if item.metadata.name == NAME:
            self.seen.add(int(item.data["n"]))

    def listen(self):
        version = None
        while not self.over.is_set():
            if version is None:
                page = self.tried(lambda: self.api.list_namespaced_config_map(SPACE))
                if page is None:
                    continue
                for each in page.items:
                    self.remember(each)
                version = page.metadata.resource_version

            def follow():
                nonlocal version
                stream = watch.Watch().stream(self.api.list_namespaced_config_map, SPACE, resource_version=version, timeout_seconds=2)
                for event in stream:
                    version = event["object"].metadata.resource_version
                    self.remember(event["object"])
                return True
            try:
                self.tried(follow)
            finally:
                if self.unforeseen:
                    self.over.set()

    def order(self, faults):
        body = {"metadata": {"name": "sandbox-faults"}, "data": faults}
        self.until_done(lambda: self.api.create_namespaced_config_map("kube-system", body))

    def run(self, faults):
        first = {"metadata": {"name": NAME}, "data": {"n": "0"}}
        self.until_done(lambda: self.api.create_namespaced_config_map(SPACE, first))
        listener = threading.Thread(target=self.listen)
        listener.start()
        if faults:
            self.order(faults)
        for n in range(1, self.patches + 1):
            self.until_done(lambda n=n: self.api.patch_namespaced_config_map(NAME, SPACE, {"data": {"n": str(n)}}))
        if faults:
            self.until_done(lambda: self.api.delete_namespaced_config_map("sandbox-faults", "kube-system"))
        deadline = time.monotonic() + 60
        while self.patches not in self.seen and time.monotonic() < deadline and not self.over.is_set():
            time.sleep(0.05)
        self.over.set()
        listener.join(60)
        last = self.until_done_at_the_end()
        print(json.dumps({"patches": int(last), "seen_last": self.patches in self.seen, "seen": len(self.seen), "faults": self.faults,
                          "unforeseen": self.unforeseen[:20]}))

    def until_done_at_the_end(self):
        n = self.api.read_namespaced_config_map(NAME, SPACE).data["n"]
        self.api.delete_namespaced_config_map(NAME, SPACE)
        return n


if __name__ == "__main__":
    config.load_kube_config(sys.argv[1])
    Program(int(sys.argv[2])).run(json.loads(sys.argv[3]))
