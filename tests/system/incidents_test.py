"""Incidents through the console's API, over a real PostgreSQL: gathered from what is stored, resolved, and open again when it happens again."""

import threading
import unittest
import uuid

from console_test import Client
from testbed import CLUSTER, eventually
from triage_test import OTHER, Person, Store

IMAGE = "registry.example.net/shop/web"


def fields(pod="web-7d9fc8b5d4-x2x7z", namespace="shop", image=IMAGE, **more):
    return {"k8s.ns.name": namespace, "k8s.pod.name": pod, "container.id": "9245df90fcc3", "container.name": "c",
            "container.image.repository": image, "proc.name": "sh", "proc.cmdline": "sh -c id", **more}


class Incidents(Store):
    def incidents(self, who, **parameters):
        status, page = who.get("/api/v1/incidents", **parameters)
        self.assertEqual(status, 200, page)
        return page["incidents"]

    def gathered(self, events):
        eventually(lambda: self.bed.count("select coalesce(sum(count), 0) from falconer.incident") == events, 90, f"{events} events are in incidents")

    def resolve(self, who, incident, state="resolved", **more):
        return who.post("/api/v1/incidents/triage", {"incidents": [{"id": incident["id"], "seen": incident["action"]}], "state": state, **more})

    def test_repeats_are_one_incident_that_is_resolved_and_happens_again(self):
        for number in range(20):
            self.send(rule="Shell", output_fields=fields(pod=f"web-7d9fc8b5d4-x2x{'bcdfg'[number % 5]}z", n=number))
        self.send(rule="Shell", output_fields=fields(pod="db-0"))
        self.send(OTHER, rule="Shell", output_fields=fields())
        self.gathered(22)
        operator, member, viewer = (Person(self.port, each) for each in ("operator", "member", "viewer"))
        self.assertEqual(len(self.incidents(operator)), 3)
        mine = self.incidents(member)
        self.assertEqual([(each["workload"]["name"], each["count"]) for each in mine], [("db", 1), ("web", 20)])
        web = self.incidents(member, q="workload:web")[0]
        self.assertEqual((web["state"], web["action"], sum(web["series"]["counts"])), ("open", "0", 20))

        theirs = next(each for each in self.incidents(operator) if each["cluster"]["identity"] == OTHER)
        self.assertEqual(member.get(f"/api/v1/incidents/{theirs['id']}")[0], 404)
        self.assertEqual(self.resolve(member, theirs)[0], 404)
        self.assertEqual(self.resolve(viewer, web)[0], 403)
        self.assertEqual(Client(self.port).get("/api/v1/incidents")[0], 401)
        self.assertEqual(self.resolve(member, web, reason="patched")[0], 200)
        self.assertEqual(self.resolve(operator, web)[1]["type"], "/problems/changed-meanwhile")
        self.assertEqual([each["workload"]["name"] for each in self.incidents(member, state="open")], ["db"])

        self.send(rule="Shell", output_fields=fields(pod="web-7d9fc8b5d4-bbbbb"))
        self.gathered(23)
        web = eventually(lambda: next(iter(self.incidents(member, q="workload:web", state="open")), None), 60, "it is open again")
        self.assertEqual((web["count"], web["reopened"]), (21, True))
        whole = member.get(f"/api/v1/incidents/{web['id']}")[1]
        self.assertEqual([(each["by"], each["what"], each["state"]) for each in whole["actions"]],
                         [("member", "incident", "resolved"), ("falconer", "reopen", "open")])
        self.assertEqual([each["workload"]["name"] for each in whole["sameRule"]], ["db"])
        self.assertEqual(len(operator.get(f"/api/v1/incidents/{web['id']}")[1]["sameRule"]), 2)
        self.assertEqual([each["what"] for each in member.get("/api/v1/triage/actions")[1]["actions"]], ["reopen", "incident"])

    def test_this_image_never_did_that_before(self):
        self.send(rule="Shell", output_fields=fields(image="other"))
        self.send(OTHER, rule="Shell", output_fields=fields())
        self.send(rule="Shell", output_fields=fields(n=1))
        self.send(rule="Shell", output_fields=fields(n=2))
        self.gathered(4)
        operator, member = Person(self.port, "operator"), Person(self.port, "member")
        first, later = (operator.one(f'image:"{IMAGE}" n:{number}')["key"] for number in (1, 2))
        seen = {who: [who.get(f"/api/v1/events/{key}/first-seen")[1] for key in (first, later)] for who in (operator, member)}
        self.assertEqual([each["isFirstHere"] for each in seen[operator]], [True, False])
        self.assertEqual([each["isFirst"] for each in seen[operator]], [False, False])
        self.assertEqual([each["isFirst"] for each in seen[member]], [True, False])
        self.assertEqual([seen[who][0]["clusters"] for who in (operator, member)], [2, 1])
        self.assertEqual(seen[member][0]["image"], IMAGE)
        self.assertEqual(seen[member][0]["incident"]["count"], 3)
        alike = member.get(f"/api/v1/events/{first}/similar")[1]
        self.assertEqual(alike["similar"][0]["event"]["key"], later)
        self.assertIn("container.image.repository", alike["similar"][0]["same"])

    def test_each_event_counts_once_whatever_is_killed(self):
        for _ in range(3):
            for number in range(10):
                self.send(rule=f"rule {number % 3}", output_fields=fields())
            self.bed.kill()
            self.bed.start()
            eventually(self.listens, what="the console listens")
        self.gathered(30)
        self.assertEqual(self.bed.count("select sum(count) from falconer.incident_hours"), 30)
        self.assertEqual(self.bed.count("select sum(count) from falconer.sighting"), 30)
        self.assertEqual(self.bed.count("select count(*) from falconer.incident"), 3)

    def test_two_resolve_it_at_once(self):
        self.send(rule="Shell", output_fields=fields())
        self.gathered(1)
        people = [Person(self.port, each) for each in ("operator", "member")]
        seen = [self.incidents(each)[0] for each in people]
        answers = []
        threads = [threading.Thread(target=lambda who, it: answers.append(self.resolve(who, it, id=str(uuid.uuid4()))[0]), args=pair) for pair in zip(people, seen)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(sorted(answers), [200, 409])
        self.assertEqual(self.bed.count("select count(*) from falconer.incident_step"), 1)

    def test_a_backup_brings_back_how_they_stand(self):
        self.send(rule="Shell", output_fields=fields())
        self.gathered(1)
        operator = Person(self.port, "operator")
        self.assertEqual(self.resolve(operator, self.incidents(operator)[0], assignee="bob", reason="patched")[0], 200)
        folder = self.bed.home / "backup"
        self.bed.run("db", "backup", "--config", self.bed.config, "--to", folder)
        self.bed.psql("create database empty owner falconer")
        other = self.bed.home / "empty.yaml"
        other.write_text(self.bed.config.read_text().replace('"database": "falconer"', '"database": "empty"'))
        self.assertNotEqual(other.read_text(), self.bed.config.read_text())
        self.bed.run("db", "migrate", "--config", other)
        for _ in range(2):
            self.bed.run("db", "restore", "--config", other, "--from", folder)
        rows = """select s.incident, s.state, s.assignee, w.who, w.reason from falconer.incident_standing s
                  join falconer.incident_step t using (incident, action) join falconer.triage_action w on w.seq = s.action"""
        self.assertEqual(self.bed.psql(rows, "empty"), self.bed.psql(rows, "falconer"))
        self.assertIn("|3|bob|operator|patched", self.bed.psql(rows, "empty"))
        self.assertIn(CLUSTER, self.bed.psql("select c.identity from falconer.incident_standing s join falconer.cluster c on c.id = s.cluster", "empty"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
