"""Writes down the cases of a ctest run for scripts/test.sh, and prints what the failed ones said.

    ctest_cases.py REPORT.xml BUILD_FOLDER

The fixtures postgres.start and postgres.stop are no cases; they are named only if they failed. A case that did not run
has failed, unless it is a named skip (named_skips).
"""
import re
import shlex
import sys
import xml.etree.ElementTree as xml

import records
import skips

FIXTURES = ("postgres.start", "postgres.stop")
SHOWN_LINES = 100


def command(name, build):
    """CMake's regular expressions take a backslash before each of these."""
    exact = "^" + re.sub(r"([.^$*+?()\[\]|\\])", r"\\\1", name) + "$"
    return shlex.join(["ctest", "--test-dir", build, "--output-on-failure", "-R", exact])


def judged(case):
    """(outcome, why). A case that is disabled or whose program is missing is no skip: it was not it that said so."""
    name, status = case.get("name"), case.get("status")
    if status == "run":
        return "passed", ""
    if status == "fail":
        failure = case.find("failure")
        return "failed", failure.get("message", "") if failure is not None else ""
    skipped = case.find("skipped")
    message = skipped.get("message", "") if skipped is not None else ""
    if not message.startswith("SKIP_"):
        return "failed", f"did not run: {message or status}"
    said = re.search(r"Skipped\s+(.*)", case.findtext("system-out") or "")
    why = said[1].strip() if said else message
    return ("skipped", why) if skips.allowed(name) else ("failed", f"skipped, and not one of {skips.SHOWN}: {why}")


def main():
    report, build = sys.argv[1:]
    book = []
    for case in xml.parse(report).getroot().iter("testcase"):
        name = case.get("name")
        outcome, why = judged(case)
        if name in FIXTURES and outcome == "passed":
            continue
        book.append(records.Record(records.this_stage("unit"), outcome, 1, float(case.get("time") or 0), name, command(name, build), why))
        if outcome == "failed":
            lines = (case.findtext("system-out") or "").strip("\n").splitlines()
            print(f"FAILED  {name}: {why}")
            if len(lines) > SHOWN_LINES:
                print(f"    … {len(lines) - SHOWN_LINES} lines more in {build}/ctest.log")
            print("\n".join("    " + line for line in lines[-SHOWN_LINES:]))
    records.append(book)
    print(f"{build}: {sum(each.outcome == 'passed' for each in book)} passed, {sum(each.outcome == 'failed' for each in book)} failed, "
          f"{sum(each.outcome == 'skipped' for each in book)} skipped")
    return 1 if not book or any(each.outcome == "failed" for each in book) else 0


if __name__ == "__main__":
    sys.exit(main())
