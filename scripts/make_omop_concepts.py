"""Make pytwin/record/tables/concepts.tsv from a CONCEPT table of the OHDSI vocabularies.

    python scripts/make_omop_concepts.py CONCEPT.csv

Kept are the standard concepts of what pytwin has tables of: LOINC codes of its analytes, the UCUM codes of
their units, RxNorm codes of its drugs, SNOMED CT codes of its conditions (under pytwin's own names).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from pytwin.record.analytes import ANALYTES
from pytwin.record.conditions import CONDITIONS
from pytwin.record.drugs import DRUGS

TARGET = Path(__file__).parents[1] / "pytwin" / "record" / "tables" / "concepts.tsv"
COLUMNS = ("concept_id", "vocabulary_id", "concept_code", "domain_id", "concept_class_id", "concept_name")


def wanted() -> dict[tuple[str, str], str]:
    """(vocabulary, code) -> a name of pytwin's own, or empty to keep that of the table."""
    return {
        **{("LOINC", code): "" for analyte in ANALYTES.values() for code in analyte.loinc},
        **{("UCUM", analyte.unit): "" for analyte in ANALYTES.values()},
        **{("RxNorm", code): "" for drug in DRUGS.values() for code in drug.rxnorm},
        **{("SNOMED", code): c.name for c in CONDITIONS.values() for code in c.snomed},
    }


def main(path: str) -> None:
    """Write the table."""
    names = wanted()
    with Path(path).open(newline="", encoding="utf-8") as stream:
        rows = [
            row | {"concept_name": names[key] or row["concept_name"]}
            for row in csv.DictReader(stream)
            if (key := (row["vocabulary_id"], row["concept_code"])) in names
            and row["standard_concept"] == "S"
        ]
    rows.sort(key=lambda row: (row["vocabulary_id"], int(row["concept_id"])))
    with TARGET.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, delimiter="\t", lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1])
