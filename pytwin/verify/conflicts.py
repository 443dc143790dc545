"""Cases of conflicts: how often a clean patient is flagged, how often a contaminated record is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pytwin.cohort import Cohort
from pytwin.genome import Genome
from pytwin.twin import Conflict
from pytwin.verify.case import Case, at_least, at_most, info
from pytwin.verify.run import Context
from pytwin.verify.virtual import POPULATION, VISITS, VirtualCohort, cohort

Array = NDArray[np.float64]
Found = Sequence[tuple[Conflict, ...]]
SOURCE = "own choice: at most 5 % of clean virtual patients are flagged"
POWER = "own choice, below what was measured; virtual patients, doses adjusted by the INRs"
FAST, FULL = 200, 1000
CONTAMINATED, CONTAMINATED_FULL = 60, 400
# Recorded doses are not those taken from this day on.
CHANGED_DAY = 24
# INRs that the record holds after that day.
INRS_AFTER = 6
BEFORE = sum(day <= CHANGED_DAY for day in VISITS)
# What is taken of the recorded dose, and the share of patients in whom it has to be found.
CHANGES = (("doses stopped", 0.0, 0.90), ("doses doubled", 2.0, 0.50), ("doses halved", 0.5, 0.35))
MISREAD = 9.0
KINDS = ("observation", "doses", "genotype", "response", "scatter")


def detection(context: Context) -> Iterator[Case]:
    """False alarms on clean patients, then power for each kind of contamination."""
    n = FULL if context.full else FAST
    context.say(f"conflicts of {n} clean virtual patients")
    clean = _flags(cohort(n, seed=2011), None)
    yield at_most(
        f"clean patients with a conflict, {n} with {len(VISITS)} INRs", 0.05, _share(clean), source=SOURCE
    )
    stopped = _share(clean, lambda c: c.abstain)
    yield info("clean patients in whom a ranking abstains for a conflict", stopped, source=SOURCE)
    for kind in KINDS:
        yield info(f"clean patients, {kind}", _share(clean, _of_kind(kind)), source=SOURCE)
    n = CONTAMINATED_FULL if context.full else CONTAMINATED
    yield from _changed_doses(context, n)
    yield from _single_values(context, n)
    yield from _genotypes(context, 2 * n)


def _flags(virtual: VirtualCohort, genomes: Sequence[Genome] | None) -> Found:
    chosen = virtual.genomes if genomes is None else genomes
    twins = Cohort("warfarin", virtual.records, chosen, POPULATION).assimilate(threads=2)
    return twins.conflicts(threads=2)


def _share(found: Found, which: Callable[[Conflict], bool] = lambda c: True) -> float:
    """Share of patients with a conflict of some kind."""
    return float(np.mean([any(which(c) for c in conflicts) for conflicts in found]))


def _of_kind(kind: str) -> Callable[[Conflict], bool]:
    return lambda c: c.kind == kind


def _changed_doses(context: Context, n: int) -> Iterator[Case]:
    """Other doses than the recorded ones from a day on; found as such, or as an INR that no dose explains."""
    for name, factor, wanted in CHANGES:
        for after in (1, 2, 4, INRS_AFTER):
            context.say(f"{name}, {after} INRs later")
            visits = VISITS[: BEFORE + after]
            taken = np.ones(visits[-1])
            taken[CHANGED_DAY:] = factor
            found = _flags(cohort(n, seed=2012, visits=visits, taken=taken), None)
            what = f"{name} from day {CHANGED_DAY}, not recorded: ranking abstains after {after} INRs"
            power = _share(found, lambda c: c.abstain)
            if after == INRS_AFTER:
                yield at_least(what, wanted, power, source=POWER)
            else:
                yield info(what, power, source=POWER)


def _single_values(context: Context, n: int) -> Iterator[Case]:
    """One INR of 9 that is a mistake: as the last one it stops a ranking, later it does not."""
    context.say("an INR of 9")
    last = _flags(cohort(n, seed=2013, visits=VISITS[:11], misread=(10, MISREAD)), None)
    yield at_least(
        "an INR of 9, the last one: ranking abstains", 0.99, _share(last, lambda c: c.abstain), source=POWER
    )
    passed = _flags(cohort(n, seed=2013, visits=VISITS[:15], misread=(10, MISREAD)), None)
    yield at_least("an INR of 9, four INRs ago: told", 0.95, _share(passed), source=POWER)
    yield at_most(
        "an INR of 9, four INRs ago: ranking abstains",
        0.10,
        _share(passed, lambda c: c.abstain),
        source=POWER,
    )


def _genotypes(context: Context, n: int) -> Iterator[Case]:
    """Another person's genome: weakly identifiable from INRs, so the power is shown and not judged."""
    context.say("swapped genotypes")
    virtual = cohort(n, seed=2014)
    other = [*virtual.genomes[1:], virtual.genomes[0]]
    differ = np.array([_labels(a) != _labels(b) for a, b in zip(virtual.genomes, other, strict=True)])
    found = [f for f, d in zip(_flags(virtual, other), differ, strict=True) if d]
    yield info(
        "another person's genome, flagged as genotype",
        _share(found, _of_kind("genotype")),
        source=POWER,
    )
    opposite = [_opposite(g) for g in virtual.genomes]
    chosen = [i for i, g in enumerate(opposite) if g is not None]
    flags = _flags(
        VirtualCohort(tuple(virtual.records[i] for i in chosen), (), virtual.params, virtual.latent),
        [g for g in opposite if g is not None],
    )
    name = "VKORC1 G/G called A/A or A/A called G/G, flagged as genotype"
    yield info(name, _share(flags, _of_kind("genotype")), source=POWER)


def _labels(genome: Genome) -> dict[str, str]:
    return {gene: genome.diplotypes(gene)[0][0] for gene in ("CYP2C9", "VKORC1")}


def _opposite(genome: Genome) -> Genome | None:
    """The genome with the other homozygous VKORC1 genotype; None of a heterozygous one."""
    labels = _labels(genome)
    alleles = set(labels["VKORC1"].replace("/", ""))
    if len(alleles) > 1:
        return None
    return Genome.from_diplotypes(
        {**labels, "VKORC1": "A/A" if alleles == {"G"} else "G/G"}, source="virtual"
    )
