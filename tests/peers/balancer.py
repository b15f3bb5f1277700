"""A TCP balancer for tests: new connections go to the backends whose /readyz says yes, in turn. What is
open stays where it is until one side closes it.

    python3 tests/peers/balancer.py BACKEND_PORT:HEALTH_PORT…      (loopback only)

It says on which port it listens, once it does.
"""

import asyncio
import itertools
import subprocess
import sys

POLL_SECONDS = 0.05


def start(backends):
    """A balancer that listens already, and its port. Whoever starts it ends it."""
    process = subprocess.Popen([sys.executable, __file__, *(f"{port}:{health}" for port, health in backends)],
                               stdout=subprocess.PIPE, text=True)
    with process.stdout:
        return process, int(process.stdout.readline())


class Balancer:
    def __init__(self, backends):
        self.backends = backends  # [(port, health port)]
        self.ready = set()
        self.turns = itertools.count()

    async def watch(self, backend):
        while True:
            if await self.answers_ready(backend[1]):
                self.ready.add(backend)
            else:
                self.ready.discard(backend)
            await asyncio.sleep(POLL_SECONDS)

    @staticmethod
    async def answers_ready(port):
        writer = None
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 1)
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            line = await asyncio.wait_for(reader.readline(), 1)
            return line.startswith(b"HTTP/1.1 200 ")
        except (OSError, asyncio.TimeoutError, ValueError):
            return False
        finally:
            if writer:
                writer.close()

    async def serve(self, reader, writer):
        try:
            backend_reader, backend_writer = await self.connect()
            await asyncio.gather(self.copy(reader, backend_writer), self.copy(backend_reader, writer))
        except OSError:
            pass
        finally:
            writer.close()

    async def connect(self):
        """A refused connection is tried elsewhere; with nobody ready the client waits."""
        while True:
            ready = sorted(self.ready)
            turn = next(self.turns)
            for i in range(len(ready)):
                try:
                    return await asyncio.open_connection("127.0.0.1", ready[(turn + i) % len(ready)][0])
                except OSError:
                    continue
            await asyncio.sleep(POLL_SECONDS)

    @staticmethod
    async def copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


async def main(backends):
    balancer = Balancer(backends)
    watchers = [asyncio.ensure_future(balancer.watch(backend)) for backend in backends]
    server = await asyncio.start_server(balancer.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.gather(server.serve_forever(), *watchers)


if __name__ == "__main__":
    asyncio.run(main([tuple(map(int, b.split(":"))) for b in sys.argv[1:]]))
