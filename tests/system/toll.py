"""A way to a Kubernetes API on which requests can be counted and held: whoever sent one that is held hears nothing until he is dead, and
what he asked for can be passed on long after that, as by a network that takes its time."""

import http.client
import http.server
import json
import re
import ssl
import threading
import urllib.parse

import tokens


class Toll:
    def __init__(self, api, home):
        """To `api`, with the same token, by the kubeconfig that this writes."""
        self.api = api
        self.lock, self.of_thread = threading.Lock(), threading.local()
        self.written, self.most, self.held = {}, {}, []  # by namespace: writes so far; how many may pass
        self.release = threading.Event()
        tokens.make_certificate(home)
        toll = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (OSError, http.client.HTTPException):
                    self.close_connection = True

            def answer(self):
                toll.pass_on(self)
            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(home / "server.crt", home / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.kubeconfig = home / "kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            "clusters": [{"name": "x", "cluster": {"server": f"https://127.0.0.1:{self.server.server_port}",
                                                   "certificate-authority": str(home / "ca.crt")}}],
            "users": [{"name": "x", "user": {"token": api.token}}]}))

    def allow(self, most):
        """From now on so many writes of each namespace pass, and those after them are held. None: all do."""
        with self.lock:
            self.written, self.most = {space: 0 for space in most}, dict(most)

    def is_held(self, space):
        return any(each[0] == space for each in self.held)

    def let_go(self):
        """Whoever is held is dead by now; those that come after him pass. What was asked for, in its order."""
        with self.lock:
            held, self.held, self.most = self.held, [], {}
        self.release.set()
        self.release = threading.Event()
        return [each[1:] for each in held]

    def deliver(self, asked):
        """What the API says to something that comes late: its status."""
        return self._ask(*asked)[0].status

    def pass_on(self, asker):
        body = asker.rfile.read(int(asker.headers.get("Content-Length", 0)))
        fields = {key: asker.headers[key] for key in ("Authorization", "Content-Type", "Accept") if key in asker.headers}
        asked = (asker.command, asker.path, body, fields)
        space = re.search(r"/namespaces/([^/?]+)/", asker.path)
        # Conditions are told by a look of its own, some time later.
        counts = asker.command != "GET" and space and b'"conditions"' not in body
        if counts:
            with self.lock:
                space, release = space.group(1), self.release
                self.written[space] = self.written.get(space, 0) + 1
                holds = self.written[space] > (self.most.get(space) if self.most.get(space) is not None else float("inf"))
                if holds:
                    self.held.append((space, *asked))
            if holds:
                release.wait()
                asker.close_connection = True
                return
        answer, connection = self._ask(*asked)
        asker.send_response(answer.status)
        for key in ("Content-Type", "Warning", "Retry-After"):
            if answer.headers.get(key):
                asker.send_header(key, answer.headers[key])
        if "watch=" not in asker.path:
            text = answer.read()
            asker.send_header("Content-Length", str(len(text)))
            asker.end_headers()
            asker.wfile.write(text)
            return
        self.of_thread.connection = None  # it is the watch's now
        asker.send_header("Transfer-Encoding", "chunked")
        asker.end_headers()
        try:
            while some := answer.read1(65536):
                asker.wfile.write(b"%x\r\n%s\r\n" % (len(some), some))
            asker.wfile.write(b"0\r\n\r\n")
        finally:
            connection.close()

    def _ask(self, verb, path, body, fields):
        for is_last in (False, True):
            connection = getattr(self.of_thread, "connection", None)
            is_new = connection is None
            if is_new:
                where = urllib.parse.urlsplit(self.api.server)
                connection = self.of_thread.connection = http.client.HTTPSConnection(where.hostname, where.port, context=self.api.trust)
            try:
                connection.request(verb, path, body or None, fields)
                return connection.getresponse(), connection
            except (OSError, http.client.HTTPException):
                connection.close()
                self.of_thread.connection = None
                if is_new or is_last:
                    raise

    def close(self):
        self.let_go()
        self.server.shutdown()
        self.server.server_close()
