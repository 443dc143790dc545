"""Calibrate the Population ``warfarin/mipd`` on virtual warfarin trials, even IDs.

    python scripts/calibrate_mipd.py REFERENCE OUT.toml

The objective is the marginal likelihood of the unscented filter, ln p(y | values) summed over patients: each
measurement given all earlier ones of its patient. Typical values are found on phase I to III; then the sizes
(variation between people, error, random walks) on these and on the comparison of strategies, whose patients
are younger and vary more. Both are maximised by Gauss-Newton steps of the kind of Berndt EK, Hall BH, Hall
RE, Hausman JA, Ann Econ Soc Meas 1974;3:653-665: the sum of outer products of the patients' gradients (by
central differences) stands for the curvature, with Levenberg's damping. A weak Gaussian prior around
``CENTRE``, SD 1 on the search scale, holds what the data do not say. Nothing is random.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import PytwinError
from pytwin.model.population import Population
from pytwin.verify import mipd
from pytwin.verify.mipd import Trial
from pytwin.verify.replay import maintenance
from pytwin.verify.warfarin_trial import DOSE, TARGET

Floats = NDArray[np.float64]
TEMPLATE = Path(__file__).with_name("mipd_template.toml")

# Centre of the weak prior: near Hamberg 2007 and 2010 where they have a value, else assumed. EG and EA: EC50
# per VKORC1 allele; B..: BASE by VKORC1 genotype; sd.., rho.., walk..: variation, correlation, random walk
# (variance an hour).
CENTRE: dict[str, float] = {
    "CL1": 0.174, "CL2": 0.0879, "CL3": 0.0422, "age": 0.00571, "V": 13.8, "V2": 6.59,
    "EG": 2.3, "EA": 1.1, "gamma": 0.5, "lambda": 3.61, "MTT1": 11.6, "MTT2": 120.0, "INRmax": 20.0,
    "BGG": 1.0, "BAG": 1.1, "BAA": 1.4,
    "sdCL": 0.08, "sdV": 0.06, "sdEC50": 0.25, "sdMTT1": 0.15, "sdMTT2": 0.15, "sdBASE": 0.13,
    "rhoEB": -0.6, "rhoE2": 0.0, "INR": 0.1, "Cs": 0.1, "walkEC50": 1e-5, "walkCL": 1e-6,
}  # fmt: skip
# Where the two searches start: near their ends, found earlier from CENTRE, so that a run takes minutes.
START: dict[str, float] = CENTRE | {
    "CL1": 0.1675, "CL2": 0.08002, "CL3": 0.03339, "age": 0.003679, "V": 13.57, "EG": 4.119, "EA": 1.453,
    "gamma": 0.4563, "MTT1": 13.45, "MTT2": 107.1, "INRmax": 26.06, "BGG": 1.11, "BAG": 1.136, "BAA": 1.087,
    "sdCL": 0.07616, "sdV": 0.06147, "sdEC50": 0.2339, "sdMTT1": 0.115, "sdMTT2": 0.1117, "sdBASE": 0.1474,
    "rhoEB": -0.7923, "rhoE2": 0.5251, "INR": 0.09766, "Cs": 0.1236, "walkEC50": 5.418e-06,
    "walkCL": 9.023e-07, "V2": 2.189, "lambda": 3.012,
}  # fmt: skip
START_SIZES: dict[str, float] = {
    "sdCL": 0.1416, "sdV": 0.25, "sdEC50": 0.2481, "sdMTT1": 0.2113, "sdMTT2": 0.148, "sdBASE": 0.2022,
    "rhoEB": -0.9588, "rhoE2": 0.1764, "INR": 0.1002, "walkEC50": 3.216e-06, "walkCL": 6.681e-07,
}  # fmt: skip
NAMES = tuple(CENTRE)
SIZES = tuple(START_SIZES)
STEP = 0.01
LONGEST = 0.7
MAX_ITERATIONS = 40
CONVERGED = 0.5


def natural(x: Floats) -> dict[str, float]:
    """Values on their own scales: logarithms are searched, of correlations the inverse hyperbolic tangent."""
    return {
        name: float(np.tanh(v) if name.startswith("rho") else np.exp(v))
        for name, v in zip(NAMES, x, strict=True)
    }


def searched(values: dict[str, float]) -> Floats:
    """The inverse of ``natural``."""
    return np.array([np.arctanh(values[n]) if n.startswith("rho") else np.log(values[n]) for n in NAMES])


def text(values: dict[str, float], digits: int) -> str:
    """The TOML file with its numbers in place."""
    filled = TEMPLATE.read_text(encoding="utf-8")
    for name, value in values.items():
        filled = filled.replace(f"@{name}@", f"{value:.{digits}g}")
    return filled


@dataclass(frozen=True)
class Problem:
    """A search over the values at ``free``, on some trials."""

    trials: tuple[Trial, ...]
    free: tuple[int, ...]
    centre: Floats

    def loglikes(self, x: Floats) -> Floats:
        """ln p(y) of every patient, shape (N,)."""
        people = Population.parse(text(natural(x), 8), place="calibration")
        twins = (mipd.assimilate(people, trial, robust=0.0) for trial in self.trials)
        return np.array([f.loglike for trial in twins for f in trial])

    def objective(self, x: Floats) -> float:
        """What is maximised; minus infinity where the filter fails."""
        try:
            found = float(self.loglikes(x).sum() - 0.5 * ((x - self.centre) ** 2).sum())
        except PytwinError:
            return -np.inf
        return found if np.isfinite(found) else -np.inf

    def scores(self, x: Floats) -> Floats:
        """Gradient of every patient's log-likelihood by central differences, shape (N, free)."""
        columns = []
        for i in self.free:
            step = np.zeros(x.size)
            step[i] = STEP
            columns.append((self.loglikes(x + step) - self.loglikes(x - step)) / (2 * STEP))
        return np.stack(columns, axis=1)


