"""The call of one gene: every diplotype that the data allow, with its probability."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property, lru_cache, partial
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.genome import rules
from pytwin.genome.frequencies import Frequencies, pair_weights, weight_sources
from pytwin.genome.genotype import Genotype
from pytwin.genome.match import match
from pytwin.genome.phenotype import Phenotype, phenotype
from pytwin.genome.rules.combination import combinations
from pytwin.genome.rules.report import Report
from pytwin.genome.tables import Gene

Status = Literal["called", "ambiguous", "no information", "no match"]
Observed = Mapping[int, Genotype]

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


class Call:
    """What is known about one gene of one person; ``repr`` holds no genotype.

    Attributes
    ----------
    gene : str
    status : str
        ``called`` (one diplotype), ``ambiguous``, ``no information``, or ``no match`` (no pair of
        known alleles explains the data).
    alleles : tuple of str
        Names that ``pairs`` refers to.
    pairs : (n, 2) array of int
        All consistent pairs of alleles.
    table : Gene
    observed : mapping of int to Genotype
        What was seen, by GRCh38 position.
    """

    def __init__(
        self,
        table: Gene,
        status: Status,
        alleles: Sequence[str],
        pairs: Callable[[], NDArray[np.intp]],
        report: Callable[[], Report],
        *,
        observed: Observed | None = None,
        untested: tuple[str, ...] = (),
    ) -> None:
        self.gene = table.name
        self.status: Status = status
        self.table = table
        self.observed: Observed = observed or {}
        self.alleles = tuple(alleles)
        self.untested = untested
        self.frequencies: Frequencies | None = None
        self._stated = observed is None
        self._make_pairs = pairs
        self._make_report = report

    def __repr__(self) -> str:
        return f"Call({self.gene}, {self.status})"

    @cached_property
    def pairs(self) -> NDArray[np.intp]:
        """All consistent pairs (n, 2), as places in ``alleles``."""
        return self._make_pairs()

    @cached_property
    def _report(self) -> Report:
        return self._make_report()

    @property
    def reported(self) -> tuple[str, ...]:
        """The diplotypes PharmCAT would report: highest score among the callable ones.

        A convention, not a probability: it takes alleles that could not be tested (``untested``) for
        absent. For unphased DPYD they are single alleles.
        """
        return self._report.reported

    @property
    def matched(self) -> tuple[str, ...]:
        """All callable consistent diplotypes, whatever their score."""
        return self._report.matched

    @property
    def recommended(self) -> tuple[str, ...]:
        """The diplotypes by which PharmCAT would look up phenotype and recommendation."""
        return self._report.recommended

    @property
    def note(self) -> str:
        """Where ``reported`` and ``recommended`` follow a rule of this gene alone, which."""
        return self._report.note

    @cached_property
    def uncalled(self) -> tuple[str, ...]:
        """Positions of the table that were not (or only half) called; none for a stated diplotype."""
        if self._stated:
            return ()
        seen = self.observed
        return tuple(
            p.label for p in self.table.positions if p.pos not in seen or None in seen[p.pos].alleles
        )

    @property
    def called(self) -> int:
        """Positions of which both alleles were seen; 0 for a stated diplotype."""
        return sum(None not in genotype.alleles for genotype in self.observed.values())

    @cached_property
    def combinations(self) -> tuple[str, ...]:
        """Where no pair of alleles fits: combined alleles and variants that would; they have no function."""
        return combinations(self.table, self.observed) if self.status == "no match" else ()

    @property
    def weighed_by(self) -> str:
        """What the probabilities go by: a user's table, the sources of the shipped one, or nothing."""
        return weight_sources(self.table, self.frequencies)

    def with_frequencies(self, frequencies: Frequencies | None) -> Call:
        """The same call, its open diplotypes weighed by a table that a user supplies."""
        other = copy(self)
        other.frequencies = frequencies
        for name in ("diplotypes", "_top"):
            other.__dict__.pop(name, None)
        return other

    def allows(self, first: str, second: str) -> bool:
        """Whether the data allow a pair of alleles."""
        wanted = {first, second}
        return any({self.alleles[a], self.alleles[b]} == wanted for a, b in self.pairs)

    def weighted(self, race: str | None = None) -> tuple[Diplotype, ...]:
        """All diplotypes with probabilities from the allele frequencies of a race group, likeliest first."""
        if self.status in ("no information", "no match"):
            return ()
        shares: dict[tuple[str, str], float] = {}
        for (a, b), weight in zip(self.pairs.tolist(), self._weights(race).tolist(), strict=True):
            key = self.alleles[a], self.alleles[b]
            shares[key] = shares.get(key, 0.0) + weight
        found = [Diplotype(self._name(key), key, p) for key, p in shares.items()]
        return tuple(sorted(found, key=lambda diplotype: -diplotype.probability))

    def _weights(self, race: str | None) -> NDArray[np.float64]:
        """Probability (n,) of each of ``pairs``."""
        return pair_weights(self.table, self.alleles, self.pairs, race, self.frequencies)

    def _name(self, pair: tuple[str, str]) -> str:
        between = self.table.separator
        # The pairs of a matched call are in the table's order already.
        return self.table.diplotype_name(*pair) if self._stated or not between else between.join(pair)

    @cached_property
    def diplotypes(self) -> tuple[Diplotype, ...]:
        """All diplotypes with probabilities from the pooled allele frequencies, likeliest first."""
        return self.weighted()

    def unlisted(self, race: str | None = None) -> float:
        """Probability of the diplotypes that ``weighted`` leaves out because they are too many; see DPYD."""
        return 0.0

    def shares(self, race: str | None = None) -> dict[Phenotype, float]:
        """Probability of each phenotype with its activity score."""
        if self.status in ("no information", "no match"):
            return {}
        members, kind = function_classes(self.table, self.alleles)
        code = kind[self.pairs].astype(np.int64) @ np.array([len(members), 1])
        total = np.bincount(code, weights=self._weights(race), minlength=len(members) ** 2)
        found: dict[Phenotype, float] = {}
        for at in np.flatnonzero(np.bincount(code, minlength=len(total))).tolist():
            first, second = divmod(at, len(members))
            key = phenotype(self.table, members[first], members[second])
            found[key] = found.get(key, 0.0) + float(total[at])
        return found

    @cached_property
    def _top(self) -> Phenotype:
        """The phenotype that is at least ``CONFIDENT``, with its activity score where that is one too."""
        shares = self.shares()
        names = _by_name(shares)
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
        return _by_name(self.shares(race))

    def marginal(self, groups: Mapping[str, Iterable[str]], race: str | None = None) -> Marginal:
        """Sum the diplotypes over groups of alleles."""
        group_of = {allele: group for group, members in groups.items() for allele in members}
        order = list(groups)
        shares: dict[str, float] = {}
        other = self.unlisted(race)
        for diplotype in self.weighted(race):
            found = [group_of[allele] for allele in diplotype.alleles if allele in group_of]
            if len(found) < len(diplotype.alleles):
                other += diplotype.probability
                continue
            between = self.table.separator
            name = between.join(sorted(found, key=order.index if between else None))
            shares[name] = shares.get(name, 0.0) + diplotype.probability
        return Marginal(tuple(sorted(shares.items(), key=lambda item: -item[1])), other)


