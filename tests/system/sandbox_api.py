"""The sandbox's Kubernetes API as a process of its own, without anybody who acts on it: `seed_api` of the load tests."""

import base64
import json
import re
import ssl
import subprocess
import urllib.error
import urllib.request

from testbed import BUILD, eventually


class SandboxApi:
    """Its profile is config/examples/profile.yaml. `kubeconfig`: of the whole API; shoots' own are below /shoots/<technical id>."""

    def __init__(self, home):
        self.process = subprocess.Popen([BUILD / "seed_api", home / "kubernetes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.kubeconfig = self.process.stdout.readline().strip()
        assert self.kubeconfig, "the sandbox's API has not started"
        with open(self.kubeconfig) as file:
            self.text = file.read()
        said = {key: re.search(rf"{key}: \"?([^\s\"]+)", self.text).group(1) for key in ("certificate-authority-data", "server", "token")}
        self.server, self.token = said["server"], said["token"]
        self.port = int(self.server.rpartition(":")[2])
        self.trust = ssl.create_default_context(cadata=base64.b64decode(said["certificate-authority-data"]).decode())

    def kubeconfig_through(self, port, file):
        """As `kubeconfig`, but the way leads over another port of this machine."""
        file.write_text(self.text.replace(self.server, f"https://localhost:{port}"))
        return file

    def ask(self, verb, path, body=None):
        """What it answers; None: it is not there. Everything else raises AssertionError with its words."""
        kind = "application/merge-patch+json" if verb == "PATCH" else "application/json"
        request = urllib.request.Request(self.server + path, None if body is None else json.dumps(body).encode(), method=verb, headers={
            "Authorization": f"Bearer {self.token}", "Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=120, context=self.trust) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as why:
            if why.code == 404 and verb == "GET":
                return None
            raise AssertionError(f"{verb} {path}: {why.code} {why.read().decode(errors='replace')}") from None

    def names(self, path):
        return sorted(each["metadata"]["name"] for each in self.ask("GET", path)["items"])

    def figures(self):
        """What has been asked of it: `requests`, `writes` and more."""
        self.process.stdin.write("figures\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            eventually(lambda: self.process.poll() is not None, 60, "the sandbox's API ends with its input")
        self.process.stdout.close()
