"""Promise 11: SIGTERM under load ends with exit code 0, and everything that was acknowledged is kept."""

import http.client
import signal
import socket
import sys
import threading
import unittest

from durability_test import Senders
from testbed import IMPATIENT, Testbed, event, eventually

SLOW = "begin; lock table falconer.event in access exclusive mode; select pg_sleep(4); commit"


class Drain(unittest.TestCase):
    def test_sigterm_under_load_with_a_slow_database(self):
        with Testbed(extra=IMPATIENT) as bed:
            bed.migrate()
            bed.start()
            senders = Senders(bed)
            senders.go_on(100)
            lock = threading.Thread(target=lambda: bed.psql(SLOW, "falconer"))
            lock.start()
            eventually(lambda: bed.count("select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted "
                                         "and relation = 'falconer.event'::regclass"), what="the table is locked")
            self.assertEqual(bed.terminate(), 0, bed.tail())
            lock.join()
            bed.start()  # the senders go on; what was spooled comes home
            senders.go_on(100)
            senders.join()
            bed.nothing_pending()
            stored = set(bed.psql("select id from falconer.event", "falconer").split())
            self.assertEqual(senders.refused, [])
            self.assertEqual(senders.acknowledged - stored, set())
            self.assertEqual(bed.count("select count(*) from falconer.event"), len(stored))

    def test_a_connection_that_is_kept_gets_its_next_answer_and_hears_that_it_is_the_last(self):
        with Testbed(extra={"ingestor": {"drain": {"accept": "300ms", "idle": "2m", "limit": "5m"}}}) as bed:
            bed.migrate()
            bed.start()
            token = bed.token()
            fields = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            kept = http.client.HTTPConnection("127.0.0.1", bed.port, timeout=60)
            kept.request("POST", "/v1/events", event(), fields)
            self.assertEqual(kept.getresponse().read(), b"")
            bed.process.send_signal(signal.SIGTERM)
            eventually(lambda: bed.get(bed.health_port, "/readyz")[0] == 503, what="ready goes off")
            self.assertEqual(bed.get(bed.health_port, "/healthz")[0], 200)

            def closed():
                try:
                    socket.create_connection(("127.0.0.1", bed.port), timeout=60).close()
                    return False
                except ConnectionResetError:  # it waited to be let in when the listener closed
                    return False
                except ConnectionRefusedError:
                    return True
            eventually(closed, what="the listener closes")
            kept.request("POST", "/v1/events", event(), fields)
            answer = kept.getresponse()
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.getheader("Connection"), "close")
            self.assertEqual(bed.process.wait(60), 0)
            self.assertEqual(bed.count("select count(*) from falconer.event"), 2)

    def test_a_second_sigterm_means_now(self):
        with Testbed(extra={"ingestor": {"drain": {"accept": "10m", "idle": "10m", "limit": "30m"}}}) as bed:
            bed.migrate()
            bed.start()
            bed.process.send_signal(signal.SIGTERM)
            eventually(lambda: bed.get(bed.health_port, "/readyz")[0] == 503, what="ready goes off")
            self.assertEqual(bed.terminate(120), 0, "long before the ten minutes that it was told to accept for")


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
