"""The simulation smoother: paths of states and noises drawn from their distribution given the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import ComputationError, InputError
from pytwin.kalman.arrays import as_array, lay_out, lay_out_diffuse, lay_out_lengths
from pytwin.kalman.filters import smooth
from pytwin.kalman.results import SmootherResult

__all__ = ["Draws", "draw"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Draws:
    """Draws given all of y; NaN beyond a series' length and in a series that failed.

    Attributes
    ----------
    state : ndarray, shape (..., draws, T, n)
        Paths of x.
    state_disturbance : ndarray, shape (..., draws, T, g)
        Their w; w of the last step leads beyond it.
    obs_disturbance : ndarray, shape (..., draws, T, m)
        Their v; NaN where y is missing.
    status : ndarray of int32, shape (...)
        As in `FilterResult`.
    """

    state: Array
    state_disturbance: Array
    obs_disturbance: Array
    status: NDArray[np.int32]


def draw(
    y: ArrayLike,
    F: ArrayLike,
    H: ArrayLike,
    Q: ArrayLike,
    R: ArrayLike,
    x0: ArrayLike,
    P0: ArrayLike,
    *,
    G: ArrayLike | None = None,
    c: ArrayLike | None = None,
    d: ArrayLike | None = None,
    diffuse: ArrayLike | bool | None = None,
    lengths: ArrayLike | None = None,
    draws: int = 1,
    seed: int = 0,
    ids: ArrayLike | None = None,
    variates: ArrayLike | None = None,
    threads: int = 1,
) -> Draws:
    """Draw x, w and v from p(x, w, v | y), mean-corrected.

    A path x+, w+, v+ of the model gives observations y+, missing where those of y are; then
    x+ - E(x | y+) + E(x | y) is a draw, and so for w and v. Both means come from one smoother of y - y+.

    Parameters
    ----------
    y, F, H, Q, R, x0, P0, G, c, d, diffuse, lengths, threads
        As in `smooth`. A diffuse part is 0 in the path x+, as the mean given y+ follows it exactly. A series
        that leaves states diffuse to its end has no distribution to draw from and fails.
    draws : int
        Paths of each series.
    seed : int
        Of standard normal numbers that depend on it, on the series' number, on draw and step: not on the
        size of the batch, on other steps or on what is missing.
    ids : array_like of int, shape (...), optional
        A number for each series, such as that of a patient, so that it keeps its draws in any batch and
        order; None: its place.
    variates : array_like, shape (..., draws, k), optional
        Numbers to be used instead, k >= observed elements + T g + n: one for each element of y that is
        seen, step by step, then w_0 .. w_{T-1}, then the start. Each group is loaded by a lower triangular
        root of its covariance.

    Returns
    -------
    Draws

    Raises
    ------
    InputError, ComputationError
        As in `smooth`; numbers that do not suffice.

    References
    ----------
    Durbin & Koopman (2002), Biometrika 89, 603; Jarocinski (2015), Computational Statistics & Data
    Analysis 90, 1, for the single smoother.
    """
    data = as_array("y", y)
    if data.ndim < 2:
        raise InputError("kalman.bad-shape", f"y has {data.ndim} dimensions, expected (..., T, m)")
    if draws < 1:
        raise InputError("kalman.bad-argument", "draws is not positive")
    model = _Model.of(data, {"F": F, "H": H, "Q": Q, "R": R, "G": G}, {"c": c, "d": d}, x0, P0, diffuse)
    steps = None if lengths is None else lay_out_lengths(lengths, data.shape[:-2])
    if variates is None:
        numbers = model.numbers(draws, seed, _ids(ids, data.shape[:-2]))
    else:
        numbers = model.given(as_array("variates", variates), draws)
    path = model.path(draws, *numbers)
    away = model.y[:, None] - path.y
    gap = _smoothed_gap(away, model, draws, steps, threads)
    batch = data.shape[:-2]
    status = gap.status.reshape(len(model.y), draws).max(axis=1)
    if not batch and status[0]:
        # the exception that `smooth` would have raised
        options: dict[str, Any] = {"G": G, "c": c, "d": d, "diffuse": diffuse, "lengths": lengths}
        smooth(data, F, H, Q, R, x0, P0, **options, outputs=("smoothed_mean",))
    left = _left_diffuse(gap, len(status), draws)
    if not batch and left[0]:
        message = f"{left[0]} dimensions of the state stay diffuse to the end: there is nothing to draw from"
        raise ComputationError("kalman.singular", message, place="series 0", hint="Give the start a prior")
    status = np.where((status == 0) & (left > 0), _core.STATUS["SINGULAR"][0], status)
    found = {
        "state": path.x + _rows(gap.smoothed_mean, path.x),
        "state_disturbance": path.w + _rows(gap.state_disturbance, path.w),
        "obs_disturbance": np.where(np.isnan(away), np.nan, path.v + _rows(gap.obs_disturbance, path.v)),
    }
    for a in found.values():
        a[status != 0] = np.nan
    return Draws(
        **{k: v.reshape(batch + v.shape[1:]) for k, v in found.items()},
        status=status.reshape(batch).astype(np.int32),
    )


def _left_diffuse(gap: SmootherResult, series: int, draws: int) -> NDArray[np.int64]:
    """Dimensions of each series' state that y does not determine."""
    if gap.diffuse_left is None:
        return np.zeros(series, dtype=np.int64)
    left: NDArray[np.int64] = gap.diffuse_left.reshape(series, draws)[:, 0]
    return left


