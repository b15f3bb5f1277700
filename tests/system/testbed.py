"""A falconer with a private PostgreSQL, for tests that look at the whole program from outside.

Everything lives in one temporary folder and on free loopback ports; close() ends what was started.
"""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FALCONER_BUILD", ROOT / "build" / "dev"))
FALCONER = BUILD / "falconer"
POSTGRES = ROOT / "tests" / "support" / "postgres.sh"

CLUSTER = "shoot--test--alpha-0a1b2c3d-1111-2222-3333-444455556666-local"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def eventually(met, seconds=30, what="condition"):
    """Polls until met() is true. Raises with `what` when it never is."""
    end = time.monotonic() + seconds
    while True:
        value = met()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Testbed:
    def __init__(self, quota=10**9, spool_capacity="64Mi", extra=None):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-test."))
        self.quota = quota
        self.spool_capacity = spool_capacity
        self.extra = extra or {}
        self.port, self.metrics_port, self.health_port = free_port(), free_port(), free_port()
        self.process = None
        self.starts = 0
        self._start_postgres()
        self._make_keys()
        self.config = self._write_config()

    # --- parts -------------------------------------------------------------------------------

    def _start_postgres(self):
        env = self.home / "postgres.env"
        subprocess.run([POSTGRES, "start", env], check=True)
        self.pg_env = env
        self.pg = dict(line.split("=", 1) for line in env.read_text().split())
        self.psql("create role falconer login password 'falconer'")
        self.psql("create database falconer owner falconer")

    def postmaster(self):
        return int((pathlib.Path(self.pg["data"]) / "postmaster.pid").read_text().split()[0])

    def restart_postgres(self):
        data, bin_dir = self.pg["data"], sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        command = [bin_dir / "pg_ctl", "-D", data, "-l", self.pg["host"] + "/log", "-w", "start"]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        # The killed postmaster's backends still hold its shared memory; they end by themselves.
        eventually(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/").returncode == 0,
                   60, "PostgreSQL starts again")

    def psql(self, sql, database="postgres"):
        done = subprocess.run(
            ["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-h", self.pg["host"], "-p", self.pg["port"],
             "-U", "postgres", "-d", database, "-c", sql],
            check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def count(self, sql):
        return int(self.psql(sql, "falconer"))

    def _make_keys(self):
        self.key = self.home / "key.pem"
        self.key.write_bytes(self.run("token", "keygen").stdout)
        self.keys = self.home / "keys.yaml"
        self.keys.write_bytes(self.run("token", "keys", "--key", self.key).stdout)

    def token(self, cluster=CLUSTER, *more):
        return self.run("token", "issue", "--key", self.key, "--cluster", cluster, *more).stdout.decode().strip()

    def _write_config(self):
        password = self.home / "password"
        password.write_text("falconer")
        config = {
            "apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1",
            "kind": "Configuration",
            "store": {
                "hosts": [self.pg["host"]],
                "port": int(self.pg["port"]),
                "database": "falconer",
                "user": "falconer",
                "passwordFile": str(password),
            },
            "ingestor": {
                "listen": f"127.0.0.1:{self.port}",
                "keysFile": str(self.keys),
                "dailyEvents": self.quota,
                "hardRate": 1_000_000,
                "spool": {"directory": str(self.home / "spool"), "capacity": self.spool_capacity},
                "drain": {"accept": "200ms", "idle": "1s", "limit": "20s"},
            },
            "metrics": {"listen": f"127.0.0.1:{self.metrics_port}"},
            "health": {"listen": f"127.0.0.1:{self.health_port}"},
        }
        merge(config, self.extra)
        path = self.home / "falconer.yaml"
        path.write_text(json.dumps(config, indent=2))  # JSON is YAML
        return path

    # --- falconer ----------------------------------------------------------------------------

    def run(self, *args, **kwargs):
        return subprocess.run([FALCONER, *args], check=True, capture_output=True, **kwargs)

    def migrate(self):
        self.run("db", "migrate", "--config", self.config)

    def start(self, wait=True):
        self.starts += 1
        self.log = open(self.home / f"falconer.{self.starts}.log", "wb")
        self.process = subprocess.Popen(
            [FALCONER, "serve", "--config", self.config, "--roles", "ingestor"],
            stdout=self.log, stderr=self.log)
        if wait:
            eventually(self.alive, 30, "falconer is alive")

    def alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"falconer ended with {self.process.returncode}:\n{self.tail()}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            socket.create_connection(("127.0.0.1", self.port), timeout=10).close()  # it listens last
            return self.get(self.health_port, "/healthz")[0] == 200
        return False

    def tail(self, lines=30):
        self.log.flush()
        return "\n".join(pathlib.Path(self.log.name).read_text(errors="replace").splitlines()[-lines:])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self, seconds=60):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    @staticmethod
    def get(port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metrics(self):
        found = {}
        for line in self.get(self.metrics_port, "/metrics")[1].splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                found[name] = float(value)
        return found

    def post(self, body, token, path="/v1/events", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", path, body, {
                "Content-Type": "application/json; charset=utf-8", "Authorization": f"Bearer {token}",
                **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        subprocess.run([POSTGRES, "stop", self.pg_env], check=True)
        subprocess.run(["rm", "-rf", self.home], check=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, what, trace):
        if kind and self.process:
            print(f"--- the last falconer said:\n{self.tail()}", flush=True)
        self.close()


def merge(into, more):
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def event(cluster=CLUSTER, identity=None, **changes):
    """An event as Falcosidekick posts it."""
    now = time.time_ns()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9)) + f".{now % 10**9:09d}Z"
    body = {
        "uuid": identity or str(uuid.uuid4()),
        "output": f"{stamp}: Notice A shell was spawned in a container with an attached terminal",
        "priority": "Notice",
        "rule": "Terminal shell in container",
        "time": stamp,
        "output_fields": {
            "cluster_id": cluster, "container.id": "3fd1a2b4c5d6", "evt.time": now,
            "k8s.ns.name": "shop", "k8s.pod.name": "cart-7f9c", "proc.cmdline": "bash -i",
            "proc.name": "bash", "proc.pname": None, "user.name": "root", "user.uid": 0},
        "source": "syscall",
        "tags": ["T1059", "container", "mitre_execution", "shell"],
        "hostname": "node-1",
    }
    body.update(changes)
    return json.dumps(body)
