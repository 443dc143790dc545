"""The call of one gene: every diplotype that the data allow, with its probability."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.genome.frequencies import pair_weights
from pytwin.genome.genotype import Genotype
from pytwin.genome.match import match
from pytwin.genome.phenotype import Phenotype, phenotype
from pytwin.genome.tables import Gene

Status = Literal["called", "ambiguous", "no information", "no match"]

CONFIDENT = 0.95
"""Probability from which on a phenotype is named, by the project's choice; below it the shares are given."""


class Diplotype(NamedTuple):
    """A pair of alleles, its name as reported, and its probability."""

    name: str
    alleles: tuple[str, str]
    probability: float


class Marginal(NamedTuple):
    """Diplotypes over groups of alleles, and the share of those with an allele outside all groups.

    The probabilities of ``diplotypes`` and ``other`` sum to 1; both are empty (0.0) without information.
    """

    diplotypes: tuple[tuple[str, float], ...]
    other: float

    def normalised(self) -> tuple[tuple[str, float], ...]:
        """The diplotypes given that no other allele is carried; empty where nothing is left."""
        total = sum(probability for _, probability in self.diplotypes)
        return tuple((name, p / total) for name, p in self.diplotypes) if total > 0 else ()


@dataclass(frozen=True, eq=False)
class Call:
    """What is known about one gene of one person.

    Attributes
    ----------
    gene : str
    alleles : tuple of str
        Names that ``pairs`` refers to.
    pairs : (n, 2) array of int
        All consistent pairs of alleles.
    reported : tuple of str
        The diplotypes PharmCAT would report: highest score among the callable ones. A convention,
        not a probability: it takes alleles that could not be tested (``untested``) for absent.
    matched : tuple of str
        All callable consistent diplotypes, whatever their score.
    uncalled : tuple of str
        Positions of the table that were not (or only half) called.
    untested : tuple of str
        Alleles of which no position was called.
    status : str
        ``called`` (one diplotype), ``ambiguous``, ``no information``, or ``no match`` (no pair of
        known alleles explains the data).
    """

    gene: str
    status: Status
    alleles: tuple[str, ...] = field(repr=False)
    pairs: NDArray[np.intp] = field(repr=False)
    reported: tuple[str, ...] = field(repr=False)
    matched: tuple[str, ...] = field(repr=False)
    uncalled: tuple[str, ...]
    untested: tuple[str, ...]
    table: Gene = field(repr=False)
    observed: Mapping[int, Genotype] = field(default_factory=dict, repr=False)

    @property
    def called(self) -> int:
        """Positions of which both alleles were seen; 0 for a stated diplotype."""
        return sum(None not in genotype.alleles for genotype in self.observed.values())

    @property
    def recommended(self) -> tuple[str, ...]:
        """The diplotypes by which PharmCAT would look up phenotype and recommendation."""
        return self.reported

    def _name(self, pair: Iterable[int]) -> str:
        return self.table.diplotype_name(*self._alleles(pair))

    def weighted(self, race: str | None = None) -> tuple[Diplotype, ...]:
        """All diplotypes with probabilities from the allele frequencies of a race group, likeliest first."""
        if self.status in ("no information", "no match"):
            return ()
        weights = pair_weights(self.table, self.alleles, self.pairs, race)
        order = np.argsort(-weights, kind="stable")
        return tuple(
            Diplotype(self._name(self.pairs[i]), self._alleles(self.pairs[i]), float(weights[i]))
            for i in order
        )

    def _alleles(self, pair: Iterable[int]) -> tuple[str, str]:
        first, second = pair
        return self.alleles[first], self.alleles[second]

    @cached_property
    def diplotypes(self) -> tuple[Diplotype, ...]:
        """All diplotypes with probabilities from the pooled allele frequencies, likeliest first."""
        return self.weighted()

    @cached_property
    def _top(self) -> Phenotype:
        """The phenotype that is at least ``CONFIDENT``, with its activity score where that is one too."""
        shares: dict[Phenotype, float] = {}
        for diplotype in self.diplotypes:
            found = phenotype(self.table, *diplotype.alleles)
            shares[found] = shares.get(found, 0.0) + diplotype.probability
        names: dict[str | None, float] = {}
        for found, share in shares.items():
            names[found.name] = names.get(found.name, 0.0) + share
        name = next((name for name, share in names.items() if share >= CONFIDENT), None)
        score = next((found.activity_score for found, share in shares.items() if share >= CONFIDENT), None)
        return Phenotype(name, score)

    @property
    def phenotype(self) -> str | None:
        """CPIC phenotype with a probability of at least ``CONFIDENT``; None where the data leave it open."""
        return self._top.name

    @property
    def activity_score(self) -> float | None:
        """CPIC activity score with a probability of at least ``CONFIDENT``, where the gene has one."""
        return self._top.activity_score

    def phenotypes(self, race: str | None = None) -> dict[str | None, float]:
        """Probability of each phenotype; the key None holds diplotypes without one."""
        result: dict[str | None, float] = {}
        for diplotype in self.weighted(race):
            name = phenotype(self.table, *diplotype.alleles).name
            result[name] = result.get(name, 0.0) + diplotype.probability
        return result

    def marginal(self, groups: Mapping[str, Iterable[str]], race: str | None = None) -> Marginal:
        """Sum the diplotypes over groups of alleles."""
        group_of = {allele: group for group, members in groups.items() for allele in members}
        order = list(groups)
        shares: dict[str, float] = {}
        other = 0.0
        for diplotype in self.weighted(race):
            found = [group_of[allele] for allele in diplotype.alleles if allele in group_of]
            if len(found) < len(diplotype.alleles):
                other += diplotype.probability
                continue
            between = self.table.separator
            name = between.join(sorted(found, key=order.index if between else None))
            shares[name] = shares.get(name, 0.0) + diplotype.probability
        return Marginal(tuple(sorted(shares.items(), key=lambda item: -item[1])), other)


def call_gene(gene: Gene, observed: Mapping[int, Genotype]) -> Call:
    """Call a gene from its genotypes by GRCh38 position; an absent position is missing."""
    found = match(gene, observed)
    labels = gene.labels

    def names(rows: NDArray[np.intp]) -> tuple[str, ...]:
        return tuple(gene.diplotype_name(labels[a], labels[b]) for a, b in rows)

    if not found.informative:
        status: Status = "no information"
    elif not len(found.pairs):
        status = "no match"
    else:
        status = "called" if len(found.pairs) == 1 else "ambiguous"
    unseen = [p for p in gene.positions if p.pos not in observed or None in observed[p.pos].alleles]
    return Call(
        gene=gene.name,
        status=status,
        alleles=labels,
        pairs=found.pairs,
        reported=names(found.pairs[found.reported]),
        matched=names(found.pairs[found.callable]),
        uncalled=tuple(position.label for position in unseen),
        untested=tuple(label for label, hidden in zip(labels, found.untested, strict=True) if hidden),
        table=gene,
        observed=dict(observed),
    )


def stated_call(gene: Gene, first: str, second: str) -> Call:
    """The call of a diplotype that somebody states; its alleles need not be in the table."""
    alleles = (first,) if first == second else (first, second)
    pairs = np.array([[0, len(alleles) - 1]], dtype=np.intp)
    name = gene.diplotype_name(first, second)
    return Call(gene.name, "called", alleles, pairs, (name,), (name,), (), (), gene)


@lru_cache(maxsize=64)
def missing_call(gene: Gene) -> Call:
    """The call of a gene about which nothing is known."""
    return call_gene(gene, {})
