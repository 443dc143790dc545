"""What a Twin is made of, and how a record, a genome and a Population become that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.issues import Issues
from pytwin.model.population import Population
from pytwin.therapies.therapy import History, Therapy
from pytwin.twin import prior
from pytwin.twin.filtering import Filtered
from pytwin.twin.prior import Components

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """What a Twin is made of; every new Twin is these with something replaced."""

    therapy: Therapy
    population: Population
    record: Any
    genome: Any
    start: str
    history: History
    components: Components
    prior: Components
    hour: float
    issues: Issues
    until: int | None = None
    filtered: Filtered | None = None


def prior_parts(
    therapy: Therapy, population: Population, record: Any, genome: Any, start: str, until: int | None
) -> Parts:
    history = therapy.read(record, start, population, until)
    issues = Issues(history.issues)
    issues.extend(population.outside(dict(history.covariates)))
    options = prior.genotype_options(population, genome, record.patient.race, issues)
    (components,) = prior.build(therapy, population, [history], [options])
    return Parts(
        therapy, population, record, genome, start, history, components, components, 0.0, issues, until
    )


def updated(parts: Parts, record: Any, until: int | None) -> Parts:
    """The prior parts with more events, up to an instant; what is there already is not read again."""
    if record is None and until == parts.until:
        return replace(parts, components=parts.prior)
    joined = parts.record if record is None else merged(parts.record, record)
    return prior_parts(parts.therapy, parts.population, joined, parts.genome, parts.start, until)


def posterior(parts: Parts, filtered: Filtered) -> Parts:
    """The parts after the filter; genotypes that dropped out of the mixture are noted."""
    issues = Issues(parts.issues)
    if filtered.failed:
        message = f"the filter failed for {filtered.failed} of {len(parts.prior)} genotypes"
        issues.add("filter.component-failed", message, place="assimilate", action="left out of the mixture")
    components, hour = filtered.components, parts.history.end
    return replace(parts, components=components, hour=hour, filtered=filtered, issues=issues)


def population_of(therapy: Therapy, population: str | Population | None) -> Population:
    """The Population named or given, else the Therapy's own.

    Raises
    ------
    InputError
        ``twin.wrong-population``, or what an unknown name raises.
    """
    named = population or therapy.population
    people = named if isinstance(named, Population) else Population.load(named)
    if people.data["therapy"] != therapy.name:
        raise InputError("twin.wrong-population", "the Population is of another Therapy", place=people.name)
    return people


def genome_of(record: Any, genome: Any) -> Any:
    """The genome given, else one of the genotypes that the record's own table holds, else None."""
    if genome is not None or not getattr(record, "genotypes", None):
        return genome
    from pytwin.genome import Genome

    return Genome.from_diplotypes(dict(record.genotypes))


def switch_factors(population: Population, history: History, hour: float) -> Array:
    """Product of the effects of interacting drugs that started or stopped from the origin to ``hour``."""
    names = [p["name"] for p in population.model.params]
    product = np.ones(len(names))
    for switch in history.switches:
        if switch.time <= hour:
            for parameter, factor in population.switches[switch.covariate].items():
                product[names.index(parameter)] *= factor if switch.on else 1 / factor
    return product


def merged(record: Any, later: Any) -> Any:
    known, other = record.patient.id, later.patient.id
    if known and other and known != other:
        raise InputError("twin.other-patient", "the record is another patient's", place="assimilate")
    return record.merged(later)


def microseconds(time: int | str | np.datetime64) -> int:
    """An instant in microseconds UTC, from the same, ISO text or a datetime64."""
    time = np.datetime64(time) if isinstance(time, str) else time
    return (
        int(time.astype("datetime64[us]").astype(np.int64)) if isinstance(time, np.datetime64) else int(time)
    )
