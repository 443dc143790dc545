"""Autoregressive moving averages, of the series or of its differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.kalman.structural.block import Block, diagonal, lyapunov
from pytwin.kalman.structural.component import Component
from pytwin.kalman.structural.parameter import (
    Group,
    free,
    number,
    partial_autocorrelations,
    stable,
    variance,
)

__all__ = ["AR", "ARIMA", "ARMA"]

Array = NDArray[Any]


def _given(name: str, values: Sequence[float] | None, count: int) -> tuple[float | None, ...]:
    if values is None:
        return (None,) * count
    known = tuple(number(name, v, -np.inf, np.inf, "a number") for v in values)
    if len(known) != count or None in known:
        raise InputError("kalman.bad-argument", f"{name} has not {count} coefficients", place=name)
    return known


@dataclass(frozen=True)
class ARIMA(Component):
    """(1 - B)^d z_t = mean + u_t, u_t = sum ar_k u_{t-k} + e_t + sum ma_k e_{t-k}, e ~ N(0, variance).

    u starts from its stationary distribution, z and its first d - 1 differences without a prior. States:
    z_{t-1} and these differences at t-1, then those of u in Harvey's form, where ``ahead`` i is what is known
    of u_{t+i} from e_t and u_t (Durbin & Koopman 2012, sec. 3.4; Harvey 1989, sec. 3.3).

    Parameters
    ----------
    p, d, q : int
        Orders of the autoregression, of the differences and of the moving average.
    ar, ma : sequence of float, optional
        Known coefficients; estimated by default, within the stationary and invertible ones.
    mean : float or None, optional
        Of the differences: 0 by default, None to estimate it.
    variance : float, optional
        Known variance of e; estimated by default.
    """

    p: int
    d: int
    q: int
    ar: Sequence[float] | None = None
    ma: Sequence[float] | None = None
    mean: float | None = 0.0
    variance: float | None = None
    name: str = "arima"

    def __post_init__(self) -> None:
        if any(k != int(k) or k < 0 for k in (self.p, self.d, self.q)):
            raise InputError("kalman.bad-argument", "orders are whole numbers from 0 on", place=self.name)
        known = _given("ar", self.ar, self.p)
        _given("ma", self.ma, self.q)
        if self.ar is not None and self.p:
            with np.errstate(all="ignore"):
                partial = partial_autocorrelations(np.array(known, dtype=float))
            if not (np.abs(partial) < 1).all():
                hint = "Take differences with ARIMA(p, d, q)."
                raise InputError(
                    "kalman.not-stationary", "the autoregression is not stationary", place="ar", hint=hint
                )

    def _names(self, part: str, count: int) -> tuple[str, ...]:
        return tuple(f"{self.name}.{part}{k}" for k in range(1, count + 1))

    def groups(self) -> tuple[Group, ...]:
        listed = []
        if self.p:
            listed.append(stable(self._names("ar", self.p), _given("ar", self.ar, self.p), 1.0))
        if self.q:
            listed.append(stable(self._names("ma", self.q), _given("ma", self.ma, self.q), -1.0))
        return (
            *listed,
            free(f"{self.name}.mean", self.mean, scale=0.5),
            variance(f"{self.name}.variance", self.variance, 0.3),
        )

    def block(self, values: Mapping[str, Any], steps: int) -> Block:
        F, G = self._arma(values)
        Q = diagonal([values[f"{self.name}.variance"]])
        k, d = F.shape[-1], self.d
        start = np.zeros((*np.broadcast_shapes(F.shape[:-2], G.shape[:-2], Q.shape[:-2]), d + k, d + k))
        start = start.astype(np.result_type(F, G, Q))
        start[..., d:, d:] = lyapunov(F, G @ Q @ np.swapaxes(G, -1, -2))
        whole = np.zeros((*F.shape[:-2], d + k, d + k), dtype=F.dtype)
        whole[..., :d, :d] = np.triu(np.ones((d, d)))
        whole[..., :d, d] = 1.0
        whole[..., d:, d:] = F
        row = np.concatenate([np.ones(d + 1), np.zeros(k - 1)])
        loading = np.concatenate([np.zeros((*G.shape[:-2], d, 1)), G], axis=-2)
        mean = np.asarray(values[f"{self.name}.mean"])
        some = self.mean != 0
        offset = mean[..., None] * np.concatenate([np.ones(d), np.zeros(k)])
        return Block(
            self._states(k), whole, row, Q, loading, start, np.arange(d + k) < d,
            c=offset if some and d else None,
            d=mean if some else np.zeros(()),
        )  # fmt: skip

    def _states(self, k: int) -> tuple[str, ...]:
        levels = [f"{self.name}.before" + (f".difference{i}" if i else "") for i in range(self.d)]
        inner = f"{self.name}.difference{self.d}" if self.d else self.name
        return (*levels, inner, *(f"{inner}.ahead{i}" for i in range(1, k)))

    def _arma(self, values: Mapping[str, Any]) -> tuple[Array, Array]:
        """Companion matrix (..., k, k) and loading (..., k, 1), k = max(p, q + 1)."""
        ar = [np.asarray(values[name]) for name in self._names("ar", self.p)]
        ma = [np.asarray(values[name]) for name in self._names("ma", self.q)]
        k = max(self.p, self.q + 1)
        F = np.zeros((*np.broadcast_shapes(*(a.shape for a in ar)), k, k), dtype=np.result_type(float, *ar))
        F[..., :, :] = np.eye(k, k=1)
        for i, a in enumerate(ar):
            F[..., i, 0] = a
        G = np.zeros((*np.broadcast_shapes(*(a.shape for a in ma)), k, 1), dtype=np.result_type(float, *ma))
        G[..., 0, 0] = 1.0
        for i, a in enumerate(ma):
            G[..., i + 1, 0] = a
        return F, G


def ARMA(
    p: int,
    q: int,
    *,
    ar: Sequence[float] | None = None,
    ma: Sequence[float] | None = None,
    mean: float | None = 0.0,
    variance: float | None = None,
    name: str = "arma",
) -> ARIMA:
    """A stationary ARMA(p, q) process; parameters as in `ARIMA`."""
    return ARIMA(p, 0, q, ar, ma, mean, variance, name)


def AR(
    p: int, *, ar: Sequence[float] | None = None, variance: float | None = None, name: str = "ar"
) -> ARIMA:
    """A stationary autoregression, for instance of what is left beside a trend; parameters as in `ARIMA`."""
    return ARIMA(p, 0, 0, ar, None, 0.0, variance, name)
