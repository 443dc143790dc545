"""Getting at elements of FHIR JSON that may be absent or of another form than they should be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pytwin.genome.fhir import codes
from pytwin.genome.known import gene_within, is_gene

Json = Mapping[str, Any]
_HGNC = re.compile(r"(?:HGNC:)?(\d{1,6})")
_DEEPEST = 40
_HIGHEST_SCORE = 100
# Elements that a place names; another key might hold anything.
_STEPS = frozenset({"entry", "resource", "contained", "parameter", "part"})


class Found(NamedTuple):
    """An Observation, where it stands, and what others call it."""

    resource: Json
    place: str
    names: tuple[str, ...]


def dicts(value: Any) -> list[Json]:
    """The objects of a list, or of one object; empty for anything else."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text, or an empty one."""
    return value.strip() if isinstance(value, str) else ""


def observations(value: Any, place: str, full: str = "", depth: int = 0) -> Iterator[Found]:
    """All Observations within a resource: of a Bundle, contained ones, those of Parameters."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from observations(item, f"{place}[{at}]", "", depth + 1)
    if not isinstance(value, dict):
        return
    kind = text(value.get("resourceType"))
    if kind == "Observation":
        name = text(value.get("id"))
        yield Found(
            value, place, tuple(filter(None, (full, name and f"Observation/{name}", name and f"#{name}")))
        )
    for key, inner in value.items():
        if isinstance(inner, dict | list) and (kind != "Observation" or key == "contained"):
            within = text(value.get("fullUrl")) if key == "resource" else ""
            step = key if key in _STEPS else "*"
            yield from observations(inner, f"{place}.{step}", within, depth + 1)


def concept_codes(concept: Any, system: str = codes.LOINC) -> list[str]:
    """Codes of a CodeableConcept in one system."""
    return [
        text(coding.get("code"))
        for one in dicts(concept)
        for coding in dicts(one.get("coding"))
        if text(coding.get("system")) == system
    ]


def concept_texts(concept: Any) -> list[str]:
    """What a CodeableConcept says in words: its text, displays, and codes."""
    found = []
    for one in dicts(concept):
        found.append(text(one.get("text")))
        for coding in dicts(one.get("coding")):
            found += [text(coding.get("display")), text(coding.get("code"))]
    return [words for words in found if words]


def components(resource: Json, code: str) -> list[Json]:
    """Components of an Observation with a LOINC code."""
    return [one for one in dicts(resource.get("component")) if code in concept_codes(one.get("code"))]


def component_texts(resource: Json, code: str) -> list[str]:
    """Values in words of the components with a code."""
    found = []
    for one in components(resource, code):
        found += [text(one.get("valueString")), *concept_texts(one.get("valueCodeableConcept"))]
    return [words for words in found if words]


def value_texts(resource: Json) -> list[str]:
    """The value of an Observation in words."""
    return [
        *filter(None, [text(resource.get("valueString"))]),
        *concept_texts(resource.get("valueCodeableConcept")),
    ]


def score_of(resource: Json) -> float | None:
    """The activity score of a phenotype, where a component has one."""
    for one in dicts(resource.get("component")):
        named = any(codes.SCORE in words.lower() for words in concept_texts(one.get("code")))
        quantity = one.get("valueQuantity")
        value = quantity.get("value") if isinstance(quantity, dict) else None
        if named and isinstance(value, int | float) and 0 <= value < _HIGHEST_SCORE:
            return float(value)
    return None


def extension(resource: Json, url: str) -> Any:
    """The value of an extension; None where there is none."""
    for one in dicts(resource.get("extension")):
        if one.get("url") == url:
            return next((value for key, value in one.items() if key.startswith("value")), None)
    return None


def references(value: Any) -> list[str]:
    """What References point to."""
    return [text(one.get("reference")) for one in dicts(value) if text(one.get("reference"))]


def genes_studied(resource: Json) -> list[str]:
    """Known genes of the components for the gene studied, or of R4's extension for it."""
    found: list[str] = []
    of_r4 = [
        words
        for one in dicts(resource.get("extension"))
        if one.get("url") == codes.GENE_EXTENSION
        for words in concept_texts(one.get("valueCodeableConcept"))
    ]
    for words in (*component_texts(resource, codes.GENE_STUDIED), *of_r4):
        number = _HGNC.fullmatch(words)
        gene = codes.GENES.get(int(number.group(1)), "") if number else gene_within(words)
        if gene and is_gene(gene) and gene not in found:
            found.append(gene)
    return found


def gene_of(resource: Json) -> str:
    """The gene of an Observation: of its value, else studied, else of its code; empty where none is told."""
    for words in value_texts(resource):
        if gene_within(words):
            return gene_within(words)
    studied = genes_studied(resource)
    if len(studied) == 1:
        return studied[0]
    by_code = {code: gene for gene, code in codes.PHENOTYPES.items()}
    for code in concept_codes(resource.get("code")):
        if code in by_code:
            return by_code[code]
    return next(filter(None, map(gene_within, concept_texts(resource.get("code")))), "")
