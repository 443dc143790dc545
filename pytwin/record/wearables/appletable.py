"""Tables of the plain records of Apple Health: a rule for each type and unit, arithmetic for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.record.event import Event
from pytwin.record.log import IssueLog
from pytwin.record.quantity import REASONS
from pytwin.record.resolver import UnitRule
from pytwin.record.sheet import Sheet
from pytwin.record.table import EventTable
from pytwin.record.time import NAT
from pytwin.record.wearables.applefast import NUMBER, UNIT, WORD, Columns, Numbers, OddError, checked


class Kind(NamedTuple):
    """How the records of one type in one unit become events.

    Attributes
    ----------
    event : Event
        Without what varies.
    rule : UnitRule or None
        None for records whose value is a word.
    name, unit : str
        Of the analyte, and as the number is measured in; for issues.
    """

    event: Event
    rule: UnitRule | None
    name: str = ""
    unit: str = ""


class Writer:
    """Makes tables of the plain records of one file.

    Parameters
    ----------
    kind : callable
        ``(type, unit)`` to how its records become events.
    log : IssueLog
    source, key : str
        File and person.
    """

    def __init__(self, kind: Callable[[str, str], Kind], log: IssueLog, source: str, key: str) -> None:
        self._find = kind
        self._log = log
        self._source = source
        self._key = key
        self._kinds: list[Kind] = []
        self._numbers: dict[tuple[bytes, bytes | None], int] = {}

    def prepare(self, columns: Columns) -> Prepared:
        """All of the rows but their positions.

        Raises
        ------
        OddError
            A type, unit or value is none that a plain record has.
        """
        count = len(columns)
        code = self._codes(columns)
        words = np.array([kind.rule is None for kind in self._kinds])[code]
        texts = dict[bytes | None, int]({None: 0})
        text = np.zeros(count, np.int32)
        values = np.full(count, np.nan)
        usable = np.ones(count, np.bool_)
        for rows, form in ((np.flatnonzero(words), WORD), (np.flatnonzero(~words), NUMBER)):
            written = columns.values
            if len(rows) < count:
                written = [columns.values[i] for i in rows.tolist()]
            for value in dict.fromkeys(written):
                if value is not None:
                    texts.setdefault(checked(value, form), len(texts))
                elif form is NUMBER:
                    raise OddError
            text[rows] = np.fromiter(map(texts.__getitem__, written), np.int32, len(rows))
        plain = np.array([float(t) if t and NUMBER.fullmatch(t) else np.nan for t in texts])
        if not np.isfinite(plain[text[~words]]).all():
            raise OddError
        for number in np.unique(code[~words]).tolist():
            rows = np.flatnonzero(code == number)
            rule = self._kinds[number].rule
            assert rule is not None
            values[rows], usable[rows] = rule.apply_all(plain[text[rows]])
        return Prepared(columns, code, words, text, list(texts), values, usable)

    def _codes(self, columns: Columns) -> NDArray[np.int32]:
        """Numbers of the rows' kinds."""
        for pair in set(zip(columns.types, columns.units, strict=True)):
            if pair not in self._numbers:
                unit = checked(pair[1], UNIT).decode() if pair[1] is not None else ""
                self._numbers[pair] = len(self._kinds)
                self._kinds.append(self._find(pair[0].decode(), unit))
        pairs = zip(columns.types, columns.units, strict=True)
        return np.fromiter(map(self._numbers.__getitem__, pairs), np.int32, len(columns))

    def table(self, made: Prepared, positions: Numbers) -> EventTable:
        """The rows at their positions, with issues for those whose number is not usable."""
        columns, words = made.columns, made.words
        self._report(made, positions)
        said = np.where(words, made.text, 0).astype(np.int32)
        mixed = (made.code.astype(np.int64) * 1681 + columns.zone + 840) * 2 + made.usable
        _, lead, shape = np.unique(mixed * len(made.texts) + said, return_index=True, return_inverse=True)
        sheet = Sheet()
        texts = [text.decode() if text is not None else "" for text in made.texts]
        for row in lead.tolist():
            event = self._kinds[made.code[row]].event
            usable = bool(made.usable[row])
            reason = event.reason if usable or event.reason else "value.implausible"
            sheet.number(
                event._replace(
                    offset=int(columns.zone[row]), usable=usable, reason=reason, text=texts[said[row]]
                ),
                "element {}",
            )
        nobody = np.zeros(len(columns), np.int32)
        nothing = np.full(len(columns), NAT, np.int64)
        original = np.where(words, 0, made.text).astype(np.int32)
        return EventTable.from_columns(
            sheet,
            {"patient": (nobody, [self._key]), "original_value": (original, texts), "id": (nobody, [""])},
            {
                "shape": shape.astype(np.int32),
                "time": columns.start,
                "until": np.where(words, NAT, columns.end),
                "recorded": nothing,
                "value": made.values,
                "position": positions,
            },
        )

    def _report(self, made: Prepared, positions: Numbers) -> None:
        bad: dict[str, list[int]] = {}
        for row in np.flatnonzero(~made.usable).tolist():
            reason = self._kinds[made.code[row]].event.reason or "value.implausible"
            bad.setdefault(reason, []).append(row)
        for reason, rows in bad.items():
            listed = rows[: self._log.room(reason)]
            for row in listed:
                self._add(reason, made, row, int(positions[row]))
            if len(rows) > len(listed):
                self._log.repeat(reason, len(rows) - len(listed) - 1)
                self._add(reason, made, rows[-1], int(positions[rows[-1]]))

    def _add(self, reason: str, made: Prepared, row: int, position: int) -> None:
        kind = self._kinds[made.code[row]]
        found = f"{(made.texts[made.text[row]] or b'').decode()} {kind.unit}"
        name = f": {kind.name}" if kind.name else ""
        place = f"{self._source}:element {position}"
        self._log.add(reason, REASONS[reason] + name, place, "not usable", "warning", found)


class Prepared(NamedTuple):
    """Rows without their positions.

    Attributes
    ----------
    columns : Columns
    code : array
        Numbers of kinds.
    words : array of bool
        Rows whose value is a word.
    text : array
        Numbers of the values among ``texts``.
    texts : list of bytes or None
    values, usable : array
        In canonical units.
    """

    columns: Columns
    code: NDArray[np.int32]
    words: NDArray[np.bool_]
    text: NDArray[np.int32]
    texts: list[bytes | None]
    values: NDArray[np.float64]
    usable: NDArray[np.bool_]
