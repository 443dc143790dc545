"""Reference cases: what is expected, from where, to what tolerance.

The cases live here once and serve both ``pytwin verify`` and the tests.
"""

from pytwin.verify.case import Case
from pytwin.verify.library import reference_dir
from pytwin.verify.run import SUITES, Context, Report, run

__all__ = ["SUITES", "Case", "Context", "Report", "reference_dir", "run"]
