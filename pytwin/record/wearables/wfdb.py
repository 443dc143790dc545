"""WFDB records: signals of monitors' numerics as events; waveforms are listed and not read.

A record is a header and its signal files beside it, or a header of segments. A sample with the format's value
for "missing", and a segment that is a gap, is no event: never a zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.issues import Severity
from pytwin.record.event import Event
from pytwin.record.record import PatientInfo
from pytwin.record.resolver import Resolver, UnitRule
from pytwin.record.sink import Options, Sink
from pytwin.record.time import NAIVE, NAT
from pytwin.record.wearables.wfdb_header import Header, Signal, is_header, parse
from pytwin.record.wearables.wfdb_samples import FORMATS, Samples, pieces

FASTEST = 2  # Hz; what is sampled faster is a waveform
_LONGEST_HEADER = 4 << 20
_WIDEST = 1 << 16  # samples in a frame of one file
# Names of numerics without blanks and signs -> LOINC; others are coded by their own names.
_LOINC = {
    "hr": "8867-4", "spo2": "59408-5", "resp": "9279-1", "rr": "9279-1",
    "abpsys": "76215-3", "abpdias": "76213-8", "abpdia": "76213-8", "abpmean": "76214-6",
    "artsys": "76215-3", "artdias": "76213-8", "artmean": "76214-6",
    "nbpsys": "8480-6", "nbpdias": "8462-4", "nbpdia": "8462-4", "nbpmean": "8478-0",
    "temp": "8310-5", "cvp": "60985-9", "icp": "60956-0",
}  # fmt: skip
_UNITS = {"pm": "/min", "/pm": "/min"}
_MATCHED = re.compile(r"(p\d{6})-\d{4}-\d\d-\d\d-\d\d-\d\dn?", re.ASCII)  # MIMIC's matched records
_LETTERS = re.compile(r"[^a-z0-9]")


def recognises(head: bytes, name: str) -> bool:
    """Whether text begins as a header does; a signal file is known by its name and has no text in it."""
    if name.endswith(".dat"):
        return any(byte < 9 or byte >= 128 for byte in head[:512])
    if head.lstrip()[:1] in (b"{", b"[", b"<") or b"\x00" in head:
        return False
    return is_header(head.decode("latin-1"), len(head) < 4096)


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read records; those of one patient of MIMIC's matched set are one person, any other is one by itself.

    Raises
    ------
    InputError
        ``wfdb.no-header``, ``wfdb.header``.
    """
    files = {source.name.removesuffix(".gz"): source for source in inputs}
    headers = [source for name, source in files.items() if not name.endswith(".dat")]
    if not headers:
        raise InputError("wfdb.no-header", "a signal file without its header", place=inputs[0].name)
    parsed = [(source, _parsed(source)) for source in headers]
    parts = {segment.name for _, header in parsed for segment in header.segments}
    for source, header in parsed:
        if header.name not in parts:
            sink.opened(source)
            yield from _Record(sink, options.resolver, files, source, header).read()


def _parsed(source: Input) -> Header:
    with source.open() as stream:
        data = stream.read(_LONGEST_HEADER + 1)
    if len(data) > _LONGEST_HEADER:
        raise InputError("file.too-large", "the header is too long", place=source.name)
    return parse(data.decode("latin-1").replace("\r", ""), source.name)


class _Way(NamedTuple):
    """How the samples of a signal become events."""

    signal: Signal
    column: int
    event: Event
    rule: UnitRule


