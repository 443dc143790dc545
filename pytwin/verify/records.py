"""Suite ``records``: what readers find in records of every format; a module for each part."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from pytwin.verify.case import Case
from pytwin.verify.run import Context

# Modules with cases(context), in the order in which a doubt would be followed: pytwin.verify.records_NAME.
PARTS = ("units", "fhir", "cohort", "hl7", "ccda", "tables", "wearables", "out", "out_fhir")


def cases(context: Context) -> Iterator[Case]:
    """All cases, part by part."""
    for part in PARTS:
        context.say(f"  {part}")
        yield from import_module(f"pytwin.verify.records_{part}").cases(context)
