"""Who may see what in the console, asked of the real program: roles × endpoints, against whatever plays the garden."""

import http.client
import json
import time
import urllib.parse

from testbed import CLUSTER, Testbed, event, eventually, free_port

OTHER = CLUSTER.replace("--test--", "--other--")
GARDENER = "/apis/core.gardener.cloud/v1beta1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
SHOOTS = {"apiGroups": ["core.gardener.cloud"], "resources": ["shoots"]}
RULES = {
    "member": [{**SHOOTS, "verbs": ["get", "update"]}],
    "viewer": [{**SHOOTS, "verbs": ["get"]}],
    "operator": [{**SHOOTS, "verbs": ["get", "list"]}],
    "admin": [{**SHOOTS, "verbs": ["*"]}, {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
    # What the console itself needs, as docs/console.md has it.
    "console": [{"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
                {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
                {"apiGroups": ["core.gardener.cloud"], "resources": ["projects"], "verbs": ["get", "list", "watch"]}]}
# Role → the projects that it sees; None: everything.
SEES = {"outsider": [], "member": ["test"], "viewer": ["other", "test"], "operator": None, "admin": None}


class AccessCases:
    """A test class that mixes it in has `call(verb, path, body)` for the garden and `console_kubeconfig()`."""

    def set_up_access(self):
        self.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "people"}})
        for name, rules in RULES.items():
            self.call("POST", f"{RBAC}/clusterroles", {"apiVersion": RBAC[6:], "kind": "ClusterRole", "metadata": {"name": f"console-{name}"}, "rules": rules})
        for name in ("test", "other"):
            self.make_project(name)
        for name in (*SEES, "console"):
            self.call("POST", "/api/v1/namespaces/people/serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
        self.bind("member", "member", "garden-test")
        for name in ("viewer", "operator", "admin", "console"):
            self.bind(name, name)
        self.tokens = {name: self.token_of(name) for name in SEES}

    def make_project(self, name):
        if self.call("GET", f"/api/v1/namespaces/garden-{name}") is None:
            self.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"garden-{name}"}})
        self.call("POST", f"{GARDENER}/projects", {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Project", "metadata": {"name": name},
                                                   "spec": {"namespace": f"garden-{name}"}})

    def bind(self, account, role, namespace=None):
        """Without a namespace: everywhere."""
        path = f"{RBAC}/namespaces/{namespace}/rolebindings" if namespace else f"{RBAC}/clusterrolebindings"
        self.call("POST", path, {"apiVersion": RBAC[6:], "kind": "RoleBinding" if namespace else "ClusterRoleBinding", "metadata": {"name": f"{account}-{role}"},
                                 "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": f"console-{role}"},
                                 "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "people"}]})

    def token_of(self, account):
        made = self.call("POST", f"/api/v1/namespaces/people/serviceaccounts/{account}/token",
                         {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}})
        return made["status"]["token"]

    def start_console(self):
        self.port = free_port()
        self.bed = Testbed(roles="ingestor,console", extra={"console": {
            "listen": f"127.0.0.1:{self.port}", "auditReads": True, "garden": {"kubeconfig": str(self.console_kubeconfig()), "decisionsKept": "1s"}}})
        self.addCleanup(self.bed.close)
        self.bed.migrate()
        self.bed.start()
        self.keys = {}
        for cluster, rule in ((CLUSTER, "mine"), (OTHER, "theirs"), ("seed-of-the-landscape", "seed")):
            token = self.bed.token(cluster)
            self.assertEqual(self.bed.post(event(cluster, rule=rule), token)[0], 200)
            self.assertEqual(self.bed.post('{"rule": "x"}', token)[0], 202)
        eventually(lambda: len(self.ask("viewer", "/api/v1/me")[1].get("projects", [])) == 2, what="the console knows its garden")
        for each in self.ask("operator", "/api/v1/events")[1]["events"]:
            self.keys[each["rule"]] = each["key"]
        self.aside = {each["cluster"].get("project"): each["id"] for each in self.ask("operator", "/api/v1/quarantine")[1]["bodies"]}

    def ask(self, who, path, method="GET", cookie=None, body=None, **parameters):
        """`who`: an account, "nobody" or None."""
        fields = {"X-Requested-With": "falconer", **({"Cookie": cookie} if cookie else {})}
        if who:
            fields["Authorization"] = "Bearer " + self.tokens.get(who, who)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path + ("?" + urllib.parse.urlencode(parameters) if parameters else ""), body and json.dumps(body), fields)
            answer = connection.getresponse()
            self.set_cookie = answer.getheader("Set-Cookie")
            kind = answer.getheader("Content-Type", "")
            if kind == "text/event-stream":
                return answer.status, ""
            text = answer.read()
            return answer.status, json.loads(text) if "json" in kind and "ndjson" not in kind else text.decode(errors="replace")
        finally:
            connection.close()

    def rules_seen_by(self, who):
        status, page = self.ask(who, "/api/v1/events")
        return sorted(each["rule"] for each in page["events"]) if status == 200 else status

    # --- cases -------------------------------------------------------------------------------

    def check_matrix(self):
        """Each role at each endpoint sees what is its own, and nothing else shows in any answer."""
        rules = {"test": "mine", "other": "theirs", None: "seed"}
        for path in ("/api/v1/me", "/api/v1/events", "/api/v1/facets", "/api/v1/clusters", "/api/v1/quarantine", "/api/v1/export?format=csv",
                     "/api/v1/events/" + self.keys["mine"], "/api/v1/tail", "/api/v1/fields", "/api/v1/histogram"):
            for who in (None, "nobody's token"):
                self.assertEqual(self.ask(who, path)[0], 401, (who, path))
        for who, sees in SEES.items():
            with self.subTest(who):
                mine = sorted(rule for project, rule in rules.items() if sees is None or project in sees)
                self.assertEqual(self.rules_seen_by(who), mine)
                me = self.ask(who, "/api/v1/me")[1]
                self.assertEqual((me["everything"], sorted(me["projects"])), (sees is None, sees or []))
                counted = self.ask(who, "/api/v1/facets", field="rule")[1]["facets"][0]["values"]
                self.assertEqual(sorted(each["value"] for each in counted), mine)
                self.assertEqual(self.ask(who, "/api/v1/histogram", since="-1h")[1]["total"], len(mine))
                self.assertEqual(len(self.ask(who, "/api/v1/clusters")[1]["clusters"]), len(mine))
                self.assertEqual(len(self.ask(who, "/api/v1/quarantine")[1]["bodies"]), len(mine))
                self.assertEqual(bool(self.ask(who, "/api/v1/fields")[1]["fields"][-1]["kind"] == "field"), bool(mine))
                files = self.ask(who, "/api/v1/export", format="ndjson")[1] + self.ask(who, "/api/v1/export", format="csv")[1]
                self.assertEqual(self.ask(who, "/api/v1/tail")[0], 200)
                for project, rule in rules.items():
                    good = 200 if rule in mine else 404
                    self.assertEqual(rule in files, rule in mine, rule)
                    for path in ("", "/raw"):
                        self.assertEqual(self.ask(who, f"/api/v1/events/{self.keys[rule]}{path}")[0], good, rule)
                    for path in ("", "/body"):
                        self.assertEqual(self.ask(who, f"/api/v1/quarantine/{self.aside[project]}{path}")[0], good, rule)
                    status = self.ask(who, f"/api/v1/quarantine/{self.aside[project]}/replay", "POST")[0]
                    self.assertEqual(status, 422 if who == "admin" else 403, rule)
        self.assertIn('what="GET /api/v1/histogram?since=-1h" status=200', self.bed.said())

    def check_sign_in_and_revocation(self):
        self.assertEqual(self.ask(None, "/api/v1/session", "POST", body={"token": "nobody's"})[0], 401)
        status, me = self.ask(None, "/api/v1/session", "POST", body={"token": self.tokens["member"]})
        self.assertEqual((status, me["kind"], me["projects"]), (200, "token", ["test"]), me)
        cookie = self.set_cookie.split(";")[0]
        self.assertEqual(self.ask(None, "/api/v1/events", cookie=cookie)[1]["events"][0]["rule"], "mine")
        self.call("DELETE", f"{RBAC}/namespaces/garden-test/rolebindings/member-member")
        eventually(lambda: self.rules_seen_by("member") == [], what="what is not allowed any more is not seen")
        self.assertEqual(self.ask(None, "/api/v1/events", cookie=cookie)[1]["events"], [])
        self.call("DELETE", "/api/v1/namespaces/people/serviceaccounts/member")
        eventually(lambda: self.rules_seen_by("member") == 401, what="whom the garden does not know is let in no longer")
        self.assertEqual(self.ask(None, "/api/v1/events", cookie=cookie)[0], 401)

    def check_made_again(self):
        self.assertEqual(self.rules_seen_by("viewer"), ["mine", "theirs"])
        self.call("DELETE", f"{GARDENER}/projects/other")
        eventually(lambda: self.rules_seen_by("viewer") == ["mine"], what="it is gone")
        time.sleep(1.1)  # the garden's times have whole seconds
        self.make_project("other")
        eventually(lambda: "other" in self.ask("viewer", "/api/v1/me")[1]["projects"], what="it is there again")
        self.assertEqual(self.rules_seen_by("viewer"), ["mine"])
        fresh = OTHER.replace("0a1b2c3d", "11111111")
        self.assertEqual(self.bed.post(event(fresh, rule="new"), self.bed.token(fresh))[0], 200)
        eventually(lambda: self.rules_seen_by("viewer") == ["mine", "new"], what="what is its own is seen")
