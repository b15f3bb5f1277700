"""Triage through the console's API, over a real PostgreSQL: assessed, hidden, countable, undone; and nobody can change what was done."""

import datetime
import json
import subprocess
import unittest
import uuid

from console_test import OTHER, USERS, Client
from testbed import CLUSTER, Testbed, clock_off_by, event, eventually, free_port

PEOPLE = {"users": [{**each, "mayTriage": True} for each in USERS["users"]]
          + [{"name": "viewer", "title": "reads", "password": "only looking", "everything": True}]}


class Person(Client):
    def __init__(self, port, name):
        super().__init__(port)
        password = next(each["password"] for each in PEOPLE["users"] if each["name"] == name)
        status, me = self.ask("POST", "/api/v1/session", {"user": name, "password": password})
        assert status == 200, me

    def post(self, path, body):
        return self.ask("POST", path, body)

    def assess(self, **order):
        status, said = self.post("/api/v1/triage", order)
        assert status == 200, said
        return said

    def rules(self, **parameters):
        status, page = self.get("/api/v1/events", **parameters)
        assert status == 200, page
        return [each["rule"] for each in page["events"]]

    def one(self, query):
        return self.get("/api/v1/events", q=query)[1]["events"][0]

    def total(self, **parameters):
        return self.get("/api/v1/histogram", since="-1h", **parameters)[1]["total"]


class Store(unittest.TestCase):
    def setUp(self):
        self.port = free_port()
        self.bed = Testbed(roles="ingestor,console", extra={"console": {"listen": f"127.0.0.1:{self.port}"}})
        self.addCleanup(self.bed.close)
        users = self.bed.home / "users.yaml"
        users.write_text(json.dumps(PEOPLE))
        self.bed.extra["console"]["demoUsersFile"] = str(users)
        self.bed.config = self.bed._write_config()
        self.bed.migrate()
        self.bed.start()
        self.tokens = {each: self.bed.token(each) for each in (CLUSTER, OTHER)}
        eventually(self.listens, what="the console listens")

    def listens(self):
        try:
            return Client(self.port).get("/api/v1/sign-in")[0] == 200
        except OSError:
            return False

    def send(self, cluster=CLUSTER, **changes):
        self.assertEqual(self.bed.post(event(cluster, **changes), self.tokens[cluster])[0], 200)

    def many(self, count, rule):
        """Straight into the store, as if they had come by."""
        self.send(rule=rule)
        self.bed.psql(f"""insert into falconer.event (received, time, id, cluster, rule, priority, flags, time_nanos, output_fields)
            select e.received + n * interval '1 us', e.time, gen_random_uuid(), e.cluster, e.rule, e.priority, 0, 0, e.output_fields
            from falconer.event e, generate_series(1, {count - 1}) n""", "falconer")


