"""Genotypes of positions from variant Observations."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

from pytwin.genome.fhir import codes
from pytwin.genome.fhir.elements import (
    Found,
    Json,
    component_texts,
    components,
    concept_codes,
    extension,
    text,
)
from pytwin.genome.genotype import MISSING, OTHER, Genotype
from pytwin.genome.tables import Position, load_tables
from pytwin.issues import Issues

_HGVS = re.compile(r"(NC_\d{6}\.\d+):g\.(\d+)([ACGT])>([ACGT])")
_CHROMOSOME = re.compile(r"(?:chr(?:omosome)?\s*)?(\d{1,2}|X|Y)(?:[pq][\d.]*)?", re.IGNORECASE)
_RSID = re.compile(r"rs\d+")
_LETTERS = re.compile(r"[ACGT]+")
_CARRIED = re.compile(r"([^/|]+)([/|])([^/|@]+)(?:@(.*))?", re.DOTALL)
_LARGEST = 1 << 31


class _Variant(NamedTuple):
    """One Observation: what it says of a position."""

    alleles: tuple[str | None, ...]
    place: str
    carried: Genotype | None = None


class Variants:
    """Variant Observations by the position of the tables that they are about."""

    def __init__(self, name: str, issues: Issues) -> None:
        self.name = name
        self.issues = issues
        self.found: dict[tuple[str, int], list[_Variant]] = defaultdict(list)
        tables = load_tables().genes.values()
        self.positions = [p for gene in tables for p in (*gene.positions, *gene.extra)]
        self.by_id = {p.rsid: p for p in self.positions if p.rsid}

    def add(self, one: Found) -> None:
        """Take one variant Observation; one whose position or alleles are not told becomes an issue."""
        sources = components(one.resource, codes.SOURCE_CLASS)
        if any(codes.SOMATIC in concept_codes(part.get("valueCodeableConcept")) for part in sources):
            self._note("fhir.somatic", "a variant of a tumour", one, "not the patient's genome: not used")
            return
        position = self._position(one.resource)
        if position is None:
            if not self._elsewhere(one.resource):
                self._note(
                    "fhir.variant-place", "a variant without a position that is known", one, "not used"
                )
            return
        carried = _carried(text(extension(one.resource, codes.GENOTYPE_EXTENSION)), position)
        alleles = carried.alleles if carried else self._alleles(one, position)
        if alleles is not None:
            self.found[position.chromosome, position.pos].append(_Variant(alleles, one.place, carried))

    def observe(self, position: Position) -> Genotype | None:
        """The genotype of one position; None where no Observation is about it."""
        found = self.found.get((position.chromosome, position.pos))
        if not found:
            return None
        if len({one.alleles for one in found}) == 1:
            only = found[0]
            return only.carried or Genotype((only.alleles[0], only.alleles[1]))
        together = _together(position, found)
        if together is None:
            self.issues.add(
                "genome.contradiction",
                "Observations of the position contradict each other",
                place=f"{found[0].place}, {position.label}",
                action="the position is missing",
            )
        return together or MISSING

    def _note(self, code: str, message: str, one: Found, action: str) -> None:
        self.issues.add(code, message, place=f"{self.name}:{one.place}", action=action)

    def _position(self, resource: Json) -> Position | None:
        """The position of the tables, by rsID, genomic HGVS, or chromosome and coordinates."""
        for words in component_texts(resource, codes.DBSNP_ID):
            found = _RSID.search(words)
            if found and found.group() in self.by_id:
                return self.by_id[found.group()]
        place = self._place(resource)
        if place is None:
            return None
        build, chromosome, pos = place
        for position in self.positions:
            at = position.pos if build == "GRCh38" else position.pos37
            if position.chromosome == chromosome and at == pos:
                return position
        return None

    def _elsewhere(self, resource: Json) -> bool:
        """Whether a variant has a place or an rsID, which is just not one of the tables."""
        return self._place(resource) is not None or any(
            _RSID.search(words) for words in component_texts(resource, codes.DBSNP_ID)
        )

    def _place(self, resource: Json) -> tuple[str, str, int] | None:
        """(build, chromosome, position from 1)."""
        for words in component_texts(resource, codes.GENOMIC_HGVS):
            found = _HGVS.search(words)
            chromosome, build = codes.chromosome_of(found.group(1)) if found else ("", "")
            if found and build:
                return build, chromosome, int(found.group(2)[:10])
        systems = [
            code
            for one in components(resource, codes.COORDINATES)
            for code in concept_codes(one.get("valueCodeableConcept"))
        ]
        shift = {"LA30102-0": 0, "LA30100-4": 1}.get(systems[0] if systems else "")
        chromosome, build = self._chromosome(resource)
        for one in components(resource, codes.START_END):
            span = one.get("valueRange")
            low = span.get("low") if isinstance(span, dict) else None
            start = low.get("value") if isinstance(low, dict) else None
            whole = isinstance(start, int | float) and 0 <= start < _LARGEST and start == int(start)
            if whole and build and shift is not None:
                return build, chromosome, int(start or 0) + shift
        return None

    @staticmethod
    def _chromosome(resource: Json) -> tuple[str, str]:
        """(chromosome, build) by the reference sequence, else by chromosome and assembly."""
        for words in component_texts(resource, codes.CHROMOSOME_SEQUENCE):
            if codes.chromosome_of(words)[1]:
                return codes.chromosome_of(words)
        builds = [
            codes.ANSWERS[code]
            for one in components(resource, codes.ASSEMBLY)
            for code in concept_codes(one.get("valueCodeableConcept"))
            if codes.ANSWERS.get(code, "").startswith("GRCh")
        ]
        for code in (codes.CHROMOSOME, codes.CYTOGENETIC):
            for words in component_texts(resource, code):
                found = _CHROMOSOME.fullmatch(words)
                if found and len(builds) == 1:
                    return found.group(1).upper(), builds[0]
        return "", ""

    def _alleles(self, one: Found, position: Position) -> tuple[str | None, str | None] | None:
        values = concept_codes(one.resource.get("valueCodeableConcept"))
        if "LA9634-2" in values:
            return position.ref, position.ref
        if "LA9633-4" not in values:
            self._note("genome.no-call", "the variant was not called", one, "missing, never reference")
            return None, None
        alt = next(iter(component_texts(one.resource, codes.ALT_ALLELE)), "").upper()
        for words in component_texts(one.resource, codes.GENOMIC_HGVS):
            change = _HGVS.search(words)
            alt = alt or (change.group(4) if change else "")
        ref = next(iter(component_texts(one.resource, codes.REF_ALLELE)), "").upper()
        if not _LETTERS.fullmatch(alt) or (ref and ref != position.ref):
            self._note("fhir.variant-alleles", "a variant whose alleles cannot be used", one, "missing")
            return None, None
        letter = alt if alt in position.alts else OTHER
        states = [
            code
            for part in components(one.resource, codes.ALLELIC_STATE)
            for code in concept_codes(part.get("valueCodeableConcept"))
        ]
        if "LA6705-3" in states:
            return letter, letter
        return (position.ref, letter) if "LA6706-1" in states else (letter, None)


def _together(position: Position, found: list[_Variant]) -> Genotype | None:
    """Two alternative alleles that each have an Observation of their own; None for anything else."""
    alts = [next((a for a in one.alleles if a and a != position.ref), None) for one in found]
    two = len(found) == 2 and None not in alts and alts[0] != alts[1]
    heterozygous = all(one.alleles[0] != one.alleles[1] for one in found)
    return Genotype((alts[0], alts[1])) if two and heterozygous else None


def carried_text(genotype: Genotype) -> str:
    """A genotype to the letter, for the extension that carries it."""
    first, second = (allele or "." for allele in genotype.alleles)
    phase = f"@{genotype.phase_set}" if genotype.phase_set is not None else ""
    return f"{first}{'|' if genotype.phased else '/'}{second}{phase}"


def _carried(words: str, position: Position) -> Genotype | None:
    found = _CARRIED.fullmatch(words)
    if found is None:
        return None
    known = {".": None, position.ref: position.ref, OTHER: OTHER, **{alt: alt for alt in position.alts}}
    first, sign, second, phase_set = found.groups()
    if first not in known or second not in known:
        return None
    return Genotype((known[first], known[second]), sign == "|", phase_set)
