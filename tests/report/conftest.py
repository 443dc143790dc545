"""The layout's fakes, importable by the tests of this folder."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from pytwin.report.page import Page


def _fakes() -> object:
    spec = importlib.util.spec_from_file_location("report_fakes", Path(__file__).with_name("fakes.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["report_fakes"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def fakes():
    return _fakes()


@pytest.fixture(scope="session")
def page(fakes) -> Page:
    return fakes.page()
