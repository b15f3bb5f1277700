"""Debian's Alertmanager on a free loopback port, and what is asked of it."""

import functools
import json
import os
import subprocess
import urllib.request

from kubernetes import ROOT
from testbed import eventually, free_port


@functools.cache
def folder():
    """Of its package. Unpacked and not installed, which would start it as a service."""
    command = [ROOT / "scripts/lib/unpacked.sh", "prometheus-alertmanager"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def with_its_files(*command):
    """It looks for its templates in /usr/share, so they are there for it, in a file system of its own view."""
    mine = [] if os.geteuid() == 0 else ["--map-root-user"]
    lay = 'mount -t overlay overlay -o "lowerdir=$1/usr/share:/usr/share" /usr/share && shift && exec "$@"'
    return ["unshare", *mine, "--mount", "sh", "-c", lay, "sh", folder(), *command]


class Alertmanager:
    """Groups by alertname at once and posts to `webhook`, if there is one; what it keeps lies below `home`."""

    def __init__(self, home, webhook=None):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        receiver = {"name": "all", "webhook_configs": [{"url": webhook}] if webhook else []}
        config = home / "alertmanager.yml"
        config.write_text(json.dumps({"receivers": [receiver], "route": {
            "receiver": "all", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s"}}))  # JSON is YAML
        self.log = open(home / "alertmanager.log", "wb")
        self.process = subprocess.Popen(
            with_its_files(f"{folder()}/usr/bin/prometheus-alertmanager", f"--config.file={config}", f"--storage.path={home / 'alertmanager'}",
                           f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=", "--log.level=warn"),
            stdout=self.log, stderr=self.log)
        eventually(self.is_ready, 120, "Alertmanager is ready")

    def is_ready(self):
        with open(self.log.name) as said:
            assert self.process.poll() is None, said.read()
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=30) as answer:
                return answer.status == 200
        except OSError:
            return False

    def alerts(self):
        """Those that are active."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=60) as answer:
            return json.load(answer)

    def close(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()
