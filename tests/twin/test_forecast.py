"""Measurement error of forecasts is the core's."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin.model.population import Residual
from pytwin.twin.forecast import with_error

SDS = {
    "additive": lambda h: 0.3 + 0 * h,
    "proportional": lambda h: 0.2 * h,
    "combined": lambda h: np.sqrt(0.3**2 + (0.2 * h) ** 2),
}


@pytest.mark.parametrize("kind", SDS)
def test_an_error_of_one_sd_is_that_of_the_core(kind: str) -> None:
    latent = np.array([0.5, 2.0, 8.0])
    found = with_error(latent, np.ones(3), Residual("INR", kind, 0.3, 0.2, ""))
    assert found - latent == pytest.approx(SDS[kind](latent))


def test_a_log_additive_error_multiplies() -> None:
    found = with_error(np.array([2.0]), np.array([-1.0]), Residual("INR", "log-additive", 0.3, 0.2, ""))
    assert found == pytest.approx(2.0 * np.exp(-0.3))
