"""C-CDA: documents, fragments, values, drugs, denials, hostile XML and damage."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from pytwin.errors import InputError, PytwinError
from pytwin.record import Record, read_record, read_records
from pytwin.record.event import Event
from pytwin.record.time import DAY, parse_time

SECRETS = ("Zorblatt", "777-55-4321", "19311224", "13.37")
LOINC = 'codeSystem="2.16.840.1.113883.6.1"'
SCT = 'codeSystem="2.16.840.1.113883.6.96"'
RX = 'codeSystem="2.16.840.1.113883.6.88"'
PERSON = (
    '<recordTarget><patientRole><id root="1.2" extension="p1"/><patient>'
    '<administrativeGenderCode code="F"/><birthTime value="19600102"/><raceCode code="2106-3"/>'
    "</patient></patientRole></recordTarget>"
)


def document(code: str, *entries: str, person: str = PERSON) -> bytes:
    inner = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return (
        '<?xml version="1.0"?><?xml-stylesheet href="x"?><ClinicalDocument xmlns="urn:hl7-org:v3" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><effectiveTime value="20240102"/>'
        f"{person}<component><structuredBody><component><section><code code='{code}'/>{inner}"
        "</section></component></structuredBody></component></ClinicalDocument>"
    ).encode()


def only(code: str, entry: str) -> Event:
    (event,) = read_record(document(code, entry)).events
    return event


def result(value: str, status: str = "completed", code: str = "2823-3", more: str = "") -> str:
    return (
        f'<organizer><code code="24323-8" {LOINC}/><component><observation moodCode="EVN" {more}>'
        f'<id root="1.9" extension="o1"/><code code="{code}" {LOINC} displayName="K"/>'
        f'<statusCode code="{status}"/><effectiveTime value="20240101100000+0100"/>{value}'
        "</observation></component></organizer>"
    )


@pytest.mark.parametrize(
    ("value", "number", "comparator", "reason"),
    [
        ('<value xsi:type="PQ" value="4.1" unit="mmol/L"/>', 4.1, "", ""),
        ('<value xsi:type="IVL_PQ"><low value="4.1" unit="mmol/L" inclusive="false"/></value>', 4.1, ">", ""),
        ('<value xsi:type="IVL_PQ"><high value="4.1" unit="mmol/L"/></value>', 4.1, "<=", ""),
        (
            '<value xsi:type="IVL_PQ"><low value="4" unit="mmol/L"/><high value="5" unit="mmol/L"/></value>',
            None,
            "",
            "value.range",
        ),
        ('<value xsi:type="PQ" nullFlavor="NI"/>', None, "", "value.absent"),
        ("", None, "", "value.absent"),
        ('<value xsi:type="PQ" value="4.1" unit="furlong"/>', 4.1, "", "unit.unknown"),
        ('<value xsi:type="PQ" value="x" unit="mmol/L"/>', None, "", "value.not-numeric"),
        ('<value xsi:type="ST">high</value>', None, "", "value.not-numeric"),
        (f'<value xsi:type="CD" code="260385009" {SCT}/>', None, "", "value.not-numeric"),
    ],
)
def test_values(value: str, number: float | None, comparator: str, reason: str) -> None:
    event = only("30954-2", result(value))
    found = None if event.value != event.value else event.value
    assert (found, event.comparator, event.reason) == (number, comparator, reason)
    assert event.name == "potassium" and event.panel == "24323-8" and event.patient == "p1"
    assert event.time == parse_time("2024-01-01T10:00:00+01:00").us


def test_statuses_and_negation() -> None:
    value = '<value xsi:type="PQ" value="4.1" unit="mmol/L"/>'
    states = {
        "completed": ("final", True),
        "aborted": ("cancelled", False),
        "nullified": ("entered-in-error", False),
    }
    for code, (status, valid) in states.items():
        event = only("30954-2", result(value, code))
        assert (event.status, event.valid, event.usable) == (status, valid, valid)
    denied = only("30954-2", result(value, more='negationInd="true"'))
    assert not denied.valid and denied.reason == "status.negated"


def drug(times: str, dose: str = '<doseQuantity value="5" unit="mg"/>', more: str = 'moodCode="EVN"') -> str:
    return (
        f'<substanceAdministration {more}><statusCode code="active"/>{times}<routeCode code="C38288" '
        f'displayName="Oral Route of Administration"/>{dose}<consumable><manufacturedProduct>'
        f'<manufacturedMaterial><code code="855332" {RX} displayName="Warfarin Sodium 5 MG Oral Tablet"/>'
        "</manufacturedMaterial></manufacturedProduct></consumable></substanceAdministration>"
    )


LASTING = '<effectiveTime xsi:type="IVL_TS"><low value="20240101"/><high value="20240131"/></effectiveTime>'
EVERY = '<effectiveTime xsi:type="PIVL_TS"><period value="12" unit="h"/></effectiveTime>'


def test_drugs() -> None:
    event = only("10160-0", drug(LASTING + EVERY))
    assert (event.kind, event.name, event.value, event.unit, event.every) == (
        "statement",
        "warfarin",
        5.0,
        "mg",
        12.0,
    )
    assert event.usable and event.route == "oral" and event.until == parse_time("2024-02-01").us
    bedtime = LASTING + '<effectiveTime xsi:type="EIVL_TS"><event code="HS"/></effectiveTime>'
    assert only("10160-0", drug(bedtime)).every == 24.0
    assert only("10160-0", drug(LASTING + EVERY, '<doseQuantity value="2"/>')).value == 10.0
    assert only("10160-0", drug(LASTING)).reason == "dose.no-timing"
    assert only("10160-0", drug(LASTING + EVERY, "")).reason == "dose.missing"
    assert only("10160-0", drug(LASTING + EVERY, more='moodCode="INT"')).kind == "order"
    refused = only("10160-0", drug(LASTING + EVERY, more='moodCode="EVN" negationInd="true"'))
    assert not refused.valid and refused.reason == "status.not-done"
    point = '<effectiveTime value="20240101"/>'
    assert only("29549-3", drug(point)).kind == "administration"
    assert only("11369-6", drug(point)).kind == "immunization"


def concern(inner: str, more: str = "") -> str:
    return (
        '<act><statusCode code="active"/><entryRelationship><observation moodCode="EVN" '
        f'{more}><statusCode code="completed"/><effectiveTime><low value="2020"/></effectiveTime>{inner}'
        "</observation></entryRelationship></act>"
    )


def test_problems_and_allergies_and_what_is_denied() -> None:
    fibrillation = f'<value xsi:type="CD" code="49436004" {SCT}/>'
    event = only("11450-4", concern(fibrillation))
    assert (event.kind, event.name, event.status, event.width) == (
        "condition",
        "atrial fibrillation",
        "active",
        366 * DAY,
    )
    assert not only("11450-4", concern(fibrillation, 'negationInd="true"')).valid
    aspirin = (
        "<participant><participantRole><playingEntity>"
        f'<code code="1191" {RX} displayName="Aspirin"/></playingEntity></participantRole></participant>'
    )
    assert only("48765-2", concern(aspirin)).name == "aspirin"
    assert not only("48765-2", concern(aspirin, 'negationInd="true"')).valid


def test_the_person_and_sections_that_are_not_read() -> None:
    found = read_record(document("99999-9", "<act/>"))
    assert found.patient.id == "p1" and found.patient.sex == "female" and found.patient.race == "White"
    assert found.issues.counts() == {"ccda.not-read": 1}


def test_a_fragment_is_read() -> None:
    value = '<value xsi:type="PQ" value="4.1" unit="mmol/L"/>'
    data = f'<!-- c --><section><code code="30954-2"/><entry>{result(value)}</entry></section>'.encode()
    found = read_record(data)
    assert found.events[0].value == 4.1 and "ccda.fragment" in found.issues.counts()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (
            b'<!DOCTYPE x [<!ENTITY e "v">]><ClinicalDocument xmlns="urn:hl7-org:v3">&e;</ClinicalDocument>',
            "xml.entity",
        ),
        (b"<ClinicalDocument><a>" + b"<b>" * 1_000_000, "xml.too-deep"),
        (document("30954-2", *(["<act/>"] * 150_000)), "ccda.too-large"),
        (document("30954-2")[:-31], "xml.truncated"),
        (b"<other><sections/></other>", "ccda.not-ccda"),
    ],
)
def test_what_is_refused(data: bytes, code: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        read_record(data)
    assert caught.value.code == code and time.process_time() - start < 1.0


def planted() -> bytes:
    name, number, birth, value = SECRETS
    person = PERSON.replace("p1", number).replace("19600102", birth + "x")
    entry = result(f'<value xsi:type="PQ" value="{value}x" unit="{name}"/>', name).replace("o1", number)
    return document("30954-2", entry, f"<act><text>{name}</text></act>", person=person)


def silent(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


def survive(data: bytes) -> None:
    start = time.process_time()
    try:
        for found in read_records(data, format="ccda"):
            found.summary()
            assert all(silent(str(issue)) and silent(repr(issue)) for issue in found.issues)
    except PytwinError as error:
        assert error.code and silent(str(error)) and silent(repr(error))
    assert time.process_time() - start < 1.0


def mutated(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out))
        match rng.randrange(4):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(32, 127)])
            case 1:
                # damage in a value keeps the text well-formed
                at = out.find(b'="', at)
                out[at + 2 : at + 2] = (
                    rng.choice([b"9", b"-", b"x", b"1e999", b"2.16", b" "]) if at > 0 else b""
                )
            case 2:
                del out[at : at + rng.randint(1, 40)]
            case 3:
                out[at:at] = rng.choice([b"<", b"&x;", b"</entry>", b"<value/>", b"<code/>"])
    return bytes(out)


def mutants(count: int, seed: int) -> None:
    rng = random.Random(seed)
    whole = document("10160-0", drug(LASTING + EVERY)), document("48765-2", concern("<value/>")), planted()
    for index in range(count):
        survive(mutated(whole[index % 3], rng))


def test_nothing_planted_leaves() -> None:
    survive(planted())


def test_two_hundred_mutants() -> None:
    mutants(200, 1)


@pytest.mark.slow
def test_two_thousand_mutants() -> None:
    mutants(2000, 2)


@pytest.mark.reference
def test_every_reference_document_gives_what_its_sections_hold(reference: Path) -> None:
    folder = reference / "ehr" / "ccda"
    drugs = {
        "CCD1.xml": 2,
        "cerner_probs_meds.xml": 6,
        "emerge_316.xml": 5,
        "vitera.xml.gz": 16,
        "nextgen_txt.txt": 4,
    }
    problems = {"CCD1.xml": 3, "cerner_probs_meds.xml": 5, "emerge_316.xml": 5, "vitera.xml.gz": 1}
    for name, count in drugs.items():
        found: Record = read_record(folder / name)
        assert sum(e.kind in ("statement", "order") for e in found.events) == count, name
        if name in problems:
            assert sum(e.kind == "condition" for e in found.events) >= problems[name], name
    assert len([read_record(path) for path in folder.rglob("*.xml")]) == 48
    hba1c = sorted(
        e.value for e in read_record(folder / "emerge_316.xml").events if e.name == "haemoglobin A1c"
    )
    assert hba1c == [6.3, 7.2, 7.5]


def _of(root: str, extension: str, value: str) -> bytes:
    person = PERSON.replace('root="1.2" extension="p1"', f'root="{root}" extension="{extension}"')
    number = f'<value xsi:type="PQ" value="{value}" unit="mmol/L"/>'
    return document("30954-2", result(number).replace('"o1"', f'"o{value}"'), person=person)


def test_one_number_of_two_authorities_is_two_persons() -> None:
    here, there, other = _of("1.2", "7", "4.1"), _of("1.3", "7", "4.2"), _of("1.2", "8", "4.3")
    for order in ([here, there, other], [other, there, here]):
        record = read_record(order, patient="1.2:7")
        assert record.events.value.tolist() == [4.1]
        assert read_record(order, patient="1.3:7").events.value.tolist() == [4.2]
        # a number that only one of them gives out stays as it is
        assert read_record(order, patient="8").events.value.tolist() == [4.3]
    both = read_record([here, _of("1.2", "7", "4.4")])
    assert both.patient.id == "7"
    assert sorted(both.events.value.tolist()) == [4.1, 4.4]
