"""Calls from what others state: alone, narrowing what genotypes leave open, or against it.

Each witness is a function from a race group to the diplotypes that it holds possible. Witnesses that
contradict each other weigh the same: frequencies in a population do not tell which of two laboratories erred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pytwin.genome.call import Call, Diplotype, Status
from pytwin.genome.frequencies import pair_weights
from pytwin.genome.phenotype import Phenotype, phenotype
from pytwin.genome.rules.report import Report
from pytwin.genome.tables import Gene

Pair = tuple[str, str]
Witness = Callable[[str | None], Sequence[Diplotype]]


class WitnessedCall(Call):
    """A call by witnesses; its probabilities are the mean of theirs."""

    witnesses: tuple[Witness, ...] = ()

    def shares(self, race: str | None = None) -> dict[Phenotype, float]:
        """Probability of each phenotype over what the witnesses list."""
        found: dict[Phenotype, float] = {}
        for one in self.weighted(race):
            key = phenotype(self.table, *one.alleles)
            found[key] = found.get(key, 0.0) + one.probability
        return found

    def allows(self, first: str, second: str) -> bool:
        """Whether a witness holds a pair of alleles possible."""
        return _ordered(self.table, (first, second)) in {one.alleles for one in self.weighted()}

    def unlisted(self, race: str | None = None) -> float:
        """What no witness lists of its own (DPYD); see ``Call.unlisted``."""
        return max(0.0, 1.0 - sum(one.probability for one in self.weighted(race)))

    def weighted(self, race: str | None = None) -> tuple[Diplotype, ...]:
        """All diplotypes that a witness holds possible, likeliest first."""
        shares: dict[Pair, float] = {}
        for witness in self.witnesses:
            for one in witness(race):
                key = _ordered(self.table, one.alleles)
                shares[key] = shares.get(key, 0.0) + one.probability / len(self.witnesses)
        found = [Diplotype(self.table.diplotype_name(*key), key, share) for key, share in shares.items()]
        return tuple(sorted(found, key=lambda one: -one.probability))


def _ordered(gene: Gene, pair: Iterable[str]) -> Pair:
    order, last = gene.order, len(gene.order)
    first, second = sorted(pair, key=lambda name: (order.get(name, last), name))
    return first, second


def of_pairs(gene: Gene, pairs: Sequence[Pair]) -> Witness:
    """Somebody who states pairs of alleles, which need not be in the table."""
    pairs = list(dict.fromkeys(_ordered(gene, pair) for pair in pairs))
    alleles = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    rows = np.array([[alleles.index(first), alleles.index(second)] for first, second in pairs], dtype=np.intp)

    def tell(race: str | None) -> Sequence[Diplotype]:
        weights = pair_weights(gene, alleles, rows, race) if len(pairs) > 1 else np.ones(1)
        if not weights.sum() > 0:
            weights = np.full(len(pairs), 1 / len(pairs))
        return [
            Diplotype(gene.diplotype_name(*pair), pair, float(weight))
            for pair, weight in zip(pairs, weights, strict=True)
        ]

    return tell


def narrowed(call: Call, pairs: Iterable[Pair]) -> Witness:
    """What genotypes leave open of the pairs that somebody states."""
    stated = list(pairs)
    kept = {frozenset(pair) for pair in stated}

    def tell(race: str | None) -> Sequence[Diplotype]:
        inside = [one for one in call.weighted(race) if frozenset(one.alleles) in kept]
        if not inside:  # allowed, and among the many that a call of DPYD does not list
            return of_pairs(call.table, stated)(race)
        total = sum(one.probability for one in inside)
        return [
            one._replace(probability=one.probability / total if total > 0 else 1 / len(inside))
            for one in inside
        ]

    return tell


def witnessed(
    gene: Gene,
    witnesses: Sequence[Witness],
    reported: Sequence[Pair] = (),
    beside: Call | None = None,
) -> Call:
    """The call of witnesses.

    Parameters
    ----------
    gene : Gene
    witnesses : sequence
        Not empty, each with a diplotype.
    reported : sequence of (str, str)
        The pairs that were named; none where they follow from a phenotype or are disputed.
    beside : Call, optional
        The call of the genotypes, for what was observed.
    """
    found = list(dict.fromkeys(_ordered(gene, one.alleles) for tell in witnesses for one in tell(None)))
    alleles = tuple(dict.fromkeys(name for pair in found for name in pair))
    rows = np.array([[alleles.index(first), alleles.index(second)] for first, second in found], dtype=np.intp)
    names = tuple(dict.fromkeys(gene.diplotype_name(*_ordered(gene, pair)) for pair in reported))
    status: Status = "called" if len(found) == 1 else "ambiguous"
    call = WitnessedCall(
        gene,
        status,
        alleles,
        partial(_given, rows),
        partial(Report, names, names, names),
        observed=beside.observed if beside else None,
        untested=beside.untested if beside else (),
    )
    call.witnesses = tuple(witnesses)
    return call


def _given(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    return rows
