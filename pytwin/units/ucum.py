"""Parsing of UCUM codes (case-sensitive form) to a factor and a dimension."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from pytwin.errors import InputError
from pytwin.units.atoms import ATOMS, CONSTANTS, PREFIXES

_LONGEST = 100  # characters; the longest UCUM code in use has about 40
_EXPONENT = re.compile(r"[+-]?\d{1,2}$")
_POWER_OF_TEN = re.compile(r"10[*^]([+-]?\d{1,2})?$")
_INTEGER = re.compile(r"\d{1,15}$")


class UnitError(InputError):
    """A unit cannot be read or does not fit; ``code`` says which of the two."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a multiple of base units.

    Attributes
    ----------
    factor : fractions.Fraction
        Exact multiple of the base units.
    dims : tuple of (str, int)
        Base units with their powers, sorted.
    notes : tuple of str
        The annotations in curly braces; they have no dimension but may carry meaning.
    """

    factor: Fraction
    dims: tuple[tuple[str, int], ...]
    notes: tuple[str, ...] = ()


def _unknown() -> UnitError:
    return UnitError("unit.unknown", "the unit is not a UCUM code that pytwin knows")


def _combine(left: Unit, right: Unit, power: int) -> Unit:
    dims = Counter(dict(left.dims))
    for name, exponent in right.dims:
        dims[name] += exponent * power
    kept = tuple(sorted((n, e) for n, e in dims.items() if e))
    return Unit(left.factor * right.factor**power, kept, left.notes + right.notes)


_ONE = Unit(Fraction(1), ())


@lru_cache(maxsize=4096)
def _atom(code: str) -> Unit:
    if code in CONSTANTS:
        return Unit(CONSTANTS[code], ())
    if code in ATOMS:
        definition = ATOMS[code].definition
        return Unit(Fraction(1), ((code, 1),)) if definition == "*" else parse(definition)
    for length in (1, 2):
        prefix, rest = code[:length], code[length:]
        if prefix in PREFIXES and rest in ATOMS and ATOMS[rest].metric:
            base = _atom(rest)
            return Unit(base.factor * PREFIXES[prefix], base.dims)
    raise _unknown()


_TOKEN = re.compile(r"\{[^}]*\}|((?:\[[^\]]*\]|[^./(){}\[\]])+)")


@lru_cache(maxsize=4096)
def is_clinical(code: str) -> bool:
    """Whether a UCUM code is made of atoms that a record may mean."""
    for token in filter(None, _TOKEN.findall(code)):
        rest = token if token in ATOMS else _EXPONENT.sub("", token)
        names = [rest, *(rest[n:] for n in (1, 2) if rest[:n] in PREFIXES)]
        atom = next((ATOMS[name] for name in names if name in ATOMS), None)
        if atom is not None and not atom.clinical:
            return False
    return True


def _simple(token: str) -> Unit:
    """A number, a power of ten, or an atom with prefix and exponent."""
    if ten := _POWER_OF_TEN.match(token):
        return Unit(Fraction(10) ** int(ten[1] or 1), ())
    if _INTEGER.match(token) and int(token):
        return Unit(Fraction(int(token)), ())
    if token in ATOMS:
        return _atom(token)
    exponent = _EXPONENT.search(token)
    if not exponent:
        return _atom(token)
    return _combine(_ONE, _atom(token[: exponent.start()]), int(exponent[0]))


class _Scanner:
    """Reads one code from left to right; positions only move forward."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def note(self) -> Unit:
        end = self.text.find("}", self.at)
        if end < 0:
            raise _unknown()
        name = self.text[self.at + 1 : end]
        self.at = end + 1
        return Unit(Fraction(1), (), (name,))

    def token(self) -> Unit:
        start, inside = self.at, False
        while (c := self.peek()) and (inside or c not in "./(){}"):
            inside = c == "[" or (inside and c != "]")
            self.at += 1
        return _simple(self.text[start : self.at])

    def component(self) -> Unit:
        if self.peek() == "(":
            self.at += 1
            unit = self.term()
            if self.peek() != ")":
                raise _unknown()
            self.at += 1
        elif self.peek() == "{":
            return self.note()
        else:
            unit = self.token()
        return _combine(unit, self.note(), 1) if self.peek() == "{" else unit

    def term(self) -> Unit:
        unit, power = _ONE, 1
        if self.peek() == "/":
            self.at, power = self.at + 1, -1
        while True:
            unit = _combine(unit, self.component(), power)
            if self.peek() not in (".", "/") or not self.peek():
                return unit
            power = -1 if self.peek() == "/" else 1
            self.at += 1


@lru_cache(maxsize=4096)
def parse(code: str) -> Unit:
    """Read a UCUM code.

    Parameters
    ----------
    code : str
        Case-sensitive UCUM code such as ``"mg/dL"``, ``"10*3/uL"`` or ``"{INR}"``.

    Returns
    -------
    Unit

    Raises
    ------
    UnitError
        ``unit.unknown`` where the code is not valid or not among the atoms of ``atoms.py``.
    """
    if not 0 < len(code) <= _LONGEST:
        raise _unknown()
    scanner = _Scanner(code)
    unit = scanner.term()
    if scanner.at != len(code):
        raise _unknown()
    return unit
