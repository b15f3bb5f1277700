"""Requests that nobody should make, as rows: of the wrong shape, to the wrong place, with options that cannot be. What a real kube-apiserver
says to them the sandbox says, too; asked by sandbox_calls_test.py, in this order."""

import copy

from api_calls import APPLY, CRDS, JSON, LEASES, MAPS, MERGE, PATCH, SECRETS, THINGS, Call, config_map, lease, secret, thing, thing_definition

PLACES = f"{MAPS}/odd"
ONE = f"{THINGS}/odd"


def shaped(what, **parts):
    return Call(f"create a map with {what}", "POST", MAPS, {**config_map("shaped", {}), **parts})


def named(**metadata):
    return {"name": "shaped", **metadata}


def others_definition():
    made = thing_definition("brieflies.compared.example.com")
    made["spec"]["names"] = {"plural": "brieflies", "singular": "briefly", "kind": "Briefly", "listKind": "BrieflyList"}
    return made


def fixeds_definition(change=lambda made, properties: None, name="fixeds"):
    """A type with a field that stays what it is; or with something that cannot be."""
    made = copy.deepcopy(thing_definition(f"{name}.compared.example.com"))
    made["spec"]["names"] = {"plural": name, "singular": name[:-1], "kind": name[:-1].capitalize(), "listKind": f"{name[:-1].capitalize()}List"}
    properties = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    properties["name"]["x-kubernetes-validations"] = [{"rule": "self == oldSelf", "message": "Value is immutable"}]
    change(made, properties)
    return made


def broken(what, change):
    return Call(f"a CRD with {what}", "POST", CRDS, fixeds_definition(change, "brokens"))


def fixed(called, /, **spec):
    return {"apiVersion": "compared.example.com/v1", "kind": "Fixed", "metadata": {"name": called}, "spec": {"size": 1, **spec}}


FIXEDS = THINGS.replace("things", "fixeds")
BRIEFLIES = THINGS.replace("things", "brieflies")
BRIEFLY = {"apiVersion": "compared.example.com/v1", "kind": "Briefly", "metadata": {"name": "b"}, "spec": {"size": 1}}

