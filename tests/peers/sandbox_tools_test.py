"""What real tools make of the sandbox, held against a real kube-apiserver: kubectl and Helm run the same commands against both, one after the
other; how they end and what they print is to be the same. The table of commands is printed."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import charts
import yaml
from chart_cases import CASES, values_of
from charts import ADMISSION_APPLICATION, ADMISSION_RUNTIME, CONTROLLER, DASHBOARDS, EVENTS, helm_program, merged
from kubernetes import Kubernetes, build_kubectl
from sandbox_calls_test import without_servers_own
from shared_data import gardeners
from tool_commands import HELM, KUBECTL, OBJECTS, Run, of_our_chart
from up_test import Up, leftovers

# Of what nobody but Gardener's machinery and prometheus-operator brings.
DEFINITIONS = ("autoscaling.k8s.io_verticalpodautoscalers", "monitoring.coreos.com_servicemonitors", "monitoring.coreos.com_prometheusrules")
# chart → its case, what is changed in it, and where that is seen.
OURS = {
    CONTROLLER: ("on a seed", {"replicaCount": 3, "logging": {"level": "debug"}, "monitoring": {"enabled": False}}, "deploy -o jsonpath={.items[*].spec.replicas}"),
    ADMISSION_RUNTIME: ("in one cluster", {"service": {"topologyAwareRouting": {"enabled": False}}, "webhookConfig": {"serverPort": 10250}, "vpa": {"enabled": False}},
                        "deploy -o jsonpath={.items[*].spec.template.spec.containers[*].ports[*].containerPort}"),
    ADMISSION_APPLICATION: ("beside the definition", {"falcoProfiles": {"install": True}, "console": {"enabled": False}}, "sa falconer-console -o name --ignore-not-found"),
    EVENTS: ("with everything", {"ingestor": {"ingress": {"enabled": False}, "service": {"type": "ClusterIP", "port": 3202}}, "store": {"config": {"database": "other"}}},
             "svc falconer-ingestor -o jsonpath={.spec.type}{.spec.ports[*].port}"),
    DASHBOARDS: ("by default", {"labels": {"grafana_dashboard": "yes"}}, "cm -o jsonpath={.items[*].metadata.labels.grafana_dashboard}"),
}

# What is each server's or each moment's own.
OWN = [
    (r"https://[\w.]+:\d+", "SERVER"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UID"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\b\w{3}, \d\d \w{3} \d{4} [\d:]+ \+0000", "TIME"),
    (r"\b\w{3} \w{3} +\d+ [\d:]+ \d{4}", "TIME"),
    (r"\d{4}-\d\d-\d\d [\d:.]+ \+0000( UTC)?", "TIME"),
    (r"(resourceVersion: |Resource Version: +)\"?\d+\"?", r"\1VERSION"),
    (r"/tmp/(LIVE|MERGED)-\d+", r"\1"),
    (r"\b(\d+[smhd])+(?= |$)( +)", "AGE "),
    (r"\b(\d+[smhd])+$", "AGE"),
    (r"[ \t]+$", ""),
    (r"^[EWI]\d{4} .*\n", ""),  # a client's own log, such as of a watch that it ended
]


def bare(said):
    for pattern, instead in OWN:
        said = re.sub(pattern, instead, said, flags=re.MULTILINE)
    return said


class Side:
    def __init__(self, name, kubeconfig, home):
        self.kubeconfig, self.home = kubeconfig, home / name
        self.home.mkdir()

    def run(self, command, text=None):
        programs = {"kubectl": build_kubectl(), "helm": helm_program()}
        program, *arguments = shlex.split(command)
        environment = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home), "PATH": os.environ["PATH"], "EDITOR": "sed -i s/edit-me/edited/"}
        done = subprocess.run([programs[program], *arguments], input=text, capture_output=True, text=True, timeout=300, env=environment, cwd=self.home.parent)
        return done.returncode, bare(done.stdout), bare(done.stderr)

    @contextlib.contextmanager
    def proxy(self):
        """`kubectl proxy`, as the port of it."""
        environment = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home), "PATH": os.environ["PATH"]}
        with subprocess.Popen([build_kubectl(), "proxy", "--port=0"], stdout=subprocess.PIPE, text=True, env=environment) as proxy:
            try:
                yield int(re.fullmatch(r"Starting to serve on 127\.0\.0\.1:(\d+)\n", proxy.stdout.readline())[1])
            finally:
                proxy.terminate()


class Through:
    """Whoever speaks plain HTTP to `kubectl proxy`, and needs no token."""

    def __init__(self, port):
        self.port = port

    @contextlib.contextmanager
    def answer(self, method, path, body=None, kind="application/json"):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as line:
            line.request(method, path, body=None if body is None else json.dumps(body), headers={"Content-Type": kind, "Accept": "application/json"})
            with line.getresponse() as said:
                yield said

    def ask(self, *request):
        with self.answer(*request) as said:
            status, text = said.status, said.read().decode()
        with contextlib.suppress(ValueError):
            return status, without_servers_own(json.loads(text))
        return status, text

    def watched(self, maps, then):
        """What a watch tells while `then` is asked, event by event."""
        with self.answer("GET", maps) as said:
            from_here = json.load(said)["metadata"]["resourceVersion"]
        told = []
        with self.answer("GET", f"{maps}?watch=true&timeoutSeconds=60&resourceVersion={from_here}") as watch:
            for request in then:
                self.ask(*request)
                told.append(without_servers_own(json.loads(watch.readline())))
        return told


class SandboxTools(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-tools."))
        os.chmod(cls.home, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        (cls.home / "objects.yaml").write_text(OBJECTS)
        kubernetes = Kubernetes()
        cls.addClassCleanup(kubernetes.close)
        cls.up = Up(cls.home / "data", "--shoots", "1")
        cls.addClassCleanup(cls.end_up)
        cls.up.wait_until_up()
        cls.sides = Side("real", kubernetes.kubeconfig, cls.home), Side("sandbox", cls.home / "data/kubernetes/kubeconfig", cls.home)

    @classmethod
    def end_up(cls):
        code = cls.up.end()
        assert code == 0, cls.up.said()
        assert leftovers(cls.home) == [], leftovers(cls.home)

    def run_on_both(self, commands):
        """Prints the table; gives what differs."""
        rows, different = [], []
        for each in commands:
            each = each if isinstance(each, Run) else Run(each)
            one, other = (side.run(each.command, each.text) for side in self.sides)
            if each.only_how_it_ends:
                one, other = one[:1], other[:1]
            rows.append((each.command, one == other))
            if one != other:
                different.append(f"{each.command}\nreal: {one}\nsandbox: {other}")
        print()
        for command, equal in rows:
            print(f"  {command[:110]:112} {'equal' if equal else 'DIFFERENT'}")
        print(f"{len(rows)} commands, {len(rows) - len(different)} equal")
        return "\n\n".join(different)

    def test_kubectl_says_the_same_of_both(self):
        different = self.run_on_both(KUBECTL)
        self.assertEqual(different, "", f"\n{different}")

    def test_helm_says_the_same_of_both(self):
        chart = self.home / "chart"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 1.0.0\n")
        (chart / "values.yaml").write_text("size: small\n")
        (chart / "templates/all.yaml").write_text(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\ndata: {size: '{{ .Values.size }}'}\n---\n"
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: '{{ .Release.Name }}'}\n---\n"
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: '{{ .Release.Name }}'}\n"
            "rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}]\n")
        different = self.run_on_both(HELM)
        self.assertEqual(different, "", f"\n{different}")

    def test_helm_installs_our_own_charts_alike(self):
        """Installed, upgraded, taken back and uninstalled: nothing of a cluster's own machinery is needed for that but the definitions."""
        self.assertEqual(OURS.keys(), CASES.keys())
        (self.home / "charts").symlink_to(charts.CHARTS)
        (self.home / "definitions.yaml").write_text(yaml.safe_dump_all(gardeners(*DEFINITIONS)))
        # The garden's namespace is there in the sandbox; of rules in CEL it warns.
        there = "apiVersion: v1\nkind: Namespace\nmetadata: {name: garden}\n"
        commands = [Run("kubectl apply --server-side -f -", there, only_how_it_ends=True), Run("kubectl apply --server-side -f definitions.yaml", only_how_it_ends=True),
                    Run("kubectl wait --for=condition=Established crd --all --timeout=60s", only_how_it_ends=True)]
        for number, (chart, (case, change, seen)) in enumerate(OURS.items()):
            space, values = values_of(chart, case)
            for name, text in (("first", values), ("then", merged(values, change))):
                (self.home / f"{name}{number}.yaml").write_text(yaml.safe_dump(text))
            commands += of_our_chart(chart, space, f"first{number}.yaml", f"then{number}.yaml", seen)
        different = self.run_on_both(commands)
        self.assertEqual(different, "", f"\n{different}")

    def test_kubectl_proxy_stands_between_alike(self):
        maps = "/api/v1/namespaces/proxied/configmaps"
        one = {"metadata": {"name": "a"}, "data": {"x": "1"}}
        requests = [("POST", "/api/v1/namespaces", {"metadata": {"name": "proxied"}}), ("POST", maps, one), ("POST", maps, one), ("GET", f"{maps}/a"), ("GET", maps),
                    ("GET", f"{maps}?limit=1"), ("PATCH", f"{maps}/a", {"data": {"x": "2"}}, "application/merge-patch+json"), ("GET", f"{maps}/nothing"),
                    ("GET", "/apis/coordination.k8s.io"), ("GET", "/nowhere"), ("GET", "/healthz"), ("DELETE", f"{maps}/a"), ("GET", "/api/v1/namespaces/proxied/pods/p/exec")]
        then = [("POST", maps, {"metadata": {"name": "w"}}), ("PATCH", f"{maps}/w", {"data": {"y": "1"}}, "application/merge-patch+json"), ("DELETE", f"{maps}/w")]
        said = []
        for side in self.sides:
            with side.proxy() as port:
                client = Through(port)
                said.append([(request[:2], client.ask(*request)) for request in requests] + client.watched(maps, then))
        real, sandbox = said
        for of_real, of_sandbox in zip(real, sandbox, strict=True):
            with self.subTest(asked=str(of_real)[:100]):
                self.assertEqual(of_real, of_sandbox)
        self.assertEqual([each["type"] for each in sandbox[-3:]], ["ADDED", "MODIFIED", "DELETED"])

    def test_a_difference_would_be_seen(self):
        self.assertEqual(bare("c   1   5m10s"), bare("c   1   7s"))
        self.assertNotEqual(bare("c   1   5m10s"), bare("c   2   5m10s"))
        self.assertEqual(bare("  uid: 0a1b2c3d-0000-1111-2222-333344445555\n"), "  uid: UID\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
