"""Our Kubernetes client against a real kube-apiserver whose connections are cut between any two bytes, that is stopped and continued, that
forgets the past, that lets somebody do little; two servers at once; and two processes that want one lease."""

import contextlib
import json
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

import yaml

from cutting_proxy import CuttingProxy
import tokens
from kubernetes import Kubernetes
from testbed import BUILD, eventually

PROBE = BUILD / "kube_probe"


class Probe:
    """kube_probe with what it has printed."""

    def __init__(self, *args):
        self.process = subprocess.Popen([PROBE, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def says(self, line, times=1):
        eventually(lambda: self.lines.count(line) >= times, 120, f"it says {line!r}; it said {self.lines[-20:]}")

    def signal(self, which):
        self.process.send_signal(which)

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        self.process.wait(120)
        self.reader.join(120)


class Follower(Probe):
    """What `kube_probe follow` has heard of one server's ConfigMaps."""

    def heard(self, number=0):
        """By thread: the objects as they were listed, and the changes after that."""
        threads = []
        for line in list(self.lines):
            of, what, *more = line.split(" ", 4)
            if not of.isdigit() or int(of) != number or what == "trouble":  # or a line of the log
                continue
            if what == "begin":
                threads.append({"there": {}, "done": False, "changes": []})
            elif what == "done":
                threads[-1]["done"] = True
            elif more[0] != "kube-root-ca.crt":
                name, version, data = more
                if what == "there":
                    threads[-1]["there"][name] = json.loads(data)
                else:
                    threads[-1]["changes"].append((what, name, version, json.loads(data)))
        return threads

    def mirror(self, number=0):
        for thread in reversed(self.heard(number)):
            if thread["done"]:
                break
        else:
            return None
        objects = dict(thread["there"])
        for what, name, _, data in thread["changes"]:
            if what == "deleted":
                objects.pop(name, None)
            else:
                objects[name] = data
        return objects

    def troubles(self, number=0):
        return [line for line in list(self.lines) if line.startswith(f"{number} trouble ")]


class Writer:
    """Changes ConfigMaps at random, and remembers in which order."""

    def __init__(self, api, space, seed):
        self.api, self.path, self.chance = api, f"/api/v1/namespaces/{space}/configmaps", random.Random(seed)
        self.done, self.objects = [], {}
        api.call("POST", "/api/v1/namespaces", {"metadata": {"name": space}})

    def change(self):
        name, data = f"o{self.chance.randrange(8)}", {"n": str(len(self.done))}
        if name not in self.objects:
            made = self.api.call("POST", self.path, {"metadata": {"name": name}, "data": data})
        elif self.chance.random() < 0.3:
            # The deletion's own version is only told to watchers.
            self.api.call("DELETE", f"{self.path}/{name}")
            del self.objects[name]
            self.done.append(("deleted", name, None))
            return
        else:
            made = self.api.call("PATCH", f"{self.path}/{name}", {"data": data})
        self.objects[name] = data
        self.done.append(("applied", name, made["metadata"]["resourceVersion"]))


def behind(kubernetes, proxy, name):
    """A kubeconfig that goes through the proxy."""
    config = yaml.safe_load(kubernetes.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{proxy.port}"
    file = kubernetes.home / name
    file.write_text(json.dumps(config))
    return file


class KubeCuts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kubernetes = Kubernetes()
        cls.addClassCleanup(cls.kubernetes.close)

    def probe(self, kind, *args):
        made = kind(*args)
        self.addCleanup(made.end)
        return made

    def nothing_lost_or_doubled(self, follower, done):
        """Within each thread the changes are a run of what was done, without a gap: each comes right behind the one before."""
        judged = 0
        for thread in follower.heard():
            place = None
            for what, name, version, _ in thread["changes"]:
                if place is None:
                    if version in [each[2] for each in done]:
                        place = [each[2] for each in done].index(version)
                    continue  # a deletion has no version that the writer knows: the run begins behind it
                place += 1
                self.assertLess(place, len(done), f"{what} {name} {version} was never done")
                self.assertEqual((what, name), done[place][:2])
                if what == "applied":
                    self.assertEqual(version, done[place][2])
                judged += 1
        return judged

    def test_cut_between_any_two_bytes_nothing_is_lost_and_nothing_doubled(self):
        chance = random.Random(4)
        proxy = CuttingProxy(self.kubernetes.port, lambda: chance.choice((chance.randrange(1, 6_000), chance.randrange(3_000, 60_000))))
        self.addCleanup(proxy.close)
        writer = Writer(self.kubernetes, "cuts", 1)
        follower = self.probe(Follower, "follow", behind(self.kubernetes, proxy, "cut"), "--namespace", "cuts")
        follower.says("0 done")
        for _ in range(40):
            for _ in range(10):
                writer.change()
            if proxy.cuts < 20:
                proxy.cut_all()
                eventually(lambda: follower.mirror() == writer.objects, 120, f"it goes on behind the cut; {follower.lines[-5:]}")
        proxy.cut = lambda: None
        proxy.cut_all()
        writer.change()
        eventually(lambda: follower.mirror() == writer.objects, 120, f"it knows what there is; {follower.lines[-5:]}")
        judged = self.nothing_lost_or_doubled(follower, writer.done)
        self.assertGreater(judged, 100)
        self.assertGreater(len(follower.troubles()), 3)
        for each in follower.troubles():
            self.assertRegex(each, r"^0 trouble (listing|watching) configmaps: .*127\.0\.0\.1:\d+", "cluster, request and cause")
        print(f"{judged} changes judged, {len(follower.troubles())} troubles, {proxy.cuts} cuts of the proxy, {len(follower.heard())} lists")

    def test_a_server_that_stops_is_noticed_and_one_that_goes_on_is_followed(self):
        writer = Writer(self.kubernetes, "stops", 2)
        other = Kubernetes()
        self.addCleanup(other.close)
        elsewhere = Writer(other, "stops", 3)
        follower = self.probe(Follower, "follow", self.kubernetes.kubeconfig, other.kubeconfig, "--namespace", "stops", "--watch", "4", "--silence", "6")
        writer.change()
        elsewhere.change()
        eventually(lambda: follower.mirror(0) == writer.objects and follower.mirror(1) == elsewhere.objects, 120, "both are known")
        self.kubernetes.apiserver.send_signal(signal.SIGSTOP)
        try:
            before = len(follower.troubles(0))
            eventually(lambda: len(follower.troubles(0)) > before, 120, "the silence is noticed")
            for _ in range(20):
                elsewhere.change()
            eventually(lambda: follower.mirror(1) == elsewhere.objects, 120, "the other one goes on unharmed")
        finally:
            self.kubernetes.apiserver.send_signal(signal.SIGCONT)
        for _ in range(20):
            writer.change()
        eventually(lambda: follower.mirror(0) == writer.objects, 120, f"it is followed again; {follower.lines[-5:]}")
        self.nothing_lost_or_doubled(follower, writer.done)
        self.assertEqual(follower.troubles(1), [])

    def test_what_a_server_has_forgotten_is_listed_anew(self):
        writer = Writer(self.kubernetes, "forgets", 4)
        for _ in range(5):
            writer.change()
        follower = self.probe(Follower, "follow", self.kubernetes.kubeconfig, "--namespace", "forgets")
        eventually(lambda: follower.mirror() == writer.objects, 120, "all is known")
        lists = len(follower.heard())
        follower.signal(signal.SIGSTOP)
        for _ in range(40):
            writer.change()
        self.kubernetes.restart_apiserver(self.kubernetes.compact)
        for _ in range(5):
            writer.change()
        follower.signal(signal.SIGCONT)
        eventually(lambda: follower.mirror() == writer.objects, 120, f"all is known again; {follower.lines[-5:]}")
        self.assertGreater(len(follower.heard()), lists, "the thread was lost, and a list began another one")
        self.nothing_lost_or_doubled(follower, writer.done)

    def test_of_two_processes_one_leads_and_the_other_takes_over(self):
        self.kubernetes.call("POST", "/api/v1/namespaces", {"metadata": {"name": "leads"}})

        def candidate(name):
            return self.probe(Probe, "lead", self.kubernetes.kubeconfig, "--namespace", "leads", "--name", "one", "--identity", name)

        def lease():
            return self.kubernetes.call("GET", "/apis/coordination.k8s.io/v1/namespaces/leads/leases/one")["spec"]

        def holder():
            return lease()["holderIdentity"]

        first = candidate("first")
        first.says("leads")
        second = candidate("second")
        self.assertEqual(holder(), "first")

        first.signal(signal.SIGSTOP)  # as a machine that hangs
        second.says("leads")
        self.assertEqual(holder(), "second")
        first.signal(signal.SIGCONT)
        first.says("lost")
        self.assertNotIn("lost", second.lines)

        second.signal(signal.SIGKILL)
        first.says("leads", 2)
        third = candidate("third")
        first.signal(signal.SIGTERM)
        first.says("released")
        third.says("leads")
        self.assertEqual(holder(), "third")
        self.assertEqual(lease()["leaseTransitions"], 3)

    def test_who_may_little_is_told_which_call_of_which_cluster_was_refused_and_why(self):
        self.kubernetes.call("POST", "/api/v1/namespaces", {"metadata": {"name": "rights"}})
        self.kubernetes.call("POST", "/api/v1/namespaces/rights/serviceaccounts", {"metadata": {"name": "little"}})
        kubeconfig = self.kubernetes.kubeconfig_of("rights", "little")
        done = subprocess.run([PROBE, "try", kubeconfig, "--namespace", "rights"], capture_output=True, text=True, timeout=120, check=True)
        lines = done.stdout.splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["get", "list", "create", "update", "patch", "apply", "delete"])
        for line in lines:
            self.assertIn(f"asking 127.0.0.1:{self.kubernetes.port}: ", line)
            self.assertIn('User "system:serviceaccount:rights:little" cannot', line)
        config = yaml.safe_load(pathlib.Path(kubeconfig).read_text())
        config["users"][0]["user"]["token"] = "expired"
        pathlib.Path(kubeconfig).write_text(json.dumps(config))
        done = subprocess.run([PROBE, "try", kubeconfig, "--namespace", "rights"], capture_output=True, text=True, timeout=120, check=True)
        for line in done.stdout.splitlines():
            self.assertIn(f"asking 127.0.0.1:{self.kubernetes.port}: Unauthorized: the token is not this cluster's, or has expired", line)

    def test_another_authority_is_told(self):
        home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-authority."))
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        tokens.make_certificate(home)
        config = yaml.safe_load(self.kubernetes.kubeconfig.read_text())
        (home / "config").write_text(json.dumps(config))
        done = subprocess.run([PROBE, "try", home / "config", "--namespace", "rights"], capture_output=True, text=True, timeout=120, check=True)
        for line in done.stdout.splitlines():
            self.assertRegex(line, rf"127\.0\.0\.1:{self.kubernetes.port}.*certificate")


if __name__ == "__main__":
    unittest.main(verbosity=2)
