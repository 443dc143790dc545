"""OBX-5: the value of an observation in each of its types."""

from __future__ import annotations

from pytwin.record.codes import Analyte
from pytwin.record.hl7v2.context import Context, codings
from pytwin.record.hl7v2.message import Field, Segment
from pytwin.record.reading import Fields, absent, coded, measured, not_numeric, worded

Value = tuple[Fields, str]
_CODED = ("CE", "CWE", "CNE", "CF", "ID", "IS")
_TEXT = ("ST", "TX", "FT", "DT", "TM", "TS", "DTM")
_NOT_READ = {
    "ED": "encapsulated data",
    "RP": "a reference to data elsewhere",
    "NA": "an array of numbers",
    "MA": "an array of numbers",
}
_COMPARATORS = {"": "", "=": "", "<": "<", ">": ">", "<=": "<=", ">=": ">="}


def units(segment: Segment) -> tuple[str, str]:
    """(unit as written, UCUM code where the field says that it is one)."""
    field = segment.field(6)
    found = codings(field)
    if not found:
        return field.text(1, 2), ""
    ucum = next((code for system, code, _ in found if system == "UCUM" and code), "")
    system, code, name = found[0]
    return code or name, ucum


def _structured(ctx: Context, field: Field, units: tuple[str, str], analyte: Analyte | None) -> Value:
    """SN: a comparator, a number, and for a range or a ratio a separator and a second number."""
    sign, first, mark, second = (field.text(index) for index in (1, 2, 3, 4))
    text = f"{sign}{first}{mark}{second}"
    if not first and not second:
        return absent(ctx, "-5")
    if mark or second:
        code = "value.range" if mark == "-" else "value.ratio" if mark in (":", "/") else "value.grade"
        message = "a value that is a range, a ratio or a grade"
        ctx.issue(
            code, message, "-5", "kept as text, not usable" if analyte else "kept as text", "note", text
        )
        return {"text": text, "original_value": text[:64], "original_unit": units[0]}, code if analyte else ""
    if sign not in _COMPARATORS:
        ctx.issue("value.comparator", "an unknown comparator", "-5", "not usable", "warning", text)
        return {"text": text, "original_value": text[:64], "original_unit": units[0]}, "value.comparator"
    return measured(ctx, f"{_COMPARATORS[sign]}{first}", units[0], analyte, "-5", "", units[1])


def _whole(field: Field, components: int) -> str:
    parts = [field.whole(index) for index in range(1, components + 1)]
    return " ".join(part for part in parts if part)


def _value(ctx: Context, kind: str, field: Field, units: tuple[str, str], analyte: Analyte | None) -> Value:
    text = field.whole()
    if kind == "NM":
        return measured(ctx, text, units[0], analyte, "-5", "", units[1]) if text else absent(ctx, "-5")
    if kind == "SN":
        return _structured(ctx, field, units, analyte)
    if kind in _CODED:
        found = codings(field)
        return coded(ctx, found, field.text(9), analyte, "-5") if found else absent(ctx, "-5")
    if kind == "NR":
        text = "-".join(field.text(index) for index in (1, 2))
        ctx.issue("value.range", "a value that is a range", "-5", "kept as text", "note", text)
        return {"text": text, "original_value": text[:64], "original_unit": units[0]}, "value.range"
    if kind in _TEXT:
        text = _whole(field, 1) if kind != "FT" else _whole(field, len(field))
        return worded(ctx, text, units[0], analyte, "-5")
    text = _whole(field, len(field))
    message = "a value of no type, or of one that is not read"
    ctx.issue("hl7.value-type", message, "-2", "kept as text", "warning", kind)
    return {"text": text, "original_value": text[:64]}, not_numeric(ctx, analyte, "-5", text)


def values(ctx: Context, segment: Segment, analyte: Analyte | None) -> list[Value] | None:
    """The values of an OBX, one for each repetition but lines of text; None where its type is not read."""
    kind = segment.text(2).upper()
    if kind in _NOT_READ:
        message = f"an observation whose value is {_NOT_READ[kind]}"
        ctx.issue("hl7.not-read", message, "-5", "not read", "warning")
        return None
    found = segment.repetitions(5)
    if not found:
        return [absent(ctx, "-5")]
    unit = units(segment)
    if kind in _TEXT and len(found) > 1:
        text = "\n".join(_whole(field, len(field)) for field in found)
        return [worded(ctx, text, unit[0], analyte, "-5")]
    if len(found) > 1:
        ctx.issue("value.repeated", "an observation with several values", "-5", "each is a row", "note")
    return [_value(ctx, kind, field, unit, analyte) for field in found]
