"""The polynomials in the headers are those of coefficients.py, which says how they were made."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import mpmath as mp

HERE = Path(__file__).parent
HEX = re.compile(r"-?0x[0-9a-f.]+p[+-]?\d+", re.IGNORECASE)


def _load() -> Any:
    spec = spec_from_file_location("coefficients", HERE / "coefficients.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    # dataclasses look their module up
    import sys

    sys.modules["coefficients"] = module
    spec.loader.exec_module(module)
    return module


def test_headers_hold_the_coefficients(checkout: Path) -> None:
    made = _load()
    with mp.workdps(60):
        for p in made.polynomials():
            text = (checkout / "csrc" / "lanes" / p.header).read_text()
            stored = {float.fromhex(number) for number in HEX.findall(text)}
            missing = [c for c in made.coefficients(p) if float(c) not in stored]
            assert not missing, p.name
