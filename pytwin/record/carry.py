"""What a format cannot hold of an event or a person, as JSON beside it.

A writer reads back what it wrote, compares it with what it was given, and keeps the columns that
differ; a reader that meets them puts them back. So nothing depends on what a format is able to say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite, isnan
from typing import Any

from pytwin.errors import InputError
from pytwin.record.event import COLUMNS, DTYPES, Event
from pytwin.record.record import PatientInfo
from pytwin.record.time import Instant

COLUMN = "pytwin"
_KEPT = tuple(name for name in COLUMNS if name not in ("source", "place", "changes"))
_INSTANTS = ("birth", "death")
_PERSON: dict[str, tuple[type, ...]] = {
    "id": (str,), "birth": (list,), "sex": (str,), "race": (str,), "age_decade": (int,),
    "age_years": (float, int), "death": (list,),
}  # fmt: skip
_LONGEST = 1 << 24  # characters of what stands beside one row


def _plain(value: Any) -> Any:
    """A value as JSON has it; a number that JSON lacks becomes a text."""
    return repr(value) if isinstance(value, float) and not isfinite(value) else value


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) or (isinstance(a, float) and isinstance(b, float) and isnan(a) and isnan(b))


def difference(found: Event, wanted: Event) -> dict[str, Any]:
    """Columns in which an event as read back differs from what it should be; without those of its origin."""
    names = [name for name in _KEPT if not _same(getattr(found, name), getattr(wanted, name))]
    return {name: _plain(getattr(wanted, name)) for name in names}


def written(content: Mapping[str, Any]) -> str:
    """Content as JSON text in ASCII; empty where there is none."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False) if content else ""


def _malformed() -> InputError:
    return InputError("carry.malformed", "what pytwin wrote beside a row is damaged")


def loaded(text: str) -> dict[str, Any]:
    """The content of a text that ``written`` made.

    Raises
    ------
    InputError
        ``carry.malformed``.
    """
    try:
        content = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        raise _malformed() from None
    if not isinstance(content, dict):
        raise _malformed()
    return content


def _column(name: str, value: Any) -> Any:
    dtype = DTYPES.get(name)
    kind = dtype.kind if dtype is not None else "U"
    if kind == "f":
        if isinstance(value, str) and value in ("nan", "inf", "-inf"):
            return float(value)
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    elif dtype is not None and kind == "i":
        bits = 8 * dtype.itemsize - 1
        fits = type(value) is int and -(2**bits) <= value < 2**bits
    else:
        fits = isinstance(value, bool if kind == "b" else str)
    if not fits:
        raise _malformed()
    return float(value) if kind == "f" else value


def restored(found: Event, content: Mapping[str, Any]) -> Event:
    """An event with the columns that a format did not hold.

    Raises
    ------
    InputError
        ``carry.malformed``: no such column, or a value that it cannot have.
    """
    if not set(content) <= {*_KEPT, "place"}:
        raise _malformed()
    return found._replace(**{name: _column(name, value) for name, value in content.items()})


def person_content(info: PatientInfo, genotypes: Mapping[str, str]) -> dict[str, Any]:
    """A person as content for ``written``."""
    facts = {name: value for name, value in asdict(info).items() if value is not None}
    for name in _INSTANTS:
        if name in facts:
            facts[name] = list(facts[name])
    return {"person": facts, "genotypes": dict(genotypes)}


def _fact(name: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, _PERSON.get(name, ())):
        raise _malformed()
    return _instant(value) if isinstance(value, list) else value


def _instant(value: list[Any]) -> Instant:
    if len(value) != 3:
        raise _malformed()
    us, width, offset = value
    return Instant(_column("time", us), _column("width", width), _column("offset", offset))


def person_of(content: Mapping[str, Any]) -> tuple[PatientInfo, dict[str, str]]:
    """The inverse of ``person_content``.

    Raises
    ------
    InputError
        ``carry.malformed``.
    """
    facts, genotypes = content.get("person"), content.get("genotypes", {})
    if not isinstance(facts, dict) or not isinstance(genotypes, dict):
        raise _malformed()
    if not all(isinstance(value, str) for value in genotypes.values()):
        raise _malformed()
    return PatientInfo(**{name: _fact(name, value) for name, value in facts.items()}), genotypes
