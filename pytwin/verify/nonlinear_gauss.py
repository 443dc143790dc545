"""Sigma-point methods: the published pendulum."""

from __future__ import annotations

from collections.abc import Iterator

from pytwin.verify import pendulum
from pytwin.verify.case import Case
from pytwin.verify.run import Context

# Name of the published columns -> method, options, published RMSE of the filter and of the smoother.
PENDULUM = {
    "ukf": (
        "ukf",
        {"alpha": 1.0, "beta": 0.0, "kappa": 1.0},
        (0.095243921259231, 0.036617555415464),
    ),
}


def cases(context: Context) -> Iterator[Case]:
    for column, (method, options, rmse) in PENDULUM.items():
        yield from pendulum.cases_of(context, method, column, rmse, **options)
