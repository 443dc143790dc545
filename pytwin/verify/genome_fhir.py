"""Genomes as FHIR: every sample of PharmCAT's tests comes back equal."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytwin.errors import InputError
from pytwin.genome import Genome, read_genome
from pytwin.genome.tables import load_tables
from pytwin.verify.case import Case, equal
from pytwin.verify.run import Context

_SOURCE = "reference library, genomics/pharmcat_tests; genomes written as FHIR and read again"
_GUIDE = "reference library, ehr/fhir_genomics_reporting_fsh/bundle-CYP2C19.fsh, put into JSON"
_CODED = re.compile(r"\$(\w+)#(\S+)")
_SYSTEMS = {"LNC": "http://loinc.org", "NCBIREFSEQ": "http://www.ncbi.nlm.nih.gov/refseq"}


def cases(context: Context) -> Iterator[Case]:
    """All cases of FHIR genomics."""
    folder = context.folder("genomics", "pharmcat_tests", "manifest.json").parent
    paths = sorted((*folder.glob("vcf_built/*.vcf"), *folder.glob("vcf_files/*.vcf")))
    read, same = 0, 0
    with tempfile.TemporaryDirectory() as place:
        for path in paths if context.full else paths[::4]:
            try:
                genome = read_genome(path)
            except InputError:
                continue
            if not _content(genome)[:-1]:
                continue
            read += 1
            target = Path(place) / "genome.json"
            target.write_text(json.dumps(genome.to_fhir()), encoding="utf-8")
            same += _content(read_genome(target)) == _content(genome)
    yield equal("FHIR: genomes that come back equal", read, same, source=_SOURCE)
    yield from _r4(context.folder("ehr", "fhir_spec_r4_examples", "Observation"))
    yield from _guide(context.folder("ehr", "fhir_genomics_reporting_fsh", "bundle-CYP2C19.fsh"))


def _guide(path: Path) -> Iterator[Case]:
    """The guide's own bundle: variants of CYP2C19 of one person, in coordinates of GRCh37."""
    observations = [_observation(block) for block in path.read_text(encoding="utf-8").split("Instance: ")[1:]]
    entries = [{"resource": one} for one in observations if one]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "bundle.json"
        target.write_text(json.dumps(bundle), encoding="utf-8")
        genome = read_genome(target)
    seen = {position: genotype for position, genotype in map(_expected, observations) if position}
    yield equal("FHIR guide: variants of CYP2C19", 74, len(seen), source=_GUIDE)
    table = load_tables().genes["CYP2C19"]
    for position in (*table.positions, *table.extra):
        expected = seen.get(position.pos37 or 0)
        got = genome.genotype(position.rsid) if position.rsid else None
        name = f"FHIR guide: {position.label}"
        if expected or got:
            yield equal(name, str(expected), str(got), source=_GUIDE)


def _r4(folder: Path) -> Iterator[Case]:
    """Examples of FHIR R4: a diplotype, two haplotypes, a phenotype."""
    source = "reference library, ehr/fhir_spec_r4_examples/Observation"
    for name, gene, expected in (
        ("TPMT-diplotype", "TPMT", "*1/*4"),
        ("phenotype", "CYP2C9", "*1/*1 or *1/*9 or *9/*9"),
    ):
        genome = read_genome(folder / f"Observation-example-{name}.json")
        got = " or ".join(sorted(name for name, _ in genome.diplotypes(gene)))
        yield equal(f"FHIR R4, {name}: diplotypes of {gene}", expected, got, source=source)


def _observation(block: str) -> dict[str, Any] | None:
    """A variant of FHIR Shorthand as JSON; None for another instance."""
    if "InstanceOf: Variant" not in block:
        return None
    components: list[dict[str, Any]] = []
    answer: dict[str, Any] = {}
    for line in block.splitlines():
        path, _, value = line.removeprefix("* ").partition(" = ")
        coded = _CODED.search(value)
        concept = (
            {"coding": [{"system": _SYSTEMS.get(coded.group(1), ""), "code": coded.group(2)}]}
            if coded
            else {}
        )
        if path == "component[+].code":
            components.append({"code": concept})
        elif path == "component[=].valueCodeableConcept":
            components[-1]["valueCodeableConcept"] = concept
        elif path == "component[=].valueString":
            components[-1]["valueString"] = value.strip('"')
        elif path == "component[=].valueRange.low.value":
            components[-1]["valueRange"] = {"low": {"value": int(value)}}
        elif path == "valueCodeableConcept":
            answer = concept
    code = {"coding": [{"system": _SYSTEMS["LNC"], "code": "69548-6"}]}
    found = {"resourceType": "Observation", "status": "final", "code": code, "component": components}
    return {**found, "valueCodeableConcept": answer}


def _expected(observation: dict[str, Any] | None) -> tuple[int, tuple[str, str] | None]:
    """(position in GRCh37, genotype) of one of the guide's variants, read on a way of its own."""
    values: dict[str, Any] = {}
    for part in observation["component"] if observation else ():
        concept = part.get("valueCodeableConcept", {"coding": [{"code": ""}]})
        value = part.get("valueString") or part.get("valueRange", {}).get("low", {}).get("value")
        values[part["code"]["coding"][0]["code"]] = value or concept["coding"][0]["code"]
    if "81254-5" not in values:
        return 0, None
    ref, alt = values["69547-8"], values["69551-0"]
    return values["81254-5"], (alt if values["53034-5"] == "LA6705-3" else ref, alt)


def _content(genome: Genome) -> list[Any]:
    calls = [
        (name, call.status, call.diplotypes, call.reported, dict(call.observed))
        for name, call in genome.genes.items()
        if call.observed
    ]
    return [*calls, dict(genome.others)]
