"""How many replicas there are to be, as rows like those of odd_calls.py: the part `scale` of workloads and of custom types that have one."""

from api_calls import CRDS, MAPS, MERGE, PATCH, Call, thing_definition
from finer_calls import STRATEGIC

APPS = "/apis/apps/v1/namespaces/compared"
DEPLOYMENT, STATEFUL, REPLICAS = f"{APPS}/deployments/scaled", f"{APPS}/statefulsets/scaled", f"{APPS}/replicasets/scaled"
SCALEDS = "/apis/compared.example.com/v1/namespaces/compared/scaleds"
ONE = f"{SCALEDS}/one"
THE_WORKLOAD = "a workload"  # whose defaults are not played
WHERE = {"/apis/apps/v1": ("deployments", "statefulsets", "replicasets"), "/apis/compared.example.com/v1": ("scaleds",)}

SELECTOR = {"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": [
    {"key": "c", "operator": "In", "values": ["y", "x"]}, {"key": "a2", "operator": "Exists"}, {"key": "d", "operator": "DoesNotExist"},
    {"key": "e", "operator": "NotIn", "values": ["q"]}]}
LABELS = {"a": "1", "b": "2", "c": "x", "a2": "", "e": "r"}


def workload(kind, selector, replicas=2, **more):
    pod = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "img:1"}]}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "scaled", "namespace": "compared"},
            "spec": {"replicas": replicas, "selector": selector, "template": pod, **more}}


def scale(name="scaled", replicas=None, **metadata):
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": name, "namespace": "compared", **metadata},
            "spec": {} if replicas is None else {"replicas": replicas}}


def scaled_definition(**paths):
    made = thing_definition("scaleds.compared.example.com")
    made["spec"]["names"] = {"plural": "scaleds", "singular": "scaled", "kind": "Scaled", "listKind": "ScaledList"}
    of = {"type": "object", "properties": {"replicas": {"type": "integer", "maximum": 9}, "selector": {"type": "string"}}}
    version = made["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"] = {"type": "object", "properties": {"spec": of, "status": of}}
    version["subresources"]["scale"] = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector", **paths}
    return made


def broken_definition(**paths):
    made = scaled_definition(**paths)
    made["metadata"]["name"] = "brokens.compared.example.com"
    made["spec"]["names"] = {"plural": "brokens", "singular": "broken", "kind": "Broken", "listKind": "BrokenList"}
    return made


def scaled(name, **spec):
    return {"apiVersion": "compared.example.com/v1", "kind": "Scaled", "metadata": {"name": name, "namespace": "compared"}, "spec": spec}


