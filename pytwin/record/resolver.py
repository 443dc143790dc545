"""Resolver: codes, names and units of a terminology, each distinct one worked out once.

Readers call it for every event, so a call that was made before costs one look-up in a dictionary.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pytwin.record.analytes import Analyte
from pytwin.record.drugs import Drug
from pytwin.record.systems import system_name
from pytwin.record.terminology import Terminology, plain, tight
from pytwin.units import Conversion, UnitError, conversion, likely, resolve

_KEPT = 1 << 16  # distinct keys that are remembered; names may be free text without end
_WORD = re.compile(r"[a-z][a-z0-9'.-]*")
_LONGEST = 300  # characters of a drug's name
_SAME = Conversion(Fraction(1), Fraction(0))
_INFINITE = float("inf")
# how sources write that there is no unit (newtons per ampere are never meant)
_NO_UNIT = frozenset(("", "n/a", "na", "none", "null", "unk", "unknown", "-", "--"))
_NOTE = re.compile(r"\{[^}]*\}")

K = TypeVar("K")
V = TypeVar("V")


class Resolved(NamedTuple):
    """A value in its canonical unit; ``reason`` says why it is not usable, ``change`` what was done."""

    value: float
    unit: str
    usable: bool
    reason: str
    change: str


class UnitRule:
    """What is to be done with the values of one analyte in one unit as written.

    Attributes
    ----------
    unit : str
        The canonical unit, or the unit as found where ``reason`` is not empty.
    conversion : Conversion or None
        None where the value stays as it is.
    low, high : float
        Values outside are ``value.implausible``.
    reason, change : str
    """

    __slots__ = ("change", "conversion", "high", "low", "reason", "unit")

    def __init__(
        self,
        unit: str,
        way: Conversion = _SAME,
        reason: str = "",
        written: str = "",
        of: Analyte | None = None,
    ) -> None:
        self.unit = unit
        self.conversion = None if way == _SAME else way
        self.reason = reason
        self.change = f"unit:{written}->{unit}" if self.conversion else ""
        self.low, self.high = (of.low, of.high) if of and not reason else (-_INFINITE, _INFINITE)

    def apply(self, value: float) -> Resolved:
        """One value. A value beyond the limits is flagged and not called changed."""
        if self.conversion is not None:
            value = self.conversion.apply(value)
        if self.reason:
            return Resolved(value, self.unit, False, self.reason, self.change)
        if self.low <= value <= self.high:
            return Resolved(value, self.unit, True, "", self.change)
        return Resolved(value, self.unit, False, "value.implausible", self.change)

    def apply_all(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Many values, to the bit as ``apply`` does; and which of them are usable (NaN is not)."""
        if self.conversion is not None:
            distinct, where = np.unique(values, return_inverse=True)
            turned = [self.conversion.apply(value) for value in distinct.tolist()]
            values = np.array(turned, dtype=np.float64)[where].reshape(values.shape)
        if self.reason:
            return values, np.zeros(values.shape, dtype=np.bool_)
        return values, (self.low <= values) & (values <= self.high)


def _keep(cache: dict[K, V], key: K, value: V) -> V:
    if len(cache) >= _KEPT:
        cache.clear()
    cache[key] = value
    return value


