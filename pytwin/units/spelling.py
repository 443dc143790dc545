"""Hospital spellings of units, turned into UCUM codes.

The tables are the project's own, made from spellings met in laboratory systems. A spelling
that could mean two things is left out: it is refused with a reason, never guessed.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

from pytwin.units.analytes import Substance
from pytwin.units.convert import commensurable
from pytwin.units.ucum import UnitError, is_clinical, parse

_SIGNS = str.maketrans(
    {"\u00b5": "u", "\u03bc": "u", "\u00b2": "2", "\u00b3": "3", "\u00b0": "deg", "\u00a0": " ",
     "\u200b": "", "\u2126": "Ohm", "\u03a9": "Ohm", "\u00d7": "x", "\u2044": "/", "\u2215": "/",
     "\u2103": "degC", "\u2109": "degF"}
)  # fmt: skip

# One word of a unit, lower case -> UCUM atom with prefix.
_WORDS = {
    word: code
    for code, words in {
        "kg": "kg kgs kilogram kilograms kilo kilos",
        "g": "g gm gms gr gram grams",
        "mg": "mg mgs mgm milligram milligrams",
        "ug": "ug mcg mcgs microgram micrograms",
        "ng": "ng nanogram nanograms",
        "pg": "pg uug picogram picograms",
        "L": "l ltr liter litre liters litres",
        "dL": "dl deciliter decilitre",
        "mL": "ml mls cc milliliter millilitre milliliters",
        "uL": "ul mcl cmm cumm mm3 mmcu mm^3 mm*3 microliter",
        "fL": "fl femtoliter",
        "mol": "mol mole moles",
        "mmol": "mmol mmols mmole mmoles",
        "umol": "umol mcmol umols",
        "nmol": "nmol",
        "pmol": "pmol",
        "meq": "meq meqs",
        "mosm": "mosm mosmol",
        "U": "u unit units unit(s)",
        "mU": "mu",
        "uU": "uu mcu mcunit mcunits microunits",
        "kU": "ku",
        "[IU]": "iu [iu] iunit iunits",
        "m[IU]": "miu",
        "u[IU]": "uiu mciu microiu",
        "k[IU]": "kiu",
        "kat": "kat",
        "ukat": "ukat mckat",
        "nkat": "nkat",
        "s": "s sec secs second seconds second(s) sec.",
        "min": "min mins minute minutes",
        "h": "h hr hr. hrs hour hours",
        "d": "d day days 24h 24hr",
        "wk": "wk week weeks",
        "mo": "mo month months",
        "a": "yr yrs year years",
        "cm": "cm centimeter centimeters",
        "mm": "mm millimeter",
        "m": "m meter metre meters",
        "m2": "m2 sqm m^2",
        "[in_i]": "in inch inches [in_us] in.",
        "[ft_i]": "ft foot feet",
        "[mi_i]": "mile miles",
        "[lb_av]": "lb lbs pound pounds lb_av",
        "[oz_av]": "oz ounce ounces",
        "kPa": "kpa",
        "[HPF]": "hpf",
        "[LPF]": "lpf",
        "%": "%",
    }.items()
    for word in words.split()
}

# Whole spellings, lower case without blanks -> UCUM code.
_WHOLE = {
    spelling: code
    for code, spellings in {
        "{INR}": "inr {inr} {inr}. inr(ratio) {inr}units inrunits",
        "{ratio}": "ratio {ratio}",
        "1": "1 nounits nounit unitless",
        "{score}": "{score} score (score) points point",
        "L/min": "lpm l/m",
        "/[HPF]": "/hpf /(hpf) #/hpf cells/hpf",
        "dyn.s.cm-5": "dynes.sec.cm-5 dynes*sec/cm5 dyn.sec.cm-5 dyn*s/cm5 dyn.s/cm5",
        "mL/{beat}": "ml/beat",
        "/[LPF]": "/lpf #/lpf",
        "g%": "g% gm%",
        "ug/mL{FEU}": "ug/mlfeu mcg/mlfeu ug/ml{feu} ug/ml(feu)",
        "ng/mL{FEU}": "ng/mlfeu ng/ml{feu} ng/ml(feu)",
        "mg/L{FEU}": "mg/lfeu mg/l{feu} mg/l(feu)",
        "mm[Hg]": "mmhg mm(hg) mm[hg] torr",
        "cm[H2O]": "cmh2o cm[h2o]",
        "Cel": "degc celsius degreec degreecelsius degreescelsius c. cel degreesc",
        "[degF]": "degf fahrenheit degreef degreefahrenheit degreesfahrenheit f. degreesf [degf]",
        "/min": "count/min counts/min cpm "
        "bpm insp/min beats/min beats/minute breaths/min breaths/minute {beats}/min br/min b/min /min",
        "[pH]": "ph phunits [ph]",
        "%": "%sat. %thb %totalhgb %cv percent %hb pct %sat",
        "mL/dL": "vol% ml/dl",
        "mL/min/{1.73_m2}": "ml/min/1.73m2 ml/min/1.73m*2 ml/min/1.73_m2 ml/min/1.73sqm ml/min/1.73m^2 "
        "ml/min/1.73 ml/min/bsa ml/min/{1.73_m2} ml/min/1.73mm2 ml/min/{1.73m2}",
        "kg/m2": "kg/m2 kg/m^2 kg/sqm kg/m*2",
        "mosm/kg": "mosm/kg mosm/kgh2o mosmol/kg mosm/kgwater",
        "10*9/L": "giga/l giga.l-1 g/l(giga) 10*9/l bil/l billion/l",
        "10*12/L": "tera/l tera.l-1 10*12/l trillion/l",
    }.items()
    for spelling in spellings.split()
}

_THOUSAND = r"(?:k|th|ths|thou|thousand|thousands|x?10[\^*e+(x]{0,2}(?:e|\+)?0?3\)?)"
_MILLION = r"(?:mil|mill|million|millions|mi|m(?=/u|/c|/mm|/mc)|x?10[\^*e+(x]{0,2}(?:e|\+)?0?6\)?)"
_NINE = r"x?10[\^*e+(x]{0,2}(?:e|\+)?0?9\)?"
_TWELVE = r"x?10[\^*e+(x]{0,2}(?:e|\+)?12\)?"
_CELLS = r"(?:cells?|plt|wbc|rbc|#)?"
_VOLUME = r"/?(?:u|mc)l|/?c(?:u)?mm|/?mm3|/?mmcu|/?mm\^3"
_COUNTS = [
    (re.compile(rf"{_THOUSAND}{_CELLS}(?:{_VOLUME})$"), "10*3/uL"),
    (re.compile(rf"{_MILLION}{_CELLS}(?:{_VOLUME})$"), "10*6/uL"),
    (re.compile(rf"{_NINE}{_CELLS}/l$"), "10*9/L"),
    (re.compile(rf"{_TWELVE}{_CELLS}/l$"), "10*12/L"),
    (re.compile(rf"{_CELLS}(?:/ul|/mcl|/cumm|/cmm|/mm3)$"), "/uL"),
]
_LONGEST = 60
# UCUM knows the litre as l and as L; one of the two, so that equal units are equal texts
_SMALL_LITRE = re.compile(r"(?<![A-Za-z])([mcdunpfk]?)l(?![A-Za-z])")
# Spellings that mean something only where it is known what is measured: (target, spelling) -> code.
_IN_CONTEXT = {
    ("Cel", "c"): "Cel",
    ("Cel", "f"): "[degF]",
    ("[pH]", "unit"): "[pH]",
    ("[pH]", "units"): "[pH]",
    ("[pH]", "unit(s)"): "[pH]",
    ("{INR}", "ratio"): "{INR}",
    ("10*3/uL", "g/l"): "10*9/L",
    ("10*6/uL", "t/l"): "10*12/L",
}
# Spellings that do not say enough or could mean something else: (what is wanted, spelling) -> what is
# likely. They are never taken as certain.
_LIKELY = {
    (target, spelling): code
    for target, code, spellings in (
        ("10*3/uL", "10*3/uL", "10 x10 k th thou x10(3) 10(3) x103 x10*3 x10^3 x10e3 10*3 10^3 10e3"),
        ("10*6/uL", "10*6/uL", "10 x10 mil x10(6) 10(6) x106 x10*6 x10^6 x10e6 10*6 10^6 10e6 "
                               "m/ul m/mcl m/mmcu m/mm3 m/cumm m/cmm mi/cumm mi/ul mi/mm3"),
        ("fL", "um3", "u3"),
        ("pg", "pg", "uug"),
        ("g/dL", "g/dL", "%"),
        ("mmol/L", "mmol/L", "mm/l"),
        ("mL/dL", "mL/dL", "%"),
        ("mm[Hg]", "mm[Hg]", "mm/hg"),
        ("cm[H2O]", "cm[H2O]", "cm/h2o cmh20 cmh?o"),
        ("mosm/kg", "mosm/kg", "mosm/k"),
    )
    for spelling in spellings.split()
}  # fmt: skip
# without knowing what is measured, these could be a temperature or an electrical unit
_TWO_MEANINGS = ("c", "f")
# lower case "m" or "mi" for a million: m is milli in UCUM
_SMALL_MILLION = re.compile(r"mi?(?=/)")


def _tidy(text: str) -> str:
    return " ".join(html.unescape(text).translate(_SIGNS).split())


def _by_words(key: str) -> str | None:
    parts = key.split("/")
    codes = [_WORDS.get(part) for part in parts]
    if any(code is None for code in codes):
        return None
    return "/".join(code for code in codes if code)


def _candidates(text: str) -> list[str]:
    """Readings of a spelling, the most certain first."""
    tidy = _tidy(text)
    key = tidy.lower().replace(" ", "")
    found = [_WHOLE[key]] if key in _WHOLE else []
    if not _SMALL_MILLION.match(tidy):
        found += [code for pattern, code in _COUNTS if pattern.match(key)]
    words = _by_words(key)
    found += [words] if words else []
    try:
        parse(tidy)
    except UnitError:
        return found
    if is_clinical(tidy) and key not in _TWO_MEANINGS:
        found.append(_SMALL_LITRE.sub(r"\1L", tidy) if "[" not in tidy and "{" not in tidy else tidy)
    return found


@lru_cache(maxsize=8192)
def resolve(text: str, target: str | None = None, analyte: str | Substance | None = None) -> str:
    """Turn a unit as written into a UCUM code.

    Parameters
    ----------
    text : str
        UCUM code or hospital spelling (``K/MM3``, ``thou/cumm``, ``10E3/mcL``, ``µmol/l``).
    target : str, optional
        UCUM code of what is wanted: a reading that converts to it is preferred.
    analyte : str or Substance, optional
        What is measured, for mass-amount conversions to the target.

    Returns
    -------
    str
        UCUM code.

    Raises
    ------
    UnitError
        ``unit.unknown`` where no reading exists.

    Examples
    --------
    >>> resolve("thou/cumm")
    '10*3/uL'
    """
    found = _candidates(text) if 0 < len(text) <= _LONGEST else []
    if target:
        known = _IN_CONTEXT.get((target, _tidy(text).lower().replace(" ", "")))
        found = [known, *found] if known else found
        found = [code for code in found if commensurable(code, target, analyte)] or found
    if not found:
        raise UnitError("unit.unknown", "the unit cannot be read")
    return found[0]


def likely(text: str, target: str | None = None) -> str | None:
    """What a spelling probably means that does not say enough, or could mean something else.

    Parameters
    ----------
    text : str
        A spelling (``x10 (3)``, ``mm/hg``) for which ``resolve`` has no reading that fits.
    target : str, optional
        UCUM code of the unit in which such values are kept.

    Returns
    -------
    str or None
        UCUM code; None where nothing is likely.
    """
    key = _tidy(text).lower().replace(" ", "") if 0 < len(text) <= _LONGEST else ""
    return _LIKELY.get((target, key)) if target else None
