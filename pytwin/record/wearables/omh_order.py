"""Prescriptions of Open mHealth as orders, one for each schedule, as far as the dose can be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytwin.record.amount import DOSE_REASONS, NAN, Amount, Units, dose_amount
from pytwin.record.event import Event
from pytwin.record.reading import Fields, Reading
from pytwin.record.time import HOUR
from pytwin.record.wearables.omh_time import length_of, mapping, number_of, text_of

_UNITS = {"unt": "[IU]", "unt/mL": "[IU]/mL"}
_MOST = 100  # schedules of one prescription; more are a mistake


def orders(reading: Reading, body: dict[str, Any], when: Fields, late: str) -> Iterator[Event]:
    """The orders of a prescription; ``late`` is the reason why its time is not usable."""
    medication = mapping(body.get("medication"))
    schedules = body.get("schedule")
    schedules = schedules if isinstance(schedules, list) else []
    if len(schedules) > _MOST:
        reading.issue("omh.too-many", "a prescription has too many schedules", "/schedule", "cut", "error")
    code = medication.get("rxnorm_code")
    code = str(code) if isinstance(code, (int, str)) and not isinstance(code, bool) else ""
    name = text_of(medication.get("generic_name")) or text_of(medication.get("trade_name"))
    drug = reading.resolver.drug("RxNorm" if code else "local", code, name)
    about: Fields = {
        "kind": "order", "system": "RxNorm" if code else "local", "code": (code or name)[:128],
        "name": drug.name if drug else name, "text": text_of(body.get("description")).strip(),
        "route": text_of(body.get("route")),
    }  # fmt: skip
    strength = _strength(medication, reading.resolver.dose_unit)
    for index, schedule in enumerate(schedules[:_MOST]):
        yield _order(reading, mapping(schedule), index, len(schedules), strength, about, {**when}, late)


def _strength(medication: dict[str, Any], units: Units) -> float | None:
    """Milligrams of the one active ingredient in a tablet; None where it has several or none is stated."""
    stated = medication.get("strength")
    if not isinstance(stated, list) or len(stated) != 1:
        return None
    one = mapping(stated[0])
    amount = dose_amount(number_of(one.get("value")), text_of(one.get("unit")), units=units)
    return amount.value if amount.unit == "mg" and not amount.reason else None


def _order(
    reading: Reading, schedule: dict[str, Any], index: int, of: int, strength: float | None, about: Fields,
    when: Fields, late: str,
) -> Event:  # fmt: skip
    part = f"/schedule/{index}"
    dose, recurrence = mapping(schedule.get("medication_dose")), mapping(schedule.get("dose_recurrence"))
    amount = _amount(dose, strength, reading.resolver.dose_unit)
    every, timing = _every(recurrence)
    as_needed = "dose_prn_trigger" in recurrence
    reason = amount.reason or ("dose.timing" if of > 1 else timing) or ("dose.as-needed" if as_needed else "")
    if reason:
        message = DOSE_REASONS.get(reason, "the dose cannot be used")
        reading.issue(reason, message, part, "kept in the table, not usable", "warning")
    length = length_of(mapping(schedule.get("dose_duration")).get("duration"))
    if length > 0 and not late and of == 1:
        when["until"] = when["time"] + length
    return reading.event(
        part="#" + part, value=amount.value, unit=amount.unit, original_value=amount.original_value,
        original_unit=amount.original_unit, changes=amount.changes, every=every, as_needed=as_needed,
        reason=late or reason, **about, **when,
    )  # fmt: skip


def _amount(dose: dict[str, Any], strength: float | None, units: Units) -> Amount:
    if "dose_range" in dose:
        return Amount(reason="dose.range")
    if "dose_array" in dose:
        return Amount(reason="dose.several")
    one = mapping(dose.get("dose"))
    unit = text_of(one.get("unit"))
    return dose_amount(number_of(one.get("value")), _UNITS.get(unit, unit), "", strength, units)


def _every(recurrence: dict[str, Any]) -> tuple[float, str]:
    """Hours between doses, and why they cannot be told."""
    frequency = mapping(recurrence.get("frequency")) or recurrence
    window, times = length_of(frequency.get("time_window")), number_of(frequency.get("number_of_times"))
    if window <= 0 or not times or not 0 < float(times) < 1e4:
        return NAN, "dose.timing" if recurrence.get("timing") else "dose.no-timing"
    timing = recurrence.get("timing")
    days = any("day_of_week" in mapping(item) for item in timing) if isinstance(timing, list) else False
    return window / HOUR / float(times), "dose.timing" if days or "sequence" in recurrence else ""
