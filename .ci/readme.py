"""Prints what a Markdown file tells its reader to type, as one script for CI.

Blocks marked ``sh`` or ``bash`` are commands; ``console`` blocks hold them behind ``$ ``; ``python`` blocks
are handed to Python. A clone of the project, the step into it, a new environment and the test run (which CI
does apart) are left out.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

BLOCK = re.compile(r"^```(sh|bash|console|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
DONE_ELSEWHERE = re.compile(
    r"git clone|cd |python3?(\.\d+)? -m venv|(source|\.) .*activate|(python -m )?pytest"
)


def shell_lines(kind: str, body: str) -> Iterator[str]:
    lines = body.replace("\\\n", "").splitlines()
    if kind == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    for line in lines:
        parts = line.split("  #")[0].strip().split(" && ")
        kept = [part for part in parts if part and not DONE_ELSEWHERE.match(part)]
        if kept and not line.startswith("#"):
            yield " && ".join(kept)


def main() -> None:
    for kind, body in BLOCK.findall(Path(sys.argv[1]).read_text(encoding="utf-8")):
        if kind == "python":
            print(f"python - <<'END_OF_BLOCK'\n{body}END_OF_BLOCK")
        else:
            print(*shell_lines(kind, body), sep="\n")


if __name__ == "__main__":
    main()
