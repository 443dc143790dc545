"""The HTML report: well formed, self-contained, no script; a hostile name stays text."""

from __future__ import annotations

import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.report import render

VOID = {"meta", "br", "hr", "img", "link", "input"}
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "a & b < c > d 'e' \"f\"",
    "$x^2$ _hidden \u202e",
)


class Reader(HTMLParser):
    """Follows the tree: every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> without a beginning"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parsed(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def test_well_formed_with_figures(page):
    reader = parsed(render.html(page))
    assert reader.tags.count("svg") >= 4 + len(page.rows)
    assert len(set(reader.ids)) == len(reader.ids), "ids of different figures collide"


def test_self_contained(page):
    html = render.html(page)
    reader = parsed(html)
    assert not {"script", "link", "iframe", "object", "embed", "img"} & set(reader.tags)
    for tag, name, value in reader.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in {"src", "href", "xlink:href", "action", "srcset"}:
            assert value.startswith("#"), (tag, name, value)
    assert "@import" not in html
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(fakes, text):
    reader = parsed(render.html(fakes.page(name=text, patient=text)))
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert "".join(reader.text).count(text) >= 2


def test_a_figure_that_is_not_ours_is_refused(page, fakes):
    hostile = fakes.page()
    hostile.figures["forecast"] = "<script>alert(1)</script>"
    with pytest.raises(InputError, match="report.unsafe-figure"):
        render.html(hostile)


def test_intended_use_is_stated(page):
    assert "not a medical device" in render.html(page)


def test_same_page_same_bytes(fakes):
    assert render.html(fakes.page()) == render.html(fakes.page())


def test_file_is_for_its_owner_alone(page, tmp_path: Path):
    target = tmp_path / "report.html"
    target.write_text("older")
    target.chmod(0o644)
    render.write(page, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_missing_folder_is_an_error(page, tmp_path: Path):
    with pytest.raises(InputError, match="report.cannot-write"):
        render.write(page, tmp_path / "nowhere" / "report.html")
