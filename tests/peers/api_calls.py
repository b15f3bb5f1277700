"""The calls that Falconer's client makes, and what goes wrong with them, as rows: what is asked of a real kube-apiserver and of the
sandbox in turn, by sandbox_calls_test.py. `$NAME` in a body stands for what `keep` took out of an earlier answer."""

import dataclasses

JSON, MERGE, PATCH, APPLY = (f"application/{kind}" for kind in ("json", "merge-patch+json", "json-patch+json", "apply-patch+yaml"))
SPACE = "/api/v1/namespaces/compared"
MAPS, SECRETS = f"{SPACE}/configmaps", f"{SPACE}/secrets"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/compared/leases"
THINGS = "/apis/compared.example.com/v1/namespaces/compared/things"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@dataclasses.dataclass
class Call:
    what: str
    method: str
    path: str
    body: object = None
    kind: str = JSON
    keep: dict = dataclasses.field(default_factory=dict)  # name → path in the answer
    raw: bytes = None  # in the place of body


def thing_definition(name="things.compared.example.com", **more):
    schema = {"type": "object", "properties": {
        "spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 9},
            "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
            "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
            "port": {"x-kubernetes-int-or-string": True},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "list": {"type": "array", "items": {"type": "object", "properties": {"on": {"type": "boolean", "default": True}, "id": {"type": "string"}}}}}},
        "status": {"type": "object", "properties": {"done": {"type": "boolean"}}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}, **more}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}, "spec": {
        "group": "compared.example.com", "scope": "Namespaced", "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
        "versions": [version]}}


def thing(called, /, **spec):
    return {"apiVersion": "compared.example.com/v1", "kind": "Thing", "metadata": {"name": called, "namespace": "compared"}, "spec": spec}


def config_map(name, data, **metadata):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "compared", **metadata}, "data": data}


def secret(name, **parts):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **parts}


def lease(name, **spec):
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name},
            "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-11-23T12:00:00.000000Z", **spec}}


def broken(what, change):
    definition = thing_definition("others.compared.example.com")
    definition["spec"]["names"] = {"plural": "others", "kind": "Other", "listKind": "OtherList", "singular": "other"}
    change(definition)
    return Call(f"a CRD {what}", "POST", CRDS, definition)


def schema_of(definition):
    return definition["spec"]["versions"][0]["schema"]


