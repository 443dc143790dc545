"""Conflicts between a patient's data and what the twin expected: what is odd, how odd, and what follows.

Every check has a bound on how often it speaks up for a patient who is as the model says. For an observation,
the parameters and the scatter it is a p-value; for doses and genotype it is the reciprocal of a Bayes factor
averaged over alternatives that were fixed beforehand, which exceeds c with probability at most 1/c (Vovk V,
Wang R, Ann Stat 2021;49:1736-1754). The sum of the thresholds bounds how often any of them does. What the
prior predicts against what was observed: Box GEP, J R Stat Soc A 1980;143:383-430; alternatives of known form
at unknown times: Willsky AS, Jones HL, IEEE Trans Autom Control 1976;21:108-112.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.chance import chi_square_tail, normal_quantile
from pytwin.model.population import Population
from pytwin.therapies.therapy import Difference, History, Therapy
from pytwin.twin.alternatives import Doubt, doubts_of_doses, doubts_of_genotypes
from pytwin.twin.filtering import Filtered
from pytwin.twin.mixture import moments
from pytwin.twin.prior import Components
from pytwin.twin.trace import TracePoint, trace

Array = NDArray[np.float64]
Kind = Literal["observation", "doses", "genotype", "response", "scatter", "record"]

# A conflict is shown where chance alone would do as much in fewer patients than this.
OBSERVATION = 0.01  # the smallest p-value of all observations, times their number
DOSES = 0.05
GENOTYPE = 0.05
RESPONSE = 0.01
SCATTER = 0.005
# Sources that disagree on so many doses of the last week, each by so large a part: what is taken now is open.
_WEEK, _DOSES_OPEN, _PART = 168.0, 3, 0.25
_US_PER_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Conflict:
    """One contradiction.

    Attributes
    ----------
    kind : {"observation", "doses", "genotype", "response", "scatter", "record"}
    what : str
        The output, gene or source that is in doubt.
    time : int or None
        Since when, microseconds UTC.
    probability : float
        Bound on how often chance alone does as much in a patient who is as the model says; NaN where the
        record contradicts itself and no chance is involved.
    text : str
        In words, without values.
    consequence : str
        What the twin and a ranking do about it.
    abstain : bool
        Whether a ranking has to.
    """

    kind: Kind
    what: str
    time: int | None
    probability: float
    text: str
    consequence: str
    abstain: bool

    def __str__(self) -> str:
        return f"{self.text}; {self.consequence}"


class Subject(NamedTuple):
    """A patient after the filter."""

    prior: Components
    history: History
    filtered: Filtered
    genome: Any
    race: str | None


def find(
    therapy: Therapy, population: Population, subjects: Sequence[Subject], *, threads: int = 1
) -> list[tuple[Conflict, ...]]:
    """Conflicts of many subjects; the filters of all alternatives run as two batches.

    Parameters
    ----------
    subjects : sequence of Subject
        One whose filter failed has none.

    Returns
    -------
    list of tuple of Conflict
        Those that stop a ranking first.
    """
    good = [i for i, s in enumerate(subjects) if s.filtered.status == 0]
    chosen = [subjects[i] for i in good]
    doses = doubts_of_doses(therapy, population, chosen, threads)
    genes = doubts_of_genotypes(therapy, population, chosen, threads)
    found: list[tuple[Conflict, ...]] = [()] * len(subjects)
    for i, s, dose, gene in zip(good, chosen, doses, genes, strict=True):
        points = trace(population, s.history, s.filtered)
        conflicts = [
            *_observations(therapy, s.history, points, dose),
            *_doses(therapy, s.history, dose),
            *_genotype(gene),
            *_response(population, s),
            *_scatter(therapy, points),
            *_record(therapy, s.history),
        ]
        found[i] = tuple(sorted(conflicts, key=lambda c: not c.abstain))
    return found


def _instant(history: History, hour: float) -> int:
    return history.origin + round(hour * _US_PER_HOUR)


def _observations(
    therapy: Therapy, history: History, points: Sequence[TracePoint], dose: Doubt | None
) -> list[Conflict]:
    """Single observations that miss their forecast; settled once a later one lies in its 90 % interval."""
    found = []
    for i, point in enumerate(points):
        chance = min(1.0, point.probability * len(points))
        if chance >= OBSERVATION or (dose is not None and dose.chance < DOSES and point.hour >= dose.hour):
            continue  # doses that were not taken as recorded explain it: told once, there
        settled = any(later.inside for later in points[i + 1 :])
        side = "above" if point.value > point.median else "below"
        text = (
            f"an {therapy.output} contradicts the twin: far {side} its forecast, and no recorded dose "
            "explains it"
        )
        follows = "it weighs less; later measurements agree with the twin" if settled else _REPEAT
        found.append(
            Conflict("observation", therapy.output, point.time, chance, text, follows, abstain=not settled)
        )
    return found


_REPEAT = "it weighs less; no ranking until it is repeated or explained"


def _doses(therapy: Therapy, history: History, doubt: Doubt | None) -> list[Conflict]:
    if doubt is None or doubt.chance >= DOSES:
        return []
    text = (
        f"the {therapy.output}s look as if {doubt.what}; an interacting drug or diet that is not recorded "
        "can look the same"
    )
    follows = "no ranking until it is known what was taken"
    time = _instant(history, doubt.hour)
    return [Conflict("doses", therapy.drug, time, doubt.chance, text, follows, abstain=True)]


def _genotype(doubt: Doubt | None) -> list[Conflict]:
    if doubt is None or doubt.chance >= GENOTYPE:
        return []
    text = f"the response is that of another {doubt.what} genotype than the one that was called"
    follows = "the measurements outweigh the genotype; have it called again"
    return [Conflict("genotype", doubt.what, None, doubt.chance, text, follows, abstain=False)]


def _response(population: Population, s: Subject) -> list[Conflict]:
    """Mahalanobis distance of the parameters' posterior mean under the prior, walk included."""
    n = len(population.theta)
    if s.history.times.size == 0:
        return []
    before, cov = moments(*s.prior)
    after, _ = moments(*s.filtered.components)
    spread = cov[-n:, -n:] + np.diag(population.drift) * s.history.end
    free = np.flatnonzero(np.diag(spread) > 0)
    moved = (after - before)[-n:][free]
    distance = float(moved @ np.linalg.pinv(spread[np.ix_(free, free)], hermitian=True) @ moved)
    chance = chi_square_tail(distance, free.size)
    if chance >= RESPONSE:
        return []
    text = "the parameters that fit this patient are far from those of the population"
    follows = "forecasts rest on the measurements more than on covariates and genotype"
    return [Conflict("response", "parameters", None, chance, text, follows, abstain=False)]


