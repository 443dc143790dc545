"""Diplotypes that a person or a table states, such as ``*1/*2``, ``A/G`` or ``-1639 GA``."""

from __future__ import annotations

import math
import re

from pytwin.genome.tables import Gene

MISSING_WORDS = frozenset(
    {"", ".", "./.", "-", "--", "na", "n/a", "nan", "none", "null", "unknown", "unknown/unknown", "missing",
     "not available", "not tested", "not called", "no call", "uncalled"}
)  # fmt: skip

_STAR = re.compile(r"(\*[0-9]{1,4}(?:\.[0-9]{1,4})?[A-Z]?)\s*[/|]\s*(\*[0-9]{1,4}(?:\.[0-9]{1,4})?[A-Z]?)")
_BASES = re.compile(r"(?:rs\d+|(?:g\.|c\.)?-\d+)?\s*:?\s*([ACGT])\s*[/|]?\s*([ACGT])", re.IGNORECASE)


def is_missing(text: object) -> bool:
    """None, a NaN, blank, or a word for 'not known'."""
    return (
        text is None
        or (isinstance(text, float) and math.isnan(text))
        or str(text).strip().lower() in MISSING_WORDS
    )


def _bases(gene: Gene, text: str) -> tuple[str, str] | None:
    """Reported letters of a single-position gene, from its own letters or the plus strand's."""
    found = _BASES.fullmatch(text)
    if found is None:
        return None
    position = gene.positions[0]
    plus: dict[str, str] = {}
    for allele in gene.alleles:
        base = allele.defined[0][1] if allele.defined else position.ref
        plus[base] = allele.label
    letters = tuple(letter.upper() for letter in found.groups())
    for known in ({label: label for label in gene.labels}, plus):
        if all(letter in known for letter in letters):
            return known[letters[0]], known[letters[1]]
    return None


def parse_diplotype(gene: Gene, text: str) -> tuple[str, str] | None:
    """The two alleles of a stated diplotype, or None where the text is no diplotype of the gene.

    A star allele need not be in the table. VKORC1 is read as -1639 G/A or, from the letters C and T,
    on the plus strand (C is G, T is A); a mixture of both strands is refused.
    """
    text = text.strip()
    if not gene.separator:
        return _bases(gene, text)
    found = _STAR.fullmatch(text)
    return (found.group(1), found.group(2)) if found else None
