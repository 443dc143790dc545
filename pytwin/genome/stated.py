"""Diplotypes that a person or a table states: ``*1/*2``, ``A/G``, ``-1639 GA``, ``[a + b]/Reference``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache

from pytwin.genome.tables import Gene

MISSING_WORDS = frozenset(
    {"", ".", "./.", "-", "--", "na", "n/a", "nan", "none", "null", "unknown", "unknown/unknown", "missing",
     "not available", "not tested", "not called", "no call", "uncalled", "indeterminate", "no result"}
)  # fmt: skip

_STAR = r"\*[0-9]{1,4}(?:\.[0-9]{1,4})?[A-Z]?(?:x(?:N|[0-9]{1,2})|≥[0-9]{1,2})?"
_ALLELE = re.compile(rf"{_STAR}(?:\+{_STAR})*")
_SPACED_PLUS = re.compile(r"\s*\+\s*")
_BASES = re.compile(
    r"(?:rs\d+|(?:g\.|c\.)?-\d+)?\s*:?\s*\(?([ACGT])\)?\s*[/|]?\s*\(?([ACGT])\)?", re.IGNORECASE
)
_ALIAS = re.compile(r"(.+) \((\*?\w+)\)")
_LONGEST = 400
_SEVERAL = re.compile(r"\s+or\s+|\s*;\s*", re.IGNORECASE)


def is_missing(text: object) -> bool:
    """None, a NaN, blank, or a word for 'not known'."""
    return (
        text is None
        or (isinstance(text, float) and math.isnan(text))
        or str(text).strip().lower() in MISSING_WORDS
    )


def several(text: str) -> tuple[str, ...]:
    """The diplotypes of a cell that leaves it open, as ``*1/*2 or *3/*4``."""
    return tuple(part for part in _SEVERAL.split(text.strip()) if part)


class _Names:
    """How the alleles of one gene may be written."""

    def __init__(self, gene: Gene) -> None:
        self.gene = gene

    @cached_property
    def known(self) -> Mapping[str, str]:
        """Lower-case name -> label; where two alleles would share one, the first keeps it."""
        found: dict[str, str] = {}
        for allele in (*self.gene.alleles, *self.gene.structural):
            for name in (allele.label, allele.name, *self._aliases(allele.name)):
                found.setdefault(name.lower(), allele.label)
        reference = self.gene.alleles[self.gene.reference_row].label
        if len(self.gene.positions) > 1 or not self.gene.separator:
            found.setdefault("reference", reference)
            found.setdefault("ref", reference)
        if reference == "Reference":
            found.setdefault("*1", reference)
        return found

    @staticmethod
    def _aliases(name: str) -> Iterator[str]:
        """Both names of one such as ``c.1905+1G>A (*2A)``."""
        found = _ALIAS.fullmatch(name)
        if found and not name.startswith("rs"):
            yield from found.groups()

    @cached_property
    def bases(self) -> Mapping[str, str]:
        """Base on the plus strand -> label, for a gene of one position."""
        if len(self.gene.positions) != 1:
            return {}
        ref = self.gene.positions[0].ref
        return {(a.defined[0][1] if a.defined else ref): a.label for a in self.gene.alleles}

    def allele(self, text: str) -> str | None:
        """The label of an allele; a star allele outside the table stays as it is."""
        text = text.strip().removeprefix(self.gene.name).lstrip(" :")
        if text.startswith("[") and text.endswith("]"):
            parts = [self.allele(part) for part in re.split(r"\s\+\s", text[1:-1])]
            if len(parts) < 2 or None in parts:
                return None
            return f"[{' + '.join(sorted(map(str, parts), key=self._row))}]"
        known = self.known.get(text.lower())
        if known:
            return known
        text = _SPACED_PLUS.sub("+", text)
        return self.known.get(text.lower()) or (text if _ALLELE.fullmatch(text) else None)

    def _row(self, label: str) -> tuple[int, str]:
        return self.gene.order.get(label, len(self.gene.order)), label


@lru_cache(maxsize=64)
def _names(gene: Gene) -> _Names:
    return _Names(gene)


def _letters(gene: Gene, text: str) -> tuple[str, str] | None:
    """Labels of a gene of one position, from its own letters or the plus strand's."""
    found = _BASES.fullmatch(text)
    if found is None:
        return None
    letters = tuple(letter.upper() for letter in found.groups())
    own = {} if gene.separator else {label: label for label in gene.labels}
    for known in (own, _names(gene).bases):
        if all(letter in known for letter in letters):
            return known[letters[0]], known[letters[1]]
    return None


def parse_diplotype(gene: Gene, text: str) -> tuple[str, str] | None:
    """The two alleles of a stated diplotype, or None where the text is no diplotype of the gene.

    A star allele need not be in the table. VKORC1 is read as -1639 G/A or, from the letters C and T,
    on the plus strand (C is G, T is A); a mixture of both strands is refused.
    """
    text = text.strip().removeprefix(gene.name).lstrip(" :")
    if len(text) > _LONGEST:
        return None
    if len(gene.positions) == 1 and (letters := _letters(gene, text)):
        return letters
    parts = text.split("/") if "/" in text else text.split("|")
    if len(parts) != 2:
        return None
    first, second = (_names(gene).allele(part) for part in parts)
    return (first, second) if first and second else None
