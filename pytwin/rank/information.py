"""What a genotype would be worth: how much better one could choose if one knew it.

    EVPI(g) = sum_k P(g = k) max_plan E[U | plan, g = k] - max_plan E[U | plan]

the expected value of perfect information on one gene (Raiffa H, Schlaifer R, Applied Statistical Decision
Theory, Harvard 1961), from the draws of the ranking. The largest of means that were estimated on the same
draws is too large on average, and the more so the fewer draws a genotype has. So plans are chosen on nine
tenths of the draws and judged on the other tenth, each tenth in turn: the value is an unbiased estimate of
what plans chosen on so many draws gain. That errs a little low, and below 0 where a genotype is worth
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.twin.prior import open_genes

Array = NDArray[np.float64]
Labels = NDArray[np.intp]

FOLDS = 10
_TIE_ERRORS = 2.0
_KNOWN = 1e-9


@dataclass(frozen=True, slots=True)
class GenotypeValue:
    """What knowing the genotype of a gene, or of several together, would be worth to this choice of plans.

    Attributes
    ----------
    gene : str
        ``"CYP2C9"``, or ``"CYP2C9 and VKORC1"``.
    value : float
        Expected gain of utility; 1 is a whole horizon in range. Below 0 only by chance.
    standard_error : float
        Monte-Carlo.
    upper : float
        The same with plans chosen and judged on the same draws: too large on average.
    changes : float
        Probability of a genotype under which another plan is clearly better than the leading one.
    """

    gene: str
    value: float
    standard_error: float
    upper: float
    changes: float

    def __str__(self) -> str:
        return (
            f"{self.gene}: worth {self.value:.4f} (standard error {self.standard_error:.4f}); "
            f"another plan leads with probability {self.changes:.0%}"
        )


class Information(NamedTuple):
    """Expected value of perfect information on a label: cross-validated, its error, and the plug-in."""

    value: float
    standard_error: float
    plug_in: float


def genotype_values(
    twin: Any, total: Array, component: Labels, indifference: float
) -> tuple[GenotypeValue, ...]:
    """One for each gene of which a test could tell more, and one for all of them together.

    Parameters
    ----------
    twin : Twin
    total : ndarray, shape (plans, draws)
        Utilities.
    component : ndarray of int, shape (draws,)
        The twin's component behind each draw.
    indifference : float
        Difference of expected utility below which no plan is better.
    """
    genes = [g for g in open_genes(twin.population, twin.genome, twin.record.patient.race) if _open(twin, g)]
    groups = [(g,) for g in genes] + ([tuple(genes)] if len(genes) > 1 else [])
    found = []
    for group in groups:
        of_component, weights = _labels(twin.components, group)
        labels = of_component[component]
        value, error, upper = information(total, labels, weights)
        changes = _changes(total, labels, weights, indifference)
        found.append(GenotypeValue(" and ".join(group), value, error, upper, changes))
    return tuple(found)


class _Typed:
    """A twin as its Therapy's ``support`` would see it if every gene had been tested."""

    def __init__(self, twin: Any) -> None:
        self._twin = twin
        likeliest = twin.components.labels[int(np.argmax(twin.components.weights))]
        self.genotypes = dict(likeliest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._twin, name)


def needs_only_genotypes(twin: Any) -> bool:
    """Whether a twin that can't be ranked could be, if its genotypes were known: then it can be said what
    they are worth."""
    return not twin.therapy.support(_Typed(twin))


def _open(twin: Any, gene: str) -> bool:
    """Whether the components still disagree about a gene."""
    _, weights = _labels(twin.components, (gene,))
    return bool(weights.max() < 1 - _KNOWN)


def _labels(components: Any, genes: Sequence[str]) -> tuple[Labels, Array]:
    """The genotype of each component as a number, and the probability of each."""
    names = [tuple(row[g] for g in genes) for row in components.labels]
    order = {name: k for k, name in enumerate(dict.fromkeys(names))}
    labels = np.array([order[name] for name in names], dtype=np.intp)
    return labels, np.bincount(labels, weights=components.weights).astype(np.float64)


