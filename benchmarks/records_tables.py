"""Rows of OMOP (CSV) and MEDS (Parquet) to events, beside pandas and the same dictionaries in a loop.

The tables are made here: 500,000 rows of 2,000 people, ten analytes, every row at a time of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from row import Row, median_seconds

from pytwin.record import stream_events

_ROWS = 500_000
_PEOPLE = 2_000
_GOAL = 500_000  # rows a second
_CODES = ("2160-0", "2345-7", "718-7", "6301-6", "2823-3", "2951-2", "777-3", "6690-2", "1742-6", "3094-0")
_UNITS = ("mg/dL", "mg/dL", "g/dL", "{INR}", "mmol/L", "mmol/L", "10*3/uL", "10*3/uL", "U/L", "mg/dL")
_FIRST_CONCEPT = 3_000_001
_DAY = np.datetime64("2020-01-01T00:00:00")

Tuples = list[tuple[Any, ...]]


def _columns() -> tuple[Any, ...]:
    rng = np.random.default_rng(1)
    person = rng.integers(1, _PEOPLE + 1, _ROWS)
    code = rng.integers(0, len(_CODES), _ROWS)
    time = _DAY + np.arange(_ROWS).astype("timedelta64[m]")
    value = np.round(rng.uniform(1, 4, _ROWS), 2)
    return person, code, time, value


def _write(folder: Path) -> None:
    import pandas as pd

    person, code, time, value = _columns()
    omop, meds = folder / "omop", folder / "meds"
    omop.mkdir()
    meds.mkdir()
    pd.DataFrame(
        {
            "concept_id": _FIRST_CONCEPT + np.arange(len(_CODES)),
            "concept_name": _CODES,
            "vocabulary_id": "LOINC",
            "concept_code": _CODES,
        }
    ).to_csv(omop / "concept.csv", index=False)
    pd.DataFrame(
        {
            "measurement_id": np.arange(_ROWS),
            "person_id": person,
            "measurement_concept_id": _FIRST_CONCEPT + code,
            "measurement_datetime": pd.Series(time).dt.strftime("%Y-%m-%d %H:%M:%S"),
            "value_as_number": value,
            "unit_source_value": np.array(_UNITS)[code],
        }
    ).to_csv(omop / "measurement.csv", index=False)
    pd.DataFrame(
        {
            "subject_id": person,
            "time": time.astype("datetime64[us]"),
            "code": np.array([f"LOINC//{c}" for c in _CODES])[code],
            "numeric_value": value.astype(np.float32),
            "unit": np.array(_UNITS)[code],
        }
    ).to_parquet(meds / "0.parquet", index=False)


def _count(folder: Path) -> int:
    return sum(len(table) for table in stream_events(folder))


def omop_by_hand(folder: Path) -> Tuples:
    """Person, time, code, value, unit of each row."""
    import pandas as pd

    concepts = pd.read_csv(folder / "concept.csv", dtype=str)
    codes = dict(zip(concepts["concept_id"].astype(int), concepts["concept_code"], strict=True))
    frame = pd.read_csv(folder / "measurement.csv", parse_dates=["measurement_datetime"])
    return [
        (row.person_id, row.measurement_datetime, codes[row.measurement_concept_id], row.value_as_number,
         row.unit_source_value)
        for row in frame.itertuples(index=False)
    ]  # fmt: skip


def meds_by_hand(folder: Path) -> Tuples:
    """Person, time, code, value, unit of each row."""
    import pandas as pd

    frame = pd.read_parquet(folder / "0.parquet")
    return [
        (row.subject_id, row.time, row.code.partition("//")[2], row.numeric_value, row.unit)
        for row in frame.itertuples(index=False)
    ]


def rows() -> Iterator[Row]:
    """Microseconds a row, so that less is better; the goal is 2."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _write(folder)
        for name, by_hand in (("omop", omop_by_hand), ("meds", meds_by_hand)):
            own = median_seconds(lambda at=folder / name: _count(at)) / _ROWS  # type: ignore[misc]
            peer = median_seconds(lambda at=folder / name, read=by_hand: len(read(at))) / _ROWS  # type: ignore[misc]
            yield Row(
                f"{name}: one row to an event, of {_ROWS:,}",
                own * 1e6,
                "us",
                goal=1e6 / _GOAL,
                peer="pandas and a loop with dictionaries",
                peer_value=peer * 1e6,
                note=f"{1 / own:,.0f} rows a second; the peer checks no unit, range or date",
                agrees=_count(folder / name) == len(by_hand(folder / name)),
            )
