"""`falconer doctor` looks at the seed and at the garden, two real API servers: whether they answer, who we are to them, what we may."""

import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import yaml

from kubernetes import Kubernetes
from testbed import FALCONER, free_port

LITTLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "little"},
          "rules": [{"apiGroups": ["falco.gardener.cloud"], "resources": ["falcoprofiles"], "verbs": ["list"]}]}
BINDING = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "little"},
           "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "little"},
           "subjects": [{"kind": "ServiceAccount", "name": "falconer", "namespace": "falconer"}]}


class DoctorClusters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-doctor."))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.seed = Kubernetes()
        cls.addClassCleanup(cls.seed.close)
        cls.garden = Kubernetes()
        cls.addClassCleanup(cls.garden.close)
        cls.garden.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "falconer"}})
        cls.garden.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "falconer", "namespace": "falconer"}})
        cls.garden.create(LITTLE)
        cls.garden.create(BINDING)

    def doctor(self, seed, garden):
        """Lines of the report by what they are about."""
        file = self.home / "falconer.yaml"
        file.write_text(json.dumps({"apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration",
                                    "controller": {"kubeconfig": str(seed), "gardenKubeconfig": str(garden)}}))
        done = subprocess.run([FALCONER, "doctor", "--config", file], capture_output=True, text=True, timeout=120)
        self.report = done.stdout + done.stderr
        lines = [line.split(None, 2) for line in done.stdout.splitlines()]
        return done.returncode, {line[1]: (line[0], line[2]) for line in lines if len(line) == 3}

    def changed(self, kubeconfig, change):
        config = yaml.safe_load(pathlib.Path(kubeconfig).read_text())
        config["clusters"][0]["cluster"]["certificate-authority"] = str(pathlib.Path(kubeconfig).parent / "ca.crt")
        change(config)
        file = self.home / "changed"
        file.write_text(json.dumps(config))
        return file

    def test_both_are_reached_and_what_is_missing_is_named(self):
        code, report = self.doctor(self.seed.kubeconfig, self.garden.kubeconfig_of("falconer", "falconer"))
        self.assertEqual(report["seed"][0], "ok", self.report)
        self.assertRegex(report["seed"][1], rf"^127\.0\.0\.1:{self.seed.port}, Kubernetes v1\.34\.\d+, we are admin and may do all \d+ things")
        self.assertEqual(report["garden"], ("WRONG", f"127.0.0.1:{self.garden.port}, Kubernetes {self.version()}, we are "
                                            "system:serviceaccount:falconer:falconer and may not watch falcoprofiles.falco.gardener.cloud"))
        self.assertEqual(code, 1)

    def version(self):
        return self.garden.call("GET", "/version")["gitVersion"]

    def test_who_cannot_be_asked_is_said_with_the_cause_and_the_other_is_asked(self):
        nowhere = free_port()
        for change, cause in (
                (lambda config: config["clusters"][0]["cluster"].update(server=f"https://127.0.0.1:{nowhere}"), rf"127\.0\.0\.1:{nowhere}"),
                (lambda config: config["users"][0]["user"].update(token="expired"), r"the token is not this cluster's, or has expired"),
                (lambda config: config["clusters"][0]["cluster"].pop("certificate-authority"), r"certificate"),
                (lambda config: config["contexts"][0]["context"].update(user="nobody"), r"there is no user 'nobody'"),
                (lambda config: config["users"][0].update(user={"exec": {"command": "sh"}}), r"exec, which would run a program")):
            code, report = self.doctor(self.changed(self.seed.kubeconfig, change), self.garden.kubeconfig)
            self.assertEqual(report["seed"][0], "WRONG", self.report)
            self.assertRegex(report["seed"][1], cause)
            self.assertEqual(report["garden"][0], "ok", self.report)
            self.assertEqual(code, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
