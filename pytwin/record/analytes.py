"""Laboratory values and measurements: LOINC codes, local names, canonical units, physical limits.

The table is the project's own (``analytes.tsv``, one analyte a line). LOINC codes are copyright
Regenstrief Institute and used under its licence (see NOTICE). The limits are not reference
ranges: a value outside them cannot be of a living patient, or is in another unit; they are the
project's choice. Local names are spellings of the eICU and MIMIC tables, Synthea and HL7 examples.
"""

from __future__ import annotations

import csv
from importlib.resources import files

from pytwin.record.analyte import Analyte
from pytwin.units import SUBSTANCES

__all__ = ["ANALYTES", "Analyte"]

# Units that are conventions: the UCUM codes that may be meant. The area of 1.73 m2 stands in an
# annotation, which has no dimension: mL/min alone is another quantity.
_ONLY = {
    "INR": ("{INR}", "1", "{ratio}"),
    "target INR": ("{INR}", "1", "{ratio}"),
    "glomerular filtration rate": ("mL/min/{1.73_m2}",),
}
# No unit means the canonical one, because no other is in use.
_BLANK = {"INR", "target INR"}


def _read() -> dict[str, Analyte]:
    text = files(__package__).joinpath("analytes.tsv").read_text(encoding="utf-8")
    return {row["name"]: _analyte(row) for row in csv.DictReader(text.splitlines(), delimiter="\t")}


def _analyte(row: dict[str, str]) -> Analyte:
    name = row["name"]
    codes = (code.partition(":") for code in row["other codes"].split())
    return Analyte(
        name,
        row["unit"],
        float(row["low"]),
        float(row["high"]),
        tuple(row["loinc"].split()),
        tuple(filter(None, row["names"].split("|"))),
        tuple((system, code) for system, _, code in codes),
        only=_ONLY.get(name, ()),
        blank=name in _BLANK,
        substance=SUBSTANCES.get(name),
    )


ANALYTES: dict[str, Analyte] = _read()
