"""HL7 v2: line ends, batches, separators, patients, results, orders, doses, and what is refused."""

from __future__ import annotations

import io
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytwin.errors import InputError, PytwinError
from pytwin.record import Record, read_record, read_records
from pytwin.record.event import Event
from pytwin.record.hl7v2.message import Separators, unescape
from pytwin.record.hl7v2.text import Splitter, recognises
from pytwin.record.hl7v2.times import parse_hl7_time
from pytwin.record.log import IssueLog
from pytwin.record.read import stream_events
from pytwin.record.time import DAY, HOUR, MINUTE, NAIVE, NAT, parse_time
from pytwin.record.timing import length_of, pattern_of

SECRETS = ("Zorblatt", "777-55-4321", "19311224", "13.37")
HEADER = "MSH|^~\\&|A|B|C|D|20240102030405+0100||{kind}|1|P|2.5.1"


def seg(name: str, **fields: str) -> str:
    """A segment from its fields by number (``f3="x"``)."""
    numbers = {int(key[1:]): value for key, value in fields.items()}
    return "|".join([name, *(numbers.get(i, "") for i in range(1, max(numbers) + 1))])


def message(*segments: str, kind: str = "ORU^R01", pid: str = "PID|1||p1^^^H^MR||X^Y||19600102|F") -> str:
    return "\r".join([HEADER.format(kind=kind), pid, *segments]) + "\r"


def record(*segments: str, **options: str) -> Record:
    return read_record(message(*segments, **options).encode())


def only(*segments: str, **options: str) -> Event:
    (event,) = record(*segments, **options).events
    return event


def result(
    value: str, unit: str = "mmol/L", kind: str = "NM", status: str = "F", code: str = "2823-3^K^LN"
) -> str:
    return f"OBX|1|{kind}|{code}||{value}|{unit}|||||{status}|||20240101100000"


ORDER = "OBR|1|pl|fi|24323-8^panel^LN|||20240101093000"


def test_a_result() -> None:
    event = only(ORDER, result("4.1"))
    assert event.kind == "observation" and event.system == "LOINC" and event.code == "2823-3"
    assert (event.name, event.value, event.unit, event.status) == ("potassium", 4.1, "mmol/L", "final")
    assert event.usable and event.panel == "24323-8" and event.patient == "p1"
    assert event.place == "message 1, OBX 1"
    # the header's zone holds for times of the message that state none
    assert event.time == parse_time("2024-01-01T10:00:00+01:00").us and event.offset == 60


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\n\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\x0b", b"\r\n \t"])
def test_any_line_end_and_mark(end: str, mark: bytes) -> None:
    data = mark + message(ORDER, result("4.1")).replace("\r", end).encode() + b"\x1c\r"
    assert recognises(data, "x")
    assert read_record(data).hash == record(ORDER, result("4.1")).hash


