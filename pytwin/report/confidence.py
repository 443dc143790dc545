"""How far the Population can be trusted for this patient, and which observation would help most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytwin.report import words
from pytwin.report.page import NextRow, TrustRow

if TYPE_CHECKING:
    from pytwin.rank import GenotypeValue, Ranking
    from pytwin.twin import NextObservation, Twin
    from pytwin.twin.next import Candidate


def trust_rows(twin: Twin, genome: bool) -> tuple[TrustRow, ...]:
    """What speaks for and against; which genotypes the patient has shows only where ``genome`` allows it."""
    rows = twin.trust(genome=genome)
    return tuple(
        TrustRow(words.sentence(t.topic.replace("_", " ")), t.state, words.sentence(t.text)) for t in rows
    )


def next_of(ranking: Ranking) -> NextObservation:
    """Under the leading plan; where there is none under what is taken now."""
    plan = ranking.plans[0] if ranking.plans else None
    found: NextObservation = ranking.twin.next_observation(plan=plan, seed=ranking.manifest["seed"])
    return found


def next_fields(ranking: Ranking) -> dict[str, Any]:
    """``next_rows``, ``next_note`` and ``worth_note`` of the page."""
    found = next_of(ranking)
    worth = {g.gene: f"{g.value:.3f} ± {g.standard_error:.3f}" for g in ranking.genotyping}
    rows = tuple(
        _row(c, c == found.best, worth.get(c.what, "") if c.day is None else "") for c in found.candidates
    )
    return {"next_rows": rows, "next_note": _note(ranking, found), "worth_note": worth_note(ranking)}


def worth_note(ranking: Ranking) -> str:
    """What genotyping would be worth to the choice between the plans, in words."""
    if not ranking.genotyping:
        return ""
    told = []
    for g in ranking.genotyping:
        unsure = g.value <= 2 * g.standard_error
        amount = "nothing that the simulations can tell" if unsure else _gain(ranking, g)
        told.append(f"{g.gene}: {amount}")
    text = f"What a genotype would be worth to the choice of a plan. {'; '.join(told)}."
    if not ranking.plans:
        return text
    return f"{text} Knowing everything about the patient would gain {ranking.regret[0]:.3f}."


def _gain(ranking: Ranking, g: GenotypeValue) -> str:
    hours = f"{g.value * ranking.horizon:.0f} h"
    return (
        f"{g.value:.3f} ± {g.standard_error:.3f}, as much as {hours} more in range; "
        f"with probability {words.percent(g.changes)} another plan would lead"
    )


def _row(c: Candidate, best: bool, worth: str = "") -> NextRow:
    when = "" if c.day is None else f"in {words.days(24 * c.day)}"
    what = f"{c.what} genotype" if c.day is None else c.what
    forecast = (
        "" if c.forecast is None else f"{c.forecast[1]:.2f} ({c.forecast[0]:.2f} to {c.forecast[2]:.2f})"
    )
    return NextRow(what, when, forecast, words.percent(c.narrows), best, worth)


def _note(ranking: Ranking, found: NextObservation) -> str:
    output, target = ranking.twin.therapy.output, ranking.twin.target
    doubt = next((c for c in ranking.twin.conflicts if c.abstain), None)
    if doubt is not None:
        first = "First of all the conflict that stops the ranking: "
        helps = "the measurement repeated" if doubt.kind == "observation" else "what the patient really takes"
        return f"{first}{helps} would help most."
    if not found.candidates:
        return f"The dose that holds {output} {target:g} could not be computed."
    text = (
        f"Under {words.bare(found.plan)}. The daily dose that holds {output} {target:g} is "
        f"known within a factor of {found.factor:.2f} (90 %)."
    )
    if found.best is None:
        return f"{text} No single observation would narrow it noticeably."
    best = _row(found.best, True)
    when = f" {best.when}" if best.when else ""
    return f"{text} {best.what}{when} is the earliest that tells nearly as much as any."
