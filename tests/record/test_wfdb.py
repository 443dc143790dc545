"""WFDB: every storage format against a packing of its own, headers, gaps, segments, numerics as events."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from pytwin.errors import InputError
from pytwin.record import Record, read_record, read_records, stream_events
from pytwin.record.time import MINUTE, SECOND, parse_time
from pytwin.record.wearables.wfdb_header import parse
from pytwin.record.wearables.wfdb_samples import FORMATS, decode, pieces

BITS = {16: 16, 24: 24, 32: 32, 61: 16, 80: 8, 160: 16, 212: 12, 310: 10, 311: 10}


def pack(values: list[int], format: int) -> bytes:
    """Samples as one long integer for each group, bit by bit."""
    out = b""
    match format:
        case 8:
            return b"".join(value.to_bytes(1, "little", signed=True) for value in values)
        case 16 | 24 | 32:
            return b"".join(value.to_bytes(format // 8, "little", signed=True) for value in values)
        case 61:
            return b"".join(value.to_bytes(2, "big", signed=True) for value in values)
        case 80 | 160:
            size = format // 80
            half = 1 << (8 * size - 1)
            return b"".join((value + half).to_bytes(size, "little") for value in values)
    group = FORMATS[format].samples
    padded = values + [0] * (-len(values) % group)
    for at in range(0, len(padded), group):
        a, b, *c = (value % (1 << BITS[format]) for value in padded[at : at + group])
        if format == 212:
            out += bytes([a & 255, a >> 8 | b >> 8 << 4, b & 255])
        elif format == 310:
            words = a << 1 | (c[0] & 31) << 11, b << 1 | (c[0] >> 5) << 11
            out += words[0].to_bytes(2, "little") + words[1].to_bytes(2, "little")
        else:
            out += (a | b << 10 | c[0] << 20).to_bytes(4, "little")
    return out


@pytest.mark.parametrize("format", BITS)
def test_formats(format: int) -> None:
    half = 1 << (BITS[format] - 1)
    rng = np.random.default_rng(format)
    values = [-half, half - 1, 0, -1, 1, *rng.integers(-half, half, 301).tolist()]
    assert decode(pack(values, format), format)[: len(values)].tolist() == values
    assert FORMATS[format].missing == -half


@pytest.mark.parametrize("format", [8, *BITS])
def test_pieces_are_the_whole(format: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytwin.record.wearables.wfdb_samples._PIECE", 24)
    values = np.random.default_rng(1).integers(-100, 100, (37, 3))
    flat = (np.diff(values, axis=0, prepend=[[0, 0, 0]]) if format == 8 else values).ravel()
    flat = np.clip(flat, -128, 127) if format == 8 else flat
    expected = flat.reshape(-1, 3).cumsum(axis=0) if format == 8 else values
    for frames in (0, 37, 20):
        parts = list(pieces(io.BytesIO(pack(flat.tolist(), format)), format, 3, frames))
        assert max(len(part) for part in parts) == 8
        found = np.concatenate(parts)
        assert (found[:37] == expected[: frames or 37]).all()


def test_format_8_begins_at_the_first_value() -> None:
    (piece,) = pieces(io.BytesIO(pack([0, 0, 1, -2], 8)), 8, 2, 0, np.array([50, -3]))
    assert piece.tolist() == [[50, -3], [51, -5]]


def test_header_in_full() -> None:
    text = (
        "# a comment\r\nrec-1 2 62.5/100(0) 625 12:00:05.5 30/01/1989\r\n"
        "d.dat 16x4:3+24 10.5(-20)/mmHg 12 7 3 -5 0 ABP, line one\r\nd.dat 16x4:3+24\r\n"
        "# <age>: 69 <sex>: M\r\n"
    )
    header = parse(text.replace("\r", ""), "x")
    assert (header.name, header.frequency, header.frames) == ("rec-1", 62.5, 625)
    assert header.start.us == parse_time("1989-01-30T12:00:05.5").us
    one, two = header.signals
    assert (one.format, one.per_frame, one.skew, one.offset) == (16, 4, 3, 24)
    assert (one.gain, one.baseline, one.unit, one.name) == (10.5, -20, "mmHg", "ABP, line one")
    assert (one.first, one.checksum, two.gain, two.name) == (3, -5, 0.0, "")
    assert (header.age, header.sex) == (69, "male")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only",
        "rec",
        "rec 1 0\nd.dat 16",
        "rec 2 1\nd.dat 16",
        "rec 1 1\nd.dat x",
        "rec 1 1\nd.dat 16 g",
        "rec 1 1 10 25:00:00 01/01/2000\nd.dat 16",
        "rec 1 1 10 05:00:00 31/02/2000\nd.dat 16",
        "rec/1 1 1\n!",
    ],
)
def test_headers_that_are_none(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text, "x.hea")
    assert caught.value.code == "wfdb.header"


HEADER = (
    "numbers 4 0.0166666666667 5 08:00:00 01/02/2024\n"
    "numbers.dat 16 10(0)/bpm 16 0 0 {sum} 0 HR\n"
    "numbers.dat 16 1/% 16 0 0 0 0 SpO2\n"
    "numbers.dat 16 10(-100)/mmHg 16 0 0 0 0 ABP Sys\n"
    "numbers.dat 16 1/pm 16 0 0 0 0 RESP\n"
)
GONE = -32768
ROWS = [
    [600, 97, 1100, 12],
    [GONE, 96, 1110, 0],
    [620, GONE, GONE, 14],
    [0, 95, 1120, GONE],
    [630, 98, 9000, 15],
]


def write(folder: Path, header: str = HEADER, rows: list[list[int]] = ROWS, name: str = "numbers") -> Path:
    total = sum(row[0] for row in rows) % 65536
    (folder / f"{name}.hea").write_text(header.replace("{sum}", str(total)))
    (folder / f"{name}.dat").write_bytes(pack([value for row in rows for value in row], 16))
    return folder / f"{name}.hea"


def codes(record: Record) -> dict[str, int]:
    return record.issues.counts()


def test_numerics(tmp_path: Path) -> None:
    record = read_record(write(tmp_path))
    rates = record.observations("heart rate")
    assert record.patient.id == "numbers"
    assert rates.value.tolist() == [60.0, 62.0, 0.0, 63.0]  # a zero that was stored is a zero; a gap is none
    begin = parse_time("2024-02-01T08:00").us
    assert [round((time - begin) / MINUTE) for time in rates.time.tolist()] == [0, 2, 3, 4]
    first = next(iter(rates))
    assert (first.system, first.code, first.unit, first.original_unit) == ("LOINC", "8867-4", "/min", "bpm")
    assert (first.place, first.source) == ("sample 0#0", "numbers.dat")
    saturation = record.observations("oxygen saturation")
    assert saturation.value.tolist() == [97.0, 96.0, 95.0, 98.0]
    pressure = record.observations("arterial systolic blood pressure")
    assert pressure.value.tolist() == [120.0, 121.0, 122.0, 910.0]
    assert pressure.usable.tolist() == [True, True, True, False]
    assert record.observations("respiratory rate").value.tolist() == [12.0, 0.0, 14.0, 15.0]
    assert codes(record)["wfdb.missing"] == 4 and "wfdb.checksum" in codes(record)


def test_times_do_not_drift(tmp_path: Path) -> None:
    header = "slow 1 0.976563 4000 00:00:00 01/01/2020\nslow.dat 16 1/bpm 16 0 0 0 0 HR\n"
    record = read_record(write(tmp_path, header, [[60 + i % 7] for i in range(4000)], "slow"))
    times = record.events.time
    assert times[-1] - times[0] == round(3999 / 0.976563 * SECOND)


def test_a_folder_and_an_archive_and_the_header_alone_are_the_same(tmp_path: Path) -> None:
    path = write(tmp_path)
    with ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(path, "a/numbers.hea")
        archive.write(path.with_suffix(".dat"), "a/numbers.dat")
    alone = read_record(path)
    assert read_record(tmp_path / "all.zip").hash == alone.hash
    (tmp_path / "all.zip").unlink()
    assert read_record(tmp_path).hash == alone.hash
    assert read_record([path, path.with_suffix(".dat")]).hash == alone.hash
    assert sum(len(table) for table in stream_events(path)) == len(alone.events)


def test_segments_and_gaps(tmp_path: Path) -> None:
    one = "s1 1 1 3\ns1.dat 16 1/bpm 16 0 0 0 0 HR\n"
    write(tmp_path, one, [[60], [61], [62]], "s1")
    write(tmp_path, one.replace("s1", "s2").replace(" 3\n", " 2\n"), [[70], [71]], "s2")
    master = "p000020-2183-04-28-17-47n/5 1 1 12 17:47:50 28/04/2183\ns0 0\ns1 3\n~ 5\ns2 2\nlost 2\n"
    path = tmp_path / "p000020-2183-04-28-17-47n.hea"
    path.write_text(master)
    (tmp_path / "s0.hea").write_text("s0 1 1 0\n~ 0 1/bpm 16 0 0 0 0 HR\n")
    record = read_record(path)
    assert record.patient.id == "p000020"
    begin = parse_time("2183-04-28T17:47:50").us
    found = [((e.time - begin) / SECOND, e.value) for e in record.events]
    assert found == [(0, 60), (1, 61), (2, 62), (8, 70), (9, 71)]
    assert codes(record)["wfdb.no-segment"] == 1 and codes(record)["wfdb.missing"] == 1
    assert [r.patient.id for r in read_records(tmp_path)] == ["p000020"]  # segments are no records


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({" 5 08:00:00 01/02/2024": " 5"}, "time.relative"),
        ({" 5 08": " 9 08"}, "wfdb.truncated"),
        ({"numbers.dat 16": "other.dat 16"}, "wfdb.no-signal-file"),
        ({"numbers.dat 16": "../numbers.dat 16"}, "wfdb.no-signal-file"),
        ({"numbers.dat 16": "numbers.dat 508"}, "wfdb.format"),
        ({"1/pm": "0/pm"}, "wfdb.uncalibrated"),
        ({"1/pm": "1/xyzzy"}, "unit.unknown"),
        ({"0.0166666666667": "125"}, "wfdb.waveform"),
    ],
)
def test_what_is_odd_is_said(tmp_path: Path, change: dict[str, str], code: str) -> None:
    header = HEADER
    for old, new in change.items():
        header = header.replace(old, new)
    assert code in codes(read_record(write(tmp_path, header)))


def test_a_signal_file_alone_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path).with_suffix(".dat")
    with pytest.raises(InputError) as caught:
        read_record(path)
    assert caught.value.code == "wfdb.no-header"
