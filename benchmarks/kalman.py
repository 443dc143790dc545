"""Suite ``kalman``: filters and smoothers beside statsmodels, simdkalman, dynamax, filterpy and pykalman.

One thread and double precision, but for the rows of two threads. Every peer runs a sample of the same series,
as many as keep it busy for a while, in the fastest way that its own documentation has; the largest difference
from its numbers stands in the note, and a row with more than 1e-8 is not met. A difference is relative to the
larger of 1 and the value. Times that were asked for hold for a core with 70 GFlop/s of fused multiply-adds;
on a slower one they are scaled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from statistics import median

import kalman_long
import numpy as np
from environment import own_environment
from linear_work import Array, Work, work
from machine import peak, scaled
from peers import arithmetic
from row import RUNS, Row, median_seconds

from pytwin import _core

STATES = (2, 4, 8, 12)
SERIES, STEPS = 100_000, 100  # of the likelihoods
KEPT = 2000  # series where everything is written, and of the smoother
SECONDS = 2.0  # for which a peer runs at least
EQUAL = 1e-8
LIKELIHOOD = ("loglike", "last_mean")
EVERYTHING = (
    "loglike",
    "loglike_t",
    "mean",
    "cov",
    "predicted_mean",
    "predicted_cov",
    "last_mean",
    "last_cov",
)
GOALS = (
    {2: 4.0, 4: 8.0, 8: 45.0, 12: 130.0}
    if _core.BUILD["level"] == "v4"
    else {2: 8.0, 4: 16.0, 8: 90.0, 12: 330.0}
)


@dataclass(frozen=True)
class Peer:
    """A module of ``peers``; ``samples``: series a run, the best of which counts; ``times``: goals by n."""

    name: str
    module: str
    samples: tuple[int, ...]
    times: dict[int, float]


PEERS = (
    Peer("statsmodels", "linear_statsmodels", (200,), {2: 100, 4: 100, 12: 25}),
    Peer("simdkalman", "linear_simdkalman", (1000, 10_000), {2: 100, 4: 100, 12: 25}),
    Peer("dynamax", "linear_dynamax", (1000,), {}),
    Peer("filterpy", "linear_filterpy", (20,), {}),
    Peer("pykalman", "linear_pykalman", (5,), {}),
)


def rows() -> Iterator[Row]:
    for n in STATES:
        yield from likelihoods(n)
    for n in STATES:
        yield from writing(n)
        yield from smoothing(n)
    for n in (STATES[0], STATES[-1]):
        yield threads(n)
    yield from kalman_long.rows()


def multiply_adds(n: int) -> int:
    """In one step of the filter with one observation, in the order of csrc/kalman/linear_kernels.h: gain,
    Joseph's update, the mean's correction; F a, F P and the lower half of (F P) F'.
    """
    triangle = n * (n + 1) // 2
    return (n * n + n + triangle) + (n * n + n + triangle) + 2 * n + (n * n + n**3 + n * triangle)


def of_peak(n: int, seconds: float) -> str:
    """The rate of a step that takes so long beside the machine's."""
    rate = multiply_adds(n) / seconds / 1e9
    most = peak() / 2
    return f"{rate:.1f}e9 multiply-adds a second, {rate / most:.0%} of the peak of {most:.1f}e9"


# ---- peers ----


def difference(ours: dict[str, Array], theirs: dict[str, Array]) -> float:
    """The largest over what both have, relative to the larger of 1 and the value; nan where one has a NaN."""
    worst = [0.0]
    for name in ours.keys() & theirs.keys():
        b = theirs[name]
        worst.append(float((np.abs(ours[name][: len(b)] - b) / np.maximum(1.0, np.abs(b))).max()))
    return float(np.max(worst))


def steady_seconds(run: Callable[[], object]) -> float:
    """Median wall time after a run that is thrown away, of three runs and two seconds or more."""
    run()
    seconds: list[float] = []
    while len(seconds) < 3 or sum(seconds) < SECONDS:
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return median(seconds)


def seconds_of(peer: Peer, what: str, of: Work) -> tuple[float, dict[str, Array]] | None:
    """Seconds a series, and what the peer found; None where it is not there."""
    if peer.name == "dynamax":
        of = of.head(peer.samples[0])
        found = own_environment("dynamax", "linear_dynamax.py", {"y": of.y, **of.model()}, what)
        return found and (float(found.pop("seconds")) / len(of.y), found)
    if find_spec(peer.name) is None:
        return None
    run, best = getattr(import_module(f"peers.{peer.module}"), what), (np.inf, {})
    for k in {min(k, len(of.y)) for k in peer.samples}:
        sample = of.head(k)
        seconds = steady_seconds(lambda s=sample: run(s)) / k
        if seconds < best[0]:
            best = (seconds, run(sample))
    return best


def beside(
    name: str, value: float, what: str, of: Work, ours: dict[str, Array], n: int | None = None
) -> Iterator[Row]:
    """A row for each peer; ``value``: our nanoseconds a series-step. Goals only of the likelihoods of n."""
    for peer in PEERS:
        found, note, agrees = seconds_of(peer, what, of), "", True
        if found:
            away = difference(ours, found[1])
            agrees = bool(away <= EQUAL)
            note = f"largest difference {away:.1e}"
            if peer.name == "statsmodels" and what == "likelihood":
                note += f"; its compiled loop alone {compiled(of):,.0f} ns"
        seconds = found and 1e9 * found[0] / STEPS
        yield Row(name, value, "ns", None, peer.name, seconds, peer.times.get(n or 0), note, agrees)


