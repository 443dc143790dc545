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


def simulations() -> str:
    """Both models, 37 different patients, five doses and a covariate that changes."""
    results = []
    for name in ("hamberg2010", "hamberg2007"):
        model = _core.Model(name)
        typical = np.array([field["value"] for field in model.params])
        people = typical * np.exp(0.2 * _core.normals(5, 1, np.arange(37), 1, len(typical))[:, 0, :])
        rows = [(24.0 * day, _core.ACTION_BOLUS, 0, 5.0) for day in range(5)] + [
            (60.0, _core.ACTION_SCALE, 1, 0.6)
        ]
        actions = np.array(sorted(rows), dtype=_core.PLAN_DTYPE)
        done = model.simulate(people, None, 0.0, actions, [0, len(rows)], np.arange(0.0, 240.0, 12.0))
        results += [done["y"], done["x_end"], done["status"]]
    return digest(*results)


def twins() -> str:
    """The bundled patient, from the files to the posterior."""
    import pytwin.datasets

    files = pytwin.datasets.demo()
    prior = pytwin.Twin("warfarin", pytwin.read_record(files.record), pytwin.read_genome(files.genome))
    posterior = prior.assimilate()
    return digest(prior.mean, prior.cov, posterior.mean, posterior.cov)


def main() -> None:
    parts: tuple[Callable[[], str], ...] = (
        lane_maths,
        random_numbers,
        exponentials,
        simulations,
        twins,
    )
    print(json.dumps({part.__name__: part() for part in parts}))


if __name__ == "__main__":
    main()
