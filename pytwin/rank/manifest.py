"""Manifest: what is needed to run a ranking again, and what it rests on."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from pytwin import _core
from pytwin.model.objective import Objective
from pytwin.twin.tolerance import ATOL, RTOL

INTENDED_USE = (
    "research; options with reasons for a clinician; not a medical device; no alarm or time-critical output"
)


def manifest(
    twin: Any, objective: Objective, horizon: float, draws: int, seed: int, confirmed: Sequence[str]
) -> dict[str, Any]:
    """Versions, seed, Population, input hashes, data ages and the limits of use; plain values only."""
    population = twin.population
    return {
        "pytwin": _core.BUILD["version"],
        "core": dict(_core.BUILD),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "therapy": twin.therapy.name,
        "model": population.data["model"],
        "population": population.name,
        "population_hash": population.hash,
        "record_hash": twin.record.hash,
        "record_sources": [list(s) for s in twin.record.sources],
        "genome_sources": [list(s) for s in getattr(twin.genome, "sources", ())],
        "time": instant(twin.time),
        "start": twin.history.start,
        "observations": twin.n_assimilated,
        "data": [
            {"what": c.what, "state": c.state, "age_days": c.age_days, "text": c.text} for c in twin.coverage
        ],
        "objective": str(objective),
        "horizon_hours": horizon,
        "draws": draws,
        "seed": seed,
        "tolerances": [RTOL, ATOL],
        "confirmed": list(confirmed),
        "citations": list(twin.therapy.citations),
        "intended_use": INTENDED_USE,
    }


def instant(microseconds: int) -> str:
    """Microseconds UTC in ISO 8601."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).isoformat()
