"""FHIR genomics: Observations as others write them, and a genome that comes back equal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.genome import Genome, SampleError, read_genome

LOINC = "http://loinc.org"
Read = Callable[..., Genome]


def concept(*codes: str, text: str = "") -> dict[str, Any]:
    coding = [{"system": LOINC, "code": code} for code in codes]
    return ({"coding": coding} if coding else {}) | ({"text": text} if text else {})


def component(code: str, value: Any) -> dict[str, Any]:
    key = (
        "valueString"
        if isinstance(value, str)
        else "valueRange"
        if "low" in value
        else "valueCodeableConcept"
    )
    return {"code": concept(code), key: value}


def gene(name: str) -> dict[str, Any]:
    return component("48018-6", {"coding": [{"system": "http://www.genenames.org/geneId", "display": name}]})


def observation(code: Any, value: str | dict[str, Any], *components: Any, **more: Any) -> dict[str, Any]:
    answer = {"valueCodeableConcept": concept(text=value) if isinstance(value, str) else value}
    base = {"resourceType": "Observation", "status": "final", "subject": {"reference": "Patient/7"}}
    return (
        base
        | {"code": concept(code) if isinstance(code, str) else code, "component": list(components)}
        | answer
        | more
    )


def variant(rsid: str, ref: str, alt: str, state: str, **more: Any) -> dict[str, Any]:
    parts = [component("81255-2", concept(text=rsid)), component("69547-8", ref), component("69551-0", alt)]
    zygosity = [component("53034-5", concept(state))] if state else []
    return observation("69548-6", concept("LA9633-4"), *parts, *zygosity, **more)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(*resources: dict[str, Any], **options: Any) -> Genome:
        bundle = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": r} for r in resources],
        }
        path = tmp_path / "bundle.json"
        path.write_text(json.dumps(bundle))
        return read_genome(path, **options)

    return read


def test_a_genotype_with_its_gene_in_the_value_or_studied(read: Read) -> None:
    for resource in (
        observation("84413-4", "CYP2C9 *1/*2"),
        observation("84413-4", "CYP2C9*1/*2", gene("CYP2C9"), gene("VKORC1")),
        observation("84413-4", "*1/*2", gene("CYP2C9")),
        observation({"text": "CYP2C9 diplotype"}, "*1/*2"),
        observation("84413-4", {"coding": [{"system": "http://www.pharmvar.org", "code": "CYP2C9 *1/*2"}]}),
    ):
        genome = read(resource)
        assert genome.diplotypes("CYP2C9") == (("*1/*2", 1.0),)
        assert genome.sample == "Patient/7"


def test_a_phenotype_alone_and_beside_its_genotype(read: Read) -> None:
    alone = read(observation("79716-7", concept("LA9657-3", text="Poor metabolizer")))
    assert alone.genes["CYP2C9"].phenotype == "Poor Metabolizer"
    assert alone.genes["CYP2C9"].reported == ()
    both = read(
        observation("84413-4", "CYP2C9 *1/*1"),
        observation("79716-7", concept("LA9657-3", text="Poor metabolizer")),
    )
    assert both.diplotypes("CYP2C9") == (("*1/*1", 1.0),)
    assert both.issues.counts() == {"genome.phenotype-differs": 1}
    words = read(observation({"text": "CYP2C19 metabolizer status"}, "Ultrarapid metabolizer"))
    assert words.genes["CYP2C19"].phenotype == "Ultrarapid Metabolizer"


def test_two_haplotypes_make_a_genotype_and_one_does_not(read: Read) -> None:
    two = [observation("84414-2", f"CYP2C9 {name}") for name in ("*1", "*2")]
    assert read(*two).diplotypes("CYP2C9") == (("*1/*2", 1.0),)
    alone = read(two[0], observation("84413-4", "VKORC1 A/G"))
    assert alone.diplotypes("CYP2C9") == ()
    assert alone.issues.counts() == {"fhir.haplotypes": 1}
    told = read(*two, observation("84413-4", "CYP2C9 *1/*3"))
    assert told.diplotypes("CYP2C9") == (("*1/*3", 1.0),)


@pytest.mark.parametrize(
    ("state", "expected"),
    [("LA6706-1", ("C", "T")), ("LA6705-3", ("T", "T")), ("", ("T", None)), ("LA6707-9", ("T", None))],
)
def test_a_variant_and_its_allelic_state(
    read: Read, state: str, expected: tuple[str | None, str | None]
) -> None:
    genome = read(variant("rs1799853", "C", "T", state))
    assert genome.genotype("rs1799853") == expected


def test_variants_that_are_absent_not_called_or_doubtful(read: Read) -> None:
    parts = [component("81255-2", concept(text="rs1799853"))]
    assert read(observation("69548-6", concept("LA9634-2"), *parts)).genotype("rs1799853") == ("C", "C")
    for answer in ("LA18198-4", "LA11884-6"):
        genome = read(observation("69548-6", concept(answer), *parts))
        assert genome.genotype("rs1799853") == (None, None)
        assert genome.issues.counts()["genome.no-call"] == 1
    wrong = read(variant("rs1799853", "G", "T", "LA6706-1"))
    assert wrong.genotype("rs1799853") == (None, None)
    assert wrong.issues.counts()["fhir.variant-alleles"] == 1
    twice = read(variant("rs1799853", "C", "T", "LA6706-1"), variant("rs1799853", "C", "T", "LA6705-3"))
    assert twice.genotype("rs1799853") == (None, None)
    assert twice.issues.counts()["genome.contradiction"] == 1


def test_two_alternative_alleles_of_one_position(read: Read) -> None:
    genome = read(variant("rs7900194", "G", "A", "LA6706-1"), variant("rs7900194", "G", "T", "LA6706-1"))
    assert genome.genotype("rs7900194") == ("A", "T")


def test_a_variant_by_coordinates_or_hgvs_in_both_builds(read: Read) -> None:
    for sequence, system, start in (
        ("NC_000010.11", "LA30102-0", 94942290),
        ("NC_000010.11", "LA30100-4", 94942289),
        ("NC_000010.10", "LA30102-0", 96702047),
    ):
        parts = [
            component("48013-7", concept(text=sequence)),
            component("92822-6", concept(system)),
            component("81254-5", {"low": {"value": start}}),
            component("69547-8", "C"),
            component("69551-0", "T"),
            component("53034-5", concept("LA6706-1")),
        ]
        assert read(observation("69548-6", concept("LA9633-4"), *parts)).genotype("rs1799853") == ("C", "T")
    for hgvs in ("NC_000010.11:g.94942290C>T", "NC_000010.10:g.96702047C>T"):
        parts = [component("81290-9", concept(text=hgvs)), component("53034-5", concept("LA6706-1"))]
        assert read(observation("69548-6", concept("LA9633-4"), *parts)).genotype("rs1799853") == ("C", "T")
    nowhere = read(
        observation("84413-4", "VKORC1 A/G"),
        observation("69548-6", concept("LA9633-4"), component("69551-0", "T")),
    )
    assert nowhere.issues.counts() == {"fhir.variant-place": 1}


def test_the_genetics_profile_of_r4(read: Read) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/observation-geneticsGene"
    named = {"coding": [{"system": "http://www.genenames.org", "code": "12014"}]}
    more = {"extension": [{"url": url, "valueCodeableConcept": named}]}
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "363779003"}], "text": "Diplotype Call"}
    haplotypes = [observation({"text": "Haplotype Call"}, name, **more) for name in ("*1", "*4")]
    assert read(observation(code, "*1/*3A", **more), *haplotypes).diplotypes("TPMT") == (("*1/*3A", 1.0),)
    assert read(*haplotypes).diplotypes("TPMT") == (("*1/*4", 1.0),)


def test_a_variant_by_chromosome_and_assembly(read: Read) -> None:
    parts = [
        component("62374-4", concept("LA14029-5")),
        component("48000-4", concept(text="chr10")),
        component("92822-6", concept("LA30102-0")),
        component("81254-5", {"low": {"value": 96702047}}),
        component("69551-0", "T"),
        component("53034-5", concept("LA6705-3")),
    ]
    assert read(observation("69548-6", concept("LA9633-4"), *parts)).genotype("rs1799853") == ("T", "T")


def test_a_tumours_variant_is_not_the_patients_genome(read: Read) -> None:
    somatic = variant("rs1799853", "C", "T", "LA6706-1")
    somatic["component"].append(component("48002-0", concept("LA6684-0")))
    genome = read(somatic, observation("84413-4", "VKORC1 A/G"))
    assert genome.genotype("rs1799853") is None
    assert genome.issues.counts() == {"fhir.somatic": 1}


def test_an_hla_type_as_gl_string(read: Read) -> None:
    value = {"coding": [{"system": "urn:gl", "code": "hla#3.31.0#HLA-A*03:01:01:01+HLA-A*30:01:01"}]}
    assert read(observation("84413-4", value)).diplotypes("HLA-A") == (("*03:01:01:01/*30:01:01", 1.0),)


def test_a_laboratorys_genotype_beside_variants(read: Read) -> None:
    positive = variant("rs1799853", "C", "T", "LA6706-1")
    agreed = read(positive, observation("84413-4", "CYP2C9 *1/*2"))
    assert agreed.diplotypes("CYP2C9") == (("*1/*2", pytest.approx(1)),)
    differs = read(positive, observation("84413-4", "CYP2C9 *3/*3"))
    assert differs.issues.counts()["genome.outside-differs"] == 1
    assert dict(differs.diplotypes("CYP2C9"))["*3/*3"] == pytest.approx(0.5)


def test_a_patients_record_holds_the_genome_among_all_else(read: Read) -> None:
    genome = read(
        {"resourceType": "Patient", "id": "7", "name": [{"family": "Anna Berta"}]},
        observation({"coding": [{"system": LOINC, "code": "6301-6"}]}, "2.5"),
        observation("84413-4", "CYP2C9 *1/*2", status="entered-in-error"),
        observation("84413-4", "VKORC1 A/G"),
        {"resourceType": "DiagnosticReport", "contained": [observation("84413-4", "TPMT *1/*3A")]},
    )
    assert genome.diplotypes("CYP2C9") == ()
    assert genome.diplotypes("VKORC1") == (("AG", 1.0),)
    assert genome.diplotypes("TPMT") == (("*1/*3A", 1.0),)
    assert genome.issues.counts() == {"status.unusable": 1}


def test_bulk_exports_are_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "Observation.ndjson"
    lines = [json.dumps(observation("84413-4", f"{name} *1/*2")) for name in ("CYP2C9", "CYP2C19")]
    path.write_text("\n".join([lines[0], "{broken", "", lines[1]]) + "\n")
    genome = read_genome(path)
    assert genome.diplotypes("CYP2C9") == genome.diplotypes("CYP2C19") == (("*1/*2", 1.0),)
    (issue,) = genome.issues.with_code("json.not-json")
    assert issue.place == "Observation.ndjson:line 2"


def test_several_patients_must_be_chosen(read: Read) -> None:
    other = observation("84413-4", "VKORC1 A/A", subject={"reference": "Patient/8"})
    resources = (observation("84413-4", "VKORC1 A/G"), other)
    with pytest.raises(SampleError) as caught:
        read(*resources)
    assert caught.value.found == ("Patient/7", "Patient/8")
    assert "Patient/8" not in str(caught.value)
    assert read(*resources, sample="Patient/8").diplotypes("VKORC1") == (("AA", 1.0),)
    with pytest.raises(SampleError, match="patient-unknown"):
        read(*resources, sample="Patient/9")


def test_a_bundle_without_genomics_is_refused(read: Read) -> None:
    with pytest.raises(InputError, match=r"fhir\.no-genomics"):
        read({"resourceType": "Patient", "id": "7"})


def _content(genome: Genome) -> dict[str, Any]:
    calls = {
        name: (call.status, call.diplotypes, call.reported, call.phenotype, dict(call.observed))
        for name, call in genome.genes.items()
    }
    stated = {
        gene: [(one.diplotypes, one.phenotype) for one in statements]
        for gene, statements in genome.stated.items()
    }
    return {"calls": calls, "others": dict(genome.others), "stated": stated}


def test_a_genome_comes_back_equal_and_is_valid_fhir(corpus: Path, tmp_path: Path) -> None:
    r4b = pytest.importorskip("fhir.resources.R4B.bundle")
    lab = {"CYP2C9": "*3/*3", "CYP2D6": "*1x2/*4", "HLA-B": "*57:01/*07:02"}
    genomes = [
        read_genome(corpus / "good.vcf"),
        read_genome(corpus / "good.vcf", outside=lab),
        read_genome(corpus / "no_call.vcf", outside={"CYP2C9": "*1/*2 or *1/*3"}),
        read_genome(corpus / "half_call.vcf"),
        read_genome(corpus / "undocumented.vcf"),
        read_genome({"CYP2C9": "*1/*2", "VKORC1": "AG", "TPMT": "*1/*3A or *3B/*3C"}),
    ]
    for genome in genomes:
        written = genome.to_fhir(subject="Patient/7", effective="2024-05-01")
        r4b.Bundle.model_validate(written)
        path = tmp_path / "genome.json"
        path.write_text(json.dumps(written))
        assert _content(read_genome(path)) == _content(genome)
        assert written == genome.to_fhir(subject="Patient/7", effective="2024-05-01")


def test_phase_comes_back(corpus: Path, tmp_path: Path) -> None:
    text = (corpus / "good.vcf").read_text().replace("0/1", "0|1")
    path = tmp_path / "phased.vcf"
    path.write_text(text)
    genome = read_genome(path)
    back = tmp_path / "phased.json"
    back.write_text(json.dumps(genome.to_fhir()))
    again = read_genome(back)
    assert dict(again.genes["CYP2C9"].observed) == dict(genome.genes["CYP2C9"].observed)
    assert any(g.phased for g in again.genes["CYP2C9"].observed.values())


def test_no_sample_name_is_written(corpus: Path) -> None:
    genome = read_genome(corpus / "several_samples.vcf", sample="ANNA")
    assert "ANNA" not in json.dumps(genome.to_fhir())
