"""Other versions of FHIR: their elements under the names that R4 gives them.

A resource that is not of R4's form is looked at by the names of its elements: each name that R4 does not
have tells which versions it can be of, is renamed where R4 has another name for it, and is left out where
pytwin does not read it. Nothing is converted in a resource that R4 fits.

Sources: the definitions of DSTU1 (0.0.82), DSTU2 (1.0.2), STU3 (3.0.2), R4 (4.0.1), R4B (4.3.0) and R5
(5.0.0).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Raw

from pytwin.formats.fhir import CodeableReference, Reference

VERSIONS = {"1": "DSTU1", "2": "DSTU2", "3": "STU3", "5": "R5"}
# Names that other versions give to a type that R4 has
ALIASES = {
    "MedicationPrescription": ("MedicationRequest", "1"),
    "MedicationOrder": ("MedicationRequest", "2"),
    "MedicationUsage": ("MedicationStatement", "5"),
}

# type: old>new/versions; "-" is known and not read, what follows ":" is handled by a function below
_TABLE = """
Observation: context>-/3 comments>-/12 comment>-/3 related>:related/123 triggeredBy>-/5 bodyStructure>-/5
    instantiatesCanonical>-/5 instantiatesReference>-/5 appliesDateTime>effectiveDateTime/1
    appliesPeriod>effectivePeriod/1 name>code/1 reliability>-/1 valueAttachment>valueSampledData/25
    valueReference>-/5 organizer>-/5
MedicationRequest: patient>subject/12 dateWritten>authoredOn/12 prescriber>-/12 dateEnded>:ended/2
    reasonEnded>-/2 reasonCodeableConcept>-/12 context>-/3 definition>-/3 medication>:medication/15
    reported>-/5 informationSource>-/5 reason>-/5 device>-/5 statusChanged>-/5
    renderedDosageInstruction>-/5 effectiveDosePeriod>-/5 dispense>-/1
MedicationAdministration: patient>subject/12 practitioner>-/12 prescription>-/123
    wasNotGiven>:not-done/12 notGiven>:not-done/3 reasonNotGiven>-/123 reasonGiven>-/2
    effectiveTimeDateTime>effectiveDateTime/12 effectiveTimePeriod>effectivePeriod/12
    occurenceDateTime>effectiveDateTime/5 definition>-/3 occurrenceDateTime>effectiveDateTime/5
    occurencePeriod>effectivePeriod/5 occurrencePeriod>effectivePeriod/5 occurenceTiming>-/5
    occurrenceTiming>-/5 recorded>-/5 isSubPotent>-/5 subPotentReason>-/5 reason>-/5
    medication>:medication/15
MedicationDispense: patient>subject/12 dispenser>-/12 notDone>:not-done/3
    notDoneReasonCodeableConcept>-/3 notDoneReasonReference>-/3 notPerformedReason>-/5 recorded>-/5
    renderedDosageInstruction>-/5 medication>:medication/15 statusChanged>-/5 responsibleParty>-/1
    dispense>-/1
MedicationStatement: patient>subject/12 wasNotTaken>:not-taken/2 wasNotGiven>:not-taken/1 taken>:taken/3
    reasonNotTaken>-/23 reasonNotGiven>-/1 reasonForUseCodeableConcept>-/2 reasonForUseReference>-/2
    whenGiven>effectivePeriod/1 renderedDosageInstruction>-/5 adherence>:adherence/5 reason>-/5
    relatedClinicalInformation>-/5 medication>:medication/15 takenAsOrdered>-/5 definition>-/3
    effectiveTiming>-/5
Medication: product>-/2 isBrand>-/123 package>-/23 isOverTheCounter>-/3 image>-/3 definition>-/5
    marketingAuthorizationHolder>-/5 doseForm>form/5 totalVolume>-/5 name>-/1 kind>-/1
