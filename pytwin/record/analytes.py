"""Laboratory values and measurements: LOINC codes, local names, canonical units, physical limits.

The table is the project's own (``analytes.tsv``, one analyte a line). LOINC codes are copyright
Regenstrief Institute and used under its licence (see NOTICE). Codes in the column ``traced`` were compared
with their published names (in a CONCEPT table of the OHDSI vocabularies, in FHIR, C-CDA and HL7 v2 files of
others); the rest (``Analyte.untraced``) were written from memory and not yet compared.

The limits are not reference ranges: a value outside them cannot be of a living patient, or is in another
unit; they are the project's choice. Local names are spellings of the eICU and MIMIC tables, Synthea and HL7
examples.
"""

from __future__ import annotations

import csv
from importlib.resources import files

from pytwin.record.analyte import Analyte
from pytwin.units import SUBSTANCES

__all__ = ["ANALYTES", "Analyte"]

# Units that are conventions: the UCUM codes that may be meant. The area of 1.73 m2 stands in an
# annotation, which has no dimension: mL/min alone is another quantity. Per cent is no mL/dL of oxygen.
_RATIO = ("{INR}", "1", "{ratio}")
_SCORE = ("{score}", "1", "{#}")
_ONLY = {
    "INR": _RATIO,
    "target INR": _RATIO,
    "glomerular filtration rate": ("mL/min/{1.73_m2}",),
    "oxygen content": ("mL/dL",),
    "haemoglobin A1c": ("%",),
    "urine specific gravity": ("1", "{nominal}", "{ratio}"),
    "Glasgow coma score": _SCORE,
    "pain score": _SCORE,
}
# No unit means the canonical one, because no other is in use.
_BLANK = frozenset(
    ("INR", "target INR", "blood pH", "venous blood pH", "urine pH", "urine specific gravity",
     "Glasgow coma score", "pain score")
)  # fmt: skip
_IU_IS_U = ("uU/mL", "1", "0"), ("mU/L", "1", "0")
_SPECIAL = {
    # NGSP % = 0.09148 IFCC + 2.152: the master equation (Hoelzel 2004, Clin Chem 50:166; ngsp.org)
    "haemoglobin A1c": (("mmol/mol", "0.09148", "2.152"),),
    # 1 g of creatinine is 1000/113.12 mmol
    "albumin/creatinine ratio": (("mg/mmol", "100000/11312", "0"),),
    # the U of these hormones is the international unit; insulin 1 uIU/mL = 6 pmol/L (Heinemann 2010,
    # Endocr Pract 16:731; Knopp 2019, J Diabetes Sci Technol 13:597)
    "thyrotropin": _IU_IS_U,
    "insulin": (*_IU_IS_U, ("pmol/L", "1/6", "0")),
    # a millimole of particles is a milliosmole
    "osmolality": (("mmol/kg", "1", "0"),),
    "urine osmolality": (("mmol/kg", "1", "0"),),
}
# Spellings that mean something for one analyte only.
_SPELLINGS = {
    "body mass index": (("count", "kg/m2"),),  # as a phone's health store writes it
    "body temperature": (("c", "Cel"), ("f", "[degF]")),
    "respiratory rate": (("breaths", "/min"),),
    "spontaneous respiratory rate": (("breaths", "/min"),),
}


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
        special=_SPECIAL.get(name, ()),
        spellings=_SPELLINGS.get(name, ()),
        substance=SUBSTANCES.get(name),
        traced=tuple(row["traced"].split()),
    )


ANALYTES: dict[str, Analyte] = _read()