def information(total: Array, labels: Labels, weights: Array, folds: int = FOLDS) -> Information:
    """Expected value of perfect information on a label of the draws.

    Parameters
    ----------
    total : ndarray, shape (plans, draws)
        Utilities.
    labels : ndarray of int, shape (draws,)
        What would be learned, for each draw: 0 to K - 1.
    weights : ndarray, shape (K,)
        Probability of each label; they sum to 1.
    folds : int
        Draw i is judged by choices made without the draws i mod ``folds``.

    Returns
    -------
    Information
        With D_i = U_i(plan chosen for its label) - U_i(plan chosen for all), both chosen without i's fold:
        value sum_k w_k mean_k D and variance sum_k w_k^2 var_k D / n_k. A label without draws adds nothing.
    """
    n_plan, n = total.shape
    size = len(weights)
    fold = np.arange(n) % folds
    cell = labels * folds + fold
    rows = [np.bincount(cell, weights=u, minlength=size * folds) for u in total]
    sums = np.array(rows).reshape(n_plan, size, folds)
    counts = np.bincount(cell, minlength=size * folds).reshape(size, folds).astype(np.float64)
    means = _means(sums.sum(axis=2, keepdims=True) - sums, counts.sum(axis=1, keepdims=True) - counts)
    share = np.broadcast_to(weights[:, None], counts.shape)
    for_all = np.argmax(_weighted(means, share), axis=0)
    chosen = np.where(
        np.isnan(means[0]), for_all[None, :], np.argmax(np.nan_to_num(means, nan=-np.inf), axis=0)
    )
    draws = np.arange(n)
    gain = total[chosen[labels, fold], draws] - total[for_all[fold], draws]
    value, error = _stratified(gain, labels, weights)
    full = _means(sums.sum(axis=2), counts.sum(axis=1))
    return Information(value, error, _plug_in(full, weights))


def _means(sums: Array, counts: Array) -> Array:
    """Mean utility, shape (plans, ...); NaN without draws."""
    return np.where(counts > 0, sums / np.maximum(counts, 1.0), np.nan)


def _weighted(means: Array, weights: Array) -> Array:
    """Mean over labels (axis 1) of those that have draws."""
    seen = ~np.isnan(means[0])
    share = np.where(seen, weights, 0.0)
    return np.asarray(np.einsum("pk...,k...->p...", np.nan_to_num(means), share) / share.sum(axis=0))


def _plug_in(means: Array, weights: Array) -> float:
    seen = ~np.isnan(means[0])
    share = np.where(seen, weights, 0.0) / weights[seen].sum()
    known = np.nan_to_num(means)
    return float(share @ known.max(axis=0) - (known @ share).max())


def _stratified(gain: Array, labels: Labels, weights: Array) -> tuple[float, float]:
    """Mean of the strata's means by their probability, and its standard error."""
    size = len(weights)
    count = np.bincount(labels, minlength=size).astype(np.float64)
    mean = np.bincount(labels, weights=gain, minlength=size) / np.maximum(count, 1.0)
    square = np.bincount(labels, weights=(gain - mean[labels]) ** 2, minlength=size)
    several = count > 1
    variance = np.where(several, square / np.maximum(count - 1, 1.0), gain.var())
    error = weights**2 * variance / np.maximum(count, 1.0)
    return float(weights @ mean), float(np.sqrt(error[count > 0].sum()))


def _changes(total: Array, labels: Labels, weights: Array, indifference: float) -> float:
    """Probability of the labels under which another plan beats the leader by more than the indifference and
    by more than Monte-Carlo error."""
    leader = int(np.argmax(total.mean(axis=1)))
    changed = 0.0
    for k, weight in enumerate(weights):
        mine = total[:, labels == k]
        if mine.shape[1] < 2:
            continue
        better = mine[int(np.argmax(mine.mean(axis=1)))] - mine[leader]
        error = _TIE_ERRORS * better.std(ddof=1) / np.sqrt(better.size)
        changed += float(weight) * bool(better.mean() > max(indifference, error))
    return changed
