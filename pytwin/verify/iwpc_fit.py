"""Calibration of warfarin's stable dose on real patients: the fit behind ``warfarin/iwpc``.

At steady state the dose that holds a target INR is, to 1e-3 over the range of patients,

    log dose = log CL + log EC50 + g(target, BASE)

because the mean concentration is F dose / (24 CL) and the effect depends on its ratio to EC50. With effects
that multiply CL and EC50 the log-dose is linear in their logarithms, so that the marginal likelihood of the
doses has a closed form. Patients whose genotype was not typed enter as a mixture over the genotypes of their
race group; a missing weight or height follows from sex, race group and age by regression. Errors are
Student-t: few doses are far off, for reasons that no covariate names. Their scale differs between race groups
and where height or weight is missing (``iwpc_spread.py``); their degrees of freedom are the likeliest of a
few. Each effect has a Gaussian prior, centred on the published one where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

from pytwin.verify.iwpc_spread import GROUPS, Spread, central, stratified, uniform, weighted

Array = NDArray[np.float64]

AGE, HEIGHT, WEIGHT, TARGET = 65.0, 170.0, 80.0, 2.5
# Of what a missing height or weight is taken to depend on.
CENTRES = {"weight": WEIGHT, "age": AGE}
RARE = ("*1/*5", "*1/*6", "*1/*11", "*1/*13", "*1/*14")
# Term -> centre and SD of its prior on the log scale. Centres: Hamberg 2010 for CL x EC50, genotypes and
# age (its linear slope at 65 years), Gage 2008 for amiodarone, IWPC 2009 for inducers, as in
# warfarin/hamberg2010@1.
PRIORS: dict[str, tuple[float, float]] = {
    "intercept": (0.39, 10.0),
    "CYP2C9 *1/*2": (-0.284, 0.3),
    "CYP2C9 *1/*3": (-0.476, 0.3),
    "CYP2C9 *2/*2": (-0.683, 0.3),
    "CYP2C9 *2/*3": (-0.984, 0.3),
    "CYP2C9 *3/*3": (-1.417, 0.3),
    "CYP2C9 rare": (-0.284, 0.2),
    "VKORC1 A/G": (-0.309, 0.3),
    "VKORC1 A/A": (-0.759, 0.3),
    "age": (-0.00552, 0.03),
    "log weight": (0.0, 1.0),
    "height": (0.0, 0.03),
    "amiodarone": (-0.2538, 0.3),
    "enzyme_inducer": (0.3642, 0.3),
    "smoker": (0.0, 0.2),
    "male": (0.0, 0.2),
    "race_asian": (0.0, 0.3),
    "race_black": (0.0, 0.3),
    "race_other": (0.0, 0.3),
    "log target_inr": (0.0, 1.0),
    "race_black age": (0.0, 0.01),
    "race_black log weight": (0.0, 0.3),
    "race_black VKORC1 A/G": (0.0, 0.2),
    "race_black VKORC1 A/A": (0.0, 0.2),
    "race_asian male": (0.0, 0.2),
    "race_black male": (0.0, 0.2),
    "race_other male": (0.0, 0.2),
}
# Degrees of freedom of the errors, of which the likeliest is taken.
FREEDOMS = (3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0)
_STEPS = 200
_SETTLED = 1e-6


@dataclass(frozen=True)
class Doses:
    """Patients as the fit sees them, one row for each genotype that a patient may have.

    Attributes
    ----------
    owner : ndarray of int, shape (R,)
        Patient of each row, ascending.
    weight : ndarray, shape (R,)
        Probability of the row's genotypes before the dose is seen.
    cyp2c9, vkorc1 : ndarray of str, shape (R,)
    covariates : mapping of str to ndarray (N,)
        NaN where unknown.
    log_dose : ndarray, shape (N,)
        Logarithm of mg a day less that of the dose of the target at CL = EC50 = 1.
    """

    owner: NDArray[np.intp]
    weight: Array
    cyp2c9: NDArray[np.str_]
    vkorc1: NDArray[np.str_]
    covariates: Mapping[str, Array]
    log_dose: Array

    def with_others(self, others: Doses) -> Doses:
        """These patients and then the others."""
        both = {name: np.concatenate([x, others.covariates[name]]) for name, x in self.covariates.items()}
        return Doses(
            np.concatenate([self.owner, others.owner + self.log_dose.size]),
            np.concatenate([self.weight, others.weight]),
            np.concatenate([self.cyp2c9, others.cyp2c9]),
            np.concatenate([self.vkorc1, others.vkorc1]),
            both,
            np.concatenate([self.log_dose, others.log_dose]),
        )

    def of(self, patients: NDArray[np.bool_]) -> Doses:
        """Some of the patients."""
        rows = patients[self.owner]
        number = np.cumsum(patients) - 1
        return Doses(
            number[self.owner[rows]],
            self.weight[rows],
            self.cyp2c9[rows],
            self.vkorc1[rows],
            {name: x[patients] for name, x in self.covariates.items()},
            self.log_dose[patients],
        )


@dataclass(frozen=True)
class Reference:
    """What a missing covariate is taken to be: a linear function of others, and the SD around it."""

    value: float
    slopes: Mapping[str, float]
    sd: float


@dataclass(frozen=True)
class Fit:
    """What a fit gives.

    Attributes
    ----------
    effects : mapping of str to float
        Term of ``PRIORS`` -> effect on the log-dose.
    spread : Spread
        SDs of what is left of the log-dose.
    references : mapping of str to Reference
    patients : int
    counts : mapping of str to int
        Term -> patients who have it.
    scale : Spread
        Scale of the Student-t errors.
    freedom : float
        Their degrees of freedom.
    """

    effects: Mapping[str, float]
    spread: Spread
    references: Mapping[str, Reference]
    patients: int
    counts: Mapping[str, int]
    scale: Spread
    freedom: float


def unfitted() -> Fit:
    """The prior centres as a Fit: the structure, before any patient was seen."""
    references = {n: Reference(v, {}, 0.0) for n, v in (("weight", WEIGHT), ("height", HEIGHT))}
    counts = dict.fromkeys(PRIORS, 0)
    effects = {n: centre for n, (centre, _) in PRIORS.items()}
    return Fit(effects, uniform(0.35), references, 0, counts, uniform(0.3), FREEDOMS[0])


def fit(doses: Doses, freedoms: Sequence[float] = FREEDOMS) -> Fit:
    """Maximum of the posterior of the effects, and the spread of what they leave.

    Parameters
    ----------
    doses : Doses
    freedoms : sequence of float
        Degrees of freedom to choose from by likelihood; infinity makes the errors Gaussian.

    Returns
    -------
    Fit
    """
    references = _references(doses.covariates)
    x = design(doses, references)
    tries = [_maximise(x, doses, freedom) for freedom in freedoms]
    best = max(tries, key=lambda t: t.loglike)
    residual = doses.log_dose[doses.owner] - x @ best.beta
    spread = stratified(central(residual, doses.owner, doses.weight), doses.covariates)
    counts = {name: round(float(best.share @ (x[:, i] != 0))) for i, name in enumerate(PRIORS)}
    counts["smoker"] = int(np.nansum(doses.covariates["smoker"]))
    effects = dict(zip(PRIORS, best.beta.tolist(), strict=True))
    return Fit(effects, spread, references, doses.log_dose.size, counts, best.scale, best.freedom)


def log_density(doses: Doses, found: Fit) -> Array:
    """Log predictive density of each patient's log-dose, shape (N,)."""
    x = design(doses, found.references)
    unit = found.scale.of(doses.covariates)[doses.owner]
    residual = doses.log_dose[doses.owner] - x @ np.array(list(found.effects.values()))
    mass = doses.weight * np.exp(_log_t(residual / unit, found.freedom)) / unit
    return np.asarray(np.log(np.bincount(doses.owner, mass)))


