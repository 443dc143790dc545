"""From a Twin or a Ranking to what the figures draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytwin.report import words
from pytwin.report.figures import LEVELS, Array, Axis, Band, Check, Density, Forecast, Mixture, density

if TYPE_CHECKING:
    from pytwin.rank import Ranking
    from pytwin.twin import Twin

_MINUTE = 60_000_000
_DAY = 1440 * _MINUTE
_PAST_DRAWS = 200


def offset_minutes(twin: Twin) -> int:
    """Minutes east of UTC in which the record tells its last observation; 0 where it names no zone."""
    from pytwin.record.time import NAIVE

    rows = [row for row in twin.record.observations(twin.therapy.analyte) if row.usable]
    found = int(rows[-1].offset) if rows else NAIVE
    return 0 if found == NAIVE else found


def axis(twin: Twin) -> Axis:
    """Days since the local midnight before the first dose or observation."""
    shift = offset_minutes(twin) * _MINUTE
    midnight = (twin.history.origin + shift) // _DAY * _DAY
    origin = np.datetime64(midnight, "us").astype("datetime64[D]")
    return Axis(origin, (twin.time + shift - midnight) / _DAY)


def _day(twin: Twin, hours: Any) -> Array:
    """Hours of the history as days on the axis."""
    shift = offset_minutes(twin) * _MINUTE
    start = (twin.history.origin + shift) % _DAY
    return np.asarray(start / _DAY + np.asarray(hours, dtype=np.float64) / 24.0)


def _pairs(days: Array, values: Any) -> Array:
    return np.column_stack([days, np.asarray(values, dtype=np.float64)]).reshape(-1, 2)


def observed(twin: Twin) -> Array:
    """Measurements up to the twin's time, shape (n, 2): day and value."""
    rows = [
        row
        for row in twin.record.observations(twin.therapy.analyte)
        if row.usable and np.isfinite(row.value) and twin.history.origin <= row.time <= twin.time
    ]
    hours = [(row.time + row.width / 2 - twin.history.origin) / (60 * _MINUTE) for row in rows]
    return _pairs(_day(twin, hours), [row.value for row in rows])


def unit(twin: Twin) -> str:
    """Unit of the observed output."""
    return next(str(o["unit"]) for o in twin.population.model.outputs if o["name"] == twin.therapy.output)


def target(ranking: Ranking) -> tuple[float, float]:
    """The range that the Objective rewards, else a narrow one around the therapy's target."""
    wanted = ranking.twin.therapy.output
    for part in ranking.objective.parts:
        if part.output == wanted and part.weight > 0 and np.isfinite([part.lower, part.upper]).all():
            return part.lower, part.upper
    middle = ranking.twin.target
    return 0.95 * middle, 1.05 * middle


def harms(ranking: Ranking) -> tuple[float, ...]:
    """Bounds beyond which the Objective charges the observed output."""
    wanted = ranking.twin.therapy.output
    parts = [part for part in ranking.objective.parts if part.output == wanted and part.weight < 0]
    return tuple(bound for part in parts for bound in (part.lower, part.upper) if np.isfinite(bound))


def past(twin: Twin) -> Band | None:
    """The course that the twin now believes in, under the doses that were taken.

    Its draws of the parameters are simulated from the start of the history. That is the smoothed course where
    parameters do not drift and the start is known exactly; None elsewhere.
    """
    from pytwin.twin import filtering

    if twin.history.start != "untreated" or not twin.n_assimilated or np.any(twin.population.drift):
        return None
    hours = np.linspace(0.0, twin.hour, 120)
    model, sample = twin.population.model, twin.draws(_PAST_DRAWS)
    actions = filtering.actions_of(twin.therapy, twin.population, twin.history)
    index = [o["name"] for o in model.outputs].index(twin.therapy.output)
    result = model.simulate(
        sample.params / twin.factors(),
        None,
        0.0,
        actions,
        np.array([0, len(actions)], dtype=np.int64),
        hours,
        np.arange(_PAST_DRAWS, dtype=np.int64),
        np.zeros(_PAST_DRAWS, dtype=np.int64),
        np.array([index], dtype=np.int32),
    )
    values = np.asarray(result["y"])[:, :, 0]
    quantiles = np.quantile(values, LEVELS, axis=0)
    return Band("twin", _day(twin, hours), quantiles, np.empty((0, 2)))


def band(ranking: Ranking, index: int) -> Band:
    """The forecast of the plan at a place of the order."""
    twin, plan = ranking.twin, ranking.plans[index]
    times, quantiles = ranking.trajectories[plan.name]
    given = plan.administrations(ranking.horizon)
    begin = twin.hour + twin.next_dose_delay
    doses = _pairs(_day(twin, [begin + t for t, _ in given]), [d.amount for _, d in given])
    note = f"best in {words.percent(float(ranking.p_best[index]))}"
    return Band(words.bare(plan.name), _day(twin, twin.hour + times), quantiles, doses, note)


def forecast(ranking: Ranking, count: int = 6) -> Forecast:
    """Observations, doses, and the bands of the leading plans."""
    twin = ranking.twin
    given = [d for d in twin.history.doses if d.time <= twin.hour]
    return Forecast(
        axis(twin),
        twin.therapy.analyte,
        unit(twin),
        target(ranking),
        observed(twin),
        _pairs(_day(twin, [d.time for d in given]), [d.amount for d in given]),
        tuple(band(ranking, i) for i in range(min(count, len(ranking.plans)))),
        harms(ranking),
        past(twin),
    )


def check(twin: Twin) -> Check:
    """One-step-ahead forecasts of what was measured."""
    points = twin.trace
    columns = [[getattr(p, name) for p in points] for name in ("hour", "value", "low", "median", "high")]
    hours, values, low, median, high = (np.array(c, dtype=np.float64) for c in columns)
    return Check(axis(twin), twin.therapy.analyte, unit(twin), _day(twin, hours), values, low, median, high)


def densities(twin: Twin) -> list[Density]:
    """Each parameter that differs between people, before and after the observations."""
    model = twin.population.model
    table = {p["name"]: p for p in model.params}
    first = len(model.states)
    found = []
    for index, name in enumerate(twin.population.theta):
        scale = twin.population.scales[index]
        if not np.any(twin.prior.components.covs[:, first + index, first + index] > 0.0):
            continue  # known exactly, as a measured baseline is
        parts = [_mixture(c, first + index, scale) for c in (twin.prior.components, twin.components)]
        found.append(density(name, words.sentence(str(table[name]["doc"])), str(table[name]["unit"]), *parts))
    return found


def _mixture(components: Any, column: int, scale: str) -> Mixture:
    sds = np.sqrt(np.maximum(components.covs[:, column, column], 1e-24))
    return Mixture(np.asarray(components.weights), components.means[:, column], sds, scale)
