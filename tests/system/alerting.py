"""A falconer with alert rules and a receiver of ours, for tests of what is told to whom."""

import json
import os
import pathlib

from testbed import CLUSTER, Testbed, event, eventually

SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def rule(name="Alarm", what='rule:"Alarm"', to=("on-call",), **more):
    """Tells of each event with a command line of its own, at once, and never again. `more`: see docs/operations.md."""
    return {"name": name, "filter": what, "receivers": list(to), "groupBy": ["proc.cmdline"], "bundleBy": ["proc.cmdline"],
            "wait": "0s", "interval": "1s", "repeat": "24h", "quiet": "1h", **more}


def webhook(to, path="/", name="on-call", secret=None):
    """As fast as it can be, so that nobody waits for its pace."""
    return {"name": name, "perMinute": 6000, "webhook": {"url": to.url(path), **({"secretFile": str(secret)} if secret else {})}}


class AlertBed(Testbed):
    """`rules`, `receivers`: the operators', as in the configuration file."""

    def __init__(self, rules, receivers, **more):
        super().__init__(**more)
        self.configure(rules, receivers)
        self.migrate()

    def configure(self, rules, receivers):
        """From the next start on."""
        self.extra["alerts"] = {"rules": rules, "receivers": receivers}
        self.config = self._write_config()

    def raise_alarm(self, what, cluster=CLUSTER, **changes):
        """An event that rule() finds, once it is acknowledged."""
        changes = {"rule": "Alarm", "output_fields": {"proc.cmdline": str(what), "k8s.ns.name": "shop"}, **changes}
        status, said = self.post(event(cluster, **changes), self._token_of(cluster))
        assert status == 200, said

    def _token_of(self, cluster):
        known = self.__dict__.setdefault("_tokens", {})
        return known.get(cluster) or known.setdefault(cluster, self.token(cluster))

    def tries(self):
        """The delivery log: receiver → its tries' (outcome, what was said), in their order."""
        outcomes = ("again", "delivered", "given up", "put in again")
        rows = self.psql("select json_agg(json_build_array(d.receiver, t.outcome, t.said) order by t.notification, t.number) "
                         "from falconer.alert_try t join falconer.alert_delivery d using (notification)", "falconer")
        found = {}
        for to, outcome, said in json.loads(rows or "[]"):
            found.setdefault(to, []).append((outcomes[outcome], said))
        return found

    def all_told(self, seconds=120):
        """Until nothing waits for a receiver any more."""
        eventually(lambda: self.count("select count(*) from falconer.alert_delivery where state = 0") == 0, seconds, "nothing waits to be told")

    def evaluates(self):
        return self.metrics()["falconer_alert_evaluator"] == 1


class Replica(AlertBed):
    """Another falconer with the same store, keys and configuration."""

    def __init__(self, first):
        self.first = first
        Testbed.__init__(self, extra=first.extra, roles=first.roles)

    def _start_postgres(self):
        self.pg = dict(self.first.pg)

    def _make_keys(self):
        self.key, self.keys = self.first.key, self.first.keys


def signing_keys(bed, *keys):
    file = pathlib.Path(bed.home) / "signing-keys"
    file.write_text("".join(f"{each}\n" for each in keys))
    os.chmod(file, 0o600)
    return file


def commands(told):
    """What each telling was about: the command lines of its alerts."""
    return [alert["labels"]["proc.cmdline"] for each in told for alert in each.message["alerts"]]

