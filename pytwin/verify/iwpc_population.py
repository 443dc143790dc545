"""A fit as a Population, and the stable dose of a Population in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.model.population import Population
from pytwin.therapies import load
from pytwin.twin.dose import solve
from pytwin.verify.iwpc_fit import AGE, CENTRES, HEIGHT, RARE, TARGET, WEIGHT, Fit
from pytwin.verify.iwpc_spread import GROUPS

Array = NDArray[np.float64]

BASE = "warfarin/hamberg2010@1"
VERSION = 2
# EC50 of VKORC1 G/G stays Hamberg's, 2 x 2.05 mg/L: the doses tell the product of CL and EC50 alone.
EC50_GG = 4.10
_TARGET_NOTE = (
    "fitted here: patients whose record states a higher target need less than the model's dose for it, as "
    "in Gage 2008 (a tenth more dose for half an INR); whether the patients differ or the response is "
    "steeper is not told"
)
_HAMBERG = "Hamberg 2010, as in warfarin/hamberg2010@1"
# Where the closed form is expanded: any patient serves, see iwpc_fit.
_CL, _EC50 = 0.36, 3.0


class SteadyDose:
    """log of the daily dose that holds a target: log CL + log EC50 + g, with g spread by the unknown BASE.

    g and its variance over BASE come from the simulator, with the cubature points of
    ``Cohort.dose_quantiles``.
    """

    def __init__(self, population: Population) -> None:
        self.population = population
        names = [p["name"] for p in population.model.params]
        self.columns = [names.index(n) for n in ("CL", "EC50", "BASE")]
        self.theta = [population.theta.index(n) for n in ("CL", "EC50", "BASE")]
        self._known: dict[float, tuple[float, float]] = {}

    def constant(self, targets: Array) -> tuple[Array, Array]:
        """g (its mean) and its variance for each target, shapes as ``targets``."""
        fresh = [float(t) for t in np.unique(targets) if float(t) not in self._known]
        if fresh:
            self._solve(fresh)
        found = np.array([self._known[float(t)] for t in targets]).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def _solve(self, targets: list[float]) -> None:
        size = len(self.population.theta)
        sd = float(np.sqrt(self.population.omega[self.theta[2], self.theta[2]]))
        params = np.tile([float(p["value"]) for p in self.population.model.params], (3 * len(targets), 1))
        for row in self.population.data["parameters"]:
            if "value" in row:
                params[:, [p["name"] for p in self.population.model.params].index(row["name"])] = row["value"]
        params[:, self.columns[0]], params[:, self.columns[1]] = _CL, _EC50
        params[:, self.columns[2]] *= np.exp(np.sqrt(size) * sd * np.tile([0.0, 1.0, -1.0], len(targets)))
        therapy = load("warfarin")
        dose = solve(therapy, self.population, params, np.repeat(targets, 3))
        g = (np.log(dose) - np.log(_CL * _EC50)).reshape(-1, 3)
        weights = np.array([2 * size - 2, 1, 1]) / (2 * size)
        mean = g @ weights
        variance = (g - mean[:, None]) ** 2 @ weights
        self._known.update({t: (float(m), float(v)) for t, m, v in zip(targets, mean, variance, strict=True)})

    def moments(
        self, covariates: Mapping[str, Array], genotypes: Mapping[str, list[str]], targets: Array
    ) -> tuple[Array, Array]:
        """Mean and SD of the log of the daily dose in mg, shapes (R,)."""
        n = targets.size
        params = self.population.parameters(covariates, genotypes, n)
        omega = self.population.covariance(covariates, genotypes, n)
        g, variance = self.constant(targets)
        mean = np.log(params[:, self.columns[0]]) + np.log(params[:, self.columns[1]]) + g
        i, j = self.theta[0], self.theta[1]
        total = omega[:, i, i] + omega[:, j, j] + 2 * omega[:, i, j] + variance
        return mean, np.sqrt(total)


def population(fit: Fit, provenance: Mapping[str, Any]) -> Population:
    """The Population of a fit: Hamberg's structure, split and kinetics; effects and spread of the fit."""
    base = Population.load(BASE)
    known = SteadyDose(base)
    _, variance = known.constant(np.array([2.5]))
    own = {v["parameter"]: float(v["sd"]) for v in base.data["variability"]}
    product = np.hypot(own["CL"], own["EC50"])
    scale = {g: float(np.sqrt(s * s - variance[0]) / product) for g, s in fit.spread.groups.items()}
    data: dict[str, Any] = {
        "id": "warfarin/iwpc",
        "version": VERSION,
        "therapy": "warfarin",
        "model": "hamberg2010",
        "title": "S-warfarin kinetics and INR response of Hamberg 2010, doses calibrated on IWPC patients",
        "citation": "Fitted by the pytwin project on the data of the International Warfarin Pharmacogenetics "
        "Consortium, N Engl J Med 2009;360:753-764; structure: " + base.citation,
        "provenance": dict(provenance),
        "ranges": _ranges(),
        "parameters": [_parameter(p, fit) for p in base.data["parameters"]],
        "effects": _effects(fit),
        "variability": [_variability(v, scale["white"]) for v in base.data["variability"]],
        "spread": _spread(scale) + _missing(fit.spread.missing),
        "correlation": [dict(c) for c in base.data["correlation"]],
        "residual": [dict(r) for r in base.data["residual"]],
        "baseline": dict(base.data["baseline"]),
        "process_noise": dict(base.data["process_noise"]),
        "reference": _reference_rows(fit),
    }
    for row in (*data["correlation"], *data["residual"]):
        row["citation"] = _HAMBERG + ": " + str(row["citation"])
    return Population(data, f"warfarin/iwpc@{VERSION}")


