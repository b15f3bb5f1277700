"""A TCP proxy that cuts each connection after as many bytes of the server's as it is told."""

import socket
import threading

import paths  # noqa: F401


class CuttingProxy:
    def __init__(self, port, cut):
        """`cut` says, connection by connection, after how many bytes it ends; None: it does not."""
        self.to, self.cut, self.cuts = port, cut, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = set()
        self.frozen = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.to), 30)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            self.open |= {client, server}
            threading.Thread(target=self._carry, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, self.cut()), daemon=True).start()

    def _carry(self, source, to, left):
        try:
            while some := source.recv(65536 if left is None else min(left, 65536)):
                to.sendall(some)
                if left is not None:
                    left -= len(some)
                    if left <= 0:
                        self.cuts += 1
                        break
        except OSError:
            pass
        for each in (source, to):
            self._end(each)

    def _end(self, each):
        self.open.discard(each)
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        each.close()

    def cut_all(self):
        for each in list(self.open):
            self._end(each)

    def close(self):
        self.listener.close()
        self.cut_all()
