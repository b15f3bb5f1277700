"""scripts/lib/midnight.py finds who believes that a day does not end."""
import unittest

from throwaway import ROOT, RunTest

CASES = """
    import datetime
    def today():
        return datetime.datetime.now(datetime.timezone.utc).date()
    class Days(unittest.TestCase):
        def test_stays_within_a_day(self):
            before = today()
            time.sleep(3)
            self.assertEqual(today(), before)
        def test_sees_the_year_end(self):
            before, end = today(), time.monotonic() + 30
            (HERE / "shown").open("a").write(f"{before} " + subprocess.check_output(["date", "-u", "+%F"], text=True))
            while today() == before and time.monotonic() < end:
                time.sleep(0.1)
            self.assertEqual((before.month, before.day, today().month, today().day), (12, 31, 1, 1))
        def test_does_not_care(self):
            pass
    """


class Midnight(RunTest):
    def test_who_believes_that_a_day_does_not_end(self):
        self.tree.write("tests/support/other_date.c", (ROOT / "tests/support/other_date.c").read_text())
        self.tree.python_stage("system", days=CASES)
        self.tree.stage("midnight", "python3 scripts/lib/midnight.py tests/system/days_test.py")
        said = self.tree.run("midnight")
        self.verdict(said, 2, 1)
        self.assertEqual(list(said.named("FAILED")), ["days_test.py Days.test_stays_within_a_day"])
        self.assertEqual(said.named("FAILED")["days_test.py Days.test_stays_within_a_day"][1],
                         "python3 tests/system/days_test.py Days.test_stays_within_a_day")
        first, second = (self.tree.home / "tests/system/shown").read_text().split()[:2]
        self.assertEqual(first, second, "what a case starts has its date")
        self.assertTrue(first.endswith("-12-31"), first)


if __name__ == "__main__":
    unittest.main()