def _round(value: float) -> float:
    return float(f"{value:.5g}")


def _ranges() -> list[dict[str, Any]]:
    """Where nearly all patients of the fit lie; the tails are too thin to tell."""
    source = "IWPC patients of the fit, 1st to 99th percentile; age by decade"
    return [
        {"covariate": "age", "unit": "years", "lower": 20, "upper": 90, "citation": source},
        {"covariate": "weight", "unit": "kg", "lower": 42, "upper": 146, "citation": source},
        {"covariate": "height", "unit": "cm", "lower": 145, "upper": 190, "citation": source},
    ]


def _parameter(row: Mapping[str, Any], fit: Fit) -> dict[str, Any]:
    fitted = {
        "CL": f"fitted here: CYP2C9 *1/*1, White, {AGE:g} years, {WEIGHT:g} kg, {HEIGHT:g} cm, no smoker; "
        "only CL x EC50 is identified, the split is Hamberg's",
        "EC50": "VKORC1 G/G as in Hamberg 2010, not identified by doses; A/G and A/A relative to it fitted",
    }
    name = str(row["name"])
    if name in fitted:
        return {"name": name, "unit": row["unit"], "citation": fitted[name]}
    return {**row, "citation": f"{_HAMBERG}: {row['citation']}"}


def _effects(fit: Fit) -> list[dict[str, Any]]:
    e = fit.effects
    cl = float(np.exp(e["intercept"])) / EC50_GG
    cyp2c9 = {"*1/*1": cl} | {
        name.split()[1]: cl * float(np.exp(v))
        for name, v in e.items()
        if name.startswith("CYP2C9") and "rare" not in name
    }
    cyp2c9 |= {name: cl * float(np.exp(e["CYP2C9 rare"])) for name in RARE}
    vkorc1 = {"G/G": EC50_GG} | {g: EC50_GG * float(np.exp(e[f"VKORC1 {g}"])) for g in ("A/G", "A/A")}
    n = fit.counts
    rows: list[dict[str, Any]] = [
        _genotype("CL", "CYP2C9", cyp2c9, "fitted here (L/h); n: " + _numbers(n, "CYP2C9")),
        _genotype(
            "EC50", "VKORC1", vkorc1, "fitted here relative to G/G (mg/L); n: " + _numbers(n, "VKORC1")
        ),
        _exponential("CL", "age", e["age"], AGE, "a year"),
        _power("CL", "weight", e["log weight"], WEIGHT, "fitted here"),
        _exponential("CL", "height", e["height"], HEIGHT, "a cm"),
        _power("EC50", "target_inr", e["log target_inr"], TARGET, _TARGET_NOTE),
        _exponential(
            "CL", "smoker", e["smoker"], 0.0, f"n = {n['smoker']}; who was not asked counts as the share"
        ),
    ]
    for drug in ("amiodarone", "enzyme_inducer"):
        cited = f"fitted here on {n[drug]} patients, prior as in {BASE}"
        rows.append({"parameter": "CL", "kind": "factor", "covariate": drug})
        rows[-1] |= {"value": _round(float(np.exp(e[drug]))), "citation": cited}
    for group in GROUPS:
        cited = f"n = {n[group]}; on EC50 by convention: CL or EC50 is not told by doses, target INRs differ"
        rows.append(_exponential("EC50", group, e[group], 0.0, cited))
    cited = f"n = {n['male']}, fitted here; height and weight are counted apart"
    rows.append(_exponential("CL", "male", e["male"], 0.0, "") | {"citation": cited})
    for group in GROUPS:
        row = _exponential("CL", "male", e[f"{group} male"], 0.0, "")
        cited = "difference in this group, fitted here, shrunk to none"
        rows.append(row | {"group": group, "citation": cited})
    return rows + _black_rows(e)


