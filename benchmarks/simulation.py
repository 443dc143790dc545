"""Suite ``simulation``: ensembles of patients beside CVODE in C, scipy, numbalsoda, diffrax and simglucose.

Ratios are at equal achieved error. A peer runs at a ladder of tolerances; its time at the error of our run is
read from the straight line between the two rungs around it, both axes logarithmic. An error is the largest
over subjects and output times against a tight solution.

Absolute figures hold for a core with 70 GFlop/s of fused multiply-adds; on a slower one the goal is scaled.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import glucose_work
import numpy as np
from environment import own_environment
from glucose_work import DAY, HovorkaJob, Job
from machine import peak, scaled
from numpy.typing import NDArray
from peers import arithmetic, cvode_hovorka, hovorka
from row import RUNS, Row, median_seconds, once_seconds

from pytwin import _core

Array = NDArray[np.float64]
HERE = Path(__file__).resolve().parent
EXPLICIT = _core.METHODS["dopri5"]
PATIENTS, RTOL = 10_000, 1e-6
LADDER = (1e-4, 1e-5, 1e-6, 1e-7)  # of a peer's rtol
UVA_REPEATS, UVA_RTOL, UVA_LIMIT = 100, 3e-4, 0.1  # mg/dL
STEPS, STEP, TRAJECTORIES = 1000, 0.01, 16_384


def rows() -> Iterator[Row]:
    yield from hovorka_rows()
    yield uvapadova()
    yield lorenz()
    if find_spec("simulation_pollu"):
        from simulation_pollu import row as pollu

        yield pollu()
    yield threads()
    yield from memory()


def seconds_at(error: float, curve: list[tuple[float, float]]) -> float:
    """Seconds at an error, from (error, seconds) at several tolerances; outside, those of the nearest end."""
    errors, seconds = np.array(sorted(curve)).T
    return float(np.exp(np.interp(np.log(error), np.log(errors), np.log(seconds))))


# ---- Hovorka ----


def relative(y: Array, exact: Array) -> float:
    return float(np.abs(y / exact - 1).max())


def hovorka_rows() -> Iterator[Row]:
    """10,000 different patients over a day with four meals, glucose every quarter of an hour."""
    job = glucose_work.hovorka(PATIENTS)
    ours = {"rtol": RTOL, "atol": 1e-3 * RTOL, "method": EXPLICIT}
    value = 1e6 * median_seconds(lambda: job.run(**ours)) / PATIENTS
    exact, y = job.run(rtol=1e-12, atol=1e-14), job.run(**ours)
    peers: list[tuple[str, float | None, Callable[..., tuple[float, Array] | None]]] = [
        ("CVODE in C", 60, by_cvode),
        ("scipy solve_ivp", 1000, by_scipy),
        ("numbalsoda LSODA", None, by_numbalsoda),
        ("diffrax Dopri5, vmapped", 10, by_diffrax),
    ]
    for peer, goal, run in peers:
        found = run(job, exact, y)
        note = "" if found is None else f"both with a largest error of {found[1]:.1e}; "
        note += f"peak {peak():.0f} GFlop/s"
        name = f"Hovorka, {PATIENTS:,} patients x 24 h, 4 meals, rtol {RTOL:g}, a patient"
        yield Row(name, value, "us", None, peer, found and 1e6 * found[0], goal, note)


def picked(n: int) -> NDArray[np.int64]:
    return np.random.default_rng(9).permutation(PATIENTS)[:n]


def curve_of(
    run: Callable[[float], Array], exact: Array, n: int, ladder: tuple[float, ...]
) -> list[tuple[float, float]]:
    """(error, seconds a subject) on a ladder; each rung runs for two seconds or more."""
    found = []
    for rtol in ladder:
        y: list[Array] = []
        seconds = []
        while sum(seconds) < 2 or len(seconds) < 2:
            seconds.append(once_seconds(lambda r=rtol, y=y: y.append(run(r))))
        found.append((relative(y[0], exact), min(seconds) / n))
    return found


def by_cvode(job: HovorkaJob, exact: Array, y: Array) -> tuple[float, float] | None:
    """Seconds a subject of CVODE's faster method at our error on the same subjects, and that error."""
    if not cvode_hovorka.available():
        return None
    at = picked(400)
    error, best = relative(y[at], exact[at]), np.inf
    for method in (cvode_hovorka.BDF, cvode_hovorka.ADAMS):
        work = lambda r, m=method: job.run_cvode(at, rtol=r, atol=1e-3 * r, method=m)  # noqa: E731
        best = min(best, seconds_at(error, curve_of(work, exact[at], len(at), LADDER)))
    return best, error


