"""Assimilation: histories of many subjects through a filter of `pytwin.estimation` in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin import _core
from pytwin.errors import ComputationError
from pytwin.estimation import methods
from pytwin.estimation.noise import KINDS
from pytwin.estimation.shape import Shape
from pytwin.model.actions import DOSE_KINDS, Actions, Row, offsets, table
from pytwin.model.population import Population
from pytwin.therapies.therapy import History, Therapy
from pytwin.twin import exact
from pytwin.twin.prior import Components, dose_port
from pytwin.twin.tolerance import ATOL, RTOL

Array = NDArray[np.float64]
_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class Filtered:
    """One subject after the filter.

    Attributes
    ----------
    components : Components
        At ``end``; weights by the likelihood of the observations.
    loglike : float
        Of the mixture.
    predicted, variance : ndarray, shape (K, n)
        One-step forecast of each observation with its error, on the noise scale (log for log-additive).
    before : ndarray, shape (K, n)
        Weights of the components before each observation was used.
    status : int
        0, or the core's status when every component failed.
    failed : int
        Number of components that failed and dropped out.
    """

    components: Components
    loglike: float
    predicted: Array
    variance: Array
    before: Array
    status: int
    failed: int = 0


def actions_of(therapy: Therapy, population: Population, history: History) -> Actions:
    """Doses and interacting drugs of a history as the core's actions, from its origin on."""
    names = [p["name"] for p in population.model.params]
    rows: list[Row] = []
    for switch in history.switches:
        for parameter, factor in population.switches[switch.covariate].items():
            value = factor if switch.on else 1 / factor
            rows.append((switch.time, _core.ACTION_SCALE, names.index(parameter), value))
    port = dose_port(therapy, population)
    rows += [(d.time, _core.ACTION_BOLUS, port, d.amount) for d in history.doses if d.amount > 0]
    return table(rows)


def pending_actions(therapy: Therapy, population: Population, history: History, hour: float) -> Actions:
    """Doses at an hour itself and interacting drugs that change later, from that hour on."""
    actions = actions_of(therapy, population, history)
    dose = np.isin(actions["kind"], DOSE_KINDS)
    now, later = actions["time"] == hour, actions["time"] > hour
    pending: Actions = actions[(now & dose) | (later & ~dose)]
    pending["time"] -= hour
    return pending


def _observations(population: Population, history: History, repeat: int) -> dict[str, NDArray[Any]]:
    """Observation columns of one subject, ``repeat`` times (one row of the batch for each component)."""
    n = history.times.size
    residual = population.residuals[history.output]
    output = [o["name"] for o in population.model.outputs].index(history.output)
    columns: dict[str, NDArray[Any]] = {
        "obs_time": history.times,
        "obs_output": np.full(n, output, dtype=np.int32),
        "obs_value": history.values,
        "obs_noise": np.full(n, KINDS[residual.kind][0], dtype=np.int8),
        "obs_a": np.full(n, residual.a),
        "obs_b": np.full(n, residual.b),
        "obs_censor": history.censor,
    }
    return {name: np.tile(column, repeat) for name, column in columns.items()}


def run(
    therapy: Therapy,
    population: Population,
    priors: Sequence[Components],
    histories: Sequence[History],
    *,
    errors: str = "raise",
    threads: int = 1,
    robust: float | None = None,
    method: str = "ukf",
    options: Mapping[str, Any] | None = None,
) -> list[Filtered]:
    """Assimilate the observations of many subjects; all components of all subjects are one batch.

    Parameters
    ----------
    priors, histories : sequences of the same length S
        The results stand at the end of each history.
    errors : {"raise", "status"}
        What a failed subject does.
    robust : float, optional
        Predicted SDs beyond which an observation weighs less; default: the Population's, else the Therapy's.
    method : str
        Of ``pytwin.estimation.METHODS``, or ``"posterior"``: moments by `pytwin.estimation.static`.
    options : mapping, optional
        Of the method.

    Returns
    -------
    list of Filtered

    Raises
    ------
    ComputationError
        With ``errors="raise"``, for the first subject that failed.
    """
    if robust is None:
        robust = robustness(therapy, population)
    rows = batch(therapy, population, priors, histories)
    given = {"robust": robust, **(options or {})}
    name = method
    if method == exact.METHOD:
        name, given = "ukf", {}  # forecasts are the filter's, and every observation counts in full
    arguments = methods.find(name).arguments(name, given, priors[0].means.shape[1])
    result = methods.run(population.model, rows, arguments, rtol=RTOL, atol=ATOL, threads=threads)
    if method == exact.METHOD:
        result |= exact.condition(population.model, rows, options or {}, threads)
    return _split(priors, histories, population, result, errors, float(arguments["robust"]))


def judge(
    therapy: Therapy, population: Population, prior: Components, history: History, now: Components
) -> Shape:
    """Whether the Gaussians `now`, at the end of the history, stand for the posteriors; a row a component."""
    at = [prior.labels.index(label) for label in now.labels]
    kept = Components(now.labels, now.weights, prior.means[at], prior.covs[at], prior.params[at])
    return exact.judge(population.model, batch(therapy, population, [kept], [history]), now)


def robustness(therapy: Therapy, population: Population) -> float:
    """Predicted SDs beyond which an observation weighs less; 0 where all weigh the same."""
    own = population.residuals[therapy.output].robust
    return therapy.robust if own is None else own