def _black_rows(e: Mapping[str, float]) -> list[dict[str, Any]]:
    """Effects that differ in Black patients, partly pooled with those of all."""
    cited = "difference in Black patients, fitted here, shrunk to none"
    values = {"G/G": 1.0} | {g: _round(float(np.exp(e[f"race_black VKORC1 {g}"]))) for g in ("A/G", "A/A")}
    gene = {
        "parameter": "EC50",
        "kind": "by_genotype",
        "gene": "VKORC1",
        "mode": "multiply",
        "values": values,
    }
    rows = [
        _exponential("CL", "age", e["race_black age"], AGE, ""),
        _power("CL", "weight", e["race_black log weight"], WEIGHT, ""),
        gene,
    ]
    return [row | {"group": "race_black", "citation": cited} for row in rows]


def _numbers(counts: Mapping[str, int], gene: str) -> str:
    return ", ".join(f"{name.split()[1]} {n}" for name, n in counts.items() if name.startswith(gene))


def _genotype(parameter: str, gene: str, values: Mapping[str, float], cited: str) -> dict[str, Any]:
    rounded = {g: _round(v) for g, v in values.items()}
    row = {"parameter": parameter, "kind": "by_genotype", "gene": gene, "mode": "value"}
    return row | {"values": rounded, "citation": cited}


def _power(parameter: str, name: str, exponent: float, centre: float, cited: str) -> dict[str, Any]:
    row = {"parameter": parameter, "kind": "power", "covariate": name, "exponent": _round(exponent)}
    return row | {"centre": centre, "citation": cited}


def _exponential(parameter: str, name: str, slope: float, centre: float, unit: str) -> dict[str, Any]:
    row = {"parameter": parameter, "kind": "exponential", "covariate": name}
    return row | {"slope": _round(slope), "centre": centre, "citation": f"fitted here, {unit}"}


def _variability(row: Mapping[str, Any], scale: float) -> dict[str, Any]:
    if row["parameter"] not in ("CL", "EC50"):
        return {**row, "citation": f"{_HAMBERG}: {row['citation']}"}
    cited = "fitted here: CL and EC50 share one factor on Hamberg's SDs, so that 80 % of log-doses are inside"
    return {**row, "sd": _round(float(row["sd"]) * scale), "citation": cited}


def _spread(scale: Mapping[str, float]) -> list[dict[str, Any]]:
    rows = []
    for group in GROUPS:
        for parameter in ("CL", "EC50"):
            value = _round(scale[group] / scale["white"])
            cited = "fitted here, relative to White patients, shrunk to the spread of all"
            rows.append({"parameter": parameter, "covariate": group, "value": value, "citation": cited})
    return rows


def _missing(factors: Mapping[str, float]) -> list[dict[str, Any]]:
    cited = "fitted here: patients without it scatter more than the number that is missing explains"
    row = {"when": "missing", "citation": cited}
    return [
        row | {"parameter": parameter, "covariate": name, "value": _round(factor)}
        for name, factor in factors.items()
        for parameter in ("CL", "EC50")
    ]


def _reference_rows(fit: Fit) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, r in fit.references.items():
        row = {"covariate": name, "value": _round(r.value), "sd": _round(r.sd)}
        adjust = [
            {"covariate": o, "slope": _round(s), "centre": CENTRES.get(o, 0.0)} for o, s in r.slopes.items()
        ]
        row |= {"adjust": adjust} if adjust else {}
        cited = "mean or regression in the IWPC patients of the fit, residual SD"
        if name == "target_inr":
            cited = "a target that is not stated counts as 2.5, of a patient treated to it exactly"
        rows.append(row | {"citation": cited})
    for drug in ("amiodarone", "enzyme_inducer"):
        rows.append(
            {"covariate": drug, "value": 0, "sd": 0, "citation": "not taken unless the record says so"}
        )
    return rows


def to_toml(data: Mapping[str, Any]) -> str:
    """A Population's data as TOML: scalars, then tables and arrays of tables; inline tables inside these."""
    lines = [f"{k} = {_value(v)}" for k, v in data.items() if not isinstance(v, dict | list)]
    for key, value in data.items():
        rows = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
        for row in rows:
            lines += ["", f"[[{key}]]" if isinstance(value, list) else f"[{key}]"]
            lines += [f"{k} = {_value(v)}" for k, v in row.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{k}" = {_value(v)}' for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return repr(value)
