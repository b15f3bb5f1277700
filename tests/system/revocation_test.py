"""Revocations that revoke: to the second, by the store's clock, for ever, and whatever else stands in the table."""

import calendar
import os
import re
import subprocess
import sys
import time
import unittest

from testbed import CLUSTER, FALCONER, Testbed, clocks, event, eventually

OTHER = "shoot--test--beta-0a1b2c3d-1111-2222-3333-444455556666-local"


class Revocation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = cls.enterClassContext(Testbed())
        cls.bed.migrate()
        cls.bed.start()

    def tearDown(self):
        self.bed.psql("truncate falconer.cluster_policy", "falconer")

    def revoke(self, *args, cluster=CLUSTER, code=0):
        done = subprocess.run([FALCONER, "token", "revoke", "--cluster", cluster, "--config", self.bed.config, *args],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout + done.stderr

    def post(self, token, cluster=CLUSTER):
        return self.bed.post(event(cluster), token)[0]

    def test_for_ever_is_not_long_ago(self):
        token = self.bed.token()
        self.assertEqual(self.post(token), 200)
        self.assertIn("issued before 9999-12-31T23:59:59Z are refused", self.revoke("--issued-before", "9999-12-31T23:59:59Z"))
        eventually(lambda: self.post(token) == 401, 30, "it is refused")
        self.revoke("--lift")
        eventually(lambda: self.post(token) == 200, 30, "and taken again")

    def test_what_is_no_time_changes_nothing(self):
        for wrong in ("tomorrow", "infinity", "1969-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "2026-02-30T00:00:00Z"):
            self.assertIn(f"found '{wrong}'", self.revoke("--issued-before", wrong, code=2))
        self.assertIn("is empty", self.revoke("--issued-before", "", code=2))
        self.assertEqual(self.bed.count("select count(*) from falconer.cluster_policy"), 0)

    def test_a_token_of_the_very_second_is_a_new_one(self):
        second = re.search(r"issued before (\S+) are", self.revoke()).group(1)
        begun = calendar.timegm(time.strptime(second, "%Y-%m-%dT%H:%M:%SZ"))
        before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begun - 1))
        eventually(lambda: self.post(self.bed.token(CLUSTER, "--now", before)) == 401, 30, "it has been heard of")
        self.assertEqual(self.post(self.bed.token(CLUSTER, "--now", second)), 200)

    def test_now_is_the_stores(self):
        """Where the command runs the clock may say anything."""
        ahead = subprocess.run([FALCONER, "token", "revoke", "--cluster", CLUSTER, "--config", self.bed.config],
                               capture_output=True, text=True, env={**os.environ, **clocks.off_by(400)})
        self.assertEqual(ahead.returncode, 0, ahead.stderr)
        self.assertEqual(self.bed.count("select count(*) from falconer.cluster_policy where tokens_issued_before between now() - "
                                        "interval '1 hour' and now()"), 1)

    def test_a_row_that_cannot_be_meant_harms_only_itself_and_is_named(self):
        """As an older schema took it."""
        self.bed.psql("""do $$ declare c record; begin
            for c in select conname from pg_constraint where conrelid = 'falconer.cluster_policy'::regclass and contype = 'c'
            loop execute format('alter table falconer.cluster_policy drop constraint %I', c.conname); end loop; end $$""", "falconer")
        token = self.bed.token()
        self.bed.psql(f"insert into falconer.cluster_policy (identity, tokens_issued_before) values ('{OTHER}', 'infinity')", "falconer")
        self.assertEqual(self.post(token), 200)
        self.revoke("--issued-before", "2200-01-01T00:00:00Z")
        eventually(lambda: self.post(token) == 401, 30, "the others' revocations count")
        self.assertEqual(self.post(self.bed.token(OTHER), OTHER), 401, "for ever is what it says")
        self.assertIn(f'a row of falconer.cluster_policy is wrong cluster="{OTHER}"', self.bed.said())


class Incompatible(unittest.TestCase):
    def test_a_schema_that_shuts_us_out_is_noticed_after_a_reconnect(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            token = bed.token()
            self.assertEqual(bed.post(event(), token)[0], 200)
            stored = lambda: bed.count("select count(*) from falconer.event")  # noqa: E731
            self.assertEqual(stored(), 1)
            bed.psql("insert into falconer.schema_version values (999, 'later', '', 999)", "falconer")
            bed.psql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'falconer'")
            self.assertEqual(bed.post(event(), token)[0], 200, "the spool has it")
            eventually(lambda: bed.metrics()["falconer_store_away"] == 1, 30, "the store is none for us")
            self.assertEqual(bed.post(event(), token)[0], 200)
            self.assertEqual(stored(), 1)
            self.assertEqual(bed.get(bed.health_port, "/readyz")[0], 200, "the spool takes them")
            for command in (["db", "status"], ["db", "retain", "--dry-run"], ["token", "revoke", "--cluster", CLUSTER]):
                done = subprocess.run([FALCONER, *command, "--config", bed.config], capture_output=True, text=True)
                self.assertEqual(done.returncode, 1, command)
                self.assertIn("start the newer falconer", done.stderr)
            bed.psql("delete from falconer.schema_version where version = 999", "falconer")
            eventually(lambda: stored() == 3, 60, "the spool has been replayed")


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
