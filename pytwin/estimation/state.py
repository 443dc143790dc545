"""What is estimated: z = (the model's states, parameters on their estimation scales)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError

if TYPE_CHECKING:
    from pytwin.model import Model

__all__ = ["Space", "prior"]

Array = NDArray[np.float64]
SCALES = ("identity", "log", "logit")  # in the core's order
Theta = Mapping[str, str] | Sequence[str] | None


@dataclass(frozen=True)
class Space:
    """Names, scales and units of z.

    Attributes
    ----------
    names : tuple of str
        States, then parameters.
    scales : tuple of str
        identity, log or logit; of a state always identity.
    units : tuple of str
        On the natural scale.
    columns : ndarray of int32, shape (n_theta,)
        Which parameters of the model are estimated.
    """

    names: tuple[str, ...]
    scales: tuple[str, ...]
    units: tuple[str, ...]
    columns: NDArray[np.int32]

    @property
    def codes(self) -> NDArray[np.int8]:
        """The core's numbers of the parameters' scales."""
        theta = self.scales[len(self.scales) - len(self.columns) :]
        return np.array([SCALES.index(s) for s in theta], dtype=np.int8)

    def index(self, name: str) -> int:
        """Where a name stands in z.

        Raises
        ------
        InputError
            ``estimation.unknown-name``.
        """
        if name not in self.names:
            hint = f"There are: {', '.join(self.names)}"
            raise InputError("estimation.unknown-name", "this is not estimated", place=str(name), hint=hint)
        return self.names.index(name)

    def natural(self, z: ArrayLike, axis: int = -1) -> Array:
        """z on the natural scale, element by element."""
        found = np.moveaxis(np.array(z, dtype=float), axis, -1)
        for j, scale in enumerate(self.scales):
            found[..., j] = _natural(scale, found[..., j])
        return np.moveaxis(found, -1, axis)


def _natural(scale: str, z: Array) -> Array:
    if scale == "log":
        return np.asarray(np.exp(z))
    return np.asarray(1 / (1 + np.exp(-z))) if scale == "logit" else z


def space(model: Model, theta: Theta) -> Space:
    """The space of a model's states and the parameters that `theta` names with their scales.

    Raises
    ------
    InputError
        ``estimation.bad-theta``.
    """
    chosen = dict(theta) if isinstance(theta, Mapping) else dict.fromkeys(theta or (), "log")
    known = [p["name"] for p in model.params]
    for name, scale in chosen.items():
        if name not in known:
            hint = f"There are: {', '.join(known)}"
            raise InputError(
                "estimation.bad-theta", "the model has no such parameter", place=str(name), hint=hint
            )
        if scale not in SCALES:
            hint = f"There are: {', '.join(SCALES)}"
            raise InputError("estimation.bad-theta", f"no such scale: {scale}", place=name, hint=hint)
    columns = np.array([known.index(name) for name in chosen], dtype=np.int32)
    states = model.states
    return Space(
        (*(s["name"] for s in states), *chosen),
        (*("identity" for _ in states), *chosen.values()),
        (*(s["unit"] for s in states), *(model.params[j]["unit"] for j in columns)),
        columns,
    )


def prior(
    model: Model,
    theta: Theta = None,
    *,
    mean: Mapping[str, float] | None = None,
    sd: Mapping[str, float] | None = None,
    params: Any = None,
) -> tuple[Array, Array]:
    """Mean and covariance of z from natural values, elements independent.

    Parameters
    ----------
    model : Model
    theta : mapping of str to {"log", "logit", "identity"}, or sequence of str (all log)
    mean : mapping, optional
        States and estimated parameters by name, on the natural scale: of a log or logit scale the median.
        What isn't named has the model's own value; states without one begin where the parameters put them.
    sd : mapping, optional
        Standard deviations on the estimation scale, 0 where a name is absent: 0.3 on a log scale is about
        30 %.
    params : mapping or array_like, shape (n_param,), optional
        The other parameters, which tell where the states begin; see ``Model.rows``.

    Returns
    -------
    x0, P0 : ndarray, shapes (n,) and (n, n)

    Raises
    ------
    InputError
        ``estimation.bad-theta``, ``estimation.unknown-name``, ``estimation.bad-prior``.

    Examples
    --------
    >>> import pytwin as pt
    >>> model = pt.Model("pk_1cpt_oral")
    >>> x0, P0 = pt.estimation.prior(model, ["CL", "V"], mean={"CL": 5}, sd={"CL": 0.3, "V": 0.2})
    """
    where = space(model, theta)
    values, spread = dict(mean or {}), dict(sd or {})
    for name in (*values, *spread):
        where.index(name)
    row = np.array(model.rows(params), dtype=float).reshape(-1)
    for j, param in enumerate(model.params):
        row[j] = values.get(param["name"], row[j])
    start = model.core.initial(row[None])[0]
    own = [*start, *row[where.columns]]
    z = np.array([values.get(name, value) for name, value in zip(where.names, own, strict=True)], dtype=float)
    variances = np.array([spread.get(name, 0.0) for name in where.names]) ** 2
    return np.array([_scaled(*one) for one in zip(where.scales, z, where.names, strict=True)]), np.diag(
        variances
    )


def _scaled(scale: str, value: float, name: str) -> float:
    inside = {"log": value > 0, "logit": 0 < value < 1}.get(scale, np.isfinite(value))
    if not inside:
        message = f"{name} is {value:g}, which has no {scale}"
        raise InputError("estimation.bad-prior", message, place=name)
    if scale == "log":
        return float(np.log(value))
    return float(np.log(value / (1 - value))) if scale == "logit" else float(value)


def read_moments(x0: Any, P0: Any, where: Space) -> tuple[Array, Array]:
    """(1 | N, n) and (1 | N, n, n), checked: finite, symmetric, no negative variance.

    Raises
    ------
    InputError
        ``estimation.bad-prior``.
    """
    n = len(where.names)
    mean, cov = _numbers("x0", x0), _numbers("P0", P0)
    if mean.shape[-1:] != (n,) or mean.ndim > 2:
        message = f"x0 has shape {mean.shape}, expected ({n},) or (N, {n}): {', '.join(where.names)}"
        raise InputError("estimation.bad-prior", message, place="x0")
    if cov.shape[-2:] != (n, n) or cov.ndim > 3:
        message = f"P0 has shape {cov.shape}, expected ({n}, {n}) or (N, {n}, {n})"
        raise InputError("estimation.bad-prior", message, place="P0")
    mean, cov = mean.reshape(-1, n), cov.reshape(-1, n, n)
    _check_covariance(cov, where, "P0", "estimation.bad-prior")
    return mean, cov


def read_process_noise(Q: Any, where: Space) -> Array:
    """(1 | N, n, n) from a matrix, a diagonal, variances by name, or None.

    Raises
    ------
    InputError
        ``estimation.bad-noise``, ``estimation.unknown-name``.
    """
    n = len(where.names)
    if Q is None:
        return np.zeros((1, n, n))
    if isinstance(Q, Mapping):
        diagonal = np.zeros(n)
        for name, value in Q.items():
            diagonal[where.index(name)] = value
        Q = diagonal
    found = _numbers("Q", Q)
    if found.shape == (n,):
        found = np.diag(found)
    if found.shape[-2:] != (n, n) or found.ndim > 3:
        message = f"Q has shape {found.shape}, expected ({n},), ({n}, {n}) or (N, {n}, {n})"
        raise InputError("estimation.bad-noise", message, place="Q")
    found = found.reshape(-1, n, n)
    _check_covariance(found, where, "Q", "estimation.bad-noise")
    return found


def read_bounds(bounds: Any, where: Space) -> tuple[Array, Array] | None:
    """Lower and upper bounds (n,) of z from a pair, or from natural ones by name.

    Raises
    ------
    InputError
        ``estimation.bad-bounds``, ``estimation.unknown-name``.
    """
    if bounds is None:
        return None
    n = len(where.names)
    if isinstance(bounds, Mapping):
        lower, upper = np.full(n, -np.inf), np.full(n, np.inf)
        for name, (low, high) in bounds.items():
            j = where.index(name)
            lower[j], upper[j] = (_bound(where.scales[j], float(b)) for b in (low, high))
    else:
        try:
            lower, upper = (np.array(np.broadcast_to(np.asarray(b, float), (n,))) for b in bounds)
        except (TypeError, ValueError):
            message = f"bounds are a pair of arrays ({n},), or pairs by name"
            raise InputError("estimation.bad-bounds", message, place="bounds") from None
    if not (lower <= upper).all():
        raise InputError("estimation.bad-bounds", "a lower bound is above its upper one", place="bounds")
    return lower, upper


def _bound(scale: str, value: float) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "log":
            return float(np.log(max(value, 0.0)))
        return float(np.log(value) - np.log1p(-value)) if scale == "logit" else value


def _numbers(name: str, value: Any) -> Array:
    try:
        found = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise InputError("estimation.not-a-number", f"{name} is not numbers", place=name) from None
    if not np.isfinite(found).all():
        raise InputError("estimation.not-finite", f"{name} is not finite", place=name)
    return found


def _check_covariance(cov: Array, where: Space, name: str, code: str) -> None:
    variances = np.diagonal(cov, axis1=-2, axis2=-1)
    if (variances < 0).any():
        row, j = np.argwhere(variances < 0)[0]
        message = f"the variance of {where.names[j]} is negative"
        raise InputError(code, message, place=f"{name}[{row}]" if len(cov) > 1 else name)
    size = np.sqrt(variances[..., :, None] * variances[..., None, :])
    if (np.abs(cov - np.swapaxes(cov, -1, -2)) > 1e-10 * size).any():
        raise InputError(code, f"{name} is not symmetric", place=name)
    if (np.abs(cov) > size * (1 + 1e-8)).any():
        raise InputError(code, f"{name} has a correlation beyond 1", place=name)
