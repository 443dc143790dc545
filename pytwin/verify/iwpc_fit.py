"""Calibration of warfarin's stable dose on real patients: the fit behind ``warfarin/iwpc``.

At steady state the dose that holds a target INR is, to 1e-3 over the range of patients,

    log dose = log CL + log EC50 + g(target, BASE)

because the mean concentration is F dose / (24 CL) and the effect depends on its ratio to EC50. With effects
that multiply CL and EC50 the log-dose is linear in their logarithms, so that the marginal likelihood of the
doses has a closed form. Patients whose genotype was not typed enter as a mixture over the genotypes of their
race group. Errors are Student-t with 4 degrees of freedom: few doses are far off, for reasons that no
covariate names. Each effect has a Gaussian prior, centred on the published one where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Likelihood = Literal["student-t", "gauss", "laplace"]

FREEDOM = 4.0
AGE, HEIGHT, WEIGHT, TARGET = 65.0, 170.0, 80.0, 2.5
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
    "race_asian": (0.0, 0.3),
    "race_black": (0.0, 0.3),
    "race_other": (0.0, 0.3),
    "log target_inr": (0.0, 1.0),
    "race_black age": (0.0, 0.01),
    "race_black log weight": (0.0, 0.3),
    "race_black VKORC1 A/G": (0.0, 0.2),
    "race_black VKORC1 A/A": (0.0, 0.2),
}
# Race groups whose spread is their own, shrunk to that of all as if 200 patients had been seen before.
SPREAD_GROUPS = ("race_asian", "race_black", "race_other")
SPREAD_SHRINKAGE = 200.0
_CENTRAL = 0.8
_CENTRAL_Z = 1.2815515655446004
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
    """Effects on the log-dose, total SD of all and of each group, references, numbers of patients."""

    effects: Mapping[str, float]
    sd: float
    group_sd: Mapping[str, float]
    references: Mapping[str, Reference]
    patients: int
    counts: Mapping[str, int]


def unfitted() -> Fit:
    """The prior centres as a Fit: the structure, before any patient was seen."""
    references = {n: Reference(v, {}, 0.0) for n, v in (("weight", WEIGHT), ("height", HEIGHT))}
    spread = dict.fromkeys((*SPREAD_GROUPS, "white"), 0.35)
    counts = dict.fromkeys(PRIORS, 0)
    return Fit({n: centre for n, (centre, _) in PRIORS.items()}, 0.35, spread, references, 0, counts)


def fit(doses: Doses, likelihood: Likelihood = "student-t") -> Fit:
    """Maximum of the posterior of the effects, and the spread of what they leave.

    Parameters
    ----------
    doses : Doses
    likelihood : {"student-t", "gauss", "laplace"}

    Returns
    -------
    Fit
    """
    references = _references(doses.covariates)
    x = design(doses, references)
    y = doses.log_dose[doses.owner]
    beta, share = _maximise(x, y, doses, likelihood)
    effects = dict(zip(PRIORS, beta.tolist(), strict=True))
    sd, groups = _spreads(y - x @ beta, doses)
    counts = {name: round(float(share @ (x[:, i] != 0))) for i, name in enumerate(PRIORS)}
    counts["smoker"] = int(np.nansum(doses.covariates["smoker"]))
    return Fit(effects, sd, groups, references, doses.log_dose.size, counts)


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
            slope * (found[other] - (WEIGHT if other == "weight" else 0.0))
            for other, slope in reference.slopes.items()
        )
        found[name] = np.where(np.isnan(found[name]), guess, found[name])
    return found


def _references(covariates: Mapping[str, Array]) -> dict[str, Reference]:
    """Share of smokers and of men; weight by sex and race; height by sex, race and weight."""
    known = {n: covariates[n][~np.isnan(covariates[n])] for n in ("smoker", "male")}
    share = {n: float(x.mean()) if x.size else 0.0 for n, x in known.items()}
    found = {
        "smoker": Reference(share["smoker"], {}, float(np.sqrt(share["smoker"] * (1 - share["smoker"])))),
        "target_inr": Reference(TARGET, {}, 0.0),
        "male": Reference(share["male"], {}, 0.0),
        "age": Reference(float(np.nanmean(covariates["age"])), {}, float(np.nanstd(covariates["age"]))),
    }
    people = ["male", *SPREAD_GROUPS]
    for name, others in (("weight", people), ("height", [*people, "weight"])):
        rows = ~np.isnan([covariates[n] for n in (name, *others)]).any(axis=0)
        centred = [covariates[n][rows] - (WEIGHT if n == "weight" else 0.0) for n in others]
        x = np.stack([np.ones(int(rows.sum())), *centred], axis=1)
        y = covariates[name][rows]
        beta = np.linalg.lstsq(x, y, rcond=None)[0]
        slopes = dict(zip(others, beta[1:].tolist(), strict=True))
        found[name] = Reference(float(beta[0]), slopes, float((y - x @ beta).std()))
    return found


def _maximise(x: Array, y: Array, doses: Doses, likelihood: Likelihood) -> tuple[Array, Array]:
    """Effects and each row's posterior probability, by expectation and maximisation.

    The t density is a Gaussian with a random precision, the unknown genotype a hidden label; both give
    weights to a penalised least-squares step.
    """
    centre, width = np.array(list(PRIORS.values())).T
    precision = np.diag(width**-2)
    beta, scale, share = centre.copy(), 0.5, doses.weight
    for _ in range(_STEPS):
        r = y - x @ beta
        w = share * _robust_weight(r / scale, likelihood)
        scale = float(np.sqrt((w * r * r).sum() / doses.log_dose.size))
        gram = (x * w[:, None]).T / scale**2
        moved = np.linalg.solve(gram @ x + precision, gram @ y + precision @ centre)
        change = float(np.abs(moved - beta).max())
        beta = moved
        share = _posterior(doses, _log_density((y - x @ beta) / scale, likelihood))
        if change < _SETTLED:
            break
    return beta, share


def _robust_weight(z: Array, likelihood: Likelihood) -> Array:
    if likelihood == "gauss":
        return np.ones_like(z)
    if likelihood == "laplace":
        return np.asarray(1 / np.maximum(np.abs(z), 0.03))
    return np.asarray((FREEDOM + 1) / (FREEDOM + z * z))


def _log_density(z: Array, likelihood: Likelihood) -> Array:
    """Up to a constant."""
    if likelihood == "gauss":
        return np.asarray(-z * z / 2)
    if likelihood == "laplace":
        return np.asarray(-np.abs(z))
    return np.asarray(-(FREEDOM + 1) / 2 * np.log1p(z * z / FREEDOM))


def _posterior(doses: Doses, log_density: Array) -> Array:
    mass = doses.weight * np.exp(log_density)
    return np.asarray(mass / np.bincount(doses.owner, mass)[doses.owner])


def _spreads(residual: Array, doses: Doses) -> tuple[float, dict[str, float]]:
    """SDs of a Gaussian with the residuals' central 80 %, of patients whose genotypes are known."""
    known = doses.weight > 1 - 1e-9
    size = np.abs(residual[known])
    owner = doses.owner[known]
    overall = float(np.quantile(size, _CENTRAL) / _CENTRAL_Z)
    member = {g: doses.covariates[g][owner] == 1 for g in SPREAD_GROUPS}
    member["white"] = ~np.any([*member.values()], axis=0)
    groups = {}
    for name, rows in member.items():
        own = float(np.quantile(size[rows], _CENTRAL) / _CENTRAL_Z) if rows.any() else overall
        n = float(rows.sum())
        pooled = n * np.log(own) + SPREAD_SHRINKAGE * np.log(overall)
        groups[name] = float(np.exp(pooled / (n + SPREAD_SHRINKAGE)))
    return overall, groups
