"""What all formats of variants have in common: chromosomes, builds, alleles, counts of reads."""

from __future__ import annotations

import math
import re

from pytwin.errors import InputError
from pytwin.genome import changes
from pytwin.genome.tumour.delimited import Faults

NAN = float("nan")
_BASES = re.compile(r"[ACGTN]+|-")
_NUMBERED = {"23": "X", "24": "Y", "M": "MT"}
BUILDS = {
    "36": "NCBI36", "hg18": "NCBI36", "ncbi36": "NCBI36",
    "37": "GRCh37", "hg19": "GRCh37", "grch37": "GRCh37", "b37": "GRCh37", "hs37d5": "GRCh37",
    "38": "GRCh38", "hg38": "GRCh38", "grch38": "GRCh38",
}  # fmt: skip
_LARGEST = 1 << 31


def chromosome(text: str) -> str:
    """``1`` to ``22``, ``X``, ``Y``, ``MT``; other contigs as they are. 23 is X, 24 is Y."""
    bare = text[3:] if text[:3].lower() == "chr" else text
    upper = bare.upper()
    return _NUMBERED.get(upper, upper if upper in ("X", "Y", "MT") else bare)


def build(text: str) -> str | None:
    """A build by any of its names; None where the text names none that is known."""
    return BUILDS.get(text.strip().lower().split(".p")[0])


def one_build(found: set[str], place: str) -> str | None:
    """The build that all rows state.

    Raises
    ------
    InputError
        ``tumour.mixed-builds``: positions of two builds can't stand in one table.
    """
    if len(found) > 1:
        message = "rows are of different builds: " + ", ".join(sorted(found))
        raise InputError("tumour.mixed-builds", message, place=place)
    return next(iter(found), None)


def position(text: str) -> int | None:
    """A position from 1; None for what is none."""
    return (
        int(text)
        if text.isascii() and text.isdigit() and 0 < len(text) < 11 and 0 < int(text) < _LARGEST
        else None
    )


def allele(text: str) -> str | None:
    """Bases in capitals, or ``-``; None for what is neither."""
    upper = text.upper() or "-"
    return upper if _BASES.fullmatch(upper) else None


def trimmed(start: int, ref: str, alt: str) -> tuple[int, int, str, str]:
    """(start, end, ref, alt) without the bases that both alleles have at their ends, as MAF writes them."""
    first, removed, inserted = changes.trimmed(start, ref, alt)
    if not removed:
        return first - 1, first, "-", inserted
    return first, first + len(removed) - 1, removed, inserted or "-"


def count(text: str) -> int | None:
    """A number of reads; None where there is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def share(text: str) -> float:
    """A number, NaN for what is none; a ``%`` divides it by 100."""
    percent = text.endswith("%")
    try:
        value = float(text.rstrip("%"))
    except ValueError:
        return NAN
    value = value / 100 if percent else value
    return value if math.isfinite(value) and value >= 0 else NAN


def reads(ref: int | None, alt: int | None, depth: int | None) -> tuple[float, int]:
    """(share of reads with the variant, depth): alt / (ref + alt), or alt / depth where ref is not given."""
    total = ref + alt if ref is not None and alt is not None else depth
    seen = depth if depth is not None else total
    vaf = alt / total if alt is not None and total and alt <= total else NAN
    return vaf, -1 if seen is None else seen


def known_class(name: str, known: frozenset[str], line: int, faults: Faults) -> str:
    """A consequence as found; one that is in no list is told."""
    if name and name not in known:
        message = "a consequence that is not known"
        faults.add("tumour.unknown-class", message, line, "kept; counts as undecided", found=name)
    return name
