"""How likely what one strand of DPYD leaves open is: subsets of variants, independent between positions.

With odds o = f / (1 - f) a set S of variants weighs prod_{v in S} o_v. Sums over all subsets of the
open variants are products of (1 + o_v).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import exp, log, prod
from typing import NamedTuple

from pytwin.genome.rules.dpyd_strands import EXONIC, INTRONIC, Sites, Strand

EXONIC_ALONE = 2e-4
"""Odds of the exonic variant of HapB3 without the intronic one: untraced, small."""


class Open(NamedTuple):
    """A variant that a strand may carry: its odds and activity value."""

    label: str
    odds: float
    activity: float


@dataclass(frozen=True)
class StrandWeights:
    """One strand: variants that it carries, those it may carry, and the states of HapB3 it may have.

    ``options`` are (name or None, weight, activity value), of which exactly one holds.
    """

    carried: frozenset[str]
    weight: float
    lowest: float
    open: tuple[Open, ...]
    options: tuple[tuple[str | None, float, float], ...]

    @cached_property
    def mass(self) -> float:
        """Sum over all that the strand may be."""
        return self._at_least(float("-inf"))

    def _at_least(self, level: float) -> float:
        """Sum over the sets whose lowest activity is not below a level."""
        if self.lowest < level:
            return 0.0
        states = sum(weight for _, weight, activity in self.options if activity >= level)
        return self.weight * states * prod(1.0 + v.odds for v in self.open if v.activity >= level)

    def levels(self) -> dict[float, float]:
        """Weight of each lowest activity value."""
        values = {self.lowest, *(v.activity for v in self.open), *(a for _, _, a in self.options)}
        found, above = {}, 0.0
        for level in sorted(values, reverse=True):
            reached = self._at_least(level)
            if reached > above:
                found[level] = reached - above
            above = reached
        return found

    def likeliest(self, count: int) -> list[tuple[float, frozenset[str]]]:
        """The ``count`` likeliest sets of variants with their weights."""
        subsets = list(_subsets(self.open, count))
        found = [
            (self.weight * weight * state, self.carried | extra | ({label} if label else set()))
            for weight, extra in subsets
            for label, state, _ in self.options
        ]
        return heapq.nlargest(count, found, key=lambda row: row[0])


def _subsets(open_: tuple[Open, ...], count: int) -> Iterator[tuple[float, frozenset[str]]]:
    """The likeliest subsets, best first: each departs from the likeliest by toggling a few variants."""
    base = frozenset(v.label for v in open_ if v.odds > 1)
    weight = prod(v.odds for v in open_ if v.odds > 1)
    rows = sorted((abs(log(v.odds)), v.label) for v in open_ if v.odds > 0)
    yield weight, base
    heap: list[tuple[float, tuple[int, ...]]] = [(rows[0][0], (0,))] if rows else []
    for _ in range(count - 1):
        if not heap:
            return
        cost, chosen = heapq.heappop(heap)
        yield weight * exp(-cost), base ^ {rows[at][1] for at in chosen}
        last = chosen[-1]
        if last + 1 < len(rows):
            step = rows[last + 1][0]
            heapq.heappush(heap, (cost + step, (*chosen, last + 1)))
            heapq.heappush(heap, (cost + step - rows[last][0], (*chosen[:-1], last + 1)))


def strand_weights(
    table: Sites, strand: Strand, odds: Mapping[str, float], activity: Mapping[str, float]
) -> StrandWeights:
    """What a strand carries and leaves open."""
    plain = [site for site in table.every if site.label]
    carried = [str(site.label) for site in plain if strand.get(site.pos)]
    hidden = [str(site.label) for site in plain if strand.get(site.pos) is None]
    return StrandWeights(
        frozenset(carried),
        prod(odds[label] for label in carried),
        min((activity[label] for label in carried), default=activity[table.reference]),
        tuple(Open(label, odds[label], activity[label]) for label in hidden),
        tuple(_options(table, strand, odds, activity)),
    )


def _options(
    table: Sites, strand: Strand, odds: Mapping[str, float], activity: Mapping[str, float]
) -> Iterator[tuple[str | None, float, float]]:
    """States of HapB3 that agree with what was seen of its two positions."""
    intronic, exonic = strand.get(INTRONIC), strand.get(EXONIC)
    if not intronic:
        yield None, EXONIC_ALONE if exonic else 1.0, activity[table.reference]
    if intronic is not False and exonic is not False:
        yield table.hapb3, odds[table.hapb3], activity[table.hapb3]
    if intronic is not False and not exonic:
        yield table.intronic, odds[table.intronic], activity[table.intronic]