def batch(
    therapy: Therapy, population: Population, priors: Sequence[Components], histories: Sequence[History]
) -> dict[str, Any]:
    """The core's arrays by name; a subject's schedule and observations are there once for each component."""
    counts = [len(p) for p in priors]
    actions = [actions_of(therapy, population, h) for h in histories]
    observed = [_observations(population, h, k) for h, k in zip(histories, counts, strict=True)]
    still = np.zeros(priors[0].means.shape[1] - len(population.theta))
    noise = np.diag(np.concatenate([still, population.drift]))
    columns = {name: np.concatenate([o[name] for o in observed]) for name in observed[0]}
    return {
        "theta": np.array(population.theta_columns(), dtype=np.int32),
        "scale": population.scale_codes(),
        "mean": np.concatenate([p.means for p in priors]),
        "cov": np.concatenate([p.covs for p in priors]),
        "params": np.concatenate([p.params for p in priors]),
        "Q": np.tile(noise, (sum(counts), 1, 1)),
        "start": np.zeros(sum(counts)),
        "end": np.repeat(np.array([h.end for h in histories], dtype=np.float64), counts),
        "actions": np.concatenate([np.tile(a, k) for a, k in zip(actions, counts, strict=True)]),
        "action_offsets": offsets(np.repeat([len(a) for a in actions], counts)),
        "obs_offsets": offsets(np.repeat([h.times.size for h in histories], counts)),
        **columns,
    }


def _split(
    priors: Sequence[Components],
    histories: Sequence[History],
    population: Population,
    result: dict[str, Any],
    errors: str,
    robust: float = 0.0,
) -> list[Filtered]:
    """One Filtered for each subject. Components that failed drop out; a subject fails when all did."""
    found, row, obs = [], 0, 0
    for prior, history in zip(priors, histories, strict=True):
        k, n = len(prior), history.times.size
        rows = np.arange(row, row + k)
        status = np.asarray(result["status"])[rows]
        if status.all() and errors == "raise":
            raise _failure(int(status[0]))
        kept = np.flatnonzero(status == 0)
        predicted, variance = (
            np.asarray(result[name][obs : obs + k * n]).reshape(k, n)[kept]
            for name in ("predicted", "predicted_var")
        )
        if kept.size:
            steps = step_loglike(predicted, variance, history, population, robust)
            filtered = _subject(prior, result, rows[kept], kept, predicted, variance, steps)
            found.append(replace(filtered, failed=k - kept.size))
        else:
            found.append(_failed(prior, history, int(status[0])))
        row, obs = row + k, obs + k * n
    return found


def _subject(
    prior: Components,
    result: dict[str, Any],
    rows: NDArray[np.intp],
    kept: NDArray[np.intp],
    predicted: Array,
    variance: Array,
    steps: Array,
) -> Filtered:
    start = prior.weights[kept] / prior.weights[kept].sum()
    loglike = np.asarray(result["loglike"])[rows]
    before, after, total = _weights(start, loglike, steps)
    components = Components(
        tuple(prior.labels[i] for i in kept),
        after,
        result["mean"][rows],
        result["cov"][rows],
        prior.params[kept],
    )
    return Filtered(components, total, predicted, variance, before, 0)


def _failed(prior: Components, history: History, status: int) -> Filtered:
    """A subject of whom nothing is known after the filter: NaN."""
    lost = replace(prior, means=np.full_like(prior.means, np.nan), covs=np.full_like(prior.covs, np.nan))
    none = np.full((len(prior), history.times.size), np.nan)
    return Filtered(lost, float("nan"), none, none, none, status, len(prior))


def _weights(prior: Array, loglike: Array, steps: Array) -> tuple[Array, Array, float]:
    """Weights before each observation (K, n), after all of them (K,), and the mixture's log-likelihood.

    w_k is proportional to prior_k times exp(loglike_k); a component that failed (NaN) drops out.
    """
    running = np.log(np.maximum(prior, 1e-300))[:, None] + np.concatenate(
        [np.zeros((len(prior), 1)), np.cumsum(steps, axis=1)], axis=1
    )
    running = np.where(np.isnan(running), -np.inf, running)
    top = running.max(axis=0, keepdims=True)
    shares = np.exp(running - top)
    shares /= shares.sum(axis=0, keepdims=True)
    final = np.log(np.maximum(prior, 1e-300)) + np.where(np.isnan(loglike), -np.inf, loglike)
    peak = final.max()
    after = np.exp(final - peak)
    total = float(peak + np.log(after.sum()))
    return shares[:, :-1], after / after.sum(), total


def step_loglike(
    predicted: Array, variance: Array, history: History, population: Population, robust: float = 0.0
) -> Array:
    """Log-density of each observation under each component, up to a constant common to the components; 0 for
    one that is missing (NaN) or censored."""
    missed = (on_noise_scale(population, history) - predicted) ** 2
    used = np.maximum(variance, missed / robust**2) if robust > 0 else variance
    density = -0.5 * (missed / used + np.log(used) + _LOG_2PI)
    measured = (history.censor == 0) & ~np.isnan(history.values)
    return np.where(measured, density, 0.0)


def on_noise_scale(population: Population, history: History) -> Array:
    """Observed values on the scale of the forecasts: the logarithm where the error is log-additive."""
    log = population.residuals[history.output].kind == "log-additive"
    return np.log(history.values) if log else history.values


def _failure(status: int) -> ComputationError:
    name, (_, message) = next((n, c) for n, c in _core.STATUS.items() if c[0] == status)
    return ComputationError(f"core.{name.lower().replace('_', '-')}", message, place="assimilate")
