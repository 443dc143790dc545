"""`pytwin doctor`: what this installation is made of and what it runs on."""

from __future__ import annotations

import os
import platform
import sys
from typing import Any

import numpy as np

from pytwin import _core

INTENDED_USE = (
    "research: options with reasons for a clinician; not a medical device; no alarm or time-critical output"
)


def _numpy_blas() -> str:
    """Name and version of NumPy's own BLAS, which pytwin's core doesn't use."""
    config: Any = np.show_config(mode="dicts")
    blas = config.get("Build Dependencies", {}).get("blas", {}) if isinstance(config, dict) else {}
    return " ".join(str(blas[key]) for key in ("name", "version") if blas.get(key)) or "unknown"


def _threads() -> dict[str, Any]:
    affinity = getattr(os, "sched_getaffinity", None)
    gil = getattr(sys, "_is_gil_enabled", None)
    return {
        "processors": os.cpu_count() or 1,
        "usable": len(affinity(0)) if affinity else os.cpu_count() or 1,
        "gil": True if gil is None else bool(gil()),
    }


def doctor() -> dict[str, Any]:
    """Describe the installation, the processor and what was chosen for it.

    Returns
    -------
    dict
        ``versions`` (pytwin, python, numpy), ``system``, ``build`` (version, level, kind, compiler),
        ``processor`` (machine, features, level chosen, levels available), ``blas`` (config, kernel, threads
        of the core's OpenBLAS; ``numpy``: NumPy's own), ``threads``, ``intended_use``. All values can be
        written as JSON.
    """
    return {
        "versions": {
            "pytwin": _core.BUILD["version"],
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "system": f"{platform.system()} {platform.release()}",
        "build": dict(_core.BUILD),
        "processor": {
            "machine": platform.machine(),
            "features": sorted(_core.FEATURES),
            "level": _core.LEVEL,
            "levels": list(_core.LEVELS),
            "chosen_by": "PYTWIN_LEVEL" if os.environ.get("PYTWIN_LEVEL") else "processor",
        },
        "blas": {**_core.blas_info(), "numpy": _numpy_blas()},
        "threads": _threads(),
        "intended_use": INTENDED_USE,
    }


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_line(item)}" for key, item in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return str(value)


def doctor_text(info: dict[str, Any] | None = None) -> str:
    """The same as lines of text, one for each fact; ``info`` is what `doctor` returned."""
    lines = []
    for topic, value in (info or doctor()).items():
        facts = value if isinstance(value, dict) else {"": value}
        lines += [f"{f'{topic} {key}'.strip():22} {_line(item)}" for key, item in facts.items()]
    return "\n".join(lines)
