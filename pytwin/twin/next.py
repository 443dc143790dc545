"""Which observation would help most: how far each narrows the dose that the patient needs.

Before an observation is made its value is unknown, but not how much it will tell: with the log-dose d and the
observation y = h + e of the twin's draws taken as jointly Gaussian,

    E Var(d | y) = Var d - Cov(d, h)^2 / (Var h + Var e)

whatever y turns out to be (Chaloner K, Verdinelli I, Stat Sci 1995;10:273-304: Bayesian design for the linear
model). A genotype g leaves E Var(d | g), the mean variance within the genotypes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.model.plan import Plan
from pytwin.model.population import Residual
from pytwin.twin.dose import solve
from pytwin.twin.forecast import continued, with_error
from pytwin.twin.prior import open_genes
from pytwin.twin.simulation import Draws, simulate_plans

Array = NDArray[np.float64]

DAYS = (1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 21.0)
# The best observation is the earliest that narrows the dose by this share of what the most telling one does.
NEARLY = 0.9
_NOISE_DRAWS_LEVEL = (0.05, 0.5, 0.95)
_FEW = 10
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Candidate:
    """One observation that could be made.

    Attributes
    ----------
    what : str
        The output, or a gene.
    day : float or None
        Days from the twin's time; None for a genotype, which can be had at any time.
    forecast : (low, median, high) or None
        What will be measured, 90 % interval.
    narrows : float
        By which share the SD of the log-dose shrinks on average, 0 to 1.
    """

    what: str
    day: float | None
    forecast: tuple[float, float, float] | None
    narrows: float


@dataclass(frozen=True)
class NextObservation:
    """Observations that could be made, and the one to prefer.

    Attributes
    ----------
    candidates : tuple of Candidate
        Genotypes first, then by day.
    best : Candidate or None
        The earliest that tells nearly as much as the most telling one; None where nothing would.
    plan : str
        What is given until then.
    factor : float
        The 90 % interval of the dose now is its median times and divided by this.
    """

    candidates: tuple[Candidate, ...]
    best: Candidate | None
    plan: str
    factor: float

    def __str__(self) -> str:
        lines = [f"under {self.plan}; the dose is known within a factor of {self.factor:.2f} (90 %)"]
        for c in self.candidates:
            when = "genotype" if c.day is None else f"in {c.day:g} d"
            told = "" if c.forecast is None else "  {1:.2f} ({0:.2f} to {2:.2f})".format(*c.forecast)
            mark = " <- best" if c == self.best else ""
            lines.append(f"{c.what:8} {when:10} narrows the dose by {c.narrows:4.0%}{told}{mark}")
        return "\n".join(lines)

    __repr__ = __str__


def next_observation(
    twin: Any,
    days: Sequence[float] = DAYS,
    plan: Plan | None = None,
    target: float | None = None,
    draws: int = 200,
    seed: int = 1,
) -> NextObservation:
    """Candidates for the next observation; see the module's formula and ``Twin.next_observation``."""
    therapy = twin.therapy
    sample = twin.draws(draws, seed)
    goal = twin.target if target is None else float(target)
    dose = solve(therapy, twin.population, sample.params, goal)
    usable = np.isfinite(dose)
    chosen = plan or _usual(twin, dose[usable])
    if np.count_nonzero(usable) < _FEW:
        return NextObservation((), None, chosen.name, float("inf"))
    logs = np.log(dose[usable])
    spread = float(logs.std())
    found = [*_genes(twin, sample, usable, logs), *_outputs(twin, sample, usable, logs, chosen, days, seed)]
    return NextObservation(tuple(found), _best(found), chosen.name, float(np.exp(1.645 * spread)))


def _usual(twin: Any, doses: Array) -> Plan:
    """What is taken now, going on; in a patient who takes nothing the twin's own dose."""
    if twin.history.current_daily(twin.hour) or not doses.size:
        return continued(twin)
    own = twin.therapy.round_dose(float(np.median(doses)))
    plan: Plan = twin.therapy.plan("the twin's dose", own)
    return plan


def _narrowed(before: float, after: float) -> float:
    return 1.0 - float(np.sqrt(max(after, 0.0) / before)) if before > _TINY else 0.0


def _outputs(
    twin: Any,
    sample: Draws,
    usable: NDArray[np.bool_],
    logs: Array,
    plan: Plan,
    days: Sequence[float],
    seed: int,
) -> Iterator[Candidate]:
    """The observed output on each day under the plan."""
    from pytwin import _core

    therapy = twin.therapy
    residual = twin.population.residuals[therapy.output]
    hours = 24.0 * np.asarray(sorted(days), dtype=np.float64)
    latent = simulate_plans(twin, sample, [plan], hours, [therapy.output]).outputs[therapy.output][0]
    noise = _core.normals(seed, _core.PURPOSE["MEASUREMENT"], np.array([0]), len(sample), hours.size)[0]
    spans = np.quantile(with_error(latent, noise, residual), _NOISE_DRAWS_LEVEL, axis=0).T
    for hour, span, h in zip(hours, spans, latent[usable].T, strict=True):
        y, error = _on_noise_scale(h, residual)
        told = float(np.cov(logs, y, bias=True)[0, 1]) ** 2 / (float(y.var()) + error)
        narrows = _narrowed(float(logs.var()), float(logs.var()) - told)
        low, median, high = (float(v) for v in span)
        yield Candidate(therapy.output, float(hour) / 24, (low, median, high), narrows)


def _on_noise_scale(h: Array, residual: Residual) -> tuple[Array, float]:
    """Latent values and the variance of the error on the scale on which it is added."""
    if residual.kind == "log-additive":
        return np.log(np.maximum(h, _TINY)), residual.a**2
    size = float(np.abs(h).mean())
    variance = {
        "additive": residual.a**2,
        "proportional": (residual.b * size) ** 2,
        "combined": residual.a**2 + (residual.b * size) ** 2,
    }
    return h, variance[residual.kind]


def _genes(twin: Any, sample: Draws, usable: NDArray[np.bool_], logs: Array) -> Iterator[Candidate]:
    """The genotype of each gene that is not known; one that was called and for which the Population has no
    value need not be tested again."""
    component = sample.component[usable]
    for gene in open_genes(twin.population, twin.genome, twin.record.patient.race):
        if gene in twin.genotypes:
            continue
        labels = np.array([g[gene] for g in twin.components.labels])[component]
        within = sum(
            float(np.mean(labels == g)) * float(logs[labels == g].var())
            for g in dict.fromkeys(labels.tolist())
        )
        yield Candidate(gene, None, None, _narrowed(float(logs.var()), within))


def _best(found: Sequence[Candidate]) -> Candidate | None:
    most = max((c.narrows for c in found), default=0.0)
    if most <= 0.01:
        return None
    return next(c for c in found if c.narrows >= NEARLY * most)
