"""Falconer's charts, rendered by a real Helm that is built from its Go module."""

import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile

import yaml

from kubernetes import ROOT, build

CHARTS = ROOT / "charts"
CONTROLLER = "gardener-extension-shoot-falco-service"
ADMISSION_RUNTIME = "gardener-extension-admission-shoot-falco-service-runtime"
ADMISSION_APPLICATION = "gardener-extension-admission-shoot-falco-service-application"
EVENTS = "falconer"
DASHBOARDS = "falconer-dashboards"
RELEASE = "extension-shoot-falco-service"  # as gardenlet and gardener-operator call it

# What Gardener adds to a chart's values.
# Source: gardener/gardener, pkg/gardenlet/controller/controllerinstallation/controllerinstallation/reconciler.go,
# pkg/operator/controller/extension/extension/{runtime/runtime.go,admission/admission.go}.
GARDENLET = {"gardener": {
    "version": "v1.149.0",
    "garden": {"clusterIdentity": "garden-1", "genericKubeconfigSecretName": "generic-garden-kubeconfig-0a1b2c3d"},
    "gardenlet": {"featureGates": {"DefaultSeccompProfile": True}},
    "seed": {"name": "my-seed", "clusterIdentity": "seed-1", "annotations": {}, "labels": {"seed.gardener.cloud/region": "eu"},
             "provider": "local", "region": "eu", "volumeProvider": "", "volumeProviders": [], "ingressDomain": "seed.example.com",
             "protected": False, "visible": True, "taints": None, "networks": {"pods": "10.1.0.0/16"}, "blockCIDRs": None, "spec": {}}}}
OPERATOR_RUNTIME = {"gardener": {"runtimeCluster": {"enabled": "true", "priorityClassName": "gardener-garden-system-200"}}}
OPERATOR_ADMISSION_RUNTIME = {"gardener": {
    "runtimeCluster": {"priorityClassName": "gardener-garden-system-400"},
    "virtualCluster": {"enabled": True, "namespace": "extension-extension-shoot-falco-service"}}}
OPERATOR_ADMISSION_VIRTUAL = {"gardener": {"virtualCluster": {"enabled": True, "serviceAccount": {
    "name": "extension-admission-extension-shoot-falco-service", "namespace": "kube-system"}}}}


@functools.cache
def helm_program():
    return build("helm", "helm.sh/helm/v3/cmd/helm")


def helm(*arguments, values=None):
    """Runs Helm, which leaves nothing in anybody's home. `values`: given as a file."""
    with tempfile.TemporaryDirectory(prefix="falconer-helm.") as home:
        if values is not None:
            file = pathlib.Path(home) / "values.json"
            file.write_text(json.dumps(values))
            arguments = (*arguments, "--values", file)
        places = {f"HELM_{each}_HOME": f"{home}/{each}" for each in ("CACHE", "CONFIG", "DATA")}
        return subprocess.run([helm_program(), *arguments], capture_output=True, text=True, env={**os.environ, **places})


@functools.cache
def _template(chart, values, namespace, release):
    done = helm("template", release, CHARTS / chart, "--namespace", namespace, values=json.loads(values))
    assert done.returncode == 0, done.stderr
    return done.stdout


def render(chart, values=None, namespace="garden", release=RELEASE):
    """The chart's objects, as `helm template` makes them: no hooks, no look at a cluster. Raises with Helm's sentence."""
    text = _template(chart, json.dumps(values or {}), namespace, release)
    return [each for each in yaml.load_all(text, yaml.CSafeLoader) if each]


def merged(*all_values):
    """Values over values, as Helm merges them."""
    made = {}
    for values in all_values:
        for key, value in values.items():
            is_mapping = isinstance(value, dict) and isinstance(made.get(key), dict)
            made[key] = merged(made[key], value) if is_mapping else value
    return made


def defaults(chart):
    return yaml.safe_load((CHARTS / chart / "values.yaml").read_text())


def leaves(values, path=()):
    """(path, value) of all that is no mapping with something in it."""
    if not isinstance(values, dict) or not values:
        yield path, values
        return
    for key, value in values.items():
        yield from leaves(value, (*path, key))


def value_at(values, path):
    for key in path:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def with_value(values, path, value):
    """A copy in which this one is another."""
    if not path:
        return value
    return {**values, path[0]: with_value(values.get(path[0], {}), path[1:], value)}


def one(objects, kind, name=None):
    """The only object of a kind, or that of a name."""
    found = [each for each in objects if each["kind"] == kind and name in (None, each["metadata"]["name"])]
    assert len(found) == 1, f"{len(found)} of {kind} {name or ''}"
    return found[0]


def workloads(objects):
    return [each for each in objects if each["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job")]


def pod_of(workload):
    return workload["spec"]["template"]


def mounted_files(workload, objects, others=None):
    """What its container finds on the disk: path → text, of the ConfigMaps and Secrets among `objects`, and of `others`:
    (kind, name) → {key: text}."""
    contents = dict(others or {})
    for each in objects:
        if each["kind"] in ("ConfigMap", "Secret"):
            contents[each["kind"], each["metadata"]["name"]] = {**each.get("data", {}), **each.get("stringData", {})}
    pod = pod_of(workload)["spec"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    files = {}
    for mount in pod["containers"][0]["volumeMounts"]:
        volume = volumes.get(mount["name"], {})
        for part in volume.get("projected", {}).get("sources", [volume]):
            if "configMap" in part:
                source, held = part["configMap"], contents["ConfigMap", part["configMap"]["name"]]
            elif "secret" in part:
                source, held = part["secret"], contents["Secret", part["secret"].get("secretName") or part["secret"]["name"]]
            else:
                continue
            if "items" in source:
                held = {each["path"]: held[each["key"]] for each in source["items"]}
            if "subPath" in mount:
                files[mount["mountPath"]] = held[mount["subPath"]]
            else:
                files.update({f"{mount['mountPath']}/{name}": text for name, text in held.items()})
    return files


def lay_out(workload, objects, root, others=None):
    """Writes what its container finds on the disk into the folder `root`, which stands for `/`: paths in configurations and arguments
    are led there. Returns the arguments and the environment that the container is started with; `others` as above."""
    def led(text):
        return re.sub(r"(?<![\w.])/(etc|var)/", rf"{root}/\1/", text)
    files = mounted_files(workload, objects, others)
    for mount in pod_of(workload)["spec"]["containers"][0]["volumeMounts"]:
        if mount["mountPath"] not in files:
            (pathlib.Path(root) / mount["mountPath"].lstrip("/")).mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        file = pathlib.Path(root) / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(led(text) if text.startswith("apiVersion: falco.extensions.config") else text)
    container = pod_of(workload)["spec"]["containers"][0]
    around = {}
    for each in container.get("env", []):
        # The only thing of a pod that ours are told.
        is_told = each.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath") == "metadata.namespace"
        around[each["name"]] = workload["metadata"]["namespace"] if is_told else led(each["value"])
    return [led(each) for each in container["args"]], around
