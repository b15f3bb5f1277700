"""Promise 9 and the accounts: poison among good events, each body its own verdict, and every sum adds up."""

import http.client
import json
import random
import sys
import threading
import time
import unittest
import uuid

from testbed import CLUSTER, Testbed, event, eventually

WAITS = "for refused tokens to be told, which falconer does once a minute"

POISON = {  # what is changed → the answer
    "not json": 400, "[]": 400, "{}": 202, "null": 400, '{"rule":"x"}': 202, "": 400,
}


def poison(kind):
    body = json.loads(event())
    if kind == "foreign":
        body["output_fields"]["cluster_id"] = "somebody-else"
        return json.dumps(body), 400
    if kind == "nul":
        body["output"] = "a\0b"
        return json.dumps(body), 200
    if kind == "year 1":
        body["time"] = "0001-01-01T00:00:00Z"
        return json.dumps(body), 202
    if kind == "surrogate":
        return event().replace('"output": "', '"output": "\\ud800', 1).replace('"output":"', '"output":"\\ud800', 1), 200
    if kind == "huge number":
        body["output_fields"]["n"] = 10**60
        return json.dumps(body), 202
    return kind, POISON[kind]


def made_unique(body, number):
    """The same JSON: two equal bodies of the same microsecond would be kept as one."""
    return body + " " * number if body else body


KINDS = [*POISON, "foreign", "nul", "year 1", "surrogate", "huge number"]


class Accounting(unittest.TestCase):
    def test_poison_gets_its_verdict_and_costs_no_good_event_its_place(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            token, lock, good, wrong, quarantined = bed.token(), threading.Lock(), set(), [], [0]

            def send(seed):
                dice = random.Random(seed)
                for number in range(300):
                    if number % 20 == 7:
                        kind = dice.choice(KINDS)
                        body, expected = poison(kind)
                        body = made_unique(body, 1 + 300 * seed + number)
                        status = bed.post(body, token)[0]
                        with lock:
                            if status != expected:
                                wrong.append((kind, status, expected))
                            quarantined[0] += status == 202
                            if status == 200:
                                good.add(json.loads(body)["uuid"])
                    else:
                        identity = str(uuid.UUID(int=dice.getrandbits(128), version=4))
                        status = bed.post(event(identity=identity), token)[0]
                        with lock:
                            if status != 200:
                                wrong.append(("good", status, 200))
                            good.add(identity)

            threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(bed.post(event(), "x")[0], 401)
            expired = bed.token(CLUSTER, "--now", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 300 * 86_400)))
            for _ in range(3):  # of a cluster that is known: it is told, but nothing of it was acknowledged
                self.assertEqual(bed.post(event(), expired)[0], 401)
            self.assertEqual(self.chunked(bed, token, "x" * (2 << 20)), 413)
            self.assertEqual(bed.post(event(), token, path="/elsewhere")[0], 404)
            self.assertEqual(bed.post(event(), token, headers={"Content-Encoding": "gzip"})[0], 415)
            self.assertEqual(wrong, [])
            self.assertEqual(set(bed.psql("select id from falconer.event", "falconer").split()), good)
            self.check_sums(bed, events=len(good), quarantined=quarantined[0])

    @staticmethod
    def chunked(bed, token, body):
        connection = http.client.HTTPConnection("127.0.0.1", bed.port, timeout=60)
        try:
            connection.request("POST", "/v1/events", iter([body.encode()]), {
                "Content-Type": "application/json", "Authorization": f"Bearer {token}"}, encode_chunked=True)
            return connection.getresponse().status
        finally:
            connection.close()

    def check_sums(self, bed, events, quarantined):
        def sums(name, metrics):
            return sum(value for key, value in metrics.items() if key.split("{")[0] == name)

        eventually(lambda: bed.metrics()["falconer_ingest_in_flight"] == 0, what="nothing is in flight")
        m = bed.metrics()
        self.assertEqual(m["falconer_ingest_received_total"],
                         m["falconer_ingest_answered_2xx_total"] + sums("falconer_ingest_refused_total", m) + m["falconer_ingest_abandoned_total"])
        self.assertEqual(m['falconer_ingest_acknowledged_total{as="committed"}'], events)
        self.assertEqual(m['falconer_ingest_acknowledged_total{as="quarantined"}'], quarantined)
        self.assertEqual(sums("falconer_ingest_acknowledged_total", m), m["falconer_ingest_answered_2xx_total"])
        self.assertEqual(m["falconer_ingest_abandoned_total"], 0)
        told = "select coalesce(sum(count), 0) from falconer.tally where cause = 3"
        eventually(lambda: bed.count(told) == 3, 180, "tokens that were refused are told")
        m = bed.metrics()
        self.assertEqual(sums("falconer_ingest_acknowledged_total", m), m["falconer_ingest_answered_2xx_total"])
        rows = bed.count("select count(*) from falconer.quarantine")
        tallied = bed.count("select coalesce(sum(count), 0) from falconer.tally where cause = 2")
        self.assertEqual(rows + tallied, quarantined)
        status = json.loads(bed.run("db", "status", "--config", bed.config, "--json").stdout)
        self.assertEqual((status["onlyCounted"], status["refusedTokens"]), (tallied, 3))


class Quota(unittest.TestCase):
    """Promise 13, the counting half: a loud cluster is counted exactly, and costs the others nothing."""

    def test_over_quota_every_event_is_stored_or_counted(self):
        quiet = "shoot--test--quiet-0a1b2c3d-1111-2222-3333-444455556666-local"
        with Testbed(quota=90) as bed:  # burst 30
            bed.migrate()
            bed.start()
            loud_token, quiet_token = bed.token(), bed.token(quiet)
            for number in range(1500):
                self.assertEqual(bed.post(event(), loud_token)[0], 200)
                if number % 100 == 0:
                    self.assertEqual(bed.post(event(quiet), quiet_token)[0], 200)
            stored = "select count(*) from falconer.events where cluster = '{}'"
            counted = ("select coalesce(sum(t.count), 0) from falconer.tally t join falconer.cluster c on c.id = t.cluster "
                       f"where c.identity = '{CLUSTER}' and t.cause = 1")
            kept = bed.count(stored.format(CLUSTER))
            self.assertEqual(kept + bed.count(counted), 1500)
            self.assertLess(kept, 60)
            self.assertGreater(bed.count(stored.format(CLUSTER) + " and flags & 8 <> 0"), 0, "samples are marked")
            self.assertEqual(bed.count(stored.format(quiet)), 15)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