class Triage(Store):
    def test_the_cron_jobs_alert_is_a_false_positive_for_30_days(self):
        for number in range(4):
            self.send(rule="Cron", output_fields={"proc.name": "cron", "n": number})
        self.send(rule="Real")
        member = Person(self.port, "member")
        until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        said = member.assess(filter={"q": "rule:cron process:cron"}, state="false positive", reason="the nightly cron job", expires=until)
        self.assertEqual((said["events"], said["more"], said["complete"]), (4, False, True))
        self.assertEqual(member.rules(hidden="without"), ["Real"])
        self.assertEqual(member.rules(hidden="only"), ["Cron"] * 4)
        self.assertEqual(len(member.rules()), 5)
        for query in ("", "process:cron OR rule:real"):
            self.assertEqual([member.total(hidden=hidden, q=query) for hidden in ("with", "without", "only")], [5, 1, 4], query)
        facet = member.get("/api/v1/facets", field="rule", hidden="without")[1]["facets"][0]
        self.assertEqual([each["value"] for each in facet["values"]], ["Real"])
        self.assertEqual(member.get("/api/v1/export", format="ndjson", hidden="without")[1].count("\n"), 1)
        one = member.one("rule:cron")
        self.assertEqual([one["assessment"][each] for each in ("state", "by", "reason")], ["false positive", "member", "the nightly cron job"])
        self.assertEqual(self.bed.count("select count(*) from falconer.event"), 5)
        story = member.get(f"/api/v1/events/{one['key']}/history")[1]["actions"]
        self.assertEqual([(each["by"], each["state"], each["reason"]) for each in story], [("member", "false positive", "the nightly cron job")])
        done = member.get("/api/v1/triage/actions")[1]["actions"]
        self.assertEqual([(each["events"], each["filter"]) for each in done], [(4, "q=rule:cron process:cron")])
        status, back = member.post(f"/api/v1/triage/actions/{said['action']}/undo", {"reason": "a mistake"})
        self.assertEqual((status, back["events"], back["passed"]), (200, 4, 0))
        self.assertEqual(len(member.rules(hidden="without")), 5)
        self.assertEqual(member.get("/api/v1/triage/actions")[1]["actions"][1]["undoneBy"], back["action"])

    def test_ten_thousand_in_one_action(self):
        self.many(10_002, "Many")
        operator = Person(self.port, "operator")
        said = operator.assess(filter={"q": "rule:many"}, state="suppressed", reason="a drill", id=str(uuid.uuid4()))
        self.assertEqual((said["events"], said["more"]), (10_000, True))
        self.assertEqual(self.bed.count("select count(*) from falconer.assessment_step"), 10_000)
        self.assertEqual(len(operator.rules(hidden="without", limit=500)), 2)
        self.assertEqual(operator.post(f"/api/v1/triage/actions/{said['action']}/undo", {})[1]["events"], 10_000)
        self.assertEqual(len(operator.rules(hidden="without", limit=500)), 500)

    def test_two_at_the_same_events(self):
        self.send(rule="Both")
        operator, member = Person(self.port, "operator"), Person(self.port, "member")
        seen = [each.one("rule:both") for each in (operator, member)]
        self.assertEqual(seen[0], seen[1])
        order = {"events": [{"key": seen[0]["key"], "seen": "0"}], "reason": "x"}
        operator.assess(**order, state="true positive")
        status, said = member.post("/api/v1/triage", {**order, "state": "false positive"})
        self.assertEqual((status, said["type"]), (409, "/problems/assessed-meanwhile"))
        self.assertIn("operator has assessed 1", said["detail"])
        self.assertEqual(member.rules(hidden="without"), ["Both"])
        now = member.one("rule:both")["assessment"]
        self.assertEqual((now["state"], now["by"]), ("true positive", "operator"))
        order["events"][0]["seen"] = now["action"]
        member.assess(**order, state="false positive", assignee="operator")
        self.assertEqual(operator.rules(hidden="without"), [])
        self.assertEqual(operator.rules(assignee="operator", state="false positive"), ["Both"])

    def test_nobody_assesses_what_is_not_theirs(self):
        self.send(rule="mine")
        self.send(OTHER, rule="theirs")
        operator, member, viewer = (Person(self.port, each) for each in ("operator", "member", "viewer"))
        theirs = operator.one("rule:theirs")["key"]
        order = {"events": [{"key": theirs}], "state": "acknowledged"}
        self.assertEqual(member.post("/api/v1/triage", order)[0], 404)
        self.assertEqual(viewer.post("/api/v1/triage", order)[0], 403)
        self.assertEqual(Client(self.port).ask("POST", "/api/v1/triage", order)[0], 401)
        self.assertEqual(member.assess(filter={"q": ""}, state="acknowledged")["events"], 1)
        self.assertEqual(self.bed.count("select count(*) from falconer.assessment"), 1)
        done = operator.assess(filter={"q": "rule:theirs"}, state="suppressed", reason="x")
        self.assertEqual(len(member.get("/api/v1/triage/actions")[1]["actions"]), 1)
        self.assertEqual(member.post(f"/api/v1/triage/actions/{done['action']}/undo", {})[0], 404)
        self.assertEqual(member.get(f"/api/v1/events/{theirs}/history")[0], 404)
        self.assertEqual(len(viewer.get("/api/v1/triage/actions")[1]["actions"]), 2)

    def test_what_was_done_cannot_be_changed_not_even_by_the_owner(self):
        self.send(rule="r")
        Person(self.port, "operator").assess(filter={"q": ""}, state="acknowledged")
        for sql in ("update falconer.triage_action set who = 'x'", "delete from falconer.triage_action", "truncate falconer.triage_action",
                    "update falconer.assessment_step set state = 0", "delete from falconer.assessment_step"):
            with self.assertRaises(subprocess.CalledProcessError, msg=sql) as refused:
                self.bed.psql(sql, "falconer")
            self.assertIn("append-only", refused.exception.stderr)

    def test_a_backup_brings_assessments_back(self):
        self.send(rule="r")
        self.send(rule="s")
        operator = Person(self.port, "operator")
        operator.assess(filter={"q": "rule:r"}, state="false positive", reason="noise")
        operator.assess(filter={"q": "rule:r"}, assignee="bob")
        folder = self.bed.home / "backup"
        self.bed.run("db", "backup", "--config", self.bed.config, "--to", folder)
        self.bed.psql("create database empty owner falconer")
        config = json.loads(self.bed.config.read_text())
        config["store"]["database"] = "empty"
        other = self.bed.home / "empty.yaml"
        other.write_text(json.dumps(config))
        self.bed.run("db", "migrate", "--config", other)
        for _ in range(2):
            self.bed.run("db", "restore", "--config", other, "--from", folder)
        rows = """select e.rule, a.state, a.assignee, w.who, w.reason, w.filter from falconer.events e
                  join falconer.assessment a on a.id = e.id and a.received = e.received join falconer.triage_action w on w.seq = a.why"""
        self.assertEqual(self.bed.psql(rows, "empty"), self.bed.psql(rows, "falconer"))
        self.assertEqual(self.bed.psql(rows, "empty"), "r|4|bob|operator|noise|q=rule:r")
        self.assertEqual(self.bed.psql("select count(*) from falconer.assessment_step", "empty"), "2")


class Expiry(Store):
    def test_what_has_expired_is_seen_again(self):
        """By a clock that is 31 days ahead; the events are of today."""
        self.send(rule="Cron")
        self.send(rule="Other")
        now = datetime.datetime.now(datetime.timezone.utc)
        operator = Person(self.port, "operator")
        for rule, days in (("cron", 30), ("other", 40)):
            operator.assess(filter={"q": f"rule:{rule}"}, state="false positive", reason="x", expires=(now + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.assertEqual(operator.rules(hidden="without"), [])
        self.bed.terminate()
        with clock_off_by(31):
            self.bed.start()
        eventually(self.listens, what="the console listens")
        operator = Person(self.port, "operator")
        self.assertEqual(operator.rules(hidden="without"), ["Cron"])
        self.assertEqual(operator.rules(hidden="only"), ["Other"])
        stands = operator.one("rule:cron")["assessment"]
        self.assertEqual((stands["state"], stands["expired"], stands["by"]), ("new", True, "operator"))
        self.assertEqual(operator.get("/api/v1/histogram", hidden="without")[1]["total"], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
