"""The receivers that are compared, each on a PostgreSQL of its own, started and looked after alike."""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("FALCONER_BUILD", str(ROOT / "build" / "release"))
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tests" / "support")]

import measure  # noqa: E402
import tokens  # noqa: E402
from testbed import BUILD, FALCONER, IMPATIENT, Testbed, eventually, free_port, merge  # noqa: E402

CLUSTERS = 200
GO_INGESTOR = os.environ.get("FALCO_EVENT_INGESTOR")
FALCONER_BEFORE = os.environ.get("FALCONER_BEFORE")  # another version's program
GO_STAND_IN = os.environ.get("GO_STAND_IN")  # load-tests/go-ingestor, built


class Contender:
    """A receiver that runs, with its store. `tls`: it is spoken to over TLS."""

    name = ""
    database = ""
    uuids = ""  # lists the uuids that are stored

    def __init__(self, tls=False):
        self.tls = tls
        self.bed = Testbed(quota=10**9, extra=IMPATIENT)
        self.process = None
        try:
            # The tests' cluster does not sync; what is compared here is durable.
            self.bed.psql("alter system set fsync = on")
            self.bed.psql("select pg_reload_conf()")
            eventually(lambda: self.bed.psql("show fsync") == "on", 10, "PostgreSQL syncs")
            tokens.make_certificate(self.bed.home)
            self.tokens = self.bed.home / "tokens.txt"
            tokens.write_tokens(self.bed.key, [tokens.shoot(i) for i in range(CLUSTERS)], self.tokens)
            self.prepare()
        except BaseException:
            self.close()
            raise

    def prepare(self):
        raise NotImplementedError

    def sql(self, text):
        return self.bed.psql(text, self.database)

    def stored(self):
        return int(self.sql(f"select count(*) from ({self.uuids}) as u"))

    def missing(self, acknowledged):
        """How many of the uuids in the file (16 bytes each) are not stored."""
        raw = pathlib.Path(acknowledged).read_bytes()
        listed = pathlib.Path(acknowledged).with_suffix(".txt")
        listed.write_text("".join(raw[i:i + 16].hex() + "\n" for i in range(0, len(raw), 16)))
        listed.chmod(0o644)
        out = subprocess.run(
            ["psql", "-X", "-At", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.bed.pg["host"], "-p", self.bed.pg["port"],
             "-U", "postgres", "-d", self.database, "-c", "create temp table acknowledged (uuid uuid)",
             "-c", f"\\copy acknowledged from '{listed}'",
             "-c", f"select count(*) from (select uuid from acknowledged except {self.uuids}) as gone"],
            check=True, capture_output=True, text=True)
        return int(out.stdout.strip())

    def cost(self):
        return measure.cpu_seconds(self.process.pid), measure.tree_cpu_seconds(self.bed.postmaster())

    def push(self, *arguments):
        """One run of push_load; its report."""
        scheme = "https" if self.tls else "http"
        command = [BUILD / "push_load", "--url", f"{scheme}://127.0.0.1:{self.bed.port}/ingestor/api/v1/push",
                   "--tokens", self.tokens, "--events", ROOT / "load-tests" / "events.ndjson",
                   *(["--ca", self.bed.home / "ca.crt"] if self.tls else []), *map(str, arguments)]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    def settle(self):
        """Waits until nothing more is on its way into the store."""

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.bed.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Falconer(Contender):
    name = "falconer"
    database = "falconer"
    uuids = "select id from falconer.event"
    program = FALCONER

    def prepare(self):
        self.bed.program = self.program
        config = json.loads(self.bed.config.read_text())
        if self.tls:
            merge(config, {"ingestor": {"tls": {"certificateFile": str(self.bed.home / "server.crt"),
                                                "keyFile": str(self.bed.home / "server.key")}}})
        self.bed.config.write_text(json.dumps(config))
        self.bed.migrate()
        self.bed.start()
        self.process = self.bed.process
        eventually(lambda: self.bed.get(self.bed.health_port, "/readyz")[0] == 200, 30, "falconer is ready")

    def settle(self):
        eventually(lambda: self.bed.metrics().get("falconer_spool_pending_records", 0) == 0, 120, "the spool is empty")


class FalconerBefore(Falconer):
    """Another version, with its own schema and this one's configuration."""

    name = "falconer (before)"
    program = FALCONER_BEFORE


class GoIngestor(Contender):
    """The original; where it cannot be had, what is written to its description."""

    name = "go-ingestor" if GO_INGESTOR else "go-stand-in"
    database = "falco"
    uuids = "select uuid from falco_events"

    def prepare(self):
        home = self.bed.home
        self.bed.psql("create role gardener_1 login password 'falco' superuser")
        self.bed.psql("create database falco owner gardener_1")
        self.sql((ROOT / "load-tests" / "upstream_table.sql").read_text())
        self.sql("grant all on falco_events to gardener_1")
        (home / "go-password").write_text("falco")
        (home / "ingestor.yaml").write_text(json.dumps({
            "postgres": {"user": "gardener_1", "host": "127.0.0.1", "port": int(self.bed.pg["port"]),
                         "dbname": "falco", "retentionDays": 365},
            "server": {"port": self.bed.port}}))
        tokens.write_keys_file(self.bed.key, home / "go-keys.yaml")
        command = [GO_INGESTOR or GO_STAND_IN, f"--config-file={home}/ingestor.yaml", f"--keys-file={home}/go-keys.yaml",
                   f"--postgres-password-file={home}/go-password", "--cluster-daily-event-limit=1000000000"]
        if self.tls:
            command += [f"--tls-certificate={home}/server.crt", f"--tls-key={home}/server.key"]
        log = open(home / "ingestor.log", "wb")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=home)

        def listens():
            assert self.process.poll() is None, (home / "ingestor.log").read_text()[-2000:]
            try:
                self.bed.get(8080, "/metrics")
                return True
            except OSError:
                return False

        eventually(listens, 30, "the Go ingestor listens")

    def settle(self):
        """It answers before it stores: what it has taken must have come to rest."""
        seen = [-1]

        def at_rest():
            before, seen[0] = seen[0], self.stored()
            return before == seen[0]

        eventually(lambda: at_rest() or subprocess.run(["sleep", "0.5"], check=True) is None, 60, "rows at rest")


def available():
    return [Falconer] + ([FalconerBefore] if FALCONER_BEFORE else []) + ([GoIngestor] if GO_INGESTOR or GO_STAND_IN else [])
