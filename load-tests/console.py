"""The console over many events: how long a page, facets, a histogram take, how late the tail is, what a file
costs, and the process's memory. See console.sh; FALCONER_BUILD names the folder of `falconer` and `push_load`.

Every question is asked as the page asks it, over HTTP, by one who is signed in. The table has the median and
the worst of all runs, the very first among them.
"""

import argparse
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("FALCONER_BUILD", str(ROOT / "build" / "release"))
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tests" / "support")]

import measure  # noqa: E402
import tokens  # noqa: E402
from console_store import Psql, fill  # noqa: E402
from testbed import BUILD, CLUSTER, Testbed, event  # noqa: E402

USERS = {"users": [{"name": "operator", "title": "sees every cluster", "password": "correct horse", "everything": True}]}
FACETS = ["priority", "rule", "cluster", "namespace", "workload", "image", "host", "tag", "source"]  # as the page begins with


def note(text):
    print(text, file=sys.stderr, flush=True)


class Bed(Testbed):
    """A falconer of its own in front of a store that may be another's."""

    def __init__(self, roles, store=None):
        self.store = store
        super().__init__(roles=roles)
        if roles == "console":
            users = self.home / "users.yaml"
            users.write_text(json.dumps(USERS))
            self.extra["console"] = {"listen": f"127.0.0.1:{self.port}", "demoUsersFile": str(users)}
            self.config = self._write_config()

    def _start_postgres(self):
        if self.store:
            self.pg = dict(self.store)
        else:
            super()._start_postgres()


class Browser:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self.headers = {"X-Requested-With": "falconer"}
        self.connection.request("POST", "/api/v1/session", json.dumps({"user": "operator", "password": "correct horse"}), self.headers)
        answer = self.connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        self.headers["Cookie"] = answer.getheader("Set-Cookie").split(";")[0]

    def open(self, path, **parameters):
        self.connection.request("GET", f"/api/v1/{path}?" + urllib.parse.urlencode(parameters, doseq=True), headers=self.headers)
        answer = self.connection.getresponse()
        assert answer.status == 200, (path, parameters, answer.status, answer.read()[:500])
        return answer

    def ask(self, path, **parameters):
        """The answer, and the milliseconds until all of it was there."""
        began = time.monotonic()
        text = self.open(path, **parameters).read()
        return json.loads(text), 1000 * (time.monotonic() - began)


class Table:
    def __init__(self):
        self.lines, self.missed = [], []

    def row(self, what, took, promised=None, said="", unit="ms"):
        """`took`: of each run. `promised`: the most that the median may be."""
        middle, worst = statistics.median(took), max(took)
        if promised and middle > promised:
            self.missed.append(what)
        self.lines.append(f"| {what} | {middle:,.0f} {unit} | {worst:,.0f} {unit} | {f'≤ {promised:,} {unit}' if promised else '–'} | {said} |")
        note(self.lines[-1])

    def text(self):
        return "\n".join(["| what | median | worst | promised | |", "|---|---|---|---|---|", *self.lines])


class Store:
    """What is in the store, so that questions can be asked about it."""

    def __init__(self, psql, seed):
        self.psql = psql
        loud = "SELECT c.identity, c.project FROM falconer.rollup_day d JOIN falconer.cluster c ON c.id = d.cluster GROUP BY 1, 2 ORDER BY sum(d.count) DESC, 1 LIMIT 1"
        self.loud, self.project = psql(loud).split("|")
        self.quiet = psql("SELECT identity FROM falconer.cluster WHERE project = 'quiet'")
        self.pod = psql("SELECT output_fields ->> 'k8s.pod.name' FROM falconer.event ORDER BY received DESC LIMIT 1")
        self.needle = f"in-the-haystack-{seed}"
        # The last day that is whole.
        self.day = datetime.date.fromisoformat(psql("SELECT (max(received) AT TIME ZONE 'UTC')::date - 1 FROM falconer.event"))
        self.events = int(psql("SELECT sum(count) FROM falconer.rollup_day"))

    def project_day(self):
        return {"q": f"project:{self.project}", "since": f"{self.day}T00:00:00Z", "until": f"{self.day + datetime.timedelta(days=1)}T00:00:00Z"}

    def of_project_day(self):
        return int(self.psql(f"SELECT sum(d.count) FROM falconer.rollup_day d JOIN falconer.cluster c ON c.id = d.cluster WHERE c.project = '{self.project}' AND d.day = '{self.day}'"))


