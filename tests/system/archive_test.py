"""Before retention takes a day it is written out, and `db restore --day` brings it back. What cannot be written out stays."""

import base64
import gzip
import json
import os
import resource
import subprocess
import sys
import unittest

from backup_test import HASH, OTHER
from testbed import CLUSTER, FALCONER, Testbed, event, eventually


class Archive(unittest.TestCase):
    def setUp(self):
        self.bed = self.enterContext(Testbed())
        self.bed.migrate()
        self.bed.start()
        for cluster in (CLUSTER, OTHER):
            token = self.bed.token(cluster)
            for number in range(4):
                self.bed.post(event(cluster, rule=f"rule {number}"), token)
            self.bed.post(event(cluster, output="a\x00b"), token)
            self.bed.post(event(cluster, priority="Sometimes"), token)
        eventually(lambda: self.bed.count("select count(*) from falconer.event") == 10, what="the events are stored")
        self.bed.terminate()
        # All of it has been here for long.
        self.day = self.bed.psql("select (now() at time zone 'UTC')::date - 400", "falconer")
        self.bed.psql(f"""
            select falconer.ensure_day('{self.day}');
            update falconer.event set received = '{self.day}T10:00:00Z'::timestamptz + (received - date_trunc('hour', received));
            update falconer.raw r set received = e.received from falconer.event e where e.id = r.id;
            update falconer.quarantine set received = '{self.day}T10:00:00Z'::timestamptz + (received - date_trunc('hour', received));
            delete from falconer.rollup; delete from falconer.rollup_day; delete from falconer.batch; delete from falconer.chore;
            insert into falconer.tally select '{self.day}T10:00:00Z', c.id, t.id, 1, 5, 77 from falconer.cluster c, falconer.text t
            where t.kind = 1 and t.value = 'rule 1'""", "falconer")
        self.hash = self.bed.psql(HASH.format(self.day), "falconer")
        self.folder = self.bed.home / "archive"
        self.archive_to(directory=str(self.folder))

    def archive_to(self, **where):
        self.bed.extra = {"store": {"archive": where, "retentionDays": 100}}
        self.bed.config = self.bed._write_config()

    def falconer(self, *args, code=0):
        done = subprocess.run([FALCONER, *args, "--config", self.bed.config], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def events(self):
        return self.bed.count("select count(*) from falconer.event")

    def manifests(self):
        return [json.loads(each.read_text()) for each in sorted(self.folder.glob("archive-*.json"))]

    def test_the_running_ingestor_writes_a_day_out_and_it_comes_back(self):
        self.bed.start()
        self.addCleanup(self.bed.kill)
        eventually(lambda: self.events() == 0, 120, "retention has taken the day")
        aside = {table: self.bed.count(f"select count(*) from falconer.{table}") for table in ("raw", "quarantine", "tally")}
        self.assertEqual(aside, {"raw": 0, "quarantine": 0, "tally": 0})
        self.assertEqual([day["day"] for each in self.manifests() for day in each["days"]], [self.day])
        self.falconer("db", "hold", "place", "--project", "test", "--reason", "case 17")
        said = self.falconer("db", "restore", "--from", self.folder, "--day", self.day)
        self.assertIn("events restored 10\n", said)
        self.assertEqual(self.bed.psql(HASH.format(self.day), "falconer"), self.hash)
        aside = {table: self.bed.count(f"select count(*) from falconer.{table}") for table in ("raw", "quarantine", "tally")}
        self.assertEqual(aside, {"raw": 2, "quarantine": 2, "tally": 2})
        self.assertEqual(self.bed.count("select count(*) from falconer.events where project = 'test'"), 5)
        # What is on hold stays this time, and only the rest goes, and is written out once more.
        self.falconer("db", "retain")
        self.assertEqual(self.events(), 5)
        self.assertEqual(sorted(sum(day["events"]["rows"] for day in each["days"]) for each in self.manifests()), [5, 10])
        self.assertIn("events restored 5\n", self.falconer("db", "restore", "--from", self.folder))
        self.assertEqual(self.bed.psql(HASH.format(self.day), "falconer"), self.hash)

    def test_what_cannot_be_written_out_stays(self):
        self.archive_to(command="cat > /dev/null; echo no room >&2; exit 3")
        self.bed.start()
        eventually(lambda: "archiving " + self.day in self.bed.said(), 120, "the log says so")
        self.assertIn("exit code 3", self.bed.said())
        self.assertEqual(self.bed.post(event(), self.bed.token())[0], 200)
        self.bed.terminate()
        self.assertEqual(self.bed.psql(HASH.format(self.day), "falconer"), self.hash)
        self.assertEqual(self.bed.count("select count(*) from falconer.quarantine"), 2)
        self.assertIn("archiving " + self.day, self.falconer("db", "retain", code=1))
        self.assertEqual(self.bed.count("select count(*) from pg_trigger where tgname in ('note_late', 'also_keep')"), 0, "no trace")
        self.archive_to(directory=str(self.folder))
        self.assertIn("days dropped 1\n", self.falconer("db", "retain"))
        self.assertEqual(len(self.manifests()), 1)

    def test_a_command_that_hangs_is_ended_and_the_day_stays(self):
        self.archive_to(command=f"echo $$ >> {self.bed.home}/pids; sleep 1000000", commandTimeout="1s")
        said = self.falconer("db", "retain", code=1)
        self.assertIn("archiving " + self.day, said)
        self.assertIn("has not ended after the last of its input for 1 s, and has been ended", said)
        self.assertEqual(self.bed.psql(HASH.format(self.day), "falconer"), self.hash)
        for pid in (self.bed.home / "pids").read_text().split():
            eventually(lambda pid=pid: not os.path.exists(f"/proc/{pid}"), what="it has ended")

    def test_also_a_cluster_without_a_good_event_is_named(self):
        third = CLUSTER.replace("--test--", "--third--")
        self.bed.psql(f"""
            insert into falconer.cluster (digest, identity, landscape, project) values (sha256('{third}'), '{third}', 'local', 'third');
            insert into falconer.quarantine (received, cluster, about, reason, digest, body)
            select q.received, c.id, q.about, q.reason, q.digest, q.body from falconer.quarantine q, falconer.cluster c
            where c.identity = '{third}' limit 1""", "falconer")
        self.falconer("db", "archive", "--day", self.day)
        rows = {name: gzip.decompress(next(self.folder.glob(f"archive-*-{name}.gz")).read_bytes()).decode() for name in ("quarantine", "clusters")}
        self.assertIn(third, rows["quarantine"])
        self.assertIn(f"{third}\tlocal\tthird\t", rows["clusters"], "whose it is")

    def test_of_one_that_fails_halfway_nothing_stays(self):
        # The events have room; a body beside them, which does not get smaller, has none.
        noise = base64.b64encode(os.urandom(60_000)).decode()
        self.bed.psql(f"update falconer.raw set body = decode('{noise}', 'base64')", "falconer")
        small = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))  # noqa: E731
        # As Python does, the signal is ignored: it is an error of write(2) then, like that of a full disk.
        done = subprocess.run([FALCONER, "db", "archive", "--day", self.day, "--config", self.bed.config], capture_output=True, text=True,
                              timeout=300, restore_signals=False, preexec_fn=small)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("File too large", done.stderr)
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertIn("10 events are in", self.falconer("db", "archive", "--day", self.day))

    def test_only_what_a_project_of_its_own_period_loses_is_written_out(self):
        self.falconer("db", "period", "set", "--project", "test", "--days", "900", "--reason", "contract")
        self.assertIn("days rewritten 1\n", self.falconer("db", "retain"))
        self.assertEqual(self.bed.count("select count(*) from falconer.events where project = 'test'"), 5)
        self.assertEqual(self.events(), 5)
        self.assertEqual([each["days"][0]["events"]["rows"] for each in self.manifests()], [5])
        self.assertIn("events restored 5\n", self.falconer("db", "restore", "--from", self.folder))
        self.assertEqual(self.bed.psql(HASH.format(self.day), "falconer"), self.hash)

    def test_a_damaged_archive_is_recognised(self):
        self.falconer("db", "retain")
        object = next(self.folder.glob("archive-*-events.gz"))
        object.write_bytes(object.read_bytes()[:-9])
        self.assertIn("cut short", self.falconer("db", "restore", "--from", self.folder, code=1))
        self.assertEqual(self.events(), 0)
        next(self.folder.glob("archive-*.json")).write_text("{}")
        self.assertIn("the manifest is", self.falconer("db", "restore", "--from", self.folder, code=1))

    def test_a_backup_in_the_same_folder_leaves_it_alone(self):
        self.falconer("db", "retain")
        self.falconer("db", "backup", "--to", self.folder, "--prune")
        self.assertEqual(len(self.manifests()), 1)
        self.assertIn("events restored 10\n", self.falconer("db", "restore", "--from", self.folder, "--day", self.day))

    def test_by_hand_and_both_ways_named_at_once(self):
        self.assertIn(f"{self.day}: 10 events are in {self.folder}", self.falconer("db", "archive", "--day", self.day))
        self.assertEqual(self.events(), 10)
        self.archive_to(directory=str(self.folder), command="cat > /dev/null")
        self.assertIn("one of the two", self.falconer("db", "archive", "--day", self.day, code=2))
        self.archive_to()
        self.assertIn("store.archive says nothing", self.falconer("db", "archive", "--day", self.day, code=2))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
