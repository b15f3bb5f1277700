"""falconer up: the annotation `maintain` moves a Shoot's version through the whole program, and its owner is told."""

import base64
import datetime
import json
import os
import pathlib
import re
import shutil
import ssl
import tempfile
import unittest
import urllib.error
import urllib.request

from testbed import eventually
from up_test import Up

SHOOTS = "/apis/core.gardener.cloud/v1beta1/namespaces/garden-demo/shoots"
PROFILE = "/apis/falco.gardener.cloud/v1alpha1/falcoprofiles/falco"
ASK = {"metadata": {"annotations": {"gardener.cloud/operation": "maintain"}}}


class Api:
    """The API of a running `falconer up`, as kubectl sees it."""

    def __init__(self, kubeconfig):
        text = kubeconfig.read_text()
        said = lambda key: re.search(rf"{key}: \"?([^\s\"]+)", text).group(1)
        self.server, self.token = said("server"), said("token")
        self.trust = ssl.create_default_context(cadata=base64.b64decode(said("certificate-authority-data")).decode())

    def ask(self, path, method="GET", body=None, kind="application/json"):
        request = urllib.request.Request(
            self.server + path, None if body is None else json.dumps(body).encode(),
            {"Authorization": "Bearer " + self.token, "Content-Type": kind}, method=method)
        with urllib.request.urlopen(request, timeout=120, context=self.trust) as answer:
            return json.load(answer)

    def patch(self, path, body):
        return self.ask(path, "PATCH", body, "application/merge-patch+json")


def config(version):
    return {"apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig", "falcoVersion": version,
            "autoUpdate": True, "rules": {"standard": ["falco-rules"]}, "destinations": [{"name": "central"}]}


class MaintenanceTest(unittest.TestCase):
    def setUp(self):
        home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-maintenance."))
        os.chmod(home, 0o755)  # PostgreSQL's user passes through
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        self.up = Up(home / "data", "--shoots", "1", "--rate", "1")
        self.addCleanup(self.up.make_sure_it_has_ended)
        self.up.wait_until_up()
        self.api = Api(home / "data" / "kubernetes" / "kubeconfig")

    def version(self):
        return self.api.ask(SHOOTS + "/old")["spec"]["extensions"][0]["providerConfig"]["falcoVersion"]

    def no_version_expires(self):
        """The demo's profile has dates, one of which is today some day."""
        versions = self.api.ask(PROFILE)["spec"]["versions"]["falco"]
        for each in versions:
            each.pop("expirationDate", None)
        self.api.patch(PROFILE, {"spec": {"versions": {"falco": versions}}})

    def test_the_annotation_moves_the_version_and_gardener_takes_it_away(self):
        self.no_version_expires()
        self.api.ask(SHOOTS, "POST", {
            "apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot", "metadata": {"name": "old", "namespace": "garden-demo"},
            "spec": {"kubernetes": {"version": "1.33.5"},
                     # Open on the other side of the day only.
                     "maintenance": {"timeWindow": self.closed_window()},
                     "extensions": [{"type": "shoot-falco-service", "providerConfig": config("0.42.1")}]}})
        extension = "/apis/extensions.gardener.cloud/v1alpha1/namespaces/shoot--demo--old/extensions/shoot-falco-service"

        def delivered(version):
            try:
                is_there = self.api.ask(extension)
            except urllib.error.HTTPError:
                return False  # not there yet
            return (is_there["spec"]["providerConfig"]["falcoVersion"] == version
                    and is_there.get("status", {}).get("lastOperation", {}).get("state") == "Succeeded")
        eventually(lambda: delivered("0.42.1"), 120, "the old version is delivered")
        self.assertEqual(self.version(), "0.42.1", "its window is closed")

        self.api.patch(SHOOTS + "/old", ASK)
        eventually(lambda: self.version() == "0.43.0", 120, "the version moves")
        self.assertEqual(self.api.ask(SHOOTS + "/old")["spec"]["extensions"][0]["providerConfig"], config("0.43.0"))
        eventually(lambda: delivered("0.43.0"), 120, "the new version is delivered")

        def annotations():
            return self.api.ask(SHOOTS + "/old")["metadata"].get("annotations", {})
        eventually(lambda: "gardener.cloud/operation" not in annotations(), 120, "Gardener takes its annotation away")

        def told():
            events = self.api.ask("/api/v1/namespaces/garden-demo/events")["items"]
            return [(each["type"], each["reason"]) for each in events if each["involvedObject"]["name"] == "old"]
        eventually(lambda: told() == [("Normal", "FalcoVersionMoved")], 120, "its owner is told")

    @staticmethod
    def closed_window():
        begin = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=12)
        return {"begin": begin.strftime("%H%M%S+0000"), "end": (begin + datetime.timedelta(hours=1)).strftime("%H%M%S+0000")}


if __name__ == "__main__":
    unittest.main()
