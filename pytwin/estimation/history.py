"""What an online filter has seen and found so far, and how it runs on from a check-point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import ComputationError, InputError
from pytwin.estimation import methods
from pytwin.estimation.checkpoints import Checkpoints, first_difference
from pytwin.estimation.data import Data, check_values, flatten
from pytwin.estimation.noise import Noise
from pytwin.estimation.problem import Given, Problem, schedule
from pytwin.estimation.results import Estimate, status_code
from pytwin.estimation.run import ELEMENTS, by_element, by_row, reason
from pytwin.model.schedule import Schedule

Array = NDArray[np.float64]
RESULTS = ("mean", "cov", *ELEMENTS, "rejected", "loglike")


@dataclass(frozen=True)
class Rows:
    """Observations in order of time, one row an instant; replicates are rows of their own.

    Attributes
    ----------
    times : ndarray, shape (T,)
    y : ndarray, shape (T, m)
    censor : ndarray of int8, shape (T, m)
    """

    times: Array
    y: Array
    censor: NDArray[np.int8]

    def inserted(self, time: float, y: Array, censor: NDArray[np.int8]) -> tuple[Rows, int]:
        """The rows with another one, and the first that changed.

        Values go where the first row of that time has none; a row with a value there already is left alone.
        """
        low, high = np.searchsorted(self.times, [time], "left")[0], np.searchsorted(self.times, time, "right")
        new = np.isfinite(y)
        for k in range(int(low), int(high)):
            if not (new & np.isfinite(self.y[k])).any():
                values, sides = self.y.copy(), self.censor.copy()
                values[k, new], sides[k, new] = y[new], censor[new]
                return Rows(self.times, values, sides), k
        at = int(high)
        times, values = np.insert(self.times, at, time), np.insert(self.y, at, y, axis=0)
        return Rows(times, values, np.insert(self.censor, at, censor, axis=0)), at

    def part(self, first: int, last: int) -> Rows:
        """Rows first .. last - 1."""
        return Rows(self.times[first:last], self.y[first:last], self.censor[first:last])


@dataclass
class History:
    """An online filter's memory.

    Attributes
    ----------
    problem, outputs, columns, noise, start, patient, every
        See `Filter`.
    rows : Rows
    results : dict of str to ndarray
        A row for each of `rows`, by the names of an Estimate's arrays.
    points : Checkpoints
    latest : pair of ndarray, shapes (n,) and (n, n)
        Moments of z at ``time``; those of a method that draws its particles again may differ from the last
        row's, which are from before.
    """

    problem: Problem
    outputs: tuple[str, ...]
    columns: NDArray[np.int32]
    noise: tuple[Noise, ...]
    start: float
    patient: int
    every: int
    rows: Rows = field(init=False)
    results: dict[str, NDArray[Any]] = field(init=False)
    points: Checkpoints = field(init=False)
    latest: tuple[Array, Array] = field(init=False)
    given: Schedule | None = None
    horizon: float = float("-inf")

    def __post_init__(self) -> None:
        m = len(self.outputs)
        self.rows = Rows(np.zeros(0), np.zeros((0, m)), np.zeros((0, m), np.int8))
        self.points = Checkpoints(self.every)
        self.results = self._none()
        self.latest = self.problem.mean[0], self.problem.cov[0]

    @property
    def time(self) -> float:
        return float(self.rows.times[-1]) if len(self.rows.times) else self.start

    @property
    def loglike(self) -> float:
        return float(self.results["loglike"][-1]) if len(self.rows.times) else 0.0

    def observation(
        self, time: Any, names: Sequence[str], value: Any, censor: Any
    ) -> tuple[float, Array, NDArray[np.int8]]:
        """One row, checked."""
        m = len(self.outputs)
        for name in names:
            if name not in self.outputs:
                message, hint = (
                    "this filter observes no such output",
                    f"It observes {', '.join(self.outputs)}",
                )
                raise InputError("estimation.unknown-output", message, place=str(name), hint=hint)
        try:
            at, values = float(time), np.broadcast_to(np.asarray(value, dtype=float), len(names))
            sides = np.broadcast_to(np.asarray(censor), len(names))
        except (TypeError, ValueError):
            message = "a time, and a value for each output"
            raise InputError("estimation.bad-shape", message, place="update") from None
        if not np.isfinite(at) or np.isinf(values).any():
            raise InputError("estimation.not-finite", "a time or value is not finite", place="update")
        if at < self.start:
            raise InputError("estimation.unsorted", "an observation before the start", place="time")
        if not np.isin(sides, (-1, 0, 1)).all():
            raise InputError("estimation.bad-censor", "censor is -1 (below), 0 or 1 (above)", place="censor")
        y, limits = np.full(m, np.nan), np.zeros(m, np.int8)
        where = [self.outputs.index(name) for name in names]
        y[where], limits[where] = values, sides
        return at, y, limits

    def run(self, rows: Rows, first: int) -> None:
        """Take `rows`, of which those before `first` are as before; all or nothing."""
        data = self._data(rows)
        check_values(data, self.noise)
        points = self.points.before(rows.times, first)
        begin, latest = points.count, self.latest
        results = {name: [a[:begin]] for name, a in self.results.items()}
        while begin < len(rows.times):
            stop = points.stop(rows.times, begin)
            raw = self._call(rows.part(begin, stop), points.state)
            for name, a in raw.items():
                if name in results:
                    results[name].append(a)
            points, latest = points.added(stop, raw["state"]), (raw["end_mean"], raw["end_cov"])
            begin = stop
        self.rows, self.points, self.latest = rows, points, latest
        self.results = {name: np.concatenate(parts) for name, parts in results.items()}

    def replan(self, plan: Given) -> None:
        """Another plan; rows from the first difference on are run again."""
        before = self.problem, self.given, self.horizon
        horizon = max(self.horizon, self.time)
        old, new = self._schedule(horizon), schedule(self.problem.model, plan, horizon)
        differs = first_difference(old, new)
        self.problem = replace(self.problem, plans=(plan,))
        self.given, self.horizon = new, horizon
        try:
            self.run(self.rows, int(np.searchsorted(self.rows.times, differs, "left")))
        except (ComputationError, InputError):
            self.problem, self.given, self.horizon = before
            raise

    def forecast(self, times: Array) -> Estimate:
        """All outputs at later times."""
        if (np.diff(times, prepend=self.time) < 0).any() or not np.isfinite(times).all():
            raise InputError("estimation.unsorted", "times ascend from the latest row on", place="times")
        m = len(self.outputs)
        ahead = Rows(times, np.full((len(times), m), np.nan), np.zeros((len(times), m), np.int8))
        point = self.points.last(len(self.rows.times))
        raw = self._call(ahead, point, forecast=True)
        return self._shaped(ahead, raw, (raw["end_mean"], raw["end_cov"]), "")

    def estimate(self, first: int) -> Estimate:
        """Rows from `first` on."""
        rows = self.rows.part(first, len(self.rows.times))
        results = {name: a[first:] for name, a in self.results.items()}
        return self._shaped(rows, results, self.latest, reason(0, bool(np.isfinite(self.rows.y).any())))

    # ---- the core ----

    def _schedule(self, end: float) -> Schedule:
        """The plan beyond `end`; twice as far as is needed, so that it is not made anew at each update."""
        if self.given is None or end > self.horizon:
            self.horizon = end + max(end - self.start, 1.0)
            self.given = schedule(self.problem.model, self.problem.plans[0], self.horizon)
        return self.given

    def _data(self, rows: Rows) -> Data:
        count = np.array([len(rows.times)], dtype=np.int64)
        return Data(
            rows.times[None], rows.y[None], rows.censor[None], count, self.outputs, self.columns, True
        )

    def _call(self, rows: Rows, state: Array | None, forecast: bool = False) -> dict[str, NDArray[Any]]:
        """Results of some rows from a state on, or from the prior; `state` after them is among these."""
        data = self._data(rows)
        flat = flatten(data, self.noise, forecast)
        end = float(rows.times[-1]) if len(rows.times) else self.time
        given = replace(self.problem, plans=(self._schedule(end),))
        batch = given.batch(flat, np.array([self.start]), np.array([end]))
        if state is not None:
            batch |= {"state": state[None]}
        raw = methods.run(
            given.model,
            batch,
            given.arguments,
            patient=np.array([self.patient]),
            trace=True,
            keep=not forecast,
        )
        if raw["status"][0]:
            status = int(raw["status"][0])
            place = f"{float(raw['failed_at'][0]):g} {given.model.time_unit}"
            raise ComputationError(status_code(status), reason(status, True), place=place)
        shape = data.y.shape
        found = {name: by_row(raw[f"filtered_{name}"], flat.last)[0] for name in ("mean", "cov")}
        for name in ELEMENTS:
            found[name] = by_element(raw[name], flat, shape)[0]
        found |= {"end_mean": raw["mean"][0], "end_cov": raw["cov"][0]}
        found["loglike"] = np.repeat(raw["loglike"], len(rows.times))
        found["rejected"] = np.zeros(len(rows.times), np.int64)
        found["rejected"][-1:] = raw["rejected"]
        return found if forecast else found | {"state": raw["state"][0]}

    def _none(self) -> dict[str, NDArray[Any]]:
        n, m = len(self.problem.space.names), len(self.outputs)
        shapes = {"mean": (0, n), "cov": (0, n, n), "loglike": (0,), "rejected": (0,)}
        types = {"use": np.int8, "rejected": np.int64}
        return {k: np.zeros(shapes.get(k, (0, m)), types.get(k, np.float64)) for k in RESULTS}

    def _shaped(
        self, rows: Rows, results: dict[str, NDArray[Any]], end: tuple[Array, Array], why: str
    ) -> Estimate:
        some = len(rows.times) > 0
        return Estimate(
            space=self.problem.space,
            outputs=self.outputs,
            times=rows.times,
            y=rows.y,
            log=np.array([e.log for e in self.noise]),
            end=np.array(rows.times[-1] if some else self.time),
            end_mean=end[0],
            end_cov=end[1],
            loglike=np.array(results["loglike"][-1] if some else self.loglike),
            status=np.array(0, np.int32),
            failed_at=np.array(np.nan),
            rejected=np.array(self.results["rejected"].sum(), np.int64),
            reason=why,
            method=self.problem.method,
            model=self.problem.model.name,
            time_unit=self.problem.model.time_unit,
            **{name: results[name] for name in ("mean", "cov", *ELEMENTS)},
        )