def _scatter(therapy: Therapy, points: Sequence[TracePoint]) -> list[Conflict]:
    """Sum of squares of all surprises but the largest one, as normal deviates."""
    seen = (p.probability for p in points if p.censor == 0 and not np.isnan(p.value))
    chances = sorted(seen)[1:]
    if len(chances) < 2:
        return []
    squares = sum(normal_quantile(max(c, 1e-300) / 2) ** 2 for c in chances)
    chance = chi_square_tail(squares, len(chances))
    if chance >= SCATTER:
        return []
    text = f"the {therapy.output}s scatter more around their forecasts than measurement error explains"
    follows = "intervals are too narrow; doses may have been taken irregularly"
    return [Conflict("scatter", therapy.output, None, chance, text, follows, abstain=False)]


def _contradicts(d: Difference) -> bool:
    """An order says what was wanted: a dose that was held or changed on the ward does not contradict it."""
    only_wanted = d.source == "order" and d.by in ("", "administration")
    return not only_wanted and abs(d.told - d.believed) > _PART * max(d.told, d.believed)


def _record(therapy: Therapy, history: History) -> list[Conflict]:
    """Sources that disagree on doses; they stop a ranking where it is open what is taken now."""
    large = [d for d in history.differences if _contradicts(d)]
    if not large:
        return []
    recent = sum(history.end - _WEEK <= d.time <= history.end for d in large)
    open_now = recent >= _DOSES_OPEN
    text = f"sources of the record contradict each other on {therapy.drug} doses"
    follows = (
        "no ranking until it is known what is taken now" if open_now else "the more reliable source is used"
    )
    time = _instant(history, large[0].time)
    return [Conflict("record", therapy.drug, time, float("nan"), text, follows, abstain=open_now)]
