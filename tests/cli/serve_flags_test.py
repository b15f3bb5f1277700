"""falconer serve with the flags that Gardener's machinery passes.

Usage: serve_flags_test.py FALCONER, from the source tree's root.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CONFIG = "apiVersion: falco.extensions.config.gardener.cloud/v1alpha1\nkind: Configuration\n"


class ServeFlags(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "falconer.yaml"
        self.file.write_text(CONFIG)

    def check(self, *flags, role="admission", code=0, **environment):
        done = subprocess.run([FALCONER, "serve", f"--config-file={self.file}", f"--roles={role}", "--check", *flags],
                              capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"], **environment})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def test_the_flags_of_gardeners_chart_are_taken(self):
        self.check("--webhook-config-server-port=10250", "--webhook-config-mode=url", "--webhook-config-url=svc.garden",
                   "--webhook-config-namespace=garden", "--webhook-config-owner-namespace=extension-falco",
                   "--health-bind-address=:8081", "--leader-election-id=gardener-extension-admission-shoot-falco-service",
                   "--restricted-usage", "--restricted-centralized-logging=false", "--otlp-logging=true")

    def test_the_flags_of_gardeners_library_are_taken(self):
        self.check("--leader-election=true", "--leader-election-id=extension-shoot-falco-service-leader-election",
                   "--leader-election-namespace=extension-x", "--heartbeat-namespace=extension-x",
                   "--heartbeat-renew-interval-seconds=30", "--max-concurrent-reconciles=5", "--controllers=a,b",
                   "--disable-controllers=c", "--ignore-operation-annotation=true", "--extension-classes=shoot",
                   "--gardener-version=v1.120.0", "--metrics-bind-address=:8080", "--health-bind-address=:8081",
                   "--log-level=info", "--log-format=json", f"--kubeconfig={self.file}", "--master=",
                   "--self-hosted-shoot-cluster=false", role="controller")

    def test_values_that_cannot_be_are_refused(self):
        for flag in ("--heartbeat-renew-interval-seconds=0", "--heartbeat-renew-interval-seconds=soon", "--log-level=loud",
                     "--max-concurrent-reconciles=-1", "--extension-class=plant", "--ignore-operation-annotation=maybe"):
            self.assertIn(flag.split("=")[0], self.check(flag, role="controller", code=2))
        self.assertIn("need a lease each", self.check("--leader-election-id=x", role="controller,admission", code=2))

    def test_the_image_vector_of_the_environment_is_read(self):
        vector = self.file.parent / "images_overwrite.yaml"
        where = {"IMAGEVECTOR_OVERWRITE": str(vector), "SEED_NAME": "s"}
        self.assertIn(f"IMAGEVECTOR_OVERWRITE: {vector}: No such file", self.check(role="controller", code=2, **where))
        self.check(**where)  # admission runs nothing in clusters
        vector.write_text("images:\n- {name: falconer, repository: [r]}\n")
        self.assertIn(f"IMAGEVECTOR_OVERWRITE: {vector}:2: images[0].repository: expected one word, found a list",
                      self.check(role="controller", code=2, **where))
        vector.write_text("images:\n- {name: falconer, repository: r}\n")
        self.check(role="controller", **where)

    def test_rules_are_found_by_flag(self):
        where = {"SEED_NAME": "s"}
        folder = self.file.parent / "rules"
        for role in ("controller", "admission", "controller,admission"):
            self.assertIn(f"--rules: {folder}: ", self.check(f"--rules={folder}", role=role, code=2, **where))
        folder.mkdir()
        # In one process the flag is over both, so that the two cannot differ.
        self.file.write_text(CONFIG + "controller: {rules: /nowhere}\nadmission: {rules: /elsewhere}\n")
        self.assertIn("differs from controller.rules", self.check(role="controller,admission", code=2, **where))
        self.check(f"--rules={folder}", role="controller,admission", **where)
        self.assertIn(f"{self.file}: is no directory", self.check(f"--rules={self.file}", role="admission", code=2))

    def test_what_has_no_effect_is_said_once(self):
        done = subprocess.run([FALCONER, "serve", "--config", self.file, "--roles=admission", "--health-bind-address=127.0.0.1:0",
                               "--metrics-bind-address=127.0.0.1:0", "--gardener-version=v1.120.0"],
                              capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]})
        self.assertEqual(done.stderr.count("a flag has no effect here flag=--gardener-version: nothing"), 1, done.stderr)

    def test_what_is_wrong_is_told_all_at_once(self):
        said = self.check("--webhook-config-mode=other", "--health-bind-address=here", "--webhook-config-server-host=there", code=2)
        for part in ("--webhook-config-mode: expected service or url, found 'other'", "--health-bind-address", "'there'"):
            self.assertIn(part, said)
        self.assertIn("admission.url", self.check("--webhook-config-mode=url", code=2))
        self.assertIn("http://svc", self.check("--webhook-config-mode=url", "--webhook-config-url=http://svc", code=2))
        self.assertIn("10250x", self.check("--webhook-config-server-port=10250x", code=2))

    def test_the_section_is_read_strictly(self):
        self.file.write_text(CONFIG + "admission:\n  lissten: x\n  certificates: {overlap: 800h}\n  mode: pigeon\n")
        said = self.check(code=2)
        for part in ("admission.lissten: unknown key; did you mean 'listen'?", "admission.certificates.overlap", "pigeon"):
            self.assertIn(part, said)

    def test_without_a_cluster_it_says_so_and_ends(self):
        self.file.write_text(CONFIG + "admission: {listen: '127.0.0.1:0'}\n")
        done = subprocess.run([FALCONER, "serve", "--config", self.file, "--roles=admission", "--health-bind-address=127.0.0.1:0",
                               "--metrics-bind-address=127.0.0.1:0"],
                              capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]})
        self.assertEqual(done.returncode, 1)
        self.assertIn("admission.kubeconfig", done.stderr)


if __name__ == "__main__":
    FALCONER = sys.argv.pop(1)
    unittest.main(verbosity=2)
