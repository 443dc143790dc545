"""Fields of INFO and FORMAT: what Number and Type allow, and the reserved keys of the specification.

Source of the reserved keys: The Variant Call Format Specification, versions 4.1 to 4.5, sections
"INFO" and "Genotype fields" (samtools.github.io/hts-specs), in the reading of the EBI validator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

Version = tuple[int, int]


class Field(NamedTuple):
    """Number and Type of a key; None where the specification leaves one open."""

    number: str | None
    type: str | None


_COUNT, _COUNTS = Field("1", "Integer"), Field("R", "Integer")
_FLAG = Field("0", "Flag")

_INFO = {
    "AA": Field("1", "String"), "AC": Field("A", "Integer"), "AF": Field("A", "Float"), "AN": _COUNT,
    "BQ": Field("1", "Float"), "CIGAR": Field("A", "String"), "DB": _FLAG, "DP": _COUNT, "END": _COUNT,
    "H2": _FLAG, "H3": _FLAG, "MQ": Field("1", None), "MQ0": _COUNT, "NS": _COUNT, "SOMATIC": _FLAG,
    "VALIDATED": _FLAG, "1000G": _FLAG,
}  # fmt: skip
_FORMAT = {
    "DP": _COUNT, "EC": Field("A", "Integer"), "FT": Field("1", "String"), "GL": Field("G", "Float"),
    "GP": Field("G", "Float"), "GQ": _COUNT, "GT": Field("1", "String"), "HQ": Field("2", "Integer"),
    "MQ": _COUNT, "PL": Field("G", "Integer"), "PQ": _COUNT, "PS": _COUNT,
}  # fmt: skip
_DEPTHS = {"AD": _COUNTS, "ADF": _COUNTS, "ADR": _COUNTS}

NOT_NEGATIVE = frozenset({"AC", "AF", "AN", "BQ", "DP", "END", "MQ", "MQ0", "NS", "AD", "ADF", "ADR", "GQ"})
"""Reserved keys that count or measure something: no value is below zero."""

TYPES = {
    "INFO": frozenset({"Integer", "Float", "Flag", "Character", "String"}),
    "FORMAT": frozenset({"Integer", "Float", "Character", "String"}),
}

LOWEST, HIGHEST = -(2**31) + 8, 2**31 - 1
"""Integers that a VCF may hold since 4.3: 32 bits without eight reserved values (section 1.3)."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf|infinity|nan)", re.IGNORECASE
)
_CIGAR = re.compile(r"(?:[0-9]+[MIDNSHPX=])+")


_COUNTS_FAST = re.compile(r"[0-9]{1,9}(?:,[0-9]{1,9})*")
_FLOATS_FAST = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?(?:,[0-9]{1,15}(?:\.[0-9]{1,15})?)*")
_FAST = {"Integer": _COUNTS_FAST, "Float": _FLOATS_FAST}


def surely_right(field: Field, text: str, n_alts: int, genotypes: int | None) -> bool:
    """Whether a value is plain numbers, as many as asked for; False says nothing."""
    pattern = _FAST.get(field.type or "")
    if pattern is None or not pattern.fullmatch(text):
        return False
    count = expected_count(field.number, n_alts, genotypes)
    return count is None or text.count(",") + 1 == count


@lru_cache(maxsize=16)
def reserved(column: str, version: Version) -> Mapping[str, Field]:
    """Reserved keys of ``INFO`` or ``FORMAT`` in a version."""
    keys = dict(_INFO if column == "INFO" else _FORMAT)
    if version >= (4, 3):
        keys |= _DEPTHS
    return keys


def number_allowed(number: str, version: Version) -> bool:
    """Whether a header may give this Number."""
    letters = {"A", "G", "."}
    letters |= {"R"} if version >= (4, 2) else set()
    letters |= {"P"} if version >= (4, 4) else set()
    letters |= {"LA", "LR", "LG", "M"} if version >= (4, 5) else set()
    return number in letters or (number.isascii() and number.isdigit() and len(number) < 10)


def expected_count(number: str | None, n_alts: int, genotypes: int | None) -> int | None:
    """How many values a Number asks for at a record; None where any count is right.

    A record without ALT may keep the values of an allele that is not written.
    """
    if number == "1":
        return 1
    if n_alts == 0 and number in ("A", "R", "G"):
        return None
    if number == "A":
        return n_alts
    if number == "R":
        return n_alts + 1
    if number == "G":
        return genotypes
    return int(number) if number is not None and number.isdigit() else None


def _integer(text: str, version: Version) -> str:
    if not _INTEGER.fullmatch(text):
        return "is not a whole number"
    digits = text.lstrip("+-").lstrip("0")
    if version < (4, 3) or len(digits) < 10:
        return ""
    outside = len(digits) > 10 or not LOWEST <= int(text) <= HIGHEST
    return "is outside the numbers that fit, or one of the reserved ones" if outside else ""


def type_fault(key: str, text: str, kind: str | None, version: Version) -> str:
    """Why one value is not of its Type, or an empty text; a dot is missing and always right."""
    if text == "." or kind is None:
        return ""
    fault = ""
    if kind == "Integer":
        fault = _integer(text, version)
    elif kind == "Float" and not _FLOAT.fullmatch(text):
        fault = "is not a number"
    elif kind == "Character" and len(text) != 1:
        fault = "is not one character"
    elif key == "CIGAR" and not _CIGAR.fullmatch(text):
        fault = "is not a CIGAR string"
    if not fault and text[0] == "-" and key in NOT_NEGATIVE and kind in ("Integer", "Float"):
        fault = "is below zero"
    return fault
