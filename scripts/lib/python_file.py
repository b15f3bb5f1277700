"""Runs one test file with unittest, in a process of its own, and writes down each step as it happens, so that whoever
started it knows what was under way if the process ends without a word.

    python_file.py FILE REPORT [Class | Class.case]…

REPORT gets one JSON object a line; `at` is how much had been printed by then (standard output is a file):

    {"plan": [case…]}                                            what will run
    {"begin": case, "at": …}
    {"end": case, "outcome": …, "why": …, "seconds": …, "at": …}
    {"fixture": Class or "", "what": "setUpClass", "outcome": …, "why": …, "at": …}
    {"done": true}
"""
import faulthandler
import importlib
import json
import os
import pathlib
import re
import sys
import time
import traceback
import unittest

GRAVITY = ("passed", "skipped", "failed")


def name_of(case):
    return f"{type(case).__qualname__}.{case._testMethodName}"


def cases_of(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from cases_of(each)
        else:
            yield name_of(each)


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    # The message of an assertion may go on over many lines; its first is the one that begins at the margin.
    return next((line for line in reversed(lines) if re.match(r"[\w.]+(Error|Exception|Exit|Expired|Interrupt)\b", line)),
                lines[-1] if lines else "")[:300]


class Report:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")

    def write(self, **line):
        sys.stdout.flush()
        sys.stderr.flush()
        line["at"] = os.fstat(1).st_size
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()


class Result(unittest.TestResult):
    def __init__(self, report):
        super().__init__()
        self.report = report
        self.outcome = self.why = None
        self.before = time.monotonic()  # the case before ended then: what a class's set-up takes is its first case's

    def startTest(self, test):
        super().startTest(test)
        self.outcome, self.why = None, ""
        self.report.write(begin=name_of(test))

    def stopTest(self, test):
        outcome, why = (self.outcome, self.why) if self.outcome else ("failed", "it ended without a verdict")
        now = time.monotonic()
        self.report.write(end=name_of(test), outcome=outcome, why=why, seconds=now - self.before)
        self.before = now
        super().stopTest(test)

    def settle(self, test, outcome, why=""):
        """The gravest verdict is the case's; the first of that gravity says why."""
        if not isinstance(test, unittest.TestCase):  # a fixture: "setUpClass (module.Class)"
            what, _, where = str(test).partition(" (")
            owner = where.rstrip(")").partition(".")[2]
            self.report.write(fixture="" if what.endswith("Module") else owner, what=what, outcome=outcome, why=why)
        elif self.outcome is None or GRAVITY.index(outcome) > GRAVITY.index(self.outcome):
            self.outcome, self.why = outcome, why

    def wrong(self, test, error, label=""):
        text = self._exc_info_to_string(error, test) if isinstance(test, unittest.TestCase) else \
            "".join(traceback.format_exception(*error))
        print(label + text, flush=True)
        self.settle(test, "failed", last_line(text))

    def addSuccess(self, test):
        self.settle(test, "passed")

    def addFailure(self, test, error):
        self.wrong(test, error)

    def addError(self, test, error):
        self.wrong(test, error)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.wrong(test, error, f"in {subtest._subDescription()}:\n")

    def addSkip(self, test, reason):
        self.settle(getattr(test, "test_case", test), "skipped", reason)

    def addExpectedFailure(self, test, error):
        self.settle(test, "passed")

    def addUnexpectedSuccess(self, test):
        self.settle(test, "failed", "it passed, and is said to fail")


def main(file, report, names):
    file, report = pathlib.Path(file).resolve(), Report(report)
    faulthandler.enable(all_threads=True)  # whoever ends this process with SIGABRT sees where it was
    # As `python3 FILE` would: the file's folder comes first, this script's is not there.
    sys.path[0] = str(file.parent)
    sys.argv = [str(file), *names]
    try:
        module = importlib.import_module(file.stem)
        loader = unittest.TestLoader()
        suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
        if loader.errors:
            raise ImportError("\n".join(loader.errors))
    except BaseException:
        text = traceback.format_exc()
        print(text, flush=True)
        report.write(fixture="", what="import", outcome="failed", why=last_line(text))
        report.write(done=True)
        return
    report.write(plan=list(cases_of(suite)))
    suite.run(Result(report))
    report.write(done=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
