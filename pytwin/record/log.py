"""Collecting issues while reading, without letting one oddity of a million rows drown the rest."""

from __future__ import annotations

from collections.abc import Iterable

from pytwin.issues import Issue, Issues, Severity

_LISTED = 100  # of one code in one file; further ones are counted


class IssueLog:
    """Issues of one source; beyond ``_LISTED`` of one code they are counted, not listed."""

    def __init__(self) -> None:
        self._items: list[Issue] = []
        self._count: dict[str, int] = {}
        self._last: dict[str, Issue] = {}

    def add(
        self,
        code: str,
        message: str,
        place: str = "",
        action: str = "",
        severity: Severity = "warning",
        found: str = "",
    ) -> None:
        """Add one issue; ``found`` is the only argument that may hold a patient's data."""
        self._add(Issue(code, message, place, action, severity, found[:200]))

    def room(self, code: str) -> int:
        """How many more issues of a code are listed, not counted."""
        return max(_LISTED - self._count.get(code, 0), 0)

    def repeat(self, code: str, times: int) -> None:
        """Count further issues like the last one of a code."""
        self._count[code] += times

    def extend(self, issues: Iterable[Issue]) -> None:
        """Add issues that another reader collected."""
        for issue in issues:
            self._add(issue)

    def _add(self, issue: Issue) -> None:
        count = self._count.get(issue.code, 0) + 1
        self._count[issue.code] = count
        if count <= _LISTED:
            self._items.append(issue)
        self._last[issue.code] = issue

    def issues(self) -> Issues:
        """All issues, with one more for each code that was cut short."""
        items = list(self._items)
        for code, count in self._count.items():
            if count > _LISTED:
                last = self._last[code]
                message = f"{count - _LISTED} more like the {_LISTED} listed: {last.message}"
                items.append(Issue(code, message, last.place, last.action, last.severity))
        return Issues(items)
