"""Suite ``first-twin``: the path from files to a ranking, beside filterpy and CVODE in C."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from statistics import median

import numpy as np
from peers import cvode
from row import Row, median_seconds, once_seconds

from pytwin import _core, kalman
from pytwin.cohort import Cohort
from pytwin.datasets import path
from pytwin.genome import read_genome
from pytwin.model import Plan
from pytwin.model.actions import DOSE_KINDS
from pytwin.record import read_record
from pytwin.twin import Twin
from pytwin.twin.filtering import actions_of
from pytwin.twin.simulation import ATOL, RTOL
from pytwin.verify.virtual import POPULATION, cohort

RUNS = 5
PLANS, DRAWS, DAYS = 50, 2000, 30
REPEATS = 10
OUTLYING = 0.0027  # beyond three SDs the twin weighs an INR down
# At this tolerance CVODE's error of INR is no larger than the ranking's own (measured: 3e-4 against 1e-4).
PEER_RTOL, PEER_ATOL = 1e-4, 1e-7
SAMPLE = 40  # lanes and patients that a slow peer runs


def rows() -> Iterator[Row]:
    yield demo()
    yield importing()
    yield from assimilating()
    yield ranking()


def demo() -> Row:
    """`pytwin demo` as a user runs it, in an empty folder, the interpreter's start included."""
    command = shutil.which("pytwin") or "pytwin"
    seconds = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            subprocess.run([command, "demo"], cwd=folder, check=True, capture_output=True)
            seconds.append(time.perf_counter() - begin)
    return Row("pytwin demo", median(seconds), "s", goal=5.0)


def importing() -> Row:
    """What `import pytwin` costs beyond NumPy, in fresh interpreters, alternating."""
    code = "import time, numpy; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
    found = []
    for _ in range(11):
        done = subprocess.run(
            [sys.executable, "-c", code.format("import pytwin; pytwin._core.Model")],
            check=True,
            capture_output=True,
            text=True,
        )
        found.append(1e3 * float(done.stdout))
    return Row("import pytwin beyond numpy, core loaded", median(found), "ms", goal=150.0)


def assimilating() -> Iterator[Row]:
    """Twenty INRs of one patient, and 1,000 patients in one call."""
    virtual = cohort(1000, seed=7)
    members = zip(virtual.records[:SAMPLE], virtual.genomes, strict=False)
    twins = [Twin("warfarin", r, g, POPULATION) for r, g in members]
    own = median_seconds(lambda: [t.assimilate() for t in twins]) / SAMPLE
    yield _beside_filterpy(twins, 1e3 * own)
    everyone = Cohort("warfarin", virtual.records, virtual.genomes, POPULATION)
    for threads in (1, 2):
        seconds = median_seconds(lambda n=threads: everyone.assimilate(threads=n))
        yield Row(
            f"assimilating 20 INRs of 1,000 patients in one call, {threads} threads", seconds, "s", goal=2.0
        )


def _beside_filterpy(twins: list[Twin], own: float) -> Row:
    name = "assimilating 20 INRs of one patient"
    if not cvode.available() or importlib.util.find_spec("filterpy") is None:
        return Row(name, own, "ms", goal=5.0, peer="filterpy with CVODE in C")
    from peers import filterpy_ukf

    worst, seconds = 0.0, []
    for twin in twins[:20]:
        problem = _problem(twin)
        rule = kalman.unscented(len(problem.mean))
        begin = time.perf_counter()
        z = filterpy_ukf.assimilate(problem, rule, rtol=1e-6, atol=1e-9)
        seconds.append(time.perf_counter() - begin)
        found = twin.assimilate()
        if min(point.probability for point in found.trace) > OUTLYING:  # filterpy has no robust update
            worst = max(worst, float(np.abs(z - found.components.means[0])[8:].max()))
    note = f"largest difference of a log-parameter {worst:.1e}"
    return Row(name, own, "ms", 5.0, "filterpy with CVODE in C", 1e3 * median(seconds), note=note)


