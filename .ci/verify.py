"""Runs every suite of `pytwin verify` and fails on a case that is not known to fall short.

Usage: verify.py PYTWIN SHORT_OF.json [options of pytwin verify]. A figure that falls short stays a failed
case of its suite; the list only says which ones are known and told in the documentation, so that CI stays a
watch on all the others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def reported(pytwin: str, suite: str, options: list[str]) -> str:
    """What `pytwin verify` prints as JSON."""
    command = [pytwin, "verify", suite, "--json", *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if not done.stdout:
        raise SystemExit(f"{suite}: {done.stderr}")
    return done.stdout


def unexpected(suite: str, text: str, known: list[str]) -> int:
    """Print a suite's failed cases; how many of them are not known to fall short."""
    report = json.loads(text)
    missed = [c for c in report["cases"] if not c["passed"] and not c.get("info")]
    print(f"{suite}: {report['summary']['passed']} of {report['summary']['cases']} cases passed")
    for case in missed:
        word = "known to fall short" if case["name"] in known else "FAILED"
        print(f"  {word}: {case['name']}: expected {case['expected']}, got {case['got']}")
    return sum(case["name"] not in known for case in missed)


def main() -> int:
    pytwin, known_file, *options = sys.argv[1:]
    known = json.loads(Path(known_file).read_text(encoding="utf-8"))
    python = Path(pytwin).parent / "python"
    listing = [python, "-c", "from pytwin.verify import SUITES; print(*SUITES)"]
    suites = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # a suite is a process of its own
        texts = pool.map(lambda suite: reported(pytwin, suite, options), suites)
        failures = sum(unexpected(s, text, known.get(s, [])) for s, text in zip(suites, texts, strict=True))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
