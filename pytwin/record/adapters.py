"""The formats that are read, in the order in which they are tried: tables of any text come last."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.record import ccda, csvread, fhir, hl7v2
from pytwin.record.sink import Options, Sink
from pytwin.record.tables import eicu, meds, mimic, omop, synthea
from pytwin.record.tables.sources import is_typed, table_head
from pytwin.record.wearables import applehealth, carelink, dexcom, libre, nightscout, openmhealth, wfdb


class Adapter(NamedTuple):
    """One format.

    Attributes
    ----------
    name : str
        What ``format=`` calls it.
    recognises : callable
        ``(head, name) -> bool``: whether a file is of this format, from its first 4,096 bytes
        (decompressed, without a UTF-8 mark; of Parquet see ``frames.table_head``) and its name in lower
        case without ``.gz``.
    read : callable
        ``(inputs, sink, options)``, a generator that writes into the sink and yields after each
        element of the source, so that the driver can take rows away.
    together : bool
        The files of one folder are one data set: a patient's data are spread over them.
    root : callable
        From a folder to that of its data set, where a data set has folders within.
    """

    name: str
    recognises: Callable[[bytes, str], bool]
    read: Callable[[Sequence[Input], Sink, Options], Iterator[None]]
    together: bool = False
    root: Callable[[str], str] = str


ADAPTERS = (
    Adapter("ccda", ccda.recognises, ccda.read),
    Adapter("hl7v2", hl7v2.recognises, hl7v2.read),
    Adapter("applehealth", applehealth.recognises, applehealth.read),
    Adapter("nightscout", nightscout.recognises, nightscout.read),
    Adapter("openmhealth", openmhealth.recognises, openmhealth.read),
    Adapter("fhir-bulk", fhir.recognises_bulk, fhir.read, together=True),
    Adapter("fhir", fhir.recognises, fhir.read),
    Adapter("dexcom", dexcom.recognises, dexcom.read),
    Adapter("carelink", carelink.recognises, carelink.read),
    Adapter("libre", libre.recognises, libre.read),
    Adapter("wfdb", wfdb.recognises, wfdb.read, together=True),
    Adapter("omop", omop.recognises, omop.read, together=True),
    Adapter("synthea", synthea.recognises, synthea.read, together=True),
    Adapter("mimic", mimic.recognises, mimic.read, together=True, root=mimic.root),
    Adapter("eicu", eicu.recognises, eicu.read, together=True),
    Adapter("meds", meds.recognises, meds.read, together=True, root=meds.root),
    Adapter("csv", csvread.recognises, csvread.read),
)
FORMATS = ("auto", *(adapter.name for adapter in ADAPTERS))

# first bytes of formats that are not read -> their name
_OTHERS = {
    b"<": "XML",
    b"%PDF": "PDF",
    b"PAR1": "a table of columns",
}


_SHORTHAND = re.compile(
    rb"(?:\s|//[^\n]*\n)*(?:Alias|Instance|Profile|Extension|ValueSet|CodeSystem|RuleSet|Invariant):\s"
)


def _other(head: bytes, name: str) -> str:
    """Name of a format that is known and not read."""
    if name.endswith(".atr"):
        return "WFDB annotations"
    if name.endswith(".fsh") or _SHORTHAND.match(head):
        return "FHIR Shorthand"
    return next((other for magic, other in _OTHERS.items() if head.lstrip().startswith(magic)), "")


def named(name: str) -> Adapter:
    """The adapter of a format that the user states.

    Raises
    ------
    InputError
        ``format.unknown``.
    """
    for adapter in ADAPTERS:
        if adapter.name == name:
            return adapter
    raise InputError("format.unknown", f"format must be one of {', '.join(FORMATS)}")


def sniff(source: Input) -> Adapter:
    """The adapter of what a file contains.

    Raises
    ------
    InputError
        ``format.unsupported`` for a format that is recognised and not read, ``format.unknown``
        for bytes that are no text, ``file.empty``.
    """
    head = table_head(source)
    if not head.strip():
        raise InputError("file.empty", "the file is empty", place=source.name)
    name = source.name.lower().removesuffix(".gz")
    *specific, plain = ADAPTERS
    for adapter in specific:
        if adapter.recognises(head, name):
            return adapter
    other = _other(head, name)
    if other:
        message = f"the file is {other}, of no kind that is read"
        hint = "Say with mapping= what its columns mean" if is_typed(source) else ""
        raise InputError("format.unsupported", message, place=source.name, hint=hint)
    if plain.recognises(head, name):
        return plain
    raise InputError("format.unknown", "the format of the file is not known", place=source.name)


def is_table(source: Input) -> bool:
    """Whether a mapping may say what a file means: typed columns, or text like no other format."""
    if is_typed(source):
        return True
    head = source.head().removeprefix(b"\xef\xbb\xbf").lstrip()
    other = head.startswith((b"{", b"[", *_OTHERS)) or head[:2] in (b"\xff\xfe", b"\xfe\xff")
    return bool(head) and not other and b"\x00" not in head
