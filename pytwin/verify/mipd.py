"""The virtual warfarin trials of Augustin et al. as Histories: reading them, and their patients' priors.

The files (``pkpd/mipd_warfarin_trial``, ``pkpd/CASES.md`` section 10) are no record format that anybody
keeps patients in, so this adapter lives beside the cases that use it. Doses stand at hour 24 (day - 1); an
INR of the same hour was taken before the dose. An INR before the first dose is an observation like any
other: it carries the same error.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pytwin.model.population import Population
from pytwin.therapies import load
from pytwin.therapies.therapy import Given, History, Therapy
from pytwin.twin import filtering, prior
from pytwin.twin.filtering import Filtered
from pytwin.twin.prior import Components
from pytwin.verify.run import Context

Floats = NDArray[np.float64]
CYP2C9 = ("*1/*1", "*1/*2", "*1/*3", "*2/*2", "*2/*3", "*3/*3")
VKORC1 = ("G/G", "A/G", "A/A")
PHASES = ("I", "II", "III")
REGIMENS = {"Bayesian": "pkpd_bayes_given_dev.csv", "reinforcement-learning": "rl_given_dev.csv"}
_OUTPUTS = {"INR": "INR", "central_warfarin.warfarin_concentration": "Cs"}
_SOURCE = "virtual trial"


@dataclass(frozen=True)
class Trial:
    """Patients of one file.

    Attributes
    ----------
    ids : ndarray of int, shape (N,)
    histories : tuple of History
    genotypes : tuple of dict
        Gene -> genotype.
    """

    ids: NDArray[np.int64]
    histories: tuple[History, ...]
    genotypes: tuple[Mapping[str, str], ...]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.bool_]) -> Trial:
        """Some of the patients."""
        kept = np.flatnonzero(rows)
        return Trial(
            self.ids[kept],
            tuple(self.histories[i] for i in kept),
            tuple(self.genotypes[i] for i in kept),
        )

    @property
    def even(self) -> Trial:
        """Patients on whom choices may be made."""
        return self.take(self.ids % 2 == 0)

    @property
    def odd(self) -> Trial:
        """Patients on whom figures are reported."""
        return self.take(self.ids % 2 == 1)

    def seen(self, n: int) -> Trial:
        """The same patients when ``n`` INRs are known; the time is that of the last one, before its dose."""
        return replace(self, histories=tuple(_until(h, n) for h in self.histories))

    def unseen(self) -> Trial:
        """The same patients and doses with every INR missing."""
        blind = (replace(h, values=np.full_like(h.values, np.nan)) for h in self.histories)
        return replace(self, histories=tuple(blind))

    @property
    def values(self) -> Floats:
        """Observations, shape (N, n), of a file in which all patients have as many."""
        return np.array([h.values for h in self.histories])


def _until(history: History, n: int) -> History:
    end = float(history.times[n - 1]) if n else 0.0
    doses = tuple(d for d in history.doses if d.time < end)
    columns = {name: getattr(history, name)[:n] for name in ("times", "values", "censor")}
    return replace(history, doses=doses, end=end, **columns)


def folder(context: Context) -> Path:
    """Where the trials are."""
    return context.folder("pkpd", "mipd_warfarin_trial")


def read_phase(place: Path, phase: str) -> Trial:
    """The patients of phase I (concentrations), II or III (INRs)."""
    rows: dict[int, list[dict[str, str]]] = {}
    for row in _rows(place / f"trial_phase_{phase}_dev.csv"):
        rows.setdefault(int(row["ID"]), []).append(row)
    found = [_phase_patient(patient) for patient in rows.values()]
    return Trial(np.array(list(rows)), tuple(h for h, _ in found), tuple(g for _, g in found))


def _phase_patient(rows: Sequence[Mapping[str, str]]) -> tuple[History, dict[str, str]]:
    facts = {r["Observable"]: float(r["Value"]) for r in rows if not r["Time"]}
    doses = [(float(r["Time"]), float(r["Dose"])) for r in rows if r["Dose"]]
    seen = [(float(r["Time"]), float(r["Value"])) for r in rows if r["Observable"] in _OUTPUTS]
    output = next(_OUTPUTS[r["Observable"]] for r in rows if r["Observable"] in _OUTPUTS)
    genotypes = _genotypes(facts["CYP2C9"], facts["VKORC1"])
    return _history(doses, seen, facts["Age"], output), genotypes


def read_regimen(place: Path, regimen: str) -> Trial:
    """The patients of the comparison of strategies along one of ``REGIMENS``."""
    facts = {int(r["ID"]): r for r in _rows(place / "summary_dev.csv")}
    days: dict[int, list[tuple[float, float, float]]] = {}
    for r in _rows(place / REGIMENS[regimen]):
        day = (float(r["hour"]), float(r["INR_before_dose"]), float(r["dose_given_mg"]))
        days.setdefault(int(r["ID"]), []).append(day)
    histories, genotypes = [], []
    for patient, rows in days.items():
        fact = facts[patient]
        doses, seen = [(t, mg) for t, _, mg in rows], [(t, inr) for t, inr, _ in rows]
        histories.append(_history(doses, seen, float(fact["age"]), "INR"))
        genotypes.append(_genotypes(float(fact["cyp2c9_code"]), float(fact["vkorc1_n_A"])))
    return Trial(np.array(list(days)), tuple(histories), tuple(genotypes))


def read_oracle(place: Path) -> dict[int, float]:
    """Patient -> the oracle's maintenance dose, mg a day."""
    return {int(r["ID"]): float(r["oracle_maintenance_mg"]) for r in _rows(place / "summary_dev.csv")}


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _genotypes(cyp2c9: float, vkorc1: float) -> dict[str, str]:
    return {"CYP2C9": CYP2C9[int(cyp2c9)], "VKORC1": VKORC1[int(vkorc1)]}


def _history(
    doses: Sequence[tuple[float, float]], seen: Sequence[tuple[float, float]], age: float, output: str
) -> History:
    """An untreated start at hour 0; ends at the last observation, before the dose of its hour."""
    ordered = sorted(seen)
    times = np.array([t for t, _ in ordered])
    return History(
        origin=0,
        output=output,
        start="untreated",
        doses=tuple(Given(t, mg, _SOURCE) for t, mg in sorted(doses)),
        switches=(),
        times=times,
        values=np.array([v for _, v in ordered]),
        censor=np.zeros(times.size, dtype=np.int8),
        baseline=None,
        baseline_time=None,
        covariates={"age": age},
        regimen=None,
        coverage=(),
        end=float(times[-1]),
    )


def priors(population: Population, trial: Trial) -> list[Components]:
    """Twins of the patients before any observation."""
    options = [{gene: [(g[gene], 1.0)] for gene in population.genes} for g in trial.genotypes]
    return prior.build(therapy(), population, trial.histories, options)


def assimilate(population: Population, trial: Trial, *, robust: float | None = None) -> list[Filtered]:
    """Twins of the patients at the end of their histories, in one call of the core.

    ``robust`` as ``filtering.run`` has it; 0 makes the likelihood that of the model.
    """
    before = priors(population, trial)
    return filtering.run(therapy(), population, before, trial.histories, robust=robust)


def therapy() -> Therapy:
    """Warfarin."""
    return load("warfarin")
