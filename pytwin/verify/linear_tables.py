"""What the cases of linear filters share: tables of the reference library, the macro model, comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.verify.case import Case, at_most
from pytwin.verify.run import Context

Array = NDArray[np.float64]

# Model of log differences of realgdp, realcons, realinv: kalman/CASES.md, section 3.
T3 = np.array(
    [
        [-0.1119908792, 0.8441841604, 0.0238725303],
        [0.2629347724, 0.4996718412, -0.0173023305],
        [-3.2192369082, 4.1536028244, 0.4514379215],
    ]
)
Q3 = np.array(
    [
        [0.0000640649, 0.0000388496, 0.0002148769],
        [0.0000388496, 0.0000572802, 0.000001555],
        [0.0002148769, 0.000001555, 0.0017088585],
    ]
)
H3 = np.diag([0.0000640649, 0.0000572802, 0.0017088585])

Gap = tuple[int, int, list[int]]
SCATTERED: tuple[Gap, ...] = ((1, 50, [0]), (20, 70, [1]), (40, 90, [2]), (120, 130, [0, 2]))
FIRST: tuple[Gap, ...] = ((1, 50, [0]),)
BLOCK: tuple[Gap, ...] = ((1, 50, [0, 1, 2]),)
SCATTERED_END: tuple[Gap, ...] = (*SCATTERED, (193, 202, [0, 1, 2]))


def table(context: Context, name: str) -> Any:
    """A file of the library's folder `kalman` by column names; NA and blanks are NaN."""
    path = context.folder("kalman", name)
    return np.genfromtxt(path, delimiter=",", names=True, missing_values="NA", filling_values=np.nan)


def columns(rows: Any, stem: str, count: int) -> Array:
    """Columns stem1 .. stem<count>, side by side."""
    return np.stack([rows[f"{stem}{j + 1}"] for j in range(count)], axis=1)


def macro(context: Context, *, log: bool) -> Array:
    """Differences of realgdp, realcons and realinv, (202, 3)."""
    rows = table(context, "macrodata_us.csv")
    levels = np.stack([rows["realgdp"], rows["realcons"], rows["realinv"]], axis=1)
    return np.diff(np.log(levels) if log else levels, axis=0)


def blank(y: Array, gaps: tuple[Gap, ...]) -> Array:
    """y without the rows first .. last (from 1) of some series."""
    out = y.copy()
    for first, last, series in gaps:
        out[first - 1 : last, series] = np.nan
    return out


def near(
    name: str,
    expected: ArrayLike,
    got: ArrayLike,
    *,
    source: str,
    absolute: float = 0.0,
    relative: float = 0.0,
) -> Case:
    """The largest |got - expected| / (absolute + relative |expected|), where it is not NaN, is at most 1."""
    e, g = np.asarray(expected, dtype=float), np.asarray(got, dtype=float)
    if e.shape != g.shape:
        return at_most(f"{name}: share of tolerance", 1.0, float("nan"), source=source)
    known = ~np.isnan(e)
    off, room = np.abs(g - e)[known], (absolute + relative * np.abs(e))[known]
    share = np.divide(off, room, out=np.where(off == 0, 0.0, np.inf), where=room > 0)
    return at_most(f"{name}: share of tolerance", 1.0, float(share.max(initial=0.0)), source=source)