def test_utf16_and_declared_character_sets() -> None:
    text = message(ORDER, result("niedrig für é", kind="ST", code="X^Y^L"))
    assert read_record(text.encode("utf-16")).events[0].text == "niedrig für é"
    for name, codec in (("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("GB 18030-2000", "gb18030")):
        data = text.replace("|2.5.1", f"|2.5.1||||||{name}").encode(codec)
        assert read_record(data).events[0].text == "niedrig für é"
    found = read_record(text.encode("latin-1"))
    assert found.events[0].text == "niedrig für é" and "hl7.encoding" in found.issues.counts()


def test_other_separators_and_escapes() -> None:
    text = message(ORDER, result("a\\T\\b \\X41\\ \\.br\\\\F\\c", kind="ST", code="X^Y^L"))
    assert read_record(text.encode()).events[0].text == "a&b A \n|c"
    swapped = text.translate(str.maketrans("|^~\\&", "!@#%*"))
    assert read_record(swapped.encode()).events[0].text == "a*b A \n!c"
    assert unescape("a\\b\\", Separators("|", "^", "~", "\\", "&")) == "a\\b\\"


def test_doubled_escape_character_of_source_text_is_read() -> None:
    text = message(ORDER, result("4.1")).replace("^~\\&", "^~\\\\&").replace("\r", "\\r\r")
    found = read_record(text.encode())
    assert found.events[0].value == 4.1 and "hl7.separators" in found.issues.counts()


@pytest.mark.parametrize(
    ("text", "iso", "width"),
    [
        ("2024", "2024-01-01", 366 * DAY),
        ("202402", "2024-02-01", 29 * DAY),
        ("20240229", "2024-02-29", DAY),
        ("2024022923", "2024-02-29T23:00:00", HOUR),
        ("202402292359", "2024-02-29T23:59:00", MINUTE),
        ("20240229235958.1234+0530", "2024-02-29T23:59:58.1234+05:30", 0),
        ("2024-02-29T23:59:58Z", "2024-02-29T23:59:58Z", 0),
    ],
)
def test_times_keep_their_width(text: str, iso: str, width: int) -> None:
    found = parse_hl7_time(text, NAIVE)
    assert found is not None and (found.us, found.width) == (parse_time(iso).us, width)


@pytest.mark.parametrize(
    "text", ["", "20240230", "x", "202413", "20240101250000", "20240101000000+2500", "0"]
)
def test_what_is_no_time(text: str) -> None:
    assert parse_hl7_time(text, NAIVE) is None


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("4.1", "NM", (4.1, "", True)),
        ("<4.1", "NM", (4.1, "<", True)),
        ("<^4.1", "SN", (4.1, "<", True)),
        (">=^4.1", "SN", (4.1, ">=", True)),
        ("^4.1", "SN", (4.1, "", True)),
        ("4.1", "ST", (4.1, "", True)),
        ("<>^4", "SN", (None, "", False)),
        ("^4^-^5", "SN", (None, "", False)),
        ("^1^:^8", "SN", (None, "", False)),
        ("^2^+", "SN", (None, "", False)),
        ("high", "ST", (None, "", False)),
        ("high", "NM", (None, "", False)),
        ("1" * 1_000_000, "NM", (None, "", False)),
        ("H^high^L", "CWE", (None, "", False)),
        ('""', "NM", (None, "", False)),
        ("", "NM", (None, "", False)),
    ],
)
def test_values(value: str, kind: str, expected: tuple[float | None, str, bool]) -> None:
    event = only(ORDER, result(value, kind=kind))
    found = None if event.value != event.value else event.value
    assert (found, event.comparator, event.usable) == expected
    assert event.usable or event.reason


def test_text_of_several_lines_is_one_value_and_repeated_numbers_are_several() -> None:
    assert only(ORDER, result("a~b", kind="TX", code="X^Y^L")).text == "a\nb"
    assert sorted(event.value for event in record(ORDER, result("4.1~4.2")).events) == [4.1, 4.2]


def test_units_that_cannot_be_used_stay_with_a_reason() -> None:
    assert only(ORDER, result("4.1", "furlong")).reason == "unit.unknown"
    assert only(ORDER, result("4.1", "kg")).reason == "unit.wrong"
    assert only(ORDER, result("4.1", "")).reason == "unit.missing"
    assert only(ORDER, result("4.1", "MEQ^milliequivalents^L^mmol/L^^UCUM")).value == 4.1


@pytest.mark.parametrize(
    ("letter", "status", "valid", "usable"),
    [
        ("F", "final", True, True),
        ("C", "corrected", True, True),
        ("P", "preliminary", True, True),
        ("I", "registered", True, False),
        ("X", "cancelled", False, False),
        ("D", "entered-in-error", False, False),
        ("W", "entered-in-error", False, False),
        ("N", "not-done", False, False),
        ("?", "?", True, False),
    ],
)
def test_statuses(letter: str, status: str, valid: bool, usable: bool) -> None:
    found = record(ORDER, result("4.1", status=letter))
    (event,) = found.events
    assert (event.status, event.valid, event.usable) == (status, valid, usable)
    assert usable or any(issue.code == event.reason for issue in found.issues)


def test_a_correction_replaces_and_a_repetition_is_one() -> None:
    first = message(ORDER, result("4.1"))
    later = message(ORDER, result("5.1", status="C")).replace("20240102030405", "20240102040405")
    for texts in ((first, later), (later, first), (first, first, later, first)):
        (event,) = read_record("".join(texts).encode()).events
        assert (event.value, event.status) == (5.1, "corrected")


def test_the_same_code_twice_in_one_order_is_kept_twice() -> None:
    found = record(ORDER, result("4.1"), result("4.3"))
    assert sorted(event.value for event in found.events) == [4.1, 4.3]


