"""Suite ``records``: how fast files become events, beside what a good programmer would write by hand."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from row import Row

# Modules with rows(): records_NAME.py
PARTS = ("fhir", "hl7", "tables", "wearables")


def rows() -> Iterator[Row]:
    """All rows, part by part."""
    for part in PARTS:
        yield from import_module(f"records_{part}").rows()
