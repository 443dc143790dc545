"""How frequent alleles and diplotypes are, by race group, for priors and for ambiguous calls.

Within a group diplotypes follow Hardy-Weinberg proportions; without a group they are the mixture of
the groups by their size in the IWPC data. An allele without a source has the small weight that the
table marks as untraced; the reference allele takes the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.genome.tables import Gene, load_tables


class Frequency(NamedTuple):
    """A frequency and the key of its source in ``sources()``."""

    value: float
    source: str


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    path = Path(__file__).parent / "tables" / "frequencies.json"
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


def sources() -> dict[str, str]:
    """The source behind each key, ``untraced`` among them."""
    return dict(_table()["sources"])


def groups() -> tuple[str, ...]:
    """Race groups for which the table has frequencies."""
    return tuple(_table()["groups"])


def _mixture(race: str | None) -> list[tuple[str, float]]:
    """Groups and weights: one group, or all by their size where the race is unknown or another."""
    sizes = _table()["groups"]
    if race in sizes:
        return [(str(race), 1.0)]
    total = sum(sizes.values())
    return [(group, size / total) for group, size in sizes.items()]


def _gene(name: str) -> Gene:
    gene = load_tables().genes.get(name)
    if gene is None:
        raise InputError("genome.gene-unknown", "there is no allele table for this gene", place=name)
    return gene


def allele_frequency(gene: str, allele: str, group: str) -> Frequency:
    """Frequency of one allele other than the reference in one group, with its source."""
    known = _table()["genes"].get(gene, {}).get(allele, {}).get(group)
    return Frequency(*known) if known else Frequency(_table()["untraced"], "untraced")


def _weights(gene: Gene, labels: Sequence[str], group: str) -> NDArray[np.float64]:
    reference = gene.alleles[gene.reference_row].label
    known = [0.0 if a == reference else allele_frequency(gene.name, a, group).value for a in gene.labels]
    rest = 1.0 - sum(known)
    return np.array([rest if a == reference else allele_frequency(gene.name, a, group).value for a in labels])


def pair_weights(
    gene: Gene, labels: Sequence[str], pairs: NDArray[np.intp], race: str | None = None
) -> NDArray[np.float64]:
    """Hardy-Weinberg weights p_a p_b (2 if a != b) of allele pairs, normalised to sum 1.

    Parameters
    ----------
    gene : Gene
    labels : sequence of str
        Allele names.
    pairs : (n, 2) array of int
        Indices into ``labels``.
    race : str, optional
        One of ``groups()``; anything else is the mixture of all groups.

    Returns
    -------
    (n,) array of float
    """
    total = np.zeros(len(pairs))
    for group, share in _mixture(race):
        weight = _weights(gene, labels, group)
        first, second = weight[pairs[:, 0]], weight[pairs[:, 1]]
        total += share * first * second * np.where(pairs[:, 0] == pairs[:, 1], 1.0, 2.0)
    scale = total.sum()
    return total / scale if scale > 0 else total


def diplotype_frequencies(gene: str, race: str | None = None) -> dict[str, float]:
    """Population frequencies of a gene's common diplotypes, the prior of an untested patient.

    CYP2C9: the six diplotypes of ``*1``, ``*2``, ``*3``, where ``*1`` means "neither ``*2`` nor ``*3``"
    as in the IWPC assays; VKORC1: ``GG``, ``AG``, ``AA`` of -1639; CYP4F2: those of ``*1``, ``*3``.

    Parameters
    ----------
    gene : str
    race : str, optional
        One of ``groups()``; anything else is the mixture of all groups by their IWPC size.

    Returns
    -------
    dict of str to float
        Diplotype to frequency, summing to 1.
    """
    table = _gene(gene)
    common = _table()["common"][gene]
    result: dict[str, float] = {}
    for group, share in _mixture(race):
        others = [allele_frequency(gene, allele, group).value for allele in common[1:]]
        shares = [1.0 - sum(others), *others]
        for i, first in enumerate(common):
            for j in range(i, len(common)):
                name = table.diplotype_name(first, common[j])
                product = shares[i] * shares[j] * (1.0 if i == j else 2.0)
                result[name] = result.get(name, 0.0) + share * product
    return result
