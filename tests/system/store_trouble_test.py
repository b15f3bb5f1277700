"""What one batch, one database or one disk must not do to everybody else: a spool's head that cannot be read or replayed, a
database that is not UTF-8, a store that is slow with every statement, a disk that does not answer."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import threading
import unittest
import unittest.mock
import uuid

from testbed import CLUSTER, FALCONER, IMPATIENT, Testbed, event, eventually

WAITS = "for stores and disks that do not answer"

FAULTS = pathlib.Path(__file__).with_name("faults.c")
JAPANESE = "クラスタ"


class Trouble(unittest.TestCase):
    extra = {}

    def setUp(self):
        self.bed = self.enterContext(Testbed(extra=self.extra))
        self.spool = self.bed.home / "spool"
        self.faults = self.bed.home / "faults"
        self.faults.mkdir()

    def start(self):
        """On a disk that fails when told."""
        library = self.bed.home / "faults.so"
        if not library.exists():
            subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", library, FAULTS], check=True)
        with unittest.mock.patch.dict(os.environ, LD_PRELOAD=str(library), FALCONER_TEST_FAULTS=str(self.faults)):
            self.bed.start()

    def stop_store(self, database="falconer"):
        self.bed.psql(f"alter database {database} with allow_connections false")
        left = f"select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '{database}'"
        eventually(lambda: self.bed.psql(left) == "0", what="nobody speaks to the store any more")

    def start_store(self, database="falconer"):
        self.bed.psql(f"alter database {database} with allow_connections true")

    def send(self, count=1, cluster=CLUSTER, **changes):
        """Their uuids; every one of them is acknowledged."""
        token, sent = self.bed.token(cluster), []
        for _ in range(count):
            sent.append(str(uuid.uuid4()))
            status, text = self.bed.post(event(cluster, sent[-1], **changes), token)
            self.assertEqual(status, 200, text)
        return set(sent)

    def stored(self):
        rows = self.bed.psql("select id from falconer.event", "falconer").split()
        self.assertEqual(len(rows), len(set(rows)), "nothing twice")
        return set(rows)

    def acknowledged(self, how):
        return self.bed.metrics()[f'falconer_ingest_acknowledged_total{{as="{how}"}}']

    def says(self, *words):
        eventually(lambda: any(all(word in line for word in words) for line in self.bed.said().splitlines()),
                   what=f"the log says {words}")

    def store_is_used(self):
        """Fresh events are stored at once, and go on being so."""
        def three_are_committed():
            before = self.acknowledged("committed")
            self.send(3)
            return self.acknowledged("committed") == before + 3

        eventually(three_are_committed, what="fresh events are stored")
        self.assertEqual(self.bed.metrics()["falconer_store_away"], 0)


class Head(Trouble):
    def spool_four(self):
        """Each has more than one block of the disk."""
        return self.send(4, output="x" * 6_000)

    def make_head_unreadable(self):
        first = sorted(self.spool.glob("*.segment"))[0]
        (self.faults / "unreadable").write_text(f"{first.name} 40 44\n")
        return first

    def test_a_frame_that_cannot_be_read_is_damage_and_stands_in_nobodys_way(self):
        self.bed.migrate()
        self.start()
        self.send()
        self.stop_store()
        spooled = self.spool_four()
        self.make_head_unreadable()
        self.start_store()
        self.bed.nothing_pending()
        self.assertEqual(self.bed.metrics()["falconer_spool_damaged_total"], 1)
        self.says("cannot be read", "records_lost=1")
        self.assertEqual(len(spooled - self.stored()), 1)
        self.store_is_used()

    def test_nor_does_it_keep_a_start_from_going_on(self):
        self.bed.migrate()
        self.start()
        self.send()
        self.stop_store()
        spooled = self.spool_four()
        self.bed.kill()
        head = self.make_head_unreadable()
        self.start_store()
        self.start()
        self.bed.nothing_pending()
        self.assertEqual(self.bed.metrics()["falconer_spool_damaged_total"], 1)
        self.assertEqual(len(spooled - self.stored()), 1)
        self.store_is_used()
        eventually(lambda: head.with_suffix(".damaged").exists(), what="it is set aside")
        self.assertEqual(self.bed.terminate(), 0)

    def test_a_cluster_that_the_store_takes_in_no_form_ends_among_the_dead_letters(self):
        self.bed.migrate()
        # What a database of another encoding says, to events, to quarantined bodies and to counts alike.
        self.bed.psql("create function refuse() returns trigger language plpgsql as $$ begin if new.identity ~ '[^ -~]' then "
                      "raise exception 'character has no equivalent in encoding LATIN1' using errcode = '22P05'; end if; "
                      "return new; end $$; create trigger refuse before insert on falconer.cluster for each row "
                      "execute function refuse()", "falconer")
        self.start()
        good = self.send(2)
        letters = self.send(2, JAPANESE)
        good |= self.send(2)
        self.assertEqual(self.acknowledged("dead_letter"), 2)
        self.assertEqual(self.bed.metrics()["falconer_store_away"], 0)
        self.stop_store()
        letters |= self.send(1, JAPANESE)
        good |= self.send(2)
        self.start_store()
        self.bed.nothing_pending()
        self.assertEqual(self.stored(), good)
        lines = [json.loads(line) for line in (self.spool / "dead-letters.ndjson").read_text().splitlines()]
        self.assertEqual({each["uuid"] for each in lines}, letters)
        for each in lines:
            self.assertEqual((each["kind"], each["cluster"], json.loads(each["body"])["rule"]),
                             ("event", JAPANESE, "Terminal shell in container"))
            self.assertIn("22P05", each["why"])
        self.assertEqual(self.bed.metrics()["falconer_store_dead_letters_total"], 3)
        self.store_is_used()


class Latin(Trouble):
    extra = {"store": {"database": "latin"}}

    def setUp(self):
        super().setUp()
        self.bed.psql("create database latin owner falconer encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0")

    def test_a_database_that_is_not_utf_8_is_refused_by_whoever_meets_it(self):
        for command in (["db", "migrate"], ["doctor"], ["serve", "--roles", "ingestor"]):
            with self.subTest(command):
                done = subprocess.run([FALCONER, *command, "--config", self.bed.config], capture_output=True, text=True,
                                      timeout=120)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn("has the encoding LATIN1", done.stdout + done.stderr)
                self.assertIn("ENCODING 'UTF8'", done.stdout + done.stderr)

    def test_one_that_is_met_later_is_named_and_nothing_is_lost(self):
        self.stop_store("latin")
        self.bed.start()
        sent = self.send(2) | self.send(2, JAPANESE)
        self.says("the store is away")
        self.start_store("latin")

        def named():
            sent.update(self.send())
            return any("for another reason" in line and "has the encoding LATIN1" in line
                       for line in self.bed.said().splitlines())

        eventually(named, 120, "the true cause is said")
        self.stop_store("latin")
        self.bed.psql("alter database latin rename to wrong")
        self.bed.psql("alter database falconer rename to latin")
        self.bed.migrate()
        self.bed.nothing_pending()
        self.assertEqual(set(self.bed.psql("select id from falconer.event", "latin").split()), sent)


class Slow(Trouble):
    extra = IMPATIENT

    def test_a_store_that_needs_six_seconds_for_each_statement_gets_everything_all_the_same(self):
        self.bed.migrate()
        self.bed.start()
        self.send()
        self.bed.psql("create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(6); return null; "
                      "end $$; " + " ".join(f"create trigger slow before insert on falconer.{table} for each statement "
                                            "execute function slow();" for table in ("event", "text", "cluster")), "falconer")
        sent = self.send(5) | self.send(5, "another")
        eventually(lambda: self.bed.metrics()["falconer_spool_pending_records"] == 0, 300, "the spool has been replayed")
        self.assertEqual(sent - self.stored(), set())
        self.assertGreater(self.acknowledged("spooled"), 0)
        self.bed.psql("drop function slow cascade", "falconer")
        self.store_is_used()


class Hung(Trouble):
    def post_in_background(self):
        answers = []
        sender = threading.Thread(target=lambda: answers.append(self.bed.post(event(), self.bed.token())[0]), daemon=True)
        sender.start()
        return sender, answers

    def test_a_disk_that_does_not_answer_holds_nobody_for_ever_and_the_store_is_used_when_it_is_back(self):
        self.bed.migrate()
        self.start()
        self.send()
        self.stop_store()
        self.send()  # it is known to be away
        hang = self.faults / "hang"
        hang.touch()
        sender, answers = self.post_in_background()
        sender.join(120)
        self.assertEqual(answers, [503], "an answer, not a connection that is cut")
        self.says("neither store nor spool takes events")
        self.assertGreater(self.bed.metrics()["falconer_spool_silent_seconds"], 5)
        self.assertEqual(self.bed.get(self.bed.health_port, "/readyz/ingestor")[0], 503)

        sender, answers = self.post_in_background()
        self.start_store()
        sender.join(120)
        self.assertEqual(answers, [200], "the store has it, while the disk still hangs")
        self.send(3)
        self.assertEqual(self.bed.get(self.bed.health_port, "/readyz/ingestor")[0], 200)

        # What ends is not kept waiting for ever either.
        self.bed.process.terminate()
        self.assertEqual(self.bed.process.wait(120), 1)
        self.says("the spool's disk hangs; ending without waiting for it")
        with contextlib.suppress(FileNotFoundError):
            hang.unlink()
        self.start()
        self.bed.nothing_pending()
        self.store_is_used()
        self.assertEqual(self.bed.terminate(), 0)

    def test_a_slow_disk_keeps_what_it_was_given_once(self):
        self.bed.migrate()
        self.start()
        self.send()
        self.stop_store()
        self.send()
        hang = self.faults / "hang"
        hang.touch()
        sender, answers = self.post_in_background()
        eventually(lambda: self.bed.metrics()["falconer_spool_silent_seconds"] > 7, what="it hangs")
        hang.unlink()
        sender.join(60)
        self.assertEqual(answers, [200])
        self.start_store()
        self.bed.nothing_pending()
        self.assertEqual(len(self.stored()), 3)
        self.assertEqual(self.bed.metrics()['falconer_spool_replayed_total{as="duplicate"}'], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
