"""The arrows of docs/architecture.md, checked on the sources.

    python3 tests/layering.py              checks the tree, prints what is wrong, exit 1 if anything
    python3 tests/layering.py --self-test  checks that wrong trees are found out

A room (src/<room>/) includes doors (include/falconer/) and its own files by their name within it. Only
the files directly in src/, src/app/, src/cli/ and the tests know several rooms. Each outside library has its
rooms. Files longer than 400 lines are reported, which alone is no failure.
"""
import os
import pathlib
import re
import sys
import tempfile

# Which rooms a room may link to (its level and below; siblings never meet).
ARROWS = {
    "base": set(),
    "net": {"base"},
    "falco": {"base"},
    "store": {"base"},
    "ingest": {"base", "net"},
    "k8s": {"base", "net"},
    "alerts": {"base", "net"},
    "console": {"base", "net", "falco"},
    "admission": {"base", "net", "falco"},
    "actors": {"base", "falco"},
    "sandbox": {"base", "net", "falco"},
    "agent": {"base", "net"},
    "oci": {"base", "net", "falco"},
    "carrier": {"base", "net"},
}
# Outside library → where it may be included. "include" stands for the doors.
LIBRARIES = [
    (r"boost/beast", {"net"}),
    (r"(openssl/|asio/ssl)", {"base", "net", "falco", "ingest", "store", "k8s", "sandbox", "oci"}),
    (r"(libpq|postgres_ext)", {"store"}),
    (r"rapidjson/", {"base", "net", "ingest", "store", "k8s", "falco", "alerts", "console", "admission", "sandbox"}),
    (r"yaml-cpp/", {"base", "net", "k8s", "falco"}),
    (r"CLI/", set()),
    (r"gtest/|gmock/", set()),
]
KNOWS_ALL = {"app", "cli", ""}  # "": the files directly in src/
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.M)
# GCC 12 copies the result of such an expression byte by byte (docs/architecture.md).
CO_AWAIT_IN_CONDITIONAL = re.compile(r"\?[^;{}?]*\bco_await\b[^;{}]*:|\?[^;{}?]*:[^;:{}]*\bco_await\b")
# … and it destroys such an aggregate twice: give it a name first.
AGGREGATE_IN_CO_AWAIT = re.compile(r"\bco_await\b[^;{}]*[({,]\s*\{\s*[.\w*&]")
# … and loses what was awaited inside one.
CO_AWAIT_IN_AGGREGATE = re.compile(r"[{,]\s*\.\w+\s*=\s*co_await\b")
LINES = 400


