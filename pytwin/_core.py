"""The C core: chooses the best build for this processor and re-exports it.

``PYTWIN_LEVEL`` (``v2``, ``v3``, ``v4`` or ``generic``) chooses another. All types of a build call
themselves ``pytwin._core.X``, so results pickle by that name whichever build made them.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

_V2 = frozenset({"cx16", "lahf", "popcnt", "sse3", "ssse3", "sse4.1", "sse4.2"})
_V3 = _V2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}
_V4 = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
# From the best to the plainest; each level with the single processor features that it is compiled for.
_NEEDS: dict[str, frozenset[str]] = {"v4": _V4, "v3": _V3, "v2": _V2, "generic": frozenset()}


def _features() -> frozenset[str]:
    try:
        cpu = import_module("pytwin._cpu")
    except ImportError as error:
        message = (
            "the C core of pytwin is not built here. In a source checkout run: pip install -e . "
            "(or start Python elsewhere, if pytwin is installed from this checkout)"
        )
        raise ImportError(message, name="pytwin._cpu") from error
    return frozenset(cpu.features())


def _built() -> tuple[str, ...]:
    names = {path.name.split(".")[0] for path in Path(__file__).parent.glob("_core_*")}
    return tuple(level for level in _NEEDS if f"_core_{level}" in names)


def _choose(features: frozenset[str], built: tuple[str, ...], wanted: str) -> str:
    """The level to load: the wanted one, else the best that is built and supported."""
    usable = [level for level in built if _NEEDS[level] <= features]
    if wanted and wanted not in built:
        raise ImportError(f"PYTWIN_LEVEL={wanted}: this installation holds {', '.join(built) or 'no core'}")
    if wanted and wanted not in usable:
        lacking = ", ".join(sorted(_NEEDS[wanted] - features))
        raise ImportError(f"PYTWIN_LEVEL={wanted}: this processor lacks {lacking}")
    if not usable:
        raise ImportError(
            f"no core of pytwin runs on this processor: built are {', '.join(built) or 'none'}; "
            "build one for it from source"
        )
    return wanted or usable[0]


def _load(level: str) -> ModuleType:
    """Import a build with BLAS held to one thread: patients are the parallel axis.

    OpenBLAS reads its variable, and makes its threads, only while it is loaded, so the variable is set for
    that moment. NumPy has its own copy of the library, loaded before, which keeps its threads.
    """
    import numpy  # noqa: F401

    name = "OPENBLAS_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        return import_module(f"pytwin._core_{level}")
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


FEATURES = _features()
LEVELS = _built()
LEVEL = _choose(FEATURES, LEVELS, os.environ.get("PYTWIN_LEVEL", ""))
_build = _load(LEVEL)
_own = sys.modules[__name__]
for _name in dir(_build):
    if not _name.startswith("__"):
        setattr(_own, _name, getattr(_build, _name))
