"""Where the columns that a mapping names stand in a CSV file."""

from __future__ import annotations

from collections.abc import Container

from pytwin.errors import InputError
from pytwin.record.csvmap import Choice, Mapping


class Columns:
    """Where the columns of a mapping stand in a file."""

    def __init__(self, header: list[str], mapping: Mapping, file: str) -> None:
        names = [name.strip() for name in header]
        self.width = len(names)
        self.index = {name: i for i, name in enumerate(names)}
        self._missing = frozenset(mapping.missing)
        for wanted in columns_of(mapping, self.index):
            if wanted not in self.index:
                hint = "Check the mapping against the header, and the delimiter"
                raise InputError("csv.no-column", f"there is no column {wanted!r}", place=file, hint=hint)
            if names.count(wanted) > 1:
                raise InputError("csv.two-columns", f"there are two columns {wanted!r}", place=file)

    def cell(self, cells: list[str], column: str) -> str:
        """The trimmed text of a cell; empty where it is missing or the column is not mapped."""
        if not column:
            return ""
        text = cells[self.index[column]].strip()
        return "" if text in self._missing else text


def _name(column: str | Choice) -> str:
    return column if isinstance(column, str) else column.column


def columns_of(mapping: Mapping, header: Container[str] = ()) -> list[str]:
    """Every column that a mapping names; what may be a constant, too, only where it is in the header."""
    names = [mapping.patient, mapping.birth, mapping.age_years, mapping.age_decade, mapping.time]
    names += [_name(mapping.sex), _name(mapping.race)]
    names += mapping.genotypes.values()
    for o in mapping.observations:
        names += [o.column, o.unit_column, o.time]
    for d in mapping.doses:
        names += [d.column, d.unit_column, d.time, d.until]
    names += [drug.column for drug in mapping.drugs]
    names += [condition.column for condition in mapping.conditions]
    if e := mapping.events:
        names += [e.code, e.name, e.value, e.unit, e.time, e.status, e.id, e.route, e.every, e.until]
        names += [e.kind] if e.kind in header else []
        if not (e.code or e.name):
            raise InputError("csv.mapping", "events need a code or a name column")
    return [name for name in names if name]
