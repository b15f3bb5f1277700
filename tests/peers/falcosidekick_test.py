"""A real Falcosidekick, built from the one version of its module that the module proxy serves (June 2021):
events fed to its HTTP input arrive in PostgreSQL unchanged, over TLS, with the headers of the extension.

It knows fewer fields than today's (no uuid, source, hostname, tags) and posts each event on a connection of
its own; what today's does besides is played by webhook-sender (delivery_test.py)."""

import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "system"), str(HERE.parent / "support")]

import tokens  # noqa: E402
import values  # noqa: E402
from delivery_test import STORED, with_tls  # noqa: E402
from testbed import CLUSTER, ROOT, Testbed, eventually, free_port, merge  # noqa: E402

MODULE = "github.com/falcosecurity/falcosidekick"


class Falcosidekick:
    def __init__(self, home, url, token):
        build = [ROOT / "scripts/lib/go-build.sh", HERE / "falcosidekick", MODULE]
        program = subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        self.port = free_port()
        path = home / "falcosidekick.yaml"
        path.write_text(json.dumps({
            "listenaddress": "127.0.0.1",
            "listenport": self.port,
            "customfields": {"cluster_id": CLUSTER},
            "webhook": {"address": url, "checkcert": True,
                        "customheaders": {"Authorization": f"Bearer {token}", "Idempotency-Key": "falcosidekick"}},
        }))
        self.log_path = home / "falcosidekick.log"
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            [program, "-c", path], stdout=self.log, stderr=self.log, cwd=home,
            env={"PATH": "/usr/bin:/bin", "SSL_CERT_FILE": str(home / "ca.crt")})
        eventually(self._answers, 30, f"Falcosidekick listens; see {self.log_path}")

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _answers(self):
        try:
            return self.ask("GET", "/ping")[0] == 200
        except OSError:
            return False

    def posted(self, status):
        total = 0
        for line in self.ask("GET", "/metrics")[1].splitlines():
            if re.match(r'\w*outputs\{.*destination="(?i:webhook)".*status="' + status + '"', line):
                total += int(float(line.rsplit(" ", 1)[1]))
        return total

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


class RealSender(unittest.TestCase):
    def setUp(self):
        self.bed = Testbed()
        self.addCleanup(self.bed.close)
        tokens.make_certificate(self.bed.home)
        config = json.loads(self.bed.config.read_text())
        merge(config, with_tls(self.bed.home))
        self.bed.config.write_text(json.dumps(config))
        self.bed.migrate()
        self.bed.start()
        eventually(lambda: self.bed.get(self.bed.health_port, "/readyz")[0] == 200, 30, "falconer is ready")

    def start(self, token):
        sender = Falcosidekick(
            self.bed.home, f"https://127.0.0.1:{self.bed.port}/ingestor/api/v1/push", token)
        self.addCleanup(sender.close)
        return sender

    def test_every_value_arrives_unchanged(self):
        sender = self.start(self.bed.token())
        fed = values.events()
        for number, one in enumerate(fed, 1):
            # One after the other: this version's headers are shared by events that are under way.
            status, text = sender.ask("POST", "/", values.dump(one))
            self.assertEqual(status, 200, text)
            eventually(lambda: sender.posted("ok") + sender.posted("error") == number, 30, f"event {number} is posted")
        self.assertEqual(sender.posted("error"), 0, sender.log_path.read_text()[-2000:])
        stored = [values.load(line) for line in self.bed.psql(STORED, "falconer").split("\n")]
        self.assertEqual(len(stored), len(fed))
        wrong = []
        for arrived in stored:
            serial = int(arrived["output_fields"]["test.serial"])
            # What this version does not know of an event it leaves out.
            known = {key: is_ for key, is_ in fed[serial].items() if key not in ("source", "hostname", "tags")}
            got = {**arrived, "source": None, "hostname": None, "tags": None}
            wrong += [f"event {serial}: {line}" for line in values.differences(known, got, CLUSTER)]
        self.assertEqual(wrong, [])

    def test_a_refused_event_is_an_error_at_the_sender(self):
        sender = self.start("no.such.token")
        sender.ask("POST", "/", values.dump(values.events()[0]))
        eventually(lambda: sender.posted("error") == 1, 30, "the refusal is counted")
        self.assertEqual(sender.posted("ok"), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
