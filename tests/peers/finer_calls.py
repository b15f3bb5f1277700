"""Finer points, as rows like those of odd_calls.py: selectors, bodies of nothing, bounds of Leases and Events, what a deletion waits for, and
formats of schemas."""

import urllib.parse

from api_calls import APPLY, CRDS, JSON, LEASES, MAPS, MERGE, PATCH, SECRETS, SPACE, THINGS, Call, config_map, lease, thing, thing_definition

STRATEGIC, YAML = "application/strategic-merge-patch+json", "application/yaml"
PLACE, ONE = f"{MAPS}/finer", f"{THINGS}/finer"
ACCOUNTS = f"{SPACE}/serviceaccounts"
FORMATTED = THINGS.replace("things", "formatteds")

LABELS = ["n>1", "n<2", "n > 1", "n>0,n<2", "n>x", "n>", "n<", ">1", "n>-1", "n>1.5", "n>=1", "n in ()", "n in (1", "n in (1,,2)", "n in (,1)",
          "n notin (1),n", "n notin (x,y),n", "n==1", "n=", "!n,z", "a b", "n in", "in", "in in (in)", "n,n", "n=1,", "n(1)", "(n)", "!", "!n=1",
          "n = 1 ", "n===1", "n=!1", "n>99999999999999999999", "n exists", "z in ('')", "z=''", 'n="1"', "N=1", "a/b/c=1", "n=a=b", "n>1>0",
          "n in (1),z", "n in (1)z", "notin notin (1),n", "n NOTIN (1)", "n=1,,n=2", ",n=1"]
FIELDS = ["metadata.name=n1", "metadata.name==n1", "metadata.name=", "=n1", "metadata.name=n1,", "metadata.name=n1,metadata.name=n2",
          "metadata.name>n1", r"metadata.name=a\,b", "metadata.name=a=b", r"metadata.name=a\=b", r"metadata.name=a\b", "metadata.name=a\\", "!metadata.name",
          "metadata.name = n1", "metadata.name=n1,metadata.namespace=compared"]

