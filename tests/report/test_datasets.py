"""The bundled patient: made again byte for byte, valid FHIR R4, references that resolve, a readable VCF."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import pytwin as pt
import pytwin.datasets
from pytwin.datasets import generate, treated, variants
from pytwin.errors import InputError
from pytwin.verify.library import reference_dir


@pytest.fixture(scope="module")
def bundle() -> dict[str, Any]:
    return json.loads(pytwin.datasets.path("patient.json").read_text(encoding="utf-8"))


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "reference":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def test_record_is_reproduced_byte_for_byte() -> None:
    made = generate.record_text().encode()
    assert made == pytwin.datasets.path("patient.json").read_bytes()


def test_the_treated_patient_is_reproduced_byte_for_byte() -> None:
    assert treated.text().encode() == pytwin.datasets.path("treated.json").read_bytes()


def test_the_treated_patient_is_valid_r4() -> None:
    r4b = pytest.importorskip("fhir.resources.R4B.bundle")
    made = treated.bundle()
    assert len(r4b.Bundle.model_validate(made).entry) == len(made["entry"])
    assert set(_references(made)) <= {entry["fullUrl"] for entry in made["entry"]}


def test_the_treated_patient_has_what_the_notebook_tells() -> None:
    record = pt.read_record(pytwin.datasets.path("treated.json"))
    genome = pt.Genome.from_diplotypes({"CYP2C9": "*1/*1", "VKORC1": "A/G"})
    twin = pt.Twin("warfarin", record, genome).assimilate()
    history = twin.history
    assert (history.start, history.regimen, history.target) == ("steady", (5.0, 24.0), 3.0)
    assert [s.on for s in history.switches] == [True, False]
    assert sum(d.amount == 0 for d in history.doses) == 7
    assert not twin.conflicts
    assert "INR 2.5 to 3.5" in twin.rank(draws=50).shares


@pytest.mark.reference
def test_genome_is_reproduced_byte_for_byte() -> None:
    reference = reference_dir()
    if reference is None:
        pytest.skip("no reference library")
    assert generate.genome_text(reference).encode() == pytwin.datasets.path("patient.vcf").read_bytes()


def test_bundle_is_valid_r4(bundle: dict[str, Any]) -> None:
    r4b = pytest.importorskip("fhir.resources.R4B.bundle")
    assert len(r4b.Bundle.model_validate(bundle).entry) == len(bundle["entry"])


def test_every_reference_resolves(bundle: dict[str, Any]) -> None:
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    found = list(_references(bundle))
    assert found
    assert set(found) <= set(urls)


def test_inrs(bundle: dict[str, Any]) -> None:
    resources = [entry["resource"] for entry in bundle["entry"]]
    observations = [r for r in resources if r["resourceType"] == "Observation"]
    inrs = [r for r in observations if r["code"]["coding"][0]["code"] == "6301-6"]
    assert len([r for r in inrs if r["status"] == "final"]) == 10
    assert len([r for r in inrs if r["status"] == "entered-in-error"]) == 1


def test_vcf_against_cyvcf2() -> None:
    cyvcf2 = pytest.importorskip("cyvcf2")
    calls = {v.ID: v.gt_bases[0] for v in cyvcf2.VCF(str(pytwin.datasets.path("patient.vcf"))) if v.ID}
    assert calls["rs1799853"] == "C/C"
    assert calls["rs1057910"] == "A/C"
    assert calls["rs9923231"] == "C/T"
    assert calls["rs2108622"] == "C/C"
    assert calls[variants.CLUSTER.rsid] == "G/G"


def test_unknown_name_names_the_files() -> None:
    with pytest.raises(InputError, match=r"patient\.json"):
        pytwin.datasets.path("nobody.json")
