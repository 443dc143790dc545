"""Apple Health: export.xml, read element by element."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytwin.formats.files import Input
from pytwin.formats.xmltext import Element, iterate
from pytwin.record.record import PatientInfo
from pytwin.record.sink import Options, Sink
from pytwin.record.time import UNKNOWN, Instant
from pytwin.record.wearables.device import BLOOD, Wearer, instant_of, stem

_TAGS = ("Me", "Record", "Workout", "ActivitySummary")
_PREFIXES = ("HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier", "HKDataType")
_LOINC = {
    "HeartRate": "8867-4", "BodyMass": "29463-7", "Height": "8302-2", "BodyMassIndex": "39156-5",
    "BloodGlucose": BLOOD, "BodyTemperature": "8310-5", "OxygenSaturation": "59408-5",
    "RespiratoryRate": "9279-1", "BloodPressureSystolic": "8480-6", "BloodPressureDiastolic": "8462-4",
}  # fmt: skip
_UNITS = {"mi": "[mi_i]", "count/min": "/min", "Cal": "kcal", "count": "1"}
_SEXES = {"HKBiologicalSexMale": "male", "HKBiologicalSexFemale": "female"}
_WORKOUT = (("Workout", "duration"), ("Workout distance", "totalDistance"),
            ("Workout energy", "totalEnergyBurned"))  # fmt: skip
_SUMMARY = (("active energy", "activeEnergyBurned", ""), ("exercise time", "appleExerciseTime", "min"),
            ("stand hours", "appleStandHours", "h"))  # fmt: skip


def recognises(head: bytes, name: str) -> bool:
    """Whether XML has the root of an export; a DTD of some length may stand before it."""
    return b"<HealthData" in head or b"<!DOCTYPE HealthData" in head


def read(inputs: Sequence[Input], sink: Sink, options: Options) -> Iterator[None]:
    """Read exports; one file is one person. The records within a correlation are read once.

    Raises
    ------
    InputError, MissingExtraError
        As ``pytwin.formats.xmltext.iterate``.
    """
    tags = [f"{{*}}{tag}" for tag in _TAGS]
    for source in inputs:
        sink.opened(source)
        wearer = Wearer(sink, source, options, stem(source))
        with source.open() as stream:
            for index, element in enumerate(iterate(stream, tags, source.name)):
                _element(wearer, index, element, sink)
                yield
        wearer.done()


def _element(wearer: Wearer, index: int, element: Element, sink: Sink) -> None:
    tag = element.tag.rpartition("}")[2]
    if tag == "Me":
        born = instant_of(element.get("HKCharacteristicTypeIdentifierDateOfBirth", ""))
        sex = _SEXES.get(element.get("HKCharacteristicTypeIdentifierBiologicalSex", ""))
        sink.person(wearer.key, PatientInfo(wearer.key, born if born != UNKNOWN else None, sex))
    elif tag == "Record":
        _record(wearer, index, element)
    elif tag == "Workout":
        _workout(wearer, index, element)
    else:
        _summary(wearer, index, element)


def _number(
    wearer: Wearer,
    place: str,
    times: tuple[Instant, Instant],
    code: str,
    text: str,
    unit: str,
    words: str = "",
) -> None:
    loinc = _LOINC.get(code, "")
    ucum = "kg/m2" if code == "BodyMassIndex" and unit == "count" else _UNITS.get(unit, unit)
    start, end = times
    reading = wearer.reading(place)
    wearer.number(
        reading, start, code, text, ucum, loinc, text_value=words, unit_written=unit, until=end.us
    )  # fmt: skip


def _record(wearer: Wearer, index: int, element: Element) -> None:
    code = element.get("type", "")[:128]
    kind = code.startswith("HKCategory")
    for prefix in _PREFIXES:
        code = code.removeprefix(prefix)
    times = instant_of(element.get("startDate", "")), instant_of(element.get("endDate", ""))
    text, place = element.get("value", ""), f"element {index}"
    if kind or not element.get("unit"):
        wearer.words(wearer.reading(place), times[0], code, text)
    else:
        _number(wearer, place, times, code, text, element.get("unit"))


def _workout(wearer: Wearer, index: int, element: Element) -> None:
    times = instant_of(element.get("startDate", "")), instant_of(element.get("endDate", ""))
    sort = element.get("workoutActivityType", "").removeprefix("HKWorkoutActivityType")
    for code, name in _WORKOUT:
        if text := element.get(name, ""):
            _number(
                wearer, f"element {index}#{name}", times, code, text, element.get(f"{name}Unit", ""), sort
            )


def _summary(wearer: Wearer, index: int, element: Element) -> None:
    day = instant_of(element.get("dateComponents", ""))
    for code, name, unit in _SUMMARY:
        if text := element.get(name, ""):
            stated = unit or element.get(f"{name}Unit", "")
            _number(
                wearer, f"element {index}#{name}", (day, UNKNOWN), f"ActivitySummary {code}", text, stated
            )
