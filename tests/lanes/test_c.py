"""The C tests, and the same bits from vectors of 2, 4 and 8 doubles, through tests/c/run.py."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

X86 = platform.machine() in ("x86_64", "AMD64")
CC = "ccache gcc" if shutil.which("ccache") else "gcc"
CXX = "ccache g++" if shutil.which("ccache") else "g++"


def _run(checkout: Path, *arguments: str) -> None:
    if shutil.which("gcc") is None or shutil.which("g++") is None:
        pytest.skip("gcc and g++ are missing")
    level = "v3" if X86 else "generic"
    command = [
        sys.executable,
        str(checkout / "tests" / "c" / "run.py"),
        "--cc",
        CC,
        "--cxx",
        CXX,
        "--level",
        level,
    ]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_c_programs(checkout: Path) -> None:
    _run(checkout, "--stage", "tests")


@pytest.mark.slow
def test_same_bits_at_every_width(checkout: Path) -> None:
    _run(checkout, "--stage", "widths")