def _ids(ids: ArrayLike | None, batch: tuple[int, ...]) -> NDArray[np.int64]:
    count = int(np.prod(batch))
    if ids is None:
        return np.arange(count)
    found = np.asarray(ids)
    if found.dtype.kind not in "iu" or found.shape != batch or (found < 0).any():
        raise InputError("kalman.bad-shape", f"ids are not whole numbers of shape {batch}", place="ids")
    return found.reshape(-1).astype(np.int64)


def _rows(a: Array | None, like: Array) -> Array:
    assert a is not None
    return a.reshape(like.shape)


def _smoothed_gap(
    away: Array, model: _Model, draws: int, steps: NDArray[np.int64] | None, threads: int
) -> SmootherResult:
    """The smoother of y - y+, whose model has no means."""
    S, _, T, m = away.shape
    arrays: dict[str, Any] = {
        name: a if a is None or len(a) == 1 else np.repeat(a, draws, axis=0)
        for name, a in model.arrays.items()
        if name not in ("c", "d", "x0")
    }
    return smooth(
        away.reshape(S * draws, T, m),
        x0=np.zeros(model.n),
        **arrays,
        lengths=None if steps is None else np.repeat(steps, draws),
        outputs=("smoothed_mean", "state_disturbance", "obs_disturbance"),
        threads=threads,
    )


@dataclass(frozen=True)
class _Path:
    x: Array
    w: Array
    v: Array
    y: Array


