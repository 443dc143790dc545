"""What linear filters owe whatever the numbers: forms agree, dense Gaussians, scaling, bits, calibration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pytwin import kalman
from pytwin.reference.kalman_dense import dense_moments
from pytwin.verify.case import Case, at_least, at_most, equal
from pytwin.verify.linear_tables import Array, near
from pytwin.verify.run import Context

SOURCE = "a property"
FORMS = ("sequential", "block", "square-root")
MOMENTS = ("loglike", "mean", "cov", "smoothed_mean", "smoothed_cov")
MORE = (
    "lag_one_cov",
    "state_disturbance",
    "state_disturbance_cov",
    "obs_disturbance",
    "obs_disturbance_cov",
)


def cases(context: Context) -> Iterator[Case]:
    yield from agreement()
    yield from condition()
    yield from missing_column()
    yield from split_step()
    yield from scaling()
    yield from bits()
    yield from calibration()
    yield from endurance(100_000 if context.full else 10_000)


def model(rng: np.random.Generator, n: int, m: int) -> dict[str, Any]:
    """A stable random model whose condition is moderate."""
    A, B, C, D = (rng.normal(size=(k, k)) for k in (n, n, m, n))
    return {
        "F": 0.95 * A / np.abs(np.linalg.eigvals(A)).max(),
        "H": rng.normal(size=(m, n)),
        "Q": 0.1 * (B @ B.T + np.eye(n)),
        "R": 0.3 * C @ C.T + 0.1 * np.eye(m),
        "x0": rng.normal(size=n),
        "P0": D @ D.T + np.eye(n),
    }


def gappy(rng: np.random.Generator, T: int, m: int) -> Array:
    y: Array = rng.normal(size=(T, m))
    y[rng.random((T, m)) < 0.25] = np.nan
    return y


def agreement() -> Iterator[Case]:
    """All forms agree with the joint Gaussian of all states, solved densely."""
    rng = np.random.default_rng(1)
    for n, m in ((1, 1), (2, 1), (3, 2), (6, 3), (9, 2)):
        own, y = model(rng, n, m), gappy(rng, 25, m)
        dense = dense_moments(y, **own)
        for form in FORMS:
            got: Any = kalman.smooth(y, **own, outputs=MOMENTS, form=form)
            say = f"{n} states, {m} observed, {form}"
            options: Any = {"source": "one dense Gaussian", "absolute": 1e-10, "relative": 1e-10}
            yield near(f"{say}: log-likelihood", dense.loglike, got.loglike, **options)
            yield near(f"{say}: smoothed mean", dense.smoothed_mean, got.smoothed_mean, **options)
            yield near(f"{say}: smoothed covariance", dense.smoothed_cov, got.smoothed_cov, **options)
        got = kalman.smooth(y, **own, outputs=MORE)
        for name in MORE:
            value = getattr(got, name)
            yield near(f"{n} states, {m} observed: {name}", getattr(dense, name), value, **options)


def _graded(rng: np.random.Generator, k: int, condition: float, size: float = 1.0) -> Array:
    """A covariance (k, k) of that condition and largest eigenvalue."""
    U = np.linalg.qr(rng.normal(size=(k, k)))[0]
    P: Array = size * (U * np.logspace(0, -np.log10(condition), k)) @ U.T
    return (P + P.T) / 2


def condition() -> Iterator[Case]:
    """Prior and noises of condition up to 1e6: no form is further than 1e-10 from the square-root form."""
    rng = np.random.default_rng(5)
    for size in (1e2, 1e4, 1e6):
        worst = dict.fromkeys(MOMENTS, 0.0)
        for k in range(12):
            n, m = ((2, 1), (4, 2), (6, 3))[k % 3]
            own = model(rng, n, m) | {"P0": _graded(rng, n, size), "Q": _graded(rng, n, size, 0.1)}
            own["R"] = _graded(rng, m, size if m > 1 else 1.0)
            y = gappy(rng, 25, m)
            roots, *others = (kalman.smooth(y, **own, outputs=MOMENTS, form=f) for f in reversed(FORMS))
            for name in MOMENTS:
                best = np.asarray(getattr(roots, name))
                off = max(float(np.abs(getattr(o, name) - best).max()) for o in others)
                worst[name] = max(worst[name], off / (1 + float(np.abs(best).max())))
        for name, off in worst.items():
            yield at_most(f"condition {size:.0e}: forms apart, {name}", 1e-10, off, source=SOURCE)


def missing_column() -> Iterator[Case]:
    """An element that is never seen is as if it were not in the model."""
    rng = np.random.default_rng(2)
    own, y = model(rng, 4, 3), gappy(rng, 40, 3)
    y[:, 1] = np.nan
    keep = [0, 2]
    less = own | {"H": own["H"][keep], "R": own["R"][np.ix_(keep, keep)]}
    for form in FORMS:
        one: Any = kalman.smooth(y, **own, outputs=MOMENTS, form=form)
        two: Any = kalman.smooth(y[:, keep], **less, outputs=MOMENTS, form=form)
        for name in MOMENTS:
            yield near(
                f"column of NaN, {form}: {name}", getattr(two, name), getattr(one, name),
                source=SOURCE, absolute=1e-12, relative=1e-12,
            )  # fmt: skip


def split_step() -> Iterator[Case]:
    """An instant without an observation in the middle of each gap of a continuous model changes nothing."""
    rng = np.random.default_rng(3)
    own, y = model(rng, 3, 2), gappy(rng, 20, 2)
    own["F"] = own["F"] - 1.5 * np.eye(3)
    times = np.cumsum(rng.uniform(0.1, 2.0, size=20))
    twice = np.full((39, 2), np.nan)
    twice[::2] = y
    between = np.empty(39)
    between[::2], between[1::2] = times, (times[:-1] + times[1:]) / 2
    one: Any = kalman.smooth(y, **own, times=times, outputs=MOMENTS)
    two: Any = kalman.smooth(twice, **own, times=between, outputs=MOMENTS)
    for name in MOMENTS:
        value = getattr(two, name)
        value = value if name == "loglike" else value[::2]
        yield near(
            f"split steps: {name}", getattr(one, name), value, source=SOURCE, absolute=1e-12, relative=1e-12
        )


def scaling() -> Iterator[Case]:
    """Data scaled by c shift the log-likelihood by -k ln c."""
    rng = np.random.default_rng(4)
    own, y = model(rng, 4, 2), gappy(rng, 50, 2)
    k = int((~np.isnan(y)).sum())
    for form in FORMS:
        plain: Any = kalman.filter(y, **own, outputs=("loglike",), form=form)
        for c in (1e-9, 1e-3, 1e3, 1e9):
            large = own | {name: own[name] * c**2 for name in ("Q", "R", "P0")} | {"x0": own["x0"] * c}
            got: Any = kalman.filter(y * c, **large, outputs=("loglike",), form=form)
            yield equal(
                f"data times {c:g}, {form}: log-likelihood", float(plain.loglike) - k * np.log(c),
                float(got.loglike), source=SOURCE, relative=1e-10,
            )  # fmt: skip


def _same(one: Any, two: Any, rows: Any) -> bool:
    return all(np.array_equal(getattr(one, k)[rows], getattr(two, k), equal_nan=True) for k in MOMENTS)


def bits() -> Iterator[Case]:
    """A series has the same bits alone, in a batch of any order, on two threads; with shared gaps too."""
    rng = np.random.default_rng(5)
    for shared in (False, True):
        for n in (1, 2, 4, 9):
            own, y = model(rng, n, 2), np.stack([gappy(rng, 30, 2) for _ in range(37)])
            if shared:
                y = np.where(np.isnan(y[:1]), np.nan, rng.normal(size=y.shape))
            for form in FORMS:
                together: Any = kalman.smooth(y, **own, outputs=MOMENTS, form=form)
                order = rng.permutation(len(y))
                moved: Any = kalman.smooth(y[order], **own, outputs=MOMENTS, form=form, threads=2)
                alone = [kalman.smooth(y[k], **own, outputs=MOMENTS, form=form) for k in (0, 17, 36)]
                fine = _same(together, moved, order)
                fine &= all(_same(together, a, k) for k, a in zip((0, 17, 36), alone, strict=True))
                say = f"{n} states, {'shared' if shared else 'own'} gaps, {form}: bits of a series"
                yield equal(say, "same", "same" if fine else "different", source=SOURCE)


def _simulate(rng: np.random.Generator, own: dict[str, Any], runs: int, T: int) -> tuple[Array, Array]:
    n, m = len(own["x0"]), len(own["R"])
    root = {name: np.linalg.cholesky(own[name]) for name in ("Q", "R", "P0")}
    x = own["x0"] + rng.normal(size=(runs, n)) @ root["P0"].T
    states, y = np.empty((runs, T, n)), np.empty((runs, T, m))
    for t in range(T):
        states[:, t] = x
        y[:, t] = x @ own["H"].T + rng.normal(size=(runs, m)) @ root["R"].T
        x = x @ own["F"].T + rng.normal(size=(runs, n)) @ root["Q"].T
    return states, y


def _mean_square(e: Array, P: Array) -> float:
    """Mean over runs and steps of e' P^-1 e, per element."""
    return float(
        np.einsum("...i,...i->...", e, np.linalg.solve(P, e[..., None])[..., 0]).mean() / e.shape[-1]
    )


