"""Objective: what counts as good, as a utility over simulated trajectories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.model.duration import hours, spell
from pytwin.model.plan import Plan

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Term:
    """One part of an Objective: ``weight`` times the share of time with ``lower <= output <= upper``."""

    label: str
    output: str
    lower: float
    upper: float
    weight: float
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Utility:
    """Utilities of plans over draws.

    Attributes
    ----------
    total : ndarray, shape (plans, draws)
    terms : dict of str to ndarray, shape (plans, draws)
        What each term adds to ``total``; harms and burden are negative.
    """

    total: Array
    terms: dict[str, Array]


@dataclass(frozen=True, slots=True)
class Objective:
    """Targets, harms and burden as one utility; each method returns a new Objective.

    The utility is a sum of weights times shares of time, so 1 is a whole horizon in range. Time between two
    simulated points is split by linear interpolation (Rosendaal FR et al., Thromb Haemost 1993;69:236-239),
    on the latent value without measurement error.
    """

    parts: tuple[Term, ...] = ()
    visit_cost: float = 0.0
    change_cost: float = 0.0

    def time_in(
        self, output: str, lower: float, upper: float, *, weight: float = 1.0, since: str | float = 0
    ) -> Objective:
        """Reward the share of time in which ``output`` is between ``lower`` and ``upper``."""
        if not lower < upper:
            raise InputError("objective.bad-range", "the lower bound must be below the upper", place=output)
        label = f"{output} {lower:g} to {upper:g}"
        return self._with(Term(label, output, lower, upper, float(weight), hours(since, place="since")))

    def harm(
        self,
        output: str,
        *,
        above: float | None = None,
        below: float | None = None,
        weight: float = 1.0,
        since: str | float = 0,
    ) -> Objective:
        """Charge the share of time in which ``output`` is above or below a value."""
        if (above is None) == (below is None):
            raise InputError("objective.bad-harm", "give either above or below", place=output)
        start = hours(since, place="since")
        if above is not None:
            term = Term(f"{output} above {above:g}", output, above, np.inf, -float(weight), start)
        else:
            assert below is not None
            term = Term(f"{output} below {below:g}", output, -np.inf, below, -float(weight), start)
        return self._with(term)

    def burden(self, *, visits: float = 0.0, changes: float = 0.0) -> Objective:
        """Charge visits and changes of dose: a day with one costs this share of a day in range."""
        return replace(self, visit_cost=float(visits), change_cost=float(changes))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The model outputs that are needed, each once."""
        return tuple(dict.fromkeys(t.output for t in self.parts))

    def evaluate(self, times: Array, outputs: Mapping[str, Array], plans: Sequence[Plan]) -> Utility:
        """Utilities of simulated trajectories.

        Parameters
        ----------
        times : ndarray, shape (T,)
            Hours, ascending; the first is the start of the horizon.
        outputs : mapping of str to ndarray, shape (plans, draws, T)
        plans : sequence of Plan

        Returns
        -------
        Utility
        """
        if not self.parts:
            raise InputError("objective.empty", "an objective needs at least one target or harm")
        # One plan at a time: its draws fit into a cache, all plans together do not.
        terms = {
            t.label: t.weight * np.array([share_of_time(times, y, t) for y in outputs[t.output]])
            for t in self.parts
        }
        total = np.sum(list(terms.values()), axis=0)
        cost = np.array([self._burden(p, float(times[-1] - times[0])) for p in plans])
        if cost.any():
            terms["burden"] = np.broadcast_to(-cost[:, None], total.shape)
            total = total - cost[:, None]
        return Utility(total, terms)

    def _with(self, term: Term) -> Objective:
        return replace(self, parts=(*self.parts, term))

    def _burden(self, plan: Plan, horizon: float) -> float:
        visits = sum(1 for v in plan.visits if v <= horizon)
        amounts = [d.amount for _, d in plan.administrations(horizon)]
        changes = sum(1 for a, b in zip(amounts, amounts[1:], strict=False) if a != b)
        return (self.visit_cost * visits + self.change_cost * changes) / (horizon / 24)

    def __str__(self) -> str:
        texts = [
            f"{t.weight:+g} x {t.label}" + (f" from {spell(t.since)}" if t.since else "") for t in self.parts
        ]
        if self.visit_cost:
            texts.append(f"-{self.visit_cost:g} a day with a visit")
        if self.change_cost:
            texts.append(f"-{self.change_cost:g} a change of dose")
        return ", ".join(texts)


def share_of_time(times: Array, y: Array, term: Term) -> Array:
    """Share of time with ``term.lower <= y <= term.upper``, y linear between points.

    Parameters
    ----------
    times : ndarray, shape (T,)
    y : ndarray, shape (..., T)

    Returns
    -------
    ndarray, shape (...)
    """
    first = int(np.searchsorted(times, times[0] + term.since))
    times, y = times[first:], y[..., first:]
    if times.size < 2:
        raise InputError("objective.bad-horizon", "the horizon leaves no time to judge", place=term.label)
    share = _below(y, term.upper)
    if np.isfinite(term.lower):
        share -= _below(y, term.lower, closed=False)
    width = np.diff(times)
    return np.asarray(share @ (width / width.sum()))


def _below(y: Array, level: float, *, closed: bool = True) -> Array:
    """Share of each segment on which a linear y is below ``level``, or on it if ``closed``: (..., T - 1)."""
    if level == np.inf:
        return np.ones((*y.shape[:-1], y.shape[-1] - 1))
    a, b = y[..., :-1], y[..., 1:]
    low = np.minimum(a, b)
    span = np.abs(b - a)
    flat = span < 1e-12
    share = (level - low) / np.where(flat, 1.0, span)
    level_or_less = low <= level if closed else low < level
    return np.asarray(np.where(flat, level_or_less, np.clip(share, 0.0, 1.0)), dtype=np.float64)
