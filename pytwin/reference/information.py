"""Value of perfect information in plain loops: the oracle of pytwin.rank.information, and a closed form.

With plans d and the utility -(d - theta)^2, the best plan for what is known of theta is its mean, and knowing
a label k of theta gains the variance of E[theta | k] (Raiffa H, Schlaifer R, Applied Statistical Decision
Theory, Harvard 1961: terminal utility quadratic in theta).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def quadratic(means: Array, weights: Array) -> float:
    """sum_k w_k (m_k - m)^2, m = sum_k w_k m_k: the value of knowing k under quadratic loss."""
    mean = float(np.dot(weights, means))
    return float(np.dot(weights, (np.asarray(means) - mean) ** 2))


def discrete(utility: Array, weights: Array) -> float:
    """sum_k w_k max_p u_pk - max_p sum_k w_k u_pk, expected utilities (plans, K) being known."""
    informed = sum(w * max(utility[p][k] for p in range(len(utility))) for k, w in enumerate(weights))
    blind = max(sum(w * utility[p][k] for k, w in enumerate(weights)) for p in range(len(utility)))
    return float(informed - blind)


def cross_validated(total: Array, labels: NDArray[np.intp], weights: Array, folds: int) -> float:
    """Plans chosen without a fold, for each label and for all, judged on that fold; draw by draw."""
    n_plan, n = total.shape
    gains: dict[int, list[float]] = {}
    for i in range(n):
        rest = [j for j in range(n) if j % folds != i % folds]
        rows = {k: [j for j in rest if labels[j] == k] for k in range(len(weights))}
        seen = [k for k in rows if rows[k]]
        table = {k: [float(np.mean([total[p, j] for j in rows[k]])) for p in range(n_plan)] for k in seen}
        share = sum(weights[k] for k in seen)
        blind = [sum(weights[k] * table[k][p] for k in seen) / share for p in range(n_plan)]
        for_all = int(np.argmax(blind))
        k = int(labels[i])
        chosen = int(np.argmax(table[k])) if k in table else for_all
        gains.setdefault(k, []).append(float(total[chosen, i] - total[for_all, i]))
    return float(sum(weights[k] * np.mean(found) for k, found in gains.items()))
