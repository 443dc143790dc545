"""CareLink: sections, both separators, decimal commas, dates, boluses that are there twice."""

from __future__ import annotations

import pytest

from pytwin.record import Record, read_record
from pytwin.record.time import HOUR, parse_time

# The columns are those that public readers of CareLink exports name; every row here is invented.
COLUMNS = (
    "Index;Date;Time;New Device Time;BG Source;BG Reading (mg/dL);Linked BG Meter ID;Basal Rate (U/h);"
    "Temp Basal Amount;Temp Basal Type;Temp Basal Duration (h:mm:ss);Bolus Type;Bolus Volume Selected (U);"
    "Bolus Volume Delivered (U);Bolus Duration (h:mm:ss);Alert;Suspend;BWZ Estimate (U);"
    "BWZ Carb Input (grams);"
    "Sensor Calibration BG (mg/dL);Sensor Glucose (mg/dL);ISIG Value;Event Marker;Bolus Source"
)
NAMES = COLUMNS.split(";")


def row(index: int, date: str, time: str, **cells: str) -> str:
    """A row with some of the columns, by the first word of their names and the rest in its place."""
    by_key = {name.split(" (")[0].replace(" ", "_").lower(): name for name in NAMES}
    values = {"Index": f"{index},00000", "Date": date, "Time": time}
    values |= {by_key[key]: value for key, value in cells.items()}
    return ";".join(values.get(name, "") for name in NAMES)


def export(date: str = "2024/07/29") -> str:
    return "\r\n".join(
        [
            "\ufeffLast Name;First Name;Patient ID;System ID;Start Date;End Date;Device;MiniMed 780G",
            '"Zorblatt";"Anna";"p-17";"";"16/07/24 00:00:00";"29/07/24 00:00:00";"Serial";NG777554321X',
            "Patient DOB;03.02.1980;;;;;CGM;Guardian Sensor 3",
            "",
            "",
            "-------;MiniMed 780G MMT-1886;Pump;NG777554321X;-------",
            COLUMNS,
            row(0, date, "17:00:00", basal_rate="0,85"),
            row(
                1,
                date,
                "11:54:31",
                bolus_type="Normal",
                bolus_volume_selected="8,0",
                bolus_volume_delivered="7,5",
            ),
            row(2, date, "11:54:30", bolus_type="Normal", bolus_volume_selected="8,0"),
            row(3, date, "11:49:09", bwz_carb_input="40,00", bwz_estimate="8,0"),
            row(4, date, "11:40:00", bg_reading="143", bg_source="ENTERED_FROM_BG_METER"),
            row(
                5,
                date,
                "10:00:00",
                bolus_type="Square",
                bolus_volume_delivered="2,0",
                bolus_duration="1:30:00",
            ),
            row(6, date, "09:00:00", alert="SENSOR ALERT"),
            row(7, date, "08:00:00", temp_basal_amount="50,0", temp_basal_type="Percent"),
            row(8, date, "07:30:00", event_marker="Insulin: 27,00"),
            row(9, date, "07:20:00", event_marker="Meal: 50,00grams"),
            row(10, date, "07:10:00", event_marker="Zorblatt walked"),
            row(11, date, "07:00:00", bwz_carb_input="0,0"),
            "",
            "-------;MiniMed 780G MMT-1886;Pump;NG777554321X;Aggregated Auto Insulin Data",
            COLUMNS,
            row(
                12, date, "00:00:00", bolus_volume_delivered="27,895", bolus_source="CLOSED_LOOP_AUTO_INSULIN"
            ),
            "-------;MiniMed 780G MMT-1886;Sensor;NG777554321X;-------",
            COLUMNS,
            row(13, date, "18:47:11", sensor_glucose="117", isig_value="25,74"),
            row(14, date, "18:42:11", sensor_glucose="119", isig_value="25,46", sensor_calibration_bg="120"),
            "",
        ]
    )


def commas(text: str) -> str:
    """The same with commas and decimal points, as other locales have it."""
    return text.replace(",", ".").replace(";", ",")


