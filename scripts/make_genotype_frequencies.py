"""Compile pytwin's table of allele frequencies by race group.

    python scripts/make_genotype_frequencies.py [--reference DIR]

CYP2C9*2, *3 and VKORC1 -1639A are counted in the IWPC patients of the reference library
(``pkpd/iwpc/iwpc_dev.csv``); only the aggregate leaves this script. The alleles that the IWPC sites
did not test come from a published table, and what no source could be read for is marked untraced.
Writes ``pytwin/genome/tables/frequencies.json``.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "pytwin" / "genome" / "tables" / "frequencies.json"
GROUPS = ("White", "Asian", "Black or African American")
SOURCES = {
    "iwpc": (
        "Counted in the development set of the International Warfarin Pharmacogenetics Consortium data "
        "(PharmGKB/ClinPGx, CC BY-SA 4.0; N Engl J Med 2009;360:753), half an allele added to each count"
    ),
    "shendre2018": (
        "Shendre, Dillon, Limdi, Pharmacogenomics 2018;19:1357, Table 1 "
        "(1000 Genomes: European, East Asian, African)"
    ),
    "untraced": "No source could be read: an equal, small weight, chosen by the project",
}
# Percent in Table 1 of Shendre 2018, in the order of GROUPS; 0.0 there means none or under 0.05 %.
PUBLISHED = {
    "CYP2C9": {"*5": (0.0, 0.0, 1.7), "*6": (0.0, 0.0, 0.8), "*8": (0.2, 0.0, 5.3), "*11": (0.2, 0.0, 2.4)},
    "CYP4F2": {"*3": (29.0, 21.4, 8.2)},
    "VKORC1": {},
}
COMMON = {"CYP2C9": ["*1", "*2", "*3"], "VKORC1": ["G", "A"], "CYP4F2": ["*1", "*3"]}
UNTRACED = 2e-4


def share(alleles: list[str], allele: str) -> float:
    """Share of an allele; the half that is added to each of two classes keeps it off 0 and 1."""
    return round((Counter(alleles)[allele] + 0.5) / (len(alleles) + 1.0), 5)


def counted(rows: list[dict[str, str]], column: str) -> list[str]:
    """All alleles of a column's genotypes; blank ones are missing."""
    return [allele for row in rows if row[column] for allele in row[column].split("/")]


def frequencies(rows: list[dict[str, str]]) -> dict[str, Any]:
    """{gene: {allele: {group: [frequency, source]}}} of the alleles that have a source."""
    table: dict[str, Any] = {gene: {} for gene in COMMON}
    for at, group in enumerate(GROUPS):
        members = [row for row in rows if row["race_omb"] == group]
        for gene, column, names in (
            ("CYP2C9", "cyp2c9", ("*2", "*3")),
            ("VKORC1", "vkorc1_m1639_imputed", ("A",)),
        ):
            alleles = counted(members, column)
            for name in names:
                table[gene].setdefault(name, {})[group] = [share(alleles, name), "iwpc"]
        for gene, published in PUBLISHED.items():
            for name, percent in published.items():
                value = (
                    [round(percent[at] / 100, 5), "shendre2018"] if percent[at] else [UNTRACED, "untraced"]
                )
                table[gene].setdefault(name, {})[group] = value
    return table


def main() -> None:
    """Write the table file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", type=Path, default=ROOT.parent / "shared" / "reference")
    options = parser.parse_args()
    with open(options.reference / "pkpd" / "iwpc" / "iwpc_dev.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    table = {
        "format": 1,
        "sources": SOURCES,
        "groups": {group: sum(row["race_omb"] == group for row in rows) for group in GROUPS},
        "common": COMMON,
        "untraced": UNTRACED,
        "genes": frequencies(rows),
    }
    OUT.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
