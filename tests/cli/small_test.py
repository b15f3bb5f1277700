"""Answers of single commands that were not what was asked for.

Usage: small_test.py FALCONER, from the source tree's root.
"""
import os
import subprocess
import sys
import tempfile
import unittest


class Small(unittest.TestCase):
    def said(self, *command, code):
        done = subprocess.run([FALCONER, *command], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_a_command_that_there_is_not_is_named(self):
        self.assertIn("falconer: there is no command 'bogus'", self.said("bogus", code=2))
        self.assertIn("falconer db: there is no command 'bogus'", self.said("db", "bogus", code=2))

    def test_a_number_that_is_too_large_is_no_other(self):
        for number in ("99999999999999999999", "9223372036854775808", "0", "1e3", "x"):
            for command in ("show", "replay"):
                self.assertIn(f"found '{number}'", self.said("quarantine", command, "--data", "/nowhere", number, code=2))
        for command in ("show", "replay"):
            self.assertIn("found '-1'", self.said("quarantine", command, "--data", "/nowhere", "--", "-1", code=2))

    def test_a_number_behind_two_dashes_is_one(self):
        for command in ("show", "replay"):
            self.assertIn("/nowhere/store.env: cannot be read", self.said("quarantine", command, "--data", "/nowhere", "--", "1", code=2))

    def test_the_help_says_how_exact_the_exact_status_is(self):
        self.assertIn("told to the minute", " ".join(self.said("db", "status", "--help", code=0).split()))

    def test_a_folder_that_is_no_spool(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("is no spool", self.said("spool", "status", folder, code=1))
            self.assertIn("is no spool", self.said("spool", "replay", folder, "--data", "/nowhere", code=2))
            self.assertEqual(os.listdir(folder), [], "and it is not made one")

    def test_numbers_are_what_people_take_them_for(self):
        for number in ("0x10", "1e3", "99999999999999999999", "x"):
            for command in (("db", "hold", "lift", "--reason", "r"), ("db", "retain", "--keep-days"),
                            ("db", "period", "set", "--everything", "--reason", "r", "--days")):
                said = self.said(*command, number, "--data", "/nowhere", code=2)
                self.assertIn(f"expected a whole number, found '{number}'", said)


if __name__ == "__main__":
    FALCONER = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2, argv=sys.argv)
