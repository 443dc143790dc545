"""Which reader a file goes to, and what is said of a file that none reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.genome import read_genome
from pytwin.genome.adapters import ADAPTERS, FORMATS, named


def test_a_mapping_is_read_as_diplotypes() -> None:
    assert read_genome({"CYP2C9": "*1/*2"}).diplotypes("CYP2C9") == (("*1/*2", 1.0),)


def test_names_are_distinct_and_each_can_be_stated() -> None:
    assert len(set(FORMATS)) == len(FORMATS) == len(ADAPTERS) + 1
    assert [named(name).name for name in FORMATS[1:]] == [adapter.name for adapter in ADAPTERS]


def test_a_vcf_is_known_by_its_first_line_whatever_its_name(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "anything"
    path.write_bytes((corpus / "good.vcf.gz").read_bytes())
    assert read_genome(path).diplotypes("VKORC1") == (("AG", 1.0),)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("notes.txt", b"Dear Anna Berta, your genome is fine.\n", "format.unknown"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00", "format.unknown"),
        ("nothing.txt", b"", "file.empty"),
        ("blank.txt", b" \n\n", "file.empty"),
        ("cut.txt.gz", b"\x1f\x8b\x08\x00\x00", "file.truncated"),
    ],
)
def test_another_file_is_refused_and_told_what_is_read(
    tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_genome(tmp_path / name)
    assert caught.value.code == code
    assert caught.value.place == name
    assert "Anna" not in str(caught.value)
    assert (code == "format.unknown") == ("VCF 4.1 to 4.5" in str(caught.value))


def test_a_folder_an_absent_file_and_an_unknown_format_are_refused(tmp_path: Path, corpus: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.txt"):
        with pytest.raises(InputError, match="file.unreadable"):
            read_genome(path)
    with pytest.raises(InputError, match=r"format.unknown.*vcf"):
        read_genome(corpus / "good.vcf", format="bam")
