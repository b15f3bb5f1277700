"""Which cases may be skipped, by name: the list named_skips beside this file. In CI (CI=true) none may.

A skipped case that is not on the list has failed: nobody notices a test that does not run."""
import fnmatch
import os
import pathlib

LIST = pathlib.Path(__file__).with_name("named_skips")
SHOWN = "scripts/lib/named_skips"


def allowed(name):
    if os.environ.get("CI") == "true":
        return False
    lines = (line.split("#")[0].strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in lines if pattern)
