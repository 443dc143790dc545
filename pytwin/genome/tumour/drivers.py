"""Driver genes: which of a tumour's variants hit one, and whether in the way that the gene drives."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from pytwin.errors import InputError
from pytwin.genome.tumour import classes
from pytwin.genome.tumour.variants import SomaticVariants

COLUMNS = ("gene", "role", "source", "traced")
ROLES = ("oncogene", "tumour suppressor", "")


class Driver(NamedTuple):
    """One gene of the table: its role (empty where the source gives none) and the source; ``traced`` says
    whether the source's own table was seen."""

    gene: str
    role: str
    source: str
    traced: bool


class DriverVariant(NamedTuple):
    """A variant that changes the protein of a driver gene.

    Attributes
    ----------
    gene, role : str
    protein, consequence : str
    vaf : float
    expected : bool or None
        Whether it is of the kind by which the gene drives: a missense or an in-frame change of an oncogene, a
        truncating one of a tumour suppressor. False does not clear it; None where the role is not known.
    source : str
    """

    gene: str
    role: str
    protein: str
    consequence: str
    vaf: float
    expected: bool | None
    source: str


@lru_cache(maxsize=1)
def drivers() -> tuple[Driver, ...]:
    """The genes that are shipped."""
    text = files(__package__).joinpath("drivers.tsv").read_text(encoding="utf-8")
    return _parse(text, "drivers.tsv")


def read_drivers(path: str | Path) -> tuple[Driver, ...]:
    """Genes from a tab-separated file of one's own, with the columns gene, role and source (traced optional).

    Raises
    ------
    InputError
        ``drivers.bad-table``.
    """
    return _parse(Path(path).read_text(encoding="utf-8"), Path(path).name)


def _parse(text: str, place: str) -> tuple[Driver, ...]:
    rows = csv.DictReader(StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [c for c in COLUMNS[:3] if c not in (rows.fieldnames or ())]
    if missing:
        message = "columns are missing: " + ", ".join(missing)
        raise InputError("drivers.bad-table", message, place=place)
    found = []
    for line, row in enumerate(rows, start=2):
        gene, role = (row["gene"] or "").strip(), (row["role"] or "").strip()
        if not gene or role not in ROLES:
            message = "a gene and a role (oncogene, tumour suppressor or none) are needed"
            raise InputError("drivers.bad-table", message, place=f"{place}:{line}")
        found.append(Driver(gene, role, row["source"] or "", (row.get("traced") or "yes") == "yes"))
    return tuple(found)


def driver_variants(
    variants: SomaticVariants, table: Iterable[Driver] | None = None
) -> tuple[DriverVariant, ...]:
    """Variants that change the protein of a driver gene, in the file's order."""
    known = {d.gene: d for d in (drivers() if table is None else table)}
    found = []
    for i, (gene, consequence) in enumerate(zip(variants.gene, variants.consequence, strict=True)):
        if gene in known and consequence in classes.CHANGES_PROTEIN:
            d = known[gene]
            row = (variants.protein[i], consequence, float(variants.vaf[i]))
            found.append(DriverVariant(gene, d.role, *row, _expected(d.role, consequence), d.source))
    return tuple(found)


def _expected(role: str, consequence: str) -> bool | None:
    if not role:
        return None
    return (consequence in classes.TRUNCATES) == (role == "tumour suppressor")
