"""A genome as FHIR: a Bundle of Observations by the genomics-reporting guide."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pytwin.genome.fhir import codes
from pytwin.genome.fhir.codes import loinc
from pytwin.genome.fhir.variants import carried_text
from pytwin.genome.genotype import OTHER, Genotype
from pytwin.genome.statement import Statement
from pytwin.genome.tables import Position

if TYPE_CHECKING:
    from pytwin.genome.call import Call
    from pytwin.genome.genome import Genome

_NAMESPACE = uuid.UUID("6c1b7c2e-5d0c-5d64-8a53-0f3a1f5f4c11")
_METABOLIZERS = {name.lower(): code for code, name in codes.ANSWERS.items() if "metabolizer" in name}


class _Writer:
    def __init__(self, genome: Genome, subject: str | None, effective: str | None) -> None:
        self.genome = genome
        self.subject = subject
        self.effective = effective
        seed = "".join(source.sha256 for source in genome.sources)
        self.seed = f"{seed}:{subject or ''}"
        self.entries: list[dict[str, Any]] = []

    def add(self, profile: str, key: str, code: dict[str, Any], **elements: Any) -> str:
        """Append one Observation; its address, which repeats where the genome does."""
        url = f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{self.seed}:{profile}:{key}')}"
        resource: dict[str, Any] = {"resourceType": "Observation"}
        if profile:
            resource["meta"] = {"profile": [codes.PROFILE + profile]}
        if "extension" in elements:
            resource["extension"] = elements.pop("extension")
        resource["status"] = "final"
        resource["category"] = [{"coding": [{"system": s, "code": c}]} for s, c in codes.CATEGORIES]
        resource["code"] = code
        if self.subject:
            resource["subject"] = {"reference": self.subject}
        if self.effective:
            resource["effectiveDateTime"] = self.effective
        self.entries.append({"fullUrl": url, "resource": resource | elements})
        return url


def _reported() -> list[dict[str, Any]]:
    return [{"url": codes.REPORTED, "valueBoolean": True}]


def _component(code: str, **value: Any) -> dict[str, Any]:
    return {"code": loinc(code), **value}


def gene_component(gene: str) -> dict[str, Any]:
    """The component that names the gene studied."""
    number = codes.HGNC_IDS.get(gene)
    coding = [{"system": codes.HGNC, "code": f"HGNC:{number}", "display": gene}] if number else []
    value = {"coding": coding, "text": gene} if coding else {"text": gene}
    return _component(codes.GENE_STUDIED, valueCodeableConcept=value)


def _place(position: Position, gene: str) -> Iterator[dict[str, Any]]:
    """Components that say where a variant is."""
    sequence = codes.accession(position.chromosome)
    yield gene_component(gene)
    yield _component(codes.ASSEMBLY, valueCodeableConcept=loinc("LA26806-2"))
    concept = {"coding": [{"system": codes.REFSEQ, "code": sequence}]}
    yield _component(codes.CHROMOSOME_SEQUENCE, valueCodeableConcept=concept)
    last = position.pos + len(position.ref) - 1
    yield _component(codes.COORDINATES, valueCodeableConcept=loinc("LA30102-0"))
    yield _component(codes.START_END, valueRange={"low": {"value": position.pos}, "high": {"value": last}})
    yield _component(codes.REF_ALLELE, valueString=position.ref)
    if position.rsid:
        concept = {"coding": [{"system": codes.DBSNP, "code": position.rsid}]}
        yield _component(codes.DBSNP_ID, valueCodeableConcept=concept)


def _value(genotype: Genotype, position: Position) -> str:
    if genotype.missing:
        return "LA18198-4"
    changed = any(allele and allele != position.ref for allele in genotype.alleles)
    return "LA9633-4" if changed else "LA18198-4" if genotype.half else "LA9634-2"


def _variant(writer: _Writer, position: Position, genotype: Genotype, gene: str) -> str:
    """One Observation for each alternative allele; the address of the first."""
    parts = list(_place(position, gene))
    alts = list(dict.fromkeys(a for a in genotype.alleles if a and a != position.ref))
    urls = []
    for alt in alts or [""]:
        known = [_component(codes.ALT_ALLELE, valueString=alt)] if alt and alt != OTHER else []
        state = "LA6705-3" if genotype.alleles == (alt, alt) else "LA6706-1"
        zygosity = [_component(codes.ALLELIC_STATE, valueCodeableConcept=loinc(state))]
        carried = [{"url": codes.GENOTYPE_EXTENSION, "valueString": carried_text(genotype)}]
        urls.append(
            writer.add(
                "variant",
                f"{position.chromosome}:{position.pos}:{alt}",
                loinc(codes.VARIANT),
                extension=carried,
                valueCodeableConcept=loinc(_value(genotype, position)),
                component=parts + known + (zygosity if alt and not genotype.half else []),
            )
        )
    return urls[0]


def _phenotype(
    writer: _Writer,
    gene: str,
    key: str,
    name: str,
    source: str | None = None,
    *,
    score: float | None = None,
    reported: bool = False,
) -> None:
    known = codes.PHENOTYPES.get(gene)
    title = f"{gene} gene product metabolic activity interpretation" if known else f"{gene} phenotype"
    coding = {"coding": [{"system": codes.LOINC, "code": known, "display": title}]} if known else {}
    answer = _METABOLIZERS.get(name.lower())
    more: dict[str, Any] = {"extension": _reported()} if reported else {}
    if name:
        more["valueCodeableConcept"] = {**(loinc(answer) if answer else {}), "text": name}
    scored = [{"code": {"text": codes.SCORE}, "valueQuantity": {"value": score}}] if score is not None else []
    if source:
        more["derivedFrom"] = [{"reference": source}]
    writer.add(
        "",
        f"{gene}:{key}",
        {**coding, "text": title},
        component=[gene_component(gene), *scored],
        **more,
    )


def _genotype(writer: _Writer, gene: str, key: str, name: str, **more: Any) -> str:
    text = name if name.startswith(gene) else f"{gene} {name}"
    return writer.add(
        "genotype",
        f"{gene}:{key}",
        loinc(codes.GENOTYPE),
        valueCodeableConcept={"text": text},
        component=[gene_component(gene)],
        **more,
    )


def _observed(writer: _Writer, call: Call) -> None:
    """The variants of a gene, and what pytwin called and reports from them."""
    urls = [
        _variant(writer, position, call.observed[position.pos], call.gene)
        for position in call.table.positions
        if position.pos in call.observed
    ]
    url = None
    if urls and call.reported:
        from_variants = [{"reference": url} for url in urls]
        names = " or ".join(call.reported)
        url = _genotype(writer, call.gene, "called", names, extension=_reported(), derivedFrom=from_variants)
    if urls and call.phenotype:
        score = call.activity_score
        _phenotype(writer, call.gene, "called", call.phenotype, url, score=score, reported=True)


def _stated(writer: _Writer, number: int, one: Statement) -> None:
    url = None
    if one.diplotypes:
        url = _genotype(writer, one.gene, f"stated:{number}", " or ".join(one.diplotypes))
    if one.phenotype or one.activity_score is not None:
        _phenotype(writer, one.gene, f"stated:{number}", one.phenotype, url, score=one.activity_score)


def bundle(genome: Genome, subject: str | None = None, effective: str | None = None) -> dict[str, Any]:
    """A Bundle of type ``collection``; see ``Genome.to_fhir``."""
    writer = _Writer(genome, subject, effective)
    for call in genome.genes.values():
        _observed(writer, call)
    for position, genotype in genome.others.values():
        gene = next(name for name, call in genome.genes.items() if position in call.table.extra)
        _variant(writer, position, genotype, gene)
    for statements in genome.stated.values():
        for number, one in enumerate(statements):
            _stated(writer, number, one)
    result: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
    return {**result, "entry": writer.entries} if writer.entries else result
