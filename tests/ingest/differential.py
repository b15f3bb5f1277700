"""Holds `falconer event check` against Python's JSON reader: is a body one JSON object or not?

usage: differential.py FALCONER     (in the source directory)
"""
import json
import os
import pathlib
import random
import subprocess
import sys


def no_constant(word):
    raise ValueError(word)  # Python reads NaN and Infinity, JSON has none


def is_object(body):
    """None: Python cannot tell (it recurses)."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=no_constant, parse_int=str, parse_float=str)
    except RecursionError:
        return None
    except ValueError:
        return False
    return isinstance(value, dict)


def is_odd(body):
    """Is there U+0000 or half a surrogate pair in a key or text of it?"""
    found = []

    def look(value):
        if isinstance(value, str):
            found.append("\0" in value or any("\ud800" <= c <= "\udfff" for c in value))
        elif isinstance(value, list):
            for each in value:
                look(each)

    def pairs(members):  # of keys that come twice, too
        for key, value in members:
            look(key)
            look(value)
        return {}

    json.loads(body.decode("utf-8"), object_pairs_hook=pairs, parse_int=str, parse_float=str)
    return any(found)


def verdicts(falconer, bodies, *flags):
    done = subprocess.run([falconer, "event", "check", *flags], input=bodies, capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def mutations(body, rng):
    for _ in range(20):
        at = rng.randrange(len(body))
        piece = rng.choice([b"", b'"', b"\\", b",", b"}", b"[", b"0", b"e", b"\\u", b"\xc3", b"\x01", bytes([rng.randrange(256)])])
        yield body[:at] + piece + body[at + rng.randrange(2):]


def main():
    falconer = sys.argv[1]
    folders = [pathlib.Path("tests/samples")]
    shared = pathlib.Path(os.environ.get("FALCONER_SHARED_DATA", "../shared/data/events"))
    if shared.is_dir():
        folders.append(shared)
    else:
        print(f"skipped: the shared corpus, which is not at {shared}; the tree's own samples are compared")
    singles = [p.read_bytes() for f in folders for p in sorted((f / "poison").glob("*.body"))]
    lines = [line for f in folders for p in f.glob("*.ndjson") for line in p.read_bytes().split(b"\n")]

    rng = random.Random(20261123)
    for body in singles + lines[::5]:
        if body and len(body) < 20_000:
            lines += mutations(body.rstrip(b"\n"), rng)
    lines = [line for line in lines if b"\n" not in line and line.strip(b" \t\r")]

    got = [(body, verdicts(falconer, body)[0]) for body in singles]
    answers = verdicts(falconer, b"\n".join(lines), "--ndjson")
    if len(answers) != len(lines):
        sys.exit(f"{len(lines)} lines, {len(answers)} verdicts")
    got += zip(lines, answers)

    wrong = 0
    for body, verdict in got:
        ours = verdict["class"] != "reject400" or verdict["reason"].startswith("output_fields.cluster_id")
        theirs = is_object(body)
        if theirs is not None and ours != theirs:
            wrong += 1
            print(f"Python says {theirs}, we say {verdict}: {body[:300]!r}")
        elif verdict["class"] == "store" and is_odd(body) != ("replaced_characters" in verdict["flags"]):
            wrong += 1
            print(f"Python says {is_odd(body)}, we say {verdict}: {body[:300]!r}")
    print(f"{len(got)} bodies, {wrong} differences")
    sys.exit(1 if wrong or len(got) < 1000 else 0)


main()
