"""The lane filter gives the same bits from vectors of 2, 4 and 8 doubles (with a fused multiply-add)."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
BLAS = ("linear_blas", "linear_dense", "linear_steady", "linear_stride")  # hash_linear.c stands in for them
KALMAN = CHECKOUT / "csrc" / "kalman"
SOURCES = [f for f in sorted(KALMAN.glob("linear*.c")) if not f.name.startswith(BLAS)]
SOURCES += sorted([*KALMAN.glob("sigma*.c"), *KALMAN.glob("outer*.c")])
SHARED = [CHECKOUT / "csrc" / name for name in ("alloc.c", "threads.c", "status.c")]


def _printed(folder: Path, width: int, *more: str) -> str:
    compiler = shlex.split(os.environ.get("CC", "gcc"))
    level = ["-march=x86-64-v3"] if platform.machine() in ("x86_64", "AMD64") else []
    flags = ["-std=c17", "-O2", "-ffp-contract=off", "-fno-math-errno", "-pthread", "-Wno-psabi", *level]
    files = [CHECKOUT / "tests" / "c" / "hash_linear.c", *SOURCES, *SHARED]
    program = folder / f"width{width}"
    here = [f"-DPT_W_OVERRIDE={width}", *more, f"-I{CHECKOUT / 'csrc'}"]
    command = [*compiler, *flags, *here, *map(str, files)]
    subprocess.run([*command, "-lm", "-o", str(program)], check=True)
    return subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.slow
def test_same_bits_at_every_width_and_by_segments(tmp_path: Path) -> None:
    if shutil.which(shlex.split(os.environ.get("CC", "gcc"))[0]) is None:
        pytest.skip("no C compiler")
    hashes = {_printed(tmp_path, width) for width in (2, 4, 8)}
    hashes.add(_printed(tmp_path, 4, "-DPT_HISTORY_BYTES=1"))
    assert len(hashes) == 1
    assert hashes != {"0" * 16}
