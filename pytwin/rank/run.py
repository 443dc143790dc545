"""Rank plans for a twin: plans by draws in one call of the core, Limits first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.model.duration import hours
from pytwin.model.limit import Exclusion, judge
from pytwin.model.objective import Objective, Utility
from pytwin.model.plan import Plan
from pytwin.rank.drivers import explain
from pytwin.rank.information import GenotypeValue, genotype_values, needs_only_genotypes
from pytwin.rank.manifest import manifest
from pytwin.rank.ranking import Ranking
from pytwin.therapies.therapy import Patient
from pytwin.twin.simulation import QUANTILES, Draws, Simulation, output_times, simulate_plans

Array = NDArray[np.float64]

# Two plans whose expected utilities differ by less are a tie, whatever the number of draws: a hundredth of
# the horizon in range.
INDIFFERENCE = 0.01
# Monte-Carlo standard errors of a paired difference within which two plans are a tie.
TIE_ERRORS = 2.0
# Plans of these kinds show where they come from behind their name.
_TAGS = ("twin", "label", "current")


def rank(
    twin: Any,
    plans: Sequence[Plan] | None = None,
    objective: Objective | None = None,
    horizon: str | float = "30 d",
    draws: int = 2000,
    seed: int = 1,
    *,
    confirmed: Sequence[str] = (),
    indifference: float = INDIFFERENCE,
    threads: int = 1,
) -> Ranking:
    """Rank plans by expected utility.

    Parameters
    ----------
    twin : Twin
    plans : sequence of Plan, optional
        Default: the Therapy's candidates.
    objective : Objective, optional
        Default: the Therapy's, for the twin's target.
    horizon : str or float
        From the twin's time on.
    draws, seed : int
        Patients that the twin could be; all plans are tried on the same ones.
    confirmed : sequence of str
        Codes of Limits (for example ``"pregnancy"``) that the record can't exclude and a clinician has.
        They are written into the manifest. A Limit that is broken can't be confirmed away.
    indifference : float
        Difference of expected utility below which plans are a tie.
    threads : int

    Returns
    -------
    Ranking
        ``abstained`` is true, with reasons, when the data do not support a ranking.
    """
    if draws < 2:
        raise InputError("rank.bad-draws", "a ranking needs at least 2 draws", place="draws")
    therapy = twin.therapy
    goal = objective or therapy.aim(twin.target)
    end = hours(horizon, place="horizon")
    reasons = tuple(therapy.support(twin))
    wanted = merge(list(plans) if plans is not None else _candidates(twin, reasons))
    patient = Patient(twin.record, twin.history, twin.hour, twin.time, twin.genome)
    kept, excluded = judge(wanted, therapy.limits, patient, confirmed)
    if not kept and not reasons:
        reasons = (_no_plan_left(excluded),)
    facts = manifest(twin, goal, end, draws, seed, confirmed)
    if reasons:
        if needs_only_genotypes(twin):
            kept, _ = judge(kept or merge(therapy.candidates(twin)), therapy.limits, patient, confirmed)
        else:
            kept = []
        worth: tuple[GenotypeValue, ...] = ()
        if kept:
            sample = twin.draws(draws, seed)
            _, utility = _simulated(twin, sample, kept, goal, end, threads)
            worth = genotype_values(twin, utility.total, sample.component, indifference)
        return Ranking.abstention(twin, goal, excluded, reasons, facts, end, worth)
    sample = twin.draws(draws, seed)
    facts["clipped_states"] = sample.clipped
    simulation, utility = _simulated(twin, sample, kept, goal, end, threads)
    return _ranking(twin, goal, simulation, utility, sample, excluded, facts, indifference, end)


def _simulated(
    twin: Any, sample: Draws, plans: Sequence[Plan], goal: Objective, end: float, threads: int
) -> tuple[Simulation, Utility]:
    """Courses of all draws under all plans, and what the Objective makes of them."""
    outputs = tuple(dict.fromkeys((*goal.outputs, twin.therapy.output)))
    simulation = simulate_plans(twin, sample, plans, output_times(end, None), outputs, threads=threads)
    return simulation, goal.evaluate(simulation.times, simulation.outputs, plans)


def _no_plan_left(excluded: Sequence[Exclusion]) -> str:
    """Names the Limits that only a clinician can exclude, where they are what stands in the way."""
    codes = sorted({e.code for e in excluded if e.state == "not excluded"})
    hint = f"; a clinician may confirm that these do not apply: {', '.join(codes)}" if codes else ""
    return f"no plan keeps every Limit{hint}"


def _candidates(twin: Any, reasons: Sequence[str]) -> list[Plan]:
    """The Therapy's candidates; a twin whose data do not suffice proposes none."""
    return [] if reasons else twin.therapy.candidates(twin)


