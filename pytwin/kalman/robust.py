"""The options that make a linear filter robust, brought into the core's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pytwin.errors import InputError

__all__ = ["read_robust"]


def _number(name: str, value: float, least: float, most: float = np.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InputError("kalman.bad-argument", f"{name} is not a number")
    if not least < value < most:
        ends = f"above {least:g}" if most == np.inf else f"between {least:g} and {most:g}"
        raise InputError("kalman.bad-argument", f"{name} is not a number {ends}")
    return float(value)


def _read_adaptive(adaptive: Mapping[str, float]) -> dict[str, float]:
    if unknown := set(adaptive) - {"R", "Q"}:
        raise InputError("kalman.bad-argument", f"adaptive: there is no {', '.join(sorted(unknown))}")
    if not adaptive:
        raise InputError("kalman.bad-argument", "adaptive names neither R nor Q")
    return {f"adapt_{k}": _number(f"adaptive[{k!r}]", v, 0.0, 1.0) for k, v in adaptive.items()}


def _has(output: str, options: dict[str, Any]) -> bool:
    """Does the output know of the weights and factors?"""
    adapts = "adapt_R" in options or "adapt_Q" in options
    if output.startswith("obs_disturbance"):
        return not options
    if output.startswith(("smoothed", "lag_one", "state_disturbance")):
        return "adapt_Q" not in options
    return not (adapts and output == "innovation_cov")


def read_robust(
    gate: float | None,
    student: float | None,
    adaptive: Mapping[str, float] | None,
    *,
    form: str,
    outputs: Sequence[str],
) -> dict[str, Any]:
    """Options of `_core.kalman_filter`; empty where nothing is asked for."""
    options: dict[str, Any] = {}
    if gate is not None:
        options["gate"] = _number("gate", gate, 0.0)
    if student is not None:
        options["student"] = _number("student", student, 0.0)
    if adaptive is not None:
        options |= _read_adaptive(adaptive)
    if options and form not in ("auto", "sequential"):
        raise InputError(
            "kalman.unsupported", f"gate, student and adaptive are not offered with form={form!r}"
        )
    if student is not None and adaptive is not None:
        raise InputError("kalman.unsupported", "student and adaptive are not offered together")
    if lost := [name for name in outputs if not _has(name, options)]:
        raise InputError("kalman.unsupported", f"outputs: there is no {', '.join(lost)} with these options")
    if not options and (lost := [name for name in ("weight", "noise_scale") if name in outputs]):
        raise InputError(
            "kalman.bad-argument", f"outputs: {', '.join(lost)} without gate, student or adaptive"
        )
    return options
