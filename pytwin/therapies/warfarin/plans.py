"""Candidate plans of warfarin.

Sources
-------
.. [1] Warfarin sodium tablets, US prescribing information: tablets of 1, 2, 2.5, 3, 4, 5, 6, 7.5 and 10 mg,
scored
   (section 3); usual initial dose 2 to 5 mg and maintenance 2 to 10 mg a day, table of ranges of maintenance
   doses by CYP2C9 and VKORC1 genotype (section 2.3).
.. [2] Kovacs MJ et al., Ann Intern Med 2003;138:714-719: initiation with 10 mg on two days.
"""

from __future__ import annotations

import math
from typing import Any

from pytwin.model.effects import canonical
from pytwin.model.plan import Plan

TABLETS_MG = (1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 10.0)
STEP_MG = 0.5
# Daily ranges in mg of [1], low and high, by VKORC1 -1639 and CYP2C9.
LABEL_MG: dict[str, dict[str, tuple[float, float]]] = {
    "G/G": {
        "*1/*1": (5, 7),
        "*1/*2": (5, 7),
        "*1/*3": (3, 4),
        "*2/*2": (3, 4),
        "*2/*3": (3, 4),
        "*3/*3": (0.5, 2),
    },
    "A/G": {
        "*1/*1": (5, 7),
        "*1/*2": (3, 4),
        "*1/*3": (3, 4),
        "*2/*2": (3, 4),
        "*2/*3": (0.5, 2),
        "*3/*3": (0.5, 2),
    },
    "A/A": {
        "*1/*1": (3, 4),
        "*1/*2": (3, 4),
        "*1/*3": (0.5, 2),
        "*2/*2": (0.5, 2),
        "*2/*3": (0.5, 2),
        "*3/*3": (0.5, 2),
    },
}
_MAINTENANCE_VISITS = ("3 d", "7 d", "14 d", "21 d", "28 d")
_LOADING_VISITS = ("2 d", "3 d", "4 d", "5 d", "7 d", "14 d", "21 d", "28 d")
_UNTIL = "365 d"


def makeable(amount: float) -> bool:
    """Whether an amount can be made from whole and half tablets: a multiple of 0.5 mg."""
    return amount >= 0 and abs(amount / STEP_MG - round(amount / STEP_MG)) < 1e-9


def round_dose(daily: float) -> tuple[float, ...]:
    """The nearest daily amount that tablets can make, or two amounts on alternate days.

    Steps are 0.25 mg a day: 3.25 is 3 and 3.5 mg on alternate days. Never less than one half tablet of 1 mg.
    """
    quarter = max(STEP_MG, round(daily / (STEP_MG / 2)) * STEP_MG / 2)
    low = math.floor(quarter / STEP_MG + 1e-9) * STEP_MG
    return (low,) if abs(quarter - low) < 1e-9 else (low, low + STEP_MG)


def label_range(cyp2c9: str, vkorc1: str) -> tuple[float, float] | None:
    """Daily mg of the label's genotype table; None where it has no entry."""
    return LABEL_MG.get(canonical(vkorc1), {}).get(canonical(cyp2c9))


def maintenance(amounts: tuple[float, ...], kind: str = "maintenance") -> Plan:
    """Amounts (mg) taken in turn, one a day."""
    text = f"{amounts[0]:g} mg daily" if len(amounts) == 1 else _alternating(amounts)
    plan = Plan(text, kind=kind).visit(_MAINTENANCE_VISITS)
    for day, amount in enumerate(amounts):
        every, start = f"{24 * len(amounts)} h", f"{24 * day} h"
        plan = plan.dose("warfarin", amount, "mg", every=every, route="oral", start=start, until=_UNTIL)
    return plan


def loading(first: float, days: int, then: tuple[float, ...]) -> Plan:
    """``first`` mg a day for some days, then a maintenance dose."""
    after = f"{then[0]:g}" if len(then) == 1 else "/".join(f"{a:g}" for a in then)
    plan = Plan(f"{first:g} mg for {days} d, then {after} mg daily", kind="loading").visit(_LOADING_VISITS)
    plan = plan.dose("warfarin", first, "mg", every="24 h", route="oral", until=f"{days} d")
    return _after(plan, days, then)


def holding(days: int, then: tuple[float, ...]) -> Plan:
    """No dose for some days, then a maintenance dose."""
    after = f"{then[0]:g}" if len(then) == 1 else "/".join(f"{a:g}" for a in then)
    plan = Plan(f"omit {days} d, then {after} mg daily", kind="holding").visit(_LOADING_VISITS)
    return _after(plan, days, then)


def candidates(twin: Any) -> list[Plan]:
    """What could be given to this patient: fixed doses, loading or holding, the label's dose, the twin's own.

    Parameters
    ----------
    twin : Twin
    """
    own = round_dose(twin.dose_for().median)
    plans = [maintenance((half * STEP_MG,)) for half in range(2, 21)]
    plans.append(maintenance(own, kind="twin"))
    treated = twin.history.current_daily(twin.hour)
    if treated is None:
        plans += [loading(first, days, own) for first, days in ((10.0, 2), (7.5, 2), (5.0, 2))]
    else:
        plans += [holding(days, own) for days in (1, 2, 3)]
        current = round_dose(treated)
        plans.append(maintenance(current, kind="current"))
    plans += _label(twin)
    return plans


def _label(twin: Any) -> list[Plan]:
    genotype = twin.genotypes
    both = genotype.get("CYP2C9"), genotype.get("VKORC1")
    found = label_range(*both) if all(both) else None
    if found is None:
        return []
    return [maintenance(round_dose(sum(found) / 2), kind="label")]


def _after(plan: Plan, days: int, then: tuple[float, ...]) -> Plan:
    for index, amount in enumerate(then):
        every, start = f"{24 * len(then)} h", f"{24 * (days + index)} h"
        plan = plan.dose("warfarin", amount, "mg", every=every, route="oral", start=start, until=_UNTIL)
    return plan


def _alternating(amounts: tuple[float, ...]) -> str:
    return " and ".join(f"{a:g}" for a in amounts) + " mg on alternate days"
