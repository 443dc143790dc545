"""The cohort as C-CDA 2.1: one document for each person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytwin.verify.cohorts.people import Fact, Person

_OID = {
    "LOINC": "2.16.840.1.113883.6.1",
    "SNOMED": "2.16.840.1.113883.6.96",
    "RxNorm": "2.16.840.1.113883.6.88",
    "CVX": "2.16.840.1.113883.12.292",
}
_TEMPLATE = "2.16.840.1.113883.10.20.22."
_STATUS = {"final": "completed", "corrected": "completed", "preliminary": "active"}


def write(people: tuple[Person, ...], folder: Path) -> Path:
    """A folder of documents."""
    for person in people:
        (folder / f"{person.id}.xml").write_text(_document(person), encoding="utf-8")
    return folder


def _document(person: Person) -> str:
    numbered = list(enumerate(person.facts))
    sections = "".join(
        _section(code, template, [entry(i, fact) for i, fact in numbered if fact.kind == kind])
        for kind, code, template, entry in _SECTIONS
    )
    sex = "M" if person.sex == "male" else "F"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<templateId root="{_TEMPLATE}1.1" extension="2015-08-01"/>'
        f'<id root="1.2.3.4" extension="doc{person.id}"/><effectiveTime value="20240101000000+0000"/>'
        f'<recordTarget><patientRole><id root="1.2.3" extension="{person.id}"/><patient>'
        f'<administrativeGenderCode code="{sex}" codeSystem="2.16.840.1.113883.5.1"/>'
        f'<birthTime value="{person.birth.replace("-", "")}"/></patient></patientRole></recordTarget>'
        f"<component><structuredBody>{sections}</structuredBody></component></ClinicalDocument>"
    )


def _section(code: str, template: str, entries: list[str]) -> str:
    if not entries:
        return ""
    body = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return (
        f'<component><section><templateId root="{_TEMPLATE}{template}"/>'
        f'<code code="{code}" codeSystem="{_OID["LOINC"]}"/><title>x</title><text/>'
        f"{body}</section></component>"
    )


def _time(fact: Fact) -> str:
    return fact.time.strftime("%Y%m%d%H%M%S+0000")


def _code(tag: str, fact: Fact, more: str = "") -> str:
    return f'<{tag} {more}code="{fact.code}" codeSystem="{_OID[fact.system]}" displayName="{fact.name}"/>'


def _result(number: int, fact: Fact) -> str:
    quantity = f'value="{fact.value}" unit="{fact.unit}"'
    if fact.comparator:
        bound = "high" if fact.comparator == "<" else "low"
        value = f'<value xsi:type="IVL_PQ"><{bound} {quantity} inclusive="false"/></value>'
    else:
        value = f'<value xsi:type="PQ" {quantity}/>'
    return (
        f'<organizer classCode="BATTERY" moodCode="EVN"><templateId root="{_TEMPLATE}4.1"/>'
        f'<id root="1.2.5" extension="b{number}"/>{_code("code", fact)}'
        '<statusCode code="completed"/><component>'
        f'<observation classCode="OBS" moodCode="EVN"><templateId root="{_TEMPLATE}4.2"/>'
        f'<id root="1.2.4" extension="o{number}"/>{_code("code", fact)}'
        f'<statusCode code="{_STATUS[fact.status]}"/><effectiveTime value="{_time(fact)}"/>{value}'
        "</observation></component></organizer>"
    )


def _problem(number: int, fact: Fact) -> str:
    return (
        f'<act classCode="ACT" moodCode="EVN"><templateId root="{_TEMPLATE}4.3"/>'
        f'<id root="1.2.6" extension="c{number}"/><code code="CONC" codeSystem="2.16.840.1.113883.5.6"/>'
        f'<statusCode code="active"/><effectiveTime><low value="{_time(fact)}"/></effectiveTime>'
        '<entryRelationship typeCode="SUBJ"><observation classCode="OBS" moodCode="EVN">'
        f'<templateId root="{_TEMPLATE}4.4"/><id root="1.2.7" extension="p{number}"/>'
        f'<code code="55607006" codeSystem="{_OID["SNOMED"]}"/><statusCode code="completed"/>'
        f'<effectiveTime><low value="{_time(fact)}"/></effectiveTime>'
        f"{_code('value', fact, _TYPED)}</observation></entryRelationship></act>"
    )


_TYPED = 'xsi:type="CD" '


def _allergy(number: int, fact: Fact) -> str:
    return (
        f'<act classCode="ACT" moodCode="EVN"><templateId root="{_TEMPLATE}4.30"/>'
        f'<id root="1.2.8" extension="a{number}"/><code code="CONC" codeSystem="2.16.840.1.113883.5.6"/>'
        f'<statusCode code="active"/><effectiveTime><low value="{_time(fact)}"/></effectiveTime>'
        '<entryRelationship typeCode="SUBJ"><observation classCode="OBS" moodCode="EVN">'
        f'<templateId root="{_TEMPLATE}4.7"/><id root="1.2.9" extension="i{number}"/>'
        '<code code="ASSERTION" codeSystem="2.16.840.1.113883.5.4"/><statusCode code="completed"/>'
        f'<effectiveTime><low value="{_time(fact)}"/></effectiveTime>'
        f"{_code('value', fact, _TYPED)}</observation></entryRelationship></act>"
    )


def _procedure(number: int, fact: Fact) -> str:
    return (
        f'<procedure classCode="PROC" moodCode="EVN"><templateId root="{_TEMPLATE}4.14"/>'
        f'<id root="1.2.10" extension="q{number}"/>{_code("code", fact)}<statusCode code="completed"/>'
        f'<effectiveTime value="{_time(fact)}"/></procedure>'
    )


def _immunization(number: int, fact: Fact) -> str:
    return (
        '<substanceAdministration classCode="SBADM" moodCode="EVN" negationInd="false">'
        f'<templateId root="{_TEMPLATE}4.52"/><id root="1.2.11" extension="v{number}"/>'
        f'<statusCode code="completed"/><effectiveTime value="{_time(fact)}"/><consumable>'
        f'<manufacturedProduct classCode="MANU"><templateId root="{_TEMPLATE}4.54"/>'
        f"<manufacturedMaterial>{_code('code', fact)}"
        "</manufacturedMaterial></manufacturedProduct></consumable></substanceAdministration>"
    )


# kind, section code, section template, entry
_SECTIONS: tuple[tuple[str, str, str, Callable[[int, Fact], str]], ...] = (
    ("observation", "30954-2", "2.3.1", _result),
    ("condition", "11450-4", "2.5.1", _problem),
    ("allergy", "48765-2", "2.6.1", _allergy),
    ("procedure", "47519-4", "2.7.1", _procedure),
    ("immunization", "11369-6", "2.2.1", _immunization),
)
