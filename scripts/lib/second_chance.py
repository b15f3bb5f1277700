"""Judges what failed once and was run once more, alone, after all others.

A case that passes then is `unsteady`: the run is green and names it. Cases of unit and store tests have no second
chance: nothing but a defect makes them fail."""
from python_results import Result

TIERS = ("system", "peers", "browser")  # those that start servers


def again(results):
    """[(names to run, results that this judges)] of one file. No names: all of it."""
    wrong = [each for each in results if each.outcome == "failed" and not each.final]
    if any(not each.name for each in wrong):
        return [([], wrong)]
    classes = {each.name for each in wrong if not each.is_case}
    tries = []
    for each in wrong:
        # A class that is run again as a whole is run again once, and its cases with it.
        owner = each.name if not each.is_case else each.name.rpartition(".")[0]
        if owner not in classes:
            tries.append(([each.name], [each]))
    for name in sorted(classes):
        tries.append(([name], [each for each in wrong if each.name == name or each.name.rpartition(".")[0] == name]))
    return tries


def judge(book, judged, outcome):
    """`book`: results of the file by key, changed here. `outcome`: of the second run."""
    second = {each.key: each for each in outcome.results}
    fixtures_stand = not any(each.outcome == "failed" for each in outcome.results if not each.is_case)
    for each in judged:
        if each.is_case:
            passed = each.key in second and second[each.key].outcome == "passed"
        else:
            passed = fixtures_stand
        if passed:
            each.outcome, each.covers = "unsteady", ()
        else:
            repeated = second.get(each.key)
            each.why = f"{each.why}; once more: {repeated.why if repeated else 'it was not reached'}"
    ours = {each.key for each in judged}
    for key, each in second.items():
        if key not in ours and (key not in book or each.outcome == "failed"):
            book[key] = each
    if outcome.not_run:
        book["", "rest"] = Result("", "failed", why="not run, because of what was before", covers=tuple(outcome.not_run), what="rest")
