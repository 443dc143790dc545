"""Code systems: their URIs and OIDs, and the short names that pytwin uses."""

from __future__ import annotations

from functools import lru_cache

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


@lru_cache(maxsize=4096)
def system_name(uri: str) -> str:
    """Short name of a code system: LOINC, RxNorm ...; the URI itself where pytwin knows none."""
    short = _SYSTEMS.get(uri.rstrip("/")) or _SHORT.get(uri.lower())
    return short or uri
