"""Compile which action CPIC recommends for a drug and phenotypes, in the project's own codes.

    python scripts/make_recommendations.py [--reference DIR]

Reads the texts in ``genomics/tables/cpic_recommendations_via_pypgx.csv.gz`` of the reference library and
writes ``pytwin/genome/tables/recommendations.json``: drug, genes, phenotypes, an action, the share of the
usual dose, a highest dose, and two flags. No sentence of the texts is kept.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "pytwin" / "genome" / "tables" / "recommendations.json"
SOURCE = "CPIC guidelines (cpicpgx.org/guidelines), as collected by PyPGx 0.26.0"

# The first pattern that is found decides; a text that none fits is an error.
ACTIONS = (
    ("none", r"^None$|^Neither TPMT or NUDT15"),
    ("none", r"^(TPMT|NUDT15) phenotype could not be assigned[^.]* (and|no) .*genotype"),
    (
        "standard",
        r"^Avoid moderate and strong CYP2D6 inhibitors\. Initiate therapy with recommended standard",
    ),
    ("alternative", r"^(Avoid|Select alternative|Choose an alternative|Recommend alternative)"),
    ("alternative", r"^(Consider (an )?alternative|Consider hormonal therapy|Prescribe an alternative)"),
    ("alternative", r"consider alternative (non-thiopurine|agents)"),
    ("reduce", r"drastically reduced|reduced (starting )?doses?|decreased dose|Reduce starting dose"),
    ("reduce", r"\d+% reduction of|25-50% of the lowest recommended starting dose"),
    ("limit", r"[Pp]rescribe <=\d+ ?mg"),
    ("increase", r"^Increase starting"),
    ("standard", r"(normal|desired|recommended|standard) (starting )?(daily )?(dos|standard of care)"),
    ("standard", r"label[ -]recommended|no (indication to change|need to avoid)|use at standard dose"),
    ("standard", r"standard (recommended|starting) |^Initiate with a dose of 40 mg/day"),
)
SHARES = (
    (r"1\.5 to 2 times", (1.5, 2.0)),
    (r"daily dose by 100%", (2.0, 2.0)),
    (r"10-fold", (0.1, 0.1)),
    (r"[Rr]educe starting doses to 25% of normal dose", (0.25, 0.25)),
    (r"50% to 80% of normal dose", (0.5, 0.8)),
    (r"25-50% of the lowest", (0.25, 0.5)),
    (r"400 or 200 mg", (0.333, 0.667)),
    (r"decreased dose of 400 mg", (0.667, 0.667)),
)


def action(text: str) -> str:
    """The action of a text."""
    for name, pattern in ACTIONS:
        if re.search(pattern, text):
            return name
    raise ValueError(f"no action fits: {text}")


def share(text: str, kind: str) -> list[float] | None:
    """Lowest and highest share of the usual dose, where the text gives a number."""
    for pattern, bounds in SHARES:
        if re.search(pattern, text):
            return list(bounds)
    found = re.search(r"(\d+)% ?- ?(\d+)% of (the )?normal", text)
    if found:
        return [int(found.group(1)) / 100, int(found.group(2)) / 100]
    found = re.search(r"(?:a (\d+)% reduction of|starting dose by (\d+)%)", text)
    if found and kind in ("reduce", "alternative"):
        return [1 - int(found.group(1) or found.group(2)) / 100] * 2
    return None


def highest(text: str) -> float | None:
    """Highest dose in mg a day."""
    found = re.search(r"[Pp]rescribe <=(\d+) ?mg|limit dose to <(\d+) ?mg", text)
    return float(found.group(1) or found.group(2)) if found else None


def compiled(row: dict[str, str]) -> list[Any]:
    """[drug, [[gene, phenotype or null]...], action, share or null, highest mg or null, monitor, partial]."""
    text = row["Recommendation"]
    genes = [
        [row[f"Gene{n}"], None if row[f"Phenotype{n}"] == "None" else row[f"Phenotype{n}"]]
        for n in (1, 2)
        if row[f"Gene{n}"] != "None"
    ]
    kind = action(text)
    monitor = bool(re.search(r"drug monitoring|plasma concentration", text))
    partial = bool(re.search(r"not available|could not be assigned|is unknown", text))
    return [row["Drug"], genes, kind, share(text, kind), highest(text), monitor, partial]


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", type=Path, default=ROOT.parent / "shared" / "reference")
    folder = parser.parse_args().reference / "genomics" / "tables"
    with gzip.open(
        folder / "cpic_recommendations_via_pypgx.csv.gz", "rt", encoding="utf-8", newline=""
    ) as stream:
        rows = sorted((compiled(row) for row in csv.DictReader(stream)), key=json.dumps)
    lines = ",\n  ".join(json.dumps(row, separators=(",", ":")) for row in rows)
    OUT.write_text(
        f'{{\n "format": 1,\n "source": {json.dumps(SOURCE)},\n "rows": [\n  {lines}\n ]\n}}\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
