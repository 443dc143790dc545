"""Suite ``kalman-nonlinear``: filters of models beside their peers; a module for each part."""

from __future__ import annotations

from collections.abc import Iterator

import nonlinear_ensemble
import nonlinear_hovorka
import nonlinear_unscented
from row import Row


def rows() -> Iterator[Row]:
    yield from nonlinear_unscented.rows()
    yield from nonlinear_hovorka.rows()
    yield from nonlinear_ensemble.rows()
