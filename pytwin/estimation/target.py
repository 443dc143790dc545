"""The exact posterior of a batch of patients without process noise, up to a constant, at many points at once.

Without process noise everything follows from z at the start, z = (states, theta on their scales) ~ N(m, P).
With P = L L' the posterior is a density of xi, z = m + L xi, in as many dimensions as P has:

    ln p(xi | y) = -|xi|^2 / 2 + sum_k ln p(y_k | h_k(m + L xi)) + const
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.estimation.density import Observations, check
from pytwin.model.actions import DOSE_KINDS, offsets

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
_COVARIATES = (_core.ACTION_PARAM, _core.ACTION_SCALE, _core.ACTION_SLOPE)
_LANES = 200_000  # of one call of the core
_FLAT = 1e-14  # of the largest variance of a correlation matrix: a direction known exactly


@dataclass(frozen=True)
class Points:
    """What the model says at points xi.

    Attributes
    ----------
    loglike : ndarray, shape (N, K)
        ln p(y | xi); -inf where the model failed.
    latent : ndarray, shape (N, K, n)
        Outputs at the observations of each patient, n the most of any; NaN beyond a patient's own.
    z : ndarray, shape (N, K, n_z)
        States at the end and theta.
    failed : ndarray of bool, shape (N, K)
    """

    loglike: Array
    latent: Array
    z: Array
    failed: NDArray[np.bool_]


class Target:
    """Posteriors of a batch of patients.

    Parameters
    ----------
    model : Model
    batch : mapping
        The arrays of ``_core.nonlinear`` by name: theta, scale, mean, cov, params, start, end, actions,
        action_offsets, obs_time, obs_output, obs_value, obs_noise, obs_a, obs_b, obs_censor, obs_offsets, and
        doses where there are dose records.
    initial : bool
        States at the start are the model's initial ones under the parameters of each point, and those of
        ``mean`` and ``cov`` are not read.
    **options
        Of ``_core.Model.simulate``: rtol, atol, method, step, threads, ...
    """

    def __init__(
        self, model: Any, batch: Mapping[str, Any], *, initial: bool = False, **options: Any
    ) -> None:
        self.core = getattr(model, "core", model)
        check(batch)
        self.batch, self.initial, self.options = batch, initial, options
        self.n_state = len(self.core.states)
        self.theta = np.asarray(batch["theta"], dtype=np.intp)
        self.scale = np.asarray(batch["scale"])
        self.mean = np.array(batch["mean"], dtype=np.float64)
        self.cov = np.array(batch["cov"], dtype=np.float64)
        if initial:
            self.mean[:, : self.n_state] = 0.0
            self.cov[:, : self.n_state, :] = self.cov[:, :, : self.n_state] = 0.0
        # what an answer is judged by: the parameters, or the states where there are none
        self.first = self.n_state if self.theta.size else 0
        self.judged_scale = self.scale if self.theta.size else np.zeros(self.n_state, dtype=np.int8)
        self.root = root(self.cov)
        self.size, self.dim = len(self.mean), self.root.shape[2]
        self.obs = Observations(batch)
        self._plans = [self._plan(i) for i in range(self.size)]

    def evaluate(self, xi: Array, rows: Rows | None = None) -> Points:
        """The model at xi (N, K, dim), or at (n, K, dim) of the patients `rows`."""
        rows = np.arange(self.size) if rows is None else rows
        per = max(1, _LANES // max(1, xi.shape[1]))
        parts = [self._some(xi[a : a + per], rows[a : a + per]) for a in range(0, len(rows), per)]
        return Points(
            *(
                np.concatenate([getattr(p, name) for p in parts])
                for name in ("loglike", "latent", "z", "failed")
            )
        )

    def z_start(self, xi: Array, rows: Rows) -> Array:
        """z at the start, states within what the equations allow."""
        z: Array = self.mean[rows][:, None, :] + np.einsum("nij,nkj->nki", self.root[rows], xi)
        lower, upper = (np.array([s[side] for s in self.core.states]) for side in ("lower", "upper"))
        z[..., : self.n_state] = np.clip(z[..., : self.n_state], lower, upper)
        return z

    def _some(self, xi: Array, rows: Rows) -> Points:
        n, k = xi.shape[:2]
        z = self.z_start(xi, rows)
        params = np.repeat(np.asarray(self.batch["params"])[rows], k, axis=0)
        params[:, self.theta] = natural(z[..., self.n_state :].reshape(n * k, -1), self.scale)
        x0 = None if self.initial else np.ascontiguousarray(z[..., : self.n_state].reshape(n * k, -1))
        most = max((len(self.obs.rows(i)) for i in rows), default=0)
        raw, found = self._simulate(params, x0, rows, k)
        latent = np.full((n, k, most), np.nan)
        for j in range(n):
            latent[j, :, : found[j].shape[1]] = found[j]
        z[..., : self.n_state] = raw["x_end"].reshape(n, k, -1)
        failed = (np.asarray(raw["status"]) != 0).reshape(n, k) | ~np.isfinite(z).all(axis=2)
        loglike = np.stack([self.obs.loglike(int(i), found[j]) for j, i in enumerate(rows)])
        loglike = np.where(failed | np.isnan(loglike), -np.inf, loglike)
        return Points(loglike, latent, z, failed)

    def _simulate(self, params: Array, x0: Array | None, rows: Rows, k: int) -> tuple[Any, list[Array]]:
        """One call of the core, and each patient's outputs (K, n_i) at his or her observations."""
        plans = [self._plans[int(i)] for i in rows]
        counts = [int(np.sum(p["kind"] == _core.ACTION_OBSERVE)) for p in plans]
        first = np.concatenate([[0], np.cumsum(np.repeat(counts, k))]).astype(np.int64)
        lanes = np.arange(len(params), dtype=np.int64)
        wanted = np.arange(len(self.core.outputs), dtype=np.int32)
        doses = self.batch.get("doses")
        given = {} if doses is None else self._doses(doses, rows)
        raw = self.core.simulate(
            params, x0, 0.0, np.concatenate(plans), offsets(map(len, plans)), np.zeros(0), lanes,
            np.repeat(np.arange(len(rows)), k).astype(np.int64), wanted,
            first=first[:-1], n_row=int(first[-1]), in_order=1, **given, **self.options,
        )  # fmt: skip
        found = []
        for j, i in enumerate(rows):
            block = raw["y"][first[j * k] : first[(j + 1) * k]].reshape(k, counts[j], len(wanted))
            at, output = self.obs.places(int(i))
            found.append(block[:, 1 + at, output])
        return raw, found

    def _doses(self, doses: NDArray[Any], rows: Rows) -> dict[str, Any]:
        """Every patient's plan names rows of one table."""
        return {
            "doses": np.tile(doses, len(rows)),
            "dose_offsets": len(doses) * np.arange(len(rows) + 1, dtype=np.int64),
        }

    def _plan(self, i: int) -> NDArray[Any]:
        """Actions with what is observed: the start, each instant with observations, the end."""
        batch = self.batch
        a, b = (int(v) for v in np.asarray(batch["action_offsets"])[i : i + 2])
        start, end = float(np.asarray(batch["start"])[i]), float(np.asarray(batch["end"])[i])
        given = _from_start(np.asarray(batch["actions"])[a:b], start)
        now = given["time"] == end
        given = given[(given["time"] < end) | (now & np.isin(given["kind"], _COVARIATES))]
        instants = np.unique(self.obs.time[self.obs.rows(i)])
        looks = np.zeros(len(instants) + 2, dtype=_core.PLAN_DTYPE)
        looks["time"] = np.concatenate([[start], instants, [end]])
        looks["kind"] = _core.ACTION_OBSERVE
        looks["index"] = np.arange(len(looks))
        joined = np.concatenate([given, looks])
        # at one instant: covariates, observations, resets and doses
        place = np.where(np.isin(joined["kind"], _COVARIATES), 0, 2)
        place[len(given) :] = 1
        return joined[np.lexsort((joined["kind"], place, joined["time"]))]