def _problem(twin: Twin):
    from peers.filterpy_ukf import Problem

    names = [p["name"] for p in twin.population.model.params]
    c, h = twin.components, twin.history
    actions = actions_of(twin.therapy, twin.population, h)
    doses = actions[np.isin(actions["kind"], DOSE_KINDS)]
    return Problem(
        params=c.params[0][[names.index(p) for p in cvode.PARAMETERS]],
        theta=tuple(cvode.PARAMETERS.index(t) for t in twin.population.theta),
        mean=c.means[0],
        cov=c.covs[0],
        doses=tuple((float(a["time"]), float(a["value"])) for a in doses),
        times=h.times,
        log_inr=np.log(h.values),
        sd=twin.population.residuals["INR"].a,
    )


def ranking() -> Row:
    """50 plans by 2,000 draws over 30 days on one core; CVODE runs a sample of the same lanes."""
    record, genome = read_record(path("patient.json")), read_genome(path("patient.vcf"))
    twin = Twin("warfarin", record, genome).assimilate()
    plans = _plans()
    kept = twin.rank(plans, horizon=f"{DAYS} d", draws=10).plans
    assert len(kept) == PLANS, "a plan was not ranked"
    own = median_seconds(lambda: twin.rank(plans, horizon=f"{DAYS} d", draws=DRAWS, seed=1))
    goal = 4.0 if _core.BUILD["level"] == "v4" else 8.0
    name = f"ranking {PLANS} plans by {DRAWS} draws over {DAYS} days, one core"
    if not cvode.available():
        return Row(name, own, "s", goal, "CVODE in C")
    peer, worst = _cvode_ranking(twin)
    note = f"aim 1 s; largest difference of INRs {worst:.1e} relative; the peer only simulates"
    return Row(name, own, "s", goal, "CVODE in C", peer, note=note)


def _plans() -> list[Plan]:
    """Plans that tablets can make: 17 maintenance doses, each with no, a low and a high loading dose."""
    plans = []
    for mg in 0.5 * np.arange(1, 18):
        for load in (mg, mg + 2.5, mg + 5.0):
            name = f"{load:g} mg for 2 d, then {mg:g} mg daily"
            plan = Plan(name).dose("warfarin", load, "mg", every="24 h", until="2 d")
            plans.append(plan.dose("warfarin", mg, "mg", every="24 h", start="2 d", until=f"{DAYS} d"))
    return plans[:PLANS]


def _cvode_ranking(twin: Twin) -> tuple[float, float]:
    """Seconds that CVODE's faster method needs for all lanes, from a sample; the worst difference of INRs."""
    model = twin.population.model
    names = [p["name"] for p in model.params]
    draws = twin.draws(DRAWS, seed=1)
    picked = np.linspace(0, DRAWS - 1, SAMPLE).astype(int)
    params = draws.params[picked][:, [names.index(p) for p in cvode.PARAMETERS]]
    daily = 5.0
    doses = Plan("daily").dose("warfarin", daily, "mg", every="24 h").actions(model, f"{DAYS} d")
    times, inr = (
        24.0 * np.arange(DAYS + 1),
        np.array([[o["name"] for o in model.outputs].index("INR")], dtype=np.int32),
    )
    own = model.simulate(
        draws.params[picked],
        None,
        0.0,
        doses,
        np.array([0, len(doses)]),
        times,
        None,
        None,
        inr,
        rtol=RTOL,
        atol=ATOL,
    )
    best, worst = np.inf, 0.0
    for method in (cvode.ADAMS, cvode.BDF):
        found: list[np.ndarray] = []
        seconds = once_seconds(
            lambda m=method, f=found: [
                f.append(
                    cvode.daily_inr(
                        params, np.full(DAYS, 0.5 * daily), rtol=PEER_RTOL, atol=PEER_ATOL, method=m
                    )
                )
                for _ in range(REPEATS)
            ]
        )
        best = min(best, seconds / (REPEATS * SAMPLE))
        worst = max(worst, float(np.abs(found[0] / own["y"][:, :, 0] - 1).max()))
    return best * PLANS * DRAWS, worst
