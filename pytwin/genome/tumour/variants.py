"""Somatic variants as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Texts = NDArray[np.object_]


class Variant(NamedTuple):
    """One row while it is read; fields as the columns of ``SomaticVariants``."""

    sample: str
    gene: str
    chromosome: str
    start: int
    end: int
    ref: str
    alt: str
    kind: str
    consequence: str
    protein: str
    vaf: float
    depth: int
    filter: str
    line: int

    @property
    def key(self) -> tuple[str, str, int, str, str]:
        """What makes two rows the same variant of one sample."""
        return self.sample, self.chromosome, self.start, self.ref, self.alt


@dataclass(frozen=True, eq=False)
class SomaticVariants:
    """Variants of one tumour or of many, a column each; all of one length.

    Attributes
    ----------
    sample : ndarray of str
    gene : ndarray of str
        Symbol as the file has it; empty where none is given.
    chromosome : ndarray of str
        ``1`` to ``22``, ``X``, ``Y``, ``MT``, or the name of another contig.
    start, end : ndarray of int
        First and last base of the reference allele, from 1; of an insertion the two bases around it.
    ref, alt : ndarray of str
        Without common bases at the ends; ``-`` is none.
    kind : ndarray of str
        SNP, DNP, TNP, ONP, INS, DEL.
    consequence : ndarray of str
        Class as in MAF (``classes.KNOWN``), or the file's own word; empty where not annotated.
    protein : ndarray of str
        Change of the protein such as ``p.R132H``; empty where none is given.
    vaf : ndarray of float
        Share of reads with the variant, 0 to 1; NaN where not given.
    depth : ndarray of int
        Reads at the place; -1 where not given.
    filter : ndarray of str
        What the caller says: ``PASS``, or empty where nothing.
    line : ndarray of int
        In the file.
    """

    sample: Texts = field(repr=False)
    gene: Texts = field(repr=False)
    chromosome: Texts = field(repr=False)
    start: NDArray[np.int64] = field(repr=False)
    end: NDArray[np.int64] = field(repr=False)
    ref: Texts = field(repr=False)
    alt: Texts = field(repr=False)
    kind: Texts = field(repr=False)
    consequence: Texts = field(repr=False)
    protein: Texts = field(repr=False)
    vaf: NDArray[np.float64] = field(repr=False)
    depth: NDArray[np.int64] = field(repr=False)
    filter: Texts = field(repr=False)
    line: NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(cls, rows: Sequence[Variant]) -> SomaticVariants:
        """Columns of rows."""
        columns = zip(*rows, strict=True) if rows else ([] for _ in Variant._fields)
        types = {"start": np.int64, "end": np.int64, "vaf": np.float64, "depth": np.int64, "line": np.int64}
        made: dict[str, Any] = {}
        for name, values in zip(Variant._fields, columns, strict=True):
            made[name] = np.array(list(values), dtype=types.get(name, np.object_))
        return cls(**made)

    def where(self, rows: NDArray[Any]) -> SomaticVariants:
        """The rows of a mask or of indices."""
        return SomaticVariants(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @property
    def table(self) -> dict[str, list[Any]]:
        """Column name -> values, for any data frame."""
        return {f.name: getattr(self, f.name).tolist() for f in fields(self)}

    def count(self, column: str) -> dict[str, int]:
        """How often each text of a column occurs, most often first."""
        names, counts = np.unique(getattr(self, column).astype(str), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return {str(names[i]): int(counts[i]) for i in order}

    def __len__(self) -> int:
        return len(self.start)

    def __repr__(self) -> str:
        return f"SomaticVariants({len(self)} rows)"
