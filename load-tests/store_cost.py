#!/usr/bin/env python3
"""What PostgreSQL's process does for an event: its instructions, by Valgrind, and bytes of WAL. Neither depends on what else the machine does.

    load-tests/store_cost.py BUILD_FOLDER [--events 100] [--batches 150] [--sql "DROP INDEX …"]

BUILD_FOLDER has `store_cost` somewhere below (cmake --build BUILD_FOLDER --target store_cost). --sql: what is tried, run when the schema is there.
The server, in a folder of its own under TMPDIR, is slow in this: about 20 s for 15,000 events. `callgrind_annotate --inclusive=yes` shows more
of the file that is named last.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BIN = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))[-1]
AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
CONFIGURATION = "listen_addresses = ''\nunix_socket_directories = '{}'\nfsync = off\nautovacuum = off\njit = off\nauthentication_timeout = 600\n"


class Server:
    """A PostgreSQL whose processes' instructions are counted."""

    def __enter__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="store-cost."))
        if AS_POSTGRES:
            shutil.chown(self.home, "postgres", "postgres")
        subprocess.run([*AS_POSTGRES, BIN / "initdb", "-D", self.home / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                        "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        with open(self.home / "data" / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(CONFIGURATION.format(self.home))
        with open(self.home / "log", "wb") as log:
            self.process = subprocess.Popen([*AS_POSTGRES, "valgrind", "--tool=callgrind", f"--callgrind-out-file={self.home}/calls.%p",
                                             BIN / "postgres", "-D", self.home / "data"], stdout=log, stderr=log, cwd="/")
        end = time.monotonic() + 300
        while self.sql("postgres", "SELECT 1", check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit((self.home / "log").read_text())
            time.sleep(0.5)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.home / "data")

    def sql(self, database, text, check=True):
        return subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.home, "-U", "postgres", "-d", database, "-c", text],
                              check=check, capture_output=True)

    def store(self, tool, database, batches, events):
        """Process and bytes of WAL of so many batches."""
        out = subprocess.run([tool, self.home, database, HERE / "events.ndjson", str(batches), str(events)], check=True, stdout=subprocess.PIPE)
        pid, wal = out.stdout.split()
        return int(pid), int(wal)

    def instructions(self, pid):
        """Of a process that is about to end."""
        path = self.home / f"calls.{pid}"
        end = time.monotonic() + 120
        while time.monotonic() < end:
            found = re.search(r"^(?:summary|totals): (\d+)", path.read_text(errors="replace") if path.exists() else "", re.MULTILINE)
            if found:
                return int(found.group(1)), path
            time.sleep(0.2)
        raise RuntimeError(f"{path} does not come")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("build", type=pathlib.Path)
    options.add_argument("--events", type=int, default=100, help="in a batch")
    options.add_argument("--batches", type=int, default=150)
    options.add_argument("--sql", default="", help="what is tried, when the schema is there")
    wanted = options.parse_args()
    tool = next(iter(sorted(wanted.build.rglob("store_cost"))), None)
    if tool is None:
        sys.exit(f"no store_cost below {wanted.build}: cmake --build {wanted.build} --target store_cost")
    with Server() as server:
        server.sql("postgres", "CREATE DATABASE cost")
        first, _ = server.store(tool, "cost", 0, 0)  # what a connection takes, and the first batch; makes the schema
        if wanted.sql:
            server.sql("cost", wanted.sql)
        second, _ = server.store(tool, "cost", 0, 0)
        third, wal = server.store(tool, "cost", wanted.batches, wanted.events)
        server.instructions(first)
        before, (after, calls) = server.instructions(second)[0], server.instructions(third)
        events = wanted.batches * wanted.events
        print(f"{(after - before) / events:,.0f} instructions and {wal / events:,.0f} bytes of WAL an event; {calls}")


if __name__ == "__main__":
    main()
