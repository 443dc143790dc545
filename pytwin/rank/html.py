"""A ranking in a notebook: a table with sparklines; all text is escaped."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_WIDTH, _HEIGHT = 120, 28
_USE = "For research: options with reasons for a clinician; not a medical device."


def ranking_html(ranking: Any) -> str:
    """The whole table, or why there is none."""
    excluded = "".join(
        f"<li>{escape(e.plan.name)}: not ranked, {escape(e.reason)}</li>" for e in ranking.excluded
    )
    apart = f"<p>Not ranked:</p><ul>{excluded}</ul>" if excluded else ""
    if ranking.abstained:
        reasons = "".join(f"<li>{escape(r)}</li>" for r in ranking.reasons)
        head = "<p><b>No ranking: the data do not support one.</b></p>"
        return f"<div>{head}<ul>{reasons}</ul>{_worth(ranking)}{apart}<p>{_USE}</p></div>"
    heads = ("", "plan", ranking.twin.therapy.output, "utility", "best in", "regret", *ranking.shares)
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    scale = _scale(ranking)
    rows = "".join(_row(ranking, i, scale) for i in range(len(ranking.plans)))
    caption = escape(
        f"{ranking.twin.therapy.title}, {ranking.horizon / 24:g} d, {ranking.manifest['population']}, "
        f"{ranking.manifest['draws']} draws, seed {ranking.manifest['seed']}"
    )
    warned = "".join(f"<p><b>Warning:</b> {escape(w)}</p>" for w in ranking.warnings)
    return (
        f"<div>{warned}<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"{_worth(ranking)}{apart}<p>= tied. {_USE}</p></div>"
    )


def _worth(ranking: Any) -> str:
    """What genotyping would be worth."""
    rows = "".join(f"<li>{escape(str(g))}</li>" for g in ranking.genotyping)
    return f"<p>Genotyping:</p><ul>{rows}</ul>" if rows else ""


def _row(ranking: Any, i: int, scale: tuple[float, float]) -> str:
    plan = ranking.plans[i]
    low, high = ranking.interval[i]
    times, bands = ranking.trajectories[plan.name]
    cells = [
        escape(ranking.ranks[i]),
        f"<span title='{escape(str(plan), quote=True)}'>{escape(plan.name)}</span>",
        sparkline(times, bands, scale),
        f"{ranking.expected_utility[i]:.3f} ({low:.2f} to {high:.2f})",
        f"{ranking.p_best[i]:.0%}",
        f"{ranking.regret[i]:.3f}",
    ]
    cells += [f"{values[i]:.0%}" for values in ranking.shares.values()]
    return "<tr>" + "".join(f"<td>{c}</td>" for c in cells) + "</tr>"


def _scale(ranking: Any) -> tuple[float, float]:
    """Lowest and highest value over all sparklines, so that they compare."""
    edges = [(b[0].min(), np.quantile(b[-1], 0.95)) for _, b in ranking.trajectories.values()]
    low, high = min(e[0] for e in edges), max(e[1] for e in edges)
    return float(low), float(max(high, low + 1e-9))


def sparkline(times: Array, bands: Array, scale: tuple[float, float]) -> str:
    """Inline SVG of quantiles (rows of ``bands``: 5, 25, 50, 75, 95 %): the band and the median."""
    x = _WIDTH * (times - times[0]) / max(float(times[-1] - times[0]), 1e-9)
    low, high = scale
    y = np.clip(_HEIGHT * (1 - (bands - low) / (high - low)), 0, _HEIGHT)
    outline = " ".join(_points(x, y[0]) + _points(x[::-1], y[-1][::-1]))
    median = " ".join(_points(x, y[len(bands) // 2]))
    return (
        f"<svg width='{_WIDTH}' height='{_HEIGHT}' role='img' aria-label='forecast'>"
        f"<polygon points='{outline}' fill='#9ecae1' fill-opacity='0.6'/>"
        f"<polyline points='{median}' fill='none' stroke='#08519c' stroke-width='1.5'/></svg>"
    )


def _points(x: Array, y: Array) -> list[str]:
    return [f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True)]
