"""Several hosts: one that says nothing, one that answers no packet, one that hangs later, a primary that is killed, one that is
none any longer, and one that comes back. Events are acknowledged all the time, and the store that is left gets them all."""

import contextlib
import json
import os
import re
import selectors
import socket
import subprocess
import sys
import threading
import unittest

from console_test import USERS, Client
from durability_test import Senders
from stall_test import standing_still
from standby import Pair
from testbed import FALCONER, IMPATIENT, Testbed, event, eventually, free_port, merge

FAILOVERS = int(os.environ.get("FALCONER_FAILOVERS", "1"))
GOOD = "127.0.0.1"  # where the testbed's PostgreSQL listens; the other hosts are further addresses of this machine


class Mute:
    """A host that accepts and says nothing."""

    def __init__(self, address, port):
        self.listener = socket.create_server((address, port), backlog=128)

    def close(self):
        self.listener.close()


class Swallowing:
    """A host that answers no packet: with its queue of connections full, Linux says nothing to further ones."""

    def __init__(self, address, port):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(0)
        self.queue = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((address, port))
            self.queue.append(one)

    def close(self):
        for each in [*self.queue, self.listener]:
            each.close()


class Way:
    """A host behind which the store is, until the way there is cut without a word: what is sent then arrives nowhere."""

    def __init__(self, address, port, to):
        self.to, self.cut, self.pairs = to, threading.Event(), []
        self.listener = socket.create_server((address, port), backlog=128)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.cut.is_set():
                self.pairs.append((client, client))
                continue
            store = socket.create_connection(self.to, timeout=60)
            store.settimeout(None)
            self.pairs.append((client, store))
            threading.Thread(target=self._carry, args=(client, store), daemon=True).start()

    def _carry(self, client, store):
        with selectors.DefaultSelector() as both, contextlib.suppress(OSError):
            both.register(client, selectors.EVENT_READ, store)
            both.register(store, selectors.EVENT_READ, client)
            while True:
                for key, _ in both.select(timeout=0.1):
                    if self.cut.is_set():
                        return  # and both stay open
                    some = key.fileobj.recv(65536)
                    if not some:
                        client.close()
                        store.close()
                        return
                    key.data.sendall(some)
                if self.cut.is_set():
                    return

    def close(self):
        self.cut.set()
        self.listener.close()
        for pair in self.pairs:
            for each in pair:
                each.close()


def use(bed, *hosts, **store):
    bed.extra = {"store": {"hosts": list(hosts), "targetSessionAttrs": "read-write", **store}}
    merge(bed.extra, IMPATIENT)
    bed.config = bed._write_config()


def stored(bed):
    return bed.count("select count(*) from falconer.event")


class Hosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = cls.enterClassContext(Testbed())
        cls.bed.migrate()
        cls.port = int(cls.bed.pg["port"])

    def test_hosts_that_say_nothing_are_passed_over(self):
        bed = self.bed
        self.enterContext(contextlib.closing(Mute("127.0.0.3", self.port)))
        self.enterContext(contextlib.closing(Swallowing("127.0.0.4", self.port)))
        use(bed, "127.0.0.3", "127.0.0.4", GOOD)
        before = stored(bed)
        bed.start()
        self.addCleanup(bed.kill)
        token = bed.token()
        for _ in range(5):
            self.assertEqual(bed.post(event(), token)[0], 200)
        eventually(lambda: stored(bed) == before + 5, 120, "the events are in the store")
        eventually(lambda: bed.metrics()["falconer_store_away"] == 0, 120, "the store is no longer away")
        bed.nothing_pending()
        self.assertGreaterEqual(bed.metrics()["falconer_store_unreached_total"], 2)
        self.assertIn("hosts of the store were passed over", bed.said())

        # Commands ask the same hosts.
        done = subprocess.run([FALCONER, "db", "status", "--config", bed.config], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        doctor = subprocess.run([FALCONER, "doctor", "--config", bed.config], capture_output=True, text=True, timeout=120)
        self.assertRegex(doctor.stdout, r"store\s.*PostgreSQL")

    def test_where_none_answers_each_is_named(self):
        bed = self.bed
        self.enterContext(contextlib.closing(Mute("127.0.0.3", self.port)))
        use(bed, "127.0.0.3", "127.0.0.9", connectTimeout="2s")
        done = subprocess.run([FALCONER, "db", "status", "--config", bed.config], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 1)
        self.assertIn("127.0.0.3: no answer in time", done.stderr)
        self.assertIn("127.0.0.9: ", done.stderr)

    def test_a_way_that_is_cut_without_a_word_is_left(self):
        bed = self.bed
        way = self.enterContext(contextlib.closing(Way("127.0.0.5", self.port, (GOOD, self.port))))
        use(bed, "127.0.0.5", GOOD)
        bed.start()
        self.addCleanup(bed.kill)
        token, before = bed.token(), stored(bed)
        self.assertEqual(bed.post(event(), token)[0], 200)
        eventually(lambda: stored(bed) == before + 1, 120, "the event came by that way")
        self.assertTrue(way.pairs)
        way.cut.set()
        for _ in range(5):
            self.assertEqual(bed.post(event(), token)[0], 200)
        eventually(lambda: stored(bed) == before + 6, 120, "the others come by another one")
        eventually(lambda: bed.metrics()["falconer_store_away"] == 0, 120, "the store is no longer away")
        bed.nothing_pending()


class Failover(unittest.TestCase):
    def begin(self):
        """Senders at work, and the events go to the primary."""
        self.bed = self.enterContext(Testbed())
        self.bed.migrate()
        self.pair = Pair(self.bed)
        self.addCleanup(self.pair.close)
        use(self.bed, GOOD, Pair.STANDBY)
        self.bed.start()
        self.senders = Senders(self.bed, pause=0.05)
        self.senders.go_on(100)
        self.assertEqual(self.bed.metrics()["falconer_store_away"], 0)
        self.assertTrue(self.senders.acknowledged & self.pair.ids())

    def end(self):
        """The new primary has taken over, and has all that was ever acknowledged."""
        eventually(lambda: self.bed.metrics()["falconer_store_away"] == 0, 180, "the new primary is used")
        self.senders.go_on(100)
        self.senders.join()
        self.bed.nothing_pending()
        stored = self.pair.ids()
        self.assertEqual(self.senders.refused, [])
        self.assertEqual(self.senders.acknowledged - stored, set())
        self.assertEqual(int(self.pair.psql("select count(*) from falconer.event")), len(stored))

    def test_the_primary_hangs_and_the_standby_takes_over(self):
        self.begin()
        with standing_still(self.bed):
            eventually(lambda: self.bed.metrics()["falconer_store_away"] == 1, 120, "the primary says nothing any more")
            self.pair.promote()
            self.end()
            self.bed.kill()

    def test_the_primary_stops_to_write_and_the_standby_takes_over(self):
        self.begin()
        self.bed.psql("alter system set default_transaction_read_only = on")
        self.bed.psql("select pg_reload_conf()")
        self.pair.promote()
        self.end()

    def old_primary_has(self):
        return stored(self.bed)

    def test_the_primary_is_killed_and_refused_when_it_comes_back(self):
        for failover in range(FAILOVERS):
            with self.subTest(failover=failover):
                self.killed_and_refused(promoted_after=failover % 5)
                self.doCleanups()

    def killed_and_refused(self, promoted_after):
        self.begin()
        self.pair.kill_primary()
        threading.Event().wait(promoted_after)
        eventually(lambda: self.bed.metrics()["falconer_store_away"] == 1, 120, "the primary is away")
        self.pair.promote()
        eventually(lambda: self.bed.metrics()["falconer_store_away"] == 0, 180, "the new primary is used")
        self.pair.bring_back_primary()
        before = self.old_primary_has()
        # The new one is away for a moment, and the old one would take everything.
        self.pair.stop()
        eventually(lambda: self.bed.metrics()["falconer_store_away"] == 1, 120, "the new primary is away")
        eventually(lambda: "is an old primary: it writes timeline 1, and there is one of timeline 2" in self.bed.said(), 120,
                   "the old one has been asked, and refused")
        self.senders.go_on(100)
        self.assertEqual(self.old_primary_has(), before)
        self.pair.start()
        self.end()
        self.assertEqual(self.old_primary_has(), before)

        # One that has just been started has seen neither of them.
        self.bed.kill()
        self.bed.start()
        token, after = self.bed.token(), int(self.pair.psql("select count(*) from falconer.event"))
        for _ in range(5):
            self.assertEqual(self.bed.post(event(), token)[0], 200)
        eventually(lambda: int(self.pair.psql("select count(*) from falconer.event")) == after + 5, 120, "the new primary gets them")
        self.assertEqual(self.old_primary_has(), before)

        def told():
            done = subprocess.run([FALCONER, "db", "status", "--json", "--config", self.bed.config], capture_output=True, text=True, timeout=120)
            return sum(day["events"] for day in json.loads(done.stdout)["days"])

        eventually(lambda: told() == after + 5, 120, "commands ask the new one, too")

    def test_a_primary_that_waits_for_its_promoted_standby_is_left(self):
        """The two do not see each other; the old one takes connections and statements, and no commit of it ends."""
        self.begin()
        self.pair.promote()
        self.end()


def a_commit_waits(bed):
    """PostgreSQL takes a new setting when its checkpointer comes to it: until then commits wait for nobody."""
    with subprocess.Popen(["psql", "-X", "-h", bed.pg["host"], "-p", bed.pg["port"], "-U", "postgres", "-c", "comment on database postgres is 'looked at'"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
        while one.poll() is None:
            if bed.psql("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep' and query like 'comment on%'"):
                return True
            threading.Event().wait(0.05)
    return False


class Commits(unittest.TestCase):
    def test_a_commit_whose_wait_for_the_standby_was_cancelled_is_none(self):
        bed = self.enterContext(Testbed())
        bed.migrate()
        bed.start()
        token = bed.token()
        self.assertEqual(bed.post(event(), token)[0], 200)
        bed.psql("alter system set synchronous_standby_names = 'nobody'")
        bed.psql("select pg_reload_conf()")
        self.addCleanup(bed.kill)
        eventually(lambda: a_commit_waits(bed), 60, "the setting is in force")
        answers = []
        sender = threading.Thread(target=lambda: answers.append(bed.post(event(), token)[0]), daemon=True)
        sender.start()
        # Whoever has written events: such a commit holds its locks as long as it waits.
        cancelled = ("select count(pg_cancel_backend(pid)) from pg_stat_activity a where wait_event = 'SyncRep' and exists (select from pg_locks l "
                     "join pg_class c on c.oid = l.relation where l.pid = a.pid and l.mode = 'RowExclusiveLock' and c.relname like 'event_2%')")
        eventually(lambda: bed.psql(cancelled, "falconer") != "0", 60, "the commit waits for the standby")
        sender.join(120)
        self.assertEqual(answers, [200])
        acknowledged = {how: bed.metrics().get(f'falconer_ingest_acknowledged_total{{as="{how}"}}') for how in ("committed", "spooled")}
        self.assertEqual(acknowledged, {"committed": 1, "spooled": 1}, "the server called it a success")
        bed.psql("alter system reset synchronous_standby_names")
        bed.psql("select pg_reload_conf()")
        bed.nothing_pending()
        self.assertEqual(stored(bed), 2)

    def test_the_start_and_doctor_say_that_acknowledged_events_can_be_lost(self):
        bed = self.enterContext(Testbed())
        bed.migrate()
        pair = Pair(bed)
        self.addCleanup(pair.close)
        use(bed, GOOD, Pair.STANDBY)

        def doctor():
            return subprocess.run([FALCONER, "doctor", "--config", bed.config], capture_output=True, text=True, timeout=120).stdout

        asynchronous, nobody = "synchronous_commit is off for who writes events", "synchronous_standby_names is empty"
        bed.start()
        self.addCleanup(bed.kill)
        eventually(lambda: "the store" in bed.said() or bed.alive(), 60, "it runs")
        self.assertNotIn(asynchronous, bed.said() + doctor())
        self.assertNotIn(nobody, bed.said() + doctor())
        bed.kill()
        safe = bed.psql("show fsync") == "on"
        bed.psql("alter role falconer set synchronous_commit = off")
        bed.start()
        eventually(lambda: asynchronous in bed.said(), 60, "the start says it")
        self.assertGreaterEqual(bed.metrics()["falconer_store_risks"], 1 if safe else 2)
        self.assertRegex(doctor(), "look   durability.*" + asynchronous)
        bed.psql("alter role falconer reset synchronous_commit")
        bed.psql("alter system reset synchronous_standby_names")
        bed.psql("select pg_reload_conf()")
        eventually(lambda: nobody in doctor(), 60, "doctor says that nobody is waited for")
        self.assertNotIn(asynchronous, doctor())


class Replica(unittest.TestCase):
    def test_the_console_reads_from_a_replica_and_it_is_said_how_old_that_is(self):
        port = free_port()
        bed = self.enterContext(Testbed(roles="ingestor,console", extra={"console": {"listen": f"127.0.0.1:{port}"}}))
        bed.migrate()
        pair = Pair(bed)
        self.addCleanup(pair.close)
        users = bed.home / "users.yaml"
        users.write_text(json.dumps(USERS))
        merge(bed.extra, {"console": {"demoUsersFile": str(users)}, "store": {"reader": {"hosts": [GOOD, Pair.STANDBY]}}})
        bed.config = bed._write_config()
        bed.start()
        self.addCleanup(bed.kill)
        browser = Client(port)

        def listens():
            with contextlib.suppress(OSError):
                return browser.get("/api/v1/sign-in")[0] == 200
            return False

        eventually(listens, what="the console listens")
        browser.sign_in("operator")
        token = bed.token()
        self.assertEqual(bed.post(event(), token)[0], 200)
        seen = lambda: len(browser.get("/api/v1/events")[1]["events"])  # noqa: E731
        eventually(lambda: seen() == 1, 60, "the event is seen")
        readers = "select count(*) from pg_stat_activity where usename = 'falconer' and datname = 'falconer'"
        self.assertGreaterEqual(int(pair.psql(readers)), 1, "on the standby")

        # It gets the log, and does not replay it: what is acknowledged is safe, and not to be seen.
        pair.psql("select pg_wal_replay_pause()")
        for _ in range(3):
            self.assertEqual(bed.post(event(), token)[0], 200)
        self.assertEqual(stored(bed), 4)
        self.assertEqual(seen(), 1)
        eventually(lambda: bed.metrics()["falconer_store_replica_behind_seconds"] > 0, 60, "it is measured")
        doctor = lambda: subprocess.run([FALCONER, "doctor", "--config", bed.config], capture_output=True, text=True, timeout=120).stdout  # noqa: E731
        self.assertRegex(doctor(), r"replica\s+a replica, at most [0-9.]+ s behind \([1-9][0-9]* bytes of its log\)")
        pair.psql("select pg_wal_replay_resume()")
        eventually(lambda: seen() == 4, 60, "it has caught up")
        eventually(lambda: "at most 0.0 s behind (0 bytes" in doctor(), 60, "doctor says so")

        # Without it the console reads from the primary.
        pair.stop()
        bed.psql("alter system reset synchronous_standby_names")
        bed.psql("select pg_reload_conf()")
        self.assertEqual(bed.post(event(), token)[0], 200)
        eventually(lambda: browser.get("/api/v1/events")[0] == 200 and seen() == 5, 120, "read from the primary")

        # One that was started anew and gets nothing is not young because it has replayed nothing.
        bed.terminate()
        bed.psql("alter system set autovacuum = off")  # whose commits would be replayed
        bed.psql("select pg_reload_conf()")
        pair.start()
        bed.psql("checkpoint")
        eventually(lambda: bed.psql("select replay_lsn = pg_current_wal_lsn() from pg_stat_replication") == "t", 120, "it has caught up")
        pair.psql("checkpoint")
        pair.psql("alter system set primary_conninfo = ''")
        pair.stop()
        bed.psql("create table later ()", "falconer")
        pair.start()
        self.assertEqual(pair.psql("select pg_last_xact_replay_timestamp() is null"), "t")
        eventually(lambda: re.search(r"at most (?!0\.0 )[0-9.]+ s behind \([1-9]", doctor()), 60, "doctor says how old it may be")


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
