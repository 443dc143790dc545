"""FHIR R4 elements as typed structures: what was done for a patient, and reports; see ``fhir.py``."""

from __future__ import annotations

from msgspec import Raw, field

from pytwin.formats.fhir import CodeableConcept, Coding, Period, Reference, Resource


class Procedure(Resource):
    instantiatesCanonical: Raw = Raw()
    instantiatesUri: Raw = Raw()
    basedOn: Raw = Raw()
    partOf: Raw = Raw()
    status: str = ""
    statusReason: Raw = Raw()
    category: Raw = Raw()
    code: CodeableConcept | None = None
    subject: Reference | None = None
    encounter: Raw = Raw()
    performedDateTime: str = ""
    performedPeriod: Period | None = None
    performedString: Raw = Raw()
    performedAge: Raw = Raw()
    performedRange: Raw = Raw()
    recorder: Raw = Raw()
    asserter: Raw = Raw()
    performer: Raw = Raw()
    location: Raw = Raw()
    reasonCode: Raw = Raw()
    reasonReference: Raw = Raw()
    bodySite: Raw = Raw()
    outcome: Raw = Raw()
    report: Raw = Raw()
    complication: Raw = Raw()
    complicationDetail: Raw = Raw()
    followUp: Raw = Raw()
    note: Raw = Raw()
    focalDevice: Raw = Raw()
    usedReference: Raw = Raw()
    usedCode: Raw = Raw()


class Immunization(Resource):
    status: str = ""
    statusReason: Raw = Raw()
    vaccineCode: CodeableConcept | None = None
    patient: Reference | None = None
    encounter: Raw = Raw()
    occurrenceDateTime: str = ""
    occurrenceString: Raw = Raw()
    recorded: str = ""
    primarySource: Raw = Raw()
    reportOrigin: Raw = Raw()
    location: Raw = Raw()
    manufacturer: Raw = Raw()
    lotNumber: Raw = Raw()
    expirationDate: Raw = Raw()
    site: Raw = Raw()
    route: CodeableConcept | None = None
    doseQuantity: Raw = Raw()
    performer: Raw = Raw()
    note: Raw = Raw()
    reasonCode: Raw = Raw()
    reasonReference: Raw = Raw()
    isSubpotent: Raw = Raw()
    subpotentReason: Raw = Raw()
    education: Raw = Raw()
    programEligibility: Raw = Raw()
    fundingSource: Raw = Raw()
    reaction: Raw = Raw()
    protocolApplied: Raw = Raw()


class Encounter(Resource):
    status: str = ""
    statusHistory: Raw = Raw()
    class_: Coding | None = field(default=None, name="class")
    classHistory: Raw = Raw()
    type: list[CodeableConcept] = []
    serviceType: Raw = Raw()
    priority: Raw = Raw()
    subject: Reference | None = None
    episodeOfCare: Raw = Raw()
    basedOn: Raw = Raw()
    participant: Raw = Raw()
    appointment: Raw = Raw()
    period: Period | None = None
    length: Raw = Raw()
    reasonCode: Raw = Raw()
    reasonReference: Raw = Raw()
    diagnosis: Raw = Raw()
    account: Raw = Raw()
    hospitalization: Raw = Raw()
    location: Raw = Raw()
    serviceProvider: Raw = Raw()
    partOf: Raw = Raw()


class DiagnosticReport(Resource):
    basedOn: Raw = Raw()
    status: str = ""
    category: Raw = Raw()
    code: CodeableConcept | None = None
    subject: Reference | None = None
    encounter: Raw = Raw()
    effectiveDateTime: str = ""
    effectivePeriod: Period | None = None
    issued: str = ""
    performer: Raw = Raw()
    resultsInterpreter: Raw = Raw()
    specimen: Raw = Raw()
    result: Raw = Raw()
    imagingStudy: Raw = Raw()
    media: Raw = Raw()
    conclusion: Raw = Raw()
    conclusionCode: Raw = Raw()
    presentedForm: Raw = Raw()
