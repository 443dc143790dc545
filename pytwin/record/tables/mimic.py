"""Tables of MIMIC-IV: patients, admissions, icustays, labevents, prescriptions, diagnoses and procedures.

Times are local and shifted by a secret span for each patient, so that only differences mean something.
Diagnoses and procedures have no times of their own: they stand at the end of the admission that
they were coded for, and say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record.people import SEXES
from pytwin.record.record import PatientInfo
from pytwin.record.resolver import Resolver
from pytwin.record.sink import Options, Sink
from pytwin.record.tables import rules
from pytwin.record.tables.encode import Rows, Rule
from pytwin.record.tables.folder import Table, header, read_events, rows_of, stem
from pytwin.record.tables.frames import Piece
from pytwin.record.tables.instants import Instants
from pytwin.record.tables.sources import pieces
from pytwin.record.time import NAIVE, NAT, parse_time

Labels = dict[str, str]


def _lab(labels: Labels, resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    """By the item's number; by its label where it is not known, of items in blood alone."""
    item, unit, written = texts
    system = "MIMIC" if resolver.analyte("MIMIC", item) else "local"
    return rules.measured(resolver, system, item, labels.get(item, ""), unit, written)


def _prescription(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    name, ndc, dose, unit, route, strength, _ = texts
    system, code = ("NDC", ndc) if ndc.strip("0") else ("local", "")
    return rules.drug(resolver, "order", system, code, name, dose=dose, unit=unit, route=route, text=strength)


def _icd(kind: str, resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    code, version = texts[:2]
    system = f"ICD-{version}" if kind == "condition" or version == "9" else f"ICD-{version}-PCS"
    dotted = f"{code[:3]}.{code[3:]}" if kind == "condition" and version == "10" and len(code) > 3 else code
    return rules.coded(kind, system, dotted, "")


def _visit(resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    return rules.coded("encounter", "local", texts[0], texts[0])


_PRESCRIBED = ("drug", "ndc", "dose_val_rx", "dose_unit_rx", "route", "prod_strength")
TABLES = {
    "labevents": Table("subject_id", "charttime", "", ("itemid", "valueuom"), partial(_lab, {}), "value"),
    "prescriptions": Table("subject_id", "starttime", "stoptime", _PRESCRIBED, _prescription),
    "diagnoses_icd": Table("subject_id", "", "", ("icd_code", "icd_version"), partial(_icd, "condition")),
    "procedures_icd": Table("subject_id", "", "", ("icd_code", "icd_version"), partial(_icd, "procedure")),
    "admissions": Table("subject_id", "admittime", "dischtime", ("admission_type",), _visit, id="hadm_id"),
    "icustays": Table("subject_id", "intime", "outtime", ("first_careunit",), _visit, id="stay_id"),
}  # fmt: skip
_REQUIRED = {
    "patients": {"subject_id", "gender", "anchor_age"},
    "d_labitems": {"itemid", "label"},
    **{name: {table.patient, *table.keys[:1]} for name, table in TABLES.items()},
}


def recognises(head: bytes, name: str) -> bool:
    """Whether a file is one of these tables, by its name and header."""
    return bool(_REQUIRED.get(stem(name))) and _REQUIRED[stem(name)] <= set(header(head))


def root(folder: str) -> str:
    """The folder of the whole data set: hospital and intensive care are folders of their own."""
    head, _, tail = folder.rpartition("/")
    return head if tail in ("hosp", "icu") else folder


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read the patients of the tables given: people, labels and admissions first."""
    files: dict[str, list[Input]] = {}
    for source in inputs:
        files.setdefault(stem(source.name), []).append(source)
    for source in inputs:
        sink.opened(source)
    for source in files.pop("patients", []):
        _people(source, sink)
        yield
    labels: Labels = {}
    for source in files.pop("d_labitems", []):
        for piece in pieces(source, sink.log()):
            for item, label, fluid in rows_of(piece, ("itemid", "label", "fluid")):
                labels[item] = label if fluid.lower() == "blood" or not label else f"{label} ({fluid})"
    ends: Labels = {}
    for source in files.get("admissions", []):
        for piece in pieces(source, sink.log()):
            ends.update((stay, end) for stay, end in rows_of(piece, ("hadm_id", "dischtime")))
    for name in sorted(files):
        table = TABLES[name]
        if name == "labevents":
            table = table._replace(rule=partial(_lab, labels))
        untimed = name in ("diagnoses_icd", "procedures_icd")
        for source in files[name]:
            sink.flush()
            adjust = partial(_at_discharge, ends) if untimed else None
            if untimed:
                message = "coded for an admission as a whole"
                sink.log().add("time.admission", message, source.name, "placed at its end", "note")
            yield from read_events(table, source, sink, options.resolver, adjust)


def _at_discharge(ends: Labels, piece: Piece, rows: Rows) -> Rows:
    """Rows at the end of their admission."""
    stays = piece.text("hadm_id")
    found = np.array([_us(ends.get(stay, "")) for stay in stays.texts])[stays.codes]
    return rows._replace(time=Instants(found, np.zeros(len(found), np.int32), [(0, NAIVE)]))


def _us(text: str) -> int:
    try:
        return parse_time(text).us if text else NAT
    except InputError:
        return NAT


def _people(source: Input, sink: Sink) -> None:
    names = ("subject_id", "gender", "anchor_age", "anchor_year", "dod")
    for piece in pieces(source, sink.log()):
        for key, sex, age, year, death in rows_of(piece, names):
            born = None
            if age.isdigit() and year.isdigit() and int(age) < 89:
                # anchor_age is the age in anchor_year; ages above 89 are hidden
                born = parse_time(f"{int(year) - int(age):04d}")
            elif age.isdigit():
                sink.log(key).add("patient.age-hidden", "an age above 89", source.name, "unknown", "note")
            died = parse_time(death) if death and _us(death) != NAT else None
            sink.person(key, PatientInfo(key, born, SEXES.get(sex.lower()), death=died))
