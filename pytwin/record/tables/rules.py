"""Rules that several table formats share: a coded event, a measured one, a drug."""

from __future__ import annotations

import numpy as np

from pytwin.record.amount import Amount, in_milligrams
from pytwin.record.codes import condition_of, route_of
from pytwin.record.event import Event
from pytwin.record.quantity import parse_number
from pytwin.record.resolver import Resolver
from pytwin.record.tables.encode import NO_UNIT, Rule


def coded(kind: str, system: str, code: str, name: str, status: str = "") -> Rule:
    """An event that is a code: a condition, a procedure, an immunization, a visit."""
    known = condition_of(system, code) if kind == "condition" else ""
    return Rule(Event(kind=kind, system=system, code=code, name=known or name or code, status=status))


def measured(
    resolver: Resolver, system: str, code: str, name: str, unit: str, text: str, comparator: str = ""
) -> Rule:
    """An observation: a number that the row gives, or ``text`` that may hold one (``<0.5``)."""
    analyte = resolver.analyte(system, code, name)
    number = parse_number(text) if text else None
    plain = bool(text) and number is None
    rule = NO_UNIT if plain else resolver.rule(analyte, unit)
    event = Event(
        kind="observation", system=system, code=code, name=analyte.name if analyte else name or code,
        text=text if plain else "", value=number[1] if number else np.nan,
        comparator=comparator or (number[0] if number else ""), unit=rule.unit, original_unit=unit,
        reason=rule.reason or ("value.not-numeric" if plain and analyte else ""), changes=rule.change,
    )  # fmt: skip
    return Rule(event, rule, measured=analyte is not None and not plain)


def drug(
    resolver: Resolver,
    kind: str,
    system: str,
    code: str,
    name: str,
    *,
    dose: str = "",
    unit: str = "",
    route: str = "",
    text: str = "",
) -> Rule:
    """A drug with the dose as far as it is stated; a dose without a schedule is not usable."""
    known = resolver.drug(system, code, name)
    number = parse_number(dose) if dose else None
    amount = _amount(dose, number, unit, resolver)
    reason = amount.reason or ("dose.no-timing" if kind in ("order", "statement") else "")
    event = Event(
        kind=kind, system=system, code=code, name=known.name if known else name or code, text=text,
        value=amount.value, unit=amount.unit, original_value=amount.original_value,
        original_unit=amount.original_unit, route=route_of(route), reason=reason, changes=amount.changes,
    )  # fmt: skip
    return Rule(event)


def _amount(dose: str, number: tuple[str, float] | None, unit: str, resolver: Resolver) -> Amount:
    if not dose:
        return Amount(reason="dose.missing")
    if number is None or number[0]:
        ranged = "-" in dose.strip("-")
        return Amount(np.nan, "", dose, unit, "dose.range" if ranged else "value.not-numeric")
    if not unit:
        return Amount(number[1], "", dose, "", "dose.no-unit")
    return in_milligrams(number[1], dose, unit, units=resolver.dose_unit)
