"""Covariates that are missing take a reference value; covariates that change a variance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = Sequence[Mapping[str, Any]]


def used(effects: Rows, references: Rows, spreads: Rows) -> tuple[str, ...]:
    """Covariates that have an effect, or on which a missing one's reference or a variance depends."""
    named = [e[key] for e in effects for key in ("covariate", "group") if key in e]
    named += [a["covariate"] for r in references for a in r.get("adjust", ())]
    return tuple(dict.fromkeys(named + [s["covariate"] for s in spreads]))


def fill(references: Rows, names: Sequence[str], covariates: Mapping[str, Any], n: int) -> dict[str, Array]:
    """Covariates as arrays (n,), missing ones at their reference value, 0 where there is none.

    A reference may be adjusted for other covariates: ``value + sum slope (x - centre)``. Those without an
    adjustment are filled first, then the others in the order of the file.
    """
    filled: dict[str, Array] = {
        name: np.broadcast_to(np.asarray(covariates.get(name, np.nan), dtype=np.float64), (n,))
        for name in names
    }
    rows: list[Mapping[str, Any]] = [r for r in references if r["covariate"] in filled]
    listed = {r["covariate"] for r in rows}
    rows += [{"covariate": name, "value": 0.0} for name in names if name not in listed]
    for row in sorted(rows, key=lambda r: "adjust" in r):
        raw = filled[row["covariate"]]
        value = np.full(n, float(row["value"]))
        for a in row.get("adjust", ()):
            value = value + a["slope"] * (filled[a["covariate"]] - a["centre"])
        filled[row["covariate"]] = np.where(np.isnan(raw), value, raw)
    return filled


def spread(
    theta: Sequence[str],
    spreads: Rows,
    filled: Mapping[str, Array],
    missing: Mapping[str, NDArray[np.bool_]],
    n: int,
) -> Array:
    """Factors on the SDs of theta, shape (n, n_theta): ``value ** x`` of each spread.

    x is the covariate; with ``when = "missing"`` 1 where it is unknown and 0 elsewhere.
    """
    factor = np.ones((n, len(theta)))
    for row in spreads:
        name = row["covariate"]
        x = missing[name].astype(np.float64) if row.get("when") == "missing" else filled[name]
        factor[:, list(theta).index(row["parameter"])] *= row["value"] ** x
    return factor
