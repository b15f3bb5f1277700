"""A way to a server on this machine that can be shut: then who comes is refused, and who was on the way is cut off."""

import contextlib
import socket
import threading


class Door:
    def __init__(self, to):
        """`to`: a port. Open at first, at a port of its own that stays the same."""
        self.to, self.through, self.listener = to, set(), None
        self.port = 0
        self.open()

    def open(self):
        assert self.listener is None
        self.listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._let_in, args=(self.listener,), daemon=True).start()

    def shut(self):
        listener, self.listener = self.listener, None
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # who waits in accept() hears of close() only so
            listener.close()
        for each in list(self.through):
            self._end(each)

    def _let_in(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.to), 30)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self.through |= {client, server}
            if self.listener is not listener:  # shut meanwhile
                self._end(client)
                self._end(server)
                continue
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source, sink):
        with contextlib.suppress(OSError):
            while some := source.recv(65536):
                sink.sendall(some)
        self._end(source)
        self._end(sink)

    def _end(self, each):
        self.through.discard(each)
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
