"""Object identifiers of code systems, as HL7 documents and messages use them.

From the HL7 OID registry and the value sets of C-CDA R2.1.
"""

from __future__ import annotations

from pytwin.record.codes import system_name

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


def of_oid(oid: str) -> str:
    """Short name of the code system of an OID; ``urn:oid:`` and the OID where pytwin knows none."""
    oid = oid.strip().removeprefix("urn:oid:")
    if not oid:
        return "local"
    return _OIDS.get(oid) or system_name(f"urn:oid:{oid}")
