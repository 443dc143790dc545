"""What CPIC recommends for a drug and a phenotype, as data: a coded action, never the guideline's text.

The rows are compiled by ``scripts/make_recommendations.py``. They hold what a guideline says about a
phenotype alone; age, indication, interacting drugs and organ function stand in the guideline, which
has to be read. Research use.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from pytwin.errors import InputError
from pytwin.genome.genome import Genome

Action = Literal["standard", "reduce", "increase", "limit", "alternative", "none"]


class Recommendation(NamedTuple):
    """One row of a guideline's table.

    Attributes
    ----------
    drug : str
    phenotypes : tuple of (gene, phenotype)
        The phenotype is None where the gene was not tested.
    action : str
        ``standard`` start as usual; ``reduce``, ``increase`` another start dose; ``limit`` a highest start
        dose; ``alternative`` another drug is to be preferred; ``none`` no recommendation.
    dose : (low, high) or None
        Share of the usual start dose; beside ``alternative``, what is advised if the drug is given after all.
    highest_mg : float or None
        Highest start dose in mg a day.
    monitor : bool
        Drug concentrations are advised to be measured.
    partial : bool
        A gene that the drug depends on was not tested or has no phenotype.
    strength : str or None
        Strength of the recommendation; None where the table has none, as in this release.
    source : str
    """

    drug: str
    phenotypes: tuple[tuple[str, str | None], ...]
    action: Action
    dose: tuple[float, float] | None
    highest_mg: float | None
    monitor: bool
    partial: bool
    strength: str | None
    source: str


class Weighed(NamedTuple):
    """A recommendation with the probability that the person has its phenotypes."""

    recommendation: Recommendation
    probability: float


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[Recommendation, ...]]:
    data = msgspec.json.decode((Path(__file__).parent / "tables" / "recommendations.json").read_bytes())
    rows = [_row(row, data["source"]) for row in data["rows"]]
    found: dict[str, tuple[Recommendation, ...]] = {}
    for row in rows:
        found[row.drug] = (*found.get(row.drug, ()), row)
    return found


def _row(row: list[Any], source: str) -> Recommendation:
    drug, genes, action, dose, highest, monitor, partial = row
    phenotypes = tuple((gene, phenotype) for gene, phenotype in genes)
    bounds = (dose[0], dose[1]) if dose else None
    return Recommendation(drug, phenotypes, action, bounds, highest, monitor, partial, None, source)


def drugs() -> tuple[str, ...]:
    """Drugs for which there are recommendations."""
    return tuple(_table())


def recommendations(drug: str) -> tuple[Recommendation, ...]:
    """All rows for a drug; empty where the table has none (as for warfarin, which is dosed by a model)."""
    return _table().get(drug.strip().lower(), ())


def recommended(genome: Genome, drug: str, race: str | None = None) -> tuple[Weighed, ...]:
    """The recommendations that a genome leaves possible for a drug, likeliest first.

    Parameters
    ----------
    genome : Genome
    drug : str
    race : str, optional
        A group of ``pytwin.genome.frequencies.groups()``, for what the data leave open.

    Returns
    -------
    tuple of Weighed
        The probabilities add up to less than 1 where some diplotypes have no phenotype, and to 1 for the rows
        without a result where a gene was not tested.

    Raises
    ------
    InputError
        ``genome.no-recommendations``: the table has none for the drug.
    """
    rows = {row.phenotypes: row for row in recommendations(drug)}
    if not rows:
        raise InputError("genome.no-recommendations", "there are no recommendations for the drug", place=drug)
    genes = [gene for gene, _ in next(iter(rows))]
    shares = [_phenotypes(genome, gene, race) for gene in genes]
    found: dict[Recommendation, float] = {}
    for chosen in product(*(share.items() for share in shares)):
        key = tuple((gene, name) for gene, (name, _) in zip(genes, chosen, strict=True))
        probability = 1.0
        for _, share in chosen:
            probability *= share
        if key in rows and probability > 0:
            found[rows[key]] = found.get(rows[key], 0.0) + probability
    return tuple(Weighed(row, p) for row, p in sorted(found.items(), key=lambda item: -item[1]))


def _phenotypes(genome: Genome, gene: str, race: str | None) -> dict[str | None, float]:
    """Probability of each phenotype; the key None means that the gene was not tested."""
    call = genome.genes.get(gene)
    if call is None or call.status in ("no information", "no match"):
        return {None: 1.0}
    return {name: p for name, p in call.phenotypes(race).items() if name is not None}
