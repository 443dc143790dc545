"""Model, Plan, Population, Objective, Limit: what a twin is made of."""

from __future__ import annotations

from pytwin.model.limit import Exclusion, Limit
from pytwin.model.model import Model, models
from pytwin.model.objective import Objective, Utility
from pytwin.model.plan import Dose, Plan, Setting
from pytwin.model.population import Population
from pytwin.model.result import Result
from pytwin.model.schedule import Schedule

__all__ = [
    "Dose",
    "Exclusion",
    "Limit",
    "Model",
    "Objective",
    "Plan",
    "Population",
    "Result",
    "Schedule",
    "Setting",
    "Utility",
    "models",
]
