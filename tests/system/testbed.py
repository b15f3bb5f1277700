"""A falconer with a private PostgreSQL, for tests that look at the whole program from outside.

Everything lives in one temporary folder and on free loopback ports; close() ends what was started, and so does the end of
the test's process.
"""

import atexit
import contextlib
import functools
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FALCONER_BUILD", ROOT / "build" / "release"))
FALCONER = BUILD / "falconer"
POSTGRES = ROOT / "tests" / "support" / "postgres.sh"

sys.path.insert(0, str(POSTGRES.parent))
import clocks  # noqa: E402,F401  (tests take these from here)
from ports import free_port  # noqa: E402,F401

CLUSTER = "shoot--test--alpha-0a1b2c3d-1111-2222-3333-444455556666-local"

# Latencies are judged where the machine is the test's own: in the nightly run.
LATENCIES = os.environ.get("FALCONER_JUDGE_TIMES") == "1"

# A case that is about a store which stands still: the product's own limit. In all other cases the testbed's store has 30 s
# for a batch, or a slow disk would send events to the spool behind the test's back.
IMPATIENT = {"ingestor": {"storeTimeout": "1s"}}

# Thousands of connections, whatever the shell's soft limit: Debian's is 1,024. What is started here inherits it.
_hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (20_000 if _hard == resource.RLIM_INFINITY else min(20_000, _hard), _hard))

# Told to end, a test ends what it has started.
signal.signal(signal.SIGTERM, signal.default_int_handler)


@functools.cache
def _may_mount():
    """Root in a container need not have the right to mount."""
    with tempfile.TemporaryDirectory(prefix="falconer-mount.") as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True).returncode == 0
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)
        return mounted


def needs_mounts(case):
    """For what needs a disk of its own, or one that is hidden."""
    return unittest.skipUnless(_may_mount(), "needs the right to mount a tmpfs (root with CAP_SYS_ADMIN)")(case)


@contextlib.contextmanager
def clock_off_by(days):
    """Whatever is started meanwhile has a clock so far ahead, or behind; waiting takes as long as it does."""
    with unittest.mock.patch.dict(os.environ, clocks.off_by(days)):
        yield


def eventually(met, seconds=60, what="condition"):
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
    program = FALCONER  # a load test compares several

    def __init__(self, quota=10**9, spool_capacity="64Mi", extra=None, roles="ingestor"):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-test."))
        self.quota = quota
        self.spool_capacity = spool_capacity
        self.extra = extra or {}
        self.roles = roles
        self.port, self.metrics_port, self.health_port = free_port(), free_port(), free_port()
        self.process = self.pg_env = None
        self.closed = False
        self.starts = 0
        atexit.register(self.close)
        try:
            self._start_postgres()
            self._make_keys()
            self.config = self._write_config()
        except BaseException:
            self.close()
            raise

    # --- parts -------------------------------------------------------------------------------

    def _start_postgres(self):
        # Its port is ours while it is away, too: tests kill it and start it again.
        self.pg_env = self.home / "postgres.env"
        subprocess.run([POSTGRES, "start", self.pg_env, str(free_port())], check=True)
        self.pg = dict(line.split("=", 1) for line in self.pg_env.read_text().split())
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
                   120, "PostgreSQL starts again")

    def psql(self, sql, database="postgres"):
        done = subprocess.run(
            ["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-h", self.pg["host"], "-p", self.pg["port"],
             "-U", "postgres", "-d", database, "-c", sql],
            check=True, capture_output=True, text=True)
        return done.stdout.strip()

    @contextlib.contextmanager
    def session(self, database="falconer"):
        """A psql that reads from its stdin; what it holds is given up at the end."""
        psql = subprocess.Popen(["psql", "-XAtq", "-h", self.pg["host"], "-p", self.pg["port"], "-U", "postgres", "-d", database],
                                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            yield psql
        finally:
            psql.stdin.close()
            psql.wait()

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
                "storeTimeout": "30s",
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
        return subprocess.run([self.program, *args], check=True, capture_output=True, **kwargs)

    def migrate(self):
        self.run("db", "migrate", "--config", self.config)

    def start(self, wait=True):
        self._end_process()  # of a case that has failed before it ended its own
        self.starts += 1
        self.log = open(self.home / f"falconer.{self.starts}.log", "wb")
        self.process = subprocess.Popen(
            [self.program, "serve", "--config", self.config, "--roles", self.roles],
            stdout=self.log, stderr=self.log)
        self.log.close()
        if wait:
            eventually(self.alive, what="falconer is alive")

    def alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"falconer ended with {self.process.returncode}:\n{self.tail()}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            socket.create_connection(("127.0.0.1", self.port), timeout=60).close()  # it listens last
            return self.get(self.health_port, "/healthz")[0] == 200
        return False

    def said(self):
        """Everything that the last falconer has said."""
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def tail(self, lines=30):
        return "\n".join(self.said().splitlines()[-lines:])

    def _end_process(self):
        if self.process and self.process.poll() is None:
            self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def stopped(self):
        """Falconer does nothing meanwhile."""
        self.process.send_signal(signal.SIGSTOP)
        state = pathlib.Path(f"/proc/{self.process.pid}/stat")
        eventually(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", what="falconer is stopped")
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def terminate(self, seconds=120):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    @staticmethod
    def get(port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
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

    def nothing_pending(self):
        """Everything that was acknowledged is in the store."""
        eventually(lambda: self.metrics()["falconer_spool_pending_records"] == 0, 120, "the spool has been replayed")

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
        """Once more: nothing."""
        self.closed = True
        atexit.unregister(self.close)
        self._end_process()
        if self.pg_env:
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
