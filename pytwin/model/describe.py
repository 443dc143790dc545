"""A Model as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytwin.model.model import Model

Field = Mapping[str, Any]


def text(model: Model) -> str:
    """Equations, unit of time, states, parameters, outputs, doses, events, delays and citations."""
    parts = [f"{model.name}: {model.title}", "", model.equations, "", f"time in {model.time_unit}", ""]
    for title, fields in (
        ("states", model.states),
        ("parameters", model.params),
        ("outputs", model.outputs),
    ):
        width = max(len(f["name"]) for f in fields)
        parts += [title, *(f"  {f['name']:<{width}}  {_number(f, title)}{f['doc']}" for f in fields), ""]
    for title, lines in (
        ("doses", [dose(model, d) for d in model.doses]),
        ("events", [f"{e['name']}  {e['doc']}" for e in model.events]),
        ("also", list(features(model))),
    ):
        parts += [title, *(f"  {line}" for line in lines), ""] if lines else []
    cited = dict.fromkeys([model.citation, *(o["citation"] for o in model.organs)])
    return "\n".join([*parts, "citations", *(f"  {c}" for c in cited)])


def dose(model: Model, port: Field) -> str:
    """One dose port in words: drug, route, unit, state, and which parameters govern it."""
    line = f"{port['drug']}, {port['route']}, in {port['unit']}, into {model.states[port['state']]['name']}"
    return "; ".join([line, *dose_parameters(model, port)])


def dose_parameters(model: Model, port: Field) -> Iterator[str]:
    """``lag ALAG1``: each property of a dose port that a parameter governs."""
    for role in ("bioavailability", "lag", "duration", "rate"):
        if port[role] >= 0:
            yield f"{role} {model.params[port[role]]['name']}"


def features(model: Model) -> Iterator[str]:
    """Algebraic states, delays and noise of a model, a line each."""
    algebraic = [s["name"] for s, m in zip(model.states, model.mass or (), strict=False) if m == 0]
    if algebraic:
        yield f"algebraic states: {', '.join(algebraic)}"
    for d in model.delays:
        state, span = model.states[d["state"]]["name"], model.params[d["param"]]["name"]
        yield f"delay: {state} is also seen {span} earlier"
    for t in model.triggers:
        way = {1: "above", -1: "below", 0: "across"}[t["direction"]]
        output, event = model.outputs[t["output"]]["name"], model.events[t["event"]]["name"]
        yield f"trigger: {event} when {output} goes {way} {t['threshold']:g}"
    if model.noise:
        yield "noise: a stochastic differential equation; methods euler-maruyama and srk"


def html(model: Model) -> str:
    """The model as a notebook shows it."""
    rows = "".join(
        f"<tr><td>{escape(f['name'])}</td><td>{f['value']:g}</td><td>{escape(f['unit'])}</td>"
        f"<td>{escape(f['doc'])}</td></tr>"
        for f in model.params
    )
    head = "<tr><th>parameter</th><th>value</th><th>unit</th><th></th></tr>"
    listed = "".join(f"<li>{escape(dose(model, d))}</li>" for d in model.doses)
    doses = f"<p>doses</p><ul>{listed}</ul>" if listed else ""
    return (
        f"<p><b>{escape(model.name)}</b>: {escape(model.title)}; time in {escape(model.time_unit)}</p>"
        f"<pre>{escape(model.equations)}</pre><table>{head}{rows}</table>{doses}"
        f"<p>{escape(model.citation)}</p>"
    )


def _number(field: Field, title: str) -> str:
    unit = "" if field["unit"] == "1" else " " + field["unit"]
    value = f"{field['value']:g}{unit}  " if title != "outputs" else f"{unit.strip() or '1'}  "
    return f"{value:<14}"
