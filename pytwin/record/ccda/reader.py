"""From a document, or a fragment of one, to events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytwin.errors import InputError
from pytwin.formats import xmltext
from pytwin.formats.files import Input
from pytwin.issues import Issues
from pytwin.record.ccda.clinical import read_allergy, read_done, read_problem
from pytwin.record.ccda.element import V3, Element, Section, attribute, child, children, identity
from pytwin.record.ccda.medication import read_drug
from pytwin.record.ccda.observation import read_observation
from pytwin.record.event import Event
from pytwin.record.hl7v2.times import parse_hl7_time
from pytwin.record.people import RACES, SEXES
from pytwin.record.record import PatientInfo
from pytwin.record.resolver import Resolver
from pytwin.record.sink import Options, Sink
from pytwin.record.time import NAIVE, NAT, UNKNOWN

_BY_TEMPLATE = {
    "2.16.840.1.113883.10.20.22.2.3": "results",
    "2.16.840.1.113883.10.20.22.2.4": "vitals",
    "2.16.840.1.113883.10.20.22.2.1": "drugs",
    "2.16.840.1.113883.10.20.22.2.38": "given",
    "2.16.840.1.113883.10.20.22.2.5": "problems",
    "2.16.840.1.113883.10.20.22.2.6": "allergies",
    "2.16.840.1.113883.10.20.22.2.7": "procedures",
    "2.16.840.1.113883.10.20.22.2.2": "vaccines",
    "2.16.840.1.113883.10.20.22.2.22": "encounters",
}
_BY_CODE = {
    "30954-2": "results", "8716-3": "vitals", "10160-0": "drugs", "29549-3": "given", "11450-4": "problems",
    "48765-2": "allergies", "47519-4": "procedures", "11369-6": "vaccines", "46240-8": "encounters",
}  # fmt: skip
# Prefixes that fragments use without declaring them
_SPACES = {
    "": "urn:hl7-org:v3",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "sdtc": "urn:hl7-org:sdtc",
    "voc": "urn:hl7-org:v3/voc",
    "pharm": "urn:hl7-org:pharm",
}
_SDTC = "{urn:hl7-org:sdtc}"
_MOST_ENTRIES = 100_000
_ENTRIES = ("observation", "organizer", "act", "substanceAdministration", "procedure", "encounter", "supply")


def recognises(head: bytes, name: str) -> bool:
    """Whether XML begins as a clinical document or a section of one does."""
    if not xmltext.looks_like_xml(head):
        return False
    text = xmltext.text_of_head(head)
    return "<ClinicalDocument" in text or ":ClinicalDocument" in text or "<section" in text


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read documents one by one.

    Raises
    ------
    InputError
        What ``formats.xmltext`` raises, ``ccda.not-ccda``, ``ccda.too-large``.
    """
    shared = _shared(inputs) if len(inputs) > 1 else frozenset()
    for source in inputs:
        sink.opened(source)
        blob = source.load()
        issues = Issues()
        root = _parsed(blob.data, source.name, issues)
        sink.log().extend(issues)
        _Document(root, source.name, sink, options.resolver, shared).run()
        yield


def _identifiers(root: Element) -> list[tuple[str, str]]:
    """(root, extension) of the person of a document."""
    ids = children(child(root, "recordTarget", "patientRole"), "id")
    return [(attribute(i, "root"), attribute(i, "extension")) for i in ids]


def _shared(inputs: Sequence[Input]) -> frozenset[str]:
    """Extensions that several roots give out: the persons of two authorities may have one number."""
    roots: dict[str, set[str]] = {}
    for source in inputs:
        try:
            found = _identifiers(_parsed(source.load().data, source.name, Issues()))
        except InputError:
            continue  # said when the document is read
        for root, extension in found[:1]:
            roots.setdefault(extension, set()).add(root)
    return frozenset(extension for extension, of in roots.items() if extension and len(of) > 1)


def _parsed(data: bytes, name: str, issues: Issues) -> Element:
    """The root of a document; of a fragment the element put around it."""
    try:
        root = xmltext.parse(data, name, issues=issues)
        if root.tag == f"{V3}ClinicalDocument":
            return root
    except InputError as error:
        if error.code != "xml.namespace":
            raise
    root = xmltext.parse(data, name, issues=issues, wrap=_SPACES)
    if not any(True for _ in root.iter(f"{V3}ClinicalDocument", f"{V3}section")):
        raise InputError("ccda.not-ccda", "the XML is no clinical document and no section of one", place=name)
    message = "a fragment of a document, without its namespaces"
    issues.add("ccda.fragment", message, place=name, action="read; whose it is is not said", severity="note")
    return root


