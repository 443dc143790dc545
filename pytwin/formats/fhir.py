"""FHIR R4 elements as typed structures: those that pytwin reads.

Elements that are listed as ``Raw`` are known to FHIR and not used; an element that is not
listed at all is unknown to FHIR R4 and becomes an issue. Numbers stay text (``Raw``), so that
they keep their digits. What other versions call these elements is in ``record/fhir/versions.py``.
"""

from __future__ import annotations

from msgspec import Raw, Struct, field


class Coding(Struct, gc=False):
    system: str = ""
    code: str = ""
    display: str = ""


class CodeableConcept(Struct, gc=False):
    coding: list[Coding] = []
    text: str = ""


class Identifier(Struct, gc=False):
    system: str = ""
    value: str = ""


class Reference(Struct, gc=False):
    reference: str = ""
    identifier: Identifier | None = None


class Quantity(Struct, gc=False):
    value: Raw = Raw()
    comparator: str = ""
    unit: str = ""
    system: str = ""
    code: str = ""


class Range(Struct):
    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Struct):
    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Period(Struct, gc=False):
    start: str = ""
    end: str = ""


class Meta(Struct, gc=False):
    versionId: str = ""
    lastUpdated: str = ""


class PatientLink(Struct):
    other: Reference | None = None
    type: str = ""


class Repeat(Struct):
    boundsPeriod: Period | None = None
    boundsDuration: Quantity | None = None
    boundsRange: Raw = Raw()
    count: int | None = None
    countMax: int | None = None
    frequency: int | None = None
    frequencyMax: int | None = None
    period: float | None = None
    periodMax: float | None = None
    periodUnit: str = ""
    dayOfWeek: list[str] = []
    timeOfDay: list[str] = []
    when: list[str] | str = []
    duration: float | None = None
    durationUnit: str = ""
    # DSTU2
    boundsQuantity: Quantity | None = None
    periodUnits: str = ""


class Timing(Struct):
    event: list[str] = []
    repeat: Repeat | None = None
    code: CodeableConcept | None = None


class DoseAndRate(Struct):
    doseQuantity: Quantity | None = None
    doseRange: Range | None = None
    rateQuantity: Quantity | None = None
    rateRatio: Ratio | None = None
    rateRange: Range | None = None


class Dosage(Struct):
    text: str = ""
    patientInstruction: str = ""
    timing: Timing | None = None
    asNeededBoolean: bool | None = None
    asNeededCodeableConcept: CodeableConcept | None = None
    route: CodeableConcept | None = None
    doseAndRate: list[DoseAndRate] = []
    # MedicationAdministration.dosage
    dose: Quantity | None = None
    rateQuantity: Quantity | None = None
    rateRatio: Ratio | None = None
    # STU3 and DSTU2: one dose and rate, under these names
    doseQuantity: Quantity | None = None
    doseRange: Range | None = None
    quantity: Quantity | None = None
    quantityQuantity: Quantity | None = None
    quantityRange: Range | None = None
    rateRange: Range | None = None
    # R5
    asNeeded: bool | None = None
    asNeededFor: list[CodeableConcept] = []


class Extension(Struct):
    url: str = ""
    valueCoding: Coding | None = None
    valueCode: str = ""
    valueString: str = ""
    extension: list[Extension] = []


class Head(Struct, gc=False):
    """The part of any resource that decides where it goes."""

    resourceType: str = ""
    id: str = ""
    meta: Meta | None = None


class Resource(Struct, forbid_unknown_fields=True):
    """Elements that every resource may have."""

    resourceType: str = ""
    id: str = ""
    meta: Meta | None = None
    implicitRules: str = ""
    language: Raw = Raw()
    text: Raw = Raw()
    contained: list[Raw] = []
    extension: list[Raw] = []
    modifierExtension: list[Raw] = []
    identifier: Raw = Raw()


class Patient(Resource):
    active: bool | None = None
    name: Raw = Raw()
    telecom: Raw = Raw()
    gender: str = ""
    birthDate: str = ""
    deceasedBoolean: bool | None = None
    deceasedDateTime: str = ""
    address: Raw = Raw()
    maritalStatus: Raw = Raw()
    multipleBirthBoolean: Raw = Raw()
    multipleBirthInteger: Raw = Raw()
    photo: Raw = Raw()
    contact: Raw = Raw()
    communication: Raw = Raw()
    generalPractitioner: Raw = Raw()
    managingOrganization: Raw = Raw()
    link: list[PatientLink] = []


class Valued(Struct):
    """The value of an Observation or of one of its components."""

    code: CodeableConcept | None = None
    valueQuantity: Quantity | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: Raw = Raw()
    valueRange: Raw = Raw()
    valueRatio: Raw = Raw()
    valueSampledData: Raw = Raw()
    valueTime: str | None = None
    valueDateTime: str | None = None
    valuePeriod: Raw = Raw()
    dataAbsentReason: CodeableConcept | None = None


