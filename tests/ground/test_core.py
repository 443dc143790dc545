"""The loader of the C core, its stub, its hooks and the doctor. No outside numbers."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pytwin
from pytwin import _core
from pytwin.doctor import doctor, doctor_text

V3 = _core._NEEDS["v3"]
V4 = _core._NEEDS["v4"]


@pytest.mark.parametrize(
    ("features", "built", "level"),
    [
        (V4, ("v4", "v3", "v2"), "v4"),
        (V3, ("v4", "v3", "v2"), "v3"),
        (V4 - {"avx512vl"}, ("v4", "v3", "v2"), "v3"),
        (V3 - {"fma"}, ("v4", "v3", "v2"), "v2"),
        (V4, ("v2",), "v2"),
        (frozenset(), ("generic",), "generic"),
    ],
)
def test_best_supported_level(features: frozenset[str], built: tuple[str, ...], level: str) -> None:
    assert _core._choose(features, built, "") == level


def test_level_can_be_chosen() -> None:
    assert _core._choose(V4, ("v4", "v3", "v2"), "v2") == "v2"


@pytest.mark.parametrize(
    ("features", "built", "wanted", "message"),
    [
        (V3, ("v4", "v3"), "v4", "lacks avx512bw"),
        (V3, ("v3",), "v2", "this installation holds v3"),
        (V3, ("v3",), "v9", "this installation holds v3"),
        (frozenset(), ("v3",), "", "no core of pytwin runs on this processor"),
    ],
)
def test_unusable_level_is_a_clear_error(
    features: frozenset[str], built: tuple[str, ...], wanted: str, message: str
) -> None:
    with pytest.raises(ImportError, match=message):
        _core._choose(features, built, wanted)


def test_level_from_the_environment_reaches_the_loader() -> None:
    environment = {**os.environ, "PYTWIN_LEVEL": "v9"}
    command = [sys.executable, "-c", "import pytwin"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "PYTWIN_LEVEL=v9" in done.stderr


def test_blas_variable_is_left_as_it_was() -> None:
    code = "import os, pytwin; print(os.environ.get('OPENBLAS_NUM_THREADS'))"
    for value in (None, "2"):
        environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
        if value:
            environment["OPENBLAS_NUM_THREADS"] = value
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == str(value)


@pytest.mark.core
def test_types_name_themselves_by_the_loader() -> None:
    types = [
        value for value in vars(_core).values() if isinstance(value, type) and value.__module__ != "pathlib"
    ]
    own = [t for t in types if t.__module__.startswith("pytwin")]
    assert all(t.__module__ == "pytwin._core" for t in own)


@pytest.mark.core
def test_status_table() -> None:
    assert _core.STATUS["OK"] == (0, "success")
    assert [code for code, _ in _core.STATUS.values()] == list(range(len(_core.STATUS)))


@pytest.mark.core
def test_alloc_hooks(no_leak: None) -> None:
    _core._alloc_fail_at(3)
    _core._alloc_fail_at(0)
    assert _core._alloc_live() >= 0


def _stubbed(stub: Path) -> set[str]:
    names = set()
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def test_stub_lists_what_the_core_has() -> None:
    build = sys.modules[f"pytwin._core_{_core.LEVEL}"]
    there = {name for name in dir(build) if not name.startswith("__")}
    stub = _stubbed(Path(pytwin.__file__).with_name("_core.pyi"))
    assert there <= stub, "names of the core that _core.pyi lacks"
    assert {name for name in stub if not hasattr(_core, name)} == set()


def test_doctor() -> None:
    info = json.loads(json.dumps(doctor()))
    assert info["versions"]["pytwin"] == pytwin.__version__
    assert info["processor"]["level"] in info["processor"]["levels"]
    assert info["blas"]["threads"] == 1
    assert "not a medical device" in info["intended_use"]
    text = doctor_text()
    assert info["blas"]["kernel"] in text
    assert all(len(line) > 20 for line in text.splitlines())
