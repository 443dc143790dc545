"""A twin in a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwin.model.population import Population, from_scale
from pytwin.therapies import load
from pytwin.therapies.therapy import Coverage, Therapy
from pytwin.twin.mixture import quantile
from pytwin.twin.parts import genome_of, microseconds, population_of
from pytwin.twin.prior import Components, sure_genotypes


@dataclass(frozen=True, slots=True)
class ParameterSummary:
    """One parameter on its natural scale: medians and 90 % intervals before and after the observations."""

    name: str
    unit: str
    doc: str
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]


@dataclass(frozen=True)
class Summary:
    """Parameters, genotype weights and coverage of a twin.

    Attributes
    ----------
    parameters : tuple of ParameterSummary
        ``prior`` and ``posterior`` are (low, median, high).
    genotypes : tuple of (labels, prior weight, posterior weight)
    coverage : tuple of Coverage
    """

    parameters: tuple[ParameterSummary, ...]
    genotypes: tuple[tuple[Mapping[str, str], float, float], ...]
    coverage: tuple[Coverage, ...]

    def __str__(self) -> str:
        lines = [f"{'parameter':10} {'unit':6} {'before (5, 50, 95 %)':>30} {'after (5, 50, 95 %)':>30}"]
        for p in self.parameters:
            before = "  ".join(f"{v:8.4g}" for v in p.prior)
            after = "  ".join(f"{v:8.4g}" for v in p.posterior)
            lines.append(f"{p.name:10} {p.unit:6} {before:>30} {after:>30}")
        for labels, before_weight, after_weight in self.genotypes:
            text = ", ".join(f"{g} {v}" for g, v in labels.items())
            lines.append(f"{text}: weight {before_weight:.3f} before, {after_weight:.3f} after")
        lines += [f"{c.what}: {c.state} ({c.text})" for c in self.coverage]
        return "\n".join(lines)

    __repr__ = __str__


def summary(twin: Any) -> Summary:
    """Summary of a twin."""
    model = twin.population.model
    table = {p["name"]: p for p in model.params}
    first = len(model.states)
    before, after = twin.prior.components, twin.components
    rows = []
    for index, name in enumerate(twin.population.theta):
        spans = [_span(c, first + index, twin.population.scales[index]) for c in (before, after)]
        rows.append(ParameterSummary(name, table[name]["unit"], table[name]["doc"], *spans))
    left = {tuple(g.items()): w for g, w in zip(after.labels, after.weights.tolist(), strict=True)}
    weights = tuple(
        (g, w, left.get(tuple(g.items()), 0.0))
        for g, w in zip(before.labels, before.weights.tolist(), strict=True)
    )
    return Summary(tuple(rows), weights, twin.coverage)


def _span(components: Components, column: int, scale: str) -> tuple[float, float, float]:
    means = components.means[:, column]
    sds = np.sqrt(np.maximum(components.covs[:, column, column], 0.0))
    low, median, high = (
        float(from_scale(np.atleast_1d(quantile(components.weights, means, sds, p)), (scale,))[0])
        for p in (0.05, 0.5, 0.95)
    )
    return low, median, high


def coverage(twin: Any) -> tuple[Coverage, ...]:
    """What data there are: those of the Therapy, and one row for each gene."""
    return (*twin.history.coverage, *_genes(twin.population, twin.genotypes))


def of_record(
    record: Any,
    therapy: str | Therapy,
    genome: Any = None,
    population: str | Population | None = None,
    until: int | str | np.datetime64 | None = None,
) -> tuple[Coverage, ...]:
    """As ``coverage`` of a Twin, which is not built; see ``Record.coverage``."""
    chosen = load(therapy)
    people = population_of(chosen, population)
    history = chosen.read(record, "auto", people, None if until is None else microseconds(until))
    sure = sure_genotypes(people, genome_of(record, genome), record.patient.race)
    return (*history.coverage, *_genes(people, sure))


def _genes(population: Population, sure: Mapping[str, str]) -> tuple[Coverage, ...]:
    return tuple(
        Coverage(g, "present", None, "known")
        if g in sure
        else Coverage(g, "missing", None, "unknown or uncertain")
        for g in population.genes
    )


def intervals(twin: Any, level: float) -> dict[str, tuple[float, float]]:
    """Central interval of every state and parameter on its natural scale."""
    weights, means, covs = twin.components
    sds = np.sqrt(np.maximum(np.einsum("kii->ki", covs), 0.0))
    shares = np.broadcast_to(weights, (means.shape[1], len(weights)))
    low, high = (
        from_scale(quantile(shares, means.T, sds.T, p), twin.scales)
        for p in ((1 - level) / 2, (1 + level) / 2)
    )
    return {name: (float(a), float(b)) for name, a, b in zip(twin.names, low, high, strict=True)}
