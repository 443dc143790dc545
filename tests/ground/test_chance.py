"""Tails and quantiles against scipy."""

from __future__ import annotations

import pytest
from scipy import stats

from pytwin import chance


@pytest.mark.parametrize("dof", [1, 2, 3, 10, 99, 1500, 30_000])
@pytest.mark.parametrize("p", [1e-6, 0.025, 0.5, 0.975, 0.9999])
def test_chi_square(dof: int, p: float) -> None:
    x = stats.chi2.ppf(p, dof)
    few = dof <= 20_000
    assert chance.chi_square_tail(x, dof) == pytest.approx(1 - p, abs=1e-10 if few else 1e-6)
    assert chance.chi_square_quantile(p, dof) == pytest.approx(x, rel=1e-8 if few else 1e-5)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (2, 5), (33, 33), (400, 380), (5000, 5000)])
@pytest.mark.parametrize("x", [0.0, 0.2, 0.9, 1.0, 1.1, 3.0, 40.0])
def test_f(a: int, b: int, x: float) -> None:
    assert chance.f_tail(x, a, b) == pytest.approx(stats.f.sf(x, a, b), abs=1e-11)
    assert chance.f_quantile(0.025, a, b) == pytest.approx(stats.f.ppf(0.025, a, b), rel=1e-9)


def test_normal() -> None:
    assert chance.normal_tail(1.3) == pytest.approx(stats.norm.sf(1.3), rel=1e-14)
    assert chance.normal_quantile(0.2) == pytest.approx(stats.norm.ppf(0.2), rel=1e-14)
