"""Every build that has a fused multiply-add gives the same bits, whatever its vector width.

The builds compared are the installed levels that this processor runs, and a build of another width whose
folder PYTWIN_WIDE names (made with ``PYTWIN_WIDTH=8 PYTWIN_LEVELS=v3 pip install --target``; CI does). The
x86-64-v2 build has no fused multiply-add: a class of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytwin import _core

WORKER = Path(__file__).with_name("bits_worker.py")


def digests(**variables: str) -> dict[str, str]:
    environment = {**os.environ, **variables}
    command = [sys.executable, "-P", str(WORKER)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def builds_with_fma() -> list[dict[str, str]]:
    usable = [level for level in _core.LEVELS if _core._NEEDS[level] <= _core.FEATURES and level != "v2"]
    builds = [{"PYTWIN_LEVEL": level} for level in usable]
    if wide := os.environ.get("PYTWIN_WIDE"):
        builds.append({"PYTHONPATH": wide, "PYTWIN_LEVEL": "v3"})
    return builds


@pytest.mark.skipif(len(builds_with_fma()) < 2, reason="platform: only one build with FMA runs here")
def test_builds_agree_to_the_bit() -> None:
    first, *others = [digests(**build) for build in builds_with_fma()]
    for other in others:
        assert other == first


def test_runs_agree_to_the_bit() -> None:
    assert digests() == digests()
