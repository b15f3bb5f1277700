"""The configuration that `falconer render` makes for Falcosidekick, in a real Falcosidekick: it starts, and one
event goes out to the destination with all that belongs to it. A misspelt key makes it fail.

The one version that can be built here (June 2021) knows the outputs loki, elasticsearch and webhook; it does not
know splunk and otlp's logs, whose stanzas tests/cli/render_command_test.py compares with what they should be."""

import base64
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "system"), str(HERE.parent / "support")]

from falcosidekick_test import MODULE  # noqa: E402
from testbed import FALCONER, ROOT, eventually, free_port  # noqa: E402

EXAMPLES = ROOT / "config/examples"
EVENT = json.dumps({"output": "Something", "priority": "Warning", "rule": "A rule", "time": "2026-11-23T12:00:00Z",
                    "output_fields": {"proc.name": "sh"}})
IDENTITY = yaml.safe_load((EXAMPLES / "cluster.yaml").read_text())["spec"]["shoot"]["status"]["clusterIdentity"]


class Receiver:
    """Of any destination: notes what comes."""

    def __init__(self):
        self.requests = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                receiver.requests.append((self.path, dict(self.headers.items()), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def secret(name, **fields):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
            "data": {key: base64.b64encode(text.encode()).decode() for key, text in fields.items()}}


class RenderedConfiguration(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        key = subprocess.run([FALCONER, "token", "keygen"], capture_output=True, text=True, check=True).stdout
        (self.folder / "key.pem").write_text(key)

    def rendered(self, destination):
        """Falcosidekick's configuration as it is in the pod, after the agent has put the token in."""
        def write(name, *objects):
            (self.folder / name).write_text(yaml.safe_dump_all(objects))
            return self.folder / name

        extension = yaml.safe_load((EXAMPLES / "extension.yaml").read_text())
        entry = {"name": destination}
        if destination in ("custom", "opensearch"):
            entry["resourceSecretName"] = "mine"
        extension["spec"]["providerConfig"].update(destinations=[entry], rules={"custom": [{"shootConfigMap": "x"}]})
        cluster = yaml.safe_load((EXAMPLES / "cluster.yaml").read_text())
        cluster["spec"]["shoot"]["spec"]["resources"] = [
            {"name": "mine", "resourceRef": {"apiVersion": "v1", "kind": "Secret", "name": "mine"}}]
        objects = secret("ref-mine", address=self.receiver.url + "/hook", customheaders="X-Mine: yes please",
                         hostport=self.receiver.url, index="events", suffix="none")
        config = {"apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration",
                  "falco": {"centralStorage": {"enabled": True, "url": self.receiver.url + "/central",
                                               "tokenIssuerPrivateKeyFile": str(self.folder / "key.pem")}}}
        done = subprocess.run(
            [FALCONER, "render", "--extension", write("e.yaml", extension), "--cluster", write("c.yaml", cluster),
             "--profile", EXAMPLES / "profile.yaml", "--objects", write("o.yaml", objects), "--config",
             write("f.yaml", config), "--target", "shoot"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        template = next(each for each in yaml.safe_load_all(done.stdout)
                        if each["kind"] == "Secret" and each["metadata"]["name"] == "falcosidekick")
        (self.folder / "template.yaml").write_bytes(base64.b64decode(template["data"]["config.yaml"]))
        (self.folder / "token").write_text("aa.bb.cc")
        subprocess.run([FALCONER, "agent", "configure", "--template", self.folder / "template.yaml", "--token-file",
                        self.folder / "token", "--to", self.folder / "config.yaml"], check=True, capture_output=True)
        return yaml.safe_load((self.folder / "config.yaml").read_text())

    def run_with(self, config):
        """What the destination gets of one event; nothing: nothing came."""
        build = [ROOT / "scripts/lib/go-build.sh", HERE / "falcosidekick", MODULE]
        program = subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config))
        port = free_port()
        with open(self.folder / "log", "wb") as log:
            process = subprocess.Popen([program, "-c", self.folder / "config.yaml"], stdout=log, stderr=log, env={
                "PATH": os.environ["PATH"], "LISTENADDRESS": "127.0.0.1", "LISTENPORT": str(port)})
        try:
            def posted():
                done = subprocess.run(["curl", "-sf", "-d", EVENT, f"http://127.0.0.1:{port}/"], capture_output=True)
                return done.returncode == 0
            eventually(posted, 30, "Falcosidekick takes the event")
            try:
                eventually(lambda: self.receiver.requests, 3, "something arrives")
            except AssertionError:
                return None
            return self.receiver.requests[0]
        finally:
            process.kill()
            process.wait()

    def test_central(self):
        path, headers, body = self.run_with(self.rendered("central"))
        self.assertEqual(path, "/central")
        self.assertEqual(headers["Authorization"].count("."), 2, "a token")
        self.assertEqual(json.loads(body)["output_fields"], {"proc.name": "sh", "cluster_id": IDENTITY})

    def test_custom(self):
        path, headers, body = self.run_with(self.rendered("custom"))
        self.assertEqual((path, headers["X-Mine"]), ("/hook", "yes please"))
        self.assertEqual(json.loads(body)["rule"], "A rule")

    def test_opensearch(self):
        path, _, body = self.run_with(self.rendered("opensearch"))
        self.assertEqual(path.split("/")[1], "events")
        self.assertEqual(json.loads(body)["output_fields"]["cluster_id"], IDENTITY)

    def test_logging(self):
        config = self.rendered("logging")
        self.assertEqual(config["loki"]["customheaders"], {"Authorization": "Bearer aa.bb.cc"})
        config["loki"]["hostport"] = self.receiver.url  # its own name is known nowhere here
        _, _, body = self.run_with(config)
        self.assertIn("A rule", body.decode())

    def test_a_misspelt_key_is_found_out(self):
        config = self.rendered("custom")
        config["webhook"]["adress"] = config["webhook"].pop("address")
        self.assertIsNone(self.run_with(config))


if __name__ == "__main__":
    unittest.main(verbosity=2)
