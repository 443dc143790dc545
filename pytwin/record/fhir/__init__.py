"""Reading FHIR: Bundles of any type, single resources, arrays and NDJSON, of R4 and other versions."""

from __future__ import annotations

import re

from pytwin.record.fhir.reader import read

__all__ = ["read", "recognises", "recognises_bulk"]

_LINE = re.compile(rb'\{.{0,4000}"resourceType"[^\n]*\}[ \t\r]*\n\s*\{')


def recognises(head: bytes, name: str) -> bool:
    """Whether a file is JSON, or is called so: it is then better told what is wrong with its JSON."""
    utf16 = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    return utf16 or head.lstrip()[:1] in (b"{", b"[") or name.endswith(".json")


def recognises_bulk(head: bytes, name: str) -> bool:
    """Whether a file is NDJSON, by its name or because its first line is a whole resource."""
    return name.endswith((".ndjson", ".jsonl")) or _LINE.match(head.lstrip()) is not None