def _from_start(actions: NDArray[Any], start: float) -> NDArray[Any]:
    """What was given before the start: covariates hold, infusions run on, boluses are in the state."""
    early = actions["time"] < start
    if not early.any():
        return actions
    kept = ~early | np.isin(actions["kind"], _COVARIATES) | np.isin(actions["kind"], DOSE_KINDS[1:])
    actions = actions[kept].copy()
    actions["time"] = np.maximum(actions["time"], start)
    return actions


def natural(z: Array, scale: NDArray[Any]) -> Array:
    """Parameters (..., n_theta) from their estimation scales: 0 identity, 1 log, 2 logit."""
    with np.errstate(over="ignore"):
        return np.where(scale == 1, np.exp(z), np.where(scale == 2, 1 / (1 + np.exp(-z)), z))


def root(cov: Array) -> Array:
    """L (N, n, r) with L L' = cov (N, n, n) and r the most dimensions of any; flat directions are 0."""
    sd = np.sqrt(np.maximum(np.einsum("nii->ni", cov), 0.0))
    unit = np.where(sd > 0, sd, 1.0)
    values, vectors = np.linalg.eigh(cov / unit[:, :, None] / unit[:, None, :])
    size = np.where(values > _FLAT * np.maximum(values[:, -1:], 0.0), np.maximum(values, 0.0), 0.0)
    rank = int((size > 0).sum(axis=1).max(initial=0))
    kept = cov.shape[1] - rank
    return np.asarray(unit[:, :, None] * vectors[:, :, kept:] * np.sqrt(size[:, None, kept:]))
