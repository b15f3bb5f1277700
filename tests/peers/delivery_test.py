"""From the sender through Falconer into PostgreSQL, over TLS: every value arrives unchanged, and two
Falconers restarted in turn behind a balancer lose nothing (promise 10)."""

import json
import os
import pathlib
import subprocess
import threading
import time
import unittest

import balancer
import values
from sender import REAL, Sender, webhook
import tokens
from testbed import CLUSTER, FALCONER, Testbed, event, eventually, free_port, merge

ROUNDS = int(os.environ.get("FALCONER_RESTART_ROUNDS", "2"))
PER_SECOND = 100  # fed to each of the two senders

# One JSON text per stored event, with the keys of the wire.
STORED = os.environ.get("FALCONER_STORED_SQL") or """
select json_build_object(
    'output', output, 'priority', priority, 'rule', rule, 'source', source, 'hostname', hostname,
    'tags', tags, 'output_fields', output_fields,
    'time', to_char(time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || lpad(time_nanos::text, 3, '0') || 'Z')
from falconer.events"""


def with_tls(home):
    """The configuration of an ingestor whose certificate home/ca.crt has signed."""
    return {"ingestor": {"tls": {"certificateFile": str(home / "server.crt"), "keyFile": str(home / "server.key")},
                         "drain": {"accept": "1s", "idle": "2s", "limit": "30s"}}}


class Replica:
    """One more falconer on the store of a testbed, with ports and a spool of its own."""

    def __init__(self, bed, name):
        self.port, self.health = free_port(), free_port()
        config = json.loads(bed.config.read_text())
        merge(config, {"ingestor": {"listen": f"127.0.0.1:{self.port}",
                                    "spool": {"directory": str(bed.home / f"spool-{name}")}},
                       "metrics": {"listen": f"127.0.0.1:{free_port()}"},
                       "health": {"listen": f"127.0.0.1:{self.health}"}})
        self.config = bed.home / f"falconer-{name}.yaml"
        self.config.write_text(json.dumps(config))
        self.log = open(bed.home / f"falconer-{name}.log", "ab")
        self.bed = bed
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [FALCONER, "serve", "--config", self.config, "--roles", "ingestor"], stdout=self.log, stderr=self.log)
        eventually(self.ready, 180, f"{self.config.name} is ready")

    def ready(self):
        assert self.process.poll() is None, f"{self.config.name} ended: {pathlib.Path(self.log.name).read_text()}"
        try:
            return self.bed.get(self.health, "/readyz")[0] == 200
        except OSError:
            return False

    def restart(self):
        self.process.terminate()
        code = self.process.wait(180)  # it may drain for 30 s
        self.start()
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Delivery(unittest.TestCase):
    def bed(self):
        bed = Testbed()
        self.addCleanup(bed.close)
        tokens.make_certificate(bed.home)
        config = json.loads(bed.config.read_text())
        merge(config, with_tls(bed.home))
        bed.config.write_text(json.dumps(config))
        bed.migrate()
        return bed

    def sender(self, bed, port, token=None):
        url = f"https://127.0.0.1:{port}/ingestor/api/v1/push"
        sender = Sender(bed.home, webhook(url, token or bed.token(), CLUSTER, bed.home / "ca.crt"))
        self.addCleanup(sender.close)
        return sender

    def test_every_value_arrives_unchanged(self):
        bed = self.bed()
        bed.start()
        eventually(lambda: bed.get(bed.health_port, "/readyz")[0] == 200, 180, "falconer is ready")
        sender = self.sender(bed, bed.port)
        fed = values.events()
        for one in fed:
            sender.feed(values.dump(one))
        eventually(lambda: sender.outputs("ok") + sender.outputs("error") == len(fed), 120, "all were posted")
        self.assertEqual(sender.outputs("error"), 0, sender.said())
        # By way of the spool, if the store was slow.
        eventually(lambda: bed.count("select count(*) from falconer.event") == len(fed), 180, f"all {len(fed)} are stored")
        stored = [values.load(line) for line in bed.psql(STORED, "falconer").split("\n")]
        self.assertEqual(len(stored), len(fed))
        wrong = []
        for arrived in stored:
            serial = int(arrived["output_fields"]["test.serial"])
            wrong += [f"event {serial}: {line}" for line in values.differences(fed[serial], arrived, CLUSTER)]
        self.assertEqual(wrong, [])

    def test_a_refused_event_is_an_error_at_the_sender(self):
        bed = self.bed()
        bed.start()
        eventually(lambda: bed.get(bed.health_port, "/readyz")[0] == 200, 180, "falconer is ready")
        sender = self.sender(bed, bed.port, token="no.such.token")
        sender.feed(values.dump(values.events()[0]))
        eventually(lambda: sender.outputs("error") == 1, 180, "the refusal is counted")
        self.assertEqual(sender.outputs("ok"), 0)
        self.assertEqual(bed.count("select count(*) from falconer.event"), 0)

    def test_two_falconers_restarted_in_turn_and_the_sender_sees_no_error(self):
        bed = self.bed()
        replicas = [Replica(bed, name) for name in "ab"]
        for replica in replicas:
            self.addCleanup(replica.close)
        between, port = balancer.start([(replica.port, replica.health) for replica in replicas])
        self.addCleanup(lambda: (between.kill(), between.wait()))
        senders = [self.sender(bed, port) for _ in range(2)]  # as many as the extension runs
        over, fed = threading.Event(), [0, 0]

        def feed(n):
            while not over.is_set():
                senders[n].feed(event())
                fed[n] += 1
                time.sleep(1 / PER_SECOND)

        feeders = [threading.Thread(target=feed, args=(n,)) for n in range(2)]
        for feeder in feeders:
            feeder.start()
        codes = []

        def more():
            """Both senders have been given another hundred."""
            until = [each + PER_SECOND for each in fed]
            eventually(lambda: all(each >= least for each, least in zip(fed, until)), 180, "events are fed")
        try:
            for _ in range(ROUNDS):
                for replica in replicas:
                    more()
                    codes.append(replica.restart())
            more()
        finally:
            over.set()
            for feeder in feeders:
                feeder.join(60)
        eventually(lambda: all(s.outputs("ok") + s.outputs("error") == n for s, n in zip(senders, fed)), 180,
                   "every event was posted")
        print(f"restarts={len(codes)} fed={sum(fed)} sender={'falcosidekick' if REAL else 'webhook-sender'}")
        self.assertEqual([s.outputs("error") for s in senders], [0, 0], senders[0].said() + senders[1].said())
        self.assertEqual(set(codes), {0}, "every restart ended in order")
        eventually(lambda: bed.count("select count(*) from falconer.event") == sum(fed), 180,
                   f"all {sum(fed)} are stored")


if __name__ == "__main__":
    unittest.main(verbosity=2)
