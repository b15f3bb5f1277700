"""What became of one test file: its cases, from what python_file.py wrote down before its process ended."""
import dataclasses
import json


@dataclasses.dataclass
class Result:
    name: str  # "Class.case"; "Class" of a fixture; "" of the file as a whole
    outcome: str  # passed | failed | skipped | unsteady
    seconds: float = 0.0
    why: str = ""
    output: str = ""
    covers: tuple = ()  # cases that did not run because of it
    what: str = ""  # the fixture, or what else it is if it is no case
    final: bool = False  # a second run would change nothing

    @property
    def key(self):
        return self.name, self.what

    @property
    def is_case(self):
        return not self.what


@dataclasses.dataclass
class Outcome:
    results: list
    not_run: list  # cases that it would have come to
    in_case: bool  # it ended early, in the middle of a case


def lines_of(report):
    try:
        text = report.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    # Of a line that was being written when the process ended nothing can be read.
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def read(report, log, since, ended):
    """`since`: how long `log` was at the start. `ended`: None, or how the process ended early."""
    printed = log.read_bytes()
    results, plan, under_way, done, at = [], None, None, False, since
    began = {}
    for line in lines_of(report):
        output = printed[at:line["at"]].decode(errors="replace")
        at = line["at"]
        if "plan" in line:
            plan = line["plan"]
        elif "begin" in line:
            under_way = line["begin"]
            began[under_way] = output  # its class's set-up printed that
        elif "end" in line:
            under_way = None
            results.append(Result(line["end"], line["outcome"], line["seconds"], line["why"], began[line["end"]] + output))
        elif "fixture" in line:
            results.append(Result(line["fixture"], line["outcome"], 0, line["why"], output, what=line["what"]))
        elif "done" in line:
            done = True

    rest = printed[at:].decode(errors="replace")
    if under_way:
        results.append(Result(under_way, "failed", 0, f"{ended or 'its process ended early'}, in this case", rest))
    if done and plan == []:
        results.append(Result("", "failed", why="there is no case in it", what="file"))
    not_run = missing(plan or [], results)
    if not under_way and (ended or not done):
        where = "after its last case" if done else "between two cases" if began else "before its first case"
        results.append(Result("", "failed", 0, f"{ended or 'it ended early'}, {where}", rest, tuple(not_run), "process"))
        not_run = []
    return Outcome(results, not_run, under_way is not None)


def missing(plan, results):
    """What of the plan has not run; a fixture that was not there for a case takes it upon itself."""
    seen = {each.name for each in results if each.is_case}
    left = [case for case in plan if case not in seen]
    for each in results:
        if each.what and each.what.startswith("setUp"):
            each.covers = tuple(case for case in left if not each.name or case.rpartition(".")[0] == each.name)
            left = [case for case in left if case not in each.covers]
    return left
