"""Damaged files of every format: a genome or an InputError, in time, and nobody's data in any message."""

from __future__ import annotations

import io
import json
import random
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytwin.errors import InputError
from pytwin.genome import Genome, read_genome

SECRETS = ("Zorblatt", "777554321", "*2/*3", "GATTACA")

ARRAYS = (
    b"# 23andMe file of Zorblatt 777554321, build 37, plus strand\n# rsid\tchromosome\tposition\tgenotype\n"
    b"rs9923231\t16\t31107689\tCT\nrs1799853\t10\t96702047\tGA\nrs1057910\t10\t96741053\tGATTACA\n"
    b"rs9332131\t10\t96709038\tDI\nrs1\t26\t5\tAG\nZorblatt\tZorblatt\t777554321\tZorblatt\n",
    b"RSID,CHROMOSOME,POSITION,RESULT\n"
    b'"rs9923231","16","31107689","CT"\n"rs1799853","10","96702047","--"\n"Zorblatt","1","777554321","XX"\n',
    b"[Header]\nA\tZorblatt\n[Data]\nSample ID\tSNP Name\tChr\tPosition\tAllele1 - Plus\tAllele2 - Plus\n"
    b"777554321\trs9923231\t16\t31107689\tC\tT\n777554321\tZorblatt\t10\t96702047\tGATTACA\tT\n",
)
TABLES = (
    b"sample,gene,diplotype,phenotype\nZorblatt,CYP2C9,*2/*3,PM\nZorblatt,VKORC1,A/G,\nZorblatt,Zorblatt,GATTACA,\n",
    b"patient\tCYP2C9\tVKORC1_rs9923231\tCYP2D6 phenotype\tage\n777554321\t*2/*3\tAG\tUM\t61\n",
    b'{"CYP2C9": "*2/*3", "VKORC1": {"diplotype": "Zorblatt"}, "Zorblatt": "777554321", "TPMT": null}',
    b'[{"gene": "CYP2C9", "diplotype": "*2/*3 or *1/*1"}, {"gene": "Zorblatt", "diplotype": "GATTACA"}]',
)
OUTSIDE = (
    b"# Zorblatt\nCYP2D6\t*2/*3\tNormal\t2.0\nHLA-B\t*15:02/*57:01\nZorblatt\t777554321\nCYP2C9\t\t\t2.0\n",
)
PYPGX = (
    b"\tGenotype\tPhenotype\tHaplotype1\tHaplotype2\tAlternativePhase\tVariantData\tCNV\n"
    b"Zorblatt\t*2/*3\tPoor Metabolizer\t*2;\t*3;\t;\tGATTACA\tNormal\n",
)
REPORTS = (
    b"PharmCAT v3 Zorblatt\nGene\tSource Diplotype\tPhenotype\tActivity Score\tMissing positions\n"
    b"CYP2C9\t*2/*3\tPoor Metabolizer\t0.5\tyes\nVKORC1\trs9923231 reference (C)/Zorblatt\t777554321\t\tno\n"
    b"Zorblatt\tGATTACA\t\t\t\n",
)


def _pharmcat() -> bytes:
    seen = [
        {"position": 94942290, "dbSnpId": "rs1799853", "call": "C|T", "phaseSet": 777554321},
        {"position": 94981296, "rsid": "Zorblatt", "vcfCall": "GATTACA/A"},
    ]
    cyp = {
        "callSource": "MATCHER",
        "chr": "chr10",
        "sourceDiplotypes": [{"label": "*2/*3"}],
        "variants": seen,
    }
    lab = {"callSource": "OUTSIDE", "sourceDiplotypes": [{"label": "Zorblatt", "phenotypes": ["777554321"]}]}
    metadata = {"genomeBuild": "GRCh38.p14", "sampleId": "Zorblatt"}
    reports = {"CYP2C9": cyp, "HLA-B": lab, "Zorblatt": lab}
    return json.dumps({"matcherMetadata": metadata, "geneReports": reports}).encode()


def _fhir() -> bytes:
    genome = read_genome({"CYP2C9": "*2/*3", "VKORC1": "AG", "HLA-B": "Zorblatt"})
    bundle = genome.to_fhir(subject="Patient/777554321")
    variant: dict[str, Any] = json.loads(json.dumps(bundle["entry"][0]))
    loinc = {"system": "http://loinc.org"}
    variant["resource"]["code"] = {"coding": [{**loinc, "code": "69548-6"}]}
    variant["resource"]["valueCodeableConcept"] = {"coding": [{**loinc, "code": "LA9633-4"}]}
    variant["resource"]["component"] = [
        {"code": {"coding": [{**loinc, "code": "81255-2"}]}, "valueCodeableConcept": {"text": "rs1799853"}},
        {"code": {"coding": [{**loinc, "code": "69551-0"}]}, "valueString": "GATTACA"},
        {"code": {"coding": [{**loinc, "code": "81254-5"}]}, "valueRange": {"low": {"value": 1e300}}},
    ]
    person = {"resource": {"resourceType": "Patient", "id": "777554321", "name": [{"family": "Zorblatt"}]}}
    bundle["entry"] += [variant, person]
    return json.dumps(bundle).encode()


def _vcf() -> bytes:
    text = (Path(__file__).parent / "corpus" / "good.vcf").read_text(encoding="utf-8")
    return (
        text.replace("\tS\n", "\tZorblatt\n").replace("INFO\tFORMAT\tS1", "INFO\tFORMAT\tZorblatt").encode()
    )


