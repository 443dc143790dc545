"""The UCUM atoms, in the project's own form, written down from the UCUM specification (version 2.0.1).

Each line of ``atoms.tsv`` is ``code metric definition clinical``: ``metric`` is 1 where prefixes are
allowed; a definition of ``*`` makes the atom a dimension of its own; ``clinical`` is 1 where a
record may mean it (a spelling such as ``u`` or ``st`` in a record is no atomic mass and no stere).
Three departures from UCUM, all stricter: the mole, the equivalent and the osmole are dimensions of
their own (UCUM calls them numbers), so that a change between amounts of different things needs an
analyte; so are the fields of a microscope ``[HPF]`` and ``[LPF]``; and each arbitrary unit (``[IU]``)
and each scale that is not linear (``[pH]``, ``B[SPL]``) converts to itself alone.
"""

from __future__ import annotations

from fractions import Fraction
from importlib.resources import files
from typing import NamedTuple

PREFIXES: dict[str, Fraction] = {
    name: Fraction(10) ** power
    for name, power in {
        "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
        "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
    }.items()
} | {"Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40)}  # fmt: skip


class Atom(NamedTuple):
    """One line of the table: whether prefixes are allowed, its definition, whether records use it."""

    metric: bool
    definition: str
    clinical: bool


def _read() -> dict[str, Atom]:
    text = files(__package__).joinpath("atoms.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {code: Atom(metric == "1", what, clinical == "1") for code, metric, what, clinical in rows}


ATOMS: dict[str, Atom] = _read()

# UCUM table 1; more digits than a double holds.
CONSTANTS: dict[str, Fraction] = {"[pi]": Fraction("3.14159265358979323846264338327950288")}

# Scales with an offset: kelvin = (value + shift) * scale. Source: UCUM section 3.5, SI Brochure 2.3.1.
TEMPERATURES: dict[str, tuple[Fraction, Fraction]] = {
    "Cel": (Fraction(27315, 100), Fraction(1)),
    "[degF]": (Fraction(45967, 100), Fraction(5, 9)),
    "K": (Fraction(0), Fraction(1)),
    "[degR]": (Fraction(0), Fraction(5, 9)),
    "[degRe]": (Fraction(27315 * 4, 500), Fraction(5, 4)),
}

# What is given on a scale that is not linear (UCUM sections 3.4 and 3.5), apart from temperatures.
SPECIAL = frozenset(
    ("[pH]", "Np", "B", "B[SPL]", "B[V]", "B[mV]", "B[uV]", "B[10.nV]", "B[W]", "B[kW]", "bit_s", "%[slope]",
     "[p'diop]", "[hp'_X]", "[hp'_C]", "[hp'_M]", "[hp'_Q]", "[m/s2/Hz^(1/2)]")
)  # fmt: skip
