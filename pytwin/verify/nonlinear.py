"""Suite ``kalman-nonlinear``: filters and smoothers of models; a module for each part."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from pytwin.verify.case import Case
from pytwin.verify.run import Context

# Modules with cases(context): pytwin.verify.nonlinear_NAME.
PARTS = (
    "extended",
    "gauss",
    "form",
    "smoothing",
    "particle",
    "static",
    "ensemble",
    "online",
    "delay",
    "glucose",
)


def cases(context: Context) -> Iterator[Case]:
    """All cases, part by part."""
    for part in PARTS:
        context.say(f"  {part}")
        yield from import_module(f"pytwin.verify.nonlinear_{part}").cases(context)
