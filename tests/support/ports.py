"""Ports for servers that tests start, stop and start again.

    python3 tests/support/ports.py      prints one that is free at present (nobody holds it)

A port that the kernel gives away for port 0 may be a client's the next moment: between two starts of a server, with senders that
try to reach it meanwhile, it is lost sooner or later. These lie below the range that clients get.
"""
import pathlib
import random
import socket


def _range():
    low, high = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    if low > 12_000:
        return range(11_000, low)
    return range(high + 1, 65_536) if high < 64_000 else range(11_000, 65_536)


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
            return True
        except OSError:
            return False


def free_port():
    """One that is this process's until it ends, whether or not somebody listens there.

    What holds it is a name of the network's own namespace (unix(7), abstract sockets), which only one process can have and which
    goes with it: two runs at once on one machine never get the same one.
    """
    candidates = list(_range())
    random.SystemRandom().shuffle(candidates)
    for port in candidates:
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0falconer-test-port-{port}")
        except OSError:
            claim.close()
            continue
        if _is_free(port):
            claim.detach()  # nobody closes it but the end of the process
            return port
        claim.close()
    raise RuntimeError("no port is free")


if __name__ == "__main__":
    print(free_port())
