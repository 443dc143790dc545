"""PID and MRG: who a message is about; never a name or an address."""

from __future__ import annotations

from pytwin.record.event import Event
from pytwin.record.hl7v2.context import Context
from pytwin.record.hl7v2.message import Field, Segment
from pytwin.record.people import RACES, SEXES
from pytwin.record.reading import at
from pytwin.record.record import PatientInfo
from pytwin.record.time import NAT, UNKNOWN

# identifier types by how well they name a person within one organisation; unlisted ones come after
_TYPES = ("MR", "PI", "PT", "AN", "")
_NEVER = ("SS", "DL", "PPN", "MC", "MA", "BC")  # of other registers, taken only where there is no other


def _rank(identifier: Field) -> tuple[bool, int]:
    kind = identifier.text(5).upper()
    return kind in _NEVER, _TYPES.index(kind) if kind in _TYPES else len(_TYPES)


def identifier(segment: Segment, indices: tuple[int, ...]) -> tuple[str, str]:
    """(number, assigning authority) of a person: medical record number first; empty where there is none."""
    for index in indices:
        found = [item for item in segment.repetitions(index) if item.text(1)]
        if found:
            best = min(found, key=_rank)
            return best.text(1), best.text(4, 1) or best.text(4, 2)
    return "", ""


def _race(segment: Segment) -> str | None:
    """The one category; None where none or several are given."""
    found = {RACES.get(item.text(1)) for item in segment.repetitions(10)}
    return found.pop() if len(found) == 1 else None


def read_person(ctx: Context, segment: Segment, key: str) -> tuple[PatientInfo, list[Event]]:
    """What a PID says that a model can use, and the event of a death."""
    birth = ctx.time(segment, 7, note=False)
    if birth.us == NAT:
        ctx.issue("patient.no-birth-date", "the patient has no date of birth", "-7", "the age is unknown")
    death = ctx.time(segment, 29, note=False)
    dead = segment.text(30).upper()
    if death.us != NAT and dead == "N":
        message = "a time of death of a patient who is said to be alive"
        ctx.issue("patient.death", message, "-29", "death taken as unknown")
        death = UNKNOWN
    sex = segment.text(8).lower()
    info = PatientInfo(
        id=key,
        birth=None if birth.us == NAT else birth,
        sex=SEXES.get(sex),
        race=_race(segment),
        death=death if death.us != NAT else UNKNOWN if dead == "Y" else None,
    )
    if info.death is None:
        return info, []
    if death.us == NAT:
        ctx.issue("time.missing", "a death without a time", "-30", "not usable")
    reason = "time.missing" if death.us == NAT else ""
    return info, [ctx.event(kind="death", recorded=ctx.message.sent, reason=reason, **at(death))]
