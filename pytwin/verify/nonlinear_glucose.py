"""Glucose 30 and 60 min ahead, five people: chronic/iglu (Broll et al. 2021, PLoS ONE 16, e0248560).

A person's model is learned from the first half of the record's time and forecasts the second half, from every
reading that has four hours of history without a gap of more than 45 min and readings within 2.5 min of both
horizons. Last value, linear regressions and autoregression forecast from the same instants after the same
first half. RMSE is the root of the mean squared error over all forecasts of all people.

The published 19.4 mg/dL is the root of the mean, over windows, of the squared error averaged over the twelve
5-min steps of an hour (GlucoBench; one regression on 192 lags for all people, the last 240 points of long
segments). `path` is that measure at the instants used here, which are others: the two are not comparable.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwin import glucose
from pytwin.glucose.forecast import reading_after
from pytwin.reference.glucose_forecast import autoregression, history, linear_regression
from pytwin.verify.case import Case, at_most, between, info
from pytwin.verify.run import Context

Array = NDArray[np.float64]
SOURCE = "chronic/iglu, the same instants"
PATH = np.arange(5.0, 61.0, 5.0)
JUDGED = {30: 5, 60: 11}  # horizon and its column of PATH
LAGS = (6, 12, 24, 48)
LEARNED = 0.5  # of a record's time


@dataclass(frozen=True)
class Person:
    """Errors (n, 12) of every method at the same instants, whether the interval held, and what was chosen."""

    errors: dict[str, Array]
    held: NDArray[np.bool_]
    width: Array
    model: str


def cases(context: Context) -> Iterator[Case]:
    people = []
    for minutes, y in records(context):
        people.append(person(minutes, y))
        context.say(f"    person {len(people)}: {people[-1].model}")
    yield from judged(people)
    yield from shown(people)
    yield from replay(context)


def records(context: Context) -> Iterator[tuple[Array, Array]]:
    """Minutes and glucose, one record after another; who they are stays in the file."""
    with open(context.folder("chronic", "iglu", "example_data_5_subject.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    for who in dict.fromkeys(row["id"] for row in rows):
        own = [row for row in rows if row["id"] == who]
        at = np.array([row["time"] for row in own], dtype="datetime64[s]").astype(np.int64) / 60
        order = np.argsort(at, kind="stable")
        yield at[order] - at[order[0]], np.array([float(row["gl"]) for row in own])[order]


def person(minutes: Array, y: Array) -> Person:
    until = LEARNED * minutes[-1]
    ahead = glucose.forecast(minutes, y, PATH.tolist(), until=until)
    after = np.stack([reading_after(minutes, y, h) for h in PATH], axis=1)
    target = np.where(after >= 0, y[after], np.nan)
    columns = list(JUDGED.values())
    test = (minutes > until) & np.isfinite(target[:, columns]).all(axis=1)
    test &= np.isfinite(history(minutes, y, max(LAGS))).all(axis=1)
    learn = minutes + PATH[-1] <= until
    made = {"filter": ahead.mean, "last value": np.repeat(y[:, None], len(PATH), axis=1)}
    for lags in LAGS:
        x = history(minutes, y, lags)
        each = [linear_regression(x, target[:, [h]], learn) for h in range(len(PATH))]
        made[f"linear regression, {lags} lags"] = np.hstack(each)
    steps = tuple(range(1, len(PATH) + 1))
    made["autoregression, 12 lags"] = autoregression(history(minutes, y, 12), target[:, 0], learn, steps)
    held = (ahead.lower <= target) & (target <= ahead.upper)
    return Person(
        errors={name: (forecast - target)[test] for name, forecast in made.items()},
        held=held[test][:, columns],
        width=(ahead.upper - ahead.lower)[test][:, columns].mean(axis=0),
        model=f"{ahead.dynamics.kind}, {ahead.dynamics.scale}",
    )


def rmse(errors: Array) -> float:
    return float(np.sqrt(np.nanmean(errors**2)))


def together(people: list[Person], method: str) -> Array:
    return np.vstack([one.errors[method] for one in people])


def judged(people: list[Person]) -> Iterator[Case]:
    regressions = [name for name in people[0].errors if name.startswith("linear")]
    held = np.vstack([one.held for one in people])
    for k, (horizon, column) in enumerate(JUDGED.items()):
        got = rmse(together(people, "filter")[:, column])
        best = min(rmse(together(people, name)[:, column]) for name in regressions)
        name = f"glucose, {horizon} min ahead: RMSE mg/dL, the best linear regression's at most"
        yield at_most(name, best, got, source=SOURCE)
        for other in ("last value", "autoregression, 12 lags"):
            bound = rmse(together(people, other)[:, column])
            yield at_most(f"glucose, {horizon} min ahead: RMSE mg/dL, {other}", bound, got, source=SOURCE)
        name = f"glucose, {horizon} min ahead: share in 90 % intervals"
        yield between(name, (0.85, 0.95), float(held[:, k].mean()), source="the issue")


def shown(people: list[Person]) -> Iterator[Case]:
    count = sum(len(one.held) for one in people)
    yield info("glucose: forecast instants", float(count), source=SOURCE)
    for name in people[0].errors:
        every = together(people, name)
        for horizon, column in JUDGED.items():
            yield info(
                f"glucose, {horizon} min ahead: RMSE mg/dL, {name}", rmse(every[:, column]), source=SOURCE
            )
        yield info(f"glucose, path of an hour: RMSE mg/dL, {name}", rmse(every), source=SOURCE)
    for i, one in enumerate(people, start=1):
        yield info(f"glucose, person {i}: model", one.model, source=SOURCE)
        for k, (horizon, column) in enumerate(JUDGED.items()):
            at = f"glucose, person {i}, {horizon} min ahead"
            for name, errors in one.errors.items():
                yield info(f"{at}: RMSE mg/dL, {name}", rmse(errors[:, column]), source=SOURCE)
            yield info(f"{at}: share in 90 % intervals", float(one.held[:, k].mean()), source=SOURCE)
            yield info(f"{at}: width of intervals, mg/dL", float(one.width[k]), source=SOURCE)


def replay(context: Context) -> Iterator[Case]:
    """The one day of chronic/replaybg, learned from its first 18 h: shown, too short to judge."""
    with open(context.folder("chronic", "replaybg", "data_day_1.csv"), newline="") as file:
        y = np.array([float(row["glucose"] or "nan") for row in csv.DictReader(file)])
    minutes: Array = np.arange(0.0, 5.0 * len(y), 5.0)
    ahead = glucose.forecast(minutes, y, tuple(JUDGED), until=18 * 60.0)
    for k, horizon in enumerate(JUDGED):
        after = reading_after(minutes, y, float(horizon))
        test = (after >= 0) & np.isfinite(y) & ~ahead.learned_on
        target = y[after[test]]
        held = (ahead.lower[test, k] <= target) & (target <= ahead.upper[test, k])
        at, source = f"glucose, replaybg, {horizon} min ahead", "chronic/replaybg"
        yield info(f"{at}: RMSE mg/dL, filter", rmse(ahead.mean[test, k] - target), source=source)
        yield info(f"{at}: RMSE mg/dL, last value", rmse(y[test] - target), source=source)
        yield info(f"{at}: share in 90 % intervals", float(held.mean()), source=source)
