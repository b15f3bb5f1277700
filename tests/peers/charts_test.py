"""Every chart through Helm's own lint and template; what they render holds together, and is what Gardener expects; every configuration
and every flag through `falconer serve --check`."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

import charts
import tokens
from chart_cases import AUTHORITY, CASES, CLIENT, SPACE, STORE_VALUES, in_each_case, keys, rendered, values_of
from charts import ADMISSION_APPLICATION, ADMISSION_RUNTIME, CONTROLLER, EVENTS, merged, one, pod_of, render, workloads
from testbed import FALCONER, ROOT


class Charts(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="falconer-charts.")
        cls.addClassCleanup(folder.cleanup)
        cls.home = pathlib.Path(folder.name)
        tokens.make_certificate(cls.home)

    def test_helm_lints_every_chart(self):
        self.assertEqual({each.parent.name for each in charts.CHARTS.glob("*/Chart.yaml")}, CASES.keys(), "a chart without cases, or none for a case")
        for chart, cases in CASES.items():
            for name in cases:
                space, values = values_of(chart, name)
                with self.subTest(chart=chart, case=name):
                    done = charts.helm("lint", "--strict", "--namespace", space, charts.CHARTS / chart, values=values)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_chart_is_looked_at_by_default_with_as_little_and_with_all_that_there_is(self):
        for chart, cases in CASES.items():
            with self.subTest(chart=chart):
                self.assertTrue({} in [values for _, values in cases.values()] or chart == EVENTS, "as it is; the one of events has to be told of a store")
                self.assertTrue({"with everything", "in one cluster"} & cases.keys())

    def test_values_that_no_chart_knows_are_refused_with_their_place(self):
        for chart, values, place in ((CONTROLLER, {"replicas": 2}, "replicas"), (CONTROLLER, {"vpa": {"enabled": "yes"}}, "vpa"),
                                     (CONTROLLER, {"usablePorts": [1]}, "usablePorts"), (ADMISSION_RUNTIME, {"metricsPort": 0}, "metricsPort"),
                                     (CONTROLLER, {"falco": {"centralStorage": {"tokenIssuerPrivateKey": "hello"}}}, "tokenIssuerPrivateKey"),
                                     (ADMISSION_APPLICATION, {"falcoProfiles": {"instal": True}}, "falcoProfiles"),
                                     (EVENTS, {}, "hosts"), (EVENTS, merged(STORE_VALUES, {"ingestor": {"spool": {"sise": "1Gi"}}}), "spool")):
            with self.subTest(chart=chart, values=values), self.assertRaises(AssertionError) as refused:
                render(chart, values)
            self.assertIn(place, str(refused.exception))
        with self.assertRaisesRegex(AssertionError, "the public keys of clusters' tokens"):
            render(EVENTS, {"store": {"config": {"hosts": ["x"]}}})

    def test_every_value_does_something(self):
        """Set to something else it changes what is rendered, so no name in values.yaml is a mere promise."""
        for chart, cases in CASES.items():
            for path, default in charts.leaves(charts.defaults(chart)):
                if path != ("gardener",):  # Gardener's section is no value of ours
                    with self.subTest(chart=chart, value=".".join(path)):
                        self.assertTrue(any(self.does_something(chart, name, path, default) for name in cases))

    @staticmethod
    def does_something(chart, name, path, default):
        space, values = values_of(chart, name)
        if charts.value_at(merged(charts.defaults(chart), values), path) == default:
            return False
        try:
            return rendered(chart, name) != render(chart, charts.with_value(values, path, default), namespace=space)
        except AssertionError:  # a chart that says what it needs heard it, too
            return True

    def test_every_pod_is_restricted_probed_for_its_own_role_limited_and_spread(self):
        seen = set()

        def judge(_, objects, __):
            for workload in workloads(objects):
                pod = pod_of(workload)["spec"]
                self.assertEqual(len(pod["containers"]), 1)
                container = pod["containers"][0]
                self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
                self.assertEqual(pod["securityContext"]["runAsUser"], 65532, "the image's user")
                arguments = " ".join(container["args"]).replace("=", " ")
                role = re.search(r"--roles (\w+)", arguments).group(1)
                seen.add(role)
                self.assertEqual(container["readinessProbe"]["httpGet"]["path"], f"/readyz/{role}")
                self.assertEqual(container["livenessProbe"]["httpGet"]["path"], "/healthz")
                self.assertIn("memory", container["resources"]["limits"])
                self.assertLessEqual(workload["spec"]["revisionHistoryLimit"], 5)
                spread = {each["topologyKey"]: each["labelSelector"]["matchLabels"] for each in pod["topologySpreadConstraints"]}
                self.assertEqual(spread, dict.fromkeys(("kubernetes.io/hostname", "topology.kubernetes.io/zone"), workload["spec"]["selector"]["matchLabels"]))
        in_each_case(self, judge)
        self.assertEqual(seen, {"controller", "admission", "ingestor", "console"})

    def test_what_selects_pods_selects_them(self):
        def judge(_, objects, __):
            pods = [(pod_of(each)["metadata"]["labels"], {port["name"] for port in pod_of(each)["spec"]["containers"][0]["ports"]})
                    for each in workloads(objects)]
            for each in objects:
                spec = each.get("spec", {})
                selector = {"Service": lambda: spec["selector"], "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
                            "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"]}.get(each["kind"])
                if selector:
                    found = [ports for labels, ports in pods if selector().items() <= labels.items()]
                    self.assertEqual(len(found), 1, f"{each['kind']} {each['metadata']['name']}")
                    for port in spec.get("ports", []):
                        self.assertIn(port["targetPort"], found[0])
                if each["kind"] == "ServiceMonitor":
                    services = [service for service in objects if service["kind"] == "Service"
                                and spec["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()]
                    self.assertEqual(len(services), 1)
                    self.assertIn(spec["endpoints"][0]["port"], [port["name"] for port in services[0]["spec"]["ports"]])
                for target in (spec.get("scaleTargetRef"), spec.get("targetRef")):
                    if target:
                        one(objects, target["kind"], target["name"])
        in_each_case(self, judge)

    def test_a_pod_rolls_when_its_configuration_changes_and_only_then(self):
        for chart, change in ((CONTROLLER, {"logging": {"level": "debug"}}), (ADMISSION_RUNTIME, {"config": {"logging": {"level": "debug"}}}),
                              (EVENTS, {"logging": {"level": "debug"}})):
            space, values = values_of(chart, next(iter(CASES[chart])))
            before, after, same = (workloads(render(chart, each, namespace=space))[0] for each in (values, merged(values, change), values))
            self.assertNotEqual(pod_of(before), pod_of(after), chart)
            self.assertEqual(pod_of(before), pod_of(same), chart)
        kubeconfigs = [pod_of(workloads(render(ADMISSION_RUNTIME, {"kubeconfig": each}))[0])["metadata"]["annotations"] for each in ("a", "b")]
        self.assertNotEqual(*kubeconfigs)

    def test_falconer_takes_every_configuration_and_every_flag(self):
        def judge(_, objects, name):
            for workload in workloads(objects):
                done = self.check(workload, objects, name.replace(" ", "-"))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        in_each_case(self, judge)

    def test_falconer_would_refuse_a_key_that_it_does_not_know(self):
        objects = render(CONTROLLER, merged(charts.GARDENLET, {"controller": {"resink": "1h"}}))
        done = self.check(workloads(objects)[0], objects, "misspelt")
        self.assertEqual(done.returncode, 2)
        self.assertIn("resink", done.stderr)

    def check(self, workload, objects, name):
        """What the container would start with, in a folder that stands for its root."""
        root = self.home / f"{workload['metadata']['name']}-{name}"
        others = {("Secret", each): {"password": "x", "token": "x", "kubeconfig": "x", "tls.crt": "", "tls.key": "", "ca.crt": "x"}
                  for each in ("falconer-store-writer", "falconer-store-reader", "falconer-store-migrator", "falconer-store-ca", "generic", "token",
                                             "falconer-garden", "garden", "falconer-console-files")}
        for each in ("tokens", "identity-tokens"):
            others["Secret", each] = {"tokens.pem": keys()[0]}
        others["Secret", "heartbeats"] = {"secret": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldCE="}
        others["Secret", "clients"] = {"ca.crt": (self.home / "server.crt").read_text()}
        for each in ("falconer-session", "session", "client"):
            others["Secret", each] = {"session-key": "0123456789abcdef" * 2, "client-secret": "x"}
        others["Secret", "falconer-heartbeat"] = {"secret": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldCE="}
        for each in ("falconer-tls", "falconer-console-tls", "peers-client"):
            others["Secret", each] = {f"tls.{each}": (self.home / f"server.{each}").read_text() for each in ("crt", "key")}
        for each in ("keys", "falconer-cluster-keys"):
            others["ConfigMap", each] = {"keys.yaml": keys()[1]}
        others["ConfigMap", "rules"] = {"falco_rules.yaml": ""}
        others["Secret", "falconer-receivers"] = {"key": "x"}
        arguments, around = charts.lay_out(workload, objects, root, others)
        # What gardenlet adds to every container.
        around = {**os.environ, "SEED_NAME": "my-seed", **around}
        return subprocess.run([FALCONER, *arguments, "--check"], capture_output=True, text=True, env=around)

    def test_the_console_asks_for_what_it_cannot_do_without(self):
        alone = merged(STORE_VALUES, {"ingestor": {"enabled": False}})
        for without, reason in (("gardenKubeconfigSecret", "the garden says who somebody is"), ("sessionKeySecret", "more than one replica")):
            with self.assertRaisesRegex(AssertionError, reason):
                render(EVENTS, merged(alone, {"console": {without: ""}}))
        one(render(EVENTS, merged(alone, {"console": {"sessionKeySecret": "", "replicaCount": 1}})), "Deployment")

    def test_where_people_sign_in_is_the_ingress_host_and_its_secret_a_file(self):
        objects = rendered(EVENTS, "with everything")
        section = yaml.safe_load(one(objects, "ConfigMap", "falconer-console")["data"]["falconer.yaml"])["console"]
        self.assertEqual(section["oidc"], {"issuer": "https://login.example.com", "clientID": "falconer", "clientSecretFile": "/etc/falconer/oidc/client-secret",
                                           "redirectURL": "https://falco.example.com/api/v1/sign-in/oidc/callback"})
        self.assertEqual(section["sessionKeyFile"], "/etc/falconer/session/session-key")

    def config_of(self, objects, name):
        return yaml.safe_load(one(objects, "Secret", name)["stringData"]["config.yaml"])

    def test_a_seeds_controller_has_what_gardenlet_injects(self):
        objects = rendered(CONTROLLER, "on a seed")
        config = self.config_of(objects, "extension-shoot-falco-service-config")
        self.assertEqual(config["controller"], {"extensionClasses": ["shoot", "seed"], "namespace": SPACE, "seedName": "my-seed"})
        deployment = one(objects, "Deployment")
        self.assertEqual(deployment["metadata"]["labels"]["high-availability-config.resources.gardener.cloud/type"], "controller")
        pod = pod_of(deployment)
        self.assertEqual(pod["spec"]["priorityClassName"], "gardener-system-900")
        self.assertEqual(pod["metadata"]["annotations"]["prometheus.io/port"], "8080")
        for label in ("gardener.cloud/to-dns", "gardener.cloud/to-runtime-apiserver", "resources.gardener.cloud/to-all-shoots-kube-apiserver-tcp-443",
                      "resources.gardener.cloud/to-virtual-garden-istio-ingress-istio-ingressgateway-inte-02e09"):
            self.assertEqual(pod["metadata"]["labels"][f"networking.{label}"], "allowed")
        ports = one(objects, "Service")["metadata"]["annotations"]["networking.resources.gardener.cloud/from-all-seed-scrape-targets-allowed-ports"]
        self.assertEqual(json.loads(ports), [{"port": 8080, "protocol": "TCP"}])
        self.assertEqual(one(objects, "PrometheusRule")["metadata"]["labels"]["prometheus"], "seed")
        self.assertNotIn("Secret", {each["kind"] for each in objects if each["metadata"]["namespace" if "namespace" in each["metadata"] else "name"] == "garden"})

    def test_the_runtime_clusters_controller_is_of_class_garden_and_brings_its_profiles(self):
        objects = rendered(CONTROLLER, "on the runtime cluster")
        config = self.config_of(objects, "extension-shoot-falco-service-config")
        self.assertEqual(config["controller"], {"extensionClasses": ["garden"], "namespace": SPACE})
        self.assertEqual(pod_of(one(objects, "Deployment"))["spec"]["priorityClassName"], "gardener-garden-system-200")
        self.assertEqual(one(objects, "FalcoProfile")["metadata"]["name"], "falco")
        definition = one(objects, "CustomResourceDefinition")
        for each in (definition, one(rendered(ADMISSION_APPLICATION, "by the operator"), "CustomResourceDefinition")):
            self.assertEqual(each["metadata"]["annotations"], {"resources.gardener.cloud/keep-object": "true", "helm.sh/resource-policy": "keep"})
        # A runtime cluster that is a seed as well has both, and nothing is of the same name but what differs in its namespace.
        both = rendered(CONTROLLER, "on a seed")
        def names(objects):
            return {(each["kind"], each["metadata"]["name"]) for each in objects if each["metadata"].get("namespace") != SPACE}
        elsewhere = render(CONTROLLER, charts.OPERATOR_RUNTIME, namespace="runtime-extension-x")
        self.assertEqual({each for each in names(elsewhere) & names(both) if each[0] not in ("Deployment", "Secret", "Service", "ServiceAccount", "Role",
                          "RoleBinding", "PodDisruptionBudget", "VerticalPodAutoscaler")}, set())

    def test_keys_are_files_ports_are_usable_ones_and_the_overwrite_is_heard(self):
        objects = rendered(CONTROLLER, "with everything")
        config = self.config_of(objects, "extension-shoot-falco-service-config")
        self.assertEqual(config["falco"]["centralStorage"]["tokenIssuerPrivateKeyFile"], "/etc/extension-config/centralStorage.pem")
        self.assertNotIn("tokenIssuerPrivateKey", config["falco"]["centralStorage"])
        self.assertEqual(one(objects, "Secret")["stringData"]["centralStorage.pem"].strip(), keys()[0].strip())
        self.assertEqual(config["falco"]["agentImage"], "mirror.example.com/falconer@sha256:" + "0" * 64)
        self.assertEqual((config["metrics"]["listen"], config["health"]["listen"]), ("[::]:20001", "[::]:20002"))
        ports = {each["name"]: each["containerPort"] for each in pod_of(one(objects, "Deployment"))["spec"]["containers"][0]["ports"]}
        self.assertEqual(ports, {"metrics": 20001, "health": 20002})
        plain = self.config_of(rendered(CONTROLLER, "on a seed"), "extension-shoot-falco-service-config")
        self.assertEqual(plain["falco"]["agentImage"], pod_of(one(rendered(CONTROLLER, "on a seed"), "Deployment"))["spec"]["containers"][0]["image"])

    def test_the_operators_admission_is_called_by_url_and_keeps_its_secrets_in_the_runtime_cluster(self):
        objects = rendered(ADMISSION_RUNTIME, "by the operator")
        pod = pod_of(one(objects, "Deployment"))
        container = pod["spec"]["containers"][0]
        name = one(objects, "Service")["metadata"]["name"]
        for flag in ("--webhook-config-mode=url", f"--webhook-config-url={name}.garden", "--webhook-config-namespace=garden",
                     "--webhook-config-server-port=10250", "--webhook-config-owner-namespace=extension-extension-shoot-falco-service",
                     "--restricted-usage=false", "--restricted-centralized-logging=true", "--otlp-logging=false"):
            self.assertIn(flag, container["args"])
        self.assertIn({"name": "SOURCE_CLUSTER", "value": "enabled"}, container["env"])
        self.assertNotIn("GARDEN_KUBECONFIG", [each["name"] for each in container["env"]], "the operator adds it")
        self.assertEqual(pod["spec"]["priorityClassName"], "gardener-garden-system-400")
        allowed = one(objects, "Service")["metadata"]["annotations"]["networking.resources.gardener.cloud/from-all-webhook-targets-allowed-ports"]
        self.assertEqual(json.loads(allowed), [{"protocol": "TCP", "port": 10250}])
        single = pod_of(one(rendered(ADMISSION_RUNTIME, "in one cluster"), "Deployment"))["spec"]["containers"][0]
        self.assertIn("--webhook-config-mode=service", single["args"])
        self.assertNotIn("SOURCE_CLUSTER", [each["name"] for each in single["env"]])

    def test_admission_that_is_installed_by_hand_has_a_token_and_a_priority_that_there_is(self):
        for name, mounted, priority in (("by the operator", False, "gardener-garden-system-400"), ("in one cluster", True, "system-cluster-critical")):
            objects = rendered(ADMISSION_RUNTIME, name)
            self.assertIs(one(objects, "ServiceAccount")["automountServiceAccountToken"], mounted, name)
            pod = pod_of(one(objects, "Deployment"))["spec"]
            self.assertNotIn("automountServiceAccountToken", pod)
            self.assertEqual(pod["priorityClassName"], priority)

    def test_admission_reads_rules_behind_the_images_and_pulls_what_lacks(self):
        name = "gardener-extension-admission-shoot-falco-service-config"
        plain = rendered(ADMISSION_RUNTIME, "by the operator")
        self.assertEqual(self.config_of(plain, name)["admission"], {"rules": "/usr/share/falconer/rules"})
        dockerfile = (ROOT / "Dockerfile").read_text()
        self.assertIn("/rules /usr/share/falconer/rules", dockerfile, "where the image has them")
        self.assertNotIn("networking.gardener.cloud/to-public-networks", pod_of(one(plain, "Deployment"))["metadata"]["labels"])
        full = rendered(ADMISSION_RUNTIME, "with rules")
        section = self.config_of(full, name)["admission"]
        self.assertEqual(section["rules"], "/var/lib/falconer/rules")
        pod = pod_of(one(full, "Deployment"))
        mounts = {each["mountPath"]: each for each in pod["spec"]["containers"][0]["volumeMounts"]}
        self.assertTrue(mounts[section["rules"]]["readOnly"])
        writable = [path for path, each in mounts.items() if not each.get("readOnly")]
        self.assertEqual(writable, ["/var/cache/falconer"])
        self.assertTrue(section["rulesSource"]["cache"].startswith(writable[0]))
        self.assertEqual(pod["metadata"]["labels"]["networking.gardener.cloud/to-public-networks"], "allowed")
        none = self.config_of(render(ADMISSION_RUNTIME, {"rules": {"directory": ""}}), name)
        self.assertNotIn("admission", none)
        with self.assertRaisesRegex(AssertionError, "rules.directory is needed"):
            render(ADMISSION_RUNTIME, {"rules": {"directory": "", "volume": {"emptyDir": {}}}})

    def test_the_virtual_gardens_rights_are_the_injected_accounts(self):
        objects = rendered(ADMISSION_APPLICATION, "by the operator")
        binding = one(objects, "ClusterRoleBinding", "extensions.gardener.cloud:admission-shoot-falco-service")
        account = charts.OPERATOR_ADMISSION_VIRTUAL["gardener"]["virtualCluster"]["serviceAccount"]
        self.assertEqual(binding["subjects"], [{"kind": "ServiceAccount", **account}])
        self.assertEqual([each for each in objects if each["kind"] == "ServiceAccount"], [])
        role = one(objects, "ClusterRole", "extensions.gardener.cloud:extension-shoot-falco-service:falcoprofiles")
        self.assertEqual(role["metadata"]["labels"]["authorization.gardener.cloud/custom-extensions-permissions"], "true")
        selector = json.loads(role["metadata"]["annotations"]["authorization.gardener.cloud/extensions-serviceaccount-selector"])
        self.assertEqual(selector, {"matchLabels": {"controllerregistration.core.gardener.cloud/name": charts.RELEASE}})

    def test_a_spool_outlives_its_pod_and_its_replica(self):
        stateful = one(rendered(EVENTS, "by the example"), "StatefulSet")
        self.assertEqual(stateful["spec"]["persistentVolumeClaimRetentionPolicy"], {"whenDeleted": "Retain", "whenScaled": "Retain"})
        claim = stateful["spec"]["volumeClaimTemplates"][0]
        container = pod_of(stateful)["spec"]["containers"][0]
        config = yaml.safe_load(one(rendered(EVENTS, "by the example"), "ConfigMap", "falconer-ingestor")["data"]["falconer.yaml"])
        mount = next(each for each in container["volumeMounts"] if each["name"] == claim["metadata"]["name"])
        self.assertEqual(mount["mountPath"], config["ingestor"]["spool"]["directory"])
        self.assertGreaterEqual(pod_of(stateful)["spec"]["terminationGracePeriodSeconds"], 120, "the drain's limit")

    def test_the_secret_of_heartbeats_is_the_same_file_for_controllers_and_ingestors(self):
        controller = rendered(CONTROLLER, "with everything")
        config = self.config_of(controller, "extension-shoot-falco-service-config")
        files = charts.mounted_files(one(controller, "Deployment"), controller, {("ConfigMap", "rules"): {"falco_rules.yaml": ""}})
        ingestor = rendered(EVENTS, "with everything")
        at = yaml.safe_load(one(ingestor, "ConfigMap", "falconer-ingestor")["data"]["falconer.yaml"])["heartbeat"]["secretFile"]
        others = {("Secret", each["secret"]["secretName"]): {"secret": files[config["heartbeat"]["secretFile"]], "tls.crt": "", "tls.key": "",
                                                             "password": "x", "ca.crt": "x"}
                  for each in pod_of(one(ingestor, "StatefulSet"))["spec"]["volumes"] if "secret" in each}
        self.assertIn(at, charts.mounted_files(one(ingestor, "StatefulSet"), ingestor, others))
        for each in (rendered(CONTROLLER, "on a seed"), rendered(EVENTS, "by the example")):
            self.assertNotIn("secretFile", json.dumps(each), "none is made up")

    def test_controllers_find_the_ingestors_and_are_let_through_to_them(self):
        controller = rendered(CONTROLLER, "with everything")
        section = self.config_of(controller, "extension-shoot-falco-service-config")["peers"]
        files = charts.mounted_files(one(controller, "Deployment"), controller, {("ConfigMap", "rules"): {"falco_rules.yaml": ""}})
        self.assertEqual(files[section["tls"].pop("caFile")], AUTHORITY)
        self.assertEqual(files[section["tls"].pop("certificateFile")], CLIENT)
        self.assertEqual(files[section["tls"].pop("keyFile")].strip(), keys()[0].strip())
        self.assertEqual(section, {"ingestors": ["https://ingest.example.com"], "audience": "our-peers", "tls": {"serverName": "ingest.falco.example.com"}})
        self.assertNotIn("peers", self.config_of(rendered(CONTROLLER, "on a seed"), "extension-shoot-falco-service-config"), "nobody is made up")
        with self.assertRaisesRegex(AssertionError, "ingestor"):
            render(CONTROLLER, merged(charts.GARDENLET, {"peers": {"ingestor": ["https://ingest.example.com"]}}))

        for tls, reason in (({"certificate": CLIENT}, "certificate and key belong together"), ({"key": "hello"}, "key")):
            with self.assertRaisesRegex(AssertionError, reason):
                render(CONTROLLER, merged(charts.GARDENLET, {"peers": {"ingestors": section["ingestors"], "tls": tls}}))

        by_ingress = {"ingestor": {"ingress": {"enabled": True, "host": "ingest.example.com"}}}
        for answer in (True, False):
            objects = render(EVENTS, merged(STORE_VALUES, by_ingress, {"peers": {"answer": answer, "audience": "our-peers"}}))
            config = yaml.safe_load(one(objects, "ConfigMap", "falconer-ingestor")["data"]["falconer.yaml"])
            self.assertEqual(config["peers"], {"answer": answer, "audience": section["audience"]})
            paths = {each["path"] for each in one(objects, "Ingress", "falconer-ingestor")["spec"]["rules"][0]["http"]["paths"]}
            self.assertEqual(paths, {"/ingestor/api/v1/push", "/v1/events"} | ({"/peer/v1/tell", "/peer/v1/hear"} if answer else set()))

    def test_the_page_of_the_console_names_the_rights_that_the_chart_gives(self):
        page = re.search(r"<!-- shown by: tests/peers/console_rights_test.py -->\n```yaml\n(.*?)```", (ROOT / "docs/console.md").read_text(), re.S)[1]
        role = one(rendered(ADMISSION_APPLICATION, "beside the definition"), "ClusterRole", "extensions.gardener.cloud:admission-shoot-falco-service:console")
        self.assertEqual(yaml.safe_load(page)["rules"], role["rules"])

    def test_the_console_answers_to_its_name_and_asks_the_garden(self):
        objects = rendered(EVENTS, "with everything")
        section = yaml.safe_load(one(objects, "ConfigMap", "falconer-console")["data"]["falconer.yaml"])["console"]
        self.assertEqual((section["hosts"], section["listen"], section["sessionLife"]), (["falco.example.com"], "[::]:9443", "8h"))
        pod = pod_of(one(objects, "Deployment", "falconer-console"))["spec"]
        self.assertIs(pod["automountServiceAccountToken"], False, "nothing is asked of the cluster that it runs in")
        mounts = {each["mountPath"]: each for each in pod["containers"][0]["volumeMounts"]}
        self.assertTrue(all(each["readOnly"] for each in mounts.values()))
        for file in (section["garden"]["kubeconfig"], section["tls"]["keyFile"], section["sessionKeyFile"], section["oidc"]["clientSecretFile"]):
            self.assertIn(str(pathlib.PurePath(file).parent), mounts)
        for kind in ("Service", "NetworkPolicy", "PodDisruptionBudget", "Ingress", "HorizontalPodAutoscaler", "VerticalPodAutoscaler", "ServiceMonitor",
                     "PrometheusRule"):
            one(objects, kind, "falconer-console")
        self.assertEqual([port["name"] for port in one(objects, "Service", "falconer-console")["spec"]["ports"]], ["console"], "no metrics outside")

    def test_who_calls_no_api_server_has_no_token_and_no_rights(self):
        for name in CASES[EVENTS]:
            objects = rendered(EVENTS, name)
            for each in objects:
                self.assertNotRegex(each["kind"], "Role", name)
                if each["kind"] == "ServiceAccount":
                    self.assertIs(each["automountServiceAccountToken"], False)
            for workload in workloads(objects):
                self.assertIs(pod_of(workload)["spec"]["automountServiceAccountToken"], False)

    def test_who_looks_after_its_own_cluster_may_look_at_falco_there(self):
        def names(values):
            return [each["metadata"]["name"] for each in render(CONTROLLER, values, namespace=SPACE)
                    if each["kind"] in ("Role", "RoleBinding") and each["metadata"]["namespace"] == "kube-system"]
        self.assertEqual(len(names(charts.GARDENLET)), 2)
        self.assertEqual(len(names(charts.OPERATOR_RUNTIME)), 2)
        self.assertEqual(names(merged(charts.GARDENLET, {"controller": {"extensionClasses": ["shoot"]}})), [])

    def test_only_who_keeps_the_schema_is_given_its_password(self):
        objects = rendered(EVENTS, "with everything")
        for workload, given in ((one(objects, "StatefulSet"), True), (one(objects, "Deployment", "falconer-console"), False)):
            secrets = [each["secret"]["secretName"] for each in pod_of(workload)["spec"]["volumes"] if "secret" in each]
            self.assertEqual("falconer-store-migrator" in secrets, given)


if __name__ == "__main__":
    unittest.main(verbosity=2)