def pages(table, browser, store, runs):
    kinds = {
        "first page": {},
        "first page, priority>=error": {"q": "priority>=error"},
        "first page, the loudest cluster": {"q": f'cluster:"{store.loud}"'},
        "first page, a cluster of five events": {"q": f'cluster:"{store.quiet}"'},
        "first page, a project": {"q": f"project:{store.project}"},
        "first page, a project's day": store.project_day(),
        "first page, a frequent word": {"q": "curl"},
        "first page, a rare word": {"q": "memfd"},
        "first page, a rule": {"q": 'rule:"Netcat Remote Code Execution in Container"'},
        "first page, a field": {"q": "process:nc"},
        "first page, one pod": {"q": f"pod:{store.pod}"},
        "first page, a tag but not a namespace": {"q": "tag:T1059 -namespace:shop"},
    }
    for what, parameters in kinds.items():
        answers = [browser.ask("events", **parameters) for _ in range(runs)]
        page = answers[-1][0]
        table.row(what, [took for _, took in answers], 300, f"{len(page['events'])} events" + ("" if page["complete"] else ", as far as " + page["reached"]))
    took, cursor = [], browser.ask("events")[0]["next"]
    for _ in range(4 * runs):
        page, each = browser.ask("events", cursor=cursor)
        took.append(each)
        cursor = page["next"]
    table.row("next pages", took, 300, f"{len(took)} one after the other")


def needle(table, browser, store, runs):
    """The one event of its kind, for one who knows the project and the day, and for one who knows neither."""
    found = store.psql(f"SELECT c.project, (e.received AT TIME ZONE 'UTC')::date, e.id FROM falconer.event e JOIN falconer.cluster c ON c.id = e.cluster WHERE strpos(e.output, '{store.needle}') > 0")
    project, day, identity = found.split("|")
    day = datetime.date.fromisoformat(day)
    whole_day = {"since": f"{day}T00:00:00Z", "until": f"{day + datetime.timedelta(days=1)}T00:00:00Z"}
    for what, parameters in {"the needle, in its project's day": {"q": f"project:{project} {store.needle}", **whole_day}, "the needle, in its day": {"q": store.needle, **whole_day},
                             "the needle, by its field": {"q": f"proc.cmdline:*{store.needle}*"}, "the needle, anywhere": {"q": store.needle}}.items():
        took, asked = [], []
        for _ in range(min(runs, 3)):
            began, cursor, pages = time.monotonic(), {}, 0
            while True:
                page, _ = browser.ask("events", **parameters, **cursor)
                pages += 1
                if page["events"]:
                    break
                assert page["next"], "the needle was not found"
                cursor = {"cursor": page["next"]}
            assert page["events"][0]["uuid"] == identity, page["events"]
            took.append(1000 * (time.monotonic() - began))
            asked.append(pages)
        table.row(what, took, None, f"{statistics.median(asked):.0f} questions until it was there")
    table.row("an event by its uuid", [browser.ask("events/" + identity)[1] for _ in range(runs)], 300)


def counts(table, browser, store, runs):
    whole = store.project_day()
    there = store.of_project_day()
    histogram = browser.ask("histogram", **whole)[0]
    assert histogram["total"] == there and histogram["exact"], (histogram["total"], there)
    both = []
    for _ in range(runs):
        both.append(browser.ask("facets", field=FACETS, limit=6, **whole)[1] + browser.ask("histogram", **whole)[1])
    table.row("facets and histogram of a project's day", both, 1000, f"{there:,} events")
    table.row("… facets from the roll-ups only", [browser.ask("facets", field=["rule", "priority", "cluster"], **whole)[1] for _ in range(runs)])
    table.row("… histogram only", [browser.ask("histogram", **whole)[1] for _ in range(runs)])
    filtered = {**whole, "q": whole["q"] + " curl"}
    table.row("… both, with a word", [browser.ask("facets", field=FACETS, limit=6, **filtered)[1] + browser.ask("histogram", **filtered)[1] for _ in range(runs)], None)
    table.row("facets of everything", [browser.ask("facets", field=FACETS, limit=6)[1] for _ in range(runs)])
    everything = [browser.ask("histogram") for _ in range(runs)]
    assert everything[0][0]["total"] >= store.events, (everything[0][0]["total"], store.events)
    table.row("histogram of everything", [took for _, took in everything], None, f"{everything[0][0]['total']:,} events")
    table.row("clusters", [browser.ask("clusters")[1] for _ in range(runs)])


