"""Laboratory values and measurements: LOINC codes, local names, canonical units, physical limits.

The table is the project's own. LOINC codes are copyright Regenstrief Institute and used
under its licence (see NOTICE). ``low`` and ``high`` are not reference ranges: a value outside
them cannot be of a living patient, or is in another unit; they are the project's choice.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Analyte:
    """Something that is measured.

    Attributes
    ----------
    name : str
        Canonical name.
    unit : str
        Canonical unit, UCUM.
    low, high : float
        What is physically possible, in the canonical unit.
    loinc : tuple of str
        LOINC codes that mean this analyte.
    names : tuple of str
        Local names, lower case.
    accepts : tuple of str
        Where not empty, the only unit spellings that may be meant (lower case): for values
        whose unit is a convention, not a dimension.
    """

    name: str
    unit: str
    low: float
    high: float
    loinc: tuple[str, ...]
    names: tuple[str, ...]
    accepts: tuple[str, ...] = ()


_INR_UNITS = ("", "1", "inr", "{inr}", "ratio", "{ratio}", "{inr}.", "no units", "{inr}units")
_PER_AREA = (
    "ml/min/{1.73_m2}", "ml/min/1.73m2", "ml/min/1.73 m2", "ml/min/1.73m*2", "ml/min/1.73_m2",
    "ml/min/1.73 m\u00b2", "ml/min/1.73m\u00b2", "ml/min/{1.73m2}", "ml/min/1.73 sq m",
)  # fmt: skip

_ROWS: list[tuple[str, str, float, float, str, str]] = [
    # name, unit, low, high, LOINC, local names separated by |
    ("albumin", "g/dL", 0.2, 10, "1751-7 61151-7 61152-5 2862-1 54347-0", "albumin|serum albumin"),
    ("alkaline phosphatase", "U/L", 1, 20000, "6768-6 1783-0", "alkaline phosphatase|alkaline phos.|alp"),
    ("ALT", "U/L", 0, 50000, "1742-6 1743-4 1744-2", "alt|alt (sgpt)|sgpt|alanine aminotransferase|gpt"),
    ("aPTT", "s", 5, 500, "14979-9 3173-2", "aptt|ptt"),
    ("AST", "U/L", 0, 50000, "1920-8 30239-8 88112-8", "ast|ast (sgot)|sgot|aspartate aminotransferase|got"),
    ("bicarbonate", "mmol/L", 1, 80, "1963-8 1959-6 2028-9 20565-8", "bicarbonate|hco3|total co2|co2"),
    ("bilirubin", "mg/dL", 0, 100, "1975-2 14631-6 42719-5", "bilirubin|total bilirubin|tbil"),
    ("body height", "cm", 20, 280, "8302-2 3137-7 3138-5 8306-3 8308-9", "body height|height|height_cm"),
    ("body mass index", "kg/m2", 5, 250, "39156-5", "body mass index|bmi"),
    ("body temperature", "Cel", 10, 47, "8310-5 8331-1", "body temperature|temperature|temp"),
    ("body weight", "kg", 0.2, 700, "29463-7 3141-9 3142-7 8335-2", "body weight|weight|weight_kg|wt"),
    ("C-reactive protein", "mg/L", 0, 1000, "1988-5", "crp|c-reactive protein"),
    ("calcium", "mg/dL", 1, 30, "17861-6 49765-1 2000-8", "calcium"),
    ("chloride", "mmol/L", 40, 180, "2075-0 2069-3", "chloride|cl"),
    ("cholesterol", "mg/dL", 10, 3000, "2093-3 14647-2", "cholesterol|total cholesterol"),
    ("cholesterol in HDL", "mg/dL", 1, 300, "2085-9 14646-4", "hdl|hdl cholesterol"),
    ("cholesterol in LDL", "mg/dL", 1, 2000, "18262-6 13457-7 2089-1", "ldl|ldl cholesterol"),
    (
        "creatinine",
        "mg/dL",
        0.05,
        60,
        "2160-0 38483-4 14682-9 59826-8",
        "creatinine|serum creatinine|s-creatinine|crea|scr",
    ),
    ("diastolic blood pressure", "mm[Hg]", 0, 300, "8462-4", "diastolic blood pressure|dbp"),
    ("direct bilirubin", "mg/dL", 0, 80, "1968-7 14629-0", "direct bilirubin"),
    ("erythrocytes", "10*6/uL", 0.3, 15, "789-8 26453-1", "rbc|erythrocytes|red blood cells"),
    ("fibrinogen", "mg/dL", 5, 3000, "3255-7", "fibrinogen"),
    ("gamma-glutamyl transferase", "U/L", 0, 20000, "2324-2", "ggt|gamma-gt"),
    ("glucose", "mg/dL", 5, 3000, "2345-7 2339-0 14749-6 15074-8 41653-7 1558-6", "glucose|blood glucose|bg"),
    ("haematocrit", "%", 3, 85, "4544-3 20570-8 71833-8", "haematocrit|hematocrit|hct"),
    (
        "haemoglobin",
        "g/dL",
        0.5,
        30,
        "718-7 20509-6 30313-1 30350-3 59260-0",
        "haemoglobin|hemoglobin|hgb|hb",
    ),
    ("haemoglobin A1c", "%", 2, 30, "4548-4 17856-6", "hba1c|haemoglobin a1c|hemoglobin a1c"),
    ("heart rate", "/min", 0, 400, "8867-4", "heart rate|pulse"),
    ("leukocytes", "10*3/uL", 0, 2000, "6690-2 26464-8 804-5", "wbc|wbc x 1000|leukocytes|white blood cells"),
    ("magnesium", "mg/dL", 0.1, 20, "19123-9 2601-3", "magnesium"),
    ("oxygen saturation", "%", 1, 100, "59408-5 2708-6", "spo2|oxygen saturation"),
    ("phosphate", "mg/dL", 0.1, 40, "2777-1 14879-1", "phosphate"),
    ("platelets", "10*3/uL", 0, 5000, "777-3 26515-7 778-1 49497-1", "platelets|platelets x 1000|plt"),
    ("potassium", "mmol/L", 0.8, 15, "2823-3 6298-4", "potassium|k"),
    ("protein", "g/dL", 0.5, 20, "2885-2", "total protein"),
    ("prothrombin time", "s", 5, 300, "5902-2 5964-2", "pt|prothrombin time"),
    ("respiratory rate", "/min", 0, 150, "9279-1", "respiratory rate"),
    ("sodium", "mmol/L", 80, 220, "2951-2 2947-0", "sodium|na"),
    ("systolic blood pressure", "mm[Hg]", 0, 350, "8480-6", "systolic blood pressure|sbp"),
    ("triglycerides", "mg/dL", 5, 20000, "2571-8 14927-8", "triglycerides"),
    ("thyrotropin", "m[IU]/L", 0, 1000, "3016-3 11579-0", "tsh|thyrotropin"),
    ("urea", "mg/dL", 1, 700, "22664-7 3091-6", "urea"),
    ("urea nitrogen", "mg/dL", 0.5, 350, "3094-0 6299-2", "bun|urea nitrogen"),
    ("warfarin dose per week", "mg/wk", 0, 700, "", "warfarin dose per week"),
]

_CONVENTIONAL = [
    # 6301-6 platelet-poor plasma, 34714-6 blood, 38875-1 either, 46418-0 capillary blood,
    # 52129-4 after heparin neutralisation
    Analyte(
        "INR", "{INR}", 0.4, 40,
        ("6301-6", "34714-6", "38875-1", "46418-0", "52129-4"),
        ("inr", "pt - inr", "pt-inr", "pt/inr", "pt inr", "international normalized ratio",
         "international normalised ratio", "inr in platelet poor plasma by coagulation assay",
         "prothrombin time inr", "inr value", "inr result"),
        _INR_UNITS,
    ),
    Analyte("target INR", "{INR}", 1, 6, (), ("target inr", "inr target", "target_inr"), _INR_UNITS),
    # the area of 1.73 m2 stands in an annotation, which has no dimension: mL/min alone is another quantity
    Analyte(
        "glomerular filtration rate", "mL/min/{1.73_m2}", 0, 300,
        ("33914-3", "48642-3", "48643-1", "62238-1", "88293-6", "98979-8"),
        ("egfr", "estimated glomerular filtration rate"), _PER_AREA,
    ),
]  # fmt: skip

ANALYTES: dict[str, Analyte] = {
    analyte.name: analyte
    for analyte in [
        *_CONVENTIONAL,
        *(
            Analyte(name, unit, low, high, tuple(loinc.split()), tuple(names.split("|")))
            for name, unit, low, high, loinc, names in _ROWS
        ),
    ]
}
