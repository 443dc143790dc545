"""What the columns of an OMOP row that are not numbers or times say: a rule for each table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pytwin.record.analytes import Analyte
from pytwin.record.codes import condition_of, route_of
from pytwin.record.event import Event
from pytwin.record.quantity import parse_number
from pytwin.record.resolver import Resolver
from pytwin.record.tables.encode import NO_UNIT, Rule
from pytwin.record.tables.omop_concepts import Concept, Concepts

# operator_concept_id -> comparator
OPERATORS = {"4171756": "<", "4171754": "<=", "4172704": ">", "4171755": ">=", "4172703": ""}
# drug_type_concept_id of the OHDSI vocabularies -> what the row records
_DRUG_TYPES = {
    "38000177": "order", "32838": "order", "32839": "order", "32833": "order",
    "38000175": "dispense", "32825": "dispense", "32869": "dispense", "38000176": "dispense",
    "32818": "administration", "38000179": "administration", "38000180": "administration",
    "44787730": "statement", "32865": "statement", "38000178": "statement",
}  # fmt: skip


def _identity(concepts: Concepts, standard: str, source: str, written: str) -> list[Concept]:
    """The codes of a row: its standard concept, its source concept, the text of the source."""
    found = [concept for concept in (concepts.get(standard), concepts.get(source)) if concept]
    if not found and standard not in ("", "0"):
        found.append(Concept("OMOP", standard, written))
    return found or [concepts.of_source(written) or Concept("local", written, written)]


def _valued(concepts: Concepts, resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    """MEASUREMENT and OBSERVATION."""
    standard, source, written, operator, value, unit, unit_written, other = texts
    codes = _identity(concepts, standard, source, written)
    analyte, chosen = _analyte(codes, written, resolver)
    coded = concepts.get(value)
    number = parse_number(other) if other else None
    ucum = concepts.get(unit)
    rule = resolver.rule(analyte, unit_written, ucum.code if ucum else "")
    text = "" if number else (coded.name if coded else other)
    if text:
        rule = NO_UNIT
    event = Event(
        kind="observation", system=chosen.system, code=chosen.code,
        name=analyte.name if analyte else chosen.name, text=text, unit=rule.unit,
        comparator=OPERATORS.get(operator, "") or (number[0] if number else ""),
        value=number[1] if number else np.nan, original_unit=unit_written or (ucum.code if ucum else ""),
        reason=rule.reason or ("value.not-numeric" if text and analyte else ""), changes=rule.change,
    )  # fmt: skip
    return Rule(event, rule, measured=analyte is not None and not text)


def _analyte(codes: list[Concept], written: str, resolver: Resolver) -> tuple[Analyte | None, Concept]:
    for concept in codes:
        analyte = resolver.analyte(concept.system, concept.code, concept.name)
        if analyte:
            return analyte, concept
    return resolver.analyte("LOINC", written), codes[0]


def _condition(concepts: Concepts, resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    standard, source, written, status, _ = texts
    codes = _identity(concepts, standard, source, written)
    names = [condition_of(c.system, c.code) for c in codes]
    name = next((name for name in names if name), "") or codes[0].name
    first = codes[0]
    return Rule(Event(kind="condition", system=first.system, code=first.code, name=name, status=status))


def _drug(concepts: Concepts, resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    standard, source, written, kind, route, route_written, sig, quantity, days, _ = texts
    codes = _identity(concepts, standard, source, written)
    first = codes[0]
    if any(concept.system == "CVX" for concept in codes):
        return Rule(Event(kind="immunization", system=first.system, code=first.code, name=first.name))
    drugs = [resolver.drug(c.system, c.code, c.name) for c in codes]
    drug = next((drug for drug in drugs if drug), None)
    given = concepts.get(route)
    counted = [f"quantity {quantity}" if quantity else "", f"days supply {days}" if days else ""]
    event = Event(
        kind=_DRUG_TYPES.get(kind, "statement"), system=first.system, code=first.code,
        name=drug.name if drug else first.name, route=route_of(given.name if given else route_written),
        text=sig or ", ".join(filter(None, counted)), status="" if kind in _DRUG_TYPES else "unknown",
        reason="dose.text-only" if sig else "dose.missing",
    )  # fmt: skip
    return Rule(event)


def _plain(kind: str, concepts: Concepts, texts: tuple[str, ...]) -> Rule:
    first = _identity(concepts, *texts[:3])[0]
    return Rule(Event(kind=kind, system=first.system, code=first.code, name=first.name))


def _procedure(concepts: Concepts, resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    return _plain("procedure", concepts, texts)


def _visit(concepts: Concepts, resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    return _plain("encounter", concepts, texts)


def _death(concepts: Concepts, resolver: Resolver, texts: tuple[str, ...]) -> Rule:
    cause = _identity(concepts, *texts[:3])[0]
    return Rule(Event(kind="death", name="death", text=cause.name))


RULES: dict[str, Callable[[Concepts, Resolver, tuple[str, ...]], Rule]] = {
    "measurement": _valued,
    "observation": _valued,
    "condition_occurrence": _condition,
    "drug_exposure": _drug,
    "procedure_occurrence": _procedure,
    "visit_occurrence": _visit,
    "death": _death,
}
