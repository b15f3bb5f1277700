#!/usr/bin/env python3
"""Performance rows 6 and 7: a controller over a seed with many shoots, whose API is another process on the same machine.

    watch_churn.py BUILD [--shoots 5000] [--rounds 3] [--rules FOLDER]
    watch_churn.py BUILD --real [--shoots 5000] [--churn 10000]
    watch_churn.py BUILD --sandbox [--shoots 5000]

Prints a line for each run and the medians. BUILD holds `falconer` and `seed_api`; for `--real`, our client's informer against a real
kube-apiserver, `kube_probe`; for `--sandbox`, what the sandbox itself takes, `seed_api` alone.
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Seed:
    def __init__(self, build, home):
        self.process = subprocess.Popen([build / "seed_api", home / "kubernetes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.kubeconfig = self.process.stdout.readline().strip()

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def wait_for(self, met, limit=600):
        begun = time.monotonic()
        while time.monotonic() - begun < limit:
            now = self.tell("figures")
            if met(now):
                return time.monotonic() - begun, now
            time.sleep(0.25)
        raise SystemExit(f"not within {limit} s: {now}")

    def settle(self):
        """Until nothing is written any more but, every 30 s, the heartbeat."""
        for _ in range(60):
            before = self.tell("figures")["writes"]
            time.sleep(5)
            if self.tell("figures")["writes"] - before <= 1:
                return
        raise SystemExit("after 5 minutes there are still writes")

    def mebibytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class Controller:
    def __init__(self, build, home, seed, resync, rules):
        self.health = free_port()
        copied = home / "rules" / "5.0.0"
        copied.mkdir(parents=True, exist_ok=True)
        for file in (rules / "5.0.0").glob("*.yaml"):
            shutil.copy(file, copied)
        if not (home / "key.pem").exists():
            (home / "key.pem").write_bytes(subprocess.run([build / "falconer", "token", "keygen"], capture_output=True, check=True).stdout)
        (home / "falconer.yaml").write_text(f"""
apiVersion: falco.extensions.config.gardener.cloud/v1alpha1
kind: Configuration
falco:
  centralStorage: {{enabled: true, url: "https://ingest.example.com/v1/events", tokenIssuerPrivateKeyFile: {home}/key.pem}}
controller: {{kubeconfig: {seed.kubeconfig}, namespace: default, rules: {home}/rules, resync: {resync}, leaderElection: false}}
metrics: {{listen: "127.0.0.1:{free_port()}"}}
health: {{listen: "127.0.0.1:{self.health}"}}
logging: {{level: warn}}
""")
        self.begun = time.monotonic()
        self.process = subprocess.Popen([build / "falconer", "serve", "--config", home / "falconer.yaml", "--roles", "controller"])

    def ready_after(self):
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.health}/readyz/controller", timeout=5).read()
                return time.monotonic() - self.begun
            except (urllib.error.URLError, OSError):
                assert self.process.poll() is None, "falconer has ended"
                time.sleep(0.05)

    def peak_mebibytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024

    def close(self):
        self.process.terminate()
        assert self.process.wait(60) == 0


def run(build, shoots, rules):
    home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-churn."))
    seed = Seed(build, home)
    try:
        seed.tell(f"add {shoots}")
        controller = Controller(build, home, seed, "1h", rules)
        ready = controller.ready_after()
        seed.wait_for(lambda now: now["succeeded"] == shoots and now["delivered"] == shoots)
        first = time.monotonic() - controller.begun
        memory, sandbox = controller.peak_mebibytes(), seed.mebibytes()
        before = seed.tell("figures")
        seed.tell("profile")
        reached, _ = seed.wait_for(lambda now: now["generations"] >= before["generations"] + shoots)
        memory = max(memory, controller.peak_mebibytes())
        seed.settle()  # what is delivered is said in every status, too
        controller.close()

        # Started again: everything is as it should be, and every shoot is looked at within a minute.
        before = seed.tell("figures")
        again = Controller(build, home, seed, "1m", rules)
        ready_again = again.ready_after()
        seed.wait_for(lambda now: now["requests"] >= before["requests"] + 5 * shoots, 200)
        after = seed.tell("figures")
        again.close()
        heartbeats = after["writes"] - before["writes"]
        return {"ready s": ready, "first reconcile s": first, "memory MiB": memory, "sandbox MiB": sandbox, "profile reaches all s": reached,
                "ready again s": ready_again, "writes of a resync": heartbeats}
    finally:
        seed.close()
        shutil.rmtree(home, ignore_errors=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("build", type=pathlib.Path)
    options.add_argument("--shoots", type=int, default=5000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--rules", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "config/rules/demo",
                         help="versions of rules, as a landscape has them: our own for the demo are a fortieth of the real ones")
    options.add_argument("--real", action="store_true")
    options.add_argument("--churn", type=int, default=10_000, help="events in all, with --real")
    options.add_argument("--sandbox", action="store_true")
    given = options.parse_args()
    if given.real:
        import informer
        return informer.show(informer.measure(given.build.resolve(), given.shoots, given.churn))
    if given.sandbox:
        import sandbox_load
        return sandbox_load.show(sandbox_load.measure(given.build.resolve(), given.shoots))
    rows = []
    for number in range(given.rounds):
        rows.append(run(given.build.resolve(), given.shoots, given.rules))
        print(f"run {number + 1}: " + ", ".join(f"{key} {value:.1f}" for key, value in rows[-1].items()), flush=True)
    print(f"\n{given.shoots} shoots, medians of {given.rounds}:")
    wanted = {"ready s": 10, "first reconcile s": 60, "memory MiB": 250, "sandbox MiB": 300, "profile reaches all s": 30, "ready again s": 10}
    for key in rows[0]:
        middle = statistics.median(row[key] for row in rows)
        print(f"  {key:24} {middle:8.1f}" + (f"   (at most {wanted[key]})" if key in wanted else "   (heartbeats only)"))


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    main()
