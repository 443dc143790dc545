"""Lines ``##key=value`` of a VCF header: their grammar, and the rules for those with a defined meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from pytwin.genome.vcf_fault import Fault, Malformed
from pytwin.genome.vcf_fields import TYPES, Version, number_allowed, reserved

_LINE = re.compile(r"##([^=\s]+)=(.+)", re.DOTALL)
_PAIR = re.compile(r'\s*([0-9A-Za-z_.+-]+)=(?:"((?:[^"\\]|\\.)*)"|(\[[^\[\]]*\])|([^",\[][^,]*|))\s*(?:,|$)')
_URL = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?=[0-9.-]*[A-Za-z])[A-Za-z0-9.-]+)(?::[0-9]+)?(?:/\S*)?"
)
_ALT_PREFIX = re.compile(r"(?:DEL|INS|DUP|INV|CNV)(?::[^\s<>,]+)*")
_ALT_KNOWN = re.compile(r"NON_REF|\*|CN[0-9]+|X|[RYSWKMBDHVN]")
_ORDER = ("ID", "Number", "Type", "Description")


class Value(NamedTuple):
    """One attribute of a structured line, and whether it stood in quotation marks."""

    text: str
    quoted: bool


class Meta(NamedTuple):
    """A header line: its key, and its text or its attributes."""

    key: str
    text: str
    attributes: Mapping[str, Value] | None


def parse_meta(line: str) -> Meta:
    """Split a line.

    Raises
    ------
    Malformed
        ``vcf.meta-malformed``.
    """
    found = _LINE.fullmatch(line)
    if found is None:
        raise Malformed("meta-malformed", "a '##' line is not of the form key=value")
    key, text = found.groups()
    if key == "pedigreeDB" or not text.startswith("<"):
        if key in _RULES and key not in ("pedigreeDB", "assembly"):
            raise Malformed("meta-malformed", f"{key} is not of the form <ID=...>")
        return Meta(key, text, None)
    if not text.endswith(">"):
        raise Malformed("meta-malformed", "the line lacks the closing angle bracket")
    return Meta(key, text, _attributes(text[1:-1]))


def _attributes(body: str) -> dict[str, Value]:
    result: dict[str, Value] = {}
    at = 0
    while at < len(body):
        found = _PAIR.match(body, at)
        if found is None:
            raise Malformed(
                "meta-malformed", "an attribute is not key=value, or a quotation mark is not closed"
            )
        key, quoted, listed, plain = found.groups()
        if key in result:
            raise Malformed("meta-malformed", "an attribute is given twice")
        result[key] = Value(quoted if quoted is not None else listed or plain or "", quoted is not None)
        at = found.end()
    if not result:
        raise Malformed("meta-malformed", "the line has no attribute")
    return result


def check_meta(meta: Meta, version: Version) -> Iterator[Fault]:
    """What breaks the rules of this kind of line; lines of other kinds are free."""
    rule = _RULES.get(meta.key)
    if rule is None:
        return
    for reason in rule(meta, version):
        yield Fault(f"vcf.meta-{meta.key.lower()}", f"{meta.key}: {reason}")


def _in_order(attributes: Mapping[str, Value]) -> bool:
    keys = [key for key in attributes if key in _ORDER]
    return keys == sorted(keys, key=_ORDER.index) and list(attributes)[: len(keys)] == keys


def _identifier(attributes: Mapping[str, Value]) -> Iterator[str]:
    name = attributes.get("ID")
    if name is None or not name.text:
        yield "ID is missing"
    elif re.search(r"[\s<>,]", name.text):
        yield "ID holds a blank, a comma or an angle bracket"


def _description(attributes: Mapping[str, Value]) -> Iterator[str]:
    found = attributes.get("Description")
    if found is None:
        yield "Description is missing"
    elif not found.quoted:
        yield "Description is not in quotation marks"


def _number_type(attributes: Mapping[str, Value], column: str, version: Version) -> Iterator[str]:
    number, kind = attributes.get("Number"), attributes.get("Type")
    if number is not None and not number_allowed(number.text, version):
        yield "Number is none of the allowed ones"
    if kind is not None and kind.text not in TYPES[column]:
        yield "Type is none of the allowed ones"


def _field(meta: Meta, version: Version) -> Iterator[str]:
    attributes = meta.attributes or {}
    yield from _identifier(attributes)
    yield from _description(attributes)
    if not _in_order(attributes):
        yield "the attributes are not in the order ID, Number, Type, Description"
    for key in ("Number", "Type"):
        if key not in attributes:
            yield f"{key} is missing"
    yield from _number_type(attributes, meta.key, version)
    known = reserved(meta.key, version).get(attributes["ID"].text) if "ID" in attributes else None
    if known is None:
        return
    if known.number is not None and attributes.get("Number", Value(known.number, False)).text != known.number:
        yield f"Number of this reserved key is not {known.number}"
    if known.type is not None and attributes.get("Type", Value(known.type, False)).text != known.type:
        yield f"Type of this reserved key is not {known.type}"


def _filter(meta: Meta, version: Version) -> Iterator[str]:
    yield from _identifier(meta.attributes or {})
    yield from _description(meta.attributes or {})
    if "ID" in (meta.attributes or {}) and (meta.attributes or {})["ID"].text == "0":
        yield "the ID 0 is reserved"


def _alt(meta: Meta, version: Version) -> Iterator[str]:
    attributes = meta.attributes or {}
    yield from _identifier(attributes)
    yield from _description(attributes)
    yield from _number_type(attributes, "INFO", version)
    if not _in_order(attributes):
        yield "the attributes are not in the order ID, Number, Type, Description"
    name = attributes.get("ID", Value("DEL", False)).text
    if _ALT_PREFIX.fullmatch(name) or _ALT_KNOWN.fullmatch(name):
        return
    if version < (4, 3) or ":" in name:
        yield "ID is not DEL, INS, DUP, INV or CNV with its subtypes"


def _contig(meta: Meta, version: Version) -> Iterator[str]:
    attributes = meta.attributes or {}
    yield from _identifier(attributes)
    length = attributes.get("length")
    if length is not None and not (length.text.isascii() and length.text.isdigit() and len(length.text) < 20):
        yield "length is not a whole number"


def _sample(meta: Meta, version: Version) -> Iterator[str]:
    attributes = meta.attributes or {}
    if "ID" not in attributes:
        yield "ID is missing"
    elif re.search(r"[\s<>,*]", attributes["ID"].text):
        yield "ID holds a blank or a sign that is not allowed"
    if version >= (4, 3):
        return
    for key in ("Genomes", "Mixture"):
        if key not in attributes:
            yield f"{key} is missing"
        elif attributes[key].quoted:
            yield f"{key} is in quotation marks"


def _pedigree(meta: Meta, version: Version) -> Iterator[str]:
    attributes = meta.attributes or {}
    if version >= (4, 3) and "ID" not in attributes:
        yield "ID is missing"
    if any(re.search(r"\s", value.text) for value in attributes.values()):
        yield "a name holds a blank"
    elif version < (4, 3) and any(re.search(r"[^0-9A-Za-z_.-]", value.text) for value in attributes.values()):
        yield "a name holds a sign that is not allowed"


def _meta(meta: Meta, version: Version) -> Iterator[str]:
    attributes = meta.attributes or {}
    yield from _identifier(attributes)
    values = attributes.get("Values")
    if values is not None and not values.text.startswith("["):
        yield "Values are not in square brackets"


def _url(meta: Meta, version: Version) -> Iterator[str]:
    text = meta.text
    if meta.key == "pedigreeDB":
        text = text.removeprefix("<").removesuffix(">")
    if not text.strip():
        yield "the address is missing"
    elif ("://" in text or meta.key == "pedigreeDB") and not _URL.fullmatch(text):
        yield "the address is not valid"


_RULES: Mapping[str, Callable[[Meta, Version], Iterator[str]]] = {
    "INFO": _field,
    "FORMAT": _field,
    "FILTER": _filter,
    "ALT": _alt,
    "contig": _contig,
    "SAMPLE": _sample,
    "PEDIGREE": _pedigree,
    "META": _meta,
    "assembly": _url,
    "pedigreeDB": _url,
}