def by_code(record: Record) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for event in record.events:
        found.setdefault(event.code, []).append(event.value)
    return found


@pytest.mark.parametrize("text", [export(), commas(export())], ids=["semicolons", "commas"])
def test_an_export(text: str) -> None:
    record = read_record(text.encode())
    assert record.patient.id == "p-17" and record.patient.birth == parse_time("1980-02-03")
    found = by_code(record)
    assert found["sensor glucose"] == [119.0, 117.0]
    assert (found["meter glucose"], found["calibration"]) == ([143.0], [120.0])
    assert found["bolus"] == [2.0, 7.5]  # neither what was asked for nor the day's sum
    assert sorted(found["carbohydrate"]) == [40.0, 50.0]
    assert found["insulin"] == [27.0]
    names = {event.code: event.name for event in record.events}
    assert names["sensor glucose"] == "interstitial glucose" and names["meter glucose"] == "glucose"
    (basal,) = (event for event in record.events if event.code == "basal")
    assert (basal.rate, basal.rate_unit, basal.usable, basal.reason) == (
        0.85,
        "[IU]/h",
        False,
        "dose.rate-only",
    )
    assert (basal.original_value, basal.original_unit) == ("0.85", "U/h")
    (square,) = (event for event in record.events if event.text == "Square")
    assert square.until - square.time == 3 * HOUR // 2 and square.usable
    assert record.events.time.max() == parse_time("2024-07-29T18:47:11").us
    said = [issue.message for issue in record.issues if issue.code == "device.not-read"]
    assert "1 entries are daily sums of insulin" in said and "1 entries are of the column Alert" in said
    assert "1 entries are boluses as they were asked for, beside those given" in said


def test_what_the_person_notes_in_words_stays_in_the_table() -> None:
    record = read_record(export().encode())
    (note,) = (event for event in record.events if event.code == "event marker")
    assert note.text == "Zorblatt walked"
    assert not any("Zorblatt" in str(issue) for issue in record.issues)


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ("29/07/2024", "2024-07-29"),
        ("07/29/2024", "2024-07-29"),
        ("29.07.2024", "2024-07-29"),
        ("05.07.24", "2024-07-05"),
    ],
)
def test_dates_by_locale(date: str, day: str) -> None:
    text = export(date)
    record = read_record((text if "." in date else text.replace("/07/24", "/2024")).encode())
    assert record.events.time.max() == parse_time(f"{day}T18:47:11").us


def test_dates_that_cannot_be_told() -> None:
    text = export("05/07/2024").replace("16/07/24", "06/07/24").replace("29/07/24", "07/07/24")
    record = read_record(text.encode())
    assert "time.ambiguous" in record.issues.counts() and not record.events.usable.any()


def test_an_older_export_without_sections_in_mmol() -> None:
    text = (
        "Index,Date,Time,New Device Time,BG Reading (mmol/L),BWZ Carb Input (exchanges),"
        "Sensor Glucose (mmol/L),Raw-Type\n"
        "1,25/03/13,08:00:00,,5.5,,,BGReceived\n2,25/03/13,08:05:00,,,2,,Wizard\n3,25/03/13,08:10:00,,,,6.0,Sensor\n"
    )
    record = read_record(text.encode())
    found = by_code(record)
    assert found["meter glucose"] == [pytest.approx(99.1, abs=0.1)]
    assert found["sensor glucose"] == [pytest.approx(108.1, abs=0.1)]
    (servings,) = (event for event in record.events if event.code == "carbohydrate exchanges")
    assert (servings.text, servings.usable) == ("2", False)


def test_a_comma_is_no_decimal_sign_between_commas() -> None:
    text = 'Index,Date,Time,New Device Time,Sensor Glucose (mg/dL)\n1,2024/03/13,08:00:00,,"1,17"\n'
    (event,) = read_record(text.encode()).events
    assert (event.usable, event.reason) == (False, "value.not-numeric")
