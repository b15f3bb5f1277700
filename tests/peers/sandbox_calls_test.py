"""What the sandbox answers, held against a real kube-apiserver, request by request (api_calls.py, odd_calls.py, finer_calls.py, scale_calls.py): status, reason and the fields that
a refusal names, and the object, without managedFields, uids, times and versions. The table is printed; a watch is compared event by event."""

import contextlib
import copy
import http.client
import json
import os
import pathlib
import shutil
import tempfile
import unittest
import urllib.parse

from api_calls import CALLS, CRDS, MAPS, MERGE, Call, config_map, thing_definition
from finer_calls import FINER
from kube_http import Api
from kubernetes import Kubernetes
from odd_calls import ODD
from scale_calls import SCALES, THE_WORKLOAD, WHERE
from testbed import eventually
from up_test import Up, leftovers

# What differs on purpose: decisions §14, "Sandbox equality".
SERVERS_OWN = ("uid", "resourceVersion", "managedFields", "selfLink")
TIMES = ("creationTimestamp", "deletionTimestamp", "lastTransitionTime")
# Who we are and how many pages are left is each server's own.
LEFT_OUT = {THE_WORKLOAD: ("spec", "status"), "who am I": ("status",), "list a page": ("metadata",), "list the next page": ("metadata",)}


class Asked:
    """One answer."""

    def __init__(self, status, body):
        self.status, self.text = status, body
        with contextlib.suppress(ValueError):
            self.body = json.loads(body)
            return
        self.body = None

    def at(self, path):
        found = self.body
        for key in path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def reason(self):
        return self.at("reason") if self.status >= 400 else ""

    def details(self):
        """What a refusal says to programs: whom it means, and which fields, whatever the words. Nothing at all is as much as nothing in it."""
        said = self.at("details") if self.status >= 400 else None
        if not isinstance(said, dict):
            return {}
        kept = {key: said[key] for key in ("name", "group", "kind", "retryAfterSeconds") if key in said}
        causes = sorted({(each.get("reason", ""), each.get("field", "")) for each in said.get("causes", [])})
        return {**kept, "causes": causes} if causes else kept

    def bare(self, left_out=()):
        if self.status >= 400 or not isinstance(self.body, dict):
            return None
        made = copy.deepcopy(self.body)
        for key in left_out:
            made.pop(key, None)
        if made.get("kind") == "TokenReview":
            made["status"].pop("error", None)  # each authenticator's own words
        return without_servers_own(made)


def without_servers_own(made):
    if isinstance(made, dict):
        if made.get("kind") == "ConfigMapList":  # each namespace has it on a real one, with a controller manager or without
            made["items"] = [each for each in made["items"] if each["metadata"]["name"] != "kube-root-ca.crt"]
        return {key: bool(value) if key in TIMES else without_servers_own(value) for key, value in made.items() if key not in SERVERS_OWN}
    if isinstance(made, list):
        return [without_servers_own(each) for each in made]
    return made


