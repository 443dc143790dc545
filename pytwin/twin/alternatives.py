"""Other stories that the observations could tell: doses not taken as recorded, a genotype called wrongly.

Each is a filter of its own over the same observations; what they say together is the Bayes factor of their
mean against the story of the record. The updates are robust ones, so that a single outlier speaks for none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.issues import Issues
from pytwin.model.population import Population
from pytwin.therapies.therapy import Given, History, Therapy
from pytwin.twin import filtering, prior
from pytwin.twin.prior import Components

Array = NDArray[np.float64]

# Predicted SDs beyond which an observation speaks less, also where a Population trusts all alike.
ROBUST = 3.0
# Observations back from the last one after which a change of doses is looked for.
LOOK_BACK = 8
# Of a mixture, components that hold this share of the weight are followed.
_SHARE = 0.99
# What may have happened to the doses since an observation: factor, whether it lasted until the next one only.
STORIES = (
    (0.0, False, "doses had been stopped"),
    (0.5, False, "half of the recorded doses had been taken"),
    (2.0, False, "twice the recorded doses had been taken"),
    (0.0, True, "doses had been missed for some time"),
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """The alternatives of one kind for one subject.

    Attributes
    ----------
    chance : float
        Reciprocal of the mean Bayes factor of the alternatives, at most 1.
    what : str
        The likeliest alternative.
    hour : float
        Since when, hours since the history's origin.
    """

    chance: float
    what: str
    hour: float = 0.0


def _doubt(gains: Sequence[float], names: Sequence[str], hours: Sequence[float]) -> Doubt:
    """From log Bayes factors (NaN where a filter failed, which counts as none)."""
    gain = np.nan_to_num(np.asarray(gains), nan=-np.inf)
    top = int(np.argmax(gain))
    peak = max(float(gain[top]), 0.0)
    factor = peak + np.log(np.exp(gain - peak).mean() + 1e-300)
    return Doubt(float(np.exp(-max(factor, 0.0))), names[top], hours[top])


def doubts_of_doses(
    therapy: Therapy, population: Population, subjects: Sequence[Any], threads: int
) -> list[Doubt | None]:
    """Whether a change of doses that is not in the record explains the latest observations better.

    Alternatives: each of ``STORIES`` since each of the last ``LOOK_BACK`` observations, all alike likely.
    None where there are no doses.
    """
    stories = [_stories(s.history) for s in subjects]
    priors, histories = [], []
    for s, found in zip(subjects, stories, strict=True):
        kept = _leading(s.prior, s.filtered.components)
        alternatives = [s.history, *(_changed(s.history, *f[:3]) for f in found)] if found else []
        histories += alternatives
        priors += [kept] * len(alternatives)
    loglikes = iter(_loglikes(therapy, population, priors, histories, threads))
    doubts: list[Doubt | None] = []
    for found in stories:
        if not found:
            doubts.append(None)
            continue
        recorded = next(loglikes)
        gains = [next(loglikes) - recorded for _ in found]
        doubts.append(_doubt(gains, [f[3] for f in found], [f[0] for f in found]))
    return doubts


def _loglikes(
    therapy: Therapy,
    population: Population,
    priors: Sequence[Components],
    histories: Sequence[History],
    threads: int,
) -> list[float]:
    if not priors:
        return []
    found = filtering.run(
        therapy, population, priors, histories, errors="status", threads=threads, robust=ROBUST
    )
    return [f.loglike for f in found]


def _leading(before: Components, after: Components) -> Components:
    """The components of a prior that matter after the observations, with their prior weights."""
    weight = {tuple(g.items()): w for g, w in zip(after.labels, after.weights.tolist(), strict=True)}
    posterior = np.array([weight.get(tuple(g.items()), 0.0) for g in before.labels])
    order = np.argsort(-posterior)
    count = int(np.searchsorted(np.cumsum(posterior[order]), _SHARE)) + 1
    kept = np.sort(order[:count])
    return Components(
        tuple(before.labels[i] for i in kept),
        before.weights[kept] / before.weights[kept].sum(),
        before.means[kept],
        before.covs[kept],
        before.params[kept],
    )


def _stories(history: History) -> list[tuple[float, float, float, str]]:
    """(from hour, to hour, factor, words); an interval between observations without doses has none."""
    edges = [0.0, *history.times.tolist()]
    first = max(0, len(edges) - 1 - LOOK_BACK)
    found = []
    for start, end in zip(edges[first:-1], edges[first + 1 :], strict=True):
        if any(start <= d.time < end and d.amount > 0 for d in history.doses):
            for factor, brief, words in STORIES:
                found.append((start, end if brief else np.inf, factor, words))
    return found


def _changed(history: History, start: float, end: float, factor: float) -> History:
    doses = tuple(
        Given(d.time, d.amount * factor, d.source) if start <= d.time < end else d for d in history.doses
    )
    return replace(history, doses=doses)


def doubts_of_genotypes(
    therapy: Therapy, population: Population, subjects: Sequence[Any], threads: int
) -> list[Doubt | None]:
    """Whether another genotype of a gene that was called explains the observations better.

    Alternatives, all alike likely: for each such gene its other genotypes by their frequency; and, where
    several were called, all of them by their frequency, as if the sample were another person's. None where no
    gene was called or nothing was observed.
    """
    owners, genes, histories, options = [], [], [], []
    for i, s in enumerate(subjects):
        if s.history.times.size == 0:
            continue
        for name, changed in _genotype_stories(population, s):
            owners.append(i)
            genes.append(name)
            histories.append(s.history)
            options.append(changed)
    if not owners:
        return [None] * len(subjects)
    priors = prior.build(therapy, population, histories, options)
    needed = sorted(set(owners))
    priors += [subjects[i].prior for i in needed]
    histories += [subjects[i].history for i in needed]
    loglikes = _loglikes(therapy, population, priors, histories, threads)
    called_loglike = dict(zip(needed, loglikes[len(owners) :], strict=True))
    return [_gene_doubt(i, owners, genes, loglikes, called_loglike) for i in range(len(subjects))]


def _gene_doubt(
    subject: int,
    owners: Sequence[int],
    genes: Sequence[str],
    loglikes: Sequence[float],
    called: dict[int, float],
) -> Doubt | None:
    rows = [k for k, owner in enumerate(owners) if owner == subject]
    if not rows:
        return None
    return _doubt([loglikes[k] - called[subject] for k in rows], [genes[k] for k in rows], [0.0] * len(rows))


def _genotype_stories(population: Population, s: Any) -> list[tuple[str, prior.Options]]:
    """(gene, or all of them, and genotypes with probabilities) for each alternative."""
    usual = prior.genotype_options(population, s.genome, s.race, Issues())
    others = {}
    for gene, called in prior.sure_genotypes(population, s.genome, s.race).items():
        table = prior.genotype_frequencies(population, gene, s.race)
        others[gene] = [(g, p) for g, p in table.items() if g != called and p > 0]
    stories: list[tuple[str, prior.Options]] = [
        (gene, {**usual, gene: found}) for gene, found in others.items() if found
    ]
    if len(stories) > 1:
        stories.append((" and ".join(gene for gene, _ in stories), {**usual, **others}))
    return stories
