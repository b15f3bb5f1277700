"""A small stand-in for Gardener's resource manager on real API servers, as it is seen from outside (Gardener's contract, §2.3–2.5).

    python3 tests/peers/resource_manager.py SOURCE TARGET [--class CLASS] [--namespace NAMESPACE]      (kubeconfigs)

Each object goes to the target by server-side apply with strict validation: what the server does not know is an error that the
ManagedResource tells. What no longer is among them is deleted, the finalizer is kept until all is gone, conditions are reported.
Not played: merging with foreign fields, equivalences, tokens for shoot-access Secrets, the collection of garbage, health of
anything but DaemonSets and Deployments. The sandbox has its own, on its own store (src/sandbox/gardener/resource_manager.cpp); life_cycle_test
compares the two."""

import argparse
import base64
import copy
import datetime
import subprocess
import sys
import time

import yaml

from kube_http import Api

GROUP = "/apis/resources.gardener.cloud/v1alpha1"
WORKLOADS = ("DaemonSet", "Deployment")


def objects_in(secret):
    """The documents of all its keys."""
    found = []
    for name, packed in sorted(secret["data"].items()):
        text = base64.b64decode(packed)
        if name.endswith(".br"):
            text = subprocess.run(["brotli", "--decompress", "--stdout"], input=text, capture_output=True, check=True).stdout
        found += [each for each in yaml.load_all(text, yaml.CSafeLoader) if each]
    return found


def labelled(made, labels):
    """A copy with these labels, also on the pods that come of it."""
    made = copy.deepcopy(made)
    places = [made, made.get("spec", {}).get("template") if made["kind"] in WORKLOADS else None]
    for place in filter(None, places):
        place.setdefault("metadata", {}).setdefault("labels", {}).update(labels)
    return made


def reference_to(made):
    about = {"apiVersion": made["apiVersion"], "kind": made["kind"], "name": made["metadata"]["name"]}
    return {**about, **({"namespace": made["metadata"]["namespace"]} if "namespace" in made["metadata"] else {})}


def trouble_of(workload):
    """Why a DaemonSet or Deployment is not healthy; empty: it is. Source: gardener, pkg/utils/kubernetes/health."""
    status = workload.get("status", {})
    if status.get("observedGeneration", 0) < workload["metadata"]["generation"]:
        return "observed generation outdated"
    if workload["kind"] == "DaemonSet":
        missing = status.get("desiredNumberScheduled", 0) - status.get("numberReady", 0)
        return f"{missing} pods are not ready" if missing > 0 else ""
    available = [each["status"] for each in status.get("conditions", []) if each["type"] == "Available"]
    return "" if available == ["True"] else "condition Available is not True"


class Unreadable(Exception):
    pass


