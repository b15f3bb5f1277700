"""Runs test files and writes down each case for scripts/test.sh.

    python_tests.py FOLDER…          every *_test.py of these, as if they were one
    python_tests.py FOLDER FILE…     those that are named

Each file is a process of its own; FALCONER_JOBS (2) of them run at a time. A file that says in its own words why,

    ALONE = "it measures memory"

runs alone, after the others; and one that does next to nothing for most of its time,

    WAITS = "for what falconer does once a minute"

runs beside them all, in no worker's place; as many of these at a time. What a case prints is shown only if it fails; all of it is kept in build/test-logs.
A file that is not through after FALCONER_FILE_SECONDS (1200) is ended, and so is every process that outlives its
file: both are failures. In tiers that start servers a failed case is run once more, see second_chance.py.
A skipped case has failed unless named_skips names it.
"""
import ast
import collections
import json
import os
import pathlib
import shlex
import signal
import sys
import time

import records
import second_chance
import skips
from python_results import Result, read
from test_process import TestProcess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHILD = pathlib.Path(__file__).with_name("python_file.py")
SHOWN_LINES = 150  # of what a failed case printed


class File:
    def __init__(self, path, logs):
        self.path, self.name = path, path.name
        self.log = logs / f"{path.stem}.log"
        self.report = logs / f"{path.stem}.report"
        self.log.write_bytes(b"")
        self.alone, self.waits = said_of(path, "ALONE"), said_of(path, "WAITS")
        self.book = {}  # results by key
        self.seconds = 0.0
        self.hung = False

    def label(self, result):
        return " ".join(filter(None, [self.name, result.name, f"({result.what})" if result.what else ""]))

    def command(self, result):
        """What runs it alone."""
        build = os.environ.get("FALCONER_BUILD")
        path = self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path
        words = [f"FALCONER_BUILD={build}"] if build else []
        return shlex.join([*words, "python3", str(path), *([result.name] if result.name else [])])


def said_of(path, name):
    """What the file says in ALONE or WAITS, without running it. One that cannot be parsed fails later, when it runs."""
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except (SyntaxError, ValueError):
        return None
    for each in body:
        if isinstance(each, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in each.targets):
            return ast.literal_eval(each.value) or None
    return None


class Run:
    def __init__(self, tier, limit):
        self.tier, self.limit = tier, limit
        self.under_way = {}

    # --- one process ---------------------------------------------------------------------------

    def start(self, file, names):
        file.report.unlink(missing_ok=True)
        since = file.log.stat().st_size
        command = [sys.executable, "-u", CHILD, file.path, file.report, *names]
        self.under_way[TestProcess(command, file.log, self.limit)] = (file, since)

    def finish(self, process):
        """What became of it, in its file's words; nothing of it is left running."""
        file, since = self.under_way.pop(process)
        took = time.monotonic() - process.began
        file.seconds += took
        left = process.end_what_is_left()
        outcome = read(file.report, file.log, since, process.ended)
        if outcome.in_case:
            outcome.results[-1].seconds = took - sum(each.seconds for each in outcome.results)
        if left and not process.ended:
            outcome.results.append(Result("", "failed", why="left running: " + ", ".join(left), what="processes"))
        elif left:
            print(f"{file.name}: also ended: {', '.join(left)}")
        for each in outcome.results:
            self.settle_skip(file, each)
            self.show(file, each)
        return file, outcome

    def settle_skip(self, file, result):
        if result.outcome != "skipped":
            return
        names = result.covers or [result.name]
        if not all(skips.allowed(f"{file.name} {name}") for name in names):
            result.outcome, result.final = "failed", True
            result.why = f"skipped, and not one of {skips.SHOWN}: {result.why}"

    def show(self, file, result):
        word = "ok" if result.outcome == "passed" else result.outcome
        if result.outcome == "failed":
            word = "FAILED"
        print(f"{word:<8}{result.seconds:7.1f} s  {file.label(result)}{': ' + result.why if result.why else ''}", flush=True)
        if result.outcome == "failed" and result.output.strip():
            lines = result.output.strip("\n").splitlines()
            if len(lines) > SHOWN_LINES:
                print(f"    … {len(lines) - SHOWN_LINES} lines more in {file.log}")
            print("\n".join("    " + line for line in lines[-SHOWN_LINES:]), flush=True)

    # --- all of them ---------------------------------------------------------------------------

    def first(self, files, jobs):
        """`jobs` of those that work at a time, and as many of those that wait."""
        lines = {False: collections.deque(), True: collections.deque()}
        for file in files:
            lines[bool(file.waits)].append((file, []))
        while any(lines.values()) or self.under_way:
            for waits, line in lines.items():
                while line and sum(bool(file.waits) == waits for file, _ in self.under_way.values()) < jobs:
                    self.start(*line.popleft())
            over = [process for process in self.under_way if process.is_over()]
            for process in over:
                file, outcome = self.finish(process)
                for each in outcome.results:
                    file.book[each.key] = each
                if outcome.not_run and process.hung and file.hung:
                    file.book["", "rest"] = Result("", "failed", why="not run, because twice a case did not end",
                                                   covers=tuple(outcome.not_run), what="rest")
                elif outcome.not_run:  # the others of a file that ended in the middle of a case
                    lines[bool(file.waits)].appendleft((file, outcome.not_run))
                file.hung |= process.hung
            if not over:
                time.sleep(0.05)

    def second(self, files):
        for file in files:
            for names, judged in second_chance.again(file.book.values()):
                print(f"once more, alone: {file.name} {' '.join(names)}", flush=True)
                self.start(file, names)
                (process,) = self.under_way
                while not process.is_over():
                    time.sleep(0.05)
                _, outcome = self.finish(process)
                second_chance.judge(file.book, judged, outcome)

    def abort(self):
        for process in self.under_way:
            process.abort()


