"""Tables of many patients: what CASES.md counts, the rules of eICU, hashes that no order changes."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pytwin.formats.files import Input
from pytwin.record import Record, read_records, stream_events
from pytwin.verify.case import Case, at_most, equal
from pytwin.verify.run import Context

_LIBRARY = "reference library, ehr/CASES.md, "
_MIMIC = "mimic_iv_shape_synthetic"
_PIECE = 1 << 16  # rows of a table that is handed on


class Counted(NamedTuple):
    """A data set: people, and events by kind."""

    folder: str
    people: int
    kinds: dict[str, int]


# visits are unit stays, admissions or OMOP's; eICU: 29,961 rows of lab, 169 heights and 159 weights;
# MIMIC: 69 lines of labevents, the last of them blank
_COUNTED = (
    Counted("eicu_demo", 144, {"observation": 29961 + 169 + 159, "encounter": 174}),
    Counted(
        _MIMIC, 13, {"encounter": 24 + 15, "observation": 68, "condition": 53, "procedure": 28, "order": 30}
    ),
    Counted(
        "omop/Synthea27Nj_5.4.zip",
        28,
        {
            "encounter": 1791, "condition": 470, "dispense": 883, "observation": 10040 + 8099,
            "procedure": 1649, "death": 3,
        },
    ),
    Counted("omop/ehrdata_toy/vanilla", 4, {"observation": 9 + 9, "dispense": 9, "encounter": 3, "death": 2}),
    Counted("omop/ehrdata_toy/empty_observation", 1, {}),
    Counted("omop/ehrdata_measurement.parquet", 3, {"observation": 9}),
    Counted("omop/ehrdata_toy/multiple_visit_occurrences", 4, {"encounter": 4, "observation": 10}),
    Counted(
        "omop/pyhealth_toy", 12,
        {"encounter": 68, "condition": 105, "procedure": 105, "observation": 100},
    ),
    Counted(
        "synthea_csv",
        27,
        {
            "encounter": 604, "condition": 438, "order": 663, "observation": 990, "procedure": 249,
            "immunization": 29, "allergy": 40,
        },
    ),
)  # fmt: skip


def cases(context: Context) -> Iterator[Case]:
    """All cases of tables."""
    root = context.folder("ehr")
    for counted in _COUNTED:
        yield from _counts(root, counted)
    yield from _eicu(root / "eicu_demo")
    yield from _omop(root / "omop" / "Synthea27Nj_5.4.zip")
    yield from _meds(root / "mimic_iv_demo_meds")
    for folder in (_MIMIC, "synthea_csv", "omop/ehrdata_toy/vanilla"):
        yield from _hashes(root / folder)


def _counts(root: Path, counted: Counted) -> Iterator[Case]:
    source = _LIBRARY + counted.folder.partition("/")[0]
    stream = stream_events(root / counted.folder)
    kinds: Counter[str] = Counter()
    for table in stream:
        kinds.update(table.column("kind").tolist())
    yield equal(f"{counted.folder}: people", counted.people, len(stream.people), source=source)
    for kind, number in counted.kinds.items():
        yield equal(f"{counted.folder}: {kind}", number, kinds[kind], source=source)


def _eicu(folder: Path) -> Iterator[Case]:
    source = _LIBRARY + "eicu_demo"
    records = list(read_records(folder))
    issues: Counter[str] = Counter()
    comparators: Counter[str] = Counter()
    rows = 0
    calcium: Counter[str] = Counter()
    for record in records:
        issues.update(record.issues.counts())
        labs = record.events[[i for i, key in enumerate(record.events.column("id")) if key[:4] == "lab/"]]
        rows += len(labs)
        comparators.update(labs.column("comparator").tolist())
        ionized = labs.select(code="ionized calcium")
        calcium.update(ionized.column("unit")[ionized.usable].tolist())
    double = issues["record.replaced"] + issues["record.duplicate"]
    yield equal("eICU: text with a comparator", 98, comparators["<"] + comparators[">"], source=source)
    yield equal("eICU: rows after the last revision of each key", 29961 - 84, rows, source=source)
    yield equal("eICU: keys that occur twice are said", True, double >= 84, source=source)
    yield equal("eICU: ages above 89 are unknown", 4, issues["patient.age-hidden"], source=source)
    yield equal(
        "eICU: usable ionized calcium is in mmol/L as its text",
        "mmol/L",
        " ".join(sorted(calcium)),
        source=source,
    )


def _omop(path: Path) -> Iterator[Case]:
    source = _LIBRARY + "omop"
    numbers = 0
    for table in stream_events(path):
        own = np.array([key.startswith("measurement/") for key in table.column("id").tolist()], np.bool_)
        numbers += int((own & ~np.isnan(table.value)).sum())
    # 3 rows have a number in value_source_value alone
    yield equal("OMOP: measurements with a number", 9107 + 3, numbers, source=source)


def _meds(folder: Path) -> Iterator[Case]:
    source = _LIBRARY + "mimic_iv_demo_meds"
    stream = stream_events(folder)
    rows, numbers, longest = 0, 0, 0
    for table in stream:
        rows += len(table)
        longest = max(longest, len(table))
        numbers += int((~np.isnan(table.value)).sum())
    # each of 100 subjects has a birth and a sex among the rows, which are facts and no events
    yield equal("MEDS: events", 916166 - 200, rows, source=source)
    yield equal("MEDS: events with a number", 916166 - 510930, numbers, source=source)
    yield equal("MEDS: subjects", 100, len(stream.people), source=source)
    yield at_most("MEDS: rows in memory at once", _PIECE, longest, source="the bound of stream_events")


def _hashes(folder: Path) -> Iterator[Case]:
    """The same from files whose rows are shuffled, or there twice."""
    name = f"{folder.name}: records that changed"
    wanted = _by_patient(read_records(folder))
    source = "the definition of Record.hash"
    with tempfile.TemporaryDirectory() as made:
        for how in ("shuffled", "twice"):
            copy = Path(made, how)
            for path in (*folder.rglob("*.csv"), *folder.rglob("*.csv.gz")):
                _copied(path, copy / path.relative_to(folder), how)
            found = _by_patient(read_records(copy))
            yield equal(f"{name}, {how}", 0, len(set(wanted.items()) ^ set(found.items())), source=source)


def _by_patient(records: Iterator[Record]) -> dict[str, str]:
    return {record.patient.id: record.hash for record in records}


def _copied(path: Path, target: Path, how: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    head, *lines = Input(path).load().data.decode().splitlines(keepends=True)
    if any(line.count('"') % 2 for line in lines):
        lines = ["".join(lines)]  # a cell that holds an end of line
    if how == "twice":
        lines = lines * 2
    if how == "shuffled":
        random.Random(1).shuffle(lines)
    target.with_name(path.name.removesuffix(".gz")).write_text(head + "".join(lines), encoding="utf-8")
