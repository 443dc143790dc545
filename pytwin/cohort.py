"""Cohort: many twins of one Therapy, held as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.issues import Issues
from pytwin.model.population import Population, from_scale
from pytwin.therapies import load
from pytwin.therapies.therapy import History, Therapy
from pytwin.twin import Twin, conflict, filtering, prior
from pytwin.twin.conflict import Conflict, Subject
from pytwin.twin.dose import solve
from pytwin.twin.filtering import Filtered
from pytwin.twin.mixture import moments, quantile, root
from pytwin.twin.parts import genome_of, switch_factors
from pytwin.twin.prior import Components
from pytwin.twin.trace import TracePoint, trace

Array = NDArray[np.float64]
Genomes = Mapping[str, Any] | Sequence[Any] | None


@dataclass(frozen=True)
class _Members:
    """What a Cohort is made of; lists are in the order of the records."""

    therapy: Therapy
    population: Population
    records: tuple[Any, ...]
    genomes: tuple[Any, ...]
    start: str
    histories: tuple[History, ...]
    prior: tuple[Components, ...]
    components: tuple[Components, ...]
    issues: tuple[Issues, ...]
    filtered: tuple[Filtered, ...] = ()


class Cohort:
    """Twins of many patients, computed together; immutable like a Twin.

    Parameters
    ----------
    therapy : str or Therapy
    records : iterable of Record
    genomes : mapping of patient id to Genome, or sequence in the order of the records, optional
        A patient without one has the genotypes of the record's own table, else none.
    population : str or Population, optional
    start : {"auto", "untreated", "steady", "unknown"}
    """

    def __init__(
        self,
        therapy: str | Therapy,
        records: Iterable[Any],
        genomes: Genomes = None,
        population: str | Population | None = None,
        start: str = "auto",
    ) -> None:
        chosen = load(therapy)
        people = (
            population
            if isinstance(population, Population)
            else Population.load(population or chosen.population)
        )
        members = tuple(records)
        if not members:
            raise InputError("cohort.empty", "a cohort needs at least one record", place="records")
        genes = _genomes(members, genomes)
        histories = tuple(chosen.read(r, start, people) for r in members)
        issues = tuple(Issues(h.issues) for h in histories)
        options = [
            prior.genotype_options(people, g, r.patient.race, i)
            for g, r, i in zip(genes, members, issues, strict=True)
        ]
        built = tuple(prior.build(chosen, people, histories, options))
        self._members = _Members(chosen, people, members, genes, start, histories, built, built, issues)

    @classmethod
    def _of(cls, members: _Members) -> Cohort:
        cohort = cls.__new__(cls)
        cohort._members = members
        return cohort

    def __len__(self) -> int:
        return len(self._members.records)

    @property
    def population(self) -> Population:
        """The Population behind the priors."""
        return self._members.population

    @property
    def ids(self) -> tuple[str, ...]:
        """Patient ids."""
        return tuple(r.patient.id for r in self._members.records)

    @property
    def histories(self) -> tuple[History, ...]:
        """Each record as the Therapy sees it."""
        return self._members.histories

    @property
    def components(self) -> tuple[Components, ...]:
        """Each patient's mixture."""
        return self._members.components

    @property
    def issues(self) -> tuple[Issues, ...]:
        """Each patient's issues."""
        return self._members.issues

    @property
    def mean(self) -> Array:
        """Means of z = [states, theta] on the estimation scale, shape (N, n_z)."""
        return np.array([moments(*c)[0] for c in self.components])

    @property
    def cov(self) -> Array:
        """Covariances of z, shape (N, n_z, n_z)."""
        return np.array([moments(*c)[1] for c in self.components])

    @property
    def status(self) -> NDArray[np.int32]:
        """0, or why the filter failed for a patient, shape (N,)."""
        found = [f.status for f in self._members.filtered] or [0] * len(self)
        return np.array(found, dtype=np.int32)

    @property
    def loglike(self) -> Array:
        """Log-likelihood of each patient's observations, shape (N,); zeros for priors."""
        return np.array([f.loglike for f in self._members.filtered] or [0.0] * len(self))

    @property
    def traces(self) -> tuple[tuple[TracePoint, ...], ...]:
        """One-step-ahead forecasts of each patient's observations; none where the filter failed."""
        m = self._members
        pairs = zip(m.histories, m.filtered, strict=False)
        return tuple(() if f.status else trace(m.population, h, f) for h, f in pairs)

    def conflicts(self, *, threads: int = 1) -> list[tuple[Conflict, ...]]:
        """Each patient's conflicts, as ``Twin.conflicts``, computed together; none for priors."""
        m = self._members
        columns = zip(m.prior, m.histories, m.filtered, m.genomes, m.records, strict=False)
        subjects = [Subject(p, h, f, g, r.patient.race) for p, h, f, g, r in columns]
        found = conflict.find(m.therapy, m.population, subjects, threads=threads)
        return found or [()] * len(self)

    def assimilate(self, *, errors: str = "status", threads: int = 1) -> Cohort:
        """Condition every twin on its record, all in one call of the core.

        Parameters
        ----------
        errors : {"status", "raise"}
            A failed patient gets a status, or stops the call.
        threads : int

        Returns
        -------
        Cohort
        """
        if errors not in ("status", "raise"):
            raise InputError("cohort.bad-errors", "errors is raise or status", place=errors)
        m = self._members
        found = filtering.run(m.therapy, m.population, m.prior, m.histories, errors=errors, threads=threads)
        return Cohort._of(replace(m, filtered=tuple(found), components=tuple(f.components for f in found)))

    def twin(self, index: int) -> Twin:
        """One patient's twin, assimilated if the cohort is."""
        m = self._members
        twin = Twin(m.therapy, m.records[index], m.genomes[index], m.population, m.start)
        return twin.assimilate() if m.filtered else twin

    def dose_for(self, target: float | Array | None = None, *, threads: int = 1) -> Array:
        """Median daily dose that holds a target at steady state, shape (N,).

        Parameters
        ----------
        target : float or ndarray (N,), optional
            NaN or None: the record's, else the Therapy's target.
        """
        return self.dose_quantiles(target, (0.5,), threads=threads)[:, 0]

    def dose_quantiles(
        self,
        target: float | Array | None = None,
        levels: Sequence[float] = (0.1, 0.5, 0.9),
        *,
        threads: int = 1,
    ) -> Array:
        """Quantiles of the daily dose that holds a target, shape (N, levels).

        The log-dose of each component is Gaussian with moments by cubature over theta; one simulation call
        per secant step serves all points of all patients.
        """
        m = self._members
        goal = np.broadcast_to(
            np.nan if target is None else np.asarray(target, dtype=np.float64), (len(self),)
        )
        own = np.array([h.target or m.therapy.target for h in m.histories])
        goal = np.where(np.isnan(goal), own, goal)
        counts = [len(c) for c in m.components]
        exact = tuple(levels) == (0.5,)
        mean, sd = self._log_dose(
            np.repeat(goal, counts), np.repeat(np.array(counts) > 1, counts) | (not exact), threads
        )
        found = np.empty((len(self), len(levels)))
        first = 0
        for i, component in enumerate(m.components):
            rows = slice(first, first + len(component))
            found[i] = [float(quantile(component.weights, mean[rows], sd[rows], p)) for p in levels]
            first += len(component)
        return np.exp(found)

    def _log_dose(self, goal: Array, spread: NDArray[np.bool_], threads: int) -> tuple[Array, Array]:
        """Mean and SD of the log-dose of every component; only the centre where ``spread`` is false."""
        m = self._members
        nt = len(m.population.theta)
        theta = np.concatenate([c.means[:, -nt:] for c in m.components])
        covs = np.concatenate([c.covs[:, -nt:, -nt:] for c in m.components])
        params = np.concatenate([c.params * self._factors(i) for i, c in enumerate(m.components)])
        columns = np.swapaxes(root(covs), 1, 2) * np.sqrt(nt)
        points = [
            theta[:, None, :],
            (theta[:, None, :] + columns)[spread],
            (theta[:, None, :] - columns)[spread],
        ]
        sizes = [1, nt, nt]
        owners = [np.arange(len(theta)), np.flatnonzero(spread), np.flatnonzero(spread)]
        lanes = np.concatenate([np.repeat(o, k) for o, k in zip(owners, sizes, strict=True)])
        natural = params[lanes]
        flat = np.concatenate([p.reshape(-1, nt) for p in points])
        natural[:, m.population.theta_columns()] = from_scale(
            flat, m.population.scales
        ) * self._theta_factors(lanes)
        log_dose = np.log(solve(m.therapy, m.population, natural, goal[lanes], threads=threads))
        mean, sd = log_dose[: len(theta)].copy(), np.full(len(theta), 1e-9)
        if spread.any():
            cloud = log_dose[len(theta) :].reshape(2, -1, nt).transpose(1, 0, 2).reshape(-1, 2 * nt)
            mean[spread], sd[spread] = cloud.mean(axis=1), cloud.std(axis=1)
        return mean, np.maximum(sd, 1e-9)

    def _factors(self, index: int) -> Array:
        m = self._members
        hour = m.histories[index].end if m.filtered else 0.0
        return switch_factors(m.population, m.histories[index], hour)

    def _theta_factors(self, lanes: NDArray[np.intp]) -> Array:
        m = self._members
        rows = np.concatenate([np.tile(self._factors(i), (len(c), 1)) for i, c in enumerate(m.components)])
        return rows[lanes][:, m.population.theta_columns()]

    def __repr__(self) -> str:
        what = "assimilated" if self._members.filtered else "priors"
        return f"<Cohort: {len(self)} patients, {self._members.therapy.name}, {self.population.name}, {what}>"


def _genomes(records: Sequence[Any], genomes: Genomes) -> tuple[Any, ...]:
    if isinstance(genomes, Mapping):
        given = [genomes.get(r.patient.id) for r in records]
    else:
        given = [None] * len(records) if genomes is None else list(genomes)
    if len(given) != len(records):
        raise InputError("cohort.bad-genomes", "there are not as many genomes as records", place="genomes")
    return tuple(genome_of(r, g) for r, g in zip(records, given, strict=True))
