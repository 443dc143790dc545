"""What is built in: therapies, populations and models, as `pytwin models` and `pytwin info` show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from pytwin.errors import InputError
from pytwin.report.terminal import table, terminal


def show_list(console: Console | None = None) -> None:
    """Print therapies, populations and models, one line each."""
    from pytwin.model import Model, Population
    from pytwin.model.model import models
    from pytwin.therapies import NAMES, load

    out = console or terminal()
    therapies = [(name, load(name).title, load(name).population) for name in NAMES]
    out.print(table("Therapies", ("name", "what", "population"), therapies))
    populations = [Population.load(name) for name in Population.list()]
    rows = [(p.name, p.data["model"], p.data["title"], p.hash[:12]) for p in populations]
    out.print(table("\nPopulations", ("name", "model", "what", "sha256"), rows))
    sheets = [Model(name) for name in models()]
    out.print(table("\nModels", ("name", "what"), [(m.name, m.title) for m in sheets]))
    out.print(Text("\npytwin info NAME shows equations, units and citations", style="dim"))


def show_one(name: str, console: Console | None = None) -> None:
    """Print a therapy, a population or a model.

    Raises
    ------
    InputError
        ``info.unknown`` when nothing of that name is built in.
    """
    from pytwin.model import Population
    from pytwin.model.model import models
    from pytwin.therapies import NAMES

    out = console or terminal()
    populations = Population.list()
    if name in NAMES:
        _therapy(name, out)
    elif name in models():
        _model(name, out)
    elif name in populations or name in {p.split("@")[0] for p in populations}:
        out.print(Text(Population.load(name).describe()))
    else:
        hint = "There are: " + ", ".join([*NAMES, *models(), *populations])
        raise InputError("info.unknown", "nothing of this name is built in", place=name, hint=hint)


def _therapy(name: str, out: Console) -> None:
    from pytwin.model import Population
    from pytwin.therapies import load

    therapy = load(name)
    _lines(out, f"{therapy.name}  {therapy.title}", [])
    facts = [
        ("given", f"{therapy.drug}, {therapy.route}, in {therapy.unit}"),
        ("observed", therapy.analyte),
        ("target", f"{therapy.target:g}"),
        ("population", therapy.population),
        ("also", ", ".join(p for p in therapy.populations if p != therapy.population) or "none"),
        ("model", str(Population.load(therapy.population).data["model"])),
    ]
    out.print(table("", ("", ""), facts))
    _lines(out, "\nObjective (shares of time)", str(therapy.objective).split(", "))
    limits = [(limit.code, limit.title, limit.citation) for limit in therapy.limits]
    out.print(table("\nLimits", ("code", "what", "source"), limits))
    _lines(out, "\nSources", therapy.citations)


def _model(name: str, out: Console) -> None:
    from pytwin.model import Model

    model = Model(name)
    _lines(out, f"{model.name}  {model.title}", [model.citation])
    for organ in model.organs:
        _lines(
            out, f"\n{organ['name']}  {organ['title']}", [*organ["equations"].splitlines(), organ["citation"]]
        )
    columns = ("name", "unit", "default", "what")
    for title, fields in (("States", model.states), ("Parameters", model.params), ("Outputs", model.outputs)):
        out.print(table(f"\n{title}", columns, [_field(f) for f in fields]))
    ports = [(d["drug"], d["route"], d["unit"], model.states[d["state"]]["name"]) for d in model.doses]
    out.print(table("\nDoses", ("drug", "route", "unit", "into"), ports))


def _field(entry: Mapping[str, Any]) -> Sequence[str]:
    value = entry.get("value")
    shown = "" if value is None or value != value else f"{value:g}"  # noqa: PLR0124  NaN: no default
    return entry["name"], entry["unit"], shown, entry["doc"]


def _lines(out: Console, title: str, lines: Sequence[str]) -> None:
    out.print(Text(title, style="bold"))
    for line in lines:
        out.print(Text(f"  {line}"))
