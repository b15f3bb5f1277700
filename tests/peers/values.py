"""Events to feed, and the comparison of what was fed with what arrived: value by value, exactly."""

import datetime
import decimal
import json
import re

from shared_data import SHARED
from testbed import ROOT

TRIMMED_ABOVE = 4096  # bytes; beyond, Falcosidekick cuts long strings

ODD_FIELDS = {
    "evt.time": 1794788426779200001,
    "evt.num": 9007199254740993,
    "u64.max": 18446744073709551615,
    "i64.min": -9223372036854775808,
    "fraction": decimal.Decimal("0.1"),
    "exponent": decimal.Decimal("1.5e-7"),
    "zero": 0,
    "yes": True,
    "no": False,
    "nothing": None,
    "empty": "",
    "list": ["a", None, 1, True, "ü"],
    "unicode": "größe – 日本語 – 🦅 – \u2028 – <&>",
    "control": "tab\tline\nbell\u0007 quote\" back\\slash",
    "proc.aname[2]": "containerd-shim",
    "a.b": "dots are not paths",
}


class _Exact(json.JSONEncoder):
    def encode(self, value):
        # json has no exact decimals: they travel as marked strings.
        text = super().encode(_marked(value))
        return re.sub(r'"\u0001([^"]*)"|"\\u0001([^"]*)"', lambda m: m[1] or m[2], text)


def _marked(value):
    if isinstance(value, decimal.Decimal):
        return f"\u0001{value}"
    if isinstance(value, dict):
        return {k: _marked(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_marked(v) for v in value]
    return value


def dump(event):
    return _Exact(ensure_ascii=False).encode(event).encode()


def load(text):
    return json.loads(text, parse_int=decimal.Decimal, parse_float=decimal.Decimal)


def events():
    """The odd one, our samples and, where it lies beside the project, the shared corpus. Each carries
    its number in the field test.serial, since its uuid will be replaced."""
    odd = {"output": "odd <values> & more", "priority": "Warning", "rule": "Odd values", "source": "syscall",
           "time": "2026-11-16T00:20:26.779200001Z", "tags": ["b", "a"], "hostname": "node-1",
           "output_fields": dict(ODD_FIELDS)}
    found = [odd]
    for path in (ROOT / "load-tests/events.ndjson", SHARED / "data/events/samples.ndjson"):
        if path.exists():
            lines = path.read_text(encoding="utf-8").split("\n")
            found += [load(line) for line in lines if line and len(line.encode()) < TRIMMED_ABOVE - 200]
    for serial, event in enumerate(found):
        event.pop("uuid", None)  # Falco sends none
        event["output_fields"]["test.serial"] = str(serial)
    return found


def instant(text):
    """An RFC 3339 time in nanoseconds."""
    date, clock, fraction, zone = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d(?::?\d\d)?)", text).groups()
    zone = "+00:00" if zone in "Zz" else zone if len(zone) > 3 else zone + ":00"
    moment = datetime.datetime.fromisoformat(f"{date}T{clock}{zone}")
    seconds = (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(seconds=1)
    return seconds * 10**9 + int((fraction or "0").ljust(9, "0"))


def same(a, b):
    """Equal values of the same JSON type; 1 and 1.0 are equal, 1 and true are not."""
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a is b
    if isinstance(a, (int, decimal.Decimal)) and isinstance(b, (int, decimal.Decimal)):
        return decimal.Decimal(a) == decimal.Decimal(b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def differences(fed, arrived, cluster):
    """One line for everything that is not as it was fed."""
    wrong = []
    want = dict(fed["output_fields"], cluster_id=cluster)
    got = arrived["output_fields"]
    for key in sorted(want.keys() | got.keys()):
        if key not in got:
            wrong.append(f"{key} is missing")
        elif key not in want:
            wrong.append(f"{key} came from nowhere: {got[key]!r}")
        elif not same(want[key], got[key]):
            wrong.append(f"{key}: {want[key]!r} became {got[key]!r}")
    for key, absent in (("output", ""), ("priority", None), ("rule", None), ("source", "syscalls"), ("hostname", "")):
        if (arrived.get(key) or absent) != (fed.get(key) or absent):
            wrong.append(f"{key}: {fed.get(key)!r} became {arrived.get(key)!r}")
    if sorted(fed.get("tags") or []) != sorted(arrived.get("tags") or []):
        wrong.append(f"tags: {fed.get('tags')!r} became {arrived.get('tags')!r}")
    if instant(fed["time"]) != instant(arrived["time"]):
        wrong.append(f"time: {fed['time']} became {arrived['time']}")
    return wrong