Condition: patient>subject/2 context>-/3 dateRecorded>recordedDate/2 assertedDate>recordedDate/3
    notes>-/12 onsetQuantity>onsetAge/2 abatementQuantity>abatementAge/2 abatementBoolean>-/23
    participant>-/5 dateAsserted>recordedDate/1 status>verificationStatus/1 certainty>-/1 location>-/1
    relatedItem>-/1
AllergyIntolerance: substance>code/12 status>:allergy-status/2 onset>onsetDateTime/2 reporter>-/2
    lastOccurence>-/2 assertedDate>recordedDate/3 participant>-/5 subject>patient/1 sensitivityType>-/1
Procedure: patient>subject/1 notPerformed>:not-done/2 notDone>:not-done/3 reasonNotPerformed>-/2
    notDoneReason>-/3 reasonCodeableConcept>-/2 used>-/2 request>-/2 context>-/3 definition>-/3
    notes>-/12 occurrenceDateTime>performedDateTime/5 occurrencePeriod>performedPeriod/5
    occurrenceString>-/5 occurrenceAge>-/5 occurrenceRange>-/5 occurrenceTiming>-/5 recorded>-/5
    reportedBoolean>-/5 reportedReference>-/5 focus>-/5 reason>-/5 supportingInfo>-/5 used>-/5
Immunization: date>occurrenceDateTime/123 subject>patient/1 vaccineType>vaccineCode/1
    refusedIndicator>:not-done/1 wasNotGiven>:not-done/2 notGiven>:not-done/3 reported>-/12
    requester>-/12 explanation>-/123 vaccinationProtocol>-/123 practitioner>-/3 administeredProduct>-/5
    informationSource>-/5 supportingInformation>-/5 reason>-/5 basedOn>-/5
Encounter: patient>subject/2 indication>-/2 reason>-/235 incomingReferral>-/23 actualPeriod>period/5
    plannedStartDate>-/5 plannedEndDate>-/5 admission>-/5 virtualService>-/5 careTeam>-/5
    dietPreference>-/5 specialArrangement>-/5 specialCourtesy>-/5 subjectStatus>-/5 fulfills>-/1
Patient: animal>-/123 careProvider>-/12
DiagnosticReport: context>-/3 image>-/23 codedDiagnosis>-/23 request>-/2 composition>-/5 note>-/5
    study>-/5 supportingInfo>-/5 procedure>-/5 name>code/1 diagnosticDateTime>effectiveDateTime/1
    diagnosticPeriod>effectivePeriod/1 serviceCategory>-/1 requestDetail>-/1 imagingStudy>-/1
"""


def _rules(table: str) -> dict[str, dict[str, tuple[str, str]]]:
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for kind, text in re.findall(r"(\w+):((?: \S+|\s{5}\S+)+)", table):
        pairs = (rule.split(">") for rule in text.split())
        found[kind] = {old: (new.split("/")[0], new.split("/")[1]) for old, new in pairs}
    return found


_RULES = _rules(_TABLE)
_STATED = re.compile(rb"hl7\.org/fhir/(0\.|1\.0|3\.0|5\.0)")
_BY_STATED = {b"0.": "1", b"1.0": "2", b"3.0": "3", b"5.0": "5"}
# codes that are CodeableConcepts in R4
_CONCEPTS = ("clinicalStatus", "verificationStatus")
_CODED = ("Condition", "AllergyIntolerance")
_FLAGS = {"not-done": "not-done", "not-taken": "not-taken"}
_CLINICAL = ("active", "inactive", "resolved")

Parts = dict[str, Raw]


def _raw(value: Any) -> Raw:
    return Raw(msgspec.json.encode(value))


def _loose(raw: Raw) -> Any:
    """Any JSON value; None for one that cannot be decoded, which typed reading reports."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None


