"""pytwin: health digital twins with a C core.

For research: options with reasons for a clinician; not a medical device; no alarm or time-critical output.

This file is the table of contents. `import pytwin` loads NumPy and the core only; each name below brings its
module at first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytwin import _core
from pytwin.errors import ComputationError, InputError, MissingExtraError, PytwinError
from pytwin.issues import Issue, Issues

if TYPE_CHECKING:
    from pytwin import estimation, glucose, kalman, units, verify
    from pytwin.cohort import Cohort
    from pytwin.doctor import doctor
    from pytwin.genome import Genome, read_genome, read_genomes
    from pytwin.genome.tumour import read_tumour, read_tumours
    from pytwin.model import EventTable, Limit, Model, Objective, Plan, Population, models, read_events
    from pytwin.rank import Ranking
    from pytwin.record import Record, Terminology, read_record, read_records, stream_events, write_records
    from pytwin.therapies import Therapy
    from pytwin.twin import Twin

__version__: str = _core.BUILD["version"]

# Name -> the module that defines it; a module without that name in it stands for itself.
_CONTENTS = {
    "Cohort": "pytwin.cohort",
    "EventTable": "pytwin.model",
    "Genome": "pytwin.genome",
    "Limit": "pytwin.model",
    "Model": "pytwin.model",
    "Objective": "pytwin.model",
    "Plan": "pytwin.model",
    "Population": "pytwin.model",
    "Ranking": "pytwin.rank",
    "Record": "pytwin.record",
    "Terminology": "pytwin.record",
    "Therapy": "pytwin.therapies",
    "Twin": "pytwin.twin",
    "doctor": "pytwin.doctor",
    "estimation": "pytwin.estimation",
    "glucose": "pytwin.glucose",
    "kalman": "pytwin.kalman",
    "models": "pytwin.model",
    "read_events": "pytwin.model",
    "read_genome": "pytwin.genome",
    "read_genomes": "pytwin.genome",
    "read_record": "pytwin.record",
    "read_records": "pytwin.record",
    "read_tumour": "pytwin.genome.tumour",
    "read_tumours": "pytwin.genome.tumour",
    "stream_events": "pytwin.record",
    "units": "pytwin.units",
    "verify": "pytwin.verify",
    "write_records": "pytwin.record",
}

__all__ = [
    "Cohort",
    "ComputationError",
    "EventTable",
    "Genome",
    "InputError",
    "Issue",
    "Issues",
    "Limit",
    "MissingExtraError",
    "Model",
    "Objective",
    "Plan",
    "Population",
    "PytwinError",
    "Ranking",
    "Record",
    "Terminology",
    "Therapy",
    "Twin",
    "doctor",
    "estimation",
    "glucose",
    "kalman",
    "models",
    "read_events",
    "read_genome",
    "read_genomes",
    "read_record",
    "read_records",
    "read_tumour",
    "read_tumours",
    "stream_events",
    "units",
    "verify",
    "write_records",
]

if not TYPE_CHECKING:  # a type checker sees the imports above and so finds a misspelt name

    def __getattr__(name: str) -> Any:
        if name not in _CONTENTS:
            raise AttributeError(f"module 'pytwin' has no attribute {name!r}")
        module = import_module(_CONTENTS[name])
        value = getattr(module, name, module)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
