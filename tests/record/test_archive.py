"""ZIP archives: their files are read in place; what harms is refused with a typed error, at once."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.formats.archive import unpacked
from pytwin.formats.files import Input
from pytwin.formats.replaced import replaced
from pytwin.record import read_records


def packed_as(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def refused(data: bytes) -> str:
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        for member in unpacked(Input(data)):
            member.load()
    assert time.process_time() - start < 1.0
    return caught.value.code


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_files_are_those_that_were_packed(method: int) -> None:
    files = {"b/x.csv": b"1,2\n" * 1000, "a.csv": b"", "b/c/y.txt": bytes(range(256)) * 9}
    members = list(unpacked(Input(packed_as(dict(files), method))))
    assert {m.name: m.load().data for m in members} == {
        "x.csv": files["b/x.csv"],
        "a.csv": b"",
        "y.txt": files["b/c/y.txt"],
    }
    assert len({m.folder for m in members}) == 3
    assert all(m.sha256() == m.load().sha256 for m in members)


def test_what_systems_add_is_left_out() -> None:
    data = packed_as({"__MACOSX/._a.csv": b"\x00\x05", ".hidden": "x", "d/.DS_Store": "x", "d/a.csv": "a"})
    assert [m.name for m in unpacked(Input(data))] == ["a.csv"]


def test_a_file_that_is_no_archive_is_itself() -> None:
    source = Input(b"a,b\n1,2\n")
    assert list(unpacked(source)) == [source]


def test_a_bomb_is_refused() -> None:
    assert refused(packed_as({"x.csv": b"0" * (80 << 20)})) == "file.too-large"


def test_a_bomb_that_lies_about_its_size_ends_where_it_says() -> None:
    data = packed_as({"x.csv": b"0" * (80 << 20)})
    told = (80 << 20).to_bytes(4, "little")
    assert refused(data.replace(told, (1000).to_bytes(4, "little"))) == "file.corrupt"


@pytest.mark.parametrize("name", ["../x.csv", "/etc/x.csv", "a/../../x.csv", "..\\x.csv", "a\\..\\..\\x"])
def test_a_name_that_leads_out_is_refused(name: str) -> None:
    assert refused(packed_as({name: "x"})) == "archive.path"


def test_an_encrypted_archive_is_refused() -> None:
    data = bytearray(packed_as({"x.csv": "secret"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    assert refused(bytes(data)) == "archive.encrypted"


def test_an_archive_within_an_archive_is_refused() -> None:
    assert refused(packed_as({"x.zip": packed_as({"x.csv": "1"})})) == "archive.nested"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_archive_is_refused(share: float) -> None:
    data = packed_as({f"{i}.csv": bytes(range(256)) * 20 for i in range(5)})
    assert refused(data[: int(len(data) * share)]) == "file.corrupt"


def test_damage_within_is_found_by_the_sum() -> None:
    data = bytearray(packed_as({"x.csv": bytes(range(256)) * 40}, zipfile.ZIP_STORED))
    data[3000] ^= 1
    assert refused(bytes(data)) == "file.corrupt"


def test_an_unknown_way_of_packing_is_refused() -> None:
    data = bytearray(packed_as({"x.csv": "1"}))
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(mark) + at] = 77
    assert refused(bytes(data)) == "file.corrupt"


def test_parquet_within_an_archive_is_read(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    stream = io.BytesIO()
    import pyarrow.parquet as pq

    table = {
        "subject_id": [1],
        "time": pa.array([0], pa.timestamp("us")),
        "code": ["x"],
        "numeric_value": [1.0],
    }
    pq.write_table(pa.table(table), stream)
    path = tmp_path / "meds.zip"
    path.write_bytes(packed_as({"data/0.parquet": stream.getvalue()}))
    (record,) = read_records(path)
    assert record.events.value.tolist() == [1.0]


@pytest.mark.parametrize("size", [1, 3, 1 << 20, (1 << 20) + 1])
def test_bytes_that_are_no_text_are_replaced(size: int) -> None:
    data = b"a" * (size - 1) + "é".encode() + b"\xe9" + "€".encode() * 3 + b"\xff"
    assert replaced(io.BytesIO(data)).read() == data.decode(errors="replace").encode()


def test_a_file_without_a_name_is_refused() -> None:
    nameless = packed_as({"a": "{}"}, zipfile.ZIP_STORED).replace(b"a", b"\x00")
    assert refused(nameless) == "archive.path"
