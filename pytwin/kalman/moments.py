"""What the smoother expects of a regression u = A x + b + noise, both of whose sides are known by moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pytwin.kalman.results import SmootherResult

__all__ = ["Moments", "observations", "transitions"]

Array = NDArray[np.float64]
Steps = NDArray[np.int64]
Arrays = Mapping[str, Array]  # (1 | S, 1 | T, block)


@dataclass(frozen=True)
class Moments:
    """Sums over the steps, a row a series, of what is expected; terms that are not learned are off u."""

    n: Array  # (S,) steps
    x: Array  # (S, p) E x
    u: Array  # (S, q)
    xx: Array  # (S, p, p) E x x'
    ux: Array  # (S, q, p)
    uu: Array  # (S, q, q)

    def pooled(self) -> Moments:
        """Of all series together."""
        return Moments(**{f.name: getattr(self, f.name).sum(axis=0, keepdims=True) for f in fields(self)})

    def coefficients(self, matrix: bool, offset: bool) -> tuple[Array | None, Array | None]:
        """A (S, q, p) and b (S, q) that leave least noise, those of them that are wanted."""
        if matrix and offset:
            zz = np.block([[self.xx, self.x[:, :, None]], [self.x[:, None, :], self.n[:, None, None]]])
            both = _right_divide(np.concatenate([self.ux, self.u[:, :, None]], axis=-1), zz)
            return both[..., :-1], both[..., -1]
        if matrix:
            return _right_divide(self.ux, self.xx), None
        return None, self.u / self.n[:, None] if offset else None

    def noise(self, A: Array | None, b: Array | None) -> Array:
        """Mean product of the noise that they leave, (S, q, q)."""
        e = self.uu
        if A is not None:
            cross = A @ _turned(self.ux)
            e = e - cross - _turned(cross) + A @ self.xx @ _turned(A)
        if b is not None:
            apart = self.u if A is None else self.u - np.einsum("sij,sj->si", A, self.x)
            cross = _outer(apart, b)
            e = e - cross - _turned(cross) + self.n[:, None, None] * _outer(b, b)
        return np.asarray(e / self.n[:, None, None])


def transitions(found: SmootherResult, arrays: Arrays, steps: Steps, learn: Sequence[str]) -> Moments:
    """u = x_{t+1} less F x or c where these are known, x = x_t; where both are, u = w."""
    n_series, n_time = len(steps), _given(found.smoothed_mean).shape[1]
    s, t = np.nonzero(np.arange(n_time - 1) < steps[:, None] - 1)
    if not {"F", "c"} & set(learn):
        w, W = _given(found.state_disturbance)[s, t], _given(found.state_disturbance_cov)[s, t]
        return _sum(n_series, s, w, w, W + _outer(w, w))
    m, V = _given(found.smoothed_mean), _given(found.smoothed_cov)
    x, u = m[s, t], m[s, t + 1]
    xx, uu, lag = V[s, t], V[s, t + 1], _given(found.lag_one_cov)[s, t]
    if "F" not in learn:
        F = _take(arrays["F"], s, t)
        cross = F @ _turned(lag)
        u, uu = u - _apply(F, x), uu - cross - _turned(cross) + F @ xx @ _turned(F)
        lag = lag - F @ xx
    if "c" not in learn and "c" in arrays:
        u = u - _take(arrays["c"], s, t)
    return _sum(n_series, s, x, u, uu + _outer(u, u), xx + _outer(x, x), lag + _outer(u, x))


def observations(
    y: Array, found: SmootherResult, arrays: Arrays, steps: Steps, learn: Sequence[str]
) -> Moments:
    """u = y_t less H x or d where these are known, x = x_t, over the steps at which something is seen.

    Elements that are missing follow the others: y_u = H_u x + d_u + R_uo R_oo^- (y_o - H_o x - d_o) + rest.
    """
    inside = np.arange(y.shape[1]) < steps[:, None]
    seen = np.isfinite(y) & inside[:, :, None]
    parts = [
        _pattern(y, found, arrays, pattern, np.nonzero((seen == pattern).all(axis=-1)), learn)
        for pattern in np.unique(seen.reshape(-1, seen.shape[-1]), axis=0)
        if pattern.any()
    ]
    total = {f.name: sum(getattr(p, f.name) for p in parts) for f in fields(Moments)}
    return Moments(**total)


def _pattern(
    y: Array,
    found: SmootherResult,
    arrays: Arrays,
    seen: NDArray[np.bool_],
    at: tuple[NDArray[np.intp], ...],
    learn: Sequence[str],
) -> Moments:
    """The steps at which just these elements are seen: u = M x + k + rest."""
    s, t = at
    x, V = _given(found.smoothed_mean)[s, t], _given(found.smoothed_cov)[s, t]
    H, R = _take(arrays["H"], s, t), _take(arrays["R"], s, t)
    d = _take(arrays["d"], s, t) if "d" in arrays else np.zeros((len(s), y.shape[-1]))
    follows = np.zeros_like(R)  # rows: what an element's noise is, given those that are seen
    follows[:, np.flatnonzero(seen), np.flatnonzero(seen)] = 1
    hidden = np.flatnonzero(~seen)
    if hidden.size:
        inner = np.linalg.pinv(R[:, seen][:, :, seen], hermitian=True)
        follows[np.ix_(np.arange(len(s)), hidden, np.flatnonzero(seen))] = R[:, ~seen][:, :, seen] @ inner
    M = -follows @ H
    k = _apply(follows, np.where(seen, y[s, t] - d, 0))
    if "H" in learn:
        M = M + H
    if "d" in learn:
        k = k + d
    rest = np.where(~seen[:, None] & ~seen[None, :], R - follows @ R @ _turned(follows), 0)
    u, MV = _apply(M, x) + k, M @ V
    return _sum(
        len(y), s, x, u, MV @ _turned(M) + _outer(u, u) + rest, V + _outer(x, x), MV + _outer(u, x)
    )  # fmt: skip


# ---- sums and products, a row a step ----


def _sum(
    n_series: int,
    s: NDArray[np.intp],
    x: Array,
    u: Array,
    uu: Array,
    xx: Array | None = None,
    ux: Array | None = None,
) -> Moments:
    def of(a: Array) -> Array:
        total = np.zeros((n_series, *a.shape[1:]))
        np.add.at(total, s, a)
        return total

    return Moments(
        of(np.ones(len(s))), of(x), of(u), of(_outer(x, x) if xx is None else xx),
        of(_outer(u, x) if ux is None else ux), of(uu),
    )  # fmt: skip


def _given(a: Array | None) -> Array:
    assert a is not None
    return a


def _take(a: Array, s: NDArray[np.intp], t: NDArray[np.intp]) -> Array:
    return a[s if a.shape[0] > 1 else 0 * s, t if a.shape[1] > 1 else 0 * t]


def _apply(A: Array, x: Array) -> Array:
    return np.asarray((A @ x[..., None])[..., 0])


def _outer(a: Array, b: Array) -> Array:
    return a[..., :, None] * b[..., None, :]


def _turned(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)


def _right_divide(a: Array, b: Array) -> Array:
    """a b^-1 for symmetric b"""
    solved: Array = np.linalg.solve(b, _turned(a)).astype(np.float64)
    return _turned(solved)
