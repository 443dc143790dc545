"""Prints what the core computes as digests, {name: sha256}: run once in each build by test_same_bits.py."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from pytwin import _core

UNARY = ("exp", "log", "expm1", "log1p", "sin", "cos", "tanh", "erf", "erfc", "normcdf", "norminv")


def digest(*arrays: Any) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def lane_maths() -> str:
    x = _core.uniforms(1, 0, np.arange(5), 200, 3).ravel()  # in (0, 1), where all are defined
    results = [_core.lanes_apply(name, x) for name in UNARY]
    return digest(*results, _core.lanes_apply("pow", x, x[::-1].copy()))


def random_numbers() -> str:
    return digest(_core.normals(7, 2, np.arange(11), 13, 5), _core.philox(7, 2, 3, 1, 0, 9))


def exponentials() -> str:
    steps = np.linspace(0.0, 3.0, 9)
    matrices = -np.abs(_core.normals(3, 0, np.arange(9), 4, 4)) - 2 * np.eye(4)
    return digest(_core.expm(matrices, steps))


def main() -> None:
    parts: tuple[Callable[[], str], ...] = (lane_maths, random_numbers, exponentials)
    print(json.dumps({part.__name__: part() for part in parts}))


if __name__ == "__main__":
    main()