def by_scipy(job: HovorkaJob, exact: Array, y: Array) -> tuple[float, float] | None:
    at = picked(20)
    error, best = relative(y[at], exact[at]), np.inf
    for method in ("LSODA", "RK45", "DOP853"):
        work = lambda r, m=method: hovorka.by_scipy(job, at, rtol=r, atol=1e-3 * r, method=m)  # noqa: E731
        best = min(best, seconds_at(error, curve_of(work, exact[at], len(at), LADDER)))
    return best, error


def by_numbalsoda(job: HovorkaJob, exact: Array, y: Array) -> tuple[float, float] | None:
    if find_spec("numbalsoda") is None:
        return None
    at = picked(200)
    error = relative(y[at], exact[at])
    work = lambda r: hovorka.by_numbalsoda(job, at, rtol=r, atol=1e-3 * r)  # noqa: E731
    work(1e-4)  # numba compiles
    return seconds_at(error, curve_of(work, exact[at], len(at), LADDER)), error


def by_diffrax(job: HovorkaJob, exact: Array, y: Array) -> tuple[float, float] | None:
    at, ladder = picked(1000), ("1e-4", "1e-5", "1e-6", "1e-7")
    c = np.array([hovorka.constants(job.params[i], job.basal[i]) for i in at])
    work = {
        "x0": job.x0[at], "c": c, "bolus": 1000 * job.bolus[at], "edges": job.edges,
        "meal": job.meal * hovorka.MMOL_PER_G, "times": job.times,
    }  # fmt: skip
    found = own_environment("diffrax", "diffrax_hovorka.py", work, *ladder)
    if found is None:
        return None
    error = relative(y[at], exact[at])
    curve = [(relative(found[f"y{k}"], exact[at]), float(found[f"seconds{k}"]) / len(at)) for k in range(4)]
    return seconds_at(error, curve), error


# ---- UVA/Padova ----


def uvapadova() -> Row:
    """The 30 patients repeated, a day with five meals, glucose under the skin every minute."""
    options = {"rtol": UVA_RTOL, "atol": UVA_RTOL, "method": EXPLICIT}
    job = glucose_work.uvapadova(UVA_REPEATS)
    value = 1e6 * median_seconds(lambda: job.run(**options)) / len(job.params)
    exact = glucose_work.uvapadova(1).run(rtol=1e-12, atol=1e-12)
    error = float(np.abs(job.run(**options)[: len(exact)] - exact).max())
    if not error <= UVA_LIMIT:
        raise RuntimeError(f"UVA/Padova is {error:.2g} mg/dL off")
    peer = by_simglucose()
    note = f"{1e6 / value:,.0f} a second; largest error {error:.2g} mg/dL; "
    note += f"40,000 a second asked for on AVX-512, scaled to a peak of {peak():.0f} GFlop/s"
    if peer:
        note += f"; simglucose within {peer[1]:.2g} mg/dL where boluses take a minute"
    name = f"UVA/Padova, {len(job.params):,} patients x 24 h, 5 meals, 1-minute outputs, a patient"
    return Row(name, value, "us", scaled(25.0), "simglucose", peer and 1e6 * peer[0], note=note)


def by_simglucose(n: int = 20) -> tuple[float, float] | None:
    """Seconds a patient, and the largest difference from the same day here."""
    job = glucose_work.uvapadova(1)
    minute = minute_boluses(job)
    insulin, meals = np.zeros((n, int(DAY))), np.zeros(int(DAY))
    for hour, grams in glucose_work.UVAPADOVA_MEALS:
        meals[int(60 * hour)] = grams
    for i in range(n):
        insulin[i] = units_a_minute(minute, i)
    found = own_environment("simglucose", "simglucose_day.py", {"insulin": insulin, "meals": meals})
    if found is None:
        return None
    ours = minute.run(rtol=1e-9, atol=1e-9)[:n]
    return float(found["seconds"]), float(np.abs(found["y"] - ours).max())


