"""GT: which alleles a sample carries, and whether their order means a strand."""

from __future__ import annotations

import re
from functools import lru_cache

from pytwin.genome.vcf_fault import Malformed

MOST_COPIES = 64
"""Alleles in one genotype; more is no genotype of a person."""

_GT = re.compile(r"([/|]?)(\.|[0-9]{1,4})((?:[/|](?:\.|[0-9]{1,4}))*)")
_SIMPLE = re.compile(r"(\.|[0-9])([/|])(\.|[0-9])")


@lru_cache(maxsize=4096)
def parse_genotype(text: str, n_alts: int) -> tuple[tuple[int | None, ...], bool]:
    """Allele numbers, None for a dot, and whether the genotype is phased.

    A leading ``/`` or ``|`` (4.4) says how the first allele is phased.

    Raises
    ------
    Malformed
        ``vcf.genotype``.
    """
    simple = _SIMPLE.fullmatch(text)
    if simple:
        first, sign, second = simple.groups()
        numbers = (None if first == "." else int(first), None if second == "." else int(second))
        if (numbers[0] or 0) <= n_alts and (numbers[1] or 0) <= n_alts:
            return numbers, sign == "|"
        raise Malformed("genotype", "GT names an allele that the record does not have")
    return _general(text, n_alts)


def _general(text: str, n_alts: int) -> tuple[tuple[int | None, ...], bool]:
    found = _GT.fullmatch(text)
    if found is None:
        raise Malformed("genotype", "GT is not a genotype")
    prefix, first, rest = found.groups()
    parts = [first, *re.split(r"[/|]", rest)[1:]]
    if len(parts) > MOST_COPIES:
        raise Malformed("genotype", f"GT has more than {MOST_COPIES} alleles")
    numbers = tuple(None if part == "." else int(part) for part in parts)
    if any(number is not None and number > n_alts for number in numbers):
        raise Malformed("genotype", "GT names an allele that the record does not have")
    return numbers, ("|" in rest and "/" not in rest and prefix != "/") or (not rest and prefix == "|")
