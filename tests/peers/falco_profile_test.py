"""Our definition of FalcoProfile beside the Go extension's, on a real API server: whatever ours takes, theirs takes as well, so there is a
way back; what ours refuses beyond theirs is named here, and would have meant nothing."""

import copy
import itertools
import random
import re
import unittest

import yaml

from kubernetes import Kubernetes
from rendering import example
from shared_data import gardeners
from testbed import ROOT

GOOD = {"version": "0.43.0", "rulesVersion": "5.0.0", "classification": "supported"}
IMAGE = {"version": "0.43.0", "repository": "docker.io/falcosecurity/falco", "tag": "0.43.0"}
# What theirs takes and ours does not → where ours says so.
STRICTER = (
    ([{**GOOD, "classification": "unsupported"}], [], [], "classification"),
    ([{**GOOD, "classification": "previewed, deprecated"}], [], [], "classification"),
    ([{**GOOD, "expirationDate": "2026-13-41T25:61:61Z"}], [], [], "expirationDate"),
    ([GOOD, {**GOOD, "rulesVersion": "5.1.0"}], [], [], "Duplicate"),
    ([GOOD], [{"classification": "supported"}], [], "version"),
    ([GOOD], [], [{"version": "0.43.0"}], "repository"),
    ([GOOD], [], [{"repository": "falco"}], "version"),
    ([GOOD], [], [{**IMAGE, "repository": ""}], "repository"),
    ([GOOD], [], [IMAGE, IMAGE], "Duplicate"),
)


def profile(group, falco=(), falcosidekick=(), images=()):
    return {"apiVersion": f"{group}/v1alpha1", "kind": "FalcoProfile", "metadata": {"name": "x"}, "spec": {
        "versions": {"falco": list(falco), "falcosidekick": list(falcosidekick)}, "images": {"falco": list(images)}}}


def of_group(definition, group):
    """The definition for another API group, so that both are served."""
    made = copy.deepcopy(definition)
    made["spec"]["group"], made["metadata"]["name"] = group, f"{made['spec']['names']['plural']}.{group}"
    return made


def entry_schema(definition):
    spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return spec["properties"]["versions"]["properties"]["falco"]["items"]["properties"]


def odd_texts(chance):
    """Versions and times as people write them, and with one character changed, gone or doubled."""
    seeds = ["0.43.0", "1.2.3-rc.1+build.5", "0.0.1-alpha-1", "01.2.3", "v1.2.3", "1.2", "2026-07-31T23:59:59Z", "2026-07-31T23:59:59", "2026-07-31",
             "2026-07-31T23:59:59.123456789+02:00", "2026-07-31t23:59:59z", "2026-02-30T00:00:00-23:59", "2026-00-10T24:00:60Z", "", " ", "\n"]
    alphabet = "0123456789.-+:TtZz aé\n"
    yield from seeds
    for text in itertools.chain.from_iterable([seeds] * 400):
        at = chance.randrange(len(text) + 1)
        yield chance.choice((text[:at] + chance.choice(alphabet) + text[at:], text[:at] + text[at + 1:], text[:at] + chance.choice(alphabet) + text[at + 1:]))


class FalcoProfiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.theirs = gardeners("falco.gardener.cloud_falcoprofiles.upstream")[0]
        cls.ours = yaml.safe_load((ROOT / "config/crds/falcoprofiles.yaml").read_text())
        cls.server = Kubernetes()
        cls.addClassCleanup(cls.server.close)
        cls.server.define(of_group(cls.theirs, "theirs.example.com"), of_group(cls.ours, "ours.example.com"))

    def refusals(self, *parts):
        return [self.server.refusal(profile(group, *parts)) for group in ("ours.example.com", "theirs.example.com")]

    def test_it_is_the_same_type(self):
        for each in ("group", "scope"):
            self.assertEqual(self.ours["spec"][each], self.theirs["spec"][each])
        for each in ("plural", "singular", "kind"):
            self.assertEqual(self.ours["spec"]["names"][each], self.theirs["spec"]["names"][each])
        for version in ("name", "served", "storage"):
            self.assertEqual(self.ours["spec"]["versions"][0][version], self.theirs["spec"]["versions"][0][version])

    def test_our_example_is_taken_by_both(self):
        spec = example("profile")["spec"]
        for group in ("ours.example.com", "theirs.example.com"):
            self.assertEqual(self.server.refusal({**profile(group), "spec": spec}), "", group)

    def test_plugins_are_ours_alone(self):
        spec = example("plugins-profile")["spec"]
        self.assertEqual(self.server.refusal({**profile("ours.example.com"), "spec": spec}), "")
        wrong = {"name": "Json", "version": "7", "image": {"repository": "r", "tag": "latest"}, "artifact": "r/x:1", "library": "../x.so"}
        said = self.server.refusal({**profile("ours.example.com"), "spec": {"plugins": [wrong]}})
        for field in ("name", "version", "image.tag", "artifact", "library"):
            self.assertIn(f"spec.plugins[0].{field}", said)
        twice = {"plugins": [{"name": "json", "version": "0.7.3"}] * 2}
        self.assertIn("Duplicate value", self.server.refusal({**profile("ours.example.com"), "spec": twice}))

    def test_what_ours_refuses_beyond_theirs_is_known(self):
        for *parts, place in STRICTER:
            ours, theirs = self.refusals(*parts)
            self.assertEqual(theirs, "", parts)
            self.assertIn(place, ours, parts)

    def test_no_text_is_taken_by_ours_alone(self):
        ours, theirs = entry_schema(self.ours), entry_schema(self.theirs)
        chance = random.Random(21)
        taken = {"version": 0, "rulesVersion": 0, "expirationDate": 0}
        for text in odd_texts(chance):
            for name in taken:
                # As Go's regexp: $ is the end of the text, and \d is ASCII.
                mine, other = (re.search(each[name]["pattern"].replace("$", r"\Z"), text, re.ASCII) for each in (ours, theirs))
                taken[name] += mine is not None
                if mine:
                    self.assertTrue(other, f"{name} {text!r} would not be taken back")
        self.assertGreater(min(taken.values()), 100)

    def test_the_server_reads_the_patterns_alike(self):
        for name, good, bad in (("version", "1.2.3-rc.1+b", "1.2.3\n"), ("expirationDate", "2026-07-31T23:59:59.5+02:00", "2026-07-31t23:59:59Z")):
            self.assertEqual(self.refusals([{**GOOD, name: good}]), ["", ""])
            for said in self.refusals([{**GOOD, name: bad}]):
                self.assertIn(name, said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
