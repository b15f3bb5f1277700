"""The comparison of roles with an audit log finds what is too little and what is too much."""

import json
import unittest

import charts
import rights
from rights import Right

USER = "system:serviceaccount:space:me"


def role(kind, name, *rules, space=None):
    return {"kind": kind, "metadata": {"name": name, **({"namespace": space} if space else {})}, "rules": [
        {"apiGroups": [group], "resources": resources, "verbs": verbs, **({"resourceNames": names} if names else {})}
        for group, resources, verbs, names in rules]}


def binding(of, space=None):
    return {"kind": of["kind"] + "Binding", "metadata": {"name": "x", **({"namespace": space} if space else {})},
            "roleRef": {"kind": of["kind"], "name": of["metadata"]["name"]}, "subjects": [{"kind": "ServiceAccount", "name": "me", "namespace": "space"}]}


def said(verb, resource, name="", namespace="", group="", code=200, user=USER, sub=""):
    about = {"resource": resource, "name": name, "namespace": namespace, "apiGroup": group, "subresource": sub}
    return json.dumps({"user": {"username": user}, "verb": verb, "responseStatus": {"code": code},
                       "objectRef": {key: value for key, value in about.items() if value}})


class Rights(unittest.TestCase):
    def setUp(self):
        wide = role("ClusterRole", "wide", ("", ["secrets"], ["get", "list"], None), ("a.b", ["things", "things/status"], ["patch"], None))
        here = role("Role", "here", ("c", ["leases"], ["update"], ["mine"]), space="space")
        other = role("ClusterRole", "other", ("", ["nodes"], ["get"], None))
        self.granted = rights.granted([wide, binding(wide), here, binding(here, "space"), other], "me", "space")

    def test_only_what_is_bound_is_granted_and_each_right_counts(self):
        self.assertEqual(self.granted, {
            Right("*", "", "secrets", "get", "*"), Right("*", "", "secrets", "list", "*"), Right("*", "a.b", "things", "patch", "*"),
            Right("*", "a.b", "things/status", "patch", "*"), Right("space", "c", "leases", "update", "mine")})
        everything = role("ClusterRole", "all", ("*", ["*"], ["*"], None))
        with self.assertRaises(AssertionError):
            rights.granted([everything, binding(everything)], "me", "space")

    def test_what_is_called_without_a_right_is_missing(self):
        good = [said("get", "secrets", "x", "anywhere"), said("patch", "things", "x", group="a.b", sub="status"),
                said("update", "leases", "mine", "space", "c"), said("delete", "secrets", "x", user="somebody else")]
        self.assertEqual(rights.missing(self.granted, rights.called(good, USER)), [])
        for bad in (said("delete", "secrets", "x", "y"), said("update", "leases", "yours", "space", "c"), said("update", "leases", "mine", "there", "c"),
                    said("get", "secrets", "x", "y", "z"), said("patch", "things", "x", group="a.b", sub="scale"), said("get", "secrets", "x", "y", code=403)):
            self.assertEqual(len(rights.missing(self.granted, rights.called([bad], USER))), 1, bad)

    def test_what_nobody_calls_is_idle_unless_it_is_an_exception(self):
        calls = rights.called([said("get", "secrets", "x", "y"), said("patch", "things", "x", group="a.b"), said("update", "leases", "mine", "space", "c")], USER)
        self.assertEqual(rights.idle(self.granted, calls), [Right("*", "", "secrets", "list", "*"), Right("*", "a.b", "things/status", "patch", "*")])
        self.assertEqual(len(rights.idle(self.granted, calls, {("", "secrets", "list"): "why"})), 1)

    def test_no_chart_grants_a_wildcard_or_what_makes_an_account_its_own_master(self):
        for chart, values, space, account in (
                (charts.CONTROLLER, charts.GARDENLET, "extension-x", "gardener-extension-shoot-falco-service"),
                (charts.CONTROLLER, charts.OPERATOR_RUNTIME, "extension-x", "gardener-extension-shoot-falco-service"),
                (charts.ADMISSION_RUNTIME, charts.OPERATOR_ADMISSION_RUNTIME, "garden", "gardener-extension-admission-shoot-falco-service"),
                (charts.ADMISSION_APPLICATION, charts.OPERATOR_ADMISSION_VIRTUAL, "kube-system", "extension-admission-extension-shoot-falco-service"),
                (charts.ADMISSION_APPLICATION, {"console": {"enabled": True}}, "extension-x", "falconer-console")):
            found = rights.granted(charts.render(chart, values, namespace=space), account, space)
            self.assertTrue(found, chart)
            for each in found:
                self.assertNotIn(each.verb, ("escalate", "bind", "impersonate", "deletecollection"), each)
                self.assertNotEqual(each.group, "rbac.authorization.k8s.io", each)


if __name__ == "__main__":
    unittest.main(verbosity=2)
