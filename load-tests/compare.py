"""Compares receivers under the same load and prints a table in Markdown. See compare.sh.

Every measurement starts the receiver and a PostgreSQL of its own anew; contenders take turns, and the
table holds medians over the rounds. The load is push_load: closed loop, N senders with one request in
flight each, realistic events of 200 clusters, every event with a uuid of its own.
"""

import argparse
import datetime
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import measure
from contenders import GO_INGESTOR, GO_STAND_IN, ROOT, Falconer, FalconerBefore, GoIngestor, available


def note(text):
    print(text, file=sys.stderr, flush=True)


def one_run(make, tls, senders, seconds, folder):
    """One contender, started anew, under one load. Figures as a dict."""
    with make(tls=tls) as contender:
        acknowledged = folder / "acknowledged"
        contender.push("--connections", senders, "--seconds", 1)  # caches and connections
        contender.settle()
        receiver_before, store_before = contender.cost()
        report = contender.push("--connections", senders, "--seconds", seconds, "--acknowledged", acknowledged)
        contender.settle()
        receiver_after, store_after = contender.cost()
        events = sum(count for status, count in report["status"].items() if status.startswith("2"))
        return {
            "contender": contender.name + (" (TLS)" if tls else ""), "senders": senders,
            "per_second": report["per_second"], "p50": report["p50_ms"], "p99": report["p99_ms"],
            "receiver_us": (receiver_after - receiver_before) * 1e6 / events,
            "store_us": (store_after - store_before) * 1e6 / events,
            "sender_us": report["cpu_us_per_request"],
            "memory": measure.peak_memory_mib(contender.process.pid),
            "events": events, "missing": contender.missing(acknowledged),
            "other": {**{s: n for s, n in report["status"].items() if s != "200"}, **report["errors"]},
        }


class BareCopy:
    """What PostgreSQL takes of the same rows into the same table with nothing in front of it: rows that
    a run of Falconer stored, copied out, then in again by one COPY."""

    def __init__(self, senders, seconds):
        self.falconer = Falconer()
        self.falconer.push("--connections", senders, "--seconds", seconds)
        self.falconer.settle()
        self.falconer.process.kill()
        self.falconer.process.wait()
        self.rows = self.falconer.stored()
        self.file = pathlib.Path(self.falconer.bed.pg["host"]) / "rows"
        self.columns = self.falconer.sql(
            "select string_agg(quote_ident(attname), ',' order by attnum) from pg_attribute where attrelid = "
            "'falconer.event'::regclass and attnum > 0 and not attisdropped and attgenerated = ''")
        self.falconer.sql(f"copy (select {self.columns} from falconer.event) to '{self.file}' (format binary)")

    def once(self):
        """Rows per second."""
        self.falconer.sql("truncate falconer.event")
        self.falconer.sql("checkpoint")
        begin = time.monotonic()
        with open(self.file, "rb") as source:
            subprocess.run(
                ["psql", "-X", "-q", "-h", self.falconer.bed.pg["host"], "-p", self.falconer.bed.pg["port"],
                 "-U", "postgres", "-d", "falconer", "-c",
                 f"copy falconer.event ({self.columns}) from stdin (format binary)"],
                stdin=source, check=True)
        return self.rows / (time.monotonic() - begin)

    def close(self):
        self.falconer.close()


def against_before(rows):
    """What this version costs against the one before, pair by pair: the rounds' ratios and their median."""
    groups, lines = grouped(rows), []
    for (name, senders), ours in sorted(groups.items(), key=lambda item: (item[0][1], item[0][0])):
        theirs = groups.get((name.replace(Falconer.name, FalconerBefore.name), senders))
        if name in (Falconer.name, Falconer.name + " (TLS)") and theirs:
            for key, what in (("per_second", "requests/s"), ("receiver_us", "receiver µs/event"),
                              ("store_us", "PostgreSQL µs/event"), ("p99", "p99")):
                pairs = [now[key] / then[key] for now, then in zip(ours, theirs)]
                lines.append(f"| {name} | {senders} | {what} | {statistics.median(pairs):.3f} | {min(pairs):.3f}–{max(pairs):.3f} |")
    return lines


def open_loop(rate, senders, seconds):
    """Row 4: the latency at a rate that is offered whatever the answers do."""
    with Falconer() as falconer:
        falconer.push("--connections", senders, "--seconds", 1)
        return falconer.push("--connections", senders, "--rate", rate, "--seconds", seconds, "--warm-up", 1)


def crowd(idle, senders, seconds):
    """Row 5: memory with many silent senders beside full load."""
    with Falconer() as falconer:
        report = falconer.push("--idle", idle, "--connections", senders, "--seconds", seconds)
        return {"memory": measure.peak_memory_mib(falconer.process.pid), **report}


def table(rows):
    lines = ["| receiver | senders | requests/s (range) | p50 ms | p99 ms | receiver µs/event | PostgreSQL µs/event "
             "| sender µs/event | peak MiB | events | acknowledged, not stored |",
             "|---|---|---|---|---|---|---|---|---|---|---|"]
    for (name, senders), group in sorted(grouped(rows).items(), key=lambda item: (item[0][1], item[0][0])):
        speeds = [row["per_second"] for row in group]
        middle = {key: measure.median(group, key)
                  for key in ("p50", "p99", "receiver_us", "store_us", "sender_us", "memory")}
        lines.append(
            f"| {name} | {senders} | {statistics.median(speeds):,.0f} ({min(speeds):,.0f}–{max(speeds):,.0f}) "
            f"| {middle['p50']:.1f} | {middle['p99']:.1f} | {middle['receiver_us']:.1f} | {middle['store_us']:.1f} "
            f"| {middle['sender_us']:.1f} | {middle['memory']:.0f} | {sum(row['events'] for row in group):,} "
            f"| {sum(row['missing'] for row in group)} |")
    return lines


