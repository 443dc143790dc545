"""Prints the shell commands of a Markdown file, as a script for CI.

Blocks marked ``sh`` or ``bash`` are commands; ``console`` blocks hold them behind ``$ ``. A clone of the
project, the step into it, a new environment and the test run (which CI does apart) are left out.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

DONE_ELSEWHERE = re.compile(
    r"git clone|cd |python3?(\.\d+)? -m venv|(source|\.) .*activate|(python -m )?pytest"
)


def commands(text: str) -> Iterator[str]:
    for kind, body in re.findall(r"^```(sh|bash|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        lines = body.replace("\\\n", "").splitlines()
        if kind == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        yield from (line.split("  #")[0].strip() for line in lines)


def main() -> None:
    for command in commands(Path(sys.argv[1]).read_text(encoding="utf-8")):
        kept = [part for part in command.split(" && ") if part and not DONE_ELSEWHERE.match(part)]
        if kept and not command.startswith("#"):
            print(" && ".join(kept))


if __name__ == "__main__":
    main()
