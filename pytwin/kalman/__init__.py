"""Kalman filters on plain arrays, for use without a twin.

The model, for t = 0 .. T-1,

    y_t     = H_t x_t + d_t + v_t,        v_t ~ N(0, R_t)
    x_{t+1} = F_t x_t + c_t + G_t w_t,    w_t ~ N(0, Q_t)
    x_0     ~ N(x0, P0), before y_0 is used and at its time

is filtered by processing the observed elements of y_t one after the other after decorrelating R_t = L D L'
(Koopman & Durbin 2000), each in Joseph's form, one series in each lane of a vector register; from
a measured number of states on by blocks through BLAS. Both keep covariances symmetric and semidefinite.
"""

from __future__ import annotations

from pytwin.kalman import structural
from pytwin.kalman.bounds import truncate
from pytwin.kalman.continuous import Discrete, discretise
from pytwin.kalman.diagnosis import Diagnosis, diagnose
from pytwin.kalman.draws import Draws, draw
from pytwin.kalman.em import EM, em
from pytwin.kalman.filters import filter, smooth
from pytwin.kalman.gradient import Gradient, gradient
from pytwin.kalman.lag import FixedLag, fixed_lag
from pytwin.kalman.likelihood import Fit, fit
from pytwin.kalman.model import LinearModel
from pytwin.kalman.packed import unpack
from pytwin.kalman.points import unscented
from pytwin.kalman.results import FilterResult, SmootherResult
from pytwin.kalman.steady import SteadyState, steady_state

__all__ = [
    "EM",
    "Diagnosis",
    "Discrete",
    "Draws",
    "FilterResult",
    "FixedLag",
    "Fit",
    "Gradient",
    "LinearModel",
    "SmootherResult",
    "SteadyState",
    "diagnose",
    "discretise",
    "em",
    "draw",
    "filter",
    "fit",
    "gradient",
    "fixed_lag",
    "smooth",
    "steady_state",
    "structural",
    "truncate",
    "unpack",
    "unscented",
]
