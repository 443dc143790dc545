"""The table of a genome: a row for each gene, as tuples and as HTML."""

from __future__ import annotations

from html import escape
from typing import Any, NamedTuple

from pytwin.genome.call import Call


class GenomeRow(NamedTuple):
    """One line of ``Genome.table``."""

    gene: str
    status: str
    reported: str
    likeliest: str
    probability: float | None
    phenotype: str | None
    activity_score: float | None
    called: int
    total: int


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else escape(str(value))


def genome_row(call: Call) -> GenomeRow:
    """The row of one gene."""
    likeliest = call.diplotypes[0] if call.diplotypes else None
    total = len(call.table.positions)
    return GenomeRow(
        call.gene,
        call.status,
        " or ".join(call.reported),
        likeliest.name if likeliest else "",
        likeliest.probability if likeliest else None,
        call.phenotype,
        call.activity_score,
        call.called,
        total,
    )


def html_table(rows: tuple[GenomeRow, ...], note: str) -> str:
    """The rows as an HTML table with a note below."""
    head = "".join(f"<th>{text.replace('_', ' ')}</th>" for text in GenomeRow._fields)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{escape(note)}</p>"