class ResourceManager:
    def __init__(self, source, target, resource_class, namespace):
        self.source, self.target, self.of_class = source, target, resource_class
        self.all = GROUP + (f"/namespaces/{namespace}" if namespace else "") + "/managedresources"
        self.finalizer = "resources.gardener.cloud/gardener-resource-manager" + (f"-{resource_class}" if resource_class else "")

    def look(self):
        for each in self.source.call("GET", self.all)["items"]:
            if each["spec"].get("class", "") != self.of_class:
                continue
            try:
                if "deletionTimestamp" in each["metadata"]:
                    self.end(each)
                else:
                    self.carry_out(each)
            except AssertionError as why:
                # Changed or gone meanwhile, or refused: it is seen again.
                print(f"{each['metadata']['name']}: {why}", flush=True)

    def path_of(self, resource):
        return f"{GROUP}/namespaces/{resource['metadata']['namespace']}/managedresources/{resource['metadata']['name']}"

    # --- apply ---------------------------------------------------------------------------------

    def carry_out(self, resource):
        finalizers = resource["metadata"].get("finalizers", [])
        if self.finalizer not in finalizers:
            patch = {"metadata": {"finalizers": [*finalizers, self.finalizer], "resourceVersion": resource["metadata"]["resourceVersion"]}}
            resource = self.source.call("PATCH", self.path_of(resource), patch)
        status = resource.get("status", {})
        applied = next((each for each in status.get("conditions", []) if each["type"] == "ResourcesApplied"), {})
        is_done = status.get("observedGeneration") == resource["metadata"]["generation"] and applied.get("status") == "True"
        if is_done:
            return self.tell(resource, status["resources"], "ApplySucceeded", "")
        before, listed, wrong, reason = status.get("resources", []), [], "", "ApplySucceeded"
        try:
            for each in self.objects_of(resource):
                labels = {**resource["spec"].get("injectLabels", {}), "resources.gardener.cloud/managed-by": "gardener"}
                self.target.apply(labelled(each, labels))
                listed.append(reference_to(each))
            for each in before:
                if each not in listed:
                    self.remove(each)
        except Unreadable as why:
            reason, wrong = "CannotReadSecret", str(why)
        except AssertionError as why:
            reason, wrong = "ApplyFailed", f"error during apply: {why}"
        self.tell(resource, before if wrong else listed, reason, wrong)
        if wrong:
            print(f"{resource['metadata']['name']}: {reason}: {wrong}", flush=True)

    def objects_of(self, resource):
        found = []
        for ref in resource["spec"]["secretRefs"]:
            secret = self.source.call("GET", f"/api/v1/namespaces/{resource['metadata']['namespace']}/secrets/{ref['name']}")
            if secret is None:
                raise Unreadable(f"Secret {ref['name']} is not there")
            found += objects_in(secret)
        return found

    def tell(self, resource, listed, reason, wrong):
        unwell = "" if wrong else self.unwell(listed)
        good = "False" if wrong else "True"
        conditions = [self.condition(resource, "ResourcesApplied", good, reason, wrong or "All resources are applied."),
                      self.condition(resource, "ResourcesHealthy", *(("Unknown", "ChecksPending", wrong) if wrong else
                                     ("False", "DaemonSetUnhealthy", unwell) if unwell else ("True", "ResourcesHealthy", "All resources are healthy."))),
                      self.condition(resource, "ResourcesProgressing", "False", "ResourcesRolledOut", "All resources have been fully rolled out.")]
        said = {"observedGeneration": resource["metadata"]["generation"], "conditions": conditions, "resources": listed}
        if said != resource.get("status"):
            self.source.call("PATCH", self.path_of(resource) + "/status",
                             {"metadata": {"resourceVersion": resource["metadata"]["resourceVersion"]}, "status": said})

    @staticmethod
    def condition(resource, kind, status, reason, message):
        """As it was, if nothing has changed."""
        said = {"type": kind, "status": status, "reason": reason, "message": message}
        for each in resource.get("status", {}).get("conditions", []):
            if said.items() <= each.items():
                return each
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {**said, "lastTransitionTime": now, "lastUpdateTime": now}

    def unwell(self, listed):
        for each in listed:
            if each["kind"] in WORKLOADS:
                workload = self.target.call("GET", self.place_of(each))
                trouble = trouble_of(workload) if workload else "it is not there"
                if trouble:
                    return f"{each['kind']} {each['namespace']}/{each['name']} is unhealthy: {trouble}"
        return ""

    # --- delete --------------------------------------------------------------------------------

    def place_of(self, reference):
        return f"{self.target.path_of(reference)}/{reference['name']}"

    def remove(self, reference):
        """True: it has gone."""
        there = self.target.call("GET", self.place_of(reference))
        if there is None:
            return True
        if "deletionTimestamp" not in there["metadata"]:
            then = "Foreground" if reference["kind"] in WORKLOADS else "Background"
            self.target.call("DELETE", self.place_of(reference), {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": then})
        return self.target.call("GET", self.place_of(reference)) is None

    def end(self, resource):
        finalizers = resource["metadata"].get("finalizers", [])
        if self.finalizer not in finalizers:
            return
        if not resource["spec"].get("keepObjects") and not all([self.remove(each) for each in resource.get("status", {}).get("resources", [])]):
            return
        patch = {"metadata": {"finalizers": [each for each in finalizers if each != self.finalizer],
                              "resourceVersion": resource["metadata"]["resourceVersion"]}}
        self.source.call("PATCH", self.path_of(resource), patch)


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--class", dest="resource_class", default="")
    parser.add_argument("--namespace", default="")
    asked = parser.parse_args(arguments)
    manager = ResourceManager(Api(asked.source), Api(asked.target), asked.resource_class, asked.namespace)
    while True:
        manager.look()
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1:])
