"""`import pytwin` loads NumPy and the core only; the table of contents is complete and lazy."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import pytwin

HEAVY = ("click", "jinja2", "matplotlib", "msgspec", "rich", "pandas", "pyarrow", "lxml", "xarray")


def loaded_by(statement: str) -> set[str]:
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_import_loads_numpy_and_the_core_only() -> None:
    beyond_numpy = loaded_by("import pytwin") - loaded_by("import numpy, importlib, typing, pathlib")
    own = {name for name in beyond_numpy if name.split(".")[0] == "pytwin"}
    level = pytwin._core.LEVEL
    assert own == {
        "pytwin",
        "pytwin._core",
        "pytwin._cpu",
        f"pytwin._core_{level}",
        "pytwin.errors",
        "pytwin.issues",
    }
    third_party = {name.split(".")[0] for name in beyond_numpy - own} - set(sys.stdlib_module_names)
    assert not {name for name in third_party if not name.startswith("_")}
    assert not beyond_numpy.intersection(HEAVY)


@pytest.mark.parametrize("name", pytwin.__all__)
def test_contents_resolve(name: str) -> None:
    assert getattr(pytwin, name) is not None


def test_contents_and_all_agree() -> None:
    assert set(pytwin._CONTENTS) <= set(pytwin.__all__)
    assert pytwin.__all__ == sorted(pytwin.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Twim'"):
        _ = pytwin.Twim
