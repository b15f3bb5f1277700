"""The admission webhook as its charts deploy it: the rendered configuration, flags and environment, and the rights of two accounts – one
for the runtime cluster, one for the virtual garden, which are the same API server here."""

import os
import subprocess

import charts
from testbed import FALCONER, ROOT

NAME = "gardener-extension-admission-shoot-falco-service"
RUNTIME = (NAME, "garden")  # account and namespace
VIRTUAL = tuple(charts.OPERATOR_ADMISSION_VIRTUAL["gardener"]["virtualCluster"]["serviceAccount"][each] for each in ("name", "namespace"))
OWNER = charts.OPERATOR_ADMISSION_RUNTIME["gardener"]["virtualCluster"]["namespace"]
OF_RIGHTS = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


class AdmissionDeployment:
    """`server` has the definitions that the webhook watches, but FalcoProfile's, which is the chart's. `section`: what the operator
    writes into the configuration below `admission:`."""

    def __init__(self, server, section=None):
        self.section = section or {}
        for name in ("garden", OWNER):
            server.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        runtime = charts.render(charts.ADMISSION_RUNTIME, charts.OPERATOR_ADMISSION_RUNTIME)
        virtual = charts.render(charts.ADMISSION_APPLICATION, charts.OPERATOR_ADMISSION_VIRTUAL, namespace=OWNER)
        self.roles = {RUNTIME: [each for each in runtime if each["kind"] in OF_RIGHTS], VIRTUAL: [each for each in virtual if each["kind"] in OF_RIGHTS]}
        server.define(charts.one(virtual, "CustomResourceDefinition"))
        # gardener-operator makes this one.
        server.call("POST", f"/api/v1/namespaces/{VIRTUAL[1]}/serviceaccounts", {"metadata": {"name": VIRTUAL[0]}})
        for each in (*self.roles[RUNTIME], *self.roles[VIRTUAL]):
            server.create(each)
        self.access = {account: server.kubeconfig_of(account[1], account[0]) for account in (RUNTIME, VIRTUAL)}

    def start(self, root, ports, url, log):
        """A replica. `root`: a folder that stands for its file system; `ports`: of webhook, health and metrics; `url`: where the API server calls."""
        objects = charts.render(charts.ADMISSION_RUNTIME, charts.merged(charts.OPERATOR_ADMISSION_RUNTIME, {
            "webhookConfig": {"serverPort": ports[0]}, "healthPort": ports[1], "metricsPort": ports[2],
            "rules": {"directory": str(ROOT / "config/rules/demo")}, "config": {"admission": self.section}}))
        arguments, around = charts.lay_out(charts.one(objects, "Deployment"), objects, root)
        # There is no DNS here that knows the Service, and no Pod whose account would be found by itself.
        arguments = [f"--webhook-config-url={url}" if each.startswith("--webhook-config-url=") else each for each in arguments]
        return subprocess.Popen([FALCONER, *arguments], stdout=log, stderr=log, env=self.around(around))

    def around(self, told):
        return {**os.environ, **told, "SOURCE_KUBECONFIG": str(self.access[RUNTIME]), "GARDEN_KUBECONFIG": str(self.access[VIRTUAL])}

    def doctor(self, root):
        """What `falconer doctor` says of a replica's configuration."""
        return subprocess.run([FALCONER, "doctor", "--config", root / "etc/falconer/config.yaml"], capture_output=True, text=True, timeout=120,
                              env=self.around({}))
