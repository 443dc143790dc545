"""The cohort as HL7 v2.5.1: a file of ORU, ADT, RDE and VXU messages, each of one fact."""

from __future__ import annotations

from pathlib import Path

from pytwin.verify.cohorts.people import Fact, Person

_SYSTEM = {"LOINC": "LN", "SNOMED": "SCT", "RxNorm": "RXNORM", "CVX": "CVX"}
_STATUS = {"final": "F", "corrected": "C", "preliminary": "P"}
_MESSAGE = {"observation": "ORU^R01^ORU_R01", "order": "RDE^O11^RDE_O11", "immunization": "VXU^V04^VXU_V04"}


def write(people: tuple[Person, ...], folder: Path) -> Path:
    """One file with all messages."""
    messages = [_message(p, i, f) for p in people for i, f in enumerate(p.facts) if _segments(i, f)]
    path = folder / "cohort.hl7"
    path.write_bytes(("\r".join(messages) + "\r").encode())
    return path


def _time(fact: Fact) -> str:
    return fact.time.strftime("%Y%m%d%H%M%S+0000")


def _message(person: Person, number: int, fact: Fact) -> str:
    sex = "M" if person.sex == "male" else "F"
    event = _MESSAGE.get(fact.kind, "ADT^A08^ADT_A01")
    control = f"{person.id}-{number}"
    head = rf"MSH|^~\&|LAB|H|TWIN|H|{_time(fact)}||{event}|{control}|P|2.5.1"
    who = f"PID|1||{person.id}^^^H^MR||Doe^J||{person.birth.replace('-', '')}|{sex}"
    return "\r".join([head, who, *_segments(number, fact)])


def _segments(number: int, fact: Fact) -> list[str]:
    code = f"{fact.code}^{fact.name}^{_SYSTEM[fact.system]}"
    time = _time(fact)
    if fact.kind == "observation":
        kind, value = (
            ("SN", f"{fact.comparator}^{fact.value}") if fact.comparator else ("NM", f"{fact.value}")
        )
        filler = f"F{number}"
        return [
            f"OBR|1|P{number}|{filler}|{code}|||{time}",
            f"OBX|1|{kind}|{code}||{value}|{fact.unit}^{fact.unit}^UCUM|||||{_STATUS[fact.status]}|||{time}",
        ]
    if fact.kind == "order":
        timing = f"^Q24H^^{time}"
        return [
            f"ORC|NW|P{number}|F{number}||||{timing}||{time}",
            f"RXE|{timing}|{code}|{fact.value}||mg^mg^UCUM|",
        ]
    if fact.kind == "immunization":
        return [f"ORC|RE|P{number}|F{number}", f"RXA|0|1|{time}||{code}|999|||||||||||||||CP"]
    if fact.kind == "condition":
        return [f"DG1|1||{code}||{time}|A"]
    if fact.kind == "procedure":
        return [f"PR1|1||{code}||{time}"]
    return []
