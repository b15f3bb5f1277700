"""What a change touches, for `scripts/test.sh --quick`. The change: from the merge base with main to the working tree.

    touched.py               prints a line each: `file PATH` (changed, and still there), `room NAME`, `target NAME`
                             (their test programs), `aside PATH` (changed, but no rule below leads to a test)
    touched.py cases BUILD TARGET…     prints what `ctest -I` takes: the cases of these programs

A file of src/ROOM or tests/ROOM touches that room. A door (include/falconer) or a header of tests/support touches the
rooms whose sources or tests include it, directly or through another of those headers. Rooms that only link to a room
that is touched are left to the whole run.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]((?:falconer|support)/[^">]+)[">]', re.M)
PROGRAM = re.compile(r"\b(room_test|fuzz_target)\(\s*(\w+)")
SUFFIX = {"room_test": "", "fuzz_target": "_replay"}
SHARED = {"falconer": "include", "support": "tests"}  # first word of an include → where it lies
LOOKED_AT = (".py", ".sh")  # by checks, wherever they are


def git(*command):
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in done.stdout.split("\0") if path]


def changed():
    """Paths. Raises if there is no main to compare with."""
    base = os.environ.get("FALCONER_QUICK_BASE")
    for main in () if base else ("main", "origin/main"):
        done = subprocess.run(["git", "merge-base", main, "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            base = done.stdout.strip()
            break
    if not base:
        sys.exit("there is no branch main to compare with; name a commit in FALCONER_QUICK_BASE")
    return sorted({*git("diff", "--name-only", "-z", base), *git("ls-files", "--others", "--exclude-standard", "-z")})


def includes(path):
    return set(INCLUDE.findall(path.read_text(encoding="utf-8", errors="replace")))


def sources(folder):
    return [path for path in folder.rglob("*") if path.suffix in (".cpp", ".hpp")]


def widened(headers):
    """With the shared headers that include one of them."""
    theirs = {}
    for word, where in SHARED.items():
        for path in sources(ROOT / where / word):
            theirs[str(path.relative_to(ROOT / where))] = includes(path)
    while more := {name for name, used in theirs.items() if used & headers} - headers:
        headers = headers | more
    return headers


def programs(room):
    listing = ROOT / "tests" / room / "CMakeLists.txt"
    text = re.sub(r"#.*", "", listing.read_text(encoding="utf-8")) if listing.exists() else ""
    return [name + SUFFIX[kind] for kind, name in PROGRAM.findall(text)]


def rooms_of(paths):
    """(rooms, paths that lead to none)"""
    rooms, headers, aside = set(), set(), []
    for path in paths:
        parts = pathlib.PurePath(path).parts
        if parts[0] in ("src", "tests") and len(parts) > 2 and programs(parts[1]):
            rooms.add(parts[1])
        elif path.endswith(".hpp") and len(parts) > 2 and SHARED.get(parts[1]) == parts[0]:
            headers.add("/".join(parts[1:]))
        elif not path.endswith(LOOKED_AT):
            aside.append(path)
    headers = widened(headers) if headers else headers
    for room in sorted(path.parent.name for path in (ROOT / "tests").glob("*/CMakeLists.txt")) if headers else ():
        ours = [*sources(ROOT / "src" / room), *sources(ROOT / "tests" / room)]
        if programs(room) and any(includes(path) & headers for path in ours):
            rooms.add(room)
    return sorted(rooms), aside


def cases(build, targets):
    """Numbers, as ctest counts its cases."""
    done = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True, check=True)
    tests = json.loads(done.stdout)["tests"]
    wanted = set(targets)
    return [number for number, test in enumerate(tests, 1)
            if wanted & {pathlib.PurePath(word).name for word in test.get("command", [])}]


def main():
    if sys.argv[1:2] == ["cases"]:
        print(",".join(["0", "0", "0", *map(str, cases(sys.argv[2], sys.argv[3:]))]))
        return
    paths = changed()
    rooms, aside = rooms_of(paths)
    for path in paths:
        if (ROOT / path).is_file():
            print("file", path)
    for room in rooms:
        print("room", room)
        for name in programs(room):
            print("target", name)
    for path in aside:
        print("aside", path)


if __name__ == "__main__":
    main()
