"""Our alerts in Debian's Alertmanager: it takes them, with their labels, again without doubling them, resolved, and from whatever text
an attacker may have put into an event; its own routing takes over."""

import json
import pathlib
import subprocess
import tempfile
import time
import unittest
import uuid

from alertmanager import Alertmanager
from testbed import BUILD, eventually

HOSTILE = ("<!channel> {{ .Labels }} {{ range .Alerts }}", "\r\nline\r\n", "quote\" back\\slash", "nul\u0000", "\u202eright", "=" * 5000, "ü✓🙂", " ")


def telling(name, labels=None, ended=False):
    """A notification of one alert, in the form that webhooks get and the store keeps."""
    now = int(time.time() * 1_000_000)
    alert = {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)), "rule": name, "ruleId": str(uuid.uuid4()), "severity": "critical",
             "status": "resolved" if ended else "firing", "labels": labels or {"cluster": "shoot--shop--prod", "k8s.ns.name": "payments"},
             "summary": f"{name} has happened", "runbook": "https://runbooks.example.org/x", "started": now - 60_000_000, "last": now, "count": 3,
             "events": []}
    if ended:
        alert["ended"] = now
    return json.dumps({"version": 1, "key": str(uuid.uuid4()), "group": str(uuid.uuid4()), "number": 1, "receiver": "am", "project": "shop",
                       "labels": {}, "severity": "critical", "status": alert["status"], "title": name, "made": now, "alerts": [alert],
                       "leftOut": 0})


class AlertmanagerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.home.cleanup)
        cls.peer = Alertmanager(pathlib.Path(cls.home.name))
        cls.addClassCleanup(cls.peer.close)

    def tell(self, what, url=None):
        receiver = json.dumps({"name": "am", "alertmanager": {"url": url or self.peer.url}})
        return subprocess.run([BUILD / "alert_probe", receiver], input=what, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=120)

    def active(self, name):
        return [each for each in self.peer.alerts() if each["labels"]["alertname"] == name and each["status"]["state"] == "active"]

    def test_it_takes_an_alert_with_its_labels_once(self):
        for _ in range(2):
            said = self.tell(telling("Shell in production"))
            self.assertEqual(said.returncode, 0, said.stdout)
        eventually(lambda: self.active("Shell in production"), 60, "the alert is active")
        only, = self.active("Shell in production")
        self.assertEqual(only["labels"], {"alertname": "Shell in production", "severity": "critical", "project": "shop", "source": "falconer",
                                          "cluster": "shoot--shop--prod", "k8s_ns_name": "payments"})
        self.assertEqual(only["annotations"]["runbook_url"], "https://runbooks.example.org/x")

    def test_an_alert_that_has_ended_is_active_no_more(self):
        self.assertEqual(self.tell(telling("Ends")).returncode, 0)
        eventually(lambda: self.active("Ends"), 60, "the alert is active")
        self.assertEqual(self.tell(telling("Ends", ended=True)).returncode, 0)
        eventually(lambda: not self.active("Ends"), 60, "the alert has ended")

    def test_it_takes_whatever_an_attacker_has_put_into_a_label(self):
        for number, text in enumerate(HOSTILE):
            with self.subTest(text=text[:20]):
                name = f"Hostile {number}"
                said = self.tell(telling(name, {"proc.cmdline": text, text[:40]: "value"}))
                self.assertEqual(said.returncode, 0, said.stdout)
                eventually(lambda: self.active(name), 60, "the alert is active")

    def test_what_it_refuses_is_not_tried_again(self):
        said = self.tell(telling("x"), self.peer.url + "/api/v2/nothing")
        self.assertEqual(said.returncode, 1)
        self.assertTrue(said.stdout.startswith("never 404"), said.stdout)


if __name__ == "__main__":
    unittest.main()
