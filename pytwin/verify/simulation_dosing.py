"""Cases of dosing: NONMEM's runs of dose records, and Claret's tumour model against its closed form."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pytwin.model import Model, read_events
from pytwin.verify.case import Case, at_most
from pytwin.verify.run import Context

Array = NDArray[np.float64]
Columns = Mapping[str, NDArray[np.str_]]
_NMTESTS = "NONMEM 7.3 runs of github.com/mrgsolve/nmtests"
_NLMIXR = "NONMEM 7.4.3, data set nmtest of nlmixr2data"
_CLARET = "closed form of Claret et al., J Clin Oncol 2009;27:4103-8"
UG_PER_MG = 1000.0


def cases(context: Context) -> list[Case]:
    """All cases of dosing."""
    folder = context.folder("pkpd")
    return [*_records(folder / "dosing_events"), *_covariate(folder / "dosing_events"), *_tumour(context)]


def read(path: Path) -> dict[str, NDArray[np.str_]]:
    """A CSV file by columns, as text."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def distance(got: Array, expected: Array) -> float:
    """Largest error over what is allowed: 1e-4 of the value, or 1e-3 ug/L; at most 1."""
    allowed = np.maximum(1e-3, 1e-4 * np.abs(expected))
    return float(np.max(np.abs(got - expected) / allowed))


def scenarios(columns: Columns, lag: str, share: str, rate: str, duration: str) -> tuple[list[str], Array]:
    """Subjects of a file of dose records, and the concentration (ug/L) at each of its rows."""
    own = {"ALAG2": lag, "F2": share, "R2": rate, "D2": duration}
    record = {k: v for k, v in columns.items() if k.upper() in ("ID", "TIME", "EVID", "AMT", "CMT")}
    record |= {k: v for k, v in columns.items() if k.upper() in ("RATE", "II", "ADDL", "SS")}
    table = read_events({**record, **{k: columns[v].astype(float) for k, v in own.items()}})
    found = Model("pk_1cpt_oral").simulate_events(table)
    return [str(i) for i in table.ids], UG_PER_MG * found["C"]


def _records(folder: Path) -> Iterator[Case]:
    columns = read(folder / "nmtests_1001_input.csv")
    expected = read(folder / "nmtests_1001_nonmem.csv")["CP"].astype(float)
    ids, got = scenarios(columns, "LAGT", "BIOAV", "RAT2", "DUR2")
    yield from _by_subject("nmtests", ids, columns["ID"], got, expected, _NMTESTS)
    columns = read(folder / "nlmixr2data_nmtest_nonmem743.csv")
    ids, got = scenarios(columns, "lagt", "bioav", "rat2", "dur2")
    yield from _by_subject("nmtest", ids, columns["id"], got, columns["cp"].astype(float), _NLMIXR)


def _by_subject(
    name: str, ids: list[str], column: NDArray[np.str_], got: Array, expected: Array, source: str
) -> Iterator[Case]:
    for subject in ids:
        mine = column == subject
        error = distance(got[mine], expected[mine])
        what = f"dose records, {name} {subject}: largest error / (1e-4 of the value or 1e-3 ug/L)"
        yield at_most(what, 1.0, error, source=source)


def _covariate(folder: Path) -> Iterator[Case]:
    """A weight that changes at every record: CL = 1.1 (WT/70)^0.75, the next record's between two."""
    columns = read(folder / "nmtests_2001_tvcov_input.csv")
    expected = read(folder / "nmtests_2001_tvcov_nonmem.csv")
    record = {k: columns[k] for k in ("ID", "time", "evid", "amt", "cmt", "ii", "addl", "ss", "rate", "WT")}
    table = read_events(record)
    clearance = 1.1 * (table["WT"] / 70) ** 0.75
    found = Model("pk_1cpt_oral").simulate_events(table.assign(CL=clearance))
    for name, got in (("CL", clearance), ("CP", UG_PER_MG * found["C"])):
        error = distance(got, expected[name].astype(float))
        what = f"covariate over time, {name}: largest error / (1e-4 of the value or 1e-3)"
        yield at_most(what, 1.0, error, source=_NMTESTS)


def _tumour(context: Context) -> Iterator[Case]:
    for name in ("c001", "c002"):
        columns = read(context.folder("pkpd", "tgi_claret", f"{name}_nonmem.csv"))
        time, expected = columns["TIME"].astype(float), columns["Y"].astype(float)
        params = {"Y0": 70.0, "KL": 0.6, "KD": 0.4, "lambda": 0.8, "E": np.log(10.0)}
        got = Model("tgi_claret").simulate(time, params=params)["SLD"]
        worst = float(np.max(np.abs(got / expected - 1)))
        yield at_most(f"tumour {name}: largest relative error", 1e-5, worst, source=_NMTESTS)
    columns = read(context.folder("chronic", "tumour", "claret_reference.csv"))
    exposure = {"E0": 0.0, "E0.5": 0.5, "E1": 1.0, "E2": 2.0}
    days = 7 * columns["week"].astype(float)
    for name, value in exposure.items():
        column = next(k for k in columns if k.split(" ")[0] == name)
        got = Model("tgi_claret").simulate(days, params={"E": value}, rtol=1e-11, atol=1e-11)["SLD"]
        worst = float(np.max(np.abs(got / columns[column].astype(float) - 1)))
        yield at_most(f"tumour, exposure {value:g}: largest relative error", 1e-8, worst, source=_CLARET)
