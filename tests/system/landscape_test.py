"""The landscape at a glance and the read API of Gardener's event provider, over a real PostgreSQL."""

import datetime
import json
import unittest
import urllib.parse

from console_test import OTHER, Client
from testbed import CLUSTER, ROOT, eventually
from triage_test import Person, Store

WAITS = "half a minute for the landscape's numbers"


def landscape(person, **parameters):
    status, page = person.get("/api/v1/landscape", **parameters)
    assert status == 200, page
    return page


class Landscape(Store):
    def until(self, person, count, **parameters):
        """The page, when so many events are counted. The numbers come half a minute late."""
        eventually(lambda: landscape(person, **parameters)["count"] == count, 180, f"{count} events are counted")
        return landscape(person, **parameters)

    def test_the_noisiest_cluster_comes_first_and_everybody_sees_their_own(self):
        for number in range(5):
            self.send(rule="Loud" if number < 4 else "Rare", output_fields={"proc.name": "cron" if number < 2 else "bash"})
        self.send(cluster=OTHER, rule="Loud")
        operator, member = Person(self.port, "operator"), Person(self.port, "member")
        page = self.until(operator, 6)
        self.assertEqual([(each["cluster"]["identity"], each["count"]) for each in page["noisiest"]], [(CLUSTER, 5), (OTHER, 1)])
        self.assertEqual([(each["rule"], each["count"]) for each in page["rules"]], [("Loud", 5), ("Rare", 1)])
        self.assertEqual({each["project"]: each["count"] for each in page["projects"]}, {"test": 5, "other": 1})
        self.assertEqual((page["clusters"], page["hidden"], page["daysMissing"], len(page["trend"])), (2, 0, 0, 7))
        self.assertIsNotNone(page["counted"])
        page = self.until(member, 5)
        self.assertEqual([each["cluster"]["identity"] for each in page["noisiest"]], [CLUSTER])
        self.assertEqual([each["project"] for each in page["projects"]], ["test"])
        self.assertNotIn("other", json.dumps(page))
        self.assertEqual(landscape(member, project="other")["count"], 0)
        self.assertEqual(landscape(operator, namespace="garden-other")["count"], 1)
        self.assertEqual(landscape(operator, cluster=CLUSTER)["count"] + landscape(operator, cluster=OTHER)["count"], 6)
        # By what is known of each event, and by what lies in it.
        member.assess(filter={"q": "rule:rare"}, state="false positive", reason="because")
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
        status, made = member.post("/api/v1/suppressions", {"filter": "rule:loud process:cron", "project": "test", "reason": "noise",
                                                            "expires": until.strftime("%Y-%m-%dT%H:%M:%SZ")})
        self.assertEqual(status, 200, made)
        page = self.until(member, 2)
        self.assertEqual((page["hidden"], page["hiddenExact"]), (3, True))
        self.assertEqual(self.until(member, 5, hidden="with")["hidden"], 3)
        self.assertEqual(self.until(member, 3, hidden="only")["hidden"], 3)
        self.assertEqual(self.until(operator, 3)["hidden"], 3)

    def test_of_many_clusters_in_500_projects_the_noisiest_is_named(self):
        """The whole of it, 10,000 clusters and a month, and how long it takes: load-tests/landscape.sh."""
        script = (ROOT / "load-tests" / "landscape.sql").read_text().replace(":clusters", "2000").replace(":days", "3")
        self.bed.psql(script, "falconer")
        events = self.bed.count("select sum(n) from falconer.batch, unnest(counts) n")
        page = self.until(Person(self.port, "operator"), events, limit=100)
        self.assertEqual((page["clusters"], len(page["projects"]), len(page["noisiest"])), (2000, 500, 100))
        loudest = self.bed.psql("""select c.identity || ' ' || sum(d.count) from falconer.rollup_day d join falconer.cluster c on c.id = d.cluster
            group by c.id, c.identity order by sum(d.count) desc, c.id limit 1""", "falconer").strip()
        self.assertEqual(f"{page['noisiest'][0]['cluster']['identity']} {page['noisiest'][0]['count']}", loudest)
        self.assertEqual(sum(each["count"] for each in page["rules"]), events)
        self.assertEqual(sum(each["count"] for each in page["projects"]), events)
        self.assertEqual(sum(each["count"] for each in page["trend"]), events)
        self.assertEqual(sum(each["count"] for each in page["noisiest"][0]["rules"]), page["noisiest"][0]["count"])

    def test_numbers_are_right_whatever_is_killed(self):
        operator = Person(self.port, "operator")
        for round_of_it in range(1, 4):
            for _ in range(10):
                self.send()
            if round_of_it == 2:
                self.until(operator, 20)
            self.bed.kill()
            self.bed.start()
            eventually(self.listens, what="the console listens")
            operator = Person(self.port, "operator")
        self.until(operator, 30)
        self.assertEqual(self.bed.count("select sum(count) from falconer.landscape_cell"), 30)
        self.assertEqual(self.bed.count("select sum(count) from falconer.landscape_rule"), 30)