def grouped(rows):
    groups = {}
    for row in rows:
        groups.setdefault((row["contender"], row["senders"]), []).append(row)
    return groups


def ratios(rows, copy_speeds):
    """The promises' rows 1 to 3, each with what it should be."""
    groups, lines = grouped(rows), []
    for senders, wanted in ((64, 2.5), (256, 3.5)):
        ours, theirs = groups.get(("falconer", senders)), groups.get((GoIngestor.name, senders))
        if ours and theirs:
            speed = measure.median(ours, "per_second") / measure.median(theirs, "per_second")
            cpu = measure.median(ours, "receiver_us") / measure.median(theirs, "receiver_us")
            lines.append(f"| 1 | events/s, durable, against {GoIngestor.name}, {senders} senders | {speed:.2f} × | ≥ {wanted} × |")
            lines.append(f"| 2 | CPU per event against {GoIngestor.name}, {senders} senders | 1/{1 / cpu:.1f} | ≤ 1/8 |")
    for name in ("falconer", "falconer (TLS)"):
        ours = groups.get((name, 256))
        if ours and copy_speeds:
            share = measure.median(ours, "per_second") / statistics.median(copy_speeds)
            lines.append(f"| 3 | {name} against bare COPY ({statistics.median(copy_speeds):,.0f} rows/s), 256 senders "
                         f"| {share:.0%} | {'≥ 40 %' if name == 'falconer' else 'for comparison'} |")
    return lines


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--senders", default="16,64,256")
    options.add_argument("--skip", default="", help="comma list of: go, tls, copy, open, crowd")
    options.add_argument("--raw", help="also write every run as JSON lines to this file")
    options = options.parse_args()
    skip = set(options.skip.split(","))
    makes = [make for make in available() if "go" not in skip or make is not GoIngestor]
    cases = [(make, False) for make in makes]
    if "tls" not in skip:
        cases += [(make, True) for make in makes]
    rows, copy_speeds = [], []
    copy = BareCopy(256, options.seconds) if "copy" not in skip else None
    with tempfile.TemporaryDirectory(prefix="falconer-compare.") as folder:
        for number in range(options.rounds):
            if copy:
                copy_speeds.append(copy.once())
                note(f"round {number + 1}: bare COPY: {copy_speeds[-1]:,.0f} rows/s")
            for senders in map(int, options.senders.split(",")):
                for make, tls in cases if number % 2 == 0 else reversed(cases):
                    row = one_run(make, tls, senders, options.seconds, pathlib.Path(folder))
                    rows.append(row)
                    note(f"round {number + 1}: {row['contender']} {senders} senders: {row['per_second']:,.0f}/s, p99 "
                         f"{row['p99']:.1f} ms, {row['receiver_us']:.1f} µs, missing {row['missing']}, other {row['other']}")
    if copy:
        copy.close()
    promises = ratios(rows, copy_speeds)
    if "open" not in skip:
        runs = [open_loop(5000, 64, 2 * options.seconds) for _ in range(options.rounds)]
        note("open loop: " + ", ".join(f"p99 {run['p99_ms']:.1f} ms" for run in runs))
        promises.append(f"| 4 | p99 at 5,000 events/s offered to 64 senders "
                        f"| {statistics.median(run['p99_ms'] for run in runs):.1f} ms | ≤ 10 ms |")
    if "crowd" not in skip:
        run = crowd(5000, 64, 2 * options.seconds)
        note(f"crowd: {run['memory']:.0f} MiB, {run['idle_open']} idle, {run['per_second']:,.0f}/s, {run['errors']}")
        promises.append(f"| 5 | peak memory with {run['idle_open']:,} idle senders and full load "
                        f"({run['per_second']:,.0f}/s) | {run['memory']:.0f} MiB | ≤ 64 MiB |")
    if options.raw:
        pathlib.Path(options.raw).write_text("".join(json.dumps(row) + "\n" for row in rows))

    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    postgres = subprocess.run(["psql", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    print(f"{datetime.date.today()}, commit {commit}, {measure.machine()}, PostgreSQL {postgres} untuned, fsync on. "
          f"Sender, receiver and PostgreSQL share the cores. {options.rounds} rounds of {options.seconds:g} s, medians.\n")
    print("\n".join(table(rows)))
    print("\n| row | what | measured | promised |\n|---|---|---|---|")
    print("\n".join(promises))
    if compared := against_before(rows):
        print("\n| receiver | senders | what | now / before, median of the rounds | range |\n|---|---|---|---|---|")
        print("\n".join(compared))
    if not GO_INGESTOR and "go" not in skip:
        print("\nThe Go ingestor itself was not at hand (FALCO_EVENT_INGESTOR is not set): "
              + ("rows 1 and 2 are against load-tests/go-ingestor, which is ours and written to its description."
                 if GO_STAND_IN else "rows 1 and 2 were not measured."))
    lost = sum(row["missing"] for row in rows if row["contender"].startswith("falconer"))
    if lost:
        sys.exit(f"Falconer acknowledged {lost} events that are not stored")


if __name__ == "__main__":
    main()
