"""Promise 6: a full disk under the spool. Nothing is acknowledged that is not kept, and it recovers."""

import http.client
import os
import subprocess
import sys
import tempfile
import threading
import unittest
import uuid

from stall_test import standing_still
from testbed import IMPATIENT, Testbed, event, needs_mounts


@needs_mounts
class DiskFull(unittest.TestCase):
    def test_nothing_is_acknowledged_that_a_full_disk_did_not_take(self):
        # The spool believes it may have 64 MiB; the disk has 2. A sender is held for 2 s.
        disk = tempfile.mkdtemp(prefix="falconer-disk.")
        self.addCleanup(os.rmdir, disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        with Testbed(extra={"ingestor": {"hold": "2s", "spool": {"directory": disk + "/spool"}, **IMPATIENT["ingestor"]}}) as bed:
            bed.migrate()
            bed.start()
            token = bed.token()
            with standing_still(bed):
                acknowledged, refused, lock, over = set(), [], threading.Lock(), threading.Event()

                def send():
                    kept = http.client.HTTPConnection("127.0.0.1", bed.port, timeout=60)
                    while not over.is_set():
                        identity = str(uuid.uuid4())
                        kept.request("POST", "/v1/events", event(identity=identity), {
                            "Content-Type": "application/json", "Authorization": f"Bearer {token}"})
                        answer = kept.getresponse()
                        answer.read()
                        with lock:
                            if answer.status == 200:
                                acknowledged.add(identity)
                            else:
                                refused.append(answer.status)
                                if len(refused) > 20:
                                    over.set()
                    kept.close()

                threads = [threading.Thread(target=send) for _ in range(16)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join(300)
                    self.assertFalse(thread.is_alive())
                self.assertGreater(len(acknowledged), 200, "until it was full")
                self.assertEqual(set(refused), {503})
                self.assertEqual(bed.get(bed.health_port, "/healthz")[0], 200)
            bed.nothing_pending()
            stored = set(bed.psql("select id from falconer.event", "falconer").split())
            print(f"acknowledged={len(acknowledged)} refused={len(refused)} stored={len(stored)}", flush=True)
            self.assertEqual(acknowledged - stored, set())
            self.assertEqual(bed.post(event(), token)[0], 200, "and it goes on")
            self.assertEqual(bed.terminate(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
