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

_UNIVALENT = Substance(charge=1)
_CHOLESTEROL = Substance(386.66)
_BILIRUBIN = Substance(584.67)
_CREATININE = Substance(113.12)
_GLUCOSE = Substance(180.156)
_IRON = Substance(55.845)

SUBSTANCES: dict[str, Substance] = {
    "albumin": Substance(66_500.0),  # rounded, as usual in clinical tables
    "aldosterone": Substance(360.44),
    "alkaline phosphatase": _ENZYME,
    "ALT": _ENZYME,
    "amikacin level": Substance(585.60),
    "amiodarone level": Substance(645.31),
    "ammonia": Substance(17.031),
    "amylase": _ENZYME,
    "anion gap": _UNIVALENT,  # a sum of charges: mmol/L and meq/L are used for the same number
    "arterial bicarbonate": Substance(61.016, 1),
    "AST": _ENZYME,
    "base deficit": _UNIVALENT,
    "base excess": _UNIVALENT,
    "bicarbonate": Substance(61.016, 1),
    "bilirubin": _BILIRUBIN,
    "calcium": Substance(40.078, 2),
    "carbamazepine level": Substance(236.27),
    "chloride": Substance(35.45, 1),
    "cholesterol": _CHOLESTEROL,
    "cholesterol in HDL": _CHOLESTEROL,
    "cholesterol in LDL": _CHOLESTEROL,
    "cholesterol not in HDL": _CHOLESTEROL,
    "ciclosporin level": Substance(1202.61),
    "cortisol": Substance(362.46),
    "C-peptide": Substance(3020.3),
    "creatine kinase": _ENZYME,
    "creatinine": _CREATININE,
    "digoxin level": Substance(780.94),
    "direct bilirubin": _BILIRUBIN,
    "ethanol": Substance(46.07),
    "folate": Substance(441.40),
    "free thyroxine": Substance(776.87),
    "free triiodothyronine": Substance(650.97),
    "gamma-glutamyl transferase": _ENZYME,
    "glucose": _GLUCOSE,
    # per mole of haem, one quarter of the tetramer: the convention behind mmol/L
    "haemoglobin": Substance(16_114.5),
    "interstitial glucose": _GLUCOSE,
    "ionized calcium": Substance(40.078, 2),
    "iron": _IRON,
    "iron binding capacity": _IRON,
    "ketones": Substance(104.10),  # as 3-hydroxybutyric acid
    "lactate": Substance(89.07, 1),
    "lactate dehydrogenase": _ENZYME,
    "lipase": _ENZYME,
    "lithium level": Substance(6.94, 1),
    "magnesium": Substance(24.305, 2),
    "paracetamol level": Substance(151.16),
    "parathyrin": Substance(9424.6),  # the intact hormone of 84 amino acids
    "phenobarbital level": Substance(232.24),
    "phenytoin level": Substance(252.27),
    "phosphate": Substance(30.974),  # reported as phosphorus
    "potassium": Substance(39.098, 1),
    "salicylate level": Substance(138.12),  # as salicylic acid
    "sodium": Substance(22.990, 1),
    "tacrolimus level": Substance(804.02),
    "theophylline level": Substance(180.16),
    "thyroxine": Substance(776.87),
    "tobramycin level": Substance(467.52),
    "triglycerides": Substance(885.4),  # as triolein, the convention behind mmol/L
    "triiodothyronine": Substance(650.97),
    "urea": Substance(60.056),
    "urea nitrogen": Substance(28.014),  # two nitrogens per molecule of urea
    "uric acid": Substance(168.11),
    "urine creatinine": _CREATININE,
    "urine potassium": Substance(39.098, 1),
    "urine sodium": Substance(22.990, 1),
    "valproate level": Substance(144.21),
    "vancomycin level": Substance(1449.27),
    "vitamin B12": Substance(1355.37),  # as cyanocobalamin
    "vitamin D": Substance(400.64),  # as 25-hydroxycolecalciferol
    "warfarin": Substance(308.33),
}
