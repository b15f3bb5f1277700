"""Admission webhooks as a real kube-apiserver calls them, and as the sandbox does: every case runs against both."""

import base64
import http.server
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest

from kubernetes import Kubernetes, build_kubectl
import tokens
from testbed import eventually
from up_test import Up, leftovers


class Webhook:
    """Answers reviews over HTTPS with what `answers` says of each path: a function from request to response."""

    def __init__(self, home):
        tokens.make_certificate(home)
        self.ca = (home / "ca.crt").read_bytes()
        self.answers, self.asked = {}, []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                path = self.path.split("?")[0]
                hook.asked.append((self.path, review))
                response = {"uid": review["request"]["uid"], "allowed": True, **hook.answers[path](review["request"])}
                body = json.dumps({"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(home / "server.crt", home / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def patch(*operations):
    return {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(operations).encode()).decode()}


def refusal(message, code=None):
    return {"allowed": False, "status": {"message": message, **({"code": code} if code else {})}}


THING = """
apiVersion: v1
kind: ConfigMap
metadata: {name: %s, namespace: hooked, labels: {looked-at: "yes"}}
data: {a: b}
"""


class Webhooks:
    """The cases. A subclass says which API server: cls.kubeconfig."""

    @classmethod
    def setUpClass(cls):
        cls.program = build_kubectl()
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-webhooks."))
        os.chmod(cls.home, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.hook = Webhook(cls.home / "tls")
        cls.addClassCleanup(cls.hook.close)
        cls.begin()
        cls.run_kubectl("create", "-f", "-", text="apiVersion: v1\nkind: Namespace\nmetadata: {name: hooked, labels: {hooked: 'yes'}}\n")

    @classmethod
    def run_kubectl(cls, *args, text=None):
        return subprocess.run([cls.program, *args], input=text, capture_output=True, text=True, timeout=180,
                              env={"KUBECONFIG": str(cls.kubeconfig), "HOME": str(cls.home), "PATH": os.environ["PATH"]})

    def kubectl(self, *args, text=None, fails=False):
        done = self.run_kubectl(*args, text=text)
        self.assertEqual(done.returncode != 0, fails, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def get(self, name):
        return json.loads(self.kubectl("-n", "hooked", "get", "-o", "json", "cm", name))

    def register(self, kind, answer, is_asked=True, **more):
        """One webhook of that kind, which answers so, in use when this returns. Gone, with what it let in, when the test ends."""
        path = f"/{kind.lower()}"
        self.hook.answers[path] = answer
        self.hook.asked.clear()
        url = f"https://127.0.0.1:{self.hook.server.server_port}{path}"
        webhook = {
            "name": f"{kind.lower()}.example.com", "clientConfig": {"url": url, "caBundle": base64.b64encode(self.hook.ca).decode()},
            "rules": [{"apiGroups": [""], "apiVersions": ["*"], "operations": ["*"], "resources": ["configmaps"], "scope": "*"}],
            "admissionReviewVersions": ["v1", "v1beta1"], "sideEffects": "None", "failurePolicy": "Fail", "timeoutSeconds": 5,
            "objectSelector": {"matchLabels": {"looked-at": "yes"}},
            "namespaceSelector": {"matchExpressions": [{"key": "hooked", "operator": "In", "values": ["yes", "no"]}]}, **more}
        self.kubectl("apply", "-f", "-", text=json.dumps({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": f"{kind}WebhookConfiguration",
            "metadata": {"name": f"{kind.lower()}-test"}, "webhooks": [webhook]}))
        self.addCleanup(self.kubectl, "-n", "hooked", "delete", "cm", "--all")
        self.addCleanup(self.kubectl, "delete", f"{kind.lower()}webhookconfigurations", f"{kind.lower()}-test")
        # A real API server learns of it a little later.
        def asked():
            self.kubectl("create", "--dry-run=server", "-f", "-", text=THING % "probe")
            return self.hook.asked
        if is_asked:
            eventually(asked, 180, f"the {kind} webhook is called")
        self.hook.asked.clear()

    def test_a_mutating_webhook_changes_what_is_written_before_a_validating_one_sees_it(self):
        self.register("Mutating", lambda request: patch({"op": "add", "path": "/data/defaulted", "value": "yes"})
                      if request["operation"] == "CREATE" else {})
        seen = []
        self.register("Validating", lambda request: seen.append(request) or {})
        seen.clear()
        self.kubectl("create", "-f", "-", text=THING % "a")
        self.assertEqual(self.get("a")["data"], {"a": "b", "defaulted": "yes"})
        [request] = seen
        self.assertEqual(request["object"]["data"], {"a": "b", "defaulted": "yes"})
        self.assertEqual((request["operation"], request["namespace"], request["name"]), ("CREATE", "hooked", "a"))
        self.assertEqual(request["resource"], {"group": "", "version": "v1", "resource": "configmaps"})
        self.assertEqual((request["kind"]["kind"], request["oldObject"], request["dryRun"]), ("ConfigMap", None, False))
        self.assertEqual(request["options"]["kind"], "CreateOptions")

    def test_a_refusal_is_told_with_its_sentence_and_nothing_is_written(self):
        self.register("Validating", lambda request: refusal("a must not be b") if request["name"] == "a" else {})
        said = self.kubectl("create", "-f", "-", text=THING % "a", fails=True)
        self.assertIn('admission webhook "validating.example.com" denied the request: a must not be b', said)
        self.kubectl("-n", "hooked", "get", "cm", "a", fails=True)

    def test_an_update_is_reviewed_with_the_old_object_and_keeps_the_refusals_status(self):
        def answer(request):
            if request["operation"] == "UPDATE" and request["object"]["data"].get("a") != request["oldObject"]["data"]["a"]:
                return refusal("data.a is immutable", 422)
            return {}
        self.register("Validating", answer)
        self.kubectl("create", "-f", "-", text=THING % "a")
        said = self.kubectl("-n", "hooked", "patch", "cm", "a", "--type=merge", "-p", '{"data":{"a":"c"}}', fails=True)
        self.assertIn("data.a is immutable", said)
        self.kubectl("-n", "hooked", "patch", "cm", "a", "--type=merge", "-p", '{"data":{"b":"c"}}')
        self.assertEqual(self.get("a")["data"], {"a": "b", "b": "c"})

    def test_every_way_of_writing_is_mutated(self):
        self.register("Mutating", lambda request: patch({"op": "add", "path": "/data/by", "value": request["operation"]})
                      if request["operation"] != "DELETE" else {})
        self.kubectl("apply", "--server-side", "-f", "-", text=THING % "a")
        self.assertEqual(self.get("a")["data"]["by"], "CREATE")
        self.kubectl("apply", "--server-side", "-f", "-", text=(THING % "a").replace("a: b", "a: c"))
        self.assertEqual(self.get("a")["data"], {"a": "c", "by": "UPDATE"})
        self.kubectl("apply", "-f", "-", text=THING % "b")
        self.assertEqual(self.get("b")["data"]["by"], "CREATE")
        self.kubectl("-n", "hooked", "patch", "cm", "b", "--type=json", "-p", '[{"op":"replace","path":"/data","value":{"q":"r"}}]')
        self.assertEqual(self.get("b")["data"], {"q": "r", "by": "UPDATE"})
        whole = self.get("b")
        whole["data"] = {"z": "z"}
        self.kubectl("replace", "-f", "-", text=json.dumps(whole))
        self.assertEqual(self.get("b")["data"], {"z": "z", "by": "UPDATE"})

    def test_what_others_write_during_a_review_is_not_lost(self):
        others = ["x", "y"]

        def answer(request):
            if request["operation"] == "UPDATE" and others and "mine" in request["object"]["data"]:
                other = others.pop()
                self.kubectl("-n", "hooked", "patch", "cm", "a", "--type=merge", "-p", json.dumps({"data": {other: "theirs"}}))
            return {}
        self.register("Validating", answer)
        self.kubectl("create", "-f", "-", text=THING % "a")
        self.kubectl("-n", "hooked", "patch", "cm", "a", "--type=merge", "-p", '{"data":{"mine":"1"}}')
        self.assertEqual(self.get("a")["data"], {"a": "b", "mine": "1", "x": "theirs", "y": "theirs"})
        others.append("z")
        old = {**self.get("a"), "data": {"mine": "2"}}
        said = self.kubectl("replace", "-f", "-", text=json.dumps(old), fails=True)
        self.assertIn("the object has been modified", said)

    def test_a_delete_can_be_refused(self):
        kept = {"kept": True}
        self.register("Validating", lambda request: refusal("it is kept") if request["operation"] == "DELETE" and kept["kept"] else {})
        self.addCleanup(kept.clear)
        self.kubectl("create", "-f", "-", text=THING % "a")
        self.hook.asked.clear()
        self.assertIn("it is kept", self.kubectl("-n", "hooked", "delete", "cm", "a", fails=True))
        request = self.hook.asked[-1][1]["request"]
        self.assertEqual((request["object"], request["oldObject"]["data"]), (None, {"a": "b"}))
        kept["kept"] = False
        self.kubectl("-n", "hooked", "delete", "cm", "a")

    def test_warnings_reach_whoever_writes(self):
        self.register("Validating", lambda _: {"warnings": ['version "1" will expire']})
        self.assertIn('Warning: version "1" will expire', self.kubectl("create", "-f", "-", text=THING % "a"))

    def test_a_dry_run_is_reviewed_as_one_and_writes_nothing(self):
        self.register("Mutating", lambda _: patch({"op": "add", "path": "/data/by", "value": "hook"}))
        said = self.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", text=THING % "a")
        self.assertEqual(json.loads(said)["data"]["by"], "hook")
        self.assertTrue(self.hook.asked[-1][1]["request"]["dryRun"])
        self.kubectl("-n", "hooked", "get", "cm", "a", fails=True)

    def test_selectors_and_rules_leave_others_alone(self):
        self.register("Validating", lambda request: refusal("never") if request["name"] != "probe" else {})
        self.kubectl("create", "-f", "-", text=(THING % "a").replace("looked-at", "not-looked-at"))
        self.kubectl("create", "-f", "-", text=(THING % "a").replace("hooked,", "default,"))
        self.kubectl("create", "-f", "-", text=(THING % "a").replace("ConfigMap", "Secret").replace("data: {a: b}", "data: {}"))
        self.kubectl("-n", "default", "delete", "cm", "a")
        self.kubectl("-n", "hooked", "delete", "secret", "a")
        said = self.kubectl("-n", "hooked", "label", "cm", "a", "looked-at=yes", fails=True)
        self.assertIn("never", said)

    def test_one_that_is_away_stops_writes_only_where_it_must_not_fail(self):
        self.register("Validating", lambda _: {})
        away = json.loads(self.kubectl("get", "validatingwebhookconfigurations", "validating-test", "-o", "json"))
        away["webhooks"][0]["clientConfig"]["url"] = "https://127.0.0.1:1/x"
        self.kubectl("replace", "-f", "-", text=json.dumps(away))

        def refused():
            done = self.run_kubectl("create", "-f", "-", text=THING % "a")
            if done.returncode == 0:
                self.kubectl("-n", "hooked", "delete", "cm", "a", "--wait=false")
            return 'failed calling webhook "validating.example.com"' in done.stderr and "Internal" in done.stderr
        eventually(refused, 180, "nothing can be written")
        away = json.loads(self.kubectl("get", "validatingwebhookconfigurations", "validating-test", "-o", "json"))
        away["webhooks"][0]["failurePolicy"] = "Ignore"
        self.kubectl("replace", "-f", "-", text=json.dumps(away))
        eventually(lambda: self.run_kubectl("apply", "-f", "-", text=THING % "a").returncode == 0, 180, "it can be written without it")

    def test_a_certificate_of_another_authority_is_not_trusted(self):
        other = self.home / "other"
        if not other.exists():
            tokens.make_certificate(other)
        self.register("Validating", lambda _: {}, is_asked=False, clientConfig={
            "url": f"https://127.0.0.1:{self.hook.server.server_port}/validating",
            "caBundle": base64.b64encode((other / "ca.crt").read_bytes()).decode()})

        def refused():
            done = self.run_kubectl("create", "-f", "-", text=THING % "a")
            if done.returncode == 0:
                self.run_kubectl("-n", "hooked", "delete", "cm", "a", "--wait=false")
            return "certificate" in done.stderr
        eventually(refused, 180, "its certificate is not believed")


class WebhooksOfTheRealServer(Webhooks, unittest.TestCase):
    @classmethod
    def begin(cls):
        kubernetes = Kubernetes()
        cls.addClassCleanup(kubernetes.close)
        cls.kubeconfig = kubernetes.kubeconfig


class WebhooksOfTheSandbox(Webhooks, unittest.TestCase):
    @classmethod
    def begin(cls):
        cls.up = Up(cls.home / "data", "--shoots", "0").wait_until_up()
        cls.kubeconfig = cls.home / "data" / "kubernetes" / "kubeconfig"

    @classmethod
    def tearDownClass(cls):
        code = cls.up.end()
        assert code == 0, cls.up.said()
        assert leftovers(cls.home / "data") == [], leftovers(cls.home / "data")

    def test_a_webhook_behind_a_service_is_told_to_be_out_of_reach(self):
        self.register("Validating", lambda _: {}, is_asked=False, clientConfig={"service": {"name": "x", "namespace": "y"}})
        said = self.kubectl("create", "-f", "-", text=THING % "a", fails=True)
        self.assertIn("it has no clientConfig.url, and there are no services here", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
