"""Reading FHIR in JSON, NDJSON and XML: Bundles and single resources, of R4 and other versions."""

from __future__ import annotations

import re

from pytwin.formats.xmltext import looks_like_xml, text_of_head
from pytwin.record.fhir.reader import read
from pytwin.record.fhir.xmlform import NAMESPACE

__all__ = ["read", "recognises", "recognises_bulk"]

_LINE = re.compile(rb'\{.{0,4000}"resourceType"[^\n]*\}[ \t\r]*\n\s*\{')


def recognises(head: bytes, name: str) -> bool:
    """Whether a file is FHIR in XML, or JSON, or called so: it is then better told what is wrong with it."""
    if looks_like_xml(head):
        return NAMESPACE in text_of_head(head)
    utf16 = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    return utf16 or head.lstrip()[:1] in (b"{", b"[") or name.endswith(".json")


def recognises_bulk(head: bytes, name: str) -> bool:
    """Whether a file is NDJSON, by its name or because its first line is a whole resource."""
    return name.endswith((".ndjson", ".jsonl")) or _LINE.match(head.lstrip()) is not None
