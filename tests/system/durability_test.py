"""Promises 1, 2 and 3: 2xx only when durable, stored exactly once, through kill -9 of falconer and of
PostgreSQL's postmaster, under senders that replay whatever was not answered."""

import http.client
import os
import random
import signal
import sys
import threading
import time
import unittest
import uuid

from testbed import CLUSTER, Testbed, event, eventually

SECONDS = float(os.environ.get("FALCONER_KILL_SECONDS", "20"))
SEED = int(os.environ.get("FALCONER_SEED") or random.SystemRandom().randrange(10**6))
SENDERS = 16


class Senders:
    """Post events until told to stop; each is posted again until it is answered 2xx. One in twenty is
    posted once more after its 2xx: a deliberate duplicate."""

    def __init__(self, bed, pause=0):
        self.bed, self.token, self.pause = bed, bed.token(), pause
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.acknowledged, self.refused, self.duplicates, self.replayed = set(), [], 0, 0
        self.threads = [threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def go_on(self, count):
        """Waits until so many more events are acknowledged."""
        wanted = len(self.acknowledged) + count
        eventually(lambda: len(self.acknowledged) >= wanted, 120, f"{count} more events are acknowledged")

    def join(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(300)
            assert not thread.is_alive(), "a sender never got its answer"

    def _send(self, seed):
        dice, connection = random.Random(seed), None
        while not self.stop.wait(self.pause):
            identity = str(uuid.UUID(int=dice.getrandbits(128), version=4))
            body = event(identity=identity)
            for _ in range(2 if dice.random() < 0.05 else 1):
                connection = self._until_answered(connection, body)
            with self.lock:
                self.acknowledged.add(identity)
        if connection:
            connection.close()

    def _until_answered(self, connection, body):
        while True:
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.bed.port, timeout=60)
                connection.request("POST", "/v1/events", body, {
                    "Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status // 100 == 2:
                    return connection
                with self.lock:
                    self.refused.append((answer.status, text))
                return connection
            except (OSError, http.client.HTTPException):
                if self.bed.closed:
                    sys.exit()  # the case has failed, and nobody will join us
                if connection:
                    connection.close()
                connection = None
                with self.lock:
                    self.replayed += 1
                time.sleep(0.02)


class Durability(unittest.TestCase):
    def setUp(self):
        print(f"FALCONER_SEED={SEED}", flush=True)
        self.dice = random.Random(SEED)

    def check(self, bed, senders):
        bed.nothing_pending()
        stored = set(bed.psql("select id from falconer.event", "falconer").split())
        rows = bed.count("select count(*) from falconer.event")
        print(f"acknowledged={len(senders.acknowledged)} stored={rows} distinct={len(stored)} "
              f"replays={senders.replayed} refused={len(senders.refused)}", flush=True)
        self.assertEqual(senders.refused, [], "nobody was refused")
        self.assertGreater(len(senders.acknowledged), 100)
        self.assertEqual(len(senders.acknowledged - stored), 0, "acknowledged and not stored")
        self.assertEqual(rows, len(stored), "stored more than once")
        self.assertEqual(stored - senders.acknowledged, set(), "every offered event was answered in the end")

    def test_kill_9_of_falconer_loses_no_acknowledged_event(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            senders = Senders(bed)
            end, kills = time.monotonic() + SECONDS, 0
            while time.monotonic() < end:
                senders.go_on(1)  # there is something to lose
                time.sleep(self.dice.uniform(0.5, 2.5))
                bed.kill()
                kills += 1
                bed.start()
            senders.go_on(100)
            senders.join()
            print(f"kills={kills}", flush=True)
            self.assertGreater(senders.replayed, 0)
            self.check(bed, senders)

    def test_kill_9_of_the_postmaster_loses_no_acknowledged_event(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            senders = Senders(bed)
            end, kills = time.monotonic() + SECONDS, 0
            while time.monotonic() < end:
                senders.go_on(1)
                time.sleep(self.dice.uniform(1, 3))
                os.kill(bed.postmaster(), signal.SIGKILL)
                kills += 1
                time.sleep(self.dice.uniform(0.5, 2))
                # Whatever the kill has interrupted, events are acknowledged while there is no store.
                if kills == 1:
                    spooled = 'falconer_ingest_acknowledged_total{as="spooled"}'
                    eventually(lambda: bed.metrics()[spooled] > 0, what="events go to the spool")
                bed.restart_postgres()
            senders.go_on(100)
            senders.join()
            print(f"kills={kills}", flush=True)
            self.check(bed, senders)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
