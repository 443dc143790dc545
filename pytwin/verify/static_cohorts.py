"""Virtual patients with sparse data, drawn from the priors that their filters start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.estimation.density import COMBINED, LOG_ADDITIVE, PROPORTIONAL
from pytwin.estimation.target import natural
from pytwin.model import Model, Population
from pytwin.model.actions import offsets, table

Array = NDArray[np.float64]
_SEED = 20_261_124
RTOL, ATOL = 1e-8, 1e-10


@dataclass(frozen=True)
class StaticCohort:
    """A batch as the core's filters take it, and what is estimated.

    Attributes
    ----------
    model : _core.Model
    batch : dict
        See ``pytwin.estimation.target.Target``.
    theta : tuple of str
    """

    model: Any
    batch: dict[str, Any]
    theta: tuple[str, ...]


def _cohort(
    model: Any,
    theta: Sequence[str],
    mean: Array,
    cov: Array,
    params: Array,
    actions: NDArray[Any],
    times: Sequence[float],
    output: str,
    noise: tuple[int, float, float],
    stream: int,
) -> StaticCohort:
    """Parameters from the prior, data from the model: n patients with one schedule, theta on log scales."""
    n, nx, nt = len(mean), len(model.states), len(theta)
    names = [p["name"] for p in model.params]
    columns = np.array([names.index(t) for t in theta], dtype=np.int32)
    who = np.arange(n)
    normal = np.asarray(_core.normals(_SEED + stream, _core.PURPOSE["POPULATION"], who, 1, nx + nt))[:, 0]
    sd = np.sqrt(np.maximum(np.einsum("nii->ni", cov), 0.0))
    unit = np.where(sd > 0, sd, 1.0)
    fill = np.einsum("ni,ij->nij", np.where(sd > 0, 0.0, 1.0), np.eye(nx + nt))
    factor = np.linalg.cholesky(cov / unit[:, :, None] / unit[:, None, :] + fill)
    z = mean + sd * np.einsum("nij,nj->ni", factor, normal)
    true = params.copy()
    true[:, columns] = natural(z[:, nx:], np.ones(nt))
    at = np.array([[o["name"] for o in model.outputs].index(output)], dtype=np.int32)
    lanes = np.arange(n, dtype=np.int64)
    latent = model.simulate(
        true, np.ascontiguousarray(z[:, :nx]), 0.0, actions, [0, len(actions)], np.array(times), lanes,
        np.zeros(n, dtype=np.int64), at, rtol=RTOL, atol=ATOL,
    )["y"][:, :, 0]  # fmt: skip
    error = np.asarray(_core.normals(_SEED + stream, _core.PURPOSE["MEASUREMENT"], who, 1, len(times)))[:, 0]
    kind, a, b = noise
    value = latent * np.exp(a * error) if kind == LOG_ADDITIVE else latent + np.hypot(a, b * latent) * error
    size = n * len(times)
    batch = {
        "theta": columns,
        "scale": np.ones(nt, dtype=np.int8),
        "mean": mean,
        "cov": cov,
        "params": params,
        "Q": np.zeros_like(cov),
        "start": np.zeros(n),
        "end": np.full(n, float(times[-1])),
        "actions": np.tile(actions, n),
        "action_offsets": offsets([len(actions)] * n),
        "obs_time": np.tile(np.array(times, dtype=np.float64), n),
        "obs_output": np.full(size, at[0], dtype=np.int32),
        "obs_value": np.ascontiguousarray(value.ravel()),
        "obs_noise": np.full(size, kind, dtype=np.int8),
        "obs_a": np.full(size, a),
        "obs_b": np.full(size, b),
        "obs_censor": np.zeros(size, dtype=np.int8),
        "obs_offsets": offsets([len(times)] * n),
    }
    return StaticCohort(model, batch, tuple(theta))


def _prior(x0: Array, states: Array, typical: Array, omega: Array) -> tuple[Array, Array]:
    """Mean and covariance of z: states (n, nx) with SDs (nx,), theta on the log scale."""
    n, nx, nt = len(x0), x0.shape[1], typical.shape[1]
    cov = np.zeros((n, nx + nt, nx + nt))
    cov[:, range(nx), range(nx)] = states**2
    cov[:, nx:, nx:] = omega
    return np.concatenate([x0, np.log(typical)], axis=1), cov


def _pick(options: Sequence[str], u: Array) -> list[str]:
    return [options[int(k)] for k in np.minimum(u * len(options), len(options) - 1)]


def warfarin(n: int, stream: int = 0, days: Sequence[int] = (3, 5, 8, 14)) -> StaticCohort:
    """Hamberg 2010: the first INRs of 5 mg a day, each genotype as often as any other."""
    people = Population.load("warfarin/hamberg2010@1")
    u = np.asarray(_core.uniforms(_SEED + stream, _core.PURPOSE["DATASET"], np.arange(n), 1, 3))[:, 0]
    genotypes = {gene: _pick(people.genes[gene], u[:, 1 + i]) for i, gene in enumerate(("CYP2C9", "VKORC1"))}
    covariates = {"age": 35 + 50 * u[:, 0], "amiodarone": np.zeros(n), "enzyme_inducer": np.zeros(n)}
    params = people.parameters(covariates, genotypes, n)
    mean, cov = _prior(
        people.model.initial(params), np.zeros(len(people.model.states)),
        params[:, people.theta_columns()], people.covariance(covariates, genotypes, n),
    )  # fmt: skip
    doses = table([(24.0 * d + 18.0, _core.ACTION_BOLUS, 0, 5.0) for d in range(max(days))])
    return _cohort(
        people.model, people.theta, mean, cov, params, doses, [24.0 * d + 8.0 for d in days], "INR",
        (LOG_ADDITIVE, people.residuals["INR"].a, 0.0), stream,
    )  # fmt: skip


def hovorka(
    n: int, stream: int = 0, minutes: Sequence[float] = (0.0, 60.0, 120.0, 240.0, 360.0)
) -> StaticCohort:
    """Hovorka 2004: a few glucose values around a meal of 60 g with 6 U.

    The spread between people is this test's own (log SDs 0.5 of the sensitivities, 0.3 of absorption, 0.2 of
    endogenous production), and so is the start: the typical steady state, its glucose known to 10 %.
    """
    model = Model("hovorka")
    theta = {"SIT": 0.5, "SID": 0.5, "SIE": 0.5, "EGP0": 0.2, "tmaxG": 0.3, "tmaxI": 0.3}
    params = np.tile(model.rows({"G0": 7.0}), (n, 1))
    names = [p["name"] for p in model.params]
    states = [s["name"] for s in model.states]
    x0 = model.core.initial(params)
    spread = np.where(np.array(states) == "Q1", 0.1 * x0[0], 0.0)
    typical = params[:, [names.index(t) for t in theta]]
    mean, cov = _prior(x0, spread, typical, np.diag(np.array(list(theta.values())) ** 2))
    basal = x0[0, states.index("S1")] / params[0, names.index("tmaxI")] / 1000  # U/min
    given = table([
        (0.0, _core.ACTION_INFUSION_ON, 1, basal), (15.0, _core.ACTION_BOLUS, 0, 60.0),
        (15.0, _core.ACTION_BOLUS, 1, 6.0),
    ])  # fmt: skip
    return _cohort(
        model.core, tuple(theta), mean, cov, params, given, minutes, "G", (COMBINED, 0.3, 0.05), stream
    )


def phenytoin(n: int, stream: int = 0, days: Sequence[int] = (4, 10, 21)) -> StaticCohort:
    """Michaelis-Menten: phenytoin, 300 mg a day by mouth, concentrations before a dose.

    Spread between people: KM 50 %, VM 20 % (Grasela et al., Clin Pharmacokinet 1983;8:355-64: 50 % and 10 to
    20 %), V 34 % and an error of 17 % (Ther Drug Monit 2016;38:728-37, Table 2), as log SDs.
    """
    model = Model("pk_1cpt_mm")
    theta = {"VM": 0.2, "KM": 0.5, "V": 0.34}
    params = np.tile(model.rows(), (n, 1))
    names = [p["name"] for p in model.params]
    typical = params[:, [names.index(t) for t in theta]]
    mean, cov = _prior(np.zeros((n, 2)), np.zeros(2), typical, np.diag(np.array(list(theta.values())) ** 2))
    doses = table([(24.0 * d, _core.ACTION_BOLUS, 0, 300.0) for d in range(max(days))])
    return _cohort(
        model.core, tuple(theta), mean, cov, params, doses, [24.0 * d for d in days], "C",
        (PROPORTIONAL, 0.0, 0.17), stream,
    )  # fmt: skip


COHORTS = {"Hamberg": warfarin, "Hovorka": hovorka, "Michaelis-Menten": phenytoin}
