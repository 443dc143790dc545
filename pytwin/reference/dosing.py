"""Dose records of one- and two-compartment models by superposition: the oracle of csrc/ode/pending.c.

Every dose, also each of an infinite past, is followed alone by the closed form of its own response, and the
responses are added. Nothing is integrated and nothing is queued.

The response of a linear model dx/dt = K x to a dose that enters state i at rate r for a time d is
(e^(K (t - d)) - e^(K t)) K^-1 e_i r after its end and (1 - e^(K t)) (-K)^-1 e_i r before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
PAST = 400


@dataclass(frozen=True)
class Record:
    """A dose record: rate 0 bolus, > 0, or -1 and -2 where the port has rate and duration; steady 0, 1, 2."""

    time: float
    amount: float
    state: int
    rate: float = 0.0
    interval: float = 0.0
    additional: int = 0
    steady: int = 0
    reset: bool = False


@dataclass(frozen=True)
class Port:
    """Lag, bioavailability, rate and duration that hold for doses into a state."""

    lag: float = 0.0
    share: float = 1.0
    rate: float = 0.0
    duration: float = 0.0


def one_compartment(ka: float, cl: float, v: float) -> Array:
    """K of depot and central compartment."""
    return np.array([[-ka, 0.0], [ka, -cl / v]])


def two_compartments(ka: float, cl: float, v2: float, q: float, v3: float) -> Array:
    """K of depot, central and peripheral compartment."""
    return np.array([[-ka, 0, 0], [ka, -(cl + q) / v2, q / v3], [0, q / v2, -q / v3]])


def states(K: Array, ports: Iterable[Port], records: Iterable[Record], times: Iterable[float]) -> Array:
    """The states (T, n) at each time, after a dose that enters at that instant."""
    values, vectors = np.linalg.eig(K)
    inverse = np.linalg.inv(vectors)
    ports, records = tuple(ports), tuple(records)
    found = []
    for t in times:
        given = np.array(_given(ports, records, t)).reshape(-1, 4)
        start, end, amount = given[:, 1], given[:, 2], given[:, 3]
        entry = inverse[:, given[:, 0].astype(int)]
        begun = np.exp(values[:, None] * (t - start))
        grown = np.exp(values[:, None] * (t - np.minimum(t, end))) - begun
        length = np.where(end > start, end - start, 1.0)
        response = np.where(end > start, -grown / values[:, None] / length, begun)
        found.append((vectors @ (response * entry * amount).sum(axis=1)).real)
    return np.array(found)


def _given(
    ports: tuple[Port, ...], records: tuple[Record, ...], t: float
) -> list[tuple[int, float, float, float]]:
    """Doses that have begun by ``t`` and were not dropped: state, start, end, amount by the end."""
    kept: list[tuple[int, float, float, float]] = []
    for record in records:
        if record.time > t:
            break
        if record.reset or record.steady == 1:
            kept = []
        if record.amount == 0 and record.steady != 1:
            continue
        kept += _doses(ports[record.state], record)
    return [dose for dose in kept if dose[1] <= t]


def _doses(port: Port, record: Record) -> list[tuple[int, float, float, float]]:
    if record.amount == 0:  # under a constant infusion ever since, which ends at the record
        long = 1e6
        return [(record.state, record.time - long, record.time, record.rate * long)]
    amount = port.share * record.amount
    rate = {-1.0: port.rate, -2.0: 0.0}.get(record.rate, record.rate)
    length = port.duration if record.rate == -2 else amount / rate if rate else 0.0
    first = -PAST if record.steady else 0
    starts = [record.time + j * record.interval + port.lag for j in range(first, record.additional + 1)]
    return [(record.state, start, start + length, amount) for start in starts]
