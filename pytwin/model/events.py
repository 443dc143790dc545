"""EventTable: records of doses, observations and covariates in rows, as NONMEM reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError, MissingExtraError

Array = NDArray[np.float64]
# What a record is: columns that mean something to every table.
COLUMNS = ("ID", "TIME", "EVID", "AMT", "CMT", "RATE", "II", "ADDL", "SS", "MDV", "DV")
OBSERVATION, DOSE, OTHER, RESET, RESET_AND_DOSE = range(5)
_MISSING = {"", ".", "NA", "NaN", "nan", "None"}


@dataclass(frozen=True, slots=True, repr=False)
class EventTable:
    """Records of one subject or many, checked; rows of a subject stand together, in order of time.

    Made by :func:`read_events`. What does not concern a row is 0 there.

    Attributes
    ----------
    ids : tuple
        The subjects, in the order of the table.
    subject : ndarray of int64, shape (R,)
        Index into ``ids`` of each row.
    time : ndarray, shape (R,)
    evid : ndarray of int64, shape (R,)
        0 observation, 1 dose, 2 other, 3 reset, 4 reset and dose.
    amt, rate, ii : ndarray, shape (R,)
        Amount; rate of an infusion, or -1 (rate) or -2 (duration) where a parameter of the model holds it;
        interval of additional doses and of a steady state.
    addl, ss : ndarray of int64, shape (R,)
        Additional doses; 1 steady state, 2 steady state added.
    cmt : ndarray of object, shape (R,)
        Compartment as number or name; None where the table has no such column.
    mdv : ndarray of int64, shape (R,)
    dv : ndarray, shape (R,)
        NaN where nothing was measured.
    covariates : dict of str to ndarray, shape (R,)
        All other columns that are numbers; NaN where nothing stands.
    """

    ids: tuple[Any, ...]
    subject: NDArray[np.int64]
    time: Array
    evid: NDArray[np.int64]
    amt: Array
    rate: Array
    ii: Array
    addl: NDArray[np.int64]
    ss: NDArray[np.int64]
    cmt: NDArray[Any]
    mdv: NDArray[np.int64]
    dv: Array
    covariates: Mapping[str, Array]

    def __len__(self) -> int:
        return self.time.size

    def __getitem__(self, name: str) -> Array:
        """A covariate by name, or one of TIME, AMT, RATE, II, DV."""
        own = {"TIME": self.time, "AMT": self.amt, "RATE": self.rate, "II": self.ii, "DV": self.dv}
        found = {**own, **self.covariates}
        if name not in found:
            hint = f"There is {', '.join(found)}"
            raise InputError("events.no-column", "the table has no such column", place=name, hint=hint)
        return found[name]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Row at which each subject begins, and the number of rows at the end."""
        return np.flatnonzero(np.diff(self.subject, prepend=-1, append=len(self.ids)))

    @property
    def shift(self) -> Array:
        """What is added to the time of each row so that it never goes back within a subject: a reset may
        start the clock again, and then stands at the time that was reached.
        """
        back = -np.diff(self.time, prepend=self.time[:1])
        restarts = np.cumsum(np.where((back > 0) & ~self.begins, back, 0.0))
        return np.asarray(restarts - restarts[self.starts[self.subject]])

    @property
    def begins(self) -> NDArray[np.bool_]:
        """Whether a row is its subject's first."""
        return np.asarray(np.diff(self.subject, prepend=-1) != 0)

    def assign(self, **columns: ArrayLike) -> EventTable:
        """The table with more covariates, each a number or (R,): ``table.assign(CL=0.1 * table["WT"])``."""
        added = {k: np.array(np.broadcast_to(np.asarray(v, float), len(self))) for k, v in columns.items()}
        return replace(self, covariates={**self.covariates, **added})

    def __repr__(self) -> str:
        doses = int(np.isin(self.evid, (DOSE, RESET_AND_DOSE)).sum())
        seen = int((self.evid == OBSERVATION).sum())
        more = f", {', '.join(self.covariates)}" if self.covariates else ""
        what = f"{len(self)} rows: {doses} doses, {seen} observations{more}"
        return f"EventTable({len(self.ids)} subjects, {what})"


