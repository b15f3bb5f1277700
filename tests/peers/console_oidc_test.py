"""Signing in at an issuer that a real kube-apiserver trusts: the console's flow as a browser walks it."""

import http.client
import json
import ssl
import unittest
import urllib.parse

from issuer import Issuer
from kubernetes import Kubernetes, small_definitions
from testbed import CLUSTER, Testbed, event, eventually, free_port

RBAC = "/apis/rbac.authorization.k8s.io/v1"
CALLBACK = "/api/v1/sign-in/oidc/callback"


class Browser:
    """Cookies by their name; follows nothing by itself."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def get(self, path):
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        connection.request("GET", path, headers={"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())})
        answer = connection.getresponse()
        text = answer.read()
        for field in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = field.split(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        json_there = "json" in answer.getheader("Content-Type", "")
        return answer.status, answer.getheader("Location"), json.loads(text) if json_there else text.decode()


class ConsoleOidc(unittest.TestCase):
    def setUp(self):
        self.issuer = Issuer(secret="the client's secret")
        self.addCleanup(self.issuer.close)
        self.garden = Kubernetes(more=(f"--oidc-issuer-url={self.issuer.url}", "--oidc-client-id=falconer", f"--oidc-ca-file={self.issuer.ca}",
                                        "--oidc-username-claim=email", "--oidc-username-prefix=-", "--oidc-groups-claim=groups"))
        self.addCleanup(self.garden.close)
        self.garden.define(*small_definitions("core.gardener.cloud"))
        self.garden.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "garden-test"}})
        self.garden.call("POST", "/apis/core.gardener.cloud/v1beta1/projects", {
            "apiVersion": "core.gardener.cloud/v1beta1", "kind": "Project", "metadata": {"name": "test"}, "spec": {"namespace": "garden-test"}})
        self.garden.call("POST", f"{RBAC}/clusterroles", {"apiVersion": RBAC[6:], "kind": "ClusterRole", "metadata": {"name": "viewer"}, "rules": [
            {"apiGroups": ["core.gardener.cloud"], "resources": ["shoots"], "verbs": ["get"]}]})
        self.garden.call("POST", f"{RBAC}/namespaces/garden-test/rolebindings", {
            "apiVersion": RBAC[6:], "kind": "RoleBinding", "metadata": {"name": "team"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "viewer"},
            "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "team"}]})
        self.port = free_port()
        self.bed = Testbed(roles="ingestor,console", extra={"console": {"listen": f"127.0.0.1:{self.port}"}})
        self.addCleanup(self.bed.close)
        secret = self.bed.home / "client-secret"
        secret.write_text("the client's secret\n")
        self.bed.extra["console"] |= {
            "garden": {"kubeconfig": str(self.garden.kubeconfig), "decisionsKept": "1s"},
            "oidc": {"issuer": self.issuer.url, "clientID": "falconer", "clientSecretFile": str(secret), "caFile": str(self.issuer.ca), "title": "Example",
                     "redirectURL": f"http://localhost:{self.port}{CALLBACK}"}}
        self.bed.config = self.bed._write_config()
        self.bed.migrate()
        self.bed.start()
        self.assertEqual(self.bed.post(event(CLUSTER, rule="mine"), self.bed.token())[0], 200)
        eventually(self.knows_the_garden, what="the console listens")

    def knows_the_garden(self):
        try:
            return Browser(self.port).get("/api/v1/sign-in")[0] == 200
        except OSError:
            return False

    def at_the_issuer(self, address):
        """Where the issuer sends the browser back to."""
        there = urllib.parse.urlsplit(address)
        connection = http.client.HTTPSConnection("localhost", there.port, context=ssl.create_default_context(cafile=self.issuer.ca), timeout=60)
        connection.request("GET", f"{there.path}?{there.query}")
        back = urllib.parse.urlsplit(connection.getresponse().getheader("Location"))
        connection.close()
        return f"{back.path}?{back.query}"

    def sign_in(self, browser):
        """Where the browser ends."""
        status, there, _ = browser.get("/api/v1/sign-in/oidc?to=/clusters")
        self.assertEqual(status, 303)
        back = self.at_the_issuer(there)
        return browser.get(back)[1], back

    def test_from_the_button_to_the_events_of_ones_project_and_nothing_that_is_not_good(self):
        self.issuer.claims = {"groups": ["team"]}
        browser = Browser(self.port)
        # The API server reads the issuer's keys in its own time.
        eventually(lambda: self.sign_in(browser)[0] == "/clusters", what="anna is signed in")
        me = browser.get("/api/v1/me")[2]
        self.assertEqual((me["user"], me["kind"], me["projects"]), ("anna@example.com", "oidc", ["test"]))
        self.assertEqual([each["rule"] for each in browser.get("/api/v1/events")[2]["events"]], ["mine"])

        _, back = self.sign_in(browser)
        self.assertEqual(browser.get(back)[1], "/sign-in?refused=sign-in", "a second time")
        thief = Browser(self.port)
        status, there, _ = browser.get("/api/v1/sign-in/oidc")
        self.assertEqual(thief.get(self.at_the_issuer(there))[1], "/sign-in?refused=sign-in", "another browser")

        for name, claims in {"audience": {"aud": "another"}, "nonce": {"nonce": "another"}, "expired": {"exp": 1_700_000_000},
                             "issuer": {"iss": "https://evil.example"}}.items():
            with self.subTest(name):
                self.issuer.claims = claims
                self.assertEqual(self.sign_in(Browser(self.port))[0], "/sign-in?refused=sign-in")
        self.issuer.claims, self.issuer.algorithm = {"groups": ["team"]}, "none"
        self.assertEqual(self.sign_in(Browser(self.port))[0], "/sign-in?refused=sign-in")

        self.issuer.algorithm = "RS256"
        self.issuer.rotate()
        fresh = Browser(self.port)
        eventually(lambda: self.sign_in(fresh)[0] == "/clusters", 120, "a new key is found, here and by the API server")
        self.issuer.claims = {"email": "nobody@example.com", "groups": []}
        outsider = Browser(self.port)
        self.assertEqual(self.sign_in(outsider)[0], "/clusters")
        self.assertEqual(outsider.get("/api/v1/me")[2]["projects"], [])
        self.assertEqual(outsider.get("/api/v1/events")[2]["events"], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