def test_time_of_the_specimen_stands_in_and_a_missing_time_is_said() -> None:
    bare = "OBX|1|NM|2823-3^K^LN||4|mmol/L|||||F"
    assert only(ORDER, bare).time == parse_time("2024-01-01T09:30+01:00").us
    specimen = only("OBR|1|pl|fi|x^y^L", bare, "SPM|1|||B|||||||||||||20240101080000")
    assert specimen.time == parse_time("2024-01-01T08:00+01:00").us
    assert only("OBR|1|pl|fi|x^y^L", bare).reason == "time.missing"


def test_local_codes_match_by_name() -> None:
    event = only(ORDER, result("4.1", code="1234^Potassium^99LAB"))
    assert (event.system, event.code, event.name) == ("local", "1234", "potassium")


def test_encapsulated_data_and_own_segments_are_on_the_list() -> None:
    found = record(ORDER, result("^IM^JPEG^Base64^AAAA", kind="ED"), "ZZZ|1", "NTE|1||note", "ROL|1")
    assert not len(found.events)
    counts = found.issues.counts()
    assert counts["hl7.not-read"] == 2 and counts["hl7.z-segment"] == 1 and counts["hl7.note"] == 1


def test_patients_of_one_file_never_mix() -> None:
    other = "PID|1||p2^^^H^MR||X^Y||19700102|M"
    same_number = "PID|1||p1^^^OTHER^MR||X^Y||19800102|M"
    nobody = "PID|1||||X^Y"
    texts = [
        message(ORDER, result(v), pid=p) for v, p in (("4.2", other), ("4.3", same_number), ("4.4", nobody))
    ]
    data = (message(ORDER, result("4.1")) + "".join(texts)).encode()
    found = {r.patient.id: [e.value for e in r.events] for r in read_records(data)}
    assert found == {"p1": [4.1], "p2": [4.2], "p1^^^OTHER": [4.3], "bytes:message 4": [4.4]}
    with pytest.raises(InputError, match=r"record\.two-patients"):
        read_record(data)


def test_a_result_before_the_patient_is_named_is_nobodys() -> None:
    text = message(ORDER).replace("PID|", result("4.1") + "\rPID|")
    found = read_record(text.encode())
    assert not len(found.events) and "hl7.no-subject" in found.issues.counts()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_merge_gives_the_events_of_the_old_number_to_the_new(order: tuple[int, int]) -> None:
    old = message(ORDER, result("4.1"), pid="PID|1||old^^^H^MR||X^Y||19600102|F")
    merge = message("MRG|old^^^H^MR", kind="ADT^A40", pid="PID|1||p1^^^H^MR||X^Y||19600102|F")
    data = "".join((old, merge)[i] for i in order).encode()
    found = read_record(data)
    assert found.patient.id == "p1" and [(e.patient, e.value) for e in found.events] == [("p1", 4.1)]
    assert "patient.merged" in found.issues.counts()


def test_the_person() -> None:
    pid = "PID|1||s^^^S^SS~p1^^^H^MR||X^Y||196001|M||2106-3^White^HL70005|" + "|" * 18 + "20240101|Y"
    found = record(kind="ADT^A03", pid=pid)
    assert found.patient.id == "p1" and found.patient.sex == "male" and found.patient.race == "White"
    assert found.patient.birth is not None and found.patient.birth.width == 31 * DAY
    assert found.patient.death is not None and found.patient.death.us == parse_time("2024-01-01").us
    assert [event.kind for event in found.events] == ["death"]


RXE = "RXE||{drug}|5||mg|||||||||||||||||||||||||||||"
WARFARIN = "11289^Warfarin^RXNORM"
DAILY = seg("ORC", f1="NW", f2="o1", f7="^QD^^20240103", f9="20240105")


def test_an_order_with_its_schedule() -> None:
    event = only(
        "ORC|NW|o1|f1||||||20240101080000",
        RXE.format(drug=WARFARIN),
        "TQ1|1||BID|||5^d|20240103||",
        "RXR|PO^Oral",
        kind="RDE^O11",
    )
    assert (event.kind, event.name, event.value, event.unit) == ("order", "warfarin", 5.0, "mg")
    assert (event.every, event.route, event.status, event.usable) == (12.0, "oral", "active", True)
    assert event.time == parse_time("2024-01-03").us and event.until == event.time + 5 * DAY


