"""Digits of Lorenz's equations and of Mackey and Glass's, for ``pytwin verify simulation``; needs mpmath.

Lorenz: Taylor series of order 40 with steps of 1/100, in 60 digits. Mackey-Glass: the method of steps with
polynomials of degree 40 in eighths of a delay, collocated at Chebyshev points, in 60 digits. Both are run
again with other steps and degrees, and agree in all printed digits.
"""

from __future__ import annotations

from mpmath import cos, lu_solve, matrix, mp, mpf, nstr, pi

mp.dps = 60


def lorenz(times: list[int], steps: int, order: int) -> list[list[str]]:
    """(x, y, z) at whole times from (0, 1, 0) with sigma 10, rho 28, beta 8/3."""
    x, y, z, h = mpf(0), mpf(1), mpf(0), mpf(1) / steps
    found = []
    for n in range(1, steps * max(times) + 1):
        a, b, c = [x], [y], [z]
        for k in range(order):
            xz = sum(a[i] * c[k - i] for i in range(k + 1))
            xy = sum(a[i] * b[k - i] for i in range(k + 1))
            a.append(10 * (b[k] - a[k]) / (k + 1))
            b.append((28 * a[k] - xz - b[k]) / (k + 1))
            c.append((xy - mpf(8) / 3 * c[k]) / (k + 1))
        x, y, z = (sum(s[k] * h**k for k in range(order + 1)) for s in (a, b, c))
        if n % steps == 0 and n // steps in times:
            found.append([nstr(v, 20) for v in (x, y, z)])
    return found


def chebyshev(degree: int) -> tuple[list[mpf], matrix, matrix]:
    """Points, values and slopes of the first polynomials."""
    points = [-cos(pi * i / degree) for i in range(degree + 1)]
    values, slopes = matrix(degree + 1), matrix(degree + 1)
    for i, s in enumerate(points):
        t, d = [mpf(1), s], [mpf(0), mpf(1)]
        for k in range(2, degree + 1):
            t.append(2 * s * t[-1] - t[-2])
            d.append(2 * t[k - 1] + 2 * s * d[-1] - d[-2])
        for k in range(degree + 1):
            values[i, k], slopes[i, k] = t[k], d[k]
    return points, values, slopes


def mackey_glass(spans: int, pieces: int, degree: int) -> list[str]:
    """x at 17, 34, ..., with beta 0.2, gamma 0.1, n 10, tau 17 and x = 1.2 before."""
    _, values, slopes = chebyshev(degree)
    half = mpf(17) / pieces / 2
    system = slopes / half + mpf(1) / 10 * values
    for k in range(degree + 1):
        system[0, k] = values[0, k]
    now = mpf(12) / 10
    late = [[now] * (degree + 1)] * pieces
    found = []
    for n in range(spans * pieces):
        right = matrix([mpf(2) / 10 * x / (1 + x**10) for x in late[0]])
        right[0] = now
        points = values * lu_solve(system, right)
        now = points[degree]
        late = [*late[1:], list(points)]
        if (n + 1) % pieces == 0:
            found.append(nstr(now, 20))
    return found


if __name__ == "__main__":
    print(lorenz([1, 5, 10], 100, 40))
    print(lorenz([1, 5, 10], 64, 50))
    print(mackey_glass(12, 8, 40))
    print(mackey_glass(12, 16, 36))
