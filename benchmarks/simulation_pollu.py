"""POLLU (20 species, stiff) with rates that differ from lane to lane, beside CVODE at equal error.

The error of a solver is the largest over lanes and species of ``|e| / (|y| + atol / rtol)`` at the end,
against the Rosenbrock method at 1e-12. CVODE runs at a ladder of tolerances; its time at the error of the
lanes is read from the straight line between the two rungs around it, both axes logarithmic.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent))

from peers import cvode_pollu
from row import Row, median_seconds, once_seconds

from pytwin import _core

Array = NDArray[np.float64]
LANES, SPREAD, END, SEED = 10_000, 0.2, 60.0, 1
RTOL, SMALL = 1e-4, 1e-4  # SMALL: atol / rtol, in ppm
LADDER = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
SAMPLE = 1_000


def rates(n: int = LANES) -> Array:
    """Rate constants (n, 25), each log-normal around the published one with a spread of 20 %."""
    published = np.array([field["value"] for field in _core.Model("pollution").params])
    noise = np.random.default_rng(SEED).standard_normal((n, published.size))
    return np.asarray(published * np.exp(SPREAD * noise))


def ours(params: Array, rtol: float) -> Array:
    """Concentrations (n, 20) after an hour."""
    n = len(params)
    found = _core.Model("pollution").simulate(
        params, None, 0.0, np.zeros(0, dtype=_core.PLAN_DTYPE), np.array([0, 0]), np.array([END]),
        np.arange(n), np.zeros(n, dtype=np.int64), method=_core.METHODS["rodas"], rtol=rtol,
        atol=rtol * SMALL,
    )  # fmt: skip
    if found["status"].any():
        raise RuntimeError(f"{np.count_nonzero(found['status'])} lanes failed")
    return np.asarray(found["x_end"])


def achieved(y: Array, exact: Array) -> float:
    """Largest error over lanes and species."""
    return float(np.max(np.abs(y - exact) / (np.abs(exact) + SMALL)))


def peer_curve(params: Array, exact: Array) -> tuple[Array, Array]:
    """Error and seconds a lane of CVODE on the ladder, the errors descending."""
    start = np.array([field["value"] for field in _core.Model("pollution").states])
    errors, seconds = [], []
    for rtol in LADDER:
        options = {"rtol": rtol, "atol": rtol * SMALL}
        y = cvode_pollu.concentrations(params, start, END, **options)
        errors.append(achieved(y, exact))
        work = lambda o=options: cvode_pollu.concentrations(params, start, END, **o)  # noqa: E731
        seconds.append(once_seconds(work) / len(params))
    return np.array(errors), np.array(seconds)


def seconds_at(error: float, errors: Array, seconds: Array) -> float:
    """Seconds at an error within the ladder; outside, those of its nearest end."""
    order = np.argsort(errors)
    return float(np.exp(np.interp(np.log(error), np.log(errors[order]), np.log(seconds[order]))))


def row() -> Row:
    """One row of the suite simulation."""
    params = rates()
    sample = params[:SAMPLE]
    exact = ours(sample, 1e-12)
    value = median_seconds(lambda: ours(params, RTOL)) / len(params)
    error = achieved(ours(sample, RTOL), exact)
    peer_value = None
    if cvode_pollu.available():
        peer_value = 1e6 * seconds_at(error, *peer_curve(sample, exact))
    return Row(
        name="POLLU, 10,000 lanes with different rates, a lane",
        value=1e6 * value,
        unit="us",
        peer="CVODE BDF, dense, same Jacobian",
        peer_value=peer_value,
        ratio_goal=12,
        note=f"both with a largest error of {error:.1e}; one core",
    )


if __name__ == "__main__":
    print(row().to_dict())
