"""Mixtures: moments, quantiles and draws against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin.twin import mixture

W = np.array([0.2, 0.5, 0.3])
M = np.array([[0.0, 1.0], [2.0, -1.0], [4.0, 0.5]])
P = np.array([[[1.0, 0.3], [0.3, 0.5]], [[0.2, 0.0], [0.0, 0.0]], [[0.5, -0.2], [-0.2, 0.4]]])


def test_moments_by_hand():
    mean, cov = mixture.moments(W, M, P)
    assert np.allclose(mean, W @ M)
    second = sum(w * (p + np.outer(m, m)) for w, m, p in zip(W, M, P, strict=True))
    assert np.allclose(cov, second - np.outer(mean, mean))


def test_root_of_semidefinite_matrices():
    zero = np.zeros((1, 3, 3))
    assert not mixture.root(zero).any()
    a = np.random.default_rng(0).normal(size=(5, 4, 2))
    low_rank = a @ np.swapaxes(a, 1, 2)
    for p in (P, low_rank):
        lower = mixture.root(p)
        assert np.allclose(lower @ np.swapaxes(lower, 1, 2), p, atol=1e-9)
        assert np.allclose(np.triu(lower, 1), 0)


@pytest.mark.parametrize("p", [0.05, 0.5, 0.9])
def test_quantiles_invert_the_distribution(p):
    means, sds = M[:, 0], np.sqrt(P[:, 0, 0])
    q = mixture.quantile(W, means, sds, p)
    assert float(W @ mixture.normal_cdf((q - means) / sds)) == pytest.approx(p, abs=1e-9)


def test_a_single_component_is_exact():
    q = mixture.quantile(np.ones(1), np.array([2.0]), np.array([3.0]), 0.975)
    assert float(q) == pytest.approx(2 + 3 * 1.959963984540054, abs=1e-8)


def test_draws_have_the_moments_and_are_repeatable():
    z, component = mixture.draw(W, M, P, 20_000, seed=5)
    mean, cov = mixture.moments(W, M, P)
    assert np.allclose(z.mean(axis=0), mean, atol=0.05)
    assert np.allclose(np.cov(z.T), cov, atol=0.1)
    assert np.allclose(np.bincount(component) / 20_000, W, atol=0.02)
    again, _ = mixture.draw(W, M, P, 100, seed=5)
    assert np.array_equal(again, z[:100])
    other, _ = mixture.draw(W, M, P, 100, seed=6)
    assert not np.array_equal(other, again)


def test_mirrored_draws_have_the_mean_of_their_component() -> None:
    weights, means = np.array([0.5, 0.5]), np.array([[0.0, 1.0], [5.0, -1.0]])
    covs = np.array([np.eye(2), 4 * np.eye(2)])
    z, component = mixture.mirrored(weights, means, covs, 40, 3)
    assert len(z) == len(component) == 40
    assert np.allclose((z[:20] + z[20:]) / 2, means[component[:20]])
    assert np.array_equal(component[:20], component[20:])
    first, _ = mixture.draw(weights, means, covs, 20, 3)
    assert np.array_equal(z[:20], first)
    assert len(mixture.mirrored(weights, means, covs, 7, 3)[0]) == 8
