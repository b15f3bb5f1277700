"""Promises 5 and 14: slow, large and crooked clients are refused or closed, and harm nobody."""

import contextlib
import http.client
import socket
import statistics
import sys
import time
import unittest

from stall_test import settled_peak_mib, standing_still
from testbed import IMPATIENT, LATENCIES, Testbed, event, eventually

ALONE = "measures the memory that falconer takes at most, beside thousands of connections"
IDLE = 2000
CROWD = 5000


def start_for(whom, how):
    """A class's falconer, or a case's own, which it has instead."""
    enter = getattr(whom, "enterClassContext" if isinstance(whom, type) else "enterContext")
    whom.bed = enter(Testbed(extra=how))
    whom.bed.migrate()
    whom.bed.start()
    whom.token = whom.bed.token()


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Who stays silent for a minute or more is closed anyhow: idleTimeout.
        start_for(cls, {"ingestor": {"receiveTimeout": "2s", "idleTimeout": "10m"}})

    def raw(self, data):
        """What is answered to these bytes until the connection is closed. Raises TimeoutError when it stays open."""
        with socket.create_connection(("127.0.0.1", self.bed.port), timeout=60) as peer:
            with contextlib.suppress(ConnectionError):
                peer.sendall(data)
            answer = b""
            with contextlib.suppress(ConnectionError):
                while part := peer.recv(65536):
                    answer += part
            return answer

    def request(self, fields, body=b"", method="POST"):
        head = f"{method} /v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {self.token}\r\nContent-Type: application/json\r\n{fields}\r\n"
        return head.encode() + body

    def status(self, answer):
        return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None

    def latencies(self, count=200):
        kept, took = http.client.HTTPConnection("127.0.0.1", self.bed.port, timeout=60), []
        for _ in range(count):
            begun = time.monotonic()
            kept.request("POST", "/v1/events", event(), {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
            answer = kept.getresponse()
            answer.read()
            self.assertEqual(answer.status, 200)
            took.append(time.monotonic() - begun)
        kept.close()
        return sorted(took)

    def test_shapes_that_two_servers_might_read_in_two_ways_are_refused(self):
        body = event().encode()
        size = f"Content-Length: {len(body)}\r\n"
        shapes = {
            "two lengths": self.request(size + "Content-Length: 5\r\n", body),
            "length and chunks": self.request(size + "Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
            "a blank before the colon": self.request("Transfer-Encoding : chunked\r\n" + size, body),
            "a folded field": self.request("X: a\r\n b\r\n" + size, body),
            "an odd coding": self.request("Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
            "a negative length": self.request("Content-Length: -1\r\n"),
            "a length with a sign": self.request(f"Content-Length: +{len(body)}\r\n", body),
            "a bare line feed": self.request(size, body).replace(b"Host: h\r\n", b"Host: h\n"),
            "no protocol": b"POST /v1/events\r\n\r\n",
            "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            "garbage": bytes(range(256)) * 8,
        }
        for name, data in shapes.items():
            with self.subTest(name):
                answer = self.raw(data)
                self.assertIn(self.status(answer), (400, 501, 505, None), answer)
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1 if answer else 0, "one answer, and no second request was seen")

    def test_what_is_too_large_is_refused_before_it_is_read(self):
        self.assertEqual(self.status(self.raw(self.request("X: " + "a" * 20_000 + "\r\n"))), 431)
        self.assertEqual(self.status(self.raw(self.request("Content-Length: 9999999999\r\n"))), 413)
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        self.assertEqual(self.status(self.raw(self.request("Transfer-Encoding: chunked\r\n", chunk * 20))), 413)
        self.assertEqual(self.status(self.raw(self.request("Connection: close\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n", b"abcde"))), 415)

    def test_the_slow_are_closed_in_time(self):
        for data in (b"POST /v1/ev", self.request("Content-Length: 100\r\n", b"{")):
            self.assertIn(self.status(self.raw(data)), (408, None), "closed, or told why")

    def test_good_senders_keep_their_latency_beside_idle_and_dripping_ones(self):
        quiet = self.latencies()
        crowd = [socket.create_connection(("127.0.0.1", self.bed.port)) for _ in range(IDLE)]
        self.addCleanup(lambda: [each.close() for each in crowd])
        for each in crowd[: IDLE // 2]:
            each.sendall(b"POST /v1/events HTTP/1.1\r\n")
        crowded = self.latencies()
        p99 = lambda all_of: all_of[len(all_of) * 99 // 100]
        print(f"p99 quiet={p99(quiet) * 1000:.1f}ms crowded={p99(crowded) * 1000:.1f}ms median={statistics.median(crowded) * 1000:.1f}ms", flush=True)
        if LATENCIES:  # that each is answered 200 has been seen
            self.assertLess(p99(crowded), 5 * p99(quiet) + 0.1)

    def of_its_own(self):
        """A process's peak is of all it has done."""
        start_for(self, {"ingestor": {"receiveTimeout": "2s", **IMPATIENT["ingestor"]}})

    def test_many_large_bodies_at_once_are_bounded(self):
        self.of_its_own()
        crowd = []
        self.addCleanup(lambda: [each.close() for each in crowd])
        for _ in range(400):  # 400 MiB announced, and most of each sent
            peer = socket.create_connection(("127.0.0.1", self.bed.port))
            peer.setblocking(False)
            crowd.append(peer)
            with contextlib.suppress(BlockingIOError, ConnectionError):
                peer.send(self.request("Content-Length: 1000000\r\n"))
                peer.send(b" " * 900_000)
        peak = settled_peak_mib(self.bed.process.pid)
        print(f"peak={peak:.0f}MiB", flush=True)
        self.assertLess(peak, 256)
        self.assertEqual(self.bed.post(event(), self.token)[0], 200, "small ones pass")

    def test_five_thousand_connections_large_bodies_slow_readers_and_a_store_that_stands_still_are_bounded(self):
        self.of_its_own()
        crowd = []
        self.addCleanup(lambda: [each.close() for each in crowd])

        def connect():
            crowd.append(socket.create_connection(("127.0.0.1", self.bed.port)))
            return crowd[-1]

        refused = 'falconer_http_refused_total{reason="no_memory"}'
        shed = self.bed.metrics()[refused]
        with standing_still(self.bed):
            for n in range(CROWD):
                peer = connect()
                if n % 50 == 0:  # asks and asks, and never reads an answer
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    peer.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 400)
                elif n % 50 == 1:  # a large body, most of it
                    peer.setblocking(False)
                    with contextlib.suppress(BlockingIOError, ConnectionError):
                        peer.send(self.request("Content-Length: 1000000\r\n"))
                        peer.send(b" " * 900_000)
                elif n % 50 < 10:  # an event, which goes to the spool
                    body = event().encode()
                    peer.sendall(self.request(f"Content-Length: {len(body)}\r\n", body))
            peak = settled_peak_mib(self.bed.process.pid)
        shed = self.bed.metrics()[refused] - shed
        print(f"connections={len(crowd)} peak={peak:.0f}MiB shed={shed:.0f}", flush=True)
        self.assertLess(peak, 256)
        self.assertEqual(self.bed.post(event(), self.token)[0], 200, "a good one passes")

    def tearDown(self):
        eventually(self.bed.alive, what="falconer is alive")


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
