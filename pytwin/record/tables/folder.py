"""A folder of CSV tables with known columns: what each says, declared as data.

A ``Table`` says where the columns are and which rule its rows follow; ``read_tables`` does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pytwin.formats.files import Input
from pytwin.record.log import IssueLog
from pytwin.record.record import PatientInfo
from pytwin.record.resolver import Resolver
from pytwin.record.sink import Options, Sink
from pytwin.record.tables.encode import Rows, Rule, encode
from pytwin.record.tables.frames import Coded, Numbers, Piece
from pytwin.record.tables.instants import from_microseconds
from pytwin.record.tables.sources import pieces
from pytwin.record.time import NAT

_PLACE = "row {}"


class Table(NamedTuple):
    """One table of events.

    Attributes
    ----------
    patient, start, end, value, id : str
        Columns; empty where there is none. A value that is no plain number is the rule's last text.
    keys : tuple of str
        Columns that the rule takes.
    rule : callable
        ``(resolver, texts) -> Rule``.
    """

    patient: str
    start: str
    end: str
    keys: tuple[str, ...]
    rule: Callable[[Resolver, tuple[str, ...]], Rule]
    value: str = ""
    id: str = ""


def stem(name: str) -> str:
    """Name of a table from that of its file, or from that of a database and its own."""
    base = name.lower().rpartition("/")[2].removesuffix(".gz")
    return base.rpartition(".")[0] or base


def header(head: bytes) -> list[str]:
    """Names of the columns, in lower case, from what ``frames.table_head`` gives."""
    line = head.removeprefix(b"PAR1\n").partition(b"\n")[0].decode(errors="replace").lower()
    return [name.strip(' "\r\ufeff') for name in line.split(",")]


Adjust = Callable[[Piece, Rows], Rows]


def read_events(
    table: Table, source: Input, sink: Sink, resolver: Resolver, adjust: Adjust | None = None
) -> Iterator[None]:
    """Write the events of one file; ``adjust`` may change the columns of a piece."""

    @lru_cache(maxsize=1 << 17)
    def rule(texts: tuple[str, ...]) -> Rule:
        return table.rule(resolver, texts)

    for piece in pieces(source, sink.log()):
        rows = _rows(piece, table, sink.log(), source.name)
        if adjust:
            rows = adjust(piece, rows)
        strangers(rows.patient, sink, source.name)
        sink.table(encode(rows, rule, source.name, _PLACE, sink.log()))
        yield


def _rows(piece: Piece, table: Table, log: IssueLog, source: str) -> Rows:
    nothing = from_microseconds(np.full(len(piece), NAT))
    end = piece.instants(table.end, log, source) if table.end else None
    width = np.array([width for width, _ in end.kinds])[end.kind] if end else 0
    value: Numbers | None = piece.numbers(table.value) if table.value else None
    return Rows(
        patient=piece.text(table.patient),
        keys=[piece.text(name) for name in table.keys],
        position=piece.positions,
        time=piece.instants(table.start, log, source) if table.start else nothing,
        value=value,
        ids=piece.names(table.id, f"{stem(source)}/") if table.id else None,
        until=np.where(end.us == NAT, NAT, end.us + width) if end else None,
    )


def strangers(patients: Coded, sink: Sink, source: str) -> None:
    """Make everybody known who has events and is not in the table of patients."""
    for code in np.unique(patients.codes).tolist():
        key = patients.texts[code]
        if key not in sink.people:
            message = "events of a person who is not in the table of patients"
            sink.log(key).add("record.no-person", message, source, "kept, nothing known of the person")
            sink.person(key, PatientInfo(key))


def rows_of(piece: Piece, names: Sequence[str]) -> Iterator[list[str]]:
    """Rows of a small table as texts."""
    columns = [piece.text(name) for name in names]
    texts = ([column.texts[i] for i in column.codes.tolist()] for column in columns)
    return map(list, zip(*texts, strict=True))


def read_tables(
    inputs: Sequence[Input],
    sink: Sink,
    options: Options,
    people: Mapping[str, Callable[[Input, Sink], Iterator[None]]],
    tables: Mapping[str, Table],
    code: str,
) -> Iterator[None]:
    """Read a folder: the tables of people first, in the order given, then those of events.

    Files of neither are noted under ``code`` + ``.not-read``.
    """
    by_name: dict[str, list[Input]] = {}
    for source in inputs:
        by_name.setdefault(stem(source.name), []).append(source)
    for name, reader in people.items():
        for source in by_name.pop(name, []):
            sink.opened(source)
            yield from reader(source, sink)
    for name in sorted(by_name):
        for source in by_name[name]:
            sink.opened(source)
            if name in tables:
                yield from read_events(tables[name], source, sink, options.resolver)
            else:
                message = f"the table {name} holds no events that are read"
                sink.log().add(f"{code}.not-read", message, source.name, "not read", "note")
