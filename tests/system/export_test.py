"""Files of large events: what one costs in memory is a page, however many events it has and however slowly it is read.

FALCONER_EXPORT_EVENTS events of 60 KB are written (nightly: 100,000, which are 6 GB)."""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import unittest

from console_test import USERS, Client
from testbed import CLUSTER, Testbed, event, eventually, free_port

ALONE = "it measures memory"
EVENTS = int(os.environ.get("FALCONER_EXPORT_EVENTS", "2000"))
SIZE = 60_000
MIB = 2**20
OF_ONE = 16 * MIB  # beside what the process has anyway: a page, its rows and what is made of them
OF_A_STALLED_ONE = 4 * MIB  # only what has been written


class SlowFile:
    """One that is read as slowly as its reader likes; the kernel holds little of it for them."""

    def __init__(self, browser, question="format=ndjson"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)  # before it connects, or it is not heeded
        self.socket.settimeout(120)
        self.socket.connect(("127.0.0.1", browser.port))
        self.socket.sendall(f"GET /api/v1/export?{question} HTTP/1.1\r\nHost: localhost\r\nCookie: {browser.cookie}\r\n\r\n".encode())
        self.answer = http.client.HTTPResponse(self.socket)
        self.answer.begin()

    def close(self):
        self.answer.close()
        self.socket.close()


class LargeFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.bed = Testbed(roles="ingestor,console", extra={"console": {"listen": f"127.0.0.1:{cls.port}"}})
        cls.addClassCleanup(cls.bed.close)
        users = cls.bed.home / "users.yaml"
        users.write_text(json.dumps(USERS))
        cls.bed.extra["console"]["demoUsersFile"] = str(users)
        cls.bed.config = cls.bed._write_config()
        cls.bed.migrate()
        cls.bed.start()
        status, said = cls.bed.post(event(output="x" * SIZE, rule="large"), cls.bed.token(CLUSTER))
        assert status == 200, said
        eventually(lambda: cls.bed.count("select count(*) from falconer.event") == 1, what="it is stored")
        # Many like it. PostgreSQL stores such a text in a few hundred bytes; whoever reads it gets all of it.
        cls.bed.psql(f"""insert into falconer.event select made.* from falconer.event e, generate_series(1, {EVENTS - 1}) n,
            lateral jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'received', e.received + n * interval '1 ms')) made""",
                     "falconer")
        browser = cls.browser()
        with contextlib.closing(SlowFile(browser, "format=ndjson&limit=40")) as small:  # whatever is made once
            assert small.answer.read().count(b"\n") == 40
        cls.base = cls.resident()

    @classmethod
    def browser(cls):
        made = Client(cls.port)
        eventually(lambda: cls.listens(made), what="the console listens")
        made.sign_in("operator")
        return made

    @staticmethod
    def listens(browser):
        with contextlib.suppress(OSError):
            return browser.get("/api/v1/sign-in")[0] == 200
        return False

    @classmethod
    def resident(cls):
        return int(pathlib.Path(f"/proc/{cls.bed.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def read_to_its_end(self, form):
        most = lines = 0
        with contextlib.closing(SlowFile(self.browser(), f"format={form}")) as file:
            while piece := file.answer.read(64 * 1024):
                lines += piece.count(b"\n")
                most = max(most, self.resident())
        print(f"{form}: {lines} lines, memory grew by {(most - self.base) / MIB:.1f} MiB at most")
        return lines, most - self.base

    def test_a_slow_reader_of_many_large_events_costs_a_page(self):
        for form, head in (("ndjson", 0), ("csv", 1)):
            lines, grew = self.read_to_its_end(form)
            self.assertEqual(lines, EVENTS + head)
            self.assertLess(grew, OF_ONE, form)

    def test_those_who_do_not_read_cost_what_has_been_written_and_keep_nobody_waiting(self):
        browsers = [self.browser() for _ in range(8)]
        with contextlib.ExitStack() as held:
            for browser in browsers:
                for _ in range(2):
                    file = held.enter_context(contextlib.closing(SlowFile(browser)))
                    file.answer.read(1)  # it has begun
            grew = self.resident() - self.base
            print(f"16 files that nobody reads: {grew / MIB:.1f} MiB")
            self.assertLess(grew, OF_ONE + 16 * OF_A_STALLED_ONE)
            other = self.browser()
            status, said = other.get("/api/v1/export", format="ndjson")
            self.assertEqual((status, said["type"]), (429, "/problems/too-many"))
            self.assertIn("others", said["detail"])
            self.assertEqual(len(other.get("/api/v1/events", limit=3)[1]["events"]), 3)
        # Whoever leaves makes room.
        eventually(lambda: self.can_begin(other), what="there is room for a file")

    @staticmethod
    def can_begin(browser):
        connection, answer = browser.send("GET", "/api/v1/export?format=ndjson&limit=1")
        connection.close()
        return answer.status == 200


if __name__ == "__main__":
    unittest.main(verbosity=2)
