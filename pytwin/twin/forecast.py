"""What will be measured next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.model.plan import Plan
from pytwin.model.population import Residual
from pytwin.twin.simulation import output_times, simulate_plans

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Forecast:
    """Measurements to come.

    Attributes
    ----------
    times : ndarray, shape (T,)
        Hours from the twin's time.
    median, low, high : ndarray, shape (T,)
        Of the measurement, error included.
    latent : ndarray, shape (draws, T)
        Without error.
    """

    times: Array
    median: Array
    low: Array
    high: Array
    latent: Array


def forecast(
    twin: Any, times: Sequence[float], plan: Plan | None, draws: int, seed: int, level: float
) -> Forecast:
    """Quantiles of what will be measured; one error is drawn for each draw and time."""
    chosen = plan if plan is not None else continued(twin)
    output = twin.therapy.output
    hours = output_times(None, times)
    latent = simulate_plans(twin, twin.draws(draws, seed), [chosen], hours, [output]).outputs[output][0]
    noise = _core.normals(seed, _core.PURPOSE["MEASUREMENT"], np.array([0]), draws, hours.size)[0]
    measured = with_error(latent, noise, twin.population.residuals[output])
    low, median, high = np.quantile(measured, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    return Forecast(hours, median, low, high, latent)


def with_error(latent: Array, noise: Array, residual: Residual) -> Array:
    """Latent values with measurement error; ``noise`` standard normal, of the same shape.

    The SDs are those of the core (kalman.h): a; b h; sqrt(a^2 + (b h)^2); a on the log scale.
    """
    if residual.kind == "log-additive":
        return np.asarray(latent * np.exp(residual.a * noise))
    sd: dict[str, Array] = {
        "additive": np.full_like(latent, residual.a),
        "proportional": residual.b * np.abs(latent),
        "combined": np.sqrt(residual.a**2 + (residual.b * latent) ** 2),
    }
    return np.asarray(latent + sd[residual.kind] * noise)


def continued(twin: Any) -> Plan:
    """The mean daily dose of the last week, going on; nothing where none was given."""
    daily = twin.history.current_daily(twin.hour)
    therapy = twin.therapy
    if daily is None or daily == 0:
        return Plan("no treatment")
    return Plan("as in the last week").dose(
        therapy.drug, daily, therapy.unit, every=24.0, route=therapy.route
    )
