"""From messages to events: whose each message is, and what its segments say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.issues import Severity
from pytwin.record.event import Event
from pytwin.record.hl7v2.clinical import (
    read_allergy,
    read_diagnosis,
    read_problem,
    read_procedure,
    read_visit,
)
from pytwin.record.hl7v2.context import Context, codings, entity
from pytwin.record.hl7v2.message import Message, Segment
from pytwin.record.hl7v2.orders import DrugOrder, read_dispense, read_given, read_order
from pytwin.record.hl7v2.patient import identifier, read_person
from pytwin.record.hl7v2.repeated import Repeated
from pytwin.record.hl7v2.results import Order, observed_code, read_observation
from pytwin.record.hl7v2.text import RawMessage, Splitter
from pytwin.record.log import IssueLog
from pytwin.record.resolver import Resolver
from pytwin.record.sink import Options, Sink

_CLINICAL: dict[str, Callable[[Context, Segment], list[Event]]] = {
    "AL1": read_allergy,
    "IAM": read_allergy,
    "DG1": read_diagnosis,
    "PRB": read_problem,
    "PR1": read_procedure,
    "PV1": read_visit,
}
_MERGES = ("A18", "A30", "A34", "A36", "A39", "A40")
# envelopes, context of what is read, and people and money, which hold nothing for a record
_SILENT = frozenset((
    "MSH", "EVN", "PID", "PD1", "PV2", "NK1", "ORC", "OBR", "SPM", "TQ1", "TQ2", "RXR", "MRG", "MSA", "QAK",
    "QPD", "QRD", "QRF", "SFT", "ERR", "IN1", "IN2", "IN3", "GT1", "DSC",
))  # fmt: skip
_NOTES = "NTE"


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read the messages of files one by one.

    Raises
    ------
    InputError
        ``hl7.no-message``, ``file.too-large``, or the code of the first error where no message names a
        patient.
    """
    for source in inputs:
        sink.opened(source)
        file = _File(source.name, sink, options.resolver)
        with source.open() as stream:
            for raw in file.splitter.messages(stream):
                file.take(raw)
                yield
        file.finish()


class _File:
    """One file on its way into the sink."""

    def __init__(self, name: str, sink: Sink, resolver: Resolver) -> None:
        self.name = name
        self.resolver = resolver
        self.sink = sink
        self.splitter = Splitter(sink.log(), name)
        self.repeated = Repeated(sink, name, resolver)
        self._before = len(sink.log().issues())
        self._authority: dict[str, str] = {}
        self._patients = 0
        self._unread: Counter[str] = Counter()

    def take(self, raw: RawMessage) -> None:
        """Read one message; what makes it unreadable is an issue, and the rest is read."""
        try:
            _Walk(self, Message(raw, self.sink.log(), self.name)).run()
        except InputError as error:
            place = error.place or f"{self.name}:message {raw.number}"
            self.sink.log().add(error.code, error.message, place, "the rest of the message left out", "error")

    def key_of(self, segment: Segment, message: Message) -> str:
        """Whose a PID is: its number; with its authority where another one gave out the same number."""
        number, authority = identifier(segment, (3, 2, 4))
        self._patients += 1
        if not number:
            text = "a patient without an identifier"
            place = f"{self.name}:{message.place}, {segment.place}"
            self.sink.log().add("patient.no-identifier", text, place, "kept apart from everybody", "error")
            return f"{self.name}:{message.place}"
        known = self._authority.setdefault(number, authority)
        if authority and not known:
            self._authority[number] = authority
        if authority and known and authority != known:
            key = f"{number}^^^{authority}"
            text = "one number, given out by two authorities"
            self.sink.log(key).add("patient.same-number", text, self.name, "taken for two persons", "warning")
            return key
        return number

    def unread(self, name: str) -> None:
        """Count a segment that no event came from."""
        self._unread[name] += 1

    def finish(self) -> None:
        """Say what was not read, and refuse a file in which nobody was found."""
        log = self.sink.log()
        for name, count in sorted(self._unread.items()):
            if name == _NOTES:
                log.add("hl7.note", f"{count} notes (NTE)", self.name, "not read", "note")
            elif name.startswith("Z"):
                log.add(
                    "hl7.z-segment", f"{count} segments of the sender's own", self.name, "not read", "note"
                )
            else:
                log.add("hl7.not-read", f"{count} segments {name}", self.name, "not read", "note")
        if not self._patients:
            errors = [issue for issue in list(log.issues())[self._before :] if issue.severity == "error"]
            code = errors[0].code if errors else "record.no-patient"
            message = errors[0].message if errors else "no message names a patient"
            raise InputError(code, message, place=self.name)


