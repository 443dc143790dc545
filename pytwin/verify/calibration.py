"""Cases of honest uncertainty: forecast intervals on patients simulated from the model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pytwin.cohort import Cohort
from pytwin.verify.case import Case, between, equal, info
from pytwin.verify.run import Context
from pytwin.verify.virtual import POPULATION, VISITS, cohort

SOURCE = "DESIGN: 90 % intervals of the next INR cover 85 to 95 % on patients simulated from the model"
BAND = (0.85, 0.95)
FAST, FULL = 400, 4000


def coverage(context: Context) -> Iterator[Case]:
    """90 % intervals of each next INR, overall and by how many INRs the twin has seen."""
    n = FULL if context.full else FAST
    context.say(f"{n} virtual patients")
    virtual = cohort(n, seed=2010)
    twins = Cohort("warfarin", virtual.records, virtual.genomes, POPULATION).assimilate(threads=2)
    yield equal(
        "virtual patients that the filter could not follow", 0, int((twins.status != 0).sum()), source=SOURCE
    )
    inside = np.array([[p.low <= p.value <= p.high for p in trace] for trace in twins.traces])
    yield between(
        f"coverage of 90 % intervals, all {inside.size} INRs of {n} patients",
        BAND,
        inside.mean(),
        source=SOURCE,
    )
    for first, last in ((0, 1), (1, 3), (3, 7), (7, 12), (12, len(VISITS))):
        share = float(inside[:, first:last].mean())
        yield info(f"coverage, INRs {first + 1} to {last} of each patient", share, source=SOURCE)
