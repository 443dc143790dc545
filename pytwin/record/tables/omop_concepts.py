"""The concepts of an OMOP data set: from concept_id to vocabulary, code and name."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.formats.files import Input
from pytwin.record.log import IssueLog
from pytwin.record.systems import VOCABULARIES
from pytwin.record.tables.frames import Coded
from pytwin.record.tables.sources import pieces

# Units that are met without a table of concepts (concept_id of the OHDSI vocabularies -> UCUM).
UNITS = {
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


class Known(NamedTuple):
    """A concept of the OHDSI vocabularies that is known without a table, as the table would have it."""

    concept_id: int
    vocabulary_id: str
    concept_code: str
    domain_id: str
    concept_class_id: str
    concept_name: str


@lru_cache(maxsize=1)
def known_concepts() -> tuple[Known, ...]:
    """Standard concepts of what pytwin has tables of (``concepts.tsv``), and of some more units."""
    text = files(__package__).joinpath("concepts.tsv").read_text(encoding="utf-8")
    _, *rows = csv.reader(text.splitlines(), delimiter="\t")
    found = [Known(int(number), *rest) for number, *rest in rows]
    units = {concept.concept_id for concept in found}
    more = [Known(int(i), "UCUM", unit, "Unit", "Unit", unit) for i, unit in UNITS.items()]
    return (*found, *(concept for concept in more if concept.concept_id not in units))


@lru_cache(maxsize=1)
def _by_id() -> dict[str, Concept]:
    return {str(k.concept_id): Concept(VOCABULARIES[k.vocabulary_id], *k[2::3]) for k in known_concepts()}


class _Part(NamedTuple):
    ids: NDArray[np.int64]
    columns: tuple[Coded, Coded, Coded]


class Concepts:
    """The table CONCEPT, and what is known without it."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._found: dict[str, Concept | None] = {}
        self._sources: dict[str, Concept | None] = {}

    def add(self, source: Input, log: IssueLog) -> None:
        """Take a file of the table CONCEPT in."""
        for piece in pieces(source, log):
            ids = np.nan_to_num(piece.numbers("concept_id").values, nan=-1).astype(np.int64)
            order = np.argsort(ids)
            columns = [piece.text(name) for name in ("vocabulary_id", "concept_code", "concept_name")]
            vocabulary, code, name = (Coded(column.codes[order], column.texts) for column in columns)
            self._parts.append(_Part(ids[order], (vocabulary, code, name)))

    def add_sources(self, source: Input, log: IssueLog) -> None:
        """Take a file of the table SOURCE_TO_CONCEPT_MAP in: which vocabulary a source's code is of."""
        for piece in pieces(source, log):
            names = ("source_code", "source_vocabulary_id", "source_code_description")
            columns = (piece.text(name) for name in names)
            texts = ([column.texts[i] for i in column.codes.tolist()] for column in columns)
            for code, vocabulary, name in zip(*texts, strict=True):
                if code and vocabulary in VOCABULARIES:
                    found = Concept(VOCABULARIES[vocabulary], code, name or code)
                    before = self._sources.setdefault(code, found)
                    if before and before.system != found.system:
                        self._sources[code] = None  # two vocabularies have it

    def of_source(self, code: str) -> Concept | None:
        """What a source's code is by the data set's own map; None where it says nothing, or two things.

        Codes of vocabularies that are not public ones are left alone.
        """
        return self._sources.get(code)

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
        return _by_id().get(identifier)