def compiled(of: Work) -> float:
    """Nanoseconds a step of statsmodels without the object that it makes for a series."""
    loop = import_module("peers.linear_statsmodels").compiled(of)
    return 1e9 * median_seconds(lambda: [loop() for _ in range(100)]) / (100 * STEPS)


# ---- likelihoods ----


def likelihoods(n: int) -> Iterator[Row]:
    """ln p(y) and the last state: scattered gaps, beside each peer; then gaps that all series share."""
    scattered = work(n, SERIES, STEPS)
    name = f"ln p(y) and last state, {SERIES:,} series x {STEPS}, n = {n}, scattered gaps, a series-step"
    seconds = median_seconds(lambda: scattered.filter(*LIKELIHOOD)) / (SERIES * STEPS)
    value, found = 1e9 * seconds, scattered.filter(*LIKELIHOOD)
    own = scattered.copies_of_the_model()
    apart = 1e9 * median_seconds(lambda: scattered.filter(*LIKELIHOOD, **own)) / (SERIES * STEPS)
    note = f"{of_peak(n, seconds)}; {apart:.3g} ns where each series has matrices of its own"
    yield Row(name, value, "ns", scaled(GOALS[n]), note=note)
    ours = {"loglike": found.loglike, "last": found.last_mean}
    yield from beside(name, value, "likelihood", scattered, ours, n)
    if n >= 4:
        yield shared(n, value)


def shared(n: int, scattered: float) -> Row:
    """Model and gaps shared, beside the same number of series with gaps of their own; the numbers are checked
    against series that are filtered one at a time.
    """
    of = work(n, SERIES, STEPS, gaps="shared")
    value = 1e9 * median_seconds(lambda: of.filter(*LIKELIHOOD)) / (SERIES * STEPS)
    found = of.filter(*LIKELIHOOD)
    alone = [of.head(i + 1).filter(*LIKELIHOOD) for i in range(3)]
    same = all(np.array_equal(a.loglike, found.loglike[: len(a.loglike)]) for a in alone)
    peers = {p.name: p for p in PEERS}
    theirs = seconds_of(peers["simdkalman"], "likelihood", of)
    away = difference({"loglike": found.loglike, "last": found.last_mean}, theirs[1]) if theirs else np.nan
    note = f"bits those of a series alone: {same}; largest difference from simdkalman {away:.1e}"
    name = f"the same, n = {n}, model and gaps shared by all"
    return Row(name, value, "ns", None, "scattered gaps", scattered, 3.0, note, same and bool(away <= EQUAL))


# ---- outputs and smoother ----


def writing(n: int) -> Iterator[Row]:
    """Everything that the filter can write, beside a copy of it and beside the filter that writes none."""
    of = work(n, KEPT, STEPS)
    per = KEPT * STEPS
    value = 1e9 * median_seconds(lambda: of.filter(*EVERYTHING)) / per
    bare = 1e9 * median_seconds(lambda: of.filter(*LIKELIHOOD)) / per
    found = of.filter(*EVERYTHING)
    arrays = [getattr(found, name) for name in EVERYTHING]
    copies = 1e9 * median_seconds(lambda: [a.copy() for a in arrays]) / per
    room = [np.empty_like(a) for a in arrays]
    into = 1e9 * median_seconds(lambda: [np.copyto(r, a) for r, a in zip(room, arrays, strict=True)]) / per
    name = f"all outputs written, {KEPT:,} series x {STEPS}, n = {n}, a series-step"
    note = (
        f"filter alone {bare:.3g} ns; a copy {copies:.3g} ns, into memory that is there already {into:.3g} ns"
    )
    yield Row(name, value, "ns", max(1.5 * copies, 1.2 * bare), note=note)
    yield from beside(name, value, "filtered", of, {"mean": found.mean, "cov": found.cov})


def smoothing(n: int) -> Iterator[Row]:
    """Smoothed means and covariances, beside the filter that writes none."""
    of = work(n, KEPT, STEPS)
    per = KEPT * STEPS
    wanted = ("smoothed_mean", "smoothed_cov")
    value = 1e9 * median_seconds(lambda: of.smooth(*wanted)) / per
    bare = 1e9 * median_seconds(lambda: of.filter(*LIKELIHOOD)) / per
    kept = 1e9 * median_seconds(lambda: of.filter("mean", "cov")) / per
    name = f"smoother, {KEPT:,} series x {STEPS}, n = {n}, a series-step"
    note = f"filter alone {bare:.3g} ns, writing means and covariances {kept:.3g} ns"
    yield Row(name, value, "ns", 3 * bare, note=note)
    found = of.smooth(*wanted)
    yield from beside(name, value, "smoothed", of, {"mean": found.smoothed_mean, "cov": found.smoothed_cov})


# ---- threads ----


def threads(n: int) -> Row:
    """How the time of two threads compares with that of one, beside a loop of pure arithmetic."""
    of = work(n, SERIES if n < 8 else SERIES // 5, STEPS)
    own: dict[int, list[float]] = {1: [], 2: []}
    pure: dict[int, list[float]] = {1: [], 2: []}
    bits: dict[int, Array] = {}
    for _ in range(2 * RUNS + 1):
        for k in (1, 2):
            begin = time.perf_counter()
            bits[k] = of.filter(*LIKELIHOOD, threads=k).loglike
            own[k].append(time.perf_counter() - begin)
            if arithmetic.available():
                pure[k].append(arithmetic.seconds_of_arithmetic(k))
    value = median(own[2]) / median(own[1])
    peer = median(pure[2]) / median(pure[1]) if pure[1] else None
    same = np.array_equal(bits[1], bits[2])
    name = f"likelihoods of n = {n} by two threads, share of the time of one"
    return Row(name, value, "", None, "pure arithmetic", peer, 0.9, f"same bits: {same}", same)
