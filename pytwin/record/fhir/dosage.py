"""Dosage: how much, how often, until when, as far as structured elements say it."""

from __future__ import annotations

from math import isnan
from typing import NamedTuple

from pytwin.formats.fhir import CodeableConcept, Dosage, DoseAndRate, Quantity, Ratio, Repeat, Timing
from pytwin.record.amount import NAN, Amount, Units, dose_amount
from pytwin.record.fhir.context import Context, first_code
from pytwin.record.fhir.observation import number_text
from pytwin.record.quantity import parse_number
from pytwin.record.time import DAY, HOUR, NAT, Instant, hours_of, parse_time

# HL7 v3 GTSAbbreviation and its usual letters -> doses a day (period in hours follows)
_CODED = {
    "QD": 24, "DAILY": 24, "OD": 24, "AM": 24, "PM": 24, "BED": 24, "QHS": 24, "HS": 24, "BID": 12,
    "TID": 8, "QID": 6, "Q1H": 1, "Q2H": 2, "Q3H": 3, "Q4H": 4, "Q6H": 6, "Q8H": 8, "Q12H": 12, "Q24H": 24,
    "QOD": 48, "WK": 168, "WEEKLY": 168, "MO": 730.5,
}  # fmt: skip
_WEEKDAYS = {name: index for index, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
_THURSDAY = 3  # 1970-01-01
_DAY_HOURS = 24.0
_REPEATED = 200  # slots of one dosage; more are a mistake


class Slot(NamedTuple):
    """One dose, or one dose repeated at a fixed interval.

    Attributes
    ----------
    time, width, offset : int
        Instant of the first dose.
    every : float
        Hours; NaN for a single dose.
    until : int
        Microseconds UTC; ``NAT`` where open.
    """

    time: int
    width: int
    offset: int
    every: float
    until: int


def as_r4(dosage: Dosage) -> Dosage:
    """A dosage of STU3, DSTU2 or R5 with its elements where R4 has them."""
    dose = dosage.doseQuantity or dosage.quantity or dosage.quantityQuantity
    extent = dosage.doseRange or dosage.quantityRange
    if (dose or extent) and not dosage.doseAndRate and dosage.dose is None:
        dosage.doseAndRate = [DoseAndRate(dose, extent, rateRange=dosage.rateRange)]
    if dosage.asNeeded or dosage.asNeededFor:
        dosage.asNeededBoolean = True
    repeat = dosage.timing.repeat if dosage.timing else None
    if repeat:
        repeat.periodUnit = repeat.periodUnit or repeat.periodUnits
        repeat.boundsDuration = repeat.boundsDuration or repeat.boundsQuantity
        if isinstance(repeat.when, str):
            repeat.when = [repeat.when]
    return dosage


def amount_of(dose: Quantity | None, strength: float | None, units: Units) -> Amount:
    """Bring a dose quantity to milligrams, or keep the unit of one that has no mass.

    Parameters
    ----------
    dose : Quantity or None
    strength : float or None
        Milligrams in a tablet, where the product states it.
    units : callable
        What spellings of units mean.
    """
    if dose is None:
        return Amount(reason="dose.missing")
    text = number_text(dose.value)
    written = dose.code or dose.unit
    if text and dose.comparator:
        return Amount(original_value=text[:64], original_unit=written, reason="value.not-numeric")
    return dose_amount(text, written, dose.unit, strength, units)


def dose_of(dosage: Dosage, strength: float | None, units: Units) -> Amount:
    """The dose of a dosage; ranges and several doses are not usable."""
    if dosage.dose is not None:
        return amount_of(dosage.dose, strength, units)
    found = [
        amount_of(part.doseQuantity, strength, units) for part in dosage.doseAndRate if part.doseQuantity
    ]
    ranges = [part.doseRange for part in dosage.doseAndRate if part.doseRange]
    if ranges:
        ends = [end for end in (ranges[0].low, ranges[0].high) if end]
        text = "-".join(number_text(end.value)[:30] for end in ends)
        unit = next((end.unit or end.code for end in ends), "")
        return Amount(original_value=text, original_unit=unit, reason="dose.range")
    if len(set(found)) > 1:
        return found[0]._replace(reason="dose.several")
    if found:
        return found[0]
    if any(part.rateQuantity or part.rateRatio for part in dosage.doseAndRate) or dosage.rateQuantity:
        return Amount(reason="dose.rate-only")
    return Amount(reason="dose.text-only" if dosage.text or dosage.patientInstruction else "dose.missing")


def rate_of(dosage: Dosage) -> tuple[float, str]:
    """Rate of an infusion in the unit found: (value, UCUM unit), NaN where there is none."""
    part = next((p for p in dosage.doseAndRate if p.rateQuantity or p.rateRatio), None)
    quantity = dosage.rateQuantity or (part.rateQuantity if part else None)
    ratio: Ratio | None = dosage.rateRatio or (part.rateRatio if part else None)
    if quantity:
        number = parse_number(number_text(quantity.value))
        return (number[1], quantity.code or quantity.unit) if number else (NAN, "")
    if ratio and ratio.numerator and ratio.denominator:
        top, bottom = ratio.numerator, ratio.denominator
        over, under = parse_number(number_text(top.value)), parse_number(number_text(bottom.value))
        unit = f"{top.code or top.unit}/{bottom.code or bottom.unit}"
        return (over[1] / under[1], unit) if over and under and under[1] else (NAN, "")
    return NAN, ""


def is_as_needed(dosage: Dosage) -> bool:
    """Whether the patient decides on each dose."""
    return bool(dosage.asNeededBoolean) or dosage.asNeededCodeableConcept is not None


def _interval(repeat: Repeat | None, code: CodeableConcept | None) -> float:
    """Hours between doses; NaN where no element states it."""
    if repeat and repeat.period and repeat.periodUnit:
        hours = hours_of(repeat.period, repeat.periodUnit)
        return hours / (repeat.frequency or 1) if hours > 0 else NAN
    if repeat and (repeat.when or repeat.timeOfDay):
        return _DAY_HOURS / (repeat.frequency or len(repeat.when) or 1)
    if repeat and repeat.dayOfWeek:
        return _DAY_HOURS
    return float(_CODED.get(first_code(code).upper().replace(" ", ""), NAN))


def _is_range(repeat: Repeat) -> bool:
    return bool(repeat.frequencyMax or repeat.periodMax or repeat.countMax or bytes(repeat.boundsRange))


def schedule(
    ctx: Context, timing: Timing | None, start: Instant, until: int, element: str
) -> tuple[list[Slot], str]:
    """Doses of a timing.

    Parameters
    ----------
    ctx : Context
    timing : Timing or None
    start : Instant
        Start of the order or statement; bounds of the timing override it.
    until : int
        End, microseconds UTC, ``NAT`` where open.
    element : str
        Pointer of the timing.

    Returns
    -------
    (list of Slot, str)
        At least one slot, and the reason why it is not usable.
    """
    if timing is None:
        return [Slot(*start, NAN, until)], "dose.no-timing"
    if timing.event:
        times = [ctx.time(text, f"{element}/event") for text in timing.event[:_REPEATED]]
        return [Slot(*time, NAN, NAT) for time in times], ""
    repeat = timing.repeat
    if repeat:
        start, until = _bounds(ctx, repeat, start, until, f"{element}/repeat")
    every = _interval(repeat, timing.code)
    if repeat and repeat.count == 1:
        return [Slot(*start, NAN, NAT)], ""
    if repeat and _is_range(repeat):
        return [Slot(*start, NAN, until)], "dose.timing"
    if isnan(every):
        return [Slot(*start, NAN, until)], "dose.no-timing"
    if repeat and repeat.count and start.us != NAT:
        until = start.us + int((repeat.count - 1) * every * HOUR)
    return _slots(repeat, start, every, until)


def _bounds(ctx: Context, repeat: Repeat, start: Instant, until: int, element: str) -> tuple[Instant, int]:
    if repeat.boundsPeriod:
        first, end = ctx.period(repeat.boundsPeriod, f"{element}/boundsPeriod")
        return first if first.us != NAT else start, end if end != NAT else until
    if repeat.boundsDuration and start.us != NAT:
        number = parse_number(number_text(repeat.boundsDuration.value))
        hours = hours_of(number[1], repeat.boundsDuration.code) if number else NAN
        if hours >= 0:
            return start, start.us + int(hours * HOUR)
    return start, until


def _slots(repeat: Repeat | None, start: Instant, every: float, until: int) -> tuple[list[Slot], str]:
    """One slot for each weekday and time of day; a plain interval is one slot."""
    days, clocks = (repeat.dayOfWeek, repeat.timeOfDay) if repeat else ([], [])
    if not days and len(clocks) <= 1:
        return [Slot(*_at(start, None, clocks[0] if clocks else ""), every, until)], ""
    simple = every == _DAY_HOURS or (clocks and every == _DAY_HOURS / len(clocks))
    if start.us == NAT or not simple or not all(day in _WEEKDAYS for day in days):
        return [Slot(*start, NAN, until)], "dose.timing"
    period = 7 * _DAY_HOURS if days else _DAY_HOURS
    weekdays: list[str | None] = [*days] or [None]
    firsts = [_at(start, day, clock) for day in weekdays for clock in clocks or [""]]
    return [Slot(*first, period, until) for first in sorted(firsts)[:_REPEATED]], ""


def _at(start: Instant, day: str | None, clock: str) -> Instant:
    """First instant at or after the start on a weekday and at a time of day, in the start's own zone."""
    if start.us == NAT or not (day or clock):
        return start
    shift = 0 if start.naive else start.offset * 60_000_000
    local = start.us + shift
    midnight = local - local % DAY
    width = start.width
    if clock:
        try:
            time_of_day = parse_time(f"1970-01-01T{clock}").us
        except ValueError:
            return start
        first, width = midnight + time_of_day, 0
    else:
        first = local
    days = 0 if day is None else (_WEEKDAYS[day] - (first // DAY + _THURSDAY)) % 7
    first += days * DAY
    if first < local:
        first += DAY if day is None else 7 * DAY
    return Instant(first - shift, width, start.offset)
