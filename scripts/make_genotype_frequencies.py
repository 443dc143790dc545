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
from collections.abc import Iterator
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
    "zhou2017": (
        "Zhou, Ingelman-Sundberg, Lauschke, Clin Pharmacol Ther 2017;102:688, Table 5 "
        "(European, East Asian, African)"
    ),
    "jpm2018": "J Pers Med 2018;8:8, doi 10.3390/jpm8010008, Table 3 (European, East Asian, African)",
    "cpic2018": (
        "CPIC guideline for thiopurines as tabulated in PMC7708673, Table 1 "
        "(European, East Asian, African American)"
    ),
    "ntr2019": (
        "Nicotine Tob Res 2019;22:910, doi 10.1093/ntr/ntz105, Table 1 (White, Japanese, African American)"
    ),
    "tcp2021": (
        "Transl Clin Pharmacol 2021;29:135, doi 10.12793/tcp.2021.29.e14, Table 2 "
        "(European, East Asian, African)"
    ),
    "untraced": "No source could be read: an equal, small weight, chosen by the project",
}
# Percent in the tables of each source, in the order of GROUPS; 0.0 there means none, or under 0.1 %.
Percent = tuple[float, float, float]
PUBLISHED: dict[str, dict[str, dict[str, Percent]]] = {
    "CYP2C9": {
        "shendre2018": {
            "*5": (0.0, 0.0, 1.7), "*6": (0.0, 0.0, 0.8), "*8": (0.2, 0.0, 5.3), "*11": (0.2, 0.0, 2.4),
        }
    },
    "CYP4F2": {"shendre2018": {"*3": (29.0, 21.4, 8.2)}},
    "VKORC1": {},
    "CYP2C19": {
        "jpm2018": {
            "*2": (18.3, 31.0, 18.1), "*3": (0.0, 6.7, 0.0), "*9": (0.0, 0.0, 1.2), "*10": (0.0, 0.0, 0.4),
            "*13": (0.0, 0.0, 1.6), "*15": (0.0, 0.0, 2.0), "*17": (22.4, 1.5, 23.5), "*22": (0.0, 0.0, 0.1),
        }
    },
    "CYP3A4": {
        "zhou2017": {
            "*2": (1.1, 0.0, 0.0), "*3": (2.1, 0.0, 0.1), "*4": (0.0, 0.6, 0.0), "*6": (0.0, 0.2, 0.0),
            "*7": (0.1, 0.0, 0.0), "*8": (0.1, 0.0, 0.0), "*10": (0.0, 0.0, 0.2), "*12": (0.0, 0.0, 0.3),
            "*15": (0.0, 0.0, 2.5), "*16": (0.0, 0.1, 0.0), "*18": (0.0, 1.9, 0.2), "*22": (5.0, 0.0, 0.0),
        }
    },
    "CYP3A5": {"zhou2017": {"*3": (94.3, 71.3, 18.0), "*6": (0.3, 0.0, 15.4), "*7": (0.0, 0.0, 10.3)}},
    "CYP2B6": {
        "ntr2019": {
            "*2": (4.6, 3.9, 2.6), "*4": (3.9, 6.0, 0.0), "*5": (9.6, 1.0, 3.3), "*6": (25.6, 18.0, 32.8),
        },
        "tcp2021": {"*18": (0.0, 0.0, 8.25), "*22": (0.89, 0.2, 3.63)},
    },
    "TPMT": {"cpic2018": {"*2": (0.2, 0.0, 0.5), "*3A": (3.4, 0.0, 0.8), "*3C": (0.5, 1.6, 2.4)}},
    "NUDT15": {"cpic2018": {"*2": (0.0, 3.5, 0.0), "*3": (0.2, 6.1, 0.0)}},
}  # fmt: skip
COMMON = {"CYP2C9": ["*1", "*2", "*3"], "VKORC1": ["G", "A"], "CYP4F2": ["*1", "*3"]}
UNTRACED = 2e-4


def share(alleles: list[str], allele: str) -> float:
    """Share of an allele; the half that is added to each of two classes keeps it off 0 and 1."""
    return round((Counter(alleles)[allele] + 0.5) / (len(alleles) + 1.0), 5)


def counted(rows: list[dict[str, str]], column: str) -> list[str]:
    """All alleles of a column's genotypes; blank ones are missing."""
    return [allele for row in rows if row[column] for allele in row[column].split("/")]


def listed() -> Iterator[tuple[str, str, str, Percent]]:
    """Gene, source, allele, percent of every published entry."""
    for gene, sources in PUBLISHED.items():
        for source, alleles in sources.items():
            for name, percent in alleles.items():
                yield gene, source, name, percent


def frequencies(rows: list[dict[str, str]]) -> dict[str, Any]:
    """{gene: {allele: {group: [frequency, source]}}} of the alleles that have a source."""
    table: dict[str, Any] = {gene: {} for gene in PUBLISHED}
    for at, group in enumerate(GROUPS):
        members = [row for row in rows if row["race_omb"] == group]
        for gene, column, names in (
            ("CYP2C9", "cyp2c9", ("*2", "*3")),
            ("VKORC1", "vkorc1_m1639_imputed", ("A",)),
        ):
            alleles = counted(members, column)
            for name in names:
                table[gene].setdefault(name, {})[group] = [share(alleles, name), "iwpc"]
        for gene, source, name, percent in listed():
            value = [round(percent[at] / 100, 5), source] if percent[at] else [UNTRACED, "untraced"]
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
