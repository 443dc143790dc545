"""Results that are like one before are written by a fast path: it gives what the slow reader gives."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pytwin.record import read_records
from pytwin.record.hl7v2.repeated import Repeated

CODES = (
    "718-7^Hemoglobin^LN",
    "6301-6^INR^LN",
    "2160-0^Creatinine^LN",
    "X1^Own^L",
    "2345-7^Glucose^LN~B^b^L",
)
UNITS = ("g/dL^g/dL^UCUM", "mg/dL", "umol/L", "", "furlong", "%")
VALUES = ("1.5", "12", "-3", "1e3", "<0.5", "99999", " 7 ", "", "1.50", "7~8", "abc", '""', "1\\S\\2")
TIMES = ("20240301083000+0100", "20240301083000", "20240301", "2024", "", "x", "20240301083000+0100^A")


def _message(number: int, rng: random.Random) -> list[str]:
    """A message that says few different things, each of them often."""
    time, kind = rng.choice(TIMES), rng.choice(("NM", "NM", "NM", "nm", "SN", "ST"))
    head = rf"MSH|^~\&|L|H|T|H|{rng.choice(TIMES[:3])}||ORU^R01|C{number}|P|2.5.1"
    lines = [head, f"PID|1||P{number % 3}^^^H^MR", f"OBR|1||F{number % 5}|24323-8^CMP^LN|||{time}" + "|" * 15]
    lines[2] += rng.choice(TIMES)
    for index in range(rng.randrange(8)):
        code, unit, value = rng.choice(CODES), rng.choice(UNITS), rng.choice(VALUES)
        status, own, sub = rng.choice("FFFPCXZ"), rng.choice(("", time)), rng.choice(("", "1"))
        lines.append(f"OBX|{index + 1}|{kind}|{code}|{sub}|{value}|{unit}|||||{status}|||{own}")
    if rng.random() < 0.3:
        lines.append("SPM|1|||||||||||||||||20240229120000+0000")
    return lines


def _read(path: Path) -> list[tuple[str, list[tuple[str, str, str]]]]:
    records = read_records(path)
    return [(repr([*r.events]), [(i.code, i.place, i.found) for i in r.issues]) for r in records]


@pytest.mark.parametrize("seed", range(20))
def test_fast_and_slow_agree(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    path = tmp_path / "results.hl7"
    lines = [line for number in range(120) for line in _message(number, rng)]
    path.write_bytes(("\r".join(lines) + "\r").encode())
    fast = _read(path)
    monkeypatch.setattr(Repeated, "write", lambda *_: False)
    assert fast == _read(path)


def test_most_results_are_read_fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1,000 results of two kinds all but the first of each place in a message are looked up."""
    written: list[bool] = []
    write = Repeated.write

    def counted(*arguments: object) -> bool:
        written.append(write(*arguments))  # type: ignore[arg-type]
        return written[-1]

    monkeypatch.setattr(Repeated, "write", counted)
    message = [
        r"MSH|^~\&|L|H|T|H|20240301083000+0000||ORU^R01|C|P|2.5.1",
        "PID|1||P^^^H^MR",
        "OBR|1||F|24323-8^CMP^LN|||20240301083000+0000",
        "OBX|1|NM|718-7^Hemoglobin^LN||12.5|g/dL|||||F",
        "OBX|2|NM|6301-6^INR^LN||2.5|{INR}|||||F",
    ]
    path = tmp_path / "results.hl7"
    path.write_bytes(("\r".join(message * 500) + "\r").encode())
    list(read_records(path))
    assert (len(written), sum(written)) == (1000, 998)
