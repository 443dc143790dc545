"""Reference solutions of the integrators' test problems, the project's own and those that are printed."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TEST_SET = "Mazzia, Magherini, Test Set for IVP Solvers 2.4, Bari 2008"
# At the end of each problem as in pytwin.reference.problems; by RADAU5, RADAU or PSIDE, quadruple precision.
PRINTED: dict[str, tuple[float, ...]] = {
    "robertson": (0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050),
    "hires": (
        0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
        0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2,
    ),
    "oregonator": (0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3),
    "pollution": (
        0.5646255480022769e-1, 0.1342484130422339, 0.4139734331099427e-8, 0.5523140207484359e-2,
        0.2018977262302196e-6, 0.1464541863493966e-6, 0.7784249118997964e-1, 0.3245075353396018,
        0.7494013383880406e-2, 0.1622293157301561e-7, 0.1135863833257075e-7, 0.2230505975721359e-2,
        0.2087162882798630e-3, 0.1396921016840158e-4, 0.8964884856898295e-2, 0.4352846369330103e-17,
        0.6899219696263405e-2, 0.1007803037365946e-3, 0.1772146513969984e-5, 0.5682943292316392e-4,
    ),
    "vanderpol": (0.1706167732170483e1, -0.8928097010247975),
    "akzo_nobel": (
        0.1150794920661702, 0.1203831471567715e-2, 0.1611562887407974, 0.3656156421249283e-3,
        0.1708010885264404e-1, 0.4873531310307455e-2,
    ),
    "pleiades": (
        0.3706139143970502, 0.3237284092057233e1, -0.3222559032418324e1, 0.6597091455775310,
        0.3425581707156584, 0.1562172101400631e1, -0.7003092922212495, -0.3943437585517392e1,
        -0.3271380973972550e1, 0.5225081843456543e1, -0.2590612434977470e1, 0.1198213693392275e1,
        -0.2429682344935824, 0.1091449240428980e1, 0.3417003806314313e1, 0.1354584501625501e1,
        -0.2590065597810775e1, 0.2025053734714242e1, -0.1155815100160448e1, -0.8072988170223021,
        0.5952396354208710, -0.3741244961234010e1, 0.3773459685750630, 0.9386858869551073,
        0.3667922227200571, -0.3474046353808490, 0.2344915448180937e1, -0.1947020434263292e1,
    ),
}  # fmt: skip
PRINTED["robertson_dae"] = PRINTED["robertson"]


@cache
def _solutions() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((files(__package__) / "solutions.json").read_text())
    return found


def solution(name: str) -> Array:
    """The states at the problem's end, as ``scripts/solve_problems.py`` found them."""
    digits = _solutions()[name]["x"]
    assert isinstance(digits, list)
    return np.array([float(v) for v in digits])


def doubt(name: str) -> float:
    """How far the two solutions that the script compares lie apart, in the scale of the problem's errors."""
    apart = _solutions()[name]["apart"]
    assert isinstance(apart, float)
    return apart
