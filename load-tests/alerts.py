#!/usr/bin/env python3
"""Alerts under load: from an event that is acknowledged to the webhook that tells of it, and what evaluating costs.

    python3 load-tests/alerts.py [--rate 5000] [--seconds 20] [--projects 200] [--rules 5] [--rounds 2]
    FALCONER_BUILD names the build (default: build/release)

Rounds with and without alerts take turns, each with a PostgreSQL of its own. With them there are so many rules of each project (by field, by
priority, with a threshold, with a calendar), none of which finds what the load sends but must be asked whether it does; twice a second one
project posts an event that one of them finds, and a receiver on this machine notes when it was told. Exit 1 where the 99th percentile is
above 2 s, or something is not told, or told twice.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("FALCONER_BUILD", str(ROOT / "build" / "release"))
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tests" / "support")]
import measure  # noqa: E402
import tokens  # noqa: E402
from alerting import AlertBed, webhook  # noqa: E402
from receiver import Receiver  # noqa: E402
from testbed import BUILD, event, eventually  # noqa: E402

SLOWEST = 2.0  # seconds, 99th percentile
EVERY = 0.5


def note(text):
    print(text, file=sys.stderr, flush=True)


def cluster_of(project):
    return f"shoot--{project}--c-{uuid.uuid5(uuid.NAMESPACE_DNS, project)}-live"


def rules_of(project, count):
    """The first finds the alarms; the others ask for what the load might send."""
    usual = {"receivers": ["hook"], "groupBy": ["workload"], "repeat": "24h"}
    kinds = [
        {"filter": 'rule:"Alarm"', "groupBy": ["proc.cmdline"], "bundleBy": ["proc.cmdline"], "receivers": ["hook"], "wait": "0s", "repeat": "24h"},
        {**usual, "filter": "priority>=emergency process:nobody"},
        {**usual, "filter": "k8s.ns.name:kube-system proc.cmdline:*nobody*", "threshold": {"count": 100, "within": "10m"}},
        {**usual, "filter": "container.image.repository:*/nobody/*", "threshold": {"distinct": "proc.name", "atLeast": 50, "within": "1h"}},
        {**usual, "filter": "tag:nobody -namespace:default", "calendar": {"zone": "Europe/Berlin", "mute": [{"from": "22:00", "till": "06:00"}]}},
    ]
    return [{"name": f"{project} {n}", **kinds[n % len(kinds)]} for n in range(count)]


def write_rules(bed, projects, count):
    lines = []
    for project in projects:
        for rule in rules_of(project, count):
            text = json.dumps(rule).replace("'", "''")
            lines.append(f"select falconer.write_alert_rule('{uuid.uuid4()}', 'load', '{uuid.uuid4()}', '{project}', '{rule['name']}', '{text}', 0);")
    for at in range(0, len(lines), 50):
        bed.psql("\n".join(lines[at:at + 50]), "falconer")


class Alarms(threading.Thread):
    """Posts one now and then, each of another project, and notes when it was acknowledged."""

    def __init__(self, bed, projects):
        super().__init__()
        self.bed, self.projects, self.acknowledged, self.ended = bed, projects, {}, threading.Event()

    def run(self):
        number = 0
        while not self.ended.wait(EVERY):
            cluster, name = cluster_of(self.projects[number % len(self.projects)]), f"alarm {number}"
            status, said = self.bed.post(event(cluster, rule="Alarm", output_fields={"proc.cmdline": name}), self.bed.token(cluster))
            assert status == 200, said
            self.acknowledged[name] = time.monotonic()
            number += 1


def load(bed, clusters, rate, seconds):
    file = bed.home / "tokens.txt"
    file.write_text("\n".join(bed.token(each) for each in clusters) + "\n")
    done = subprocess.run([BUILD / "push_load", "--url", f"http://127.0.0.1:{bed.port}/ingestor/api/v1/push", "--tokens", file, "--events",
                           ROOT / "load-tests" / "events.ndjson", "--connections", "64", "--rate", str(rate), "--warm-up", "2",
                           "--seconds", str(seconds)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def one_round(opt, with_alerts):
    projects = [f"p{number}" for number in range(opt.projects)]
    with Receiver() as hook:
        with AlertBed([], [webhook(hook, name="hook")]) as bed:
            bed.extra["alerts"]["enabled"] = with_alerts
            bed.extra["ingestor"] = {"dailyEvents": 100_000_000, "hardRate": 100_000}
            bed.config = bed._write_config()
            if with_alerts:
                write_rules(bed, projects, opt.rules)
            bed.start()
            if with_alerts:
                eventually(bed.evaluates, what="it evaluates")
            alarms = Alarms(bed, projects)
            before, stored = measure.cpu_seconds(bed.process.pid), measure.tree_cpu_seconds(bed.postmaster())
            alarms.start()
            try:
                said = load(bed, [cluster_of(each) for each in projects], opt.rate, opt.seconds)
            finally:
                alarms.ended.set()
                alarms.join()
            cpu = measure.cpu_seconds(bed.process.pid) - before
            stored = measure.tree_cpu_seconds(bed.postmaster()) - stored
            took = []
            if with_alerts:
                eventually(lambda: len(hook.at("/")) >= len(alarms.acknowledged), 60, "all are told")
                told = {alert["labels"]["proc.cmdline"]: each.at for each in hook.at("/") for alert in each.message["alerts"]}
                assert set(told) == set(alarms.acknowledged), "not all that was acknowledged was told"
                assert len(hook.at("/")) == len(told), "something was told twice"
                took = [max(0.0, told[name] - at) for name, at in alarms.acknowledged.items()]
            return said, cpu, stored, measure.peak_memory_mib(bed.process.pid), took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=5000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--projects", type=int, default=200)
    parser.add_argument("--rules", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    opt = parser.parse_args()
    figures, delays = {True: [], False: []}, []
    for number in range(2 * opt.rounds):
        with_alerts = number % 2 == 1
        said, cpu, stored, memory, took = one_round(opt, with_alerts)
        figures[with_alerts].append((said["per_second"], cpu, stored, memory, said["p99_ms"]))
        delays += took
        note(f"{'with' if with_alerts else 'without'}: {said['per_second']:,.0f}/s, p99 {said['p99_ms']:.1f} ms, {cpu:.1f} s, PostgreSQL {stored:.1f} s, {memory:.0f} MiB")
    delays.sort()
    p99 = delays[min(len(delays) - 1, int(len(delays) * 0.99))]
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    print(f"commit {commit}, {measure.machine()}; {opt.projects * opt.rules:,} rules of {opt.projects} projects, {opt.rate:,.0f} events/s offered, "
          f"{opt.rounds} rounds of {opt.seconds:.0f} s each way.\n")
    print("| alerts | events/s | falconer's CPU | PostgreSQL's CPU | peak MiB | p99 of answers |\n|---|---|---|---|---|---|")
    middle = {}
    for with_alerts in (False, True):
        middle[with_alerts] = [statistics.median(column) for column in zip(*figures[with_alerts])]
        rate, cpu, stored, memory, answer = middle[with_alerts]
        print(f"| {'on' if with_alerts else 'off'} | {rate:,.0f} | {cpu:.1f} s | {stored:.1f} s | {memory:.0f} | {answer:.1f} ms |")
    print(f"| on / off | | {middle[True][1] / middle[False][1]:.2f} | {middle[True][2] / middle[False][2]:.2f} | {middle[True][3] - middle[False][3]:+.0f} | |")
    print(f"\nFrom the answer to the webhook: p50 {statistics.median(delays) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms ({len(delays)} alarms, none lost, none twice).")
    return 0 if p99 <= SLOWEST else 1


if __name__ == "__main__":
    sys.exit(main())
