"""A real kube-apiserver on a real etcd, built from their Go modules, on free loopback ports."""

import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request

import yaml

from paths import HERE
import tokens
from kube_http import Api
from testbed import ROOT, eventually, free_port


def build(folder, package):
    """The path of a program, built at the first time."""
    command = [ROOT / "scripts/lib/go-build.sh", HERE / folder, package]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def build_kubectl():
    return build("kube-apiserver", "./kubectl")


def small_definitions(*names):
    """CRDs of ours that stand for those which are no data: crds/README.md."""
    return [each for name in names for each in yaml.safe_load_all((HERE / f"crds/{name}.yaml").read_text())]


# Who asked for what, and what they heard; no bodies.
AUDIT_POLICY = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [
    {"level": "None", "users": ["system:apiserver", "admin"]}, {"level": "Metadata"}]}


NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def make_authority(folder, name):
    """NAME.crt and NAME.key, which sign others' certificates for a day."""
    tokens.openssl("req", "-x509", *NEW_KEY, "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.crt"),
                   "-subj", f"/CN={name}", "-days", "1", "-addext", "keyUsage=critical,keyCertSign,cRLSign")


class Kubernetes(Api):
    ADMIN = "admin-token"

    def __init__(self, audit=False, address="127.0.0.1", more=()):
        etcd, apiserver = build("etcd", "."), build("kube-apiserver", "./apiserver")
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-kubernetes."))
        self.log = open(self.home / "log", "wb")
        self.processes = []
        tokens.make_certificate(self.home)
        make_authority(self.home, "clients")
        self.host = f"[{address}]" if ":" in address else address
        account = self.home / "account.pem"
        account.write_bytes(tokens.openssl("genrsa", "2048"))
        (self.home / "tokens.csv").write_text(f'{self.ADMIN},admin,admin,"system:masters"\n')

        recorded = []
        if audit:
            (self.home / "audit-policy.yaml").write_text(json.dumps(AUDIT_POLICY))
            recorded = [f"--audit-policy-file={self.home}/audit-policy.yaml", f"--audit-log-path={self.home}/audit.log"]

        client, peer, self.port = free_port(), free_port(), free_port()
        self.etcd_client = client
        self._start(etcd, f"--data-dir={self.home / 'etcd'}", "--log-level=error", "--unsafe-no-fsync",
                    f"--listen-client-urls=http://127.0.0.1:{client}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
                    f"--advertise-client-urls=http://127.0.0.1:{client}",
                    f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                    f"--initial-cluster=default=http://127.0.0.1:{peer}")
        self._apiserver = (apiserver, f"--etcd-servers=http://127.0.0.1:{client}", f"--secure-port={self.port}",
                    f"--bind-address={address}", "--advertise-address=127.0.0.1", f"--client-ca-file={self.home / 'clients.crt'}", f"--cert-dir={self.home}",
                    f"--tls-cert-file={self.home / 'server.crt'}",
                    f"--tls-private-key-file={self.home / 'server.key'}", f"--token-auth-file={self.home}/tokens.csv",
                    f"--service-account-key-file={account}", f"--service-account-signing-key-file={account}",
                    "--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=RBAC",
                    "--service-cluster-ip-range=10.0.0.0/24", "--allow-privileged=true", "--disable-admission-plugins=ServiceAccount", *recorded, *more)
        self._start(*self._apiserver)
        self.kubeconfig = self._kubeconfig("kubeconfig", self.ADMIN)
        super().__init__(self.kubeconfig)
        try:
            eventually(self._ready, 300, "the API server is ready")
        except BaseException:  # who is interrupted leaves no process, either
            print(self.said(), file=sys.stderr)
            self.close()
            raise

    def _start(self, *command):
        self.processes.append(subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=self.home))

    def _ready(self):
        for process in self.processes:
            assert process.poll() is None, f"{process.args[0]} has ended"
        context = ssl.create_default_context(cafile=self.home / "ca.crt")
        request = urllib.request.Request(f"https://{self.host}:{self.port}/readyz",
                                         headers={"Authorization": f"Bearer {self.ADMIN}"})
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                return answer.status == 200
        except OSError:
            return False

    @property
    def apiserver(self):
        return self.processes[-1]

    def restart_apiserver(self, meanwhile=lambda: None):
        """What it remembers of the past is gone, what it keeps is not. `meanwhile`: before it starts again."""
        self._end(self.processes.pop())
        meanwhile()
        self._start(*self._apiserver)
        eventually(self._ready, 300, "the API server is ready again")

    def compact(self):
        """etcd forgets everything but what there is now."""
        def ask(what, **body):
            request = urllib.request.Request(f"http://127.0.0.1:{self.etcd_client}/v3/kv/{what}", data=json.dumps(body).encode())
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        ask("compaction", revision=ask("range", key="AA==")["header"]["revision"], physical=True)

    def _kubeconfig(self, name, token):
        (self.home / name).write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": {"server": f"https://{self.host}:{self.port}",
                                                      "certificate-authority": "ca.crt"}}],
            "users": [{"name": "test", "user": {"token": token}}]}))
        return self.home / name

    def kubeconfig_of(self, namespace, account):
        """A file with which a ServiceAccount asks, with a token such as a pod of it is given."""
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
        made = self.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", asked)
        return self._kubeconfig(f"{namespace}.{account}.kubeconfig", made["status"]["token"])

    def certificate_of(self, name, group, authority="clients"):
        """The files of a certificate and its key with which somebody of a group asks."""
        certificate, key = self.home / f"{name}.crt", self.home / f"{name}.key"
        request = tokens.openssl("req", "-new", *NEW_KEY, "-keyout", str(key), "-subj", f"/O={group}/CN={name}")
        uses = self.home / f"{name}.ext"
        uses.write_text("extendedKeyUsage=clientAuth\n")
        certificate.write_bytes(tokens.openssl("x509", "-req", "-CA", str(self.home / f"{authority}.crt"), "-CAkey", str(self.home / f"{authority}.key"),
                                               "-CAcreateserial", "-days", "1", "-extfile", str(uses), stdin=request))
        return certificate, key

    @staticmethod
    def _end(process):
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def audited(self):
        """Lines of JSON, an event each; those that are still being written left out."""
        return [each for each in (self.home / "audit.log").read_text().splitlines(keepends=True) if each.endswith("\n")]

    def said(self):
        self.log.flush()
        return (self.home / "log").read_text(errors="replace")[-6000:]

    def close(self):
        # One after the other: an API server without its etcd does not come to an end by itself.
        for process in reversed(self.processes):
            self._end(process)
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)
