"""Clusters that fall silent or blind are noticed within a minute, whoever is killed meanwhile, and `falconer clusters` says so."""

import json
import sys
import unittest

from testbed import CLUSTER, Testbed, event, eventually

WAITS = "for the look at clusters once a minute"

LIVELY, QUIET, BLIND = (CLUSTER.replace("alpha", name) for name in ("lively", "quiet", "blind"))


class Sight(unittest.TestCase):
    def seen(self, bed, *more):
        lines = bed.run("clusters", "list", "--json", *more, "--config", bed.config).stdout.decode().splitlines()
        return {each["cluster"]: each for each in map(json.loads, lines)}

    def reasons(self, bed):
        return {cluster: each.get("reason") for cluster, each in self.seen(bed).items()}

    def test_who_is_silent_or_blind_is_noticed_and_told(self):
        with Testbed() as bed:
            bed.migrate()
            # As if somebody had looked for a week. They send once a minute; of one nothing has come for two hours, and of one all tokens
            # have been refused for some minutes.
            for cluster, ago in (LIVELY, 0), (QUIET, 120), (BLIND, 20):
                bed.psql(f"insert into falconer.cluster (digest, identity, first_seen) values (sha256('{cluster}'), '{cluster}', now() - interval '7 days')",
                         "falconer")
                bed.psql(f"insert into falconer.sight (cluster, awake_since, event, learned, gap, reason, since) select id, first_seen, "
                         f"now() - interval '{ago} minutes', now(), 60, 0, first_seen from falconer.cluster where identity = '{cluster}'", "falconer")
            bed.psql("insert into falconer.tally (minute, cluster, cause, priority, count) select date_trunc('minute', now()) - n * interval '1 minute', "
                     f"id, 3, 7, 5 from falconer.cluster, generate_series(1, 5) n where identity = '{BLIND}'", "falconer")
            bed.psql("insert into falconer.sight_round (at, watched_since) values (now(), now() - interval '7 days')", "falconer")
            bed.start()
            wanted = {LIVELY: "Healthy", QUIET: "EventsSilent", BLIND: "TokensRefused"}
            eventually(lambda: self.reasons(bed) == wanted, 120, "they are looked at")
            self.assertEqual(bed.metrics()['falconer_sight_clusters{state="silent"}'], 1)
            self.assertEqual(set(self.seen(bed, "--state", "silent,blind")), {QUIET, BLIND})
            text = bed.run("clusters", "list", "--config", bed.config).stdout.decode().splitlines()
            self.assertTrue(text[0].startswith("blind "), text)
            self.assertIn(LIVELY, text[-1])

            # Another one goes on where this one stood, and hears of the silent one.
            bed.kill()
            bed.start()
            self.assertEqual(bed.post(event(QUIET), bed.token(QUIET))[0], 200)
            eventually(lambda: self.reasons(bed)[QUIET] == "Healthy", 180, "it is heard again")
            history = [json.loads(each)["reason"] for each in
                       bed.run("clusters", "history", "--cluster", QUIET, "--json", "--config", bed.config).stdout.decode().splitlines()]
            self.assertEqual(history, ["Healthy", "EventsSilent"])

    def test_that_nobody_looks_is_said(self):
        with Testbed() as bed:
            bed.migrate()
            done = bed.run("clusters", "list", "--config", bed.config)
            self.assertIn("nobody has looked at clusters yet", done.stderr.decode())
            self.assertEqual(done.stdout.decode(), "no cluster is like this\n")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
