"""Reference solutions of the test problems: ``python scripts/solve_problems.py [NAME ...]``.

A second method, in extended precision (80 bits) and apart from the core: collocation at Radau's points with
five stages, of order 9 (Radau IIA; Hairer & Wanner, Solving Ordinary Differential Equations II, IV.5). Its
steps are those that the plain Rosenbrock method of ``pytwin.reference`` takes at a tolerance, then each of
them halved; what differs between both is written beside the digits.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mpmath
import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.reference import rosenbrock
from pytwin.reference.problems import PROBLEMS, Problem

Real = NDArray[np.longdouble]
STAGES, MESH = 5, {True: 1e-8, False: 1e-9}  # of stiff problems, of the others
FILE = Path(__file__).resolve().parents[1] / "pytwin" / "verify" / "solutions.json"
ENOUGH, ROUNDS = 1e-18, 30  # of Newton's method


def radau() -> Real:
    """A (STAGES, STAGES): integrals of the Lagrange polynomials at the nodes, from 0 to each node."""
    mpmath.mp.dps = 40
    last, before = (
        mpmath.taylor(lambda x: mpmath.legendre(STAGES, x), 0, STAGES),
        mpmath.taylor(lambda x: mpmath.legendre(STAGES - 1, x), 0, STAGES),
    )
    roots = mpmath.polyroots(
        [a - b for a, b in zip(last, before, strict=True)][::-1], maxsteps=200, extraprec=200
    )
    nodes = sorted((mpmath.re(r) + 1) / 2 for r in roots)
    powers = mpmath.matrix(STAGES, STAGES)
    integrals = mpmath.matrix(STAGES, STAGES)
    for i, c in enumerate(nodes):
        for q in range(STAGES):
            powers[i, q], integrals[i, q] = c**q, c ** (q + 1) / (q + 1)
    A = integrals * powers**-1
    return np.array([[np.longdouble(mpmath.nstr(A[i, j], 30)) for j in range(STAGES)] for i in range(STAGES)])


def lu(A: Real) -> tuple[Real, list[int]]:
    """Factors of A with partial pivoting, in place of LAPACK's, which knows no extended precision."""
    A, rows = A.copy(), list(range(len(A)))
    for k in range(len(A)):
        best = k + int(np.argmax(abs(A[k:, k])))
        A[[k, best]] = A[[best, k]]
        rows[k], rows[best] = rows[best], rows[k]
        A[k + 1 :, k] /= A[k, k]
        A[k + 1 :, k + 1 :] -= np.outer(A[k + 1 :, k], A[k, k + 1 :])
    return A, rows


def solve(factors: tuple[Real, list[int]], b: Real) -> Real:
    """x with A x = b."""
    A, rows = factors
    x = b[rows]
    for k in range(1, len(x)):
        x[k] -= A[k, :k] @ x[:k]
    for k in range(len(x) - 1, -1, -1):
        x[k] = (x[k] - A[k, k + 1 :] @ x[k + 1 :]) / A[k, k]
    return x


def masses(problem: Problem, n: int) -> Real:
    """The diagonal of M."""
    mass = np.ones(n, dtype=np.longdouble)
    mass[n - problem.algebraic :] = 0
    return mass


def step(problem: Problem, p: Real, x: Real, h: np.longdouble, A: Real) -> Real:
    """One step: the stages' increments by Newton's method with one Jacobian, then the last of them."""
    n, mass = len(x), masses(problem, len(x))
    factors = lu(np.kron(np.eye(STAGES), np.diag(mass)) - h * np.kron(A, problem.jacobian(x, p)))
    z = np.zeros((STAGES, n), dtype=np.longdouble)
    size = abs(x) + np.longdouble(1e-3 * problem.small)
    last = np.inf
    for _ in range(ROUNDS):
        rates = np.array([problem.rate(x + row, p) for row in z])
        change = solve(factors, (h * (A @ rates) - mass * z).ravel()).reshape(STAGES, n)
        z += change
        largest = float(np.max(abs(change) / size))
        if largest <= ENOUGH or (largest < 1e-15 and largest >= last):
            return x + z[-1]
        last = largest
    raise ArithmeticError(f"Newton's method does not settle: {largest:.1e}")


def mesh(problem: Problem, p: Real, x: Real) -> Real:
    """Steps of the plain Rosenbrock method."""
    double = p.astype(np.float64)
    _, times = rosenbrock.integrate(
        lambda v: problem.rate(v, double),
        lambda v: problem.jacobian(v, double),
        x.astype(np.float64),
        problem.end,
        rtol=MESH[problem.stiff],
        atol=MESH[problem.stiff] * problem.small,
        first=1e-6 if problem.stiff else 1e-3,
        mass=masses(problem, len(x)).astype(np.float64),
    )
    return times.astype(np.longdouble)


def integrate(problem: Problem, p: Real, x: Real, times: Real, A: Real) -> Real:
    """The solution at the last of the times."""
    for h in np.diff(times):
        x = step(problem, p, x, h, A)
    return x


def halved(times: Real) -> Real:
    """With a point in the middle of each step."""
    middle = (times[1:] + times[:-1]) / 2
    return np.sort(np.concatenate([times, middle]))


def main() -> None:
    found, A = json.loads(FILE.read_text() or "{}") if FILE.exists() else {}, radau()
    for name, problem in PROBLEMS.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        model = _core.Model(name)
        p = np.array([f["value"] for f in model.params], dtype=np.longdouble)
        x = np.array([f["value"] for f in model.states], dtype=np.longdouble)
        times = mesh(problem, p, x)
        rough, fine = integrate(problem, p, x, times, A), integrate(problem, p, x, halved(times), A)
        apart = float(np.max(abs(rough - fine) / (abs(fine) + problem.small)))
        print(f"{name}: {len(times) - 1} steps, {apart:.1e} apart", file=sys.stderr, flush=True)
        digits = [np.format_float_scientific(v, 17) for v in fine]
        found[name] = {"end": problem.end, "steps": 2 * len(times) - 2, "apart": apart, "x": digits}
        FILE.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
