"""Model, Plan, Population, Objective, Limit: what a twin is made of."""

from __future__ import annotations

from pytwin.model.entries import Dose, Setting
from pytwin.model.events import EventTable, read_events
from pytwin.model.genotype_effects import GenotypeEffect
from pytwin.model.limit import Exclusion, Limit
from pytwin.model.linear import StateSpace
from pytwin.model.model import Model, models
from pytwin.model.objective import Objective, Utility
from pytwin.model.plan import Plan
from pytwin.model.population import Population
from pytwin.model.records import RecordResult
from pytwin.model.result import Result
from pytwin.model.schedule import Schedule
from pytwin.model.steady import SteadyState

__all__ = [
    "Dose",
    "EventTable",
    "Exclusion",
    "GenotypeEffect",
    "Limit",
    "Model",
    "Objective",
    "Plan",
    "Population",
    "RecordResult",
    "Result",
    "Schedule",
    "Setting",
    "StateSpace",
    "SteadyState",
    "Utility",
    "models",
    "read_events",
]
