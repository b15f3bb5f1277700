"""The charts' values that tests look at: as Gardener gives them, with everything, with as little as possible."""

import functools
import json
import subprocess
import tempfile

import yaml

import charts
from charts import ADMISSION_APPLICATION, ADMISSION_RUNTIME, CONTROLLER, DASHBOARDS, EVENTS, merged
from testbed import FALCONER, ROOT

SPACE = "extension-my-seed"
EXAMPLES = ROOT / "config/examples"
STORE_VALUES = yaml.safe_load((EXAMPLES / "falconer-values.yaml").read_text())
# What several charts have, each value another than its default.
IMAGE = {"image": {"repository": "mirror.example.com/falconer", "tag": "1.2.3", "pullPolicy": "Always"}}
SIZES = {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}}
VPA = {"vpa": {"enabled": True, "resourcePolicy": {"minAllowed": {"memory": "99Mi"}}, "updatePolicy": {"updateMode": "Initial"}}}
LOGGING = {"logging": {"level": "debug", "format": "text"}}
HPA = {"autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 9, "targetCPUUtilizationPercentage": 55}}
AUTHORITY, CLIENT = (f"-----BEGIN CERTIFICATE-----\n{each}\n-----END CERTIFICATE-----\n" for each in ("AAAA", "BBBB"))  # texts to be found again
OURS_IN_GARDENER = {"enabled": True, "url": "https://ingest.example.com/v1/events"}
INGESTORS = ["https://ingest.example.com"]
LABELS = {"podLabels": {"a": "b"}, "podAnnotations": {"c": "d"}}

# chart → name → (namespace, values): each is linted, rendered, and taken by the server.
CASES = {
    CONTROLLER: {
        "on a seed": (SPACE, charts.GARDENLET),
        "on the runtime cluster": (SPACE, merged(charts.OPERATOR_RUNTIME, {"falcoProfiles": {
            "falco": yaml.safe_load((EXAMPLES / "profile.yaml").read_text())["spec"]}})),
        "with everything": (SPACE, merged(charts.GARDENLET, IMAGE, SIZES, VPA, LOGGING, LABELS, {
            "ignoreResources": True, "extensionPriorityClassName": "gardener-garden-system-200", "cache": {"sizeLimit": "1Gi"}, "usablePorts": [20001, 20002, 20003, 20004, 20005],
            "rules": {"directory": "/etc/falconer/rules", "volume": {"configMap": {
                "name": "rules", "items": [{"key": "falco_rules.yaml", "path": "5.1.0/falco_rules.yaml"}]}}},
            "imageVectorOverwrite": "images:\n- name: falconer\n  repository: mirror.example.com/falconer\n  tag: sha256:" + "0" * 64 + "\n",
            "falco": {"priorityClassName": "", "centralStorage": {**OURS_IN_GARDENER, "tokenIssuerPrivateKey": "KEY"}},
            "peers": {"ingestors": INGESTORS, "audience": "our-peers", "tls": {
                "ca": AUTHORITY, "serverName": "ingest.falco.example.com", "certificate": CLIENT, "key": "KEY"}},
            "heartbeat": {"secret": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldCE="}, "controller": {"resync": "30m"}})),
        "with Secrets of others": (SPACE, merged(charts.GARDENLET, {
            "falco": {"centralStorage": OURS_IN_GARDENER}, "peers": {"ingestors": INGESTORS},
            "existingSecrets": {"centralStorage": "tokens", "clusterIdentityToken": "identity-tokens", "peersClient": "peers-client", "heartbeat": "heartbeats"}})),
        "by default": (SPACE, {}),
        "bare": (SPACE, {"replicaCount": 1, "vpa": {"enabled": False}, "monitoring": {"enabled": False}, "metrics": {"enableScraping": False, "port": 9080},
                         "health": {"port": 9081}}),
    },
    ADMISSION_RUNTIME: {
        "by the operator": ("garden", charts.OPERATOR_ADMISSION_RUNTIME),
        "in one cluster": ("garden", merged(HPA, IMAGE, SIZES, VPA, LABELS, {
            "service": {"topologyAwareRouting": {"enabled": True}}, "restrictedUsage": True, "restrictedCentralizedLogging": False, "otlpLogging": True,
            "metricsPort": 9080, "healthPort": 9081, "webhookConfig": {"serverPort": 9443}, "cache": {"sizeLimit": "1Gi"}, "config": LOGGING})),
        "by default": ("garden", {}),
        "bare": ("garden", {"replicaCount": 1, "vpa": {"enabled": False}, "monitoring": {"enabled": False}, "rules": {"directory": ""}}),
        "with a kubeconfig": ("garden", {"kubeconfig": "apiVersion: v1\nkind: Config\n"}),
        "with rules": ("garden", {
            "rules": {"directory": "/var/lib/falconer/rules", "volume": {"configMap": {
                "name": "rules", "items": [{"key": "falco_rules.yaml", "path": "5.1.0/falco_rules.yaml"}]}}},
            "config": {"admission": {"rulesSource": {"from": "https://ghcr.io/falcosecurity/rules", "cache": "/var/cache/falconer/rules"}}}}),
        "with Gardener's Secrets": ("garden", {"projectedKubeconfig": {"genericKubeconfigSecretName": "generic", "tokenSecretName": "token"}}),
    },
    ADMISSION_APPLICATION: {
        "by the operator": ("extension-x", charts.OPERATOR_ADMISSION_VIRTUAL),
        "in one cluster": ("garden", {"falcoProfiles": {"readableByUsers": False, "controllerRegistration": "falconer"}, "readConfigMaps": False}),
        "by default": ("garden", {}),
        "with everything": ("extension-x", merged(charts.OPERATOR_ADMISSION_VIRTUAL, {"console": {"enabled": True}})),
        "beside the definition": ("garden", {"falcoProfiles": {"install": False}, "console": {"enabled": True}}),
    },
    EVENTS: {
        "by the example": ("falconer", STORE_VALUES),
        "with everything": ("falconer", merged(STORE_VALUES, IMAGE, VPA, LOGGING, {
            "imagePullSecrets": [{"name": "registry"}], "priorityClassName": "gardener-system-900", "metricsPort": 9080, "healthPort": 9081,
            "monitoring": {"enabled": True, "labels": {"prometheus": "x"}}, "heartbeatSecret": "falconer-heartbeat",
            "peers": {"answer": False, "audience": "our-peers"},
            "alerts": {"config": {"defaultReceivers": ["on-call"], "receivers": [
                {"name": "on-call", "webhook": {"url": "https://hooks.example.com:8443", "secretFile": "/etc/falconer/receivers/key"}}]},
                "filesSecret": "falconer-receivers", "ports": [8443]},
            "networkPolicy": {"metricsFrom": [{"podSelector": {}}], "gardenPorts": [8443]},
            "store": {"config": {"database": "events", "user": "w", "migrateAtStart": False, "reader": {"user": "r"}, "migrator": {"user": "m"}},
                      "archive": {"command": "put \"$FALCONER_OBJECT\"", "environmentSecret": "bucket", "ports": [9000]}},
            "console": merged(HPA, SIZES, LABELS, {
                "enabled": True, "config": {"sessionLife": "8h", "oidc": {"issuer": "https://login.example.com", "clientID": "falconer"}}, "port": 9443, "tlsSecret": "falconer-tls", "terminationGracePeriodSeconds": 200,
                "gardenKubeconfigSecret": "garden", "sessionKeySecret": "session", "oidcSecret": "client", "filesSecret": "falconer-console-files",
                "ingress": {"enabled": True, "className": "nginx", "host": "falco.example.com", "tlsSecret": "tls", "annotations": {"e": "f"}},
                "service": {"type": "LoadBalancer", "port": 8443, "annotations": {"g": "h"}}}),
            "ingestor": merged(HPA, SIZES, LABELS, {
                "keys": "KEYS", "keysConfigMap": "", "clientCASecret": "clients", "spool": {"size": "20Gi", "storageClassName": "fast"}, "terminationGracePeriodSeconds": 200,
                "ingress": {"enabled": True, "className": "nginx", "host": "ingest.example.com", "tlsSecret": "tls", "annotations": {"e": "f"}},
                "service": {"type": "LoadBalancer", "port": 3201, "annotations": {"g": "h"}}})})),
        "the console alone": ("falconer", merged(STORE_VALUES, {
            "ingestor": {"enabled": False}, "console": {"replicaCount": 1, "sessionKeySecret": ""}, "monitoring": {"enabled": True}})),
        "the ingestor alone": ("falconer", merged(STORE_VALUES, {"console": {"enabled": False, "tlsSecret": ""}, "store": {"archive": {"claim": "falconer-archive"}}})),
        "bare": ("falconer", {"store": {"config": {"hosts": ["db.example.com"]}}, "networkPolicy": {"enabled": False}, "ingestor": {
            "keysConfigMap": "keys", "replicaCount": 1, "autoscaling": {"enabled": False}}}),
    },
    DASHBOARDS: {
        "by default": ("garden", {}),
        "with everything": ("garden", {"labels": {"grafana_dashboard": "yes", "dashboard.monitoring.gardener.cloud/garden": "no"},
                                       "annotations": {"grafana_folder": "Falconer"}}),
    },
}


@functools.cache
def keys():
    """A private key, and the keys file of its public half."""
    def falconer(*arguments):
        return subprocess.run([FALCONER, "token", *arguments], capture_output=True, text=True, check=True).stdout
    with tempfile.NamedTemporaryFile("w", prefix="falconer-key.") as file:
        private = falconer("keygen")
        file.write(private)
        file.flush()
        return private, falconer("keys", "--key", file.name)


def values_of(chart, name):
    """Namespace and values of a case, with real keys where CASES has KEY and KEYS."""
    space, values = CASES[chart][name]
    private, public = keys()
    return space, json.loads(json.dumps(values).replace('"KEY"', json.dumps(private)).replace('"KEYS"', json.dumps(public)))


def rendered(chart, name):
    space, values = values_of(chart, name)
    return charts.render(chart, values, namespace=space)


def in_each_case(test, judge):
    """judge(chart, its objects, the case's name): every one is heard, whatever the others say."""
    for chart, cases in CASES.items():
        for name in cases:
            with test.subTest(chart=chart, case=name):
                judge(chart, rendered(chart, name), name)
