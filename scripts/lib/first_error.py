"""The first error in the log of a build, with what is needed to understand it.

    first_error.py LOG            at most 40 lines
    first_error.py --line LOG     the one line that says it

A build that runs several compilers at a time goes on for a while after the first error, and one mistake in a header
fails many files: the first is the one to read.
"""
import re
import sys

SHOWN = 40
BEFORE, AFTER = 8, 14  # lines around an error
STEP = re.compile(r"\[\d+/\d+\] ")
ERROR = re.compile(r"(fatal )?error: |undefined reference to|undefined symbol|multiple definition of|"
                   r"ld returned \d+ exit status|Assertion .* failed|No such file or directory", re.I)


def block(lines):
    """The lines of the first step that failed: ninja's, without its command line; else CMake's; else the end."""
    for at, line in enumerate(lines):
        if line.startswith("FAILED: "):
            end = next((i for i in range(at + 1, len(lines)) if STEP.match(lines[i]) or lines[i].startswith(("FAILED: ", "ninja: "))), len(lines))
            return [line, *lines[at + 2:end]]
        if line.startswith("CMake Error"):
            end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith(("CMake ", "-- ", "Call Stack"))), len(lines))
            return lines[at:end]
        if line.startswith("ninja: error: "):
            return [line]
    return lines[-SHOWN:]


def first_error(lines):
    """(those to show, the one that says it)"""
    found = block(lines)
    if found[:1] and found[0].startswith("CMake Error"):
        said = next((line.strip() for line in found[1:] if line.strip()), "")
        return found[:SHOWN], f"{found[0].strip()} {said}"
    where = next((at for at, line in enumerate(found) if ERROR.search(line) and not line.startswith("FAILED: ")), None)
    if where is None:
        return found[:SHOWN], (found or ["it printed nothing"])[0]
    head = found[:1] if found[0].startswith("FAILED: ") and where > BEFORE else []
    return head + found[max(0, where - BEFORE):where + AFTER], found[where]


def main():
    *flag, path = sys.argv[1:]
    with open(path, encoding="utf-8", errors="replace") as log:
        shown, said = first_error(log.read().splitlines())
    print(said[:300] if flag else "\n".join(line[:400] for line in shown[:SHOWN]))


if __name__ == "__main__":
    main()
