"""Steady states at a chosen glucose, with the insulin or the endogenous production that holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError
from pytwin.glucose.patients import PMOL_PER_UNIT, Patients
from pytwin.model import Model
from pytwin.model.rows import Values
from pytwin.units import convert

Array = NDArray[np.float64]
Named = dict[str, Array]
Adjust = Literal["basal", "production"]


@dataclass(frozen=True, slots=True)
class Steady:
    """Where a model stands still without food.

    Attributes
    ----------
    params : ndarray, shape (n_param,) or (n, n_param)
        Parameters, G0 and what was adjusted among them.
    x0 : ndarray, shape (n_state,) or (n, n_state)
        All states.
    basal : ndarray, shape () or (n,)
        The insulin that holds them, U/h.
    """

    params: Array
    x0: Array
    basal: Array


def steady_state(
    model: str | Patients,
    glucose: ArrayLike,
    unit: str,
    params: Values = None,
    *,
    adjust: Adjust = "basal",
    basal: ArrayLike | None = None,
) -> Steady:
    """The state in which plasma glucose rests at a chosen value.

    Parameters
    ----------
    model : str or Patients
        ``"hovorka"``, ``"hovorka_sensor"`` or ``"uvapadova"``; or virtual patients with their parameters.
    glucose : array_like, shape () or (n,)
        Plasma glucose wanted.
    unit : str
        ``"mmol/L"`` or ``"mg/dL"``.
    params : array_like, mapping or None
        See :meth:`pytwin.Model.rows`.
    adjust : {"basal", "production"}
        What gives way: basal insulin, or the endogenous production of glucose (EGP0; kp1) at the insulin
        ``basal``.
    basal : array_like, shape () or (n,), optional
        Insulin in U/h for ``adjust="production"``; None: what holds the parameters' own glucose G0.

    Returns
    -------
    Steady

    Raises
    ------
    InputError
        ``glucose.no-steady-state`` where no insulin of at least 0, or no production, gives this glucose;
        ``glucose.not-a-glucose-model``; units and shapes that do not fit.

    Examples
    --------
    >>> steady_state("hovorka", 7.0, "mmol/L").basal.round(4)
    array(0.3725)
    """
    kind, rows = _begin(model, params)
    wanted = np.asarray(convert(np.asarray(glucose, dtype=np.float64), unit, kind.unit, "glucose"))
    if adjust == "basal" and basal is not None:
        message = "basal is found here; it can be given with adjust='production'"
        raise InputError("glucose.bad-argument", message, place="basal")
    p = kind.named(rows, wanted, basal)
    if adjust == "production":
        insulin = kind.basal(p, kind.start(p)) if basal is None else np.broadcast_to(basal, p["G0"].shape)
        p |= kind.produce(p, wanted, np.asarray(insulin, dtype=np.float64))
    p |= {name: wanted + 0 * p["BW"] for name in ("G0", "C0") if name in p}
    x0 = kind.start(p)
    _check(p, x0, kind)
    return Steady(kind.rows(p), x0, kind.basal(p, x0))


@dataclass(frozen=True, slots=True)
class _Kind:
    """What differs between the models."""

    model: Model
    unit: str  # of glucose
    basal: Callable[[Named, Array], Array]  # U/h that holds states
    produce: Callable[[Named, Array, Array], Named]  # the production at a glucose and U/h

    def named(self, rows: Array, *others: ArrayLike | None) -> Named:
        """Columns by name, all as long as the rows and the others need."""
        shapes = [np.shape(o) for o in others if o is not None]
        try:
            shape = np.broadcast_shapes(rows.shape[:-1], *shapes)
        except ValueError as error:
            message = "params, glucose and basal have different lengths"
            raise InputError("model.bad-shape", message, place="glucose") from error
        names = [f["name"] for f in self.model.params]
        return {n: np.broadcast_to(rows[..., i], shape) for i, n in enumerate(names)}

    def rows(self, p: Named) -> Array:
        return self.model.rows(p)

    def start(self, p: Named) -> Array:
        rows = self.rows(p)
        return self.model.core.initial(np.atleast_2d(rows)).reshape(*rows.shape[:-1], -1)


def _state(model: Model, x: Array, name: str) -> Array:
    return np.asarray(x[..., [s["name"] for s in model.states].index(name)])


def _hovorka(name: str) -> _Kind:
    model = Model(name)
    return _Kind(
        model, "mmol/L", lambda p, x: 0.06 * _state(model, x, "S1") / p["tmaxI"], _hovorka_production
    )


def _hovorka_production(p: Named, glucose: Array, basal: Array) -> Named:
    """EGP0 from dQ1/dt + dQ2/dt = 0."""
    insulin = basal / 0.06 / (p["VI"] * p["BW"] * p["ke"])
    x1, x2, x3 = p["SIT"] * insulin, p["SID"] * insulin, p["SIE"] * insulin
    volume = p["VG"] * p["BW"]
    disposed = x1 * glucose * volume * x2 / (p["k12"] + x2)
    independent = p["F01"] * p["BW"] * np.minimum(1, glucose / p["GF"])
    lost = p["kR"] * np.maximum(0, glucose - p["GR"]) * volume
    share = np.where(x3 < 1, 1 - x3, np.nan)
    return {"EGP0": (disposed + independent + lost) / share / p["BW"]}


def _uvapadova(name: str) -> _Kind:
    model = Model(name)

    def basal(p: Named, x: Array) -> Array:
        return 60 * (p["ka1"] + p["kd"]) * _state(model, x, "Isc1")

    return _Kind(model, "mg/dL", basal, _uvapadova_production)


def _uvapadova_production(p: Named, glucose: Array, basal: Array) -> Named:
    """kp1 from dGt/dt = 0, which is quadratic in Gt, and dGp/dt = 0."""
    given = basal / 60 * PMOL_PER_UNIT / p["BW"]
    Ip = given / (p["m2"] + p["m4"] - p["m1"] * p["m2"] / (p["m1"] + p["m30"]))
    insulin = Ip / p["Vi"]
    Gp = glucose * p["Vg"]
    fastest = p["Vm0"] + p["Vmx"] * (insulin - p["Ib"])
    b = p["k2"] * p["Km0"] + fastest - p["k1"] * Gp
    c = p["k1"] * p["Km0"] * Gp
    root = np.sqrt(b * b + 4 * p["k2"] * c)
    with np.errstate(invalid="ignore", divide="ignore"):
        Gt = np.where(b > 0, 2 * c / (b + root), (root - b) / (2 * p["k2"]))
    used = p["k1"] * Gp - p["k2"] * Gt
    excreted = p["ke1"] * np.maximum(0, Gp - p["ke2"])
    produced = used + p["Fsnc"] + excreted
    kp1 = produced + p["kp2"] * Gp + p["kp3"] * insulin
    return {"kp1": np.where(produced >= 0, kp1, np.nan)}


_KINDS = {"hovorka": _hovorka, "hovorka_sensor": _hovorka, "uvapadova": _uvapadova}


def _begin(model: str | Patients, params: Values) -> tuple[_Kind, Array]:
    name = model.model if isinstance(model, Patients) else model
    if name not in _KINDS:
        hint = f"There is {', '.join(_KINDS)}"
        raise InputError("glucose.not-a-glucose-model", "no such glucose model", place=str(name), hint=hint)
    kind = _KINDS[name](name)
    if isinstance(model, Patients) and params is None:
        return kind, model.params
    return kind, kind.model.rows(params)


def _check(p: Named, x0: Array, kind: _Kind) -> None:
    """Every state finite, and none below 0 that is an amount."""
    lower = np.array([s["lower"] for s in kind.model.states])
    fits = np.isfinite(x0).all(axis=-1) & (x0 >= lower).all(axis=-1)
    if fits.all():
        return
    row = int(np.flatnonzero(~np.atleast_1d(fits))[0])
    value = float(np.atleast_1d(p["G0"])[row])
    message = "neither insulin nor endogenous production of at least 0 holds this glucose"
    raise InputError("glucose.no-steady-state", message, place=f"row {row}: {value:g} {kind.unit}")
