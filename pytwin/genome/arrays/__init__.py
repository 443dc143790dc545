"""Exports of consumer arrays: one SNP a line, with its letters; see ``columns`` for what is recognised."""

from __future__ import annotations

from pytwin.genome.arrays.columns import recognises
from pytwin.genome.arrays.read import read
from pytwin.genome.arrays.rows import ArrayFile, Snp, read_array

__all__ = ["ArrayFile", "Snp", "read", "read_array", "recognises"]
