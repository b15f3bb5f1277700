"""Which files scripts/stages/tidy.sh shows to clang-tidy, and in which order.

    tidy_plan.py MEMORY DATABASE <CHANGED    a changed .cpp or .hpp a line

Prints `clean PATH` for what is known to be clean as it is now, then `look KEY PATH` for the others. A changed header is
looked at through a changed file that includes it, else through one other. There is not time for everything: first what
no version of has ever been found clean, then what was looked at longest ago, so that what is left over today is not left
over for ever. The memory: MEMORY/KEY, and MEMORY/of/PATH, whose time is that of the last look.
"""
import pathlib
import sys

import tidy_key


def mark_of(memory, path):
    return memory / "of" / path.replace("/", "+")


def chosen(sources, changed):
    """[path]: the changed files that the database compiles, then one for each changed header that none of them includes."""
    files = [path for path in changed if path in sources.commands]
    seen = set().union(*(sources.behind(path)[0] for path in files))
    for header in changed:
        if not header.endswith(".hpp") or header in seen:
            continue
        by = next((path for path in sorted(sources.commands) if header in sources.behind(path)[0]), None)
        if by:
            files.append(by)
            seen |= set(sources.behind(by)[0])
    return files


def planned(sources, changed, memory):
    """([path], [(key, path)])"""
    clean, left = [], []
    for path in chosen(sources, changed):
        key = sources.key(path)
        if (memory / key).exists():
            clean.append(path)
            continue
        mark = mark_of(memory, path)
        left.append((mark.stat().st_mtime if mark.exists() else 0, len(left), key, path))
    return clean, [(key, path) for _, _, key, path in sorted(left)]


def main():
    memory, database = pathlib.Path(sys.argv[1]), sys.argv[2]
    sources = tidy_key.Sources(pathlib.Path.cwd(), database, tidy_key.installed())
    changed = sorted(line for line in sys.stdin.read().splitlines() if line and pathlib.Path(line).is_file())
    clean, left = planned(sources, changed, memory)
    for path in clean:
        print("clean", path)
    for key, path in left:
        print("look", key, path)


if __name__ == "__main__":
    main()