class Observation(Resource):
    basedOn: Raw = Raw()
    partOf: Raw = Raw()
    status: str = ""
    category: Raw = Raw()
    code: CodeableConcept | None = None
    subject: Reference | None = None
    focus: Raw = Raw()
    encounter: Raw = Raw()
    effectiveDateTime: str = ""
    effectivePeriod: Period | None = None
    effectiveTiming: Timing | None = None
    effectiveInstant: str = ""
    issued: str = ""
    performer: Raw = Raw()
    valueQuantity: Quantity | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: Raw = Raw()
    valueRange: Raw = Raw()
    valueRatio: Raw = Raw()
    valueSampledData: Raw = Raw()
    valueTime: str | None = None
    valueDateTime: str | None = None
    valuePeriod: Raw = Raw()
    dataAbsentReason: CodeableConcept | None = None
    interpretation: Raw = Raw()
    note: Raw = Raw()
    bodySite: Raw = Raw()
    method: Raw = Raw()
    specimen: Raw = Raw()
    device: Raw = Raw()
    referenceRange: Raw = Raw()
    hasMember: list[Raw] = []
    derivedFrom: Raw = Raw()
    component: list[Raw] = []


class MedicationUse(Resource):
    """Elements that order, administration and statement share."""

    status: str = ""
    statusReason: Raw = Raw()
    category: Raw = Raw()
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    subject: Reference | None = None
    reasonCode: Raw = Raw()
    reasonReference: Raw = Raw()
    note: Raw = Raw()
    partOf: Raw = Raw()
    supportingInformation: Raw = Raw()
    instantiatesCanonical: Raw = Raw()
    instantiatesUri: Raw = Raw()
    basedOn: Raw = Raw()
    encounter: Raw = Raw()
    eventHistory: Raw = Raw()
    performer: Raw = Raw()


class MedicationRequest(MedicationUse):
    intent: str = ""
    priority: Raw = Raw()
    doNotPerform: bool | None = None
    reportedBoolean: Raw = Raw()
    reportedReference: Raw = Raw()
    authoredOn: str = ""
    requester: Raw = Raw()
    performerType: Raw = Raw()
    recorder: Raw = Raw()
    groupIdentifier: Raw = Raw()
    courseOfTherapyType: Raw = Raw()
    insurance: Raw = Raw()
    dosageInstruction: list[Raw] = []
    dispenseRequest: Raw = Raw()
    substitution: Raw = Raw()
    priorPrescription: Raw = Raw()
    detectedIssue: Raw = Raw()
    ended: str = field(default="", name="dateEnded (DSTU2)")


class MedicationDispense(MedicationUse):
    statusReasonCodeableConcept: Raw = Raw()
    statusReasonReference: Raw = Raw()
    context: Raw = Raw()
    location: Raw = Raw()
    authorizingPrescription: Raw = Raw()
    type: Raw = Raw()
    quantity: Quantity | None = None
    daysSupply: Quantity | None = None
    whenPrepared: str = ""
    whenHandedOver: str = ""
    destination: Raw = Raw()
    receiver: Raw = Raw()
    dosageInstruction: list[Raw] = []
    substitution: Raw = Raw()
    detectedIssue: Raw = Raw()


class MedicationAdministration(MedicationUse):
    instantiates: Raw = Raw()
    context: Raw = Raw()
    effectiveDateTime: str = ""
    effectivePeriod: Period | None = None
    request: Raw = Raw()
    device: Raw = Raw()
    dosage: Raw = Raw()


class MedicationStatement(MedicationUse):
    context: Raw = Raw()
    effectiveDateTime: str = ""
    effectivePeriod: Period | None = None
    dateAsserted: str = ""
    informationSource: Raw = Raw()
    derivedFrom: Raw = Raw()
    dosage: list[Raw] = []


class CodeableReference(Struct):
    """R5: a concept, a reference to what it is, or both."""

    concept: CodeableConcept | None = None
    reference: Reference | None = None


class Ingredient(Struct):
    itemCodeableConcept: CodeableConcept | None = None
    strength: Ratio | None = None
    # R5
    item: CodeableReference | None = None
    strengthRatio: Ratio | None = None


class Medication(Resource):
    code: CodeableConcept | None = None
    status: str = ""
    manufacturer: Raw = Raw()
    form: CodeableConcept | None = None
    amount: Raw = Raw()
    ingredient: list[Ingredient] = []
    batch: Raw = Raw()


class Condition(Resource):
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    category: Raw = Raw()
    severity: Raw = Raw()
    code: CodeableConcept | None = None
    bodySite: Raw = Raw()
    subject: Reference | None = None
    encounter: Raw = Raw()
    onsetDateTime: str = ""
    onsetAge: Raw = Raw()
    onsetPeriod: Period | None = None
    onsetRange: Raw = Raw()
    onsetString: Raw = Raw()
    abatementDateTime: str = ""
    abatementAge: Raw = Raw()
    abatementPeriod: Period | None = None
    abatementRange: Raw = Raw()
    abatementString: Raw = Raw()
    recordedDate: str = ""
    recorder: Raw = Raw()
    asserter: Raw = Raw()
    stage: Raw = Raw()
    evidence: Raw = Raw()
    note: Raw = Raw()


class AllergyIntolerance(Resource):
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    type: Raw = Raw()
    category: Raw = Raw()
    criticality: Raw = Raw()
    code: CodeableConcept | None = None
    patient: Reference | None = None
    encounter: Raw = Raw()
    onsetDateTime: str = ""
    onsetAge: Raw = Raw()
    onsetPeriod: Period | None = None
    onsetRange: Raw = Raw()
    onsetString: Raw = Raw()
    recordedDate: str = ""
    recorder: Raw = Raw()
    asserter: Raw = Raw()
    lastOccurrence: Raw = Raw()
    note: Raw = Raw()
    reaction: Raw = Raw()