class _Walk:
    """The segments of one message in turn."""

    def __init__(self, file: _File, message: Message) -> None:
        self.file = file
        self.message = message
        self.key: str | None = None
        self.order = Order(None, None)
        self.control: Segment | None = None
        self.drugs = DrugOrder()
        self.seen: Counter[str] = Counter()

    def run(self) -> None:
        for index, segment in enumerate(self.message.segments):
            if segment.name == "PID":
                self._end_drugs()
                self._person(segment)
            elif self.key is None and segment.name not in _SILENT and segment.name != _NOTES:
                self._ownerless(segment)
            else:
                self._segment(segment, index)
        self._end_drugs()
        if self.key is None:
            self._issue("hl7.no-patient", "a message that names no patient", "", "left out")

    def _issue(self, code: str, message: str, place: str, action: str) -> None:
        where = f"{self.file.name}:{self.message.place}{place}"
        severity: Severity = "note" if code == "hl7.no-patient" else "error"
        self.file.sink.log().add(code, message, where, action, severity)

    def _ownerless(self, segment: Segment) -> None:
        if segment.name in ("OBX", *_CLINICAL, "RXO", "RXE", "RXD", "RXA"):
            text = "a segment before the patient is named"
            self._issue("hl7.no-subject", text, f", {segment.place}", "left out: it may be anybody's")
        else:
            self.file.unread(segment.name)

    def _context(self, segment: Segment, id: str = "") -> Context:
        key = self.key or ""
        log = self.file.sink.log(key)
        return Context(log, self.file.name, self.message, segment, id, self.file.resolver)

    def _write(self, events: list[Event]) -> None:
        if events:
            self.file.sink.resource(self.key or "", events)

    def _person(self, segment: Segment) -> None:
        self.key = self.file.key_of(segment, self.message)
        self.order, self.control = Order(None, None), None
        info, events = read_person(self._context(segment, "PID/death"), segment, self.key)
        self.file.sink.person(self.key, info)
        self._write(events)

    def _segment(self, segment: Segment, index: int) -> None:
        name = segment.name
        if name == "ORC":
            self._end_drugs()
            self.control = self.drugs.control = segment
            self.order = Order(None, segment)
        elif name == "OBR":
            self._end_drugs()
            self.order = Order(segment, self.control)
            self.order.specimen = self._specimen(index)
        elif name == "OBX":
            self._observation(segment)
        elif name in ("RXO", "RXE", "RXD", "RXA", "RXR", "TQ1"):
            self.drugs.segments.append(segment)
        elif name == "MRG":
            self._merge(segment)
        elif name in _CLINICAL:
            self._write(_CLINICAL[name](self._context(segment, self._identity(segment)), segment))
        elif name not in _SILENT:
            self.file.unread(name)

    def _observation(self, segment: Segment) -> None:
        """An OBX: as one like it was read before, else by the slow reader."""
        repeated, key = self.file.repeated, self.key or ""
        if repeated.write(key, self.message, segment, self.order):
            return
        ctx = self._context(segment, self.order.identity(observed_code(segment), segment.raw(4)))
        if not repeated.plain(segment):
            self._write(read_observation(ctx, segment, self.order))
            return
        log, ctx.log = ctx.log, IssueLog()
        events = read_observation(ctx, segment, self.order)
        self._write(events)
        issues = tuple(ctx.log.issues())
        log.extend(issues)
        repeated.learn(self.message, segment, self.order, events, issues)

    def _specimen(self, index: int) -> Segment | None:
        """The specimen of an OBR: the first SPM behind it and before the next OBR."""
        for segment in self.message.segments[index + 1 :]:
            if segment.name in ("OBR", "PID"):
                return None
            if segment.name == "SPM":
                return segment
        return None

    def _identity(self, segment: Segment) -> str:
        """Identity of a clinical entry, where it has one."""
        field = {"DG1": 20, "PRB": 4, "PR1": 19, "IAM": 7, "PV1": 19}.get(segment.name, 0)
        number = entity(segment, field) if field else ""
        return self._counted(f"{segment.name}/{number}") if number else ""

    def _counted(self, key: str) -> str:
        """A key; with a count where a message has it more than once, so that none replaces another."""
        self.seen[key] += 1
        return key if self.seen[key] == 1 else f"{key}/{self.seen[key]}"

    def _end_drugs(self) -> None:
        """Read the order that was collected."""
        order, self.drugs = self.drugs, DrugOrder(self.control)
        mains = [segment for segment in order.segments if segment.name.startswith("RX")]
        encoded = any(segment.name == "RXE" for segment in mains)
        number = order.number()
        for segment in mains:
            if segment.name == "RXO" and encoded:
                ctx = self._context(segment)
                ctx.issue(
                    "hl7.encoded", "an order that RXE gives in its final form", "", "RXE counts", "note"
                )
            elif segment.name in ("RXO", "RXE"):
                ctx = self._context(segment, self._counted(f"RX/{number}") if number else "")
                self._write(read_order(ctx, order, segment))
            elif segment.name == "RXD":
                key = f"RXD/{number}/{segment.text(1)}/{segment.text(3)}"
                self._write(read_dispense(self._context(segment, key if number else ""), order, segment))
            elif segment.name == "RXA":
                self._given(order, segment, number)

    def _given(self, order: DrugOrder, segment: Segment, number: str) -> None:
        key = f"RXA/{number}/{segment.text(2)}/{segment.text(3)}/{segment.text(5)}"
        ctx = self._context(segment, self._counted(key) if number else "")
        cvx = any(system == "CVX" for system, _, _ in codings(segment.field(5)))
        self._write(read_given(ctx, order, segment, cvx or self.message.kind == "VXU"))

    def _merge(self, segment: Segment) -> None:
        """MRG: what is known under the old number belongs to the new one."""
        old, _ = identifier(segment, (1, 4))
        ctx = self._context(segment)
        if self.message.trigger not in _MERGES or not old or self.key is None:
            ctx.issue("hl7.not-read", "a merge or move of something else than a person", "", "not read")
        elif old != self.key:
            self.file.sink.same(old, self.key)
