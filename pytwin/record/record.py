"""Record: one patient's data over time."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.issues import Issues
from pytwin.record.analytes import ANALYTES
from pytwin.record.codes import analyte_of, drug_of
from pytwin.record.digest import row_digests, table_hash
from pytwin.record.merge import merge
from pytwin.record.table import Event, EventTable
from pytwin.record.time import NAT, YEAR, Instant, iso

DOSE_KINDS = ("order", "administration", "statement")


class Source(NamedTuple):
    """A file that a record was read from."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PatientInfo:
    """What is known of the person.

    Attributes
    ----------
    id : str
        Identifier in the source.
    birth : Instant or None
        Date of birth with its width.
    sex : str or None
        ``male`` or ``female``; None where unknown or other.
    race : str or None
        Category of the U.S. Office of Management and Budget, as ``White`` or ``Asian``.
    age_decade : int or None
        ``6`` means 60 to 69 years, where that is all that is known.
    age_years : float or None
        A stated age, where the date of birth is not known.
    death : Instant or None
        Time of death; ``UNKNOWN`` where only the fact is known.
    """

    id: str = ""
    birth: Instant | None = None
    sex: str | None = None
    race: str | None = None
    age_decade: int | None = None
    age_years: float | None = None
    death: Instant | None = None


@dataclass(frozen=True)
class Record:
    """One patient's events, with where each came from and what was odd.

    Attributes
    ----------
    patient : PatientInfo
    events : EventTable
        In order of time; events without a time come first.
    issues : Issues
    sources : tuple of Source
    genotypes : mapping of str to str
        Genotypes as written in a table, by gene, for ``Genome.from_diplotypes``.
    """

    patient: PatientInfo
    events: EventTable
    issues: Issues = field(default_factory=Issues)
    sources: tuple[Source, ...] = ()
    genotypes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_events(
        cls,
        patient: PatientInfo | str,
        events: Iterable[Event],
        *,
        issues: Issues | None = None,
        sources: Iterable[Source] = (),
        genotypes: Mapping[str, str] | None = None,
    ) -> Record:
        """Build a record from events: later versions replace earlier ones, duplicates become one.

        Parameters
        ----------
        patient : PatientInfo or str
            The person, or only an identifier.
        events : iterable of Event
            In any order. Rows that share an ``id`` and a ``place`` are one resource.
        issues, sources, genotypes : optional
            Kept with the record.

        Returns
        -------
        Record
        """
        return cls.from_tables(
            patient, [EventTable(events)], issues=issues, sources=sources, genotypes=genotypes
        )

    @classmethod
    def from_tables(
        cls,
        patient: PatientInfo | str,
        tables: Sequence[EventTable],
        *,
        issues: Issues | None = None,
        sources: Iterable[Source] = (),
        genotypes: Mapping[str, str] | None = None,
    ) -> Record:
        """Build a record as ``from_events``, from tables that are files or parts of their own."""
        info = PatientInfo(patient) if isinstance(patient, str) else patient
        kept, found = merge([table.with_patient(info.id) for table in tables])
        every = Issues([*(issues or ()), *found])
        return cls(info, kept, every, tuple(sources), dict(genotypes or {}))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the content: the patient, the genotypes and the events, in no order.

        The same data read from other files, in another order or twice, have the same hash.
        """
        about = repr((self.patient, sorted(self.genotypes.items())))
        return table_hash(row_digests(self.events), about)

    def observations(self, analyte: str | None = None, *, usable: bool | None = None) -> EventTable:
        """Observations, all or of one analyte.

        Parameters
        ----------
        analyte : str, optional
            Canonical name (``"INR"``), LOINC code or local name.
        usable : bool, optional
            Keep rows with this flag.
        """
        table = self.events.select(kind="observation", usable=usable)
        if analyte is None:
            return table
        known = ANALYTES.get(analyte) or analyte_of("LOINC", analyte) or analyte_of("local", analyte)
        if known:
            return table.select(name=known.name)
        keep: NDArray[np.bool_] = (table.column("name") == analyte) | (table.column("code") == analyte)
        return table[keep]

    def doses(
        self, drug: str | None = None, *, usable: bool | None = None, kind: str | None = None
    ) -> EventTable:
        """Orders, administrations and statements, all or of one drug.

        Parameters
        ----------
        drug : str, optional
            Name, brand, RxNorm or ATC code of the ingredient.
        usable : bool, optional
            Keep rows with this flag.
        kind : str, optional
            One of ``order``, ``administration``, ``statement``.
        """
        table = self.events.select(kind=kind or DOSE_KINDS, usable=usable)
        if drug is None:
            return table
        known = drug_of("RxNorm", drug) or drug_of("ATC", drug) or drug_of("local", "", drug)
        return table.select(name=known.name if known else drug)

    def conditions(self, name: str | None = None, *, valid: bool | None = None) -> EventTable:
        """Conditions, all or those of one canonical name (``"pregnancy"``, ``"bleeding"`` ...)."""
        table = self.events.select(kind="condition", valid=valid)
        return table if name is None else table.select(name=name)

    def takes(self, drug: str, at: int | None = None) -> bool | None:
        """Whether the patient takes a drug at an instant, as far as the record says.

        Parameters
        ----------
        drug : str
            As in ``doses``.
        at : int, optional
            Microseconds UTC; the end of the record where left out.

        Returns
        -------
        bool or None
            True where a standing order or statement covers the instant or a dose was given in
            the 24 hours before it; False where the record states that it is not taken; None
            where the record says nothing.
        """
        rows = list(self.doses(drug))
        moment = self.end if at is None else at
        if any(row.valid and _covers(row, moment) for row in rows):
            return True
        return False if rows else None

    @property
    def end(self) -> int:
        """Time of the last valid event, microseconds UTC; ``NAT`` where no event has one."""
        times = self.events.time[self.events.valid & (self.events.time != NAT)]
        return int(times.max()) if len(times) else NAT

    def age(self, at: int | None = None) -> float | None:
        """Age in years (of 365.25 days) at an instant.

        Parameters
        ----------
        at : int, optional
            Microseconds UTC; the end of the record where left out.

        Returns
        -------
        float or None
            From the middle of the date of birth's width; else the stated age; else the middle
            of the decade; else None.
        """
        moment = self.end if at is None else at
        birth = self.patient.birth
        if birth is not None and moment != NAT:
            return (moment - birth.us - birth.width / 2) / YEAR
        if self.patient.age_years is not None:
            return self.patient.age_years
        return None if self.patient.age_decade is None else 10.0 * self.patient.age_decade + 5.0

    @property
    def age_decade(self) -> int | None:
        """Decade of the age: as stated, else from the age at the end of the record."""
        if self.patient.age_decade is not None:
            return self.patient.age_decade
        age = self.age()
        return None if age is None else int(age // 10)

    def merged(self, other: Record) -> Record:
        """This record with the events of a later or corrected one; later versions replace earlier ones."""
        known = {name: value for name, value in asdict(other.patient).items() if value not in (None, "")}
        info = replace(self.patient, **known)
        return Record.from_tables(
            info,
            [self.events, other.events],
            issues=Issues([*self.issues, *other.issues]),
            sources=dict.fromkeys([*self.sources, *other.sources]),
            genotypes={**self.genotypes, **other.genotypes},
        )

    def to_fhir(self) -> dict[str, Any]:
        """The record as a Bundle of FHIR R4, of type collection.

        Returns
        -------
        dict
            Plain dictionaries and lists, ready for ``json.dumps``. What FHIR lacks stands in extensions
            ``urn:pytwin:event``; read back, the Bundle gives the same patient, genotypes, events and hash.
            Times without a zone are written as UTC, which such an extension takes back.
        """
        from pytwin.record.out.fhir import bundle

        return bundle(self)

    def to_omop(self) -> dict[str, Any]:
        """This record as tables of the OMOP Common Data Model 5.4.

        Returns
        -------
        dict of str to pyarrow.Table
            By name of the table, those with rows. A code whose concept is not known has concept id 0, stands
            as source value, and has a row in ``source_to_concept_map``. What OMOP lacks stands as JSON in the
            column ``pytwin`` and is read back by ``read_record``.

        Raises
        ------
        MissingExtraError
            Without pyarrow.
        """
        from pytwin.record.out import omop

        return omop.tables([self])

    def coverage(
        self, therapy: Any, genome: Any = None, *, population: Any = None, until: Any = None
    ) -> tuple[Any, ...]:
        """What a Therapy needs: present, stale or missing, as ``Twin.coverage`` says it, without a Twin.

        Parameters
        ----------
        therapy : str or Therapy
        genome : Genome, optional
            Else the record's own genotypes.
        population : str or Population, optional
            The Therapy's own where left out.
        until : int, str or datetime64, optional
            The instant that ages count back from, and the last that is used: microseconds UTC or ISO text;
            the last observation or dose where left out.

        Returns
        -------
        tuple of Coverage
            Rows with ``what``, ``state`` (``present``, ``stale``, ``missing``), ``age_days`` and ``text``.

        Raises
        ------
        InputError
            For an unknown therapy or population, and whatever makes the record useless for it.
        """
        from pytwin.twin.summary import of_record

        return of_record(self, therapy, genome, population, until)

    def plot(self, *names: str, since: int | str | None = None, until: int | str | None = None) -> Any:
        """A figure of what was measured and given over time.

        Parameters
        ----------
        *names : str
            Observations and drugs to draw, by the names of their rows. Where left out: vital signs, results
            and doses by how much there is of each; what is not drawn is named beneath.
        since, until : int or str, optional
            The time that is drawn; microseconds UTC or ISO text.

        Returns
        -------
        matplotlib.figure.Figure
            Held by no registry: save it with ``figure.savefig(path)``.

        Raises
        ------
        InputError
            ``plot.nothing`` where nothing of the kind has a time.
        """
        from pytwin.report.chart import of_record

        return of_record(self, names, since, until)

    def summary(self) -> str:
        """Counts by kind and name with first and last time and unusable rows, and the issues by code."""
        lines = [f"Record of patient {self.patient.id or '(no id)'}: {len(self.events)} events"]
        for (kind, name), rows in _groups(self.events).items():
            first, last = _span(rows)
            bad = sum(not row.usable for row in rows)
            note = f", {bad} not usable" if bad else ""
            lines.append(f"  {kind:15} {name or '(no name)':40.40} {len(rows):5}  {first} .. {last}{note}")
        lines += [f"  issue {code}: {count}" for code, count in sorted(self.issues.counts().items())]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Record: {len(self.events)} events, {len(self.issues)} issues>"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{t}</th>" for t in ("kind", "name", "events", "not usable", "first", "last"))
        body = []
        for (kind, name), rows in _groups(self.events).items():
            bad = sum(not row.usable for row in rows)
            cells = (kind, name, len(rows), bad, *_span(rows))
            body.append("<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in cells) + "</tr>")
        caption = html.escape(f"Record of {self.patient.id}, {self.patient.sex or 'sex unknown'}")
        issues = "".join(
            f"<li>{html.escape(code)}: {count}</li>" for code, count in sorted(self.issues.counts().items())
        )
        return (
            f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table><ul>{issues}</ul>"
        )


def _covers(row: Event, moment: int) -> bool:
    """Whether a regimen, statement or single dose is in force at an instant; static rows always are."""
    if NAT in (row.time, moment):
        return row.time == NAT
    if row.time > moment:
        return False
    if row.until != NAT:
        return moment <= row.until
    ended = row.status in ("stopped", "completed", "cancelled")
    open_ended = row.kind != "administration" and not ended
    return open_ended or moment - row.time <= 24 * 3_600_000_000


def _groups(events: EventTable) -> dict[tuple[str, str], list[Event]]:
    groups: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        groups.setdefault((event.kind, event.name), []).append(event)
    return dict(sorted(groups.items()))


def _span(rows: list[Event]) -> tuple[str, str]:
    times = [row for row in rows if row.time != NAT]
    if not times:
        return "", ""
    return iso(times[0].time, 0)[:10], iso(times[-1].time, 0)[:10]