BODIES = [("create a map", "POST", MAPS, JSON), ("create a Secret", "POST", SECRETS, JSON), ("create a Lease", "POST", LEASES, JSON),
          ("create a thing", "POST", THINGS, JSON), ("create a namespace", "POST", "/api/v1/namespaces", JSON), ("create a map from YAML,", "POST", MAPS, YAML),
          ("update a map", "PUT", PLACE, JSON), ("update a thing", "PUT", ONE, JSON), ("merge patch a map", "PATCH", PLACE, MERGE),
          ("merge patch a thing", "PATCH", ONE, MERGE), ("strategic merge patch a map", "PATCH", PLACE, STRATEGIC), ("JSON patch a map", "PATCH", PLACE, PATCH),
          ("JSON patch a thing", "PATCH", ONE, PATCH), ("apply a map", "PATCH", f"{PLACE}?fieldManager=m", APPLY), ("apply a thing", "PATCH", f"{ONE}?fieldManager=m", APPLY),
          ("ask what I may", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", JSON)]
NOTHINGS = (b"null", b" ", b"1", b'"x"', b"true", b"[null]", b'{"metadata":null}', b"null x")

LEASE_PARTS = [("leaseDurationSeconds", 0), ("leaseDurationSeconds", 2**31 - 1), ("leaseDurationSeconds", 2**31), ("leaseDurationSeconds", -2**31 - 1),
               ("leaseDurationSeconds", 1.5), ("leaseTransitions", 2**31), ("leaseTransitions", 2**31 - 1), ("holderIdentity", ""), ("holderIdentity", 5),
               ("strategy", "OldestEmulationVersion"), ("strategy", 1), ("preferredHolder", "a"), ("preferredHolder", 1),
               ("renewTime", "2026-11-23T12:00:00Z"), ("renewTime", "2026-11-23T12:00:00.1Z"), ("renewTime", "2026-11-23T12:00:00.123456789Z"),
               ("renewTime", "2026-11-23T12:00:00.123456+02:00"), ("renewTime", "2026-11-23 12:00:00Z"), ("renewTime", None), ("renewTime", ""),
               ("acquireTime", 5), ("acquireTime", "2026-11-23T12:00:00.000000z"), ("renewTime", "2026-02-30T00:00:00.000000Z")]

OPTIONS = [{"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 30}, {"gracePeriodSeconds": -1}, {"gracePeriodSeconds": 1.5}, {"gracePeriodSeconds": 2**63},
           {"propagationPolicy": "Foreground"}, {"propagationPolicy": "Orphan"}, {"propagationPolicy": ""}, {"propagationPolicy": 1}, {"orphanDependents": True},
           {"orphanDependents": False}, {"orphanDependents": "x"}, {"dryRun": ["All"], "propagationPolicy": "Foreground"}]
QUERIES = ["gracePeriodSeconds=0", "gracePeriodSeconds=x", "gracePeriodSeconds=-1", "propagationPolicy=Foreground", "propagationPolicy=Maybe", "orphanDependents=true",
           "orphanDependents=x", "dryRun=All", "dryRun=Some"]
DELETED = [("map", MAPS, lambda name: config_map(name, {})), ("thing", THINGS, lambda name: thing(name, size=1)), ("Lease", LEASES, lease),
           ("ServiceAccount", ACCOUNTS, lambda name: {"metadata": {"name": name}})]

FORMATS = ["bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "uuid3", "uuid4", "uuid5", "isbn", "isbn10", "isbn13", "creditcard", "ssn",
           "hexcolor", "rgbcolor", "byte", "password", "date", "duration", "datetime", "date-time", "k8s-short-name", "made-up"]
# Each is given to every format at once; a refusal names the fields, so that each pair of format and text is compared.
TEXTS = ["", "a", "ABC.de", "-a", "a-", "a_b", "a..b", "x" * 64, "http://a.b/c", "http://", "http://a b/", "http://u:p@h/", "http://[::1]:80/x", "http://a:b/", "a b",
         "/path", "/%zz", "mailto:a@b.c", "a@b", "A <a@b.c>", '"A B" <a@b>', "a@[1.2.3.4]", "a@b (x)", "a..b@c", "a@", "1.2.3.4", "1.2.3", "01.2.3.4", "256.1.1.1", "::1",
         "::ffff:1.2.3.4", "::1.2.3.04", "fe80::1%eth0", "1::2::3", "10.0.0.0/8", "10.0.0.0/33", "fd00::/8", "00:11:22:33:44:55", "0011.2233.4455", "001122334455",
         "123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-42D3-A456-426614174000", "123e4567e89b42d3a456426614174000", "123e4567-e89b-52d3-a456-426614174000",
         "0-321-75104-3", "978-0321751041", "0321751044", "4111-1111-1111-1111", "4111111111111112", "111-11-1111", "111111111", "#fff", "#ffff", "rgb( 1 , 2 , 3 )", "rgb(256,0,0)",
         "aGVsbG8=", "aGVsbG8", "2026-11-23", "2026-02-30", "2100-02-29", "0001-01-01", "1h30m", "3 days", "5 parsecs", "1.5h", "2026-11-23T12:00:00Z",
         "2026-11-23T12:00:00.123+02:00", "2026-11-23t12:00:00z", "2026-11-23T12:00:00", "2026-11-23T25:00:00Z", "507f1f77bcf86cd799439011", "xn--bcher-kva.example", "bücher.example"]


def formatted_definition():
    made = thing_definition("formatteds.compared.example.com")
    made["spec"]["names"] = {"plural": "formatteds", "singular": "formatted", "kind": "Formatted", "listKind": "FormattedList"}
    fields = {f"f{n}": {"type": "string", "format": name} for n, name in enumerate(FORMATS)}
    made["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}
    return made


def formatted(text):
    return {"apiVersion": "compared.example.com/v1", "kind": "Formatted", "metadata": {"name": "f"}, "spec": {f"f{n}": text for n in range(len(FORMATS))}}


def deletions():
    for n, options in enumerate(OPTIONS):
        for what, at, make in DELETED:
            name = f"gone{n}"
            yield Call(f"make a {what}", "POST", at, make(name))
            yield Call(f"… and delete it with {options}", "DELETE", f"{at}/{name}", {"apiVersion": "v1", "kind": "DeleteOptions", **options})
    for n, query in enumerate(QUERIES):
        yield Call("make a map", "POST", MAPS, config_map(f"asked{n}", {}))
        yield Call(f"… and delete it with ?{query}", "DELETE", f"{MAPS}/asked{n}?{query}")


FINER = [
    Call("a type", "POST", CRDS, thing_definition()),
    Call("a map", "POST", MAPS, config_map("finer", {"x": "1"})),
    Call("a thing", "POST", THINGS, thing("finer", size=1)),
    *(Call(f"a map with the label {labels}", "POST", MAPS, config_map(name, {}, labels=labels)) for name, labels in
      (("n1", {"n": "1"}), ("n2", {"n": "2"}), ("nx", {"n": "x"}), ("nz", {"z": ""}))),
    *(Call(f"list by {each!r}", "GET", f"{MAPS}?labelSelector={urllib.parse.quote(each)}") for each in LABELS),
    *(Call(f"list by {each!r}", "GET", f"{MAPS}?fieldSelector={urllib.parse.quote(each)}") for each in FIELDS),
    *(Call(f"watch, where yes is {yes!r}", "GET", f"{MAPS}?watch={yes}&timeoutSeconds=1&fieldSelector=metadata.name%3Dn1&resourceVersion=0&limit=1")
      for yes in ("True", "yes", "FALSE", "0")),
    *(Call(f"{what} of {body!r}", method, path, kind=kind, raw=body) for what, method, path, kind in BODIES for body in NOTHINGS),
    Call("… nothing has changed", "GET", PLACE),
    Call("… nor of the thing", "GET", ONE),
    Call("create a thing that does not say its version", "POST", THINGS, {"kind": "Thing", "metadata": {"name": "x"}, "spec": {"size": 1}}),
    Call("create a thing that does not say its kind", "POST", THINGS, {"apiVersion": "compared.example.com/v1", "metadata": {"name": "x"}, "spec": {"size": 1}}),
    Call("delete with options of null", "DELETE", f"{MAPS}/nothing", raw=b"null"),
    Call("delete with options of a list", "DELETE", f"{MAPS}/nothing", raw=b"[]"),
    *(Call(f"a Lease with {key} {value!r}", "POST", LEASES, lease(f"lease{n}", **{key: value})) for n, (key, value) in enumerate(LEASE_PARTS)),
    Call("merge patch a Lease to too much", "PATCH", f"{LEASES}/lease1", {"spec": {"leaseDurationSeconds": 2**31}}, MERGE),
    Call("merge patch a Lease to too little", "PATCH", f"{LEASES}/lease1", {"spec": {"leaseDurationSeconds": 0}}, MERGE),
    Call("merge patch a Lease to nothing", "PATCH", f"{LEASES}/lease1", {"spec": None}, MERGE),
    *(Call(f"an Event with {parts}", "POST", f"{SPACE}/events", {"metadata": {"name": f"e{n}", "namespace": "compared"}, "involvedObject": {"namespace": "compared"}, **parts})
      for n, parts in enumerate(({"count": 2**31}, {"firstTimestamp": "x"}, {"firstTimestamp": "2026-11-23T12:00:00.5+02:00"}))),
    *deletions(),
    Call("a type with formats", "POST", CRDS, formatted_definition()),
    *(Call(f"all formats of {text[:30]!r}", "POST", f"{FORMATTED}?dryRun=All", formatted(text)) for text in TEXTS),
]
