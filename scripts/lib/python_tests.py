"""Runs test files with unittest and reports for scripts/test.sh.

    python_tests.py FOLDER      every *_test.py of FOLDER, one after the other

Prints `PASSED FAILED` as its last line. A test that skips itself counts as failed.
"""
import pathlib
import sys
import unittest

folder = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(folder))
suite = unittest.defaultTestLoader.discover(str(folder), pattern="*_test.py", top_level_dir=str(folder))
outcome = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
bad = len(outcome.failures) + len(outcome.errors) + len(outcome.skipped) + len(outcome.unexpectedSuccesses)
print(max(0, outcome.testsRun - bad), max(bad, 0 if outcome.testsRun else 1))
sys.exit(0 if outcome.testsRun and not bad else 1)
