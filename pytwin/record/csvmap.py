"""The column mapping of a table (CSV, Parquet, a data frame): what each column means, as data.

A mapping is a dict, or a TOML or JSON file with the same keys. Wide files have one row per
patient or visit and a column per value; long files have one row per event (``events``). Both
may be mixed.

============== ============================================================================
key            meaning
============== ============================================================================
patient        column with the patient's identifier (required)
sex, race      column; or a table ``{column = "sex", values = {M = "male", F = "female"}}``
birth          column with the date of birth
age_years      column with an age in years
age_decade     column with the decade of the age, 6 for 60 to 69
time           column with the time of the row; left out where rows have no time
zone           offset such as ``"+01:00"`` of times that state none
missing        texts that mean "no value"; by default empty, ``NA``, ``N/A``, ``null``
delimiter      one character, of CSV; by default found from the header
encoding       of CSV; ``utf-8`` by default
observations   list of tables: ``column`` and ``analyte`` (canonical name, LOINC or local
               name), ``unit`` or ``unit_column``, ``time`` (another column)
doses          list of tables: ``column`` and ``drug``, ``unit`` or ``unit_column``,
               ``every`` ("24 h"), ``route``, ``kind`` (order, administration, statement),
               ``time``, ``until``. A unit per time, as ``mg/wk``, is made a dose per ``every``
drugs          list of tables for yes-no columns: ``column`` and ``drug``, ``values``
               (default ``1``/``yes``/``true`` and ``0``/``no``/``false``)
conditions     list of tables for yes-no columns: ``column``, ``system`` and ``code`` or
               ``name``
genotypes      table gene -> column; kept as written in ``record.genotypes``
events         table for long files, event field -> column: ``code``, ``name``, ``value``,
               ``unit``, ``time``, ``status``, ``kind``, ``id``, ``route``, ``every``,
               ``until``; ``system`` is a constant, ``kind`` a column or a constant
============== ============================================================================
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping as AnyMapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pytwin.errors import InputError

_YES = {"1": True, "yes": True, "true": True, "y": True, "0": False, "no": False, "false": False, "n": False}


class Choice(Struct, forbid_unknown_fields=True, frozen=True):
    """A column with the words that its texts stand for."""

    column: str
    values: dict[str, str] = {}


class ObservationColumn(Struct, forbid_unknown_fields=True, frozen=True):
    """A column of measured values."""

    column: str
    analyte: str
    unit: str = ""
    unit_column: str = ""
    time: str = ""


class DoseColumn(Struct, forbid_unknown_fields=True, frozen=True):
    """A column of doses."""

    column: str
    drug: str
    unit: str = ""
    unit_column: str = ""
    every: str = ""
    route: str = ""
    kind: str = "statement"
    time: str = ""
    until: str = ""
    status: str = "active"


class DrugColumn(Struct, forbid_unknown_fields=True, frozen=True):
    """A yes-no column: a drug is taken or not."""

    column: str
    drug: str
    values: dict[str, bool] = msgspec.field(default_factory=_YES.copy)


class ConditionColumn(Struct, forbid_unknown_fields=True, frozen=True):
    """A yes-no column: a condition is present or not."""

    column: str
    name: str = ""
    system: str = "local"
    code: str = ""
    values: dict[str, bool] = msgspec.field(default_factory=_YES.copy)


class EventColumns(Struct, forbid_unknown_fields=True, frozen=True):
    """Columns of a long file; ``system`` and a ``kind`` that is no column are constants."""

    code: str = ""
    name: str = ""
    value: str = ""
    unit: str = ""
    time: str = ""
    status: str = ""
    kind: str = "observation"
    system: str = "local"
    id: str = ""
    route: str = ""
    every: str = ""
    until: str = ""


class Mapping(Struct, forbid_unknown_fields=True, frozen=True):
    """Meaning of the columns of a table; see the module's table."""

    patient: str
    sex: str | Choice = ""
    race: str | Choice = ""
    birth: str = ""
    age_years: str = ""
    age_decade: str = ""
    time: str = ""
    zone: str = ""
    missing: tuple[str, ...] = ("", "NA", "N/A", "null")
    delimiter: str = ""
    encoding: str = "utf-8-sig"
    observations: tuple[ObservationColumn, ...] = ()
    doses: tuple[DoseColumn, ...] = ()
    drugs: tuple[DrugColumn, ...] = ()
    conditions: tuple[ConditionColumn, ...] = ()
    genotypes: dict[str, str] = {}
    events: EventColumns | None = None


def load_mapping(source: Mapping | AnyMapping[str, Any] | str | os.PathLike[str]) -> Mapping:
    """Check a mapping given as dict, or read it from a TOML or JSON file.

    Raises
    ------
    InputError
        ``csv.mapping``: an unknown key or a value of the wrong type, with its place.
    """
    if isinstance(source, Mapping):
        return source
    place = ""
    if isinstance(source, (str, os.PathLike)):
        place = Path(source).name
        source = _parse(Path(source))
    try:
        return msgspec.convert(dict(source), Mapping)
    except msgspec.ValidationError as error:
        raise InputError("csv.mapping", f"the column mapping is wrong: {error}", place=place) from None


def _parse(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
        if path.suffix == ".toml":
            return tomllib.loads(data.decode())
        return msgspec.json.decode(data, type=dict[str, Any])
    except OSError:
        raise InputError("file.unreadable", "the mapping cannot be read", place=path.name) from None
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise InputError("csv.mapping", "the mapping is neither TOML nor JSON", place=path.name) from None
