"""What the offline commands make of odd files: each is told in one line with its place, or read for what it is.

Usage: odd_files_test.py FALCONER, from the source tree's root.
"""
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import yaml

EXAMPLES = pathlib.Path("config/examples")
SERVICE = {"apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig", "falcoVersion": "0.43.0"}
CONFIG = {"apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration"}


def example(name):
    return yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())


def run(*arguments, stdin=subprocess.DEVNULL):
    return subprocess.run([FALCONER, *map(str, arguments)], stdin=stdin, capture_output=True, timeout=120,
                          env={k: v for k, v in os.environ.items() if k not in ("RESTRICTED_USAGE", "IMAGEVECTOR_OVERWRITE")})


class OddFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.extension, self.cluster, self.profile = example("extension"), example("cluster"), example("profile")
        self.rules = pathlib.Path("config/rules/demo")
        self.ask({})

    def ask(self, more):
        self.extension["spec"]["providerConfig"] = {
            **SERVICE, "rules": {"standard": ["falco-rules"]}, "destinations": [{"name": "stdout"}], **more}

    def refer(self, target):
        self.cluster["spec"]["shoot"]["spec"]["resources"] = [
            {"name": "mine", "resourceRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": target}}]
        self.ask({"rules": {"standard": ["falco-rules"], "custom": [{"resourceName": "mine"}]}})

    def write(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
        return path

    def render(self, *more):
        return run("render", "--extension", self.write("extension", self.extension), "--cluster", self.write("cluster", self.cluster),
                   "--profile", self.write("profile", self.profile), "--rules", self.rules, "--now", "2026-11-23T12:00:00Z", *more)

    def rendered(self, *more):
        done = self.render(*more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return list(yaml.safe_load_all(done.stdout))

    def refused(self, done, *pieces, code=1):
        """Exit code, nothing on standard output, and of each problem one line without control characters."""
        self.assertEqual((done.returncode, done.stdout), (code, b""), done.stderr)
        lines = done.stderr.decode().splitlines()
        self.assertEqual(len(lines), len(pieces), done.stderr)
        for line, piece in zip(lines, pieces):
            self.assertIn(piece, line)
            self.assertTrue(line.isprintable(), line)

    def test_what_has_no_end_is_not_read_to_it(self):
        endless = ["versions", "plan", "--current", "0.43.0", "--profile", "/dev/zero"]
        self.refused(run(*endless), "/dev/zero: has more than 64 MiB", code=2)
        with open("/dev/zero", "rb") as zero:
            done = run("review", "--phase", "validate", "--profile", EXAMPLES / "profile.yaml", stdin=zero)
        self.refused(done, "standard input: has more than 64 MiB")

    def test_a_link_round_in_circles_is_no_folder_of_rules(self):
        self.rules = self.folder / "rules"
        self.rules.mkdir()
        (self.rules / "5.1.0").symlink_to("5.1.0")
        (self.rules / "5.0.0").symlink_to(pathlib.Path("config/rules/demo/5.0.0").resolve())
        self.rendered()
        self.extension["spec"]["providerConfig"]["falcoVersion"] = "0.44.1"
        self.refused(self.render(), "the rules of version 5.1.0, which Falco 0.44.1 comes with, are not there")

    def test_a_name_with_a_line_break_stays_in_its_line(self):
        odd = "a\nb\x1b[31m"
        self.refer(odd)
        self.refused(self.render(), "ConfigMap ref-a\\x0ab\\x1b[31m is not in the control plane's namespace")
        self.ask({"destinations": [{"name": "stdout"}, {"name": odd}]})
        done = self.render()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, b"warning: destination a\\x0ab\\x1b[31m is left out: the landscape has no such destination\n")
        twice = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": odd}}
        self.refused(self.render("--objects", self.write("objects", {"apiVersion": "v1", "kind": "List", "items": [twice, twice]})),
                     "a second Secret 'a\\x0ab\\x1b[31m'")
        tokens = {"apiVersion": "v1", "kind": "Secret", "data": {odd: "!"},
                  "metadata": {"name": "gardener-extension-shoot-falco-service-tokens"}}
        self.refused(self.render("--objects", self.write("objects", tokens)), "a\\x0ab\\x1b[31m is not base64")

    def test_objects_of_other_namespaces_are_not_taken_for_ours(self):
        self.refer("x")
        found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ref-x"}, "data": {"a.yaml": "- list: x\n  items: []\n"}}
        self.rendered("--objects", self.write("objects", found))
        elsewhere = copy.deepcopy(found)
        elsewhere["metadata"]["namespace"] = "elsewhere"
        self.refused(self.render("--objects", self.write("objects", elsewhere)), "ConfigMap ref-x is not in the control plane's namespace")
        both = {"apiVersion": "v1", "kind": "List", "items": [elsewhere, found]}
        self.rendered("--objects", self.write("objects", both))

    def test_a_list_holds_a_list(self):
        path = self.write("objects", "apiVersion: v1\nkind: List\nitems: {a: b}\n")
        self.refused(self.render("--objects", path), f"{path}:3: items: expected a list, found a mapping")
        self.rendered("--objects", self.write("objects", "apiVersion: v1\nkind: List\nitems: null\n"))

    def test_json_is_read_as_json_writes_it(self):
        self.refer("x")
        text = "- list: x # \U0001f600 é \"/\\\n  items: []\n"
        found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ref-x"}, "data": {"a.yaml": text}}
        path = self.write("objects", json.dumps(found, ensure_ascii=True, indent="\t"))
        self.assertIn("\\ud83d\\ude00", path.read_text())
        custom = [each for each in self.rendered("--objects", path) if each["metadata"]["name"] == "falco-custom-rules"]
        self.assertEqual(custom[0]["data"], {"a.yaml": text})
        found["data"]["b.yaml"] = "\0"
        path = self.write("objects", json.dumps(found))
        self.assertEqual(self.render("--objects", path).returncode, 1)

    def test_an_extension_of_another_type_is_not_ours(self):
        self.extension["spec"]["type"] = "networking"
        self.refused(self.render(), "spec.type: expected shoot-falco-service, found 'networking'")
        del self.extension["spec"]["type"]
        self.rendered()

    def test_a_file_that_comes_twice_in_a_config_map_is_told_once(self):
        self.refer("x")
        found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ref-x"}}
        path = self.write("objects", json.dumps(found)[:-1] + ', "data": {"a.yaml": "- list: a", "a.yaml": "- list: a"}}')
        self.refused(self.render("--objects", path), "rules.custom[0].resourceName: ConfigMap ref-x: rule file a.yaml is there twice")

    def test_a_config_of_thousands_of_values_is_none(self):
        self.ask({"nodeSelector": {f"k{i}": "v" for i in range(20_000)}})
        self.refused(self.render(), "spec.providerConfig: has more than 2000 values")

    def test_a_candidate_behaves_as_the_version_that_it_is_for(self):
        def pod_and_config(version):
            self.profile["spec"]["versions"]["falco"] = [{"version": version, "classification": "preview", "rulesVersion": "5.0.0"}]
            self.profile["spec"]["images"]["falco"] = [{"version": version, "repository": "falco"}]
            self.extension["spec"]["providerConfig"]["falcoVersion"] = version
            objects = {(each["kind"], each["metadata"]["name"]): each for each in self.rendered()}
            daemonset = objects["DaemonSet", "falco"]["spec"]["template"]["spec"]
            return daemonset["containers"][0]["args"], yaml.safe_load(objects["ConfigMap", "falco"]["data"]["falco.yaml"])

        self.assertNotIn("-pk", pod_and_config("0.42.0-rc1")[0])
        self.assertIn("-pk", pod_and_config("0.41.9")[0])
        self.assertIn("container", pod_and_config("0.41.0-rc1")[1]["load_plugins"])
        self.assertNotIn("grpc", pod_and_config("0.44.0-alpha.1")[1])
        self.assertIn("grpc", pod_and_config("0.43.9")[1])

    def test_an_operators_key_file_that_is_not_there_is_told_with_its_key(self):
        self.ask({"destinations": [{"name": "central"}]})
        config = self.write("falconer", {**CONFIG, "falco": {"centralStorage": {
            "enabled": True, "url": "https://h/", "tokenIssuerPrivateKeyFile": "/nowhere/key.pem"}}})
        self.refused(self.render("--config", config),
                     "falco.centralStorage.tokenIssuerPrivateKeyFile: /nowhere/key.pem: No such file or directory")

    def test_an_output_that_falcosidekick_does_not_know_is_a_warning(self):
        self.ask({"destinations": [{"name": "mine"}]})
        stanza = {"name": "mine", "falcosidekickOutput": {"key": "lokii", "value": "hostport: http://h\nhostport: http://h\n"}}
        config = self.write("falconer", {**CONFIG, "falco": {"globalDefaultDestinations": [stanza]}})
        done = self.render("--config", config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.decode().splitlines(), [
            "warning: falco.globalDefaultDestinations[0].falcosidekickOutput.key: Falcosidekick 2.35 has no output 'lokii'; "
            "did you mean 'loki'?",
            "warning: destination mine is left out: lokii.hostport: the same key again"])


if __name__ == "__main__":
    FALCONER = os.path.abspath(sys.argv.pop(1))
    unittest.main()
