"""Cases of published test problems: achieved error against reference solutions and against same-order peers.

The error of a solution is the largest over the states of ``|e| / (|y| + atol / rtol)`` at the end. Peers run
in the same call, at the same tolerances: for stiff problems scipy's BDF (orders 1 to 5) with the exact
Jacobian, for the others its pair of Dormand and Prince. Radau IIA, of order 5 too, is shown beside: its
estimate of order 3 makes it much more accurate than it was asked to be, and as much slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.model import Model
from pytwin.reference.problems import PROBLEMS, Problem
from pytwin.verify.case import Case, at_least, at_most, info
from pytwin.verify.problems import PRINTED, TEST_SET, doubt, solution
from pytwin.verify.run import Context

Array = NDArray[np.float64]
TOLERANCES = (1e-4, 1e-6, 1e-8, 1e-10)
# The parameters of the reference solutions are doubles, those of the printed ones may be more; a sensitive
# problem enlarges the difference.
PRINTED_TOLERANCE = {"pleiades": 1e-10, "vanderpol": 1e-12, "oregonator": 1e-11}
METHODS = {True: "rodas", False: "dopri5"}
PEERS = {True: "BDF", False: "RK45"}
# Slope of log error over log tolerance: 1 is what a controller aims at.
LEAST_SLOPE = 0.75
# Shown and not judged: errors grow ten-thousandfold on the way, and what two methods of the same order leave
# of a tolerance differs by chance. That the orbit closes is among the cases of events.
SENSITIVE = ("arenstorf",)
# Where rounding sets in, relative to the size of the states.
FLOOR = 1e-13


def cases(context: Context) -> Iterator[Case]:
    """Reference solutions, then each problem by the method that suits it and by the automatic choice."""
    yield from printed()
    for name in PROBLEMS:
        context.say(f"    {name}")
        for case in ladder(name, full=context.full):
            yield replace(case, info=True) if name in SENSITIVE else case


def error_of(name: str, x: Array) -> float:
    """Largest error over the states at the end of a problem; infinite where there is none."""
    exact, small = solution(name), PROBLEMS[name].small
    error = float(np.max(np.abs(x - exact) / (np.abs(exact) + small)))
    return error if np.isfinite(error) else float("inf")


def printed() -> Iterator[Case]:
    """The project's reference solutions against digits that are printed."""
    for name, digits in PRINTED.items():
        tolerance = PRINTED_TOLERANCE.get(name, 1e-12)
        yield at_most(
            f"{name}: reference solution against printed digits",
            tolerance,
            error_of(name, np.array(digits)),
            source=TEST_SET,
        )
        yield at_most(
            f"{name}: the two reference solutions apart",
            1e-13,
            doubt(name),
            source="scripts/solve_problems.py",
        )


@cache
def _model(name: str) -> Model:
    return Model(name)


def ours(name: str, tolerance: float, method: str) -> Array:
    """The states at the end by a method of the core; NaN where the lane fails."""
    problem, model = PROBLEMS[name], _model(name)
    found = model.simulate(
        [problem.end], method=method, rtol=tolerance, atol=tolerance * problem.small,
        time_unit=model.time_unit, max_steps=2_000_000, errors="status",
    )  # fmt: skip
    return np.asarray(found.y[-1], dtype=np.float64)


def peer(name: str, tolerance: float, method: str) -> Array:
    """The same by scipy."""
    solve_ivp = import_module("scipy.integrate").solve_ivp
    problem, model = PROBLEMS[name], _model(name)
    p, x = model.rows(None), model.rows(None, of="states")
    options: dict[str, Any] = {"jac": lambda _, v: problem.jacobian(v, p)} if problem.stiff else {}
    found = solve_ivp(
        lambda _, v: problem.rate(v, p), (0.0, problem.end), x, method=method,
        rtol=tolerance, atol=tolerance * problem.small, **options,
    )  # fmt: skip
    return np.asarray(found.y[:, -1])


def has_peer(problem: Problem) -> bool:
    """scipy knows no algebraic states."""
    return not problem.algebraic and find_spec("scipy") is not None


@dataclass(frozen=True)
class Rung:
    """Errors of the methods on one problem at one tolerance."""

    tolerance: float
    own: float
    auto: float
    peer: float | None
    radau: float | None


def rungs(name: str, *, radau: bool = False) -> list[Rung]:
    """Errors at all tolerances."""
    problem = PROBLEMS[name]
    found = []
    for tolerance in TOLERANCES:
        own, auto = (error_of(name, ours(name, tolerance, m)) for m in (METHODS[problem.stiff], "auto"))
        other = error_of(name, peer(name, tolerance, PEERS[problem.stiff])) if has_peer(problem) else None
        third = error_of(name, peer(name, tolerance, "Radau")) if radau and has_peer(problem) else None
        found.append(Rung(tolerance, own, auto, other, third))
    return found


def ladder(name: str, *, full: bool = False) -> Iterator[Case]:
    """Cases of one problem: errors beside a peer's, and how they fall."""
    problem = PROBLEMS[name]
    found = rungs(name, radau=full and problem.stiff)
    for rung in found:
        yield from compare(name, rung)
    floor = max(FLOOR, 10 * doubt(name))
    own = [r for r in found if r.own > floor]
    slope = float(np.polyfit(np.log10([r.tolerance for r in own]), np.log10([r.own for r in own]), 1)[0])
    yield at_least(
        f"{name}: slope of log error over log tolerance, {METHODS[problem.stiff]}", LEAST_SLOPE, slope,
        source="order of the method: its controller aims at 1",
    )  # fmt: skip


def compare(name: str, rung: Rung) -> Iterator[Case]:
    """One tolerance: both ways of the core at most twice as far off as the peer, or as what was asked for."""
    problem = PROBLEMS[name]
    at = f"{name}: error at {rung.tolerance:.0e}"
    for method, error in ((METHODS[problem.stiff], rung.own), ("auto", rung.auto)):
        if rung.peer is None:
            bound, source = 10 * rung.tolerance, "ten times the tolerance; no peer knows algebraic states"
        else:
            bound, source = 2 * rung.peer, f"twice that of scipy's {PEERS[problem.stiff]} in the same run"
        yield at_most(f"{at}, {method}", max(bound, FLOOR), error, source=source)
    if rung.radau is not None:
        yield info(
            f"{at}, scipy's Radau (order 5, estimate of order 3)",
            rung.radau,
            source="same run",
            expected=rung.own,
        )