def design(doses: Doses, references: Mapping[str, Reference]) -> Array:
    """One column for each term of ``PRIORS``, shape (R, terms)."""
    c = {name: x[doses.owner] for name, x in filled(doses.covariates, references).items()}
    columns: dict[str, Array] = {"intercept": np.ones(doses.owner.size)}
    columns["log weight"] = np.log(c["weight"] / WEIGHT)
    columns["log target_inr"] = np.log(c["target_inr"] / TARGET)
    for name in PRIORS:
        gene, _, genotype = name.partition(" ")
        if gene == "CYP2C9":
            members = RARE if genotype == "rare" else (genotype,)
            columns[name] = np.isin(doses.cyp2c9, members).astype(float)
        elif gene == "VKORC1":
            columns[name] = (doses.vkorc1 == genotype).astype(float)
        elif gene in c and genotype:
            columns[name] = c[gene] * columns[genotype]
        elif gene in c:
            columns[name] = c[gene] - {"age": AGE, "height": HEIGHT}.get(gene, 0.0)
    return np.stack([columns[name] for name in PRIORS], axis=1)


def filled(covariates: Mapping[str, Array], references: Mapping[str, Reference]) -> dict[str, Array]:
    """Covariates with the missing ones at their reference."""
    found = dict(covariates)
    for name, reference in references.items():
        guess = reference.value + sum(
            slope * (found[other] - CENTRES.get(other, 0.0)) for other, slope in reference.slopes.items()
        )
        found[name] = np.where(np.isnan(found[name]), guess, found[name])
    return found


