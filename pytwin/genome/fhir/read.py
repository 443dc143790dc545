"""A genome from FHIR: Observations of genotypes, phenotypes and variants in a Bundle or another resource.

Genomic Observations are those of the genomics-reporting guide, of the profile for genetics in FHIR R4,
and those whose code names a gene with its genotype or phenotype. A patient's whole record may hold them
among all else.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.formats.jsontext import ShapeError, decode
from pytwin.genome.fhir import codes
from pytwin.genome.fhir.elements import (
    Found,
    concept_codes,
    concept_texts,
    extension,
    gene_of,
    genes_studied,
    observations,
    references,
    score_of,
    text,
    value_texts,
)
from pytwin.genome.fhir.variants import Variants
from pytwin.genome.genome import Genome, Source
from pytwin.genome.known import gene_within, is_gene
from pytwin.genome.limited import LimitedIssues
from pytwin.genome.observed import called_genome
from pytwin.genome.options import Options
from pytwin.genome.results.cells import json_of
from pytwin.genome.results.outside import joined
from pytwin.genome.stated import is_missing, several
from pytwin.genome.statement import Statement, grouped
from pytwin.genome.vcf_header import SampleError
from pytwin.issues import Issues

LARGEST = 1 << 30
_TAKEN_BACK = ("entered-in-error", "cancelled", "registered")
_STATES_GENOTYPE = re.compile(r"\b(?:geno|diplo)type", re.IGNORECASE)
_STATES_HAPLOTYPE = re.compile(r"\bhaplotype", re.IGNORECASE)
_STATES_PHENOTYPE = re.compile(r"phenotype|metaboli[sz]er status|activity interpretation", re.IGNORECASE)


def recognises(head: bytes, name: str) -> bool:
    """JSON that has a resource type."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" and b'"resourceType"' in head


def read(source: Input, options: Options) -> Genome:
    """Read genomic Observations; see ``read_genome``.

    Raises
    ------
    InputError
        Not JSON; ``fhir.no-genomics`` where no Observation is about a gene.
    SampleError
        Observations of several patients and none named.
    """
    issues = LimitedIssues()
    kinds = _kinds(list(observations(_json(source, issues), "")), issues, source.name)
    kinds, subject = _of_one(kinds, options.sample, source.name)
    if not any(kinds.values()):
        message = "no Observation of the file is about a gene's genotype, phenotype or variants"
        raise InputError("fhir.no-genomics", message, place=source.name)
    variants = Variants(source.name, issues)
    for one in kinds["variant"]:
        variants.add(one)
    origin = Source(source.name, source.sha256())
    statements = _statements(kinds, issues, source.name)
    if variants.found:
        genome = called_genome(variants, build="GRCh38", sample=subject, issues=issues, source=origin)
        genome = joined(genome, grouped(statements, issues), ())
    else:
        genome = Genome.from_statements(statements, origin, sample=subject, issues=issues)
    return genome.with_issues(issues.finish(source.name))


def _json(source: Input, issues: Issues) -> Any:
    """The JSON of a file, or that of each line where a file is NDJSON, as bulk exports are."""
    lines = source.load().data.split(b"\n", 2)
    if not (len(lines) > 1 and _is_text(lines[0]) and lines[1].lstrip()[:1] == b"{"):
        return json_of(source, LARGEST)
    found = []
    for number, line in source.lines():
        if not line.strip():
            continue
        try:
            found.append(decode(line, object, source.name))
        except (InputError, ShapeError):
            place = f"{source.name}:line {number}"
            issues.add("json.not-json", "a line that is not JSON", place=place, action="not used")
    return found


def _is_text(line: bytes) -> bool:
    """Whether a line is a JSON text of its own."""
    try:
        decode(line, object)
    except (InputError, ShapeError):
        return False
    return True


def _kind(one: Found) -> str:
    """What a genomic Observation states: genotype, haplotype, phenotype, variant; empty for another."""
    found = concept_codes(one.resource.get("code"))
    named = {codes.GENOTYPE: "genotype", codes.HAPLOTYPE: "haplotype", codes.VARIANT: "variant"}
    for code in found:
        if code in named:
            return named[code]
        if code in codes.PHENOTYPES.values():
            return "phenotype"
    words = " ".join(concept_texts(one.resource.get("code")))
    if not (gene_within(words) or genes_studied(one.resource)):
        return ""
    if _STATES_HAPLOTYPE.search(words):
        return "haplotype"
    if _STATES_PHENOTYPE.search(words):
        return "phenotype"
    return "genotype" if _STATES_GENOTYPE.search(words) else ""


