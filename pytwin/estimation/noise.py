"""Errors of measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError

__all__ = ["Noise"]

Array = NDArray[np.float64]
# kind -> the core's number, and whether a and b have a part in it
KINDS: dict[str, tuple[int, bool, bool]] = {
    "additive": (0, True, False),
    "proportional": (1, False, True),
    "combined": (2, True, True),
    "log-additive": (3, True, False),
    "poisson": (4, True, False),
}


@dataclass(frozen=True)
class Noise:
    """The error of measurements y of an output h.

    Parameters
    ----------
    kind : str
        ``"additive"``: y = h + e, Var e = a^2. ``"proportional"``: Var e = (b h)^2. ``"combined"``:
        Var e = a^2 + (b h)^2. ``"log-additive"``: ln y = ln h + e, Var e = a^2, and forecasts are those of
        ln y. ``"poisson"``: y is a count of mean a h.
    a, b : float or array_like, shape (T,) or (N, T)
        Standard deviations, in the output's unit, as a share of it, and of ln y; the factor of counts. An
        array gives every time its own.

    Raises
    ------
    InputError
        ``estimation.bad-noise``: no such kind; a standard deviation that is negative, not finite, or not
        positive where the kind needs it.

    Examples
    --------
    >>> Noise("combined", 5.0, 0.1)
    Noise(kind='combined', a=5.0, b=0.1)
    """

    kind: str = "additive"
    a: Any = 0.0
    b: Any = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            hint = f"There are: {', '.join(KINDS)}"
            raise InputError("estimation.bad-noise", "no such kind of noise", place=str(self.kind), hint=hint)
        for name in ("a", "b"):
            _check(name, getattr(self, name))
        _, with_a, with_b = KINDS[self.kind]
        size = np.asarray(self.a, float) * with_a + np.asarray(self.b, float) * with_b
        if not (size > 0).all():
            which = " or ".join(n for n, used in (("a", with_a), ("b", with_b)) if used)
            message = f"{self.kind} noise needs a positive {which}"
            hint = "A measurement without error has no likelihood; give a small error"
            raise InputError("estimation.bad-noise", message, place=which, hint=hint)

    @property
    def code(self) -> int:
        """The core's number of the kind."""
        return KINDS[self.kind][0]

    @property
    def count(self) -> bool:
        """Whether observations are counts."""
        return self.kind == "poisson"

    @property
    def log(self) -> bool:
        """Whether forecasts and innovations are those of ln y."""
        return self.kind == "log-additive"


def _check(name: str, value: Any) -> None:
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise InputError("estimation.bad-noise", f"{name} is not a number", place=name) from None
    if not np.isfinite(numbers).all() or (numbers < 0).any():
        hint = "a and b are standard deviations, not variances"
        message = f"{name} is negative or not finite"
        raise InputError("estimation.bad-noise", message, place=name, hint=hint)


NoiseLike = Noise | float | Sequence[Noise | float] | Mapping[str, Noise | float]


def read_noise(given: NoiseLike, outputs: Sequence[str]) -> tuple[Noise, ...]:
    """One Noise for each output.

    Raises
    ------
    InputError
        ``estimation.bad-noise``.
    """
    if isinstance(given, Mapping):
        for name in given:
            if name not in outputs:
                hint = f"Observed are: {', '.join(outputs)}"
                raise InputError(
                    "estimation.bad-noise", "noise of what is not observed", place=name, hint=hint
                )
        if absent := [name for name in outputs if name not in given]:
            raise InputError("estimation.bad-noise", f"there is no noise for {absent[0]}", place="noise")
        return tuple(_one(given[name]) for name in outputs)
    if isinstance(given, Noise) or not isinstance(given, Sequence | np.ndarray):
        return (_one(given),) * len(outputs)
    each = list(given)
    if len(each) != len(outputs):
        message = f"{len(each)} noises for {len(outputs)} outputs"
        raise InputError("estimation.bad-noise", message, place="noise")
    return tuple(_one(one) for one in each)


def _one(given: Any) -> Noise:
    return given if isinstance(given, Noise) else Noise("additive", given)
