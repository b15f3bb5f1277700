"""The sender alone, against a small HTTPS receiver: what it posts is what the extension's Falcosidekick
is documented to post. Keeps the other tests honest about who is to blame."""

import http.server
import json
import pathlib
import ssl
import tempfile
import threading
import unittest

import values
from sender import Sender, webhook
import tokens
from testbed import CLUSTER, eventually


class Receiver:
    def __init__(self, home, status=200):
        self.requests, self.connections = [], set()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.connections.add(self.client_address)
                receiver.requests.append((self.path, dict(self.headers.items()), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(home / "server.crt", home / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}/ingestor/api/v1/push"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Wire(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="falconer-wire.")
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        tokens.make_certificate(self.home)

    def start(self, status=200):
        receiver = Receiver(self.home, status)
        self.addCleanup(receiver.close)
        sender = Sender(self.home, webhook(receiver.url, "a.b.c", CLUSTER, self.home / "ca.crt"))
        self.addCleanup(sender.close)
        return receiver, sender

    def test_posts_every_value_unchanged_on_one_connection(self):
        receiver, sender = self.start()
        fed = values.events()
        for event in fed:
            sender.feed(values.dump(event))
        eventually(lambda: sender.outputs("ok") == len(fed), 180, "every event was posted")
        self.assertEqual(sender.outputs("error"), 0)
        self.assertEqual(len(receiver.connections), 1)
        wrong = []
        for path, headers, body in receiver.requests:
            self.assertEqual(path, "/ingestor/api/v1/push")
            self.assertEqual(headers["Authorization"], "Bearer a.b.c")
            self.assertEqual(headers["Idempotency-Key"], "falcosidekick")
            self.assertEqual(headers["Content-Type"], "application/json; charset=utf-8")
            self.assertTrue(body.endswith(b"}\n"))
            arrived = values.load(body)
            self.assertEqual(len(arrived["uuid"]), 36)
            wrong += values.differences(fed[int(arrived["output_fields"]["test.serial"])], arrived, CLUSTER)
        self.assertEqual(wrong, [])

    def test_an_event_that_is_refused_is_gone_and_counted(self):
        receiver, sender = self.start(status=429)
        sender.feed(values.dump(values.events()[0]))
        eventually(lambda: sender.outputs("error") == 1, 180, "the refusal is counted")
        self.assertEqual(len(receiver.requests), 1)
        self.assertEqual(sender.outputs("ok"), 0)

    def test_the_comparison_sees_a_changed_value(self):
        fed = values.events()[0]
        arrived = json.loads(values.dump(fed))  # floats: evt.time stays, 0.1 does not stay exact
        arrived["output_fields"]["cluster_id"] = CLUSTER
        arrived["output_fields"]["evt.num"] = 9007199254740992
        arrived["output_fields"]["yes"] = 1
        arrived["output_fields"]["nothing"] = "null"
        found = "\n".join(values.differences(fed, arrived, CLUSTER))
        for key in ("evt.num", "yes", "nothing"):
            self.assertIn(key, found)


if __name__ == "__main__":
    unittest.main(verbosity=2)
