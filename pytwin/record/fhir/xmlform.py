"""FHIR in XML as the JSON that says the same.

XML does not say which elements repeat and what is a number; the structures of ``formats/fhir.py`` do, and
where none is at hand, a name that repeats in any of them is taken to repeat. The text for people (xhtml) is
left out.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from pytwin.errors import InputError
from pytwin.formats import fhir, fhir_care
from pytwin.formats.xmltext import Element, parse
from pytwin.issues import Issues
from pytwin.record.fhir.kinds import KINDS

NAMESPACE = "http://hl7.org/fhir"
_MOST = 4001  # of one element in another
_MANY = 200_000  # tags, from which on one element that is repeated is looked for
_REPEATED = re.compile(rb"(<[^<>]{1,200}>\s*(?:<[^<>]{1,200}>\s*)?)\1{20000}")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_TYPED = (int, float, bool)
_NUMBERS = ("valueInteger", "valueDecimal", "multipleBirthInteger", "size", "total")
_LISTS = frozenset(
    [
        "entry",
        "link",
        "contained",
        "extension",
        "modifierExtension",
        "identifier",
        "component",
        "hasMember",
        "name",
        "telecom",
        "address",
        "contact",
        "communication",
        "photo",
        "category",
        "performer",
        "note",
        "referenceRange",
        "interpretation",
        "dosageInstruction",
        "given",
        "line",
        "prefix",
        "participant",
        "location",
        "diagnosis",
        "result",
        "section",
        "reasonCode",
        "reasonReference",
        "bodySite",
        "tag",
        "profile",
        "security",
    ]
)

# elements that are kept as text in the structures and read as these later
_LATER: dict[str, type[Struct]] = {
    "component": fhir.Valued,
    "dosageInstruction": fhir.Dosage,
    "dosage": fhir.Dosage,
    "identifier": fhir.Identifier,
    "extension": fhir.Extension,
}
Field = tuple[Any, bool]  # type of one element, whether it repeats


class _Literal:
    """A number or truth value as it stands in JSON."""


@lru_cache(maxsize=64)
def _fields(structure: type[Struct] | None) -> dict[str, Field]:
    if structure is None:
        return {}
    return {f.encode_name: _form(f.encode_name, f.type) for f in msgspec.structs.fields(structure)}


def _form(name: str, annotation: Any) -> Field:
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        annotation = kinds[0]
    if get_origin(annotation) is list:
        (inner,) = get_args(annotation)
        return (_LATER.get(name) if inner is Raw else inner), True
    if annotation is Raw:
        return _LATER.get(name), name in _LISTS
    return annotation, False


def _structure(kind: str) -> type[Struct] | None:
    others: dict[str, type[Struct]] = {"Patient": fhir.Patient, "Medication": fhir.Medication}
    return KINDS[kind].structure if kind in KINDS else others.get(kind)


def _local(element: Element) -> str:
    tag = element.tag
    return tag[len(NAMESPACE) + 2 :] if tag.startswith("{" + NAMESPACE + "}") else ""


def _scalar(name: str, text: str, kind: Any, parent: Any) -> Any:
    """A primitive value: a literal where FHIR has numbers or truth values."""
    literal = kind in _TYPED or name in _NUMBERS or (name == "value" and parent is fhir.Quantity)
    if literal and (text in ("true", "false") or _NUMBER.fullmatch(text)):
        return Raw(text.encode())
    if text in ("true", "false") and kind is None:
        return text == "true"
    return text


def _value(element: Element, name: str, kind: Any, parent: Any) -> Any:
    text = element.get("value")
    if text is not None:
        return _scalar(name, text, kind, parent)
    inside = [_local(child) for child in element]
    if len(inside) == 1 and inside[0][:1].isupper():
        return _resource(element[0])
    structure = kind if isinstance(kind, type) and issubclass(kind, Struct) else _guess(inside)
    return _object(element, structure)


def _guess(names: list[str]) -> type[Struct] | None:
    """A quantity is told by its elements, where no structure says what an element is."""
    return fhir.Quantity if "value" in names and {"unit", "code", "comparator"} & set(names) else None


def _object(element: Element, structure: type[Struct] | None) -> dict[str, Any]:
    fields = _fields(structure)
    found: dict[str, Any] = {key: text for key, text in element.attrib.items() if key in ("id", "url")}
    count: dict[str, int] = {}
    for child in element:
        name = _local(child)
        if not name:
            continue  # xhtml, or an element of another namespace
        count[name] = count.get(name, 0) + 1
        if name != "entry" and count[name] > _MOST:
            continue  # one more than is read, so that it is reported
        if not len(child) and not child.attrib:
            continue  # FHIR has no empty elements
        kind, many = fields.get(name) or (_LATER.get(name), name in _LISTS or name in _repeating())
        value = _value(child, name, kind, structure)
        if many:
            found.setdefault(name, []).append(value)
        elif name not in found or name == "id":
            found[name] = value
        elif not isinstance(found[name], list):
            found[name] = [found[name], value]
        else:
            found[name].append(value)
    return found


@lru_cache(maxsize=1)
def _repeating() -> frozenset[str]:
    """Names that repeat in every structure that has them."""
    every = [s for m in (fhir, fhir_care) for s in vars(m).values() if isinstance(s, type)]
    structures = [s for s in every if issubclass(s, Struct) and s is not Struct]
    fields = [(name, many) for s in structures for name, (_, many) in _fields(s).items()]
    return frozenset(name for name, many in fields if many) - {name for name, many in fields if not many}


def _resource(element: Element) -> dict[str, Any]:
    kind = _local(element)
    return {"resourceType": kind, **_object(element, _structure(kind))}


def as_json(data: bytes, name: str, issues: Issues) -> bytes:
    """A resource in XML as JSON.

    Parameters
    ----------
    data : bytes
    name : str
        File, for the errors' place.
    issues : Issues
        Takes what was odd in the text.

    Raises
    ------
    InputError
        ``fhir.not-fhir``, and as ``xmltext.parse``.
    """
    if data.count(b"<") > _MANY and _REPEATED.search(data):
        raise InputError("fhir.too-many", "an element is repeated too often", place=name)
    root = parse(data, name, issues=issues)
    if not _local(root)[:1].isupper():
        raise InputError("fhir.not-fhir", "the XML is no FHIR resource", place=name)
    return msgspec.json.encode(_resource(root))
