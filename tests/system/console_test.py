"""The console's API, asked of the real program over a real PostgreSQL."""

import csv
import http.client
import io
import json
import unittest
import urllib.parse

from testbed import CLUSTER, Testbed, event, eventually, free_port

OTHER = CLUSTER.replace("--test--", "--other--")
USERS = {"users": [
    {"name": "operator", "title": "sees every cluster", "password": "correct horse", "everything": True, "mayReplay": True},
    {"name": "member", "title": "sees one project", "password": "battery staple", "projects": ["test"]}]}


class Client:
    """A browser without a page."""

    def __init__(self, port):
        self.port, self.cookie = port, ""

    def send(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        fields = {"Cookie": self.cookie, **({"X-Requested-With": "falconer"} if method != "GET" else {}), **(headers or {})}
        connection.request(method, path, None if body is None else json.dumps(body), fields)
        return connection, connection.getresponse()

    def ask(self, method, path, body=None, headers=None):
        connection, answer = self.send(method, path, body, headers)
        text = answer.read()
        connection.close()
        if answer.getheader("Set-Cookie"):
            self.cookie = answer.getheader("Set-Cookie").split(";")[0]
        kind = answer.getheader("Content-Type", "")
        return answer.status, json.loads(text) if "json" in kind and "ndjson" not in kind else text.decode()

    def get(self, path, **parameters):
        return self.ask("GET", path + ("?" + urllib.parse.urlencode(parameters, doseq=True) if parameters else ""))

    def sign_in(self, user):
        password = next(each["password"] for each in USERS["users"] if each["name"] == user)
        status, me = self.ask("POST", "/api/v1/session", {"user": user, "password": password})
        assert status == 200, me
        return me


class Console(unittest.TestCase):
    def setUp(self):
        self.port = free_port()
        self.bed = Testbed(roles="ingestor,console", extra={"console": {"listen": f"127.0.0.1:{self.port}"}})
        self.addCleanup(self.bed.close)
        users = self.bed.home / "users.yaml"
        users.write_text(json.dumps(USERS))
        self.bed.extra["console"]["demoUsersFile"] = str(users)
        self.bed.config = self.bed._write_config()
        self.bed.migrate()
        self.bed.start()
        self.tokens = {each: self.bed.token(each) for each in (CLUSTER, OTHER)}
        self.browser = Client(self.port)
        eventually(self.listens, what="the console listens")

    def listens(self):
        try:
            return self.browser.get("/api/v1/sign-in")[0] == 200
        except OSError:
            return False

    def post(self, cluster=CLUSTER, **changes):
        self.assertEqual(self.bed.post(event(cluster, **changes), self.tokens[cluster])[0], 200)

    def events(self, **parameters):
        status, page = self.browser.get("/api/v1/events", **parameters)
        self.assertEqual(status, 200, page)
        return page

    def test_from_signing_in_to_the_one_event_that_matters(self):
        self.assertEqual(self.browser.get("/api/v1/events")[0], 401)
        me = self.browser.sign_in("operator")
        self.assertTrue(me["everything"])
        for number in range(30):
            self.post(rule=f"rule {number}", priority="Debug")
        fields = {"proc.name": "nc", "proc.cmdline": "nc -l 31337", "k8s.pod.name": "cart-0", "evt.time": 1794788426779200001}
        self.post(rule="The one", priority="Critical", output_fields=fields)
        seen, cursor = [], {}
        for _ in range(10):
            page = self.events(limit=7, **cursor)
            seen += [each["rule"] for each in page["events"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        self.assertEqual(seen, ["The one"] + [f"rule {29 - number}" for number in range(30)])
        for text in ('"-l 31337"', 'process:nc pod:cart-*', "priority>=error", "evt.time:1794788426779200001", 'rule:"the one"', "-rule:rule*"):
            self.assertEqual([each["rule"] for each in self.events(q=text)["events"]], ["The one"], text)
        key = self.events(q='"-l 31337"')["events"][0]["key"]
        status, whole = self.browser.get("/api/v1/events/" + key)
        self.assertEqual(status, 200, whole)
        self.assertIn({"name": "evt.time", "kind": "number", "text": "1794788426779200001"}, whole["fields"])
        status, raw = self.browser.get(whole["raw"]["href"])
        self.assertEqual(raw["output_fields"]["proc.cmdline"], "nc -l 31337")
        self.assertEqual(self.browser.get("/api/v1/events/" + whole["uuid"])[1]["key"], key)
        self.assertEqual(self.browser.get("/api/v1/events/" + key.replace(key[0], "f" if key[0] != "f" else "e", 1))[0], 404)
        self.assertEqual(self.browser.ask("DELETE", "/api/v1/session")[0], 204)
        self.assertEqual(self.browser.get("/api/v1/events/" + key)[0], 401)

    def test_a_member_sees_one_project_wherever_they_look(self):
        self.post(rule="mine")
        self.post(OTHER, rule="theirs")
        self.bed.post('{"rule": "x"}', self.tokens[OTHER])
        operator = Client(self.port)
        operator.sign_in("operator")
        theirs = operator.get("/api/v1/events", q="rule:theirs")[1]["events"][0]["key"]
        aside = operator.get("/api/v1/quarantine")[1]["bodies"][0]["id"]
        self.browser.sign_in("member")
        self.assertEqual([each["rule"] for each in self.events()["events"]], ["mine"])
        self.assertEqual(self.browser.get("/api/v1/events/" + theirs)[0], 404)
        self.assertEqual(self.browser.get(f"/api/v1/events/{theirs}/raw")[0], 404)
        for field in ("rule", "project", "process"):
            for facet in self.browser.get("/api/v1/facets", field=field)[1]["facets"]:
                self.assertEqual([each["count"] for each in facet["values"]], [1], facet)
        self.assertEqual(self.browser.get("/api/v1/histogram")[1]["total"], 1)
        self.assertEqual(len(self.browser.get("/api/v1/clusters")[1]["clusters"]), 1)
        self.assertEqual(self.browser.get("/api/v1/quarantine")[1]["bodies"], [])
        self.assertEqual(self.browser.get(f"/api/v1/quarantine/{aside}")[0], 404)
        self.assertEqual(self.browser.ask("POST", f"/api/v1/quarantine/{aside}/replay")[0], 403)
        self.assertNotIn("theirs", self.browser.get("/api/v1/export", format="ndjson")[1])

    def test_facets_and_histogram_count_what_there_is(self):
        self.browser.sign_in("operator")
        for number in range(12):
            self.post(CLUSTER if number % 3 else OTHER, rule=f"rule {number % 2}", priority="Error" if number % 4 else "Alert")
        status, answer = self.browser.get("/api/v1/facets", field=["rule", "priority", "cluster", "namespace", "tag", "workload"], q="")
        self.assertEqual(status, 200, answer)
        counts = {each["field"]: {value["value"]: value["count"] for value in each["values"]} for each in answer["facets"]}
        self.assertEqual(counts["rule"], {"rule 0": 6, "rule 1": 6})
        self.assertEqual(counts["priority"], {"Error": 9, "Alert": 3})
        self.assertEqual(counts["cluster"], {CLUSTER: 8, OTHER: 4})
        self.assertEqual(counts["namespace"], {"shop": 12})
        self.assertEqual(counts["tag"]["T1059"], 12)
        for query in ("", "process:bash", "rule:*"):
            histogram = self.browser.get("/api/v1/histogram", since="-1h", q=query)[1]
            self.assertEqual(histogram["total"], 12, query)
            self.assertEqual(sum(each["priorities"].get("Alert", 0) for each in histogram["buckets"]), 3)

    def test_new_events_arrive_by_themselves_and_none_is_missed_in_between(self):
        self.browser.sign_in("operator")
        self.post(rule="before")
        tail = self.events()["tail"]
        self.post(rule="in between")

        def read_until(path, what, headers=None):
            connection, answer = self.browser.send("GET", path, headers=headers)
            self.assertEqual(answer.status, 200)
            lines, position = [], None
            while what not in "".join(lines):
                lines.append(answer.readline().decode())
                self.assertNotEqual(lines[-1], "", lines)
            while not (position and lines[-1].startswith("event: position")):
                lines.append(answer.readline().decode())
                if lines[-1].startswith("id: "):
                    position = lines[-1][4:].strip()
            connection.close()
            return "".join(lines), position

        # What was on the page already may come once more, nothing else.
        _, position = read_until("/api/v1/tail?from=" + urllib.parse.quote(tail), "in between")
        self.post(rule="while away", priority="Alert")
        self.post(rule="not wanted", priority="Debug")
        said, _ = read_until("/api/v1/tail?q=priority:alert", "while away", {"Last-Event-ID": position})
        self.assertNotIn("in between", said)
        self.assertNotIn("not wanted", said)
        self.assertEqual(self.browser.get("/api/v1/tail", **{"from": "1.1"})[0], 410)

    def test_a_file_has_every_event_exactly(self):
        self.browser.sign_in("operator")
        for number in range(20):
            self.post(rule=f"=r{number}", output_fields={"n": 18446744073709551615 + number})
        status, text = self.browser.get("/api/v1/export", format="ndjson", q="rule:=r*")
        self.assertEqual(status, 200)
        rows = [json.loads(line) for line in text.splitlines()]
        self.assertEqual([each["output_fields"]["n"] for each in rows], [18446744073709551615 + 19 - number for number in range(20)])
        status, text = self.browser.get("/api/v1/export", format="csv", fields="n")
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(len(rows), 20)
        self.assertEqual(rows[0]["rule"], "'=r19")
        self.assertEqual(rows[0]["n"], "18446744073709551634")

    def test_what_was_kept_aside_is_seen_and_put_back(self):
        self.browser.sign_in("operator")
        self.assertEqual(self.bed.post('{"rule": "x"}', self.tokens[CLUSTER])[0], 202)
        bodies = self.browser.get("/api/v1/quarantine")[1]["bodies"]
        self.assertEqual(len(bodies), 1)
        one = "/api/v1/quarantine/" + bodies[0]["id"]
        self.assertEqual(self.browser.get(one)[1]["text"], '{"rule": "x"}')
        self.assertEqual(self.browser.get(one + "/body")[1], '{"rule": "x"}')
        status, said = self.browser.ask("POST", one + "/replay")
        self.assertEqual((status, said["type"]), (422, "/problems/still-broken"))
        # As after an upgrade that understands it.
        body = event(CLUSTER, rule="mended").replace("'", "")
        self.bed.psql(f"update falconer.quarantine set body = convert_to('{body}', 'UTF8')", "falconer")
        status, said = self.browser.ask("POST", one + "/replay")
        self.assertEqual(status, 200, said)
        self.assertEqual(self.browser.get("/api/v1/events/" + said["key"])[1]["flags"], ["requarantine"])
        self.assertEqual(self.browser.ask("POST", one + "/replay")[0], 409)
        cluster = self.browser.get("/api/v1/clusters")[1]["clusters"][0]
        self.assertEqual((cluster["cluster"]["identity"], cluster["quarantined"]), (CLUSTER, 0))

    def test_mistakes_have_a_place_and_pages_have_guards(self):
        self.browser.sign_in("operator")
        status, said = self.browser.get("/api/v1/events", q="rule:x priority:wanring")
        self.assertEqual((status, said["type"], said["column"], said["length"]), (400, "/problems/filter", 17, 7))
        connection, answer = self.browser.send("GET", "/events/anything")
        page = answer.read().decode()
        connection.close()
        self.assertEqual(answer.status, 200)
        self.assertIn("nonce-", answer.getheader("Content-Security-Policy"))
        self.assertNotIn("__CSP_NONCE__", page)
        self.assertEqual(self.browser.ask("DELETE", "/api/v1/session", headers={"X-Requested-With": "x"})[0], 403)
        self.assertEqual(self.browser.ask("GET", "/api/v1/me", headers={"Host": "evil.example"})[0], 403)

    def test_a_question_nobody_waits_for_is_given_up(self):
        self.browser.sign_in("operator")
        self.post()
        running = "select count(*) from pg_stat_activity where state = 'active' and query like '%FROM falconer.event e%' and pid <> pg_backend_pid()"
        with self.bed.session() as psql:  # whoever asks for events waits
            psql.stdin.write("begin; lock table falconer.event in access exclusive mode;\n")
            psql.stdin.flush()
            eventually(lambda: self.bed.count("select count(*) from pg_locks where relation = 'falconer.event'::regclass and mode = 'AccessExclusiveLock' and granted"),
                       what="the table is locked")
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.request("GET", "/api/v1/export?format=csv", headers={"Cookie": self.browser.cookie})
            eventually(lambda: self.bed.count(running), what="the question is asked")
            connection.close()
            eventually(lambda: self.bed.count(running) == 0, 60, "it is given up")


if __name__ == "__main__":
    unittest.main(verbosity=2)
