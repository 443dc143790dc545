"""A page as one self-contained HTML file: no script, nothing is loaded, readable by its owner alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pytwin.errors import InputError
from pytwin.report.page import Page

_HERE = Path(__file__).resolve().parent


def html(page: Page) -> str:
    """The page as HTML.

    Every text is escaped; the figures alone are markup, and come from matplotlib, which escapes their texts.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    blanks: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True}
    jinja = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, **blanks)
    for svg in page.figures.values():
        if not isinstance(svg, Markup):
            raise InputError("report.unsafe-figure", "a figure must be made by pytwin.report.style.svg")
    return jinja.get_template("report.html.j2").render(page=page)


def write(page: Page, path: str | os.PathLike[str]) -> Path:
    """Write the page with mode 0600, in place of an earlier file.

    Raises
    ------
    InputError
        ``report.cannot-write`` when the folder is missing or not writable.
    """
    target = Path(path)
    text = html(page)
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        os.replace(part, target)
    except OSError as error:
        raise InputError("report.cannot-write", "the report cannot be written", place=str(target)) from error
    return target
