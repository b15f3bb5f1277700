"""Suppressions through the console's API: previewed, hidden and counted, ended by the clock, and said to Falco."""

import datetime
import subprocess
import unittest

from testbed import FALCONER, ROOT, clock_off_by, eventually
from triage_test import CLUSTER, OTHER, Person, Store

RULES = ROOT / "config" / "rules" / "demo" / "5.0.0" / "falco_rules.yaml"
RULE = "Terminal shell in container"


def ahead(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Suppressions(Store):
    def shell(self, cluster=CLUSTER, process="cron", **changes):
        self.send(cluster, rule=RULE, output_fields={"proc.name": process, "k8s.ns.name": "shop"}, **changes)

    def suppress(self, who, **order):
        status, said = who.post("/api/v1/suppressions", {"filter": f'rule:"{RULE}" process:cron', "reason": "the nightly job", "expires": ahead(30), **order})
        self.assertEqual(status, 200, said)
        return said

    def test_what_is_suppressed_is_hidden_counted_and_seen_again_when_lifted(self):
        for _ in range(3):
            self.shell()
        self.shell(process="bash")
        self.shell(OTHER)
        operator, member = Person(self.port, "operator"), Person(self.port, "member")
        scope = {"filter": f'rule:"{RULE}" process:cron', "project": "test"}
        for who in (operator, member):
            status, seen = who.post("/api/v1/suppressions/preview", {**scope, "days": 7})
            self.assertEqual((status, seen["events"], seen["clusters"], seen["exact"]), (200, 3, 1, True), seen)
        self.assertEqual(member.post("/api/v1/suppressions/preview", {**scope, "project": "other"})[0], 403)
        made = self.suppress(member, project="test")
        self.assertEqual(len(operator.rules()), 5)
        self.assertEqual(len(operator.rules(hidden="without")), 2)
        self.assertEqual(len(operator.rules(hidden="only")), 3)
        self.assertEqual([member.total(hidden=each) for each in ("with", "without", "only")], [4, 1, 3])
        self.shell()  # what comes later as well
        self.assertEqual(len(member.rules(hidden="only")), 4)
        # Somebody thinks otherwise of one of them.
        member.assess(events=[{"key": member.get("/api/v1/events", hidden="only")[1]["events"][0]["key"]}], state="true positive")
        self.assertEqual([len(member.rules(hidden=each)) for each in ("without", "only")], [2, 3])
        status, said = member.post(f"/api/v1/suppressions/{made['id']}/lift", {"why": "it was no noise"})
        self.assertEqual((status, said["holds"]), (200, False))
        self.assertEqual(member.rules(hidden="only"), [])
        done = [each["what"] for each in member.get("/api/v1/triage/actions", suppression=made["id"])[1]["actions"]]
        self.assertEqual(done, ["lift", "suppress"])
        self.assertEqual(self.bed.count("select count(*) from falconer.event"), 6)

    def test_what_falco_is_told_is_accepted_and_silences_just_that(self):
        self.shell(process="Cron")
        self.shell()
        self.shell(process="bash")
        member = Person(self.port, "member")
        made = self.suppress(member, project="test")
        path = f"/api/v1/suppressions/{made['id']}/exception"
        status, said = member.get(path, format="json")
        self.assertEqual((status, said["reasons"]), (200, []), said)
        self.assertEqual([said[each] for each in ("found", "silenced", "unknown", "others", "othersSilenced", "othersUnknown")], [2, 2, 0, 1, 0, 0])
        status, text = member.get(path)
        self.assertEqual((status, text), (200, said["yaml"]))
        file = self.bed.home / "exception.yaml"
        file.write_text(text)
        done = subprocess.run([FALCONER, "rules", "lint", "--with", RULES, file], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""), text)
        status, said = member.post("/api/v1/suppressions/exception", {"filter": f'rule:"{RULE}" -process:bash', "project": "test"})
        self.assertEqual((status, said["yaml"]), (200, None))
        self.assertIn("must not be", " ".join(said["reasons"]))

    def test_it_ends_by_the_clock(self):
        self.shell()
        operator = Person(self.port, "operator")
        self.suppress(operator, project="test")
        self.assertEqual(operator.rules(hidden="without"), [])
        self.bed.terminate()
        with clock_off_by(31):
            self.bed.start()
        eventually(self.listens, what="the console listens")
        operator = Person(self.port, "operator")
        self.assertEqual(operator.rules(hidden="without"), [RULE])
        self.assertEqual(operator.get("/api/v1/suppressions")[1]["suppressions"], [])
        self.assertEqual(len(operator.get("/api/v1/suppressions", past="true")[1]["suppressions"]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
