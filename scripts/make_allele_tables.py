"""Compile pytwin's allele tables from a CPIC/ClinPGx release laid out as in the reference library.

    python scripts/make_allele_tables.py [--reference DIR] [--genes CYP2C9 VKORC1 CYP4F2]

Reads ``genomics/tables`` of the reference library (positions, allele definitions, functions,
function pairs) and writes ``pytwin/genome/tables/alleles.json``: facts only (position, bases,
function, phenotype), in the project's own form, with version, date and attribution.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "pytwin" / "genome" / "tables" / "alleles.json"
ATTRIBUTION = (
    "Allele definitions, functions and phenotypes: CPIC (cpicpgx.org, CC0-1.0) and ClinPGx (clinpgx.org), "
    "as released with PharmCAT; GRCh37 positions as collected by PyPGx. Compiled by the pytwin project."
)
# The field reports VKORC1 as the -1639 genotype of the minus strand: plus-strand C is G, T is A.
LABELS = {"VKORC1": {"rs9923231 reference (C)": "G", "rs9923231 variant (T)": "A"}}
LOOKUP = {"ACTIVITY_SCORE": "activity score", "PHENOTYPE": "phenotype"}
# CASES of the reference library, section 3: in these genes an ALT outside the table counts as REF.
UNDOCUMENTED_AS_REFERENCE = {"DPYD", "NUDT15", "TPMT"}

Row = dict[str, str]


def read(folder: Path, name: str, gene: str) -> list[Row]:
    """Rows of one CSV table that belong to a gene."""
    with open(folder / name, encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["gene"] == gene]


def number(text: str) -> float | None:
    """A number, or None for blank and 'n/a'."""
    return None if text in ("", "n/a") else float(text)


def positions(rows: list[Row]) -> list[list[Any]]:
    """[GRCh38 position, GRCh37 position or null, rsID or null, REF, [ALT...]] by position."""
    found = [
        [int(r["pos_grch38"]), int(r["pos_grch37_pypgx"]) if r["pos_grch37_pypgx"] else None]
        + [r["rsid"] or None, r["ref"], r["alts"].split("|")]
        for r in rows
    ]
    return sorted(found)


def extra_positions(folder: Path, gene: str) -> list[list[Any]]:
    """Positions that are reported beside the gene and belong to no allele."""
    exemptions = json.loads((folder / "pharmcat_exemptions.json").read_text(encoding="utf-8"))
    found = exemptions.get(gene, {}).get("extraPositions", [])
    return [[p["position"], None, p["rsid"], p["ref"], p["alts"]] for p in found]


def alleles(folder: Path, gene: str) -> list[list[Any]]:
    """[name, [[GRCh38 position, base]...], function or null, activity or null], reference first."""
    functions = {r["allele"]: r for r in read(folder, "allele_function.csv", gene)}
    table: dict[str, list[Any]] = {}
    for row in read(folder, "allele_definitions_long.csv", gene):
        known = functions.get(row["allele"])
        function = [known["function"], number(known["activity_value"])] if known else [None, None]
        entry = table.setdefault(row["allele"], [row["allele"], [], *function])
        if row["pos_grch38"]:
            entry[1].append([int(row["pos_grch38"]), row["vcf_allele"]])
    return list(table.values())


def phenotypes(folder: Path, gene: str) -> list[list[Any]]:
    """[function, activity, function, activity, activity score, phenotype] for each pair."""
    return [
        [r["function_1"], number(r["activity_1"]), r["function_2"], number(r["activity_2"])]
        + [number(r["activity_score"]), r["phenotype"]]
        for r in read(folder, "function_pair_phenotype.csv", gene)
    ]


def compile_gene(folder: Path, gene: str) -> dict[str, Any]:
    """The table of one gene."""
    meta = read(folder, "gene_meta.csv", gene)[0]
    rows = read(folder, "pgx_positions.csv", gene)
    reference = next(
        r["allele"] for r in read(folder, "allele_definitions_long.csv", gene) if r["is_reference"] == "1"
    )
    return {
        "chromosome": rows[0]["chrom"].removeprefix("chr"),
        "reference": reference,
        "lookup": LOOKUP.get(meta["lookup_method"]),
        "modified": meta["definition_modified"][:10],
        "undocumented_as_reference": gene in UNDOCUMENTED_AS_REFERENCE,
        "labels": LABELS.get(gene, {}),
        "positions": positions(rows),
        "extra": extra_positions(folder, gene),
        "alleles": alleles(folder, gene),
        "phenotypes": phenotypes(folder, gene),
    }


def layout(value: Any, depth: int = 0) -> str:
    """JSON with one position, allele or phenotype a line, so that a renewal can be reviewed."""
    pad = " " * (depth + 1)
    if isinstance(value, dict) and value:
        inner = [f"{pad}{json.dumps(k)}: {layout(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(inner) + "\n" + " " * depth + "}"
    if isinstance(value, list) and value and isinstance(value[0], list):
        inner = [pad + json.dumps(v, separators=(",", ":")) for v in value]
        return "[\n" + ",\n".join(inner) + "\n" + " " * depth + "]"
    return json.dumps(value)


def main() -> None:
    """Write the table file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", type=Path, default=ROOT.parent / "shared" / "reference")
    parser.add_argument("--genes", nargs="+", default=["CYP2C9", "VKORC1", "CYP4F2"])
    options = parser.parse_args()
    folder = options.reference / "genomics" / "tables"
    meta = read(folder, "gene_meta.csv", options.genes[0])[0]
    version = meta["definition_version"]
    table = {
        "format": 1,
        "version": version,
        "date": version[:10],
        "build": meta["build"],
        "attribution": ATTRIBUTION,
        "genes": {gene: compile_gene(folder, gene) for gene in options.genes},
    }
    OUT.write_text(layout(table) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
