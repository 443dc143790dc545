"""Suite ``genome``: what is found in files of genotypes; a module for each part."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from pytwin.verify.case import Case
from pytwin.verify.run import Context

# Modules with cases(context), in the order in which a doubt would be followed: pytwin.verify.genome_NAME.
PARTS = (
    "tables",
    "pharmcat",
    "rules",
    "recommendations",
    "properties",
    "vcf",
    "arrays",
    "results",
    "fhir",
    "tumour",
    "value",
)


def cases(context: Context) -> Iterator[Case]:
    """All cases, part by part."""
    for part in PARTS:
        context.say(f"  {part}")
        yield from import_module(f"pytwin.verify.genome_{part}").cases(context)
