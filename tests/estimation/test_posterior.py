"""`posterior` on records as arrays: the exact answer beside a filter's, and starts that follow from theta."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pytwin as pt
from pytwin.errors import InputError

pytestmark = pytest.mark.core


def test_mild_problems_agree_with_the_filter(oral: dict[str, Any]) -> None:
    found = pt.estimation.posterior(**oral)
    ukf = pt.estimation.filter(**oral)
    sd = np.sqrt(np.diag(ukf.end_cov))[-2:]
    assert found.mean.shape == (1, 4)
    assert not found.shape.fires[0]
    np.testing.assert_allclose(found.mean[0, -2:], ukf.end_mean[-2:], atol=0.3 * sd.max())
    np.testing.assert_allclose(np.sqrt(np.diag(found.cov[0]))[-2:], sd, rtol=0.15)


def test_a_batch_has_the_bits_of_one(oral: dict[str, Any]) -> None:
    y = np.asarray(oral["y"])
    both = pt.estimation.posterior(**oral | {"y": np.stack([y, 1.3 * y])})
    one = pt.estimation.posterior(**oral)
    np.testing.assert_array_equal(both.mean[0], one.mean[0])
    assert (both.mean[1] != one.mean[0]).any()


def test_the_start_follows_from_the_parameters() -> None:
    """Hovorka's steady state at an unknown glucose: one reading at once says what it is."""
    model = pt.Model("hovorka")
    n = len(model.states) + 1
    x0, P0 = np.zeros(n), np.zeros((n, n))
    x0[-1], P0[-1, -1] = np.log(6.0), 0.3**2
    given: dict[str, Any] = {
        "outputs": "G",
        "noise": pt.estimation.Noise("log-additive", 0.05),
        "theta": ["G0"],
    }
    found = pt.estimation.posterior(model, [0.0], [9.0], x0=x0, P0=P0, initial=True, **given)
    gain = 0.09 / (0.09 + 0.05**2)
    np.testing.assert_allclose(found.mean[0, -1], np.log(6) + gain * np.log(1.5), atol=0.003)
    np.testing.assert_allclose(found.cov[0, -1, -1], 0.09 * (1 - gain), rtol=0.08)


def test_errors_without_a_density_here_are_refused(oral: dict[str, Any]) -> None:
    counts = {"noise": pt.estimation.Noise("poisson", 1.0), "y": np.round(oral["y"])}
    with pytest.raises(InputError, match="unsupported-noise"):
        pt.estimation.posterior(**oral | counts)
