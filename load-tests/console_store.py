"""Fills a store with events for console.py: so many over so many days, as if they had been ingested.

    console_store.py --host FOLDER --port PORT --events 200000 [--days 7] [--clusters 200] [--seed 1] [--workers 2]

The store must have Falconer's schema and no events. The SQL is in console_events.sql; counting is done by the
schema's own functions, as the ingestor has it done.
"""

import argparse
import concurrent.futures
import datetime
import math
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PART = 100_000  # events in one transaction


class Psql:
    def __init__(self, host, port, database="falconer"):
        self.command = ["psql", "-X", "-At", "-q", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", str(port), "-U", "postgres", "-d", database]

    def __call__(self, sql, **variables):
        """What a script answers. Variables as psql has them."""
        given = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        done = subprocess.run([*self.command, *given], input=sql, text=True, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.strip()


def days_of(psql, events, first, last):
    """Ranges of numbers of events, one a UTC day, each a whole number of batches; what a range has of the
    next day is little."""
    borders, day = [0], first + datetime.timedelta(days=1)
    while day <= last:
        low, high = borders[-1], events  # the first event of that day lies between
        while low < high:
            middle = (low + high) // 2
            is_earlier = psql(f"SELECT made.receipt({middle}, p) < '{day} 00:00Z' FROM made.plan p") == "t"
            low, high = (middle + 1, high) if is_earlier else (low, middle)
        borders.append(math.ceil(low / 100) * 100)
        day += datetime.timedelta(days=1)
    return [each for each in zip(borders, [*borders[1:], events]) if each[0] < each[1]]


def fill(psql, events, days=7.0, clusters=200, seed=1, workers=2, until=None, note=print):
    """Returns the seconds it took. `until`: the receipt of the newest event, as ISO 8601; else now."""
    began = time.monotonic()
    until = until or datetime.datetime.now(datetime.timezone.utc).isoformat()
    assert psql("SELECT count(*) FROM (SELECT FROM falconer.event LIMIT 1) e") == "0", "there are events already"
    psql((HERE / "console_events.sql").read_text(), seed=seed, events=events, clusters=clusters, days=days, until=until)
    first, last = (datetime.date.fromisoformat(each) for each in psql(
        "SELECT (made.receipt(0, p) AT TIME ZONE 'UTC')::date FROM made.plan p UNION ALL SELECT (until AT TIME ZONE 'UTC')::date FROM made.plan").split())
    for day in range((last - first).days + 3):  # and tomorrow, as the ingestor would have it
        psql(f"SELECT falconer.ensure_day('{first}'::date + {day})")
    note(f"workloads are there after {time.monotonic() - began:.0f} s")

    def fill_day(day):
        for begin in range(day[0], day[1], PART):
            psql(f"SELECT made.fill({begin}, {min(begin + PART, day[1])})")

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(fill_day, day) for day in days_of(psql, events, first, last)]:
            done.result()
    note(f"events are there after {time.monotonic() - began:.0f} s")
    psql("SELECT setval(pg_get_serial_sequence('falconer.batch', 'seq'), max(seq)) FROM falconer.batch")
    while psql("SELECT more FROM falconer.roll_up(10000)") == "t":
        pass
    note(f"they are counted after {time.monotonic() - began:.0f} s")
    psql((HERE / "console_aside.sql").read_text())
    psql("DROP SCHEMA made CASCADE")
    partitions = psql("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'falconer.event'::regclass").split()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:  # as autovacuum does in a store that lives
        list(pool.map(lambda each: psql(f"VACUUM (ANALYZE) {each}"), partitions))
    psql("ANALYZE falconer.event; VACUUM (ANALYZE) falconer.rollup, falconer.rollup_day, falconer.batch, falconer.cluster, falconer.text, falconer.quarantine, falconer.tally")
    return time.monotonic() - began


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--host", required=True)
    words.add_argument("--port", required=True, type=int)
    words.add_argument("--events", type=int, default=10_000_000)
    words.add_argument("--days", type=float, default=7)
    words.add_argument("--clusters", type=int, default=200)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--workers", type=int, default=2)
    said = words.parse_args()
    seconds = fill(Psql(said.host, said.port), said.events, said.days, said.clusters, said.seed, said.workers,
                   note=lambda text: print(text, file=sys.stderr, flush=True))
    print(f"{said.events:,} events in {seconds:.0f} s")


if __name__ == "__main__":
    main()