class _Record:
    """One record on its way into events."""

    def __init__(
        self, sink: Sink, resolver: Resolver, files: dict[str, Input], source: Input, header: Header
    ) -> None:
        matched = _MATCHED.fullmatch(header.name)
        self.key = matched[1] if matched else header.name
        self._sink = sink
        self._resolver = resolver
        self._files = files
        self._source = source
        self._header = header
        self._log = sink.log(self.key)
        self._origin = header.start.us if header.start.us != NAT else header.clock

    def read(self) -> Iterator[None]:
        """Write the events of all segments."""
        header = self._header
        age = float(header.age) if header.age is not None else None
        self._sink.person(self.key, PatientInfo(self.key, sex=header.sex, age_years=age))
        if header.start.us == NAT:
            message = "the record has no date: its times count from 1970-01-01"
            self._say("time.relative", message, "kept so", "warning")
        else:
            self._say("time.naive", "the record's times have no zone", "taken as UTC", "note")
        if header.segments:
            yield from self._segments()
        else:
            yield from self._single(header, self._source.name, 0)
        self._sink.done(self.key)

    def _say(self, code: str, message: str, action: str, severity: Severity, place: str = "") -> None:
        where = place or self._source.name
        self._log.add(code, message, where, action, severity)

    def _segments(self) -> Iterator[None]:
        begin, gaps = 0, 0
        met = set[str]()
        for segment in self._header.segments:
            source = None if segment.name == "~" else self._beside(f"{segment.name}.hea")
            if segment.name == "~":
                gaps += segment.frames
            elif segment.name in met:
                self._say("wfdb.segment", "a segment that was there before", "left out", "error")
            elif source is None:
                self._say("wfdb.no-segment", "a segment whose header is not there", "left out", "error")
            elif segment.frames:
                yield from self._segment(_parsed(source), source.name, segment.frames, begin)
            met.add(segment.name)
            begin += segment.frames
        if gaps:
            message = f"{gaps} frames lie in gaps between segments"
            self._say("wfdb.missing", message, "no events", "note")

    def _segment(self, part: Header, name: str, frames: int, begin: int) -> Iterator[None]:
        if part.segments or part.frequency != self._header.frequency:
            message = "a segment that has segments or another frequency"
            self._say("wfdb.segment", message, "left out", "error", name)
        else:
            yield from self._single(part._replace(frames=frames), name, begin)

    def _beside(self, name: str) -> Input | None:
        """A file of the record: one that was given, or one in the header's folder."""
        if name in self._files:
            return self._files[name]
        if isinstance(self._source.source, bytes) or type(self._source) is not Input:
            return None
        if name != Path(name).name or name in ("", ".", ".."):
            return None
        folder = Path(self._source.source).parent
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return Input(path)
        return None

    def _single(self, header: Header, place: str, begin: int) -> Iterator[None]:
        """The signals of one header, file by file."""
        by_file: dict[str, list[Signal]] = {}
        for signal in header.signals:
            by_file.setdefault(signal.file, []).append(signal)
        for file, signals in by_file.items():
            formats = {(signal.format, signal.offset) for signal in signals}
            width = sum(signal.per_frame for signal in signals)
            ways = self._ways(header, signals, place)
            if not ways:
                continue
            if len(formats) > 1 or signals[0].format not in FORMATS or width > _WIDEST:
                message = "a signal file in a format that is not read"
                self._say("wfdb.format", message, "left out", "error", place)
                continue
            source = self._beside(file)
            if source is None:
                message = "a signal file that is not there"
                self._say("wfdb.no-signal-file", message, "no events of its signals", "error", place)
                continue
            yield from self._samples(header, signals, ways, source, begin)

    def _ways(self, header: Header, signals: Sequence[Signal], place: str) -> list[_Way]:
        """The signals that are numerics; the others are listed."""
        ways, column = [], 0
        for signal in signals:
            if header.frequency * signal.per_frame > FASTEST:
                self._say("wfdb.waveform", "a waveform", "not read", "note", place)
            else:
                ways.append(self._way(signal, column, place))
            column += signal.per_frame
        return ways

    def _way(self, signal: Signal, column: int, place: str) -> _Way:
        name = signal.name.strip(" ,")[:64]
        loinc = _LOINC.get(_LETTERS.sub("", name.lower()), "")
        analyte = self._resolver.analyte("LOINC", loinc) if loinc else None
        analyte = analyte or self._resolver.analyte("local", name)
        unit = signal.unit
        rule = self._resolver.rule(analyte, _UNITS.get(unit.lower(), unit))
        if signal.gain == 0:
            rule = UnitRule(unit, reason="wfdb.uncalibrated")
        if rule.reason:
            message = "the unit of a signal cannot be used" if signal.gain else "a signal without a gain"
            self._say(rule.reason, message, "not usable", "warning", place)
        known = bool(loinc)
        event = Event(
            offset=NAIVE, kind="observation", system="LOINC" if known else "local",
            code=loinc if known else name, name=analyte.name if analyte else name, unit=rule.unit,
            original_unit=unit, usable=not rule.reason, reason=rule.reason, changes=rule.change,
        )  # fmt: skip
        return _Way(signal, column, event, rule)

    def _samples(
        self, header: Header, signals: Sequence[Signal], ways: list[_Way], source: Input, begin: int
    ) -> Iterator[None]:
        first = signals[0]
        width = sum(signal.per_frame for signal in signals)
        start = [signal.first or 0 for signal in signals for _ in range(signal.per_frame)]
        before = np.array(start, np.int64)
        sums, missing = np.zeros(len(ways), np.int64), np.zeros(len(ways), np.int64)
        frame = 0
        with closing(source.open()) as stream:
            _skip(stream, first.offset)
            for piece in pieces(stream, first.format, width, header.frames, before):
                for index, way in enumerate(ways):
                    part = piece[:, way.column : way.column + way.signal.per_frame]
                    sums[index] += int(part.sum())
                    missing[index] += self._write(way, part, header.frequency, frame, begin, source.name)
                frame += len(piece)
                self._sink.flush()
                yield
        if frame < header.frames:
            message = f"the signal file ends after {frame} of {header.frames} frames"
            self._say("wfdb.truncated", message, "the rest is missing", "error", source.name)
        for way, total, gone in zip(ways, sums.tolist(), missing.tolist(), strict=True):
            stated = way.signal.checksum
            if stated is not None and header.frames and frame == header.frames and (total - stated) % 65536:
                message = "the sum of a signal's samples is not the one that the header states"
                self._say("wfdb.checksum", message, "kept", "warning", source.name)
            if gone:
                message = f"{gone} samples of a signal are marked as missing"
                self._say("wfdb.missing", message, "no events", "note", source.name)

    def _write(self, way: _Way, part: Samples, frequency: Fraction, frame: int, begin: int, file: str) -> int:
        """Write the samples of a signal; how many are missing."""
        signal = way.signal
        samples = part.ravel()
        gap = FORMATS[signal.format].missing
        at = np.flatnonzero(samples != gap) if gap is not None else np.arange(len(samples))
        raw = (samples[at] - signal.baseline) / (signal.gain or 1.0)
        values, usable = way.rule.apply_all(raw)
        number = (begin + frame - signal.skew) * signal.per_frame + at
        step = Fraction(1_000_000) / (frequency * signal.per_frame)
        times = _scaled(number, step) + self._origin
        position = frame * signal.per_frame + at
        place = "sample {}" + f"#{way.column}"
        good = self._sink.sheet.shape(way.event._replace(source=file), place)
        odd = good
        if not way.rule.reason and not usable.all():
            reason = "value.implausible"
            odd = self._sink.sheet.shape(way.event._replace(source=file, usable=False, reason=reason), place)
            message = f"{int((~usable).sum())} values of a signal are physically impossible"
            self._say(reason, message, "not usable", "warning", file)
        row, key = self._sink.sheet.row, self.key
        texts = map("{:.10g}".format, raw.tolist())
        columns = zip(values.tolist(), usable.tolist(), texts, times.tolist(), position.tolist(), strict=True)
        for value, fine, text, time, index in columns:
            row((good if fine else odd, key, time, NAT, NAT, value, text, "", index))
        return len(samples) - len(at)


def _scaled(number: Samples, step: Fraction) -> Samples:
    """Microseconds of sample numbers, each rounded by itself so that errors do not add up."""
    if step.denominator == 1 and abs(step.numerator) < 1 << 40:
        return number * step.numerator
    return np.array([round(n * step) for n in number.tolist()], np.int64)


def _skip(stream: IO[bytes], count: int) -> None:
    """Pass over the bytes before the samples."""
    while count > 0:
        data = stream.read(min(count, 1 << 20))
        if not data:
            return
        count -= len(data)
