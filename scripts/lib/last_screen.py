"""The last screen of a run: what took how long, what is wrong, and how to run that alone.

    last_screen.py BOOK STAGES warm|cold

BOOK: the records of all stages (records.py). STAGES: a file with one line `stage seconds status` per stage that ran.
Ends with status 0 only if something passed and nothing failed. The last line is always `N passed, N failed`.
"""
import pathlib
import sys

import records

BUDGETS = pathlib.Path(__file__).with_name("budgets")
SLOWEST = 15


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
    for each in book:
        if each.outcome == "failed":
            more = f" ({each.count} cases)" if each.count > 1 else ""
            yield f"FAILED  {each.stage}: {each.name or 'cases without names'}{more}{': ' + each.why if each.why else ''}"
            yield f"        {each.alone}"


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
