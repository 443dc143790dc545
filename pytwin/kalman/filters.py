"""The linear filter and the fixed-interval smoother."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

from pytwin.errors import InputError
from pytwin.kalman.arrays import run_core
from pytwin.kalman.bounds import Bounds, bound_result, with_moments
from pytwin.kalman.results import FilterResult, SmootherResult
from pytwin.kalman.robust import read_robust

__all__ = ["filter", "smooth"]

_FILTER_OUTPUTS = (
    "loglike",
    "loglike_t",
    "mean",
    "cov",
    "predicted_mean",
    "predicted_cov",
    "last_mean",
    "last_cov",
    "innovation",
    "innovation_cov",
    "weight",
    "noise_scale",
)
_SMOOTHER_OUTPUTS = (
    *_FILTER_OUTPUTS,
    "smoothed_mean",
    "smoothed_cov",
    "lag_one_cov",
    "state_disturbance",
    "state_disturbance_cov",
    "obs_disturbance",
    "obs_disturbance_cov",
)
_ANY_FORM = (*_FILTER_OUTPUTS[:-4], "smoothed_mean", "smoothed_cov")  # what every form has

_FORMS = {"auto": 0, "sequential": 1, "block": 2, "square-root": 4}


def _check_diffuse(form: str, **others: object) -> None:
    """A diffuse start goes with the plain sequential form."""
    if lost := [name for name, value in others.items() if value is not None]:
        raise InputError("kalman.unsupported", f"{', '.join(lost)} and diffuse are not offered together")
    if form in ("block", "square-root"):
        raise InputError("kalman.unsupported", f"form {form} has no diffuse start", hint="auto, sequential")


def _path(form: str, outputs: Sequence[str], known: Sequence[str]) -> int:
    """The core's number of the form, when it exists and has all these outputs."""
    if unknown := [name for name in outputs if name not in known]:
        raise InputError("kalman.bad-argument", f"outputs: there is no {', '.join(unknown)}")
    if form not in _FORMS:
        raise InputError("kalman.bad-argument", f"form: there is no {form}", hint=", ".join(_FORMS))
    if form in ("block", "square-root") and (more := [name for name in outputs if name not in _ANY_FORM]):
        raise InputError(
            "kalman.bad-argument", f"form {form} does not have {', '.join(more)}", hint="sequential"
        )
    return _FORMS[form]


def _run(
    known: Sequence[str],
    *,
    diffuse: ArrayLike | bool | None,
    form: str,
    packed: bool,
    gate: float | None,
    student: float | None,
    adaptive: Mapping[str, float] | None,
    bounds: Bounds | None,
    outputs: Sequence[str],
    threads: int,
    **model: Any,
) -> dict[str, Any]:
    """The outputs, those of `known` that are wanted; the other arguments are those of `filter`."""
    if diffuse is not None and diffuse is not False:
        _check_diffuse(form, gate=gate, student=student, adaptive=adaptive, bounds=bounds)
    result = run_core(
        **model,
        diffuse=diffuse,
        outputs=with_moments(outputs, bounds),
        threads=threads,
        packed=packed,
        path=_path(form, outputs, known),
        **read_robust(gate, student, adaptive, form=form, outputs=outputs),
    )
    return bound_result(result, outputs, bounds, packed, threads)


