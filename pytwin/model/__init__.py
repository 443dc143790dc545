"""Model, Plan, Population, Objective, Limit: what a twin is made of."""

from __future__ import annotations

from pytwin.model.limit import Exclusion, Limit
from pytwin.model.model import Model
from pytwin.model.objective import Objective, Utility
from pytwin.model.plan import Dose, Plan, Setting
from pytwin.model.population import Population

__all__ = ["Dose", "Exclusion", "Limit", "Model", "Objective", "Plan", "Population", "Setting", "Utility"]
