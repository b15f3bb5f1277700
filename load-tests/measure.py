"""What processes cost, read from /proc: CPU time and memory."""

import os
import pathlib
import statistics

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """utime + stime and cutime + cstime in seconds, and the parent's pid."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own, reaped = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
    return own / TICK, reaped / TICK, int(fields[1])


def cpu_seconds(pid):
    """Of one process, all threads."""
    return _stat(pid)[0]


def tree_cpu_seconds(pid):
    """Of a process and its children, those that have ended too (PostgreSQL's backends and workers)."""
    own, reaped, _ = _stat(pid)
    total = own + reaped
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                child, grand, parent = _stat(entry.name)
            except (OSError, IndexError):
                continue  # ended meanwhile; its time is in the next reading of `reaped`
            if parent == pid:
                total += child + grand
    return total


def peak_memory_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no VmHWM")


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def machine():
    """One line that says where the figures are from."""
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown processor")
    kib = int(pathlib.Path("/proc/meminfo").read_text().split()[1])
    kernel = os.uname()
    return f"{os.cpu_count()} cores ({model}), {kib / 2**20:.0f} GiB, Linux {kernel.release}"
