"""States and parameters of any Model from what was observed: filters, smoothers, likelihoods.

One interface for all methods, for one patient or many: `filter` and `smooth` take records as arrays, `Filter`
takes one observation at a time, `fit` and `em` learn errors and parameters, `diagnose` says whether the model
is right. What is estimated is z = (states, parameters on log, logit or identity scales), a Gaussian, an
ensemble or a cloud of particles, as the method has it.
"""

from __future__ import annotations

from pytwin.estimation.filters import filter, smooth
from pytwin.estimation.methods import METHODS
from pytwin.estimation.noise import Noise
from pytwin.estimation.online import Filter
from pytwin.estimation.results import Estimate
from pytwin.estimation.state import Space, prior

__all__ = ["METHODS", "Estimate", "Filter", "Noise", "Space", "filter", "prior", "smooth"]
