"""Genomes in the terminal and as a figure: of each gene what is reported, how sure, and what is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytwin.genome import Genome, GenomeRow
from pytwin.issues import Issues
from pytwin.report import style
from pytwin.report.records import issues, show_issues
from pytwin.report.terminal import table, terminal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = ("gene", "reported", "probability", "phenotype", "score", "what is open")
# The first word that a phenotype holds decides its colour.
_COLOURS = (
    ("poor", style.ORANGE),
    ("intermediate", "#e69f00"),
    ("decreased", "#e69f00"),
    ("ultrarapid", style.BLUE),
    ("rapid", "#56b4e9"),
    ("increased", "#56b4e9"),
    ("normal", style.GREEN),
)
_OTHER = "#cc79a7"
_NAMED = 0.2  # share from which on a bar has room for its name


def data(genome: Genome) -> dict[str, Any]:
    """What is known of each gene as plain values, and the issues; no name of a sample."""
    return {
        "build": genome.build,
        "tables": genome.tables_version,
        "sources": [source._asdict() for source in genome.sources],
        "genes": [
            {
                **row._asdict(),
                "phenotypes": _shares(genome, row.gene),
                "uncalled": _uncalled(genome, row.gene),
            }
            for row in genome.table
        ],
        "issues": issues(genome.issues),
    }


def _shares(genome: Genome, gene: str) -> dict[str, float]:
    call = genome.genes.get(gene)
    return {name or "not available": share for name, share in call.phenotypes().items()} if call else {}


def _uncalled(genome: Genome, gene: str) -> list[str]:
    call = genome.genes.get(gene)
    return list(call.uncalled) if call else []


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _cells(row: GenomeRow) -> tuple[str, ...]:
    other = f" of {row.likeliest}" if row.likeliest != row.reported else ""
    probability = _number(row.probability) + other if row.likeliest else ""
    return (row.gene, row.reported, probability, row.phenotype or "", _number(row.activity_score), row.open)


def show(genome: Genome) -> None:
    """Print the table of a genome, of what nothing is known, and the issues beyond that."""
    console = terminal()
    source = genome.sources[0].name if genome.sources else ""
    title = f"Genome from {source}, {genome.build or 'no build'}; allele tables {genome.tables_version}"
    known = [row for row in genome.table if row.status != "no information"]
    console.print(table(title, _COLUMNS, map(_cells, known)))
    silent = [row.gene for row in genome.table if row.status == "no information"]
    if silent:
        console.print(f"Nothing is known about {', '.join(silent)}.", markup=False)
    # The table says which positions were not called.
    show_issues(Issues(issue for issue in genome.issues if issue.code != "genome.uncalled"))


def _colour(name: str | None) -> str:
    words = (name or "").lower()
    if not words:
        return style.RULE
    return next((colour for word, colour in _COLOURS if word in words), _OTHER)


def plot(genome: Genome) -> Figure:
    """A bar for each gene: its phenotypes by probability, and how many positions were called."""
    calls = [call for call in genome.genes.values() if call.diplotypes]
    made = style.figure(8.6, 0.8 + 0.32 * max(len(calls), 1))
    axes = made.subplots()
    for at, call in enumerate(calls):
        left = 0.0
        for name, share in sorted(call.phenotypes().items(), key=lambda item: -item[1]):
            axes.barh(at, share, left=left, color=_colour(name), height=0.72, edgecolor="white")
            if share >= _NAMED:
                words = name or "phenotype not available"
                axes.text(left + share / 2, at, words, ha="center", va="center", fontsize=7.5)
            left += share
        seen = f"{call.called}/{len(call.table.positions)}" if call.observed else "stated"
        axes.text(1.02, at, seen, va="center", fontsize=7.5, color=style.MUTED)
    axes.set_yticks(range(len(calls)), [call.gene for call in calls])
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.set_xlabel("probability of the phenotype; right: positions called")
    return made
