"""Cases of tumours: counts of the TCGA leukaemia MAF, an ANNOVAR table, one tumour in four formats."""

from __future__ import annotations

import csv
import gzip
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pytwin.errors import InputError
from pytwin.genome.tumour import Tumours, read_evidence, read_tumours
from pytwin.genome.tumour.burden import poisson_interval
from pytwin.issues import Issues
from pytwin.verify.case import Case, equal
from pytwin.verify.run import Context
from pytwin.verify.tumours import FORMATS, TUMOUR, write

LAML = "TCGA LAML MAF, counts of genomics/CASES.md, section 5"
_CLASSES = {
    "Missense_Mutation": 1342, "Silent": 449, "Nonsense_Mutation": 103, "Splice_Site": 92,
    "Frame_Shift_Ins": 91, "Frame_Shift_Del": 52, "In_Frame_Ins": 42, "In_Frame_Del": 10, "RNA": 10,
    "Intron": 8, "IGR": 5, "5'Flank": 3,
}  # fmt: skip
_KINDS = {"SNP": 2002, "INS": 141, "DEL": 64}
_GENES = {"DNMT3A": 54, "FLT3": 52, "NPM1": 34, "TET2": 27, "IDH2": 20, "CEBPA": 19, "RUNX1": 19, "TP53": 19}
# The classes that change a protein, written out once more: this list shares nothing with the package's.
_CHANGES = [
    "Frame_Shift_Del",
    "Frame_Shift_Ins",
    "Splice_Site",
    "Translation_Start_Site",
    "Nonsense_Mutation",
    "Nonstop_Mutation",
    "In_Frame_Del",
    "In_Frame_Ins",
    "Missense_Mutation",
]
_GARWOOD = {0: (0.0, 3.6889), 1: (0.0253, 5.5716), 5: (1.6235, 11.6683), 10: (4.7954, 18.3904)}


def cases(context: Context) -> Iterator[Case]:
    """All cases."""
    folder = context.folder("genomics", "maf")
    laml = read_tumours(folder / "tcga_laml.maf.gz")
    yield from _counts(laml)
    yield from _burdens(laml, folder / "tcga_laml.maf.gz")
    yield from _linked(laml, folder / "tcga_laml.maf.gz")
    yield from _annovar(read_tumours(folder / "variants.hg19_multianno.txt"))
    yield from _drugs(folder / "drugs.tsv.gz")
    yield from _formats()
    yield from _intervals()


def _counts(laml: Tumours) -> Iterator[Case]:
    v = laml.variants
    yield equal("MAF: variants", 2207, len(v), source=LAML)
    yield equal("MAF: samples", 193, len(laml), source=LAML)
    yield equal("MAF: genes", 1611, len(v.count("gene")), source=LAML)
    yield equal("MAF: build", "GRCh37", str(laml.build), source=LAML)
    for column, expected in (("consequence", _CLASSES), ("kind", _KINDS)):
        found = v.count(column)
        for name, number in expected.items():
            yield equal(f"MAF: {name}", number, found.get(name, 0), source=LAML)
        yield equal(f"MAF: other values of {column}", 0, len(found.keys() - expected.keys()), source=LAML)
    genes = v.count("gene")
    for name, number in _GENES.items():
        yield equal(f"MAF: variants in {name}", number, genes.get(name, 0), source=LAML)
    names = {str(n) for n in range(1, 23)} | {"X"}
    yield equal("MAF: chromosomes are 1 to 22 and X", True, set(v.count("chromosome")) == names, source=LAML)
    errors = sum(i.severity == "error" for i in laml.issues)
    yield equal("MAF: rows left out", 0, errors, source=LAML)


