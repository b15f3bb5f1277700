"""The Go extension shoot-falco-service, as far as it can be seen in a control plane: the objects that a reconcile of its leaves there.

Written from its description (facts on the extension's behaviour, §3.1, §4, §5), not from a run of it: what is in the objects beyond
names, owners, selectors, certificates and what makes pods roll is shortened.
"""

import base64
import datetime
import hashlib
import subprocess
import uuid

import yaml

import paths  # noqa: F401
import tokens

CERTIFICATES = "gardener-extension-shoot-falco-service-certificates"
SIDEKICK = "falcosidekick.kube-system.svc.cluster.local"
NAMES = ["falcosidekick", "falcosidekick.kube-system", "falcosidekick.kube-system.svc", "falcosidekick.kube-system.svc.cluster", SIDEKICK]
# Its names of the keys: key, certificate, the authority's key and certificate (.cert: sic), usage.
PAIRS = {"server": ("server.key", "server.crt", "server-ca.key", "server-ca.cert", "serverAuth"),
         "client": ("client.key", "client.crt", "client-ca.key", "client-ca.crt", "clientAuth")}
RENEW_AFTER = datetime.timedelta(days=150)
HOST_PATHS = {"proc-fs": "/proc", "boot-fs": "/boot", "lib-modules": "/lib/modules", "usr-fs": "/usr", "etc-fs": "/etc", "sys-fs": "/sys/kernel"}
FINALIZER = "extensions.gardener.cloud/shoot-falco-service"
LEASE = "extension-shoot-falco-service-leader-election"


def encoded(data):
    return {key: base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode() for key, value in data.items()}


