"""The simulation smoother with given variates: kalman/CASES.md, section 5."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pytwin import kalman
from pytwin.verify.case import Case
from pytwin.verify.linear_tables import (
    BLOCK,
    FIRST,
    H3,
    Q3,
    SCATTERED_END,
    T3,
    Array,
    blank,
    columns,
    macro,
    near,
    table,
)
from pytwin.verify.run import Context

SOURCE = "KFAS, stored by statsmodels; kalman/CASES.md, section 5"


def _variates(context: Context) -> list[Array]:
    """The numbers e, u, z of each set in the order in which `draw` takes them."""
    steps, none = np.arange(27) / 10, np.zeros(27)
    long = table(context, "simsmooth_variates_3.csv")["x"]
    short = [(none, none), (steps, none), (steps, steps)]
    return [np.concatenate([e, u, np.zeros(3)]) for e, u in short] + [long] * 4


def cases(context: Context) -> Iterator[Case]:
    """Sets 0 to 6. Sets 5 and 6 start ill-conditioned: rows 1 to 4 of the states are looser."""
    y = macro(context, log=True)
    data = [y[:9]] * 3 + [y] + [blank(y, gaps) for gaps in (BLOCK, FIRST, SCATTERED_END)]
    for k, (rows, numbers) in enumerate(zip(data, _variates(context), strict=True)):
        expected = table(context, f"simsmooth_expected_{k}.csv")
        got = kalman.draw(rows, T3, np.eye(3), Q3, H3, np.zeros(3), 1e6 * np.eye(3), variates=numbers[None])
        seen = np.where(np.isnan(rows), np.nan, 1.0)
        first = 4 if k in (5, 6) else 0
        for name, want, value in (
            ("eta", columns(expected, "eta", 3), got.state_disturbance[0]),
            ("eps", columns(expected, "eps", 3) * seen, got.obs_disturbance[0]),
            ("state", columns(expected, "state", 3), got.state[0]),
        ):
            near_start = f"draws, set {k}: {name}"
            tolerance = 1e-6 if first else 6e-8
            yield near(f"{near_start}, row {first + 1} on", want[first:], value[first:], source=SOURCE,
                       absolute=tolerance, relative=0 if first else 3e-11)  # fmt: skip
            if first:
                yield near(f"{near_start}, rows 1 to 4", want[:4], value[:4], source=SOURCE, absolute=1e-4)
