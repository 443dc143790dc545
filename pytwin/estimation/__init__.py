"""States and parameters of any Model from what was observed: filters, smoothers, likelihoods.

One interface for all methods, for one patient or many: `filter` and `smooth` take records as arrays, `Filter`
takes one observation at a time, `fit` and `em` learn, `diagnose` says whether the model is right;
`posterior`, `static`, `importance` and `shape` are for static parameters and sparse data. What is estimated
is z = (states, parameters on log, logit or identity scales).
"""

from __future__ import annotations

from pytwin.estimation.diagnosis import diagnose
from pytwin.estimation.em import EM, em
from pytwin.estimation.filters import filter, smooth
from pytwin.estimation.importance import Sample, importance
from pytwin.estimation.likelihood import Fit, fit
from pytwin.estimation.methods import METHODS
from pytwin.estimation.noise import Noise
from pytwin.estimation.online import Filter
from pytwin.estimation.results import Estimate
from pytwin.estimation.shape import Shape
from pytwin.estimation.sparse import posterior
from pytwin.estimation.state import Space, prior
from pytwin.estimation.weighted import Static, shape, static

__all__ = [
    "EM",
    "METHODS",
    "Estimate",
    "Filter",
    "Fit",
    "Noise",
    "Sample",
    "Shape",
    "Space",
    "Static",
    "diagnose",
    "em",
    "filter",
    "fit",
    "importance",
    "posterior",
    "prior",
    "shape",
    "smooth",
    "static",
]
