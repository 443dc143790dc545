"""The allele tables against the tables of the reference library, and every diplotype's phenotype."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytwin.genome.phenotype import phenotype
from pytwin.genome.tables import Gene, load_tables
from pytwin.verify.case import Case, equal
from pytwin.verify.run import Context

_TABLES = "CPIC and ClinPGx tables of release 2025-11-05 (reference library, genomics/tables)"
Row = dict[str, str]


def cases(context: Context) -> Iterator[Case]:
    """All cases of the tables."""
    folder = context.folder("genomics", "tables")
    genes = load_tables().genes
    yield from _contents(folder, list(genes.values()))
    total = 0
    for gene in genes.values():
        path = folder / f"diplotype_phenotype_{gene.name}.csv.gz"
        if not path.exists():
            continue
        rows = rows_of(path)
        total += len(rows)
        if rows:
            right = sum(_maps(gene, row) for row in rows)
            yield equal(f"{gene.name} diplotypes with CPIC's phenotype", len(rows), right, source=_TABLES)
    yield equal("diplotypes that CPIC's tables list", 11575, total, source=_TABLES)
    yield from _without_function(folder, genes)


def rows_of(path: Path) -> list[Row]:
    """Rows of a CSV table, plain or gzip."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return list(csv.DictReader(text.splitlines()))


def number(text: str) -> float | None:
    """An activity value or score; None for blank and 'n/a'."""
    return None if text in ("", "n/a") else float(text)


def labelled(gene: Gene) -> dict[str, str]:
    """Reported name of each name that CPIC uses."""
    known = {allele.name: allele.label for allele in (*gene.alleles, *gene.structural)}
    return known | {label: label for label in known.values()}


def _maps(gene: Gene, row: Row) -> bool:
    names = labelled(gene)
    found = phenotype(gene, *(names[allele] for allele in row["diplotype"].split("/")))
    return (found.name, found.activity_score) == (row["phenotype"], number(row["activity_score"]))


def _contents(folder: Path, tables: list[Gene]) -> Iterator[Case]:
    positions = rows_of(folder / "pgx_positions.csv")
    theirs = {
        (r["gene"], int(r["pos_grch38"]), r["rsid"], r["ref"], r["alts"], r["pos_grch37_pypgx"])
        for r in positions
    }
    ours = {
        (g.name, p.pos, p.rsid or "", p.ref, "|".join(p.alts), str(p.pos37 or ""))
        for g in tables
        for p in g.positions
    }
    yield equal("positions of the tables", len(theirs), len(ours & theirs), source=_TABLES)
    rows = rows_of(folder / "allele_definitions_long.csv")
    defined = {
        (r["gene"], r["allele"], int(r["pos_grch38"]), r["vcf_allele"]) for r in rows if r["pos_grch38"]
    }
    found = {(g.name, a.name, pos, base) for g in tables for a in g.alleles for pos, base in a.defined}
    yield equal("bases that alleles define", len(defined), len(found & defined), source=_TABLES)
    names = {(r["gene"], r["allele"]) for r in rows}
    kept = {(g.name, a.name) for g in tables for a in g.alleles}
    yield equal("alleles of the tables", len(names), len(kept & names), source=_TABLES)
    more = len(found - defined) + len(kept - names) + len(ours - theirs)
    yield equal("entries that the tables do not have", 0, more, source=_TABLES)


def _without_function(folder: Path, genes: Mapping[str, Gene]) -> Iterator[Case]:
    """An allele to which nobody gave a function gives no phenotype, whatever its partner."""
    known = {(r["gene"], r["allele"]) for r in rows_of(folder / "allele_function.csv")}
    silent = [
        (gene, allele)
        for gene in genes.values()
        for allele in gene.alleles
        if not {(gene.name, allele.name), (gene.name, allele.label)} & known
    ]
    wrong = sum(
        phenotype(gene, allele.label, other).name is not None
        for gene, allele in silent
        for other in gene.labels
    )
    yield equal("alleles without a function", 272, len(silent), source=_TABLES)
    yield equal("phenotypes given to diplotypes with such an allele", 0, wrong, source=_TABLES)
