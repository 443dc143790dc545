"""Conditions that a therapy asks for: single SNOMED CT concepts and ICD-10 stems, each cited by name.

SNOMED CT is not shipped; these single concepts are what warfarin's limits need. A condition
with another code keeps that code and the name that its source gives it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConditionCode:
    """A condition with the codes that mean it.

    Attributes
    ----------
    name : str
        Canonical name.
    snomed : tuple of str
        SNOMED CT concept identifiers.
    icd10 : tuple of str
        Stems of ICD-10 codes; a code that starts with one belongs to the condition.
    """

    name: str
    snomed: tuple[str, ...]
    icd10: tuple[str, ...]


CONDITIONS: dict[str, ConditionCode] = {
    condition.name: condition
    for condition in (
        # 77386006 Pregnant (finding); 72892002 Normal pregnancy (finding)
        ConditionCode("pregnancy", ("77386006", "72892002"), ("Z33", "Z34", "O0", "O1", "O2", "O30", "O31")),
        # 131148009 Bleeding; 74474003 Gastrointestinal hemorrhage; 8765009 Hematemesis; 2901004 Melena;
        # 34436003 Blood in urine; 66857006 Hemoptysis; K92.0-K92.2, R58, R04.2, R31
        ConditionCode(
            "bleeding",
            ("131148009", "74474003", "8765009", "2901004", "34436003", "66857006"),
            ("K92.0", "K92.1", "K92.2", "R58", "R04.2", "R31"),
        ),
        # 1386000 Intracranial hemorrhage; 274100004 Cerebral hemorrhage; 21454007 Subarachnoid
        # intracranial hemorrhage; 230706003 Hemorrhagic cerebral infarction; I60-I62
        ConditionCode(
            "intracranial bleeding",
            ("1386000", "274100004", "21454007", "230706003"),
            ("I60", "I61", "I62"),
        ),
        # 19943007 Cirrhosis of liver; K70.3, K74
        ConditionCode("liver cirrhosis", ("19943007",), ("K70.3", "K74")),
        # 49436004 Atrial fibrillation; I48
        ConditionCode("atrial fibrillation", ("49436004",), ("I48",)),
        # 128053003 Deep venous thrombosis; I82
        ConditionCode("deep vein thrombosis", ("128053003",), ("I82",)),
        # 59282003 Pulmonary embolism; I26
        ConditionCode("pulmonary embolism", ("59282003",), ("I26",)),
    )
}

FAMILY_HISTORY_STEM = "family history"
# 716186003 No known allergy; 409137002 No known drug allergy; 716184000 No known latex allergy
NO_KNOWN_ALLERGY = frozenset({"716186003", "409137002", "716184000"})
