"""Promise 5: whoever asks and asks, or storms while the store is away, keeps nobody else out."""

import http.client
import sys
import threading
import time
import unittest

from stall_test import standing_still
from testbed import IMPATIENT, Testbed, event, eventually


class Places(unittest.TestCase):
    """All places for connections are taken by those who ask and ask, and are refused or held."""

    PLACES = 40

    def crowd(self, token, status):
        """More clients than places, each of whom asks again as soon as it is answered."""
        over, seen = threading.Event(), []

        def ask():
            kept = http.client.HTTPConnection("127.0.0.1", self.bed.port, timeout=60)
            while not over.is_set():
                try:
                    kept.request("POST", "/v1/events", event(), {"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
                    answer = kept.getresponse()
                    answer.read()
                    seen.append(answer.status)
                except (OSError, http.client.HTTPException):
                    kept.close()
                time.sleep(0.05)
            kept.close()

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(self.PLACES * 3 // 2)]
        for thread in threads:
            thread.start()

        def leave():
            over.set()
            for thread in threads:
                thread.join(120)

        self.addCleanup(leave)
        eventually(lambda: seen.count(status) > self.PLACES, what=f"the crowd hears {status}")

    def check(self, token, status):
        other = "shoot--test--quiet-0a1b2c3d-1111-2222-3333-444455556666-local"
        with Testbed(extra={"ingestor": {"connections": self.PLACES, "hardRate": 5, "floodHold": "1s"}}) as self.bed:
            self.bed.migrate()
            self.bed.start()
            self.crowd(token(), status)
            for _ in range(3):  # a connection each
                self.assertEqual(self.bed.post(event(other), self.bed.token(other))[0], 200)
            self.doCleanups()

    def test_strangers_keep_nobody_out(self):
        self.check(lambda: "x.y.z", 401)

    def test_a_cluster_that_floods_keeps_nobody_out(self):
        self.check(lambda: self.bed.token(), 429)


class SpoolShare(unittest.TestCase):
    def test_a_cluster_that_storms_while_the_store_is_away_leaves_room_for_the_others(self):
        other = "shoot--test--quiet-0a1b2c3d-1111-2222-3333-444455556666-local"
        with Testbed(spool_capacity="16Mi", extra={"ingestor": {"hold": "2s", **IMPATIENT["ingestor"]}}) as bed:
            bed.migrate()
            bed.start()
            loud, quiet = bed.token(), bed.token(other)
            with standing_still(bed):
                body = lambda: event(output_fields={"much": "x" * 500_000})  # noqa: E731
                statuses = [bed.post(body(), loud)[0] for _ in range(30)]
                self.assertEqual(statuses[:20], [200] * 20, "its own part")
                self.assertEqual(statuses[-1], 503, "and no more")
                self.assertEqual([bed.post(event(other), quiet)[0] for _ in range(20)], [200] * 20)
                self.assertEqual(bed.get(bed.health_port, "/readyz")[0], 200)
            bed.nothing_pending()
            self.assertEqual(bed.count("select count(*) from falconer.event"), statuses.count(200) + 20)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
