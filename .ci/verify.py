"""Runs every suite of `pytwin verify` and fails on a case that is not known to fall short.

Usage: verify.py PYTWIN SHORT_OF.json [options of pytwin verify]. A figure that falls short stays a failed
case of its suite; the list only says which ones are known and told in the documentation, so that CI stays a
watch on all the others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def main() -> int:
    pytwin, known_file, *options = sys.argv[1:]
    known = json.loads(Path(known_file).read_text(encoding="utf-8"))
    python = Path(pytwin).parent / "python"
    listing = [python, "-c", "from pytwin.verify import SUITES; print(*SUITES)"]
    suites = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()
    unexpected = 0
    for suite in suites:
        command = [pytwin, "verify", suite, "--json", *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if not done.stdout:
            print(f"{suite}: {done.stderr}")
            return 1
        report = json.loads(done.stdout)
        missed = [c for c in report["cases"] if not c["passed"] and not c.get("info")]
        print(f"{suite}: {report['summary']['passed']} of {report['summary']['cases']} cases passed")
        for case in missed:
            short = case["name"] in known.get(suite, [])
            unexpected += not short
            word = "known to fall short" if short else "FAILED"
            print(f"  {word}: {case['name']}: expected {case['expected']}, got {case['got']}")
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
