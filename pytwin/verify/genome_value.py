"""Cases of what a genotype is worth: a closed form, plain loops, and the test itself being made."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pytwin.rank.information import Information, information
from pytwin.reference import information as plain
from pytwin.verify.case import Case, at_least, at_most, equal
from pytwin.verify.run import Context

Array = NDArray[np.float64]

RAIFFA = "Raiffa H, Schlaifer R, Applied Statistical Decision Theory, Harvard 1961"
_WEIGHTS = np.array([0.55, 0.3, 0.12, 0.03])
_MEANS = np.array([5.0, 4.0, 3.0, 2.0])
_PLANS = np.arange(1.0, 8.0, 0.05)
_SEEDS = 200


def cases(context: Context) -> Iterator[Case]:
    """All cases."""
    yield from _closed_form()
    yield from _loops()
    yield from _by_testing(context)


def _drawn(n: int, seed: int, means: Array = _MEANS) -> tuple[Array, NDArray[np.intp]]:
    """Quadratic utilities of a grid of doses for n people, and the genotype behind each."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(means), size=n, p=_WEIGHTS)
    theta = means[labels] + rng.normal(size=n)
    return -((_PLANS[:, None] - theta) ** 2), labels.astype(np.intp)


def _runs(n: int, means: Array = _MEANS) -> list[Information]:
    return [information(*_drawn(n, seed, means), _WEIGHTS) for seed in range(_SEEDS)]


def _closed_form() -> Iterator[Case]:
    truth = plain.quadratic(_MEANS, _WEIGHTS)
    values = np.array([r.value for r in _runs(2000)])
    error = 4 * float(values.std()) / np.sqrt(_SEEDS)
    name = f"value of a genotype, quadratic loss, mean of {_SEEDS} seeds of 2,000 draws"
    yield equal(
        name, truth, float(values.mean()), source=f"variance between genotypes, {RAIFFA}", absolute=error
    )
    stated = float(np.mean([r.standard_error for r in _runs(2000)]))
    ratio = stated / float(values.std())
    yield equal("its stated standard error over its spread", 1.0, ratio, source="definition", absolute=0.15)
    nothing = _runs(100, np.full(4, 4.0))
    name = "a genotype that says nothing, 100 draws: mean value"
    yield at_most(name, 0.0, float(np.mean([r.value for r in nothing])), source="it changes no best plan")
    name = "the same with plans chosen and judged on the same draws: too large"
    yield at_least(name, 0.01, float(np.mean([r.plug_in for r in nothing])), source="bias of a maximum")


def _loops() -> Iterator[Case]:
    total, labels = _drawn(60, 1)
    got = information(total, labels, _WEIGHTS).value
    expected = plain.cross_validated(total, labels, _WEIGHTS, 10)
    yield equal("60 draws against plain loops", expected, got, source="pytwin.reference", absolute=1e-12)


def _by_testing(context: Context) -> Iterator[Case]:
    """Each genotype's own twin ranks the plans; the mean of the best ones is what the test gains."""
    from pytwin.genome import Genome
    from pytwin.record.record import PatientInfo, Record
    from pytwin.record.table import Event
    from pytwin.record.time import parse_time
    from pytwin.twin import Twin

    context.say("    twins of all genotypes")
    born = parse_time("1953-07-01")
    person = PatientInfo("P", birth=born, sex="male", race="White")
    found = Event(kind="condition", name="atrial fibrillation", code="x", time=parse_time("2024-07-01").us)
    record = Record.from_events(person, [found])
    one = {"CYP2C9": "*1/*1"}
    twin = Twin("warfarin", record, Genome.from_diplotypes(one))
    plans = [twin.therapy.plan(f"{d:g} mg", [d]) for d in np.arange(2.0, 8.5, 0.5)]
    ranking = twin.rank(plans, draws=8000)
    informed = 0.0
    for labels, weight in zip(twin.components.labels, twin.components.weights, strict=True):
        known = Twin("warfarin", record, Genome.from_diplotypes({**one, "VKORC1": labels["VKORC1"]}))
        informed += float(weight) * float(known.rank(plans, draws=8000, seed=2).expected_utility[0])
    gain = informed - float(ranking.expected_utility[0])
    (value,) = ranking.genotyping
    name = "VKORC1 of a patient who starts warfarin: value against the gain of making the test"
    yield equal(name, gain, value.value, source="the plans ranked for each genotype", absolute=0.02)