def of(place, name, what):
    """Each way to ask one object."""
    return [
        Call(f"the scale of {what}", "GET", f"{place}/scale", keep={"SEEN": "metadata.resourceVersion", "WHO": "metadata.uid"}),
        Call(f"merge patch the scale of {what}", "PATCH", f"{place}/scale", {"spec": {"replicas": 5}}, MERGE),
        Call("… again, which changes nothing", "PATCH", f"{place}/scale", {"spec": {"replicas": 5}}, MERGE),
        Call(f"JSON patch the scale of {what}", "PATCH", f"{place}/scale", [{"op": "replace", "path": "/spec/replicas", "value": 6}], PATCH),
        Call("… with a test that fails", "PATCH", f"{place}/scale", [{"op": "test", "path": "/spec/replicas", "value": 1}], PATCH),
        Call(f"strategic merge patch the scale of {what}", "PATCH", f"{place}/scale", {"spec": {"replicas": 7}}, STRATEGIC),
        Call("… of an old version", "PATCH", f"{place}/scale", {"metadata": {"resourceVersion": "$SEEN"}, "spec": {"replicas": 1}}, MERGE),
        Call("… with a dry run", "PATCH", f"{place}/scale?dryRun=All", {"spec": {"replicas": 3}}, MERGE),
        Call("… which changed nothing", "GET", f"{place}/scale"),
        Call(f"update the scale of {what}", "PUT", f"{place}/scale", scale(name, 4)),
        Call("… of an old version", "PUT", f"{place}/scale", scale(name, 4, resourceVersion="$SEEN")),
        Call("… of the same one", "PUT", f"{place}/scale", scale(name, 3, uid="$WHO")),
        Call("… of another one", "PUT", f"{place}/scale", scale(name, 3, uid="0a1b2c3d-0000-1111-2222-333344445555")),
        Call("… with another name inside", "PUT", f"{place}/scale", scale("other", 3)),
        Call("… without a name", "PUT", f"{place}/scale", {**scale(name, 3), "metadata": {}}),
        Call("… to fewer than none", "PUT", f"{place}/scale", scale(name, -1)),
        Call("… to more than can be", "PUT", f"{place}/scale", scale(name, 2**31)),
        Call("… to a word", "PUT", f"{place}/scale", scale(name, "3")),
        Call("… to a fraction", "PUT", f"{place}/scale", scale(name, 1.5)),
        Call("… from no JSON", "PUT", f"{place}/scale", raw=b"{"),
        Call("… with a dry run of some", "PUT", f"{place}/scale?dryRun=Some", scale(name, 3)),
        Call("patch it to fewer than none", "PATCH", f"{place}/scale", {"spec": {"replicas": -2}}, MERGE),
        Call("… to none", "PATCH", f"{place}/scale", {"spec": {"replicas": 0}}, MERGE),
        Call("… which is seen", "GET", f"{place}/scale"),
        Call("… to nothing said", "PATCH", f"{place}/scale", {"spec": {"replicas": None}}, MERGE),
        Call("update it with nothing said", "PUT", f"{place}/scale", scale(name)),
        Call("a patch of an unknown kind", "PATCH", f"{place}/scale", {}, "application/unknown-patch"),
        Call(f"make a scale of {what}", "POST", f"{place}/scale", scale(name, 1)),
        Call("delete it", "DELETE", f"{place}/scale"),
        Call("the scale of what is not there", "GET", place.rsplit("/", 1)[0] + "/nothing/scale"),
        Call("patch the scale of what is not there", "PATCH", place.rsplit("/", 1)[0] + "/nothing/scale", {"spec": {"replicas": 1}}, MERGE),
        Call("update the scale of what is not there", "PUT", place.rsplit("/", 1)[0] + "/nothing/scale", scale("nothing", 1)),
    ]


SCALES = [
    Call(THE_WORKLOAD, "POST", f"{APPS}/deployments", workload("Deployment", SELECTOR)),
    Call(THE_WORKLOAD, "POST", f"{APPS}/statefulsets", workload("StatefulSet", {"matchLabels": {"a": "1"}}, serviceName="x")),
    Call(THE_WORKLOAD, "POST", f"{APPS}/replicasets", workload("ReplicaSet", {"matchLabels": {"b": "2"}}, 1)),
    *of(DEPLOYMENT, "scaled", "a Deployment"),
    *of(STATEFUL, "scaled", "a StatefulSet"),
    Call("the scale of a ReplicaSet", "GET", f"{REPLICAS}/scale"),
    Call("scale it", "PATCH", f"{REPLICAS}/scale", {"spec": {"replicas": 3}}, MERGE),
    Call("the scale of what has none", "GET", f"{MAPS}/nothing/scale"),
    Call("… of a DaemonSet", "GET", f"{APPS}/daemonsets/nothing/scale"),
    Call("a type with a scale", "POST", CRDS, scaled_definition()),
    Call("one of it", "POST", SCALEDS, scaled("one", replicas=2)),
    *of(ONE, "one", "a custom object"),
    Call("its status", "PATCH", f"{ONE}/status", {"status": {"replicas": 1, "selector": "a=b"}}, MERGE),
    Call("… is in its scale", "GET", f"{ONE}/scale"),
    Call("more than its schema allows", "PATCH", f"{ONE}/scale", {"spec": {"replicas": 10}}, MERGE),
    Call("one that says no number", "POST", SCALEDS, scaled("none")),
    Call("… has no scale", "GET", f"{SCALEDS}/none/scale"),
    Call("… that could be patched", "PATCH", f"{SCALEDS}/none/scale", {"metadata": {}}, MERGE),
    Call("… but with a number", "PATCH", f"{SCALEDS}/none/scale", {"spec": {"replicas": 1}}, MERGE),
    Call("what was made of it all", "GET", ONE),
    Call("a type whose numbers are elsewhere", "POST", CRDS, broken_definition(specReplicasPath=".status.replicas")),
    Call("… nowhere", "POST", CRDS, broken_definition(specReplicasPath="")),
    Call("… counted elsewhere", "POST", CRDS, broken_definition(statusReplicasPath=".spec.replicas")),
    Call("… selected elsewhere", "POST", CRDS, broken_definition(labelSelectorPath=".metadata.name")),
]
