"""A message: its separators, character set, segments, fields, components."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from pytwin.errors import InputError
from pytwin.record.hl7v2.text import RawMessage
from pytwin.record.hl7v2.times import parse_hl7_time
from pytwin.record.log import IssueLog
from pytwin.record.time import NAIVE, NAT

# HL7 table 0211 -> Python's codec
_CHARSETS = {
    "ASCII": "ascii", "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "UNICODE": "utf-8",
    "UNICODE UTF-16": "utf-8",
    "GB 18030-2000": "gb18030", "BIG-5": "big5", "KS X 1001": "euc_kr", "ISO IR87": "iso2022_jp",
    "ISO IR14": "shift_jis", **{f"8859/{n}": f"iso8859-{n}" for n in (*range(1, 12), *range(13, 17))},
}  # fmt: skip
_MEANT = {"F": "field", "S": "component", "T": "sub", "R": "repetition", "E": "escape"}
_NULL = '""'
_MOST_REPETITIONS = 10_000


class Separators(NamedTuple):
    """The characters that take a message apart."""

    field: str
    component: str
    repetition: str
    escape: str
    sub: str


class Field:
    """One repetition of a field."""

    __slots__ = ("_parts", "_separators")

    def __init__(self, text: str, separators: Separators) -> None:
        self._parts = text.split(separators.component)
        self._separators = separators

    def __len__(self) -> int:
        return len(self._parts)

    def text(self, component: int = 1, sub: int = 1) -> str:
        """A subcomponent, unescaped and without blanks around it; empty where there is none."""
        if component > len(self._parts):
            return ""
        parts = self._parts[component - 1].split(self._separators.sub)
        text = parts[sub - 1].strip() if sub <= len(parts) else ""
        return "" if text == _NULL else unescape(text, self._separators)

    def whole(self, component: int = 1) -> str:
        """A component with its subcomponents as they stand, unescaped."""
        return (
            unescape(self._parts[component - 1].strip(), self._separators) if component <= len(self) else ""
        )


@lru_cache(maxsize=64)
def _escapes(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}([A-Za-z.][^{mark}\r\n]{{0,400}}){mark}")


def unescape(text: str, separators: Separators) -> str:
    """Resolve escape sequences: separators, line breaks, characters by number; formatting is left out."""
    if not separators.escape or separators.escape not in text:
        return text

    def meant(found: re.Match[str]) -> str:
        word = found[1]
        if word in _MEANT:
            return str(getattr(separators, _MEANT[word]))
        if word[0] in "Xx" and re.fullmatch("(?:[0-9A-Fa-f]{2})+", word[1:]):
            return bytes.fromhex(word[1:]).decode("utf-8", errors="replace")
        if word.startswith((".br", ".sp", ".ce")):
            return "\n"
        if word[0] in "HNZCM." and len(word) < 12:
            return ""
        return found[0]

    return _escapes(separators.escape).sub(meant, text)


class Segment:
    """One segment; fields are counted from 1 as in the standard, in MSH the separator is the first.

    Attributes
    ----------
    name : str
    number : int
        Among the segments of that name in the message, from 1.
    fields : list of str
        As they stand.
    separators : Separators
    """

    __slots__ = ("fields", "name", "number", "separators")

    def __init__(self, line: str, separators: Separators, number: int) -> None:
        self.fields = line.split(separators.field)
        self.separators = separators
        self.name = self.fields[0].strip()[:3]
        self.number = number
        if self.name == "MSH":
            self.fields.insert(1, separators.field)

    @property
    def place(self) -> str:
        """Name and number."""
        return f"{self.name} {self.number}"

    def raw(self, index: int) -> str:
        """A field as it stands, without blanks around it; empty where it is missing or null."""
        text = self.fields[index].strip() if index < len(self.fields) else ""
        return "" if text == _NULL else text

    def repetitions(self, index: int) -> list[Field]:
        """The repetitions of a field that are not empty."""
        text = self.raw(index)
        if not text:
            return []
        if text.count(self.separators.repetition) > _MOST_REPETITIONS:
            raise InputError("hl7.too-large", "a field is repeated too often")
        parts = text.split(self.separators.repetition) if self.name != "MSH" or index > 2 else [text]
        return [Field(part, self.separators) for part in parts if part.strip()]

    def field(self, index: int) -> Field:
        """The first repetition of a field, or an empty one."""
        found = self.repetitions(index)
        return found[0] if found else Field("", self.separators)

    def text(self, index: int, component: int = 1, sub: int = 1) -> str:
        """A subcomponent of the first repetition of a field."""
        return self.field(index).text(component, sub)


class Message:
    """A message taken apart.

    Attributes
    ----------
    number : int
        From 1, in the file.
    kind, trigger, version : str
        Such as ``ORU``, ``R01``, ``2.5.1``.
    zone : int
        Minutes east of UTC where the header's time states a zone: the standard makes it the zone
        of all times of the message that state none.
    sent : int
        When it was sent, microseconds UTC, ``NAT`` where unknown.
    """

    def __init__(self, raw: RawMessage, log: IssueLog, source: str) -> None:
        self.number = raw.number
        self.place = f"message {raw.number}"
        text, note = _decoded(raw.lines)
        where = f"{source}:{self.place}"
        if note:
            log.add("hl7.encoding", note[0], where, note[1], "warning")
        if raw.stray:
            message = f"{raw.stray} lines that are no segment"
            log.add("hl7.stray-line", message, where, "joined to the segment before", "warning")
        separators, doubled = _separators(text[0], where)
        if doubled:
            message = "the escape character is written twice, as in a program's source"
            log.add("hl7.separators", message, where, "read as one", "warning")
            text = [line.removesuffix("\\r").removesuffix("\\n") for line in text]
        counts: dict[str, int] = {}
        self.segments: list[Segment] = []
        for line in text:
            name = line[:3]
            counts[name] = counts.get(name, 0) + 1
            self.segments.append(Segment(line, separators, counts[name]))
        header = self.segments[0]
        self.kind, self.trigger = header.text(9, 1).upper(), header.text(9, 2).upper()
        self.version = header.text(12)
        self.header = header
        sent = parse_hl7_time(header.text(7), NAIVE)
        self.zone = sent.offset if sent else NAIVE
        self.sent = sent.us if sent else NAT
        _check_header(self, log, where)

    def all(self, name: str) -> Iterator[Segment]:
        """The segments of one name."""
        return (segment for segment in self.segments if segment.name == name)


def _check_header(message: Message, log: IssueLog, where: str) -> None:
    if not re.fullmatch("[A-Z]{3}", message.kind):
        log.add("hl7.message-type", "the header does not say what the message is", where, "read", "error")
    elif not message.version:
        log.add("hl7.no-version", "the header is cut short: the version is missing", where, "read", "error")


def _separators(line: str, place: str) -> tuple[Separators, bool]:
    """The separators of a header, and whether the escape character is written twice."""
    field = line[3:4]
    encoding = line[4:].partition(field)[0].strip() if field else ""
    doubled = encoding.startswith("^~\\\\")
    if doubled:
        encoding = encoding.replace("\\\\", "\\", 1)
    if len(encoding) < 2 or field.isalnum() or field.isspace():
        raise InputError("hl7.separators", "the header does not state its separators", place=place)
    component, repetition, escape, sub = (*encoding[:4], *("\\&"[max(len(encoding) - 2, 0) :]))[:4]
    found = Separators(field, component, repetition, escape, sub)
    if len(set(found)) < len(found) or any(mark.isalnum() for mark in found):
        raise InputError("hl7.separators", "the header's separators are not distinct marks", place=place)
    return found, doubled


def _decoded(lines: Sequence[bytes]) -> tuple[list[str], tuple[str, str] | None]:
    """The lines as text, and (message, action) where the character set was not as stated."""
    whole = b"\r".join(lines)
    if whole.isascii() and b"\x1b" not in whole:
        return whole.decode("ascii").split("\r"), None
    fields = lines[0].split(lines[0][3:4]) if len(lines[0]) > 3 else []
    stated = fields[17].partition(b"~")[0].strip().decode("latin-1").upper() if len(fields) > 17 else ""
    codec = _CHARSETS.get(stated, "" if not stated else "?")
    note = None
    for name in (codec, "utf-8"):
        try:
            if name and name != "?":
                text = whole.decode(name)
                if name != codec:
                    note = ("the bytes are not in the character set that the header states", "read as UTF-8")
                if codec:
                    return text.split("\r"), note
                return text.split("\r"), None
        except UnicodeDecodeError:
            continue
    message = "the bytes are not in the character set that the header states"
    if not stated:
        message = "no character set is stated, and the bytes are not UTF-8"
    return whole.decode("cp1252", errors="replace").split("\r"), (message, "read as Windows-1252")
