"""What the sandbox's API takes: memory for the objects of many shoots, and CPU for a write with 20 watchers. `watch_churn.py --sandbox` runs it."""

import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import urllib.parse

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "tests/peers")]
from informer import extension, show  # noqa: E402,F401
from kube_http import Api  # noqa: E402

WATCHERS, WRITES, OWN_KEYS = 20, 10_000, 3_000


class Line:
    """A connection that is kept."""

    def __init__(self, api):
        where = urllib.parse.urlsplit(api.server)
        self.line = http.client.HTTPSConnection(where.hostname, where.port, timeout=60, context=api._context)
        self.token = api._token

    def ask(self, method, path, body=None, kind="application/json"):
        self.line.request(method, path, body=None if body is None else json.dumps(body), headers={"Authorization": f"Bearer {self.token}", "Content-Type": kind})
        answer = self.line.getresponse()
        return answer.status, answer

    def done(self, *asked):
        status, answer = self.ask(*asked)
        text = answer.read()
        assert status < 300, text
        return len(text)


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def mebibytes_of(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def objects_of(number, chance):
    """A shoot's Extension, a Secret with what is delivered, and the ManagedResource that names it."""
    space = f"shoot--load--s{number}"
    yield f"/apis/extensions.gardener.cloud/v1alpha1/namespaces/{space}/extensions", extension(space, "shoot-falco-service")
    yield f"/api/v1/namespaces/{space}/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "delivered", "labels": {"app": "falco"}},
                                                 "data": {"data.yaml.br": base64.b64encode(chance.randbytes(6_000)).decode()}}
    yield f"/apis/resources.gardener.cloud/v1alpha1/namespaces/{space}/managedresources", {
        "apiVersion": "resources.gardener.cloud/v1alpha1", "kind": "ManagedResource", "metadata": {"name": "delivered"},
        "spec": {"secretRefs": [{"name": "delivered"}], "injectLabels": {"shoot.gardener.cloud/no-cleanup": "true"}, "keepObjects": False}}


def measure(build, shoots):
    from watch_churn import Seed
    home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-sandbox-load."))
    seed = Seed(build, home)
    try:
        api, pid = Api(seed.kubeconfig), seed.process.pid
        lines, empty = threading.local(), mebibytes_of(pid)

        def mine():
            if not hasattr(lines, "one"):
                lines.one = Line(api)
            return lines.one

        def fill(number):
            mine().done("POST", "/api/v1/namespaces", {"metadata": {"name": f"shoot--load--s{number}"}})
            return sum(mine().done("POST", path, made) for path, made in objects_of(number, random.Random(number)))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            sent = sum(pool.map(fill, range(shoots))) / (1 << 20)
            memory = mebibytes_of(pid) - empty

            # Whoever wrote which fields is known of each object: of these, each has fields of its own.
            before, own = mebibytes_of(pid), 0
            for number in range(OWN_KEYS):
                data = {f"key-{number}-{key}.yaml": "x" * 20 for key in range(20)}
                own += mine().done("POST", "/api/v1/namespaces/default/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"own{number}"}, "data": data})
            ratio = (mebibytes_of(pid) - before) * (1 << 20) / own

            watched, stop = [0] * WATCHERS, threading.Event()

            def watch(number):
                _, answer = Line(api).ask("GET", "/api/v1/configmaps?watch=1&timeoutSeconds=600&resourceVersion=" + begun)
                while watched[number] < WRITES and not stop.is_set() and answer.readline():
                    watched[number] += 1
            begun = json.loads(Line(api).ask("GET", "/api/v1/configmaps")[1].read())["metadata"]["resourceVersion"]
            for number in range(100):
                mine().done("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": f"c{number}"}, "data": {"n": "0"}})
            begun = json.loads(Line(api).ask("GET", "/api/v1/configmaps")[1].read())["metadata"]["resourceVersion"]
            watchers = [threading.Thread(target=watch, args=(number,), daemon=True) for number in range(WATCHERS)]
            for each in watchers:
                each.start()
            before = cpu_of(pid)
            list(pool.map(lambda number: mine().done("PATCH", f"/api/v1/namespaces/default/configmaps/c{number % 100}", {"data": {"n": str(number + 1)}},
                                                     "application/merge-patch+json"), range(WRITES)))
            for each in watchers:
                each.join(300)
            used = cpu_of(pid) - before
            assert watched == [WRITES] * WATCHERS, watched
        return [
            (f"{3 * shoots} objects of {shoots} shoots, {sent:,.0f} MiB of JSON", memory, "MiB", 300),
            ("… for each byte of JSON", memory / sent, "bytes", 2),
            ("… of ConfigMaps with 20 keys of their own", ratio, "bytes", 2),
            (f"writes a core can do, each told to {WATCHERS} watchers", WRITES / used, "/s", 2_000),
        ]
    finally:
        seed.close()
        shutil.rmtree(home, ignore_errors=True)