def merge(plans: Sequence[Plan]) -> list[Plan]:
    """Plans that give the same once each, with tags of where they come from; other names are kept apart."""
    found: dict[Any, tuple[Plan, list[str]]] = {}
    for plan in plans:
        key = plan.named("", "-")  # all that it does
        _, tags = found.setdefault(key, (plan, []))
        if plan.kind in _TAGS and plan.kind not in tags:
            tags.append(plan.kind)
    named = [p.named(f"{p.name} [{', '.join(tags)}]" if tags else p.name) for p, tags in found.values()]
    return _distinct(named)


def _distinct(plans: list[Plan]) -> list[Plan]:
    """Names made unique by a number."""
    seen: dict[str, int] = {}
    result = []
    for plan in plans:
        seen[plan.name] = seen.get(plan.name, 0) + 1
        result.append(plan if seen[plan.name] == 1 else plan.named(f"{plan.name} ({seen[plan.name]})"))
    return result


def _ranking(
    twin: Any,
    goal: Objective,
    simulation: Simulation,
    utility: Utility,
    sample: Any,
    excluded: Sequence[Any],
    facts: dict[str, Any],
    indifference: float,
    end: float,
) -> Ranking:
    total = utility.total
    order = np.argsort(-total.mean(axis=1), kind="stable")
    total = total[order]
    terms = {name: values[order] for name, values in utility.terms.items()}
    plans = tuple(simulation.plans[i] for i in order)
    bands = simulation.quantiles(twin.therapy.output)[order]
    low, high = np.quantile(total, [0.05, 0.95], axis=1)
    groups = tie_groups(total, indifference)
    return Ranking(
        twin=twin,
        objective=goal,
        horizon=end,
        plans=plans,
        expected_utility=total.mean(axis=1),
        standard_error=total.std(axis=1, ddof=1) / np.sqrt(total.shape[1]),
        interval=np.column_stack([low, high]),
        p_best=p_best(total),
        regret=(total.max(axis=0) - total).mean(axis=1),
        shares=shares(goal, terms),
        groups=groups,
        excluded=tuple(excluded),
        reasons=(),
        drivers=explain(plans, total, terms, sample.theta, twin.population, groups),
        manifest=facts,
        trajectories={p.name: (simulation.times, bands[i]) for i, p in enumerate(plans)},
        levels=QUANTILES,
        genotyping=genotype_values(twin, total, sample.component, indifference),
    )


def p_best(total: Array) -> Array:
    """Share of draws in which each plan is the best; draws with several best ones are split, shape
    (plans,)."""
    best = total == total.max(axis=0)
    return np.asarray((best / best.sum(axis=0)).mean(axis=1))


def shares(goal: Objective, terms: dict[str, Array]) -> dict[str, Array]:
    """Expected share of time of each term of the Objective, shape (plans,)."""
    weights = {t.label: t.weight for t in goal.parts}
    return {
        name: values.mean(axis=1) / weights[name] + 0.0  # no -0 where a harm never happens
        for name, values in terms.items()
        if weights.get(name, 0.0) != 0
    }


def tie_groups(total: Array, indifference: float) -> tuple[int, ...]:
    """Group of each plan, plans in order of expected utility: a plan is tied with the first of its group.

    The paired difference to that first one is within the indifference, or within Monte-Carlo error.
    """
    groups: list[int] = []
    leader = 0
    for index in range(len(total)):
        difference = total[leader] - total[index]
        error = TIE_ERRORS * difference.std(ddof=1) / np.sqrt(difference.size)
        if difference.mean() > max(indifference, error):
            leader = index
        groups.append(leader)
    return tuple(groups)
