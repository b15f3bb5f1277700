"""Several hosts: one that says nothing, one that answers no packet, one that hangs later, and a primary that is one no
longer. Events are acknowledged all the time, and the store that is left gets them all."""

import contextlib
import os
import pathlib
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

from durability_test import Senders
from stall_test import standing_still
from testbed import FALCONER, IMPATIENT, Testbed, event, eventually, merge

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


class Pair:
    """The testbed's PostgreSQL as the primary, and a standby that must have what is committed. Both at one port."""

    STANDBY = "127.0.0.2"

    def __init__(self, bed):
        self.bed = bed
        self.home = pathlib.Path(bed.pg["host"]) / "standby"  # postgres' own, and gone with it
        self.bin = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        primary = pathlib.Path(bed.pg["data"])
        rules = primary / "pg_hba.conf"
        rules.write_text(rules.read_text() + "local replication postgres trust\nhost all all 127.0.0.0/8 scram-sha-256\n")
        bed.psql("select pg_reload_conf()")
        data = self.home / "data"
        self._run("mkdir", "-p", self.home)
        eventually(lambda: self._run(self.bin / "pg_basebackup", "-h", bed.pg["host"], "-p", bed.pg["port"], "-U", "postgres",
                                     "-D", data, "-R", "-X", "stream", "-c", "fast", check=False).returncode == 0,
                   120, "the primary's data are copied")
        with open(data / "postgresql.conf", "a") as settings:
            settings.write(f"listen_addresses = '{self.STANDBY}'\nunix_socket_directories = '{self.home}'\n")
        self._run(self.bin / "pg_ctl", "-D", data, "-l", self.home / "log", "-w", "-t", "300", "start")
        # From here on a commit is one when the standby has it.
        eventually(lambda: bed.psql("select count(*) from pg_stat_replication where state = 'streaming'") == "1",
                   120, "the standby follows")
        bed.psql("alter system set synchronous_standby_names = '*'")
        bed.psql("select pg_reload_conf()")
        eventually(lambda: bed.psql("select sync_state from pg_stat_replication") == "sync", 120, "synchronously")

    def _run(self, *command, check=True):
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        return subprocess.run(command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", timeout=400)

    def promote(self):
        self._run(self.bin / "pg_ctl", "-D", self.home / "data", "-w", "-t", "300", "promote")

    def psql(self, sql, database="falconer"):
        done = subprocess.run(["psql", "-X", "-At", "-h", self.home, "-p", self.bed.pg["port"], "-U", "postgres", "-d", database, "-c", sql],
                              check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def ids(self):
        return set(self.psql("select id from falconer.event").split())

    def close(self):
        with contextlib.suppress(subprocess.CalledProcessError, FileNotFoundError):
            self._run(self.bin / "pg_ctl", "-D", self.home / "data", "-m", "immediate", "-w", "-t", "300", "stop")
        shutil.rmtree(self.home, ignore_errors=True)


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


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
