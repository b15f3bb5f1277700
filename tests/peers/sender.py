"""Starts the program that posts events as Falcosidekick's webhook output does, and feeds it.

FALCOSIDEKICK=/path/to/falcosidekick takes the real one; without it our own webhook-sender is built.
Both get the same configuration, the one that the Gardener extension writes (JSON is YAML).
"""

import http.client
import json
import os
import re
import subprocess

from kubernetes import build
from testbed import eventually, free_port

REAL = os.environ.get("FALCOSIDEKICK")


def program():
    return REAL or build("webhook-sender", ".")


def webhook(address, token, cluster, ca):
    return {
        "customfields": {"cluster_id": cluster},
        "tlsclient": {"cacertfile": str(ca)},
        "webhook": {
            "address": address,
            "method": "POST",
            "checkcert": True,
            "customheaders": {"Authorization": f"Bearer {token}", "Idempotency-Key": "falcosidekick"},
        },
    }


class Sender:
    """`configuration`: Falcosidekick's, but for where it listens."""

    def __init__(self, home, configuration):
        self.port = free_port()
        path = home / f"sender-{self.port}.yaml"
        path.write_text(json.dumps({**configuration, "listenaddress": "127.0.0.1", "listenport": self.port, "debug": False}))
        self.log_path = home / f"sender-{self.port}.log"
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            [program(), f"--config-file={path}"], stdout=self.log, stderr=self.log, cwd=home)
        self.input = None
        eventually(self._answers, 180, f"the sender listens; see {self.log_path}")

    def _answers(self):
        assert self.process.poll() is None, self.said()
        try:
            return self._get("/ping")[0] == 200
        except OSError:
            return False

    def _get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def feed(self, body):
        """Posts one event as Falco does: on one connection."""
        if self.input is None:
            self.input = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.input.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = self.input.getresponse()
        text = answer.read()
        assert answer.status == 200, (answer.status, text, body)

    def outputs(self, status):
        """How many events the webhook output has sent with status "ok" or "error"."""
        total = 0
        for line in self._get("/metrics")[1].splitlines():
            if line.startswith("falcosecurity_falcosidekick_outputs_total{") and \
                    re.search(r'destination="(?i:webhook)"', line) and f'status="{status}"' in line:
                total += int(float(line.rsplit(" ", 1)[1]))
        return total

    def said(self):
        self.log.flush()
        return self.log_path.read_text(errors="replace")[-4000:]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        if self.input:
            self.input.close()