def _kinds(found: list[Found], issues: Issues, name: str) -> dict[str, list[Found]]:
    kinds: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        kind = _kind(one)
        if not kind:
            continue
        if text(one.resource.get("status")) in _TAKEN_BACK:
            message = "the status does not allow use"
            issues.add("status.unusable", message, place=f"{name}:{one.place}", action="not used")
            continue
        kinds[kind].append(one)
    return kinds


def _of_one(
    kinds: dict[str, list[Found]], sample: str | None, name: str
) -> tuple[dict[str, list[Found]], str | None]:
    """The Observations of one patient."""
    everyone = [one for group in kinds.values() for one in group]
    subjects = tuple(dict.fromkeys(s for one in everyone for s in references(one.resource.get("subject"))))
    if sample is None and len(subjects) > 1:
        message = f"the file has genomic Observations of {len(subjects)} patients"
        hint = "name one: read_genome(path, sample=...); the exception's 'found' lists them"
        raise SampleError("fhir.several-patients", message, subjects, place=name, hint=hint)
    if sample is not None and sample not in subjects:
        message = "no genomic Observation is about a patient of that reference"
        hint = "the exception's 'found' lists those there are"
        raise SampleError("fhir.patient-unknown", message, subjects, place=name, hint=hint)
    if sample is not None:
        kept = {
            kind: [one for one in group if references(one.resource.get("subject")) in ([], [sample])]
            for kind, group in kinds.items()
        }
        return defaultdict(list, kept), sample
    return kinds, subjects[0] if subjects else None


def _statements(kinds: dict[str, list[Found]], issues: Issues, name: str) -> list[Statement]:
    """What genotypes and phenotypes state, a phenotype together with the genotype it is of."""
    phenotypes: dict[str, list[Found]] = defaultdict(list)
    for one in kinds["phenotype"]:
        gene = _gene(one, issues, name)
        if gene and not extension(one.resource, codes.REPORTED):
            phenotypes[gene].append(one)
    found = []
    told: set[str] = set()
    for one in (*kinds["genotype"], *_pairs(kinds["haplotype"], kinds["genotype"], issues, name)):
        gene = _gene(one, issues, name)
        if not gene or extension(one.resource, codes.REPORTED):
            continue
        told.add(gene)
        words = _first_word(one, gene)
        of_gene = {(_first_word(other, gene), score_of(other.resource)) for other in phenotypes[gene]}
        phenotype, score = of_gene.pop() if len(of_gene) == 1 else ("", None)
        found.append(Statement(gene, several(words), phenotype, score, f"{name}:{one.place}"))
    for gene, group in phenotypes.items():
        if gene not in told:
            found += [
                Statement(gene, (), _first_word(one, gene), score_of(one.resource), f"{name}:{one.place}")
                for one in group
            ]
    return found


def _gene(one: Found, issues: Issues, name: str) -> str:
    gene = gene_of(one.resource)
    if not is_gene(gene):
        message = "an Observation that does not tell of which gene it is"
        issues.add("fhir.gene", message, place=f"{name}:{one.place}", action="not used")
        return ""
    return gene


def _first_word(one: Found, gene: str) -> str:
    """The value in words, without the gene's name before it."""
    words = next(iter(value_texts(one.resource)), "")
    if gene.startswith("HLA-"):
        words = _gl_string(words, gene)
    return "" if is_missing(words) else words.removeprefix(gene).lstrip(" :")


def _gl_string(words: str, gene: str) -> str:
    """A GL string of one gene, ``hla#3.31.0#HLA-A*03:01+HLA-A*30:01``, as ``*03:01/*30:01``.

    Milius et al. 2013, Tissue Antigens 82:106: ``+`` joins the two copies of a gene.
    """
    copies = words.rpartition("#")[2].split("+")
    return "/".join(copy.strip().removeprefix(gene) for copy in copies)


def _pairs(haplotypes: list[Found], genotypes: list[Found], issues: Issues, name: str) -> list[Found]:
    """Two haplotypes of a gene without a genotype make one; others only add to what genotypes say."""
    told = {gene_of(one.resource) for one in genotypes}
    by_gene: dict[str, list[Found]] = defaultdict(list)
    for one in haplotypes:
        gene = gene_of(one.resource)
        if gene and gene not in told:
            by_gene[gene].append(one)
    found = []
    for gene, group in by_gene.items():
        if len(group) != 2:
            message = "haplotypes of a gene that are not two"
            issues.add("fhir.haplotypes", message, place=f"{name}:{group[0].place}", action="not used")
            continue
        words = "/".join(_first_word(one, gene) for one in group)
        found.append(group[0]._replace(resource={**group[0].resource, "valueString": f"{gene} {words}"}))
    return found
