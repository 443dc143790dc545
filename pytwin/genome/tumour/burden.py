"""Mutational burden: somatic variants per megabase of the coding sequence that was looked at.

Two definitions are in use: variants that change a protein, as for exomes (Merino DM et al., J Immunother
Cancer 2020;8:e000147), and all coding variants, silent ones too, as for a panel of 1.1 Mb (Chalmers ZR et
al., Genome Med 2017;9:34). Both leave out variants with few reads. What was looked at is the assay's coding
region, which no file of variants tells: the user states it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pytwin.errors import InputError
from pytwin.genome.tumour import classes
from pytwin.genome.tumour.variants import SomaticVariants

DEFINITIONS = {
    "nonsynonymous": (
        classes.CHANGES_PROTEIN,
        "variants that change a protein (Merino DM et al., J Immunother Cancer 2020;8:e000147)",
    ),
    "coding": (
        classes.CHANGES_PROTEIN | classes.SILENT,
        "coding variants, silent ones too (Chalmers ZR et al., Genome Med 2017;9:34; known drivers stay in)",
    ),
}
_LEVEL = 0.95


class Burden(NamedTuple):
    """Mutational burden of one tumour.

    Attributes
    ----------
    per_megabase : float
    low, high : float
        95 % interval of the rate, from the Poisson distribution of the count (Garwood F, Biometrika
        1936;28:437-442).
    counted : int
        Variants that count.
    undecided : int
        Variants that may count: their consequence, or the reads that were asked for, are not known. They are
        not in ``counted``.
    megabases : float
    definition : str
    source : str
        The definition in words, with its citation.
    """

    per_megabase: float
    low: float
    high: float
    counted: int
    undecided: int
    megabases: float
    definition: str
    source: str


def burden(
    variants: SomaticVariants,
    megabases: float,
    definition: str = "nonsynonymous",
    *,
    min_vaf: float = 0.0,
    min_depth: int = 0,
) -> Burden:
    """Mutational burden of the variants of one tumour.

    Parameters
    ----------
    variants : SomaticVariants
    megabases : float
        Size of the coding sequence that the assay covers.
    definition : {"nonsynonymous", "coding"}
    min_vaf : float
        Least share of reads; Merino 2020 takes 0.05.
    min_depth : int
        Least number of reads.

    Raises
    ------
    InputError
        ``burden.bad-size``, ``burden.unknown-definition``.
    """
    if not (math.isfinite(megabases) and megabases > 0):
        raise InputError(
            "burden.bad-size", "the size must be a number of megabases above 0", place="megabases"
        )
    if definition not in DEFINITIONS:
        hint = "Known: " + ", ".join(DEFINITIONS)
        raise InputError("burden.unknown-definition", "no such definition", place=definition, hint=hint)
    counted, source = DEFINITIONS[definition]
    consequence = variants.consequence
    fits = np.isin(consequence.astype(str), sorted(counted))
    open_ = ~np.isin(consequence.astype(str), sorted(classes.KNOWN))
    low_reads = (variants.vaf < min_vaf) | ((variants.depth >= 0) & (variants.depth < min_depth))
    unseen = ((min_vaf > 0) & np.isnan(variants.vaf)) | ((min_depth > 0) & (variants.depth < 0))
    n = int((fits & ~low_reads & ~unseen).sum())
    undecided = int(((fits & unseen | open_) & ~low_reads).sum())
    low, high = poisson_interval(n)
    words = source + (f"; at least {min_vaf:.0%} of reads" if min_vaf else "")
    words += f"; at least {min_depth} reads" if min_depth else ""
    rate = n / megabases
    return Burden(rate, low / megabases, high / megabases, n, undecided, float(megabases), definition, words)


def poisson_interval(n: int, level: float = _LEVEL) -> tuple[float, float]:
    """Exact interval of a Poisson mean of which n were seen: the means under which n or more, and n or fewer,
    have half of what is left of the level."""
    tail = (1 - level) / 2
    low = 0.0 if n == 0 else _solve(lambda m: _at_most(n - 1, m) - (1 - tail), n)
    return low, _solve(lambda m: _at_most(n, m) - tail, n)


def _solve(falls: Callable[[float], float], n: int) -> float:
    """Where a function that falls from above 0 to below is 0, by bisection."""
    low, high = 0.0, n + 10 * math.sqrt(n + 1) + 20
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if falls(middle) > 0 else (low, middle)
    return (low + high) / 2


def _at_most(n: int, mean: float) -> float:
    """Poisson probability of n or fewer, summed from logarithms."""
    if mean == 0:
        return 1.0
    k = np.arange(n + 1)
    logs = k * math.log(mean) - mean - np.array([math.lgamma(i + 1) for i in range(n + 1)])
    return float(np.exp(logs).sum())
