"""Event: one row of a record, and which of its columns vary from row to row."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pytwin.record.time import NAIVE, NAT, iso

NAN = float("nan")


class Event(NamedTuple):
    """One event of a record.

    Attributes
    ----------
    patient : str
        Identifier of the person in the source.
    time, width, offset : int
        Instant in microseconds UTC (``NAT`` where unknown), width in microseconds, zone in
        minutes east of UTC (``NAIVE`` where none was given).
    kind : str
        ``observation``, ``order``, ``administration``, ``statement``, ``dispense``, ``condition``,
        ``allergy``, ``procedure``, ``immunization``, ``encounter``, ``death`` (``PatientInfo`` has it, too).
    system, code, name : str
        Short name of the code system (LOINC, RxNorm, SNOMED, ICD-10, ATC, local), the code as
        found, and the canonical name where pytwin knows the code, else the text as found.
    text : str
        Coded or free text value; the text of a dosage.
    value, comparator, unit : float, str, str
        Number in the canonical unit (UCUM); NaN where there is none. ``<`` and ``>`` censor it.
    original_value, original_unit : str
        As found; for a coded value its code and code system.
    status : str
        As found.
    usable : bool
        A twin may use the number: the status, time, value and unit all allow it.
    valid : bool
        The status does not take the event back (entered in error, cancelled, not done ...).
    reason : str
        Issue code that says why the event is not usable.
    panel : str
        Code of the panel that a component belongs to.
    route : str
        ``oral``, ``intravenous`` ...
    every : float
        Hours between repeated doses; NaN for a single dose.
    until : int
        End of a regimen, condition or infusion, microseconds UTC; ``NAT`` where open or unknown.
    as_needed : bool
        The dose is taken at the patient's discretion.
    rate, rate_unit : float, str
        Rate of an infusion as found, UCUM unit.
    recorded : int
        When the event was recorded or last changed, microseconds UTC, ``NAT`` where unknown.
    id : str
        Identity in the source (``Observation/17``); rows of one resource share it.
    source, place, changes : str
        File, position in it, and what was changed on the way in.
    """

    patient: str = ""
    time: int = NAT
    width: int = 0
    offset: int = NAIVE
    kind: str = ""
    system: str = ""
    code: str = ""
    name: str = ""
    text: str = ""
    value: float = NAN
    comparator: str = ""
    unit: str = ""
    original_value: str = ""
    original_unit: str = ""
    status: str = ""
    usable: bool = True
    valid: bool = True
    reason: str = ""
    panel: str = ""
    route: str = ""
    every: float = NAN
    until: int = NAT
    as_needed: bool = False
    rate: float = NAN
    rate_unit: str = ""
    recorded: int = NAT
    id: str = ""
    source: str = ""
    place: str = ""
    changes: str = ""

    @property
    def when(self) -> str:
        """The time in ISO 8601."""
        return iso(self.time, self.offset, self.width)


COLUMNS = Event._fields
DTYPES: dict[str, np.dtype[Any]] = {
    **{name: np.dtype(np.int64) for name in ("time", "width", "until", "recorded")},
    **{name: np.dtype(np.float64) for name in ("value", "every", "rate")},
    **{name: np.dtype(np.bool_) for name in ("usable", "valid", "as_needed")},
    "offset": np.dtype(np.int32),
}
TEXT_COLUMNS = tuple(name for name in COLUMNS if name not in DTYPES)

# Columns that differ from row to row; what the others say together is a row's shape, of which there are few.
ROW_NUMBERS = ("time", "until", "recorded", "value")
ROW_TEXTS = ("patient", "original_value", "id")
SHAPE_COLUMNS = tuple(name for name in COLUMNS if name not in (*ROW_NUMBERS, *ROW_TEXTS))
