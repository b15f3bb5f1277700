"""Ports that stay ours from the moment they are chosen.

A port that is chosen, closed and used later may be somebody else's by then: of another run on this machine, or of an
outgoing connection. So the socket that chose it stays bound to it, but never listens. Whoever binds with SO_REUSEADDR may
listen there beside it, and so do Falconer, every program in Go and Python's servers; nobody is given it who asks for a
free one."""

import atexit
import errno
import socket

import paths  # noqa: F401
from testbed import free_port


def own_port():
    for _ in range(100):
        port = free_port()
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind(("127.0.0.1", port))
        except OSError as why:
            held.close()
            if why.errno != errno.EADDRINUSE:
                raise
            continue  # somebody was faster
        atexit.register(held.close)  # and until then it is kept
        return port
    raise AssertionError("100 free ports were taken before they could be kept")
