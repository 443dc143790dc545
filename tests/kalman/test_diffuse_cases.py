"""The NumPy twin of the exact diffuse start beside the core, on the models of the published cases.

What the tables say of both stands in the suite: pytwin/verify/kalman_diffuse.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytwin import kalman
from pytwin.reference import kalman_diffuse as plain
from pytwin.verify import Context, reference_dir
from pytwin.verify.kalman_diffuse import OUTPUTS, starts, structures
from pytwin.verify.kalman_ucm import assemble
from pytwin.verify.linear_tables import table

pytestmark = [pytest.mark.core, pytest.mark.reference]
SHORT = (
    "local_level", "local_linear_trend", "local_linear_trend_missing", "common_level",
    "common_level_restricted", "var1", "var1_measurement_error", "var1_mixed",
)  # fmt: skip


def with_prior(model: dict[str, Any], diffuse: Any) -> dict[str, Any]:
    """The twin's arguments: Pinf beside arrays of floats."""
    n = len(model["F"])
    Pinf = np.eye(n) if diffuse is True else np.diag(np.asarray(diffuse, dtype=float))
    return {k: np.asarray(a, dtype=float) for k, a in model.items()} | {"Pinf": Pinf}


def limit(P: list[np.ndarray], inf: list[np.ndarray]) -> np.ndarray:
    return np.where(np.array(inf) != 0, np.copysign(np.inf, inf), P)


def test_all_models_are_compared() -> None:
    assert set(starts(Context(reference_dir()))) == set(SHORT)


@pytest.mark.parametrize("name", SHORT)
def test_short_series(name: str) -> None:
    s = starts(Context(reference_dir()))[name]
    twin = with_prior(s.model, s.diffuse)
    run = plain.diffuse_filter(s.y, **twin)
    got: Any = kalman.smooth(s.y, **s.model, diffuse=s.diffuse, outputs=(*OUTPUTS, "loglike_t"))
    assert (run.count, run.steps) == (s.observations, s.times)
    assert run.loglike == pytest.approx(s.loglike, abs=3e-11)
    assert got.loglike_t.sum() == pytest.approx(s.loglike, abs=3e-11)
    np.testing.assert_allclose(got.predicted_cov, limit(run.predicted_cov, run.predicted_inf), atol=1e-12)
    np.testing.assert_allclose(got.cov, limit(run.cov, run.inf), atol=1e-12)
    mean, cov = plain.diffuse_smoother(run, twin["F"])
    np.testing.assert_allclose(got.smoothed_mean, mean, atol=1e-12)
    np.testing.assert_allclose(got.smoothed_cov, cov, atol=1e-12)


def test_unemployment() -> None:
    rows = table(Context(reference_dir()), "macrodata_us.csv")
    y = rows["unemp"][:, None]
    for name, parts, irregular, _, count in structures(np.log(rows["realgdp"])):
        model, diffuse = assemble(parts, irregular, len(y))
        run = plain.diffuse_filter(y, **with_prior(model, diffuse))
        got: Any = kalman.filter(y, **model, diffuse=diffuse, outputs=("loglike",))
        assert run.count == count, name
        assert float(got.loglike) == pytest.approx(run.loglike, abs=1e-7), name
