"""ORC, RXO, RXE, RXD and RXA: drugs ordered, dispensed and given, and immunisations."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan
from typing import NamedTuple

from pytwin.record.amount import DOSE_REASONS, NAN, Amount, dose_amount
from pytwin.record.codes import route_of, tablet_strength
from pytwin.record.event import Event
from pytwin.record.hl7v2.context import Context, codings, entity
from pytwin.record.hl7v2.message import Segment
from pytwin.record.hl7v2.schedule import Dosing, dosings
from pytwin.record.quantity import parse_number
from pytwin.record.reading import Coding, Fields, Verdict, at
from pytwin.record.time import NAT

_CONTROL = {
    **dict.fromkeys(("CA", "OC", "CR", "UA"), "cancelled"),
    **dict.fromkeys(("DC", "OD", "DR", "RP", "RU"), "stopped"),
    **dict.fromkeys(("HD", "OH", "HR"), "on-hold"),
    "DE": "entered-in-error",
}
_STATE = {
    "CA": "cancelled",
    "DC": "stopped",
    "RP": "stopped",
    "HD": "on-hold",
    "CM": "completed",
    "ER": "entered-in-error",
}
_ORDER: dict[str, Verdict] = {
    "active": (True, ""),
    "completed": (True, ""),
    "stopped": (True, ""),
    "on-hold": (True, "status.on-hold"),
    "cancelled": (False, "status.cancelled"),
    "entered-in-error": (False, "status.entered-in-error"),
}
_GIVEN: dict[str, Verdict] = {
    "completed": (True, ""),
    "partial": (True, "status.stopped"),
    "not-done": (False, "status.not-done"),
    "entered-in-error": (False, "status.entered-in-error"),
}
_COMPLETION = {"": "completed", "CP": "completed", "PA": "partial", "RE": "not-done", "NA": "not-done"}
_UNKNOWN_AMOUNT = "999"  # the code that immunisation guides give for a dose that is not known


class _Layout(NamedTuple):
    """Where a segment of an order has what."""

    code: int
    low: int
    high: int
    units: int
    strength: int
    strength_units: int


_LAYOUTS = {"RXE": _Layout(2, 3, 4, 5, 25, 26), "RXO": _Layout(1, 2, 3, 4, 18, 19)}


@dataclass(slots=True)
class DrugOrder:
    """The segments of one order: ORC and what follows it."""

    control: Segment | None = None
    segments: list[Segment] = field(default_factory=list)

    def after(self, main: Segment, name: str) -> list[Segment]:
        """Segments of one name that stand behind ``main`` and before the next RX segment of another sort."""
        found = []
        for segment in self.segments[self.segments.index(main) + 1 :]:
            if segment.name in ("RXO", "RXE", "RXD", "RXA"):
                break
            if segment.name == name:
                found.append(segment)
        return found

    def near(self, main: Segment, name: str) -> list[Segment]:
        """Those behind ``main``, else all of the order."""
        return self.after(main, name) or [segment for segment in self.segments if segment.name == name]

    def number(self) -> str:
        """The placer's number, else the filler's; empty where there is none."""
        return (entity(self.control, 2) or entity(self.control, 3)) if self.control else ""


class _Product(NamedTuple):
    system: str
    code: str
    name: str
    text: str
    strength: float | None


def _product(ctx: Context, segment: Segment, index: int) -> _Product:
    """The coding whose drug is recognised, else the first; a drug that is not stated is an issue."""
    found: list[Coding] = codings(segment.field(index))
    if not found:
        ctx.issue("dose.no-drug", "the drug is not stated", f"-{index}", "not usable", "error")
        return _Product("", "", "", "", None)
    named = [(coding, drug) for coding in found for drug in (ctx.resolver.drug(*coding),) if drug]
    (system, code, name), drug = named[0] if named else (found[0], None)
    strengths = [s for coding in found for s in (tablet_strength(*coding),) if s]
    strength = strengths[0] if strengths else None
    return _Product(system, code, drug.name if drug else name, name, strength)


def _unit(segment: Segment, index: int) -> tuple[str, str]:
    cell = segment.field(index)
    return cell.text(1) or cell.text(2), cell.text(2)


def _route(order: DrugOrder, main: Segment) -> str:
    found = next(iter(order.near(main, "RXR")), None)
    if found is None:
        return ""
    code, text = found.text(1), found.text(1, 2)
    return route_of(code, text or code)


def _strength(ctx: Context, segment: Segment, layout: _Layout, product: _Product) -> float | None:
    text, written = segment.text(layout.strength), _unit(segment, layout.strength_units)
    stated = dose_amount(text, *written, units=ctx.resolver.dose_unit)
    return stated.value if stated.unit == "mg" and not stated.reason else product.strength


def _amount(ctx: Context, segment: Segment, layout: _Layout, product: _Product) -> Amount:
    low, high = segment.text(layout.low), segment.text(layout.high)
    units = _unit(segment, layout.units)
    if low and high and low != high:
        return Amount(original_value=f"{low}-{high}"[:64], original_unit=units[0], reason="dose.range")
    strength = _strength(ctx, segment, layout, product)
    return dose_amount(low or high, *units, strength, ctx.resolver.dose_unit)


def _rate(segment: Segment) -> tuple[float, str]:
    """Rate of an RXE: give rate with its unit, per the time that field 22 may add."""
    number = parse_number(segment.text(23))
    if segment.name != "RXE" or not number or number[0]:
        return NAN, ""
    return number[1], _unit(segment, 24)[0]


def _status(ctx: Context, control: Segment | None) -> tuple[str, Verdict, str]:
    code = control.text(1).upper() if control else ""
    state = control.text(5).upper() if control else ""
    status = _CONTROL.get(code) or _STATE.get(state, "active")
    found = "/".join(filter(None, (code, state)))
    return status, ctx.judge(status, _ORDER, ""), f"status:{found}" if found else ""


def read_order(ctx: Context, order: DrugOrder, main: Segment) -> list[Event]:
    """Events of an RXE, or of an RXO that has none: one for each of its schedules."""
    layout = _LAYOUTS[main.name]
    status, (valid, reason), how = _status(ctx, order.control)
    product = _product(ctx, main, layout.code)
    amount = _amount(ctx, main, layout, product)
    rate, rate_unit = _rate(main)
    if amount.reason == "dose.missing" and not isnan(rate):
        amount = amount._replace(reason="dose.rate-only")
    text = (
        "; ".join(item.text(2) or item.text(1) for item in main.repetitions(7)) if main.name == "RXE" else ""
    )
    text = text or (main.text(7, 2) if main.name == "RXO" else "")
    shared: Fields = {
        **amount._asdict(),
        "kind": "order",
        "system": product.system,
        "code": product.code,
        "name": product.name,
        "text": text or product.text,
        "status": status,
        "valid": valid,
        "route": _route(order, main),
        "rate": rate,
        "rate_unit": rate_unit,
        "recorded": _recorded(ctx, order.control),
        "changes": "; ".join(filter(None, (how, amount.changes))),
    }
    first = reason or ("" if product.name else "dose.no-drug") or amount.reason
    found = dosings(ctx, main, order.control, order.near(main, "TQ1"))
    return [_order_event(ctx, shared, dosing, first, index, len(found)) for index, dosing in enumerate(found)]


def _order_event(ctx: Context, shared: Fields, dosing: Dosing, reason: str, index: int, count: int) -> Event:
    problem = reason or dosing.reason or ("dose.as-needed" if dosing.as_needed else "")
    if problem in DOSE_REASONS:
        ctx.issue(problem, DOSE_REASONS[problem], "", "not usable", "warning")
    if dosing.start.us == NAT:
        ctx.issue("time.missing", "an order without a time", "", "not usable")
        problem = problem or "time.missing"
    until = dosing.until
    if shared["status"] == "stopped" and shared["recorded"] != NAT:
        until = min(until, shared["recorded"]) if until != NAT else shared["recorded"]
    fields = {
        **shared,
        **at(dosing.start),
        "every": dosing.every,
        "until": until,
        "as_needed": dosing.as_needed,
        "reason": problem,
    }
    return ctx.event(part=f"#{index + 1}" if count > 1 else "", **fields)


def _recorded(ctx: Context, control: Segment | None) -> int:
    found = ctx.time(control, 9, note=False).us if control else NAT
    return found if found != NAT else ctx.message.sent


def read_dispense(ctx: Context, order: DrugOrder, main: Segment) -> list[Event]:
    """The event of an RXD: the amount handed over."""
    status, (valid, reason), how = _status(ctx, order.control)
    product = _product(ctx, main, 2)
    instant = ctx.time(main, 3)
    amount = dose_amount(main.text(4), *_unit(main, 5), product.strength, ctx.resolver.dose_unit)
    if amount.reason in DOSE_REASONS:
        ctx.issue(amount.reason, DOSE_REASONS[amount.reason], "-4", "not usable")
    if instant.us == NAT:
        ctx.issue("time.missing", "a dispense without a time", "-3", "not usable")
    late = amount.reason or ("time.missing" if instant.us == NAT else "")
    fields = {**amount._asdict(), **at(instant), "changes": "; ".join(filter(None, (how, amount.changes)))}
    return [
        ctx.event(
            **{
                **fields,
                "kind": "dispense",
                "system": product.system,
                "code": product.code,
                "name": product.name,
                "text": product.text,
                "status": "completed" if status in ("active", "completed") else status,
                "valid": valid,
                "reason": reason or ("" if product.name else "dose.no-drug") or late,
                "route": _route(order, main),
                "recorded": _recorded(ctx, order.control),
            }
        )
    ]


def read_given(ctx: Context, order: DrugOrder, main: Segment, vaccine: bool) -> list[Event]:
    """The event of an RXA: a dose that was given, or an immunisation."""
    found = main.text(20).upper()
    status = _COMPLETION.get(found, found)
    if main.raw(18) and not found:
        status = "not-done"
    if main.text(21).upper() == "D":
        status = "entered-in-error"
    valid, reason = ctx.judge(status, _GIVEN, "-20")
    start, end = ctx.time(main, 3), ctx.time(main, 4, note=False)
    product = _product(ctx, main, 5)
    units = _unit(main, 7)
    written = main.text(6)
    unknown = vaccine and written in (_UNKNOWN_AMOUNT, "0")
    amount = dose_amount("" if unknown else written, *units, product.strength, ctx.resolver.dose_unit)
    if start.us == NAT:
        ctx.issue("time.missing", "a dose without a time", "-3", "not usable")
    fields: Fields = {
        **at(start),
        "kind": "immunization" if vaccine else "administration",
        "system": product.system,
        "code": product.code,
        "name": product.name,
        "text": product.text,
        "status": status,
        "valid": valid,
        "route": _route(order, main),
        "until": end.us + end.width if NAT not in (end.us, start.us) and end.us > start.us else NAT,
        "recorded": ctx.time(main, 22, note=False).us if main.raw(22) else ctx.message.sent,
    }
    late = "" if product.name else "dose.no-drug"
    if vaccine:
        fields.update(original_value=amount.original_value, original_unit=amount.original_unit)
    else:
        fields.update(_dose_given(ctx, main, amount))
        late = late or amount.reason
    fields["changes"] = "; ".join(
        filter(None, (f"status:{found}" if found else "", fields.get("changes", "")))
    )
    late = reason or late or ("time.missing" if start.us == NAT else "")
    return [ctx.event(**{**fields, "reason": late})]


def _dose_given(ctx: Context, main: Segment, amount: Amount) -> Fields:
    """Columns of a dose and of the rate of an infusion (RXA-12: ``100^mL/h`` in one text or apart)."""
    if amount.reason in DOSE_REASONS:
        ctx.issue(amount.reason, DOSE_REASONS[amount.reason], "-6", "not usable")
    number = parse_number(main.text(12))
    rate = (number[1], main.text(12, 2)) if number and not number[0] else (NAN, "")
    return {**amount._asdict(), "rate": rate[0], "rate_unit": rate[1]}
