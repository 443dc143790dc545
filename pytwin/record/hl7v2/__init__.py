"""Reading HL7 v2: results, orders, doses given and dispensed, immunisations, visits, diagnoses, allergies."""

from __future__ import annotations

from pytwin.record.hl7v2.reader import read
from pytwin.record.hl7v2.text import recognises

__all__ = ["read", "recognises"]
