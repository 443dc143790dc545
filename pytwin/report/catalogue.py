"""What is built in: therapies, populations and models, as `pytwin models` and `pytwin info` show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from pytwin.errors import InputError
from pytwin.report.terminal import table, terminal

if TYPE_CHECKING:
    from pytwin.model import Model
    from pytwin.model.genotype_effects import GenotypeEffect


def show_list(console: Console | None = None, *, problems: bool = False) -> None:
    """Print therapies, populations and models, one line each; with ``problems`` the test problems too."""
    from pytwin.model import Model, Population
    from pytwin.model.model import models
    from pytwin.therapies import NAMES, load

    out = console or terminal()
    therapies = [(name, load(name).title, load(name).population) for name in NAMES]
    out.print(table("Therapies", ("name", "what", "population"), therapies))
    populations = [Population.load(name) for name in Population.list()]
    rows = [(p.name, p.data["model"], p.data["title"], p.hash[:12]) for p in populations]
    out.print(table("\nPopulations", ("name", "model", "what", "sha256"), rows))
    sheets = [Model(name) for name in models(problems=problems)]
    for title, kind in (("\nModels", False), ("\nTest problems of the integrators", True)):
        found = [_listed(m) for m in sheets if m.problem == kind]
        if found:
            out.print(table(title, ("name", "organs", "states", "time", "what"), found))
    out.print(Text("\npytwin info NAME shows equations, units and citations", style="dim"))


def _listed(model: Model) -> Sequence[str]:
    """Name, number of organs and states, unit of time, title."""
    unit = "" if model.time_unit == "1" else model.time_unit
    return model.name, str(len(model.organs)), str(len(model.states)), unit, model.title


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
    elif name in models(problems=True):
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
    effects = therapy.genotype_effects
    if effects:
        columns = ("gene", "genotype", "parameter", "", "source")
        before = (None, *effects)
        rows = [_effect(e, last) for e, last in zip(effects, before, strict=False)]
        out.print(table(f"\nGenotype effects of {therapy.population}", columns, rows))
    _lines(out, "\nSources", therapy.citations)


def _effect(e: GenotypeEffect, last: GenotypeEffect | None) -> Sequence[str]:
    """One genotype's effect as cells; a source is told once for the rows that share it."""
    amount = f"{e.action} {e.value:g} {e.unit}".rstrip() + (f" in {e.group}" if e.group else "")
    same = last is not None and (last.gene, last.source) == (e.gene, e.source)
    source = "" if same else e.source + ("" if e.traced else " [untraced]")
    return e.gene, e.genotype, e.parameter, amount, source


def _model(name: str, out: Console) -> None:
    from pytwin.model import Model
    from pytwin.model.describe import features

    model = Model(name)
    _lines(out, f"{model.name}  {model.title}", [model.citation])
    for organ in model.organs:
        _lines(
            out, f"\n{organ['name']}  {organ['title']}", [*organ["equations"].splitlines(), organ["citation"]]
        )
    kind = "a test problem of the integrators" if model.problem else "a model"
    unit = "without a unit" if model.time_unit == "1" else f"in {model.time_unit}"
    _lines(out, "\nTime", [f"{unit}; {kind}", *features(model)])
    columns = ("name", "unit", "default", "what")
    for title, fields in (("States", model.states), ("Parameters", model.params), ("Outputs", model.outputs)):
        out.print(table(f"\n{title}", columns, [_field(f) for f in fields]))
    if model.doses:
        heads = ("drug", "route", "unit", "into", "governed by")
        out.print(table("\nDoses", heads, [_port(model, d) for d in model.doses]))
    if model.events:
        out.print(table("\nEvents", ("name", "what"), [(e["name"], e["doc"]) for e in model.events]))


def _port(model: Model, port: Mapping[str, Any]) -> Sequence[str]:
    from pytwin.model.describe import dose_parameters

    state = model.states[port["state"]]["name"]
    return port["drug"], port["route"], port["unit"], state, ", ".join(dose_parameters(model, port))


def _field(entry: Mapping[str, Any]) -> Sequence[str]:
    value = entry.get("value")
    shown = "" if value is None or value != value else f"{value:g}"  # noqa: PLR0124  NaN: no default
    return entry["name"], entry["unit"], shown, entry["doc"]


def _lines(out: Console, title: str, lines: Sequence[str]) -> None:
    out.print(Text(title, style="bold"))
    for line in lines:
        out.print(Text(f"  {line}"))