def _burdens(laml: Tumours, path: Path) -> Iterator[Case]:
    """Counts of every sample against a plain reading of the file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    plain = Counter(r["Tumor_Sample_Barcode"] for r in rows if r["Variant_Classification"] in _CHANGES)
    wrong = sum(t.burden(35.0).counted != plain[name] for name, t in laml.items())
    yield equal("mutational burden: samples that differ from a plain count", 0, wrong, source="csv of Python")
    name = next(iter(laml))
    got = laml[name].burden(35.0).per_megabase
    yield equal(
        "burden of one sample, per megabase", plain[name] / 35.0, got, source="definition", relative=1e-12
    )
    pairs = {
        (r["Hugo_Symbol"], r["Tumor_Sample_Barcode"]) for r in rows if r["Variant_Classification"] in _CHANGES
    }
    by_gene = Counter(gene for gene, _ in pairs)
    yield equal("samples mutated, of each gene", True, laml.mutated() == by_gene, source="csv of Python")
    shares = np.array(
        [float(r["i_TumorVAF_WU"]) / 100 if r["i_TumorVAF_WU"] not in ("", "NA") else np.nan for r in rows]
    )
    same = bool(np.allclose(laml.variants.vaf, shares, equal_nan=True, atol=1e-12))
    yield equal("shares of reads, from per cent", True, same, source="csv of Python")


def _linked(laml: Tumours, path: Path) -> Iterator[Case]:
    """Samples with a row of evidence about a codon, against the text of the protein change."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    for gene, drug, starts in (
        ("IDH1", "ivosidenib", ("p.R132",)),
        ("IDH2", "enasidenib", ("p.R140", "p.R172")),
        ("NRAS", "cetuximab", ("p.G12", "p.G13", "p.A59", "p.Q61", "p.K117", "p.A146")),
    ):
        mine = [r for r in rows if r["Hugo_Symbol"] == gene and r["Protein_Change"].startswith(starts)]
        plain = {r["Tumor_Sample_Barcode"] for r in mine}
        found = {
            name for name, t in laml.items() if any((e.gene, e.drug) == (gene, drug) for e in t.evidence())
        }
        name = f"samples with evidence on {drug} by {gene}"
        yield equal(name, len(plain), len(found & plain), source="csv of Python")
        yield equal(f"{name}: others", 0, len(found - plain), source="csv of Python")


def _annovar(table: Tumours) -> Iterator[Case]:
    source = "ANNOVAR table with CR line ends, genomics/CASES.md, section 5"
    yield equal("ANNOVAR: variants", 10, len(table.variants), source=source)
    yield equal("ANNOVAR: build", "GRCh37", str(table.build), source=source)
    found = table.variants.count("consequence")
    expected = {"Missense_Mutation": 7, "Frame_Shift_Ins": 2, "Frame_Shift_Del": 1}
    yield equal("ANNOVAR: consequences", True, found == expected, source=source)


def _drugs(path: Path) -> Iterator[Case]:
    issues = Issues()
    rows = read_evidence(path, issues)
    blank = sum(int(i.message.split()[0]) for i in issues)
    source = "drugs.tsv.gz as a user's table, genomics/CASES.md, section 5"
    yield equal(
        "gene-drug claims read, and those without gene or drug", 42_727, len(rows) + blank, source=source
    )
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        plain = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    named = sum(
        1 for r in plain if r[0].strip() and any(c.strip() not in ("", "N/A") for c in (r[5], r[4], r[3]))
    )
    yield equal("claims with a gene and a drug", named, len(rows), source="csv of Python")


def _formats() -> Iterator[Case]:
    """The project's own tumour, written in each format by code that shares nothing with the readers."""
    with tempfile.TemporaryDirectory() as folder:
        for name in FORMATS:
            found = read_tumours(write(name, Path(folder))).variants
            columns = (found.gene, found.chromosome, found.start, found.end, found.ref, found.alt)
            got = list(zip(*columns, strict=True))
            same = got == [(t.gene, t.chromosome, t.start, t.end, t.ref, t.alt) for t in TUMOUR]
            source = "written from one list"
            yield equal(f"one tumour as {name}: the same variants", True, same, source=source)
            classes = list(found.consequence) == [t.consequence for t in TUMOUR]
            yield equal(f"one tumour as {name}: the same consequences", True, classes, source=source)
            if name != "annovar":
                near = bool(np.allclose(found.vaf, [t.alt_reads / t.depth for t in TUMOUR], atol=1e-12))
                yield equal(f"one tumour as {name}: shares of reads", True, near, source="alt / depth")
    try:
        read_tumours(b"gene\tdrug\n")  # type: ignore[arg-type]
        code = "read"
    except InputError as error:
        code = error.code
    yield equal("another table is refused", "tumour.unknown-format", code, source="definition")


def _intervals() -> Iterator[Case]:
    source = "Garwood F, Biometrika 1936;28:437-442: half of quantiles of chi-square"
    for n, (low, high) in _GARWOOD.items():
        got = poisson_interval(n)
        yield equal(f"95 % interval of a count of {n}, low", low, got[0], source=source, absolute=5e-5)
        yield equal(f"95 % interval of a count of {n}, high", high, got[1], source=source, absolute=5e-5)
