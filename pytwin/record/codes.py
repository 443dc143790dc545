"""From codes and names as found to the words that pytwin uses."""

from __future__ import annotations

import re
from functools import lru_cache

from pytwin.record.analytes import ANALYTES, Analyte
from pytwin.record.conditions import CONDITIONS
from pytwin.record.drugs import DRUGS, STRENGTHS, Drug
from pytwin.record.resolver import DEFAULT
from pytwin.record.systems import system_name

__all__ = [
    "ANALYTES",
    "CONDITIONS",
    "DRUGS",
    "STRENGTHS",
    "Analyte",
    "Drug",
    "analyte_of",
    "condition_of",
    "drug_of",
    "drugs_of_class",
    "route_of",
    "system_name",
    "tablet_strength",
]

_BY_SNOMED = {code: c.name for c in CONDITIONS.values() for code in c.snomed}
_STRENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(?:mg|MG)\b(?!\s*/)")
_LONGEST = 300  # characters of a drug's name

_ROUTES = {
    "26643006": "oral", "260548002": "oral", "po": "oral", "oral": "oral", "oral route": "oral",
    "by mouth": "oral",
    "47625008": "intravenous", "255560000": "intravenous", "iv": "intravenous", "intravenous": "intravenous",
    "34206005": "subcutaneous", "263887005": "subcutaneous", "sc": "subcutaneous", "sq": "subcutaneous",
    "subcutaneous": "subcutaneous", "78421000": "intramuscular", "255559005": "intramuscular",
    "im": "intramuscular", "intramuscular": "intramuscular",
}  # fmt: skip


# What the built-in tables say; a reader that was given a terminology has a Resolver of its own.
analyte_of = DEFAULT.analyte
drug_of = DEFAULT.drug


def drugs_of_class(name: str) -> tuple[str, ...]:
    """Names of the drugs of a class of ``drugs.py``, such as ``"cyp inducer"``."""
    return tuple(drug.name for drug in DRUGS.values() if name in drug.classes)


@lru_cache(maxsize=4096)
def tablet_strength(system: str, code: str, name: str) -> float | None:
    """Milligrams in one tablet or capsule, where its name states exactly one strength."""
    if system == "RxNorm" and code in STRENGTHS:
        return STRENGTHS[code]
    lower = name.lower()
    if "/" in name or not any(form in lower for form in ("tablet", "capsule", "tab", "cap")):
        return None
    strengths = _STRENGTH.findall(name[:_LONGEST])
    return float(strengths[0]) if len(strengths) == 1 else None


@lru_cache(maxsize=4096)
def condition_of(system: str, code: str) -> str:
    """Canonical name of a condition code; empty where pytwin knows none."""
    if system == "SNOMED":
        return _BY_SNOMED.get(code, "")
    if system == "ICD-10":
        for condition in CONDITIONS.values():
            if code.upper().startswith(condition.icd10):
                return condition.name
    return ""


@lru_cache(maxsize=1024)
def route_of(code: str, text: str = "") -> str:
    """Canonical route of a SNOMED code or word; the text as found where pytwin knows none."""
    return _ROUTES.get(code.lower()) or _ROUTES.get(text.lower().strip()) or text.lower().strip()