CALLS = [
    Call("create a namespace", "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "compared"}}),
    # Of one object
    Call("create", "POST", MAPS, config_map("a", {"x": "1"}, labels={"l": "1"}), keep={"OLD": "metadata.resourceVersion", "UID": "metadata.uid"}),
    Call("create again", "POST", MAPS, config_map("a", {})),
    Call("create with a dry run", "POST", f"{MAPS}?dryRun=All", config_map("dry", {"x": "1"})),
    Call("… which left nothing", "GET", f"{MAPS}/dry"),
    Call("create where there is no namespace", "POST", "/api/v1/namespaces/nowhere/configmaps", {**config_map("a", {}), "metadata": {"name": "a"}}),
    Call("create with another namespace inside", "POST", MAPS, {**config_map("b", {}), "metadata": {"name": "b", "namespace": "default"}}),
    Call("create with a name that cannot be", "POST", MAPS, config_map("Not_A_Name", {})),
    Call("create without a name", "POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}),
    Call("create with a key that cannot be", "POST", MAPS, config_map("b", {"not a key": "1"})),
    Call("create another version", "POST", MAPS, {**config_map("b", {}), "apiVersion": "v2"}),
    Call("create another kind", "POST", MAPS, {**config_map("b", {}), "kind": "Secret"}),
    Call("create from no JSON", "POST", MAPS, raw=b"{"),
    Call("create from a list", "POST", MAPS, raw=b"[]"),
    Call("create from nothing", "POST", MAPS, raw=b""),
    Call("create of 3 MiB and a little", "POST", MAPS, config_map("large", {"x": "y" * (3 << 20)})),
    Call("get", "GET", f"{MAPS}/a"),
    Call("get what is not there", "GET", f"{MAPS}/nothing"),
    Call("get of an unknown type", "GET", f"{SPACE}/nothings/a"),
    Call("get of an unknown group", "GET", "/apis/nobody.example.com/v1/namespaces/compared/things/a"),
    Call("get of a version that is not served", "GET", "/apis/apps/v9/namespaces/compared/deployments/a"),
    Call("update", "PUT", f"{MAPS}/a", config_map("a", {"x": "2"}, resourceVersion="$OLD"), keep={"NEW": "metadata.resourceVersion"}),
    Call("update an old version", "PUT", f"{MAPS}/a", config_map("a", {"x": "3"}, resourceVersion="$OLD")),
    Call("update what is not there", "PUT", f"{MAPS}/nothing", config_map("nothing", {}, resourceVersion="$OLD")),
    Call("update with another name inside", "PUT", f"{MAPS}/a", config_map("b", {})),
    Call("merge patch", "PATCH", f"{MAPS}/a", {"data": {"y": "1", "x": None}}, MERGE),
    Call("merge patch that changes nothing", "PATCH", f"{MAPS}/a", {"data": {"y": "1"}}, MERGE),
    Call("merge patch of an old version", "PATCH", f"{MAPS}/a", {"metadata": {"resourceVersion": "$OLD"}, "data": {"y": "2"}}, MERGE),
    Call("merge patch of what is not there", "PATCH", f"{MAPS}/nothing", {"data": {}}, MERGE),
    Call("merge patch with a dry run", "PATCH", f"{MAPS}/a?dryRun=All", {"data": {"y": "dry"}}, MERGE),
    Call("JSON patch", "PATCH", f"{MAPS}/a", [{"op": "add", "path": "/data/z", "value": "1"}, {"op": "test", "path": "/data/y", "value": "1"}], PATCH),
    Call("JSON patch whose test fails", "PATCH", f"{MAPS}/a", [{"op": "test", "path": "/data/y", "value": "2"}], PATCH),
    Call("JSON patch of a place that is not there", "PATCH", f"{MAPS}/a", [{"op": "remove", "path": "/data/none"}], PATCH),
    Call("a patch of an unknown kind", "PATCH", f"{MAPS}/a", {}, "application/unknown-patch"),
    # Server-side apply
    Call("apply what is not there", "PATCH", f"{MAPS}/s?fieldManager=mine", config_map("s", {"x": "1", "y": "1"}), APPLY),
    Call("apply less", "PATCH", f"{MAPS}/s?fieldManager=mine", config_map("s", {"x": "1"}), APPLY),
    Call("apply the same as somebody else", "PATCH", f"{MAPS}/s?fieldManager=theirs", config_map("s", {"x": "1", "z": "1"}), APPLY),
    Call("apply something else as somebody else", "PATCH", f"{MAPS}/s?fieldManager=theirs", config_map("s", {"x": "2"}), APPLY),
    Call("… by force", "PATCH", f"{MAPS}/s?fieldManager=theirs&force=true", config_map("s", {"x": "2"}), APPLY),
    Call("apply without a manager", "PATCH", f"{MAPS}/s", config_map("s", {"x": "2"}), APPLY),
    Call("apply with a dry run", "PATCH", f"{MAPS}/s?fieldManager=theirs&dryRun=All", config_map("s", {"x": "dry"}), APPLY),
    # Secrets, leases, events, accounts
    Call("create a Secret of texts", "POST", SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}),
    Call("create one that stays as it is", "POST", SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "fixed"}, "immutable": True, "data": {"a": "Yg=="}}),
    Call("… and change it", "PATCH", f"{SECRETS}/fixed", {"data": {"a": "Yw=="}}, MERGE),
    Call("… and label it", "PATCH", f"{SECRETS}/fixed", {"metadata": {"labels": {"a": "b"}}}, MERGE),
    Call("create a Lease", "POST", LEASES, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {
        "holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-11-23T12:00:00.000000Z", "acquireTime": "2026-11-23T12:00:00.000000Z", "leaseTransitions": 0}},
        keep={"LEASE": "metadata.resourceVersion"}),
    Call("renew it", "PUT", f"{LEASES}/l", {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l", "resourceVersion": "$LEASE"}, "spec": {
        "holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-11-23T12:00:02.000000Z"}}),
    Call("renew it as it was", "PUT", f"{LEASES}/l", {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l", "resourceVersion": "$LEASE"}, "spec": {"holderIdentity": "you"}}),
    Call("create an Event", "POST", f"{SPACE}/events", {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "type": "Normal", "reason": "Moved", "message": "m", "count": 1,
        "involvedObject": {"kind": "ConfigMap", "namespace": "compared", "name": "a"}, "source": {"component": "falconer"},
        "firstTimestamp": "2026-11-23T12:00:00Z", "lastTimestamp": "2026-11-23T12:00:00Z"}),
    Call("create a ServiceAccount", "POST", f"{SPACE}/serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}}),
    # Types of a CRD
    Call("define a type", "POST", CRDS, thing_definition()),
    broken("with another name", lambda each: each["metadata"].update(name="wrong.compared.example.com")),
    broken("without a schema", lambda each: each["spec"]["versions"][0].pop("schema")),
    broken("with a type that is none", lambda each: schema_of(each)["openAPIV3Schema"]["properties"].update(spec={"type": "text"})),
    broken("without types", lambda each: schema_of(each)["openAPIV3Schema"]["properties"].update(spec={})),
    broken("that stores nothing", lambda each: each["spec"]["versions"][0].update(storage=False)),
    broken("of no scope", lambda each: each["spec"].pop("scope")),
    broken("of an unknown scope", lambda each: each["spec"].update(scope="Everywhere")),
    broken("without versions", lambda each: each["spec"].update(versions=[])),
    Call("create a thing: pruned and defaulted", "POST", THINGS, {**thing("t", size=1, unknown="x", free={"x": {"y": 1}}, list=[{"id": "a"}, {"on": False}], port="http"), "more": 1}),
    Call("create a thing, strictly", "POST", f"{THINGS}?fieldValidation=Strict", thing("strict", size=1, unknown="x")),
    Call("create a thing that lacks something", "POST", THINGS, thing("bad")),
    Call("create a thing of the wrong type", "POST", THINGS, thing("bad", size="large")),
    Call("create a thing out of bounds", "POST", THINGS, thing("bad", size=10)),
    Call("create a thing of no such kind", "POST", THINGS, thing("bad", size=1, kind="c")),
    Call("create a thing with a name that does not match", "POST", THINGS, thing("bad", size=1, name="A")),
    Call("create a thing with a name that is too long", "POST", THINGS, thing("bad", size=1, name="abcdef")),
    Call("… nothing is half-written", "GET", f"{THINGS}/bad"),
    Call("merge patch of what is wanted", "PATCH", f"{THINGS}/t", {"spec": {"size": 2}}, MERGE),
    Call("merge patch of notes", "PATCH", f"{THINGS}/t", {"metadata": {"annotations": {"a": "b"}}}, MERGE),
    Call("merge patch of the status, apart", "PATCH", f"{THINGS}/t/status", {"spec": {"size": 9}, "status": {"done": True}}, MERGE),
    Call("merge patch of the status, with the rest", "PATCH", f"{THINGS}/t", {"status": {"done": False}}, MERGE),
    Call("merge patch against the schema", "PATCH", f"{THINGS}/t", {"spec": {"size": None}}, MERGE),
    Call("apply a status", "PATCH", f"{THINGS}/t/status?fieldManager=mine&force=true", {"apiVersion": "compared.example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "status": {"done": False}}, APPLY),
    Call("strategic merge patch of a thing", "PATCH", f"{THINGS}/t", {"spec": {"size": 3}}, "application/strategic-merge-patch+json"),
    Call("status of a type that has none", "PATCH", f"{MAPS}/a/status", {"data": {}}, MERGE),
    # Lists
    Call("list", "GET", MAPS),
    Call("list a page", "GET", f"{MAPS}?limit=1", keep={"NEXT": "metadata.continue"}),
    Call("list the next page", "GET", f"{MAPS}?limit=1&continue=$NEXT"),
    Call("list a page that is none", "GET", f"{MAPS}?limit=1&continue=nonsense"),
    Call("list by label", "GET", f"{MAPS}?labelSelector=l%3D1"),
    Call("list by labels", "GET", f"{MAPS}?labelSelector=l%20in%20(1,2),!m"),
    Call("list by a selector that is none", "GET", f"{MAPS}?labelSelector=l%20in%201)"),
    Call("list by field", "GET", f"{MAPS}?fieldSelector=metadata.name%3Da"),
    Call("list things", "GET", THINGS),
    Call("list an unknown type", "GET", f"{SPACE}/nothings"),
    # The end
    Call("delete another one", "DELETE", f"{MAPS}/a", {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}),
    Call("delete an old version", "DELETE", f"{MAPS}/a", {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"resourceVersion": "$OLD"}}),
    Call("delete with a dry run", "DELETE", f"{MAPS}/a", {"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"]}),
    Call("delete with a propagation that is none", "DELETE", f"{MAPS}/a", {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Maybe"}),
    Call("delete", "DELETE", f"{MAPS}/a", {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "$UID"}, "propagationPolicy": "Background"}),
    Call("delete what is gone", "DELETE", f"{MAPS}/a"),
    Call("keep by a finalizer", "PATCH", f"{THINGS}/t", {"metadata": {"finalizers": ["example.com/mine"]}}, MERGE),
    Call("delete what is kept", "DELETE", f"{THINGS}/t"),
    Call("… which is still there", "GET", f"{THINGS}/t"),
    Call("take the finalizer off", "PATCH", f"{THINGS}/t", {"metadata": {"finalizers": None}}, MERGE),
    Call("… and now it is gone", "GET", f"{THINGS}/t"),
    Call("delete all that is selected", "DELETE", f"{SECRETS}?labelSelector=a%3Db"),
    Call("… and the other is there", "GET", SECRETS),
    # Questions
    Call("who am I", "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}),
    Call("whose token is this: nobody's", "POST", "/apis/authentication.k8s.io/v1/tokenreviews",
         {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": "nobody's"}}),
    Call("may I", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
         "spec": {"resourceAttributes": {"verb": "get", "resource": "secrets", "namespace": "compared"}}}),
    Call("may somebody", "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
         "spec": {"user": "somebody", "resourceAttributes": {"verb": "get", "resource": "secrets", "namespace": "compared"}}}),
    Call("may nobody", "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
         "spec": {"resourceAttributes": {"verb": "get", "resource": "secrets"}}}),
]