def opened(table, port, store, runs):
    """What the page asks when it is opened, all at once as a browser does: until the last has come."""
    browsers, took = [Browser(port) for _ in range(3)], []
    day = {key: value for key, value in store.project_day().items() if key != "q"}
    for _ in range(runs):
        began = time.monotonic()
        threads = [threading.Thread(target=browsers[0].ask, args=("events",), kwargs=day),
                   threading.Thread(target=browsers[1].ask, args=("facets",), kwargs={"field": FACETS, "limit": 6, **day}),
                   threading.Thread(target=browsers[2].ask, args=("histogram",), kwargs=day)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        took.append(1000 * (time.monotonic() - began))
    table.row("page, facets and histogram of a day of all, at once", took)


def tail(table, bed, runs, rate, watchers):
    """From an ingestor's acknowledgement, which comes behind the commit, to the arrival at one who watches,
    while others watch and the ingestor takes `rate` events a second."""
    writer = Bed("ingestor", bed.pg)
    writer.start()
    with contextlib.ExitStack() as held:
        held.callback(writer.close)
        token = writer.token()
        tokens.write_tokens(writer.key, [tokens.shoot(i) for i in range(20)], writer.home / "tokens.txt")
        load = subprocess.Popen(
            [BUILD / "push_load", "--url", f"http://127.0.0.1:{writer.port}/ingestor/api/v1/push", "--tokens", writer.home / "tokens.txt",
             "--events", ROOT / "load-tests" / "events.ndjson", "--connections", "16", "--rate", str(rate), "--seconds", str(runs + 5)],
            stdout=subprocess.PIPE)
        held.callback(load.wait)
        seen, name = {}, "probe-" + uuid.uuid4().hex[:8]

        def watch(question, note_it):
            browser = Browser(bed.port)
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError, AttributeError):
                with browser.open("tail", q=question) as answer:
                    ready.release()
                    while line := answer.readline():
                        if note_it and line.startswith(b"data:") and b"uuid" in line:
                            seen[json.loads(line[5:])["uuid"]] = time.monotonic()
                        if over.is_set():
                            return

        over, ready = threading.Event(), threading.Semaphore(0)
        questions = [f"rule:{name}", *(["priority>=notice"] * (watchers - 1))]
        threads = [threading.Thread(target=watch, args=(each, each.startswith("rule:")), daemon=True) for each in questions]
        for each in threads:
            each.start()
        for _ in threads:
            ready.acquire()
        stored = {}
        for _ in range(runs):
            identity = str(uuid.uuid4())
            status, said = writer.post(event(CLUSTER, identity, rule=name), token)
            assert status == 200, said
            stored[identity] = time.monotonic()
            time.sleep(0.77)  # in step with nothing
        end = time.monotonic() + 30
        while not stored.keys() <= seen.keys() and time.monotonic() < end:
            time.sleep(0.1)
        over.set()
        never = time.monotonic()  # what has not come by now is that late at the least
        report = json.loads(load.communicate()[0])
        table.row(f"tail behind the commit, {watchers} watch", [1000 * (seen.get(each, never) - at) for each, at in stored.items()], 1000, f"{report['per_second']:,.0f} events/s come in")


