"""Cases of the two warfarin models: published INRs, the reference library's rows, own tight runs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin.model import Model, Plan, Population
from pytwin.verify.case import Case, at_most, equal
from pytwin.verify.run import Context

Array = NDArray[np.float64]

# INR after 60 days of 10 mg a day, Hamberg 2007 (Clin Pharmacol Ther 2007;81:529-538, figure 3) as restated
# in the reference library, pkpd/models/warfarin_hamberg.md: (age, CYP2C9, VKORC1 -1639, INR to 0.01).
PUBLISHED_2007 = (
    (50, "*1/*1", "GG", 2.41), (50, "*1/*2", "GG", 3.00), (50, "*1/*3", "GG", 3.42),
    (50, "*2/*2", "GG", 5.03), (50, "*2/*3", "GG", 4.73), (50, "*3/*3", "GG", 6.90),
    (50, "*1/*1", "GA", 3.05), (50, "*1/*1", "AA", 3.66), (70, "*1/*1", "GG", 2.65),
    (90, "*1/*1", "GG", 2.97), (50, "*1/*3", "GA", 4.35),
)  # fmt: skip
PUBLISHED_TOLERANCE = 0.01
_CASE = re.compile(r"age ?(\d+) .*?(\*\d/\*\d).*?\b(GG|GA|AG|AA)\b ([\d.]+) mg/d")
_DAY = re.compile(r"day ?(\d+)")


@dataclass(frozen=True)
class Scenario:
    """A daily dose under the typical parameters of a covariate pattern."""

    model: str
    age: float
    cyp2c9: str
    vkorc1: str
    daily: float

    @property
    def name(self) -> str:
        """In words."""
        return (
            f"{self.model}, age {self.age:g}, CYP2C9 {self.cyp2c9}, VKORC1 {self.vkorc1}, {self.daily:g} mg/d"
        )

    def params(self) -> Array:
        """Typical parameters, shape (1, n_param); the baseline INR is 1."""
        people = Population.load(f"warfarin/{self.model}@1")
        genotypes = {"CYP2C9": [self.cyp2c9], "VKORC1": ["/".join(sorted(self.vkorc1))]}
        covariates = {"age": np.array([self.age]), "amiodarone": np.zeros(1), "enzyme_inducer": np.zeros(1)}
        return people.parameters(covariates, genotypes, 1)

    def inr(self, days: int, *, rtol: float = 1e-9, atol: float = 1e-12) -> Array:
        """INR before the dose of days 0 to ``days``, shape (days + 1,)."""
        plan = Plan("daily").dose("warfarin", self.daily, "mg", every="24 h", until=f"{days} d")
        times = 24.0 * np.arange(days + 1)
        result = Model(self.model).simulate(times, plan, self.params(), rtol=rtol, atol=atol)
        return np.asarray(result["INR"], dtype=np.float64).reshape(-1)


def published() -> Iterator[Case]:
    """The eleven published INRs of Hamberg 2007."""
    source = "Hamberg 2007, Clin Pharmacol Ther 81:529, as restated in pkpd/models/warfarin_hamberg.md"
    for age, cyp2c9, vkorc1, inr in PUBLISHED_2007:
        scenario = Scenario("hamberg2007", age, cyp2c9, vkorc1, 10.0)
        got = float(scenario.inr(60)[60])
        yield equal(f"{scenario.name}: INR on day 60", inr, got, absolute=PUBLISHED_TOLERANCE, source=source)


def reference_rows(context: Context) -> Iterator[Case]:
    """Rows of ``pkpd/models/reference_outputs.csv`` for the two models, to half a printed digit or 1e-5."""
    path = context.folder("pkpd", "models", "reference_outputs.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["model"].startswith("hamberg")]
    last = ""
    for row in rows:
        last = last if row["case"].strip() == "same" else row["case"]
        yield _reference_case(row["model"], last, row["quantity"], row["value"])


def _reference_case(model: str, case: str, quantity: str, printed: str) -> Case:
    found, day = _CASE.search(case), _DAY.search(quantity)
    if found is None or day is None:
        return equal(
            f"{model}, {case}, {quantity}", "understood", "not understood", source="reference_outputs.csv"
        )
    age, cyp2c9, vkorc1, daily = found.groups()
    scenario = Scenario(model, float(age), cyp2c9, vkorc1, float(daily))
    n = int(day.group(1))
    got = float(scenario.inr(max(n, 1))[n])
    half_digit = 0.5 * 10.0 ** -len(printed.partition(".")[2])
    source = "pkpd/models/reference_outputs.csv (LSODA)"
    return equal(
        f"{scenario.name}: {quantity}", float(printed), got, absolute=half_digit, relative=1e-5, source=source
    )


def own_tight_run() -> Iterator[Case]:
    """The core at its default tolerance against its own run at 1e-12, in units of the INR's size."""
    for scenario in (
        Scenario("hamberg2010", 70, "*1/*1", "GG", 7.6),
        Scenario("hamberg2010", 71, "*3/*3", "AA", 1.0),
        Scenario("hamberg2007", 50, "*1/*3", "GA", 10.0),
    ):
        plan = Plan("daily").dose("warfarin", scenario.daily, "mg", every="24 h", until="60 d")
        model, times, params = Model(scenario.model), 24.0 * np.arange(61), scenario.params()
        default = np.asarray(model.simulate(times, plan, params)["INR"])
        tight = np.asarray(model.simulate(times, plan, params, rtol=1e-12, atol=1e-14)["INR"])
        worst = float(np.max(np.abs(default / tight - 1)))
        name = f"{scenario.name}: default tolerance against 1e-12, largest relative difference of 61 INRs"
        yield at_most(name, 1e-8, worst, source="own run at tolerance 1e-12")
