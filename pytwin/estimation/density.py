"""Densities of measurements at many latent values, and what they say of the latent values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import InputError

Array = NDArray[np.float64]
ADDITIVE, PROPORTIONAL, COMBINED, LOG_ADDITIVE = range(4)
_LOG_2PI = float(np.log(2 * np.pi))


def check(batch: Mapping[str, Any]) -> None:
    """No process noise, and errors that have a density here.

    Raises
    ------
    InputError
        ``estimation.has-process-noise``, ``estimation.unsupported-noise``.
    """
    if np.any(batch.get("Q", 0.0)) or np.any(batch.get("drift", 0.0)):
        hint = "Leave Q out, or use a filter"
        message = "static parameters have no process noise"
        raise InputError("estimation.has-process-noise", message, place="Q", hint=hint)
    kinds = np.asarray(batch["obs_noise"])
    if kinds.size and (kinds.min() < ADDITIVE or kinds.max() > LOG_ADDITIVE):
        hint = "There is additive, proportional, combined and log-additive"
        message = "this kind of error has no density here"
        raise InputError("estimation.unsupported-noise", message, place="noise", hint=hint)


class Observations:
    """Measurements of a batch and their densities."""

    def __init__(self, batch: Mapping[str, Any]) -> None:
        self.offsets = np.asarray(batch["obs_offsets"])
        for name in ("time", "output", "value", "noise", "a", "b", "censor"):
            setattr(self, name, np.asarray(batch[f"obs_{name}"]))

    time: Array
    output: NDArray[np.int32]
    value: Array
    noise: NDArray[np.int8]
    a: Array
    b: Array
    censor: NDArray[np.int8]

    def rows(self, i: int) -> NDArray[np.intp]:
        """Rows of a patient's observations."""
        return np.arange(self.offsets[i], self.offsets[i + 1])

    def places(self, i: int) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Instant and output of each observation of a patient."""
        rows = self.rows(i)
        return np.unique(self.time[rows], return_inverse=True)[1], self.output[rows]

    def sd(self, i: int, latent: Array) -> Array:
        """SD of the errors (K, n) at latent values (K, n), on the noise scale; see ``pt_noise``."""
        rows = self.rows(i)
        noise, a, b = self.noise[rows], self.a[rows], np.abs(self.b[rows] * latent)
        return np.select([noise == PROPORTIONAL, noise == COMBINED], [b, np.hypot(a, b)], a + 0.0 * latent)

    def centred(self, i: int, latent: Array) -> tuple[Array, Array, Array]:
        """Standardised residual (K, n) of each observation, its SD, and whether it is a value (n,)."""
        rows = self.rows(i)
        log = self.noise[rows] == LOG_ADDITIVE
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(log, np.log(self.value[rows]), self.value[rows])
            mean = np.where(log, np.log(latent), latent)
            sd = self.sd(i, latent)
            return (value - mean) / sd, sd, ~np.isnan(value)

    def loglike(self, i: int, latent: Array) -> Array:
        """ln p(y | h), summed over a patient's observations, at latent values (K, n)."""
        return np.asarray(self.terms(i, latent).sum(axis=1))

    def terms(self, i: int, latent: Array) -> Array:
        """ln p(y_k | h_k) of each observation, at latent values (K, n); 0 for one that is missing."""
        u, sd, there = self.centred(i, latent)
        with np.errstate(divide="ignore", invalid="ignore"):
            density = -0.5 * (u * u + _LOG_2PI) - np.log(sd)
        censor = self.censor[self.rows(i)]
        if censor.any():
            density = np.where(censor == 0, density, log_normal_cdf(-censor * u))
        return np.where(there, density, 0.0)

    def scores(self, i: int, latent: Array) -> tuple[Array, Array]:
        """Terms of the log-likelihood (K, n), and two functions (2, K, n) of the latent values whose slopes'
        squares add up to the Fisher information: h/sd with the SD of the first row, and sqrt(2) ln sd; for
        a censored value its term.
        """
        rows = self.rows(i)
        latent = latent[:, : len(rows)]
        terms = self.terms(i, latent)
        log, censored = self.noise[rows] == LOG_ADDITIVE, self.censor[rows] != 0
        with np.errstate(divide="ignore", invalid="ignore"):
            sd = self.sd(i, latent)
            first = np.where(log, np.log(latent), latent) / sd[:1]
            second = np.sqrt(2.0) * np.log(sd)
        there = ~np.isnan(self.value[rows])
        first = np.where(there, np.where(censored, terms, first), 0.0)
        return terms, np.stack([first, np.where(there & ~censored, second, 0.0)])


def log_normal_cdf(x: Array) -> Array:
    """ln Phi(x); beyond -5 by Mills' ratio as a continued fraction (Abramowitz & Stegun 26.2.14)."""
    x = np.asarray(x, dtype=np.float64)
    near = np.maximum(x, -5.0)
    far = np.maximum(-x, 5.0)
    fraction = far
    for k in range(60, 0, -1):
        fraction = far + k / fraction
    tail = -0.5 * (far * far + _LOG_2PI) - np.log(fraction)
    with np.errstate(divide="ignore"):
        inside = np.log(np.asarray(_core.lanes_apply("normcdf", near.ravel()))).reshape(x.shape)
    return np.where(x < -5.0, tail, inside)