def read_events(frame: Any, columns: Mapping[str, str] | None = None) -> EventTable:
    """An event table from any data frame.

    Parameters
    ----------
    frame : mapping of arrays, structured array, or a pandas, polars or Arrow table
        TIME is needed. ID (else one subject), EVID (else 1 where AMT or RATE is not 0, else 0), AMT, CMT,
        RATE, II, ADDL, SS, MDV and DV are known in upper or lower case; text such as "." counts as missing.
        A reset (EVID 3 or 4) may start the clock again with an earlier TIME.
        All other columns of numbers are covariates.
    columns : mapping, optional
        What a column is called here, by its name above: ``{"TIME": "hours"}``.

    Returns
    -------
    EventTable

    Raises
    ------
    InputError
        Names the row (from 0) and the column: ``events.no-column``, ``events.not-a-number``,
        ``events.missing``, ``events.unsorted``, ``events.scattered``, ``events.duplicate``,
        ``events.bad-value``.
    MissingExtraError
        A foreign frame without narwhals: ``pip install pytwin-health[tables]``.
    """
    raw = _named(_columns_of(frame), columns or {})
    if "TIME" not in raw:
        raise InputError("events.no-column", "an event table has a column TIME", place="TIME")
    n = len(raw["TIME"])
    for name, values in raw.items():
        if len(values) != n:
            message = f"the column has {len(values)} rows, TIME has {n}"
            raise InputError("events.bad-shape", message, place=name)
    table = _table(raw, n)
    _check(table)
    return table


# ---- reading ----


def _columns_of(frame: Any) -> dict[str, NDArray[Any]]:
    if isinstance(frame, Mapping):
        return {str(k): np.asarray(v) for k, v in frame.items()}
    if isinstance(frame, np.ndarray) and frame.dtype.names:
        return {name: frame[name] for name in frame.dtype.names}
    try:
        import narwhals
    except ImportError as error:
        hint = "pip install pytwin-health[tables]"
        raise MissingExtraError("extra.tables", "narwhals is not installed", hint=hint) from error
    try:
        table: Any = narwhals.from_native(frame, eager_only=True)
    except TypeError as error:
        message = "neither a data frame nor a mapping of columns"
        raise InputError("events.not-a-frame", message, place=type(frame).__name__) from error
    return {name: table[name].to_numpy() for name in table.columns}


