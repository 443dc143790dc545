"""Limit: what must not be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pytwin.model.plan import Plan

State = Literal["kept", "broken", "not excluded"]
Verdict = tuple[State, str]
KEPT: Verdict = ("kept", "")


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing that must not be done, and how to see whether a plan does it.

    Attributes
    ----------
    code : str
        Stable name, for example ``"max-daily-dose"``. A clinician may confirm a patient's Limit by this name.
    title : str
        One line for a person.
    citation : str
        Where it comes from.
    check : callable
        ``check(plan, patient) -> (state, reason)``; ``patient`` is what the Therapy knows of the patient, and
        ``state`` one of kept, broken, not excluded.
    about : {"plan", "patient"}
        Whether it depends on the plan. A patient's Limit stands in the way of every plan.
    """

    code: str
    title: str
    citation: str
    check: Callable[[Plan, Any], Verdict]
    about: Literal["plan", "patient"] = "plan"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A plan that is not ranked, with the reason; iterates as ``(plan, reason)``."""

    plan: Plan
    reason: str
    code: str = ""
    state: State = "broken"
    citation: str = ""

    def __iter__(self) -> Any:
        return iter((self.plan, self.reason))


def judge(
    plans: Sequence[Plan], limits: Sequence[Limit], patient: Any, confirmed: Sequence[str] = ()
) -> tuple[list[Plan], list[Exclusion]]:
    """Split plans into those that keep every Limit and those that do not, with the first reason.

    A Limit in ``confirmed`` that could not be excluded counts as kept; one that is broken never does.
    """
    if not plans:
        return [], []
    once = {x.code: x.check(plans[0], patient) for x in limits if x.about == "patient"}
    kept, excluded = [], []
    for plan in plans:
        exclusion = _first_exclusion(plan, limits, patient, confirmed, once)
        if exclusion:
            excluded.append(exclusion)
        else:
            kept.append(plan)
    return kept, excluded


def _first_exclusion(
    plan: Plan, limits: Sequence[Limit], patient: Any, confirmed: Sequence[str], once: Mapping[str, Verdict]
) -> Exclusion | None:
    for limit in limits:
        state, reason = once[limit.code] if limit.code in once else limit.check(plan, patient)
        if state == "kept" or (state == "not excluded" and limit.code in confirmed):
            continue
        return Exclusion(plan, reason, limit.code, state, limit.citation)
    return None


def max_daily(plan: Plan, drug: str, horizon: float) -> float:
    """Largest amount of a drug within any 24 hours, mg (or the plan's own unit where that is no mass).

    A window is closed at its start and open at its end, so one dose a day counts once.
    """
    given = [(t, d.milligrams) for t, d in plan.administrations(horizon) if d.drug == drug]
    if not given:
        return 0.0
    times, amounts = np.array(given).T
    total = np.concatenate([[0.0], np.cumsum(amounts)])
    ends = np.searchsorted(times, times + 24, side="left")
    return float((total[ends] - total[:-1]).max())
