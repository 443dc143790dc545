"""The build: its variables are checked, and the package holds what it needs away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest

import pytwin


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"PYTWIN_BUILD": "fast"}, "PYTWIN_BUILD=fast: expected one of release"),
        ({"PYTWIN_BLAS": "mkl"}, "PYTWIN_BLAS=mkl: expected one of scipy"),
        ({"PYTWIN_LEVELS": "v9"}, "PYTWIN_LEVELS: v9 unknown here"),
        ({"PYTWIN_BUILD": "debug", "PYTWIN_LEVELS": "v2,v3"}, "PYTWIN_BUILD=debug holds one level"),
    ],
)
def test_wrong_variable_is_a_clear_error(variables: dict[str, str], message: str, checkout: Path) -> None:
    if find_spec("setuptools") is None:
        pytest.skip("platform: this environment has no setuptools")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTWIN_")}
    command = [sys.executable, "setup.py", "--version"]
    done = subprocess.run(
        command, cwd=checkout, env={**environment, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert message in done.stderr


def test_datasets_are_a_package_with_data() -> None:
    bundled = {item.name for item in files("pytwin.datasets").iterdir()}
    assert {"patient.json", "patient.vcf"} <= bundled


def test_package_is_typed() -> None:
    package = Path(pytwin.__file__).parent
    assert (package / "py.typed").exists()
    assert (package / "_core.pyi").exists()


def test_blas_travels_with_its_licence() -> None:
    libraries = Path(pytwin.__file__).parent / "_libs"
    if not libraries.is_dir():
        pytest.skip("platform: built with the system's BLAS")
    names = {path.name for path in libraries.iterdir()}
    assert any("openblas" in name and "LICENSE" not in name for name in names)
    assert any("LICENSE" in name for name in names)
