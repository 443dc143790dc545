"""CPIC's recommendations: every row of the reference library's table has a coded one."""

from __future__ import annotations

from collections.abc import Iterator

from pytwin.genome.recommendations import Recommendation, drugs, recommendations
from pytwin.verify.case import Case, equal
from pytwin.verify.genome_tables import rows_of
from pytwin.verify.run import Context

_SOURCE = (
    "CPIC texts collected by PyPGx (reference library, genomics/tables/cpic_recommendations_via_pypgx.csv.gz)"
)
# Words that a text of each action has, and that only such a text has at its beginning.
_AVOID = ("Avoid codeine", "Avoid tramadol", "Select alternative", "Choose an alternative", "Avoid use of 5-")


def cases(context: Context) -> Iterator[Case]:
    """All cases of recommendations."""
    rows = rows_of(context.folder("genomics", "tables", "cpic_recommendations_via_pypgx.csv.gz"))
    ours = {(row.drug, row.phenotypes): row for drug in drugs() for row in recommendations(drug)}
    theirs = {(row["Drug"], _phenotypes(row)): row["Recommendation"] for row in rows}
    yield equal(
        "recommendations of the table that have a code",
        len(rows),
        len(ours.keys() & theirs.keys()),
        source=_SOURCE,
    )
    yield equal(
        "recommendations that the table does not have", 0, len(ours.keys() - theirs.keys()), source=_SOURCE
    )
    yield equal("drugs", 26, len(drugs()), source=_SOURCE)
    silent = sum((text == "None") and ours[key].action != "none" for key, text in theirs.items())
    yield equal("actions where the table recommends nothing", 0, silent, source=_SOURCE)
    avoided = [ours[key] for key, text in theirs.items() if text.startswith(_AVOID)]
    wrong = sum(row.action != "alternative" for row in avoided)
    yield equal("drugs to avoid that are not coded so", 0, wrong, source=_SOURCE)
    yield equal("half doses", *_counts(ours, theirs, "a 50% reduction of", (0.5, 0.5)), source=_SOURCE)
    yield equal(
        "three quarters of the dose",
        *_counts(ours, theirs, "a 25% reduction of", (0.75, 0.75)),
        source=_SOURCE,
    )


def _phenotypes(row: dict[str, str]) -> tuple[tuple[str, str | None], ...]:
    pairs = ((row["Gene1"], row["Phenotype1"]), (row["Gene2"], row["Phenotype2"]))
    return tuple((gene, None if name == "None" else name) for gene, name in pairs if gene != "None")


def _counts(
    ours: dict[tuple[str, tuple[tuple[str, str | None], ...]], Recommendation],
    theirs: dict[tuple[str, tuple[tuple[str, str | None], ...]], str],
    words: str,
    dose: tuple[float, float],
) -> tuple[int, int]:
    named = [key for key, text in theirs.items() if words in text]
    return len(named), sum(ours[key].dose == dose for key in named)
