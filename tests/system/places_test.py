"""Issue 11, C: what one cluster or client holds - places, descriptors, memory - does not keep the others out."""

import contextlib
import http.client
import pathlib
import resource
import socket
import sys
import unittest

from stall_test import settled_peak_mib
from testbed import Testbed, event, eventually

OTHER = "shoot--test--quiet-0a1b2c3d-1111-2222-3333-444455556666-local"


def log_of(bed):
    return pathlib.Path(bed.log.name).read_text(errors="replace")


def held_connection(port):
    return socket.create_connection(("127.0.0.1", port), timeout=60)


class IdlePlaces(unittest.TestCase):
    PLACES = 50

    def test_all_places_held_idle_by_one_token_keep_no_other_cluster_out(self):
        more = {"ingestor": {"connections": self.PLACES, "idleTimeout": "1h"}}
        with contextlib.ExitStack() as ends, Testbed(extra=more) as bed:
            bed.migrate()
            bed.start()
            loud, other = bed.token(), bed.token(OTHER)
            for _ in range(self.PLACES):
                kept = http.client.HTTPConnection("127.0.0.1", bed.port, timeout=60)
                ends.callback(kept.close)
                kept.request("POST", "/v1/events", event(), {"Authorization": f"Bearer {loud}"})
                answer = kept.getresponse()
                answer.read()
                self.assertEqual(answer.status, 200)
            for _ in range(3):  # a connection each
                self.assertEqual(bed.post(event(OTHER), other)[0], 200)
            eventually(lambda: bed.metrics()['falconer_http_closed_total{reason="crowded"}'] >= 1, 30, "it is counted")
            self.assertIn("all places for connections are taken", log_of(bed))

    def test_idle_connections_on_the_health_port_shut_no_probe_out(self):
        with contextlib.ExitStack() as ends, Testbed() as bed:
            bed.migrate()
            bed.start()
            for port, path in ((bed.health_port, "/healthz"), (bed.metrics_port, "/metrics")):
                for _ in range(64):
                    peer = ends.enter_context(held_connection(port))
                    peer.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                    self.assertIn(b"200 OK", peer.recv(64))
                for _ in range(64):  # and who says nothing at all
                    ends.enter_context(held_connection(port))
                eventually(lambda: self.answers(bed, port, path), 60, f"{path} is answered")

    @staticmethod
    def answers(bed, port, path):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return bed.get(port, path)[0] == 200


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))

    def check(self, crowd):
        """Requests of a 13 KB header and a 16 KiB body that do not end, all at once."""
        with contextlib.ExitStack() as ends, Testbed(extra={"ingestor": {"receiveTimeout": "60s"}}) as bed:
            bed.migrate()
            bed.start()
            token, other = bed.token(), bed.token(OTHER)
            head = (f"POST /v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\nX: {'x' * 12_000}\r\n"
                    f"Content-Length: {16 * 1024}\r\n\r\n").encode()
            unfinished = head + b" " * (16 * 1024 - 1)
            for _ in range(crowd):
                peer = ends.enter_context(held_connection(bed.port))
                peer.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    peer.send(unfinished)
            for _ in range(20):
                self.assertEqual(bed.post(event(OTHER), other)[0], 200, "a usual event does not wait for them")
            peak = settled_peak_mib(bed.process.pid)
            print(f"connections={crowd} peak={peak:.0f}MiB", flush=True)
            self.assertLess(peak, 256)

    def test_five_thousand_unfinished_requests(self):
        self.check(5_000)

    def test_eight_thousand_unfinished_requests(self):
        self.check(8_000)

    def test_announced_megabytes_keep_no_large_body_waiting(self):
        with contextlib.ExitStack() as ends, Testbed(extra={"ingestor": {"receiveTimeout": "10m"}}) as bed:
            bed.migrate()
            bed.start()
            token, other = bed.token(), bed.token(OTHER)
            head = (f"POST /v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n"
                    "Content-Length: 1048576\r\n\r\n{").encode()
            for _ in range(600):
                ends.enter_context(held_connection(bed.port)).sendall(head)
            large = event(OTHER, output_fields={"much": "x" * 500_000})
            for _ in range(3):
                self.assertEqual(bed.post(large, other)[0], 200)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
