"""FHIR genomics: Observations of the genomics-reporting guide, read from JSON and written."""

from __future__ import annotations

from pytwin.genome.fhir.read import read, recognises
from pytwin.genome.fhir.write import bundle

__all__ = ["bundle", "read", "recognises"]
