"""The distribution project's registry, from Debian's package docker-registry, and what publishes rules to it: plain HTTP calls."""

import functools
import gzip
import hashlib
import http.server
import io
import json
import ssl
import subprocess
import tarfile
import threading
import urllib.error
import urllib.parse
import urllib.request

import yaml

from kubernetes import ROOT
from testbed import eventually, free_port

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.cncf.falco.rulesfile.config.v1+json"
LAYER = "application/vnd.cncf.falco.rulesfile.layer.v1+tar.gz"
FILES = {"falco-rules": "falco_rules.yaml", "falco-incubating-rules": "falco-incubating_rules.yaml",
         "falco-sandbox-rules": "falco-sandbox_rules.yaml"}


@functools.cache
def program():
    """Unpacked and not installed, which would start it as a service."""
    command = [ROOT / "scripts/lib/unpacked.sh", "docker-registry"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip() + "/usr/bin/docker-registry"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer_of(name, text):
    """A layer as falcoctl makes it: a tar of one file, gzipped."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return gzip.compress(packed.getvalue(), mtime=0)  # the same text, the same digest


def artifact_of(artifact, text):
    """Config, layer and manifest, as bytes."""
    config = json.dumps({"name": artifact, "version": "1"}).encode()
    layer = layer_of(FILES[artifact], text.encode())
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": digest(layer), "size": len(layer),
                    "annotations": {"org.opencontainers.image.title": f"{artifact}.tar.gz"}}]}).encode()
    return config, layer, manifest


class Registry:
    """On a free loopback port; `how` goes into its configuration."""

    def __init__(self, home, name, tls=None, **how):
        self.home, self.name = home, name
        self.port = free_port()
        self.tls = tls
        self.base = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.token = None
        self.config = {
            "version": 0.1, "log": {"level": "info", "accesslog": {"disabled": False}},
            "storage": {"filesystem": {"rootdirectory": str(home / f"{name}-storage")}, "delete": {"enabled": True}},
            "http": {"addr": f"127.0.0.1:{self.port}"}, **how}
        if tls:
            self.config["http"]["tls"] = {"certificate": str(tls / "server.crt"), "key": str(tls / "server.key")}
        self.start()

    def start(self):
        file = self.home / f"{self.name}.yaml"
        file.write_text(yaml.safe_dump(self.config))
        self.log = open(self.home / f"{self.name}.log", "ab")
        self.process = subprocess.Popen([program(), "serve", file], stdout=self.log, stderr=self.log)
        eventually(self._answers, 180, f"the registry {self.name} answers: {self.said()}")

    def _answers(self):
        assert self.process.poll() is None, self.said()
        try:
            self.call("GET", "/v2/")
        except urllib.error.HTTPError as refusal:
            return refusal.code == 401
        except OSError:
            return False
        return True

    def said(self):
        self.log.flush()
        return (self.home / f"{self.name}.log").read_text(errors="replace")

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(120)
        self.log.close()

    # --- publishing ----------------------------------------------------------------------------

    def call(self, verb, path, body=None, kind="application/octet-stream"):
        context = ssl.create_default_context(cafile=self.tls / "ca.crt") if self.tls else None
        headers = {"Content-Type": kind, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        where = urllib.parse.urljoin(self.base, path)
        request = urllib.request.Request(where, method=verb, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return answer.headers, answer.read()

    def push_blob(self, repository, data):
        location = self.call("POST", f"/v2/{repository}/blobs/uploads/", b"")[0]["Location"]
        mark = "&" if "?" in location else "?"
        self.call("PUT", f"{location}{mark}digest={urllib.parse.quote(digest(data))}", data)

    def push(self, artifact, version, text, prefix="falcosecurity/rules", as_index=False):
        """The digest that the tag stands for."""
        repository = f"{prefix}/{artifact}"
        config, layer, manifest = artifact_of(artifact, text)
        self.push_blob(repository, config)
        self.push_blob(repository, layer)
        if not as_index:
            self.call("PUT", f"/v2/{repository}/manifests/{version}", manifest, MANIFEST)
            return digest(manifest)
        self.call("PUT", f"/v2/{repository}/manifests/{digest(manifest)}", manifest, MANIFEST)
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {"mediaType": MANIFEST, "digest": digest(manifest), "size": len(manifest)}]}).encode()
        self.call("PUT", f"/v2/{repository}/manifests/{version}", index, INDEX)
        return digest(index)

    def push_all(self, version, prefix="falcosecurity/rules"):
        return {artifact: self.push(artifact, version, rules(artifact, version), prefix) for artifact in FILES}


def rules(artifact, version):
    return f"# {artifact} {version}\n- list: shells_of_{artifact.replace('-', '_')}\n  items: [bash]\n"


class Site:
    """Answers GET with whatever `answer(path, headers)` says: status, fields, body. Remembers who asked."""

    def __init__(self, answer):
        site = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.asked.append((self.path, dict(self.headers)))
                said = answer(self.path, self.headers)
                if said is None:  # in the middle of a sentence
                    self.close_connection = True
                    return
                status, fields, body = said
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                if int(fields.get("Content-Length", len(body))) != len(body):
                    self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
