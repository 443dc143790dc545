"""Reading C-CDA R1.1 and R2.1: results, vitals, drugs, problems, allergies, procedures, immunisations."""

from __future__ import annotations

from pytwin.record.ccda.reader import read, recognises

__all__ = ["read", "recognises"]
