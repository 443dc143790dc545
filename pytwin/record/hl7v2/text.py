"""From bytes to messages: line ends, framing, batches and files, in memory one message at a time."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from pytwin.errors import InputError
from pytwin.record.log import IssueLog

_CHUNK = 1 << 16
_MOST_SEGMENTS = 50_000  # of one message
_LARGEST = 64 << 20  # bytes of a line, or of a message
_FRAMING = b"\x0b\x1c\x1d\x00 \t"  # of the minimal lower layer protocol, and blanks
_SEGMENT = re.compile(rb"[A-Z][A-Z0-9]{2}(?![A-Za-z0-9 ])")
_BEGIN = re.compile(rb"(MSH|FHS|BHS)[^A-Za-z0-9\s]")


class RawMessage(NamedTuple):
    """The lines of one message.

    Attributes
    ----------
    number : int
        From 1, in the file.
    lines : list of bytes
        One for each segment; the first is MSH.
    stray : int
        Lines that were no segment and were joined to the one before.
    """

    number: int
    lines: list[bytes]
    stray: int


def _bare(head: bytes) -> bytes:
    """The first bytes without marks, framing and blanks; UTF-16 in bytes of ASCII."""
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        head = head[2:].replace(b"\x00", b"")
    return head.removeprefix(codecs.BOM_UTF8).lstrip(_FRAMING + b"\r\n")


def recognises(head: bytes, name: str) -> bool:
    """Whether a file begins as an HL7 v2 message, batch or file does."""
    return _BEGIN.match(_bare(head)) is not None


def _lines(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """Lines that end with CR, LF or both, without blank ones."""
    parts: list[bytes] = []
    size = 0
    first = stream.read(_CHUNK)
    wide = first[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    decoder = codecs.getincrementaldecoder("utf-16")("replace") if wide else None
    chunk = first.removeprefix(codecs.BOM_UTF8)
    while chunk:
        data = decoder.decode(chunk).encode() if decoder else chunk
        *whole, rest = data.replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            parts.append(line)
            yield b"".join(parts)
            parts, size = [], 0
        parts.append(rest)
        size += len(rest)
        if size > _LARGEST:
            raise InputError("file.too-large", "a line is too long", place=name)
        chunk = stream.read(_CHUNK)
    yield b"".join(parts)


class Splitter:
    """Finds the messages of a file, and checks the batches and files around them."""

    def __init__(self, log: IssueLog, name: str) -> None:
        self._log = log
        self._name = name
        self._number = 0
        self._lines: list[bytes] = []
        self._size = 0
        self._stray = 0
        self._orphans = 0
        self._open: dict[bytes, bool] = {b"BHS": False, b"FHS": False}
        self._in_batch = 0

    def messages(self, stream: IO[bytes]) -> Iterator[RawMessage]:
        """The messages one by one.

        Raises
        ------
        InputError
            ``file.too-large``, ``hl7.too-large``, ``hl7.no-message``.
        """
        for line in (found.strip(_FRAMING) for found in _lines(stream, self._name)):
            if not line:
                continue
            kind = line[:3]
            if kind in (b"MSH", b"BHS", b"BTS", b"FHS", b"FTS"):
                yield from self._end()
                self._begin(kind, line)
            else:
                self._inside(line)
        yield from self._end()
        self._finish()

    def _end(self) -> Iterator[RawMessage]:
        if self._orphans:
            message = f"{self._orphans} segments that belong to no message: MSH is missing"
            self._log.add("hl7.no-header", message, self._place(), "left out", "error")
            self._orphans = 0
        if self._lines:
            yield RawMessage(self._number, self._lines, self._stray)
        self._lines, self._size, self._stray = [], 0, 0

    def _begin(self, kind: bytes, line: bytes) -> None:
        if kind == b"MSH":
            self._number += 1
            self._in_batch += 1
            self._lines = [line]
        elif kind in self._open:
            self._open_envelope(kind)
        else:
            self._close(kind, line)

    def _open_envelope(self, kind: bytes) -> None:
        if self._open[kind]:
            message = f"a {kind.decode()} segment before the batch or file that is open has ended"
            self._log.add("hl7.batch-inside", message, self._place(), "a new one was begun", "error")
        self._open[kind] = True
        if kind == b"BHS":
            self._in_batch = 0

    def _close(self, kind: bytes, line: bytes) -> None:
        opener = b"BHS" if kind == b"BTS" else b"FHS"
        if not self._open[opener]:
            message = f"a {kind.decode()} segment without {opener.decode()}"
            self._log.add("hl7.batch-unopened", message, self._place(), "read", "note")
        self._open[opener] = False
        stated = re.match(rb"[^A-Za-z0-9\s](\d{1,9})(?!\d)", line[3:])
        if kind == b"BTS":
            if stated and int(stated[1]) != self._in_batch:
                message = f"a batch states {int(stated[1])} messages and holds {self._in_batch}"
                self._log.add("hl7.batch-count", message, self._place(), "read what is there", "warning")
            self._in_batch = 0

    def _inside(self, line: bytes) -> None:
        if not self._lines:
            self._orphans += 1
            return
        self._size += len(line)
        if self._size > _LARGEST or len(self._lines) > _MOST_SEGMENTS:
            raise InputError("hl7.too-large", "a message is too long", place=self._place())
        if _SEGMENT.match(line):
            self._lines.append(line)
        else:
            self._stray += 1
            self._lines[-1] += b"\n" + line

    def _finish(self) -> None:
        for opener, is_open in self._open.items():
            if is_open:
                message = f"a batch or file that {opener.decode()} begins has no end"
                self._log.add("hl7.batch-open", message, self._name, "read", "note")
        if not self._number:
            raise InputError("hl7.no-message", "there is no message: MSH is missing", place=self._name)

    def _place(self) -> str:
        return f"{self._name}:message {self._number}" if self._number else self._name
