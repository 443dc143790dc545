"""What Open mHealth's schemas say: measures with their codes and units, value sets, versions.

Facts from the schemas of Open mHealth and of IEEE 1752.1, which its newer versions refer to. Where versions
differ, a body without a header is held to what any of them allows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pytwin.record.time import DAY, HOUR, MINUTE, SECOND, YEAR
from pytwin.record.wearables.device import BLOOD, SENSOR

Version = tuple[int, int]
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})", re.ASCII)
UNSTATED: Version = (0, 0)

_LENGTHS = {
    **{unit: unit for unit in ("fm", "pm", "nm", "um", "mm", "cm", "m", "km")},
    "in": "[in_i]", "ft": "[ft_i]", "yd": "[yd_i]", "mi": "[mi_i]",
}  # fmt: skip
_MASSES = {
    **{unit: unit for unit in ("fg", "pg", "ng", "ug", "mg", "g", "kg")},
    "Metric Ton": "t", "gr": "[gr]", "oz": "[oz_av]", "lb": "[lb_av]", "Ton": "[ston_av]",
}  # fmt: skip
_DURATIONS = {"sec": "s", "min": "min", "h": "h"}
_PERCENT = {"%": "%"}
_PRESSURE = {"mmHg": "mm[Hg]"}
_ENERGY = {"kcal": "kcal", "cal": "cal", "kJ": "kJ", "J": "J"}
_STEPS = {"steps": "{steps}"}


class Measure(NamedTuple):
    """One element that is a number with a unit.

    Attributes
    ----------
    loinc : str
        Empty where it is coded by its own name.
    units : dict of str to str
        Allowed units and their UCUM codes.
    extent : bool
        It belongs to a length of time, as steps do, and not to an instant.
    """

    loinc: str
    units: dict[str, str]
    extent: bool = False


MEASURES = {
    "blood_glucose": Measure(BLOOD, {"mg/dL": "mg/dL", "mmol/L": "mmol/L"}),
    "systolic_blood_pressure": Measure("8480-6", _PRESSURE),
    "diastolic_blood_pressure": Measure("8462-4", _PRESSURE),
    "body_height": Measure("8302-2", _LENGTHS),
    "body_weight": Measure("29463-7", _MASSES),
    "body_mass_index": Measure("39156-5", {"kg/m2": "kg/m2"}),
    "body_fat_percentage": Measure("41982-0", _PERCENT),
    "body_temperature": Measure("8310-5", {"K": "K", "F": "[degF]", "C": "Cel"}),
    "heart_rate": Measure("8867-4", {"beats/min": "/min"}),
    "respiratory_rate": Measure("9279-1", {"breaths/min": "/min"}),
    "oxygen_saturation": Measure("59408-5", _PERCENT),
    "supplemental_oxygen_flow_rate": Measure("3151-4", {"L/min": "L/min", "LPM": "L/min"}),
    "rr_interval": Measure("", {"ms": "ms"}),
    "sleep_duration": Measure("", _DURATIONS, True),
    "total_sleep_time": Measure("", _DURATIONS, True),
    "step_count": Measure("55423-8", _STEPS, True),
    "base_movement_quantity": Measure("", _STEPS, True),
    "kcal_burned": Measure("", _ENERGY, True),
    "distance": Measure("", _LENGTHS, True),
    "minutes_moderate_activity": Measure("", {"min": "min"}, True),
    "medication_adherence_percent": Measure("", _PERCENT, True),
}  # fmt: skip
# Step counts were bare numbers before version 3; other elements that are.
BARE_UNITS = {"step_count": "{steps}", "number_of_awakenings": "1", "met_value": "1"}

# What a schema requires, where that is not the element of its own name.
REQUIRED = {
    "blood-pressure": ("systolic_blood_pressure", "diastolic_blood_pressure"),
    "medication-adherence-percent": ("medication_prescription", "medication_adherence_percent"),
    "medication-prescription": ("medication", "schedule"),
    "physical-activity": ("activity_name",),
}
# First major version that requires a time frame; that wants an interval; that has no parts of a day.
NEEDS_TIME = {
    "blood-glucose": 3, "blood-pressure": 3, "body-height": 2, "body-mass-index": 3, "body-temperature": 3,
    "body-weight": 2, "heart-rate": 2, "oxygen-saturation": 2, "respiratory-rate": 2, "sleep-duration": 2,
    "step-count": 3,
}  # fmt: skip
NEEDS_INTERVAL = {"sleep-duration": 2, "step-count": 3}
NO_PART_OF_DAY = {
    "blood-glucose": 4, "blood-pressure": 4, "body-height": 2, "body-mass-index": 3, "body-temperature": 4,
    "body-weight": 3,
}  # fmt: skip
NEEDS_UNIT = {"step-count": 3}

_SPECIMENS = (
    "breath", "capillary blood", "interstitial fluid", "lacrimal fluid", "saliva", "sweat", "tears", "urine",
    "whole blood", "plasma", "serum", "arterial blood", "venous blood",
)  # fmt: skip
ENUMERATIONS: dict[str, frozenset[str]] = {
    "descriptive_statistic": frozenset(
        ("average", "count", "maximum", "median", "minimum", "standard deviation", "sum", "variance",
         "20th percentile", "80th percentile", "lower quartile", "upper quartile", "quartile deviation",
         "1st quintile", "2nd quintile", "3rd quintile", "4th quintile")
    ),
    "temporal_relationship_to_meal": frozenset(
        ("fasting", "not fasting", "before meal", "after meal", "before breakfast", "after breakfast",
         "before lunch", "after lunch", "before dinner", "after dinner", "2 hours postprandial", "with meal",
         "with food")
    ),
    "temporal_relationship_to_sleep": frozenset(("before sleeping", "during sleep", "on waking")),
    "temporal_relationship_to_physical_activity": frozenset(
        ("at rest", "active", "before exercise", "after exercise", "during exercise")
    ),
    "specimen_source": frozenset(_SPECIMENS),
    "blood_specimen_type": frozenset(_SPECIMENS),
}  # fmt: skip
# What glucose was measured in -> LOINC; nothing for fluids whose glucose is another quantity.
GLUCOSE_IN = {
    "": BLOOD, "capillary blood": "32016-8", "interstitial fluid": SENSOR, "whole blood": BLOOD,
    "plasma": "2345-7", "serum": "2345-7", "arterial blood": "41651-1", "venous blood": "41652-9",
}  # fmt: skip

# Microseconds of a duration's unit; a month is a twelfth of a Julian year.
LENGTHS = {
    "ms": 1000, "sec": SECOND, "min": MINUTE, "h": HOUR, "d": DAY, "wk": 7 * DAY, "Mo": int(YEAR / 12),
    "yr": int(YEAR),
}  # fmt: skip
# Nothing says when a part of a day begins: it is somewhere on the day, a night goes into the next one.
PARTS_OF_DAY = {"morning": DAY, "afternoon": DAY, "evening": DAY, "night": DAY + DAY // 2}


def version_of(text: str) -> Version:
    """``"2.0"`` as (2, 0); ``UNSTATED`` for what is none."""
    found = _VERSION.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else UNSTATED


def since(table: dict[str, int], schema: str, version: Version) -> bool:
    """Whether a rule holds for a stated version of a schema."""
    return version != UNSTATED and version[0] >= table.get(schema, 1 << 30)
