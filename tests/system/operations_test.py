"""What operators do with a running ingestor: revoke tokens, give budgets, look into the quarantine."""

import json
import os
import subprocess
import sys
import unittest
import unittest.mock

from testbed import CLUSTER, FALCONER, Testbed, event, eventually

def cluster(name):
    """One of each case's own."""
    return f"shoot--test--{name}-0a1b2c3d-1111-2222-3333-444455556666-local"


class Operations(unittest.TestCase):
    """On one falconer, which none of the cases stops; what a case changes is a cluster's or a project's of its own."""

    @classmethod
    def setUpClass(cls):
        cls.bed = cls.enterClassContext(Testbed())
        cls.bed.migrate()
        cls.bed.start()

    def falconer(self, *args, code=0):
        done = subprocess.run([FALCONER, *args, "--config", self.bed.config], capture_output=True)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done.stdout

    def post(self, token, cluster=CLUSTER):
        return self.bed.post(event(cluster), token)[0]

    def test_a_revocation_outlives_a_restart(self):
        self.bed = self.enterContext(Testbed())  # not the others'
        self.bed.migrate()
        self.bed.start()
        token = self.bed.token()
        self.falconer("token", "revoke", "--cluster", CLUSTER, "--issued-before", "2200-01-01T00:00:00Z")
        self.bed.kill()
        self.bed.start()
        self.assertEqual(self.post(token), 401, "known before anybody is let in")
        self.falconer("token", "revoke", "--cluster", CLUSTER, "--lift")
        eventually(lambda: self.post(token) == 200, what="the ingestor heard of the end")

    def test_revoked_tokens_are_refused_at_once_and_others_are_not(self):
        bad, good = cluster("stolen"), cluster("kept")
        token, others = self.bed.token(bad), self.bed.token(good)
        self.assertEqual(self.post(token, bad), 200)
        self.falconer("token", "revoke", "--cluster", bad, "--issued-before", "2200-01-01T00:00:00Z")
        eventually(lambda: self.post(token, bad) == 401, what="the ingestor heard of it")
        self.assertEqual(self.post(others, good), 200)
        self.falconer("token", "revoke", "--cluster", bad, "--lift")
        eventually(lambda: self.post(token, bad) == 200, what="the ingestor heard of the end")

    def test_what_is_in_quarantine_is_shown_byte_for_byte(self):
        body = event().replace('"Notice"', '"Sometimes"', 1).encode()
        self.assertEqual(self.bed.post(body, self.bed.token())[0], 202)
        kept = [json.loads(line) for line in self.falconer("quarantine", "list", "--json").splitlines()]
        mine = [each for each in kept if each["about"] == "priority"]
        self.assertEqual(len(mine), 1)
        self.assertEqual(mine[0]["cluster"], CLUSTER)
        self.assertEqual(self.falconer("quarantine", "show", str(mine[0]["id"]), "--body"), body)
        self.assertIn(b"stays", self.falconer("quarantine", "replay", str(mine[0]["id"]), code=1))

    def test_what_has_become_an_event_is_replayed_once(self):
        good = event()
        identity = json.loads(good)["uuid"]
        self.assertEqual(self.post(self.bed.token()), 200)  # the cluster is known
        self.bed.psql("insert into falconer.quarantine (received, cluster, about, reason, digest, body) select now(), id, "
                      "'store', 'by hand', '\\x00', convert_to($$" + good + "$$, 'UTF8') from falconer.cluster "
                      f"where identity = '{CLUSTER}'", "falconer")
        number = self.bed.psql("select max(id) from falconer.quarantine where reason = 'by hand'", "falconer")
        self.assertIn(b"stored 1,", self.falconer("quarantine", "replay", number))
        self.assertIn(b"there already 1,", self.falconer("quarantine", "replay", number))
        self.assertEqual(self.bed.count(f"select count(*) from falconer.event where id = '{identity}'"), 1)

    def test_a_cluster_gets_a_budget_of_its_own(self):
        small = cluster("small")
        token = self.bed.token(small)
        self.assertEqual(self.post(token, small), 200)
        self.falconer("db", "policy", "--cluster", small, "--daily-events", "3")

        def counted():
            self.assertEqual(self.post(token, small), 200)
            return self.bed.count("select coalesce(sum(t.count), 0) from falconer.tally t join falconer.cluster c on c.id = t.cluster "
                                  f"where c.identity = '{small}'") > 0

        eventually(counted, what="events beyond the budget are only counted")

    def test_who_gave_a_budget_or_revoked_tokens_is_kept(self):
        mine = cluster("traced")
        self.falconer("db", "policy", "--cluster", mine, "--daily-events", "7", "--by", "ann", "--reason", "they asked")
        self.falconer("token", "revoke", "--cluster", mine, "--by", "bob", "--reason", "stolen")
        with unittest.mock.patch.dict(os.environ, {"SUDO_USER": "eve"}):
            self.falconer("token", "revoke", "--cluster", mine, "--lift")
        trace = [line for line in self.falconer("db", "audit").decode().splitlines() if mine in line]
        for line, who, why in zip(trace, ("eve", "bob", "ann"), ("", "stolen", "they asked"), strict=True):
            self.assertIn(f"\t{who} (falconer)\t", line)
            self.assertTrue(line.endswith(f"reason: {why}") if why else "reason: " not in line, line)

    def test_retain_keeps_as_long_as_the_configuration_says(self):
        self.bed.psql("select falconer.ensure_day((now() at time zone 'utc')::date - 700)", "falconer")
        config = json.loads(self.bed.config.read_text())
        config["store"]["retentionDays"] = 3650
        longer = self.bed.home / "longer.yaml"
        longer.write_text(json.dumps(config))
        for file, dropped in ((longer, 0), (self.bed.config, 1)):
            done = subprocess.run([FALCONER, "db", "retain", "--dry-run", "--config", file], check=True,
                                  capture_output=True, text=True)
            self.assertIn(f"days dropped {dropped}\n", done.stdout)

    def test_periods_and_holds_are_set_shown_and_taken_back_and_leave_a_trace(self):
        said = lambda *args, **more: self.falconer("db", *args, **more).decode()  # noqa: E731
        self.assertIn("no periods are set", said("period", "list"))
        said("period", "set", "--project", "prod", "--days", "90", "--reason", "contract", "--by", "ann")
        said("period", "set", "--project", "prod", "--landscape", "live", "--days", "30", "--reason", "contract")
        self.assertEqual(said("period", "list"), "90 days\tproject prod\n30 days\tproject prod in landscape live\n")
        said("period", "remove", "--project", "prod", "--reason", "over")
        said("period", "remove", "--project", "prod", "--reason", "over", code=1)
        self.assertEqual(said("period", "list"), "30 days\tproject prod in landscape live\n")
        said("period", "remove", "--project", "prod", "--landscape", "live", "--reason", "over")

        placed = said("hold", "place", "--cluster", CLUSTER, "--since", "2026-11-01", "--reason", "case 7", "--by", "bob")
        number = placed.split()[1]
        self.assertIn("case 7", said("hold", "list"))
        said("hold", "lift", number, "--reason", "closed", "--by", "eve")
        self.assertIn("nothing is on hold", said("hold", "list"))
        said("hold", "lift", number, "--reason", "again", code=1)
        said("hold", "place", "--project", "a", "--since", "yesterdayish", "--reason", "x", code=2)
        said("hold", "place", "--reason", "names nothing", code=2)

        trace = said("audit").splitlines()
        lifted = [line for line in trace if "DELETE legal_hold" in line]
        self.assertEqual(len(lifted), 1, trace)
        self.assertIn("eve", lifted[0])
        self.assertIn("reason: closed", lifted[0])
        self.assertTrue(any("ann (falconer)\tINSERT retention" in line for line in trace), trace)

    def test_output_that_is_lost_is_no_success(self):
        with open("/dev/full", "w") as full:
            for command in (["version"], ["db", "status", "--config", self.bed.config],
                            ["token", "keys", "--key", self.bed.key]):
                done = subprocess.run([FALCONER, *command], stdout=full, stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 1, command)
                self.assertIn("output", done.stderr)

    def test_status_counts_what_is_there(self):
        self.assertEqual(self.post(self.bed.token()), 200)
        self.assertIn(b"schema version", self.falconer("db", "status"))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