def calibration() -> Iterator[Case]:
    """NEES at the last of 50 steps and NIS over all, 500 runs; bands of 4 standard errors."""
    rng = np.random.default_rng(6)
    own = model(rng, 3, 2)
    states, y = _simulate(rng, own, 500, 50)
    outputs = ("mean", "cov", "innovation", "innovation_cov")
    for name, factor in (("right", 1.0), ("process noise x 4", 4.0), ("process noise / 4", 0.25)):
        got: Any = kalman.filter(y, **(own | {"Q": own["Q"] * factor}), outputs=outputs)
        nees = abs(_mean_square(states[:, -1] - got.mean[:, -1], got.cov[:, -1]) - 1)
        nis = abs(_mean_square(got.innovation, got.innovation_cov) - 1)
        # Var of chi^2_k / k is 2 / k
        for label, off, count in (("NEES", nees, 500 * 3), ("NIS", nis, 500 * 50 * 2)):
            band = 4 * np.sqrt(2 / count)
            say = f"500 runs, {name}: {label} off 1"
            rule = at_most if factor == 1 else at_least
            yield rule(say, float(band), float(off), source="chi-square")


def endurance(T: int) -> Iterator[Case]:
    """Random models at every step, a prior of condition 1e12 and noise down to 1e-14."""
    rng = np.random.default_rng(7)
    n, m = 4, 2
    A = rng.normal(size=(T, n, n))
    F = A / np.abs(np.linalg.eigvals(A)).max(axis=1)[:, None, None]
    noise = 10.0 ** rng.uniform(-14, 0, size=(T, n))
    R = np.einsum("ti,ij->tij", 10.0 ** rng.uniform(-14, 0, size=(T, m)), np.eye(m))
    U = np.linalg.qr(rng.normal(size=(n, n)))[0]
    P0 = U @ np.diag(10.0 ** np.linspace(-6, 6, n)) @ U.T
    y = rng.normal(size=(T, m))
    Q = np.einsum("ti,ij->tij", noise, np.eye(n))
    for form in FORMS:
        got: Any = kalman.filter(
            y, F, rng.normal(size=(T, m, n)), Q, R, np.zeros(n), (P0 + P0.T) / 2,
            outputs=("loglike", "cov", "predicted_cov"), form=form,
        )  # fmt: skip
        say = f"{T} random steps, {form}"
        for name in ("cov", "predicted_cov"):
            P = getattr(got, name)
            skew = float(np.abs(P - np.swapaxes(P, 1, 2)).max())
            yield at_most(f"{say}: {name} less its transpose", 0.0, skew, source=SOURCE)
            # eigvalsh itself is exact to rounding of the largest eigenvalue
            values = np.linalg.eigvalsh(P)
            lowest = float((values[:, 0] / values[:, -1]).min())
            yield at_least(
                f"{say}: smallest eigenvalue of {name} by the largest", -1e-15 * n, lowest, source=SOURCE
            )
        yield equal(f"{say}: log-likelihood is a number", True, bool(np.isfinite(got.loglike)), source=SOURCE)
