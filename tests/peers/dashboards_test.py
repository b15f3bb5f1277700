"""Grafana's dashboards: what Grafana needs stands in them, each query has a series in a Prometheus that has scraped `falconer up`, and the
chart brings them as they are.

`falconer up` has no certificate of its own on the events' port, no replica for the console and no registry of rules; a second falconer
beside it has these, on the same store and the same API, and waits for the leader's place.
"""

import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import jsonschema
import yaml

import charts
import tokens
from clusters_away_test import Process
from prometheus import Prometheus
from testbed import ROOT, eventually, free_port
from up_test import Up

CHART = charts.CHARTS / "falconer-dashboards"
FILES = sorted((CHART / "dashboards").glob("*.json"))
NAMES = ["certificates", "controllers", "ingest", "spool", "store"]
# Grafana's own words for how numbers are shown. Source: grafana/grafana, packages/grafana-data/src/valueFormats/categories.ts.
UNITS = ["short", "s", "d", "bytes", "Bps", "ops", "reqps", "percentunit"]
COLUMNS = 24  # of Grafana's grid

DATASOURCE = {"const": {"type": "prometheus", "uid": "${datasource}"}}
TARGET = {"type": "object", "additionalProperties": False, "required": ["refId", "expr", "datasource"], "properties": {
    "refId": {"pattern": "^[A-Z]$"}, "expr": {"type": "string", "minLength": 1}, "legendFormat": {"type": "string"}, "datasource": DATASOURCE}}
DEFAULTS = {"type": "object", "additionalProperties": False, "required": ["unit"], "properties": {
    "unit": {"enum": UNITS}, "decimals": {"type": "integer"}, "min": {"type": "number"}, "custom": {"type": "object"}, "mappings": {"type": "array"},
    "color": {"const": {"mode": "thresholds"}},
    "thresholds": {"type": "object", "required": ["mode", "steps"], "properties": {"mode": {"const": "absolute"}, "steps": {
        "type": "array", "minItems": 1, "items": {"type": "object", "required": ["color", "value"]}}}}}}
PANEL = {"type": "object", "additionalProperties": False,
         "required": ["id", "type", "title", "description", "datasource", "gridPos", "fieldConfig", "options", "targets"], "properties": {
             "id": {"type": "integer", "minimum": 1}, "type": {"enum": ["stat", "timeseries"]}, "title": {"type": "string", "minLength": 1},
             "description": {"type": "string", "pattern": r"\.$"}, "datasource": DATASOURCE, "options": {"type": "object"},
             "gridPos": {"type": "object", "additionalProperties": False, "required": ["h", "w", "x", "y"], "properties": {
                 "h": {"type": "integer", "minimum": 1}, "w": {"type": "integer", "minimum": 1, "maximum": COLUMNS},
                 "x": {"type": "integer", "minimum": 0, "maximum": COLUMNS - 1}, "y": {"type": "integer", "minimum": 0}}},
             "fieldConfig": {"type": "object", "required": ["defaults", "overrides"], "properties": {
                 "defaults": DEFAULTS, "overrides": {"const": []}}},
             "targets": {"type": "array", "minItems": 1, "items": TARGET}}}
# Source: grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model, as far as it is used here.
DASHBOARD = {"type": "object", "additionalProperties": False,
             "required": ["uid", "title", "description", "tags", "schemaVersion", "time", "templating", "panels"], "properties": {
                 "uid": {"pattern": "^falconer-[a-z]+$", "maxLength": 40}, "title": {"pattern": "^Falconer: "},
                 "description": {"type": "string", "minLength": 1},
                 "tags": {"const": ["falconer"]}, "schemaVersion": {"type": "integer", "minimum": 27}, "version": {"const": 1}, "editable": {"type": "boolean"},
                 "graphTooltip": {"enum": [0, 1, 2]}, "refresh": {"type": "string"}, "timezone": {"enum": ["utc", "browser"]},
                 "time": {"type": "object", "required": ["from", "to"]}, "annotations": {"const": {"list": []}}, "links": {"type": "array"},
                 "templating": {"type": "object", "required": ["list"], "properties": {"list": {"type": "array", "items": {
                     "type": "object", "required": ["name", "type", "query"], "properties": {"type": {"enum": ["datasource", "query"]}}}}}},
                 "panels": {"type": "array", "minItems": 1, "items": PANEL}}}


