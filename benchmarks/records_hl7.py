"""Results in HL7 v2 messages to events, beside a loop that splits lines and fields.

The messages are made here: 2,000 of 20 results each, eight analytes, 200 people.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from row import Row, median_seconds

from pytwin.record import stream_events

_MESSAGES = 2_000
_RESULTS = 20
_LABS = (
    ("718-7", "g/dL", 7, 18), ("2345-7", "mg/dL", 60, 300), ("2951-2", "mmol/L", 125, 155),
    ("2823-3", "mmol/L", 3, 6), ("2160-0", "mg/dL", 1, 6), ("3094-0", "mg/dL", 5, 80),
    ("777-3", "10*3/uL", 20, 600), ("6301-6", "{INR}", 1, 6),
)  # fmt: skip

Tuples = list[tuple[str, datetime, str, float, str]]


def _write(path: Path) -> None:
    rng = random.Random(1)
    lines = []
    for number in range(_MESSAGES):
        time = f"{datetime(2024, 1, 1) + timedelta(minutes=7 * number):%Y%m%d%H%M}00+0000"
        lines.append(rf"MSH|^~\&|LAB|H|TWIN|H|{time}||ORU^R01^ORU_R01|C{number}|P|2.5.1")
        lines.append(f"PID|1||P{number % 200}^^^H^MR||Doe^J||19500101|F")
        lines.append(f"OBR|1|P{number}|F{number}|24323-8^CMP^LN|||{time}")
        for index in range(_RESULTS):
            code, unit, low, high = _LABS[index % len(_LABS)]
            value = f"{rng.uniform(low, high):.1f}"
            result = f"OBX|{index + 1}|NM|{code}^Lab^LN|{index}|{value}|{unit}^{unit}^UCUM|||||F|||{time}"
            lines.append(result)
    path.write_text("\r".join(lines) + "\r", encoding="ascii")


def _count(path: Path) -> int:
    return sum(len(table) for table in stream_events(path))


def by_hand(path: Path) -> Tuples:
    """Person, time, code, value, unit of each OBX."""
    found: Tuples = []
    person = ""
    for line in path.read_text(encoding="ascii").split("\r"):
        fields = line.split("|")
        if fields[0] == "PID":
            person = fields[3].split("^")[0]
        elif fields[0] == "OBX":
            time = datetime.strptime(fields[14], "%Y%m%d%H%M%S%z")
            code, unit = fields[3].split("^")[0], fields[6].split("^")[0]
            found.append((person, time, code, float(fields[5]), unit))
    return found


def rows() -> Iterator[Row]:
    """Microseconds a result, so that less is better; no figure was asked for."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "results.hl7"
        _write(path)
        count = _MESSAGES * _RESULTS
        own = median_seconds(lambda: _count(path)) / count
        peer = median_seconds(lambda: len(by_hand(path))) / count
        yield Row(
            f"hl7v2: one result to an event, of {count:,}",
            own * 1e6,
            "us",
            peer="a loop that splits lines and fields",
            peer_value=peer * 1e6,
            note=f"{1 / own:,.0f} results a second; the peer checks no unit, range, status or escape",
            agrees=_count(path) == len(by_hand(path)),
        )
