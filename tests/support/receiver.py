"""A receiver of alerts on a loopback port of the kernel's, which answers as it is told to: well, badly, slowly or not at all."""

import base64
import contextlib
import dataclasses
import functools
import hashlib
import hmac
import http.server
import json
import threading
import time

HANGS = 120  # seconds, at most: whoever asks gives up long before


@dataclasses.dataclass(frozen=True)
class Told:
    """A request that has come whole."""
    path: str
    headers: dict  # names in lower case
    body: bytes
    at: float      # time.monotonic()

    @property
    def key(self):
        return self.headers["idempotency-key"]

    @functools.cached_property
    def message(self):
        return json.loads(self.body)

    def is_signed_by(self, key):
        """As Standard Webhooks 1.0 has it, "Signature scheme"."""
        raw = base64.b64decode(key.removeprefix("whsec_")) if key.startswith("whsec_") else key.encode()
        text = b".".join((self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.body))
        wanted = "v1," + base64.b64encode(hmac.new(raw, text, hashlib.sha256).digest()).decode()
        return any(hmac.compare_digest(wanted, each) for each in self.headers["webhook-signature"].split(" "))


# --- answers: each is given the handler of a request that has been read -------------------------------------------------

def status(code, text="", **headers):
    """`headers`: Retry_After=7."""
    def answer(handler):
        handler.send_response(code)
        for name, value in {"Content-Length": len(text.encode()), **headers}.items():
            handler.send_header(name.replace("_", "-"), str(value))
        handler.end_headers()
        handler.wfile.write(text.encode())
    return answer


def leads_to(url):
    return status(302, Location=url)


def garbage(handler):
    handler.wfile.write(b"\x16\x03\x01\x00 this is not HTTP\r\n\r\n" + bytes(range(256)))


def cut(handler):
    """The connection ends without a word."""


def silence(handler):
    handler.connection.settimeout(HANGS)
    handler.connection.recv(1)  # until whoever asks has gone


def drip(handler):
    """A byte now and then, and never all of it."""
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: " + b"x" * 1000:
        handler.wfile.write(bytes((byte,)))
        if handler.server.ended.wait(0.25):
            return


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        owner = self.server.owner
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = owner.take(Told(self.path, {name.lower(): value for name, value in self.headers.items()}, body, time.monotonic()))
        with contextlib.suppress(OSError):  # whoever asked is dead, or does not wait any longer
            answer(self)

    def do_GET(self):
        """Nobody has to ask that."""
        self.server.owner.take(Told(self.path, {}, b"", time.monotonic()))
        self.send_error(405)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        """Of a peer that is killed while it speaks."""


class Receiver:
    """`told`: all requests that have come whole, in their order, whatever they were answered."""

    def __init__(self):
        self._changed = threading.Condition()
        self.told, self._plans, self._held, self._waiting = [], {}, False, 0
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.owner, self._server.ended = self, threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def address(self):
        return self._server.server_address

    def url(self, path="/"):
        return f"http://{self.address[0]}:{self.address[1]}{path}"

    def answers(self, path, *these):
        """The next ones on this path; after them it says 200."""
        with self._changed:
            self._plans[path] = list(these)

    def hold(self):
        """From now on nobody is answered …"""
        with self._changed:
            self._held = True

    def let_go(self):
        """… until now."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    @property
    def waiting(self):
        """Requests that are held."""
        with self._changed:
            return self._waiting

    def take(self, told):
        """The answer that it is to get, when it is to get it."""
        with self._changed:
            self.told.append(told)
            plan = self._plans.get(told.path)
            answer = plan.pop(0) if plan else status(200, "ok")
            self._waiting += 1
            self._changed.wait_for(lambda: not self._held, HANGS)
            self._waiting -= 1
        return answer

    def at(self, path):
        """What has come there."""
        with self._changed:
            return [each for each in self.told if each.path == path]

    def close(self):
        self.let_go()
        self._server.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