def dashboards():
    return {file.stem: json.loads(file.read_text()) for file in FILES}


def queries():
    """(dashboard, panel's title, expression)"""
    return [(name, panel["title"], target["expr"]) for name, board in dashboards().items() for panel in board["panels"] for target in panel["targets"]]


def filled_in(expression):
    """As Grafana sends it, where all namespaces are looked at and a scrape comes each second."""
    return expression.replace("$namespace", ".*").replace("$__rate_interval", "30s")


def overlap(one, other):
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
            and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


class Files(unittest.TestCase):
    def test_they_are_what_grafana_reads(self):
        self.assertEqual(sorted(dashboards()), NAMES)
        for name, board in dashboards().items():
            with self.subTest(name):
                jsonschema.validate(board, DASHBOARD)
                self.assertEqual(board["uid"], f"falconer-{name}")
                panels = board["panels"]
                for what in ("id", "title"):
                    self.assertEqual(len({panel[what] for panel in panels}), len(panels), what)
                for number, panel in enumerate(panels):
                    place = panel["gridPos"]
                    self.assertLessEqual(place["x"] + place["w"], COLUMNS, panel["title"])
                    self.assertEqual([each["title"] for each in panels[:number] if overlap(each["gridPos"], place)], [], panel["title"])
                    refs = [target["refId"] for target in panel["targets"]]
                    self.assertEqual(len(set(refs)), len(refs), panel["title"])
                    if len(refs) > 1:
                        self.assertTrue(all(target.get("legendFormat") for target in panel["targets"]), panel["title"])
        self.assertEqual(len({board["title"] for board in dashboards().values()}), len(NAMES))

    def test_every_variable_that_is_used_is_there_and_each_query_keeps_to_the_chosen_namespaces(self):
        built_in = {"__rate_interval", "__all"}
        for name, board in dashboards().items():
            known = {each["name"] for each in board["templating"]["list"]}
            used = set(re.findall(r"\$\{?(\w+)", json.dumps(board)))
            with self.subTest(name):
                self.assertEqual(used - built_in, known)
        for name, title, expression in queries():
            with self.subTest(dashboard=name, panel=title):
                selectors = re.findall(r"\{([^}]*)\}", expression)
                self.assertTrue(selectors)
                for each in selectors:
                    self.assertIn('namespace=~"$namespace"', each)

    def test_the_schema_sees_what_it_is_for(self):
        good = dashboards()["spool"]
        for wrong in (lambda it: it.pop("uid"), lambda it: it["panels"][0].pop("gridPos"), lambda it: it["panels"][0].update(type="graf"),
                      lambda it: it["panels"][0]["targets"][0].update(expr=""), lambda it: it["panels"][0]["targets"][0].update(datasource="prometheus"),
                      lambda it: it["panels"][0]["fieldConfig"]["defaults"].update(unit="secs")):
            bad = json.loads(json.dumps(good))
            wrong(bad)
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(bad, DASHBOARD)

    def test_the_chart_brings_them_as_they_are(self):
        done = charts.helm("lint", "--strict", CHART)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        brought = {}
        for each in charts.render("falconer-dashboards", {"annotations": {"grafana_folder": "Falconer"}}):
            self.assertEqual((each["kind"], each["metadata"]["namespace"]), ("ConfigMap", "garden"))
            self.assertEqual(each["metadata"]["labels"]["grafana_dashboard"], "1")
            self.assertEqual(each["metadata"]["annotations"], {"grafana_folder": "Falconer"})
            (key, text), = each["data"].items()
            self.assertRegex(key, r"^falconer-[a-z]+\.json$")  # Plutono puts all files into one folder
            brought[key] = json.loads(text)
        self.assertEqual(brought, {f"falconer-{name}.json": board for name, board in dashboards().items()})
        with self.assertRaisesRegex(AssertionError, "labels"):
            charts.render("falconer-dashboards", {"labels": {"grafana_dashboard": 1}})


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-dashboards."))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.home.chmod(0o755)  # PostgreSQL's user passes through
        cls.up = Up(cls.home / "data", "--shoots", "3", "--rate", "20")
        cls.addClassCleanup(cls.up.make_sure_it_has_ended)
        cls.up.wait_until_up()
        tokens.make_certificate(cls.home)
        metrics = re.search(r"http://(127\.0\.0\.1:\d+)/metrics", cls.up.said()).group(1)
        cls.metrics = [metrics, cls.start_beside()]
        cls.prometheus = Prometheus(cls.home, cls.metrics)
        cls.addClassCleanup(cls.prometheus.close)

    @classmethod
    def start_beside(cls):
        data, ingest = cls.up.data, free_port()
        (cls.home / "rules").mkdir()
        kubeconfig, run = str(data / "kubernetes/kubeconfig"), str(data / "run")
        tls = {"certificateFile": str(cls.home / "server.crt"), "keyFile": str(cls.home / "server.key")}
        listen = f"127.0.0.1:{free_port()}"
        cls.beside = Process(cls.home, "ingestor,controller,console", {
            "metrics": {"listen": listen},
            "store": {"hosts": [run], "database": "falconer", "user": "falconer_writer", "housekeeping": False,
                      "reader": {"user": "falconer_reader", "hosts": [run]}},
            "ingestor": {"listen": f"127.0.0.1:{ingest}", "keysFile": str(data / "keys/keys.yaml"), "tls": tls,
                         "spool": {"directory": str(cls.home / "spool"), "capacity": "64Mi", "segment": "1Mi"}},
            "console": {"listen": f"127.0.0.1:{free_port()}", "tls": tls, "demoUsersFile": str(data / "keys/console-users.yaml")},
            "controller": {"kubeconfig": kubeconfig, "gardenKubeconfig": kubeconfig, "namespace": "default", "rules": str(cls.home / "rules"),
                           "rulesSource": {"from": str(ROOT / "config/rules/demo"), "cache": str(cls.home / "pulled")}}})
        cls.addClassCleanup(lambda: cls.beside.process.kill() or cls.beside.process.wait())
        eventually(lambda: cls.beside.readiness("ingestor") == [], 120, "the one beside takes events")
        return listen

    def refused_token(self):
        """Nobody else in this landscape presents a wrong one."""
        events = re.search(r"http://127\.0\.0\.1:\d+/v1/events", self.up.said()).group(0)
        wrong = urllib.request.Request(events, data=b"{}", headers={"Content-Type": "application/json", "Authorization": "Bearer e.e.e"})
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(wrong, timeout=60):
            self.fail("a token that is none was taken")

    def test_each_has_a_series(self):
        self.refused_token()
        eventually(lambda: len(self.prometheus.query("up == 1")) == 2, 120, "both were scraped")
        expressions = queries()
        self.assertGreater(len(expressions), 80)
        missing = dict.fromkeys(expressions)

        def found():
            for each in list(missing):
                if self.prometheus.query(filled_in(each[2])):
                    del missing[each]
            return not missing
        with contextlib.suppress(AssertionError):
            eventually(found, 180)
        self.assertEqual(list(missing), [])

    def test_a_query_of_what_nobody_tells_has_none(self):
        self.assertEqual(self.prometheus.query(filled_in('falconer_store_awya{namespace=~"$namespace"}')), [])
        with self.assertRaisesRegex(AssertionError, "parse error"):
            self.prometheus.query("sum by (reason (x)")


if __name__ == "__main__":
    unittest.main(verbosity=2)