def filter(
    y: ArrayLike,
    F: ArrayLike,
    H: ArrayLike,
    Q: ArrayLike,
    R: ArrayLike,
    x0: ArrayLike,
    P0: ArrayLike,
    *,
    G: ArrayLike | None = None,
    S: ArrayLike | None = None,
    c: ArrayLike | None = None,
    d: ArrayLike | None = None,
    B: ArrayLike | None = None,
    u: ArrayLike | None = None,
    diffuse: ArrayLike | bool | None = None,
    times: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    form: str = "auto",
    packed: bool = False,
    gate: float | None = None,
    student: float | None = None,
    adaptive: Mapping[str, float] | None = None,
    bounds: Bounds | None = None,
    outputs: Sequence[str] = ("loglike", "mean", "cov"),
    threads: int = 1,
) -> FilterResult:
    """Kalman filter of one or many series.

    Parameters
    ----------
    y : array_like, shape (..., T, m)
        Observations; NaN removes that element only. Leading axes are a batch of series.
    F, H, Q, R : array_like
        Matrices (n, n), (m, n), (g, g), (m, m); or with leading axes, then always with a time axis of
        length 1 or T: (..., 1|T, n, n). F, c, G and Q of time t lead from t to t+1. Q and R may be singular.
    x0, P0 : array_like, shapes ([...,] n) and ([...,] n, n)
        Mean and covariance of the state before the first observation is used, at its time.
    G : array_like, shape ([..., 1|T,] n, g), optional
        Loading of the state noise; the identity by default.
    S : array_like, shape ([..., 1|T,] g, m), optional
        Cov(w_t, v_t). Every pattern of gaps then has a transition of its own: with gaps, F and Q are held for
        each series and step. Goes with neither ``times`` nor the robust options.
    c, d : array_like, shapes ([..., 1|T,] n) and ([..., 1|T,] m), optional
        Offsets of the state and of the observation.
    B, u : array_like, shapes ([..., 1|T,] n, k) and ([..., 1|T,] k), optional
        Control: B_t u_t is added to c_t.
    diffuse : True or array_like, optional
        States that start without a prior, exactly: the start is N(x0, kappa Pinf + P0) in the limit
        kappa -> infinity, with Pinf the identity (True), the diagonal of a mask ([...,] n), or a matrix
        ([...,] n, n). Rows and columns of P0 at masked states are not used. Covariances that grow with kappa
        are infinite in the outputs. The likelihood is that of Koopman & Durbin (2000) with all its constants.
        Always in the sequential form; goes with neither the robust options nor ``bounds``.
    times : array_like, shape (T,) or (..., T), optional
        Makes the model continuous: F is then the drift A, c its offset, and Q the spectral density of
        dx = (A x + c) dt + G dW, all a unit of time; see `discretise`. Times may repeat but not go back.
        State disturbances are then those of whole gaps, (n,).
    lengths : array_like of int, shape (...), optional
        Steps of each series, 1 to T; rows beyond are not read and come back as NaN.
    form : str
        How the update is worked out; all agree to rounding where the model is well conditioned.
        ``"sequential"``: covariances in Joseph's form, element after element. ``"block"``: all elements at
        once through BLAS. ``"square-root"``: triangular factors of the covariances, made by rotations
        (Carlson 1973; Morf & Kailath 1975; smoother of Park & Kailath 1996), for models in which variances of
        very different size meet. ``"auto"`` takes the first for small states and the second for large ones.
    packed : bool
        Covariances (k, k) come as their lower triangles row by row, (k (k + 1) / 2,); see `unpack`.
    gate : float, optional
        An element whose innovation is more than this number of its predicted standard deviations off is not
        used: ``weight`` is 0 and the likelihood leaves it out (Bar-Shalom, Li & Kirubarajan 2001).
    student : float, optional
        Degrees of freedom of observation errors with heavy tails: each element (where R is not diagonal, each
        element of L^-1 y with R = L D L') has Student's t of scale R in place of a normal error. Found by
        variational Bayes, to a fixed point (Piche, Sarkka & Hartikainen 2012); ``weight`` is what 1/R is
        multiplied by, ``loglike`` the lower bound of the likelihood.
    adaptive : mapping, optional
        ``{"R": memory}``, ``{"Q": memory}`` or both, 0 < memory < 1: R or Q is multiplied by a factor that
        starts at 1 and follows the likelihood of the innovations with a memory of about 1 / (1 - memory)
        steps (recursive prediction error method, Ljung & Soderstrom 1983; csrc/kalman/linear_adapt.h has the
        equations); ``noise_scale`` are the factors.
    bounds : (lower, upper), optional
        Each of shape (n,) or one that broadcasts to that of ``mean``: the filtered and smoothed moments are
        those of the states inside this box, see `truncate`. The recursion and the predictions stay as they
        are, so that a bound that holds at every step is not counted again at each.
    outputs : sequence of str
        Any of ``loglike, loglike_t, mean, cov, predicted_mean, predicted_cov, last_mean, last_cov,
        innovation, innovation_cov, weight, noise_scale``; memory is what is asked for. The last four take the
        sequential form.
    threads : int
        Results do not depend on it.

    Returns
    -------
    FilterResult

    Raises
    ------
    InputError
        Shapes that do not fit; an array that all series share is not finite, not symmetric or not positive
        semidefinite; the same in the arrays of a single series.
    ComputationError
        One series whose innovation is singular. In a batch that series gets a ``status``.

    References
    ----------
    Durbin & Koopman (2012), Time Series Analysis by State Space Methods, 2nd ed., secs. 4.3, 5.2 and 6.4.
    Koopman & Durbin (2000), Journal of Time Series Analysis 21, 281.
    """
    return FilterResult(**_run(_FILTER_OUTPUTS, **locals()))