class Provider(Store):
    def pull(self, person, place="test", **asked):
        path = f"/api/events/v1alpha1/{self.landscape}/{place}"
        status, page = person.get(path, **({"filter": json.dumps(asked)} if asked else {}))
        assert status == 200, page
        return page

    def test_its_clients_get_what_they_know(self):
        parts = CLUSTER.split("-")
        self.landscape = parts[-1]
        for number in range(3):
            self.send(rule=f"rule {number}", hostname="node")
        self.send(cluster=OTHER)
        operator, member = Person(self.port, "operator"), Person(self.port, "member")
        page = self.pull(member)
        rows = page["response"]
        self.assertEqual(sorted(each["rule"] for each in rows), ["rule 0", "rule 1", "rule 2"])
        self.assertEqual(rows, sorted(rows, key=lambda each: (each["time"], each["id"]), reverse=True))
        self.assertEqual({each["project"] for each in rows}, {"test"})
        self.assertNotIn("continueFilter", page)
        self.assertEqual(int(rows[0]["uuid"].replace("-", "")[:12], 16), rows[0]["id"])
        self.assertEqual([each["rule"] for each in self.pull(member, rules=["rule 1"])["response"]], ["rule 1"])
        self.assertEqual([each["id"] for each in self.pull(member, ids=[str(rows[1]["id"])])["response"]], [rows[1]["id"]])
        self.assertEqual(self.pull(member, hostnames=["elsewhere"])["response"], [])
        self.assertEqual(len(self.pull(member, limit=2)["response"]), 2)
        upwards = self.pull(member, start="2020-01-01T00:00:00Z", end="2100-01-01T00:00:00Z")["response"]
        self.assertEqual(sorted(each["id"] for each in upwards), sorted(each["id"] for each in rows))
        self.assertEqual(upwards, sorted(upwards, key=lambda each: (each["time"], each["id"])))
        # More than a page, read to its end.
        self.send(rule="many")
        self.bed.psql("""insert into falconer.event (received, time, id, cluster, rule, priority, flags, time_nanos, output_fields)
            select e.received + n * interval '1 us', e.time, gen_random_uuid(), e.cluster, e.rule, e.priority, 0, 0, e.output_fields
            from falconer.event e join falconer.text t on t.id = e.rule and t.value = 'many', generate_series(1, 2499) n""", "falconer")
        found, asked = [], {"rules": ["many"]}
        while asked:
            page = self.pull(member, **asked)
            found += [each["id"] for each in page["response"]]
            asked = page.get("continueFilter")
        self.assertEqual((len(found), len(set(found))), (2500, 2500))
        for person, path in ((member, f"{self.landscape}/other"), (Client(self.port), f"{self.landscape}/test")):
            self.assertEqual(person.get(f"/api/events/v1alpha1/{path}"), (401, "valid token required\n"))
        self.assertEqual(member.get(f"/api/count/v1alpha1/{self.landscape}"), (401, "valid token required\n"))
        self.assertEqual(member.get(f"/api/events/v1alpha1/{self.landscape}/test", filter="{"), (400, "error parsing filter\n"))
        groups = member.get(f"/api/group/v1alpha1/{self.landscape}/test")[1]["response"]
        self.assertEqual(sum(each["count"] for each in groups), 3 + 2500)

        def counted():
            rows = operator.get(f"/api/count/v1alpha1/{urllib.parse.quote(self.landscape)}")[1]["response"]
            return sorted((each["project"], each["count"]) for each in rows) == [("other", 1), ("test", 4)]
        eventually(counted, 180, "clusters are counted")  # what many() made has no batch, and no day of its own yet


if __name__ == "__main__":
    unittest.main(verbosity=2)
