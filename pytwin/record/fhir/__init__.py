"""Reading FHIR R4 in JSON: Bundles of any type and single resources."""

from __future__ import annotations

from pytwin.record.fhir.reader import read_fhir

__all__ = ["read_fhir"]
