"""The last screen of a run: what took how long, what is wrong, and how to run that alone.

    last_screen.py BOOK STAGES warm|cold

BOOK: the records of all stages (records.py). STAGES: a file with one line `stage seconds status` per stage that ran.
Ends with status 0 only if something passed and nothing failed. The last line is always `N passed, N failed`.

It is one screen, however much is wrong: of more than MANY failures those of one suite or file are one line, and
build/test-logs/failed names each with the command that runs it alone.
"""
import collections
import pathlib
import re
import shlex
import sys

import records

BUDGETS = pathlib.Path(__file__).with_name("budgets")
SLOWEST = 15
MANY = 10
GROUPS = 12  # that are shown of so many
FAILED = pathlib.Path("build/test-logs/failed")


def clock(seconds):
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def budgets(kind):
    """{stage: seconds}"""
    lines = (line.split("#")[0].split() for line in BUDGETS.read_text(encoding="utf-8").splitlines())
    return {line[0]: int(line[("warm", "cold").index(kind) + 1]) for line in lines if line}


def against(took, budget):
    if not budget:
        return clock(took)
    over = f"   over its budget by {clock(took - budget)}" if took > budget else ""
    return f"{clock(took)} of {clock(budget)}{over}"


def read_stages(path):
    """[(stage, seconds, status)]"""
    rows = (line.split() for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines())
    return [(name, float(seconds), int(status)) for name, seconds, status in rows]


def silent_failures(book, stages):
    """A stage that broke before it could say what is wrong is a failure all the same."""
    for stage, _, status in stages:
        if status and not any(each.stage == stage and each.outcome == "failed" for each in book):
            yield records.Record(stage, "failed", 1, 0, f"stage {stage}", f"scripts/test.sh {stage}",
                                 f"it ended with status {status} before anything of it had failed; see its output")


def total(book, *outcomes):
    return sum(each.count for each in book if each.outcome in outcomes)


def table(book, stages, allowed):
    whole = sum(seconds for _, seconds, _ in stages)
    for stage, seconds, _ in stages:
        mine = [each for each in book if each.stage == stage]
        if not mine and seconds < 2:  # nothing had to be installed
            continue
        built = sum(each.seconds for each in mine if each.outcome == "built")
        skipped = total(mine, "skipped")
        yield (f"{stage:<8}{total(mine, 'passed', 'unsteady'):6d} passed{total(mine, 'failed'):5d} failed  "
               + (f"{skipped:3d} skipped  " if skipped else "")
               + against(seconds, allowed.get(stage)) + (f"   ({clock(built)} of it to build)" if built >= 1 else ""))
    yield f"{'in all':<38}{against(whole, sum(allowed.get(stage, 0) for stage, _, _ in stages))}"


def told(failed):
    """A failure, or several at once: what it is, and what runs it."""
    more = f" ({failed.count} cases)" if failed.count > 1 else ""
    yield f"FAILED  {failed.stage}: {failed.name or 'cases without names'}{more}{': ' + failed.why if failed.why else ''}"
    yield f"        {failed.alone}"


def together(failed):
    """(what a failure is a part of, the command for that): a suite of ctest's, a file of Python's; else itself."""
    first, _, rest = failed.name.partition(" ")
    if first.endswith("_test.py") and rest:
        words = shlex.split(failed.alone)
        place = next((i for i, word in enumerate(words) if word.endswith(first)), len(words) - 1)
        return first, shlex.join(words[:place + 1])
    suite, _, case = failed.name.rpartition(".")
    if suite and case and failed.alone.startswith("ctest "):
        return suite, re.sub(r"-R .*$", lambda _: "-R " + shlex.quote("^" + re.escape(suite) + r"\."), failed.alone)
    return failed.name, failed.alone


def folded(failures):
    groups = collections.OrderedDict()
    for each in failures:
        name, alone = together(each)
        groups.setdefault((each.stage, name, alone), []).append(each)
    largest = sorted(groups.items(), key=lambda group: -sum(each.count for each in group[1]))
    for (stage, name, alone), cases in largest[:GROUPS]:
        yield from told(records.Record(stage, "failed", sum(each.count for each in cases), 0, name, alone, cases[0].why[:120]))
    rest = sum(each.count for _, cases in largest[GROUPS:] for each in cases)
    if rest:
        yield f"FAILED  and {rest} cases more"
    FAILED.parent.mkdir(parents=True, exist_ok=True)
    FAILED.write_text("".join(line + "\n" for each in failures for line in told(each)), encoding="utf-8")
    yield f"        each of them, and what runs it alone: {FAILED}"


def screen(book, stages, kind):
    slow = sorted((each for each in book if each.name and each.outcome != "built"), key=lambda each: -each.seconds)[:SLOWEST]
    if slow:
        yield "slowest"
        yield from (f"  {each.seconds:7.1f} s  {each.stage:<8}{each.name}" for each in slow)
    yield ""
    yield f"time of budget ({kind})"
    yield from table(book, stages, budgets(kind))
    for each in book:
        if each.outcome == "skipped":
            yield f"skipped {each.name}: {each.why}"
    for each in book:
        if each.outcome == "unsteady":
            yield f"unsteady {each.name}: {each.why}"
            yield f"         {each.alone}"
    failures = [each for each in book if each.outcome == "failed"]
    if len(failures) > MANY:
        yield from folded(failures)
    else:
        for each in failures:
            yield from told(each)


def main():
    path, stages, kind = sys.argv[1:]
    stages = read_stages(stages)
    book = records.read(path)
    book += silent_failures(book, stages)
    print("\n".join(screen(book, stages, kind)))
    passed, failed = total(book, "passed", "unsteady"), total(book, "failed")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
