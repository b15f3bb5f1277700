"""Every object of the charts through a real API server's strict validation, with Gardener's CRDs, every pod through its pod security;
the registrations; which FalcoProfiles are taken.

ControllerRegistration, ControllerDeployment and CloudNativePG's Cluster are judged by small definitions of ours (crds/README.md): that
Gardener and CloudNativePG take them as they are is not shown here."""

import copy
import json
import unittest

import yaml

import charts
from chart_cases import EXAMPLES, SPACE, STORE_VALUES, in_each_case, rendered
from charts import ADMISSION_APPLICATION, ADMISSION_RUNTIME, CONTROLLER, merged, one, pod_of, render, workloads
from kubernetes import Kubernetes, small_definitions
from shared_data import gardeners
from testbed import ROOT

CRDS = ("extensions.gardener.cloud_extensions", "resources.gardener.cloud_managedresources", "autoscaling.k8s.io_verticalpodautoscalers",
        "monitoring.coreos.com_servicemonitors", "monitoring.coreos.com_prometheusrules", "operator.gardener.cloud_extensions")
PRIORITIES = ("gardener-system-900", "gardener-garden-system-200", "gardener-garden-system-400")


class ChartsOnServer(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        definitions = [*gardeners(*CRDS), *small_definitions("controllerregistrations", "postgresql.cnpg.io_clusters")]
        cls.api = Kubernetes()
        cls.addClassCleanup(cls.api.close)
        cls.api.define(*definitions)
        for name in ("garden", SPACE, "extension-x", "falconer"):
            labels = {"pod-security.kubernetes.io/enforce": "restricted"}
            cls.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        for name in PRIORITIES:
            cls.api.create({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": 1})
        # A chart that brings the definition is taken before it is there; its objects need it.
        chart = render(ADMISSION_APPLICATION)
        cls.definition = one(chart, "CustomResourceDefinition")
        assert not cls.api.refusal(cls.definition)
        cls.api.define(cls.definition)

    def test_the_server_takes_every_object_and_every_pod(self):
        taken = []

        def judge(chart, objects, _):
            for each in objects:
                if each["metadata"]["name"] == self.definition["metadata"]["name"]:
                    self.assertEqual(each["spec"], self.definition["spec"])
                    continue
                self.assertEqual(self.api.refusal(each), "", each["kind"])
                taken.append(each)
            for each in workloads(objects):
                pod = self.a_pod_of(each)
                # Made by the StatefulSet.
                for claim in each["spec"].get("volumeClaimTemplates", []):
                    pod["spec"]["volumes"].append({"name": claim["metadata"]["name"], "emptyDir": {}})
                self.assertEqual(self.api.refusal(pod), "", "its pod")
        in_each_case(self, judge)
        self.assertGreater(len(taken), 80)

    @staticmethod
    def a_pod_of(workload):
        pod = {"apiVersion": "v1", "kind": "Pod", **copy.deepcopy(pod_of(workload))}
        pod["metadata"].update(name="x", namespace=workload["metadata"]["namespace"])
        return pod

    def test_the_server_would_refuse_a_pod_that_may_more(self):
        for spoil in (lambda pod: pod["securityContext"].pop("runAsNonRoot"), lambda pod: pod["securityContext"].pop("seccompProfile"),
                      lambda pod: pod["containers"][0]["securityContext"].pop("capabilities"),
                      lambda pod: pod["containers"][0]["securityContext"].pop("allowPrivilegeEscalation")):
            pod = self.a_pod_of(workloads(rendered(CONTROLLER, "on a seed"))[0])
            spoil(pod["spec"])
            self.assertIn("violates PodSecurity", self.api.refusal(pod))

    def test_the_example_store_is_what_the_example_values_ask_for(self):
        cluster = yaml.safe_load((EXAMPLES / "cloudnative-pg.yaml").read_text())
        self.assertEqual(self.api.refusal(cluster), "")
        for word, instead in (("dataDurability", "dataDurabilty"), ("passwordSecret", "passwordSecert"), ("walStorage", "walStorge")):
            self.assertIn(instead, self.api.refusal(json.loads(json.dumps(cluster).replace(word, instead))))
        store, spec = STORE_VALUES["store"], cluster["spec"]
        self.assertEqual(store["config"]["hosts"], [cluster["metadata"]["name"] + "-rw"])
        self.assertEqual(store["caSecret"], cluster["metadata"]["name"] + "-ca")
        self.assertEqual(store["config"]["database"], spec["bootstrap"]["initdb"]["database"])
        passwords = {each["name"]: each["passwordSecret"]["name"] for each in spec["managed"]["roles"]}
        passwords[spec["bootstrap"]["initdb"]["owner"]] = spec["bootstrap"]["initdb"]["secret"]["name"]
        asked = {store["config"]["user"]: store["passwordSecrets"]["writer"]}
        asked.update({store["config"][who]["user"]: store["passwordSecrets"][who] for who in ("reader", "migrator")})
        self.assertEqual(passwords, asked)
        self.assertEqual(spec["instances"], 3)
        self.assertEqual(spec["postgresql"]["synchronous"]["dataDurability"], "required")
        self.assertEqual(store["config"]["capacity"], spec["storage"]["size"])

    def test_the_registrations_are_taken_and_misspelt_ones_are_not(self):
        objects = [each for file in sorted((ROOT / "config/registration").glob("*.yaml")) for each in yaml.safe_load_all(file.read_text())]
        self.assertEqual([each["kind"] for each in objects], ["ControllerDeployment", "ControllerRegistration", "Extension"])
        for each in objects:
            self.assertEqual(self.api.refusal(each), "", each["kind"])
        deployment, registration, operator = objects
        for wrong, word, instead in ((operator, "reconcileTimeout", "reconcileTimout"), (operator, "runtimeClusterValues", "runtimeValues"),
                                     (registration, "reconcileTimeout", "reconcileTimout"), (registration, "AfterKubeAPIServer", "Sometime"),
                                     (deployment, "injectGardenKubeconfig", "injectGardnerKubeconfig")):
            self.assertIn(word, json.dumps(wrong))
            self.assertIn(instead, self.api.refusal(json.loads(json.dumps(wrong).replace(word, instead))))

    def test_the_registrations_name_the_charts_and_values_that_these_know(self):
        operator = yaml.safe_load((ROOT / "config/registration/operator-extension.yaml").read_text())["spec"]["deployment"]
        deployment = next(yaml.safe_load_all((ROOT / "config/registration/controllerregistration.yaml").read_text()))
        named = ((CONTROLLER, operator["extension"]["helm"]), (CONTROLLER, deployment["helm"]),
                 (ADMISSION_RUNTIME, operator["admission"]["runtimeCluster"]["helm"]), (ADMISSION_APPLICATION, operator["admission"]["virtualCluster"]["helm"]))
        for chart, helm in named:
            made = yaml.safe_load((charts.CHARTS / chart / "Chart.yaml").read_text())
            self.assertTrue(helm["ociRepository"]["ref"].endswith(f"/{made['name']}:{made['version']}"), helm["ociRepository"]["ref"])
        for chart, values, injected in ((CONTROLLER, operator["extension"]["values"], charts.GARDENLET),
                                        (CONTROLLER, operator["extension"]["runtimeClusterValues"], charts.OPERATOR_RUNTIME),
                                        (CONTROLLER, deployment["helm"]["values"], charts.GARDENLET),
                                        (ADMISSION_RUNTIME, operator["admission"]["values"], charts.OPERATOR_ADMISSION_RUNTIME),
                                        (ADMISSION_APPLICATION, operator["admission"]["values"], charts.OPERATOR_ADMISSION_VIRTUAL)):
            self.assertTrue(render(chart, merged(values, injected)))

    def profile(self, falco=(), falcosidekick=(), images=()):
        return {"apiVersion": "falco.gardener.cloud/v1alpha1", "kind": "FalcoProfile", "metadata": {"name": "x"}, "spec": {
            "versions": {"falco": list(falco), "falcosidekick": list(falcosidekick)}, "images": {"falco": list(images)}}}

    def test_profiles_of_today_are_taken(self):
        """Source: the Go extension's own profile (facts on its CRD), and what its pattern of dates lets through."""
        of_today = [("0.40.0", "3.2.0", "deprecated", "2026-07-31T23:59:59Z"), ("0.41.3", "4.0.0", "deprecated", "2026-07-31T23:59:59Z"),
                    ("0.42.1", "0.42.1", "supported", None), ("0.43.0", "0.43.0", "deprecated", "2026-07-31T23:59:59"),
                    ("0.44.1", "0.44.0", "preview", "2026-07-31T23:59:59.5+02:00"), ("0.45.0-rc.1+build.5", "1.0.0-alpha-1", "preview", None)]
        falco = [{"version": version, "rulesVersion": rules, "classification": what, **({"expirationDate": end} if end else {})}
                 for version, rules, what, end in of_today]
        sidekick = [{"version": each, "classification": "supported"} for each in ("2.32.0", "2.34.0", "2.35.1")]
        images = [{"version": each[0], "repository": "falcosecurity/falco", "tag": each[0]} for each in of_today]
        self.assertEqual(self.api.refusal(self.profile(falco, sidekick, images)), "")

    def test_profiles_that_mean_nothing_are_refused(self):
        good = {"version": "0.43.0", "rulesVersion": "5.0.0", "classification": "supported"}
        for change, place in (({"classification": "unsupported"}, "classification"), ({"version": "v0.43.0"}, "version"), ({"version": "0.43"}, "version"),
                              ({"version": "0.43.0-01"}, "version"), ({"rulesVersion": None}, "rulesVersion"), ({"expirationDate": "tomorrow"}, "expirationDate"),
                              ({"expirationDate": "2026-13-01T00:00:00Z"}, "expirationDate"), ({"rulesVerson": "1.0.0"}, "unknown field")):
            entry = {key: value for key, value in {**good, **change}.items() if value is not None}
            self.assertIn(place, self.api.refusal(self.profile([entry])), change)
        self.assertIn("Duplicate", self.api.refusal(self.profile([good, good])))
        self.assertIn("version", self.api.refusal(self.profile([good], [{"classification": "supported"}])))
        self.assertIn("repository", self.api.refusal(self.profile([good], images=[{"version": "0.43.0"}])))


if __name__ == "__main__":
    unittest.main(verbosity=2)
