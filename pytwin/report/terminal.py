"""The report's page as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pytwin.report.page import Page, Row

if TYPE_CHECKING:
    from pytwin.verify import Case, Report

_WIDTH = 116
_BAR = 12
_PLANS = 12


def show(ranking: Any, *, genome: bool = False, console: Console | None = None) -> None:
    """Print a Ranking: the data and their issues, the parameters, the plans, what was left out and why."""
    from pytwin.report import view

    page(view.page(ranking, genome=genome, figures=False), console or terminal())


def terminal() -> Console:
    """Standard output, at least wide enough for the ranking when it is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)


def page(shown: Page, console: Console) -> None:
    """Print a page."""
    console.print(Text(shown.title, style="bold"))
    console.print(Text("  ".join(f"{label} {value}" for label, value in shown.patient)))
    _data(shown, console)
    _parameters(shown, console)
    _plans(shown, console)
    _excluded(shown, console)
    _confidence(shown, console)
    console.print()
    console.print(Text(shown.headline, style="bold"))
    for line in (*shown.abstained, *shown.reasons):
        console.print(Text(f"  - {line}"))
    for line in shown.warnings:
        console.print(Text(f"  warning: {line}", style="yellow"))
    console.print(Text(shown.use, style="dim"))


def _table(title: str, columns: Sequence[str], right: Sequence[int] = ()) -> Table:
    left: dict[str, Any] = {"title_justify": "left", "box": None, "pad_edge": False}
    made = Table(title=title or None, title_style="bold", header_style="dim", **left)
    for index, name in enumerate(columns):
        made.add_column(escape(name), justify="right" if index in right else "left")
    return made


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table of plain texts."""
    made = _table(title, columns)
    for row in rows:
        _add(made, row)
    return made


def _add(made: Table, cells: Sequence[str], style: str = "") -> None:
    made.add_row(*(Text(cell) for cell in cells), style=style)


def _data(shown: Page, console: Console) -> None:
    console.print()
    made = _table("Data", ("", "number", "last", "when", "age", "use"), right=(1,))
    for row in shown.data:
        _add(made, (row.what, str(row.count), row.last, row.when, row.age, row.use))
    console.print(made)
    if shown.genome:
        console.print(Text(f"Genome: {shown.genome}"))
    for line in shown.coverage:
        console.print(Text(f"  - {line}"))
    for severity, message, place, action in shown.issues:
        console.print(Text(f"  {severity}: {message} ({place}): {action}", style="yellow"))


def _parameters(shown: Page, console: Console) -> None:
    if not shown.parameters:
        return
    console.print()
    columns = ("", "unit", "before: median (90 %)", "after: median (90 %)")
    made = _table("Parameters of this patient", columns, right=(2, 3))
    for row in shown.parameters:
        name = row.name if row.label == row.name else f"{row.name}  {row.label}"
        _add(made, (name, row.unit, row.before, row.after))
    console.print(made)
    if shown.check:
        console.print(Text(shown.check))


def _plans(shown: Page, console: Console) -> None:
    if not shown.rows:
        return
    console.print()
    labels = [label.replace(" ", "\n", 1) for label, _ in shown.rows[0].shares]
    columns = ("", "plan", "utility", "90 %", "", "P(best)", "regret", *labels)
    made = _table(f"Plans over {shown.horizon}", columns, right=(2, 5, 6, *range(7, 7 + len(labels))))
    for column in made.columns[2:]:
        column.no_wrap = True
    for row in shown.rows[:_PLANS]:
        _add(made, _plan_cells(row), style="bold" if row.rank.lstrip("=") == "1" else "")
    console.print(made)
    if len(shown.rows) > _PLANS:
        console.print(Text(f"and {len(shown.rows) - _PLANS} more that are worse", style="dim"))
    skewed = "utility: mean over the simulated courses, beside the interval that holds 90 % of them; "
    console.print(Text(skewed + "a mean outside it comes from a few much worse courses", style="dim"))
    if any(row.tied for row in shown.rows):
        console.print(Text("= tied: the simulations do not tell these plans apart", style="dim"))


def _plan_cells(row: Row) -> tuple[str, ...]:
    return (
        row.rank,
        ", ".join([row.name, *row.tags]),
        f"{row.utility:.2f}",
        f"{row.low:.2f} to {row.high:.2f}",
        _bar(row.span),
        row.p_best,
        f"{row.regret:.3f}",
        *(share for _, share in row.shares),
    )


def _bar(span: tuple[float, float, float]) -> str:
    """The interval as a line with its mean: ``---#---``."""
    low, mean, high = (round(position / 100 * (_BAR - 1)) for position in span)
    cells = [" "] * _BAR
    cells[low : high + 1] = "-" * (high + 1 - low)
    cells[min(max(mean, 0), _BAR - 1)] = "#"
    return "".join(cells)


def _excluded(shown: Page, console: Console) -> None:
    if not shown.excluded:
        return
    console.print()
    made = _table("Not ranked", ("plan", "reason"))
    for name, reason in shown.excluded:
        _add(made, (name, reason))
    console.print(made)


def _confidence(shown: Page, console: Console) -> None:
    """What speaks for and against the Population, and what to observe next."""
    if shown.trust:
        console.print()
        made = _table("How far the population can be trusted for this patient", ("", "", ""))
        for row in shown.trust:
            _add(made, (row.topic, row.state, row.text), style="yellow" if row.state == "caution" else "")
        console.print(made)
    if shown.next_note:
        console.print()
        columns = ["observation", "when", "forecast (90 %)", "narrows the dose by"]
        columns += ["worth (utility)"] if shown.worth_note else []
        made = _table("Which observation would help most", columns, right=(2, 3, 4))
        for n in shown.next_rows:
            cells = (n.what, n.when, n.forecast, n.narrows, n.worth)[: len(columns)]
            _add(made, cells, style="bold" if n.best else "")
        console.print(made)
        console.print(Text(shown.next_note))
        if shown.worth_note:
            console.print(Text(shown.worth_note))


def verification(report: Report, console: Console | None = None) -> None:
    """Print the cases of a verification and their count."""
    out = console or terminal()
    columns = ("", "case", "expected", "got", "error", "tolerance", "source")
    made = _table(f"verify {report.suite}", columns, right=(2, 3, 4, 5))
    for case in report.cases:
        mark = "info" if case.info else "ok" if case.passed else "FAIL"
        _add(made, (mark, *_case_cells(case)), style="" if case.passed else "bold red")
    out.print(made)
    summary = report.summary
    out.print(Text(f"{summary['passed']} of {summary['cases']} cases passed", style="bold"))


def _case_cells(case: Case) -> tuple[str, ...]:
    sign = {"at_most": "<= ", "at_least": ">= "}.get(case.rule, "")
    values = (case.got, case.error, case.tolerance)
    return (case.name, sign + _number(case.expected), *map(_number, values), case.source)


def _number(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " to ".join(map(_number, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
