"""Sigma points."""

from __future__ import annotations

__all__ = ["unscented"]


def unscented(n: int) -> dict[str, float]:
    """Default spread of the sigma points of `_core.nonlinear` for n augmented states.

    alpha = 1, beta = 2 and kappa = 3 - n place the points at m +- sqrt(3) L_k with weight 1/6 each, so that
    the fourth moments of a Gaussian are met along every axis (Julier & Uhlmann 2004), whatever the number of
    states that are known exactly. Because beta >= alpha^2 all covariances stay positive semidefinite
    although the centre's weight is negative from n = 4 on (see csrc/kalman/sigma.h).

    Returns
    -------
    dict
        ``alpha``, ``beta``, ``kappa``, to be passed on by name.
    """
    return {"alpha": 1.0, "beta": 2.0, "kappa": 3.0 - n}
