"""The rows of one patient in a table, turned into events and facts about the person."""

from __future__ import annotations

from math import isnan
from typing import Any

from pytwin.errors import InputError
from pytwin.record.amount import DOSE_REASONS, NAN, Amount, hours_between, per_interval
from pytwin.record.codes import Analyte, condition_of, route_of, system_name
from pytwin.record.csvcolumns import Columns
from pytwin.record.csvmap import (
    Choice,
    ConditionColumn,
    DoseColumn,
    DrugColumn,
    EventColumns,
    Mapping,
    ObservationColumn,
)
from pytwin.record.log import IssueLog
from pytwin.record.people import RACES, SEXES
from pytwin.record.quantity import REASONS, measure, parse_number
from pytwin.record.record import DOSE_KINDS, PatientInfo
from pytwin.record.resolver import DEFAULT, Resolver
from pytwin.record.sink import Sink
from pytwin.record.table import Event
from pytwin.record.time import DAY, MINUTE, NAT, UNKNOWN, Instant, parse_time

_RACES = tuple(RACES.values())
_UNUSED = {
    "csv.ragged-row": "a row with too many or too few cells",
    "csv.no-patient": "a row without a patient",
}
_ERRORS = ("entered-in-error", "cancelled", "not-done", "not-taken")


class PatientRows:
    """Collects the rows of one patient."""

    def __init__(
        self,
        identifier: str,
        columns: Columns,
        mapping: Mapping,
        file: str,
        resolver: Resolver = DEFAULT,
        counted: str = "line",
    ) -> None:
        self._counted = counted
        self._resolver = resolver
        self._identifier = identifier
        self._columns = columns
        self._mapping = mapping
        self._file = file
        self._log = IssueLog()
        self._events: list[Event] = []
        self._facts: dict[str, str] = {}
        self._genotypes: dict[str, str] = {}
        self._line = 0
        self._cells: list[str] = []

    def _place(self, column: str = "") -> str:
        return f"{self._counted} {self._line}" + (f", column {column}" if column else "")

    def _issue(
        self, code: str, message: str, column: str, action: str, found: str = "", note: bool = False
    ) -> None:
        place = f"{self._file}:{self._place(column)}"
        self._log.add(code, message, place, action, "note" if note else "warning", found)

    def _analyte(self, text: str) -> Analyte | None:
        return self._resolver.analyte("LOINC", text) or self._resolver.analyte("local", text)

    def _cell(self, column: str) -> str:
        return self._columns.cell(self._cells, column)

    def add(self, line: int, cells: list[str], problem: str = "") -> None:
        """Take one row in; a row with a problem is listed and left out."""
        self._line, self._cells = line, cells
        if problem:
            self._issue(problem, _UNUSED[problem], "", "left out")
            return
        if any("\ufffd" in cell for cell in cells):
            self._issue("csv.encoding", "bytes that are not in the file's encoding", "", "replaced by U+FFFD")
        self._person()
        mapping = self._mapping
        for observation in mapping.observations:
            self._observation(observation)
        for dose in mapping.doses:
            self._dose(dose)
        for drug in mapping.drugs:
            self._drug(drug)
        for condition in mapping.conditions:
            self._condition(condition)
        if mapping.events:
            self._event(mapping.events)

    # the person

    def _person(self) -> None:
        m = self._mapping
        for name, column in (
            ("sex", m.sex),
            ("race", m.race),
            ("birth", m.birth),
            ("age_years", m.age_years),
            ("age_decade", m.age_decade),
        ):
            text = self._choice(column) if isinstance(column, Choice) else self._cell(column)
            self._fact(self._facts, name, text, column.column if isinstance(column, Choice) else column)
        for gene, column in m.genotypes.items():
            self._fact(self._genotypes, gene, self._cell(column), column)

    def _choice(self, choice: Choice) -> str:
        text = self._cell(choice.column)
        return choice.values.get(text, text)

    def _fact(self, facts: dict[str, str], name: str, text: str, column: str) -> None:
        """The first value stands; a contradiction leaves the fact unknown."""
        before = facts.get(name)
        if not text or text == before:
            return
        if before is None:
            facts[name] = text
        elif before:
            facts[name] = ""
            message = "rows of one patient contradict each other"
            self._issue("csv.conflict", message, column, "taken as unknown")

    def _info(self) -> PatientInfo:
        facts = {name: text for name, text in self._facts.items() if text}
        sex = SEXES.get(facts.get("sex", "").lower())
        race = facts.get("race", "")
        if "sex" in facts and sex is None:
            self._issue(
                "patient.sex", "a sex that is neither male nor female", "", "unknown", facts["sex"], True
            )
        if race and race not in _RACES and race.lower() != "unknown":
            message = "a race that is no category of the OMB"
            self._issue("patient.race", message, "", "unknown", race, True)
        birth = self._instant(facts.get("birth", ""), "birth", note=False)
        return PatientInfo(
            id=self._identifier,
            birth=birth if birth.us != NAT else None,
            sex=sex,
            race=race if race in _RACES else None,
            age_decade=self._whole(facts.get("age_decade", "")),
            age_years=self._age(facts.get("age_years", "")),
        )

    def _whole(self, text: str) -> int | None:
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) <= 2:
            return int(text)
        self._issue("patient.age", "an age that cannot be read", "", "unknown", text)
        return None

    def _age(self, text: str) -> float | None:
        if not text:
            return None
        number = parse_number(text)
        if number and not number[0] and 0 <= number[1] <= 130:
            return number[1]
        self._issue("patient.age", "an age that cannot be read", "", "unknown", text)
        return None

    # times

    def _instant(self, text: str, column: str, note: bool = True) -> Instant:
        if not text:
            return UNKNOWN
        try:
            instant = parse_time(text)
            zone = (
                parse_time(f"1970-01-01T00:00:00{self._mapping.zone}").offset if self._mapping.zone else None
            )
        except InputError as error:
            self._issue(error.code, error.message, column, "left out", text)
            return UNKNOWN
        if note and instant.width >= DAY:
            self._issue("time.day", "a date without a time of day", column, "kept with its width", text, True)
        if instant.naive and zone is not None:
            return Instant(instant.us - zone * MINUTE, instant.width, zone)
        if note and instant.naive and instant.width < DAY:
            self._issue("time.naive", "a time without a zone", column, "taken as UTC", text)
        return instant

    def _when(self, column: str) -> tuple[dict[str, int], str]:
        """Time columns of an event and why it is not usable; without a time column no time is asked for."""
        name = column or self._mapping.time
        if not name:
            return {}, ""
        instant = self._instant(self._cell(name), name)
        if instant.us == NAT:
            self._issue("time.missing", "a row without a time", name, "not usable")
        fields = {"time": instant.us, "width": instant.width, "offset": instant.offset}
        return fields, "time.missing" if instant.us == NAT else ""

    # events

    def _add(self, column: str, reason: str, **values: Any) -> None:
        place = self._place(column)
        self._events.append(Event(usable=not reason, reason=reason, source=self._file, place=place, **values))

    def _observation(self, spec: ObservationColumn) -> None:
        text = self._cell(spec.column)
        if not text:
            return
        analyte = self._analyte(spec.analyte)
        unit = self._cell(spec.unit_column) or spec.unit
        when, late = self._when(spec.time)
        fields, reason = self._measured(text, unit, analyte, spec.column)
        name = analyte.name if analyte else spec.analyte
        self._add(
            spec.column,
            reason or late,
            kind="observation",
            system="local",
            code=spec.column,
            name=name,
            **when,
            **fields,
        )

    def _measured(
        self, text: str, unit: str, analyte: Analyte | None, column: str
    ) -> tuple[dict[str, Any], str]:
        number = parse_number(text)
        found: dict[str, Any] = {"original_value": text[:64], "original_unit": unit}
        if number is None:
            reason = "value.not-numeric" if analyte else ""
            if analyte:
                message = f"{REASONS[reason]}: {analyte.name}"
                self._issue(reason, message, column, "kept as text, not usable", text)
            return {"text": text, **found}, reason
        result = measure(number[1], number[0], unit, analyte, resolver=self._resolver)
        if result.reason:
            message = REASONS[result.reason] + (f": {analyte.name}" if analyte else "")
            self._issue(result.reason, message, column, "not usable", f"{text} {unit}")
        if result.comparator:
            self._issue("value.censored", "a value with a comparator", column, "kept as censored", text, True)
        value = {"value": result.value, "comparator": result.comparator, "unit": result.unit}
        return {**value, "changes": result.changes, **found}, result.reason

    def _amount(self, text: str, unit: str, every: float, column: str) -> Amount:
        number = parse_number(text)
        if number is None or number[0] or number[1] < 0:
            amount = Amount(original_value=text[:64], original_unit=unit, reason="value.not-numeric")
        elif not unit:
            amount = Amount(number[1], "", text, "", "dose.no-unit")
        else:
            amount = per_interval(number[1], text, unit, every, self._resolver.dose_unit)
        if amount.reason:
            self._issue(amount.reason, DOSE_REASONS[amount.reason], column, "not usable", f"{text} {unit}")
        return amount

    def _dose(self, spec: DoseColumn) -> None:
        text = self._cell(spec.column)
        if not text:
            return
        every = hours_between(spec.every) if spec.every else NAN
        amount = self._amount(text, self._cell(spec.unit_column) or spec.unit, every, spec.column)
        when, late = self._when(spec.time)
        fields = amount._asdict()
        reason = fields.pop("reason") or late
        known = self._resolver.drug("local", "", spec.drug)
        until = self._instant(self._cell(spec.until), spec.until)
        self._add(
            spec.column,
            reason,
            kind=spec.kind,
            system="local",
            code=spec.column,
            name=known.name if known else spec.drug,
            status=spec.status,
            route=route_of(spec.route),
            every=every,
            until=until.us + until.width if until.us != NAT else NAT,
            **when,
            **fields,
        )

    def _yes_no(self, spec: DrugColumn | ConditionColumn) -> bool | None:
        text = self._cell(spec.column)
        if not text:
            return None
        answer = spec.values.get(text, spec.values.get(text.lower()))
        if answer is None:
            self._issue(
                "value.not-yes-no", "an answer that is neither yes nor no", spec.column, "left out", text
            )
        return answer

    def _drug(self, spec: DrugColumn) -> None:
        answer = self._yes_no(spec)
        if answer is None:
            return
        known = self._resolver.drug("local", "", spec.drug)
        when, _ = self._when("")
        status = "active" if answer else "not-taken"
        name = known.name if known else spec.drug
        reason = "dose.missing" if answer else "status.not-taken"
        self._add(
            spec.column, reason, kind="statement", system="local", code=spec.column, name=name,
            status=status, valid=answer, **when,
        )  # fmt: skip

    def _condition(self, spec: ConditionColumn) -> None:
        answer = self._yes_no(spec)
        if answer is None:
            return
        system = system_name(spec.system)
        name = condition_of(system, spec.code) or spec.name or spec.code
        when, reason = self._when("")
        reason = reason if answer else "status.refuted"
        status = "active" if answer else "refuted"
        self._add(
            spec.column, reason, kind="condition", system=system, code=spec.code or spec.column, name=name,
            status=status, valid=answer, **when,
        )  # fmt: skip

    def _event(self, spec: EventColumns) -> None:
        """One row of a long file."""
        kind = self._cell(spec.kind) if spec.kind in self._columns.index else spec.kind
        status = self._cell(spec.status)
        valid = status not in _ERRORS
        if not valid:
            self._issue(f"status.{status}", "the status takes the event back", spec.status, "not usable")
        when, late = self._when(spec.time)
        taken_back = "" if valid else f"status.{status}"
        shared = {"kind": kind, "status": status, "valid": valid, "id": self._cell(spec.id), **when}
        if kind in DOSE_KINDS:
            self._long_dose(spec, shared, taken_back or late)
        elif kind in ("observation", "condition"):
            self._long_value(spec, shared, taken_back or late)
        else:
            self._issue("csv.kind", "a kind of event that pytwin does not know", spec.kind, "left out", kind)

    def _coding(self, spec: EventColumns) -> tuple[str, str, str]:
        return system_name(spec.system), self._cell(spec.code), self._cell(spec.name)

    def _long_value(self, spec: EventColumns, shared: dict[str, Any], reason: str) -> None:
        system, code, name = self._coding(spec)
        if shared["kind"] == "condition":
            label = condition_of(system, code) or name or code
            self._add("", reason, system=system, code=code, name=label, **shared)
            return
        analyte = self._resolver.analyte(system, code, name) or (self._analyte(name) if not code else None)
        text = self._cell(spec.value)
        if not text:
            self._issue("value.absent", "an observation without a value", spec.value, "not usable", note=True)
            fields: dict[str, Any] = {}
            problem = "value.absent"
        else:
            fields, problem = self._measured(text, self._cell(spec.unit), analyte, spec.value)
        label = analyte.name if analyte else name or code
        self._add("", reason or problem, system=system, code=code, name=label, **shared, **fields)

    def _long_dose(self, spec: EventColumns, shared: dict[str, Any], reason: str) -> None:
        system, code, name = self._coding(spec)
        drug = self._resolver.drug(system, code, name or code)
        text = self._cell(spec.every)
        every = hours_between(text) if text else NAN
        if text and isnan(every):
            self._issue("dose.timing", "an interval that cannot be read", spec.every, "not usable", text)
            reason = reason or "dose.timing"
        amount = self._amount(self._cell(spec.value), self._cell(spec.unit), every, spec.value)
        fields = amount._asdict()
        until = self._instant(self._cell(spec.until), spec.until)
        reason = reason or fields.pop("reason")
        fields.pop("reason", None)
        self._add(
            "", reason, system=system, code=code, name=drug.name if drug else name or code,
            route=route_of(self._cell(spec.route)), every=every,
            until=until.us + until.width if until.us != NAT else NAT, **shared, **fields,
        )  # fmt: skip

    def write(self, sink: Sink) -> None:
        """Hand over the person, the events and the issues."""
        key = self._identifier
        sink.person(key, self._info())
        sink.genotypes(key, {gene: text for gene, text in self._genotypes.items() if text})
        sink.resource(key, self._events)
        sink.log(key).extend(self._log.issues())
