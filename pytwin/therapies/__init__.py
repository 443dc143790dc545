"""Therapies: one drug or disease in use, a folder each."""

from __future__ import annotations

from importlib import import_module

from pytwin.errors import InputError
from pytwin.therapies.guards import GenotypeGuard, genotype_limits, guards, read_guards
from pytwin.therapies.therapy import Coverage, Difference, Given, History, Patient, Switch, Therapy

NAMES = ("warfarin",)


def load(name: str | Therapy) -> Therapy:
    """A Therapy by name.

    Raises
    ------
    InputError
        ``therapy.unknown`` when there is none of that name.
    """
    if isinstance(name, Therapy):
        return name
    if name not in NAMES:
        hint = "Known: " + ", ".join(NAMES)
        raise InputError("therapy.unknown", "no Therapy of this name", place=str(name), hint=hint)
    therapy: Therapy = import_module(f"pytwin.therapies.{name}").THERAPY
    return therapy


__all__ = [
    "NAMES",
    "Coverage",
    "Difference",
    "GenotypeGuard",
    "Given",
    "History",
    "Patient",
    "Switch",
    "Therapy",
    "genotype_limits",
    "guards",
    "load",
    "read_guards",
]
