"""Drugs: RxNorm and ATC codes, names, and what they do to warfarin.

RxNorm is a publication of the U.S. National Library of Medicine. Codes marked ``untraced``
were written from memory of RxNorm and could not be compared with a release here; a name in
the same coding decides where both are given. ATC codes are single codes (WHOCC), not the
classification.

Classes follow the FDA table of substrates, inhibitors and inducers (CYP2C9), the warfarin
label (section 7), and Holbrook 2005 (Arch Intern Med 165:1095).
"""

from __future__ import annotations

from dataclasses import dataclass, replace


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
        The RxNorm codes were not compared with a release of RxNorm.
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


# name | RxNorm | ATC | other names | classes
_TABLE = """
acenocoumarol||B01AA07|acenocumarol|anticoagulant
amiodarone|703|C01BD01|cordarone, pacerone, nexterone|cyp2c9 inhibitor
apixaban|1364430|B01AF02|eliquis|anticoagulant
aprepitant|358255|A04AD12|emend|cyp inducer
aspirin|1191|B01AC06, N02BA01|acetylsalicylic acid, asa|antiplatelet, nsaid
azathioprine|1256|L04AX01||cyp inducer
bosentan|75207|C02KX01|tracleer|cyp inducer
capecitabine|194000|L01BC06|xeloda|cyp2c9 inhibitor
carbamazepine|2002|N03AF01|tegretol|cyp inducer
celecoxib|140587|M01AH01|celebrex|nsaid
clopidogrel|32968|B01AC04|plavix|antiplatelet
dabigatran|1037042|B01AE07|dabigatran etexilate, pradaxa|anticoagulant
diclofenac|3355|M01AB05|voltaren|nsaid
edoxaban|1599538|B01AF03|savaysa, lixiana|anticoagulant
enoxaparin|67108|B01AB05|lovenox, clexane|anticoagulant
fluconazole|4450|J02AC01|diflucan|cyp2c9 inhibitor
fluorouracil|4492|L01BC02|5-fluorouracil|cyp2c9 inhibitor
fluvastatin|41127|C10AA04|lescol|cyp2c9 inhibitor
fluvoxamine|42355|N06AB08||cyp2c9 inhibitor
heparin|5224|B01AB01|heparin sodium|anticoagulant
ibuprofen|5640|M01AE01|advil, motrin|nsaid
metronidazole|6922|J01XD01, P01AB01|flagyl|cyp2c9 inhibitor
miconazole|6932|A01AB09, D01AC02||cyp2c9 inhibitor
naproxen|7258|M01AE02|aleve|nsaid
paracetamol|161|N02BE01|acetaminophen, tylenol|
phenobarbital|8134|N03AA02|phenobarbitone|cyp inducer
phenprocoumon|8150|B01AA04|marcumar|anticoagulant
phenytoin|8183|N03AB02|dilantin|cyp inducer
phytonadione|8308|B02BA01|vitamin k1, phytomenadione, vitamin k|vitamin k
prasugrel|613391|B01AC22|effient|antiplatelet
primidone|8691|N03AA03|mysoline|cyp inducer
rifampicin|9384|J04AB02|rifampin, rifadin|cyp inducer
rifapentine|35617|J04AB05|priftin|cyp inducer
rivaroxaban|1114195|B01AF01|xarelto|anticoagulant
St John's wort|258326|N06AX25|hypericum perforatum, st. john's wort|cyp inducer
sulfamethoxazole|10180, 10831|J01EC01, J01EE01|co-trimoxazole, cotrimoxazole, bactrim, septra|cyp2c9 inhibitor
ticagrelor|1116632|B01AC24|brilinta|antiplatelet
voriconazole|121243|J02AC03|vfend|cyp2c9 inhibitor
"""

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


def _read(table: str) -> list[Drug]:
    drugs = []
    for line in table.strip().splitlines():
        name, rxnorm, atc, names, classes = line.split("|")
        drugs.append(Drug(name, _list(rxnorm), _list(atc), _list(names), _list(classes)))
    return drugs


DRUGS: dict[str, Drug] = {drug.name: drug for drug in [_WARFARIN, *_read(_TABLE)]}

# Strength of products whose code was compared with a published source: code -> mg per tablet.
STRENGTHS: dict[str, float] = {"855332": 5.0}