def _named(raw: Mapping[str, NDArray[Any]], names: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """Columns by their names here: ours in upper case, others as they are."""
    theirs = {}
    for ours, name in names.items():
        if ours.upper() not in COLUMNS or name not in raw:
            hint = f"Known here: {', '.join(COLUMNS)}; in the table: {', '.join(raw)}"
            raise InputError("events.no-column", "no such column", place=f"{ours}: {name}", hint=hint)
        theirs[name] = ours.upper()
    taken = set(theirs.values())
    known = {k: k.upper() for k in raw if k.upper() in COLUMNS and k.upper() not in taken}
    return {theirs.get(k) or known.get(k, k): v for k, v in raw.items()}


def _numbers(values: NDArray[Any], name: str) -> Array:
    """A column as numbers; missing ones NaN."""
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    found = np.empty(len(values))
    for i, value in enumerate(values.tolist()):
        try:
            missing = value is None or (isinstance(value, str) and value.strip() in _MISSING)
            found[i] = np.nan if missing else float(value)
        except (TypeError, ValueError) as error:
            raise _bad("events.not-a-number", "not a number", i, name) from error
    return found


def _bad(code: str, message: str, row: int, column: str, hint: str = "") -> InputError:
    return InputError(code, message, place=f"row {row}, column {column}", hint=hint)


def _is_number_column(values: NDArray[Any]) -> bool:
    try:
        _numbers(values, "")
    except InputError:
        return False
    return True


def _table(raw: Mapping[str, NDArray[Any]], n: int) -> EventTable:
    def numbers(name: str) -> Array:
        return _numbers(raw[name], name) if name in raw else np.zeros(n)

    def whole(name: str) -> NDArray[np.int64]:
        values = np.nan_to_num(numbers(name), nan=0.0, posinf=np.inf, neginf=-np.inf)
        wrong = ~(values == np.round(values)) | ~np.isfinite(values)
        _refuse(wrong, "events.bad-value", "a whole number is needed", name)
        return values.astype(np.int64)

    ids, subject = _subjects(raw.get("ID"), n)
    amt, rate = numbers("AMT"), numbers("RATE")
    given = (np.nan_to_num(amt) != 0) | (np.nan_to_num(rate) != 0)
    evid = whole("EVID") if "EVID" in raw else given.astype(np.int64)
    dv = numbers("DV") if "DV" in raw else np.full(n, np.nan)
    others = {k: v for k, v in raw.items() if k not in COLUMNS and _is_number_column(v)}
    return EventTable(
        ids=ids,
        subject=subject,
        time=numbers("TIME"),
        evid=evid,
        amt=amt,
        rate=rate,
        ii=numbers("II"),
        addl=whole("ADDL"),
        ss=whole("SS"),
        cmt=np.array(
            [_compartment(v) for v in raw["CMT"].tolist()] if "CMT" in raw else [None] * n, dtype=object
        ),
        mdv=whole("MDV") if "MDV" in raw else (evid != OBSERVATION).astype(np.int64),
        dv=dv,
        covariates={k: _numbers(v, k) for k, v in others.items()},
    )


def _compartment(value: Any) -> int | str | None:
    text = str(value).strip()
    if text in _MISSING:
        return None
    return int(float(text)) if text.replace(".0", "").lstrip("-").isdigit() else text


def _subjects(column: NDArray[Any] | None, n: int) -> tuple[tuple[Any, ...], NDArray[np.int64]]:
    """Subjects in order of their rows; rows of one that do not stand together are an error."""
    labels = column.tolist() if column is not None else [1] * n
    index: dict[Any, int] = {}
    found = np.empty(n, dtype=np.int64)
    for row, label in enumerate(labels):
        if str(label).strip() in _MISSING:
            raise _bad("events.missing", "a subject is needed", row, "ID")
        found[row] = index.setdefault(label, len(index))
        if row and found[row] < found[row - 1]:
            hint = "Sort the table by subject and time"
            raise _bad("events.scattered", "rows of one subject do not stand together", row, "ID", hint)
    return tuple(index), found


# ---- checks ----


def _refuse(wrong: NDArray[np.bool_], code: str, message: str, column: str, hint: str = "") -> None:
    if wrong.any():
        raise _bad(code, message, int(np.argmax(wrong)), column, hint)


def _check(t: EventTable) -> None:
    doses = (t.evid == DOSE) | (t.evid == RESET_AND_DOSE)
    _refuse((t.evid < 0) | (t.evid > 4), "events.bad-value", "EVID is 0, 1, 2, 3 or 4", "EVID")
    _refuse(~np.isfinite(t.time), "events.missing", "a finite time is needed", "TIME")
    same = ~t.begins
    reset = (t.evid == RESET) | (t.evid == RESET_AND_DOSE)
    back = same & ~reset & (np.diff(t.time, prepend=0.0) < 0)
    _refuse(
        back, "events.unsorted", "the time is before that of the row above", "TIME", "Sort the table by time"
    )
    for name, values in (("AMT", t.amt), ("RATE", t.rate), ("II", t.ii)):
        _refuse(
            doses & ~np.isfinite(values), "events.missing", "a finite number is needed in a dose row", name
        )
        values[~doses & ~np.isfinite(values)] = 0.0
    _check_doses(t, doses)
    _check_twice(t, same)


def _check_doses(t: EventTable, doses: NDArray[np.bool_]) -> None:
    constant = doses & (t.ss == 1) & (t.amt == 0) & ((t.rate > 0) | (t.rate == -1))
    checks: tuple[tuple[NDArray[np.bool_], str, str], ...] = (
        (~doses & (t.amt != 0), "AMT", "an amount in a row that is no dose"),
        (doses & (t.amt < 0), "AMT", "an amount is not negative"),
        (doses & (t.amt == 0) & ~constant, "AMT", "a dose without an amount"),
        (doses & (t.rate < 0) & (t.rate != -1) & (t.rate != -2), "RATE", "a rate is at least 0, or -1 or -2"),
        ((t.ss < 0) | (t.ss > 2), "SS", "SS is 0, 1 or 2"),
        ((t.addl < 0), "ADDL", "a number of additional doses is not negative"),
        (doses & (t.ii < 0), "II", "an interval is not negative"),
        (doses & (t.addl > 0) & (t.ii == 0), "II", "ADDL without an interval II"),
        (doses & (t.ss > 0) & (t.ii == 0) & ~constant, "II", "SS without an interval II"),
    )
    for wrong, column, message in checks:
        _refuse(wrong, "events.bad-value", message, column)


def _check_twice(t: EventTable, same: NDArray[np.bool_]) -> None:
    """Two observations of one compartment at one time, with nothing between them."""
    seen = (t.evid == OBSERVATION) & (t.mdv == 0)
    alike = (
        same & seen & np.roll(seen, 1) & (np.diff(t.time, prepend=np.nan) == 0) & (t.cmt == np.roll(t.cmt, 1))
    )
    marks = [k for k in t.covariates if k.upper() in ("DVID", "YTYPE", "FLAG")]
    for name in marks:
        values = t.covariates[name]
        alike &= values == np.roll(values, 1)
    _refuse(alike, "events.duplicate", "the observation above stands at the same time", "TIME")
