"""The exact posterior of a history without process noise, and whether a twin's Gaussians stand for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytwin.errors import InputError
from pytwin.estimation.shape import Shape
from pytwin.estimation.weighted import shape, static
from pytwin.twin.prior import Components
from pytwin.twin.tolerance import ATOL, RTOL

__all__ = ["METHOD", "condition", "judge"]

METHOD = "posterior"  # the name by which `assimilate` takes it
_TOLERANCES: dict[str, Any] = {"rtol": RTOL, "atol": ATOL}


def condition(
    model: Any, batch: Mapping[str, Any], options: Mapping[str, Any], threads: int
) -> dict[str, Any]:
    """mean, cov, loglike and status of every component by `pytwin.estimation.static`.

    Raises
    ------
    InputError
        ``estimation.unknown-option``: it has no option but ``accuracy``; ``estimation.has-process-noise``.
    """
    for name in options:
        if name != "accuracy":
            message, hint = f"{METHOD} has no option {name}", "It has: accuracy"
            raise InputError("estimation.unknown-option", message, place=name, hint=hint)
    found = static(model, batch, threads=threads, **options, **_TOLERANCES)
    return {"mean": found.mean, "cov": found.cov, "loglike": found.loglike, "status": found.status}


def judge(model: Any, batch: Mapping[str, Any], now: Components) -> Shape:
    """Whether Gaussians at the end stand for the posteriors of a batch; a row a component."""
    return shape(model, batch, now.means, now.covs, **_TOLERANCES)
