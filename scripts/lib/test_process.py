"""A test process: started with a mark, watched against a deadline, and nothing of it stays."""
import os
import pathlib
import signal
import subprocess
import time
import uuid

VARIABLE = "FALCONER_TEST_PROCESS"
GRACE = float(os.environ.get("FALCONER_GRACE_SECONDS", "5"))  # who was told to end may need a moment


class TestProcess:
    """Whatever it starts inherits its mark in the environment, or is in its session, or descends from those."""

    def __init__(self, command, log, deadline):
        """`log`: a path, appended to. `deadline`: seconds from now."""
        self.mark = uuid.uuid4().hex
        self.limit = deadline
        self.ended = None  # why it ended early, in words
        self.hung = False
        outer = os.environ.get(VARIABLE, "")
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                env={**os.environ, VARIABLE: f"{outer} {self.mark}".strip()})
        self.began = time.monotonic()

    def is_over(self):
        """Polls; ends it when its deadline has passed. True once it has ended, however."""
        if self.process.poll() is None:
            if time.monotonic() - self.began < self.limit:
                return False
            self.hung, self.ended = True, f"still running after {self.limit:g} s, and was ended"
            self.process.send_signal(signal.SIGABRT)  # its traceback goes to the log
            try:
                self.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        elif self.process.returncode != 0:
            self.ended = said(self.process.returncode)
        return True

    def left(self):
        """{pid: command line} of what has outlived it."""
        others = {pid: seen for pid, seen in all_processes() if pid not in (os.getpid(), self.process.pid)}
        found = {pid for pid, (_, session) in others.items() if session == self.process.pid or self.marks(pid)}
        while more := {pid for pid, (parent, _) in others.items() if parent in found} - found:
            found |= more
        return {pid: command_line(pid) for pid in found}

    def marks(self, pid):
        try:
            return self.mark.encode() in pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:  # gone meanwhile, or another user's
            return False

    def end_what_is_left(self):
        """Waits a moment, unless its process ended early; then ends them. Returns their command lines."""
        left = self.wait_for_nothing(0 if self.ended else GRACE)
        named = [f"{command} (pid {pid})" for pid, command in sorted(left.items())]
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):  # another user's stays, and has been named
                pass
        if left:
            self.wait_for_nothing(GRACE)
        return named

    def wait_for_nothing(self, seconds):
        until = time.monotonic() + seconds
        while (left := self.left()) and time.monotonic() < until:
            time.sleep(0.1)
        return left

    def abort(self):
        """At once: whoever runs the tests is ended itself."""
        self.ended = "interrupted"
        self.process.kill()
        self.process.wait()
        self.end_what_is_left()


def all_processes():
    """(pid, (parent, session)) of those that run."""
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            state, parent, _, session = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if state != "Z":
            yield int(entry.name), (int(parent), int(session))


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()[:120]
    except OSError:
        return "?"


def said(status):
    if status >= 0:
        return f"its process ended by itself with status {status}"
    try:
        return f"its process was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"its process was ended by signal {-status}"
