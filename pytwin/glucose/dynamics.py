"""How glucose moves when meals and insulin are not known: two linear models in continuous time.

States are deviations from a person's centre, in units of the person's spread on the scale that is worked on;
time is in minutes.

``minimal``: a minimal model whose appearance from the gut, less what insulin takes away, is not known::

    dS/dt = (G - S) / 7                       under the skin, what a sensor reads
    dG    = (-p1 G + R) dt + s_g dW1          plasma
    dR/dt = k1 (D - R),  dD = -k2 D dt + s_d dW2

p1 is glucose effectiveness at zero insulin (Bergman, Ider, Bowden & Cobelli 1979, Am J Physiol 236, E667).
D -> R are the two compartments that appearance is commonly given (Hovorka et al. 2004, Physiol Meas 25, 905),
driven by noise instead of meals. 7 min from plasma to under the skin are those of ReplayBG (Cappon et al.
2023, IEEE Trans Biomed Eng, doi 10.1109/TBME.2023.3286856).

``oscillator``: a damped swing about a level that wanders::

    dG/dt = V,  dV = (-a V - b (G - M)) dt + s_v dW1,  dM = -k M dt + s_m dW2
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "Kind"]

Array = NDArray[np.float64]
SENSOR_LAG = 7.0  # min


@dataclass(frozen=True, slots=True)
class Kind:
    """A model: the names of its parameters, where a search begins, and its matrices.

    Attributes
    ----------
    names : tuple of str
        Rates are a minute, sizes of noise a root of a minute; the last is the
        standard deviation of a reading.
    start : ndarray, shape (p,)
        Typical values, chosen by size alone; the search has a wide prior about them.
    matrices : callable
        parameters (p,) -> drift A (n, n), spectral density Q (n, n).
    initial : ndarray, shape (n,)
        Variances of the states before the first reading.
    """

    names: tuple[str, ...]
    start: Array
    matrices: Callable[[Array], tuple[Array, Array]]
    initial: Array

    def arrays(self, values: Array) -> dict[str, Array]:
        """What `pytwin.kalman.filter` takes, for each row of values (N, p) a series."""
        made = [self.matrices(row) for row in values]
        n = len(self.initial)
        return {
            "F": np.array([a for a, _ in made])[:, None],
            "Q": np.array([q for _, q in made])[:, None],
            "H": np.eye(1, n),
            "R": (values[:, -1] ** 2)[:, None, None, None],
            "x0": np.zeros(n),
            "P0": np.diag(self.initial),
        }


def _minimal(values: Array) -> tuple[Array, Array]:
    p1, k1, k2, s_g, s_d, _ = values
    drift = [[-1 / SENSOR_LAG, 1 / SENSOR_LAG, 0, 0], [0, -p1, 1, 0], [0, 0, -k1, k1], [0, 0, 0, -k2]]
    return np.array(drift), np.diag([0, s_g**2, 0, s_d**2])


def _oscillator(values: Array) -> tuple[Array, Array]:
    a, b, k, s_v, s_m, _ = values
    return np.array([[0, 1, 0], [-b, -a, b], [0, 0, -k]]), np.diag([0, s_v**2, s_m**2])


KINDS = {
    "minimal": Kind(
        ("p1", "k1", "k2", "s_g", "s_d", "reading"),
        np.array([0.015, 0.05, 0.03, 0.04, 0.004, 0.02]),
        _minimal,
        np.array([1, 1, 0.01, 0.01]),
    ),
    "oscillator": Kind(
        ("a", "b", "k", "s_v", "s_m", "reading"),
        np.array([0.06, 0.0007, 1 / 600, 0.006, 0.02, 0.02]),
        _oscillator,
        np.array([1, 0.01, 1]),
    ),
}
