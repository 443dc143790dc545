"""From codes and names as found to the words that pytwin uses."""

from __future__ import annotations

import re
from functools import lru_cache

from pytwin.record.analytes import ANALYTES, Analyte
from pytwin.record.conditions import CONDITIONS
from pytwin.record.drugs import DRUGS, STRENGTHS, Drug

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

_SYSTEMS = {
    "http://loinc.org": "LOINC",
    "urn:oid:2.16.840.1.113883.6.1": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "urn:oid:2.16.840.1.113883.6.88": "RxNorm",
    "http://snomed.info/sct": "SNOMED",
    "urn:oid:2.16.840.1.113883.6.96": "SNOMED",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10",
    "urn:oid:2.16.840.1.113883.6.90": "ICD-10",
    "http://www.whocc.no/atc": "ATC",
    "urn:oid:2.16.840.1.113883.6.73": "ATC",
    "http://hl7.org/fhir/sid/ndc": "NDC",
    "http://unitsofmeasure.org": "UCUM",
    "": "local",
}
_SHORT = {name.lower(): name for name in _SYSTEMS.values()}

_BY_LOINC = {code: analyte for analyte in ANALYTES.values() for code in analyte.loinc}
_BY_LOCAL = {name: a for a in ANALYTES.values() for name in (*a.names, a.name.lower())}
_BY_RXNORM = {code: drug for drug in DRUGS.values() for code in drug.rxnorm}
_BY_ATC = {code: drug for drug in DRUGS.values() for code in drug.atc}
_BY_DRUG_NAME = {name: drug for drug in DRUGS.values() for name in (*drug.names, drug.name.lower())}
_BY_SNOMED = {code: c.name for c in CONDITIONS.values() for code in c.snomed}
_WORD = re.compile(r"[a-z][a-z0-9'.-]*")
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


@lru_cache(maxsize=4096)
def system_name(uri: str) -> str:
    """Short name of a code system: LOINC, RxNorm ...; the URI itself where pytwin knows none."""
    short = _SYSTEMS.get(uri.rstrip("/")) or _SHORT.get(uri.lower())
    return short or uri


@lru_cache(maxsize=8192)
def analyte_of(system: str, code: str, name: str = "") -> Analyte | None:
    """The analyte of a LOINC code or canonical name, or of a local code or name.

    A name counts only where no code of a standard system contradicts it.
    """
    if system == "LOINC":
        return _BY_LOINC.get(code)
    if system not in ("local", "") and not system.startswith(("http", "urn")):
        return None
    for text in (code, name):
        found = ANALYTES.get(text) or _BY_LOINC.get(text) or _BY_LOCAL.get(" ".join(text.lower().split()))
        if found:
            return found
    return None


@lru_cache(maxsize=8192)
def drug_of(system: str, code: str, name: str = "") -> Drug | None:
    """The drug of an RxNorm or ATC code, else of a name that contains its name as a word."""
    found = _BY_RXNORM.get(code) if system == "RxNorm" else _BY_ATC.get(code) if system == "ATC" else None
    if found:
        return found
    text = name.lower()[:_LONGEST]
    if text.strip() in _BY_DRUG_NAME:
        return _BY_DRUG_NAME[text.strip()]
    for word in _WORD.findall(text):
        if word in _BY_DRUG_NAME:
            return _BY_DRUG_NAME[word]
    return None


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
