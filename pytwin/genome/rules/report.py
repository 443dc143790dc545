"""What a report shows of one gene."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pytwin.genome.match import Match
from pytwin.genome.tables import Gene


class Report(NamedTuple):
    """Diplotypes by name, as PharmCAT would report them.

    ``reported`` are those of the highest score, ``matched`` all callable ones, ``recommended`` those by
    which phenotype and recommendation are looked up. ``note`` says where these differ and why.
    """

    reported: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    recommended: tuple[str, ...] = ()
    note: str = ""


def names(gene: Gene, found: Match, chosen: Iterable[int]) -> tuple[str, ...]:
    """Names of pairs given by their place in ``found.rows``; suballeles merge into their core allele."""
    labels = gene.labels
    pairs = (found.rows[at] for at in chosen)
    return tuple(dict.fromkeys(gene.diplotype_name(labels[a], labels[b]) for a, b in pairs))
