"""Virtual warfarin patients: drawn from a Population, dosed by a plain rule, measured with error.

They are what the twin's own assumptions hold for, so that calibration and speed can be
measured; they say nothing about how well a Population fits real people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.genome import Genome
from pytwin.genome.frequencies import diplotype_frequencies
from pytwin.model import Population
from pytwin.model.actions import boluses, offsets
from pytwin.model.population import from_scale
from pytwin.record import Event, PatientInfo, Record

Array = NDArray[np.float64]
HOUR = 3_600_000_000
DAY = 24 * HOUR
ORIGIN = 1_704_067_200_000_000  # 2024-01-01T00:00Z
YEAR = 365.25 * DAY
# Whose distribution the true parameters follow: twins with the same one know all but the patient.
POPULATION = "warfarin/hamberg2010@1"
# Days on which the INR is taken in the morning; the dose is taken in the evening, hour 18.
VISITS = (2, 3, 4, 6, 8, 10, 13, 16, 20, 24, 28, 33, 38, 43, 48, 53, 58, 63, 68, 73)
INR_HOUR, DOSE_HOUR = 8.0, 18.0


@dataclass(frozen=True)
class VirtualCohort:
    """Records and genomes, with the true parameters (N, n_param) and latent INR (N, visits)."""

    records: tuple[Record, ...]
    genomes: tuple[Genome, ...]
    params: Array
    latent: Array


def cohort(
    n: int,
    seed: int,
    visits: Sequence[int] = VISITS,
    population: str = POPULATION,
    *,
    taken: Array | None = None,
    misread: tuple[int, float] | None = None,
) -> VirtualCohort:
    """Virtual patients starting 5 mg a day, adjusted at each visit by the measured INR.

    Parameters
    ----------
    n : int
    seed : int
    visits : sequence of int
        Days of the INRs.
    population : str
        Whose distribution the true parameters follow.
    taken : ndarray, shape (days,), optional
        What each day's recorded dose is multiplied by to be the one that was taken.
    misread : (visit, value), optional
        An INR that the record has wrong; the doses follow it.

    Returns
    -------
    VirtualCohort
    """
    people = Population.load(population)
    u = _core.uniforms(seed, _core.PURPOSE["DATASET"], np.arange(n), 1, 3)[:, 0, :]
    ages = 35.0 + 50.0 * u[:, 0]
    genotypes = {
        gene: _pick(diplotype_frequencies(gene), u[:, 1 + i]) for i, gene in enumerate(("CYP2C9", "VKORC1"))
    }
    params = _true_parameters(people, ages, genotypes, seed)
    doses, latent, measured = _treat(people, params, visits, seed, taken, misread)
    genomes = tuple(
        Genome.from_diplotypes({g: genotypes[g][i] for g in genotypes}, source="virtual") for i in range(n)
    )
    records = tuple(_record(i, ages[i], doses[i], visits, measured[i]) for i in range(n))
    return VirtualCohort(records, genomes, params, latent)


def _pick(frequencies: dict[str, float], u: Array) -> list[str]:
    names = list(frequencies)
    edges = np.cumsum(list(frequencies.values()))
    return [names[i] for i in np.minimum(np.searchsorted(edges / edges[-1], u), len(names) - 1)]


def _true_parameters(people: Population, ages: Array, genotypes: dict[str, list[str]], seed: int) -> Array:
    """Typical values times log-normal deviations; the baseline INR is that of the Population's prior."""
    n = len(ages)
    covariates = {"age": ages, "amiodarone": np.zeros(n), "enzyme_inducer": np.zeros(n)}
    typical = people.parameters(covariates, genotypes, n)
    omega = people.covariance(covariates, genotypes, n)
    normal = _core.normals(seed, _core.PURPOSE["POPULATION"], np.arange(n), 1, omega.shape[1])[:, 0, :]
    eta = np.einsum("nij,nj->ni", np.linalg.cholesky(omega), normal)
    params = typical.copy()
    params[:, people.theta_columns()] = from_scale(people.to_theta(typical) + eta, people.scales)
    return np.asarray(params)


def _treat(
    people: Population,
    params: Array,
    visits: Sequence[int],
    seed: int,
    taken: Array | None,
    misread: tuple[int, float] | None,
) -> tuple[Array, Array, Array]:
    """Daily doses (N, days), latent and measured INR (N, visits), simulated from visit to visit."""
    n, model = len(params), people.model
    sd = people.residuals["INR"].a
    error = np.exp(
        sd * _core.normals(seed, _core.PURPOSE["MEASUREMENT"], np.arange(n), 1, len(visits))[:, 0, :]
    )
    output = np.array([[o["name"] for o in model.outputs].index("INR")], dtype=np.int32)
    lanes = np.arange(n, dtype=np.int64)
    x, now, dose = model.initial(params), 0.0, np.full(n, 5.0)
    doses, latent, measured = (
        np.zeros((n, visits[-1])),
        np.empty((n, len(visits))),
        np.empty((n, len(visits))),
    )
    share = np.ones(visits[-1]) if taken is None else taken
    for k, day in enumerate(visits):
        end = 24.0 * day + INR_HOUR
        hours = np.array([t for t in 24.0 * np.arange(visits[-1]) + DOSE_HOUR if now <= t < end])
        days = ((hours - DOSE_HOUR) / 24).astype(int)
        doses[:, days] = dose[:, None]
        actions = boluses(np.tile(hours, n), 0, np.outer(dose, share[days]).ravel())
        starts = offsets([hours.size] * n)
        run = model.simulate(params, x, now, actions, starts, np.array([end]), lanes, lanes, output)
        latent[:, k] = run["y"][:, 0, 0]
        measured[:, k] = np.round(latent[:, k] * error[:, k], 2)
        if misread is not None and misread[0] == k:
            measured[:, k] = misread[1]
        x, now, dose = run["x_end"], end, _adjusted(dose, measured[:, k])
    return doses, latent, measured


def _adjusted(dose: Array, inr: Array) -> Array:
    """Next daily dose by the last INR: up or down by 10 or 20 %, to the half milligram, 0.5 to 12 mg."""
    factor = np.select([inr < 1.5, inr < 2.0, inr <= 3.0, inr <= 4.0], [1.2, 1.1, 1.0, 0.9], 0.7)
    return np.asarray(np.clip(np.round(2 * dose * factor) / 2, 0.5, 12.0))


def _record(i: int, age: float, doses: Array, visits: Sequence[int], inr: Array) -> Record:
    """The record of one virtual patient: administrations and INRs."""
    dose = Event(
        offset=0, source="virtual", kind="administration", status="completed", system="RxNorm", code="11289",
        name="warfarin", unit="mg", route="oral",
    )  # fmt: skip
    test = Event(
        offset=0, source="virtual", kind="observation", status="final", system="LOINC", code="6301-6",
        name="INR", unit="{INR}",
    )  # fmt: skip
    given = [
        dose._replace(time=_at(day, DOSE_HOUR), value=float(mg), place=f"dose/{day}")
        for day, mg in enumerate(doses)
    ]
    measured = [
        test._replace(time=_at(day, INR_HOUR), value=float(v), place=f"inr/{day}")
        for day, v in zip(visits, inr, strict=True)
    ]
    return Record.from_events(PatientInfo(id=f"virtual-{i}", age_years=float(age)), [*given, *measured])


def _at(day: int, hour: float) -> int:
    return ORIGIN + day * DAY + int(hour * HOUR)
