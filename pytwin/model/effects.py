"""The closed vocabulary of effects by which covariates and genotypes act on a parameter.

Each kind is one function over N subjects. ``allele_sum``, and ``by_genotype`` and ``by_phenotype`` with
``mode = "value"``, set the parameter; all others multiply it. All effects of one gene go by its genotypes,
or all by its phenotypes. ``exponential`` serves numbers and groups alike: a group is a
covariate of 0 and 1 with ``centre`` 0. An effect that multiplies may name such a ``group``: it then holds for
its members only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError

Array = NDArray[np.float64]
Covariates = Mapping[str, Array]
Genotypes = Mapping[str, Sequence[str]]


def alleles(genotype: str) -> tuple[str, ...]:
    """The two alleles in a fixed order: ``"*2/*1" -> ("*1", "*2")``, ``"GA"`` or ``"A/G" -> ("A", "G")``."""
    return tuple(sorted(genotype.split("/") if "/" in genotype else genotype))


def canonical(genotype: str) -> str:
    """One spelling of a genotype: alleles sorted, separated by a slash."""
    return "/".join(alleles(genotype))


def _per_genotype(genotypes: Sequence[str], value: Callable[[str], float]) -> Array:
    """``value`` of each genotype; each distinct genotype is looked up once."""
    table = {g: value(g) for g in set(genotypes)}
    return np.array([table[g] for g in genotypes])


def _unknown(gene: str) -> InputError:
    return InputError(
        "population.unknown-genotype", "the Population has no value for this genotype", place=gene
    )


def _allele_sum(effect: Mapping[str, Any], genotypes: Genotypes) -> Array:
    gene, values = effect["gene"], effect["values"]

    def value(genotype: str) -> float:
        pair = alleles(genotype)
        if len(pair) != 2 or any(a not in values for a in pair):
            raise _unknown(gene)
        return float(sum(values[a] for a in pair))

    return _per_genotype(genotypes[gene], value)


def _by_genotype(effect: Mapping[str, Any], genotypes: Genotypes) -> Array:
    gene = effect["gene"]
    values = {canonical(k): float(v) for k, v in effect["values"].items()}

    def value(genotype: str) -> float:
        if canonical(genotype) not in values:
            raise _unknown(gene)
        return values[canonical(genotype)]

    return _per_genotype(genotypes[gene], value)


def _by_phenotype(effect: Mapping[str, Any], genotypes: Genotypes) -> Array:
    gene, values = effect["gene"], effect["values"]

    def value(phenotype: str) -> float:
        if phenotype not in values:
            raise _unknown(gene)
        return float(values[phenotype])

    return _per_genotype(genotypes[gene], value)


def _linear(effect: Mapping[str, Any], x: Array) -> Array:
    return np.asarray(1.0 + effect["slope"] * (x - effect["centre"]))


def _power(effect: Mapping[str, Any], x: Array) -> Array:
    return np.asarray((x / effect["centre"]) ** effect["exponent"])


def _factor(effect: Mapping[str, Any], x: Array) -> Array:
    return np.asarray(float(effect["value"]) ** x)


def _exponential(effect: Mapping[str, Any], x: Array) -> Array:
    return np.asarray(np.exp(effect["slope"] * (x - effect["centre"])))


GENOTYPE_KINDS: dict[str, Callable[[Mapping[str, Any], Genotypes], Array]] = {
    "allele_sum": _allele_sum,
    "by_genotype": _by_genotype,
    "by_phenotype": _by_phenotype,
}
COVARIATE_KINDS: dict[str, Callable[[Mapping[str, Any], Array], Array]] = {
    "linear": _linear,
    "power": _power,
    "factor": _factor,
    "exponential": _exponential,
}
_FIELDS = {
    "allele_sum": {"gene", "values"},
    "by_genotype": {"gene", "values", "mode"},
    "by_phenotype": {"gene", "values", "mode"},
    "linear": {"covariate", "slope", "centre"},
    "power": {"covariate", "exponent", "centre"},
    "factor": {"covariate", "value"},
    "exponential": {"covariate", "slope", "centre"},
}


def check(effect: Mapping[str, Any], place: str) -> None:
    """Refuse an effect of an unknown kind, or one with missing or unknown fields."""
    kind = effect.get("kind")
    if kind not in _FIELDS:
        hint = "Known kinds: " + ", ".join(_FIELDS)
        raise InputError("population.unknown-effect", "no such kind of effect", place=place, hint=hint)
    wanted = _FIELDS[kind] | {"kind", "parameter", "citation"}
    found = set(effect) - ({"traced"} if sets(effect) else {"traced", "group"})
    if wanted != found:
        wrong = ", ".join(sorted(wanted ^ found))
        raise InputError("population.bad-effect", "fields are missing or unknown", place=f"{place}: {wrong}")


def sets(effect: Mapping[str, Any]) -> bool:
    """Whether an effect sets its parameter; else it multiplies it."""
    return effect["kind"] == "allele_sum" or effect.get("mode") == "value"


def by_gene(effects: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Gene -> the genotypes, or phenotypes, for which all of its effects have a value."""
    found: dict[str, tuple[str, ...]] = {}
    for effect in effects:
        if "gene" in effect:
            mine = genotypes_of(effect)
            found[effect["gene"]] = tuple(g for g in found.get(effect["gene"], mine) if g in mine)
    return found


def by_phenotype(effects: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The genes whose effects go by phenotype."""
    return frozenset(e["gene"] for e in effects if e["kind"] == "by_phenotype")


def check_all(effects: Sequence[Mapping[str, Any]], place: str) -> None:
    """Check each effect; refuse a gene with effects by genotype and others by phenotype."""
    for index, effect in enumerate(effects):
        check(effect, f"{place}: effects[{index}]")
    other = {e["gene"] for e in effects if "gene" in e and e["kind"] != "by_phenotype"}
    if mixed := sorted(by_phenotype(effects) & other):
        message = "a gene has effects by genotype and by phenotype"
        raise InputError("population.mixed-gene", message, place=f"{place}: {', '.join(mixed)}")


def genotypes_of(effect: Mapping[str, Any]) -> tuple[str, ...]:
    """The genotypes, or phenotypes, for which an effect has a value."""
    if effect["kind"] == "by_phenotype":
        return tuple(effect["values"])
    if effect["kind"] == "by_genotype":
        return tuple(canonical(g) for g in effect["values"])
    names = sorted(effect["values"])
    return tuple(f"{a}/{b}" for i, a in enumerate(names) for b in names[i:])


def value_of(effect: Mapping[str, Any], genotype: str) -> float:
    """What an effect sets or multiplies by for one genotype (or phenotype)."""
    return float(GENOTYPE_KINDS[effect["kind"]](effect, {effect["gene"]: [genotype]})[0])


def apply(value: Array, effect: Mapping[str, Any], covariates: Covariates, genotypes: Genotypes) -> Array:
    """The parameter (N,) after one effect."""
    kind = effect["kind"]
    if kind in GENOTYPE_KINDS:
        found = GENOTYPE_KINDS[kind](effect, genotypes)
        if sets(effect):
            return found
    else:
        found = COVARIATE_KINDS[kind](effect, covariates[effect["covariate"]])
    return value * (found ** covariates[effect["group"]] if "group" in effect else found)
