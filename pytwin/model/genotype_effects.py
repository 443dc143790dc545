"""How genotypes change parameters, as a table that a person can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytwin.model import effects

if TYPE_CHECKING:
    from pytwin.model.population import Population


class GenotypeEffect(NamedTuple):
    """One genotype's effect on one parameter of a Population.

    Attributes
    ----------
    population : str
    gene : str
    genotype : str
        A diplotype, or a phenotype where the Population goes by them.
    parameter : str
    action : {"is", "times"}
        Whether the value replaces the typical one or multiplies it; covariates act on the result.
    value : float
    unit : str
        Of the parameter; empty where the value multiplies.
    group : str
        Covariate of 0 and 1 whose members alone have the effect; empty: everybody.
    source : str
        Citation.
    traced : bool
        Whether the source was seen.
    """

    population: str
    gene: str
    genotype: str
    parameter: str
    action: str
    value: float
    unit: str
    group: str
    source: str
    traced: bool


def genotype_effects(population: Population) -> tuple[GenotypeEffect, ...]:
    """Every genotype's effect on every parameter, in the order in which the effects act."""
    units = {p["name"]: p["unit"] for p in population.model.params}
    found = []
    for effect in population.effects:
        if "gene" not in effect:
            continue
        sets = effects.sets(effect)
        for genotype in effects.genotypes_of(effect):
            row = GenotypeEffect(
                population=population.name,
                gene=effect["gene"],
                genotype=genotype,
                parameter=effect["parameter"],
                action="is" if sets else "times",
                value=effects.value_of(effect, genotype),
                unit=units[effect["parameter"]] if sets else "",
                group=effect.get("group", ""),
                source=effect["citation"],
                traced=bool(effect.get("traced", True)),
            )
            found.append(row)
    return tuple(found)