def smooth(
    y: ArrayLike,
    F: ArrayLike,
    H: ArrayLike,
    Q: ArrayLike,
    R: ArrayLike,
    x0: ArrayLike,
    P0: ArrayLike,
    *,
    G: ArrayLike | None = None,
    S: ArrayLike | None = None,
    c: ArrayLike | None = None,
    d: ArrayLike | None = None,
    B: ArrayLike | None = None,
    u: ArrayLike | None = None,
    diffuse: ArrayLike | bool | None = None,
    times: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    form: str = "auto",
    packed: bool = False,
    gate: float | None = None,
    student: float | None = None,
    adaptive: Mapping[str, float] | None = None,
    bounds: Bounds | None = None,
    outputs: Sequence[str] = ("loglike", "smoothed_mean", "smoothed_cov"),
    threads: int = 1,
) -> SmootherResult:
    """Fixed-interval smoother: moments of every state given all observations.

    With P' = F P F' + Q, the predicted covariance of t + 1, and x^, V smoothed:

        J = P F' P'^-,  x^_t = x_t|t + J (x^_{t+1} - x_{t+1|t}),  V_t = P + J (V_{t+1} - P') J'

    or, where that loses digits, V_t = (I - J F) P (I - J F)' + J (Q + V_{t+1}) J'. Also

        Cov(x_{t+1}, x_t | y) = V_{t+1} J'
        W = Q G' P'^-,  w^_t = W (x^_{t+1} - x_{t+1|t})
        Cov(w_t | y) = (I - W G) Q (I - W G)' + W (F P F' + V_{t+1}) W'
        v^_t = y_t - d - H x^_t,  Cov(v_t | y) = H V_t H'

    for the elements of y_t that are seen; noises of the others follow from theirs by regression.

    Steps that begin with a diffuse state take the elements of x_{t+1}, decorrelated by Q = L D L', as
    observations of x_t instead, without an inverse. What y does not determine has infinite variances.

    Parameters
    ----------
    y, F, H, Q, R, x0, P0, G, S, c, d, B, u, diffuse, times, lengths, form, packed, gate, student, adaptive,
    bounds, threads
        As in `filter`.
    outputs : sequence of str
        Those of `filter`, ``smoothed_mean``, ``smoothed_cov``, ``lag_one_cov``, ``state_disturbance``,
        ``obs_disturbance`` and the last two with ``_cov``. All but the moments take the sequential form.

    Returns
    -------
    SmootherResult

    Raises
    ------
    InputError, ComputationError
        As in `filter`.

    References
    ----------
    Rauch, Tung & Striebel (1965), AIAA Journal 3, 1445; Joseph's form of the covariance as in Bierman (1977).
    Durbin & Koopman (2012), secs. 4.4 to 4.7, for the disturbances.
    """
    return SmootherResult(**_run(_SMOOTHER_OUTPUTS, **locals()))