def maximise(problem: Problem, x: Floats) -> Floats:
    """Damped steps until one gains less than ``CONVERGED``."""
    free = list(problem.free)
    best, damping = problem.objective(x), 0.1
    for iteration in range(MAX_ITERATIONS):
        each = problem.scores(x)
        slope = each.sum(axis=0) - (x - problem.centre)[free]
        curve = each.T @ each + np.eye(len(free))
        before = best
        for _ in range(8):
            step = np.linalg.solve(curve + damping * np.diag(np.diag(curve)), slope)
            moved = x.copy()
            moved[free] += np.clip(step, -LONGEST, LONGEST)
            value = problem.objective(moved)
            if value > best:
                x, best, damping = moved, value, damping / 5
                break
            damping *= 4
        _say(iteration, best, x)
        if best - before < CONVERGED:
            break
    return x


def _say(iteration: int, best: float, x: Floats) -> None:
    values = " ".join(f"{n}={v:.4g}" for n, v in natural(x).items())
    print(f"{iteration:3d} {best:12.3f} {time.process_time():6.0f} s\n    {values}", flush=True)


def best_share(people: Population, place: Path) -> float:
    """The share of the steady dose that is nearest the oracle's, over the numbers of INRs that are judged."""
    trial, oracle = mipd.read_regimen(place, "Bayesian").even, mipd.read_oracle(place)
    best = np.array([oracle[i] for i in trial.ids])
    steady = [maintenance(people, trial, n, TARGET) for n in DOSE]
    shares = np.arange(0.5, 1.21, 0.01)
    errors = [sum(np.abs(share * dose - best).mean() for dose in steady) for share in shares]
    return float(shares[int(np.argmin(errors))])


def main() -> None:
    """Calibrate, write the file, and print the share that belongs to it."""
    place = Path(sys.argv[1]) / "pkpd" / "mipd_warfarin_trial"
    phases = tuple(mipd.read_phase(place, phase).even for phase in mipd.PHASES)
    regimens = tuple(mipd.read_regimen(place, regimen).even for regimen in mipd.REGIMENS)
    centre = searched(CENTRE)
    x = maximise(Problem(phases, tuple(range(len(NAMES))), centre), searched(START))
    sizes = tuple(NAMES.index(name) for name in SIZES)
    start = searched(natural(x) | START_SIZES)
    x = maximise(Problem((*phases, *regimens), sizes, centre), start)
    filled = text(natural(x), 4)
    Path(sys.argv[2]).write_text(filled, encoding="utf-8")
    print(f"SHARE {best_share(Population.parse(filled), place):.2f}", flush=True)


if __name__ == "__main__":
    main()
