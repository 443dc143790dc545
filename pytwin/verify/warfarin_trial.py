"""Suite ``warfarin-trial``: learning from INRs on virtual patients whose truth is another, larger model.

Patients of Augustin et al. (``pkpd/CASES.md``, section 10) are replayed in time order with the
Population ``warfarin/mipd``. Every choice (the fit, the random walks, ``SHARE``) was made on even IDs; judged
are odd IDs, and the last INR carried forward is computed on the same patients.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pytwin.model.population import Population
from pytwin.verify import mipd, trial_default
from pytwin.verify.case import Case, at_most, between, equal, info
from pytwin.verify.mipd import Trial
from pytwin.verify.replay import Floats, Forecasts, forecasts, maintenance
from pytwin.verify.run import Context

POPULATION = "warfarin/mipd@1"
SOURCE = "issue 3 and pkpd/CASES.md section 10, odd IDs"
PUBLISHED = "pkpd/CASES.md section 10, all IDs"
BAND = (0.85, 0.95)
# INR of each set that is forecast -> the last INR carried forward as published, all IDs.
PHASE_III = {4: 0.360, 8: 0.390, 12: 0.236}
DAYS = {4: 0.308, 8: 0.319, 19: 0.285}
# Known INRs -> largest mean absolute error of the dose, mg; None is shown only.
DOSE = {0: 1.68, 3: 2.06, 7: None, 19: 1.57}
# The oracle's maintenance dose ends a course of 19 days that begins with a loading under known parameters. It
# is this share of the dose that holds INR 2.5 for good: the value with the least error over DOSE, even IDs.
SHARE = 0.88
TARGET = 2.5


def cases(context: Context) -> Iterator[Case]:
    """Forecasts in phase III and along both regimens of the comparison, then doses."""
    population = Population.load(POPULATION)
    place = mipd.folder(context)
    context.say("phase III")
    yield from phase_iii(population, mipd.read_phase(place, "III"), context.full)
    for regimen in mipd.REGIMENS:
        context.say(f"{regimen} regimen")
        trial = mipd.read_regimen(place, regimen)
        yield from strategy(population, trial, regimen, context.full)
    context.say("doses")
    trial = mipd.read_regimen(place, "Bayesian")
    yield from doses(population, trial, mipd.read_oracle(place), context.full)
    if context.full:
        context.say("the default Population beside Hamberg's")
        yield from trial_default.cases(place)


def phase_iii(population: Population, trial: Trial, full: bool) -> Iterator[Case]:
    """INR 4, 8 and 12 from those before, against the last INR and against no INR."""
    yield from _published("phase III", trial, PHASE_III)
    found = forecasts(population, trial.odd)
    blind = forecasts(population, trial.odd, covariates_only=True)
    for k in PHASE_III:
        head = f"phase III, INR {k} from {k - 1}"
        yield from _judged(head, found, k)
        name = f"{head}: median absolute error, at most that of covariates alone"
        yield at_most(name, blind.error(k), found.error(k), source=SOURCE)
    if full:
        yield from _every("phase III", forecasts(population, trial))


def strategy(population: Population, trial: Trial, regimen: str, full: bool) -> Iterator[Case]:
    """INRs of days 4, 8 and 19 along the doses of a strategy."""
    if regimen == "Bayesian":
        yield from _published(f"{regimen} regimen", trial, DAYS)
    found = forecasts(population, trial.odd)
    blind = forecasts(population, trial.odd, covariates_only=True)
    for k in DAYS:
        head = f"{regimen} regimen, INR of day {k} from {k - 1}"
        yield from _judged(head, found, k)
        name = f"{head}: median absolute error with covariates alone"
        yield info(name, blind.error(k), source=SOURCE)
    if full:
        yield from _every(f"{regimen} regimen", forecasts(population, trial))


def _published(head: str, trial: Trial, table: dict[int, float]) -> Iterator[Case]:
    """The last INR carried forward in all patients is the published one: the files are read as meant."""
    unused = np.empty_like(trial.values)
    plain = Forecasts(trial.values, unused, unused, unused)
    for k, expected in table.items():
        name = f"{head}, last INR carried forward to INR {k}: median absolute error"
        yield equal(name, expected, plain.carried_forward(k), absolute=6e-4, source=PUBLISHED)


def _judged(head: str, found: Forecasts, k: int) -> Iterator[Case]:
    name = f"{head}: median absolute error, at most that of the last INR"
    yield at_most(name, found.carried_forward(k), found.error(k), source=SOURCE)
    yield between(f"{head}: 90 % intervals cover", BAND, found.covered(k), source=SOURCE)


def _every(head: str, found: Forecasts) -> Iterator[Case]:
    """All patients, all steps: shown."""
    for k in range(1, found.measured.shape[1] + 1):
        yield info(f"{head}, all IDs, INR {k}: median absolute error", found.error(k), source=PUBLISHED)
        yield info(f"{head}, all IDs, INR {k}: 90 % intervals cover", found.covered(k), source=PUBLISHED)


def recommended(population: Population, trial: Trial, n: int) -> Floats:
    """Maintenance dose of a 19-day course when ``n`` INRs are known, shape (N,), mg a day."""
    return SHARE * maintenance(population, trial, n, TARGET)


def doses(population: Population, trial: Trial, oracle: dict[int, float], full: bool) -> Iterator[Case]:
    """Dose against the oracle's after 0, 3, 7 and 19 INRs (all numbers with ``full``)."""
    wanted: Sequence[int] = range(20) if full else tuple(DOSE)
    odd = trial.odd
    best = np.array([oracle[i] for i in odd.ids])
    for n in wanted:
        miss = recommended(population, odd, n) - best
        error, bound = float(np.abs(miss).mean()), DOSE.get(n)
        name = f"dose after {n} INRs against the oracle's"
        if bound is None:
            yield info(f"{name}: mean absolute error, mg", error, source=SOURCE)
        else:
            yield at_most(f"{name}: mean absolute error, mg", bound, error, source=SOURCE)
        yield info(f"{name}: bias, mg", float(miss.mean()), source=SOURCE)
