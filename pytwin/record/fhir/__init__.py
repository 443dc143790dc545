"""Reading FHIR R4 in JSON: Bundles of any type and single resources."""

from __future__ import annotations

from pytwin.record.fhir.reader import read

__all__ = ["read", "recognises"]


def recognises(head: bytes, name: str) -> bool:
    """Whether a file is JSON, or is called so: it is then better told what is wrong with its JSON."""
    utf16 = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    return utf16 or head.lstrip()[:1] in (b"{", b"[") or name.endswith(".json")
