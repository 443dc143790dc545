"""How frequent alleles and diplotypes are, by race group, for priors and for ambiguous calls.

Within a group diplotypes follow Hardy-Weinberg proportions; without a group they are the mixture of
the groups by their size in the IWPC data. In a gene of which some alleles have a source, one without has
the small weight that the table marks as untraced, and the reference allele takes the rest; in a gene
without any source all alleles weigh the same. A user may supply a table of ``Frequencies``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Frequencies:
    """Allele frequencies that a user supplies for some genes, beside or instead of those shipped.

    Attributes
    ----------
    genes : mapping
        Gene to allele to frequency, or to a mapping of race group to frequency; the key ``all`` holds for
        every other group. Alleles that are left out have a small weight, the reference allele the rest.
    source : str
        Where they come from; shown beside what they weigh.
    """

    genes: Mapping[str, Mapping[str, float | Mapping[str, float]]]
    source: str

    def __post_init__(self) -> None:
        for gene, alleles in self.genes.items():
            for value in alleles.values():
                numbers = value.values() if isinstance(value, Mapping) else (value,)
                if not all(0.0 <= number <= 1.0 for number in numbers):
                    raise InputError("genome.frequency", "a frequency is not between 0 and 1", place=gene)

    def value(self, gene: str, allele: str, group: str) -> float | None:
        """Frequency of an allele in a group; None where the table does not tell."""
        found = self.genes.get(gene, {}).get(allele)
        if isinstance(found, Mapping):
            return found.get(group, found.get("all"))
        return found


def traced(gene: str, frequencies: Frequencies | None = None) -> bool:
    """Whether frequencies of a gene have a source; without one all its alleles weigh the same."""
    return gene in _table()["genes"] or (frequencies is not None and gene in frequencies.genes)


UNTRACED = "untraced: all alleles weigh the same"


def weight_sources(gene: Gene, frequencies: Frequencies | None = None) -> str:
    """What the weights of a gene's alleles go by, in words."""
    if frequencies is not None and gene.name in frequencies.genes:
        return frequencies.source
    if not traced(gene.name):
        return UNTRACED
    entries = _table()["genes"][gene.name].values()
    keys = {source for entry in entries for _, source in entry.values()} - {"untraced"}
    return "; ".join(text for key, text in sources().items() if key in keys)


def _frequency(gene: str, allele: str, group: str, frequencies: Frequencies | None) -> float:
    if frequencies is not None and gene in frequencies.genes:
        found = frequencies.value(gene, allele, group)
        return float(_table()["untraced"]) if found is None else found
    return allele_frequency(gene, allele, group).value


class _Key:
    """A user's table as a key of a cache: by identity."""

    __slots__ = ("frequencies",)

    def __init__(self, frequencies: Frequencies | None) -> None:
        self.frequencies = frequencies

    def __hash__(self) -> int:
        return id(self.frequencies)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.frequencies is other.frequencies


@lru_cache(maxsize=256)
def _weights(gene: Gene, group: str, key: _Key) -> dict[str, float]:
    """Frequency of every allele of a table in a group; equal where nothing has a source."""
    frequencies = key.frequencies
    reference = gene.usual
    labels = tuple(dict.fromkeys((*gene.labels, *(a.label for a in gene.structural))))
    if not traced(gene.name, frequencies):
        return {label: 1.0 / len(labels) for label in labels}
    known = {a: _frequency(gene.name, a, group, frequencies) for a in labels if a != reference}
    return known | {reference: max(0.0, 1.0 - sum(known.values()))}


def pair_weights(
    gene: Gene,
    labels: Sequence[str],
    pairs: NDArray[np.intp],
    race: str | None = None,
    frequencies: Frequencies | None = None,
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
    frequencies : Frequencies, optional
        Instead of those shipped, for the genes that it holds.

    Returns
    -------
    (n,) array of float
    """
    total = np.zeros(len(pairs))
    count = Counter(gene.labels)
    shared = {label: max(1, count[label]) for label in labels}
    untraced = float(_table()["untraced"])
    for group, share in _mixture(race):
        known = _weights(gene, group, _Key(frequencies))
        # Suballeles share the frequency of the allele that they are reported as.
        weight = np.array([known.get(label, untraced) / shared[label] for label in labels])
        first, second = weight[pairs[:, 0]], weight[pairs[:, 1]]
        total += share * first * second * np.where(pairs[:, 0] == pairs[:, 1], 1.0, 2.0)
    scale = total.sum()
    return total / scale if scale > 0 else total


def site_odds(gene: Gene, race: str | None, frequencies: Frequencies | None) -> dict[str, float]:
    """Odds f / (1 - f) of each variant of a gene that combines them, f pooled over the groups.

    Without a source all n alleles of the table are as frequent, f = 1 / n.
    """
    if not traced(gene.name, frequencies):
        return dict.fromkeys(gene.labels, 1.0 / (len(gene.labels) - 1))
    odds = {}
    for label in gene.labels:
        mean = sum(share * _frequency(gene.name, label, g, frequencies) for g, share in _mixture(race))
        odds[label] = mean / (1.0 - mean)
    return odds


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
