"""Drugs: RxNorm and ATC codes, names, and what they do to warfarin; ``drugs.tsv``, one a line.

RxNorm is a publication of the U.S. National Library of Medicine. Codes marked ``CPIC`` in the
column ``traced`` were compared with the drug table of CPIC's database (cpic-schema, drug.sql);
the others (``Drug.untraced``) were written from memory and could not be compared with a release.
A name in the same coding decides where both are given. ATC codes are single codes (WHOCC), not the
classification.

Classes follow the FDA table of substrates, inhibitors and inducers (CYP2C9), the warfarin
label (section 7), and Holbrook 2005 (Arch Intern Med 165:1095).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Drug:
    """An active ingredient.

    Attributes
    ----------
    name : str
        International non-proprietary name.
    rxnorm : tuple of str
        Codes of the ingredient, its salts and of products with it alone.
    atc : tuple of str
        ATC codes.
    names : tuple of str
        Other names and brands, lower case.
    classes : tuple of str
        ``cyp2c9 inhibitor``, ``cyp inducer``, ``antiplatelet``, ``nsaid``, ``anticoagulant`` ...
    untraced : bool
        The RxNorm codes were compared with no published table.
    """

    name: str
    rxnorm: tuple[str, ...]
    atc: tuple[str, ...]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    untraced: bool = True

    def joined(self, other: Drug) -> Drug:
        """This drug with the codes, names and classes of another one added."""
        return replace(
            self,
            rxnorm=tuple(dict.fromkeys(self.rxnorm + other.rxnorm)),
            atc=tuple(dict.fromkeys(self.atc + other.atc)),
            names=tuple(dict.fromkeys(self.names + other.names)),
            classes=tuple(dict.fromkeys(self.classes + other.classes)),
        )


# Warfarin 11289, its sodium salt 114194; tablets of one strength. 855332 (5 mg) was compared with
# a published FHIR test; the rest are untraced, so strengths are read from the product's name.
_WARFARIN = Drug(
    "warfarin",
    (
        "11289",
        "114194",
        "855288",
        "855296",
        "855302",
        "855312",
        "855318",
        "855324",
        "855332",
        "855338",
        "855344",
    ),
    ("B01AA03",),
    ("warfarin sodium", "coumadin", "jantoven", "marevan", "warfarin potassium"),
    ("anticoagulant",),
)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _read() -> list[Drug]:
    text = files(__package__).joinpath("drugs.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return [
        Drug(
            row["name"],
            _list(row["rxnorm"]),
            _list(row["atc"]),
            _list(row["names"]),
            _list(row["classes"]),
            untraced=not row["traced"],
        )
        for row in rows
    ]


DRUGS: dict[str, Drug] = {drug.name: drug for drug in [_WARFARIN, *_read()]}

# Strength of products whose code was compared with a published source: code -> mg per tablet.
STRENGTHS: dict[str, float] = {"855332": 5.0}
