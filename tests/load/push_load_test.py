"""The sender of the load tests, measured itself: what it reports is what a receiver saw."""

import datetime
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import tokens  # noqa: E402

PUSH_LOAD = pathlib.Path(os.environ.get("FALCONER_BUILD", ROOT / "build" / "release")) / "push_load"
CLUSTERS = [tokens.shoot(i) for i in range(3)]


class Receiver:
    """Answers what `verdict(number of the request)` says: a status, "close" (200 and the connection ends),
    "reset" (no answer), or a number of seconds to wait before 200."""

    def __init__(self, verdict=lambda number: 200):
        self.lock, self.count, self.bodies, self.accepted, self.came = threading.Lock(), 0, [], [], []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    receiver.count += 1
                    receiver.came.append(time.monotonic())
                    said = verdict(receiver.count)
                    receiver.bodies.append((self.headers["Authorization"], body))
                    event = json.loads(body)
                    if said in (200, "close") or isinstance(said, float):
                        receiver.accepted.append(event["uuid"])
                if said == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    self.close_connection = True
                    return
                if isinstance(said, float):
                    time.sleep(said)
                self.send_response(said if isinstance(said, int) else 200)
                self.send_header("Content-Length", "0")
                if said == "close":
                    self.send_header("Connection", "close")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.socket.listen(512)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class PushLoad(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="falconer-load.")
        cls.home = pathlib.Path(cls.folder.name)
        key = tokens.make_keys(cls.home)
        tokens.write_tokens(key, CLUSTERS, cls.home / "tokens.txt")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def receiver(self, *arguments):
        receiver = Receiver(*arguments)
        self.addCleanup(receiver.close)
        return receiver

    def push(self, receiver, *arguments):
        command = [PUSH_LOAD, "--url", f"http://127.0.0.1:{receiver.server.server_port}/v1/events", "--tokens",
                   self.home / "tokens.txt", "--events", ROOT / "load-tests" / "events.ndjson",
                   "--acknowledged", self.home / "acknowledged", "--offered", self.home / "offered", *map(str, arguments)]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=300).stdout)

    def logged(self, name):
        raw = (self.home / name).read_bytes()
        return [raw[i:i + 16].hex() for i in range(0, len(raw), 16)]

    def test_sends_valid_events_of_every_cluster_each_with_its_own_uuid_and_token(self):
        receiver, begun = self.receiver(), time.time_ns()
        report = self.push(receiver, "--connections", 4, "--requests", 300)
        ended = time.time_ns()
        self.assertEqual(report["status"], {"200": 300})
        self.assertEqual(report["errors"], {})
        by_token = {}
        for authorization, body in receiver.bodies:
            event = json.loads(body)
            by_token.setdefault(authorization, set()).add(event["output_fields"]["cluster_id"])
            at = event["output_fields"]["evt.time"]
            self.assertTrue(begun <= at <= ended, (begun, at, ended))
            second = datetime.datetime.fromtimestamp(at // 10**9, datetime.timezone.utc)
            self.assertEqual(event["time"][:29], second.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 10**9:09d}")
        self.assertEqual(len(by_token), 3)
        self.assertEqual(sorted(c for clusters in by_token.values() for c in clusters), sorted(CLUSTERS))
        self.assertEqual(len({json.loads(body)["uuid"] for _, body in receiver.bodies}), 300)

    def test_the_log_of_acknowledged_uuids_is_what_the_receiver_accepted(self):
        receiver = self.receiver(lambda n: "reset" if n % 5 == 0 else 503 if n % 7 == 0 else "close" if n % 11 == 0 else 200)
        report = self.push(receiver, "--connections", 8, "--requests", 400)
        accepted = sorted(u.replace("-", "") for u in receiver.accepted)
        self.assertEqual(sorted(self.logged("acknowledged")), accepted)
        self.assertEqual(report["offered"], 400)
        self.assertEqual(report["unanswered"], report["errors"]["reset"])
        self.assertEqual(report["answered"] + report["unanswered"], 400)
        self.assertGreater(report["status"]["503"], 0)

    def test_with_retry_every_event_is_acknowledged_in_the_end_and_keeps_its_uuid(self):
        receiver = self.receiver(lambda n: "reset" if n % 5 == 0 else 429 if n % 7 == 0 else 200)
        report = self.push(receiver, "--connections", 8, "--requests", 400, "--retry", "--drain", 60)
        self.assertEqual(report["in_flight"], 0)
        self.assertEqual(report["unanswered"], 0)
        self.assertGreater(report["replayed"], 0)
        self.assertEqual(sorted(self.logged("acknowledged")), sorted(self.logged("offered")))
        self.assertEqual(len(set(self.logged("offered"))), 400)

    def test_duplicates_repeat_acknowledged_events_byte_for_byte(self):
        receiver = self.receiver()
        report = self.push(receiver, "--connections", 4, "--requests", 400, "--duplicates", 20)
        self.assertGreater(report["duplicates"], 20)
        self.assertEqual(report["sent"], 400 + report["duplicates"])
        bodies = {}
        for _, body in receiver.bodies:
            bodies.setdefault(json.loads(body)["uuid"], set()).add(body)
        self.assertEqual(len(bodies), 400)
        self.assertTrue(all(len(same) == 1 for same in bodies.values()))

    def test_an_open_loop_does_not_omit_what_a_stall_made_late(self):
        rate = 100
        receiver = self.receiver(lambda n: 1.0 if n == 50 else 200)
        report = self.push(receiver, "--connections", 1, "--rate", rate, "--seconds", 600, "--requests", 3 * rate, "--drain", 120)
        self.assertGreater(report["max_ms"], 950)
        # One stall of 1 s delays the hundred requests that were due meanwhile, by half a second on average.
        self.assertGreater(report["p90_ms"], 300)
        # However slow the machine is, each answer came after its request and, there being one connection, before the next one.
        due = min(came - number / rate for number, came in enumerate(receiver.came))
        late = [came - due - number / rate for number, came in enumerate(receiver.came)]
        at_least, at_most = sorted(late[:-1]), sorted(each + 1 / rate for each in late[1:])
        for share, name in ((0.5, "p50_ms"), (0.9, "p90_ms")):
            self.assertGreaterEqual(report[name] * 1.05 + 5, 1000 * at_least[int(share * len(at_least))], name)
            self.assertLessEqual(report[name] * 0.95 - 50, 1000 * at_most[int(share * len(at_most))], name)

    def test_idle_senders_post_once_and_stay_connected(self):
        receiver = self.receiver()
        report = self.push(receiver, "--idle", 150, "--connections", 2, "--requests", 250)
        self.assertEqual(report["idle_open"], 150)
        self.assertEqual(report["connects"], 152)
        self.assertEqual(report["status"], {"200": 250})

    def test_refuses_a_target_that_is_not_this_machine(self):
        for url in ("http://192.0.2.1:80/", "http://10.0.0.1:80/", "https://example.com:443/", "http://[2001:db8::1]:80/"):
            done = subprocess.run([PUSH_LOAD, "--url", url, "--tokens", self.home / "tokens.txt", "--events",
                                   ROOT / "load-tests" / "events.ndjson"], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 2, url)
            self.assertIn("not an address of this machine", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
