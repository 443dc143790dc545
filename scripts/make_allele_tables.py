"""Compile pytwin's allele tables from a CPIC/ClinPGx release laid out as in the reference library.

    python scripts/make_allele_tables.py [--reference DIR]

Reads ``genomics/tables`` of the reference library (positions, allele definitions, functions,
function pairs, exemptions) and writes ``pytwin/genome/tables/alleles.json``: facts only (position, bases,
function, phenotype), in the project's own form, with version, date and attribution.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
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
# Genes of which a strand may carry several alleles; the one of the lowest activity counts.
COMBINES = {"DPYD"}
# Alleles that score at every position, as the reference does: CYP2C19*1 is written with one position only.
COMPLETE = {"CYP2C19": ["*1"]}

Row = dict[str, str]


def read(folder: Path, name: str, gene: str) -> list[Row]:
    """Rows of one CSV table that belong to a gene."""
    with open(folder / name, encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["gene"] == gene]


def number(text: str) -> float | None:
    """A number, or None for blank and 'n/a'."""
    return None if text in ("", "n/a") else float(text)


def shift(pos: int, ref: str, alt: str, hgvs: str, largest: int) -> int:
    """How many bases to the right an insertion or deletion may be written and mean the same.

    VCF writes it leftmost, HGVS rightmost; ``largest`` is the greatest length change among the ALTs that
    HGVS counts in repeats.
    """
    grown = len(alt) - len(ref)
    if grown == 0:
        return 0
    repeat = re.search(r"g\.(\d+)([ACGT]+)\[", hgvs)
    if repeat:
        start, unit = int(repeat.group(1)), len(repeat.group(2))
        units = max(int(n) for n in re.findall(r"\[(\d+)\]", hgvs)) - largest // unit
        end = start + units * unit - 1
        return end - pos + min(grown, 0)
    first, last = re.search(r"g\.(\d+)(?:_(\d+))?(?:del|dup|ins)", hgvs).groups()
    if "dup" in hgvs:
        return int(last or first) - pos
    return int(first) - pos - ("del" in hgvs)


def positions(rows: list[Row]) -> list[list[Any]]:
    """[GRCh38 position, GRCh37 position or null, rsID or null, REF, [ALT...], [shift...]] by position.

    The last entry is there only where an ALT is an insertion or a deletion that can be shifted.
    """
    found = []
    for r in rows:
        pos, ref, alts = int(r["pos_grch38"]), r["ref"], r["alts"].split("|")
        largest = max(len(alt) - len(ref) for alt in alts)
        shifts = [shift(pos, ref, alt, r["hgvs_g"], largest) for alt in alts]
        pos37 = int(r["pos_grch37_pypgx"]) if r["pos_grch37_pypgx"] else None
        found.append([pos, pos37, r["rsid"] or None, ref, alts] + ([shifts] if any(shifts) else []))
    return sorted(found, key=lambda row: row[0])


def labels(folder: Path, gene: str) -> dict[str, str]:
    """Names under which alleles are reported, where these differ: suballeles by their core allele."""
    cores = {row["suballele"]: row["core_allele"] for row in read(folder, "suballele_map.csv", gene)}
    return LABELS.get(gene, {}) | cores


def exemptions(folder: Path, gene: str) -> dict[str, Any]:
    """Required positions and the diplotypes to prefer, [[diplotypes that match together], pick]."""
    table = json.loads((folder / "pharmcat_exemptions.json").read_text(encoding="utf-8")).get(gene, {})
    priorities = [[row["list"], row["pick"]] for row in table.get("unphasedDiplotypePriorities", [])]
    return {"required": sorted(table.get("requiredPositions", [])), "priorities": priorities}


def extra_positions(folder: Path, gene: str) -> list[list[Any]]:
    """Positions that are reported beside the gene and belong to no allele."""
    exemptions = json.loads((folder / "pharmcat_exemptions.json").read_text(encoding="utf-8"))
    found = exemptions.get(gene, {}).get("extraPositions", [])
    return [[p["position"], None, p["rsid"], p["ref"], p["alts"]] for p in found]


def alleles(folder: Path, gene: str) -> list[list[Any]]:
    """[name, [[GRCh38 position, base]...], function or null, activity or null], reference first."""
    functions = {
        r["allele"]: [r["function"], number(r["activity_value"])]
        for r in read(folder, "allele_function.csv", gene)
    }
    cores = labels(folder, gene)
    table: dict[str, list[Any]] = {}
    for row in read(folder, "allele_definitions_long.csv", gene):
        name = row["allele"]
        function = functions.get(name) or functions.get(cores.get(name, "")) or [None, None]
        entry = table.setdefault(name, [name, [], *function])
        if row["pos_grch38"]:
            entry[1].append([int(row["pos_grch38"]), row["vcf_allele"]])
    defined = set(table) | {cores[name] for name in table if name in cores}
    # Structural alleles have a function and no position: nothing in a file of variants shows them.
    structural = [[name, None, *function] for name, function in functions.items() if name not in defined]
    return list(table.values()) + structural


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
        "combines": gene in COMBINES,
        "labels": labels(folder, gene),
        "complete": [reference, *COMPLETE.get(gene, [])],
        **exemptions(folder, gene),
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
    options = parser.parse_args()
    folder = options.reference / "genomics" / "tables"
    with open(folder / "gene_meta.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    meta = rows[0]
    version = meta["definition_version"]
    table = {
        "format": 1,
        "version": version,
        "date": version[:10],
        "build": meta["build"],
        "attribution": ATTRIBUTION,
        "genes": {row["gene"]: compile_gene(folder, row["gene"]) for row in rows},
    }
    OUT.write_text(layout(table) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
