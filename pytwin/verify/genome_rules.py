"""Worked examples of genes with rules of their own: NAT2, and HapB3 of DPYD."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from pytwin.genome.call import Call, call_gene
from pytwin.genome.genotype import OTHER, Genotype
from pytwin.genome.tables import Gene, load_tables
from pytwin.verify.case import Case, equal, info
from pytwin.verify.run import Context

_NAT2 = "PharmCAT, worked NAT2 genotypes (reference library, genomics/vcf/pharmcat_reader/tests.tsv)"
_HAPB3 = "PharmCAT, predicted DPYD calls (reference library, genomics/vcf/pharmcat_reader/hapb3.tsv)"
# The list names a base at this position that is no allele of the table.
_UNDOCUMENTED = "rs186169810"


def cases(context: Context) -> Iterator[Case]:
    """All cases of these genes."""
    folder = context.folder("genomics", "vcf", "pharmcat_reader")
    yield from _nat2(folder / "tests.tsv")
    yield from _hapb3(folder / "hapb3.tsv")


def _reference(gene: Gene) -> dict[int, Genotype]:
    return {p.pos: Genotype((p.ref, p.ref)) for p in gene.positions}


def _nat2(path: Path) -> Iterator[Case]:
    gene = load_tables().genes["NAT2"]
    place = {p.rsid: p.pos for p in gene.positions if p.rsid}
    with open(path, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    right = 0
    for row in rows:
        observed = _reference(gene)
        for rsid in (name for name in row if name.startswith("rs")):
            first, second = row[rsid].split("/")
            observed[place[rsid]] = Genotype((first, second))
        for rsid in re.findall(r"rs\d+", row["Missing positions"]):
            del observed[place[rsid]]
        expected = set(re.findall(r"\*\d+/\*\d+", row["Pick"] or row["Output"]))
        right += set(call_gene(gene, observed).reported) == expected
    yield equal("NAT2 worked genotypes with their call", len(rows), right, source=_NAT2)


def _hapb3(path: Path) -> Iterator[Case]:
    gene = load_tables().genes["DPYD"]
    with open(path, encoding="utf-8", newline="") as stream:
        lines = list(csv.reader(stream, delimiter="\t"))
    rsids, rows = lines[2][:7], [line for line in lines[3:] if any(line[:7])]
    for phased in (True, False):
        right = 0
        for row in rows:
            call = call_gene(gene, _genotypes(gene, rsids, row, phased))
            expected = _alleles(row[7] if phased or not row[9] else row[9])
            met = _found(call) == expected
            right += met
            if not met:
                got = " or ".join(call.reported)
                yield info(
                    f"missed: DPYD {' '.join(row[:7])}", got, expected=row[7 if phased else 9], source=_HAPB3
                )
        kind = "phased" if phased else "unphased"
        yield equal(f"DPYD {kind} genotypes about HapB3 with their call", len(rows), right, source=_HAPB3)


def _genotypes(gene: Gene, rsids: list[str], row: list[str], phased: bool) -> dict[int, Genotype]:
    observed = _reference(gene)
    for rsid, text in zip(rsids, row, strict=False):
        position = next(p for p in gene.positions if p.rsid == rsid)
        if text == "missing":
            del observed[position.pos]
            continue
        alt = OTHER if rsid == _UNDOCUMENTED else position.alts[0]
        first, second = (alt if number == "1" else position.ref for number in re.split(r"[/|]", text))
        observed[position.pos] = Genotype((first, second), phased)
    return observed


def _alleles(text: str) -> tuple[frozenset[str], ...]:
    """Sides of a predicted diplotype, or its list of alleles without ``ref``, in short names."""
    text = text.replace("Reference", "ref").replace(" ", "")
    parts = text.split("/") if "/" in text else [part for part in text.split(",") if part != "ref"]
    return tuple(sorted((frozenset(p.strip("[]").split("+")) for p in parts), key=sorted))


def _found(call: Call) -> tuple[frozenset[str], ...]:
    short = {
        "c.1129-5923C>G, c.1236G>A (HapB3)": "HapB3",
        "c.1129-5923C>G": "HapB3Intron",
    }
    names = "|".join(call.reported)
    for long, name in short.items():
        names = names.replace(long, name)
    return _alleles(names.replace("|", ",") if "/" not in names else names)
