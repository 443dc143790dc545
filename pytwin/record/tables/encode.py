"""From the columns of a table to events: what is distinct is looked up once, the rest is arithmetic.

The rows of a piece that agree in all text columns that matter (code, unit, status ...) follow one
``Rule``, which Python makes; their values, times and places are whole columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.record.amount import DOSE_REASONS
from pytwin.record.event import Event
from pytwin.record.log import IssueLog
from pytwin.record.quantity import REASONS
from pytwin.record.resolver import UnitRule
from pytwin.record.sheet import Sheet
from pytwin.record.table import EventTable
from pytwin.record.tables.frames import Coded, Numbers, arrow, no_text
from pytwin.record.tables.instants import Instants
from pytwin.record.time import NAT

Codes = NDArray[np.int32]


NO_UNIT = UnitRule("")


class Rule(NamedTuple):
    """What a combination of texts says of its rows.

    Attributes
    ----------
    event : Event
        All that the rows share; ``reason`` says why none of them is usable.
    unit : UnitRule
        Brings their values into ``event.unit``.
    measured : bool
        A row without a number is not usable (``value.absent``).
    """

    event: Event
    unit: UnitRule = NO_UNIT
    measured: bool = False


class Rows(NamedTuple):
    """The columns of some rows.

    Attributes
    ----------
    patient : Coded
    keys : sequence of Coded
        The texts that a rule depends on.
    position : (n,) int64
    time : Instants
    value : Numbers or None
    ids : Coded or None
    until, recorded : (n,) int64 or None
    """

    patient: Coded
    keys: Sequence[Coded]
    position: NDArray[np.int64]
    time: Instants
    value: Numbers | None = None
    ids: Coded | None = None
    until: NDArray[np.int64] | None = None
    recorded: NDArray[np.int64] | None = None

    def keep(self, rows: NDArray[np.bool_]) -> Rows:
        """Some of the rows."""

        def some(coded: Coded) -> Coded:
            return Coded(coded.codes[rows], coded.texts)

        value, ids, until, recorded = self.value, self.ids, self.until, self.recorded
        return Rows(
            some(self.patient),
            [some(key) for key in self.keys],
            self.position[rows],
            Instants(self.time.us[rows], self.time.kind[rows], self.time.kinds),
            None if value is None else Numbers(value.values[rows], some(value.written), some(value.other)),
            None if ids is None else some(ids),
            None if until is None else until[rows],
            None if recorded is None else recorded[rows],
        )


def combine(columns: Sequence[tuple[Codes, int]]) -> tuple[Codes, NDArray[np.intp]]:
    """Number the distinct combinations of columns of codes, each given with its number of codes.

    Returns
    -------
    number : (n,) int32
        Of each row's combination.
    first : (k,)
        A row of each combination.
    """
    number = np.zeros(len(columns[0][0]), np.int64)
    for codes, size in columns:
        if size > 1:
            mixed = arrow().array(number * size + codes).dictionary_encode()
            number = mixed.indices.to_numpy().astype(np.int64)
    _, first = np.unique(number, return_index=True)
    return number.astype(np.int32), first


def encode(
    rows: Rows, rule: Callable[[tuple[str, ...]], Rule], source: str, place: str, log: IssueLog
) -> EventTable:
    """The table of some rows.

    Parameters
    ----------
    rows : Rows
    rule : callable
        From the texts of ``rows.keys`` (and the value where it is no plain number, last) to a rule.
    source : str
        File name.
    place : str
        Form of a row's place, with ``{}`` for its position.
    log : IssueLog
        Gets one issue for each shape that is not usable, with the number of rows.
    """
    count = len(rows.position)
    other = rows.value.other if rows.value else no_text(count)
    keys = [*rows.keys, other]
    number, first = combine([(key.codes, len(key.texts)) for key in keys])
    columns = [[key.texts[i] for i in key.codes[first].tolist()] for key in keys]
    rules = [rule(texts) for texts in zip(*columns, strict=True)]
    value, state = _values(rows, number, rules)
    timed = (rows.time.us != NAT).astype(np.int32)
    shape, lead = combine(
        [(number, len(rules)), (state, 3), (rows.time.kind, len(rows.time.kinds)), (timed, 2)]
    )
    sheet = Sheet()
    sizes = np.bincount(shape, minlength=len(lead)).tolist()
    for row, size in zip(lead.tolist(), sizes, strict=True):
        kind = rows.time.kinds[rows.time.kind[row]]
        event = _event(rules[number[row]], int(state[row]), kind, bool(timed[row]))
        if event.reason:
            _note(event, log, source, place.format(int(rows.position[row])), size)
        sheet.number(event._replace(source=source), place)
    original = _original(rows, number, rules)
    nothing = np.full(count, NAT, np.int64)
    return EventTable.from_columns(
        sheet,
        {"patient": rows.patient, "original_value": original, "id": rows.ids or no_text(count)},
        {
            "shape": shape,
            "time": rows.time.us,
            "until": nothing if rows.until is None else rows.until,
            "recorded": nothing if rows.recorded is None else rows.recorded,
            "value": value,
            "position": rows.position,
        },
    )


def _values(rows: Rows, number: Codes, rules: list[Rule]) -> tuple[NDArray[np.float64], Codes]:
    """(values in canonical units, state): 0 fine, 1 impossible, 2 not there."""
    stated = np.array([rule.event.value for rule in rules])[number]
    given = stated if rows.value is None else np.where(np.isnan(rows.value.values), stated, rows.value.values)
    value = given.copy()
    for unit in {id(rule.unit): rule.unit for rule in rules if rule.unit.conversion}.values():
        rows_of = np.array([rule.unit is unit for rule in rules])[number]
        value[rows_of] = unit.apply_all(given[rows_of])[0]
    low = np.array([rule.unit.low for rule in rules])[number]
    high = np.array([rule.unit.high for rule in rules])[number]
    impossible = (value < low) | (value > high)
    return value, np.where(np.isnan(value), 2, impossible).astype(np.int32)


def _event(rule: Rule, state: int, kind: tuple[int, int], timed: bool) -> Event:
    reason = rule.event.reason
    if not reason and state == 2 and rule.measured:
        reason = "value.absent"
    if not reason and state == 1:
        reason = "value.implausible"
    if not reason and not timed and rule.event.kind in ("observation", "administration"):
        reason = "time.missing"
    return rule.event._replace(width=kind[0], offset=kind[1], reason=reason, usable=not reason)


def _note(event: Event, log: IssueLog, source: str, place: str, count: int) -> None:
    """One issue for all rows of a shape, at the first of them."""
    rest = f" and {count - 1} more rows" if count > 1 else ""
    message = REASONS.get(event.reason) or DOSE_REASONS.get(event.reason) or event.reason.replace(".", ": ")
    log.add(event.reason, message, f"{source}:{place}{rest}", "kept, not usable", "warning", event.name)


def note_unusable(table: EventTable, log: IssueLog, source: str) -> None:
    """As ``encode`` does, for rows that are events already."""
    found: dict[tuple[str, str], list[str]] = {}
    for event in table[table.codes("reason") != 0]:
        found.setdefault((event.reason, event.name), []).append(event.place)
    for (reason, name), places in found.items():
        _note(Event(reason=reason, name=name), log, source, places[0], len(places))


def _original(rows: Rows, number: Codes, rules: list[Rule]) -> Coded:
    """Values as written; of numbers without text only where the unit was changed."""
    if rows.value is None or len(rows.value.written.texts) > 1:
        return rows.value.written if rows.value else no_text(len(number))
    changed = np.array([rule.unit.conversion is not None for rule in rules])[number]
    values = np.where(changed, rows.value.values, np.nan)
    distinct, codes = np.unique(values, return_inverse=True)
    texts = ["" if np.isnan(x) else repr(x) for x in distinct.tolist()]
    return Coded(codes.astype(np.int32), texts)
