"""Suite ``warfarin``: the model, the lanes it runs in, the twin's calibration and conflicts, a second data
set.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytwin.verify import calibration, conflicts, hamberg, lanes, oreilly
from pytwin.verify.case import Case
from pytwin.verify.run import Context


def cases(context: Context) -> Iterator[Case]:
    """All cases, in the order in which a doubt would be followed."""
    yield from hamberg.published()
    yield from hamberg.reference_rows(context)
    yield from hamberg.own_tight_run()
    yield from lanes.invariance()
    yield from calibration.coverage(context)
    yield from conflicts.detection(context)
    yield from oreilly.cases(context)
