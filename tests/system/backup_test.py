"""Promise 17: a backup restores. Taken while events come, into a folder or through commands, whole or in part, into an empty store or one
that has some; and whatever is wrong with it is recognised before anything is written."""

import gzip
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import unittest
import uuid

from durability_test import Senders
from testbed import CLUSTER, FALCONER, Testbed, event, eventually, needs_mounts

OTHER = CLUSTER.replace("--test--", "--other--")

# A day's events, spelled out, as one sum: the same in every store that has the same.
HASH = """
select md5(coalesce(string_agg(row, '' order by row), '')) from (
    select md5(concat_ws('|', received at time zone 'UTC', time at time zone 'UTC', time_nanos, id, cluster, rule, priority, source, hostname,
                         tags, flags, output, output_fields, extra)) as row
    from falconer.events where received >= '{0}Z' and received < '{0}Z'::timestamptz + interval '1 day') e"""
DAYS = "select distinct (received at time zone 'UTC')::date from falconer.event order by 1"


def hashes(bed):
    return {day: bed.psql(HASH.format(day), "falconer") for day in bed.psql(DAYS, "falconer").split()}


def make_days(bed, days, events=3, cluster=CLUSTER):
    """Copies of what is stored, on days before. Batches know nothing of them, as of what was stored before there were any."""
    bed.psql(f"""
        do $$ begin for back in 1..{days} loop
            perform falconer.ensure_day((now() at time zone 'UTC')::date - back);
            insert into falconer.event (received, time, id, cluster, rule, source, hostname, tags, priority, flags, time_nanos, output,
                                        output_fields, extra)
            select e.received - back * interval '1 day', e.time - back * interval '1 day', gen_random_uuid(), e.cluster, e.rule, e.source,
                   e.hostname, e.tags, e.priority, e.flags, e.time_nanos, e.output, e.output_fields, e.extra
            from (select e.* from falconer.event e join falconer.cluster c on c.id = e.cluster where c.identity = '{cluster}'
                  and e.received > now() - interval '1 day' limit {events}) e;
        end loop; end $$""", "falconer")

BACKUP_KILLS = int(os.environ.get("FALCONER_BACKUP_KILLS", "6"))


