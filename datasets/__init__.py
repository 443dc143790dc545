"""The synthetic patients that ship with pytwin, where their files are, and the river Nile.

Nobody stands behind the patients: ``pytwin.datasets.generate`` makes them from a seed.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pytwin.datasets.river import Nile, nile
from pytwin.errors import InputError

_FOLDER = Path(__file__).resolve().parent
__all__ = ["FILES", "DemoPatient", "Nile", "demo", "nile", "path"]

FILES = ("patient.json", "patient.vcf", "treated.json")


class DemoPatient(NamedTuple):
    """Paths of the bundled patient's two files."""

    record: Path
    genome: Path


def path(name: str) -> Path:
    """Path of a bundled file.

    Parameters
    ----------
    name : str
        One of `FILES`.

    Raises
    ------
    InputError
        ``datasets.unknown`` when no such file is bundled.
    """
    if name not in FILES:
        raise InputError(
            "datasets.unknown", "no bundled file of this name", hint=f"There are: {', '.join(FILES)}."
        )
    return _FOLDER / name


def demo() -> DemoPatient:
    """The bundled patient: a FHIR R4 bundle and a VCF on GRCh38."""
    return DemoPatient(path("patient.json"), path("patient.vcf"))
