"""Cases of the lanes: a result depends on its own input alone, bit for bit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.model import Model, Plan
from pytwin.verify.case import Case, equal

Array = NDArray[np.float64]
SOURCE = "the same lanes, run otherwise"
N = 1000


def invariance() -> Iterator[Case]:
    """Batches of 1, 7 and 1,000 lanes, another order, and two threads give the same bits."""
    params = _patients()
    whole = _inr(params)
    yield _same(
        "1,000 lanes by sevens", whole, np.concatenate([_inr(params[i : i + 7]) for i in range(0, N, 7)])
    )
    yield _same(
        "200 lanes one by one", whole[:200], np.concatenate([_inr(params[i : i + 1]) for i in range(200)])
    )
    order = np.argsort(_core.uniforms(3, _core.PURPOSE["TEST"], np.arange(N), 1, 1)[:, 0, 0], kind="stable")
    yield _same("1,000 lanes in another order", whole[order], _inr(params[order]))
    yield _same("1,000 lanes by two threads", whole, _inr(params, threads=2))


def _patients() -> Array:
    """Very different patients, so that neighbours in a vector take different steps."""
    model = Model("hamberg2010")
    names = [p["name"] for p in model.params]
    params = np.tile(model.rows(None), (N, 1))
    normal = _core.normals(4, _core.PURPOSE["TEST"], np.arange(N), 1, 3)[:, 0, :]
    for j, (name, sd) in enumerate((("CL", 0.6), ("V", 0.4), ("EC50", 0.6))):
        params[:, names.index(name)] *= np.exp(sd * normal[:, j])
    return params


def _inr(params: Array, threads: int = 1) -> Array:
    plan = (
        Plan("load and hold").dose("warfarin", 10, "mg", until="3 d").dose("warfarin", 5, "mg", start="3 d")
    )
    result = Model("hamberg2010").simulate(
        12.0 * np.arange(41), plan, params, outputs=["INR"], threads=threads
    )
    return np.asarray(result["INR"])


def _same(what: str, expected: Array, got: Array) -> Case:
    """A difference shows as two digests that differ."""
    return equal(f"bits of {what}", _digest(expected), _digest(got), source=SOURCE)


def _digest(a: Array) -> str:
    return hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest()[:16]
