"""Report: a Ranking as one self-contained HTML file, and its figures.

`plots` holds the figures for use alone: ``plots.forecast(ranking)``, ``plots.plans(ranking)``,
``plots.trace(twin)``, ``plots.parameters(twin)``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytwin.rank import Ranking


def write(
    ranking: Ranking, path: str | os.PathLike[str], *, genome: bool = False, patient: bool = True
) -> Path:
    """Write the report of a ranking.

    Parameters
    ----------
    ranking : Ranking
        Also one that abstains: the report then says why.
    path : path
        The HTML file; its mode is 0600.
    genome : bool, optional
        Show diplotypes. A genome identifies its owner, so the default names the genes alone.
    patient : bool, optional
        Show the patient's identifier.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        ``report.cannot-write`` when the file cannot be written.
    """
    from pytwin.report import render, view

    return render.write(view.page(ranking, genome=genome, patient=patient), path)


__all__ = ["write"]
