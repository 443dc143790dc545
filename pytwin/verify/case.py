"""One verified figure: what was expected, what came out, and whether that is near enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Rule = Literal["equal", "at_most", "at_least", "between"]
Value = float | str | bool | tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a verification report.

    Attributes
    ----------
    name : str
        What was measured, in words.
    expected, got : float, str, bool or pair of float
        The reference figure (a pair for the rule ``between``) and the project's own.
    error : float or None
        Distance of ``got`` from ``expected`` on the scale of ``tolerance``; 0 inside a bound.
    tolerance : float or None
        Largest accepted error; None where ``expected`` itself is the bound.
    passed : bool
        Whether the rule holds.
    rule : {"equal", "at_most", "at_least", "between"}
        How ``got`` is compared.
    source : str
        Where the expected figure comes from.
    info : bool
        Shown only; counts neither in the number of cases nor in the exit status.
    """

    name: str
    expected: Value
    got: Value
    error: float | None
    tolerance: float | None
    passed: bool
    rule: Rule
    source: str
    info: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON-ready data; ``info`` only where it is true; not-finite numbers as text."""
        row: dict[str, Any] = {
            "name": self.name,
            "expected": _plain(self.expected),
            "got": _plain(self.got),
            "error": _plain(self.error),
            "tolerance": self.tolerance,
            "passed": self.passed,
            "rule": self.rule,
            "source": self.source,
        }
        if self.info:
            row["info"] = True
        return row


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, bool | str) or value is None:
        return value
    number = float(value)
    return number if math.isfinite(number) else str(number)


def equal(
    name: str,
    expected: float | str | bool,
    got: float | str | bool,
    *,
    source: str,
    absolute: float = 0.0,
    relative: float = 0.0,
) -> Case:
    """``got`` is ``expected``: within ``absolute`` or, if that is larger, ``relative`` times its size.

    Text and truth values must be identical.
    """
    if isinstance(expected, str | bool) or isinstance(got, str | bool):
        same = expected == got
        return Case(name, expected, got, 0.0 if same else 1.0, 0.0, same, "equal", source)
    tolerance = max(absolute, relative * abs(expected))
    error = abs(got - expected)
    return Case(name, expected, got, error, tolerance, bool(error <= tolerance), "equal", source)


def at_most(name: str, bound: float, got: float, *, source: str) -> Case:
    """``got`` does not exceed ``bound``."""
    return Case(name, bound, got, max(0.0, got - bound), None, bool(got <= bound), "at_most", source)


def at_least(name: str, bound: float, got: float, *, source: str) -> Case:
    """``got`` does not fall below ``bound``."""
    return Case(name, bound, got, max(0.0, bound - got), None, bool(got >= bound), "at_least", source)


def between(name: str, bounds: Sequence[float], got: float, *, source: str) -> Case:
    """``got`` lies in the closed interval ``bounds``."""
    low, high = float(bounds[0]), float(bounds[1])
    error = max(0.0, low - got, got - high)
    return Case(name, (low, high), got, error, None, bool(low <= got <= high), "between", source)


def info(name: str, got: Value, *, source: str, expected: Value = None) -> Case:
    """A figure that is shown and not judged."""
    return Case(name, expected, got, None, None, True, "equal", source, info=True)
