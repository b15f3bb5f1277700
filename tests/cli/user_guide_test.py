"""docs/user-guide.md: it has every field of both dialects, and what it shows of `rules lint` is what is said.

Usage: user_guide_test.py FALCONER, from the source tree's root. That its shoots are accepted and its commands run is shown by
tests/system/docs_test.py.
"""
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

import yaml

GUIDE = pathlib.Path("docs/user-guide.md").read_text()
DECODER = pathlib.Path("src/falco/service_config.cpp").read_text()


def keys_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


class UserGuide(unittest.TestCase):
    def test_it_has_an_example_of_every_field(self):
        known = set(re.findall(r'\b(?:read|read_needed|in|each)\(\s*"(\w+)"', DECODER))
        self.assertGreater(len(known), 30, "the decoder's fields are found")
        shown = set()
        for block in re.findall(r"<!-- shoot -->\n```yaml\n(.*?)```", GUIDE, re.DOTALL):
            shown.update(keys_of(yaml.safe_load(block)))
        self.assertEqual(known - shown, {"falcoAutoUpdate"}, "another spelling of autoUpdate, which cannot stand beside it")
        self.assertIn("`falcoAutoUpdate`", GUIDE)

    def test_what_is_said_of_broken_rules_is_one_screen(self):
        block = re.search(r"user_guide_test.py -->\n```console\n\$ falconer (.*?)\n(.*?)```", GUIDE, re.DOTALL)
        done = subprocess.run([FALCONER, *shlex.split(block[1])], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertEqual(done.stdout, block[2])
        self.assertGreaterEqual(len(done.stdout.splitlines()), 12)
        self.assertLessEqual(len(done.stdout.splitlines()), 24)


if __name__ == "__main__":
    FALCONER = sys.argv.pop(1)
    unittest.main()