class _Document:
    """One document on its way into the sink; ``shared`` are extensions that need their root."""

    def __init__(
        self, root: Element, name: str, sink: Sink, resolver: Resolver, shared: frozenset[str]
    ) -> None:
        self.shared = shared
        self.name = name
        self.sink = sink
        self.resolver = resolver
        self.root = root
        self.texts = {found.get("ID"): found for found in root.iter() if found.get("ID")}
        written = parse_hl7_time(attribute(child(root, "effectiveTime"), "value"), NAIVE)
        self.recorded = written.us if written else NAT
        self.count = 0
        self.seen: dict[str, int] = {}
        self.key = self._person()

    def _person(self) -> str:
        role = child(self.root, "recordTarget", "patientRole")
        ids = [
            f"{root}:{extension}" if extension in self.shared else extension or root
            for root, extension in _identifiers(self.root)
        ]
        key = next(filter(None, ids), "") or self.name
        reading = Section(self.sink.log(key), self.name, "recordTarget", self.texts, self.resolver)
        if not any(ids):
            reading.issue("patient.no-identifier", "a patient without an identifier", "", "named as the file")
        person = child(role, "patient")
        birth = reading.time(child(person, "birthTime"), "/birthTime", note=False)
        died = None if person is None else person.find(f"{_SDTC}deceasedTime")
        dead = None if person is None else person.find(f"{_SDTC}deceasedInd")
        death = reading.time(died, "/deceasedTime", note=False)
        races = {RACES.get(attribute(item, "code")) for item in children(person, "raceCode")}
        info = PatientInfo(
            id=key,
            birth=None if birth.us == NAT else birth,
            sex=SEXES.get(attribute(child(person, "administrativeGenderCode"), "code").lower()),
            race=races.pop() if len(races) == 1 else None,
            death=death if death.us != NAT else UNKNOWN if attribute(dead, "value") == "true" else None,
        )
        self.sink.person(key, info)
        if death.us != NAT:
            event = reading.event(kind="death", time=death.us, width=death.width, offset=death.offset)
            self.sink.resource(key, [event])
        return key

    def run(self) -> None:
        """Read the sections that are of a known kind, and say which are not."""
        for section in self.root.iter(f"{V3}section"):
            kind = _kind(section)
            entries = children(section, "entry")
            self.count += len(entries)
            if self.count > _MOST_ENTRIES:
                raise InputError("ccda.too-large", "the document has too many entries", place=self.name)
            if attribute(section, "nullFlavor"):
                message = "a section that says it has no information"
                self.sink.log(self.key).add("ccda.no-information", message, self.name, "nothing read", "note")
            elif kind:
                for index, entry in enumerate(entries):
                    self._entry(kind, entry, index + 1)
            elif entries:
                message = f"a section with {len(entries)} entries of a kind that is not read"
                self.sink.log(self.key).add("ccda.not-read", message, self.name, "not read", "note")

    def _entry(self, kind: str, entry: Element, number: int) -> None:
        before = len(self.sink.sheet)
        place = f"entry {number} of {kind}"
        for name in _ENTRIES:
            for element in children(entry, name):
                self._statement(kind, element, place)
        if len(self.sink.sheet) == before:
            message = "an entry that no event came from"
            self.sink.log(self.key).add("ccda.no-event", message, f"{self.name}:{place}", "not read", "note")

    def _section(self, element: Element, place: str) -> Section:
        section = Section(self.sink.log(self.key), self.name, place, self.texts, self.resolver)
        key = identity(element, element.tag.rpartition("}")[2])
        if key:
            self.seen[key] = self.seen.get(key, 0) + 1
            section.id = key if self.seen[key] == 1 else f"{key}/{self.seen[key]}"
        return section

    def _write(self, events: list[Event]) -> None:
        rows = [row._replace(recorded=self.recorded) if row.recorded == NAT else row for row in events]
        self.sink.resource(self.key, rows)

    def _statement(self, kind: str, element: Element, place: str) -> None:
        name = element.tag.rpartition("}")[2]
        section = self._section(element, place)
        if name == "substanceAdministration" and kind in ("drugs", "given", "vaccines"):
            self._write(read_drug(section, element, kind == "vaccines", kind == "given"))
        elif name == "organizer" and kind in ("drugs", "given", "vaccines"):
            parts = [
                d for c in children(element, "component") for d in children(c, "substanceAdministration")
            ]
            for number, part in enumerate(parts, 1):
                self._statement(kind, part, f"{place}, component {number}")
        elif kind in ("problems", "allergies"):
            self._concern(kind, element, place)
        elif kind in ("results", "vitals"):
            self._panel(element, place)
        elif kind == "procedures" and name in ("procedure", "observation", "act"):
            self._write(read_done(section, element, "procedure"))
        elif kind == "encounters" and name == "encounter":
            self._write(read_done(section, element, "encounter"))

    def _concern(self, kind: str, act: Element, place: str) -> None:
        reader = read_problem if kind == "problems" else read_allergy
        inner = [o for r in children(act, "entryRelationship") for o in children(r, "observation")]
        found = [act] if act.tag == f"{V3}observation" else inner
        for number, element in enumerate(found, 1):
            part = f"{place}, {number}" if len(found) > 1 else place
            self._write(reader(self._section(element, part), element, act))

    def _panel(self, element: Element, place: str) -> None:
        """An organizer with its components, or an observation alone."""
        section = self._section(element, place)
        if element.tag == f"{V3}observation":
            self._write(read_observation(section, element, "", UNKNOWN, self.recorded))
            return
        outer, _ = section.interval(child(element, "effectiveTime"))
        panel = attribute(child(element, "code"), "code")
        parts = [o for c in children(element, "component") for o in children(c, "observation")]
        for number, part in enumerate(parts, 1):
            inner = self._section(part, f"{place}, component {number}")
            self._write(read_observation(inner, part, panel, outer, self.recorded))


def _kind(section: Element) -> str:
    """What a section holds, by its template, else by its LOINC code; empty for other kinds."""
    for template in children(section, "templateId"):
        root = attribute(template, "root")
        found = _BY_TEMPLATE.get(root) or _BY_TEMPLATE.get(root.removesuffix(".1"))
        if found:
            return found
    return _BY_CODE.get(attribute(child(section, "code"), "code"), "")