class Resolver:
    """Finds what codes, names and units mean.

    Parameters
    ----------
    terminology : Terminology, optional
        The built-in tables where left out.

    Examples
    --------
    >>> resolver = Resolver()
    >>> creatinine = resolver.analyte("LOINC", "2160-0")
    >>> resolver.quantity(creatinine, 88.42, "umol/L").unit
    'mg/dL'
    """

    def __init__(self, terminology: Terminology | None = None) -> None:
        self.terminology = terms = terminology or Terminology()
        analytes, drugs = terms.analytes.values(), terms.drugs.values()
        self._by_loinc = {code: a for a in analytes for code in a.loinc}
        self._by_code = {pair: a for a in analytes for pair in a.codes}
        self._by_name = {name: a for a in analytes for name in (plain(a.name), *a.names)}
        self._by_rxnorm = {code: drug for drug in drugs for code in drug.rxnorm}
        self._by_atc = {code: drug for drug in drugs for code in drug.atc}
        self._by_drug = {name: drug for drug in drugs for name in (drug.name.lower(), *drug.names)}
        self._analytes: dict[tuple[str, str, str], Analyte | None] = {}
        self._drugs: dict[tuple[str, str, str], Drug | None] = {}
        self._rules: dict[tuple[str, str, str], UnitRule] = {}

    def analyte(self, system: str, code: str, name: str = "") -> Analyte | None:
        """The analyte of a LOINC code or canonical name, or of a local code or name.

        A name counts only where no code of a standard system contradicts it.

        Parameters
        ----------
        system : str
            Short name of the code system, or its URI; ``local`` or empty for a local code.
        code, name : str
        """
        key = (system, code, name)
        try:
            return self._analytes[key]
        except KeyError:
            return _keep(self._analytes, key, self._find_analyte(system_name(system), code, name))

    def _find_analyte(self, system: str, code: str, name: str) -> Analyte | None:
        stated = self.terminology.codes.get((system, code)) if code else None
        if stated:
            return self.terminology.analytes.get(stated)
        if system == "LOINC":
            return self._by_loinc.get(code)
        if (system, code) in self._by_code:
            return self._by_code[system, code]
        if system == "local" and (self.terminology.home, code) in self._by_code:
            return self._by_code[self.terminology.home, code]
        if system != "local" and not system.startswith(("http", "urn")):
            return None
        for text in (code, name):
            found = self._by_loinc.get(text) or self._by_name.get(plain(text))
            if found:
                return found
        return None

    def drug(self, system: str, code: str, name: str = "") -> Drug | None:
        """The drug of an RxNorm or ATC code, else of a name that contains its name."""
        key = (system, code, name)
        try:
            return self._drugs[key]
        except KeyError:
            return _keep(self._drugs, key, self._find_drug(system_name(system), code, name))

    def _find_drug(self, system: str, code: str, name: str) -> Drug | None:
        stated = self.terminology.codes.get((system, code)) if code else None
        if stated:
            return self.terminology.drugs.get(stated)
        table = {"RxNorm": self._by_rxnorm, "ATC": self._by_atc}.get(system, {})
        if code in table:
            return table[code]
        text = name.lower()[:_LONGEST].strip()
        if text in self._by_drug:
            return self._by_drug[text]
        found = self._drugs_in(_WORD.findall(text))
        insulins = {drug.name for drug in found if "insulin" in drug.classes}
        return None if len(insulins) > 1 else next(iter(found), None)  # a premixed insulin is neither

    def _drugs_in(self, words: list[str]) -> list[Drug]:
        """The drugs that a text names, in order; the longest name at a place counts."""
        found = []
        at = 0
        while at < len(words):
            for length in (3, 2, 1):
                drug = self._by_drug.get(" ".join(words[at : at + length]))
                if drug:
                    found.append(drug)
                    at += length - 1
                    break
            at += 1
        return found

    def unit(self, text: str, analyte: Analyte | None = None) -> str:
        """UCUM code of a unit as written, of what the analyte is measured in where one is given.

        Raises
        ------
        UnitError
            ``unit.unknown``.
        """
        own, key = self.terminology.units, tight(text)
        stated = own.get(("", key))
        if analyte is None:
            return stated or resolve(text)
        stated = own.get((analyte.name, key)) or stated or dict(analyte.spellings).get(key)
        return stated or resolve(text, analyte.unit, analyte.substance)

    def dose_unit(self, text: str, target: str) -> str:
        """UCUM code of the unit of a dose as written; ``target`` is the one that is wanted.

        Raises
        ------
        UnitError
            ``unit.unknown``.
        """
        return self.terminology.units.get(("", tight(text))) or resolve(text, target)

    def rule(self, analyte: Analyte | None, unit: str, ucum: str = "") -> UnitRule:
        """What is to be done with values of an analyte in a unit; see ``quantity``."""
        key = (analyte.name if analyte else "", unit, ucum)
        try:
            return self._rules[key]
        except KeyError:
            found = self._rule(analyte, ucum or unit)
            if found.reason and ucum and unit and unit != ucum:
                second = self._rule(analyte, unit)
                found = found if second.reason else second
            return _keep(self._rules, key, found)

    def _rule(self, analyte: Analyte | None, unit: str) -> UnitRule:
        written = "" if tight(unit) in _NO_UNIT else unit.strip()
        if not written:
            if analyte is None:
                return UnitRule("")
            unit, missing = (analyte.unit, "") if analyte.blank else ("", "unit.missing")
            return UnitRule(unit, reason=missing, of=analyte)
        try:
            code = self.unit(written, analyte)
        except UnitError as error:
            return _likely(written, analyte) or UnitRule(written, reason=error.code)
        if analyte is None:
            return UnitRule(code)
        try:
            return UnitRule(analyte.unit, _way(code, analyte), "", written, analyte)
        except UnitError as error:
            return _likely(written, analyte) or UnitRule(code, reason=error.code)

    def quantity(self, analyte: Analyte | None, value: float, unit: str, ucum: str = "") -> Resolved:
        """Bring a number to the canonical unit of what was measured.

        Parameters
        ----------
        analyte : Analyte or None
            None keeps the value, with its unit in UCUM form.
        value : float
        unit : str
            Unit as written; may be empty.
        ucum : str, optional
            UCUM code that the source gives beside the written unit; it is tried first.

        Returns
        -------
        Resolved
            ``reason`` is ``unit.missing``, ``unit.unknown``, ``unit.wrong``, ``unit.uncertain``
            (the unit could mean something else than what is likely; the value is what is likely) or
            ``value.implausible`` where the value is not usable.
        """
        return self.rule(analyte, unit, ucum).apply(value)


def _likely(written: str, analyte: Analyte | None) -> UnitRule | None:
    """The rule of a spelling that could mean something else: the value is shown, and not usable."""
    code = likely(written, analyte.unit if analyte else None)
    if code is None:
        return None
    if analyte is None:
        return UnitRule(code, reason="unit.uncertain")
    way = conversion(code, analyte.unit, analyte.substance)
    return UnitRule(analyte.unit, way, "unit.uncertain", written, analyte)


def _way(code: str, analyte: Analyte) -> Conversion:
    bare = _NOTE.sub("", code)
    for special, scale, shift in analyte.special:
        if bare == special:
            return Conversion(Fraction(scale), Fraction(shift))
    if analyte.only:
        if code not in analyte.only:
            raise UnitError("unit.wrong", "the unit is not one in which this analyte is given")
        return _SAME
    return conversion(code, analyte.unit, analyte.substance)


DEFAULT = Resolver()
