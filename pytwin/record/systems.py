"""Code systems: their URIs, OIDs and OMOP vocabularies, and the short names that pytwin uses."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, unquote

# URIs of the HL7 terminology server
_URIS = {
    "http://loinc.org": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://snomed.info/sct": "SNOMED",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD-9",
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD-10-PCS",
    "http://www.whocc.no/atc": "ATC",
    "http://hl7.org/fhir/sid/ndc": "NDC",
    "http://hl7.org/fhir/sid/cvx": "CVX",
    "http://www.ama-assn.org/go/cpt": "CPT-4",
    "http://fdasis.nlm.nih.gov": "UNII",
    "http://ncimeta.nci.nih.gov": "NCI",
    "http://unitsofmeasure.org": "UCUM",
}
# HL7 OID registry and the value sets of C-CDA R2.1
_OIDS = {
    "2.16.840.1.113883.6.1": "LOINC",
    "2.16.840.1.113883.6.88": "RxNorm",
    "2.16.840.1.113883.6.96": "SNOMED",
    "2.16.840.1.113883.6.90": "ICD-10",
    "2.16.840.1.113883.6.3": "ICD-10",
    "2.16.840.1.113883.6.4": "ICD-10-PCS",
    "2.16.840.1.113883.6.103": "ICD-9",
    "2.16.840.1.113883.6.42": "ICD-9",
    "2.16.840.1.113883.6.2": "ICD-9",
    "2.16.840.1.113883.6.104": "ICD-9",
    "2.16.840.1.113883.6.69": "NDC",
    "2.16.840.1.113883.6.73": "ATC",
    "2.16.840.1.113883.6.8": "UCUM",
    "2.16.840.1.113883.6.12": "CPT-4",
    "2.16.840.1.113883.6.59": "CVX",
    "2.16.840.1.113883.12.292": "CVX",
    "2.16.840.1.113883.4.9": "UNII",
    "2.16.840.1.113883.3.26.1.1": "NCI",
}
# vocabulary_id of OMOP, by which MEDS names its codes, too
VOCABULARIES = {
    "LOINC": "LOINC", "SNOMED": "SNOMED", "RxNorm": "RxNorm", "RXNORM": "RxNorm", "ICD10CM": "ICD-10",
    "RxNorm Extension": "RxNorm Extension", "ICD10": "ICD-10", "ICD9CM": "ICD-9", "ICD9Proc": "ICD-9",
    "ICD10PCS": "ICD-10-PCS", "CVX": "CVX", "ATC": "ATC", "NDC": "NDC", "UCUM": "UCUM", "CPT4": "CPT-4",
    "HCPCS": "HCPCS",
}  # fmt: skip
# the first URI of each name, without the clinical modification of ICD-10: codes of both are called ICD-10
_BACK = {name: uri for uri, name in reversed(_URIS.items())}
_OWN = "urn:pytwin:system:"  # and the name of a system that has no URI that is known
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}:[!-~]{1,400}")
_SHORT = {name.lower(): name for name in (*_URIS.values(), "local")}


@lru_cache(maxsize=4096)
def system_name(uri: str) -> str:
    """Short name of a code system: LOINC, RxNorm ...; the URI itself where pytwin knows none."""
    if not uri:
        return "local"
    if uri.startswith(_OWN):
        return unquote(uri[len(_OWN) :])
    found = _URIS.get(uri.rstrip("/")) or _OIDS.get(uri.removeprefix("urn:oid:"))
    return found or _SHORT.get(uri.lower()) or uri


def uri_of(name: str) -> str:
    """URI of a code system by its short name; where pytwin knows none, one that ``system_name`` reads."""
    if name in _BACK:
        return _BACK[name]
    return (
        name if _URI.fullmatch(name) and system_name(name) == name else _OWN + quote(name, errors="replace")
    )


def is_system(name: str) -> bool:
    """Whether a text is the short name or the URI of a code system."""
    return name in _BACK or name == "local" or _URI.fullmatch(name) is not None


def of_oid(oid: str) -> str:
    """Short name of the code system of an OID; ``urn:oid:`` and the OID where pytwin knows none."""
    bare = oid.strip().removeprefix("urn:oid:")
    return system_name(f"urn:oid:{bare}") if bare else "local"
