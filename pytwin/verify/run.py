"""Run suites of reference cases and report them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pytwin.errors import InputError
from pytwin.verify.case import Case
from pytwin.verify.library import reference_dir

# name -> module with cases(context); a suite is found by its noun.
SUITES: dict[str, str] = {
    "genome": "pytwin.verify.genome",
    "kalman": "pytwin.verify.kalman",
    "kalman-nonlinear": "pytwin.verify.nonlinear",
    "records": "pytwin.verify.records",
    "simulation": "pytwin.verify.simulation",
    "warfarin": "pytwin.verify.warfarin",
    "warfarin-iwpc": "pytwin.verify.warfarin_iwpc",
    "warfarin-trial": "pytwin.verify.warfarin_trial",
}


@dataclass(frozen=True)
class Context:
    """What a suite may use: the reference library, the tier, and a progress callback."""

    reference: Path | None
    full: bool = False
    progress: Callable[[str], None] | None = None

    def say(self, text: str) -> None:
        """Report progress in words."""
        if self.progress is not None:
            self.progress(text)

    def folder(self, *parts: str) -> Path:
        """A place in the reference library.

        Raises
        ------
        InputError
            ``verify.no-reference`` where the library was not found.
        """
        if self.reference is None:
            raise InputError(
                "verify.no-reference",
                "this suite reads the reference library, which was not found",
                hint="Name its folder with --reference DIR or the variable PYTWIN_REFERENCE",
            )
        return self.reference.joinpath(*parts)


@dataclass(frozen=True)
class Report:
    """The cases of one suite, or of several."""

    suite: str
    cases: tuple[Case, ...]

    @property
    def judged(self) -> tuple[Case, ...]:
        """The cases that count: all but the ``info`` rows."""
        return tuple(c for c in self.cases if not c.info)

    @property
    def summary(self) -> dict[str, Any]:
        """``{"suite", "cases", "passed"}``: the counts of judged cases."""
        judged = self.judged
        return {"suite": self.suite, "cases": len(judged), "passed": sum(c.passed for c in judged)}

    @property
    def passed(self) -> bool:
        """Whether there are judged cases and all of them hold."""
        return bool(self.judged) and all(c.passed for c in self.judged)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data."""
        return {"summary": self.summary, "cases": [c.to_dict() for c in self.cases]}

    def to_json(self) -> str:
        """The report as JSON text."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)


def run(
    suite: str | None = None,
    reference: str | Path | None = None,
    full: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Run one suite, or all.

    Parameters
    ----------
    suite : str, optional
        A name in ``SUITES``; None runs every suite.
    reference : path, optional
        The reference library; found by ``reference_dir`` where it is not given.
    full : bool
        Adds the long cases (big cohorts).
    progress : callable, optional
        Called with a line of text now and then.

    Raises
    ------
    InputError
        ``verify.unknown-suite``, ``verify.no-reference``.
    """
    names: Iterable[str] = SUITES if suite is None else (suite,)
    context = Context(reference_dir(reference), full, progress)
    cases: list[Case] = []
    for name in names:
        cases.extend(_cases_of(name, context))
    return Report(suite or "all", tuple(cases))


def _cases_of(name: str, context: Context) -> Iterable[Case]:
    if name not in SUITES:
        raise InputError(
            "verify.unknown-suite", "no such suite", place=name, hint=f"Suites: {', '.join(SUITES)}"
        )
    context.say(f"suite {name}")
    found: Iterable[Case] = import_module(SUITES[name]).cases(context)
    return found
