"""Twin: a Model whose states and parameters are a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pytwin.issues import Issues
from pytwin.model.actions import Actions
from pytwin.model.plan import Plan
from pytwin.model.population import Population
from pytwin.therapies import load
from pytwin.therapies.dosing import US_PER_HOUR
from pytwin.therapies.therapy import Coverage, History, Therapy
from pytwin.twin import conflict, filtering, prior
from pytwin.twin.conflict import Conflict, Subject
from pytwin.twin.dose import DoseEstimate, solve
from pytwin.twin.forecast import Forecast, forecast
from pytwin.twin.html import twin_html
from pytwin.twin.mixture import draw, mirrored, moments
from pytwin.twin.next import DAYS, NextObservation, next_observation
from pytwin.twin.parts import (
    Parts,
    genome_of,
    microseconds,
    population_of,
    posterior,
    prior_parts,
    switch_factors,
    updated,
)
from pytwin.twin.prior import Components
from pytwin.twin.shape import shape
from pytwin.twin.simulation import Draws, Simulation, output_times, simulate_plans, to_draws
from pytwin.twin.summary import Summary, coverage, intervals, summary
from pytwin.twin.trace import TracePoint, trace
from pytwin.twin.trust import Trust, trust

if TYPE_CHECKING:
    from pytwin.rank import Ranking

Array = NDArray[np.float64]
Instant = int | str | np.datetime64


class Twin:
    """A patient's Model as a distribution over states and parameters.

    The prior comes from covariates and genotype; ``assimilate`` conditions it on the record. A Twin never
    changes. Its distribution is a mixture of Gaussians over z = [states, theta], one component for each
    genotype that the data leave open.

    Parameters
    ----------
    therapy : str or Therapy
        For example ``"warfarin"``.
    record : Record
    genome : Genome, optional
        Without it every genotype is missing, which widens the prior.
    population : str or Population, optional
        Default: the Therapy's.
    start : {"auto", "untreated", "steady", "unknown"}
        The state at the first dose or observation: untreated; at steady state on the reported regimen; or
        unknown, hence wide. "auto" chooses from the record and ``history.start`` shows what was chosen.

    Raises
    ------
    InputError
        For an unknown therapy, population or start.
    """

    def __init__(
        self,
        therapy: str | Therapy,
        record: Any,
        genome: Any = None,
        population: str | Population | None = None,
        start: str = "auto",
    ) -> None:
        chosen = load(therapy)
        people = population_of(chosen, population)
        self._parts = prior_parts(chosen, people, record, genome_of(record, genome), start, None)

    @classmethod
    def _of(cls, parts: Parts) -> Twin:
        twin = cls.__new__(cls)
        twin._parts = parts
        return twin

    @property
    def therapy(self) -> Therapy:
        """The Therapy."""
        return self._parts.therapy

    @property
    def population(self) -> Population:
        """The Population behind the prior."""
        return self._parts.population

    @property
    def record(self) -> Any:
        """The Record."""
        return self._parts.record

    @property
    def genome(self) -> Any:
        """The Genome, or None."""
        return self._parts.genome

    @property
    def history(self) -> History:
        """The record as the Therapy sees it: doses, observations, covariates, start."""
        return self._parts.history

    @property
    def components(self) -> Components:
        """The mixture: labels, weights (K,), means (K, n_z), covs (K, n_z, n_z)."""
        return self._parts.components

    @property
    def hour(self) -> float:
        """Hours from the history's origin to the instant that the twin stands for."""
        return self._parts.hour

    @property
    def time(self) -> int:
        """The instant that the twin stands for, microseconds UTC."""
        return self.history.origin + round(self.hour * US_PER_HOUR)

    @property
    def target(self) -> float:
        """Where the output is wanted: as the record says for this patient, else the Therapy's."""
        return self.history.target or self.therapy.target

    @property
    def issues(self) -> Issues:
        """What was odd in the record and the genome, and what was done about it."""
        return self._parts.issues

    @property
    def genotypes(self) -> dict[str, str]:
        """Gene -> genotype where it is known for certain and the Population has a value for it."""
        return prior.sure_genotypes(self.population, self.genome, self.record.patient.race)

    @property
    def names(self) -> tuple[str, ...]:
        """States, then theta."""
        return (*(s["name"] for s in self.population.model.states), *self.population.theta)

    @property
    def scales(self) -> tuple[str, ...]:
        """Estimation scale of each name: identity, log or logit."""
        return ("identity",) * (len(self.names) - len(self.population.theta)) + self.population.scales

    @cached_property
    def _moments(self) -> tuple[Array, Array]:
        return moments(*self.components)

    @property
    def mean(self) -> Array:
        """Mean of z on the estimation scale, shape (n_z,)."""
        return self._moments[0]

    @property
    def cov(self) -> Array:
        """Covariance of z on the estimation scale, shape (n_z, n_z)."""
        return self._moments[1]

    @property
    def loglike(self) -> float:
        """Log-likelihood of the assimilated observations; 0 for a prior."""
        return self._parts.filtered.loglike if self._parts.filtered else 0.0

    @cached_property
    def prior(self) -> Twin:
        """The twin before any observation, at the origin of its history."""
        parts = self._parts
        return Twin._of(replace(parts, components=parts.prior, hour=0.0, filtered=None))

    @cached_property
    def trace(self) -> tuple[TracePoint, ...]:
        """One-step-ahead forecast of each assimilated observation, with measurement error."""
        parts = self._parts
        return trace(parts.population, parts.history, parts.filtered) if parts.filtered else ()

    @cached_property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Contradictions of the data to what was expected, those that stop a ranking first; () of a prior."""
        p = self._parts
        if p.filtered is None:
            return ()
        subject = Subject(p.prior, p.history, p.filtered, p.genome, p.record.patient.race)
        return conflict.find(p.therapy, p.population, [subject])[0]

    shape = shape

    @property
    def n_assimilated(self) -> int:
        """Number of observations that condition the twin."""
        return len(self.trace)

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """What data there are: observations, doses and one row for each gene."""
        return coverage(self)

    def observed_until(self, hour: float) -> float | None:
        """Hour of the last assimilated observation at or before ``hour``."""
        seen = [p.hour for p in self.trace if p.hour <= hour]
        return seen[-1] if seen else None

    def assimilate(
        self, record: Any = None, until: Instant | None = None, method: str | None = None, **options: Any
    ) -> Twin:
        """Condition on the record's observations.

        Parameters
        ----------
        record : Record, optional
            Later or corrected events; they are merged with those that the twin has.
        until : int, str or datetime64, optional
            Microseconds UTC, or a time in UTC; what is later is not used and the new twin stands for this
            instant. Default: the last observation or dose of the record.
        method : str, optional
            One of ``pytwin.estimation.METHODS``, by default ``"ukf"``; or ``"posterior"``, exact moments.
            All is run again from the record's start, so that late events come to their place.
        **options
            Of the method, such as ``n_particle``, ``seed`` or ``robust``; ``accuracy`` of ``"posterior"``.

        Returns
        -------
        Twin
            A new one.

        Raises
        ------
        InputError
            ``estimation.unknown-method``, ``-option``, ``estimation.bad-option``, ``twin.other-patient``.
        ComputationError
            When the filter fails.
        """
        parts = self._parts
        fresh = updated(parts, record, None if until is None else microseconds(until))
        subject = parts.therapy, parts.population, [fresh.components], [fresh.history]
        (filtered,) = filtering.run(*subject, method=method or "ukf", options=options)
        return Twin._of(posterior(fresh, filtered))

    def factors(self) -> Array:
        """What interacting drugs that came or went since the origin multiply parameters by, (n_param,)."""
        return switch_factors(self.population, self.history, self.hour)

    def pending_actions(self) -> Actions:
        """Doses at the twin's instant, before which the filter stops, and drugs that change later."""
        return filtering.pending_actions(self.therapy, self.population, self.history, self.hour)

    @property
    def next_dose_delay(self) -> float:
        """Hours until the next daily dose is due; plans start then."""
        return self.history.next_dose_delay(self.hour)

    def draws(self, n: int, seed: int = 1) -> Draws:
        """Patients that this twin could be; the same seed gives the same ones, bit for bit.

        Parameters
        ----------
        n : int
        seed : int

        Returns
        -------
        Draws
            States and parameters on the natural scale.
        """
        c = self.components
        z, component = draw(c.weights, c.means, c.covs, n, seed)
        return to_draws(self, z, component)

    def simulate(
        self,
        plan: Plan | Sequence[Plan],
        times: Sequence[float] | None = None,
        *,
        horizon: str | float | None = None,
        draws: int = 500,
        seed: int = 1,
        outputs: Sequence[str] | None = None,
    ) -> Simulation:
        """Simulate a plan, or several with the same draws.

        Parameters
        ----------
        plan : Plan or sequence of Plan
        times : sequence of float, optional
            Hours from the twin's time.
        horizon : str or float, optional
            Instead of times: daily points until here.
        draws, seed : int
        outputs : sequence of str, optional
            Default: what the Therapy observes.

        Returns
        -------
        Simulation
            Latent values, without measurement error.
        """
        if isinstance(times, str):
            times, horizon = None, times
        plans = [plan] if isinstance(plan, Plan) else list(plan)
        wanted = list(outputs or (self.therapy.output,))
        return simulate_plans(self, self.draws(draws, seed), plans, output_times(horizon, times), wanted)

    def forecast(
        self,
        times: Sequence[float],
        plan: Plan | None = None,
        *,
        draws: int = 1000,
        seed: int = 1,
        level: float = 0.9,
    ) -> Forecast:
        """What will be measured at ``times`` (hours from the twin's time) under a plan.

        Without a plan the mean daily dose of the last week goes on. The interval contains the measurement
        error.
        """
        return forecast(self, times, plan, draws, seed, level)

    def dose_for(self, target: float | None = None, *, draws: int = 200, seed: int = 1) -> DoseEstimate:
        """Daily dose that holds a target at steady state, for each of some ``mixture.mirrored`` draws.

        Parameters
        ----------
        target : float, optional
            Default: the twin's.
        draws, seed : int

        Returns
        -------
        DoseEstimate
            Its ``median`` is the twin's dose; ``therapy.round_dose`` makes tablets of it.
        """
        goal = self.target if target is None else float(target)
        c = self.components
        params = to_draws(self, *mirrored(c.weights, c.means, c.covs, draws, seed)).params
        doses = solve(self.therapy, self.population, params, goal)
        return DoseEstimate(goal, doses[np.isfinite(doses)])

    def next_observation(self, days: Sequence[float] = DAYS, **options: Any) -> NextObservation:
        """How far an observation on each of some days, or a genotype, would narrow the dose that is needed.

        Options are ``plan`` (what is given until then; default: what is taken now), ``target``, ``draws``
        and ``seed``.
        """
        return next_observation(self, days, **options)

    def trust(self, *, genome: bool = True) -> tuple[Trust, ...]:
        """What speaks for and against the Population in this patient; no genotype without ``genome``."""
        return trust(self, genome=genome)

    def interval(self, level: float = 0.9) -> dict[str, tuple[float, float]]:
        """Central interval of every state and parameter on its natural scale."""
        return intervals(self, level)

    def summary(self) -> Summary:
        """Each parameter before and after, with units; genotypes with weights; coverage."""
        return summary(self)

    def rank(
        self,
        plans: Sequence[Plan] | None = None,
        objective: Any = None,
        horizon: str | float = "30 d",
        draws: int = 2000,
        seed: int = 1,
        **options: Any,
    ) -> Ranking:
        """Rank plans; see ``pytwin.rank.rank``. Defaults come from the Therapy."""
        from pytwin.rank import rank

        return rank(self, plans, objective, horizon, draws, seed, **options)

    def plot(self, what: str = "parameters") -> Any:
        """A figure: ``parameters`` before and after, or the ``trace`` of forecasts and measurements."""
        from pytwin.report import plots

        return plots.of_twin(self, what)

    def __repr__(self) -> str:
        what = f"{self.n_assimilated} observations" if self._parts.filtered else "prior"
        return (
            f"<Twin: {self.therapy.name}, {self.population.name}, {len(self.components)} components, {what}>"
        )

    def _repr_html_(self) -> str:
        return twin_html(self)
