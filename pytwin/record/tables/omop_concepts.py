"""The concepts of an OMOP data set: from concept_id to vocabulary, code and name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.formats.files import Input
from pytwin.record.log import IssueLog
from pytwin.record.systems import VOCABULARIES
from pytwin.record.tables.frames import Coded
from pytwin.record.tables.sources import pieces

# Units that are met without a table of concepts (concept_id of the OHDSI vocabularies -> UCUM).
_UNITS = {
    "8840": "mg/dL", "8753": "mmol/L", "8713": "g/dL", "8554": "%", "8876": "mm[Hg]", "9529": "kg",
    "8582": "cm", "8848": "10*3/uL", "8815": "10*6/uL", "8636": "g/L", "8749": "umol/L", "8645": "U/L",
    "8842": "ng/mL", "8845": "pg/mL", "8859": "ug/mL", "9557": "meq/L", "8541": "/min", "9531": "kg/m2",
    "8583": "fL", "8564": "pg", "8555": "s", "586323": "Cel", "9289": "[degF]",
}  # fmt: skip


class Concept(NamedTuple):
    """One concept; ``system`` is the short name of its vocabulary."""

    system: str
    code: str
    name: str


class _Part(NamedTuple):
    ids: NDArray[np.int64]
    columns: tuple[Coded, Coded, Coded]


class Concepts:
    """The table CONCEPT, and what is known without it."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._found: dict[str, Concept | None] = {}

    def add(self, source: Input, log: IssueLog) -> None:
        """Take a file of the table CONCEPT in."""
        for piece in pieces(source, log):
            ids = np.nan_to_num(piece.numbers("concept_id").values, nan=-1).astype(np.int64)
            order = np.argsort(ids)
            columns = [piece.text(name) for name in ("vocabulary_id", "concept_code", "concept_name")]
            vocabulary, code, name = (Coded(column.codes[order], column.texts) for column in columns)
            self._parts.append(_Part(ids[order], (vocabulary, code, name)))

    def __len__(self) -> int:
        return sum(len(part.ids) for part in self._parts)

    def get(self, identifier: str) -> Concept | None:
        """The concept of an id as text; None for 0, for none, and for one that is not known."""
        if identifier in ("", "0"):
            return None
        if identifier not in self._found:
            self._found[identifier] = self._look(identifier)
        return self._found[identifier]

    def _look(self, identifier: str) -> Concept | None:
        if not identifier.isascii() or not identifier.isdigit() or len(identifier) > 18:
            return None
        for ids, columns in self._parts:
            at = int(np.searchsorted(ids, int(identifier)))
            if at < len(ids) and ids[at] == int(identifier):
                vocabulary, code, name = (column.texts[column.codes[at]] for column in columns)
                return Concept(VOCABULARIES.get(vocabulary, vocabulary), code, name)
        return Concept("UCUM", _UNITS[identifier], _UNITS[identifier]) if identifier in _UNITS else None