def minute_boluses(job: Job) -> Job:
    """The same day with every bolus over a minute, as simglucose gives it."""
    people = glucose_work.patients("uvapadova")
    plans = []
    for ratio, basal in zip(people.carb_ratio.tolist(), people.basal.tolist(), strict=True):
        boluses = [(h, g / ratio, "1 min") for h, g in glucose_work.UVAPADOVA_MEALS]
        plans.append(glucose_work.schedule("uvapadova", glucose_work.UVAPADOVA_MEALS, boluses, basal))
    offsets = np.arange(len(plans) + 1) * len(plans[0])
    return Job(job.model, job.params, job.x0, np.concatenate(plans), offsets, job.times, job.output)


def units_a_minute(job: Job, i: int) -> Array:
    """Insulin in U/min of each minute, from the infusions of subject i."""
    port, units = glucose_work.ports(job.model)["insulin"], np.zeros(int(DAY))
    for a in job.actions[job.offsets[i] : job.offsets[i + 1]]:
        if a["index"] == port and a["kind"] in (_core.ACTION_INFUSION_ON, _core.ACTION_INFUSION_OFF):
            units[round(a["time"]) :] += a["value"] * (1 if a["kind"] == _core.ACTION_INFUSION_ON else -1)
    return units


# ---- Lorenz, threads, memory ----


def lorenz() -> Row:
    """Classical Runge-Kutta, 1,000 steps of 0.01, the end alone; the peer is a plain loop in C."""
    model, n = _core.Model("lorenz"), TRAJECTORIES
    params = np.tile([f["value"] for f in model.params], (n, 1))
    x0 = np.random.default_rng(3).uniform([-10, -10, 10], [10, 10, 40], (n, 3))

    def run(m: int = n) -> Array:
        plan, where = np.zeros(0, dtype=_core.PLAN_DTYPE), np.zeros(m, dtype=np.int64)
        found = model.simulate(
            params[:m], x0[:m], 0.0, plan, [0, 0], [STEPS * STEP], np.arange(m), where,
            method=_core.METHODS["rk4"], step=STEP,
        )  # fmt: skip
        return np.asarray(found["x_end"])

    value = 1e6 * median_seconds(run) / n
    goal = scaled(5.0 if _core.BUILD["level"] == "v4" else 10.0)
    peer, note = None, f"{1 / value:.3f} million a second; peak {peak():.0f} GFlop/s"
    if arithmetic.available():
        sample = 1024
        same = float(np.abs(arithmetic.lorenz(params[:sample], x0[:sample], STEPS, STEP) - run(sample)).max())
        seconds = median_seconds(lambda: arithmetic.lorenz(params[:sample], x0[:sample], STEPS, STEP))
        peer, note = 1e6 * seconds / sample, f"{note}; largest difference {same:.1e}"
    name = f"Lorenz, classical Runge-Kutta, {STEPS:,} steps of {STEP}, a trajectory"
    return Row(name, value, "us", goal, "plain loop in C", peer, note=note)


def threads() -> Row:
    """How the time of two threads compares with that of one, beside a loop of pure arithmetic."""
    job = glucose_work.hovorka(PATIENTS)
    options = {"rtol": RTOL, "atol": 1e-3 * RTOL, "method": EXPLICIT}
    own: dict[int, list[float]] = {1: [], 2: []}
    pure: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(2 * RUNS + 1):
        for n in (1, 2):
            begin = time.perf_counter()
            job.run(**options, threads=n)
            own[n].append(time.perf_counter() - begin)
            if arithmetic.available():
                pure[n].append(arithmetic.seconds_of_arithmetic(n))
    value = median(own[2]) / median(own[1])
    peer = median(pure[2]) / median(pure[1]) if pure[1] else None
    return Row(
        "Hovorka by two threads, share of the time of one", value, "", None, "pure arithmetic", peer, 0.9
    )


MEMORY = """
import resource, sys
sys.path.insert(0, {folder!r})
import glucose_work
job = glucose_work.uvapadova(100)
glucose_work.uvapadova(1, step=1440.0).run()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
y = job.run(rtol=3e-4, atol=3e-4, threads={threads})
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) / 1024 - y.nbytes / 2**20)
"""


def memory() -> Iterator[Row]:
    """Room beyond the outputs, a thread, in an interpreter of its own."""
    for n in (1, 2):
        code = MEMORY.format(folder=str(HERE), threads=n)
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        yield Row(
            f"memory beyond outputs, {n} threads, a thread", max(float(done.stdout), 0.0) / n, "MB", 64.0
        )