def decoded(secret):
    return {key: base64.b64decode(value) for key, value in secret.get("data", {}).items()}


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def stamp(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def checksum(*objects):
    return hashlib.sha256(yaml.safe_dump_all(objects).encode()).hexdigest()


class GoExtension:
    """Of one shoot. `api`: the seed's. `key`: the file with the key that signs tokens, PKCS#1 PEM, as it insists."""

    def __init__(self, api, home, space, identity, key):
        self.api, self.home, self.space, self.identity, self.key = api, home, space, identity, key
        assert key.read_text().startswith("-----BEGIN RSA PRIVATE KEY-----"), "what it does not read it refuses at its start"
        self.me = f"gardener-extension-shoot-falco-service-6b9f-{uuid.uuid4()}"
        self.secrets = f"/api/v1/namespaces/{space}/secrets"

    # --- certificates --------------------------------------------------------------------------

    def make_certificates(self):
        """Two authorities and their leaves, RSA as PKCS#1. Its keys have 4096 bits; these are quicker."""
        made = {}
        for name, (key, leaf, authority_key, authority, usage) in PAIRS.items():
            at = self.home / f"go-{name}"
            config = f"{at}.cnf"
            sides = {"server": "falcosidekick", "client": "falco"}
            tokens.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{at}-ca.key", "-out", f"{at}-ca.crt", "-sha384", "-days", "730",
                           "-subj", f"/CN=ca-falco-{sides[name]}-{self.space}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
            tokens.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{at}.key", "-out", f"{at}.csr", "-subj", f"/CN={SIDEKICK}")
            with open(config, "w") as file:
                file.write("keyUsage=critical,digitalSignature,keyEncipherment\n" f"extendedKeyUsage={usage}\n"
                           "subjectAltName=" + ",".join(f"DNS:{each}" for each in NAMES) + "\n")
            tokens.openssl("x509", "-req", "-in", f"{at}.csr", "-CA", f"{at}-ca.crt", "-CAkey", f"{at}-ca.key", "-CAcreateserial", "-days", "180",
                           "-sha384", "-extfile", config, "-out", f"{at}.crt")
            for name_of_key, file in ((key, f"{at}.key"), (authority_key, f"{at}-ca.key")):
                made[name_of_key] = tokens.openssl("rsa", "-traditional", "-in", file)
            made[leaf], made[authority] = (self.home / f"go-{name}.crt").read_bytes(), (self.home / f"go-{name}-ca.crt").read_bytes()
        return made

    def why_anew(self, data):
        """Why it would throw these certificates away, and every pod would roll; empty: it would keep them."""
        for name, (key, leaf, authority_key, authority, usage) in PAIRS.items():
            files = {each: self.home / f"judged-{each}" for each in (key, leaf, authority_key, authority)}
            for each, file in files.items():
                if each not in data:
                    return f"{each} is missing"
                if each.endswith(".key") and not data[each].startswith(b"-----BEGIN RSA PRIVATE KEY-----"):
                    return f"{each} is no PKCS#1 PEM"
                file.write_bytes(data[each])
            purpose = {"serverAuth": "sslserver", "clientAuth": "sslclient"}[usage]
            for one, of in ((key, leaf), (authority_key, authority)):
                if tokens.openssl("rsa", "-in", str(files[one]), "-pubout") != tokens.openssl("x509", "-in", str(files[of]), "-pubkey", "-noout"):
                    return f"{one} is not that of {of}"
            if subprocess.run(["openssl", "verify", "-purpose", purpose, "-CAfile", files[authority], files[leaf]], capture_output=True).returncode:
                return f"{leaf} is not of {authority}, or not for {usage}"
            said = tokens.openssl("x509", "-in", str(files[leaf]), "-noout", "-startdate", "-ext", "subjectAltName").decode()
            begun = datetime.datetime.strptime(said.split("notBefore=")[1].splitlines()[0], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=datetime.timezone.utc)
            if now() - begun >= RENEW_AFTER:
                return f"{leaf} is due"
            if [each.strip() for each in said.splitlines()[-1].replace("DNS:", "").split(",")] != NAMES:
                return f"{leaf} is of other names"
        return ""

    # --- objects -------------------------------------------------------------------------------

    def objects(self, certificates, token):
        """For the shoot, of a user who has chosen the destinations logging and central."""
        at = {"namespace": "kube-system"}
        labels = {"app.kubernetes.io/name": "falco", "app.kubernetes.io/instance": "falco", "app.kubernetes.io/version": "0.42.0",
                  "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "falco-0.0.2"}
        selector = {key: labels[key] for key in ("app.kubernetes.io/name", "app.kubernetes.io/instance")}
        of_sidekick = {**labels, "app.kubernetes.io/name": "falcosidekick"}
        select_sidekick = {**selector, "app.kubernetes.io/name": "falcosidekick"}
        allowed = {f"networking.gardener.cloud/{each}": "allowed" for each in ("to-dns", "to-public-networks", "from-falco", "from-seed")}

        def secret(name, data, labelled=labels):
            return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labelled, **at}, "data": encoded(data)}
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "falco", "labels": labels, **at},
                  "data": {"falco.yaml": yaml.safe_dump({"rules_files": ["/etc/falco/rules.d/falco_rules.yaml"], "http_output": {
                      "enabled": True, "url": f"https://{SIDEKICK}:2801", "mtls": True}})}}
        rules = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "falco-rules", **at}, "data": {"falco_rules.yaml": "[]\n"}}
        certs = secret("falco-certs", {"client.key": certificates["client.key"], "client.crt": certificates["client.crt"],
                                       "client.ca.crt": certificates["client-ca.crt"], "server.ca.crt": certificates["server-ca.cert"]})
        sidekick = secret("falcosidekick", {"config.yaml": yaml.safe_dump({"customfields": {"cluster_id": self.identity}, "loki": {
            "hostport": "https://v-a.i.example.com", "endpoint": "/vali/api/v1/push", "customheaders": {"Authorization": "Bearer SA_TOKEN"}}, "webhook": {
            "address": "https://ingest.example.com/ingestor/api/v1/push", "customheaders": {"Authorization": f"Bearer {token}"}}})}, of_sidekick)
        sidekick_certs = secret("falcosidekick-certs", {"server.key": certificates["server.key"], "server.crt": certificates["server.crt"],
                                                        "ca.crt": certificates["client-ca.crt"]}, of_sidekick)
        daemon_set = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "falco", "labels": labels, **at}, "spec": {
            "selector": {"matchLabels": selector}, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "20%"}},
            "template": {"metadata": {
                "labels": {**selector, "networking.gardener.cloud/to-dns": "allowed", "networking.gardener.cloud/to-falcosidekick": "allowed"},
                "annotations": {"checksum/config": checksum(config), "checksum/falcoRules": checksum(rules), "checksum/certs": checksum(certs)}},
                "spec": {"automountServiceAccountToken": False, "tolerations": [
                    {"key": "node.gardener.cloud/critical-components-not-ready", "operator": "Exists", "effect": "NoSchedule"}],
                    "containers": [self.falco_container()], "volumes": [
                        {"name": "certificates", "secret": {"secretName": "falco-certs"}}, {"name": "root-falco-fs", "emptyDir": {}},
                        *({"name": name, "hostPath": {"path": path}} for name, path in HOST_PATHS.items()),
                        {"name": "falco-yaml", "configMap": {"name": "falco"}},
                        {"name": "rules-volume", "projected": {"defaultMode": 0o644, "sources": [{"configMap": {"name": "falco-rules"}}]}}]}}}}
        deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "falcosidekick", "labels": of_sidekick, **at}, "spec": {
            "replicas": 2, "selector": {"matchLabels": select_sidekick}, "template": {
                "metadata": {"labels": {**select_sidekick, **allowed}, "annotations": {"checksum/config": checksum(sidekick)}},
                "spec": {"serviceAccountName": "gardener-falcosidekick", "containers": [{
                    "name": "falcosidekick", "image": "falcosecurity/falcosidekick:2.32.0", "args": ["--config-file=/etc/falcosidekick/config.yaml"]}]}}}}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "falcosidekick", "labels": of_sidekick, **at}, "spec": {
            "type": "ClusterIP", "selector": select_sidekick, "ports": [
                {"name": name, "port": port, "targetPort": name, "protocol": "TCP"} for name, port in (("http", 2801), ("http-notls", 2810))]}}
        policies = [{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                     "metadata": {"name": f"gardener.cloud--allow-to-falcosidekick{end}", **at},
                     "spec": {"podSelector": {"matchLabels": {f"networking.gardener.cloud/{whom}": "allowed"}}, "policyTypes": [way]}}
                    for end, whom, way in (("", "to-falcosidekick", "Egress"), ("-ingress", "from-falco", "Ingress"))]
        name = "extensions.gardener.cloud:shoot-falco-service:falcosidekick"
        rbac = "rbac.authorization.k8s.io"
        role = {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": name, "labels": {"app": "falcosidekick"}},
                "rules": [{"nonResourceURLs": ["/vali/api/v1/push"], "verbs": ["create"]}]}
        binding = {"apiVersion": f"{rbac}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name, "labels": {"app": "falcosidekick"}},
                   "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": name},
                   "subjects": [{"kind": "ServiceAccount", "name": "gardener-falcosidekick", "namespace": "kube-system"}]}
        return [config, rules, certs, daemon_set, sidekick, sidekick_certs, deployment, service, *policies, role, binding]

    @staticmethod
    def falco_container():
        def probe(delay):
            return {"httpGet": {"path": "/healthz", "port": 8765}, "initialDelaySeconds": delay, "timeoutSeconds": 5, "periodSeconds": 15}
        node = {"valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
        return {"name": "falco", "image": "falcosecurity/falco:0.42.1", "imagePullPolicy": "IfNotPresent", "args": ["/usr/bin/falco", "--unbuffered"],
                "securityContext": {"privileged": True}, "livenessProbe": probe(60), "readinessProbe": probe(30),
                "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "1024Mi"}},
                "env": [{"name": "FALCO_HOSTNAME", **node}, {"name": "FALCO_K8S_NODE_NAME", **node}, {"name": "FALCO_VERSION", "value": "0.42.1"},
                        {"name": "SKIP_DRIVER_LOADER", "value": "yes"}],
                "volumeMounts": [{"name": "certificates", "mountPath": "/etc/falco/certs"}, {"name": "root-falco-fs", "mountPath": "/root/.falco"},
                                 *({"name": name, "mountPath": "/sys/kernel" if name == "sys-fs" else f"/host{path}",
                                    **({} if name == "lib-modules" else {"readOnly": True})} for name, path in HOST_PATHS.items()),
                                 {"name": "falco-yaml", "mountPath": "/etc/falco/falco.yaml", "subPath": "falco.yaml"},
                                 {"name": "rules-volume", "mountPath": "/etc/falco/rules.d", "readOnly": True}]}

    def access(self):
        """What stands beside the control plane."""
        return [{"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {
            "name": "shoot-access-falcosidekick", "namespace": self.space,
            "labels": {"resources.gardener.cloud/class": "shoot", "resources.gardener.cloud/purpose": "token-requestor"},
            "annotations": {"serviceaccount.resources.gardener.cloud/name": "gardener-falcosidekick",
                            "serviceaccount.resources.gardener.cloud/namespace": "kube-system",
                            "serviceaccount.resources.gardener.cloud/token-expiration-duration": "720h",
                            "token-requestor.resources.gardener.cloud/target-secret-name": "gardener-falcosidekick",
                            "token-requestor.resources.gardener.cloud/target-secret-namespace": "kube-system"}}},
                {"apiVersion": "monitoring.coreos.com/v1alpha1", "kind": "ScrapeConfig", "metadata": {
                    "name": "shoot-falco", "namespace": self.space, "labels": {"prometheus": "shoot"}}, "spec": {
                    "scheme": "HTTPS", "tlsConfig": {"insecureSkipVerify": True}, "kubernetesSDConfigs": [
                        {"role": "Endpoints", "apiServer": "https://kube-apiserver", "namespaces": {"names": ["kube-system"]}}]}}]

    # --- what it writes ------------------------------------------------------------------------

    def put(self, place, made):
        """Creates it, or writes it over what is there: labels and annotations of others stay."""
        was = self.api.call("GET", f"{place}/{made['metadata']['name']}")
        if was is None:
            return self.api.call("POST", place, made)
        for what in ("labels", "annotations"):
            was["metadata"][what] = {**was["metadata"].get(what, {}), **made["metadata"].get(what, {})}
        return self.api.call("PUT", f"{place}/{made['metadata']['name']}", {**was, **{key: made[key] for key in made if key != "metadata"}})

    def deliver(self, name, objects, labels, **spec):
        """By Gardener's library: a Secret that is named after its content, and a ManagedResource that refers to it."""
        text = yaml.safe_dump_all(objects)
        secret = f"managedresource-{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        if self.api.call("GET", f"{self.secrets}/{secret}") is None:
            self.api.call("POST", self.secrets, {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": True, "metadata": {
                "name": secret, "namespace": self.space, "labels": {"resources.gardener.cloud/garbage-collectable-reference": "true"}},
                "data": encoded({"config.yaml": text})})
        reference = f"reference.resources.gardener.cloud/secret-{hashlib.sha256(secret.encode()).hexdigest()[:8]}"
        self.put(f"/apis/resources.gardener.cloud/v1alpha1/namespaces/{self.space}/managedresources", {
            "apiVersion": "resources.gardener.cloud/v1alpha1", "kind": "ManagedResource",
            "metadata": {"name": name, "namespace": self.space, "labels": labels, "annotations": {reference: secret}},
            "spec": {"secretRefs": [{"name": secret}], "keepObjects": False, **spec}})

    def reconcile(self, extension):
        """All that one does; `extension`: the path of the object. True: it has kept the certificates that were there."""
        self.api.call("PATCH", extension, {"metadata": {"finalizers": [FINALIZER], "annotations": {"gardener.cloud/operation": None}}})
        there = self.api.call("GET", f"{self.secrets}/{CERTIFICATES}")
        anew = self.why_anew(decoded(there)) if there else "there are none"
        certificates = decoded(there) if not anew else self.make_certificates()
        self.put(self.secrets, {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": CERTIFICATES, "namespace": self.space},
                                "data": encoded({key: certificates[key] for pair in PAIRS.values() for key in pair[:4]})})
        # Another token each time: so its Falcosidekick rolls each time.
        token = tokens.token(self.key, self.identity)
        self.deliver("extension-shoot-falco-service-shoot", self.objects(certificates, token), {"origin": "extension-shoot-falco-service"},
                     injectLabels={"shoot.gardener.cloud/no-cleanup": "true"})
        self.deliver("extension-shoot-falco-service-seed", self.access(), {}, **{"class": "seed"})
        generation = self.api.call("GET", extension)["metadata"]["generation"]
        self.api.call("PATCH", f"{extension}/status", {"status": {
            "observedGeneration": generation, "lastError": None, "lastOperation": {
                "type": "Reconcile", "state": "Succeeded", "progress": 100, "lastUpdateTime": stamp(now()),
                "description": "Successfully reconciled Extension"}}})
        return not anew

    # --- who leads -----------------------------------------------------------------------------

    def lead(self, namespace):
        """Takes the Lease, or says once more that it has it."""
        at = now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self.put(f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases", {
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": LEASE, "namespace": namespace},
            "spec": {"holderIdentity": self.me, "leaseDurationSeconds": 15, "acquireTime": at, "renewTime": at, "leaseTransitions": 1}})

    def let_go(self, namespace):
        """As it ends: scaled down."""
        self.api.call("PATCH", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{LEASE}", {
            "spec": {"holderIdentity": "", "leaseDurationSeconds": 1}})
