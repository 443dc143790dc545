"""How the polynomial coefficients of csrc/lanes/vmath_*.h were made: interpolation at Chebyshev nodes.

Each entry: the function, the interval and the degree. ``python tests/lanes/coefficients.py`` prints them;
test_coefficients.py makes them anew and finds them in the headers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp

K_ERFC = mp.mpf("3.75")


@dataclass(frozen=True)
class Polynomial:
    """``function`` on [lower, upper] by a polynomial of ``degree``; the header that holds the result."""

    name: str
    header: str
    function: Callable[[mp.mpf], mp.mpf]
    lower: mp.mpf
    upper: mp.mpf
    degree: int


def exp_tail(r: mp.mpf) -> mp.mpf:
    return (mp.exp(r) - 1 - r - r * r / 2) / r**3


def log_series(z: mp.mpf) -> mp.mpf:
    s = mp.sqrt(z)
    return (mp.log((1 + s) / (1 - s)) / s - 2) / z


def log_rest(z: mp.mpf) -> mp.mpf:
    return (log_series(z) - mp.mpf(2) / 3) / z


def sin_series(z: mp.mpf) -> mp.mpf:
    x = mp.sqrt(z)
    return (mp.sin(x) / x - 1) / z


def cos_series(z: mp.mpf) -> mp.mpf:
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2


def erf_series(z: mp.mpf) -> mp.mpf:
    x = mp.sqrt(z)
    return mp.erf(x) / x - 1


def erfcx_scaled(t: mp.mpf) -> mp.mpf:
    x = K_ERFC * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


def _t(x: str) -> mp.mpf:
    return (mp.mpf(x) - K_ERFC) / (mp.mpf(x) + K_ERFC)


def polynomials() -> list[Polynomial]:
    """All of them; call with mp.mp.dps = 60."""
    zero, wide = mp.mpf(10) ** -30, mp.mpf("1.0001")
    half_ln2 = mp.log(2) / 2 * wide
    log_z = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * wide
    quarter = (mp.pi / 4 * mp.mpf("1.001")) ** 2
    return [
        Polynomial("exp", "vmath_exp.h", exp_tail, -half_ln2, half_ln2, 9),
        Polynomial("log", "vmath_log.h", log_series, zero, log_z, 7),
        Polynomial("pow", "vmath_log.h", log_rest, zero, log_z, 7),
        Polynomial("sin", "vmath_trig.h", sin_series, zero, quarter, 5),
        Polynomial("cos", "vmath_trig.h", cos_series, zero, quarter, 5),
        Polynomial("erf", "vmath_erf.h", erf_series, zero, mp.mpf(1), 12),
        Polynomial("erfc", "vmath_erf.h", erfcx_scaled, _t("0.24"), _t("28"), 22),
    ]


def coefficients(p: Polynomial) -> list[mp.mpf]:
    """Interpolate at the Chebyshev nodes of the interval; the function is evaluated with twice the digits."""
    n = p.degree + 1
    middle, half = (p.lower + p.upper) / 2, (p.upper - p.lower) / 2
    matrix, values = mp.matrix(n, n), mp.matrix(n, 1)
    for i in range(n):
        x = middle + half * mp.cos(mp.pi * (2 * i + 1) / (2 * n))
        with mp.extradps(60):
            value = p.function(x)
        values[i] = +value
        for j in range(n):
            matrix[i, j] = x**j
    return list(mp.lu_solve(matrix, values))


def main() -> None:
    with mp.workdps(60):
        for p in polynomials():
            print(p.name, ", ".join(float(c).hex() for c in coefficients(p)))


if __name__ == "__main__":
    main()
