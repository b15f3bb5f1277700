"""The book of a run: one line per case, appended by whoever ran it, read at the end by last_screen.py.

Fields, separated by tabs (stage.sh writes the same):

    stage    of scripts/stages
    outcome  passed | failed | skipped (named, so not failed, and not passed either)
             unsteady (failed first, passed alone: counted as passed) | built (only its seconds count)
    count    how many cases the line stands for; 0: it only names something
    seconds
    name     empty for sums without names
    alone    the command that runs it alone
    why      one sentence, where something is wrong
"""
import dataclasses
import os

OUTCOMES = ("passed", "failed", "skipped", "unsteady", "built")


@dataclasses.dataclass
class Record:
    stage: str
    outcome: str
    count: int = 1
    seconds: float = 0.0
    name: str = ""
    alone: str = ""
    why: str = ""


def clean(text):
    return " ".join(str(text).split())


def append(records, path=None):
    """To the file that FALCONER_RESULTS names, if it names one."""
    path = path or os.environ.get("FALCONER_RESULTS", os.devnull)
    lines = "".join("\t".join(clean(field) for field in dataclasses.astuple(each)) + "\n" for each in records)
    with open(path, "a", encoding="utf-8") as book:
        book.write(lines)


def read(path):
    """A line that is none is a failure of its own: nothing that went wrong may be lost."""
    found = []
    with open(path, encoding="utf-8", errors="replace") as book:
        for line in book:
            fields = line.rstrip("\n").split("\t")
            try:
                if len(fields) != 7 or fields[1] not in OUTCOMES:
                    raise ValueError(line)
                found.append(Record(fields[0], fields[1], int(fields[2]), float(fields[3]), *fields[4:]))
            except ValueError:
                found.append(Record(fields[0], "failed", name="a line of the book", why=f"it is none: {clean(line)!r}"))
    return found


def this_stage(default):
    return os.environ.get("FALCONER_STAGE", default)
