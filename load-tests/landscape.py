"""The landscape's page over many clusters: how long the numbers take that it shows. See landscape.sh; FALCONER_BUILD names the folder of `falconer`.

A month of batches is put into a store (landscape.sql) and counted by the schema's own functions, as the ingestor has it done. Then the page's
question is asked over HTTP by somebody who sees everything, by somebody who sees 50 projects, and by an owner of one; each time something else is
asked for, so that nothing comes from an answer of a moment ago. With 20 suppressions; one of them looks into events, of which there are none.
"""

import argparse
import datetime
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("FALCONER_BUILD", str(ROOT / "build" / "release"))
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tests" / "support")]

import measure  # noqa: E402
from console_store import Psql  # noqa: E402
from testbed import Testbed  # noqa: E402

PROMISED = 1000  # milliseconds
MOST_ROUNDS = 1000
PEOPLE = {
    "operator": {"everything": True, "mayTriage": True},
    "lead": {"projects": [f"p{number}" for number in range(50)]},
    "owner": {"projects": ["p7"]},
}


def note(text):
    print(text, file=sys.stderr, flush=True)


class Person:
    def __init__(self, port, name):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self.headers = {"X-Requested-With": "falconer"}
        self.headers["Cookie"] = self.ask("POST", "/api/v1/session", {"user": name, "password": "correct horse"})[1].split(";")[0]

    def ask(self, method, path, body=None):
        """The answer, its cookie, and the milliseconds until all of it was there."""
        began = time.monotonic()
        self.connection.request(method, path, None if body is None else json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (path, answer.status, text[:500])
        return json.loads(text), answer.getheader("Set-Cookie", ""), 1000 * (time.monotonic() - began)

    def landscape(self, **asked):
        page, _, took = self.ask("GET", "/api/v1/landscape?" + urllib.parse.urlencode(asked))
        return page, took


def fill(psql, clusters, days):
    began = time.monotonic()
    psql((ROOT / "load-tests" / "landscape.sql").read_text(), clusters=clusters, days=days)
    for way in ("SELECT coalesce(more, true) FROM falconer.roll_up(10)", "SELECT coalesce(more, true) FROM falconer.follow_rollups(10)"):
        rounds = 0
        while psql(way) == "t":
            rounds += 1
            assert rounds < MOST_ROUNDS, way
    psql("VACUUM (ANALYZE)")
    return time.monotonic() - began


def suppress(person):
    until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for number in range(20):
        text = f'rule:"Rule {number + 1}" process:cron' if number == 0 else f'rule:"Rule {number + 1}"'
        person.ask("POST", "/api/v1/suppressions", {"filter": text, "project": f"p{number}", "reason": "load", "expires": until})


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--clusters", type=int, default=10_000)
    words.add_argument("--days", type=int, default=30)
    words.add_argument("--runs", type=int, default=15)
    said = words.parse_args()
    with Testbed(roles="console") as bed:
        port = bed.port  # who starts it waits until it listens there
        users = bed.home / "users.yaml"
        users.write_text(json.dumps({"users": [{"name": name, "title": name, "password": "correct horse", **may} for name, may in PEOPLE.items()]}))
        bed.extra["console"] = {"listen": f"127.0.0.1:{port}", "demoUsersFile": str(users)}
        bed.config = bed._write_config()
        bed.migrate()
        psql = Psql(bed.pg["host"], bed.pg["port"])
        filled = fill(psql, said.clusters, said.days)
        note(f"counted after {filled:.0f} s")
        bed.start()
        suppress(Person(port, "operator"))
        lines, missed = [], []
        for name in PEOPLE:
            person = Person(port, name)
            for days in (7, min(30, said.days)):
                took, page = [], None
                for run in range(said.runs):  # another limit is another question
                    page, milliseconds = person.landscape(days=days, limit=20 + run)
                    took.append(milliseconds)
                middle, worst = statistics.median(took), max(took)
                if worst > PROMISED:
                    missed.append(f"{name}, {days} days")
                lines.append(f"| {name}, {days} days | {middle:,.0f} ms | {worst:,.0f} ms | ≤ {PROMISED:,} ms | {page['count']:,} events of {page['clusters']:,} clusters, "
                             f"{len(page['projects'])} projects, {page['hidden']:,} hidden |")
                note(lines[-1])
        commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
        print(f"{datetime.date.today()}, commit {commit}, {measure.machine()}, load {os.getloadavg()[0]:.0f}, {said.clusters:,} clusters, {said.days} days "
              f"(made and counted in {filled:.0f} s), PostgreSQL untuned, {said.runs} runs; 20 suppressions.\n")
        print("\n".join(["| who asks, for what | median | worst | promised | |", "|---|---|---|---|---|", *lines]))
    if missed:
        sys.exit("not reached: " + "; ".join(missed))


if __name__ == "__main__":
    main()