@pytest.mark.parametrize(
    ("control", "status", "valid", "reason"),
    [
        ("NW", "active", True, ""),
        ("CA", "cancelled", False, "status.cancelled"),
        ("DC", "stopped", True, ""),
        ("HD", "on-hold", True, "status.on-hold"),
        ("DE", "entered-in-error", False, "status.entered-in-error"),
        ("SC", "active", True, ""),
    ],
)
def test_control_codes(control: str, status: str, valid: bool, reason: str) -> None:
    event = only(
        seg("ORC", f1=control, f2="o1", f7="^QD^^20240103", f9="20240105"),
        f"RXO|{WARFARIN}|5||mg",
        kind="OMP^O09",
    )
    assert (event.status, event.valid, event.reason) == (status, valid, reason)
    assert event.until == (parse_time("2024-01-05").us if status == "stopped" else NAT)


def test_doses_that_cannot_be_used() -> None:
    def reason(rxe: str) -> str:
        return only(DAILY, rxe, kind="RDE^O11").reason

    assert reason(f"RXE||{WARFARIN}|5|10|mg") == "dose.range"
    assert reason(f"RXE||{WARFARIN}|5||tablet") == "dose.no-strength"
    assert reason(f"RXE||{WARFARIN}|5||mL") == "dose.unit"
    assert reason(f"RXE||{WARFARIN}|||mg") == "dose.missing"
    assert reason("RXE|||5||mg") == "dose.no-drug"
    assert reason(f"RXE|^PRN|{WARFARIN}|5||mg") == "dose.no-timing"
    assert reason(f"RXE|^Q6H PRN|{WARFARIN}|5||mg") == "dose.as-needed"
    tablets = only(DAILY, "RXE||1^Warfarin 5 MG Tablet^L|2||tablet", kind="RDE^O11")
    assert tablets.value == 10.0 and tablets.unit == "mg" and tablets.usable


DOSE = {"f1": "0", "f2": "1", "f3": "20240101080000", "f5": WARFARIN, "f6": "5", "f7": "mg"}


def test_administrations_dispenses_and_immunisations() -> None:
    given = only("ORC|RE|o1", seg("RXA", **DOSE, f4="20240101083000", f20="CP"), kind="RAS^O17")
    assert (given.kind, given.value, given.unit, given.status) == ("administration", 5.0, "mg", "completed")
    assert given.until - given.time == 30 * MINUTE and given.usable
    refused = only("ORC|RE|o1", seg("RXA", **DOSE, f20="RE"), kind="RAS^O17")
    assert (refused.status, refused.valid, refused.usable) == ("not-done", False, False)
    handed = only("ORC|RE|o1", f"RXD|1|{WARFARIN}|20240101|30|mg", kind="RDS^O13")
    assert (handed.kind, handed.value, handed.usable) == ("dispense", 30.0, True)
    shot = only("ORC|RE|o1", "RXA|0|1|20240101||140^flu^CVX|0.5|mL", "RXR|IM", kind="VXU^V04")
    assert (shot.kind, shot.system, shot.code, shot.route) == ("immunization", "CVX", "140", "intramuscular")


def test_allergies_problems_diagnoses_procedures_and_visits() -> None:
    found = record(
        "PV1|1|I" + "|" * 17 + "v1" + "|" * 25 + "20240101|20240102",
        "AL1|1|DA|1191^Aspirin^RXNORM|SV|hives|20200101",
        "AL1|2|DA|^No known allergies",
        "DG1|1|I10|I48.0^AF^I10||20200101|F",
        "DG1|2||I26.9^PE^I10|||W",
        seg("PRB", f1="AD", f3="49436004^AF^SCT", f4="n1", f7="20190101", f14="ACTIVE", f16="20180101"),
        seg("PRB", f1="DE", f3="128053003^DVT^SCT", f4="n2", f7="20190101"),
        "PR1|1||80146002^Appendectomy^SCT||20200102|||30",
        kind="ADT^A03",
    )
    rows = {(e.kind, e.name): e for e in found.events}
    assert rows["allergy", "aspirin"].usable and rows["allergy", "aspirin"].text == "hives"
    assert not rows["allergy", "No known allergies"].valid
    assert rows["condition", "pulmonary embolism"].reason == "status.unconfirmed"
    assert not rows["condition", "deep vein thrombosis"].valid
    assert rows["procedure", "Appendectomy"].usable
    visit = rows["encounter", "inpatient"]
    assert (visit.status, visit.code, visit.until) == ("finished", "IMP", parse_time("2024-01-03").us)
    assert {e.time for e in found.events if e.name == "atrial fibrillation"} == {
        parse_time("2020-01-01").us,
        parse_time("2018-01-01").us,
    }