def _references(covariates: Mapping[str, Array]) -> dict[str, Reference]:
    """Share of smokers and of men; weight by sex, race group and age; height by these and weight."""
    known = {n: covariates[n][~np.isnan(covariates[n])] for n in ("smoker", "male")}
    share = {n: float(x.mean()) if x.size else 0.0 for n, x in known.items()}
    found = {
        "smoker": Reference(share["smoker"], {}, float(np.sqrt(share["smoker"] * (1 - share["smoker"])))),
        "target_inr": Reference(TARGET, {}, 0.0),
        "male": Reference(share["male"], {}, float(np.sqrt(share["male"] * (1 - share["male"])))),
        "age": Reference(float(np.nanmean(covariates["age"])), {}, float(np.nanstd(covariates["age"]))),
    }
    people = ["male", *GROUPS, "age"]
    for name, others in (("weight", people), ("height", [*people, "weight"])):
        rows = ~np.isnan([covariates[n] for n in (name, *others)]).any(axis=0)
        centred = [covariates[n][rows] - CENTRES.get(n, 0.0) for n in others]
        x = np.stack([np.ones(int(rows.sum())), *centred], axis=1)
        y = covariates[name][rows]
        beta = np.linalg.lstsq(x, y, rcond=None)[0]
        slopes = dict(zip(others, beta[1:].tolist(), strict=True))
        found[name] = Reference(float(beta[0]), slopes, float((y - x @ beta).std()))
    return found


@dataclass(frozen=True)
class _Maximum:
    beta: Array
    scale: Spread
    share: Array
    freedom: float
    loglike: float


def _maximise(x: Array, doses: Doses, freedom: float) -> _Maximum:
    """Effects, scale and each row's posterior probability, by expectation and maximisation.

    The t density is a Gaussian with a random precision, the unknown genotype a hidden label; both give
    weights to a penalised least-squares step.
    """
    centre, width = np.array(list(PRIORS.values())).T
    precision = np.diag(width**-2)
    y, owner = doses.log_dose[doses.owner], doses.owner
    beta, scale, share = centre.copy(), uniform(0.5), doses.weight
    unit = scale.of(doses.covariates)[owner]
    for _ in range(_STEPS):
        r = y - x @ beta
        w = share * _robust_weight(r / unit, freedom)
        scale = stratified(weighted(r, owner, w), doses.covariates)
        unit = scale.of(doses.covariates)[owner]
        gram = (x * (w / unit**2)[:, None]).T
        moved = np.linalg.solve(gram @ x + precision, gram @ y + precision @ centre)
        change = float(np.abs(moved - beta).max())
        beta = moved
        mass = doses.weight * np.exp(_log_t((y - x @ beta) / unit, freedom)) / unit
        total = np.bincount(owner, mass)
        share = mass / total[owner]
        if change < _SETTLED:
            break
    penalty = float((((beta - centre) / width) ** 2).sum() / 2)
    return _Maximum(beta, scale, share, freedom, float(np.log(total).sum()) - penalty)


def _robust_weight(z: Array, freedom: float) -> Array:
    return np.ones_like(z) if freedom == inf else np.asarray((freedom + 1) / (freedom + z * z))


def _log_t(z: Array, freedom: float) -> Array:
    """Log-density of Student's t; infinite degrees of freedom make it Gaussian."""
    if freedom == inf:
        return np.asarray(-z * z / 2 - log(2 * pi) / 2)
    constant = lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - log(pi * freedom) / 2
    return np.asarray(constant - (freedom + 1) / 2 * np.log1p(z * z / freedom))
