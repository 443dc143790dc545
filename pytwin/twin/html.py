"""A twin in a notebook; all text is escaped."""

from __future__ import annotations

from html import escape
from typing import Any


def twin_html(twin: Any) -> str:
    """A small table: parameters before and after, genotype weights, data."""
    found = twin.summary()
    head = escape(
        f"Twin: {twin.therapy.title} ({twin.population.name}), {twin.n_assimilated} observations used"
    )
    rows = "".join(
        f"<tr><td title='{escape(p.doc, quote=True)}'>{escape(p.name)}</td><td>{escape(p.unit)}</td>"
        f"<td>{_span(p.prior)}</td><td>{_span(p.posterior)}</td></tr>"
        for p in found.parameters
    )
    data = "".join(f"<li>{escape(c.what)}: {escape(c.state)} ({escape(c.text)})</li>" for c in found.coverage)
    issues = f"<p>{len(twin.issues)} issues</p>" if len(twin.issues) else ""
    return (
        f"<div><p><b>{head}</b></p><table><thead><tr><th>parameter</th><th>unit</th><th>before, 90 %</th>"
        f"<th>after, 90 %</th></tr></thead><tbody>{rows}</tbody></table><ul>{data}</ul>{issues}"
        "<p>For research: options with reasons for a clinician; not a medical device.</p></div>"
    )


def _span(values: tuple[float, float, float]) -> str:
    low, median, high = values
    return f"{median:.3g} ({low:.3g} to {high:.3g})"