SOURCES: dict[str, Callable[[], tuple[bytes, ...]]] = {
    "array": lambda: ARRAYS,
    "diplotypes": lambda: TABLES,
    "outside": lambda: OUTSIDE,
    "pypgx": lambda: PYPGX,
    "pharmcat": lambda: (*REPORTS, _pharmcat()),
    "fhir": lambda: (_fhir(),),
    "vcf": lambda: (_vcf(),),
}
_PIECES = (
    b"", b"\x00", b'"', b",", b"\xff", b"[", b"{", b"}", b"/", b"|", b"9" * 400, b"1e999", b"-", b"\n",
    b"null", b";", b"\t", b"*", b"\r", b"0", b"[ + ]", b" or ", b"\xef\xbb\xbf",
)  # fmt: skip


def _mutate(data: bytes, rng: random.Random) -> bytes:
    """Change, delete, repeat or insert a few bytes, or cut the end off."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(out)) if out else 0
        match rng.randrange(5):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del out[at : at + rng.randint(1, 60)]
            case 2:
                out[at:at] = out[at : at + rng.randint(1, 200)]
            case 3:
                out[at : at + rng.choice((0, 1, 20))] = rng.choice(_PIECES)
            case 4:
                if rng.random() < 0.2:
                    del out[at:]
    return bytes(out)


def _mutate_json(value: Any, rng: random.Random) -> Any:
    """Change a few elements of a JSON tree to another type, drop or repeat them: damage that still parses."""
    if rng.random() < 0.03:
        return rng.choice([None, True, 7, -1e300, "", "Zorblatt", [], {}, [value], {"a": value}, "9" * 500])
    if isinstance(value, dict):
        return {key: _mutate_json(part, rng) for key, part in value.items() if rng.random() > 0.02}
    if isinstance(value, list):
        return [_mutate_json(part, rng) for part in value for _ in range(2 if rng.random() < 0.02 else 1)]
    return value


def _shown(genome: Genome) -> str:
    parts = [repr(genome), repr(genome.stated), *map(repr, genome.genes.values())]
    return " ".join([*parts, *(f"{issue} {issue!r}" for issue in genome.issues)])


def _leaked(shown: str) -> list[str]:
    return [secret for secret in SECRETS if secret in shown]


def _check(path: Path, name: str) -> None:
    start = time.process_time()
    try:
        genome = read_genome(path, format=name, gene="CYP2C9")
    except InputError as error:
        shown = f"{error} {error!r}"
    else:
        shown = _shown(genome)
        for gene in genome.genes:
            total = sum(probability for _, probability in genome.diplotypes(gene))
            assert total == 0 or abs(total - 1) < 1e-9
    assert time.process_time() - start < 1.0
    assert _leaked(shown) == []


def _mutants(path: Path, name: str, count: int, seed: int) -> None:
    rng = random.Random(f"{name} {seed}")
    sources = SOURCES[name]()
    for number in range(count):
        data = sources[number % len(sources)]
        if data[:1] in (b"[", b"{") and not data.startswith(b"[Header") and number % 3 == 0:
            path.write_bytes(json.dumps(_mutate_json(json.loads(data), rng)).encode())
        else:
            path.write_bytes(_mutate(data, rng))
        _check(path, name)


@pytest.mark.parametrize("name", SOURCES)
def test_undamaged_and_recognised(tmp_path: Path, name: str) -> None:
    for data in SOURCES[name]():
        path = tmp_path / "CYP2C9"
        path.write_bytes(data)
        _check(path, name)
        if name != "vcf":
            assert _leaked(_shown(read_genome(path))) == []


@pytest.mark.parametrize("name", SOURCES)
def test_two_hundred_mutants(tmp_path: Path, name: str) -> None:
    _mutants(tmp_path / "CYP2C9", name, 200, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_two_thousand_mutants(tmp_path: Path, name: str) -> None:
    _mutants(tmp_path / "CYP2C9", name, 2000, 2)


def test_mutants_of_archives(tmp_path: Path) -> None:
    with io.BytesIO() as stream:
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("a/metadata.txt", "Gene=CYP2C9\nSemanticType=SampleTable[Results]\n")
            archive.writestr("a/data.tsv", PYPGX[0])
        data = stream.getvalue()
    rng = random.Random(3)
    path = tmp_path / "x.zip"
    for _ in range(100):
        path.write_bytes(_mutate(data, rng))
        try:
            shown = _shown(read_genome(path))
        except InputError as error:
            shown = f"{error} {error!r}"
        assert _leaked(shown) == []


def test_deep_and_long_json(tmp_path: Path) -> None:
    for name, data in (
        ("fhir", b'{"resourceType": "Bundle", "entry": ' + b"[" * 1_000_000),
        ("fhir", b'{"resourceType": "Bundle", "entry": ' + b"[" * 400 + b"]" * 400 + b"}"),
        ("diplotypes", b'{"CYP2C9": "' + b"*1/" * 300_000 + b'"}'),
        ("diplotypes", b'{"results": ' * 900 + b'{"CYP2C9": "*1/*1"}' + b"}" * 900),
        ("pharmcat", b'{"geneReports": {"CYP2C9": {"variants": [' + b'{"call": "A"},' * 50_000 + b"{}]}}}"),
        ("outside", b"CYP2C9\t" + b"[*1 + " * 100_000),
        ("array", b"rsid\tchromosome\tposition\tgenotype\n" + b"rs1\t1\t1\t" + b"A" * 1_000_000),
    ):
        path = tmp_path / "x"
        path.write_bytes(data)
        _check(path, name)
