"""One record of a VCF file, as the part that all samples share and as what it says of one sample."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

_BLOCK_ALTS = frozenset({".", "<NON_REF>", "<*>"})


@dataclass(frozen=True, slots=True)
class Record:
    """One record of one sample; ``gt``: allele numbers, None for '.'; ``end``: last position covered."""

    line: int
    chromosome: str
    pos: int
    id: str
    ref: str
    alts: tuple[str, ...]
    end: int
    filter: str
    gt: tuple[int | None, ...] = field(repr=False)
    phased: bool
    phase_set: str | None
    depths: tuple[int, ...] = field(default=(), repr=False)

    @property
    def block(self) -> bool:
        """States the reference only: no ALT, or only the symbols for any other allele."""
        return all(alt in _BLOCK_ALTS for alt in self.alts) and all(not number for number in self.gt)


class Site(NamedTuple):
    """What all samples of a record share: ``Record`` without a genotype, and the FORMAT keys."""

    line: int
    chromosome: str
    pos: int
    id: str
    ref: str
    alts: tuple[str, ...]
    end: int
    filter: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """Which genotypes count as missing although they were called; never as reference.

    Attributes
    ----------
    filters : None or collection of str
        None: FILTER and FT are not used (a record whose FILTER is not PASS is listed). Empty: a
        genotype is missing where FILTER or its FT is neither PASS nor a dot. Names: where one of
        them stands in FILTER or FT.
    min_gq : float or None
        Lowest GQ (RGQ where GQ is absent); a genotype without either is missing, too.
    min_depth : int or None
        Fewest reads, DP of the sample; a genotype without DP is missing, too.
    """

    filters: Collection[str] | None = None
    min_gq: float | None = None
    min_depth: int | None = None

    @classmethod
    def of(
        cls, filters: str | Collection[str] | None, min_gq: float | None, min_depth: int | None
    ) -> Quality:
        """From what ``read_genome`` takes: ``"PASS"``, one name or several."""
        if isinstance(filters, str):
            filters = () if filters == "PASS" else (filters,)
        return cls(None if filters is None else frozenset(filters), min_gq, min_depth)

    @property
    def asks(self) -> bool:
        """Whether any genotype can be missing by these rules."""
        return self.filters is not None or self.min_gq is not None or self.min_depth is not None

    def failure(self, site_filter: str, values: dict[str, str]) -> str:
        """Why a genotype does not count, or an empty text."""
        if self.filters is not None and any(
            self._filtered(text) for text in (site_filter, values.get("FT", "."))
        ):
            return "FILTER or FT says that the genotype is not to be trusted"
        if self.min_gq is not None and _number(values.get("GQ", values.get("RGQ", "."))) < self.min_gq:
            return "the genotype quality is too low or not given"
        if self.min_depth is not None and _number(values.get("DP", ".")) < self.min_depth:
            return "the read depth is too low or not given"
        return ""

    def _filtered(self, text: str) -> bool:
        if text in ("PASS", ".", ""):
            return False
        return not self.filters or any(name in self.filters for name in text.split(";"))


def _number(text: str) -> float:
    """A number, or less than any where there is none."""
    try:
        value = float(text)
    except ValueError:
        return float("-inf")
    return float("-inf") if math.isnan(value) else value
