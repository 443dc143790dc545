"""The two glucose jobs of the benchmarks: who is simulated, what they eat and inject, and the runs of it.

A job is made once and apart from the runs that are timed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from peers import cvode_hovorka

from pytwin import _core
from pytwin.glucose import patients, schedule

Array = NDArray[np.float64]
DAY = 1440.0  # min


@dataclass(frozen=True)
class Job:
    """Lanes of one model, each with a plan of its own. Times in min."""

    model: str
    params: Array
    x0: Array
    actions: NDArray[Any]
    offsets: NDArray[np.int64]
    times: Array
    output: int

    def run(self, **options: Any) -> Array:
        """The output wanted, (n, T)."""
        n = len(self.params)
        found = _core.Model(self.model).simulate(
            self.params, self.x0, 0.0, self.actions, self.offsets, self.times, np.arange(n), np.arange(n),
            np.array([self.output], dtype=np.int32), **options,
        )  # fmt: skip
        if found["status"].any():
            raise RuntimeError(f"{np.count_nonzero(found['status'])} lanes failed")
        return np.asarray(found["y"][..., 0])


def ports(model: str) -> dict[str, int]:
    """The index of each drug's port."""
    return {d["drug"]: i for i, d in enumerate(_core.Model(model).doses)}


def schedules(rows: list[tuple[float, int, int, Any]], n: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """A schedule for each of n lanes from rows (time, kind, index, value), value a number or (n,)."""
    rows = sorted(rows, key=lambda r: (r[0], r[1]))
    actions = np.zeros((n, len(rows)), dtype=_core.PLAN_DTYPE)
    for k, (time, kind, index, value) in enumerate(rows):
        actions["time"][:, k], actions["kind"][:, k], actions["index"][:, k] = time, kind, index
        actions["value"][:, k] = value
    return actions.ravel(), np.arange(0, actions.size + 1, len(rows))


# Hovorka 2004: four meals, each eaten in a quarter of an hour, with a bolus at its start.
HOVORKA_MEALS = ((420.0, 45.0), (720.0, 70.0), (960.0, 15.0), (1080.0, 80.0))  # min, g
MEAL_LENGTH = 15.0
GRAMS_PER_UNIT = 30.0
# Coefficients of variation of the parameters; what is not named is the same in all.
SPREAD = {
    "BW": 0.15, "VG": 0.1, "VI": 0.1, "F01": 0.1, "EGP0": 0.1, "k12": 0.2, "ka1": 0.2, "ka2": 0.2, "ka3": 0.2,
    "SIT": 0.2, "SID": 0.2, "SIE": 0.2, "tmaxG": 0.2, "tmaxI": 0.2, "ke": 0.15,
}  # fmt: skip


@dataclass(frozen=True)
class HovorkaJob(Job):
    """The job with what the peer needs of it."""

    basal: Array  # mU/min
    edges: Array
    meal: Array  # g/min
    bolus: Array  # U, (n, stretches)

    def run_cvode(self, subjects: slice = slice(None), **options: Any) -> Array:
        """The same glucose by CVODE in C, (n, T)."""
        return cvode_hovorka.glucose(
            self.params[subjects], self.x0[subjects], self.basal[subjects], self.edges, self.meal,
            self.bolus[subjects], self.times, **options,
        )  # fmt: skip


def hovorka_people(n: int, seed: int) -> tuple[Array, Array]:
    """Parameters and starts of n different patients, at a glucose of 5 to 8 mmol/L held by basal insulin."""
    model = _core.Model("hovorka")
    z = _core.normals(seed, _core.PURPOSE["TEST"], np.arange(n), 1, len(model.params))[:, 0, :]
    cv = np.array([SPREAD.get(f["name"], 0.0) for f in model.params])
    params = np.array([f["value"] for f in model.params]) * np.exp(cv * np.clip(z, -2, 2))
    params[:, -1] = 5 + 3 * _core.uniforms(seed, _core.PURPOSE["TEST"], np.arange(n), 2, 1)[:, 0, 0]
    return params, model.initial(params)


def hovorka(n: int = 10_000, *, step: float = 15.0, seed: int = 4) -> HovorkaJob:
    """n patients over a day with four meals; glucose every ``step`` minutes."""
    params, x0 = hovorka_people(n, seed)
    basal = x0[:, 2] / params[:, 14]  # S1/tmaxI
    port, grams = ports("hovorka"), np.array([g for _, g in HOVORKA_MEALS])
    boluses = grams / GRAMS_PER_UNIT * (params[:, :1] / 70)
    rows: list[tuple[float, int, int, Any]] = [(0.0, _core.ACTION_INFUSION_ON, port["insulin"], basal / 1000)]
    edges = [0.0]
    for k, (t, g) in enumerate(HOVORKA_MEALS):
        rows += [
            (t, _core.ACTION_BOLUS, port["insulin"], boluses[:, k]),
            (t, _core.ACTION_INFUSION_ON, port["carbohydrate"], g / MEAL_LENGTH),
            (t + MEAL_LENGTH, _core.ACTION_INFUSION_OFF, port["carbohydrate"], g / MEAL_LENGTH),
        ]
        edges += [t, t + MEAL_LENGTH]
    meal, bolus = np.zeros(len(edges)), np.zeros((n, len(edges)))
    meal[1::2], bolus[:, 1::2] = grams / MEAL_LENGTH, boluses
    actions, offsets = schedules(rows, n)
    return HovorkaJob(
        "hovorka", params, x0, actions, offsets, np.arange(0, DAY + 1, step), 0,
        basal, np.array([*edges, DAY]), meal, bolus,
    )  # fmt: skip


# UVA/Padova: the day of the reference library's runs (chronic/CASES.md, section 1), h and g.
UVAPADOVA_MEALS = ((7.0, 45.0), (12.0, 70.0), (16.0, 15.0), (18.0, 80.0), (23.0, 10.0))


def uvapadova(repeats: int = 100, *, step: float = 1.0) -> Job:
    """The 30 published patients, repeated: constant basal insulin, meals at 5 g/min, a bolus with each by the
    patient's own ratio; glucose under the skin every ``step`` minutes.
    """
    people = patients("uvapadova")
    plans = [
        schedule("uvapadova", UVAPADOVA_MEALS, [(h, g / ratio) for h, g in UVAPADOVA_MEALS], basal)
        for ratio, basal in zip(people.carb_ratio.tolist(), people.basal.tolist(), strict=True)
    ]
    n = repeats * len(people)
    return Job(
        "uvapadova", np.tile(people.params, (repeats, 1)), np.tile(people.x0, (repeats, 1)),
        np.concatenate(plans * repeats), np.arange(n + 1) * len(plans[0]), np.arange(0, DAY + 1, step), 1,
    )  # fmt: skip
