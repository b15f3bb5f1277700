#!/usr/bin/env python3
"""Messages between a controller and an ingestor in different processes, at the size of a large seed.

    python3 load-tests/split.py [--clusters 5000] [--samples 200]      FALCONER_BUILD names the build (default: build/release)

One ingestor at a real store; we are the controller. Printed: facts per second that an ingestor takes (each cluster's token and heartbeat,
as after a controller's start), and how long it takes from an operator's revocation, committed in the store, until the controller has heard
of it. Exit 1 where the 99th percentile is above 2 s.
"""
import argparse
import http.client
import json
import pathlib
import statistics
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tests" / "support")]
import tokens  # noqa: E402
from testbed import Testbed  # noqa: E402

BATCH = 1000
SLOWEST = 2.0  # seconds, 99th percentile


class Controller:
    numbers = {"tell": 0, "hear": 0}  # of all connections

    def __init__(self, bed):
        self.token = tokens.token(bed.key, "controller:load", lifetime=3600, audience="falconer-peers")
        self.connection = http.client.HTTPConnection("127.0.0.1", bed.port, timeout=60)

    def ask(self, path, **body):
        self.numbers[path] += 1
        text = json.dumps({"version": 1, "reign": "load", "began": 1, "number": self.numbers[path], **body})
        self.connection.request("POST", f"/peer/v1/{path}", text, {
            "Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
        answer = self.connection.getresponse()
        said = answer.read()
        assert answer.status == 200, (answer.status, said[:500])
        return json.loads(said)


def tell_all(controller, clusters):
    """Facts per second."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    facts = [fact for each in clusters for fact in (
        {"to": each, "kind": "token_rotated", "issued": now}, {"to": each, "kind": "heartbeat_expected", "key": "a2V5a2V5a2V5a2V5"})]
    begun = time.monotonic()
    for at in range(0, len(facts), BATCH):
        part = facts[at:at + BATCH]
        said = controller.ask("tell", after=at, upto=at + len(part), messages=part)
        assert said["applied"] == at + len(part) and not said["refused"], said["refused"][:5]
    return len(facts) / (time.monotonic() - begun)


def hear_on(controller, heard, ended):
    """Notes when each cluster's word came."""
    cursors = {}
    while not ended.is_set():
        said = controller.ask("hear", waitMs=1000, cursors=cursors)
        cursors = {said["by"]: said["upto"]}
        for each in said["messages"]:
            if each["kind"] == "tokens_refused":
                heard.setdefault(each["to"], time.monotonic())


def delays(bed, clusters, samples):
    heard, ended = {}, threading.Event()
    listener = threading.Thread(target=hear_on, args=(Controller(bed), heard, ended))
    listener.start()
    asked = {}
    try:
        time.sleep(1)
        for each in clusters[::max(1, len(clusters) // samples)][:samples]:
            bed.psql(f"insert into falconer.cluster_policy (identity, tokens_issued_before) values ('{each}', now())", "falconer")
            asked[each] = time.monotonic()
        end = time.monotonic() + 60
        while len(heard) < len(asked) and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        ended.set()
        listener.join()
    assert len(heard) == len(asked), f"{len(asked) - len(heard)} messages have not come"
    return sorted(max(0.0, heard[each] - asked[each]) for each in asked)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, default=5000)
    parser.add_argument("--samples", type=int, default=200)
    opt = parser.parse_args()
    clusters = [tokens.shoot(i) for i in range(opt.clusters)]
    with Testbed() as bed:
        bed.migrate()
        bed.start()
        rate = tell_all(Controller(bed), clusters)
        took = delays(bed, clusters, opt.samples)
        memory = pathlib.Path(f"/proc/{bed.process.pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in memory.splitlines() if line.startswith("VmRSS"))
    p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
    print(f"clusters                              {opt.clusters}")
    print(f"facts taken per second                {rate:,.0f}")
    print(f"from the store to the controller      p50 {statistics.median(took) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms ({len(took)} samples)")
    print(f"the ingestor's memory then            {resident / 1024:.0f} MiB")
    return 0 if p99 <= SLOWEST else 1


if __name__ == "__main__":
    sys.exit(main())