@dataclass(frozen=True)
class _Model:
    """The arrays with a series axis and a time axis; y (S, T, m)."""

    y: Array
    arrays: dict[str, Array | None]
    n: int
    g: int

    @classmethod
    def of(
        cls,
        data: Array,
        matrices: dict[str, ArrayLike | None],
        vectors: dict[str, ArrayLike | None],
        x0: ArrayLike,
        P0: ArrayLike,
        diffuse: ArrayLike | bool | None,
    ) -> _Model:
        batch = data.shape[:-2]
        arrays = {k: None if a is None else lay_out(k, a, 2, batch) for k, a in matrices.items()}
        arrays |= {k: None if a is None else lay_out(k, a, 1, batch) for k, a in vectors.items()}
        arrays["x0"] = lay_out("x0", x0, 1, batch, timed=False)
        arrays["P0"] = lay_out("P0", P0, 2, batch, timed=False)
        F, Q = arrays["F"], arrays["Q"]
        assert F is not None and Q is not None
        arrays["diffuse"] = lay_out_diffuse(diffuse, F.shape[-1], batch)
        return cls(data.reshape((-1, *data.shape[-2:])), arrays, F.shape[-1], Q.shape[-1])

    def numbers(self, draws: int, seed: int, ids: NDArray[np.int64]) -> tuple[Array, Array, Array]:
        """e (S, draws, T, m), u (S, draws, T, g), z (S, draws, n): z stands first, then e, u step by step."""
        S, T, m = self.y.shape
        count = self.n + T * (m + self.g)
        a = _core.normals(seed, _core.PURPOSE["SMOOTHER"], ids, draws, count)
        rest = a[..., self.n :].reshape(S, draws, T, m + self.g)
        return rest[..., :m], rest[..., m:], a[..., : self.n]

    def given(self, a: Array, draws: int) -> tuple[Array, Array, Array]:
        """The same from numbers in the order e, u, z in which missing elements of y take none."""
        S, T, m = self.y.shape
        seen = ~np.isnan(self.y)
        need = int(seen.sum(axis=(1, 2)).max(initial=0)) + T * self.g + self.n
        try:
            a = np.broadcast_to(a, (*a.shape[:-2], draws, a.shape[-1])).reshape(-1, draws, a.shape[-1])
            a = np.broadcast_to(a, (S, draws, a.shape[-1]))
        except ValueError:
            raise InputError(
                "kalman.bad-shape", f"variates do not fit {S} series and {draws} draws"
            ) from None
        if a.shape[-1] < need:
            raise InputError("kalman.bad-shape", f"variates: {a.shape[-1]} numbers where {need} are needed")
        e = np.zeros((S, draws, T, m))
        u, z = np.empty((S, draws, T, self.g)), np.empty((S, draws, self.n))
        for s in range(S):
            k = int(seen[s].sum())
            e[s][:, seen[s]] = a[s, :, :k]
            u[s] = a[s, :, k : k + T * self.g].reshape(draws, T, self.g)
            z[s] = a[s, :, k + T * self.g : k + T * self.g + self.n]
        return e, u, z

    def path(self, draws: int, e: Array, u: Array, z: Array) -> _Path:
        """x+, w+, v+ and y+ of all series and draws, step by step."""
        S, T, m = self.y.shape
        at = self._at
        roots = {name: _root(a) for name, a in self.arrays.items() if name in ("Q", "R") and a is not None}
        x0 = self.arrays["x0"]
        assert x0 is not None
        found = _Path(np.empty((S, draws, T, self.n)), np.empty_like(u), np.empty_like(e), np.empty_like(e))
        x = x0[:, None] + _product(_root(self._known_start()), z)
        for t in range(T):
            w, v = _product(at(roots["Q"], t), u[:, :, t]), _product(at(roots["R"], t), e[:, :, t])
            found.x[:, :, t], found.w[:, :, t], found.v[:, :, t] = x, w, v
            found.y[:, :, t] = _plus(_product(at(self.arrays["H"], t), x) + v, self._offset("d", t))
            moved = _product(at(self.arrays["F"], t), x)
            G = self.arrays["G"]
            x = _plus(moved, self._offset("c", t)) + (w if G is None else _product(at(G, t), w))
        return found

    def _known_start(self) -> Array:
        """P0 without what it says of diffuse states, where Pinf is diagonal."""
        P0, Pinf = self.arrays["P0"], self.arrays["diffuse"]
        assert P0 is not None
        if Pinf is None:
            return P0
        variances = np.diagonal(Pinf, axis1=-2, axis2=-1)
        plain = (np.count_nonzero(Pinf, axis=(-2, -1)) == np.count_nonzero(variances, axis=-1))[:, None]
        known = ~plain | (variances == 0)
        return np.where(known[:, :, None] & known[:, None, :], P0, 0.0)

    @staticmethod
    def _at(a: Array | None, t: int) -> Array:
        assert a is not None
        return a[:, min(t, a.shape[1] - 1)]

    def _offset(self, name: str, t: int) -> Array | None:
        a = self.arrays[name]
        return None if a is None else self._at(a, t)


def _plus(a: Array, offset: Array | None) -> Array:
    return a if offset is None else a + offset[:, None]


def _product(A: Array, x: Array) -> Array:
    """A (1 | S, i, j) times x (S, draws, j), summed in a fixed order, whatever the batch."""
    out: Array = A[:, None, :, 0] * x[..., None, 0]
    for j in range(1, A.shape[-1]):
        out = out + A[:, None, :, j] * x[..., None, j]
    return out


def _root(P: Array) -> Array:
    """Lower triangular L (..., k, k) with L L' = P; a pivot that vanishes gives a zero column."""
    rest, L = P.copy(), np.zeros_like(P)
    for j in range(P.shape[-1]):
        pivot = rest[..., j, j]
        usable = pivot > 1e-14 * P[..., j, j]
        scale = np.where(usable, 1.0 / np.sqrt(np.where(usable, pivot, 1.0)), 0.0)
        L[..., j:, j] = rest[..., j:, j] * scale[..., None]
        rest -= L[..., :, None, j] * L[..., None, :, j]
    return L
