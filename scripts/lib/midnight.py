"""Runs test cases across midnight, each by itself, and writes down each for scripts/test.sh.

    midnight.py FILE.py… [PROGRAM:FILTER]…     PROGRAM: of GoogleTest, with a PostgreSQL of its own for each case

The clock of a case, and of whatever it starts, PostgreSQL too, stands at 23:59:50 of the year's last day when it begins
(tests/support/other_date.c): day, month and year change under it. One that is through before midnight runs once more
and has midnight in its middle.
"""
import datetime
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

import python_tests
import records
from python_results import Result
from test_process import TestProcess

ROOT = pathlib.Path(__file__).resolve().parents[2]
POSTGRES = ROOT / "tests" / "support" / "postgres.sh"
BEFORE = 10.0  # seconds
LIST = """
import importlib, json, pathlib, sys, unittest
file = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(file.parent))
def names(suite):
    for each in suite:
        yield from names(each) if isinstance(each, unittest.TestSuite) else [type(each).__qualname__ + "." + each._testMethodName]
print(json.dumps(list(names(unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(file.stem))))))
"""


def shift(before, now=None):
    """What takes a clock that is right to so many seconds before the year's end, in UTC. In whole seconds, as other_date.c."""
    now = time.time() if now is None else now
    year = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).year
    return round(datetime.datetime(year + 1, 1, 1, tzinfo=datetime.timezone.utc).timestamp() - before - now)


def shim(folder):
    """The library that other processes' clocks are shifted by; PostgreSQL, another user, reads it too."""
    pathlib.Path(folder).chmod(0o755)
    made = pathlib.Path(folder) / "other_date.so"
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", made, ROOT / "tests/support/other_date.c"], check=True)
    return made


def shifted(library, before):
    """The environment of what begins now."""
    asan = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": str(library), "OTHER_DATE": str(shift(before)),
            "ASAN_OPTIONS": ":".join(filter(None, [asan, "verify_asan_link_order=0"]))}


class Shifted:
    """Our own environment is what a test process inherits; we are not preloaded by it any more."""

    def __init__(self, library, before):
        self.more, self.had = shifted(library, before), dict(os.environ)

    def __enter__(self):
        os.environ.update(self.more)

    def __exit__(self, *_):
        os.environ.clear()
        os.environ.update(self.had)


def twice(once):
    """`once(before)` runs a case so many seconds before midnight and says (Result, how long it took)."""
    result, took = once(BEFORE)
    if result.outcome == "passed" and took < BEFORE:
        result, more = once(max(1.0, took / 2))
        took += more
    result.seconds = took
    return result


class PythonCases:
    def __init__(self, library, path, limit):
        logs = ROOT / "build" / "test-logs" / "midnight"
        logs.mkdir(parents=True, exist_ok=True)
        self.library, self.path = library, path
        self.file = python_tests.File(path, logs)
        self.run = python_tests.Run("midnight", limit)

    def names(self):
        said = subprocess.run([sys.executable, "-c", LIST, self.path], check=True, capture_output=True, text=True).stdout
        return json.loads(said.splitlines()[-1])

    def once(self, name, before):
        began = time.monotonic()
        with Shifted(self.library, before):
            self.run.start(self.file, [name])
            (process,) = self.run.under_way
            while not process.is_over():
                time.sleep(0.05)
            _, outcome = self.run.finish(process)
        took = time.monotonic() - began
        wrong = [each for each in outcome.results if each.outcome not in ("passed", "unsteady")]
        if wrong:
            return Result(name, wrong[0].outcome, took, wrong[0].why), took
        if not any(each.is_case for each in outcome.results):
            return Result(name, "failed", took, "it did not run"), took
        return Result(name, "passed", took), took

    def label(self, name):
        return f"{self.path.name} {name}"

    def command(self, name):
        return shlex.join(["python3", str(self.path.relative_to(ROOT)), name])

    def abort(self):
        self.run.abort()


class ProgramCases:
    def __init__(self, library, program, only, limit):
        logs = ROOT / "build" / "test-logs" / "midnight"
        logs.mkdir(parents=True, exist_ok=True)
        self.library, self.program, self.only, self.limit = library, program, only, limit
        self.log = logs / f"{program.name}.log"
        self.log.write_bytes(b"")
        self.process = None

    def names(self):
        said = subprocess.run([self.program, "--gtest_list_tests", f"--gtest_filter={self.only}"], check=True, capture_output=True, text=True)
        suite, found = "", []
        for line in said.stdout.splitlines():
            word = line.split("#")[0]
            if word.startswith("  "):
                found.append(suite + word.strip())
            elif word.strip().endswith("."):
                suite = word.strip()
        return found

    def once(self, name, before):
        with tempfile.TemporaryDirectory(prefix="falconer-midnight.") as folder:
            env = pathlib.Path(folder) / "postgres.env"
            with Shifted(self.library, before):
                # It takes seconds to start: the clock of the case is the PostgreSQL's, and set when both are there.
                os.environ["OTHER_DATE"] = str(shift(before + 5))
                subprocess.run([POSTGRES, "start", env], check=True, stdout=subprocess.DEVNULL)
                began = time.monotonic()
                os.environ["FALCONER_TEST_PG"] = str(env)
                since = self.log.stat().st_size
                self.process = TestProcess([self.program, f"--gtest_filter={name}"], self.log, self.limit)
                try:
                    while not self.process.is_over():
                        time.sleep(0.05)
                    said = self.log.read_bytes()[since:].decode(errors="replace")
                finally:
                    self.process.end_what_is_left()
                    subprocess.run([POSTGRES, "stop", env], check=False)
        took = time.monotonic() - began
        if self.process.ended or "[  PASSED  ] 1 test" not in said:
            print(said[-4000:], flush=True)
            return Result(name, "failed", took, self.process.ended or "it did not pass"), took
        return Result(name, "passed", took), took

    def label(self, name):
        return name

    def command(self, name):
        return shlex.join([str(self.program), f"--gtest_filter={name}"])

    def abort(self):
        if self.process:
            self.process.abort()


def main(words):
    stage, limit = records.this_stage("midnight"), float(os.environ.get("FALCONER_FILE_SECONDS", "1200"))
    book = []
    with tempfile.TemporaryDirectory(prefix="falconer-midnight.") as folder:
        library = shim(folder)
        for word in words:
            program, _, only = word.partition(":")
            path = pathlib.Path(program).resolve()
            cases = PythonCases(library, path, limit) if path.suffix == ".py" else ProgramCases(library, path, only or "*", limit)
            try:
                names = cases.names()
                if not names:
                    book.append(records.Record(stage, "failed", name=word, why="there is no case in it"))
                for name in names:
                    result = twice(lambda before, cases=cases, name=name: cases.once(name, before))
                    if result.outcome != "passed":
                        print(f"FAILED  {cases.label(name)}: {result.why}", flush=True)
                    book.append(records.Record(stage, result.outcome, 1, result.seconds, cases.label(name), cases.command(name), result.why))
            except BaseException:
                cases.abort()
                raise
    records.append(book)
    failed = sum(each.outcome == "failed" for each in book)
    print(f"across midnight: {sum(each.outcome == 'passed' for each in book)} passed, {failed} failed", flush=True)
    return 1 if failed or not book else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