@lru_cache(maxsize=256)
def function_classes(gene: Gene, labels: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Alleles grouped by function and activity: a member of each group, and the group (n,) of each label."""
    groups: dict[object, int] = {}
    members: list[str] = []
    kind = []
    for label in labels:
        allele = gene.allele(label)
        key = label if allele is None else (allele.function, allele.activity)
        if key not in groups:
            groups[key] = len(members)
            members.append(label)
        kind.append(groups[key])
    return tuple(members), np.array(kind, dtype=np.intp)


def _by_name(shares: Mapping[Phenotype, float]) -> dict[str | None, float]:
    names: dict[str | None, float] = {}
    for found, share in shares.items():
        names[found.name] = names.get(found.name, 0.0) + share
    return names


def call_gene(gene: Gene, observed: Observed) -> Call:
    """Call a gene from its genotypes by GRCh38 position; an absent position is missing."""
    if gene.combines:
        from pytwin.genome.rules.dpyd import call

        return call(gene, observed)
    found = match(gene, observed)
    if not found.informative:
        status: Status = "no information"
    elif not found.rows:
        status = "no match"
    else:
        status = "called" if len(found.rows) == 1 else "ambiguous"
    return Call(
        gene,
        status,
        gene.labels,
        partial(getattr, found, "pairs"),
        partial(rules.report, gene, observed, found),
        observed=observed,
        untested=tuple(gene.labels[row] for row in found.untested),
    )


def stated_call(gene: Gene, first: str, second: str) -> Call:
    """The call of a diplotype that somebody states; its alleles need not be in the table."""
    alleles = (first,) if first == second else (first, second)
    pairs = np.array([[0, len(alleles) - 1]], dtype=np.intp)
    name = (gene.diplotype_name(first, second),)
    return Call(gene, "called", alleles, partial(_given, pairs), partial(Report, name, name, name))


def _given(pairs: NDArray[np.intp]) -> NDArray[np.intp]:
    return pairs


@lru_cache(maxsize=64)
def missing_call(gene: Gene) -> Call:
    """The call of a gene about which nothing is known."""
    return call_gene(gene, {})
