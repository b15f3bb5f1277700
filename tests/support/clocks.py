"""Other clocks for what a test starts, by Debian's faketime: also where the test itself runs under another date, whose
processes would else agree on a clock that only one of them should have."""
import datetime
import functools
import os
import re
import subprocess

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "y": 31_536_000}


def own():
    """Seconds by which this process's clock is off. Raises ValueError for a form other than the relative one."""
    other = int(os.environ.get("OTHER_DATE", "0"))  # of other_date.c
    said = os.environ.get("FAKETIME", "")
    if not said:
        return other
    form = re.fullmatch(r"([+-]\d+(?:\.\d+)?)([smhdy]?)", said)
    if not form:
        raise ValueError(f"FAKETIME={said}: run me with a relative one, such as +400d")
    return float(form[1]) * UNITS[form[2]]


@functools.cache
def _library():
    clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD" and not name.startswith("FAKETIME")}
    said = subprocess.run(["faketime", "-f", "+1d", "env"], env=clean, check=True, capture_output=True, text=True).stdout
    return next(line.split("=", 1)[1] for line in said.splitlines() if line.startswith("LD_PRELOAD="))


def off_by(days):
    """More of an environment: a clock so many days ahead of this process's, or behind. Waiting takes as long as it does."""
    return {"LD_PRELOAD": _library(), "FAKETIME": f"{own() + days * 86_400:+.0f}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def set_to(instant):
    """More of an environment: a clock that starts at this instant (RFC 3339)."""
    wanted = datetime.datetime.fromisoformat(instant.replace("Z", "+00:00"))
    return off_by((wanted - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86_400)
