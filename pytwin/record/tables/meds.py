"""MEDS, the Medical Event Data Standard: Parquet with subject_id, time, code, numeric_value, text_value.

Codes are ``VOCABULARY//CODE//...`` by convention; what a part of a code says is used where the
convention is followed: units of ``LAB`` codes, ``MEDS_BIRTH`` and ``MEDS_DEATH``, ICD diagnoses and
procedures. Everything else stays in the table under its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.carry import COLUMN
from pytwin.record.event import Event
from pytwin.record.log import IssueLog
from pytwin.record.people import RACES, SEXES
from pytwin.record.record import PatientInfo
from pytwin.record.resolver import Resolver
from pytwin.record.sink import Options, Sink
from pytwin.record.systems import VOCABULARIES
from pytwin.record.tables import rules
from pytwin.record.tables.carried import Carried
from pytwin.record.tables.encode import Rows, Rule, encode
from pytwin.record.tables.folder import header
from pytwin.record.tables.frames import Piece
from pytwin.record.tables.sources import table_head, typed_pieces
from pytwin.record.time import NAT, UNKNOWN, Instant

_PLACE = "row {}"
_BIRTH, _DEATH, _GENDER, _RACE = "MEDS_BIRTH", "MEDS_DEATH", "GENDER", "RACE"
_PERSON = (_BIRTH, _DEATH, _GENDER, _RACE)
_NO_UNIT = ("", "UNK", "unk", "None")
# how a part of a code names its vocabulary -> name of the code system
SYSTEMS = {**VOCABULARIES, **{name: name for name in VOCABULARIES.values()}}
_RACES = {name.upper(): name for name in RACES.values()}
_DRUGS = ("MEDICATION", "INFUSION_START", "INFUSION_END", "DRUG")


def recognises(head: bytes, name: str) -> bool:
    """Whether a table has typed columns, those of MEDS."""
    return head.startswith(b"PAR1\n") and {"subject_id", "time", "code"} <= set(header(head))


def root(folder: str) -> str:
    """The folder of the whole data set, whose events are in ``data``, mostly by split."""
    head, found, _ = f"{folder}/".rpartition("/data/")
    return head if found else folder


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read the subjects of MEDS files.

    Raises
    ------
    InputError
        ``meds.columns``: a file without subject_id, time and code; ``parquet.malformed``.
    """
    rule = lru_cache(maxsize=1 << 17)(partial(_rule, options.resolver))
    for source in inputs:
        if not recognises(table_head(source), source.name):
            message = "the file has no columns subject_id, time and code"
            raise InputError("meds.columns", message, place=source.name)
        sink.opened(source)
        carried = Carried(sink, source.name)
        for piece in typed_pieces(source):
            rows = _rows(piece, sink, source.name)
            if COLUMN in piece:
                contents = carried.people(rows.patient, piece.text(COLUMN), piece.first)
                table = encode(rows, rule, source.name, _PLACE, IssueLog())
                carried.events(table, contents, piece.first)
            else:
                about = _people(rows, sink)
                sink.table(encode(rows.keep(~about), rule, source.name, _PLACE, sink.log()))
            yield
        carried.done()


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


def _people(rows: Rows, sink: Sink) -> NDArray[np.bool_]:
    """Births, deaths, sex and race, which MEDS keeps among the events.

    Returns
    -------
    array of bool
        Which rows are facts about the person and no events; a death is both.
    """
    codes, patients, times = rows.keys[0], rows.patient, rows.time
    heads = [text.partition("//")[0] for text in codes.texts]
    about: NDArray[np.bool_] = np.array([head in _PERSON for head in heads])[codes.codes]
    for row in np.flatnonzero(about).tolist():
        key = patients.texts[patients.codes[row]]
        head, _, rest = codes.texts[codes.codes[row]].partition("//")
        us = int(times.us[row])
        instant = Instant(us, *times.kinds[times.kind[row]]) if us != NAT else UNKNOWN
        if head == _BIRTH:
            sink.person(key, PatientInfo(key, birth=None if us == NAT else instant))
        elif head == _DEATH:
            sink.person(key, PatientInfo(key, death=instant))
        elif head == _GENDER:
            sink.person(key, PatientInfo(key, sex=SEXES.get(rest.lower())))
        elif head == _RACE:
            sink.person(key, PatientInfo(key, race=_RACES.get(rest.upper())))
    for code in np.unique(patients.codes).tolist():
        key = patients.texts[code]
        if key not in sink.people:
            sink.person(key, PatientInfo(key))
    event: NDArray[np.bool_] = np.array([head == _DEATH for head in heads])[codes.codes]
    return about & ~event


def _rule(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    code, unit, text, other = texts
    head, *parts = code.split("//")
    if head == _DEATH:
        return Rule(Event(kind="death", name="death"))
    if head == "DIAGNOSIS":
        return _coded("condition", code, parts)
    if head == "PROCEDURE":
        return _coded("procedure", code, parts)
    if head.startswith(("HOSPITAL_", "ICU_", "ED_", "TRANSFER_TO")):
        return Rule(Event(kind="encounter", system="local", code=code, name=code))
    if head in _DRUGS:
        return _drug(resolver, code, parts)
    if head == "DRG" and parts:  # a group for billing: DRG//APR//720//its title
        return rules.coded("observation", "local", code, parts[-1])
    return _measured(resolver, code, unit, text, other)


def _coded(kind: str, code: str, parts: list[str]) -> Rule:
    """``DIAGNOSIS//ICD//9//496``, ``DIAGNOSIS//SNOMED//13645005``; else a code of the source's own."""
    if len(parts) >= 3 and parts[0] == "ICD":
        return rules.coded(kind, f"ICD-{parts[1]}", parts[2], "")
    if len(parts) >= 2 and parts[0] in SYSTEMS:
        return rules.coded(kind, SYSTEMS[parts[0]], parts[1], "")
    return rules.coded(kind, "local", code, "")


def _drug(resolver: Resolver, code: str, parts: list[str]) -> Rule:
    words = [part for part in parts if part not in ("START", "END", "STOP")]
    name = words[0] if words else code
    drug = resolver.drug("local", "", name)
    event = Event(kind="administration", system="local", code=code, name=drug.name if drug else name)
    return Rule(event._replace(text="//".join(words[1:]), reason="dose.missing"))


def _measured(resolver: Resolver, code: str, unit: str, text: str, other: str) -> Rule:
    """A laboratory value, vital sign or anything else that may have a number."""
    head, *parts = code.split("//")
    system = SYSTEMS.get(head, "local")
    short = parts[0] if parts and (system != "local" or head == "LAB") else code
    written = unit or (parts[-1] if len(parts) > 1 else "")
    written = "" if written in _NO_UNIT else written
    if system == "local" and resolver.analyte("local", short) is None:
        short = code
    return rules.measured(resolver, system, short, short, written, text or other)
