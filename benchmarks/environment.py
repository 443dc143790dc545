"""Peers that live in environments of their own, made by ``setup.sh``."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent


def own_environment(
    name: str, script: str, job: dict[str, Any], *arguments: str
) -> dict[str, NDArray[np.float64]] | None:
    """What a peer's script finds; None where the environment was not made."""
    python = HERE / "build" / name / "bin" / "python"
    if not python.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "job.npz", Path(folder) / "found.npz"
        np.savez(given, **job)
        command = [str(python), str(HERE / "peers" / script), str(given), str(found), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return dict(np.load(found))