def to_r4(kind: str, stated: str, parts: Parts) -> tuple[Parts, str]:
    """A resource's elements as R4 names them.

    Parameters
    ----------
    kind : str
        Type in R4.
    stated : str
        Type as the resource states it.
    parts : dict of str to Raw
        Elements as found.

    Returns
    -------
    (dict of str to Raw, str)
        Elements, and the letters of ``VERSIONS`` that all telling elements agree on; empty where
        nothing tells another version than R4, or they contradict each other.
    """
    votes = [ALIASES[stated][1]] if stated in ALIASES else []
    rules = _RULES.get(kind, {})
    new: Parts = {}
    special: list[tuple[str, Raw]] = []
    for name, raw in parts.items():
        rule = rules.get(name)
        if rule is None or (rule[0] == name):
            new[name] = raw
            continue
        votes.append(rule[1])
        if rule[0].startswith(":"):
            special.append((rule[0][1:], raw))
        elif rule[0] != "-":
            new.setdefault(rule[0], raw)
    for action, raw in special:
        _special(action, raw, new)
    if stated in ("MedicationOrder", "MedicationPrescription"):
        new.setdefault("intent", _raw("order"))
    votes += _codes(kind, new)
    versions = [v for v in VERSIONS if all(v in vote for vote in votes)] if votes else []
    meta = _STATED.search(bytes(parts.get("meta", Raw())))
    if meta and _BY_STATED[meta[1]] in versions:
        versions = [_BY_STATED[meta[1]]]
    return new, "".join(versions)


def _codes(kind: str, parts: Parts) -> list[str]:
    """Codes where R4 has concepts or codings; the versions that have them so."""
    votes = []
    for name in _CONCEPTS if kind in _CODED else ():
        code = _loose(parts[name]) if bytes(parts.get(name, Raw()))[:1] == b'"' else None
        if isinstance(code, str):
            parts[name] = _raw({"coding": [{"code": code}]})
            votes.append("123")
    if kind == "Encounter" and "class" in parts:
        found = _loose(parts["class"])
        if isinstance(found, str):
            parts["class"] = _raw({"code": found})
            votes.append("12")
        elif isinstance(found, list):
            concept = found[0] if found and isinstance(found[0], dict) else {}
            coding = concept.get("coding")
            first = coding[0] if isinstance(coding, list) and coding else {"display": concept.get("text", "")}
            parts["class"] = _raw(first)
            votes.append("5")
    return votes


def _special(action: str, raw: Raw, parts: Parts) -> None:
    """What is more than a name."""
    value = _loose(raw)
    if action in _FLAGS and value is True:
        parts["status"] = _raw(_FLAGS[action])
    elif action == "taken" and value != "y":
        parts["status"] = _raw("not-taken" if value == "n" else "unknown")
    elif action == "adherence" and b'"not-taking' in bytes(raw):
        parts["status"] = _raw("not-taken")
    elif action == "ended":
        parts["dateEnded (DSTU2)"] = raw
    elif action == "allergy-status" and isinstance(value, str):
        name = "clinicalStatus" if value in _CLINICAL else "verificationStatus"
        parts[name] = _raw({"coding": [{"code": value}]})
    elif action == "related" and isinstance(value, list):
        members = [r.get("target") for r in value if isinstance(r, dict) and r.get("type") == "has-member"]
        if members:
            parts["hasMember"] = _raw(members)
    elif action == "medication":
        _medication(raw, parts)


def _medication(raw: Raw, parts: Parts) -> None:
    """A CodeableReference of R5, or the Reference of DSTU1."""
    try:
        both = msgspec.json.decode(raw, type=CodeableReference)
    except (msgspec.DecodeError, RecursionError, ValueError):
        try:
            both = CodeableReference(reference=msgspec.json.decode(raw, type=Reference))
        except (msgspec.DecodeError, RecursionError, ValueError):
            parts["medicationReference"] = raw  # typed reading reports it
            return
    if both.concept is not None:
        parts["medicationCodeableConcept"] = _raw(both.concept)
    if both.reference is not None:
        parts["medicationReference"] = _raw(both.reference)