def file(table, bed, browser, events):
    def resident():
        status = pathlib.Path(f"/proc/{bed.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:"))

    for form in ("ndjson", "csv"):
        began, size, most = time.monotonic(), 0, 0.0
        ours, theirs = measure.cpu_seconds(bed.process.pid), measure.tree_cpu_seconds(bed.postmaster())
        answer = browser.open("export", format=form, limit=events)
        lines = 0
        while piece := answer.read(1 << 20):
            size += len(piece)
            lines += piece.count(b"\n")
            most = max(most, resident())
        seconds = time.monotonic() - began
        ours, theirs = measure.cpu_seconds(bed.process.pid) - ours, measure.tree_cpu_seconds(bed.postmaster()) - theirs
        table.row(f"{form}, {events:,} events", [1000 * seconds], None,
                  f"{events / seconds:,.0f} events/s, {size / seconds / 2**20:.0f} MiB/s, {ours / events * 1e6:.0f} µs of CPU an event and {theirs / events * 1e6:.0f} of PostgreSQL's, "
                  f"memory at most {most:.0f} MiB")
        assert events <= lines <= events + 1 or events > bed.count("SELECT count(*) FROM falconer.event"), lines


def log_plans(psql):
    """PostgreSQL logs how it answers whatever takes longer than 50 ms."""
    settings = ("session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 50", "auto_explain.log_analyze = on",
                "auto_explain.log_buffers = on", "auto_explain.log_timing = off")
    psql("LOAD 'auto_explain';" + "".join(f"ALTER SYSTEM SET {each};" for each in settings) + "SELECT pg_reload_conf()")


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--events", type=int, default=10_000_000)
    words.add_argument("--days", type=float, default=7)
    words.add_argument("--clusters", type=int, default=200)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--runs", type=int, default=15)
    words.add_argument("--rate", type=int, default=200, help="events a second that come in while the tail is measured")
    words.add_argument("--watchers", type=int, default=5, help="who watch the tail")
    words.add_argument("--file", type=int, default=200_000, help="events in a file")
    words.add_argument("--plans", action="store_true", help="PostgreSQL's log, which is shown at the end, has the plans of what is slow")
    words.add_argument("--store", help="what `tests/support/postgres.sh start` wrote: a store that console_store.py has filled")
    said = words.parse_args()
    given = dict(line.split("=", 1) for line in pathlib.Path(said.store).read_text().split()) if said.store else None
    needed = said.events * 1600 + 5 * 10**9
    if not given and shutil.disk_usage(tempfile.gettempdir()).free < needed:
        sys.exit(f"{tempfile.gettempdir()} has no {needed / 1e9:.0f} GB free: set TMPDIR")
    with Bed("console", given) as bed:
        psql = Psql(bed.pg["host"], bed.pg["port"])
        bed.migrate()
        filled = "it was there already"
        if not given:
            bed.psql("ALTER SYSTEM SET max_wal_size = '4GB'")  # nothing else is tuned
            bed.psql("SELECT pg_reload_conf()")
            filled = f"made in {fill(psql, said.events, said.days, said.clusters, said.seed, note=note):.0f} s"
        bed.psql("ALTER SYSTEM SET fsync = on")
        bed.psql("SELECT pg_reload_conf()")
        bed.psql("CHECKPOINT")
        if said.plans:
            log_plans(psql)
        bed.start()
        table, store, browser = Table(), Store(psql, said.seed), Browser(bed.port)
        pages(table, browser, store, said.runs)
        counts(table, browser, store, said.runs)
        opened(table, bed.port, store, said.runs)
        needle(table, browser, store, said.runs)
        file(table, bed, browser, said.file)
        tail(table, bed, 2 * said.runs, said.rate, said.watchers)
        table.row("memory, at most", [measure.peak_memory_mib(bed.process.pid)], 100, unit="MiB")
        commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
        size = psql("SELECT pg_size_pretty(pg_database_size('falconer'))")
        print(f"{datetime.date.today()}, commit {commit}, {measure.machine()}, load {os.getloadavg()[0]:.0f}, {store.events:,} events ({size}, {filled}), "
              f"PostgreSQL untuned, fsync on, {said.runs} runs.\n\n{table.text()}")
        if said.plans:
            note(pathlib.Path(bed.pg["host"], "log").read_text(errors="replace"))
    if table.missed:
        sys.exit("not reached: " + ", ".join(table.missed))


if __name__ == "__main__":
    main()
