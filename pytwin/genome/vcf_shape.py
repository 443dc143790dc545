"""Shapes: one expression for a whole INFO or sample column of plain values, as many as asked for.

Most lines of a file have one of a few shapes. A column that has one breaks no rule; of one that has
none nothing is said, and each of its values is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pytwin.genome.vcf_fields import Field, expected_count

_PLAIN = {"Integer": "[0-9]{1,9}", "Float": r"[0-9]{1,15}(?:\.[0-9]{1,15})?"}
_MOST = 16
"""Shapes that are remembered for each number of ALT alleles."""
_LONGEST = 64


def value(field: Field, n_alts: int, genotypes: int | None) -> str | None:
    """An expression for plain values of a field; None where there is none."""
    count = expected_count(field.number, n_alts, genotypes)
    if field.type == "String" and count == 1:
        return r"[^\s;:,=]+"
    base = _PLAIN.get(field.type or "")
    if base is None or (count is not None and not 0 < count <= _LONGEST):
        return None
    return f"{base}(?:,{base})*" if count is None else f"{base}(?:,{base}){{{count - 1}}}"


class Shapes:
    """The shapes that a file's columns have had."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self._fields = fields
        self._info: dict[int, list[re.Pattern[str]]] = {}
        self._samples: dict[tuple[Sequence[str], int], re.Pattern[str] | None] = {}

    def info_fits(self, text: str, n_alts: int) -> bool:
        """Whether an INFO column has a shape that is known to be right."""
        return any(shape.fullmatch(text) for shape in self._info.get(n_alts, ()))

    def learn_info(self, text: str, n_alts: int) -> None:
        """Remember the shape of a column in which nothing is wrong."""
        known = self._info.setdefault(n_alts, [])
        if len(known) >= _MOST or len(text) > 1000:
            return
        parts = []
        for entry in text.split(";"):
            key, equals, _ = entry.partition("=")
            field = self._fields.get(key)
            pattern = value(field, n_alts, None) if field and key != "CIGAR" else None
            if pattern is None or not equals:
                return
            parts.append(f"{re.escape(key)}={pattern}")
        known.append(re.compile(";".join(parts)))

    def sample_fits(self, keys: Sequence[str], text: str, n_alts: int) -> bool:
        """Whether a diploid sample's column is plain throughout."""
        key = (keys, n_alts)
        if key not in self._samples:
            if len(self._samples) > 1000:
                return False
            self._samples[key] = self._sample(keys, n_alts)
        shape = self._samples[key]
        return shape is not None and shape.fullmatch(text) is not None

    def _sample(self, keys: Sequence[str], n_alts: int) -> re.Pattern[str] | None:
        if not keys or keys[0] != "GT" or not 0 < n_alts < 10 or len(keys) > _LONGEST:
            return None
        parts = [f"[0-{n_alts}.][/|][0-{n_alts}.]"]
        for key in keys[1:]:
            field = self._fields.get(key)
            pattern = value(field, n_alts, (n_alts + 1) * (n_alts + 2) // 2) if field else r"[^\s:]+"
            if pattern is None:
                return None
            parts.append(pattern)
        return re.compile(":".join(parts))