def code_only(text):
    """The text without comments, strings and characters, so that patterns see code."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, " ", text, flags=re.S)


def check_coroutines(root, path, code, problems):
    if CO_AWAIT_IN_CONDITIONAL.search(code):
        problems.append(f"{path.relative_to(root)}: co_await inside ?:, which GCC 12 compiles wrongly")
    if AGGREGATE_IN_CO_AWAIT.search(code):
        problems.append(f"{path.relative_to(root)}: an aggregate without a name in a co_await, which GCC 12 destroys twice")
    if CO_AWAIT_IN_AGGREGATE.search(code):
        problems.append(f"{path.relative_to(root)}: co_await inside an aggregate, which GCC 12 compiles wrongly")


def check_file(root, path, problems):
    text = path.read_text(encoding="utf-8")
    parts = path.relative_to(root).parts
    room = parts[1] if parts[0] == "src" and len(parts) > 2 else ""
    place = "include" if parts[0] == "include" else room
    for bracket, name in INCLUDE.findall(text):
        if parts[0] == "src" and room in KNOWS_ALL:
            continue
        for pattern, rooms in LIBRARIES:
            if re.match(pattern, name) and place not in rooms:
                problems.append(f"{path.relative_to(root)}: {place} may not include <{name}>")
        if bracket == '"' and not name.startswith("falconer/"):
            if parts[0] == "include":
                problems.append(f'{path.relative_to(root)}: a door includes "{name}", which is not a door')
            elif ".." in name or not any((folder / name).is_file() for folder in (path.parent, root / "src" / room)):
                problems.append(f'{path.relative_to(root)}: "{name}" is neither a door nor a file of {room}')
        if name.startswith("falconer/") and not (root / "include" / name).is_file():
            problems.append(f"{path.relative_to(root)}: there is no door {name}")
    check_coroutines(root, path, code_only(text), problems)


def check_links(root, problems):
    for listing in sorted((root / "src").glob("*/CMakeLists.txt")):
        room = listing.parent.name
        if room in KNOWS_ALL:
            continue
        if room not in ARROWS:
            problems.append(f"{listing.relative_to(root)}: tests/layering.py does not know the room '{room}'")
            continue
        for links in re.findall(r"\bLINKS\s+([\w\s:.-]+?)(?=\b(?:SOURCES|USES|LINKS)\b|\))", listing.read_text()):
            for other in links.split():
                if other in ARROWS and other not in ARROWS[room] and other != room:
                    problems.append(f"{listing.relative_to(root)}: {room} links to {other}, which it may not know")


def check(root):
    problems, long_files = [], []
    for top in ("include", "src", "tests", "load-tests"):
        for path in sorted((root / top).rglob("*.[ch]pp")):
            count = path.read_bytes().count(b"\n")
            if count > LINES:
                long_files.append((count, str(path.relative_to(root))))
            if top in ("include", "src"):
                check_file(root, path, problems)
            else:
                check_coroutines(root, path, code_only(path.read_text(encoding="utf-8")), problems)
    check_links(root, problems)
    return problems, sorted(long_files, reverse=True)


def self_test():
    cases = {
        "clean": ({"src/net/a.cpp": '#include "a.hpp"\n#include <boost/beast/http.hpp>\n', "src/net/a.hpp": ""}, 0),
        "another room": ({"src/ingest/a.cpp": '#include "store/pg.hpp"\n', "src/store/pg.hpp": ""}, 1),
        "another room, bare": ({"src/ingest/a.cpp": '#include "pg.hpp"\n', "src/store/pg.hpp": ""}, 1),
        "up and over": ({"src/ingest/a.cpp": '#include "../store/pg.hpp"\n', "src/store/pg.hpp": ""}, 1),
        "library in the brain": ({"src/actors/a.cpp": "#include <libpq-fe.h>\n#include <rapidjson/reader.h>\n"}, 2),
        "library in a door": ({"include/falconer/a.hpp": "#include <boost/beast/core.hpp>\n"}, 1),
        "a door to a room": ({"include/falconer/a.hpp": '#include "net/b.hpp"\n', "src/net/b.hpp": ""}, 1),
        "no such door": ({"src/base/a.cpp": '#include "falconer/none.hpp"\n'}, 1),
        "main knows all": ({"src/main.cpp": '#include "store/pg.hpp"\n', "src/store/pg.hpp": ""}, 0),
        "conditional": ({"src/base/a.cpp": "auto r = c ? co_await a() : co_await b();\n"}, 1),
        "conditional in a comment": ({"src/base/a.cpp": "// why ? co_await : no\nco_await a();\n"}, 0),
        "nameless aggregate": ({"src/base/a.cpp": "auto r = co_await f(loop, {.a = 1});\n"}, 1),
        "awaited inside": ({"src/base/a.cpp": "beat one{.a = 1, .b = co_await f()};\n"}, 1),
        "aggregate elsewhere": ({"src/base/a.cpp": "auto x = f({.a = 1});\nauto r = co_await g(x);\n"}, 0),
        "sibling": ({"src/ingest/CMakeLists.txt": "room(ingest\n SOURCES a.cpp\n LINKS base store)\n"}, 1),
    }
    wrong = 0
    for name, (files, expected) in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            for path, text in files.items():
                full = pathlib.Path(folder, path)
                os.makedirs(full.parent, exist_ok=True)
                full.write_text(text)
            found = check(pathlib.Path(folder))[0]
        if len(found) != expected:
            wrong += 1
            print(f"{name}: expected {expected} problems, found {found}")
    return wrong


def main():
    if "--self-test" in sys.argv:
        return 1 if self_test() else 0
    problems, long_files = check(pathlib.Path(__file__).resolve().parent.parent)
    for count, name in long_files:
        print(f"note: {name} has {count} lines")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


sys.exit(main())