class Store(unittest.TestCase):
    """One with events of every kind, of two projects and several days, which no case changes; and an empty one for each case."""

    @classmethod
    def setUpClass(cls):
        cls.bed = cls.enterClassContext(Testbed())
        cls.bed.migrate()
        cls.bed.start()
        for cluster in (CLUSTER, OTHER):
            token = cls.bed.token(cluster)
            for number in range(6):
                cls.bed.post(event(cluster, priority="Critical" if number % 2 else "Notice", rule=f"rule {number}"), token)
            odd = dict(output="tab\there, line\nthere, back\\slash, \\N and Ümläut", source="s" * 300, tags=["t" * 300, "\\."])
            cls.bed.post(event(cluster, **odd), token)
            cls.bed.post(event(cluster, output="a\x00b", output_fields={"n": 12345678901234567890, "d": 1.10, "z": "\x00"}), token)
            cls.bed.post(event(cluster, extra_key={"deep": [1, {"a": None}]}), token)
            cls.bed.post(event(cluster, priority="Sometimes"), token)
        eventually(lambda: cls.bed.count("select count(*) from falconer.event") == 18, what="the events are stored")
        cls.bed.psql("insert into falconer.tally select date_trunc('minute', now()), c.id, t.id, 1, 5, 77 from falconer.cluster c, "
                     "falconer.text t where t.kind = 1 and t.value = 'rule 1'", "falconer")
        cls.bed.terminate()
        make_days(cls.bed, 3)
        cls.bed.run("db", "period", "set", "--project", "test", "--days", "900", "--reason", "contract", "--config", cls.bed.config)
        cls.bed.run("db", "hold", "place", "--project", "test", "--reason", "case", "--config", cls.bed.config)
        cls.hashes = hashes(cls.bed)
        assert len(cls.hashes) in (4, 5), cls.hashes
        cls.oldest = min(cls.hashes)

    def setUp(self):
        # A database of its own beside the full one.
        self.bed.psql("drop database if exists empty with (force)")
        self.bed.psql("create database empty owner falconer")
        config = json.loads(self.bed.config.read_text())
        config["store"]["database"] = "empty"
        self.empty = self.bed.home / "empty.yaml"
        self.empty.write_text(json.dumps(config))
        self.folder = self.bed.home / "backup"
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def falconer(self, *args, code=0, config=None):
        done = subprocess.run([FALCONER, *args, "--config", config or self.bed.config], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def backup(self, *more, **how):
        return self.falconer("db", "backup", "--to", self.folder, *more, **how)

    def restore(self, *more, code=0):
        return self.falconer("db", "restore", "--from", self.folder, *more, code=code, config=self.empty)

    def migrate_empty(self):
        self.falconer("db", "migrate", config=self.empty)

    def in_empty(self, sql):
        return self.bed.psql(sql, "empty")

    def hashes_of_empty(self):
        return {day: self.in_empty(HASH.format(day)) for day in self.in_empty(DAYS).split()}

    def nothing_in_empty(self):
        self.assertEqual(self.in_empty("select count(*) from falconer.event"), "0")
        self.assertEqual(self.in_empty("select count(*) from falconer.cluster"), "0")

    def manifest(self):
        return json.loads((self.folder / "manifest.json").read_text())

    def resealed(self, **changes):
        manifest = {**self.manifest(), **changes}
        del manifest["sha256"]
        text = json.dumps(manifest, separators=(",", ":"))[:-1]
        (self.folder / "manifest.json").write_text(text + ',"sha256":"' + hashlib.sha256(text.encode()).hexdigest() + '"}\n')


class Whole(Store):
    def test_it_restores_into_an_empty_store_and_every_days_hash_is_the_same(self):
        self.assertRegex(self.backup(), r"days copied [45]\n")
        self.migrate_empty()
        said = self.restore("--check")
        self.assertIn("is whole", said)
        self.nothing_in_empty()
        said = self.restore()
        self.assertIn(f"events restored {self.bed.count('select count(*) from falconer.event')}\n", said)
        self.assertIn("decisions restored", said)
        self.assertRegex(said, r"time [0-9.]+ s")
        self.assertEqual(self.hashes_of_empty(), self.hashes)
        for table, columns in (("quarantine", "q.received, c.identity, q.about, q.reason, q.digest, q.body, q.replayed"),
                               ("raw", "q.received, c.identity, q.id, q.body"), ("tally", "q.minute, c.identity, q.cause, q.priority, q.count")):
            rows = f"select {columns} from falconer.{table} q join falconer.cluster c on c.id = q.cluster order by 1, 2, 3"
            self.assertEqual(self.in_empty(rows), self.bed.psql(rows, "falconer"), table)
            self.assertNotEqual(self.in_empty(rows), "")
        for table, columns in (("retention", "*"), ("legal_hold", "landscape, project, cluster, since, until, reason, placed_by, placed_at")):
            rows = f"select {columns} from falconer.{table}"
            self.assertEqual(self.in_empty(rows), self.bed.psql(rows, "falconer"))
        # Counted as if the events had just come.
        self.in_empty("select falconer.roll_up(1000)")
        self.assertEqual(self.in_empty("select sum(count) from falconer.rollup_day"), self.in_empty("select count(*) from falconer.event"))

        # Once more: nothing twice.
        said = self.restore()
        self.assertIn("events restored 0\n", said)
        self.assertIn("decisions as they are in the store", said)
        self.assertEqual(self.hashes_of_empty(), self.hashes)
        self.assertEqual(self.in_empty("select sum(count) from falconer.tally"), self.bed.psql("select sum(count) from falconer.tally", "falconer"))

    def test_the_reader_takes_it_and_the_owner_puts_it_back(self):
        self.bed.psql("create role falconer_reader login password 'falconer'")
        self.addCleanup(self.bed.psql, "drop owned by falconer_reader; drop role falconer_reader", "falconer")
        self.falconer("db", "migrate")
        config = json.loads(self.bed.config.read_text())
        config["store"]["reader"] = {"user": "falconer_reader", "passwordFile": config["store"]["passwordFile"]}
        file = self.bed.home / "reader.yaml"
        file.write_text(json.dumps(config))
        self.backup(config=file)
        self.migrate_empty()
        self.restore()
        self.assertEqual(self.hashes_of_empty(), self.hashes)
        self.bed.psql("drop database empty with (force)")

    def test_anybody_can_read_it_with_gunzip(self):
        self.backup()
        for day in self.manifest()["days"]:
            packed = (self.folder / day["events"]["name"]).read_bytes()
            self.assertEqual(hashlib.sha256(packed).hexdigest(), day["events"]["sha256"])
            self.assertEqual(gzip.decompress(packed).count(b"\n"), day["events"]["rows"])

    def test_a_day_a_project_a_cluster(self):
        self.backup()
        self.migrate_empty()
        said = self.restore("--day", self.oldest, "--project", "test")
        self.assertIn("days 1\n", said)
        self.assertIn("decisions as they are", said)
        self.assertEqual(self.hashes_of_empty(), {self.oldest: self.hashes[self.oldest]})
        self.assertEqual(self.in_empty("select count(*) from falconer.quarantine"), "0", "that is of another day")
        self.assertEqual(self.in_empty("select distinct project from falconer.cluster"), "test")
        self.restore("--cluster", OTHER)
        of = "select count(*) from falconer.events where project = 'other'"
        self.assertEqual(self.in_empty(of), self.bed.psql(of, "falconer"))
        self.assertIn("the backup has nothing of 2001-01-01", self.restore("--day", "2001-01-01", code=1))
        self.assertIn("the backup knows no cluster of project te'st", self.restore("--project", "te'st", code=1))
        self.assertIn(f"the backup knows no cluster {OTHER} of project test", self.restore("--project", "test", "--cluster", OTHER, code=1))

    def test_what_retention_would_take_at_once_is_said(self):
        self.backup()
        self.migrate_empty()
        config = json.loads(self.empty.read_text())
        config["store"]["retentionDays"] = 1
        self.empty.write_text(json.dumps(config))
        said = self.restore("--day", self.oldest)
        self.assertIn("past their period: the next retention removes them", said)

    def test_through_commands(self):
        self.folder.mkdir()
        write, read = f'cat > "{self.folder}/$FALCONER_OBJECT"', f'cat "{self.folder}/$FALCONER_OBJECT"'
        self.falconer("db", "backup", "--to-command", write, "--read-command", read)
        self.assertIn("days copied 0\n", self.falconer("db", "backup", "--to-command", write, "--read-command", read))
        self.migrate_empty()
        self.falconer("db", "restore", "--from-command", read, config=self.empty)
        self.assertEqual(self.hashes_of_empty(), self.hashes)
        said = self.falconer("db", "backup", "--to-command", "cat > /dev/null; exit 3", code=1)
        self.assertIn("exit code 3", said)
        self.assertIn("exit code 7", self.falconer("db", "restore", "--from-command", "exit 7", code=1, config=self.empty))

    def test_a_command_does_not_take_our_end_for_the_end_of_an_object(self):
        pid, whole = self.bed.home / "command.pid", self.bed.home / "command.whole"
        write = f'echo $$ > "{pid}"; sleep 5; cat > /dev/null; : > "{whole}"'
        ours = subprocess.Popen([FALCONER, "db", "backup", "--to-command", write, "--config", self.bed.config],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(ours.kill)
        eventually(lambda: pid.exists() and pid.read_text().endswith("\n"), 60, "the command is at work")
        ours.terminate()
        self.assertEqual(ours.wait(60), -signal.SIGTERM)
        stat = pathlib.Path(f"/proc/{pid.read_text().strip()}/stat")

        def over():
            try:
                return whole.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"
            except (FileNotFoundError, ProcessLookupError):
                return True

        eventually(over, 60, "the command has ended")
        self.assertFalse(whole.exists(), "it has taken a part for all of it")

    def test_every_table_is_part_of_it_or_is_known_not_to_be(self):
        """Whoever adds a table decides here: a part of its own (src/store/backup/parts.cpp), or why it need not come back."""
        part = {"event", "quarantine", "raw", "tally", "retention", "legal_hold", "cluster_policy", "audit", "cluster",
                "assessment", "assessment_step", "triage_action", "suppression", "incident_step"}
        spelled_out = {"text"}  # in the rows that name it
        made_anew = {"batch", "applied_batch", "rollup", "rollup_day", "schema_version",
                     "incident", "incident_hours", "incident_standing", "sighting"}  # by restoring, by counting, by `db migrate`
        begins_anew = {"quota_state", "chore", "unrolled_day", "late", "follower"}  # as operations.md says; what is under way here
        made_anew |= {"landscape_cell", "landscape_rule", "landscape_cluster", "landscape_stale"}  # counted from the roll-ups
        begins_anew |= {"sight", "sight_change", "sight_round"}  # looked at anew
        part |= {"alert_rule", "alert_silence", "alert_change"}
        begins_anew |= {"alert_delivery", "alert_try", "alert_deliverer"}  # go with the tellings
        begins_anew |= {"alert_edition", "alert_shard", "alert_state", "alert_notification"}  # what was evaluated and told was of that server
        there = set(self.bed.psql("select c.relname from pg_class c where c.relnamespace = 'falconer'::regnamespace and c.relkind in ('r', 'p') "
                                  "and not c.relispartition order by 1", "falconer").split())
        self.assertEqual(there - part - spelled_out - made_anew - begins_anew, set())

    def test_broken_off_among_what_was_decided_nothing_of_it_is_there_and_all_of_it_comes(self):
        decided = "select (select count(*) from falconer.retention), (select count(*) from falconer.legal_hold)"
        has = self.bed.psql(decided, "falconer")
        self.assertNotIn("0", has.split("|"))
        self.backup()
        self.migrate_empty()
        # It is checked once, and lost when it is read again. (legal-hold < retention: the other is there by then.)
        seen = self.bed.home / "seen"
        read = f'case $FALCONER_OBJECT in retention-*) [ ! -e "{seen}" ] || exit 7; : > "{seen}";; esac; cat "{self.folder}/$FALCONER_OBJECT"'
        self.assertIn("exit code 7", self.falconer("db", "restore", "--from-command", read, code=1, config=self.empty))
        self.assertEqual(self.bed.psql(decided, "empty"), "0|0")
        self.restore()
        self.assertEqual(self.bed.psql(decided, "empty"), has)

    def test_a_trace_that_is_all_there_is_comes_once(self):
        self.migrate_empty()
        for action in (("set", "--days", "900"), ("remove",)):
            self.falconer("db", "period", action[0], "--project", "test", *action[1:], "--reason", "contract", config=self.empty)
        trace = "select count(*), count(distinct at) from falconer.audit"
        self.assertEqual(self.in_empty(trace), "2|2")
        self.backup(config=self.empty)
        self.bed.psql("drop database empty with (force)")
        self.bed.psql("create database empty owner falconer")
        self.migrate_empty()
        for _ in range(2):
            self.restore()
            self.assertEqual(self.in_empty(trace), "2|2")

    def test_only_what_is_new_is_copied_again(self):
        self.backup()
        before = {day["day"]: day["events"]["name"] for day in self.manifest()["days"]}
        self.assertIn("days copied 0\n", self.backup())
        self.assertEqual({day["day"]: day["events"]["name"] for day in self.manifest()["days"]}, before)

        # A batch comes late for an old day, as from a spool; retention writes another one anew.
        bed = self.bed
        late, anew = sorted(before)[:2]
        bed.psql(f"with b as (insert into falconer.batch (days, minutes, clusters, rules, priorities, counts) values (array['{late}'::date], "
                 "'{}', '{}', '{}', '{}', '{}') returning seq) insert into falconer.event (received, time, id, cluster, rule, priority, flags, "
                 f"time_nanos, output_fields, batch) select '{late}T12:00:00Z', now(), gen_random_uuid(), e.cluster, e.rule, 0, 0, 0, "
                 f"'{{}}', b.seq from b, (select * from falconer.event where received < '{late}Z'::timestamptz + interval '1 day' limit 1) e",
                 "falconer")
        self.addCleanup(bed.psql, f"delete from falconer.event where received = '{late}T12:00:00Z'", "falconer")
        bed.psql(f"select falconer.begin_rewrite('{anew}')", "falconer")
        part = "event_" + anew.replace("-", "")
        bed.psql(f"insert into falconer.{part}_kept select * from falconer.{part}", "falconer")
        bed.psql(f"select falconer.exchange_day('{anew}')", "falconer")
        others = ("base.tar.gz", "notes.unfinished", "manifest-of-ours.json")
        for each in others:
            (self.folder / each).write_text("somebody's")
        said = self.backup("--prune")
        self.assertIn("days copied 2\n", said)
        after = {day["day"]: day["events"]["name"] for day in self.manifest()["days"]}
        self.assertEqual({day for day in after if after[day] != before[day]}, {late, anew})
        files = {each.name for each in self.folder.iterdir()}
        self.assertNotIn(before[late], files, "pruned")
        self.assertLessEqual(set(others), files, "no backup has written them")
        self.assertLessEqual(set(after.values()), files)
        self.migrate_empty()
        self.restore()
        self.assertEqual(self.hashes_of_empty(), hashes(bed))

    def test_a_day_whose_object_has_gone_is_copied_again(self):
        self.backup()
        for spoil in (pathlib.Path.unlink, lambda file: file.write_bytes(file.read_bytes()[:-1])):
            file = self.folder / self.manifest()["days"][0]["events"]["name"]
            spoil(file)
            said = self.backup()
            self.assertIn(f"note: {file.name} is gone or cut short: copied anew\n", said)
            self.assertIn("days copied 1\n", said)
            self.assertIn("is whole", self.restore("--check"))

    def test_after_a_promotion_nothing_is_taken_over_by_its_number(self):
        self.backup()
        days = len(self.manifest()["days"])
        # As many events as before, and no batch that says so: as after a return to an earlier moment.
        was = self.bed.psql(f"select id from falconer.event where received < '{self.oldest}Z'::timestamptz + interval '1 day' limit 1",
                            "falconer")
        other = str(uuid.uuid4())
        self.bed.psql(f"update falconer.event set id = '{other}' where id = '{was}'", "falconer")
        self.addCleanup(self.bed.psql, f"update falconer.event set id = '{was}' where id = '{other}'", "falconer")
        self.resealed(timeline=self.manifest()["timeline"] + 1)
        said = self.backup()
        self.assertIn(f"days copied {days}\n", said)
        self.assertIn("a standby was promoted", said)
        self.migrate_empty()
        self.restore()
        self.assertEqual(self.hashes_of_empty(), hashes(self.bed))

    def test_what_another_server_has_put_there_is_not_pruned(self):
        self.backup()
        self.resealed(system="1")
        files = {each.name for each in self.folder.iterdir()}
        said = self.backup("--prune")
        self.assertIn("of another server: all is copied, nothing is removed", said)
        self.assertLessEqual(files, {each.name for each in self.folder.iterdir()})
        self.assertRegex(self.backup("--prune"), r"objects removed [1-9]", "from then on it is its own")

    def test_broken_off_it_goes_on_where_it_was(self):
        self.folder.mkdir()
        # The third object is one too many.
        write = f'n=$(ls "{self.folder}" | grep -c ^events-); case $FALCONER_OBJECT in events-*) [ "$n" -lt 2 ] || exit 9;; esac; ' \
                f'cat > "{self.folder}/$FALCONER_OBJECT"'
        read = f'cat "{self.folder}/$FALCONER_OBJECT"'
        self.falconer("db", "backup", "--to-command", write, "--read-command", read, code=1)
        self.assertFalse((self.folder / "manifest.json").exists())
        self.assertIn("one was begun and not ended", self.restore(code=1))
        self.assertIn("days unchanged since the last backup 2\n", self.backup())
        self.assertFalse((self.folder / "manifest.unfinished.json").exists())
        self.migrate_empty()
        self.restore()
        self.assertEqual(self.hashes_of_empty(), self.hashes)


class Wrong(Store):
    def setUp(self):
        super().setUp()
        self.backup()
        self.migrate_empty()

    def refused(self, *reasons, more=()):
        said = self.restore(*more, code=1)
        for each in reasons:
            self.assertIn(each, said)
        self.nothing_in_empty()

    def an_object(self):
        return self.folder / self.manifest()["days"][-1]["events"]["name"]

    def test_cut_short(self):
        whole = self.an_object().read_bytes()
        self.an_object().write_bytes(whole[:-10])
        self.refused("cut short", "nothing was restored")
        self.an_object().unlink()
        self.refused("No such file", "nothing was restored")

    def test_damaged(self):
        whole = self.an_object().read_bytes()
        for at in (5, len(whole) // 2, len(whole) - 3):
            self.an_object().write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:])
            self.refused(self.an_object().name)
        self.an_object().write_bytes(whole + b"x")
        self.refused("more of it")

    def test_a_manifest_that_is_damaged_or_none(self):
        file = self.folder / "manifest.json"
        text = file.read_text()
        for bad in (text[:-30], text.replace('"rows":', '"rows":1', 1), "", "{}", "\0" * 100):
            file.write_text(bad)
            self.refused("the manifest is")
        file.unlink()
        self.refused("there is no backup")

    def test_of_a_newer_schema_or_format(self):
        self.resealed(schema=4000)
        self.refused("schema version 4000", "newer falconer")
        self.resealed(schema=9, format=2)
        self.refused("format 2", "newer falconer")
        self.assertIn("format 2", self.backup(code=1))

    def test_of_another_landscape(self):
        self.in_empty("insert into falconer.cluster (digest, identity, landscape) values ('x', 'theirs', 'elsewhere')")
        self.in_empty("insert into falconer.text (kind, digest, value) values (1, 'r', 'r')")
        self.in_empty("select falconer.ensure_day((now() at time zone 'UTC')::date)")
        self.in_empty("insert into falconer.event (received, time, id, cluster, rule, priority, flags, time_nanos, output_fields) "
                      "select now(), now(), gen_random_uuid(), c.id, t.id, 0, 0, 0, '{}' from falconer.cluster c, falconer.text t")
        self.assertIn("of another landscape (local) than the store (elsewhere)", self.restore(code=1))
        self.assertEqual(self.in_empty("select count(*) from falconer.event"), "1")
        self.assertIn("a backup of another landscape (local)", self.falconer("db", "backup", "--to", self.folder, code=1, config=self.empty))
        self.restore("--other-landscape")
        self.assertGreater(int(self.in_empty("select count(*) from falconer.event")), 18)
        self.resealed(landscapes=["\x1b[2Jthird"])
        self.assertIn("\\x1b[2Jthird", self.restore(code=1), "it moves no cursor")

    def test_into_a_store_without_a_schema(self):
        self.bed.psql("drop database empty with (force)")
        self.bed.psql("create database empty owner falconer")
        self.assertIn("db migrate", self.restore(code=1))

    @needs_mounts
    def test_onto_a_full_disk(self):
        small = self.bed.home / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", small], check=True)
        (small / "filler").write_bytes(b"x" * 40_000)
        said = self.falconer("db", "backup", "--to", small / "backup", code=1)
        self.assertIn("No space left on device", said)
        self.assertFalse((small / "backup" / "manifest.json").exists())
        (small / "filler").unlink()
        self.falconer("db", "backup", "--to", small / "backup")

    @needs_mounts
    def test_into_a_store_whose_disk_is_full(self):
        small = pathlib.Path(self.bed.pg["host"]) / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", small], check=True)
        space = small / "space"
        space.mkdir()
        shutil.chown(space, "postgres", "postgres")
        self.bed.psql(f"create tablespace small location '{space}'")
        self.addCleanup(self.bed.psql, "drop tablespace small")
        self.addCleanup(self.bed.psql, "drop database empty with (force)")
        self.bed.psql("grant create on tablespace small to falconer")
        self.bed.psql("alter database empty set default_tablespace = small")
        room = shutil.disk_usage(small).free
        (small / "filler").write_bytes(b"x" * max(0, room - 200_000))
        said = self.restore(code=1)
        self.assertIn("No space left on device", said)
        counted = {day: int(self.in_empty(f"select count(*) from falconer.event where received >= '{day}Z' and received < "
                                          f"'{day}Z'::timestamptz + interval '1 day'")) for day in self.hashes}
        whole = {day["day"]: day["events"]["rows"] for day in self.manifest()["days"]}
        self.assertTrue(all(counted[day] in (0, whole[day]) for day in counted), (counted, whole))
        (small / "filler").unlink()
        self.restore()
        self.assertEqual(self.hashes_of_empty(), self.hashes)

    def test_two_at_a_time(self):
        lock = self.bed.home / "fifo"
        subprocess.run(["mkfifo", lock], check=True)
        write = f'read x < "{lock}"; cat > /dev/null'
        first = subprocess.Popen([FALCONER, "db", "backup", "--to-command", write, "--config", self.bed.config],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: self.bed.psql("select count(*) from pg_locks where locktype = 'advisory' and granted", "falconer") != "0",
                       60, "the first one is at work")
            second = subprocess.Popen([FALCONER, "db", "backup", "--to", self.folder, "--config", self.bed.config],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            waits = "select count(*) from pg_stat_activity where query like '%pg_try_advisory_lock%' and pid <> pg_backend_pid()"
            eventually(lambda: self.bed.psql(waits) != "0", 60, "the second one waits for it")
            self.assertIn("somebody else writes", self.backup(code=1))
            self.assertIsNone(second.poll(), "it waits")
        finally:
            first.kill()
            first.wait()
            lock.write_text("\n")  # lets the command go that it has left
        self.assertIn("days copied 0\n", second.communicate(timeout=120)[0])


class Busy(unittest.TestCase):
    def test_while_events_come_it_is_of_one_moment_and_restores_into_a_store_that_gets_them_too(self):
        bed = self.enterContext(Testbed())
        bed.migrate()
        bed.start()
        senders = Senders(bed, pause=0.01)
        senders.go_on(200)
        make_days(bed, 2, events=50)
        folder = bed.home / "backup"
        with senders.lock:
            before = set(senders.acknowledged)
        bed.nothing_pending()
        run = lambda *args: subprocess.run([FALCONER, *args, "--config", bed.config], capture_output=True, text=True, timeout=300)  # noqa: E731
        for _ in range(3):
            done = run("db", "backup", "--to", folder)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            senders.go_on(20)
        manifest = json.loads((folder / "manifest.json").read_text())
        ids = set()
        for day in manifest["days"]:
            ids |= {line.split("\t")[3] for line in gzip.decompress((folder / day["events"]["name"]).read_bytes()).decode().splitlines()}
        self.assertLessEqual(before, ids, "what was acknowledged before is in it")

        # What is lost comes back, beside what is stored meanwhile.
        old = min(day["day"] for day in manifest["days"])
        was = bed.psql(HASH.format(old), "falconer")
        bed.psql(f"delete from falconer.event where received < '{old}Z'::timestamptz + interval '1 day'", "falconer")
        self.assertNotEqual(bed.psql(HASH.format(old), "falconer"), was)
        done = run("db", "restore", "--from", folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(bed.psql(HASH.format(old), "falconer"), was)
        senders.go_on(20)
        senders.join()
        bed.nothing_pending()
        stored = bed.psql("select id from falconer.event", "falconer").split()
        self.assertEqual(senders.refused, [])
        self.assertEqual(senders.acknowledged - set(stored), set())
        self.assertEqual(len(stored), len(set(stored)))

    def test_killed_at_any_moment_the_backup_before_stays(self):
        bed = self.enterContext(Testbed())
        bed.migrate()
        bed.start()
        token = bed.token()
        for _ in range(20):
            bed.post(event(identity=str(uuid.uuid4())), token)
        make_days(bed, 5, events=20)
        folder = bed.home / "backup"
        command = [FALCONER, "db", "backup", "--to", folder, "--config", bed.config]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300)
        bed.psql("update falconer.chore set done = done", "falconer")
        for kill in range(BACKUP_KILLS):
            wait = (0, 0.02, 0.05, 0.1, 0.2, 0.3)[kill % 6]
            bed.post(event(), token)
            make_days(bed, 5, events=1)
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            threading.Event().wait(wait)
            process.send_signal(signal.SIGKILL)
            process.wait()
            check = subprocess.run([FALCONER, "db", "restore", "--check", "--from", folder, "--config", bed.config],
                                   capture_output=True, text=True, timeout=300)
            self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        subprocess.run([*command, "--prune"], check=True, stdout=subprocess.DEVNULL, timeout=300)
        self.assertEqual([each.name for each in folder.iterdir() if "unfinished" in each.name], [])


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
