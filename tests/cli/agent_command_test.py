"""falconer agent: what it writes, and what a node's Falco would see of it.

Usage: agent_command_test.py FALCONER
"""
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest


class Falco(http.server.BaseHTTPRequestHandler):
    ready = False

    def do_GET(self):
        good = Falco.ready and self.path in ("/healthz", "/versions")
        body = json.dumps({"falco_version": "0.43.0", "engine_version": "57"}).encode()
        self.send_response(200 if good else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Agent(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.seen = set()  # processes

    def run_it(self, *arguments):
        return subprocess.run([FALCONER, "agent", *map(str, arguments)], capture_output=True, text=True, timeout=120)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def test_configure_writes_the_template_with_the_token(self):
        template = self.write("template", "loki:\n  customheaders:\n    Authorization: Bearer SA_TOKEN\n")
        token, to = self.write("token", "aa.bb.cc\n"), self.folder / "config.yaml"
        done = self.run_it("configure", "--template", template, "--token-file", token, "--to", to)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(to.read_text(), "loki:\n  customheaders:\n    Authorization: Bearer aa.bb.cc\n")
        self.assertEqual(to.stat().st_mode & 0o777, 0o600)
        self.assertEqual(sorted(each.name for each in self.folder.iterdir()), ["config.yaml", "template", "token"])
        self.assertNotIn("aa.bb", done.stdout)

    def test_configure_says_what_is_wrong_and_writes_nothing(self):
        template, to = self.write("template", "a: SA_TOKEN\n"), self.folder / "config.yaml"
        for token, why in ((self.write("evil", "a\nb: c"), "holds no token"), (self.folder / "none", "No such file"),
                           (None, "no --token-file is given")):
            arguments = ["--token-file", token] if token else []
            done = self.run_it("configure", "--template", template, "--to", to, *arguments)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(why, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
            self.assertFalse(to.exists())

    def test_a_beat_is_a_process_of_falconer_with_a_proof(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Falco)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        key = self.write("key", "secret")
        Falco.ready = True
        watch = subprocess.Popen(
            [FALCONER, "agent", "heartbeat", "--falco", f"http://127.0.0.1:{server.server_port}", "--settle", "0s",
             "--every", "1s", "--key-file", key],
            env={**os.environ, "FALCO_HOSTNAME": "worker-1"}, stderr=subprocess.PIPE, text=True)
        self.addCleanup(watch.kill)
        beats = [self.next_beat(watch.pid), self.next_beat(watch.pid)]
        watch.send_signal(signal.SIGTERM)
        log = watch.communicate(timeout=60)[1]
        self.assertEqual(watch.returncode, 0)
        self.assertGreaterEqual(log.count("heartbeat time="), 2)
        for name, words, environment in beats:
            self.assertEqual(name, "falconer", "what Falco calls proc.name")
            self.assertEqual(words[1:3], ["agent", "beat"])
            told = dict(zip(words[3::2], words[4::2]))
            self.assertRegex(told["--time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\dZ$")
            proof = hmac.new(b"secret", f"{told['--time']}\nworker-1".encode(), hashlib.sha256).hexdigest()
            self.assertEqual((told["--node"], told["--proof"]), ("worker-1", proof))
            self.assertEqual(environment, {"HEARTBEAT_TIME": told["--time"], "FALCO_VERSION": "0.43.0"})

    def test_another_key_proves_the_beats_from_then_on(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Falco)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        key = self.write("key", "old")
        Falco.ready = True
        watch = subprocess.Popen(
            [FALCONER, "agent", "heartbeat", "--falco", f"http://127.0.0.1:{server.server_port}", "--settle", "0s",
             "--every", "1s", "--key-file", key, "--node", "n"], stderr=subprocess.DEVNULL)
        self.addCleanup(watch.kill)
        def proves(key):
            """Whether the next beat is proved with it; with the other one otherwise."""
            words = self.next_beat(watch.pid)[1]
            told = dict(zip(words[3::2], words[4::2]))
            proofs = [hmac.new(each, f"{told['--time']}\nn".encode(), hashlib.sha256).hexdigest() for each in (b"old", b"new")]
            self.assertIn(told["--proof"], proofs)
            return told["--proof"] == proofs[(b"old", b"new").index(key)]

        self.assertTrue(proves(b"old"))
        self.write("young", "new").rename(key)
        proves(b"new")  # one that had begun with the old key may still come
        self.assertTrue(proves(b"new"))
        self.assertTrue(proves(b"new"))
        watch.send_signal(signal.SIGTERM)
        watch.wait(60)

    def next_beat(self, parent):
        """Name, words and environment of the next process that it starts. That one is over in no time: it is stopped first."""
        children, until = pathlib.Path(f"/proc/{parent}/task/{parent}/children"), time.monotonic() + 120
        while time.monotonic() < until:
            for child in map(int, children.read_text().split()):
                if child in self.seen:
                    continue
                found = self.look_at(child)
                if found:
                    self.seen.add(child)
                    return found
        self.fail("no beat was seen")

    @staticmethod
    def look_at(child):
        """None: it is gone, or still about to become what it will be."""
        place = pathlib.Path(f"/proc/{child}")
        try:
            os.kill(child, signal.SIGSTOP)
            try:
                words = (place / "cmdline").read_text().split("\0")[:-1]
                environment = dict(each.split("=", 1) for each in (place / "environ").read_text().split("\0") if "=" in each)
                name = (place / "comm").read_text().strip()
            finally:
                os.kill(child, signal.SIGCONT)
        except (OSError, ValueError):
            return None
        return (name, words, environment) if "beat" in words and environment else None

    def test_wrong_usage(self):
        for arguments in ([], ["configure"], ["heartbeat", "--falco", "nowhere"], ["heartbeat", "--every", "0s"],
                          ["heartbeat", "--settle", "soon"]):
            done = self.run_it(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done)
            self.assertTrue(done.stderr)


if __name__ == "__main__":
    FALCONER = sys.argv.pop(1)
    unittest.main()
