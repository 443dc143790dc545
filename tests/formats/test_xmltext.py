"""XML through its one entry point: what is read, and what is refused in time."""

from __future__ import annotations

import io
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.formats import xmltext
from pytwin.issues import Issues

SECRET = "Zorblatt"
LAUGHS = (
    '<!DOCTYPE a [<!ENTITY l0 "ha">'
    + "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    + "]><a>&l11;</a>"
)


def refused(data: bytes, code: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        xmltext.parse(data, "x.xml")
    assert caught.value.code == code
    with pytest.raises(InputError) as caught:
        list(xmltext.iterate(io.BytesIO(data), {"{*}b"}, "x.xml"))
    assert caught.value.code == code
    assert SECRET not in str(caught.value)
    assert time.process_time() - start < 1.0


def test_a_document_is_read_without_comments_and_instructions() -> None:
    root = xmltext.parse(
        b'<?xml version="1.0"?><?style x?><!-- c --><a xmlns="urn:n"><!-- d --><b c="1"/>t</a>', "x"
    )
    assert root.tag == "{urn:n}a"
    assert [child.tag for child in root] == ["{urn:n}b"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_marks_and_utf16(encoding: str) -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>\n<a>µé</a>' if encoding == "utf-16" else "<a>µé</a>"
    assert xmltext.parse(text.encode(encoding), "x").text == "µé"
    assert xmltext.looks_like_xml(text.encode(encoding))


def test_a_stated_encoding_is_used() -> None:
    assert (
        xmltext.parse('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"), "x").text
        == "é"
    )


def test_wrong_bytes_are_replaced_and_noted_where_issues_are_taken() -> None:
    issues = Issues()
    assert xmltext.parse(b"<a>\xe9t\xe9</a>", "x", issues=issues).text == "�t�"
    assert issues.counts() == {"xml.encoding": 1}
    refused(b"<a>\xe9t\xe9</a>" + b" " * 9, "xml.encoding")


def test_an_inline_dtd_is_skipped() -> None:
    dtd = b"""<!DOCTYPE a [ <!-- ' ]> --> <!ELEMENT a (b)> <!ATTLIST b c CDATA "]>'"> <?pi ]> ?>]>"""
    assert xmltext.parse(dtd + b"\n<a><b/></a>", "x")[0].attrib == {}
    with pytest.raises(InputError) as caught:
        xmltext.parse(dtd + b"\n<a><b></a>", "x")
    assert "line 2" in caught.value.place


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (LAUGHS, "xml.entity"),
        ('<!DOCTYPE a [<!ENTITY e "Zorblatt">]><a b="&e;">text here</a>', "xml.entity"),
        ('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', "xml.entity"),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a>&e;  </a>', "xml.entity"),
        ('<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a>&e;</a>', "xml.entity"),
        ("<!DOCTYPE a><!DOCTYPE a><a></a>      ", "xml.not-well-formed"),
        ("<!DOCTYPE a [ <!ENTITY e 'x'> <a></a>", "xml.truncated"),
        ("<a>" * 1_000_000, "xml.too-deep"),
        ("<a><b>Zorblatt</c></a>", "xml.not-well-formed"),
        ("<a><b>Zorblatt</b>", "xml.truncated"),
        ("<a>" + "x" * 11_000_000 + "</a>", "xml.too-large"),
        ("<a x:b='Zorblatt'>text</a>", "xml.namespace"),
        ("<!--" + "<!--" * 3_000_000, "xml.too-large"),
        ("<!DOCTYPE a [" + "<!--" * 3_000_000, "xml.too-large"),
        ('<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE', "xml.encoding"),
        ('<?xml version="1.0" encoding="EBCDIC-US"?><a>        </a>', "xml.encoding"),
        ("no markup at all", "xml.not-well-formed"),
        ("", "xml.truncated"),
    ],
)
def test_bombs_and_damage_are_typed_errors(text: str, code: str) -> None:
    refused(text.encode(), code)


def test_no_file_is_read_for_an_external_entity(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    refused(f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]><a>&e;</a>'.encode(), "xml.entity")


@pytest.mark.parametrize(
    "text",
    [
        "<a>" + "<b/>" * 1_000_000 + "</a>",
        "<a " + " ".join(f'a{i}="1"' for i in range(100_000)) + "/>",
        "<a>" + "&#65;" * 1_000_000 + "</a>",
    ],
    ids=["elements", "attributes", "references"],
)
def test_a_million_repeats_are_read_in_time(text: str) -> None:
    start = time.process_time()
    xmltext.parse(text.encode(), "x")
    assert time.process_time() - start < 1.0


def test_fragments_are_wrapped() -> None:
    data = b'<?xml version="1.0"?><!-- c --><a xsi:type="PQ"/>'
    spaces = {"": "urn:hl7-org:v3", "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
    assert xmltext.parse(data, "x", wrap=spaces)[0].tag == "{urn:hl7-org:v3}a"


class Endless(io.RawIOBase):
    """A file of many records that is made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces

    def read(self, size: int = -1) -> bytes:
        return next(self.pieces, b"")


def pieces(count: int, wanted: bytes) -> Iterator[bytes]:
    yield b"<!DOCTYPE r [<!ELEMENT r (b*)>]>\n<r a='1'>"
    for _ in range(count):
        yield b"\n<m><n x='1'/></m>" + wanted + b"<c>text</c>" * 20
    yield b"</r>"


@pytest.mark.parametrize("wanted", [b"<b v='7'><c k='1'/></b>", b""])
def test_a_long_file_is_streamed_in_bounded_memory(wanted: bytes) -> None:
    peaks = []
    for count in (2_000, 20_000):
        tracemalloc.start()
        found = 0
        for element in xmltext.iterate(Endless(pieces(count, wanted)), {"{*}b"}, "x"):  # type: ignore[arg-type]
            assert element.get("v") == "7" and element[0].get("k") == "1"
            found += 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found == (count if wanted else 0)
    assert peaks[1] < 1.5 * peaks[0]


def test_nested_elements_are_yielded_from_the_inside() -> None:
    tags = [e.tag for e in xmltext.iterate(io.BytesIO(b"<r><a><b/></a><b/></r>  "), {"{*}a", "{*}b"}, "x")]
    assert tags == ["b", "a", "b"]


def test_a_child_that_is_too_large_to_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xmltext, "_MOST_HELD", 1 << 20)
    data = b"<r><a>" + b"<c>x</c>" * 500_000 + b"</a></r>"
    with pytest.raises(InputError) as caught:
        list(xmltext.iterate(io.BytesIO(data), {"{*}b"}, "x"))
    assert caught.value.code == "xml.too-large"
