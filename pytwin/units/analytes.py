"""What a conversion needs to know of a substance: molar mass, charge, enzyme or not.

Molar masses follow from the IUPAC standard atomic weights (abridged, 2021) and the
molecular formula; conventions that laboratories share are noted at the line.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Substance:
    """A measured substance.

    Attributes
    ----------
    molar_mass : float or None
        g/mol; None where no single molecule is meant.
    charge : int or None
        Elementary charges for equivalents: 1 mol = ``charge`` eq.
    enzyme : bool
        International units of catalytic activity equal umol/min (IUB 1964), so that
        ``[IU]/L`` and ``U/L`` are the same for it.
    """

    molar_mass: float | None = None
    charge: int | None = None
    enzyme: bool = False


_ENZYME = Substance(enzyme=True)

SUBSTANCES: dict[str, Substance] = {
    "albumin": Substance(66_500.0),  # rounded, as usual in clinical tables
    "alkaline phosphatase": _ENZYME,
    "ALT": _ENZYME,
    "ammonia": Substance(17.031),
    "amylase": _ENZYME,
    "AST": _ENZYME,
    "bicarbonate": Substance(61.016, 1),
    "bilirubin": Substance(584.67),
    "calcium": Substance(40.078, 2),
    "chloride": Substance(35.45, 1),
    "cholesterol": Substance(386.66),
    "cholesterol in HDL": Substance(386.66),
    "cholesterol in LDL": Substance(386.66),
    "creatine kinase": _ENZYME,
    "creatinine": Substance(113.12),
    "direct bilirubin": Substance(584.67),
    "gamma-glutamyl transferase": _ENZYME,
    "glucose": Substance(180.156),
    # per mole of haem, one quarter of the tetramer: the convention behind mmol/L
    "haemoglobin": Substance(16_114.5),
    "iron": Substance(55.845),
    "lactate": Substance(89.07, 1),
    "lactate dehydrogenase": _ENZYME,
    "lipase": _ENZYME,
    "magnesium": Substance(24.305, 2),
    "phosphate": Substance(30.974),  # reported as phosphorus
    "potassium": Substance(39.098, 1),
    "sodium": Substance(22.990, 1),
    "triglycerides": Substance(885.4),  # as triolein, the convention behind mmol/L
    "urea": Substance(60.056),
    "urea nitrogen": Substance(28.014),  # two nitrogens per molecule of urea
    "uric acid": Substance(168.11),
    "warfarin": Substance(308.33),
}