class Times:
    """How long each file took last time: the longest begin first, so that no long one runs alone at the end."""

    def __init__(self, folder):
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
        self.path = cache / "falconer" / "times" / f"{folder.name}.json"
        try:
            self.known = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.known = {}

    def of(self, file):
        return self.known.get(file.name, float("inf"))

    def keep(self, files):
        made = self.path.with_suffix(f".{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(json.dumps({file.name: round(file.seconds, 1) for file in files}), encoding="utf-8")
            made.replace(self.path)
        except OSError as problem:
            print(f"how long the files took is not kept: {problem}")


def written(file, stage):
    """The records of a file."""
    for each in file.book.values():
        count = 1 if each.is_case else 0 if each.outcome == "unsteady" else max(1, len(each.covers))
        yield records.Record(stage, each.outcome, count, each.seconds, file.label(each), file.command(each), each.why)


def main():
    names = [word for word in sys.argv[1:] if word.endswith(".py")]
    folders = [pathlib.Path(word).resolve() for word in sys.argv[1:] if word not in names]
    title = ", ".join(folder.name for folder in folders)
    stage = records.this_stage(folders[0].name)
    files, times = [], {}
    for folder in folders:
        logs = ROOT / "build" / "test-logs" / folder.name
        logs.mkdir(parents=True, exist_ok=True)
        times[folder] = Times(folder)
        files += [File(path, logs) for path in [folder / name for name in names] or sorted(folder.glob("*_test.py"))]
    files.sort(key=lambda file: times[file.path.parent].of(file), reverse=True)

    run = Run(stage, float(os.environ.get("FALCONER_FILE_SECONDS", "1200")))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    began = time.monotonic()
    try:
        run.first([file for file in files if not file.alone], int(os.environ.get("FALCONER_JOBS", "2")))
        for file in files:
            if file.alone:
                print(f"alone, because {file.alone}: {file.name}", flush=True)
                run.first([file], 1)
        if stage in second_chance.TIERS:
            run.second(files)
    finally:
        run.abort()
    for folder in folders if not names else ():
        times[folder].keep([file for file in files if file.path.parent == folder])

    book = [each for file in files for each in written(file, stage)]
    if not book:
        book = [records.Record(stage, "failed", name=title, alone=shlex.join(sys.argv), why="there is no test in it")]
    records.append(book)
    sums = collections.Counter()
    for each in book:
        sums[each.outcome] += each.count
    print(f"{title}: {sums['passed'] + sums['unsteady']} passed ({sums['unsteady']} of them at the second try), "
          f"{sums['failed']} failed, {sums['skipped']} skipped, {time.monotonic() - began:.0f} s", flush=True)
    return 1 if sums["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
