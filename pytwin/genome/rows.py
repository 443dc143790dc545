"""The table of a genome: a row for each gene, as tuples and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from pytwin.genome.call import Call
from pytwin.genome.frequencies import UNTRACED
from pytwin.genome.statement import Statement


class GenomeRow(NamedTuple):
    """One line of ``Genome.table``.

    ``reported`` is the usual report, ``likeliest`` the diplotype of the highest ``probability``, and
    ``open`` says in words what is not known; ``called`` of ``total`` positions were seen.
    """

    gene: str
    status: str
    reported: str
    likeliest: str
    probability: float | None
    phenotype: str | None
    activity_score: float | None
    called: int
    total: int
    open: str


_SHOWN = 0.05
"""Share from which on an open phenotype is named."""


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else escape(str(value))


def _open(call: Call) -> str:
    """What is not known of a gene, in words."""
    if call.status == "no information":
        return "nothing is known"
    if call.status == "no match":
        told = f": {' or '.join(call.combinations[:2])}" if call.combinations else ""
        return f"no known alleles explain what was seen{told}"
    said = []
    if len(call.diplotypes) > 1:
        more = "more than " if call.unlisted() > 0 else ""
        alike = ", alleles weighed alike" if call.weighed_by == UNTRACED else ""
        said.append(f"{more}{len(call.diplotypes)} diplotypes possible{alike}")
    shares = call.phenotypes()
    if call.phenotype is None and len(shares) > 1:
        named = sorted(((share, name or "not available") for name, share in shares.items()), reverse=True)
        said.append(", ".join(f"{name} {share:.2f}" for share, name in named if share >= _SHOWN))
    if call.observed and call.uncalled:
        said.append(f"{len(call.uncalled)} of {len(call.table.positions)} positions not called")
    return "; ".join(said)


def genome_row(call: Call, statements: Sequence[Statement] = ()) -> GenomeRow:
    """The row of one gene; a stated phenotype stands where the tables have none for the diplotype."""
    likeliest = call.diplotypes[0] if call.diplotypes else None
    phenotype, score = call.phenotype, call.activity_score
    if phenotype is None and call.status == "called":
        phenotype, score = _stated_phenotype(statements)
    return GenomeRow(
        call.gene,
        call.status,
        " or ".join(call.reported),
        likeliest.name if likeliest else "",
        likeliest.probability if likeliest else None,
        phenotype,
        score,
        call.called,
        len(call.table.positions),
        _open(call),
    )


def _stated_phenotype(statements: Sequence[Statement]) -> tuple[str | None, float | None]:
    said = {(one.phenotype, one.activity_score) for one in statements if one.phenotype}
    return said.pop() if len(said) == 1 else (None, None)


def stated_row(gene: str, statements: Sequence[Statement]) -> GenomeRow:
    """The row of a gene without an allele table."""
    names = list(dict.fromkeys(text for one in statements for text in one.diplotypes))
    phenotype, score = _stated_phenotype(statements)
    first, share = (names[0], 1 / len(names)) if names else ("", None)
    said = "no allele table; as stated"
    return GenomeRow(gene, "stated", " or ".join(names), first, share, phenotype, score, 0, 0, said)


def html_table(rows: tuple[GenomeRow, ...], note: str) -> str:
    """The rows as an HTML table with a note below."""
    head = "".join(f"<th>{text.replace('_', ' ')}</th>" for text in GenomeRow._fields)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{escape(note)}</p>"
