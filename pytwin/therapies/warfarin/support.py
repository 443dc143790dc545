"""Whether the data of a patient suffice to rank warfarin plans."""

from __future__ import annotations

from typing import Any

from pytwin.therapies.warfarin.record import STALE_INR_DAYS

# Days of treatment after which an INR is due: the label asks for it daily at first.
FIRST_INR_DAYS = 5.0
# INRs under treatment that stand in for a genotype.
INRS_INSTEAD_OF_GENOTYPE = 3


def support(twin: Any) -> list[str]:
    """Reasons why the data do not support a ranking; empty when they do.

    Parameters
    ----------
    twin : Twin
    """
    reasons = [_doses(twin), _inr(twin), _genotype(twin)]
    return [r for r in reasons if r] + [str(c) for c in twin.conflicts if c.abstain]


def _doses(twin: Any) -> str:
    history = twin.history
    if not history.doses and history.start == "unknown":
        return "INR is raised, but the record has no doses: what the patient takes is unknown"
    return ""


def _inr(twin: Any) -> str:
    history = twin.history
    given = [d for d in history.doses if d.time <= twin.hour and d.amount > 0]
    if not given and history.start == "untreated":
        return ""
    days = (twin.hour - (given[0].time if given else 0.0)) / 24
    seen = twin.observed_until(twin.hour)
    if seen is None:
        late = history.start != "untreated" or days > FIRST_INR_DAYS
        return "no INR under treatment" if late else ""
    age = (twin.hour - seen) / 24
    if age > STALE_INR_DAYS:
        return f"the last INR is {age:.0f} days older than the twin's time"
    return ""


def _genotype(twin: Any) -> str:
    unknown = [g for g in twin.population.genes if g not in twin.genotypes]
    if len(unknown) == len(twin.population.genes) and twin.n_assimilated < INRS_INSTEAD_OF_GENOTYPE:
        seen = twin.n_assimilated
        names = " and ".join(unknown)
        return f"{names} genotypes are unknown and only {seen} INRs under treatment stand in for them"
    return ""
