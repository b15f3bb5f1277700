"""Makes unittest cases of journeys: what a person does in a browser, written in *_journeys.mjs beside this file."""

import functools
import json
import os
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIMIT = 300  # seconds for one journey; a condition inside of it has 60


@functools.cache
def node():
    """The page is built, its packages are there; the program node."""
    subprocess.run([ROOT / "scripts/lib/web.sh"], check=True)
    folder = subprocess.run([ROOT / "scripts/lib/web.sh", "packages"], check=True, capture_output=True, text=True).stdout.strip()
    return f"{folder}/node"


def run(*words, env=None):
    return subprocess.run([node(), HERE / "support/run.mjs", *words], env={**os.environ, **(env or {})}, capture_output=True,
                          text=True, timeout=LIMIT, check=False)


def of(file):
    """Class decorator: a case for each journey of the file. `environment()` of the class, if it has one, is what they get."""
    def cases(cls):
        listed = run("--list", HERE / file)
        if listed.returncode != 0:
            raise RuntimeError(f"{file}: {listed.stdout}{listed.stderr}")
        for name in json.loads(listed.stdout):
            def case(self, name=name):
                environment = getattr(self, "environment", dict)()
                done = run(HERE / file, name, env=environment)
                print(done.stdout, done.stderr)
                problem = next((line for line in done.stdout.splitlines() if re.match(r"\w*Error\b", line)), "it ended")
                self.assertEqual(done.returncode, 0, problem)
            case.__doc__ = name
            setattr(cls, "test_" + re.sub(r"\W+", "_", name).strip("_"), case)
        return cls
    return cases
