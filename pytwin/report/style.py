"""Colours, axes and SVG of the report's figures.

Colours are from Okabe and Ito's set, which people with colour vision deficiency can tell apart.
"""

from __future__ import annotations

import io
import re
import threading
from typing import TYPE_CHECKING, Any

import matplotlib
from markupsafe import Markup, escape
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#1f2933"
MUTED = "#66727f"
RULE = "#d5dbe1"
BLUE = "#0072b2"
ORANGE = "#d55e00"
GREEN = "#009e73"
TARGET = "#e3f3ee"

_LOCK = threading.Lock()
_SVG: Any = {"svg.fonttype": "none", "svg.hashsalt": "pytwin"}


class Drawing(Figure):
    """A figure outside pyplot's registry, which a notebook shows by itself."""

    def _repr_svg_(self) -> str:
        return str(svg(self, "figure", "figure of pytwin"))


def figure(width: float, height: float) -> Drawing:
    """An empty figure; width and height in inches."""
    made = Drawing(figsize=(width, height), layout="constrained")
    made.patch.set_alpha(0.0)
    return made


def plain(text: str) -> str:
    """Text that matplotlib prints as it is: dollars start no formula, an underscore hides nothing."""
    text = text.replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text


def tidy(axes: Axes, *, xlabel: str = "", ylabel: str = "", title: str = "") -> None:
    """Thin rules, no box, dark labels, a light horizontal grid."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
    axes.patch.set_alpha(0.0)
    axes.tick_params(colors=MUTED, labelsize=8.5, length=3, width=0.6)
    axes.grid(axis="y", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel(xlabel, fontsize=9, color=INK)
    axes.set_ylabel(ylabel, fontsize=9, color=INK)
    if title:
        axes.set_title(title, fontsize=9.5, color=INK, loc="left", fontweight="bold")


def svg(drawn: Figure, prefix: str, label: str) -> Markup:
    """The figure as an ``<svg>`` element for a page.

    Parameters
    ----------
    drawn : Figure
    prefix : str
        Put before every id, so that several figures can share a page.
    label : str
        What the figure shows, for those who cannot see it.
    """
    stream = io.StringIO()
    # rc_context changes the process's settings while it lasts: one drawing at a time.
    with _LOCK, matplotlib.rc_context(_SVG):
        canvas: Any = FigureCanvasSVG(drawn)
        canvas.print_svg(stream, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    text = re.sub(r'(url\(|href=")#', rf"\1#{prefix}-", text)
    return Markup(text.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1))
