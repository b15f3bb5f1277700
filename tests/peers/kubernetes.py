"""A real kube-apiserver on a real etcd, built from their Go modules, on free loopback ports."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import ssl

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "system"), str(HERE.parent / "support")]

import tokens  # noqa: E402
from testbed import ROOT, eventually, free_port  # noqa: E402

CUSTOM_RESOURCES = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def build(folder, package):
    command = [ROOT / "scripts/lib/go-build.sh", HERE / folder, package]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


# Who asked for what, and what they heard; no bodies.
AUDIT_POLICY = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [
    {"level": "None", "users": ["system:apiserver", "admin"]}, {"level": "Metadata"}]}


class Kubernetes:
    ADMIN = "admin-token"

    def __init__(self, audit=False):
        etcd = build("etcd", "go.etcd.io/etcd/server/v3")
        apiserver = build("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver")
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-kubernetes."))
        self.log = open(self.home / "log", "wb")
        self.processes = []
        self.served = {}
        tokens.make_certificate(self.home)
        account = self.home / "account.pem"
        account.write_bytes(tokens.openssl("genrsa", "2048"))
        (self.home / "tokens.csv").write_text(f'{self.ADMIN},admin,admin,"system:masters"\n')

        recorded = []
        if audit:
            (self.home / "audit-policy.yaml").write_text(json.dumps(AUDIT_POLICY))
            recorded = [f"--audit-policy-file={self.home}/audit-policy.yaml", f"--audit-log-path={self.home}/audit.log"]

        client, peer, self.port = free_port(), free_port(), free_port()
        self._start(etcd, f"--data-dir={self.home / 'etcd'}", "--log-level=error", "--unsafe-no-fsync",
                    f"--listen-client-urls=http://127.0.0.1:{client}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
                    f"--advertise-client-urls=http://127.0.0.1:{client}",
                    f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                    f"--initial-cluster=default=http://127.0.0.1:{peer}")
        self._start(apiserver, f"--etcd-servers=http://127.0.0.1:{client}", f"--secure-port={self.port}",
                    "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--cert-dir={self.home}",
                    f"--tls-cert-file={self.home / 'server.crt'}",
                    f"--tls-private-key-file={self.home / 'server.key'}", f"--token-auth-file={self.home}/tokens.csv",
                    f"--service-account-key-file={account}", f"--service-account-signing-key-file={account}",
                    "--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=RBAC",
                    "--service-cluster-ip-range=10.0.0.0/24", "--allow-privileged=true", "--disable-admission-plugins=ServiceAccount", *recorded)
        self.kubeconfig = self._kubeconfig("kubeconfig", self.ADMIN)
        try:
            eventually(self._ready, 300, "the API server is ready")
        except AssertionError:
            print(self.said(), file=sys.stderr)
            self.close()
            raise

    def _start(self, *command):
        self.processes.append(subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=self.home))

    def _ready(self):
        for process in self.processes:
            assert process.poll() is None, f"{process.args[0]} has ended"
        context = ssl.create_default_context(cafile=self.home / "ca.crt")
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}/readyz",
                                         headers={"Authorization": f"Bearer {self.ADMIN}"})
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                return answer.status == 200
        except OSError:
            return False

    def _kubeconfig(self, name, token):
        (self.home / name).write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{self.port}",
                                                      "certificate-authority": "ca.crt"}}],
            "users": [{"name": "test", "user": {"token": token}}]}))
        return self.home / name

    def kubeconfig_of(self, namespace, account):
        """A file with which a ServiceAccount asks, with a token such as a pod of it is given."""
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
        made = self.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", asked)
        return self._kubeconfig(f"{namespace}.{account}.kubeconfig", made["status"]["token"])

    def audited(self):
        """Lines of JSON, an event each; those that are still being written left out."""
        return [each for each in (self.home / "audit.log").read_text().splitlines(keepends=True) if each.endswith("\n")]

    def path_of(self, made):
        """Where objects of its kind are."""
        version = made["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if version not in self.served:
            self.served[version] = {each["kind"]: each for each in self.call("GET", root)["resources"]
                                    if "/" not in each["name"]}
        kind = self.served[version][made["kind"]]
        space = f"/namespaces/{made['metadata']['namespace']}" if kind["namespaced"] else ""
        return f"{root}{space}/{kind['name']}"

    def create(self, made):
        return self.call("POST", self.path_of(made), made)

    def refusal(self, made):
        """Why the server would not take it, by its strict validation; empty: it would."""
        try:
            self.call("POST", self.path_of(made), made, "?dryRun=All&fieldValidation=Strict")
            return ""
        except AssertionError as why:
            return str(why)

    def define(self, *definitions):
        """CRDs, which are served when this returns."""
        for each in definitions:
            self.call("POST", CUSTOM_RESOURCES, each)
        for each in definitions:
            eventually(lambda each=each: self._serves(each), 120, "the CRD is served")
        self.served.clear()

    def _serves(self, definition):
        """A CRD is established a little before its objects can be asked for."""
        spec, name = definition["spec"], definition["metadata"]["name"]
        conditions = self.call("GET", f"{CUSTOM_RESOURCES}/{name}")["status"].get("conditions") or []
        if not any(each["type"] == "Established" and each["status"] == "True" for each in conditions):
            return False
        paths = [f"/apis/{spec['group']}/{version['name']}/{spec['names']['plural']}" for version in spec["versions"] if version["served"]]
        return all(self.call("GET", path) is not None for path in paths)

    def call(self, verb, path, body=None, ask="", patience=30):
        """What the server answers; None: it is not there. Raises with the server's sentence for everything else."""
        context = ssl.create_default_context(cafile=self.home / "ca.crt")
        kind = "application/merge-patch+json" if verb == "PATCH" else "application/json"
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}{ask}", method=verb,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {self.ADMIN}", "Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=30, context=context) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            if refusal.code == 404 and verb == "GET":
                return None
            if refusal.code == 429 and patience > 0:  # such as "storage is (re)initializing", behind a new CRD
                time.sleep(float(refusal.headers.get("Retry-After", 1)))
                return self.call(verb, path, body, ask, patience - 1)
            raise AssertionError(f"{verb} {path}: {refusal.code} {refusal.read().decode(errors='replace')}") from None

    def said(self):
        self.log.flush()
        return (self.home / "log").read_text(errors="replace")[-6000:]

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)