ODD = [
    Call("a map to ask for", "POST", MAPS, config_map("odd", {"x": "1"}), keep={"ODD": "metadata.resourceVersion"}),
    Call("a type to ask for", "POST", CRDS, thing_definition()),
    Call("a thing to ask for", "POST", THINGS, thing("odd", size=1), keep={"THING": "metadata.resourceVersion"}),
    # Shapes
    shaped("metadata that is a text", metadata="x"),
    shaped("metadata that is a list", metadata=[]),
    shaped("no metadata", metadata=None),
    shaped("a name that is a number", metadata={"name": 1}),
    shaped("labels that are a list", metadata=named(labels=["a"])),
    shaped("a label that is a number", metadata=named(labels={"a": 1})),
    shaped("a label that cannot be", metadata=named(labels={"a": "not a label"})),
    shaped("a label whose key cannot be", metadata=named(labels={"not a key": "a"})),
    shaped("an annotation that is a list", metadata=named(annotations={"a": []})),
    shaped("an annotation whose key cannot be", metadata=named(annotations={"not a key": "a"})),
    shaped("finalizers that are a text", metadata=named(finalizers="a")),
    shaped("a finalizer of nobody", metadata=named(finalizers=["mine"])),
    shaped("an owner that is a text", metadata=named(ownerReferences=["x"])),
    shaped("an owner without a name", metadata=named(ownerReferences=[{"apiVersion": "v1", "kind": "ConfigMap", "uid": "1"}])),
    shaped("a version of its own", metadata=named(resourceVersion="17")),
    shaped("a generation that is a text", metadata=named(generation="x")),
    shaped("a time that is none", metadata=named(creationTimestamp="yesterday")),
    shaped("data that is a list", data=["a"]),
    shaped("data that is a number", data={"a": 1}),
    shaped("binary data that is none", binaryData={"a": "***"}),
    shaped("the same key in both", data={"a": "1"}, binaryData={"a": "Yg=="}),
    shaped("immutability that is a text", immutable="yes"),
    Call("… none of them is there", "GET", f"{MAPS}/shaped"),
    Call("create a Secret of no base64", "POST", SECRETS, {**secret("shaped"), "data": {"a": "***"}}),
    Call("create a Secret of numbers", "POST", SECRETS, {**secret("shaped"), "data": {"a": 1}}),
    Call("create a Secret of texts that are a list", "POST", SECRETS, {**secret("shaped"), "stringData": ["a"]}),
    Call("create a Lease whose duration is a text", "POST", LEASES, lease("shaped", leaseDurationSeconds="x")),
    Call("create a Lease that lasts less than nothing", "POST", LEASES, lease("shaped", leaseDurationSeconds=-1)),
    Call("create a Lease renewed yesterday", "POST", LEASES, lease("shaped", renewTime="yesterday")),
    Call("create a Lease whose spec is a text", "POST", LEASES, {**lease("shaped"), "spec": "x"}),
    Call("create a thing with metadata that is a text", "POST", THINGS, {**thing("shaped", size=1), "metadata": "x"}),
    Call("create a thing with a label that is a number", "POST", THINGS, {**thing("shaped", size=1), "metadata": named(labels={"a": 1})}),
    Call("create a thing with a label that cannot be", "POST", THINGS, {**thing("shaped", size=1), "metadata": named(labels={"a": "not a label"})}),
    Call("create a thing with a version of its own", "POST", THINGS, {**thing("shaped", size=1), "metadata": named(resourceVersion="17")}),
    Call("create a thing whose spec is a text", "POST", THINGS, {**thing("shaped"), "spec": "x"}),
    Call("create a thing with too large a number", "POST", THINGS, raw=b'{"apiVersion":"compared.example.com/v1","kind":"Thing","metadata":{"name":"shaped"},"spec":{"size":1e300}}'),
    # Patches that make such shapes
    Call("merge patch that takes metadata away", "PATCH", PLACES, {"metadata": None}, MERGE),
    Call("merge patch that makes metadata a text", "PATCH", PLACES, {"metadata": "x"}, MERGE),
    Call("merge patch with a label that is a number", "PATCH", PLACES, {"metadata": {"labels": {"a": 1}}}, MERGE),
    Call("merge patch with a label that cannot be", "PATCH", PLACES, {"metadata": {"labels": {"a": "not a label"}}}, MERGE),
    Call("merge patch that makes data a number", "PATCH", PLACES, {"data": {"a": 1}}, MERGE),
    Call("merge patch that is a list", "PATCH", PLACES, [], MERGE),
    Call("merge patch that is no JSON", "PATCH", PLACES, kind=MERGE, raw=b"{"),
    Call("merge patch with another name", "PATCH", PLACES, {"metadata": {"name": "other"}}, MERGE),
    Call("merge patch of a thing's metadata to a text", "PATCH", ONE, {"metadata": "x"}, MERGE),
    Call("merge patch of a thing with a label that is a number", "PATCH", ONE, {"metadata": {"labels": {"a": 1}}}, MERGE),
    Call("JSON patch that is no list", "PATCH", PLACES, {"op": "add"}, PATCH),
    Call("JSON patch of an unknown operation", "PATCH", PLACES, [{"op": "hop", "path": "/data"}], PATCH),
    Call("JSON patch without a path", "PATCH", PLACES, [{"op": "add", "value": 1}], PATCH),
    Call("JSON patch of metadata to a text", "PATCH", PLACES, [{"op": "replace", "path": "/metadata", "value": "x"}], PATCH),
    Call("JSON patch of data to a number", "PATCH", PLACES, [{"op": "replace", "path": "/data/x", "value": 1}], PATCH),
    Call("JSON patch of everything to a list", "PATCH", PLACES, [{"op": "replace", "path": "", "value": []}], PATCH),
    Call("apply metadata that is a text", "PATCH", f"{PLACES}?fieldManager=mine", {**config_map("odd", {}), "metadata": "x"}, APPLY),
    Call("apply data that is a number", "PATCH", f"{PLACES}?fieldManager=mine", config_map("odd", {"x": 1}), APPLY),
    Call("apply without saying what", "PATCH", f"{PLACES}?fieldManager=mine", {"metadata": {"name": "odd"}}, APPLY),
    Call("apply under another name", "PATCH", f"{PLACES}?fieldManager=mine", config_map("other", {}), APPLY),
    Call("apply a list", "PATCH", f"{PLACES}?fieldManager=mine", [], APPLY),
    Call("apply no YAML", "PATCH", f"{PLACES}?fieldManager=mine", kind=APPLY, raw=b"{"),
    Call("apply with fields of managers", "PATCH", f"{PLACES}?fieldManager=mine", config_map("odd", {}, managedFields=[{"manager": "x"}]), APPLY),
    Call("apply with an old version", "PATCH", f"{PLACES}?fieldManager=mine", config_map("odd", {}, resourceVersion="1"), APPLY),
    Call("apply as a manager with too long a name", "PATCH", f"{PLACES}?fieldManager={'m' * 129}", config_map("odd", {}), APPLY),
    Call("… nothing has changed", "GET", PLACES),
    # Places and methods
    Call("update a collection", "PUT", MAPS, config_map("odd", {})),
    Call("patch a collection", "PATCH", MAPS, {}, MERGE),
    Call("create at an object's place", "POST", PLACES, config_map("odd", {})),
    Call("a method that is none", "BREW", PLACES),
    Call("get without the namespace", "GET", "/api/v1/configmaps/odd"),
    Call("create without the namespace", "POST", "/api/v1/configmaps", config_map("odd", {})),
    Call("delete everything everywhere", "DELETE", "/api/v1/configmaps"),
    Call("list a cluster's own type in a namespace", "GET", MAPS.replace("configmaps", "nodes")),
    Call("a part that is none", "GET", f"{PLACES}/part"),
    Call("write a part that is none", "PATCH", f"{PLACES}/part", {}, MERGE),
    Call("a place that is too deep", "GET", f"{PLACES}/status/more"),
    Call("update a collection of things", "PUT", THINGS, thing("odd", size=1)),
    Call("patch a collection of things", "PATCH", THINGS, {}, MERGE),
    Call("get a thing without the namespace", "GET", "/apis/compared.example.com/v1/things/odd"),
    Call("create a thing without the namespace", "POST", "/apis/compared.example.com/v1/things", thing("odd", size=1)),
    Call("a part of a thing that is none", "GET", f"{ONE}/part"),
    Call("create a thing's status", "POST", f"{ONE}/status", thing("odd", size=1)),
    Call("delete a thing's status", "DELETE", f"{ONE}/status"),
    # Versions
    Call("update a map whatever its version", "PUT", PLACES, config_map("odd", {"x": "2"})),
    Call("update a thing whatever its version", "PUT", ONE, thing("odd", size=2)),
    Call("update a thing's status whatever its version", "PUT", f"{ONE}/status", {**thing("odd", size=2), "status": {"done": True}}),
    Call("update a thing that is not there", "PUT", f"{THINGS}/nothing", thing("nothing", size=2)),
    Call("create a Lease to update", "POST", LEASES, lease("odd")),
    Call("update a Lease whatever its version", "PUT", f"{LEASES}/odd", lease("odd", holderIdentity="other")),
    Call("update a Lease that is not there", "PUT", f"{LEASES}/new", lease("new")),
    Call("update with another uid", "PUT", PLACES, config_map("odd", {}, uid="00000000-0000-0000-0000-000000000000")),
    Call("update with a version that is none", "PUT", PLACES, config_map("odd", {}, resourceVersion="x")),
    # Options
    Call("list with a limit that is none", "GET", f"{MAPS}?limit=many"),
    Call("list with a limit below nothing", "GET", f"{MAPS}?limit=-1&fieldSelector=metadata.name%3Dodd"),
    Call("list with a time limit that is none", "GET", f"{MAPS}?timeoutSeconds=long"),
    Call("list of a version that is none", "GET", f"{MAPS}?resourceVersion=x"),
    Call("list of a version to be matched somehow", "GET", f"{MAPS}?resourceVersion=1&resourceVersionMatch=Somehow"),
    Call("list of no version to be matched exactly", "GET", f"{MAPS}?resourceVersionMatch=Exact"),
    Call("list that goes on nowhere", "GET", f"{MAPS}?limit=1&continue=a:b/c"),
    Call("list that goes on from a number", "GET", f"{MAPS}?limit=1&continue=99999999999999999999:b/c"),
    Call("list by a label that cannot be", "GET", f"{MAPS}?labelSelector=not%20a%20key%3Da"),
    Call("list by half a label", "GET", f"{MAPS}?labelSelector=%3D"),
    Call("list by no label at all", "GET", f"{MAPS}?labelSelector=!"),
    Call("list by half a field", "GET", f"{MAPS}?fieldSelector=metadata.name"),
    Call("list by a field that is none", "GET", f"{MAPS}?fieldSelector=data.x%3D1"),
    Call("list things by a field that is none", "GET", f"{THINGS}?fieldSelector=spec.size%3D1"),
    Call("list by the namespace", "GET", f"/api/v1/secrets?fieldSelector=metadata.namespace%3Dnowhere"),
    Call("watch from a version that is none", "GET", f"{MAPS}?watch=1&resourceVersion=x&timeoutSeconds=1"),
    Call("watch with initial events from nowhere", "GET", f"{MAPS}?watch=1&sendInitialEvents=true&timeoutSeconds=1"),
    Call("create with a dry run of something", "POST", f"{MAPS}?dryRun=Some", config_map("dry", {})),
    Call("merge patch with a dry run of something", "PATCH", f"{PLACES}?dryRun=Some", {}, MERGE),
    Call("create with some validation", "POST", f"{MAPS}?fieldValidation=Some", config_map("dry", {})),
    Call("create as a manager with too long a name", "POST", f"{MAPS}?fieldManager={'m' * 129}", config_map("dry", {})),
    Call("merge patch by force", "PATCH", f"{PLACES}?force=true", {}, MERGE),
    Call("delete with options that are no JSON", "DELETE", PLACES, raw=b"{"),
    Call("delete with options of another kind", "DELETE", PLACES, {"apiVersion": "v1", "kind": "Secret"}),
    Call("delete with a patience below nothing", "DELETE", PLACES, {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": -1}),
    Call("delete with a patience that is a text", "DELETE", PLACES, {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": "x"}),
    Call("delete with a precondition that is a text", "DELETE", PLACES, {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": "x"}),
    Call("delete and orphan in two ways", "DELETE", PLACES, {"apiVersion": "v1", "kind": "DeleteOptions", "orphanDependents": True, "propagationPolicy": "Orphan"}),
    # Who owns what was written in another way
    Call("create what somebody will apply", "POST", f"{MAPS}?fieldManager=first", config_map("owned", {"x": "1", "y": "1"})),
    Call("apply the same to it", "PATCH", f"{MAPS}/owned?fieldManager=second", config_map("owned", {"x": "1"}), APPLY),
    Call("apply something else to it", "PATCH", f"{MAPS}/owned?fieldManager=second", config_map("owned", {"x": "2"}), APPLY),
    Call("… by force, too", "PATCH", f"{MAPS}/owned?fieldManager=second&force=true", config_map("owned", {"x": "2"}), APPLY),
    Call("patch what somebody has applied", "PATCH", f"{MAPS}/owned?fieldManager=third", {"data": {"x": "3"}}, MERGE),
    Call("apply it as before", "PATCH", f"{MAPS}/owned?fieldManager=second", config_map("owned", {"x": "2"}), APPLY),
    Call("apply it as it is now", "PATCH", f"{MAPS}/owned?fieldManager=second", config_map("owned", {"x": "3"}), APPLY),
    Call("take away what somebody has applied", "PATCH", f"{MAPS}/owned?fieldManager=third", {"data": {"x": None}}, MERGE),
    Call("apply it again", "PATCH", f"{MAPS}/owned?fieldManager=second", config_map("owned", {"x": "4"}), APPLY),
    Call("apply nothing any more", "PATCH", f"{MAPS}/owned?fieldManager=second", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned"}}, APPLY),
    Call("update what others own", "PUT", f"{MAPS}/owned?fieldManager=fourth", config_map("owned", {"y": "9"})),
    Call("apply what the update has changed", "PATCH", f"{MAPS}/owned?fieldManager=second", config_map("owned", {"y": "1"}), APPLY),
    Call("apply what nobody owns", "PATCH", f"{MAPS}/owned?fieldManager=second", config_map("owned", {"new": "1"}), APPLY),
    # A type that goes takes its objects along
    Call("a type for a while", "POST", CRDS, others_definition()),
    Call("an object of it", "POST", BRIEFLIES, BRIEFLY),
    Call("the type goes", "DELETE", f"{CRDS}/brieflies.compared.example.com"),
    # Found by hand on 2026-11-30
    Call("create a map with keys that come twice", "POST", MAPS, raw=b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"x":"1","x":"2"},"data":{"y":"3"}}'),
    Call("create a map with fields that are none", "POST", MAPS, {**config_map("unknown", {}, bar="x"), "foo": 1}),
    Call("… strictly", "POST", f"{MAPS}?fieldValidation=Strict", {**config_map("unknown2", {}), "foo": 1}),
    Call("create a map with a key twice, strictly", "POST", f"{MAPS}?fieldValidation=Strict", raw=b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice2"},"data":{"x":"1","x":"2"}}'),
    Call("create a map of nothing", "POST", MAPS, {**config_map("nulls", {"x": None}), "binaryData": None, "immutable": None}),
    Call("create a map behind a byte order mark", "POST", MAPS, raw=b'\xef\xbb\xbf{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bom"}}'),
    Call("create a map from YAML", "POST", MAPS, kind="application/yaml", raw=b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata: {a: '1'}\n"),
    Call("create a map from plain text", "POST", MAPS, config_map("plain", {}), kind="text/plain"),
    Call("create a map with too many annotations", "POST", MAPS, config_map("large", {}, annotations={"a": "b" * 300_000})),
    Call("create a map of more than a MiB", "POST", MAPS, config_map("large", {"a": "b" * 1_200_000})),
    Call("create a Secret of more than a MiB", "POST", SECRETS, {**secret("large"), "data": {"a": "YWFh" * 420_000}}),
    Call("create a Secret to change", "POST", SECRETS, {**secret("changed"), "data": {"a": "YQ=="}}),
    Call("change a Secret's type", "PATCH", f"{SECRETS}/changed", {"type": "other"}, MERGE),
    Call("create a TLS Secret without its keys", "POST", SECRETS, {**secret("tls"), "type": "kubernetes.io/tls", "data": {"a": "YQ=="}}),
    Call("create a token Secret of nobody", "POST", SECRETS, {**secret("token"), "type": "kubernetes.io/service-account-token"}),
    Call("create a namespace with a dot", "POST", "/api/v1/namespaces", {"metadata": {"name": "a.b"}}),
    Call("delete the namespace default", "DELETE", "/api/v1/namespaces/default"),
    Call("create a Lease that changed hands less than never", "POST", LEASES, lease("shaped", leaseTransitions=-1)),
    Call("create a Lease with a field that is none", "POST", LEASES, lease("unknown", foo=1)),
    Call("two controllers at once", "PATCH", PLACES, {"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": n, "uid": n, "controller": True} for n in "ab"]}}, MERGE),
    Call("JSON patch of a member that is not there", "PATCH", PLACES, [{"op": "replace", "path": "/data/none", "value": "x"}], PATCH),
    Call("JSON patch of too many operations", "PATCH", PLACES, [{"op": "test", "path": "/data/none", "value": "x"}] * 10_001, PATCH),
    Call("merge patch to another kind", "PATCH", PLACES, {"kind": "Secret"}, MERGE),
    Call("merge patch to another version", "PATCH", PLACES, {"apiVersion": "v2"}, MERGE),
    Call("merge patch to another uid", "PATCH", PLACES, {"metadata": {"uid": "x"}}, MERGE),
    Call("apply without any metadata", "PATCH", f"{PLACES}?fieldManager=mine", {"apiVersion": "v1", "kind": "ConfigMap"}, APPLY),
    Call("… to what is not there", "PATCH", f"{MAPS}/nothing?fieldManager=mine", {"apiVersion": "v1", "kind": "ConfigMap"}, APPLY),
    Call("apply a field that is none", "PATCH", f"{PLACES}?fieldManager=mine", {**config_map("odd", {}), "foo": 1}, APPLY),
    Call("apply as a manager that cannot be printed", "PATCH", f"{PLACES}?fieldManager=a%0Ab", config_map("odd", {}), APPLY),
    Call("a map that waits for its finalizer", "POST", MAPS, config_map("waits", {}, finalizers=["a.b/c"])),
    Call("… is deleted", "DELETE", f"{MAPS}/waits"),
    Call("… and gets no other one", "PATCH", f"{MAPS}/waits", {"metadata": {"finalizers": ["a.b/c", "a.b/d"]}}, MERGE),
    Call("… and goes without it", "PATCH", f"{MAPS}/waits", {"metadata": {"finalizers": None}}, MERGE),
    Call("list of a version to come", "GET", f"{MAPS}?resourceVersion=99999999999&timeoutSeconds=1"),
    Call("list by nothing between commas", "GET", f"{MAPS}?labelSelector=a%2C%2Cb"),
    Call("list by a field in several", "GET", f"{MAPS}?fieldSelector=metadata.name%20in%20(a)"),
    Call("a type with a field that stays", "POST", CRDS, fixeds_definition()),
    Call("an object with that field", "POST", FIXEDS, fixed("f", name="abc")),
    Call("… which does not change", "PATCH", f"{FIXEDS}/f", {"spec": {"name": "xyz"}}, MERGE),
    Call("… but may go", "PATCH", f"{FIXEDS}/f", {"spec": {"name": None}}, MERGE),
    Call("an object with a list that is null", "POST", FIXEDS, fixed("n", list=None)),
    Call("a type that moves into no namespace", "PATCH", f"{CRDS}/fixeds.compared.example.com", {"spec": {"scope": "Cluster"}}, MERGE),
    broken("a version twice", lambda made, _: made["spec"]["versions"].append({**made["spec"]["versions"][0], "storage": False})),
    broken("a version that is no label", lambda made, _: made["spec"]["versions"][0].update(name="V_1")),
    broken("a kind that is no word", lambda made, _: made["spec"]["names"].update(kind="a b")),
    broken("a default that cannot be", lambda _, properties: properties["kind"].update(default="z")),
    broken("a conversion that is none", lambda made, _: made["spec"].update(conversion={"strategy": "Odd"})),
    broken("properties and others", lambda _, properties: properties["free"].update({"properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}})),
    broken("versions that are a text", lambda made, _: made["spec"].update(versions="x")),
    broken("properties that are a list", lambda made, _: made["spec"]["versions"][0]["schema"]["openAPIV3Schema"].update(properties=["x"])),
    broken("a list by keys without a key", lambda _, properties: properties.update(l={"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object"}})),
    broken("unique items", lambda _, properties: properties.update(l={"type": "array", "uniqueItems": True, "items": {"type": "string"}})),
]
