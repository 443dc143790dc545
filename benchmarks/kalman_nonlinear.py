"""Suite ``kalman-nonlinear``: filters of models beside DAPPER and NumPy; a module for each part."""

from __future__ import annotations

from collections.abc import Iterator

import nonlinear_ensemble
from row import Row


def rows() -> Iterator[Row]:
    yield from nonlinear_ensemble.rows()
