"""Each peer by itself: built or unpacked, started, asked one thing, stopped."""

import json
import pathlib
import subprocess
import tempfile
import unittest
import urllib.request

import yaml

import charts
from kubernetes import Kubernetes, build, build_kubectl
from registry import Registry
from rendering import example
from shared_data import gardeners
from testbed import eventually, free_port


class Peers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="falconer-peer.")
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)

    def kubernetes(self):
        server = Kubernetes()
        self.addCleanup(server.close)
        return server

    def start(self, *command):
        log = open(self.home / "log", "wb")
        self.addCleanup(log.close)
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.home)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def answer(self, process, url):
        """What is there, once there is something."""
        def asked():
            self.assertIsNone(process.poll(), (self.home / "log").read_text())
            try:
                with urllib.request.urlopen(url, timeout=10) as said:
                    return said.read().decode()
            except OSError:
                return None
        return eventually(asked, 180, f"{url} answers")

    def test_kube_apiserver_is_ready_and_takes_one_of_gardeners_types_and_an_object_of_it(self):
        definitions = gardeners("extensions.gardener.cloud_extensions")
        server = self.kubernetes()  # it has said /readyz
        self.assertEqual(server.call("GET", "/version")["gitVersion"], "v1.34.4")
        server.define(*definitions)
        extension = example("extension")
        server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": extension["metadata"]["namespace"]}})
        made = server.create(extension)
        self.assertEqual(made["spec"], extension["spec"])
        self.assertEqual(made["metadata"]["generation"], 1)

    def test_kubectl_says_its_version_and_understands_the_servers(self):
        server = self.kubernetes()
        done = subprocess.run([build_kubectl(), "version", "-o", "json"], capture_output=True, text=True, timeout=180,
                              env={"KUBECONFIG": str(server.kubeconfig), "HOME": str(self.home)})
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual({said[which]["gitVersion"] for which in ("clientVersion", "serverVersion")}, {"v1.34.4"})

    def test_etcd_says_its_version(self):
        client, peer = free_port(), free_port()
        process = self.start(build("etcd", "."), f"--data-dir={self.home / 'data'}", f"--listen-client-urls=http://127.0.0.1:{client}",
                             f"--advertise-client-urls=http://127.0.0.1:{client}", f"--listen-peer-urls=http://127.0.0.1:{peer}", "--unsafe-no-fsync")
        self.assertRegex(json.loads(self.answer(process, f"http://127.0.0.1:{client}/version"))["etcdserver"], r"^3\.6\.")

    def test_helm_says_its_version_and_renders(self):
        done = charts.helm("version", "--short")
        self.assertRegex(done.stdout, r"^v3\.20", done.stderr)
        (self.home / "templates").mkdir()
        (self.home / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 1.0.0\n")
        (self.home / "templates/map.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n")
        done = charts.helm("template", "called", self.home)
        self.assertEqual(yaml.safe_load(done.stdout)["metadata"]["name"], "called", done.stderr)

    def test_the_registry_keeps_what_is_pushed(self):
        registry = Registry(self.home, "small")
        self.addCleanup(registry.close)
        registry.push_blob("some/where", b"content")
        registry.push("falco-rules", "1.0.0", "[]")
        tags = json.loads(registry.call("GET", "/v2/falcosecurity/rules/falco-rules/tags/list")[1])
        self.assertEqual(tags["tags"], ["1.0.0"])

    def test_the_sender_answers(self):
        port = free_port()
        (self.home / "config").write_text(json.dumps({"listenaddress": "127.0.0.1", "listenport": port, "webhook": {"address": "http://127.0.0.1:1"}}))
        process = self.start(build("webhook-sender", "."), f"--config-file={self.home / 'config'}")
        self.assertEqual(self.answer(process, f"http://127.0.0.1:{port}/ping").strip(), "pong")


if __name__ == "__main__":
    unittest.main(verbosity=2)
