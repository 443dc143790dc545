"""Genomes that others have called: PharmCAT's own example, beside the genotypes that it was called from."""

from __future__ import annotations

from collections.abc import Iterator

from pytwin.genome import read_genome
from pytwin.verify.case import Case, equal
from pytwin.verify.run import Context

_SOURCE = "reference library, genomics/vcf/pharmcat_examples/{}"
_VCF = "pharmcat.example.vcf"
_JSON = "pharmcat.example.phenotype.json.gz"
_REPORT = "pharmcat.example.report.tsv"
_OUTSIDE = "pharmcat.example.outsideCall.tsv"
# what the example has from outside, or of genes without an allele table
_STATED = {
    "CYP2D6": "*1/*3",
    "HLA-B": "*15:02/*57:01",
    "MT-RNR1": "1555A>G",
    "G6PD": "B (reference)/B (reference)",
    "CACNA1S": "Reference/Reference",
    "RYR1": "Reference/Reference",
    "CFTR": "Reference/Reference",
}


def cases(context: Context) -> Iterator[Case]:
    """All cases of results."""
    folder = context.folder("genomics", "vcf", "pharmcat_examples", _VCF).parent
    variants, phenotypes = read_genome(folder / _VCF), read_genome(folder / _JSON)
    report = read_genome(folder / _REPORT)
    json_source, report_source = _SOURCE.format(_JSON), _SOURCE.format(_REPORT)
    for gene, call in variants.genes.items():
        if gene == "CYP2D6":
            continue
        other, stated = phenotypes.genes[gene], report.genes[gene]
        same = other.diplotypes == call.diplotypes and other.called == call.called
        yield equal(f"{gene}: the JSON gives the call of the VCF", True, same, source=json_source)
        named = (call.reported, call.phenotype, call.activity_score)
        got = (stated.reported, stated.phenotype, stated.activity_score)
        yield equal(f"{gene}: the report, too", str(named), str(got), source=report_source)
    for gene, expected in _STATED.items():
        got_name = " or ".join(name for name, _ in phenotypes.diplotypes(gene))
        yield equal(f"{gene}: as stated", expected, got_name, source=json_source)
    together = read_genome(folder / _VCF, outside=folder / _OUTSIDE)
    source = _SOURCE.format(_OUTSIDE)
    differ = together.issues.counts().get("genome.outside-differs", 0)
    yield equal("CYP2D6: outside call excluded by the genotypes is an issue", 1, differ, source=source)
    both = " or ".join(sorted(name for name, _ in together.diplotypes("CYP2D6")))
    yield equal("CYP2D6: both remain possible", "*1/*1 or *1/*3", both, source=source)
