"""falconer review: the examples with their sentences, both webhooks in turn, and what is no review.

Usage: review_command_test.py FALCONER, from the source tree's root.
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

EXAMPLES = pathlib.Path("config/examples/reviews")
NOT_REVIEWED = {"garden.yaml", "landscape.yaml"}
PROFILE = "config/examples/profile.yaml"
NOW = "2026-11-27T12:00:00Z"
CONFIG = {"apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig"}


def run(*arguments, stdin="", **environment):
    return subprocess.run(
        [FALCONER, "review", *arguments], input=stdin, capture_output=True, text=True, timeout=60,
        env={**{k: v for k, v in os.environ.items() if k != "RESTRICTED_USAGE"}, **environment},
    )


def landscape():
    return ["--profile", PROFILE, "--config", str(EXAMPLES / "landscape.yaml"), "--objects",
            str(EXAMPLES / "garden.yaml"), "--restricted-usage", "--restricted-centralized-logging", "--now", NOW]


def shoot(config=None, namespace="garden-demo", **spec):
    entry = {"type": "shoot-falco-service"}
    if config is not None:
        entry["providerConfig"] = {**CONFIG, **config}
    return {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot",
            "metadata": {"name": "a", "namespace": namespace}, "spec": {"extensions": [entry], **spec}}


def review(new, old=None, version="v1"):
    return json.dumps({
        "apiVersion": "admission.k8s.io/" + version, "kind": "AdmissionReview",
        "request": {"uid": "u-1", "operation": "UPDATE" if old else "CREATE", "object": new, "oldObject": old,
                    "kind": {"group": "core.gardener.cloud", "version": "v1beta1", "kind": new["kind"]}}})


def example_review(path):
    body = "".join("    " + line for line in path.read_text().splitlines(keepends=True))
    return ("apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\n"
            "request:\n  uid: u-1\n  operation: CREATE\n  object:\n" + body)


def patch_of(response):
    return json.loads(base64.b64decode(response["patch"]))


class Review(unittest.TestCase):
    def ask(self, phase, stdin, *more, **environment):
        done = run("--phase", phase, *landscape(), *more, stdin=stdin, **environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return json.loads(done.stdout)

    def test_every_example_is_refused_with_the_sentence_it_names(self):
        seen = 0
        for path in sorted(EXAMPLES.glob("*.yaml")):
            if path.name in NOT_REVIEWED:
                continue
            first = path.read_text().splitlines()[0]
            with self.subTest(path.name):
                answer = self.ask("validate", example_review(path), "--after-mutation")["response"]
                if not first.startswith("# Refused: "):
                    self.assertTrue(answer["allowed"], answer)
                    continue
                seen += 1
                self.assertFalse(answer["allowed"])
                self.assertEqual((answer["status"]["code"], answer["status"]["reason"]), (403, "Forbidden"))
                self.assertIn(first.removeprefix("# Refused: "), answer["status"]["message"])
                for line in answer["status"]["message"].splitlines():
                    self.assertRegex(line, r"^spec\.extensions\[0\]")
        self.assertGreaterEqual(seen, 12)

    def test_everything_that_is_wrong_is_said_at_once(self):
        answer = self.ask("validate", example_review(EXAMPLES / "everything-at-once.yaml"), "--after-mutation")
        at = "spec.extensions[0].providerConfig."
        self.assertEqual(
            [line.split(": ")[0].removeprefix(at) for line in answer["response"]["status"]["message"].splitlines()],
            ["heartbeatEvents", "falcoVersion", "falcoConfig.resources.limits.memory", "rules.standard[0]",
             "destinations[0].resourceSecretName", "destinations[1].name"])

    def test_the_minimal_shoot_gets_its_defaults_written_back(self):
        answer = self.ask("mutate", example_review(EXAMPLES / "minimal.yaml"))["response"]
        self.assertEqual((answer["uid"], answer["allowed"], answer["patchType"]), ("u-1", True, "JSONPatch"))
        self.assertEqual(patch_of(answer), [{
            "op": "add", "path": "/spec/extensions/0/providerConfig",
            "value": {**CONFIG, "falcoVersion": "0.43.0", "autoUpdate": True, "rules": {"standard": ["falco-rules"]},
                      "destinations": [{"name": "central"}, {"name": "audit"}]}}])

    def test_both_versions_are_answered_in_kind(self):
        for version in ("v1", "v1beta1"):
            answer = self.ask("mutate", review(shoot(), version=version))
            self.assertEqual((answer["apiVersion"], answer["kind"]), ("admission.k8s.io/" + version, "AdmissionReview"))
            self.assertTrue(answer["response"]["allowed"])

    def test_the_environment_overrides_the_flag(self):
        stranger = review(shoot(namespace="garden-strangers"))
        for said, allowed in (("false", True), ("0", True), ("nonsense", False), ("true", False)):
            answer = self.ask("validate", stranger, "--after-mutation", RESTRICTED_USAGE=said)["response"]
            self.assertEqual(answer["allowed"], allowed, said)
        done = run("--phase", "validate", "--after-mutation", "--profile", PROFILE, stdin=stranger, RESTRICTED_USAGE="T")
        self.assertFalse(json.loads(done.stdout)["response"]["allowed"])

    def test_a_projects_opt_out_is_found_by_either_way_to_it(self):
        objects = {
            "by spec.namespace": "kind: Project\nmetadata: {name: x, annotations: {falco.gardener.cloud/skip-default-destinations: 'true'}}\nspec: {namespace: garden-x}\n",
            "by the label": "kind: Project\nmetadata: {name: x, annotations: {falco.gardener.cloud/skip-default-destinations: 'true'}}\n---\nkind: Namespace\nmetadata: {name: garden-x, labels: {project.gardener.cloud/name: x}}\n",
            "on the namespace": "kind: Namespace\nmetadata: {name: garden-x, annotations: {falco.gardener.cloud/skip-default-destinations: 'true'}}\n",
        }
        for way, text in objects.items():
            with self.subTest(way), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "objects.yaml"
                path.write_text(text)
                answer = self.ask("mutate", review(shoot(namespace="garden-x")), "--objects", str(path))["response"]
                names = [each["name"] for each in patch_of(answer)[0]["value"]["destinations"]]
                self.assertEqual(names, ["logging"])

    def test_an_update_hears_of_what_the_landscape_changes(self):
        old = shoot({"falcoVersion": "0.43.0", "autoUpdate": True, "rules": {"standard": ["falco-rules"]},
                     "destinations": [{"name": "logging"}, {"name": "retired"}]})
        answer = self.ask("validate", review({**old, "spec": {**old["spec"], "purpose": "testing"}}, old),
                          "--after-mutation")["response"]
        self.assertTrue(answer["allowed"], answer)
        self.assertEqual([each["name"] for each in patch_of(answer)[0]["value"]["destinations"]], ["logging"])
        self.assertEqual(len(answer["warnings"]), 2)
        self.assertIn("'retired' is taken away", answer["warnings"][0])
        self.assertIn("'audit', which the landscape wants, comes in the next maintenance window", answer["warnings"][1])

    def test_what_is_no_review_is_said_and_is_no_verdict(self):
        for stdin, why in (("", "standard input"), ("{", "standard input"),
                           ("[" * 100_000, "standard input: nested too deeply at byte 101: more than 100 levels"),
                           ('{"request": ' + "[" * 100_000, "standard input: nested too deeply at byte 112: more than 100 levels"),
                           ("[1]", "no AdmissionReview"),
                           ("{}", "no AdmissionReview"), ('{"kind":"AdmissionReview","apiVersion":"v1"}', "apiVersion")):
            done = run("--phase", "validate", *landscape(), stdin=stdin)
            self.assertEqual((done.returncode, done.stdout), (1, ""), stdin)
            self.assertIn(why, done.stderr)

    def test_wrong_usage(self):
        for arguments in ((), ("--phase", "both", "--profile", PROFILE), ("--phase", "mutate"),
                          ("--phase", "mutate", "--profile", "/nowhere"),
                          ("--phase", "mutate", "--profile", PROFILE, "--now", "noon"),
                          ("--phase", "mutate", "--profile", PROFILE, "--config", PROFILE),
                          ("--phase", "mutate", "--profile", PROFILE, "--objects", "/nowhere")):
            done = run(*arguments, stdin=review(shoot()))
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertTrue(done.stderr)

    def test_help_ends_with_an_example(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("Example:", done.stdout)

    def test_the_script_shows_all_of_it(self):
        done = subprocess.run(["scripts/show-reviews.sh", FALCONER], capture_output=True, text=True, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.startswith("minimal.yaml\n  allowed\n"), done.stdout)
        for path in EXAMPLES.glob("*.yaml"):
            self.assertEqual(path.name + "\n" in done.stdout, path.name not in NOT_REVIEWED, path.name)


if __name__ == "__main__":
    FALCONER = sys.argv.pop(1)
    unittest.main(verbosity=2)
