"""Run a benchmark suite: ``python benchmarks/run.py SUITE [--json]``.

Every row is measured beside its peer in this one run. A peer that is missing is
shown as missing, and its row as not met.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

SUITES = {
    "first-twin": "first_twin",
    "genome": "genome",
    "records": "records",
    "simulation": "simulation",
    "kalman": "kalman",
    "kalman-nonlinear": "kalman_nonlinear",
}


def table(rows: list[dict[str, object]]) -> str:
    """The rows as aligned text."""
    head = ("name", "value", "unit", "goal", "met", "peer", "peer_value", "ratio", "note")
    cells = [head] + [tuple(_cell(r[h]) for h in head) for r in rows]
    widths = [max(len(c[i]) for c in cells) for i in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in cells)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", choices=sorted(SUITES))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [row.to_dict() for row in import_module(SUITES[options.suite]).rows()]
    print(json.dumps(rows, indent=1) if options.json else table(rows))
    return 0 if all(row["met"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
