"""MEDS, the Medical Event Data Standard: Parquet with subject_id, time, code, numeric_value, text_value.

Codes are ``VOCABULARY//CODE//...`` by convention; what a part of a code says is used where the
convention is followed: units of ``LAB`` codes, ``MEDS_BIRTH`` and ``MEDS_DEATH``, ICD diagnoses and
procedures. Everything else stays in the table under its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

import numpy as np

from pytwin.formats.files import Input
from pytwin.record.event import Event
from pytwin.record.quantity import parse_number
from pytwin.record.record import PatientInfo
from pytwin.record.resolver import Resolver
from pytwin.record.sink import Options, Sink
from pytwin.record.tables.encode import Rows, Rule, encode
from pytwin.record.tables.frames import Piece, parquet_pieces
from pytwin.record.time import NAT, UNKNOWN, Instant

_PLACE = "row {}"
_BIRTH, _DEATH, _GENDER, _RACE = "MEDS_BIRTH", "MEDS_DEATH", "GENDER", "RACE"
_PERSON = (_BIRTH, _DEATH, _GENDER, _RACE)
_SEX = {"F": "female", "FEMALE": "female", "M": "male", "MALE": "male"}
_NO_UNIT = ("", "UNK", "unk", "None")
# how the first part of a code names its vocabulary
_VOCABULARY = {
    "LOINC": "LOINC", "RxNorm": "RxNorm", "RXNORM": "RxNorm", "SNOMED": "SNOMED", "ICD10CM": "ICD-10",
    "ICD9CM": "ICD-9", "ATC": "ATC", "NDC": "NDC", "CVX": "CVX",
}  # fmt: skip
_DRUGS = ("MEDICATION", "INFUSION_START", "INFUSION_END", "DRUG")


def recognises(head: bytes, name: str) -> bool:
    """Whether a file is Parquet; ``read`` finds out whether its columns are those of MEDS."""
    return head.startswith(b"PAR1")


def root(folder: str) -> str:
    """The folder of the whole data set, whose events are in ``data``, mostly by split."""
    head, found, _ = f"{folder}/".rpartition("/data/")
    return head if found else folder


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read the subjects of MEDS files."""
    rule = lru_cache(maxsize=1 << 17)(partial(_rule, options.resolver))
    for source in inputs:
        sink.opened(source)
        for piece in parquet_pieces(source):
            _people(piece, sink, source.name)
            sink.table(encode(_rows(piece, sink, source.name), rule, source.name, _PLACE, sink.log()))
            yield


def _rows(piece: Piece, sink: Sink, source: str) -> Rows:
    value = piece.numbers("numeric_value" if "numeric_value" in piece else "value")
    texts = piece.text("text_value")
    return Rows(
        patient=piece.text("subject_id"),
        keys=(piece.text("code"), piece.text("unit"), texts),
        position=piece.positions,
        time=piece.instants("time", sink.log(), source),
        value=value,
    )


def _people(piece: Piece, sink: Sink, source: str) -> None:
    """Births, deaths, sex and race, which MEDS keeps among the events."""
    codes = piece.text("code")
    facts = [
        i for i, text in enumerate(codes.texts) if text.partition("//")[0] in (_BIRTH, _DEATH, _GENDER, _RACE)
    ]
    found = np.flatnonzero(np.isin(codes.codes, facts))
    patients = piece.text("subject_id")
    times = piece.instants("time", sink.log(), source)
    for row in found.tolist():
        key = patients.texts[patients.codes[row]]
        head, _, rest = codes.texts[codes.codes[row]].partition("//")
        us = int(times.us[row])
        instant = Instant(us, *times.kinds[times.kind[row]]) if us != NAT else UNKNOWN
        if head == _BIRTH:
            sink.person(key, PatientInfo(key, birth=None if us == NAT else instant))
        elif head == _DEATH:
            sink.person(key, PatientInfo(key, death=instant))
        elif head == _GENDER and rest.upper() in _SEX:
            sink.person(key, PatientInfo(key, sex=_SEX[rest.upper()]))
    for code in np.unique(patients.codes).tolist():
        key = patients.texts[code]
        if key not in sink.people:
            sink.person(key, PatientInfo(key))


def _rule(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    code, unit, text, other = texts
    head, *parts = code.split("//")
    if head in (_BIRTH, _GENDER, _RACE):
        return Rule(
            Event(kind="observation", system="MEDS", code=code, name=head.lower(), text="//".join(parts))
        )
    if head == _DEATH:
        return Rule(Event(kind="death", system="MEDS", code=code, name="death"))
    if head == "DIAGNOSIS":
        return _coded("condition", code, parts)
    if head == "PROCEDURE":
        return _coded("procedure", code, parts)
    if head.startswith(("HOSPITAL_", "ICU_", "ED_", "TRANSFER_TO")):
        return Rule(Event(kind="encounter", system="local", code=code, name=code))
    if head in _DRUGS:
        return _drug(resolver, code, parts)
    return _measured(resolver, code, unit, text, other)


def _coded(kind: str, code: str, parts: list[str]) -> Rule:
    """``DIAGNOSIS//ICD//9//496``: a code of the ICD."""
    if len(parts) >= 3 and parts[0] == "ICD":
        return Rule(Event(kind=kind, system=f"ICD-{parts[1]}", code=parts[2], name=parts[2]))
    return Rule(Event(kind=kind, system="local", code=code, name=code))


def _drug(resolver: Resolver, code: str, parts: list[str]) -> Rule:
    words = [part for part in parts if part not in ("START", "END", "STOP")]
    name = words[0] if words else code
    drug = resolver.drug("local", "", name)
    event = Event(kind="administration", system="local", code=code, name=drug.name if drug else name)
    return Rule(event._replace(text="//".join(words[1:]), reason="dose.missing"))


def _measured(resolver: Resolver, code: str, unit: str, text: str, other: str) -> Rule:
    """A laboratory value, vital sign or anything else that may have a number."""
    head, *parts = code.split("//")
    system = _VOCABULARY.get(head, "local")
    short = parts[0] if parts and (system != "local" or head == "LAB") else code
    written = unit or (parts[-1] if len(parts) > 1 else "")
    written = "" if written in _NO_UNIT else written
    analyte = resolver.analyte(system, short) or resolver.analyte("local", code)
    rule = resolver.rule(analyte, written)
    number = parse_number(text or other)
    reason = rule.reason or ("value.not-numeric" if analyte and (text or other) and not number else "")
    event = Event(
        kind="observation", system=system, code=short, name=analyte.name if analyte else short,
        text="" if number else text or other, value=number[1] if number else np.nan,
        comparator=number[0] if number else "", unit=rule.unit, original_unit=written, reason=reason,
        changes=rule.change,
    )  # fmt: skip
    return Rule(event, rule, measured=analyte is not None)
