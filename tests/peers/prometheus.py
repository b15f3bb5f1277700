"""Debian's Prometheus on a free loopback port, and what is asked of it."""

import functools
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from kubernetes import ROOT
from testbed import eventually, free_port


@functools.cache
def folder():
    """Of its programs, prometheus and promtool. Unpacked and not installed, which would start it as a service."""
    command = [ROOT / "scripts/lib/unpacked.sh", "prometheus"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip() + "/usr/bin"


class Prometheus:
    """Scrapes `targets` (host:port) each second; what it keeps lies below `home`."""

    def __init__(self, home, targets):
        self.port = free_port()
        config = home / "prometheus.yml"
        config.write_text(json.dumps({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [
            {"job_name": "falconer", "static_configs": [{"targets": list(targets)}]}]}))  # JSON is YAML
        self.log = open(home / "prometheus.log", "wb")
        self.process = subprocess.Popen(
            [f"{folder()}/prometheus", f"--config.file={config}", f"--storage.tsdb.path={home / 'prometheus'}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"], stdout=self.log, stderr=self.log)
        eventually(self.is_ready, 120, "Prometheus is ready")

    def is_ready(self):
        with open(self.log.name) as said:
            assert self.process.poll() is None, said.read()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=30) as answer:
                return answer.status == 200
        except OSError:
            return False

    def _ask(self, what, **values):
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(values)}"
        try:
            with urllib.request.urlopen(url, timeout=120) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as why:
            raise AssertionError(json.load(why)["error"]) from why

    def query(self, text):
        """The series that the query has now. Raises AssertionError with Prometheus' sentence if it is none."""
        return self._ask("query", query=text)["result"]

    def close(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()
