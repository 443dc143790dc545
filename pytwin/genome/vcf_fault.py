"""What is wrong with a line of a VCF file, and how such findings become issues."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from pytwin.issues import Issues

LISTED = 20
"""Findings listed one by one for each code; the rest are counted in one issue."""

TOO_MANY = 100_000
"""Broken lines after which a file is refused as a whole."""


class Fault(NamedTuple):
    """One finding: ``fatal`` means that the line, or that sample's genotype, is not used.

    What is not used is an error, the rest a warning; ``mild`` is a warning although it is not used,
    because the format allows the line.
    """

    code: str
    reason: str
    fatal: bool = False
    mild: bool = False


class Malformed(Exception):
    """A line that breaks the format: code and reason, without its content."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = "vcf." + code
        self.reason = reason
        super().__init__(reason)


class Findings:
    """Adds faults to a list of issues, at most ``LISTED`` of each code."""

    def __init__(self, name: str, issues: Issues) -> None:
        self.name = name
        self.issues = issues
        self.refused = 0
        self._counts: Counter[tuple[str, bool]] = Counter()

    def add(
        self, line: int, fault: Fault, action: str = "", found: str = "", column: int | None = None
    ) -> None:
        """One finding about a line, or about one of its columns (numbered from 1)."""
        self.refused += fault.fatal
        key = (fault.code, fault.fatal)
        self._counts[key] += 1
        if self._counts[key] > LISTED:
            return
        place = f"{self.name}:line {line}" + (f", column {column}" if column else "")
        self.issues.add(
            fault.code,
            fault.reason,
            place=place,
            action=action or ("not used" if fault.fatal else "used nevertheless"),
            severity="error" if fault.fatal and not fault.mild else "warning",
            found=found[:200],
        )

    def finish(self) -> None:
        """Count what was not listed."""
        more = {key: n - LISTED for key, n in sorted(self._counts.items()) if n > LISTED}
        for fatal, action in ((True, "not used"), (False, "used nevertheless")):
            counts = {code: n for (code, is_fatal), n in more.items() if is_fatal == fatal}
            if counts:
                self.issues.add(
                    "vcf.more",
                    f"{sum(counts.values())} more findings of kinds that are listed above",
                    place=self.name,
                    action=f"{action}: " + ", ".join(f"{code} {n}" for code, n in counts.items()),
                    severity="error" if fatal else "warning",
                )
