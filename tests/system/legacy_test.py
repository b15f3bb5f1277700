"""Taking over what the Go ingestor has stored: nothing lost, nothing twice, numbers exact."""

import json
import pathlib
import subprocess
import sys
import unittest
import uuid

from testbed import CLUSTER, FALCONER, ROOT, Testbed

TABLE = pathlib.Path(ROOT / "load-tests" / "upstream_table.sql")
BIG = 1795442733123456789  # beyond what a double holds


def quoted(text):
    return "null" if text is None else "'" + str(text).replace("'", "''") + "'"


class Legacy(unittest.TestCase):
    def insert(self, bed, **row):
        columns = {"landscape": "local", "project": "test", "cluster": "alpha", "uuid": str(uuid.uuid4()), "hostname": "node-1",
                   "time": f"{self.day} 10:11:12.123456", "rule": "Terminal shell", "priority": "Notice", "tags": "a,b",
                   "source": "syscall", "message": "It's a shell", "output_fields": json.dumps({"evt.time": BIG, "x": None})}
        columns.update(row)
        bed.psql(f"insert into falco_events ({','.join(columns)}) values ({','.join(quoted(v) for v in columns.values())})", "legacy")
        return columns["uuid"]

    def run_import(self, bed):
        done = subprocess.run(
            [FALCONER, "db", "import-legacy", "--config", bed.config, "--from-database", "legacy", "--from-user", "postgres"],
            capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_everything_comes_over_once(self):
        with Testbed() as bed:
            bed.migrate()
            # By the store's clock, and still so if midnight comes meanwhile.
            self.day = bed.psql("select (now() at time zone 'utc')::date - 10")
            bed.psql("create database legacy")
            for statement in TABLE.read_text().split(";"):
                if statement.strip():
                    bed.psql(statement, "legacy")
            good = self.insert(bed)
            known = self.insert(bed, output_fields=json.dumps({"cluster_id": CLUSTER, "a": True}))
            bare = self.insert(bed, hostname=None, source=None, tags=None, message=None)
            self.insert(bed, uuid=None)  # gets one of its own
            self.insert(bed, priority="Sometimes")
            self.insert(bed, time="0001-01-01 00:00:00")
            self.insert(bed, output_fields=None)
            bed.psql("insert into falco_events (landscape, project, cluster, uuid, time, rule, priority, output_fields) select 'local', 'test', "
                     f"'alpha', gen_random_uuid(), '{self.day}', 'Many', 'Debug', '{{\"n\": 1}}' from generate_series(1, 2500)", "legacy")

            self.assertEqual(self.run_import(bed), "read 2507, stored 2504, there already 0, quarantined 3")
            self.assertEqual(self.run_import(bed).split(", quarantined")[0], "read 2507, stored 0, there already 2504")

            def one(identity, what):
                return bed.psql(f"select {what} from falconer.events where id = '{identity}'", "falconer")

            self.assertEqual(one(good, "output_fields->>'evt.time'"), str(BIG))
            self.assertEqual(one(good, "output_fields->'x'"), "null")
            self.assertEqual(one(good, "project || '/' || shoot || '/' || landscape"), "test/alpha/local")
            self.assertEqual(one(good, "tags"), '["a", "b"]')
            self.assertEqual(one(good, "received at time zone 'UTC'"), f"{self.day} 10:11:12.123456")
            self.assertEqual(one(known, "cluster"), CLUSTER)
            self.assertEqual(one(bare, "hostname is null and source is null and tags is null and output is null"), "t")
            self.assertEqual(bed.count("select count(*) from falconer.quarantine"), 3)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
