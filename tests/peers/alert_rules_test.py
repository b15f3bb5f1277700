"""Every alert of the charts: read and tried by promtool, with series that should raise it and with series that should not; what it
looks at is what Falconer tells."""

import functools
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

import alert_cases
import chart_cases
import charts
from testbed import ROOT

# chart, the values with which it has all of its alerts, and what is expected of these.
ALL = ((charts.EVENTS, "with everything", alert_cases.EVENTS), (charts.CONTROLLER, "on a seed", alert_cases.CONTROLLER),
       (charts.CONTROLLER, "on the runtime cluster", alert_cases.CONTROLLER), (charts.ADMISSION_RUNTIME, "by the operator", alert_cases.ADMISSION))


@functools.cache
def promtool():
    """Of Debian's package prometheus, unpacked and not installed, which would start it as a service."""
    command = [ROOT / "scripts/lib/unpacked.sh", "prometheus"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip() + "/usr/bin/promtool"


def groups_of(chart, name):
    objects = chart_cases.rendered(chart, name)
    return [group for each in objects if each["kind"] == "PrometheusRule" for group in each["spec"]["groups"]]


def told(rule, case):
    """What promtool is to find of it when it is told."""
    notes = dict(rule["annotations"])
    if case.said:
        notes["description"] = case.said
    return {"exp_labels": {**rule["labels"], **case.labels}, "exp_annotations": notes}


def tests_of(rule, case):
    moments = [{"eval_time": f"{minute}m", "alertname": rule["alert"], "exp_alerts": []} for minute in case.quiet]
    moments += [{"eval_time": f"{minute}m", "alertname": rule["alert"], "exp_alerts": [told(rule, case)]} for minute in case.fires]
    series = [{"series": name, "values": values} for name, values in case.series.items()]
    return case.every, {"interval": "1m", "input_series": series, "alert_rule_test": moments}


class AlertRules(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="falconer-alerts.")
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)

    def run_promtool(self, *arguments):
        return subprocess.run([promtool(), *arguments], capture_output=True, text=True, cwd=self.home, timeout=180)

    def tried(self, groups, tests):
        (self.home / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
        files = []
        for every in sorted({each for each, _ in tests}):
            files.append(f"tests-{every}.yaml")
            asked = [test for each, test in tests if each == every]
            (self.home / files[-1]).write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": every, "tests": asked}))
        return self.run_promtool("test", "rules", *files)

    def test_promtool_reads_them(self):
        for chart, name, _ in ALL:
            with self.subTest(chart=chart, case=name):
                (self.home / "rules.yaml").write_text(yaml.safe_dump({"groups": groups_of(chart, name)}))
                done = self.run_promtool("check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_is_told_when_it_should_be_and_only_then(self):
        for chart, name, cases in ALL:
            groups = groups_of(chart, name)
            rules = {rule["alert"]: rule for group in groups for rule in group["rules"]}
            with self.subTest(chart=chart, case=name):
                self.assertEqual(rules.keys(), cases.keys(), "every alert has a case, and every case an alert")
                for case in cases.values():
                    self.assertTrue(case.quiet and case.fires)
                done = self.tried(groups, [tests_of(rules[alert], case) for alert, case in cases.items()])
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_rule_that_never_fires_or_always_does_is_found_out(self):
        rules = [rule for group in groups_of(charts.EVENTS, "with everything") for rule in group["rules"]]
        tests = [tests_of(rule, alert_cases.EVENTS[rule["alert"]]) for rule in rules]
        for spoilt in ("vector(0) > 1", "vector(1)"):
            done = self.tried([{"name": "x", "rules": [{**rule, "expr": spoilt} for rule in rules]}], tests)
            found = set(re.findall(r"alertname: (\w+)", done.stdout + done.stderr))
            self.assertEqual(found, {rule["alert"] for rule in rules}, spoilt)

    def test_what_they_look_at_is_what_falconer_tells(self):
        source = "".join(path.read_text() for path in sorted((ROOT / "src").rglob("*.[ch]pp")))
        known = set(re.findall(r'"(falconer_\w+)"', source))
        for chart, name, _ in ALL:
            for group in groups_of(chart, name):
                for rule in group["rules"]:
                    asked = set(re.findall(r"falconer_\w+", rule["expr"]))
                    self.assertEqual(asked - known, set(), rule["alert"])
                    self.assertTrue(asked or "up{" in rule["expr"], rule["alert"])

    def test_each_says_what_it_means_and_how_urgent_it_is(self):
        for chart, name, _ in ALL:
            for group in groups_of(chart, name):
                for rule in group["rules"]:
                    self.assertRegex(rule["alert"], r"^Falconer[A-Za-z]+$")
                    self.assertIn(rule["labels"]["severity"], ("warning", "critical"))
                    for note in ("summary", "description"):
                        self.assertRegex(rule["annotations"][note], r"[.?]$", f"{rule['alert']}: a sentence")


if __name__ == "__main__":
    unittest.main(verbosity=2)