def test_repeat_patterns() -> None:
    hours = {"BID": 12, "tid": 8, "Q6H": 6, "Q 6 H": 6, "QD": 24, "Q2W": 336, "4ID": 6, "Every 6 hours": 6}
    assert {text: pattern_of(text).every for text in hours} == hours
    assert pattern_of("ONCE").once and pattern_of("Q6H PRN").as_needed and not pattern_of("C").known
    assert not pattern_of("Q0H").known
    assert length_of("D4", 12.0) == 96.0 and length_of("X3", 12.0) == 24.0


def messages_of(text: str) -> tuple[int, dict[str, int]]:
    log = IssueLog()
    found = list(Splitter(log, "x").messages(io.BytesIO(text.encode())))
    return len(found), log.issues().counts()


def test_batches_and_files() -> None:
    one = message()
    assert messages_of("FHS|^~\\&\rBHS|^~\\&\r" + one * 2 + "BTS|2\rFTS|1\r") == (2, {})
    assert messages_of("BHS|^~\\&\r" + one * 2 + "BTS|3\r") == (2, {"hl7.batch-count": 1})
    assert messages_of(one + "BTS|1\r") == (1, {"hl7.batch-unopened": 1})
    assert messages_of("BHS|^~\\&\r" + one) == (1, {"hl7.batch-open": 1})
    cut = "BHS|^~\\&\r" + one[:40] + "\rBHS|^~\\&\rPID|1||p1\rBTS|1\r"
    assert messages_of(cut)[1]["hl7.batch-inside"] == 1
    assert messages_of(cut)[1]["hl7.no-header"] == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("BHS|^~\\&\rPID|1||p1\r", "hl7.no-message"),
        ("MSH|^~\\&|a\r", "hl7.message-type"),
        (HEADER.format(kind="{}") + "\r", "hl7.message-type"),
        (HEADER.format(kind="ADT^A01")[:-6] + "\r", "hl7.no-version"),
        (HEADER.format(kind="ADT^A01") + "\r", "record.no-patient"),
        ("MSH|^^^^|" + "|" * 20 + "\r", "hl7.separators"),
        (message("OBX|1|NM|x|" * 3 + "\rOBX|1" * 60_000), "hl7.too-large"),
        (message("x" * 70_000_000), "file.too-large"),
    ],
)
def test_what_is_refused_says_why(text: str, code: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        read_record(text.encode())
    assert caught.value.code == code
    assert time.process_time() - start < 1.0


def test_a_field_repeated_a_million_times_is_an_issue_in_time() -> None:
    start = time.process_time()
    found = record(ORDER, result("1~" * 1_000_000))
    assert "hl7.too-large" in found.issues.counts()
    assert time.process_time() - start < 1.0


def test_lines_that_are_no_segment_are_joined_and_said() -> None:
    found = record(ORDER, result("line one\nand line two", kind="ST", code="X^Y^L"))
    assert "hl7.stray-line" in found.issues.counts()


def test_loading_twice_shuffled_or_split_is_the_same() -> None:
    texts = [message(f"OBR|1|p{n}|f{n}|x^y^L", result(f"4.{n}")) for n in range(1, 9)]
    whole = read_record("".join(texts).encode())
    assert len(whole.events) == 8
    for other in (texts * 2, texts[::-1], texts[4:] + texts[:4]):
        assert read_record("".join(other).encode()).hash == whole.hash
    assert read_record([t.encode() for t in texts]).hash == whole.hash


def endless(count: int) -> Iterator[bytes]:
    for n in range(count):
        yield message(f"OBR|1|p{n}|f{n}|x^y^L", result("4.1")).encode()


def test_an_iterator_of_messages_is_streamed() -> None:
    tables = list(stream_events(endless(50)))
    assert sum(len(table) for table in tables) == 50


def test_memory_does_not_grow_with_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytwin.record.read._STREAMED", 500)
    one = message(*[f"OBR|1|p|f|x^y^L\r{result('4.1')}"] * 50).encode()
    peaks = []
    for count in (120, 360):
        data = one * count
        tracemalloc.start()
        assert sum(len(t) for t in stream_events(data)) == 50 * count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


PLANTED = message(
    f"PV1|1|{SECRETS[0]}" + "|" * 17 + SECRETS[1],
    f"OBR|1|{SECRETS[1]}|{SECRETS[1]}|{SECRETS[0]}^{SECRETS[0]}^L|||{SECRETS[2]}99",
    f"OBX|1|NM|2823-3^K^LN|{SECRETS[0]}|{SECRETS[3]}x|{SECRETS[0]}|||||{SECRETS[0]}|||{SECRETS[2]}x",
    f"OBX|2|{SECRETS[0]}|{SECRETS[0]}||{SECRETS[0]}|mg||||||F|||{SECRETS[2]}",
    f"OBX|3|SN|2823-3^K^LN||{SECRETS[0]}^{SECRETS[3]}|mg|||||F",
    f"ZZ1|{SECRETS[0]}",
    f"line {SECRETS[0]}",
    f"ORC|NW|{SECRETS[1]}|||{SECRETS[0]}",
    f"RXE|{SECRETS[0]}^{SECRETS[0]}|{SECRETS[0]}^{SECRETS[0]}|{SECRETS[3]}x|{SECRETS[3]}|{SECRETS[0]}",
    f"RXA|0|1|{SECRETS[2]}x||{SECRETS[0]}|{SECRETS[3]}y|{SECRETS[0]}||||||||||||{SECRETS[0]}|{SECRETS[0]}",
    f"AL1|1||{SECRETS[0]}||{SECRETS[0]}|{SECRETS[2]}x",
    f"DG1|1||{SECRETS[0]}||{SECRETS[2]}x|{SECRETS[0]}",
    f"PRB|DE|{SECRETS[2]}x|{SECRETS[0]}|{SECRETS[1]}",
    f"MRG|{SECRETS[1]}^^^{SECRETS[0]}",
    pid=f"PID|1||{SECRETS[1]}^^^{SECRETS[0]}^MR||{SECRETS[0]}^{SECRETS[0]}||{SECRETS[2]}x|{SECRETS[0]}",
).encode()


def silent(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


def test_no_issue_shows_what_was_found() -> None:
    (found,) = read_records(PLANTED)
    assert len(found.issues) > 12
    for issue in found.issues:
        assert silent(str(issue)) and silent(repr(issue))
    assert any(not silent(issue.found) for issue in found.issues)


EDITS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 1 << 16),
        st.sampled_from(
            [b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"MSH|", b"PID|", b"\xff", b"1e999", b"-", b"\x00"]
        ),
        st.integers(1, 60),
    ),
    min_size=1,
    max_size=6,
)


def mutated(data: bytes, edits: list[tuple[int, int, bytes, int]]) -> bytes:
    out = bytearray(data)
    for kind, where, token, length in edits:
        at = where % (len(out) + 1)
        if kind == 0:
            out[at:at] = token
        elif kind == 1:
            del out[at : at + length]
        elif kind == 2:
            out[at : at + 1] = token
        elif kind == 3:
            out[at:at] = out[at : at + 4 * length]
        else:
            del out[at:]
    return bytes(out)


def survive(data: bytes) -> None:
    start = time.process_time()
    try:
        for found in read_records(data, format="hl7v2"):
            found.summary()
            assert not (found.events.usable & ~found.events.valid).any()
            for issue in found.issues:
                assert silent(str(issue)) and silent(repr(issue))
    except PytwinError as error:
        assert error.code and silent(str(error)) and silent(repr(error))
    assert time.process_time() - start < 1.0


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(EDITS)
def test_two_hundred_mutants(edits: list[tuple[int, int, bytes, int]]) -> None:
    survive(mutated(PLANTED, edits))


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(EDITS)
def test_two_thousand_mutants(edits: list[tuple[int, int, bytes, int]]) -> None:
    survive(mutated(PLANTED, edits))
