"""What an attacker may call a process or a file takes no event out of sight: U+0000 and half surrogate pairs are
shown as U+FFFD, and the body stays as it came."""

import json
import os
import pathlib
import subprocess
import sys
import unittest
import uuid

from testbed import CLUSTER, FALCONER, ROOT, Testbed, event, eventually

WAITS = "for counts to be told, which falconer does once a minute"

REPLACED, REQUARANTINED = 128, 32


def odd(n=0, identity=None):
    """A body that no jsonb takes; each one is different, and none is what a JSON writer would make of it."""
    body = event(identity=identity).replace("bash -i", "sh\\u0000-i", 1).replace("cart-", f"\\uDC00{n}\\u00e9 ", 1)
    return ("  " + body + "\n").encode()


def uuid_of(body):
    return json.loads(body)["uuid"]


class Replaced(unittest.TestCase):
    def run_falconer(self, bed, *args, code=0):
        done = subprocess.run([FALCONER, *args, "--config", bed.config], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def assert_kept(self, bed, body, flags=REPLACED):
        where = f"from falconer.events where id = '{uuid_of(body)}'"
        self.assertEqual(bed.count(f"select flags {where}"), flags)
        self.assertEqual(bed.psql(f"select output_fields->>'proc.cmdline' {where}", "falconer"), "sh\ufffd-i")
        self.assertEqual(self.run_falconer(bed, "event", "raw", uuid_of(body)).stdout, body)

    def test_it_is_stored_shown_and_kept_as_it_came(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            token, bodies = bed.token(), [odd(n) for n in range(3)]
            for body in bodies:
                self.assertEqual(bed.post(body, token)[0], 200)
            self.assertEqual(bed.post(bodies[0], token)[0], 200)  # once more
            for body in bodies:
                self.assert_kept(bed, body)
            self.assertEqual(bed.count("select count(*) from falconer.raw"), len(bodies))
            self.assertEqual(bed.count("select count(*) from falconer.quarantine"), 0)
            self.assertEqual(json.loads(subprocess.run([FALCONER, "event", "check"], input=bodies[0], capture_output=True).stdout),
                             {"class": "store", "reason": "", "flags": ["replaced_characters"]})

            plain, unknown = event(), str(uuid.uuid4())
            self.assertEqual(bed.post(plain, token)[0], 200)
            self.assertIn(b"is stored as it came", self.run_falconer(bed, "event", "raw", uuid_of(plain), code=1).stderr)
            self.assertIn(f"there is no event {unknown}".encode(), self.run_falconer(bed, "event", "raw", unknown, code=1).stderr)
            self.assertIn(b"expected an event's uuid", self.run_falconer(bed, "event", "raw", "17", code=2).stderr)

            other = CLUSTER.replace("alpha", "beta")
            twin = bodies[1].replace(CLUSTER.encode(), other.encode())
            self.assertEqual(bed.post(twin, bed.token(other))[0], 200)
            said = self.run_falconer(bed, "event", "raw", uuid_of(twin), code=1).stderr.decode()
            self.assertIn(f"name one with --cluster:\n  {CLUSTER}\n  {other}\n", said)
            self.assertEqual(self.run_falconer(bed, "event", "raw", uuid_of(twin), "--cluster", other).stdout, twin)

    def test_every_such_body_of_the_corpora_is_stored(self):
        cases = []  # body, identity
        for folder in (ROOT / "tests/samples", pathlib.Path(os.environ.get("FALCONER_SHARED_DATA", ROOT / "../shared/data/events"))):
            if not folder.is_dir():
                continue
            poison = folder / "poison"
            listed = {case["file"]: case for case in json.loads((poison / "expected.json").read_text()) if "file" in case}
            anew = poison / "replaced.json"
            for case in json.loads(anew.read_text()) if anew.exists() else []:
                listed[case["file"]].update(case)
            cases += [((poison / name).read_bytes(), case["identity"]) for name, case in listed.items()
                      if case.get("flag") == "replaced_characters"]
        self.assertGreaterEqual(len(cases), 10)
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            tokens = {identity: bed.token(identity) for _, identity in cases}
            for body, identity in cases:
                self.assertEqual(bed.post(body, tokens[identity])[0], 200, body)
            self.assertEqual(bed.count("select count(*) from falconer.quarantine"), 0)
            self.assertEqual(bed.count(f"select count(*) from falconer.event where flags & {REPLACED} <> 0"), len(cases))
            kept = bed.psql("select encode(body, 'hex') from falconer.raw", "falconer").split()
            self.assertEqual(sorted(kept), sorted(body.hex() for body, _ in cases))

    def test_what_is_in_quarantine_for_it_becomes_an_event_by_a_replay(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            self.assertEqual(bed.post(event(), bed.token())[0], 200)  # the cluster is known
            body = odd()
            bed.psql("insert into falconer.quarantine (received, cluster, about, reason, digest, body) select now(), id, 'nul', "
                     f"'nul: U+0000 in output_fields.proc.cmdline', sha256('\\x{body.hex()}'), '\\x{body.hex()}' from falconer.cluster",
                     "falconer")
            self.assertIn(b"stored 1, there already 0, still in quarantine 0",
                          self.run_falconer(bed, "quarantine", "replay", "--all").stdout)
            self.assert_kept(bed, body, REPLACED | REQUARANTINED)
            self.assertIn(b"nothing is in quarantine", self.run_falconer(bed, "quarantine", "list").stdout)

    def test_the_spool_keeps_it_too(self):
        with Testbed() as bed:
            bed.migrate()
            bed.start()
            token, bodies = bed.token(), [odd(n) for n in range(5)]
            self.assertEqual(bed.post(event(), token)[0], 200)
            bed.psql("alter table falconer.event rename to elsewhere", "falconer")
            for body in bodies:
                self.assertEqual(bed.post(body, token)[0], 200)
            self.assertEqual(bed.metrics()['falconer_ingest_acknowledged_total{as="spooled"}'], len(bodies))
            bed.psql("alter table falconer.elsewhere rename to event", "falconer")
            eventually(lambda: bed.count("select count(*) from falconer.event") == 1 + len(bodies), 60, "the spool is replayed")
            for body in bodies:
                self.assert_kept(bed, body)

    def test_beyond_a_clusters_bound_the_event_is_stored_without_and_counted(self):
        with Testbed(extra={"ingestor": {"quarantine": {"perDay": 2}}}) as bed:
            bed.migrate()
            bed.start()
            token, bodies = bed.token(), [odd(n) for n in range(5)]
            for body in bodies:
                self.assertEqual(bed.post(body, token)[0], 200)
            self.assertEqual(bed.count(f"select count(*) from falconer.event where flags = {REPLACED}"), 5)
            self.assertEqual(bed.count("select count(*) from falconer.raw"), 2)
            self.assertIn(b"its bytes were not kept", self.run_falconer(bed, "event", "raw", uuid_of(bodies[4]), code=1).stderr)
            eventually(lambda: bed.count("select coalesce(sum(count), 0) from falconer.tally where cause = 4") == 3, 120, "they are counted")
            status = json.loads(self.run_falconer(bed, "db", "status", "--json").stdout)
            self.assertEqual(status["onlyCounted"], 0)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