class Side:
    """A server with what was kept of its answers."""

    def __init__(self, api):
        self.api, self.kept = api, {}

    def filled(self, what):
        if isinstance(what, str):
            for name, value in self.kept.items():
                what = what.replace(f"${name}", value)
            return what
        if isinstance(what, dict):
            return {key: self.filled(value) for key, value in what.items()}
        return [self.filled(each) for each in what] if isinstance(what, list) else what

    def ask(self, call):
        where = urllib.parse.urlsplit(self.api.server)
        path = call.path
        for name, value in self.kept.items():
            path = path.replace(f"${name}", urllib.parse.quote(value))
        body = call.raw if call.raw is not None else None if call.body is None else json.dumps(self.filled(call.body)).encode()
        for _ in range(60):
            line = http.client.HTTPSConnection(where.hostname, where.port, timeout=30, context=self.api._context)
            try:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # answered before all of it was sent
                    line.request(call.method, path, body=body, headers={"Authorization": f"Bearer {self.api._token}", "Content-Type": call.kind, "Accept": "application/json"})
                said = line.getresponse()
                answer = Asked(said.status, said.read().decode(errors="replace"))
            finally:
                line.close()
            if answer.status != 429:
                break
        for name, place in call.keep.items():
            self.kept[name] = answer.at(place) or ""
        return answer

    def wait_until_served(self, plural):
        eventually(lambda: self.ask(Call("", "GET", f"/apis/compared.example.com/v1/{plural}")).status == 200, 60, "the type is served")

    def watched(self):
        """What a watch tells of a small life, as (type, name, data)."""
        self.ask(Call("", "POST", MAPS, config_map("old", {"n": "0"}, labels={"w": "1"})))
        begun = self.ask(Call("", "GET", f"{MAPS}?labelSelector=w%3D1")).at("metadata.resourceVersion")
        self.ask(Call("", "POST", MAPS, config_map("w", {"n": "1"}, labels={"w": "1"})))
        self.ask(Call("", "PATCH", f"{MAPS}/w", {"data": {"n": "2"}}, MERGE))
        self.ask(Call("", "PATCH", f"{MAPS}/w", {"data": {"n": "2"}}, MERGE))
        self.ask(Call("", "PATCH", f"{MAPS}/w", {"metadata": {"labels": {"w": None}}}, MERGE))
        self.ask(Call("", "PATCH", f"{MAPS}/w", {"metadata": {"labels": {"w": "1"}}}, MERGE))
        self.ask(Call("", "DELETE", f"{MAPS}/w"))
        self.ask(Call("", "POST", MAPS, config_map("other", {})))
        answer = self.ask(Call("", "GET", f"{MAPS}?watch=1&timeoutSeconds=2&labelSelector=w%3D1&resourceVersion={begun}"))
        events = [json.loads(line) for line in answer.text.splitlines()]
        return [(each["type"], each["object"]["metadata"]["name"], each["object"].get("data"), each["object"]["metadata"].get("labels")) for each in events]


    def watched_from_here(self):
        """… and of one that begins with what there is: it says when that has been told."""
        self.ask(Call("", "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "compared"}}))
        self.ask(Call("", "POST", MAPS, config_map("here", {"n": "0"})))
        how = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=3&fieldSelector=metadata.name%3Dhere"
        events = [json.loads(line) for line in self.ask(Call("", "GET", f"{MAPS}?{how}")).text.splitlines()]
        return [(each["type"], each["object"]["kind"], each["object"]["metadata"].get("name"), each["object"]["metadata"].get("annotations")) for each in events]


class SandboxCalls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-calls."))
        os.chmod(cls.home, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        kubernetes = Kubernetes()
        cls.addClassCleanup(kubernetes.close)
        cls.up = Up(cls.home / "data", "--shoots", "1")
        cls.addClassCleanup(cls.end_up)
        cls.up.wait_until_up()
        cls.real, cls.sandbox = Side(kubernetes), Side(Api(cls.home / "data/kubernetes/kubeconfig"))

    @classmethod
    def end_up(cls):
        code = cls.up.end()
        assert code == 0, cls.up.said()
        assert leftovers(cls.home) == [], leftovers(cls.home)

    def asked_of_both(self, calls):
        """Prints the table; gives what differs."""
        rows, different = [], []
        for call in calls:
            one, other = self.real.ask(call), self.sandbox.ask(call)
            if call.path == CRDS and one.status == 201:
                for side in (self.real, self.sandbox):
                    side.wait_until_served(call.body["spec"]["names"]["plural"])
            left_out = LEFT_OUT.get(call.what, ())
            if call.path.startswith(CRDS):
                left_out = ("status", "spec")  # defaults of conversion and of names; what is made of them is compared by its objects
            problems = []
            if (one.status, one.reason()) != (other.status, other.reason()):
                problems.append(f"real {one.status} {one.reason()}: {one.at('message')}; sandbox {other.status} {other.reason()}: {other.at('message')}")
            elif one.details() != other.details():
                problems.append(f"details: real {json.dumps(one.details(), sort_keys=True)}\nsandbox {json.dumps(other.details(), sort_keys=True)}")
            elif one.bare(left_out) != other.bare(left_out):
                problems.append(f"real {json.dumps(one.bare(left_out), sort_keys=True)}\nsandbox {json.dumps(other.bare(left_out), sort_keys=True)}")
            rows.append((call.what, f"{one.status} {one.reason() or ''}".strip(), "equal" if not problems else "DIFFERENT"))
            different += [f"{call.what}: {each}" for each in problems]
        print()
        for what, status, verdict in rows:
            print(f"  {what:52} {status:32} {verdict}")
        print(f"{len(rows)} calls, {len(rows) - len(different)} equal")
        return "\n".join(different)

    def test_every_call_of_the_client_is_answered_alike(self):
        different = self.asked_of_both(CALLS)
        self.assertEqual(different, "", f"\n{different}")

        with self.subTest("watch that begins with what there is"):
            self.assertEqual(self.real.watched_from_here(), self.sandbox.watched_from_here())
        with self.subTest("watch"):
            for side in (self.real, self.sandbox):
                side.ask(Call("", "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "compared"}}))
            self.assertEqual(self.real.watched(), self.sandbox.watched())

    def test_what_nobody_should_ask_is_refused_alike(self):
        for side in (self.real, self.sandbox):
            side.ask(Call("", "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "compared"}}))
        different = self.asked_of_both(ODD)
        self.assertEqual(different, "", f"\n{different}")

    def test_finer_points_are_answered_alike(self):
        for side in (self.real, self.sandbox):
            side.ask(Call("", "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "compared"}}))
        different = self.asked_of_both(FINER)
        self.assertEqual(different, "", f"\n{different}")

    def test_how_many_there_are_to_be_is_answered_alike(self):
        for side in (self.real, self.sandbox):
            side.ask(Call("", "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "compared"}}))
        different = self.asked_of_both(SCALES)
        self.assertEqual(different, "", f"\n{different}")
        for path, plurals in WHERE.items():
            real, sandbox = ([each for each in side.ask(Call("", "GET", path)).at("resources") if "/" in each["name"] and each["name"].split("/")[0] in plurals]
                             for side in (self.real, self.sandbox))
            self.assertEqual(real, sandbox)
            self.assertEqual({each["name"] for each in real if each["kind"] == "Scale"}, {f"{each}/scale" for each in plurals})

    def test_a_difference_would_be_seen(self):
        one = Asked(200, json.dumps({"kind": "Thing", "metadata": {"uid": "1", "name": "a", "creationTimestamp": "x"}, "spec": {"a": [1]}}))
        other = Asked(200, json.dumps({"kind": "Thing", "metadata": {"uid": "2", "name": "a"}, "spec": {"a": [2]}}))
        self.assertNotEqual(one.bare(), other.bare())
        cause = {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.size"}
        one, other = (Asked(422, json.dumps({"kind": "Status", "details": {"name": "a", "causes": [{**cause, "field": field}]}})) for field in ("spec.a", "spec.b"))
        self.assertNotEqual(one.details(), other.details())
        one, other = (Asked(200, json.dumps({"kind": "Thing", "metadata": {"uid": each, "name": "a", **more}})) for each, more in (("1", {"creationTimestamp": "x"}), ("2", {})))
        self.assertEqual(one.bare()["metadata"], {"name": "a", "creationTimestamp": True})
        self.assertNotEqual(thing_definition(), thing_definition(served=False))


if __name__ == "__main__":
    unittest.main(verbosity=2)
