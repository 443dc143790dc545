"""DPYD: a call over sets of variants on two strands.

All subsets of what was not seen are possible, so the set is not written out: ``allows`` tells whether a
pair belongs to it, ``weighted`` lists the likeliest, ``unlisted`` is the probability of the rest, and
phenotypes are summed over all of it in closed form. Variants are taken as independent between positions:

    P(S) = prod_{v in S} f_v  prod_{v not in S} (1 - f_v)

with frequencies f pooled over the groups where no race is given. The lowest activity value on a strand
counts (CPIC guideline for fluoropyrimidines, Amstutz et al., Clin Pharmacol Ther 2018;103:210).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from functools import lru_cache, partial
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from pytwin.genome.call import Call, Diplotype, Status
from pytwin.genome.frequencies import site_odds
from pytwin.genome.genotype import Genotype
from pytwin.genome.phenotype import Phenotype, phenotype
from pytwin.genome.rules import dpyd_report
from pytwin.genome.rules.dpyd_strands import Seen2, allows, seen, settled, sites
from pytwin.genome.rules.dpyd_weights import StrandWeights, strand_weights
from pytwin.genome.tables import Gene

LISTED = 512
"""Diplotypes that are written out at most."""

Case = tuple[StrandWeights, StrandWeights]


def call(gene: Gene, observed: Mapping[int, Genotype]) -> Call:
    """Call DPYD from its genotypes by GRCh38 position; an absent position is missing."""
    data = seen(gene, observed)
    known = set(data.common).union(*(block.one for block in data.blocks))
    return DpydCall(gene, data, observed, _untested(gene, known))


def _untested(gene: Gene, known: set[int]) -> tuple[str, ...]:
    if len(known) == len(gene.positions):
        return ()
    return tuple(a.label for a in gene.alleles if a.defined and not any(pos in known for pos, _ in a.defined))


class DpydCall(Call):
    """The call of DPYD; see the module."""

    def __init__(
        self, gene: Gene, data: Seen2, observed: Mapping[int, Genotype], untested: tuple[str, ...]
    ) -> None:
        super().__init__(
            gene,
            _status(gene, data),
            gene.labels,
            _no_pairs,
            partial(dpyd_report.report, gene, data),
            observed=observed,
            untested=untested,
        )
        self._data = data

    def allows(self, first: str, second: str) -> bool:
        """Whether the data allow a pair of strands, each ``Reference``, a variant, or ``[a + b]``."""
        reference = sites(self.table).reference
        one, two = (frozenset(self.table.parts(name)) - {reference} for name in (first, second))
        return allows(self.table, self._data, one, two)

    def weighted(self, race: str | None = None) -> tuple[Diplotype, ...]:
        """The likeliest diplotypes with their probability; ``unlisted`` is that of the rest."""
        if self.status == "no information":
            return ()
        cases = self._cases(race)
        total = sum(one.mass * two.mass for one, two in cases)
        shares: dict[tuple[str, str], float] = {}
        for weight, first, second in _likeliest(cases):
            key = self._key(first, second)
            shares[key] = shares.get(key, 0.0) + weight / total
        found = [Diplotype(self.table.diplotype_name(*key), key, p) for key, p in shares.items()]
        return tuple(sorted(found, key=lambda diplotype: -diplotype.probability))

    def _key(self, *strands: frozenset[str]) -> tuple[str, str]:
        order, last = self.table.order, len(self.table.order)
        names = [dpyd_report.strand_name(self.table, sorted(s, key=order.__getitem__)) for s in strands]
        first, second = sorted(names, key=lambda name: (order.get(name, last), name))
        return first, second

    def unlisted(self, race: str | None = None) -> float:
        """Probability of the diplotypes that ``weighted`` leaves out."""
        if self.status == "no information":
            return 0.0
        return max(0.0, 1.0 - sum(diplotype.probability for diplotype in self.weighted(race)))

    def shares(self, race: str | None = None) -> dict[Phenotype, float]:
        """Probability of each phenotype with its activity score, over all diplotypes."""
        if self.status == "no information":
            return {}
        cases, named = self._cases(race), _by_activity(self.table)
        total = sum(one.mass * two.mass for one, two in cases)
        found: dict[Phenotype, float] = {}
        for one, two in cases:
            for v, p in one.levels().items():
                for w, q in two.levels().items():
                    key = phenotype(self.table, named[v], named[w])
                    found[key] = found.get(key, 0.0) + p * q / total
        return found

    def _cases(self, race: str | None) -> list[Case]:
        """The orientations of the strands, each with what it leaves open."""
        table, odds = sites(self.table), site_odds(self.table, race, self.frequencies)
        activity = _activities(self.table)
        return [
            (strand_weights(table, one, odds, activity), strand_weights(table, two, odds, activity))
            for case in settled(self._data)
            for one, two in case.orientations()
        ]


def _status(gene: Gene, data: Seen2) -> Status:
    if not data.informative:
        return "no information"
    known = len(data.common) + sum(len(block.one) for block in data.blocks)
    halves = any(None in (*b.one.values(), *b.two.values()) for b in data.blocks)
    single = known == len(gene.positions) and len(data.blocks) < 2 and not halves
    return "called" if single else "ambiguous"


def _no_pairs() -> NDArray[np.intp]:
    """The pairs are too many to be written out; see ``DpydCall.allows``."""
    return np.empty((0, 2), dtype=np.intp)


def _likeliest(cases: list[Case]) -> list[tuple[float, frozenset[str], frozenset[str]]]:
    """Pairs of the likeliest strands over all cases, with weights."""
    each = max(2, isqrt(4 * LISTED // len(cases)))
    rows = []
    for one, two in cases:
        firsts, seconds = one.likeliest(each), two.likeliest(each)
        rows += [(p * q, first, second) for p, first in firsts for q, second in seconds]
    return heapq.nlargest(LISTED, rows, key=lambda row: row[0])


@lru_cache(maxsize=4)
def _activities(gene: Gene) -> dict[str, float]:
    """Activity value of each variant; one without a value is taken as normal."""
    return {a.label: 1.0 if a.activity is None else a.activity for a in gene.alleles}


@lru_cache(maxsize=4)
def _by_activity(gene: Gene) -> dict[float, str]:
    """A variant of each activity value, by which a phenotype is looked up."""
    return {value: label for label, value in reversed(_activities(gene).items())}
