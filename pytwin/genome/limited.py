"""Issues of a file of a million lines: of each kind the first are listed, the rest are counted."""

from __future__ import annotations

from collections import Counter

from pytwin.issues import Issue, Issues, Severity

LISTED = 20
"""Issues of one code that are listed one by one."""


class LimitedIssues(Issues):
    """Issues of which only the first of each code are kept; ``finish`` says how many more there were."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: Counter[str] = Counter()

    def add(
        self,
        code: str,
        message: str,
        *,
        place: str = "",
        action: str = "",
        severity: Severity = "warning",
        found: str = "",
    ) -> None:
        """Append one issue, or count it."""
        self._seen[code] += 1
        if self._seen[code] <= LISTED:
            self._items.append(Issue(code, message, place, action, severity, found[:200]))

    def finish(self, name: str) -> Issues:
        """All issues, with one more for each code of which some were only counted."""
        items = list(self._items)
        for code, count in self._seen.items():
            if count > LISTED:
                like = next(issue for issue in items if issue.code == code)
                message = f"{count - LISTED} more like the {LISTED} listed: {like.message}"
                items.append(Issue(code, message, name, like.action, like.severity))
        return Issues(items)
