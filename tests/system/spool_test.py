"""`falconer spool status` and `spool replay` from outside: a spool that its process has left behind, whole and
damaged, and its way into the store."""

import json
import subprocess
import sys
import unittest
import uuid

from testbed import FALCONER, Testbed, event, eventually


def spool(*args):
    """(exit code, standard output, standard error)"""
    done = subprocess.run([FALCONER, "spool", *map(str, args)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


class OrphanedSpool(unittest.TestCase):
    def setUp(self):
        self.bed = Testbed()
        self.addCleanup(self.bed.close)
        self.bed.migrate()
        self.bed.start()
        self.where = self.bed.home / "spool"

    def status(self):
        code, out, err = spool("status", self.where, "--json")
        self.assertEqual(err, "")
        return code, json.loads(out)

    def stop_store(self):
        self.bed.psql("alter database falconer with allow_connections false")
        self.bed.psql("select pg_terminate_backend(pid, 60000) from pg_stat_activity where datname = 'falconer'")
        left = "select count(*) from pg_stat_activity where datname = 'falconer'"
        eventually(lambda: self.bed.psql(left) == "0", what="nobody speaks to the store any more")

    def start_store(self):
        self.bed.psql("alter database falconer with allow_connections true")

    def spool_events(self, count):
        token, sent = self.bed.token(), []
        for _ in range(count):
            sent.append(str(uuid.uuid4()))
            status, text = self.bed.post(event(identity=sent[-1]), token)
            self.assertEqual(status // 100, 2, text)
        return set(sent)

    def test_what_a_killed_falconer_left_in_its_spool_is_seen_and_brought_home(self):
        self.stop_store()
        sent = self.spool_events(30)
        code, seen = self.status()
        self.assertEqual((code, seen["in_use"], seen["pid"]), (0, True, self.bed.process.pid))
        code, _, said = spool("replay", self.where, "--config", self.bed.config)
        self.assertEqual(code, 1)
        self.assertIn(f"spool {self.where} is in use by another process (pid {self.bed.process.pid})", said)

        self.bed.kill()
        code, seen = self.status()
        self.assertEqual((code, seen["in_use"], seen["records"], seen["damaged"]), (0, False, 30, 0))
        code, out, said = spool("replay", self.where, "--config", self.bed.config)
        self.assertEqual(code, 1, "the store is still away")
        self.assertIn("left in the spool 30", out)
        self.assertIn("storing a batch", said)

        self.start_store()
        code, out, said = spool("replay", self.where, "--config", self.bed.config)
        self.assertEqual(code, 0, said)
        self.assertIn("stored 30, there already 0, quarantined 0, counted 0, damaged 0, left in the spool 0", out)
        self.assertEqual(set(self.bed.psql("select id from falconer.event", "falconer").split()), sent)
        code, out, _ = spool("status", self.where)
        self.assertEqual(code, 0)
        self.assertRegex(out, r"(?m)^records that wait +0$")
        self.assertRegex(out, r"(?m)^in use by +nobody$")

    def test_damage_is_named_counted_and_costs_no_other_event(self):
        self.stop_store()
        sent = self.spool_events(10)
        self.bed.kill()
        segment = sorted(self.where.glob("*.segment"))[0]
        content = bytearray(segment.read_bytes())
        content[len(content) // 2] ^= 0x10
        segment.write_bytes(content)

        code, seen = self.status()
        self.assertEqual(code, 1)
        self.assertEqual(seen["records"] + seen["damaged"], 10)
        self.assertEqual(seen["damaged"], 1)
        gap = seen["gaps"][0]
        self.assertEqual((gap["file"], gap["records"]), (segment.name, 1))
        code, out, _ = spool("status", self.where)
        self.assertEqual(code, 1)
        self.assertIn(f"damaged: {segment.name} offset {gap['offset']}, {gap['bytes']} bytes, 1 records lost", out)

        self.start_store()
        code, out, said = spool("replay", self.where, "--config", self.bed.config)
        self.assertEqual(code, 1, "something was lost")
        self.assertIn("stored 9, there already 0, quarantined 0, counted 0, damaged 1, left in the spool 0", out)
        self.assertIn(f"file={segment.name} offset={gap['offset']}", said)
        self.assertLess(set(self.bed.psql("select id from falconer.event", "falconer").split()), sent)
        self.assertTrue(segment.with_suffix(".damaged").exists(), "kept for whoever wants to look")

    def test_a_place_that_is_no_spool_is_said_to_be_none(self):
        nowhere = self.bed.home / "nowhere"
        code, out, said = spool("status", nowhere)
        self.assertEqual((code, out), (1, ""))
        self.assertIn(f"cannot list the spool {nowhere}: No such file or directory", said)
        code, _, said = spool("replay", nowhere, "--config", self.bed.config)
        self.assertEqual(code, 2)
        self.assertFalse(nowhere.exists(), "nothing is made by asking")


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
