"""Therapy: one drug or disease in use, and what it reads from a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pytwin.genome.recommendations import Recommendation, recommendations
from pytwin.issues import Issues
from pytwin.model.genotype_effects import GenotypeEffect, genotype_effects
from pytwin.model.limit import Limit
from pytwin.model.objective import Objective
from pytwin.model.plan import Plan

Array = NDArray[np.float64]
Start = Literal["untreated", "steady", "unknown"]


@dataclass(frozen=True, slots=True)
class Given:
    """A dose that was given: hours since the history's origin, amount in the dose port's unit, where it is
    from."""

    time: float
    amount: float
    source: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A dose on which two sources of the record disagree, in the dose port's unit: what a less reliable
    ``source`` told, and what was ``believed`` ``by`` another instead (0 by none: no dose)."""

    time: float
    told: float
    believed: float
    source: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Switch:
    """An interacting drug that starts (``on``) or stops at an hour."""

    time: float
    covariate: str
    on: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a kind of data supports the twin: present, stale or missing, with its age in days."""

    what: str
    state: Literal["present", "stale", "missing"]
    age_days: float | None
    text: str


@dataclass(frozen=True)
class History:
    """A record as a Therapy sees it; hours count from ``origin`` (microseconds UTC).

    Attributes
    ----------
    start : {"untreated", "steady", "unknown"}
        The state at ``origin``; ``regimen`` is then (amount, hours between doses) for "steady".
    doses : tuple of Given
    times, values, censor : ndarray, shape (n,)
        Observations of ``output`` from ``origin`` on: censor -1 below the value, +1 above it.
    baseline : float or None
        The measurement before treatment.
    covariates : dict
        Name -> number, absent where unknown.
    end : float
        The last hour for which the record says something.
    differences : tuple of Difference
        Doses on which sources of the record disagree.
    target : float or None
        Where the record says that this patient's output is wanted.
    """

    origin: int
    output: str
    start: Start
    doses: tuple[Given, ...]
    switches: tuple[Switch, ...]
    times: Array
    values: Array
    censor: NDArray[np.int8]
    baseline: float | None
    baseline_time: int | None
    covariates: Mapping[str, float]
    regimen: tuple[float, float] | None
    coverage: tuple[Coverage, ...]
    end: float
    issues: Issues = field(default_factory=Issues)
    differences: tuple[Difference, ...] = ()
    target: float | None = None

    def since(self, hour: float) -> tuple[Given, ...]:
        """Doses from an hour on."""
        return tuple(d for d in self.doses if d.time >= hour)

    def current_daily(self, hour: float, window: float = 168.0) -> float | None:
        """Daily amount of the last two doses before ``hour`` that were not held; None without one in
        ``window``."""
        recent = [d for d in self.doses if hour - window <= d.time <= hour]
        taken = [d for d in recent if d.amount > 0][-2:]
        if len(taken) < 2:
            return taken[0].amount if taken else None
        first, last = taken
        held = any(first.time < d.time < last.time for d in recent)
        gap = 24.0 if held else max(last.time - first.time, 1.0)
        # Clock times of daily doses differ by an hour or two: whole days, or parts of one.
        days = max(1.0, round(gap / 24)) if gap > 18 else gap / 24
        return (first.amount + last.amount) / 2 / days

    def next_dose_delay(self, hour: float, every: float = 24.0) -> float:
        """Hours from ``hour`` until the next dose is due, 0 when none was given lately."""
        last = max((d.time for d in self.doses if d.time <= hour), default=-np.inf)
        return max(0.0, last + every - hour) if hour - last < every else 0.0


@dataclass(frozen=True, slots=True)
class Patient:
    """What Limits are judged on; ``hour`` and ``now`` (microseconds UTC) are the twin's time; ``genome`` may
    be None."""

    record: Any
    history: History
    hour: float
    now: int
    genome: Any = None


@dataclass(frozen=True)
class Therapy:
    """One drug or disease in use.

    Attributes
    ----------
    name, title : str
    population : str
        Name of the default Population.
    drug, route, unit : str
        The dose port.
    output : str
        The observed output, and ``analyte`` its name in a Record.
    target : float
        Where the default Objective wants the output.
    objective : Objective
        Default.
    limits : tuple of Limit
    read : callable
        ``read(record, start, population) -> History``.
    candidates : callable
        ``candidates(twin) -> list[Plan]``.
    label_dose : callable
        ``label_dose(genotypes) -> (low, high) | None``.
    round_dose : callable
        A wanted daily amount to daily amounts that existing forms can make, in turn.
    support : callable
        ``support(twin) -> list[str]``: why the data do not suffice for a ranking; empty when they do.
    citations : tuple of str
    aims : callable, optional
        ``aims(target) -> Objective`` for a patient with another target.
    robust : float
        An observation that misses its forecast by more predicted SDs than this weighs less (kalman.h); 0: all
        weigh the same.
    """

    name: str
    title: str
    population: str
    drug: str
    route: str
    unit: str
    output: str
    analyte: str
    target: float
    objective: Objective
    limits: tuple[Limit, ...]
    read: Callable[..., History]
    candidates: Callable[[Any], list[Plan]]
    round_dose: Callable[[float], Sequence[float]]
    support: Callable[[Any], list[str]]
    citations: tuple[str, ...]
    robust: float = 0.0
    aims: Callable[[float], Objective] | None = None

    def aim(self, target: float) -> Objective:
        """The default Objective for a target."""
        return self.objective if self.aims is None or target == self.target else self.aims(target)

    @property
    def recommendations(self) -> tuple[Recommendation, ...]:
        """What CPIC's tables recommend for the drug by phenotype, as data; empty where they have nothing."""
        return recommendations(self.drug)

    @property
    def populations(self) -> list[str]:
        """Names of the Populations that are built in."""
        from pytwin.model.population import Population

        return Population.list(self.name)

    @property
    def genotype_effects(self) -> tuple[GenotypeEffect, ...]:
        """How genotypes or phenotypes change parameters in the default Population, with citations."""
        from pytwin.model.population import Population

        return genotype_effects(Population.load(self.population))

    def plan(self, name: str, daily: Sequence[float], *, kind: str = "", until: str = "365 d") -> Plan:
        """A plan that takes the amounts of ``daily`` in turn, one a day."""
        plan = Plan(name, kind=kind)
        cycle = len(daily)
        for day, amount in enumerate(daily):
            if amount > 0:
                every, start = f"{24 * cycle} h", f"{24 * day} h"
                plan = plan.dose(
                    self.drug, amount, self.unit, every=every, route=self.route, start=start, until=until
                )
        return plan

    def __repr__(self) -> str:
        return f"Therapy({self.name!r}: {self.title})"
