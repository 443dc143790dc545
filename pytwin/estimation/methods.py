"""The methods by name: what each is called in the core, its options with their checks, and what it offers.

A new method of the core is one entry of ``METHODS``; an option of it one `Option`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.model.simulation import STOCHASTIC

__all__ = ["METHODS", "Method", "Option"]


@dataclass(frozen=True)
class Option:
    """One option of a method.

    Attributes
    ----------
    default : number or callable
        A callable gets the number of elements of z.
    low, high : float
        What the value must lie between; ``open_low`` leaves the lower end out.
    whole : bool
        Whether it is an integer; bools are integers.
    doc : str
    core : str
        What the core calls it; "": the same.
    choices : tuple of str
        Where not empty, the value is one of these, and the core gets its place among them.
    """

    default: float | int | Callable[[int], float]
    low: float = float("-inf")
    high: float = float("inf")
    open_low: bool = False
    whole: bool = False
    doc: str = ""
    core: str = ""
    choices: tuple[str, ...] = ()

    def read(self, name: str, value: Any) -> float | int:
        """The value, checked.

        Raises
        ------
        InputError
            ``estimation.bad-option``.
        """
        if self.choices and value in self.choices:
            return self.choices.index(value)
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise self._error(name, value) from None
        beyond = not self.low <= number <= self.high or (self.open_low and number == self.low)
        if beyond or (self.whole and number != round(number)):
            raise self._error(name, value)
        return round(number) if self.whole else number

    def _error(self, name: str, value: Any) -> InputError:
        if self.choices:
            message = f"{name} is {value!r}, expected one of {', '.join(self.choices)}"
            return InputError("estimation.bad-option", message, place=name, hint=self.doc)
        kind = "a whole number" if self.whole else "a number"
        bounds = []
        if self.low > float("-inf"):
            bounds.append(f"above {self.low:g}" if self.open_low else f"at least {self.low:g}")
        if self.high < float("inf"):
            bounds.append(f"at most {self.high:g}")
        message = f"{name} is {value!r}, expected {kind} {' and '.join(bounds)}".rstrip()
        return InputError("estimation.bad-option", message, place=name, hint=self.doc)


@dataclass(frozen=True)
class Method:
    """A filter of the core.

    Attributes
    ----------
    title : str
    options : mapping of str to Option
    smoother : bool
        Whether `smooth` offers it.
    core : str
        What the core calls it.
    fixed : mapping
        Arguments of the core that make this method of it.
    arrays : mapping of str to str
        Options that are rows of numbers, and what they are.
    delays : bool
        Whether it filters models with delays.
    """

    title: str
    core: str
    options: Mapping[str, Option] = field(default_factory=dict)
    smoother: bool = True
    fixed: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, str] = field(default_factory=dict)
    delays: bool = True

    def arguments(self, name: str, given: Mapping[str, Any], n: int) -> dict[str, Any]:
        """The core's arguments for n elements of z.

        Raises
        ------
        InputError
            ``estimation.unknown-option``, ``estimation.bad-option``.
        """
        found: dict[str, Any] = {"method": self.core, **self.fixed}
        known = {**COMMON, **self.options}
        for option, value in given.items():
            if option in self.arrays:
                found[option] = _row(option, value)
            elif option not in known:
                message, hint = (
                    f"{name} has no option {option}",
                    f"It has: {', '.join([*known, *self.arrays])}",
                )
                raise InputError("estimation.unknown-option", message, place=option, hint=hint)
        for option, what in known.items():
            value = given.get(option)
            if value is None:
                value = what.default(n) if callable(what.default) else what.default
            found[what.core or option] = what.read(option, value)
        return found


def _row(name: str, value: Any) -> list[float]:
    try:
        row = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        row = np.array(np.nan)
    if row.ndim != 1 or not np.isfinite(row).all():
        raise InputError("estimation.bad-option", f"{name} is a row of numbers", place=name)
    return [float(v) for v in row]


COMMON = {
    "gate": Option(0.0, 0.0, doc="Predicted SDs beyond which an observation is not used; 0: off"),
    "robust": Option(0.0, 0.0, doc="Predicted SDs beyond which an observation weighs less; 0: off"),
    "student": Option(0.0, 0.0, doc="Degrees of freedom of errors with heavy tails; 0: Gaussian"),
    "past": Option(
        32,
        4,
        1024,
        whole=True,
        doc="Values of each delayed state that are estimated with z, in models with delays",
    ),
    "noise_step": Option(
        24.0, 0.0, open_low=True, doc="Longest step of the process noise, in the model's unit of time"
    ),
}

_SPREAD = {
    "alpha": Option(1.0, 0.0, open_low=True, doc="Distance of the points from the mean"),
    "beta": Option(2.0, doc="Weight that the centre has in covariances"),
    "kappa": Option(lambda n: 3.0 - n, doc="c = alpha^2 (n + kappa) is the squared distance in SDs"),
}

_FORM = {
    "form": Option(
        0, 0, 1, whole=True, choices=("plain", "square-root"),
        doc="Covariances, or their square roots: for variances that lie further apart than 1e14",
    )
}  # fmt: skip

_SEED = Option(0, 0, 2**63 - 1, whole=True, doc="Of the random numbers")

_PARTICLES = {
    "n_particle": Option(1000, 2, 2**31 - 1, whole=True, doc="Particles of each patient"),
    "resample": Option(
        0.5, 0.0, 1.0, doc="Effective share of the particles below which they are drawn again"
    ),
    "jitter": Option(0.0, 0.0, 0.999, doc="Width of the kernel that spreads parameters after it; 0: none"),
    "n_draw": Option(
        200, 0, 2**24, whole=True, doc="Trajectories that the smoother draws; 0: as many as particles"
    ),
    "lag": Option(
        0,
        0,
        2**31 - 1,
        whole=True,
        doc="Instants that the smoother looks ahead, by ancestors; 0: all, by simulation back in time",
    ),
    "seed": _SEED,
}

_NODES = Option(3, 2, 32, whole=True, doc="Abscissae of the Gauss-Hermite rule in each direction")
_PRODUCT = Option(
    0, 0, 32, whole=True, doc="Abscissae of a Gauss-Hermite rule in each direction; 0: unscented points"
)
_PASSES = {
    "max_iter": Option(
        10, 1, 1000, whole=True, doc="Lines fitted at each observation, and passes of the smoother"
    ),
    "damping": Option(
        0.5, 0.0, 0.999, doc="What the next move is multiplied by where a line or a pass leads away; 0: off"
    ),
    "tolerance": Option(1e-8, 0.0, doc="Lines and passes end with one that changes so little, in SDs"),
}

_SEARCH = {
    "max_iter": Option(50, 1, 100_000, whole=True, doc="Steps of a search for the largest posterior density"),
    "damping": Option(1e-3, 0.0, 1e6, doc="Of a step that leads nowhere; 0: full steps, wherever they lead"),
    "tolerance": Option(1e-6, 0.0, doc="A search ends with a step so short, in posterior SDs"),
}

_MEMBERS = {
    "n_member": Option(100, 2, 2**20, whole=True, doc="Members of each patient's ensemble"),
    "inflation": Option(1.0, 0.0, open_low=True, doc="What anomalies are multiplied by after an update"),
    "rotate": Option(0, 0, 1, whole=True, doc="Random rotations of the anomalies that keep the mean"),
    "seed": _SEED,
}

_PLACES = {
    "radius": Option(0.0, 0.0, doc="Of the localisation, in the unit of the positions; 0: none"),
    "period": Option(0.0, 0.0, doc="Of the positions, where they close to a ring; 0: a line"),
}

METHODS: dict[str, Method] = {
    "ukf": Method("unscented Kalman filter", "ukf", {**_SPREAD, **_FORM}),
    "ckf": Method("cubature Kalman filter", "ckf", _FORM),
    "ghkf": Method("Gauss-Hermite Kalman filter", "ghkf", {"n_node": _NODES, **_FORM}, delays=False),
    "iplf": Method(
        "iterated posterior linearisation filter",
        "iplf",
        {**_SPREAD, "n_node": _PRODUCT, **_PASSES},
    ),
    "ekf": Method("extended Kalman filter", "ekf", delays=False),
    "iekf": Method("iterated extended Kalman filter, damped", "iekf", _SEARCH, delays=False),
    "particle": Method("bootstrap particle filter", "particle", _PARTICLES),
    "enkf": Method("ensemble Kalman filter, perturbed observations", "enkf", _MEMBERS),
    "etkf": Method("ensemble transform Kalman filter", "etkf", _MEMBERS),
    "denkf": Method("deterministic ensemble Kalman filter", "denkf", _MEMBERS),
    "letkf": Method(
        "local ensemble transform Kalman filter",
        "letkf",
        {**_MEMBERS, **_PLACES},
        smoother=False,
        arrays={"positions": "Of the states, the estimated parameters, then of all the model's outputs"},
    ),
}


def find(name: str, *, smoothing: bool = False) -> Method:
    """The method of that name.

    Raises
    ------
    InputError
        ``estimation.unknown-method``; ``estimation.no-smoother``.
    """
    if name not in METHODS:
        hint = f"There are: {', '.join(METHODS)}"
        raise InputError("estimation.unknown-method", "no such method", place=str(name), hint=hint)
    if smoothing and not METHODS[name].smoother:
        able = ", ".join(k for k, m in METHODS.items() if m.smoother)
        message = f"{METHODS[name].title} has no smoother"
        raise InputError("estimation.no-smoother", message, place=name, hint=f"These have one: {able}")
    return METHODS[name]


def check_particles_go_back(arguments: Mapping[str, Any], names: Sequence[str], Q: NDArray[Any]) -> None:
    """Whether the particle smoother can go back by simulation, which weighs by the density of the noise.

    Raises
    ------
    InputError
        ``estimation.no-density``.
    """
    if arguments["lag"]:
        return
    still = [name for j, name in enumerate(names) if (Q[:, j, j] <= 0).any()]
    why = ""
    if still:
        why = f"{', '.join(still)} {'has' if len(still) == 1 else 'have'} no process noise"
    elif min(float(np.linalg.eigvalsh(_correlation(q)).min()) for q in Q) < 1e-12:
        why = "Q is singular"
    elif arguments["jitter"]:
        why = "jitter moves the parameters"
    elif arguments["ode_method"] in [_core.METHODS[name] for name in STOCHASTIC]:
        why = "the model has noise of its own"
    if why:
        hint = (
            "Smooth by ancestors with lag=3 or so; or give every element of z noise in Q, without jitter"
            " and by an ode method without noise; or take another method"
        )
        message = f"no density of the step to go back by: {why}"
        raise InputError("estimation.no-density", message, place="particle", hint=hint)


def _correlation(Q: NDArray[Any]) -> NDArray[Any]:
    sd = np.sqrt(np.diag(Q))
    found: NDArray[Any] = Q / sd / sd[:, None]
    return found


def run(model: Any, batch: Mapping[str, Any], arguments: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """One call of the core: its arrays by name; ``effective`` is NaN for a method without particles."""
    found: dict[str, Any] = _core.nonlinear(model, **batch, **arguments, **more)
    return {"effective": np.full_like(found["predicted"], np.nan)} | found
